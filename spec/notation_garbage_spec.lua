--- The notations of the API descriptions, given anything: what is accepted means what it says, what is refused is a typo, told
--- with file and line where a description has it. SERANKING_FUZZ=1000000: so many texts ("make fuzz").
-- SPDX-License-Identifier: MIT

local chance_of = require "support.chance"
local descriptions = require "support.descriptions"

local COUNT = tonumber(os.getenv "SERANKING_FUZZ") or 4000

-- Notations remember what they have parsed, so long runs forget them now and then.
local ROUND = 20000

local MODULES = { "seranking.base.notation", "seranking.request.rows", "seranking.request.plan", "seranking.answer.numbers",
  "seranking.describe" }

-- New copies of the modules that parse. They are put back afterwards.
local function fresh()
  for _, name in ipairs(MODULES) do
    package.loaded[name] = nil
  end
  return require "seranking.base.notation", require "seranking.request.plan", require "seranking.describe"
end

-- Calls visit(chance, notation, planner, describe) `count` times.
local function generate(count, visit)
  local kept = {}
  for _, name in ipairs(MODULES) do
    kept[name] = require(name)
  end
  for first = 1, count, ROUND do
    local chance = chance_of(first)
    local notation, planner, describe = fresh()
    for _ = first, math.min(count, first + ROUND - 1) do
      visit(chance, notation, planner, describe)
    end
  end
  for name, module in pairs(kept) do
    package.loaded[name] = module
  end
end

local WORDS = {
  "a", "b_1", "date", "id", "rows", "site-id", "*", "**", " ", " ", " ", "\n", "\t", ".", "..", "[]", "[", "]", "<", ">", "<a>",
  "{", "}", "{id}", "{?", "{?a,b}", "?", "??", "=", ":", ",", "|", "/", "GET ", "POST /", "PUT /sites/{id}", "get", "integer",
  "string", "string|number", "date?", "array??", "object ", "%", "%%s", "%d", "\0", "\195\169", "\255", "1", "-",
}

local function text_of(chance)
  local parts = {}
  for i = 1, chance(8) do
    parts[i] = WORDS[chance(#WORDS)]
  end
  return table.concat(parts)
end

-- What a parsed text says, written again.
local function listed(list, write)
  local words = {}
  for i, entry in ipairs(list) do
    words[i] = write(entry)
  end
  return table.concat(words, " ")
end

local function is(word) return word end

local WRITTEN = {
  names = function(list)
    return listed(list, function(name) return name[1] .. (name[2] and "*" or "") end)
  end,
  words = function(list) return listed(list, is) end,
  paths = function(list) return listed(list, is) end,
  pairs = function(flat)
    local words = {}
    for i = 1, #flat, 2 do
      words[#words + 1] = flat[i] .. "=" .. flat[i + 1]
    end
    return listed(words, is)
  end,
  map = function(list)
    return listed(list, function(pair) return pair[1] .. ":" .. pair[2] end)
  end,
  route = function(route)
    local query = route.in_query[1] and "{?" .. table.concat(route.in_query, ",") .. "}" or ""
    return route.method .. " " .. route.path .. query
  end,
  path = function(steps)
    local parts = {}
    for i, step in ipairs(steps) do
      parts[i] = (step.name or step.key and "<.>" or step.all and "*" or "") .. ("[]"):rep(step.lists)
    end
    return table.concat(parts, ".")
  end,
  fields = function(list)
    local lines = {}
    for i, field in ipairs(list) do
      lines[i] = field.path .. " " .. field.type .. (field.guessed and "??" or field.optional and "?" or "")
        .. (field.note and " " .. field.note or "")
    end
    return table.concat(lines, "\n")
  end,
}

-- A text as WRITTEN has it, so that both can be compared.
local NORMAL = {
  path = function(text) return (text:gsub("<[^<>]+>", "<.>")) end,
  route = is,
  fields = function(text)
    local lines = {}
    for line in text:gmatch "[^\n]+" do
      lines[#lines + 1] = line:match "%S" and line:gsub("^%s+", ""):gsub("%s+$", ""):gsub("^(%S+)%s+", "%1 ", 1)
        :gsub("^(%S+ %S+)%s+", "%1 ", 1) or nil
    end
    return table.concat(lines, "\n")
  end,
}

local function without_blanks(text)
  return (text:gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""))
end

describe("a notation", function()
  for name, write in pairs(WRITTEN) do
    it("takes a text as it says, or reports a typo: " .. name, function()
      local accepted, refused = 0, 0
      generate(math.floor(COUNT / 8), function(chance, notation)
        local text = text_of(chance)
        local fine, made = pcall(notation[name], text)
        if fine then
          accepted = accepted + 1
          local expected = (NORMAL[name] or without_blanks)(text)
          if write(made) ~= expected then
            assert.equal(expected, write(made))
          end
        else
          refused = refused + 1
          assert(type(made) == "table" and type(made.word) == "string" and text:find(made.word, 1, true),
            ("%q: %s"):format(text, tostring(made)))
          assert(#tostring(made) > 10, text)
        end
      end)
      assert.is_true(accepted > 0, "nothing is accepted")
      assert.is_true(refused > 0 or name == "words", "nothing is refused")
    end)
  end
end)

-- ---- real descriptions with one change ----

local FIELDS = { "query", "body", "items", "upload", "one_of", "any_of", "together", "fixed", "fields", "numbers", "texts" }
local PARTS = { pages = { "rows" }, row = { "of", "map", "marks" } }

-- A copy of an operation, down to the tables of its generations.
local function copied(operation)
  local copy = {}
  for key, value in pairs(operation) do
    copy[key] = value
    if type(value) == "table" and (PARTS[key] or value[1] and key ~= "errors" and key ~= "cost" and key ~= "success") then
      copy[key] = {}
      for name, member in pairs(value) do
        copy[key][name] = member
      end
    end
  end
  return copy
end

-- The texts of an operation, as the tables that hold them and their keys, always in the same order.
local function texts_in(operation)
  local places = {}
  local function add(holder, key)
    if type(holder) == "table" and type(holder[key]) == "string" then
      places[#places + 1] = { holder, key }
    end
  end
  for _, generation in ipairs(descriptions.GENERATIONS) do
    add(operation, generation)
    add(operation[generation], 1)
    for _, field in ipairs(FIELDS) do
      add(operation[generation], field)
    end
  end
  for _, field in ipairs(FIELDS) do
    add(operation, field)
  end
  for _, part in ipairs { "pages", "row" } do
    for _, field in ipairs(PARTS[part]) do
      add(operation[part], field)
    end
  end
  return places
end

-- A text with a piece taken out, or a word put in.
local function changed(text, chance)
  local at = chance(#text + 1)
  if chance(2) == 1 then
    return text:sub(1, at - 1) .. text:sub(at + chance(4))
  end
  return text:sub(1, at - 1) .. WORDS[chance(#WORDS)] .. text:sub(at)
end

describe("a description with a change in one of its texts", function()
  local all = {}
  descriptions.each_operation(function(_, operation, resource)
    all[#all + 1] = { operation, resource }
  end)
  table.sort(all, function(a, b)
    return a[2].name .. "." .. a[1][1] < b[2].name .. "." .. b[1][1]
  end)

  it("works, or is reported with its file and its name", function()
    local fine_ones, reported = 0, 0
    generate(math.floor(COUNT / 4), function(chance, _, planner, describe)
      local entry = all[chance(#all)]
      local resource, operation = entry[2], copied(entry[1])
      local places = texts_in(operation)
      local at = chance(#places)
      local holder, key = places[at][1], places[at][2]
      holder[key] = changed(holder[key], chance)
      for _, api in ipairs(planner.apis(operation)) do
        local fine, problem = pcall(function()
          planner.of(resource, operation, api)
          describe.operation(resource, operation, api)
        end)
        fine_ones = fine_ones + (fine and 1 or 0)
        reported = reported + (fine and 0 or 1)
        local name = resource.name .. "." .. operation[1] .. ": "
        if not fine and not (type(problem) == "string" and problem:find("^lua/seranking/api/[%w_/]+%.lua:?%d*: ")
          and problem:find(name, 1, true)) then
          error(("%s%s = %q: %s"):format(name, key, holder[key], tostring(problem)))
        end
      end
    end)
    assert.is_true(fine_ones > 0, "no change is harmless")
    assert.is_true(reported > 0, "no change is reported")
  end)
end)
