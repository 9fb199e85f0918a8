--- The described answers of the Data API are those of the catalogue (spec/catalogue/data.lua).
-- SPDX-License-Identifier: MIT

local catalogue = require "catalogue.data"
local descriptions = require "support.descriptions"
local json = require "seranking.fake.json"
local lists = require "support.lists"
local notation = require "seranking.base.notation"

-- ---- the descriptions, as they stand in the files ----

local operations = {}
descriptions.each_operation(function(key, operation, _, family)
  if family:find "^data%." then
    operations[key] = operation
  end
end)

-- ---- answers ----

-- The members of an answer: path to type. Keys of maps are written "<>".
local function fields_of(operation)
  local found = {}
  for _, field in ipairs(notation.fields(operation.fields)) do
    found[field.path:gsub("<[^>]*>", "<>")] = field.type .. (field.optional and "?" or "")
  end
  return found
end

-- Members that the catalogue lacks: described in more detail here, or with two spellings.
local OWN_FIELDS = {
  ["data.domain.keywords.list previous_position"] = true, -- rows of the past have it
  ["data.ai_search.leaderboard results"] = true,
  ["data.site_audit.audits.report sections[].props"] = true,
  ["data.account.subscription subscription_info.expiration_date"] = true,
  ["data.ai_search.overview_aggregated message"] = true, ["data.ai_search.overview_by_engine message"] = true,
}
for _, name in ipairs { "similar", "related", "questions" } do
  OWN_FIELDS["data.keywords." .. name .. " keywords[].history_trend.<>"] = true
end

--- The set of paths above the members: "a" and "a.b[]" for "a.b[].c".
local function branches_of(fields)
  local found = { [""] = true }
  for path in pairs(fields) do
    local at = 1
    while at do
      at = path:find("[.%[]", at + 1)
      if at then
        found[path:sub(1, at - 1)] = true
      end
    end
  end
  return found
end

local SCALARS = {
  integer = "integer", number = "integer number", string = "string", date = "string", time = "string", month = "string",
  boolean = "boolean",
}

--- Whether text is converted to a number in a field.
local function converted(operation, path)
  local rule, parent = " " .. (operation.numbers or "") .. " ", path:match "^(.-)[^.]+$"
  return rule:find(" " .. path .. " ", 1, true) ~= nil or rule:find(" " .. parent .. "* ", 1, true) ~= nil
end

--- Whether a value has the type of its field: "string|object", "integer?".
local function fits(operation, path, node)
  local kind = fields_of(operation)[path]
  if node.kind == "null" and kind:find "%?$"
    or node.kind == "string" and (kind:find "integer" or kind:find "number") and converted(operation, path)
      and tonumber(node.value) then
    return true
  end
  for word in kind:gmatch "%l+" do
    if (" " .. (SCALARS[word] or word) .. " "):find(" " .. node.kind .. " ", 1, true) then
      return true
    end
  end
  return false
end

local function check_example(key, fields, branches, node, path)
  local where = ("%s: %s"):format(key, path)
  if node.kind == "array" and branches[path] then
    for _, item in ipairs(node.value) do
      check_example(key, fields, branches, item, path .. "[]")
    end
  elseif node.kind == "object" and branches[path] then
    for _, name in ipairs(node.names) do
      local prefix = path == "" and "" or path .. "."
      local inner = prefix .. name
      inner = (fields[inner] or branches[inner]) and inner or prefix .. "<>"
      assert.is_truthy(fields[inner] or branches[inner], ("%s has '%s'"):format(where, name))
      check_example(key, fields, branches, node.value[name], inner)
    end
  else
    assert.is_truthy(fields[path], where)
    assert.is_true(fits(operations[key], path, node), ("%s is a %s, not %s"):format(where, node.kind, fields[path]))
  end
end

describe("the answers of", function()
  for _, key in ipairs(lists.sorted_keys(catalogue.operations)) do
    it(key .. " have the catalogue's members, and the example has them, too", function()
      local operation, ours, wanted = operations[key], fields_of(operations[key]), {}
      for _, text in ipairs(catalogue.operations[key].fields) do
        local path, kind = text:match "^(%S+) (%S+)$"
        path = path:gsub("<[^>]*>", "<>")
        if operation.answer == "array" then
          path = path:gsub("^" .. (operation.unwrap or "") .. "%[%]%.", "")
        end
        wanted[path] = true
        local own = ours[path]
        assert.is_truthy(own, key .. " lacks " .. path)
        kind = kind:gsub("datetime", "time")
        -- Ours may be looser: optional, or a number sent as text.
        assert.is_true(own == kind or own == kind .. "?" or kind:find "string" ~= nil and converted(operation, path),
          ("%s: %s is %s, not %s"):format(key, path, own, kind))
      end
      for path in pairs(ours) do
        assert.is_true(wanted[path] or OWN_FIELDS[key .. " " .. path], key .. " has " .. path)
      end
      if operation.answer == "bytes" or not operation.answer then
        assert.is_nil(operation.example)
        return
      end
      local node, problem = json.decode(operation.example)
      assert.is_truthy(node, problem)
      node = operation.unwrap and node.value[operation.unwrap] or node
      assert.equal(operation.answer, node.kind)
      local branches = branches_of(ours)
      for _, row in ipairs(operation.answer == "array" and node.value or { node }) do
        check_example(key, ours, branches, row, "")
      end
    end)
  end
end)
