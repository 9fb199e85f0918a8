--- `seranking logout`: forgets the keys that `login` keeps.
-- SPDX-License-Identifier: MIT

local exit = require "seranking.cli.exit"
local lazy = require "seranking.base.lazy"

local config, keys = lazy "seranking.cli.config", lazy "seranking.cli.keys"

local logout = { about = "Forget the keys of a profile, in the file and in the keyring. The API still takes them: revoke a key "
  .. "in the account." }

function logout.define() end

function logout.run(context)
  local name = keys.profile(context)
  local contents, path = config.read(context)
  local profile = contents.profiles[name]
  if not profile then
    context:fail(exit.INVALID, keys.unknown(contents, path, name))
  end
  for _, field in ipairs(keys.fields()) do
    if profile.keyring and profile.keyring[field] then
      local done, problem = require("seranking.cli.keyring").clear(name, field)
      if not done then
        context:fail(exit.OTHER, problem .. ": nothing is changed")
      end
    end
  end
  config.change(context, function(changed)
    changed.profiles[name] = nil
  end)
  context.terminal.stdout:write(("profile '%s' is removed from %s\n"):format(name, path))
end

return logout
