--- Clients whose limit is a file in the test's own folder.
-- SPDX-License-Identifier: MIT

local posix = require "posix_for_specs"
local process = require "support.process"
local scene = require "support.scene"
local system = require "support.system"

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

-- A client of the fake whose limit is in this test's folder, where other processes with the same key would share it.
function limits.shared(given)
  local options = { state_dir = limits.folder, share = "user" }
  for name, value in pairs(given or {}) do
    options[name] = value
  end
  return scene.new(options)
end

-- A second client, as in another process: on the same clock and fake.
function limits.another(api, clock, given)
  local options = { transport = api, clock = clock }
  for name, value in pairs(given or {}) do
    options[name] = value
  end
  return (limits.shared(options))
end

function limits.files()
  return system.lines("ls -1A '" .. limits.folder .. "'")
end

--- Runs a function in a child process. Returns true if it returned.
---@param fn fun()
function limits.in_child(fn)
  local pid = posix.fork()
  if pid == 0 then
    local fine, problem = pcall(fn)
    if not fine then
      io.stderr:write(tostring(problem), "\n")
    end
    posix.kill(posix.pid(), fine and 9 or 15) -- not os.exit: busted would end as if it had run
  end
  local how, signal = posix.wait(pid)
  return how == "signal" and signal == 9
end

return limits
