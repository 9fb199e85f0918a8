--- JSON for the fake API: a writer that knows lists from objects, and a reader that keeps what a decoder forgets.
-- SPDX-License-Identifier: MIT
--
-- Not cjson, on purpose. The fake must see whether a client wrote [] or {}, 1 or 1.0: cjson's decoder makes the same
-- Lua value of both. And a fake that shares the client's encoder can't notice what that encoder does wrong.

local json = {}

for name, value in pairs(require "seranking.fake.json_writer") do
  json[name] = value
end

---@class seranking.fake.JsonNode
---@field kind "object"|"array"|"string"|"integer"|"number"|"boolean"|"null"
---@field value any object: name -> node; array: list of nodes; else the Lua value (nil for null). `integer` means
---  written without fraction and exponent.
---@field names? string[] object: the names as they came
---@field first integer where it stands in the text
---@field last integer

local MAX_DEPTH = 64

-- Whether what is read may have a member twice (the last counts), halves of surrogate pairs, and be nested deeper.
local loose = false

local read_value

-- The functions below take the text and a position, and return a node and the position behind it, or nil and a reason.

local reached -- where the word begins that was read last

local function skip(text, pos)
  reached = text:find("[^ \t\r\n]", pos) or #text + 1
  return reached
end

local function utf8_char(code)
  if code < 0x80 then
    return string.char(code)
  elseif code < 0x800 then
    return string.char(0xC0 + math.floor(code / 64), 0x80 + code % 64)
  elseif code < 0x10000 then
    return string.char(0xE0 + math.floor(code / 4096), 0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
  end
  return string.char(0xF0 + math.floor(code / 262144), 0x80 + math.floor(code / 4096) % 64,
    0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
end

local unescapes = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function read_escape(text, pos)
  local char = text:sub(pos, pos)
  if unescapes[char] then
    return unescapes[char], pos + 1
  end
  local digits = text:match("^u(%x%x%x%x)", pos)
  if not digits then
    return nil, "bad escape in a string"
  end
  local code = tonumber(digits, 16)
  if code >= 0xD800 and code < 0xDC00 then
    local low = tonumber(text:match("^\\u(%x%x%x%x)", pos + 5) or "0", 16)
    if low >= 0xDC00 and low <= 0xDFFF then
      return utf8_char(0x10000 + (code - 0xD800) * 0x400 + low - 0xDC00), pos + 11
    end
  end
  if code >= 0xD800 and code < 0xE000 and not loose then
    return nil, "half a surrogate pair in a string"
  end
  return utf8_char(code), pos + 5
end

local function read_string(text, pos)
  local parts = {}
  while true do
    local stop = text:find('[%c"\\]', pos)
    if not stop then
      return nil, "a string without end"
    end
    parts[#parts + 1] = text:sub(pos, stop - 1)
    local char = text:sub(stop, stop)
    if char == '"' then
      return { kind = "string", value = table.concat(parts) }, stop + 1
    elseif char == "\\" then
      local plain, after = read_escape(text, stop + 1)
      if not plain then
        return nil, after
      end
      parts[#parts + 1], pos = plain, after
    elseif char == "\127" then -- the only control character that may stand in a string
      parts[#parts + 1], pos = char, stop + 1
    else
      return nil, "a control character in a string"
    end
  end
end

local function read_number(text, pos)
  local token = text:match("^[%d.eE+-]+", pos)
  local whole, rest = token:match("^(-?%d+)(.*)$")
  local fraction = rest and rest:match("^%.%d+") or ""
  local exponent = rest and rest:sub(#fraction + 1) or ""
  if not whole or whole:find("^-?0%d") or (exponent ~= "" and not exponent:find("^[eE][+-]?%d+$")) then
    return nil, "a malformed number"
  end
  return { kind = rest == "" and "integer" or "number", value = tonumber(token) }, pos + #token
end

local words = { ["true"] = true, ["false"] = false }

local function read_word(text, pos)
  local word = text:match("^%a+", pos)
  if word == "null" then
    return { kind = "null" }, pos + 4
  elseif words[word] == nil then
    return nil, "something that is not JSON"
  end
  return { kind = "boolean", value = words[word] }, pos + #word
end

local function read_array(text, pos, depth)
  local list = {}
  pos = skip(text, pos)
  if text:sub(pos, pos) == "]" then
    return { kind = "array", value = list }, pos + 1
  end
  while true do
    local node, after = read_value(text, pos, depth)
    if not node then
      return nil, after
    end
    list[#list + 1] = node
    pos = skip(text, after)
    local char = text:sub(pos, pos)
    if char == "]" then
      return { kind = "array", value = list }, pos + 1
    elseif char ~= "," then
      return nil, "an array without end"
    end
    pos = pos + 1
  end
end

local function read_object(text, pos, depth)
  local members, names = {}, {}
  pos = skip(text, pos)
  if text:sub(pos, pos) == "}" then
    return { kind = "object", value = members, names = names }, pos + 1
  end
  while true do
    pos = skip(text, pos)
    if text:sub(pos, pos) ~= '"' then
      return nil, "an object member without a name"
    end
    local name, after = read_string(text, pos + 1)
    if not name then
      return nil, after
    end
    pos = skip(text, after)
    if text:sub(pos, pos) ~= ":" then
      return nil, "an object member without a value"
    elseif members[name.value] and not loose then
      return nil, "a member twice: " .. name.value
    end
    local node
    node, after = read_value(text, pos + 1, depth)
    if not node then
      return nil, after
    end
    members[name.value], names[#names + 1] = node, name.value
    pos = skip(text, after)
    local char = text:sub(pos, pos)
    if char == "}" then
      return { kind = "object", value = members, names = names }, pos + 1
    elseif char ~= "," then
      return nil, "an object without end"
    end
    pos = pos + 1
  end
end

local function read_any(text, pos, depth)
  local char = text:sub(pos, pos)
  if char == "{" then
    return read_object(text, pos + 1, depth + 1)
  elseif char == "[" then
    return read_array(text, pos + 1, depth + 1)
  elseif char == '"' then
    return read_string(text, pos + 1)
  elseif char:find("^[%d-]") then
    return read_number(text, pos)
  end
  return read_word(text, pos)
end

function read_value(text, pos, depth)
  if depth > MAX_DEPTH and not (loose and depth <= 1002) then
    return nil, "nested too deep"
  end
  pos = skip(text, pos)
  local node, after = read_any(text, pos, depth)
  if node then
    node.first, node.last = pos, after - 1
  end
  return node, after
end

-- The lead bytes of UTF-8 and the tails they may have; what is missing here is overlong, a surrogate or too high.
local tails = {
  "^[\194-\223][\128-\191]()",
  "^\224[\160-\191][\128-\191]()",
  "^[\225-\236\238\239][\128-\191][\128-\191]()",
  "^\237[\128-\159][\128-\191]()",
  "^\240[\144-\191][\128-\191][\128-\191]()",
  "^[\241-\243][\128-\191][\128-\191][\128-\191]()",
  "^\244[\128-\143][\128-\191][\128-\191]()",
}

--- Whether a text is well-formed UTF-8.
---@param text string
---@return boolean
function json.is_utf8(text)
  local pos = text:find("[\128-\255]")
  while pos do
    local after
    for _, tail in ipairs(tails) do
      after = after or text:match(tail, pos)
    end
    if not after then
      return false
    end
    pos = text:find("[\128-\255]", after)
  end
  return true
end

--- Reads a JSON text strictly (RFC 8259, UTF-8, no member twice).
---@param text string
---@param is_loose? boolean takes what the client's decoder takes: a member twice, half a surrogate pair, deeper nesting
---@return seranking.fake.JsonNode? node nil when it is not JSON
---@return string? reason
---@return integer? line where it was found
function json.decode(text, is_loose)
  if not json.is_utf8(text) then
    return nil, "not UTF-8"
  end
  loose = is_loose or false
  local node, after = read_value(text, 1, 0)
  if node and skip(text, after) > #text then
    return node
  end
  return nil, node and "something behind the JSON value" or after, 1 + select(2, text:sub(1, reached - 1):gsub("\n", ""))
end

--- The Lua value of a node: arrays are marked, null is json.null.
---@param node seranking.fake.JsonNode
---@return any
function json.value(node)
  if node.kind == "null" then
    return json.null
  elseif node.kind ~= "array" and node.kind ~= "object" then
    return node.value
  end
  local value = node.kind == "array" and json.array {} or {}
  for name, member in pairs(node.value) do
    value[name] = json.value(member)
  end
  return value
end

return json
