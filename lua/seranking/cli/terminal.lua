--- What the command knows of the world around it: its streams, the environment, the terminal, the time.
-- SPDX-License-Identifier: MIT

local lazy = require "seranking.base.lazy"

local terminal = {}

---@class seranking.cli.Terminal
---@field stdin table read(format), lines()
---@field stdout table write(text) → true | nil, message; flush()
---@field stderr table
---@field begin? fun() from now on, writing to a closed pipe fails and does not kill
---@field getenv fun(name: string): string?
---@field is_terminal fun(name: "stdin"|"stdout"|"stderr"): boolean
---@field width fun(): integer columns, 80 if unknown; COLUMNS wins
---@field colour fun(name: "stdout"|"stderr"): boolean
---@field unicode boolean the locale's character set is UTF-8
---@field now fun(): number seconds since 1970
---@field read_secret fun(prompt: string): string? without echo; nil where there is no terminal
---@field on_interrupt fun(wanted: boolean) true: from now on Ctrl-C, SIGTERM and SIGHUP end nothing, but are counted
---@field interrupted fun(): integer how often they came since on_interrupt(true)

local DESCRIPTORS = { stdin = 0, stdout = 1, stderr = 2 }
local USUAL_WIDTH = 80

local function variable(getenv, name)
  local value = getenv(name)
  return value ~= "" and value or nil
end

--- Whether a stream gets colours.
---@param getenv fun(name: string): string?
---@param is_terminal boolean
---@return boolean
function terminal.wants_colour(getenv, is_terminal)
  if variable(getenv, "NO_COLOR") then
    return false
  elseif (variable(getenv, "CLICOLOR_FORCE") or "0") ~= "0" then
    return true
  end
  return is_terminal and getenv "TERM" ~= "dumb"
end

--- Whether the locale's character set is UTF-8.
---@param getenv fun(name: string): string?
---@return boolean
function terminal.is_unicode(getenv)
  local locale = variable(getenv, "LC_ALL") or variable(getenv, "LC_CTYPE") or variable(getenv, "LANG") or ""
  return locale:lower():find "utf%-?8" ~= nil
end

-- The width of the terminal on stdout, or else on stderr.
local function measured_width(uv)
  for _, name in ipairs { "stdout", "stderr" } do
    if uv.guess_handle(DESCRIPTORS[name]) == "tty" then
      local tty = uv.new_tty(DESCRIPTORS[name], false)
      local width = tty and tty:get_winsize()
      if tty then
        uv.stream_set_blocking(tty, true) -- luv made it non-blocking; to Lua's streams, EAGAIN is a failure
        tty:close()
        uv.run "nowait"
      end
      if width and width > 0 then
        return width
      end
    end
  end
  return USUAL_WIDTH
end

-- Reads a line from the terminal without echo.
local function read_secret(uv, prompt)
  if uv.guess_handle(0) ~= "tty" then
    return nil
  end
  local silent = os.execute "stty -echo </dev/tty" -- before the prompt: who reads it may paste at once
  io.stderr:write(prompt)
  io.stderr:flush()
  local fine, line = pcall(io.read) -- Ctrl-C raises
  if silent == true or silent == 0 then
    os.execute "stty echo </dev/tty"
  end
  io.stderr:write "\n"
  if not fine then
    error(line, 0)
  end
  return line
end

local EBADF = 9 -- on Linux, macOS and the BSDs

-- Takes those of the three standard descriptors that are closed. Else a file or a connection would get such a number, messages
-- would be written into it, and libuv would end the process with an assertion. Writing to them fails, as if they were closed.
local function take_closed()
  local taken = {}
  for _, stream in ipairs { io.stdin, io.stdout, io.stderr } do
    if select(3, stream:seek()) == EBADF then
      taken[#taken + 1] = io.open("/dev/null", "r")
    end
  end
  return taken
end

--- Whether SIGHUP is ignored, as below nohup: then a closed terminal must not end the command.
---@param status string? /proc/self/status; nil: there is none, so nobody knows
---@return boolean
function terminal.ignores_hangup(status)
  local last = (status or ""):match "SigIgn:%s*%x*(%x)" -- SIGHUP is the lowest bit
  return last == nil or tonumber(last, 16) % 2 == 1
end

-- The signals that interrupt.
local function signals()
  local file = io.open "/proc/self/status"
  local status = file and file:read "*a"
  if file then
    file:close()
  end
  return terminal.ignores_hangup(status) and { "sigint", "sigterm" } or { "sigint", "sigterm", "sighup" }
end

-- Watches for signals. libuv's handlers only count, and `interrupted` reads.
local function signal_watch(uv)
  local handles, count, names = {}, 0, nil
  local function begin()
    count, names = 0, names or signals()
    for _, name in ipairs(names) do
      local handle = assert(uv.new_signal())
      handle:start(name, function() count = count + 1 end)
      handles[#handles + 1] = handle
    end
  end
  local function finish()
    for _, handle in ipairs(handles) do
      handle:close()
    end
    handles = {}
    uv.run "nowait"
  end
  return function(wanted)
    if wanted and not handles[1] then
      begin()
    elseif not wanted and handles[1] then
      finish()
    end
  end, function()
    if handles[1] then
      uv.run "nowait"
    end
    return count
  end
end

--- The process's own.
---@return seranking.cli.Terminal
function terminal.real()
  terminal.taken = take_closed()
  local uv = lazy "luv" -- its descriptors must not be there before `seranking fake run` starts its programs
  local closed_pipe
  local getenv = os.getenv
  local function is_terminal(name)
    return uv.guess_handle(DESCRIPTORS[name]) == "tty"
  end
  local on_interrupt, interrupted = signal_watch(uv)
  return {
    stdin = io.stdin, stdout = io.stdout, stderr = io.stderr, getenv = getenv,
    is_terminal = is_terminal,
    width = function()
      local columns = tonumber(getenv "COLUMNS")
      return columns and columns > 0 and math.floor(columns) or measured_width(uv)
    end,
    colour = function(name) return terminal.wants_colour(getenv, is_terminal(name)) end,
    unicode = terminal.is_unicode(getenv),
    now = os.time,
    read_secret = function(prompt) return read_secret(uv, prompt) end,
    on_interrupt = on_interrupt, interrupted = interrupted,
    begin = function()
      closed_pipe = closed_pipe or uv.new_signal() -- lives as long as the terminal
      closed_pipe:start("sigpipe", function() end)
      closed_pipe:unref()
    end,
  }
end

return terminal
