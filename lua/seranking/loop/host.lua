--- Chooses how a call waits, or many at once, by where the caller runs.
-- SPDX-License-Identifier: MIT

local adapter = require "seranking.loop.adapter"
local errors = require "seranking.answer.errors"
local events = require "seranking.base.events"
local misuse = require "seranking.base.misuse"
local nginx = require "seranking.loop.nginx"
local plain = require "seranking.loop.plain"

-- Loaded with the first call, since errors need them: once descriptors have run out, no file can be read.
local refusal = require "seranking.answer.refusal"
require "seranking.answer.codes"

local response = require "seranking.answer.response"

local host = {}

-- Bytes of an answer inside nginx by default: it is copied and decoded in the nginx worker, and holds it up.
local NGINX_BODY = 16 * 1024 * 1024

-- Loops by name. Others than these two are loaded when the program has loaded their modules.
local named = { nginx = nginx, plain = plain }

local function by_name(name)
  if not named[name] then
    named[name] = require("seranking.loop." .. name)
  end
  return named[name]
end

-- The loop of a client with the option `loop`.
local function by_option(client)
  if type(client._loop) == "string" then
    return by_name(client._loop)
  end
  local state = client._state
  state._own_loop = state._own_loop or adapter.new(client._loop)
  return state._own_loop
end

local loaded = package.loaded

-- The loop that the caller runs inside, of those whose modules the program has loaded.
local function running()
  for _, name in ipairs { "cqueues", "luv" } do
    if loaded[name] and by_name(name).inside() then
      return by_name(name)
    end
  end
end

--- How the caller waits for calls of this client.
---@param client table
---@return table loop, seranking.Task? task the caller, as an item of a map
function host.loop(client)
  local task = plain.schedulers > 0 and plain.task() or nil
  if task or client._blocking or client._apart then
    return plain, task
  elseif client._loop then
    if client._loop == "nginx" and not nginx.inside() then
      misuse.raise('option loop = "nginx" is for calls inside an nginx worker, and this is none: leave the option out, and '
        .. "calls wait by where they are made")
    end
    return by_option(client)
  elseif loaded.ngx or loaded.cqueues or loaded.luv then
    return nginx.inside() and nginx or running() or plain
  end
  return plain
end

--- The default of the option max_body. nil: the core's.
---@return integer?
function host.max_body()
  return nginx.inside() and NGINX_BODY or nil
end

--- Whether the caller's thread may block.
---@param client table
---@return boolean
function host.may_block(client)
  return host.loop(client) == plain
end

--- Runs a call to its end. The body is then call:body() or call:decode(), until calls.keep.
---@param client table
---@param call userdata
---@return boolean answered, seranking.Response|seranking.Error
function host.run(client, call)
  local loop, task = host.loop(client)
  local problem = loop.wait(client, call, task)
  if problem then
    return false, problem
  end
  if client._on_event then
    events.tell(client, call)
  end
  local made = response.new(client, call:result())
  if made then
    return true, made
  end
  local failure, texts = call:error()
  if texts then
    refusal.read(failure, texts, client, call)
  end
  errors.wrap(failure)
  if failure.kind == "auth" and client._key_hint then
    failure.hint = client._key_hint
  end
  return false, failure
end

--- Decodes the body of an answer. In an event loop a large one is decoded in slices, between which the loop runs.
---@param client table
---@param call userdata answered
---@param row_lists? string see answer.read
---@return any data, string? problem, boolean? late
function host.decode(client, call, row_lists)
  local loop = host.loop(client)
  local decoding = (row_lists or loop ~= plain) and call:decoding(client._keep_nulls, row_lists)
  if not decoding then
    return call:decode(client._keep_nulls)
  end
  local over, data, problem, late = decoding:step()
  while not over do
    if loop ~= plain then
      loop.sleep(0) -- where nothing can wait it returns at once
    end
    over, data, problem, late = decoding:step()
  end
  return data, problem, late
end

--- Waits the way calls wait here; an injected clock jumps.
---@param client table
---@param seconds number
---@return seranking.Error? error if nothing can wait here
function host.sleep(client, seconds)
  client = client._state
  local loop = host.loop(client)
  if loop == plain then
    return plain.sleep(client, seconds)
  end
  return loop.sleep(seconds)
end

return host
