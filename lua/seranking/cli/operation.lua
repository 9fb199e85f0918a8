--- An operation of the API as a command.
-- SPDX-License-Identifier: MIT

local flags = require "seranking.cli.flags"

local operation = {}

-- The client's operation of a full name.
local function of_client(client, name)
  local found = client
  for part in name:gmatch "[^.]+" do
    found = found[part]
  end
  return found
end

--- The command of an operation.
---@param found seranking.cli.Found
---@return seranking.cli.Command
function operation.command(found)
  return {
    about = found.description.about,
    define = function(parser)
      flags.add_output(parser)
    end,
    run = function(context)
      local answer = of_client(context:client(), found.name)()
      context.terminal.stdout:write(require("seranking").encode(answer), "\n")
    end,
  }
end

return operation
