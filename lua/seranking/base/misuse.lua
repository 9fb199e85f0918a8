--- Mistakes in the program: raised at the caller's line, with a suggestion for a misspelt name.
-- SPDX-License-Identifier: MIT

local mask = require "seranking.base.mask"

local getinfo = debug.getinfo

local misuse = {}

-- The library's folder tells its own sources from the caller's. Without debug information no source is ours, and positions are
-- those of the library's code.
local own = getinfo(1, "S").source:match "^(.*)base[/\\]misuse%.lua$" or "\0"

-- Lua 5.2 and later tell whether a function was entered by a tail call; Lua 5.1 inserts a level for it; LuaJIT tells nothing.
local WHAT = pcall(getinfo, 1, "t") and "St" or "S"

-- The level, as the caller of this function counts, of the innermost Lua function outside this library; nil if there is none.
-- And whether the library was entered by a tail call: the function at this level is then the caller's caller.
local function outside()
  local level, tail = 3, false
  local info = getinfo(level, WHAT)
  while info and (info.what == "tail" or info.what == "C" or info.source:sub(1, #own) == own) do
    tail = info.what == "tail" or info.istailcall or false
    level = level + 1
    info = getinfo(level, WHAT)
  end
  return info and level - 1, tail
end

local TAIL = " (called by `return …`, a tail call: this is the line of the function's caller)"

--- Raises `message` with the position of the innermost caller outside this library.
---@param format string as for string.format
---@param ... any
function misuse.raise(format, ...)
  local message = mask.keys(format:format(...))
  local level, tail = outside()
  error(tail and level and message .. TAIL or message, level or 0)
end

--- "file:line" of the innermost caller outside this library; nil if there is none, as in a coroutine that runs a function of
--- the library.
---@return string?
function misuse.where()
  local level = outside()
  local info = level and getinfo(level, "Sl")
  return info and info.currentline > 0 and info.short_src .. ":" .. info.currentline or nil
end

--- The edit distance: letters inserted, omitted, replaced, or swapped with the next.
---@param a string
---@param b string
---@return integer
local function distance(a, b)
  local before, last, row = {}, {}, {}
  for j = 0, #b do
    last[j] = j
  end
  for i = 1, #a do
    row[0] = i
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      local best = math.min(row[j - 1] + 1, last[j] + 1, last[j - 1] + (same and 0 or 1))
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        best = math.min(best, before[j - 2] + 1)
      end
      row[j] = best
    end
    before, last, row = last, row, before
  end
  return last[#b]
end

--- The name in `names` that is nearest to `name`; nil if none is near.
---@param name string
---@param names string[]
---@param most? integer letters that may differ; left out: one of up to four, two, or a third of the name
---@return string?
function misuse.nearest(name, names, most)
  local best, fewest = nil, (most or #name <= 4 and 1 or math.max(2, math.floor(#name / 3))) + 1
  for _, other in ipairs(names) do
    local n = math.abs(#name - #other) -- at least
    n = n < fewest and distance(name:lower(), other:lower()) or n
    if n < fewest then
      best, fewest = other, n
    end
  end
  return best
end

--- "; did you mean 'title'?", or all names if none is near.
---@param name any
---@param names table<string, any> the names are its keys
---@return string
function misuse.suggest(name, names)
  local list = {}
  for other in pairs(names) do
    list[#list + 1] = other
  end
  table.sort(list)
  local best = type(name) ~= "number" and misuse.nearest(tostring(name), list) -- a number is near to no name
  if best then
    return ("; did you mean '%s'?"):format(best)
  end
  return #list == 0 and "; there are none" or "; there are: " .. table.concat(list, ", ")
end

return misuse
