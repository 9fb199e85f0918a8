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

---@module "seranking.csv"
local csv = lazy "seranking.csv"
local help = lazy "seranking.help"
local record = lazy "seranking.record"

local seranking = {
  --- The version of this library.
  version = core.version,
  --- Makes a client: see seranking.client.
  new = client.new,
  --- The null of JSON, equal to cjson.null and ngx.null.
  null = json.null,
  --- Marks a list, so that an empty one is encoded as []. Lists in answers are marked already.
  array = json.array,
  --- Encodes a value as JSON: a table with elements 1..n is a list, any other table an object. Empty lists of answers stay [];
  --- mark your own with seranking.array. Raises on values that JSON does not have.
  ---@param value any
  ---@return string
  encode = function(value)
    local text, problem = json.encode(value, "the value")
    if not text then
      misuse.raise("seranking.encode: %s", problem)
    end
    return text
  end,
  --- Returns what a call returned, or raises its error value. `pcall` returns that value, with its kind and code;
  --- tostring(err) is one line, with the place of the call.
  ---@generic T
  ---@param data? T
  ---@param err? any an error of this library, or any other; a string gets the caller's position
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
  --- Writes CSV to an open file: RFC 4180, with a header. Columns are paths: "id", "settings.limit", or "positions[].date",
  --- which makes a line of each element. Left out: the members of the first row, without lists and objects. Texts that a
  --- spreadsheet would run as a formula get a quote before them. `bom`: begin with a byte order mark, for Excel.
  ---@param file table|userdata with write and close, as io.open returns it
  ---@param columns? string|string[] "id,name", or a list
  ---@param given? { bom?: boolean }
  ---@return seranking.CsvWriter
  csv = function(file, columns, given)
    return (csv.new(file, columns, given))
  end,
  --- Text to print: the description of a name ("sites.list") or an object (client.sites), or the resources and operations
  --- that a word ("backlinks") occurs in; without an argument, all resources. Needs no client.
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
  --- Keeps the answers that a client gets from now on in a file, which seranking.fake gives back: see docs/testing.md.
  ---@param given seranking.AnyClient
  ---@param path string
  ---@return seranking.Recording? recording, seranking.Error? err if the file can't be written
  record = function(given, path)
    local recording, problem = record.start(given, path)
    return recording, problem
  end,
  --- Makes a clock for tests. It stands at 0 until clock:advance(seconds), or until a client that has it waits.
  clock = core.clock,
}

return seranking
