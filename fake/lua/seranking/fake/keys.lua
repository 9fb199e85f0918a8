--- API keys as the fake sees them: where a request carries one, and which generation it opens.
-- SPDX-License-Identifier: MIT

local refuse = require("seranking.fake.resolve").refuse

local keys = {}

local HEX = "%x"
local uuid_shape = "^" .. HEX:rep(8) .. ("%-" .. HEX:rep(4)):rep(3) .. "%-" .. HEX:rep(12) .. "$"
local key_shapes = { v4 = "^" .. HEX:rep(40) .. "$", v1 = uuid_shape }
-- The query parameter that may carry a key.
keys.names = { v4 = "token", v1 = "apikey" }

--- The first of the good keys that opens a generation, in the order of their text.
---@param tokens table<string, boolean>
---@param generation "v4"|"v1"
---@return string?
function keys.first(tokens, generation)
  local first
  for key, good in pairs(tokens) do
    if good and key:find(key_shapes[generation]) and (not first or key < first) then
      first = key
    end
  end
  return first
end

---@class seranking.fake.Credential
---@field key? string as sent; nil: none
---@field scheme? string of the header; nil: the key came in the query
---@field name? string the query parameter that carried it
---@field twice? boolean more than one was sent

--- Finds the key of a request.
---@param generation "v4"|"v1"
---@param headers table<string, string>
---@param pairs_ seranking.fake.Pair[] of the query
---@param declared boolean the operation has a parameter with the name of the key: in the query it is that one when the
---  header has a key
---@return seranking.fake.Credential
function keys.credential(generation, headers, pairs_, declared)
  local name, found, in_query = keys.names[generation], {}, 0
  for _, pair in ipairs(pairs_) do
    if pair.name == name then
      in_query = in_query + 1
      found.key, found.name = pair.value, name
    end
  end
  local header = headers.authorization
  if not header then
    found.twice = in_query > 1
    return found
  end
  local scheme, key = header:match("^(%S+) *(.*)$")
  if key == "" and scheme ~= "Token" then
    scheme, key = "", header
  end
  return { key = key, scheme = scheme, twice = in_query > 0 and not declared }
end

--- Why a key doesn't open a generation; nil when it does.
---@param generation "v4"|"v1"
---@param found seranking.fake.Credential
---@param tokens table<string, boolean>
---@return seranking.fake.Refusal?
function keys.refusal(generation, found, tokens)
  local key = found.key or ""
  local good_scheme = not found.scheme or found.scheme == "Token"
  if good_scheme and key:find(key_shapes[generation]) and tokens[key] then
    return nil
  elseif generation == "v1" then
    return refuse(401, "Unauthorized", key == "" and "no key" or "not a key for v1")
  elseif key == "" and good_scheme then
    return refuse(403, "No token", "no key")
  elseif good_scheme and key:find(uuid_shape) then
    return refuse(403, "No token", "a key for v1; v4 is retired for it")
  end
  return refuse(403, "Incorrect token", good_scheme and "not a key for v4" or "the scheme is Token")
end

return keys
