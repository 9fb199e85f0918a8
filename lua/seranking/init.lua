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

local seranking = {
  --- The version of this library.
  version = core.version,
  --- Makes a client: see seranking.client.
  new = client.new,
  --- The null of JSON, equal to cjson.null and ngx.null.
  null = json.null,
  --- Marks a list for client:request's bodies, so that it is written as [] when it is empty.
  array = json.array,
  --- Whether a value is an error of this library.
  is_error = errors.is,
  --- A clock for tests: stands at 0; clock:advance(seconds) moves it, and so does every wait of a client that has it.
  clock = core.clock,
}

return seranking
