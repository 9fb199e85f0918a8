--- A terminal of strings for the command, and the command run with it against the fake API.
-- SPDX-License-Identifier: MIT

local main = require "seranking.cli.main"
local scene = require "support.scene"

local terminal = {}

-- A stream that collects what is written.
local function sink()
  local parts = {}
  return {
    write = function(self, ...)
      for i = 1, select("#", ...) do
        parts[#parts + 1] = tostring((select(i, ...)))
      end
      return self
    end,
    flush = function(self) return self end,
    text = function() return table.concat(parts) end,
  }
end

-- A stream of a text.
local function source(text)
  local at = 1
  local stream = {}
  function stream.read(_, what)
    if tostring(what):find "a" then
      local rest = text:sub(at)
      at = #text + 1
      return rest
    elseif at > #text then
      return nil
    end
    local line, last = text:match("([^\n]*)()", at)
    at = last + 1
    return line
  end
  function stream.lines()
    return function() return stream:read "l" end
  end
  return stream
end

--- Makes a terminal. Options: stdin = text, environment = { NAME = value }, terminals = { stdout = true … }, width, unicode,
--- colour, now, secret = the answer to read_secret; on_interrupt and interrupted as in seranking.cli.Terminal.
---@param given? table
---@return seranking.cli.Terminal
function terminal.new(given)
  given = given or {}
  local environment, terminals = given.environment or {}, given.terminals or {}
  return {
    stdin = given.stdin_stream or source(given.stdin or ""), stdout = given.stdout or sink(), stderr = given.stderr or sink(),
    getenv = function(name) return environment[name] end,
    is_terminal = function(name) return terminals[name] or false end,
    width = function() return given.width or 80 end,
    colour = function() return given.colour or false end,
    unicode = given.unicode ~= false,
    now = function() return given.now or 1757505600 end, -- 2025-09-10 12:00 UTC
    read_secret = function() return given.secret end,
    on_interrupt = given.on_interrupt or function() end,
    interrupted = given.interrupted or function() return 0 end,
  }
end

--- Runs the command in this process. `client`: options of its client, such as transport and clock.
---@param arguments string[]
---@param given? table as for terminal.new, and client = options of the client
---@return integer status, string stdout, string stderr
function terminal.run(arguments, given)
  local made = terminal.new(given)
  local status = main.run(arguments, made, given and given.client)
  return status, made.stdout.text and made.stdout.text(), made.stderr.text and made.stderr.text()
end

--- Options of a client of a fake in this process, for terminal.run, and that fake and its clock.
---@param given? table as for scene.new
---@return table options, table api, userdata clock
function terminal.fake(given)
  local _, api, clock = scene.new(given)
  local v1 = given and given.api == "v1"
  return { transport = api, clock = clock, token = v1 and scene.V1_KEY or scene.V4_KEY, api = given and given.api,
    data_token = scene.V1_KEY }, api, clock
end

--- 2026-11-30 12:00 UTC: the command's time on a demo account.
terminal.NOON = 1796040000

--- Runs a command on the demo account of 30 November 2026, or on another fake.
---@param command string
---@param words string[] its arguments
---@param given? { api: string?, fake: table?, prepare: fun(api: table)? } and the fields of terminal.run
---@return integer status, string stdout, string stderr, table api the fake
function terminal.demo(command, words, given)
  given = given or {}
  local client, api = terminal.fake { api = given.api, fake = given.fake or { demo = true, today = "2026-11-30" } }
  given.client, given.now, given.api, given.fake = client, terminal.NOON, nil, nil
  if given.prepare then
    given.prepare(api)
  end
  local line = { command }
  for _, word in ipairs(words) do
    line[#line + 1] = word
  end
  local status, out, err = terminal.run(line, given)
  return status, out, err, api
end

return terminal
