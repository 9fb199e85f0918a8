--- The fake API in another process, and certificates for it.
-- SPDX-License-Identifier: MIT

local socket = require "socket"
local cjson = require("cjson").new()
local ltn12 = require "ltn12"
local system = require "spec.support.system"

local START_TIME = 10 -- seconds until a process must be ready
local LIFE = 600      -- seconds after which a process ends by itself

local process = {}

--- Quotes a word for the shell.
---@param word string|number
---@return string
local function quote(word)
  return "'" .. tostring(word):gsub("'", "'\\''") .. "'"
end

--- Runs a command. Raises if it fails.
---@param command string
local function run(command)
  local result = os.execute(command)
  if result ~= true and result ~= 0 then -- true since Lua 5.2, the exit status before
    error("failed: " .. command, 0)
  end
end

local read, write = system.read_if_there, system.write

--- Makes a private folder.
---@return string path
---@return fun() remove removes it and its contents
local function temporary_folder()
  local path = system.lines("mktemp -d")[1]
  assert(path and path:sub(1, 1) == "/", "mktemp made no folder")
  return path, function() run("rm -rf " .. quote(path)) end
end

process.folder, process.quote = temporary_folder, quote

--- The interpreter that runs this spec: the fake runs on the same Lua.
---@return string command
function process.interpreter()
  local named = os.getenv "SERANKING_TEST_LUA"
  if named and named ~= "" then
    return named
  end
  local arguments, index = rawget(_G, "arg") or {}, 0
  while arguments[index - 1] do
    index = index - 1
  end
  return assert(arguments[index], "which Lua runs this? Set SERANKING_TEST_LUA")
end

--- The factor by which valgrind or a sanitizer may slow down the program.
---@return number
function process.patience()
  local preloaded = os.getenv "LD_PRELOAD" or ""
  return preloaded:find "vgpreload" and 40 or preloaded:find "asan" and 5 or 1
end

-- HTTP to the administration paths -----------------------------------------------------------------------------------

--- Sends one request; raises unless the answer is a 2xx.
---@param fake table
---@param method string
---@param path string
---@param body string?
---@return string body
local function call(fake, method, path, body)
  local parts = {}
  local request = {
    method = method,
    url = fake.url .. path,
    headers = { ["content-type"] = "application/json", ["content-length"] = tostring(#(body or "")) },
    source = ltn12.source.string(body or ""),
    sink = ltn12.sink.table(parts),
  }
  local http
  if fake.tls then
    http = require "ssl.https"
    request.verify, request.cafile = fake.tls.ca and "peer" or "none", fake.tls.ca
  else
    http = require "socket.http"
  end
  local done, status = http.request(request)
  local text = table.concat(parts)
  if not done or status < 200 or status > 299 then
    error(("%s %s: %s %s"):format(method, path, tostring(status), text), 3)
  end
  return text
end

-- The fake process ---------------------------------------------------------------------------------------------------

---@class spec.FakeOptions
---@field port integer?
---@field limit integer? requests per window
---@field visible_limit integer? the same for SE Visible
---@field per number? seconds of a window
---@field tokens string[]? accepted keys; default: the handler's own
---@field regions integer?
---@field rows integer? of lists of the Data API
---@field units integer? credits of the Data API
---@field tls { certificate: string, key: string, ca: string? }? files, as process.certificates() returns them
---@field demo boolean? start with the demo account
---@field life number? seconds after which it ends by itself
---@field logged boolean? log requests on stderr, which stop() returns

--- A fake API that runs in another process. Its functions take no self.
---@class spec.Fake
---@field url string
---@field port integer
---@field tls table? from the options

--- The command line of the server, without its redirections.
---@param options spec.FakeOptions
---@param port_file string
---@return string
local function command_line(options, port_file)
  local words = {
    process.interpreter(), "bin/seranking", "fake", "--stop-with-stdin",
    "--port-file", port_file, "--for", options.life or LIFE,
  }
  local function add(name, value)
    if value ~= nil then
      words[#words + 1] = name
      words[#words + 1] = value
    end
  end
  add("--port", options.port)
  add("--limit", options.limit)
  add("--visible-limit", options.visible_limit)
  add("--per", options.per)
  add("--regions", options.regions)
  add("--rows", options.rows)
  add("--units", options.units)
  for _, token in ipairs(options.tokens or {}) do
    add("--token", token)
  end
  if options.tls then
    add("--tls-cert", options.tls.certificate)
    add("--tls-key", options.tls.key)
  end
  if options.demo then
    words[#words + 1] = "--demo"
  end
  if not options.logged then
    words[#words + 1] = "--quiet"
  end
  for index, word in ipairs(words) do
    words[index] = quote(word)
  end
  return table.concat(words, " ")
end

--- Waits until the server has written its URL. Raises with its output if it ends first or takes too long.
---@param folder string
---@return string url
local function wait_for_url(folder)
  local deadline = socket.gettime() + START_TIME
  while true do
    local url = (read(folder .. "/url") or ""):match "^(%S+)\n"
    if url then
      return url
    end
    local ended = read(folder .. "/ended")
    if ended or socket.gettime() > deadline then
      error(("the fake API %s: %s"):format(ended and "ended" or "did not start", read(folder .. "/stderr") or ""), 0)
    end
    socket.sleep(0.005)
  end
end

--- Starts `seranking fake` and waits until it accepts requests. It ends with stop(), with this process, or after
--- `life` seconds, whichever comes first. Run from the top of the repository, with the LUA_PATH of the specs.
---
--- The child inherits this process's open sockets, since luasocket's are not close-on-exec. They then stay open when this
--- process closes them: if that matters, start the fake first.
---@param options spec.FakeOptions?
---@return spec.Fake
function process.fake(options)
  options = options or {}
  local folder, remove = temporary_folder()
  local pipe = assert(io.popen(("%s >/dev/null 2>%s; echo $? >%s"):format(
    command_line(options, folder .. "/url"), quote(folder .. "/stderr"), quote(folder .. "/ended")), "w"))

  local running, url = pcall(wait_for_url, folder)
  if not running then
    pipe:close()
    remove()
    error(url, 2)
  end
  local fake = { url = url, port = tonumber(url:match ":(%d+)$"), tls = options.tls }

  --- Queues a fault, like the handler's `fail`.
  ---@param fault table
  function fake.fail(fault)
    call(fake, "POST", "/_fake/fail", cjson.encode(fault))
  end

  --- The requests since the start or the last reset.
  ---@return table[] records
  function fake.log()
    return cjson.decode(call(fake, "GET", "/_fake/log"))
  end

  --- Forgets all requests and queued faults, and resets the API's data.
  function fake.reset()
    call(fake, "POST", "/_fake/reset")
  end

  --- Stops the process and waits until it has ended. May be called again.
  ---@return integer? status the exit status
  ---@return string? errors its output on stderr
  function fake.stop()
    if pipe then
      pipe:close()
      pipe = nil
      local status, said = tonumber(read(folder .. "/ended") or ""), read(folder .. "/stderr")
      remove()
      return status, said
    end
  end

  return fake
end

-- Certificates -------------------------------------------------------------------------------------------------------

---@class spec.Certificates
---@field folder string
---@field ca string PEM file: the authority to trust
---@field certificate string for IP 127.0.0.1 and DNS localhost
---@field key string
---@field wrong { ca: string, certificate: string, key: string } by the same authority, for DNS wrong.invalid only
---@field stranger string PEM file: another authority, which signed neither
---@field remove fun() removes the files; process.certificates() makes new ones afterwards

local made

--- Makes an authority and two certificates signed by it, with the command openssl. They are made once: call remove() in a
--- teardown.
---@return spec.Certificates
function process.certificates()
  if made then
    return made
  end
  local folder, remove = temporary_folder()
  local function path(name)
    return folder .. "/" .. name
  end
  local function openssl(arguments)
    run(("cd %s && openssl %s >>openssl.log 2>&1"):format(quote(folder), arguments))
  end
  local function authority(name)
    openssl(("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj '/CN=%s of the specs'"
      .. " -addext keyUsage=critical,keyCertSign -keyout %s.key -out %s.pem"):format(name, name, name))
  end
  local function certificate(name, names)
    write(path(name .. ".ext"), "subjectAltName=" .. names .. "\nextendedKeyUsage=serverAuth\n")
    openssl(("req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj '/CN=%s of the specs'"
      .. " -keyout %s.key -out %s.csr"):format(name, name, name))
    openssl(("x509 -req -in %s.csr -CA authority.pem -CAkey authority.key -CAcreateserial -days 2"
      .. " -extfile %s.ext -out %s.pem"):format(name, name, name))
  end
  local ok, why = pcall(function()
    authority "authority"
    authority "stranger"
    certificate("right", "IP:127.0.0.1,DNS:localhost")
    certificate("wrong", "DNS:wrong.invalid")
  end)
  if not ok then
    local log = read(path "openssl.log")
    remove()
    error(("%s\n%s"):format(why, log or ""), 2)
  end
  made = {
    folder = folder,
    ca = path "authority.pem",
    certificate = path "right.pem",
    key = path "right.key",
    wrong = { ca = path "authority.pem", certificate = path "wrong.pem", key = path "wrong.key" },
    stranger = path "stranger.pem",
    remove = function()
      made = nil
      remove()
    end,
  }
  return made
end

return process
