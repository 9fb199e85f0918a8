--- Writes a document to a file or stdout: the file is opened before the work begins, and has its name only if all went well.
-- SPDX-License-Identifier: MIT

local exit = require "seranking.cli.exit"
local files = require "seranking.cli.files"

--- Opens where a document goes, makes it, and writes it. Ends the command if it can't be written.
---@param context seranking.cli.Context
---@param path? string nil: stdout
---@param make fun(): string
local function written(context, path, make)
  if not path then
    local fine, problem = files.stdout(context.terminal.stdout):write(make())
    if not fine and problem ~= "closed" then
      context:fail(exit.OTHER, problem)
    end
    return
  end
  local file, problem = files.open(path)
  if not file then
    context:fail(exit.USAGE, problem)
  end
  local fine, text = pcall(make)
  if not fine then
    file:keep(false)
    error(text, 0)
  end
  fine, problem = file:write(text)
  if fine then
    fine, problem = file:finish()
  else
    file:keep(false)
  end
  if not fine then
    context:fail(exit.OTHER, problem)
  end
end

return written
