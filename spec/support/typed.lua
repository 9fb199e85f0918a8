--- A command with a terminal of its own, by script(1), where a spec types.
-- SPDX-License-Identifier: MIT

local process = require "spec.support.process"
local system = require "spec.support.system"

local typed = {}

local PATIENCE = 60 -- seconds for what is expected: more is a hang

local LAST = "(that is all)"

local Typed = {}
Typed.__index = Typed

--- All that the terminal showed so far, without bells and escapes.
---@return string
function Typed:seen()
  return ((system.read_if_there(self.file) or ""):gsub("\27%[[%d;?]*%a", ""):gsub("\a", ""))
end

--- Types a text, then waits until the terminal shows another, behind what it showed before.
---@param text string
---@param expected string
function Typed:type(text, expected)
  local from = #self:seen() + 1
  self.pipe:write(text)
  self:expect(expected, text == "" and 1 or from)
end

--- Waits until the terminal shows a text from a byte on.
---@param expected string
---@param from? integer
function Typed:expect(expected, from)
  local deadline = os.time() + self.patience
  while not self:seen():find(expected, from or 1, true) do
    if os.time() > deadline then
      error(("%q is not shown, but %q"):format(expected, self:seen()), 2)
    end
    system.output "sleep 0.05"
  end
end

--- Ends the input, waits for the end of the command, and returns all that was shown.
---@return string
function Typed:finish()
  self.pipe:close()
  return self:seen()
end

--- Starts a command.
---@param line string for the shell
---@param file string for what the terminal shows
---@param given? { patience: number?, echo: "auto"|"never"?, reader: string? } patience: seconds for what is expected; reader: a
--- command that takes what the terminal shows, at its own pace
---@return table
function typed.start(line, file, given)
  local patience = given and given.patience or PATIENCE
  os.remove(file)
  local pipe = assert(io.popen(("TERM=xterm timeout %d script -E %s -qefc %s %s %s"):format(3 * patience,
    given and given.echo or "auto", process.quote(line), process.quote(file),
    given and given.reader and "2>&1 | " .. given.reader or ">/dev/null 2>&1"), "w"))
  pipe:setvbuf "no"
  return setmetatable({ pipe = pipe, file = file, patience = patience }, Typed)
end

--- Runs a command in bash to its end, and returns the bytes that the terminal got. script(1) loses what a busy machine has not
--- passed on when the command ends, so the terminal stays open until all was seen.
---@param line string for bash
---@param file string for what the terminal shows
---@param given? { typed: string?, patience: number?, reader: string? } typed: what is typed ahead
---@return string
function typed.run(line, file, given)
  given = given or {}
  system.write(file .. ".line", ("%s\nprintf '\\n%s'\nread -r _"):format(line, LAST))
  local person = typed.start("bash " .. process.quote(file .. ".line"), file, { patience = given.patience, echo = "never",
    reader = given.reader })
  person.pipe:write(given.typed or "")
  person:expect(LAST)
  person.pipe:close()
  local text = system.read(file):gsub("^Script started[^\n]*\n", "")
  return text:sub(1, text:find("\r\n" .. LAST, 1, true) - 1)
end

return typed
