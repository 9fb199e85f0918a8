--- Writes JSON for the fake API, and tells lists from objects. Lists of 10,000 rows are written in it, so it is fast.
-- SPDX-License-Identifier: MIT

local json = {}

--- Stands for JSON null in values to encode.
json.null = setmetatable({}, { __tostring = function() return "null" end })

local array_mt = { __name = "seranking.fake.array", is_list = true }
local raw_mt = { __name = "seranking.fake.raw" }

--- Marks a table as a JSON array, which an empty one needs. Tables without the mark are objects.
---@param list any[]
---@return any[] # the same table
function json.array(list)
  return setmetatable(list, array_mt)
end

--- Marks a table as an array of rows, which have the members that `members` was made for. No others are written.
---@param list table[]
---@param members table of json.members
---@return table[] # the same table
function json.rows(list, members)
  return setmetatable(list, members)
end

--- A copy of a Lua value that can be encoded: sequences become arrays, seranking.null and cjson.null become json.null.
---@param value any
---@param is_array? boolean an empty table is an array, not an object
---@return any
function json.plain(value, is_array)
  if type(value) == "userdata" then
    return json.null
  elseif type(value) ~= "table" or value == json.null or getmetatable(value) == raw_mt then
    return value
  end
  local made = {}
  for key, member in pairs(value) do
    made[key] = json.plain(member)
  end
  local metatable = getmetatable(value)
  if is_array or #value > 0 or type(metatable) == "table" and metatable.is_list then
    return json.array(made)
  end
  return made
end

--- Wraps text that is JSON already, for big bodies that are built once.
---@param text string
---@return table
function json.raw(text)
  return setmetatable({ text = text }, raw_mt)
end

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local format, find, gsub, concat = string.format, string.find, string.gsub, table.concat

local function escape(char)
  return escapes[char] or format("\\u%04x", char:byte())
end

local function quoted(text)
  return '"' .. gsub(text, '[%c"\\]', escape) .. '"'
end

-- Texts of values that come again and again, kept until there are too many of them.
local KEPT = 10000
local kept, kept_count

local function forget()
  kept, kept_count = { [true] = "true", [false] = "false", [json.null] = "null" }, 0
end

forget()

local function keep(value, text)
  if kept_count >= KEPT then
    forget()
  end
  kept[value], kept_count = text, kept_count + 1
  return text
end

local function number_text(value)
  if value ~= value or value >= math.huge or value <= -math.huge then
    error("JSON has no " .. tostring(value))
  elseif value % 1 == 0 and value < 2 ^ 53 and value > -2 ^ 53 then
    return keep(value, format("%d", value))
  end
  return keep(value, (format("%.14g", value):gsub(",", "."))) -- some locales write a comma
end

local LONGEST_KEPT = 16

-- Characters that must be escaped are rare, and looking for them in each text takes longer than all the rest. So json.encode
-- looks through what was written, and writes it once more, with care, if there is one.
local careful = false

local CARE = { "\\", "\127" } -- a quote would have been written with a backslash
for code = 0, 31 do
  CARE[code + 3] = string.char(code)
end

local PIECE = 16384 -- bytes: they stay in the processor's cache from one search to the next

local function needs_care(text)
  for first = 1, #text, PIECE do
    local piece = text:sub(first, first + PIECE - 1)
    for i = 1, #CARE do
      if find(piece, CARE[i], 1, true) then -- a search for a set of characters would take ten times as long
        return true
      end
    end
  end
  return false
end

local read_text, unpack = loadstring or load, table.unpack or unpack
local MOST_NAMES = 40 -- a function has registers for about 200 values, and a writer needs four for a name

-- A function that writes these members of an object: writer(object, kept, write, depth) returns as `write` does, or nil for an
-- object that lacks one of them.
local function compiled(names)
  local locals, values, tests, texts = {}, {}, {}, {}
  for i, name in ipairs(names) do
    locals[i] = format("local v%d, q%d = object[%q], ''", i, i, name)
    values[i] = "v" .. i
    tests[i] = format("if kept[v%d] then v%d = kept[v%d] else v%d, q%d = write(v%d, depth) end", i, i, i, i, i, i)
    texts[i] = format("%q .. q%d .. v%d .. q%d", (i == 1 and "{" or ",") .. quoted(name) .. ":", i, i, i)
  end
  local lines = { "return function(object, kept, write, depth)", concat(locals, "\n"),
    "if " .. concat(values, " == nil or ") .. " == nil then return nil end", concat(tests, "\n"),
    "return " .. concat(texts, " .. ") .. " .. '}', '' end" }
  return assert(read_text(concat(lines, "\n")))()
end

local write

-- The same for any names, one by one.
local function interpreted(names)
  return function(object, _, _, depth)
    local parts = {}
    for i, name in ipairs(names) do
      local value = object[name]
      if value == nil then
        return nil
      end
      local text, quote = write(value, depth)
      parts[i] = quoted(name) .. ":" .. quote .. text .. quote
    end
    return "{" .. concat(parts, ",") .. "}", ""
  end
end

local function new_shape(object)
  local names, has_texts = {}, true
  for name in next, object do
    names[#names + 1], has_texts = name, has_texts and type(name) == "string"
  end
  table.sort(names)
  local is_fit = has_texts and #names > 0 and #names <= MOST_NAMES
  return { write = interpreted(names), names = is_fit and names or nil }
end

-- The shape of the last object with so many members, by depth: the rows of a list have the same names. Its writer is compiled
-- once it has been of use.
local shapes = {}

local function write_object(object, depth)
  local count = 0
  for _ in next, object do
    count = count + 1
  end
  shapes[depth] = shapes[depth] or {}
  local shape = shapes[depth][count]
  local text = shape and shape.write(object, kept, write, depth + 1)
  if not text then
    shape = new_shape(object)
    shapes[depth][count] = shape
    text = shape.write(object, kept, write, depth + 1)
  elseif shape.names then
    shape.write, shape.names = compiled(shape.names), nil
  end
  return text, ""
end

local function write_list(list, writer, depth)
  local parts = {}
  for i = 1, #list do
    local value = list[i]
    local text, quote = kept[value], ""
    if writer then
      text = writer(value, kept, write, depth + 2) or error("a row lacks a member")
    elseif not text then
      text, quote = write(value, depth + 1)
    end
    parts[i] = quote == "" and text or quote .. text .. quote
  end
  return "[" .. concat(parts, ",") .. "]", ""
end

--- The members of the rows of a list, for json.rows.
---@param names string[] at most 40
---@param count? integer only the first of them
---@return table
function json.members(names, count)
  names = { unpack(names, 1, count or #names) }
  table.sort(names)
  return { __name = array_mt.__name, is_list = true, writer = compiled(names) }
end

-- Returns the text of a value, and the quote that belongs around it.
function write(value, depth)
  local kind = type(value)
  if kind == "string" then
    if #value <= LONGEST_KEPT then
      return keep(value, quoted(value)), ""
    elseif careful or find(value, '"', 1, true) then
      return quoted(value), ""
    end
    return value, '"'
  elseif kind == "number" then
    return number_text(value), ""
  elseif kept[value] then
    return kept[value], ""
  elseif kind ~= "table" then
    error("JSON has no " .. kind)
  end
  local metatable = getmetatable(value)
  if type(metatable) == "table" and metatable.is_list then
    return write_list(value, metatable.writer, depth)
  elseif metatable == raw_mt then
    return value.text, ""
  end
  return write_object(value, depth)
end

--- Writes a value. Members of objects come in the order of their names, so that a body can be compared as text.
---@param value any
---@return string
function json.encode(value)
  careful = false
  local text, quote = write(value, 1)
  if needs_care(text) then
    careful = true
    text, quote = write(value, 1)
  end
  return quote .. text .. quote
end

return json
