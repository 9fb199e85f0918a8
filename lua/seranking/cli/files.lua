--- What an output is written to: stdout, or a file that is written as path.part and gets its name when it is complete.
-- SPDX-License-Identifier: MIT

local core = require "lseranking"

local files = {}

local format = string.format

local MODE = tonumber("666", 8) -- less the umask
local PRIVATE = tonumber("600", 8)

local EPIPE = 32 -- on Linux, macOS and the BSDs

local AHEAD = 4194304 -- bytes after which the disk begins to write while more rows come: fsync waits for the rest alone

local MOST_ASIDE = 99 -- parts of one file that are moved aside

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
    fine, problem = self:flush()
  end
  return fine, problem
end

function Stdout:flush()
  return outcome(self.stream:flush())
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
---@field sent? integer bytes that the disk has begun to write
---@field marked? integer bytes up to the last mark
---@field name? string the part's name when it was closed; nil: it has none
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
  elseif self.part and self.size - (self.sent or self.begun) >= AHEAD then
    local from = self.sent or self.begun
    core.begin_write(self.fd, from, self.size - from)
    self.sent = self.size
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

-- The names of parts that are moved aside: x.part.old, x.part.old2, …
local function aside(part, number)
  return part .. ".old" .. (number > 1 and number or "")
end

-- The name that an open part has by now: another run may have moved it aside. nil: none.
local function name_of(self)
  local uv = libuv()
  local own = uv.fs_fstat(self.fd)
  local name, number = self.part, 0
  repeat
    local there = uv.fs_stat(name)
    if there and there.ino == own.ino and there.dev == own.dev then
      return name
    end
    number = number + 1
    name = aside(self.part, number)
  until number > MOST_ASIDE
end

local function close(self)
  local fd = self.fd
  if fd and self.part then
    self.name = name_of(self)
  end
  self.fd = nil
  return fd == nil or libuv().fs_close(fd)
end

-- Gives a part its name.
local function rename(self)
  local uv = libuv()
  local done, problem = uv.fs_fsync(self.fd)
  if not done then
    return nil, format("can't write %s: %s", self.part, reason(problem))
  end
  local name = name_of(self)
  if name ~= self.part then
    return nil, format("another run has taken %s meanwhile: what this one has written is %s", self.path,
      name and "in " .. name or "no longer there")
  end
  done, problem = uv.fs_rename(self.part, self.path)
  if not done then
    return nil, format("can't rename %s to %s: %s", self.part, self.path, reason(problem))
  end
  return true
end

--- Gives the file its name and closes it, in this order: the lock ends with the descriptor, and a run with --resume must not
--- get it while the part is there.
---@return true? done, string? problem
function File:finish()
  if self.part then
    local done, problem = rename(self)
    if not done then
      close(self)
      return nil, problem
    end
  end
  local fd = self.fd
  self.fd = nil
  local closed, problem = libuv().fs_close(fd)
  return closed and true or nil, problem and format("can't write %s: %s", self.path, reason(problem))
end

--- Closes the file, and keeps the part if it has `rows`.
---@param rows boolean
---@return string? part the name that it has
function File:keep(rows)
  close(self)
  if self.name and not rows then
    libuv().fs_unlink(self.name)
    return nil
  end
  return self.name
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

-- A name to move a part to. An empty file takes it: of several runs, each gets a name of its own.
local function reserve(part)
  local uv = libuv()
  for number = 1, MOST_ASIDE do
    local name = aside(part, number)
    local fd, _, code = uv.fs_open(name, "wx", MODE)
    if fd then
      uv.fs_close(fd)
      return name
    elseif code ~= "EEXIST" then
      return nil
    end
  end
end

-- A part that is not resumed may hold rows that have cost credits, and another run may be writing it: it is moved aside, and
-- replaces nothing.
local function move_aside(part, note)
  local uv = libuv()
  local name = uv.fs_stat(part) and reserve(part)
  if name and not uv.fs_rename(part, name) then
    uv.fs_unlink(name)
  elseif name and note then
    note(format("%s of an earlier run is now %s", part, name))
  end
end

-- Of runs that go on in the same part, the second is refused: their rows would be mixed.
local function in_use(part)
  return format("another run is writing %s: let it end, or choose another file", part)
end

-- `there`: what the file is that will be replaced. It keeps its permissions, but its owner may always write.
local function open_new(path, part, there, note)
  move_aside(part, note)
  local fd, problem, code = libuv().fs_open(part, "wx+", MODE)
  if not fd then
    return nil, code == "EEXIST" and format("%s is there, and can't be moved aside: rename it, or remove it and its .old", part)
      or format("can't write %s: %s", part, reason(problem))
  end
  if not core.lock_file(fd) then -- another run goes on in it already
    libuv().fs_close(fd)
    return nil, in_use(part)
  elseif there then
    libuv().fs_fchmod(fd, PRIVATE + there.mode % 64)
  end
  return setmetatable({ path = path, part = part, fd = fd, size = 0, begun = 0 }, File)
end

-- Opens the part of an earlier run.
local function open_again(path, part, note)
  local uv = libuv()
  local there = uv.fs_stat(path)
  local fd, problem, name = uv.fs_open(part, "r+", MODE)
  if fd then
    local self = setmetatable({ path = path, part = part, fd = fd }, File)
    if not core.lock_file(fd) then
      uv.fs_close(fd)
      return nil, in_use(part)
    elseif name_of(self) ~= part then -- the run that had it locked has given it another name
      uv.fs_close(fd)
      return open_again(path, part, note)
    end
    self.size = uv.fs_fstat(fd).size
    self.begun, self.marked = self.size, self.size
    return self
  elseif name ~= "ENOENT" then
    return nil, format("can't write %s: %s", part, reason(problem))
  elseif there then
    return nil, format("%s is complete, and there is no %s to go on in: choose another file for the rest", path, part)
  end
  if note then
    note(format("there is no %s to go on in: %s gets the rest alone", part, path))
  end
  return open_new(path, part, nil, note)
end

--- Whether a path names a device or a pipe.
---@param path string
---@return boolean
function files.special(path)
  local there = libuv().fs_stat(path)
  return there ~= nil and there.type ~= "file" and there.type ~= "directory"
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
    return open_again(real, real .. ".part", note)
  end
  return open_new(real, real .. ".part", there, note)
end

return files
