--- docs/options.md and the option classes of library/seranking.lua, made from the table in seranking.options.
-- SPDX-License-Identifier: MIT

local options = require "seranking.options"
local text = require "reference.text"

local reference = {}

local MAX_LITERAL = 1e6 -- larger numbers are described in words

-- A default as Lua code; nil if it is described in words.
local function literal(value)
  if type(value) == "string" then
    return ("%q"):format(value)
  elseif type(value) == "table" then
    return ("{ limit = %d, per = %d }"):format(value.limit, value.per)
  elseif type(value) == "number" then
    return value < MAX_LITERAL and ("%d"):format(value) or nil
  elseif value ~= nil then
    return tostring(value)
  end
end

local function default_of(option)
  return option.otherwise or literal(option.default) and "`" .. literal(option.default) .. "`" or ""
end

local function sentence(option)
  return option.more and option.about .. ". " .. text.capital(option.more) or option.about
end

-- A table of options, with or without the columns for the default and the environment variable.
local function markdown_table(list, with_default, with_variable)
  local lines = { "| option |" .. (with_default and " default |" or "") .. (with_variable and " variable |" or "") .. " |" }
  lines[2] = "|---|" .. (with_default and "---|" or "") .. (with_variable and "---|" or "") .. "---|"
  for _, option in ipairs(list) do
    if type(option) == "table" then
      local cells = { "`" .. option[1] .. "`" }
      if with_default then
        cells[#cells + 1] = default_of(option)
      end
      if with_variable then
        cells[#cells + 1] = option.env and "`SERANKING_" .. option[1]:upper() .. "`" or ""
      end
      cells[#cells + 1] = sentence(option)
      lines[#lines + 1] = ("| %s |"):format(table.concat(cells, " | ")):gsub("|  |", "| |"):gsub("|  |", "| |")
    end
  end
  return table.concat(lines, "\n")
end

local function client_tables()
  local parts = {}
  for _, group in ipairs(options.groups) do
    parts[#parts + 1] = ("**%s**%s"):format(group[1], group.link and (" ([%s](%s))"):format(group.link, group.link) or "")
    parts[#parts + 1] = markdown_table({ (table.unpack or unpack)(group, 2) }, true, true) -- luacheck: ignore
  end
  return table.concat(parts, "\n\n")
end

--- docs/options.md: the prose of tools/reference/options.md around the tables.
---@return string
function reference.page()
  local file = assert(io.open "tools/reference/options.md")
  local prose = file:read "*a"
  file:close()
  local chapters = {
    client = client_tables(), call = markdown_table(options.of_call), walk = markdown_table(options.of_walk),
    wait = markdown_table(options.of_wait, true), download = markdown_table(options.of_download, true),
    export = markdown_table(options.of_export, true), map = markdown_table(options.of_map, true),
  }
  return (prose:gsub("{{(%l+)}}", chapters))
end

-- ---- types ----

-- `inherited`: the client supplies the default, so default and variable are not shown.
local function field(option, inherited)
  local default = option.otherwise or literal(option.default)
  return ("---@field %s? %s %s%s%s"):format(option[1], option.type or option[2].type, (option.about:gsub("`", "")),
    default and default ~= "" and not inherited and (" (default: %s)"):format(default:gsub("`", "")) or "",
    option.env and not inherited and ". Variable: SERANKING_" .. option[1]:upper() or "")
end

local function class(name, about, parent, lists, inherited)
  local lines = { "--- " .. about, ("---@class %s%s"):format(name, parent and ": " .. parent or "") }
  for _, list in ipairs(lists) do
    for _, option in ipairs(list) do
      lines[#lines + 1] = type(option) == "table" and field(option, inherited) or nil
    end
  end
  return { name = name, lines = lines, methods = {} }
end

--- The option classes, in the form that reference.annotations returns.
---@return reference.Annotation[]
function reference.classes()
  local call = "seranking.CallOptions"
  return {
    class("seranking.Options", "Options of seranking.new. An option given in code wins over its variable.", nil,
      options.groups),
    class(call, "Options of one call: the second table of every operation. What is left out is as the client has "
      .. "it.", nil, { options.of_call }, true),
    class("seranking.WalkOptions", "Options of `each` and `all`, besides those of a call, which hold for each page.", call,
      { options.of_walk }),
    class("seranking.WaitOptions", "Options of `wait`, besides those of a call, which hold for each poll.", call,
      { options.of_wait }),
    class("seranking.DownloadOptions", "Options of client:download, besides those of a call.", call, { options.of_download }),
    class("seranking.ExportOptions", "Options of `export`, besides those of `wait`.", "seranking.WaitOptions",
      { options.of_export }),
    class("seranking.MapOptions", "Options of client:map.", nil, { options.of_map }),
  }
end

return reference
