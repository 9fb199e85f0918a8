--- Servers of others for specs: a program in its own folder, on a free port of this machine.
-- SPDX-License-Identifier: MIT

local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local socket = require "socket"
local system = require "spec.support.system"

local START_TIME = 30 -- seconds until it must accept connections
local TRIES = 3       -- another process may take a free port first

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

-- Whether the program in a folder, or a child of it, listens on a port that another process may have taken. True without
-- Linux's /proc.
local function listens(folder, port)
  return system.output(([[
    exec 2>/dev/null
    [ -e /proc/net/tcp ] || echo yes
    read -r pid <'%s/pid' || exit
    fds=/proc/$pid/fd
    for child in $(cat /proc/$pid/task/*/children); do fds="$fds /proc/$child/fd"; done
    for inode in $(awk '$2 ~ /:%04X$/ && $4 == "0A" { print $10 }' /proc/net/tcp*); do
      ls -l $fds | grep -F "socket:[$inode]"
    done]]):format(folder, port)) ~= ""
end

-- Starts a program on a port. Returns nil and what it said if it ended, or did not accept connections in time.
local function start(command, files, port)
  local folder = process.folder()
  local function filled(text)
    return (text:gsub("PORT", port):gsub("FOLDER", folder))
  end
  system.output(("chmod 777 '%s'"):format(folder)) -- for programs that change their user
  for name, text in pairs(files or {}) do
    system.write(folder .. "/" .. name, filled(text))
  end
  local pipe = assert(io.popen(([[
    exec 2>/dev/null 3<&0; unset LD_PRELOAD; PATH=$PATH:/usr/sbin; cd '%s' || exit
    HOME='%s' %s >output 2>&1 </dev/null 3<&- & pid=$!
    echo $pid >pid
    {
      read -r _ <&3
      [ ! -e ended ] || exit
      kill -TERM $pid
      for _ in 1 2 3 4 5 6; do kill -0 $pid || exit; sleep 0.05; done
      kill -KILL $pid
    } &
    wait $pid
    : >ended
    wait
    rm -rf '%s'
  ]]):format(folder, folder, filled(command), folder), "w"))
  local server = { folder = folder, port = port, url = "http://127.0.0.1:" .. port }

  function server.stop()
    if pipe then
      pipe:close()
      pipe = nil
    end
  end

  local deadline = socket.gettime() + START_TIME
  while true do
    local probe = listens(folder, port) and socket.connect("127.0.0.1", port)
    if probe then
      probe:close()
    end
    if system.read_if_there(folder .. "/ended") or socket.gettime() > deadline then
      local said = system.read_if_there(folder .. "/output") or ""
      server.stop()
      return nil, said
    elseif probe then
      return server
    end
    socket.sleep(0.02)
  end
end

--- Starts a program and waits until it accepts connections. It ends with stop(), or with this process.
---@param command string for the shell, in its folder; PORT and FOLDER are replaced
---@param files table<string, string>? contents by name, put into the folder; PORT and FOLDER are replaced
---@param options { port: integer? }? default: a free port
---@return spec.Daemon
function daemon.start(command, files, options)
  local port, said = options and options.port, nil
  for _ = 1, port and 1 or TRIES do
    local server
    server, said = start(command, files, port or nginx.free_port())
    if server then
      return server
    end
  end
  error(command .. " does not start: " .. said, 2)
end

return daemon
