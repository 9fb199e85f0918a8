--- The described fields of each answer agree with its example.
-- SPDX-License-Identifier: MIT

local descriptions = require "support.descriptions"
local json = require "seranking.fake.json"
local notation = require "seranking.base.notation"

local GENERATIONS, said = descriptions.GENERATIONS, descriptions.said

-- ---- fields of answers ----

--- The lines of `fields` by path: { types, nullable, text = it may be a number as text }.
local function parse_fields(text)
  local fields = {}
  for _, field in ipairs(notation.fields(text)) do
    local pattern = field.path:gsub("[%[%]%-%.]", "%%%0"):gsub("<[^>]*>", ".+")
    fields[field.path] = { types = notation.set((field.type:gsub("|", " "))), nullable = field.optional,
      pattern = "^" .. pattern .. "$" }
  end
  return fields
end

--- Marks the fields that `numbers` converts. They must be described as numbers, and no others: then a new line in `fields`
--- never changes what programs get.
local function mark_numbers(fields, operation, key)
  local texts, rule = notation.set(operation.texts), notation.set(operation.numbers)
  for path, field in pairs(fields) do
    local parent, name = path:match "^(.-)([^.]+)$"
    local numeric = field.types.integer or field.types.number
    field.text = numeric and (rule[path] or rule[parent .. "*"]) and true or false
    if rule[path] then
      assert.is_truthy(numeric, key .. ": numbers has " .. path)
    elseif rule[parent .. "*"] and not name:find "[%[<]" and not (field.types.object or field.types.array) then
      assert.equal(not numeric, texts[name] ~= nil, key .. ": texts and " .. path)
    end
  end
end

--- The most specific line of a path.
local function declared(fields, path)
  local found, length = fields[path], 0
  for said_path, field in pairs(found and {} or fields) do
    if path:find(field.pattern) and #said_path > length then
      found, length = field, #said_path
    end
  end
  return found
end

--- Whether a line describes something inside `path`.
local function has_inside(fields, path)
  for other in pairs(fields) do
    for cut = 1, #other do
      local behind = other:sub(cut, cut)
      if (behind == "." or behind == "[") and cut > 1 then
        local head = other:sub(1, cut - 1):gsub("[%[%]%-%.]", "%%%0"):gsub("<[^>]*>", ".+")
        if path:find("^" .. head .. "$") then
          return true
        end
      end
    end
  end
  return path == ""
end

local LOOKS = {
  date = "^%d%d%d%d%-%d%d%-%d%d$", month = "^%d%d%d%d%-%d%d$", time = "^%d%d%d%d%-%d%d%-%d%d[ T]%d%d:%d%d:%d%d",
}

local function fits(field, node)
  if node.kind == "null" then
    return field.nullable
  end
  for kind in pairs(field.types) do
    if kind == node.kind or kind == "number" and node.kind == "integer"
      or LOOKS[kind] and node.kind == "string" and node.value:find(LOOKS[kind])
      or field.text and node.kind == "string" and tonumber(node.value) then
      return true
    end
  end
  return false
end

--- Checks an example against the fields.
local function check_example(fields, node, path, key)
  local field = path ~= "" and declared(fields, path)
  local container = node.kind == "object" or node.kind == "array"
  if field then
    assert.is_true(fits(field, node), ("%s: %s is %s in the example"):format(key, path, node.kind))
  elseif path ~= "" then
    assert.is_true(container and has_inside(fields, path), key .. ": nothing is said of " .. path)
  end
  if container and has_inside(fields, path) then
    for name, member in pairs(node.value) do
      local inside = node.kind == "array" and path .. "[]" or path == "" and name or path .. "." .. name
      check_example(fields, member, inside, key)
    end
  end
end

describe("an answer in the descriptions", function()
  for _, resource in ipairs(descriptions.resources()) do
    for _, operation in ipairs(resource.operations) do
      local key = resource.name .. "." .. operation[1]
      for _, generation in ipairs(GENERATIONS) do
        local answer = operation[generation] and said(operation, generation, "answer")

        if answer and answer ~= "bytes" then
          it("of " .. key .. " on " .. generation .. "has an example that matches its description", function()
            local text = said(operation, generation, "example")
            assert.is_string(text)
            local node, problem = json.decode(text)
            assert.is_truthy(node, problem)
            local unwrap = said(operation, generation, "unwrap")
            if unwrap and node.kind == "object" and node.value[unwrap] then
              node = node.value[unwrap]
            end
            local fields = parse_fields(said(operation, generation, "fields"))
            mark_numbers(fields, operation, key)
            assert.is_true(answer == "any" or (node.kind == "array") == (answer == "array"))
            if not next(fields) then -- no source shows it
              assert.is_truthy(text == "[]" or text == "{}")
            elseif answer == "array" then
              for _, row in ipairs(node.value) do
                check_example(fields, row, row.kind == "object" and "" or "[]", key)
              end
            else
              check_example(fields, node, "", key)
            end
          end)
        elseif operation[generation] and not answer then
          it("of " .. key .. " on " .. generation .. "is empty: no example and no fields", function()
            assert.is_nil(said(operation, generation, "example"))
            assert.is_nil(said(operation, generation, "fields"))
          end)
        end
      end
    end
  end
end)
