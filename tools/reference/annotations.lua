--- The annotations of the library's public classes, read from its sources.
-- SPDX-License-Identifier: MIT

local options = require "reference.options"

local annotations = {}

-- Sources with annotations, below lua/seranking.
local FILES = {
  "client", "answer/response", "answer/errors", "base/events", "limiter", "walk/concurrent", "walk/costs",
  "walk/pages", "walk/jobs", "describe", "loop/adapter", "record",
}

-- The class that the methods of a file belong to.
local METHODS = { client = "seranking.AnyClient", limiter = "seranking.Limiter" }

local function lines_of(name)
  local path = "lua/seranking/" .. name .. ".lua"
  local file = assert(io.open(path), path .. " is not there: run this in the top folder of the repository")
  local lines = {}
  for line in file:lines() do
    lines[#lines + 1] = line
  end
  file:close()
  return lines
end

-- Adds a line to a block. A line that continues a tag is appended to it; editors would read it as part of the next tag.
local function append(block, line)
  local more = line:match "^%-%-%- (.*)$"
  local last = #block
  if more and last > 0 and block[last]:find "^%-%-%-@" then
    block[last] = block[last] .. " " .. more
  else
    block[last + 1] = line
  end
end

-- Calls visit(block, line) for each block of "---" lines and the line after it.
local function each_block(lines, visit)
  local block
  for _, line in ipairs(lines) do
    if line:find "^%-%-%-" then
      block = block or {}
      append(block, line)
    elseif block then
      visit(block, line)
      block = nil
    end
  end
end

--- An annotated class or alias, or a method.
---@class reference.Annotation
---@field name string "seranking.Error"
---@field lines string[]
---@field methods { lines: string[], call: string }[] call: "request(request)"

--- All annotations, by name.
---@return table<string, reference.Annotation>
function annotations.all()
  local found = {}
  for _, name in ipairs(FILES) do
    each_block(lines_of(name), function(block, line)
      local class = table.concat(block, "\n"):match "%-%-%-@%l+ (seranking%.[%w_]+)"
      local declared = table.concat(block, "\n"):match "%-%-%-@class (seranking%.[%w_]+)"
        or table.concat(block, "\n"):match "%-%-%-@alias (seranking%.[%w_]+)"
      local call = line:match "^function methods:([%w_]+%b())$"
      if declared and declared == class then
        found[declared] = { name = declared, lines = block, methods = {} }
      elseif call and METHODS[name] then
        table.insert(found[METHODS[name]].methods, { lines = block, call = (call:gsub(", more%)$", ")")) }) -- `more` is refused
      end
    end)
  end
  for _, class in ipairs(options.classes()) do
    found[class.name] = class
  end
  return found
end

-- Adds the names of classes in a text.
local function mentioned(text, names)
  for name in text:gmatch "seranking%.%u[%w_]*" do
    names[#names + 1] = name
  end
end

local function text_of(annotation)
  local lines = { table.concat(annotation.lines, "\n") }
  for _, method in ipairs(annotation.methods) do
    lines[#lines + 1] = table.concat(method.lines, "\n")
  end
  return table.concat(lines, "\n")
end

--- The annotations of `names` and of all classes they mention, except those in `own`.
---@param names string[]
---@param own table<string, any>
---@return reference.Annotation[] # by name
function annotations.closure(names, own)
  local all, wanted, list = annotations.all(), {}, {}
  local queue = names
  while #queue > 0 do
    local name = table.remove(queue)
    if not wanted[name] and not own[name] then
      wanted[name] = assert(all[name], name .. " is annotated nowhere")
      list[#list + 1] = all[name]
      mentioned(text_of(all[name]), queue)
    end
  end
  table.sort(list, function(a, b)
    return a.name < b.name
  end)
  return list
end

return annotations
