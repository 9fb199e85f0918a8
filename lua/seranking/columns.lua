--- Columns of rows that may be nested: "id", "settings.limit", "positions[].date".
-- SPDX-License-Identifier: MIT
--
-- A path with [] unfolds that list: each of its elements makes a line of its own, and columns outside of the list repeat. All
-- lists that the columns name must be nested in each other. An empty or missing list makes one line with empty cells.

local json = require "seranking.base.json"
local misuse = require "seranking.base.misuse"

local columns = {}

local concat, format = table.concat, string.format
local null = json.null

---@class seranking.Columns
---@field names string[]
---@field flat? string[] the member of each column, if all are members of the row itself
---@field private tree? table the same as a tree, once it is needed
---@field private levels table<integer, { [1]: integer, [2]: string[] }[]> by depth: column and path from the element there
---@field private lists string[][] the path of each list from the element above it
local Columns = {}
Columns.__index = Columns

-- "a.b[].c" as { { "a", "b" }, { "c" } }; nil and what is wrong.
local function parse_path(text)
  local parts, steps = {}, {}
  for part in (text .. "."):gmatch "([^.]*)%." do
    local name, lists = part:match "^([^%[%]]+)(%[?%]?)$"
    if not name or lists ~= "" and lists ~= "[]" then
      return nil, format("'%s' is no column: write a member, as in id, settings.limit or positions[].date", text)
    end
    steps[#steps + 1] = name
    if lists == "[]" then
      parts[#parts + 1], steps = steps, {}
    end
  end
  parts[#parts + 1] = steps
  return parts
end

-- Takes the lists of a path into those of all columns. nil and what is wrong if they are neither nested.
local function add_lists(lists, parts, text)
  for level = 1, #parts - 1 do
    local path = concat(parts[level], ".")
    if lists[level] and concat(lists[level], ".") ~= path then
      return nil, format("the columns unfold two lists, %s[] and %s[] of '%s': choose one", concat(lists[level], "."), path,
        text)
    end
    lists[level] = lists[level] or parts[level]
  end
  return true
end

local function split(text)
  local names = {}
  for name in (text .. ","):gmatch "([^,]*)," do
    names[#names + 1] = name:match "^%s*(.-)%s*$"
  end
  return names
end

--- Parses columns: "id,name", or a list of paths.
---@param given string|string[]
---@return seranking.Columns? columns, string? problem
function columns.parse(given)
  local names = type(given) == "string" and split(given) or given
  if type(names) ~= "table" or names[1] == nil then
    return nil, 'columns must be a list of paths, or a text such as "id,positions[].date"'
  end
  local made = setmetatable({ names = {}, levels = {}, lists = {}, flat = {} }, Columns)
  for i, name in ipairs(names) do
    local parts, problem, fine
    if type(name) ~= "string" then
      return nil, format("column %d must be a text, got a %s", i, type(name))
    end
    parts, problem = parse_path(name)
    if parts then
      fine, problem = add_lists(made.lists, parts, name)
    end
    if not fine then
      return nil, problem
    end
    local level, path = #parts - 1, parts[#parts]
    made.names[i] = name
    made.levels[level] = made.levels[level] or {}
    table.insert(made.levels[level], { i, path })
    if made.flat and (level > 0 or #path > 1) then
      made.flat = nil
    elseif made.flat then
      made.flat[i] = path[1]
    end
  end
  return made
end

-- One column for rows that are no objects.
local function whole()
  return setmetatable({ names = { "value" }, levels = { [0] = { { 1, {} } } }, lists = {} }, Columns)
end

-- Whether a member can be a column by itself.
local function is_column(name)
  return type(name) == "string" and not name:find "[.,%[%]<*]"
end

--- The names of the members that a description knows and that are neither lists nor objects, in their order.
---@param members { path: string, type?: string }[] of a row
---@return string[]
function columns.scalars(members)
  local names = {}
  for _, member in ipairs(members) do
    local kind = member.type or ""
    if is_column(member.path) and not kind:find "object" and not kind:find "array" then
      names[#names + 1] = member.path
    end
  end
  return names
end

--- The columns of rows for which none were given: their scalar members. First those of `known` in that order, then the others
--- by name.
---@param rows table a list: several rows, or the first alone
---@param known? string[] names of scalar members; if given, a null makes no other column
---@param always? boolean all of `known` are columns, whether a row has them or not
---@return seranking.Columns
function columns.of_rows(rows, known, always)
  local seen, order, others = {}, {}, {}
  for _, row in ipairs(rows) do
    if type(row) ~= "table" or row == null then
      return whole()
    end
    for name, value in pairs(row) do
      local untold = known and value == null -- elsewhere it may be a list
      if is_column(name) and type(value) ~= "table" and not untold and not seen[name] then
        seen[name], others[#others + 1] = true, name
      end
    end
  end
  for _, name in ipairs(known or {}) do
    if seen[name] or always then
      seen[name], order[#order + 1] = nil, name
    end
  end
  table.sort(others)
  for _, name in ipairs(others) do
    if seen[name] then
      order[#order + 1] = name
    end
  end
  return order[1] and assert(columns.parse(order)) or whole()
end

-- The value at a path; nil for null.
local function value_at(value, path)
  for i = 1, #path do
    if type(value) ~= "table" then
      return nil
    end
    value = value[path[i]]
  end
  if value == null then
    return nil
  end
  return value
end

local function visit(self, level, value, cells, emit)
  for _, column in ipairs(self.levels[level] or {}) do
    cells[column[1]] = value_at(value, column[2])
  end
  local path = self.lists[level + 1]
  if not path then
    return emit(cells)
  end
  local list = value_at(value, path)
  if type(list) ~= "table" or #list == 0 then
    for deeper = level + 1, #self.lists do
      for _, column in ipairs(self.levels[deeper] or {}) do
        cells[column[1]] = nil
      end
    end
    return emit(cells)
  end
  for i = 1, #list do
    local fine, problem = visit(self, level + 1, list[i], cells, emit)
    if not fine then
      return nil, problem
    end
  end
  return true
end

--- Calls `emit(cells)` for each line that a row makes. The table of cells is reused; empty cells are nil.
---@param row any
---@param emit fun(cells: table): true?, any
---@return true?, any # what emit returned if it was not true
function Columns:lines(row, emit)
  return visit(self, 0, row, {}, emit)
end

-- The columns as a tree: { positions = { date = true } }.
local function tree_of(self)
  local tree = {}
  for _, name in ipairs(self.names) do
    local node, steps = tree, {}
    for step in name:gsub("%[%]", ""):gmatch "[^.]+" do
      steps[#steps + 1] = step
    end
    for i, step in ipairs(steps) do
      if node[step] == true then -- all of it is wanted already
        break
      end
      node[step] = i == #steps or node[step] or {}
      node = node[step]
    end
  end
  return tree
end

local function project(value, tree)
  if tree == true or type(value) ~= "table" or value == null then
    return value
  end
  local made = setmetatable({}, getmetatable(value))
  if value[1] ~= nil then
    for i = 1, #value do
      made[i] = project(value[i], tree)
    end
    return made
  end
  for name, below in pairs(tree) do
    made[name] = project(value[name], below)
  end
  return made
end

--- A copy of a row that has nothing but the members that the columns name, where they are in the row.
---@param row any
---@return any
function Columns:project(row)
  self.tree = self.tree or tree_of(self)
  return (project(row, self.tree))
end

--- Whether a row makes several lines.
---@return boolean
function Columns:unfolds()
  return self.lists[1] ~= nil
end

-- Whether a described path, such as "positions[].date" or "prices.<country>", covers a column.
local function covers(member, name)
  local open = member.type and (member.type:find "object" or member.type:find "array")
  local known, asked = (member.path .. "."):gmatch "([^.]*)%.", (name .. "."):gmatch "([^.]*)%."
  for step in asked do
    local own = known()
    if own == nil then
      return open ~= nil and open ~= false
    elseif own == "*" then
      return true
    end
    local bare, lists = own:match "^(.-)([%[%]]*)$"
    local asked_bare, asked_lists = step:match "^(.-)([%[%]]*)$"
    if not (bare:find "^<.*>$" or bare == asked_bare) or #asked_lists > #lists then
      return false
    elseif asked_lists ~= lists and asked() then
      return false
    end
  end
  return true
end

-- At most so many members of each object in an example, and those that tell most about it.
local SHOWN = 2
local TELLING = { id = 1, name = 2, date = 3, pos = 4, keyword = 5, domain = 6, url = 7 }

-- Adds the first scalar members of a row to `found`, and those of the elements of its first list of objects.
local function example_of(row, before, found)
  local names, list = {}, nil
  for name in pairs(row) do
    names[#names + 1] = is_column(name) and name or nil
  end
  table.sort(names, function(a, b)
    local first, second = TELLING[a] or 9, TELLING[b] or 9
    if first ~= second then
      return first < second
    end
    return a < b
  end)
  local count = 0
  for _, name in ipairs(names) do
    local value = row[name]
    if type(value) ~= "table" and value ~= null and count < SHOWN then
      count = count + 1
      found[#found + 1] = before .. name
    elseif type(value) == "table" and type(value[1]) == "table" then
      list = list or name
    end
  end
  if list then
    example_of(row[list][1], before .. list .. "[].", found)
  end
  return found
end

--- What the scalar members of a row leave out, as a sentence with columns that show more; nil if they leave nothing out.
---@param row any
---@return string?
function columns.left_out(row)
  local names = {}
  for name, value in pairs(type(row) == "table" and row or {}) do
    if type(value) == "table" and next(value) ~= nil and is_column(name) then
      names[#names + 1] = name
    end
  end
  if not names[1] then
    return nil
  end
  table.sort(names)
  local example = example_of(row, "", {})
  if not (example[#example] or ""):find("[]", 1, true) then
    local value = row[names[1]]
    example[#example + 1] = value[1] ~= nil and names[1] .. "[]" or names[1]
  end
  return format("without %s; with --columns, such as %s, you choose", concat(names, ", "), concat(example, ","))
end

--- Checks the names of columns against the members that a description knows.
---@param names string[]
---@param members { path: string, type?: string }[] of a row
---@return true?, string? problem
function columns.check(names, members)
  for _, name in ipairs(names) do
    local known, others = false, {}
    for _, member in ipairs(members) do
      known = known or covers(member, name)
      others[member.path] = true
    end
    if not known then
      return nil, format("unknown column '%s'%s", name, misuse.suggest(name, others))
    end
  end
  return true
end

-- Paths of a row that a column can name.
local function paths_of(row, before, found)
  for name, value in pairs(row) do
    if type(name) == "string" then
      found[before .. name] = true
      if type(value) == "table" and value ~= null then
        if type(value[1]) == "table" then
          paths_of(value[1], before .. name .. "[].", found)
        elseif #value == 0 then
          paths_of(value, before .. name .. ".", found)
        end
      end
    end
  end
  return found
end

--- Checks the names of columns against the first row.
---@param names string[]
---@param row any
---@param known? { path: string, type?: string }[] members that may be missing in it
---@return true?, string? problem
function columns.check_row(names, row, known)
  if type(row) ~= "table" or row == null then
    return nil, format("unknown column '%s': the rows have no members", names[1])
  end
  for _, name in ipairs(names) do
    local first = name:match "^[^.%[]+"
    if row[first] == nil and not (known and columns.check({ name }, known)) then
      return nil, format("unknown column '%s'%s", name, misuse.suggest(name, paths_of(row, "", {})))
    end
  end
  return true
end

return columns
