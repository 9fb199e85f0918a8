--- Many calls at once: client:map and client:gather. Items, results and errors; waiting is the loop's part.
-- SPDX-License-Identifier: MIT

local adapter = require "seranking.loop.adapter"
local errors = require "seranking.answer.errors"
local misuse = require "seranking.base.misuse"
local proxy = require "seranking.base.proxy"

local concurrent = {}

--- The errors of a map: errors[i] is that of item i. `pairs` sees these alone.
---@class seranking.Errors
---@field count integer items that failed
---@field first integer the item that failed first in time
---@field results? table results of the other items, if a client with the option raise has raised these errors

local function errors_tostring(self)
  return ("%d of %d items failed; the first, item %d: %s"):format(self.count, self.items, self.first,
    tostring(self[self.first]))
end

-- An empty list of errors. Its other fields are in a metatable of its own, which a copy of the list can share.
local function new_errors(first, items)
  local about = { count = 0, first = first, items = items }
  return setmetatable({}, { __name = "seranking.errors", __index = about, __tostring = errors_tostring }), about
end

--- Adds the results of a map to its errors, before they are raised.
function concurrent.with_results(list, results)
  getmetatable(list).__index.results = results
end

--- The items of one map and their outcomes. A loop calls `next`, runs `fn` and calls `settle`.
---@class seranking.Batch
---@field list table
---@field fn fun(item: any, index: integer): any
---@field count integer
---@field width integer most items in flight
---@field results table
---@field of? seranking.MapOf if the function is an operation, or functions of a gather are
---@field on_progress? fun(done: integer, total: integer, credits: number)
---@field ended integer items that have ended
---@field raised? table what on_progress raised, in a list: it ends the map
---@field mistake? string a string that an item raised, with its traceback: it ends the map
local Batch = {}
Batch.__index = Batch

--- How to report an item's mistake if an operation is called: its traceback would have only lines of the library.
---@class seranking.MapOf
---@field where? string the caller's line
---@field explain? fun(item: any): string? what to write instead, if the item can't be the operation's argument; nil: a gather

--- Begins the next item; nil if there is none, or none may begin after an error.
---@return integer?
function Batch:next()
  if self.begun >= self.count or self.mistake or self.raised or self.stop_on_error and self.errors then
    return nil
  end
  self.begun = self.begun + 1
  return self.begun
end

local function add_error(batch, index, problem)
  if not batch.errors then
    batch.errors, batch.about = new_errors(index, batch.count)
  end
  batch.about.count = batch.about.count + 1
  batch.errors[index] = problem
end

-- The credits that a client and those of its products have spent, by estimate.
local function spent(client)
  local credits = client._spent and client._spent.credits or 0
  for _, product in pairs(client._products or {}) do
    credits = credits + spent(product)
  end
  return credits
end

-- Tells on_progress that an item has ended. What it raises ends the map.
local function tell(batch)
  batch.ended = batch.ended + 1
  local fine, raised = pcall(batch.on_progress, batch.ended, batch.count, spent(batch.client) - batch.spent)
  if not fine then
    batch.raised = batch.raised or { raised }
  end
end

-- The text of a mistake in the arguments of an operation; nil if an item of a gather is another function.
local function of_operation(of, item, index, message)
  local place = of.where and of.where .. ": " or ""
  if of.explain then
    return ("%sclient:map, item %d: %s%s"):format(place, index, message, of.explain(item) or "")
  end
  return proxy.is(item) and ("%sclient:gather, function %d: %s"):format(place, index, message) or nil
end

-- What an item raised that adapter.raised has not seen: Lua calls no message handler when memory runs out.
local function no_memory(message)
  return errors.wrap {
    kind = "too_large", code = "out_of_memory", message = message, attempts = 0, sent = true, retryable = false,
  }
end

--- Takes what an item returned or, if not `fine`, raised (see adapter.try).
function Batch:settle(index, fine, value, problem)
  local mistake, message
  if not fine then
    mistake, message = adapter.mistake(value)
  end
  if mistake then
    self.mistake = self.mistake or self.of and of_operation(self.of, self.list[index], index, message) or mistake
  elseif not fine then
    add_error(self, index, type(value) == "string" and no_memory(value) or value)
  elseif (value == nil or value == false) and problem ~= nil then
    add_error(self, index, problem)
  else
    self.results[index] = value
  end
  if self.on_progress then
    tell(self)
  end
end

local function finish(batch)
  if batch.mistake then
    adapter.raise_mistake(batch.mistake)
  elseif batch.raised then
    error(batch.raised[1], 0)
  end
  for index = batch.begun + 1, batch.count do
    add_error(batch, index, errors.new("cancelled", "not_started", "an earlier item failed, so this one was not begun"))
  end
  for _, problem in pairs(batch.errors or {}) do
    errors.locate(problem) -- from an operation given as the function
  end
  return batch.results, batch.errors
end

--- Whether a value can be called.
function concurrent.callable(value)
  local meta = type(value) == "table" and getmetatable(value)
  return type(value) == "function" or type(meta) == "table" and meta.__call ~= nil
end

local function run(client, loop, list, count, fn, width, given, of)
  local batch = setmetatable({
    list = list, count = count, fn = fn, width = width, stop_on_error = given.stop_on_error or false,
    begun = 0, results = { n = count }, errors = nil, of = of,
    client = client, on_progress = given.on_progress, ended = 0, spent = given.on_progress and spent(client),
  }, Batch)
  if count > 0 then
    loop.run_batch(client, batch)
  end
  return finish(batch)
end

-- The number of items in a list. Only a list with a field `n` may have holes.
local function length(list)
  local n, count, seen = list.n, #list, 0
  if n ~= nil and not (type(n) == "number" and n >= 0 and n < 2 ^ 53 and n % 1 == 0) then
    misuse.raise("client:map: the list's field n must be the number of its items, got %s",
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
    seen = seen + 1
  end
  if n == nil and count ~= seen then
    misuse.raise("client:map takes a list without holes: if you mean them, put the number of items into its field n")
  end
  return n or count
end

--- See client:map.
---@param client table
---@param loop table the host's way to wait
---@param list table
---@param fn function
---@param given seranking.MapOptions checked
---@param of? seranking.MapOf if `fn` is an operation
function concurrent.map(client, loop, list, fn, given, of)
  return run(client, loop, list, length(list), fn, given.concurrency, given, of)
end

local function call(f)
  return f()
end

--- See client:gather.
---@param client table
---@param loop table the host's way to wait
function concurrent.gather(client, loop, ...)
  local count, list, of = select("#", ...), { ... }, nil
  for index = 1, count do
    if not concurrent.callable(list[index]) then
      misuse.raise("client:gather takes functions, argument %d is %s; write function() return … end", index,
        type(list[index]) == "table" and not proxy.is(list[index]) and "a table" or proxy.show(list[index]))
    end
    of = of or proxy.is(list[index]) and { where = misuse.where() } or nil
  end
  return run(client, loop, list, count, call, math.max(count, 1), {}, of)
end

return concurrent
