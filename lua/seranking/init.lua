--- seranking: a client for the SE Ranking web API.
-- SPDX-License-Identifier: MIT
--
--   local seranking = require "seranking"
--   local client = assert(seranking.new { token = os.getenv "SERANKING_TOKEN" })
--   local sites = assert(client.sites:list())

local core = require "lseranking"
local client = require "seranking.client"
local errors = require "seranking.errors"
local json = require "seranking.json"
local misuse = require "seranking.misuse"

local seranking = {
  --- The version of this library.
  version = core.version,
  --- Makes a client: see seranking.client.
  new = client.new,
  --- The null of JSON, equal to cjson.null and ngx.null.
  null = json.null,
  --- Marks a list, so that it is written as [] when it is empty. Lists in answers are marked already.
  array = json.array,
  --- A value as JSON text: a table with elements 1..n is a list, any other table an object. An empty list in an answer stays
  --- []; mark your own by seranking.array. Raises on what JSON can't hold.
  ---@param value any
  ---@return string
  encode = function(value)
    local text, problem = json.encode(value, "the value")
    if not text then
      misuse.raise("seranking.encode: %s", problem)
    end
    return text
  end,
  --- `assert` for Lua 5.1 too, whose own takes only a string: raises what an error says, at the caller's line.
  ---@generic T
  ---@param data? T
  ---@param err? seranking.Error
  ---@return T data, any response
  check = function(data, err, ...)
    if not data then
      misuse.raise("%s", err == nil and "assertion failed!" or tostring(err))
    end
    return data, err, ...
  end,
  --- Whether a value is an error of this library.
  is_error = errors.is,
  --- A clock for tests: stands at 0; clock:advance(seconds) moves it, and so does every wait of a client that has it.
  clock = core.clock,
}

return seranking
