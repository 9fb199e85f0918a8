--- Exit statuses of the command, and how an error becomes one.
-- SPDX-License-Identifier: MIT

local exit = {
  DONE = 0,
  OTHER = 1,
  USAGE = 2,
  INVALID = 3,     -- the API does not have it, or does not take it
  ACCESS = 4,      -- the key, or what it may do
  RATE = 5,        -- rate limit or ban
  NETWORK = 6,     -- network or time-out
  SERVER = 7,
  BUDGET = 8,
  JOB = 9,         -- a job failed
  INTERRUPTED = 130,
}

local BY_KIND = {
  auth = exit.ACCESS, access = exit.ACCESS, invalid = exit.INVALID, not_found = exit.INVALID, rate_limit = exit.RATE,
  blocked = exit.RATE, server = exit.SERVER, timeout = exit.NETWORK, network = exit.NETWORK, tls = exit.NETWORK,
  decode = exit.SERVER, protocol = exit.SERVER,
}

local BY_CODE = { budget = exit.BUDGET, max_cost = exit.BUDGET, bad_option = exit.USAGE, bad_key = exit.ACCESS,
  cut = exit.OTHER }

--- The exit status of an error of the library.
---@param err seranking.Error
---@return integer
function exit.of(err)
  local code = err.code or ""
  if err.kind == "file" and err.sent == false and not err.job then -- as for a file of -o
    return exit.USAGE
  end
  return BY_CODE[code] or code:find "^job_" and err.kind == "invalid" and exit.JOB or BY_KIND[err.kind] or exit.OTHER
end

--- What ends the command at once: raised as an error, caught by main.
---@class seranking.cli.Stop
---@field status integer
---@field message? string
---@field error? table
local Stop = { __name = "seranking.cli.stop" }
Stop.__index = Stop

function Stop:__tostring()
  return self.message or ("exit %d"):format(self.status)
end

--- Ends the command: raises.
---@param status integer
---@param message? string a line for stderr
---@param err? table the error of the library behind it, or some of its fields, for --error-format json
function exit.stop(status, message, err)
  error(setmetatable({ status = status, message = message, error = err }, Stop), 0)
end

--- Whether a raised value is one of exit.stop.
---@param value any
---@return boolean
function exit.is_stop(value)
  return getmetatable(value) == Stop
end

return exit
