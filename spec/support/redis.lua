--- A Redis server of the specs' own, on a unix socket.
-- SPDX-License-Identifier: MIT

local posix = require "posix_for_specs"
local system = require "support.system"

local START_TIME = 10 -- seconds until it must be ready

-- What is preloaded (a sanitizer, failing allocations) is for this process alone.
local function shell(command)
  return (system.output("unset LD_PRELOAD; " .. command):gsub("%s+$", ""))
end

local redis = {
  --- Whether the limiter on Redis was built, and there is a server.
  available = pcall(require, "lseranking_redis") and shell "command -v redis-server" ~= "",
}

--- Starts a server, and waits until it answers.
---@param folder string where its socket is made
---@return table server address: for the option `limiter`; pid; cli(command): what redis-cli prints; stop()
function redis.start(folder)
  local server, deadline = { address = "unix:" .. folder .. "/s" }, os.time() + START_TIME

  function server.cli(command)
    return shell(("redis-cli -s '%s/s' %s 2>&1"):format(folder, command))
  end

  --- Kills it. May be called again.
  function server.stop()
    if server.pid then
      posix.kill(server.pid, 9)
      server.pid = nil
    end
  end

  shell(("redis-server --port 0 --unixsocket '%s/s' --dir '%s' --pidfile '%s/pid' --save '' --logfile log"
    .. " --daemonize yes"):format(folder, folder, folder))
  while server.cli "PING" ~= "PONG" do
    assert(os.time() < deadline, "redis-server did not start")
  end
  server.pid = tonumber(shell(("cat '%s/pid'"):format(folder)))
  return server
end

return redis
