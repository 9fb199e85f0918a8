--- Many calls at once: client:map and client:gather. What an item is, and what becomes of results and errors; how to wait
--- is the host's.
-- SPDX-License-Identifier: MIT

local errors = require "seranking.errors"
local misuse = require "seranking.misuse"

local concurrent = {}

-- Items under way at once, unless the caller says otherwise.
local WIDTH = 16
local WIDTH_MAX = 10000

--- How a map went where items failed: errors[i] is the error of item i. Only items are seen by `pairs`.
---@class seranking.Errors
---@field count integer how many items have one
---@field first integer the item whose error came first in time
local errors_mt = { __name = "seranking.errors" }

function errors_mt.__index(self, name)
  return errors_mt.about[self][name]
end

-- What is known of each table of errors, besides the errors.
errors_mt.about = setmetatable({}, { __mode = "k" })

--- One line: how many, and the first.
function errors_mt.__tostring(self)
  return ("%d of %d items failed; the first, item %d: %s"):format(self.count, self.items, self.first,
    tostring(self[self.first]))
end

--- The items of one map, and what became of them. Made here; the host calls `next`, `settle` and runs `fn`.
---@class seranking.Job
---@field list table
---@field fn fun(item: any, index: integer): any
---@field count integer
---@field width integer at most so many at once
---@field results table
local job_mt = {}
job_mt.__index = job_mt

--- The next item to run, or nil: there are no more, or an error stops it.
---@return integer?
function job_mt:next()
  if self.begun >= self.count or self.stop_on_error and self.errors then
    return nil
  end
  self.begun = self.begun + 1
  return self.begun
end

local function add_error(job, index, problem)
  local list = job.errors
  if not list then
    list = setmetatable({}, errors_mt)
    errors_mt.about[list] = { count = 0, first = index, items = job.count }
    job.errors = list
  end
  local about = errors_mt.about[list]
  about.count = about.count + 1
  list[index] = problem
end

--- Takes what an item returned, or, if it is not `fine`, raised.
function job_mt:settle(index, fine, value, problem)
  if not fine then
    add_error(self, index, value == nil and "an error without a value was raised" or value)
  elseif value == nil and problem ~= nil then
    add_error(self, index, problem)
  else
    self.results[index] = value
  end
end

local function finish(job)
  for index = job.begun + 1, job.count do
    add_error(job, index, errors.new("cancelled", "not_started", "an earlier item failed, so this one was not begun"))
  end
  return job.results, job.errors
end

local map_options = { concurrency = true, stop_on_error = true }

local function check_options(given)
  if given == nil then
    return {}
  elseif type(given) ~= "table" then
    misuse.raise("client:map: options must be a table, got %s", tostring(given))
  end
  for name in pairs(given) do
    if not map_options[name] then
      misuse.raise("client:map: unknown option '%s'%s", tostring(name), misuse.suggest(name, map_options))
    end
  end
  local width, stop = given.concurrency, given.stop_on_error
  if width ~= nil and not (type(width) == "number" and width >= 1 and width <= WIDTH_MAX and width % 1 == 0) then
    misuse.raise("client:map: option concurrency must be a whole number from 1 to %d", WIDTH_MAX)
  elseif stop ~= nil and type(stop) ~= "boolean" then
    misuse.raise("client:map: option stop_on_error must be true or false")
  end
  return given
end

local function callable(value)
  local meta = type(value) == "table" and getmetatable(value)
  return type(value) == "function" or type(meta) == "table" and meta.__call ~= nil
end

local function run(client, loop, list, count, fn, width, stop_on_error)
  local job = setmetatable({
    list = list, count = count, fn = fn, width = width, stop_on_error = stop_on_error or false,
    begun = 0, results = { n = count }, errors = nil,
  }, job_mt)
  if count > 0 then
    loop.all(client, job)
  end
  return finish(job)
end

-- How many items a list has: what lies beyond would be left out. Only where `n` says how many there are, there may be holes.
local function length(list)
  local n, count = list.n, #list
  if n ~= nil and not (type(n) == "number" and n >= 0 and n < 2 ^ 53 and n % 1 == 0) then
    misuse.raise("client:map: the list's field n must be the number of its items, a whole number, got %s",
      type(n) == "string" and ("%q"):format(n) or tostring(n))
  end
  for key in pairs(list) do
    if type(key) ~= "number" and key ~= "n" or n == nil and count == 0 then
      misuse.raise("client:map takes a list, got a table with the key '%s': put its items into a list", tostring(key))
    elseif n ~= nil and key ~= "n" and not (key >= 1 and key <= n and key % 1 == 0) then
      misuse.raise("client:map: the list's field n is %d, but there is an item %s", n, tostring(key))
    elseif n == nil and not (key >= 1 and key <= count and key % 1 == 0) then
      count = nil
      break
    end
  end
  for i = 1, n == nil and count or 0 do
    if list[i] == nil then
      count = nil
      break
    end
  end
  return n or count or misuse.raise("client:map takes a list without holes: where some are meant, its field n must say how "
    .. "many items there are")
end

--- See client:map.
---@param client table
---@param loop table the host's way to wait
function concurrent.map(client, loop, list, fn, given)
  if type(list) ~= "table" then
    misuse.raise("client:map takes a list and a function, got %s%s", tostring(list),
      list == nil and ": was there an error?" or "")
  elseif not callable(fn) then
    misuse.raise("client:map: the second argument must be a function of an item, got %s", tostring(fn))
  end
  local checked = check_options(given)
  return run(client, loop, list, length(list), fn, checked.concurrency or WIDTH, checked.stop_on_error)
end

local function call(f)
  return f()
end

--- See client:gather.
---@param client table
---@param loop table the host's way to wait
function concurrent.gather(client, loop, ...)
  local count, list = select("#", ...), { ... }
  for index = 1, count do
    if not callable(list[index]) then
      misuse.raise("client:gather takes functions, argument %d is %s", index, tostring(list[index]))
    end
  end
  return run(client, loop, list, count, call, math.max(count, 1), false)
end

return concurrent
