--- Small things that the fake API's answers share.
-- SPDX-License-Identifier: MIT

local json = require "seranking.fake.json"

local array = json.array

local tools = {}

--- A JSON array of what `make` makes of each item.
---@param list any[]
---@param make fun(item: any, number: integer): any
---@return any[]
function tools.map(list, make)
  local made = array {}
  for i, item in ipairs(list) do
    made[i] = make(item, i)
  end
  return made
end

--- The items that pass a check, in order.
---@param list any[]
---@param fits fun(item: any): any
---@return any[]
function tools.kept(list, fits)
  local found = {}
  for _, item in ipairs(list) do
    found[#found + 1] = fits(item) and item or nil
  end
  return found
end

---@param list any[]
---@param wanted any
---@return boolean
function tools.has(list, wanted)
  for _, item in ipairs(list) do
    if item == wanted then
      return true
    end
  end
  return false
end

--- Whether a text is there and holds nothing but blanks.
---@param text string?
---@return boolean
function tools.blank(text)
  return text ~= nil and not text:find("%S")
end

--- The names of a table's members, sorted.
---@param members table<any, any>
---@return any[]
function tools.sorted_names(members)
  local names = {}
  for name in pairs(members) do
    names[#names + 1] = name
  end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  return names
end

--- The same as a text: "limit, page".
---@param members table<any, any>
---@return string
function tools.names(members)
  return table.concat(tools.sorted_names(members), ", ")
end

--- How many characters a text has.
---@param text string valid UTF-8
---@return integer
function tools.characters(text)
  return select(2, text:gsub("[^\128-\191]", ""))
end

---@param rows table[]
---@return integer[]
function tools.ids_of(rows)
  return tools.map(rows, function(row) return row.id end)
end

--- A list as it was sent, or an empty one.
---@param items any[]?
---@return any[]
function tools.list_of(items)
  return array(items or {})
end

--- Writes the arguments that were sent over a row's members of the same name.
---@param row table
---@param args table
---@param names string separated by blanks
function tools.apply(row, args, names)
  for name in names:gmatch("%S+") do
    if args[name] ~= nil then
      row[name] = args[name]
    end
  end
end

--- The page of a list that a call asks for.
---@param call seranking.fake.Call
---@param rows any[]
---@param size integer? rows a page without `limit`; all when left out
---@return any[]
function tools.page(call, rows, size)
  local first = call.args.offset or 0
  local page = array {}
  for i = first + 1, math.min(#rows, first + (call.args.limit or size or #rows)) do
    page[#page + 1] = rows[i]
  end
  return page
end

--- A time of the fake's clock on its day, YYYY-MM-DD HH:MM:SS.
---@param call seranking.fake.Call
---@param seconds number
---@return string
function tools.time(call, seconds)
  seconds = math.floor(seconds)
  return ("%s %02d:%02d:%02d"):format(call.today, math.floor(seconds / 3600) % 24, math.floor(seconds / 60) % 60,
    seconds % 60)
end

local reserved = { test = true, invalid = true, localhost = true, example = true }

--- The host of a URL or of a bare host name; nil where there is none that could be a public one.
---@param text string
---@return string?
function tools.host_of(text)
  local scheme, rest = text:match("^(%a[%w+.-]*)://(.*)$")
  if scheme and scheme:lower() ~= "http" and scheme:lower() ~= "https" then
    return nil
  end
  local host = (rest or text):match("^[^/?#]*"):gsub(":%d+$", ""):lower()
  local labels = 0
  for label in (host .. "."):gmatch("([^.]*)%.") do
    labels = labels + 1
    if #label < 1 or #label > 63 or not label:find("^[%w\128-\255-]+$") or label:find("^%-") or label:find("%-$") then
      return nil
    end
  end
  local top = host:match("[^.]*$")
  if labels < 2 or #host > 253 or top:find("^%d+$") or reserved[top] then
    return nil
  end
  return host
end

--- The place of a call, "file:line".
---@param level integer as for `error`, counted from the caller
---@return string
function tools.here(level)
  local info = debug.getinfo(level + 1, "Sl")
  return info and info.currentline > 0 and info.short_src .. ":" .. info.currentline or "?"
end

return tools
