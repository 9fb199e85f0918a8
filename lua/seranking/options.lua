--- Options of a client and of a call: what there is, where else it may come from, what it may be.
-- SPDX-License-Identifier: MIT

local core = require "lseranking"
local copy = require "seranking.base.copy"
local errors = require "seranking.answer.errors"
local misuse = require "seranking.base.misuse"
local proxy = require "seranking.base.proxy"

local options = {}

local format = string.format

-- ---- kinds of values: each check gives the value, or nil and what it must be ----

local function text(value)
  if type(value) == "string" and value ~= "" and not value:find "%c" then
    return value
  end
  return nil, "must be a string without control characters, not empty"
end

local function seconds(value)
  if type(value) == "number" and value >= 0.001 and value <= 86400 then
    return value
  end
  return nil, "must be a number of seconds from 0.001 to 86400 (a day)"
end

local function count(value)
  if type(value) == "number" and value >= 0 and value <= 100 and value % 1 == 0 then
    return value
  end
  return nil, "must be a whole number from 0 to 100"
end

local function bytes(value)
  if type(value) == "number" and value >= 1 and value <= 2 ^ 40 and value % 1 == 0 then
    return value
  end
  return nil, "must be a whole number of bytes, at least 1"
end

local function boolean(value)
  if type(value) == "boolean" then
    return value
  end
  return nil, "must be true or false"
end

local function one_of(...)
  local words = { ... }
  return function(value)
    for _, word in ipairs(words) do
      if value == word then
        return value
      end
    end
    return nil, 'must be "' .. table.concat(words, '" or "') .. '"'
  end
end

local function token(value)
  if type(value) == "string" or value == false then
    return value
  end
  return nil, "must be a string, or false for calls without a key"
end

local function credits(value)
  if type(value) == "number" and value >= 0 and value < math.huge then
    return value
  end
  return nil, "must be a number of credits, at least 0"
end

local function call_credits(value)
  if value == false then
    return value
  end
  return credits(value)
end

local function data_token(value)
  if type(value) == "string" then
    return value
  end
  return nil, "must be a string"
end

local function rate(value)
  if type(value) ~= "table" then
    return nil, "must be a table { limit = requests, per = seconds }"
  end
  for name in pairs(value) do
    if name ~= "limit" and name ~= "per" then
      return nil, format("has an unknown field '%s': { limit = requests, per = seconds }", tostring(name))
    end
  end
  local limit, per = value.limit, value.per or 1
  if type(limit) ~= "number" or limit < 1 or limit > 64 or limit % 1 ~= 0 then
    return nil, "limit must be a whole number from 1 to 64"
  end
  if not seconds(per) then
    return nil, "per " .. select(2, seconds(per))
  end
  return { limit = limit, per = per }
end

local function transport(value)
  if type(value) == "table" and type(value.handle) == "function" then
    return value
  end
  return nil, "must be an object with a method `handle`, such as seranking.fake's"
end

local function extra(value)
  if type(value) == "table" then
    return value
  end
  return nil, "must be a table of names and values"
end

local function limiter(value)
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

local function hook(value)
  if type(value) == "function" then
    return value
  end
  return nil, "must be a function"
end

local function positive(value)
  if type(value) == "number" and value >= 1 and value <= 1000000 and value % 1 == 0 then
    return value
  end
  return nil, "must be a whole number from 1 to 1000000"
end

local function directory(value)
  if text(value) and value:sub(1, 1) == "/" then
    return (value:gsub("(.)/+$", "%1")) -- with a slash behind it a link would be followed
  end
  return nil, "must be the absolute path of a directory"
end

local loops = { nginx = true, cqueues = true, luv = true, plain = true }

local function loop(value)
  if type(value) == "string" and loops[value] then
    return value
  elseif type(value) == "table" and type(value.wait) == "function" and type(value.spawn) == "function" then
    return value
  end
  return nil, 'must be "plain", "nginx", "cqueues", "luv", or a loop with the functions wait and spawn'
end

local function clock(value)
  if core.is_clock(value) then
    return value
  end
  return nil, "must be a clock of seranking.clock()"
end

local function cost_limit(value)
  if type(value) == "number" and value >= 0 and value == value then
    return value
  end
  return nil, "must be a number, at least 0"
end

local function row_count(value)
  if type(value) == "number" and value >= 1 and (value == math.huge or value % 1 == 0) then
    return value
  end
  return nil, "must be a whole number, at least 1, or math.huge for all rows"
end

local function resume_token(value)
  if type(value) == "string" then
    return value
  end
  return nil, "must be a text, as err.resume is"
end

local function every(value)
  if type(value) == "number" then
    value = { value, value }
  end
  if type(value) == "table" and type(value[1]) == "number" and type(value[2]) == "number" and value[1] >= 0.001
    and value[2] >= value[1] and value[2] <= 86400 then
    return value
  end
  return nil, "must be a number of seconds, or { first, longest }, from 0.001 to 86400"
end

local function width(value)
  if type(value) == "number" and value >= 1 and value <= 10000 and value % 1 == 0 then
    return value
  end
  return nil, "must be a whole number from 1 to 10000"
end

-- ---- what there is ----

--- Options of seranking.new. Those with a variable are also read from SERANKING_<NAME>; an explicit option wins.
---@class seranking.Options
---@field token? string|false the API key; false: calls without one are meant. Variable: SERANKING_TOKEN
---@field api? "v4"|"v1" the generation; left out: v1 for a key that looks like a UUID, v4 for any other
---@field base_url? string another address; http only to this machine
---@field auth? "header"|"query" where the key goes; the query ends up in logs of servers and proxies (default header)
---@field timeout? number seconds for a call with all its attempts and waits (default 60)
---@field connect_timeout? number seconds for name, connection and TLS of one attempt (default 10)
---@field attempt_timeout? number seconds for one attempt (default: none but timeout)
---@field retries? integer attempts after the first (default 2); operations that cost money are retried only if nothing was sent
---@field max_body? integer bytes of an answer after decompression (default 256 MiB)
---@field rate? { limit: integer, per?: number } requests, at most 64, in a rolling window of `per` seconds (default 5 in 1)
---@field share? "user"|"process"|"off" who shares the limit: all processes of this user on this machine (default), all
--- clients of this process, or there is none
---@field state_dir? string where the shared limit's file is; left out: found by itself, see docs/limits.md
---@field state_group? boolean true: the group of state_dir shares it too (nginx and cron with one key)
---@field limiter? { redis: string } shares the limit among machines: redis://, rediss://, unix:/… Variable:
--- SERANKING_LIMITER, the address alone; not for clients whose share, state_dir, transport or clock is given
---@field on_limiter_error? "fail"|"process" while Redis, or a state_dir that was named, is out of reach: calls fail
--- (default), or this process keeps the limit alone
---@field pacing? "answer"|"send_time" when a slot cools down: from the answer on (default; proven), or from the sending on
--- (faster; jitter of the network may break the limit)
---@field priority? "normal"|"low" low leaves the last slot to others
---@field max_queue? integer calls that may wait for a slot at once (default 1000)
---@field on_block? "fail"|"wait" while the key is blocked: calls fail at once (default), or wait within their timeout
---@field on_event? fun(event: seranking.Event) told of waits, retries, 429s and bans
---@field ca_file? string PEM file of the CAs to trust instead of the system's
---@field proxy? string address of a proxy for https; left out: as libcurl finds it in the environment
---@field user_agent? string your program's name and version, put before ours
---@field nulls? "drop"|"keep" members that are null: absent (default), or seranking.null
---@field blocking? boolean true: calls may hold up an nginx worker or an event loop (default false)
---@field raise? boolean true: calls raise their error, the value itself, instead of returning nil and it (default false)
---@field loop? "plain"|"nginx"|"cqueues"|"luv"|seranking.Loop how calls wait; left out: as the caller's host does
---@field transport? table stands in for the wire in tests: an object of seranking.fake
---@field clock? userdata stands in for the time in tests: seranking.clock()
---@field data_token? string the key for client.data; left out: SERANKING_DATA_TOKEN, or else the client's own
---@field data_base_url? string address of the Data API; left out: the vendor's, or base_url where that is an address of yours
---@field budget? number credits that client.data may spend, by estimate
---@field data_rate? { limit: integer, per?: number } the Data API's limit (default 10 in 1, or `rate` where that is given)
local client_options = {
  token = { token },
  api = { one_of("v4", "v1"), env = true },
  base_url = { text, env = true },
  auth = { one_of("header", "query"), env = true },
  timeout = { seconds, env = "number" },
  connect_timeout = { seconds, env = "number" },
  attempt_timeout = { seconds, env = "number" },
  retries = { count, env = "number" },
  max_body = { bytes, env = "number" },
  rate = { rate, env = "rate" },
  data_token = { data_token },
  data_base_url = { text, env = true },
  data_rate = { rate, env = "rate" },
  budget = { credits, env = "number" },
  share = { one_of("user", "process", "off"), env = true },
  state_dir = { directory, env = true },
  state_group = { boolean },
  limiter = { limiter, env = "limiter" },
  on_limiter_error = { one_of("fail", "process"), env = true },
  pacing = { one_of("answer", "send_time"), env = true },
  priority = { one_of("normal", "low"), env = true },
  max_queue = { positive, env = "number" },
  on_block = { one_of("fail", "wait"), env = true },
  on_event = { hook },
  ca_file = { text, env = true },
  proxy = { text, env = true },
  user_agent = { text, env = true },
  nulls = { one_of("drop", "keep"), env = true },
  blocking = { boolean },
  raise = { boolean },
  loop = { loop },
  transport = { transport },
  clock = { clock },
}

--- Options of one call, the second table of every operation.
---@class seranking.CallOptions
---@field timeout? number seconds
---@field connect_timeout? number seconds
---@field attempt_timeout? number seconds
---@field retries? integer attempts after the first; operations that cost money are retried only if nothing was sent
---@field priority? "normal"|"low"
---@field on_block? "fail"|"wait"
---@field headers? table<string, string> more request headers
---@field budget? number|false credits of the Data API that it may cost, by estimate; false: whatever it costs
---@field extra? table<string, any> parameters that no description knows: they go where the operation's own go
local call_options = {
  timeout = { seconds },
  connect_timeout = { seconds },
  attempt_timeout = { seconds },
  retries = { count },
  priority = { one_of("normal", "low") },
  on_block = { one_of("fail", "wait") },
  headers = {},
  extra = { extra },
  budget = { call_credits },
}

--- Options of `each` and `all`, besides those of a call, which hold for each page.
---@class seranking.WalkOptions: seranking.CallOptions
---@field max_rows? number end after so many rows; math.huge: all there are, in pages as large as the API gives
---@field max_cost? number credits, by estimate: a page that might cost more ends the walk with an error; budget does the same
---@field resume? string err.resume or walk.resume of a walk with the same arguments: go on with the first row that it has not
--- delivered. max_rows and max_cost count from there
local walk_options = { max_rows = { row_count }, max_cost = { cost_limit }, resume = { resume_token } }

--- Options of `wait`, besides those of a call, which hold for each look.
---@class seranking.WaitOptions: seranking.CallOptions
---@field timeout? number seconds for the whole wait (default 3600)
---@field every? number|{ [1]: number, [2]: number } seconds between two looks: always so many, or the first and the longest
---@field on_progress? fun(answer: table, look: { count: integer, elapsed: number, state: string? }) told of each look; if it
--- raises, the wait ends with an error of kind cancelled, code on_progress, which has what was raised in its field `raised`
local wait_options = { every = { every }, on_progress = { hook } }

---@class seranking.MapOptions
---@field concurrency? integer items under way at once (default 16); the rate limit holds beside it
---@field stop_on_error? boolean begin no more items after the first error; those under way are finished
local map_options = { concurrency = { width }, stop_on_error = { boolean } }

-- Headers that are ours: a second one of them would contradict the first.
local reserved = {
  authorization = true, host = true, ["content-length"] = true, ["transfer-encoding"] = true, ["content-type"] = true,
  expect = true, connection = true, accept = true, ["accept-encoding"] = true, te = true, upgrade = true,
  ["user-agent"] = true,
}

local function header_lines(who, headers)
  if type(headers) ~= "table" then
    misuse.raise("%s: option headers must be a table { Name = \"value\" }", who)
  end
  local lines = {}
  for name, value in pairs(headers) do
    if type(name) ~= "string" or not name:find "^[%w!#$%%&'*+.^_`|~-]+$" then
      misuse.raise("%s: %s is no header name", who, format("%q", tostring(name)))
    elseif reserved[name:lower()] then
      misuse.raise("%s: header %s is set by the client itself", who, name)
    elseif type(value) ~= "string" or value:find "[%z\1-\8\10-\31\127]" then
      misuse.raise("%s: the value of header %s must be a string without control characters", who, name)
    end
    lines[#lines + 1] = value == "" and name .. ";" or name .. ": " .. value
  end
  table.sort(lines)
  return lines
end

-- What other clients call an option.
local synonyms = {
  key = "token", api_key = "token", apikey = "token", api_token = "token", retry = "retries", max_retries = "retries",
  url = "base_url", host = "base_url", raises = "raise", rate_limit = "rate", version = "api",
}

--- Checks the options of a call. nil when there are none.
---@param who string for messages
---@param given? table
---@param more? table<string, table> options that are taken besides, by name
---@param others? table<string, any> names that are no options, but may be meant
---@return table?
function options.call(who, given, more, others)
  if given == nil then
    return nil
  elseif type(given) ~= "table" or proxy.is(given) then
    misuse.raise("%s: options must be a table, got %s", who, proxy.show(given))
  end
  local checked = {}
  for name, value in pairs(given) do
    local option = call_options[name] or more and more[name]
    if not option then
      local names = copy.shallow(call_options)
      for _, list in ipairs { more or {}, others or {} } do
        for other in pairs(list) do
          names[other] = true
        end
      end
      misuse.raise("%s: %s", who, not who:find ":" and options.usage(who, name)
        or format("unknown option '%s'%s", tostring(name), call_options[synonyms[name]]
          and format("; did you mean '%s'?", synonyms[name]) or misuse.suggest(name, names)))
    elseif name == "headers" then
      checked.headers = header_lines(who, value)
    else
      local fine, problem = option[1](value)
      if fine == nil then
        misuse.raise("%s: option %s %s", who, name, problem)
      end
      checked[name] = fine
    end
  end
  if checked.priority then
    checked.priority_low = checked.priority == "low"
  end
  if checked.on_block then
    checked.wait_blocked = checked.on_block == "wait"
  end
  return checked
end

--- How an option of this name is given to an operation, for messages; nil when there is none.
---@param who string the operation
---@param name any
---@return string?
function options.usage(who, name)
  if call_options[name] then
    return format("%s is an option: %s({ … }, { %s = … })", name, who, name)
  end
  local method = walk_options[name] and "each" or wait_options[name] and "wait"
  if method then
    return format("%s is an option of %s: %s:%s({ … }, { %s = … })", name, method, who, method, name)
  end
end

--- Checks the options of `each` and `all`.
function options.walk(who, given)
  return options.call(who, given, walk_options)
end

--- Checks the options of `wait`.
function options.wait(who, given)
  return options.call(who, given, wait_options)
end

--- Checks the options of client:map.
---@param given? table
---@return table
function options.map(given)
  if given == nil then
    return {}
  elseif type(given) ~= "table" then
    misuse.raise("client:map: options must be a table, got %s", proxy.show(given))
  end
  for name, value in pairs(given) do
    if not map_options[name] then
      misuse.raise("client:map: unknown option '%s'%s", tostring(name), misuse.suggest(name, map_options))
    end
    local fine, problem = map_options[name][1](value)
    if fine == nil then
      misuse.raise("client:map: option %s %s", name, problem)
    end
  end
  return given
end

-- The value of an option's variable, nil, and the variable's name; nil, or nil and an error. The key's is read by the core and
-- never comes here.
local function from_environment(name, option)
  local variable = "SERANKING_" .. name:upper()
  local value = option.env and os.getenv(variable)
  if not value or value == "" then
    return nil
  end
  local fine, problem
  if option.env == "number" then
    fine, problem = option[1](tonumber(value))
  elseif option.env == "rate" then -- SERANKING_RATE=2, or 2/10 for 2 in 10 seconds
    local limit, per = (value:find "/" and value or value .. "/1"):match "^([%d.]+)/([%d.]+)$"
    if not limit then
      return nil, errors.option(variable, "must be requests or requests/seconds, as in 2 or 2/10")
    end
    fine, problem = option[1] { limit = tonumber(limit), per = tonumber(per) or 0 }
  elseif option.env == "limiter" then -- SERANKING_LIMITER=redis://host:6379
    fine, problem = option[1] { redis = value }
  else
    fine, problem = option[1](value)
  end
  if fine == nil then
    return nil, errors.option(variable, problem) -- not the value: it may be a secret
  end
  return fine, nil, variable
end

--- Checks the options of a client and adds those of the environment. Mistakes of the caller raise; of the environment, they
--- are returned.
---@param given? seranking.Options
---@return table? checked, table|seranking.Error # the names of the variables that options came from, by option; an error
function options.client(given)
  if given ~= nil and type(given) ~= "table" then
    misuse.raise("seranking.new takes a table of options, got %s", type(given))
  end
  local checked = {}
  for name, value in pairs(given or {}) do
    local option = client_options[name]
    if not option then
      misuse.raise("seranking.new: unknown option '%s'%s", tostring(name),
        synonyms[name] and format("; did you mean '%s'?", synonyms[name]) or misuse.suggest(name, client_options))
    end
    local fine, problem = option[1](value)
    if fine == nil then
      misuse.raise("seranking.new: option %s %s", name, problem)
    end
    checked[name] = fine
  end
  local variables = {}
  -- Who says whom the limit is shared with, or that there is no real time, means it, whatever the environment says.
  local apart = checked.share or checked.state_dir or checked.transport or checked.clock
  for name, option in pairs(client_options) do
    if checked[name] == nil and not (name == "limiter" and apart) then
      local value, problem, variable = from_environment(name, option)
      if problem then
        return nil, problem
      end
      checked[name], variables[name] = value, variable
    end
  end
  if variables.limiter and variables.share then
    return nil, errors.option("SERANKING_LIMITER", "says who shares the limit: unset SERANKING_SHARE")
  end
  if given and given.limiter and (given.share or given.state_dir) then
    misuse.raise("seranking.new: option limiter says who shares the limit: leave out share and state_dir")
  end
  if checked.state_group and not checked.state_dir then
    misuse.raise("seranking.new: option state_group goes with state_dir: the directory that the group shares")
  end
  return checked, variables
end

return options
