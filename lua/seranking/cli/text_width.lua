--- How many columns of a terminal a text takes, and cutting by columns.
-- SPDX-License-Identifier: MIT

local text_width = {}

local byte, find, sub = string.byte, string.find, string.sub

local ranges -- { none = {first, last, first, last, …}, two = … }, sorted

local function read_ranges()
  local found = {}
  local source = require "seranking.cli.width_ranges"
  for _, kind in ipairs { "none", "two" } do
    local flat = {}
    for word in source[kind]:gmatch "%S+" do
      local first, last = word:match "^(%x+)%-?(%x*)$"
      flat[#flat + 1] = tonumber(first, 16)
      flat[#flat + 1] = tonumber(last ~= "" and last or first, 16)
    end
    found[kind] = flat
  end
  return found
end

-- Whether a code point is in one of the ranges.
local function is_in(flat, code)
  local low, high = 1, #flat / 2
  while low <= high do
    local middle = math.floor((low + high) / 2)
    if code < flat[2 * middle - 1] then
      high = middle - 1
    elseif code > flat[2 * middle] then
      low = middle + 1
    else
      return true
    end
  end
  return false
end

-- The columns of the character at `at`, and its bytes. What is no UTF-8 counts as one column a byte.
local function character(text, at)
  local lead = byte(text, at)
  local size = lead < 0xC2 and 1 or lead < 0xE0 and 2 or lead < 0xF0 and 3 or lead < 0xF5 and 4 or 1
  if size == 1 then
    return 1, 1
  end
  local code = lead % 2 ^ (7 - size)
  for i = at + 1, at + size - 1 do
    local more = byte(text, i)
    if not more or more < 0x80 or more > 0xBF then
      return 1, 1
    end
    code = code * 64 + more % 64
  end
  ranges = ranges or read_ranges()
  return is_in(ranges.none, code) and 0 or is_in(ranges.two, code) and 2 or 1, size
end

--- The columns that a text takes. It must hold no control characters.
---@param text string
---@return integer
function text_width.width(text)
  if not find(text, "[\128-\255]") then
    return #text
  end
  local total, at = 0, 1
  while at <= #text do
    local columns, size = character(text, at)
    total, at = total + columns, at + size
  end
  return total
end

--- The beginning of a text that fits into so many columns, and what it takes. A text that is cut ends in `mark`.
---@param text string
---@param columns integer
---@param mark string of one column
---@return string cut, integer width
function text_width.cut(text, columns, mark)
  local whole = text_width.width(text)
  if whole <= columns then
    return text, whole
  elseif columns < 1 then
    return "", 0
  end
  local total, at = 0, 1
  while at <= #text do
    local own, size = character(text, at)
    if total + own > columns - 1 then
      break
    end
    total, at = total + own, at + size
  end
  return sub(text, 1, at - 1) .. mark, total + 1
end

return text_width
