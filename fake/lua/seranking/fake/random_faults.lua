--- Faults and latency by chance: a pure function of the seed and the request's number.
-- SPDX-License-Identifier: MIT

local chance = require "seranking.fake.chance"
local faults = require "seranking.fake.faults"
local options = require "seranking.fake.options"

local random_faults = {}

---@class seranking.fake.RandomFaults
---@field rate number share of the requests that get a fault, from 0 to 1
---@field kinds? string[] what they get: "refuse", "drop", "truncate", "hang", "slow", a ready-made answer such as "html", or
---  a status from "400" to "599"; default: { "refuse", "drop", "503" }

local DEFAULT_KINDS = { "refuse", "drop", "503" }

-- A fault for the name of a kind.
local function fault_of(kind, level)
  local status = type(kind) == "string" and kind:find "^[45]%d%d$" and tonumber(kind)
  if status then
    return { status = status }
  elseif faults.is_connection(kind) then
    return { fault = kind }
  elseif faults.is_kind(kind) then
    return { kind = kind }
  end
  error(("faults.kinds: '%s' is none of refuse, drop, truncate, hang, slow, %s, or a status from 400 to 599")
    :format(tostring(kind), faults.kinds()), level + 1)
end

local function are_seconds(latency)
  local least, most = latency[1], latency[2]
  return #latency == 2 and type(least) == "number" and type(most) == "number" and least >= 0 and least <= most and most <= 86400
end

--- Checks the options `latency` and `faults` of fake.new.
---@param given seranking.fake.Options
---@param level integer whose line is named when they are wrong, as for `error`, counted from the caller
---@return table? random_faults nil where neither is given
function random_faults.new(given, level)
  level = level + 1
  local latency, wanted = given.latency, given.faults
  if not latency and not wanted then
    return nil
  end
  if latency and not are_seconds(latency) then
    error("latency must be { least, most } in seconds, from 0 to 86400: { 0.05, 0.4 }", level)
  end
  local made = { latency = latency, rate = 0, kinds = {} }
  if wanted then
    options.check(wanted, { rate = "number", kinds = "table" }, level)
    if not wanted.rate or not (wanted.rate >= 0 and wanted.rate <= 1) then
      error("faults.rate must be a number from 0 to 1: the share of the requests that get a fault", level)
    end
    made.rate = wanted.rate
    local kinds = wanted.kinds or DEFAULT_KINDS
    if #kinds == 0 then
      error("faults.kinds must name one fault or more", level)
    end
    for i, kind in ipairs(kinds) do
      made.kinds[i] = fault_of(kind, level)
    end
  end
  return made
end

--- The fault that a request gets by chance.
---@param self table
---@param seed integer
---@param number integer of the request, from 1
---@return table? fault as seranking.fake.faults makes them
function random_faults.fault(self, seed, number)
  local key = chance.key(seed, "fault", number)
  if chance.unit(key, 0) < self.rate then
    return faults.new(chance.pick(key, 1, self.kinds))
  end
end

--- The seconds that the answer to a request takes.
---@param self table
---@param seed integer
---@param number integer of the request, from 1
---@return number?
function random_faults.delay(self, seed, number)
  if self.latency then
    local least, most = self.latency[1], self.latency[2]
    return least + chance.unit(chance.key(seed, "latency", number), 0) * (most - least)
  end
end

return random_faults
