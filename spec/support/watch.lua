--- Loaded before every spec (busted --helper). Searches everything that the library returns or raises, and everything printed,
--- for the API key. The run fails if it is found.
-- SPDX-License-Identifier: MIT

-- busted runs a helper as a file; specs that ask for the module get the same one.
if package.loaded["support.watch"] then
  return package.loaded["support.watch"]
end

local errors = require "seranking.answer.errors"
local host = require "seranking.loop.host"
local mask = require "seranking.base.mask"
local misuse = require "seranking.base.misuse"
local proxy = require "seranking.base.proxy"

-- busted unloads the modules of each spec. Unloading luv frees its loop, which luv would use again when loaded again, so a
-- reference is kept here. Every spec still has to require luv itself.
local luv_found, luv = pcall(require, "luv")
package.loaded.luv = nil

local watch = {
  luv = luv_found and luv,
  --- The keys that specs use; a spec that uses another one adds it.
  secrets = {
    "be2165b7d065e278e7305c1c7ef791f283f5d14b",
    "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6",
  },
  --- The places where a key was found.
  found = {},
  --- The number of strings searched; a spec checks that it grows.
  looked_at = 0,
}

local function look(text, where)
  watch.looked_at = watch.looked_at + 1
  for _, secret in ipairs(watch.secrets) do
    if text:find(secret, 1, true) then
      watch.found[#watch.found + 1] = where
      error("the API key shows in " .. where, 0)
    end
  end
end

--- Searches a value: strings, keys and values of tables, and tostring of it.
---@param value any
---@param where string
function watch.look(value, where, seen)
  if type(value) == "string" then
    look(value, where)
  elseif type(value) == "table" then
    seen = seen or {}
    if seen[value] then
      return
    end
    seen[value] = true
    for key, element in pairs(value) do
      watch.look(key, where, seen)
      -- Except the test's own fake, which has the keys, and a client's resources, whose help is long: see secrets_spec.
      if key ~= "_transport" and not proxy.is(element) then
        watch.look(element, where .. "." .. tostring(key), seen)
      end
    end
    look(tostring(value), "tostring of " .. where)
  elseif type(value) == "userdata" then
    look(tostring(value), "tostring of " .. where)
  end
end

-- The wrapper's chunk has the name of a library file, so that errors name the spec's line and not the wrapper's.
local load_string = loadstring or load
local around = assert(load_string("local original, check = ... return function(...) return check(original(...)) end",
  (debug.getinfo(host.run, "S").source:gsub("loop/host%.lua$", "loop/watched.lua"))))

-- Searches the results of `module[name]`, from number `first` on.
local function wrap(module, name, where, first)
  module[name] = around(module[name], function(...)
    for i = first or 1, select("#", ...) do
      watch.look((select(i, ...)), where)
    end
    return ...
  end)
end

wrap(host, "run", "what a call returns", 2) -- the first is the server's text
wrap(errors, "wrap", "an error")

-- Every error must be in the table of codes, which users read, and must match it.
local listed = {}
for _, kind in ipairs(require "seranking.answer.codes") do
  for i = 2, #kind do
    local code = kind[i]
    listed[kind[1] .. " " .. code[1]] = { retry = code.retry or kind.retry, sent = code.sent or kind.sent }
  end
end
for _, row in ipairs(require "seranking.api.messages") do
  listed[row[3] .. " " .. row[4]] = { retry = "no", sent = "yes" }
end

local function listed_as(err)
  local name = err.kind .. " " .. err.code
  return listed[name:gsub("^invalid job_.*", "invalid job_<state>")]
    or error("an error that docs/errors.md does not have: " .. name, 0)
end

errors.wrap = around(errors.wrap, function(err)
  listed_as(err)
  return err
end)

host.run = around(host.run, function(answered, err)
  if not answered then
    local row = listed_as(err)
    local differs = row.retry == "no" and err.retryable or row.retry == "yes" and not err.retryable
      or row.sent == "no" and err.attempts < 2 and err.sent or row.sent == "yes" and not err.sent
    if differs then
      error(("docs/errors.md is wrong about %s %s: retryable %s, sent %s"):format(err.kind, err.code,
        tostring(err.retryable), tostring(err.sent)), 0)
    end
  end
  return answered, err
end)

local methods = getmetatable(require("seranking.operation").new({}, {}, {}, {})).__index
wrap(methods, "dry_run", "a dry run")
wrap(methods, "describe", "a description")

local raise = misuse.raise
misuse.raise = function(format, ...)
  look(mask.keys(format:format(...)), "an error that is raised")
  return raise(format, ...)
end

-- Output of print and io.write.
local original_print, original_write = print, io.write
function _G.print(...)
  for i = 1, select("#", ...) do
    look(tostring((select(i, ...))), "print")
  end
  return original_print(...)
end
function io.write(...)
  for i = 1, select("#", ...) do
    look(tostring((select(i, ...))), "io.write")
  end
  return original_write(...)
end

package.loaded["support.watch"] = watch
return watch
