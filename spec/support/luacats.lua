--- Reads LuaCATS annotations: the classes, fields and aliases that a file defines, and the types it names.
-- SPDX-License-Identifier: MIT
--
-- Only the subset that library/seranking.lua uses. Anything else raises an error with its line.

local luacats = {}

local BUILTIN = {}
for name in ("any nil boolean string number integer table function userdata lightuserdata thread true false self")
  :gmatch "%S+" do
  BUILTIN[name] = true
end

-- ---- types ----

-- A reader of a text: at(pattern) skips blanks and consumes what matches here.
local Reader = {}
Reader.__index = Reader

function Reader:at(pattern)
  local from, to, found = self.text:find("^%s*(" .. pattern .. ")", self.pos)
  if from then
    self.pos = to + 1
    return found
  end
end

function Reader:must(pattern)
  return self:at(pattern) or error(("expected %s at '%s'"):format(pattern, self.text:sub(self.pos)), 0)
end

local read_type

local function read_parameters(reader)
  reader:must "%("
  while not reader:at "%)" do
    if not reader:at "%.%.%." then
      reader:must "[%a_][%w_]*"
    end
    reader:at "%?"
    if reader:at ":" then
      read_type(reader)
    end
    if not reader:at "," then
      reader:must "%)"
      return
    end
  end
end

local function read_members(reader)
  while not reader:at "}" do
    if reader:at "%[" then
      read_type(reader)
      reader:must "%]"
    else
      reader:must "[%a_][%w_]*"
    end
    reader:at "%?"
    reader:must ":"
    read_type(reader)
    if not reader:at "," then
      reader:must "}"
      return
    end
  end
end

local function read_primary(reader)
  if reader:at "fun%f[^%w_]" then
    read_parameters(reader)
    if reader:at ":" then
      repeat
        read_type(reader)
      until not reader:at ","
    end
    return
  elseif reader:at "{" then
    return read_members(reader)
  elseif reader:at "%(" then
    read_type(reader)
    reader:must "%)"
    return
  elseif reader:at '"[^"]*"' or reader:at "%-?%d[%d.]*" then
    return
  end
  reader.names[#reader.names + 1] = reader:must "[%a_][%w_.]*"
  if reader:at "<" then
    repeat
      read_type(reader)
    until not reader:at ","
    reader:must ">"
  end
end

function read_type(reader)
  repeat
    read_primary(reader)
    repeat until not (reader:at "%[%]" or reader:at "%?")
  until not reader:at "|"
end

--- Reads a type at the beginning of a text. Returns the names in it, and the rest of the text.
local function type_names(text)
  local reader = setmetatable({ text = text, pos = 1, names = {} }, Reader)
  read_type(reader)
  return reader.names, text:sub(reader.pos)
end

-- ---- files ----

---@class luacats.Class
---@field parents string[]
---@field fields table<string, string> the rest of the line, by name
---@field optional table<string, boolean>

--- Parses a file's text. Raises an error with the line if it is invalid.
---@param text string
---@return { classes: table<string, luacats.Class>, aliases: table<string, true>, functions: table<string, true> }
function luacats.read(text)
  local found = { classes = {}, aliases = {}, functions = {} }
  local class, generics, number, uses = nil, {}, 0, {}
  local function use(names, at)
    for _, name in ipairs(names) do
      if not BUILTIN[name] and not generics[name] then
        uses[#uses + 1] = { name, at }
      end
    end
  end
  local function use_all(rest, at) -- types followed by names, separated by commas
    local names
    repeat
      names, rest = type_names(rest)
      use(names, at)
      rest = rest:gsub("^%s*[%a_][%w_]*", "")
      local after = rest:match "^%s*,(.*)$"
      rest = after or rest
    until not after
  end
  local tags = {}
  function tags.class(rest)
    local name, more = rest:match "^([%w_.]+)(.*)$"
    assert(not found.classes[name] and not found.aliases[name], "defined twice: " .. tostring(name))
    class = { parents = {}, fields = {}, optional = {} }
    found.classes[name] = class
    local parent = more:match "^:%s*([%w_.]+)"
    if parent then
      use({ parent }, number)
      class.parents[1] = parent
    end
  end
  function tags.alias(rest)
    local name, kind = rest:match "^([%w_.]+)%s*(.*)$"
    assert(not found.classes[name] and not found.aliases[name], "defined twice: " .. tostring(name))
    found.aliases[name] = true
    if kind ~= "" then
      use((type_names(kind)), number)
    end
  end
  function tags.field(rest)
    assert(class, "a field of no class")
    local name, mark, kind = rest:match '^([%a_][%w_]*)(%??) (.+)$'
    if not name then
      name, mark, kind = rest:match '^(%b[])(%??) (.+)$'
      if name and not name:find '^%["' then
        use((type_names(name:sub(2, -2))), number)
      end
      name = name and (name:match '^%["(.*)"%]$' or name)
    end
    assert(name, "a field that can't be read")
    assert(not class.fields[name], "a field twice: " .. name)
    class.fields[name], class.optional[name] = kind, mark == "?"
    use((type_names(kind)), number)
  end
  function tags.param(rest)
    use((type_names(rest:match "^[%w_.]+%??%s+(.+)$")), number)
  end
  tags["return"] = function(rest)
    use_all(rest, number)
  end
  function tags.overload(rest)
    use((type_names(rest)), number)
  end
  function tags.generic(rest)
    for name in rest:gmatch "[%a_][%w_]*" do
      generics[name] = true
    end
  end
  function tags.meta() end
  for line in text:gmatch "([^\n]*)\n" do
    number = number + 1
    local tag, rest = line:match "^%-%-%-@(%l+)%s*(.*)$"
    local fine, problem = true, nil
    if tag then
      fine, problem = pcall(tags[tag] or error, tags[tag] and rest or "a tag that is not known: " .. tag)
    elseif line:find "^%-%-%-|" then
      fine, problem = pcall(type_names, line:sub(5))
    elseif not line:find "^%-%-" then
      local name = line:match "^function ([%w_:.]+)"
      if name then
        found.functions[name] = true
      end
      if line ~= "" and not line:find "^local [%w_]+ = {}$" then
        class = nil
      end
      generics = {}
    end
    if not fine then
      error(("line %d: %s: %s"):format(number, tostring(problem), line), 0)
    end
    if line == "" then
      class = nil
    end
  end
  for _, entry in ipairs(uses) do
    if not found.classes[entry[1]] and not found.aliases[entry[1]] then
      error(("line %d: the type %s is defined nowhere"):format(entry[2], entry[1]), 0)
    end
  end
  return found
end

return luacats
