--- Kinds of option values: which values fit, and the message for one that does not.
-- SPDX-License-Identifier: MIT

local core = require "lseranking"

local kinds = {}

local format, huge = string.format, math.huge

--- `check` returns the value as it is used, or nil and what it must be. `parse` makes a value of a variable's text, or returns
--- nil and what the text must be.
---@class seranking.OptionKind
---@field type string in LuaCATS
---@field check fun(value: any): any, string?, boolean?
---@field parse? fun(text: string): any, string? nil: an option of this kind has no variable

--- Makes a kind from a function that tells whether a value fits.
---@param type_name string
---@param must string what a value must be
---@param fits fun(value: any): any
---@param parse? fun(text: string): any
---@return seranking.OptionKind
function kinds.new(type_name, must, fits, parse)
  return {
    type = type_name,
    parse = parse,
    check = function(value)
      if fits(value) then
        return value
      end
      return nil, must
    end,
  }
end

local kind = kinds.new

local function as_it_is(value)
  return value
end

local function is_number(value, least, most)
  return type(value) == "number" and value >= least and value <= most
end

function kinds.whole(least, most, unit)
  local range = most < 2 ^ 40 and format("from %d to %d", least, most) or format("of %s, at least %d", unit, least)
  return kind("integer", "must be a whole number " .. range, function(value)
    return is_number(value, least, most) and value % 1 == 0
  end, tonumber)
end

function kinds.one_of(...)
  local words = { ... }
  local quoted = '"' .. table.concat(words, '" or "') .. '"'
  return kind('"' .. table.concat(words, '"|"') .. '"', "must be " .. quoted, function(value)
    for _, word in ipairs(words) do
      if value == word then
        return true
      end
    end
  end, as_it_is)
end

function kinds.of_type(type_name, must)
  return kind(type_name, must, function(value)
    return type(value) == type_name:match "^%a+"
  end)
end

kinds.text = kind("string", "must be a string without control characters, not empty", function(value)
  return type(value) == "string" and value ~= "" and not value:find "%c"
end, as_it_is)

kinds.seconds = kind("number", "must be a number of seconds from 0.001 to 86400 (a day)", function(value)
  return is_number(value, 0.001, 86400)
end, tonumber)

kinds.boolean = kinds.of_type("boolean", "must be true or false")

kinds.token = kind("string|false", "must be a string, or false for calls without a key", function(value)
  return type(value) == "string" or value == false
end)

kinds.credits = kind("number", "must be a number of credits, at least 0", function(value)
  return is_number(value, 0, huge) and value < huge
end, tonumber)

kinds.call_credits = { type = "number|false", check = function(value)
  if value == false then
    return false
  end
  return kinds.credits.check(value)
end }

kinds.rate = { type = "{ limit: integer, per?: number }" }

function kinds.rate.check(value)
  if type(value) ~= "table" then
    return nil, "must be a table { limit = requests, per = seconds }"
  end
  for name in pairs(value) do
    if name ~= "limit" and name ~= "per" then
      return nil, format("has an unknown field '%s': { limit = requests, per = seconds }", tostring(name))
    end
  end
  local limit, per = value.limit, value.per or 1
  if not is_number(limit, 1, 64) or limit % 1 ~= 0 then
    return nil, "limit must be a whole number from 1 to 64"
  elseif not kinds.seconds.check(per) then
    return nil, "per " .. select(2, kinds.seconds.check(per))
  end
  return { limit = limit, per = per }
end

-- "2", or "2/10" for 2 in 10 seconds.
function kinds.rate.parse(given)
  local limit, per = (given:find "/" and given or given .. "/1"):match "^([%d.]+)/([%d.]+)$"
  if not limit then
    return nil, "must be requests or requests/seconds, as in 2 or 2/10"
  end
  return { limit = tonumber(limit), per = tonumber(per) or 0 }
end

kinds.limiter = { type = "{ redis: string }" }

function kinds.limiter.check(value)
  if type(value) ~= "table" or type(value.redis) ~= "string" or value.redis == "" then
    return nil, 'must be a table { redis = "redis://host:6379" }'
  end
  for name in pairs(value) do
    if name ~= "redis" then
      return nil, format("has an unknown field '%s': { redis = address }", tostring(name))
    end
  end
  return value
end

function kinds.limiter.parse(address)
  return { redis = address }
end

kinds.directory = { type = "string", parse = as_it_is, check = function(value)
  if kinds.text.check(value) and value:sub(1, 1) == "/" then
    return (value:gsub("(.)/+$", "%1")) -- a trailing slash would follow a link
  end
  return nil, "must be the absolute path of a directory"
end }

kinds.transport = kind("table", "must be an object with a method `handle`, such as seranking.fake's", function(value)
  return type(value) == "table" and type(value.handle) == "function"
end)

local loops = { nginx = true, cqueues = true, luv = true, plain = true }

kinds.loop = kind('"plain"|"nginx"|"cqueues"|"luv"|seranking.Loop',
  'must be "plain", "nginx", "cqueues", "luv", or a loop with the functions wait and spawn', function(value)
    return type(value) == "string" and loops[value]
      or type(value) == "table" and type(value.wait) == "function" and type(value.spawn) == "function"
  end)

kinds.clock = kind("userdata", "must be a clock of seranking.clock()", core.is_clock)

kinds.pauses = { type = "number|{ [1]: number, [2]: number }", check = function(value)
  local list = type(value) == "number" and { value, value } or value
  if type(list) == "table" and is_number(list[1], 0.001, 86400) and is_number(list[2], list[1], 86400) then
    return list
  end
  return nil, "must be a number of seconds, or { first, longest }, from 0.001 to 86400"
end }

kinds.rows = kind("number", "must be a whole number, at least 1, or math.huge for all rows", function(value)
  return is_number(value, 1, huge) and (value == huge or value % 1 == 0)
end)

-- Headers that the library sets itself: a second one would contradict the first.
local reserved = {
  authorization = true, host = true, ["content-length"] = true, ["transfer-encoding"] = true, ["content-type"] = true,
  expect = true, connection = true, accept = true, ["accept-encoding"] = true, te = true, upgrade = true,
  ["user-agent"] = true,
}

kinds.headers = { type = "table<string, string>" }

-- Returns { "Name: value", … }, sorted. A third result of true: the message names the header, not the option.
function kinds.headers.check(value)
  if type(value) ~= "table" then
    return nil, 'must be a table { Name = "value" }'
  end
  local lines = {}
  for name, line in pairs(value) do
    if type(name) ~= "string" or not name:find "^[%w!#$%%&'*+.^_`|~-]+$" then
      return nil, format("%s is no header name", format("%q", tostring(name))), true
    elseif reserved[name:lower()] then
      return nil, format("header %s is set by the client itself", name), true
    elseif type(line) ~= "string" or line:find "[%z\1-\8\10-\31\127]" then
      return nil, format("the value of header %s must be a string without control characters", name), true
    end
    lines[#lines + 1] = line == "" and name .. ";" or name .. ": " .. line
  end
  table.sort(lines)
  return lines
end

return kinds
