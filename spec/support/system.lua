--- Files and shell commands.
-- SPDX-License-Identifier: MIT

local system = {}

--- The bytes of a file; nil if it can't be opened.
---@param path string
---@return string? text
function system.read_if_there(path)
  local file = io.open(path, "rb")
  if file then
    local text = file:read "*a"
    file:close()
    return text
  end
end

--- The bytes of a file. Raises if it can't be opened.
---@param path string
---@return string text
function system.read(path)
  return assert(system.read_if_there(path), path .. " is missing")
end

--- Creates or replaces a file.
---@param path string
---@param text string
function system.write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

--- The output of a command.
---@param command string
---@return string
function system.output(command)
  local pipe = assert(io.popen(command, "r"))
  local text = pipe:read "*a"
  pipe:close()
  return text
end

--- The lines of a command's output.
---@param command string
---@return string[]
function system.lines(command)
  local list = {}
  for line in system.output(command):gmatch "[^\n]+" do
    list[#list + 1] = line
  end
  return list
end

return system
