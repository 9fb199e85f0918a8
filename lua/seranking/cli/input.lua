--- Files that flags name, "-" for stdin.
-- SPDX-License-Identifier: MIT

local exit = require "seranking.cli.exit"

local input = {}

--- The bytes of a file.
---@param path string
---@return string? text, string? problem with the path in it
function input.file(path)
  local file, problem = io.open(path, "rb")
  if not file then
    return nil, problem
  end
  local text, reason = file:read "*a" -- nil for a directory
  file:close()
  return text, not text and path .. ": " .. tostring(reason) or nil
end

--- The bytes of a file or of stdin. Ends the command if they can't be read.
---@param context seranking.cli.Context
---@param flag string that names it, for the message
---@param path string
---@return string
function input.read(context, flag, path)
  if path == "-" then
    return context.terminal.stdin:read "*a" or ""
  end
  local text, problem = input.file(path)
  return text or context:fail(exit.USAGE, flag .. ": " .. problem)
end

return input
