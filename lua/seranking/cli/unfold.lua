--- --rows PATH: the elements of a list inside the answer are the rows.
-- SPDX-License-Identifier: MIT

local misuse = require "seranking.base.misuse"

local unfold = {}

--- The members of the new rows, by the path of the list; nil and what is wrong if the description has no such list.
---@param members { path: string, type?: string }[]
---@param path string "keywords", "sections[].props"
---@return { path: string, type?: string }[]? members, string? problem
function unfold.members(members, path)
  local wanted, found, lists, inner = path:gsub("%[%]", ""), false, {}, {}
  for _, member in ipairs(members) do
    local plain = member.path:gsub("%[%]", "")
    if (member.type or ""):find "array" then
      lists[plain] = true
      found = found or plain == wanted
    end
    if plain:sub(1, #wanted + 1) == wanted .. "." then
      local _, depth = wanted:gsub("%.", "")
      inner[#inner + 1] = { path = member.path:gsub("^" .. ("[^.]*%."):rep(depth + 1), ""), type = member.type }
    end
  end
  if members[1] and not found then
    return nil, ("--rows: there is no list '%s'%s"):format(path, misuse.suggest(wanted, lists))
  end
  return inner
end

---@class seranking.cli.Unfolded: seranking.cli.Output
local Unfolded = {}

-- Passes on what has no meaning of its own here.
function Unfolded:__index(name)
  local value = Unfolded[name]
  if value == nil then
    value = self.output[name]
    if type(value) == "function" then
      return function(_, ...)
        return value(self.output, ...)
      end
    end
  end
  return value
end

-- Writes the elements of the list that `value` has at the rest of the path.
local function write(self, value, at)
  local list = type(value) == "table" and value[self.path[at]]
  if type(list) ~= "table" then
    return true
  end
  local last = at == #self.path
  if list[1] == nil and next(list) ~= nil then -- an object on the way
    if last then
      return nil, ("--rows: %s is no list"):format(self.path[at])
    end
    return write(self, list, at + 1)
  end
  if last then
    return self.output:rows(list)
  end
  for _, element in ipairs(list) do
    local fine, problem = write(self, element, at + 1)
    if not fine then
      return nil, problem
    end
  end
  return true
end

function Unfolded:rows(list, first, last)
  for i = first or 1, last or #list do
    local fine, problem = write(self, list[i], 1)
    if not fine then
      return nil, problem
    end
  end
  return true
end

function Unfolded:row(value)
  return write(self, value, 1)
end

function Unfolded:document(value)
  if type(value) == "table" and value[1] ~= nil then
    return self:rows(value)
  end
  return write(self, value, 1)
end

--- An output that writes the elements of a list of each row.
---@param output seranking.cli.Output
---@param path string
---@return seranking.cli.Output
function unfold.open(output, path)
  local parts = {}
  for part in path:gsub("%[%]", ""):gmatch "[^.]+" do
    parts[#parts + 1] = part
  end
  return setmetatable({ output = output, path = parts }, Unfolded)
end

return unfold
