--- Taking request targets apart: path segments and the pairs of a query.
-- SPDX-License-Identifier: MIT

local url = {}

--- Percent-decodes a text.
---@param text string
---@return string? plain nil when an escape is malformed
function url.decode(text)
  if text:gsub("%%%x%x", ""):find("%", 1, true) then
    return nil
  end
  return (text:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

--- Splits a raw path; each segment is decoded after the split, so %2F stays inside its segment.
---@param path string begins with a slash
---@return string[]? segments nil when an escape is malformed
function url.segments(path)
  local segments = {}
  for raw in path:gmatch("/([^/]*)") do
    local segment = url.decode(raw)
    if not segment then
      return nil
    end
    segments[#segments + 1] = segment
  end
  return segments
end

---@class seranking.fake.Pair
---@field name string decoded, as sent: with brackets where it has them
---@field value string decoded
---@field root string the name up to its first bracket
---@field base string the name without brackets
---@field index? string what stands in the brackets ("" for name[]); nil for a bare name

--- A pair of a decoded name and its value.
---@param name string
---@param value string
---@return seranking.fake.Pair
function url.pair(name, value)
  local base, index = name:match("^(.-)%[(%d*)%]$")
  return { name = name, value = value, root = name:match("^[^%[]*"), base = base or name, index = index }
end

--- Splits a query into pairs, in order.
---@param query string? without the question mark
---@return seranking.fake.Pair[] pairs those before the first malformed one
---@return boolean well_formed
function url.pairs(query)
  local list = {}
  for piece in (query or ""):gmatch("[^&]+") do
    local raw_name, raw_value = piece:match("^([^=]*)=?(.*)$")
    local name, value = url.decode((raw_name:gsub("+", " "))), url.decode((raw_value:gsub("+", " ")))
    if not name or not value then
      return list, false
    end
    list[#list + 1] = url.pair(name, value)
  end
  return list, true
end

return url
