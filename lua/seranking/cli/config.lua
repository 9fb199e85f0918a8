--- Changes the configuration file that seranking.profiles reads: mode 600 from the first byte, in a directory of mode 700.
-- SPDX-License-Identifier: MIT

local encode = require("seranking.base.json").encode
local exit = require "seranking.cli.exit"
local profiles = require "seranking.profiles"
local uv = require "luv"

local config = {}

local PRIVATE_FILE, PRIVATE_DIRECTORY = 384, 448 -- 0600, 0700

-- luv's "EACCES: permission denied: name" without code and name.
local function reason(problem)
  return tostring(problem):match "^%u[%u%d]+: ([^:]+)" or tostring(problem)
end

-- Makes a directory and those above it.
local function make_directory(path)
  local made, problem, name = uv.fs_mkdir(path, PRIVATE_DIRECTORY)
  local parent = path:match "^(.+)/[^/]+$"
  if not made and name == "ENOENT" and parent then
    made, problem = make_directory(parent)
    if made then
      made, problem, name = uv.fs_mkdir(path, PRIVATE_DIRECTORY)
    end
  end
  return made or name == "EEXIST" or nil, problem
end

local function write_all(fd, text)
  local at = 1
  while at <= #text do
    local written, problem = uv.fs_write(fd, text:sub(at), -1)
    if not written then
      return nil, problem
    end
    at = at + written
  end
  return uv.fs_fsync(fd)
end

--- Ends the command with the problem of the file, if it can't be read.
---@param context seranking.cli.Context
---@return table config, string path
function config.read(context)
  local contents, path = profiles.read()
  if not contents then
    context:fail(exit.ACCESS, path.message .. (path.hint and "; " .. path.hint or ""))
  end
  return contents, path
end

--- Replaces the file by what `change` makes of its contents. Its draft, whose name is fixed, keeps two programs from changing
--- the file at once.
---@param context seranking.cli.Context
---@param change fun(config: table)
---@return string path
function config.change(context, change)
  local _, path = config.read(context)
  local directory = path:match "^(.+)/"
  local made, problem = make_directory(directory)
  if not made then
    context:fail(exit.USAGE, ("can't make the directory %s: %s"):format(directory, reason(problem)))
  end
  uv.fs_chmod(directory, PRIVATE_DIRECTORY)
  local target = uv.fs_realpath(path) or path -- a link stays a link
  local draft = target .. ".new"
  local fd, unopened, name = uv.fs_open(draft, "wx", PRIVATE_FILE)
  if not fd then
    if name == "EEXIST" then
      context:fail(exit.OTHER, ("another program is changing %s; if none is, remove %s and try again"):format(path, draft))
    end
    context:fail(exit.USAGE, ("can't write %s: %s"):format(draft, reason(unopened)))
  end
  local fine, text = pcall(function()
    local contents = config.read(context)
    change(contents)
    return assert(encode(contents, "the configuration")) .. "\n"
  end)
  local written = fine
  if fine then
    written, problem = write_all(fd, text)
  end
  uv.fs_close(fd)
  if written then
    written, problem = uv.fs_rename(draft, target)
  end
  if not written then
    uv.fs_unlink(draft)
    if not fine then
      error(text, 0)
    end
    context:fail(exit.USAGE, ("can't write %s: %s"):format(path, reason(problem)))
  end
  return path
end

return config
