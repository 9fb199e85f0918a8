--- What an output is written to: stdout, or a file that is written as path.part and gets its name when it is complete.
-- SPDX-License-Identifier: MIT

local files = {}

local format = string.format

local MODE = tonumber("666", 8) -- less the umask

local EPIPE = 32 -- on Linux, macOS and the BSDs

-- Loaded with the first file: stdout needs it not.
local function libuv()
  return require "luv"
end

-- luv's "ENOSPC: no space left on device: name" for a message.
local function reason(problem)
  return tostring(problem):match "^%u[%u%d]+: ([^:]+)" or tostring(problem)
end

-- ---- stdout ----

local Stdout = { size = 0, begun = 0 }
Stdout.__index = Stdout

-- What write or flush returned. `code`: the number that Lua's own streams return last.
local function outcome(fine, problem, code)
  if fine then
    return true
  elseif problem == "closed" or code == EPIPE then
    return nil, "closed"
  end
  return nil, format("can't write to stdout: %s", tostring(problem):lower())
end

function Stdout:write(text)
  local fine, problem = outcome(self.stream:write(text))
  if fine then
    fine, problem = outcome(self.stream:flush())
  end
  return fine, problem
end

function Stdout:finish() -- luacheck: no self
  return true
end

function Stdout:keep() -- luacheck: no self
  return nil
end

Stdout.cut, Stdout.mark, Stdout.abandon = Stdout.keep, Stdout.keep, Stdout.keep

--- Stdout. `stream` is that of a terminal.
function files.stdout(stream)
  return setmetatable({ stream = stream }, Stdout)
end

-- ---- files ----

---@class seranking.cli.File
---@field path string
---@field part? string the name it has until it is complete; nil: a device or pipe, written directly
---@field size integer bytes in the part
---@field begun integer bytes that it had when it was opened
---@field marked? integer bytes up to the last mark
local File = {}
File.__index = File

-- All of a text, which may need several writes.
local function write_all(file, text)
  local uv = libuv()
  while text ~= "" do
    local written, problem, name = uv.fs_write(file.fd, text, file.part and file.size or -1)
    if not written then
      return nil, name == "EPIPE" and "closed" or format("can't write %s: %s", file.part or file.path, reason(problem))
    end
    file.size = file.size + written
    text = text:sub(written + 1)
  end
  return true
end

function File:write(text)
  local before = self.size
  local fine, problem = write_all(self, text)
  if not fine then
    self.whole = before
  end
  return fine, problem
end

--- Remembers that all rows up to here are written: a later failure cuts the part to this length.
function File:mark()
  self.marked = self.size
end

--- After a failed write: cuts the part after the last mark, or, if there is none, before the write that failed.
---@return boolean done
function File:cut()
  local size = self.marked or self.whole
  if self.part and size and libuv().fs_ftruncate(self.fd, size) then
    self.size = size
    return true
  end
  return false
end

--- Whether the part ends in a text.
---@param text string
---@return boolean
function File:ends_with(text)
  return self.size >= #text and libuv().fs_read(self.fd, #text, self.size - #text) == text
end

--- The first bytes of the part.
---@param count integer
---@return string
function File:head(count)
  return libuv().fs_read(self.fd, count, 0) or ""
end

--- Shortens the part.
---@param size integer
---@return true? done, string? problem
function File:truncate(size)
  local fine, problem = libuv().fs_ftruncate(self.fd, size)
  if not fine then
    return nil, format("can't write %s: %s", self.part, reason(problem))
  end
  self.size = size
  return true
end

local function close(self)
  local fd = self.fd
  self.fd = nil
  return fd == nil or libuv().fs_close(fd)
end

--- Closes the file and gives it its name.
---@return true? done, string? problem
function File:finish()
  local uv = libuv()
  local synced, problem = true, nil
  if self.part then
    synced, problem = uv.fs_fsync(self.fd)
  end
  local own = uv.fs_fstat(self.fd)
  local closed, unclosed = close(self)
  if not self.part then
    return closed and true or nil, unclosed and reason(unclosed)
  elseif not (synced and closed) then
    return nil, format("can't write %s: %s", self.part, reason(problem or unclosed))
  end
  local now = uv.fs_stat(self.part)
  if not now or now.ino ~= own.ino or now.dev ~= own.dev then
    return nil, format("%s is no longer there, or is another process's by now: nothing was renamed to %s", self.part, self.path)
  end
  local renamed
  renamed, problem = uv.fs_rename(self.part, self.path)
  if not renamed then
    return nil, format("can't rename %s to %s: %s", self.part, self.path, reason(problem))
  end
  return true
end

--- Closes the file, and keeps the part if it has `rows`.
---@param rows boolean
---@return string? part
function File:keep(rows)
  close(self)
  if self.part and not rows then
    libuv().fs_unlink(self.part)
    return nil
  end
  return self.part
end

--- Closes the file and leaves everything as it is, but for a part that this run has made.
function File:abandon()
  self:keep(self.begun > 0)
end

-- ---- opening ----

local function open_device(path)
  local fd, problem = libuv().fs_open(path, "w", MODE)
  if not fd then
    return nil, format("can't write %s: %s", path, reason(problem))
  end
  return setmetatable({ path = path, fd = fd, size = 0, begun = 0 }, File)
end

-- A part of an earlier run, which is not resumed, holds rows that may have cost credits: it is moved aside.
local function move_aside(part, note)
  local uv = libuv()
  local there = uv.fs_stat(part)
  if there and there.size > 0 and uv.fs_rename(part, part .. ".old") and note then
    note(format("%s of an earlier run is now %s.old", part, part))
  elseif there then
    uv.fs_unlink(part)
  end
end

local function open_new(path, part, note)
  move_aside(part, note)
  local fd, problem = libuv().fs_open(part, "wx+", MODE)
  if not fd then
    return nil, format("can't write %s: %s", part, reason(problem))
  end
  return setmetatable({ path = path, part = part, fd = fd, size = 0, begun = 0 }, File)
end

-- Opens the part of an earlier run.
local function open_again(path, part, exists, note)
  local uv = libuv()
  local fd, problem, name = uv.fs_open(part, "r+", MODE)
  if fd then
    local size = uv.fs_fstat(fd).size
    return setmetatable({ path = path, part = part, fd = fd, size = size, begun = size, marked = size }, File)
  elseif name ~= "ENOENT" then
    return nil, format("can't write %s: %s", part, reason(problem))
  elseif exists then
    return nil, format("%s is complete, and there is no %s to go on in: choose another file for the rest", path, part)
  end
  if note then
    note(format("there is no %s to go on in: %s gets the rest alone", part, path))
  end
  return open_new(path, part, note)
end

--- What is wrong with a path that names a directory; nil if it does not.
---@param path string
---@return string?
function files.directory(path)
  local there = libuv().fs_stat(path)
  return there and there.type == "directory" and format("%s is a directory: name a file", path) or nil
end

--- Opens a file for writing. `resume`: goes on in the part that an earlier run has kept.
---@param path string
---@param resume? boolean
---@param note? fun(text: string)
---@return seranking.cli.File? file, string? problem
function files.open(path, resume, note)
  local uv = libuv()
  local problem = files.directory(path)
  local there = uv.fs_stat(path)
  if problem then
    return nil, problem
  elseif there and there.type ~= "file" then
    return open_device(path)
  end
  local real = there and uv.fs_realpath(path) or path -- a link stays a link
  if resume then
    return open_again(real, real .. ".part", there ~= nil, note)
  end
  return open_new(real, real .. ".part", note)
end

return files
