--- `seranking fake`: the fake API, which is a rock of its own.
-- SPDX-License-Identifier: MIT

local exit = require "seranking.cli.exit"

local fake = {
  about = "Serve a fake of the API on this machine, or run a Lua script against one: seranking fake run SCRIPT",
  takes_words = true,
}

-- The fake's own part; nil if it is not installed.
local function installed()
  local found, command = pcall(require, "seranking.fake.command")
  if found then
    return command
  elseif not tostring(command):find("module 'seranking.fake.command' not found", 1, true) then
    error(command, 0)
  end
end

--- The parsers of `fake` and of `fake run`; nothing if the fake is not installed.
---@return table? server, table? run
function fake.parsers()
  local command = installed()
  if command then
    return command.parser(), command.run_parser()
  end
end

function fake.run(context, words)
  local command = installed()
  if not command then
    context:fail(exit.OTHER, "the fake API is not installed: `luarocks install seranking-fake`, or `make install-fake` in a "
      .. "clone")
  end
  return command.main(words)
end

return fake
