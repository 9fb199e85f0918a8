--- A line on stderr that tells how far a walk or a wait is: erased at the end.
-- SPDX-License-Identifier: MIT

local money = require "seranking.cli.money"
local text_width = require "seranking.cli.text_width"

local progress = {}

local format, floor, min, max = string.format, math.floor, math.min, math.max

local DELAY = 1       -- seconds without progress: what is quick needs none
local PAUSE = 0.1     -- seconds between two looks
local LONGEST_BAR = 30
local SHORTEST_BAR = 5

local ERASE = "\r\27[K"

--- 45 s, 3 min 20 s, 1 h 5 min.
---@param seconds number
---@return string
function progress.duration(seconds)
  seconds = floor(seconds + 0.5)
  if seconds < 60 then
    return format("%d s", seconds)
  elseif seconds < 3600 then
    return format("%d min %d s", floor(seconds / 60), seconds % 60)
  end
  return format("%d h %d min", floor(seconds / 3600), floor(seconds % 3600 / 60))
end

---@class seranking.cli.Progress
---@field private terminal seranking.cli.Terminal
---@field private shown boolean the line is on the screen
local Progress = {}
Progress.__index = Progress

local function bar(share, width, unicode)
  local full = floor(share * width + 0.5)
  return (unicode and "█" or "#"):rep(full) .. (unicode and "░" or "-"):rep(width - full)
end

-- The line for so many columns: what does not fit is left out, the least important first.
local function line(self, done, total, credits, columns)
  local seconds = self.terminal.now() - self.started
  local rate = done / max(seconds, 1)
  local parts = {}
  local function add(text)
    local before = parts[1] and "  " or ""
    if text_width.width(table.concat(parts, "  ") .. before .. text) <= columns then
      parts[#parts + 1] = text
    end
  end
  add(total and format("%s of %s", money.format(done), money.format(total)) or money.format(done))
  if total and done > 0 and done < total then
    add(progress.duration((total - done) / rate) .. " left")
  elseif not total then
    add(progress.duration(seconds))
  end
  if credits and credits > 0 then
    add(money.format(credits) .. " credits")
  end
  add(format(rate < 10 and "%.1f a second" or "%.0f a second", rate))
  local rest = columns - text_width.width(table.concat(parts, "  ")) - 2
  local drawn = total and total > 0 and rest >= SHORTEST_BAR
  local named = text_width.width(self.what) + 2 + (drawn and SHORTEST_BAR or 0) <= rest
  if drawn then
    rest = named and rest - text_width.width(self.what) - 2 or rest
    table.insert(parts, 1, bar(min(done / total, 1), min(rest, LONGEST_BAR), self.terminal.unicode))
  end
  if named then
    table.insert(parts, 1, self.what)
  end
  return table.concat(parts, "  ")
end

--- Shows how far it is, if there is somebody to see it and a second has passed.
---@param done number
---@param total? number
---@param credits? number
function Progress:update(done, total, credits)
  local now = self.visible and self.terminal.now()
  if not now or now - self.started < DELAY or self.at and now - self.at < PAUSE then
    return
  end
  self.at, self.shown = now, true
  local stderr = self.terminal.stderr
  stderr:write(ERASE, line(self, done, total, credits, self.terminal.width() - 1)) -- the last column would begin a new line
  stderr:flush()
end

--- Erases the line. A later update shows it again.
function Progress:close()
  if self.shown then
    self.shown, self.at = false, nil
    self.terminal.stderr:write(ERASE)
    self.terminal.stderr:flush()
  end
end

--- Begins progress. Shows nothing with --quiet or --no-progress, where stderr is no terminal that can erase a line, and where
--- rows are written to the same screen meanwhile.
---@param terminal seranking.cli.Terminal
---@param what string
---@param flags table
---@param rows_on_screen? boolean
---@return seranking.cli.Progress
function progress.open(terminal, what, flags, rows_on_screen)
  return setmetatable({
    terminal = terminal, what = what, started = terminal.now(), shown = false,
    visible = not (flags.quiet or flags.no_progress or rows_on_screen) and terminal.is_terminal "stderr"
      and terminal.getenv "TERM" ~= "dumb",
  }, Progress)
end

return progress
