--- Clients whose limit lies in a folder of the test's own.
-- SPDX-License-Identifier: MIT

local process = require "support.process"
local scene = require "support.scene"

local limits = {}

local remove_folder

--- For before_each: makes the folder.
function limits.begin()
  limits.folder, remove_folder = process.folder()
end

--- For after_each: removes the folder.
function limits.finish()
  remove_folder()
  collectgarbage()
  collectgarbage()
end

-- A client on the fake whose limit lies in this test's folder: what another process with the same key would share.
function limits.shared(given)
  local options = { state_dir = limits.folder, share = "user" }
  for name, value in pairs(given or {}) do
    options[name] = value
  end
  return scene.new(options)
end

-- A second client as another process would have it: on the same clock and wire.
function limits.another(api, clock, given)
  local options = { transport = api, clock = clock }
  for name, value in pairs(given or {}) do
    options[name] = value
  end
  return (limits.shared(options))
end

function limits.files()
  local pipe = assert(io.popen("ls -1A '" .. limits.folder .. "'"))
  local names = {}
  for name in pipe:lines() do
    names[#names + 1] = name
  end
  pipe:close()
  return names
end

return limits
