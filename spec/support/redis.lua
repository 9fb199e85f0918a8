--- A Redis server of the specs' own, on a unix socket.
-- SPDX-License-Identifier: MIT

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

--- Starts a server, and waits until it answers. It ends with stop(), or with this process, which takes the folder with it.
---@param folder string where its socket is made
---@return table server address: for the option `limiter`; pid; cli(command): what redis-cli prints; stop()
function redis.start(folder)
  local server, deadline = { address = "unix:" .. folder .. "/s" }, os.time() + START_TIME
  local pipe = assert(io.popen(([[
    exec 2>/dev/null; trap '' HUP INT TERM; unset LD_PRELOAD; cd '%s' || exit
    sh -c 'echo $$ >pid; exec "$@"' - redis-server --port 0 --unixsocket '%s/s' --dir . --save '' --logfile log \
      >/dev/null </dev/null & pid=$!
    read -r stopped
    kill -KILL $pid; wait $pid
    [ "$stopped" ] || rm -rf '%s'
  ]]):format(folder, folder, folder), "w"))

  function server.cli(command)
    return shell(("redis-cli -s '%s/s' %s 2>&1"):format(folder, command))
  end

  --- Kills it. May be called again.
  function server.stop()
    if pipe then
      pipe:write "stop\n"
      pipe:close()
      pipe, server.pid = nil, nil
    end
  end

  while server.cli "PING" ~= "PONG" do
    if os.time() >= deadline then
      server.stop()
      error "redis-server did not start"
    end
  end
  server.pid = tonumber((system.read(folder .. "/pid")))
  return server
end

return redis
