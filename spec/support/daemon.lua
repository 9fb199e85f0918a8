--- Servers of others for specs: a program in its own folder, on a free port of this machine.
-- SPDX-License-Identifier: MIT

local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local socket = require "socket"
local system = require "spec.support.system"

local START_TIME = 30 -- seconds until it must accept connections

local daemon = {}

--- Whether all these programs are installed.
---@param ... string
function daemon.installed(...)
  for _, name in ipairs { ... } do
    if not system.output(("PATH=$PATH:/usr/sbin; command -v %s"):format(name)):find "%S" then
      return false
    end
  end
  return true
end

--- Whether Debian's python3 has this module.
---@param module string
function daemon.importable(module)
  local said = system.output(("unset LD_PRELOAD; /usr/bin/python3 -c 'import %s' 2>&1 && echo yes"):format(module))
  return said:find "yes\n$" ~= nil
end

---@class spec.Daemon
---@field folder string
---@field port integer
---@field url string
---@field stop fun()

--- Starts a program and waits until it accepts connections. It ends with stop(), or with this process.
---@param command string for the shell, in its folder; PORT and FOLDER are replaced
---@param files table<string, string>? contents by name, put into the folder; PORT and FOLDER are replaced
---@param options { port: integer? }? default: a free port
---@return spec.Daemon
function daemon.start(command, files, options)
  local folder, remove = process.folder()
  local port = options and options.port or nginx.free_port()
  local function filled(text)
    return (text:gsub("PORT", port):gsub("FOLDER", folder))
  end
  system.output(("chmod 777 '%s'"):format(folder)) -- for programs that change their user
  for name, text in pairs(files or {}) do
    system.write(folder .. "/" .. name, filled(text))
  end
  local pipe = assert(io.popen(([[
    exec 2>/dev/null; unset LD_PRELOAD; PATH=$PATH:/usr/sbin; cd '%s' || exit
    HOME='%s' %s >output 2>&1 </dev/null & pid=$!
    read -r _
    kill -TERM $pid 2>/dev/null
    for _ in 1 2 3 4 5 6; do kill -0 $pid 2>/dev/null || break; sleep 0.05; done
    kill -KILL $pid 2>/dev/null
    wait $pid
  ]]):format(folder, folder, filled(command)), "w"))
  local server = { folder = folder, port = port, url = "http://127.0.0.1:" .. port }

  function server.stop()
    if pipe then
      pipe:close()
      pipe = nil
      remove()
    end
  end

  local deadline = socket.gettime() + START_TIME
  while true do
    local probe = socket.connect("127.0.0.1", port)
    if probe then
      probe:close()
      return server
    elseif socket.gettime() > deadline then
      local said = system.read_if_there(folder .. "/output") or ""
      server.stop()
      error(command .. " does not start: " .. said, 2)
    end
    socket.sleep(0.02)
  end
end

return daemon
