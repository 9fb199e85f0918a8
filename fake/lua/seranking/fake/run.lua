--- Runs a program against a fake API that lives as long as the program: `seranking fake run`.
-- SPDX-License-Identifier: MIT
--
-- The program runs in the foreground, with this process's terminal and folder. The server is another child. It ends when its
-- standard input does, whose other end this process holds: it can't outlive it, however it ends. The server is in a session of
-- its own, so Ctrl-C reaches the program alone, which may still make calls.

local socket = require "socket"

local run = {}

local PATIENCE = 30 -- seconds that the server may take to start

local function quote(word)
  return "'" .. word:gsub("'", "'\\''") .. "'"
end

local function quoted(words)
  local list = {}
  for i, word in ipairs(words) do
    list[i] = quote(word)
  end
  return table.concat(list, " ")
end

local function read(path)
  local file = io.open(path)
  local text = file and file:read "*a"
  if file then
    file:close()
  end
  return text
end

--- Makes a folder that nobody else can write to.
local function temporary_folder()
  local pipe = assert(io.popen("mktemp -d 2>/dev/null", "r"))
  local folder = pipe:read "*l"
  pipe:close()
  return folder and folder ~= "" and folder or nil, "no temporary folder could be made"
end

--- The exit status that a shell would report. Before Lua 5.2 os.execute returns the status of wait().
local function exit_status(result, how, code)
  if type(result) == "number" then
    local signal = result % 256
    return signal == 0 and math.floor(result / 256) or 128 + signal % 128
  end
  return how == "signal" and 128 + code or code
end

-- A shell's words before a command that the terminal's signals must not reach: nothing where there is no setsid.
local APART = "$(command -v setsid) "

--- Starts the server. Its shell waits for the end of this process too. If a program is still running then, by its number in
--- the file `pid`, this process was killed, and the program is ended.
local function start_server(words, folder)
  local pid = quote(folder .. "/pid")
  local script = "trap '' INT HUP TERM; " .. APART .. "%s >/dev/null; : >%s; while read -r _; do :; done; "
    .. '[ ! -s %s ] || kill "$(cat %s)"; rm -rf %s'
  return io.popen(script:format(quoted(words), quote(folder .. "/ended"), pid, pid, quote(folder)), "w")
end

--- Waits until the server takes requests.
local function wait_for_url(folder)
  local deadline = socket.gettime() + PATIENCE
  while socket.gettime() < deadline and not read(folder .. "/ended") do
    local url = (read(folder .. "/url") or ""):match "^(%S+)\n"
    if url then
      return url
    end
    socket.sleep(0.01)
  end
  return nil, "the fake API did not start"
end

---@class seranking.fake.RunOptions
---@field interpreter string
---@field command string path of the command seranking
---@field server string[] options of the server
---@field program string[] the script and its arguments
---@field environment table<string, string> besides SERANKING_BASE_URL

--- Runs a program against a server of its own.
---@param options seranking.fake.RunOptions
---@return integer? status the program's exit status; 128 and more: it was ended by that signal
---@return string? message why it could not be run
function run.program(options)
  local folder, why = temporary_folder()
  if not folder then
    return nil, why
  end
  local words = { options.interpreter, options.command, "fake", "--stop-with-stdin", "--quiet", "--port-file",
    folder .. "/url" }
  for _, word in ipairs(options.server) do
    words[#words + 1] = word
  end
  local server = assert(start_server(words, folder))
  local url
  url, why = wait_for_url(folder)
  local status
  if url then
    -- Neither the program nor the shell around it must hold the end of the server's standard input, which has one of the first
    -- free numbers. The shell outlives Ctrl-C to tell that it came: a Lua script that it ends says 1.
    local around = "exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-; trap 'interrupted=1' INT; sh -c %s; status=$?; "
      .. '[ "$interrupted" ] && [ $status -ne 0 ] && exit 130; exit $status'
    local line = { ("echo $$ >%s; exec env SERANKING_BASE_URL=%s"):format(quote(folder .. "/pid"), quote(url)) }
    for name, value in pairs(options.environment) do
      line[#line + 1] = name .. "=" .. quote(value)
    end
    line[#line + 1] = quote(options.interpreter)
    line[#line + 1] = quoted(options.program)
    status = exit_status(os.execute(around:format(quote(table.concat(line, " ")))))
    os.remove(folder .. "/pid")
  end
  server:close()
  return status, why
end

return run
