--- nginx with its Lua module for specs, in its own folder and on free loopback ports; and an API server that runs in it.
-- SPDX-License-Identifier: MIT

local socket = require "socket"
local process = require "spec.support.process"
local system = require "spec.support.system"

local START_TIME = 10 -- seconds until it must be ready
local TRIES = 3       -- another process may take a free port first

local nginx = {}

local read, write = system.read_if_there, system.write

-- The output of a command, run without a preloaded sanitizer: curl hangs in it.
local function shell(command)
  return system.output("unset LD_PRELOAD; " .. command)
end

-- Distributions put the modules beside nginx's own, or build them in.
local function modules()
  local lines = {}
  for _, name in ipairs { "ndk_http_module", "ngx_http_lua_module" } do
    for _, folder in ipairs { "/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/local/lib/nginx/modules" } do
      local path = folder .. "/" .. name .. ".so"
      if read(path) then
        lines[#lines + 1] = "load_module " .. path .. ";"
        break
      end
    end
  end
  return table.concat(lines, "\n")
end

local function free_port()
  local probe = assert(socket.bind("127.0.0.1", 0))
  local _, port = probe:getsockname()
  probe:close()
  return port
end

nginx.free_port = free_port
nginx.read = read
nginx.shell = shell

--- A library to preload: lookups of names that end in .silent never return.
nginx.silent_dns = shell("pwd"):match "[^\n]+" .. "/build/silent_dns.so"

-- nginx runs LuaJIT, whichever Lua runs the specs.
local BUILD = os.getenv "SERANKING_NGINX_BUILD" or "build/jit"

-- A sanitizer's library, for a module built with it. `stop` raises its findings in nginx.
local SANITIZER = os.getenv "SERANKING_NGINX_SANITIZER"
if SANITIZER == "" then
  SANITIZER = nil
end

local function preload(library, folder, leaks)
  local list = {}
  list[#list + 1] = SANITIZER
  list[#list + 1] = library
  local text = list[1] and "LD_PRELOAD='" .. table.concat(list, ":") .. "'" or ""
  if SANITIZER then
    text = ("%s ASAN_OPTIONS='detect_leaks=%d:log_path=%s/shared/sanitizer' "
      .. "LSAN_OPTIONS='print_suppressions=0:suppressions=%s/spec/support/lsan_nginx.supp'"):format(
      text, leaks == false and 0 or 1, folder, shell("pwd"):match "[^\n]+")
  end
  return text
end

--- Whether nginx runs under a sanitizer, which changes memory and times.
nginx.sanitized = SANITIZER ~= nil

local MAIN = [[
%s
%s
pid %s/nginx.pid;
error_log %s/error.log info;
worker_processes %d;
events { worker_connections %d; }
http {
  access_log off;
  client_body_temp_path %s/body; proxy_temp_path %s/proxy; fastcgi_temp_path %s/fastcgi;
  uwsgi_temp_path %s/uwsgi; scgi_temp_path %s/scgi;
  lua_package_path "%s/lua/?.lua;%s/lua/?/init.lua;;";
  lua_package_cpath "%s/%s/?.so;;";
%s
}
]]

---@class spec.NginxOptions
---@field http string the contents of http { }; PORT, PORT2 and FOLDER are replaced
---@field main? string directives of the top level
---@field workers? integer
---@field connections? integer of each worker
---@field daemon? boolean
---@field environment? string variables for the shell: "TMPDIR=…"
---@field leaks? false don't report leaks, for tests that lose memory on purpose: handles that a fork leaves to the parent, or
--- a process that ends without closing its Lua, whose memory the sanitizer can't search
---@field preload? string a library for LD_PRELOAD
---@field folder? string where all files go; it is not removed afterwards

-- Starts nginx on free ports. Returns nil and what it said if it did not start.
local function launch(options, folder)
  local root = shell("pwd"):match "[^\n]+"
  local port, port2 = free_port(), free_port()
  local http = options.http:gsub("PORT2", port2):gsub("PORT", port):gsub("FOLDER", folder)
  local main = (options.main or ""):gsub("FOLDER", folder)
  if not options.daemon then
    main = "daemon off;\n" .. main
  end
  write(folder .. "/nginx.conf", MAIN:format(modules(), main, folder, folder, options.workers or 1,
    options.connections or 4096, folder, folder, folder, folder, folder, root, root, root, BUILD, http))
  local environment = (options.environment or "") .. " " .. preload(options.preload, folder, options.leaks)
  -- The shell stops nginx when its standard input ends, so it never outlives this process.
  local pipe = assert(io.popen(([[
    folder='%s'
    env %s nginx -p "$folder" -c "$folder/nginx.conf" -e "$folder/error.log" 2>"$folder/stderr" & pid=$!
    %s
    read -r _
    master=$(cat "$folder/nginx.pid" 2>/dev/null) || master=$pid
    kill -QUIT "$master" 2>/dev/null
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do kill -0 "$master" 2>/dev/null || break; sleep 0.1; done
    kill -TERM "$master" 2>/dev/null
    wait $pid; status=$?
    echo $status >"$folder/ended"
  ]]):format(folder, environment, options.daemon and "wait $pid; pid=" or ""), "w"))
  local deadline = socket.gettime() + START_TIME
  repeat
    -- nginx writes its process id once it listens: on a port that it could not take, another may accept.
    local probe = (read(folder .. "/nginx.pid") or ""):find "%d" and socket.connect("127.0.0.1", port)
    if probe then
      probe:close()
    elseif socket.gettime() > deadline or (read(folder .. "/stderr") or ""):find "emerg" then
      pipe:close()
      return nil, (read(folder .. "/stderr") or "") .. (read(folder .. "/error.log") or "")
    else
      socket.sleep(0.01)
    end
  until probe
  return pipe, port, port2
end

--- Starts nginx and waits until it accepts connections on PORT.
---@param options spec.NginxOptions
---@return table
function nginx.start(options)
  local folder = options.folder or shell("mktemp -d"):match "%S+"
  shell(("chmod 755 '%s'; mkdir -m 1777 '%s/shared'"):format(folder, folder)) -- for workers of another user
  local pipe, port, port2
  for _ = 1, TRIES do
    pipe, port, port2 = launch(options, folder)
    if pipe or not port:find "Address already in use" then
      break
    end
  end
  if not pipe then
    error("nginx does not start: " .. port, 2)
  end
  local server = { folder = folder, port = port, port2 = port2, url = "http://127.0.0.1:" .. port }

  --- The contents of the error log.
  function server.log()
    return read(folder .. "/error.log") or ""
  end

  local master

  --- The master's process id.
  function server.master()
    local patience = socket.gettime() + 10 -- it listens before it has written its process id
    while not master do
      master = tonumber((read(folder .. "/nginx.pid") or ""):match "%d+")
      assert(master or socket.gettime() < patience, "nginx has written no pid")
      if not master then
        socket.sleep(0.01)
      end
    end
    return master
  end

  --- The process ids of the workers.
  function server.workers()
    local list = {}
    for pid in shell(("cat /proc/%d/task/*/children 2>/dev/null"):format(server.master())):gmatch "%d+" do
      list[#list + 1] = tonumber(pid)
    end
    return list
  end

  -- The master listens before it has workers.
  local deadline = socket.gettime() + START_TIME
  while #server.workers() < (options.workers or 1) do
    assert(socket.gettime() < deadline, "nginx has no workers")
    socket.sleep(0.01)
  end

  function server.signal(name, pid)
    os.execute(("kill -%s %d"):format(name, pid or server.master()))
  end

  local socks = {} -- keeps them open: the collector would disconnect the client

  --- Opens a connection and sends a request, whose status and body `receive` returns later.
  function server.send(path, other_port)
    local sock = assert(socket.connect("127.0.0.1", other_port or port))
    socks[#socks + 1] = sock
    sock:settimeout(30)
    assert(sock:send("GET " .. path .. " HTTP/1.0\r\nHost: localhost\r\n\r\n"))
    return sock
  end

  --- Reads a connection's answer to its end.
  ---@return integer? status, string body or error
  function server.receive(sock)
    local answer, why, partial = sock:receive "*a"
    sock:close()
    answer = answer or partial or ""
    local status, body = answer:match "^HTTP/1%.%d (%d+)[^\r]*\r\n.-\r\n\r\n(.*)$"
    return tonumber(status), body or tostring(why)
  end

  --- Sends a request and returns the status and body of its answer.
  function server.get(path, other_port)
    return server.receive(server.send(path, other_port))
  end

  --- Stops nginx.
  ---@return integer? status of the master
  function server.stop()
    if pipe then
      pipe:close()
      pipe = nil
      server.errors = server.log()
      local status = tonumber(read(folder .. "/ended") or "")
      local found = shell(("cat '%s'/shared/sanitizer* 2>/dev/null"):format(folder))
      if not options.folder then
        shell("rm -rf '" .. folder .. "'")
      end
      if found ~= "" then
        error(found, 2)
      end
      return status
    end
  end

  return server
end

--- An API server that answers each request with JSON that holds its path; given certificates, on TLS as well. ?wait=0.2 delays
--- the answer by 0.2 s; ?meet=NAME&of=8 until eight requests with this name have arrived. ?rows=20000: a list of so many rows.
---@param certificates? spec.Certificates
function nginx.api(certificates)
  local server = nginx.start {
    http = [[
      keepalive_requests 100000;
      lua_check_client_abort on;
      lua_shared_dict meetings 1m;
      server {
        listen 127.0.0.1:PORT backlog=4096;
        ]] .. (certificates and ("listen 127.0.0.1:PORT2 ssl; ssl_certificate %s; ssl_certificate_key %s;"):format(
          certificates.certificate, certificates.key) or "") .. [[
        location / {
          content_by_lua_block {
            local wait = tonumber(ngx.var.arg_wait)
            if wait then
              ngx.sleep(wait)
            end
            local meeting, of = ngx.var.arg_meet, tonumber(ngx.var.arg_of)
            if meeting then
              ngx.shared.meetings:incr(meeting, 1, 0)
              while ngx.shared.meetings:get(meeting) < of do
                ngx.sleep(0.005)
              end
            end
            ngx.header.content_type = "application/json"
            local rows = {}
            for i = 1, tonumber(ngx.var.arg_rows) or 0 do
              rows[i] = ('{"id":%d,"name":"row %d of a large answer"}'):format(i, i)
            end
            ngx.print(rows[1] and "[" .. table.concat(rows, ",") .. "]" or '{"path":"' .. ngx.var.uri .. '"}')
          }
        }
      }
    ]],
  }
  server.tls_url = "https://127.0.0.1:" .. server.port2
  return server
end

--- Whether nginx and its Lua module are installed.
function nginx.available()
  return shell("command -v nginx"):find "nginx" ~= nil and modules():find "ngx_http_lua" ~= nil
    and read(BUILD .. "/lseranking.so") ~= nil
end

--- process.certificates() in a folder that workers of another user can read.
---@return spec.Certificates
function nginx.certificates()
  local certificates = process.certificates()
  shell(("chmod 755 '%s'"):format(certificates.folder))
  return certificates
end

return nginx
