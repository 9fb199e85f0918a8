--- seranking: a client for the SE Ranking web API.
-- SPDX-License-Identifier: MIT
--
--   local seranking = require "seranking"
--   local client = seranking.new { raise = true }   -- the key is in SERANKING_TOKEN
--   local sites = client.sites:list()

local core = require "lseranking"
local client = require "seranking.client"
local errors = require "seranking.answer.errors"
local json = require "seranking.base.json"
local lazy = require "seranking.base.lazy"
local misuse = require "seranking.base.misuse"

local help = lazy "seranking.help"

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
  --- Gives back what a call returned, or raises its error: the value itself, as `assert` does where messages need not be
  --- strings (Lua 5.3 and later). `pcall` gives it back, with its kind and code; tostring(err) is a line that names the place.
  ---@generic T
  ---@param data? T
  ---@param err? any an error of this library, or what others return with their nil; a string is given the caller's line
  ---@return T data, any response
  check = function(data, err, ...)
    if data == nil or data == false then
      if err == nil or type(err) == "string" then
        misuse.raise("%s", err or "assertion failed!")
      end
      errors.raise(err)
    end
    return data, err, ...
  end,
  --- Whether a value is an error of this library.
  is_error = errors.is,
  --- What is known by a name ("sites.list"), of an object (client.sites) or about a word ("backlinks"), as text to print;
  --- without an argument, all resources. Sends nothing, and needs no client.
  ---@param query? string|table
  ---@return string
  help = function(query)
    return (help.text(query))
  end,
  --- Loads the rest of the library and all API descriptions now. Otherwise each part is loaded when it is first used. For
  --- nginx's init_by_lua: workers then share the loaded code, and no request waits for files.
  preload = function()
    lazy.load_all()
    for _, name in pairs(require "seranking.api") do
      require(name)
    end
  end,
  --- A clock for tests: stands at 0; clock:advance(seconds) moves it, and so does every wait of a client that has it.
  clock = core.clock,
}

return seranking
