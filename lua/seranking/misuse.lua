--- Mistakes of the caller: raised at the caller's line, with a suggestion where a name is nearly right.
-- SPDX-License-Identifier: MIT

local getinfo = debug.getinfo

local misuse = {}

-- The folder of this file tells our own sources from the caller's.
-- Stripped of its names, no code is ours, and the position is this file's.
local own = getinfo(1, "S").source:match "^(.*)misuse%.lua$" or "\0"

local HEX4 = "%x%x%x%x"
local UUID = ("%s%s%%-%s%%-%s%%-%s%%-%s%s%s"):format(HEX4, HEX4, HEX4, HEX4, HEX4, HEX4, HEX4, HEX4)

local function hidden(key)
  return "…" .. key:sub(-4)
end

--- A text with all but the last four characters of what looks like an API key of either generation left out. A mistake
--- may be a key in the wrong place, where there is no client yet that knows it by value.
---@param text string
---@return string
function misuse.mask(text)
  return (text:gsub(UUID, hidden):gsub("%x+", function(digits)
    return #digits >= 32 and hidden(digits) or nil
  end))
end

--- Raises `message` with the position of the innermost caller outside this library.
---@param format string as for string.format
---@param ... any
function misuse.raise(format, ...)
  local message = misuse.mask(format:format(...))
  local level = 2
  local info = getinfo(level, "S")
  -- A C function, pcall for one, has no line: the one that called it is meant.
  while info and (info.what == "tail" or info.what == "C" or info.source:sub(1, #own) == own) do
    level = level + 1
    info = getinfo(level, "S")
  end
  error(message, info and level or 0)
end

--- How many letters differ: inserted, left out, replaced or swapped with the next.
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

--- "; did you mean 'title'?" for the name in `names` that is nearest to `name`, or the names that there are.
---@param name any
---@param names table<string, any> the names are its keys
---@return string
function misuse.suggest(name, names)
  local positional = type(name) == "number" -- of a list, which no name is near to
  name = tostring(name)
  local list, best = {}, nil
  local fewest = math.max(2, math.floor(#name / 3)) + 1
  for other in pairs(names) do
    list[#list + 1] = other
  end
  table.sort(list)
  for _, other in ipairs(positional and {} or list) do
    local n = distance(name:lower(), other:lower())
    if n < fewest then
      best, fewest = other, n
    end
  end
  if best then
    return ("; did you mean '%s'?"):format(best)
  end
  return #list == 0 and "; there are none" or "; there are: " .. table.concat(list, ", ")
end

return misuse
