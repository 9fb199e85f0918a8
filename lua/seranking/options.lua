--- Options of clients, calls, walks, waits and maps: one table, and the checks based on it.
-- SPDX-License-Identifier: MIT
--
-- `make reference` makes docs/options.md and the types in library/ from this table.

local errors = require "seranking.answer.errors"
local kinds = require "seranking.base.kinds"
local misuse = require "seranking.base.misuse"
local products = require "seranking.api.products"
local proxy = require "seranking.base.proxy"

local options = {}

local format = string.format

-- ---- the table ----

--- An option. Fields that no code reads are for docs/options.md and the types.
---@class seranking.Option
---@field [1] string name
---@field [2] seranking.OptionKind
---@field default? any the value if left out
---@field otherwise? string the default in words, if no single value expresses it
---@field env? boolean read from the variable SERANKING_<NAME> if left out
---@field about string one sentence
---@field more? string for docs/options.md only: further sentences, links

local MIB = 1024 * 1024

local timeout = { "timeout", kinds.seconds, default = 60, env = true,
  about = "seconds for a call with all its attempts and waits" }
local connect_timeout = { "connect_timeout", kinds.seconds, default = 10, env = true,
  about = "seconds for name, connection and TLS of one attempt" }
local attempt_timeout = { "attempt_timeout", kinds.seconds, otherwise = "none", env = true,
  about = "seconds for one attempt" }
local retries = { "retries", kinds.whole(0, 100), default = 2, env = true,
  about = "attempts after the first, 0 to 100; operations that cost money are retried only if nothing was sent" }
local priority = { "priority", kinds.one_of("normal", "low"), default = "normal", env = true,
  about = '`"low"` leaves the last slot to others' }
local on_block = { "on_block", kinds.one_of("fail", "wait"), default = "fail", env = true,
  about = '`"wait"`: while the key is blocked, calls wait within their timeout' }

-- The options of every product, made by `make(name, product)`, between those before and after them.
local function with_products(before, make, after)
  for _, name in ipairs(products) do
    for _, option in ipairs(products[name] and make(name, products[name]) or {}) do
      before[#before + 1] = option
    end
  end
  for _, option in ipairs(after) do
    before[#before + 1] = option
  end
  return before
end

local function rate_words(rate)
  return format("`{ limit = %d, per = %d }`", rate.limit, rate.per)
end

--- Options of seranking.new in groups, each with its name and a link.
options.groups = {
  with_products({ "Account and address",
    { "token", kinds.token, otherwise = "", env = true, about = "the API key; `false` sends none on purpose" },
    { "token_file", kinds.text, otherwise = "none", env = true,
      about = "a file with the key; white space around it is stripped, and a file that other users can read is refused",
      more = "see [where the key comes from](keys-and-generations.md#where-the-key-comes-from)" },
    { "profile", kinds.text, otherwise = "none", env = true,
      about = "the keys that `seranking login --profile NAME` keeps",
      more = "see [where the key comes from](keys-and-generations.md#where-the-key-comes-from)" },
    { "api", kinds.one_of("v4", "v1"), otherwise = "by the key", env = true, about = "the generation of the Project API",
      more = "see [keys and generations](keys-and-generations.md)" },
    { "base_url", kinds.text, otherwise = "the vendor's", env = true,
      about = "another address: https, or http to this machine" },
    { "auth", kinds.one_of("header", "query"), default = "header", env = true,
      about = '`"query"` puts the key into the address, where logs of servers and proxies keep it' },
  }, function(name, product)
    return {
      { name .. "_token", kinds.of_type("string", "must be a string"), env = true,
        otherwise = "the client's key" .. (product.borrows and format(", or that of `client.%s`", product.borrows) or ""),
        about = format("the key for `client.%s`", name) },
      { name .. "_base_url", kinds.text, otherwise = "the vendor's, or your `base_url`", env = true,
        about = "the address of " .. product.named },
    }
  end, {
    { "budget", kinds.credits, otherwise = "none", env = true, about = "credits that `client.data` may spend, by estimate",
      more = "see [credits](walks-and-jobs.md#credits)" },
  }),
  { "Time and retries", timeout, connect_timeout, attempt_timeout, retries },
  with_products({ "The rate limit", link = "limits.md",
    { "rate", kinds.rate, default = { limit = 5, per = 1 }, env = true,
      about = "requests (1 to 64) in a rolling window of seconds; all clients of a key should use the same",
      more = "`limit = 1` for a trial account. In the variable, `2/10` means two in ten seconds" },
  }, function(name, product)
    return {
      { name .. "_rate", kinds.rate, default = product.rate, env = true,
        otherwise = product.follows and "`rate` if given, else " .. rate_words(product.rate) or nil,
        about = "the same for " .. product.named },
    }
  end, {
    { "share", kinds.one_of("user", "process", "off"), default = "user", env = true,
      about = 'who shares a key\'s limit: all processes of this user on this machine, `"process"`, or `"off"` for no limit' },
    { "state_dir", kinds.directory, otherwise = "found by itself", env = true,
      about = "the directory of the shared limit; calls fail if it can't be used" },
    { "state_group", kinds.boolean, default = false, about = "`true`: users of the directory's group share the limit too" },
    { "limiter", kinds.limiter, otherwise = "none", env = true,
      about = '`{ redis = "redis://…" }` shares the limit among machines; the variable has the address alone',
      more = "see [redis.md](redis.md)" },
    { "on_limiter_error", kinds.one_of("fail", "process"), default = "fail", env = true,
      about = '`"process"`: while the Redis or `state_dir` is out of reach, this process keeps the limit alone' },
    { "pacing", kinds.one_of("answer", "send_time"), default = "answer", env = true,
      about = '`"send_time"` is faster, but network jitter may break the limit' },
    priority,
    { "max_queue", kinds.whole(1, 1000000), default = 1000, env = true,
      about = "calls of a client that may wait for a slot" },
    on_block,
    { "on_event", kinds.of_type("function", "must be a function"), otherwise = "none", type = "fun(event: seranking.Event)",
      about = "a function that is told of waits, retries, 429s and bans", more = "see [events](limits.md#watching-it)" },
  }),
  { "Answers and errors",
    { "raise", kinds.boolean, default = false, about = "`true`: calls raise their error instead of returning `nil, err`" },
    { "nulls", kinds.one_of("drop", "keep"), default = "drop", env = true,
      about = '`"keep"`: null members are `seranking.null`' },
    { "max_body", kinds.whole(1, 2 ^ 40, "bytes"), default = 256 * MIB, otherwise = "256 MiB; 16 in nginx", env = true,
      about = "bytes of an answer after decompression" } },
  { "Network",
    { "ca_file", kinds.text, otherwise = "the system's", env = true, about = "PEM file with the authorities to trust" },
    { "proxy", kinds.text, otherwise = "`https_proxy`, `all_proxy`", env = true,
      about = "`http://user:password@host:port`, or a `https`, `socks4` or `socks5` proxy; plain-http requests bypass it" },
    { "user_agent", kinds.text, otherwise = "", env = true,
      about = "your program's name and version, put before the library's" } },
  { "Where it runs",
    { "loop", kinds.loop, otherwise = "found by itself",
      about = 'how calls wait: `"plain"`, `"nginx"`, `"cqueues"`, `"luv"`, or a loop of your own',
      more = "see [another loop](concurrency.md#another-loop)" },
    { "blocking", kinds.boolean, default = false, about = "`true`: calls may block an nginx worker or an event loop" },
    { "transport", kinds.transport, otherwise = "none", about = "stands in for the network in tests",
      more = "see [testing](testing.md)" },
    { "clock", kinds.clock, otherwise = "none", about = "stands in for the time in tests: `seranking.clock()`" } },
}

--- Options of one call.
options.of_call = {
  timeout, connect_timeout, attempt_timeout, retries, priority, on_block,
  { "headers", kinds.headers, about = 'more request headers, `{ Name = "value" }`' },
  { "budget", kinds.call_credits, about = "credits that this call may cost; `false` ignores the client's budget" },
  { "extra", kinds.of_type("table", "must be a table of names and values"), type = "table<string, any>",
    about = "parameters that the client does not know: they go where the operation's own go" },
}

-- The option on_progress of walks and maps.
local function progress(about)
  return { "on_progress", kinds.of_type("function", "must be a function"),
    type = "fun(done: integer, total: integer?, credits: number)", about = about }
end

--- Options of `each` and `all`, besides those of a call, which hold for each page.
options.of_walk = {
  { "max_rows", kinds.rows, about = "the walk ends after so many rows; `math.huge`: you want all there are" },
  { "max_cost", kinds.new("number", "must be a number, at least 0", function(value)
    return type(value) == "number" and value >= 0
  end), about = "credits, by estimate: a page that might cost more ends the walk with an error; "
    .. "`budget` does the same" },
  { "resume", kinds.of_type("string", "must be a text, as err.resume is"),
    about = "`err.resume` or `walk.resume` of a walk with the same arguments: goes on with the first row it has not delivered; "
      .. "`max_rows` and `max_cost` count from there" },
  progress("a function that is called after each page with the rows received, the rows in all if the server or `max_rows` "
    .. "tells them, and the cost in credits, by estimate; if it raises, the rows received are delivered, and the walk ends "
    .. "with an error, kind `cancelled`, code `on_progress`"),
}

--- Options of `wait`, besides those of a call, which hold for each poll.
options.of_wait = {
  { "timeout", kinds.seconds, default = 3600, about = "seconds for the whole wait" },
  { "every", kinds.pauses, otherwise = "by the operation, or `{ 5, 60 }`",
    about = "seconds between two polls: always so many, or `{ first, longest }`, where each pause is longer than the one "
      .. "before" },
  { "on_progress", kinds.of_type("function", "must be a function"),
    type = "fun(answer: table, look: { count: integer, elapsed: number, state: string? })",
    about = "a function that is called after each poll; if it raises, the wait ends with an error, kind `cancelled`, code "
      .. "`on_progress`, whose field `raised` has what it raised" },
}

--- Options of client:map.
options.of_map = {
  { "concurrency", kinds.whole(1, 10000), default = 16, about = "items in flight at once; the rate limit holds all the same" },
  { "stop_on_error", kinds.boolean, default = false,
    about = "`true`: begins no more items after the first error; those in flight are finished" },
  progress("a function that is called after each item with the items that have ended, those in all, and the credits that "
    .. "the client has spent meanwhile, by estimate; it must make no calls; if it raises, no item begins any more, and after "
    .. "those in flight the map raises the same"),
}

--- Options of client:download, besides those of a call.
options.of_download = {
  { "to", kinds.text, otherwise = "none",
    about = "a file to write to, in pieces, so memory does not grow; it gets its name when it is complete, and `download` "
      .. "returns the name. `max_body` counts only if you set it" },
  { "gunzip", kinds.boolean, default = false,
    about = "`true`, with `to`: unpacks a file that is gzip, and leaves any other as it is" },
}

--- Options of `export`, besides those of `wait`.
options.of_export = {
  { "to", kinds.text, about = "the file to write to, as in `client:download`" },
  { "gunzip", kinds.boolean, otherwise = "`true`, unless the name ends in `.gz`",
    about = "whether to unpack a file that is gzip" },
}

-- ---- checks ----

-- Options by name, of one list or several.
local function by_name(...)
  local found = {}
  for i = 1, select("#", ...) do
    for _, option in ipairs((select(i, ...))) do
      if type(option) == "table" then
        found[option[1]] = option
      end
    end
  end
  return found
end

local client_options, call_options = {}, by_name(options.of_call)
for _, group in ipairs(options.groups) do
  for name, option in pairs(by_name(group)) do
    client_options[name] = option
  end
end
local walk_options, wait_options = by_name(options.of_call, options.of_walk), by_name(options.of_call, options.of_wait)
local map_options = by_name(options.of_map)
local download_options = by_name(options.of_call, options.of_download)
local export_options = by_name(options.of_call, options.of_wait, options.of_export)

--- The default of an option of a client.
---@param name string
---@return any
function options.default(name)
  return client_options[name].default
end

-- Names that other clients use.
local synonyms = {
  key = "token", api_key = "token", apikey = "token", api_token = "token", key_file = "token_file", retry = "retries",
  max_retries = "retries",
  url = "base_url", host = "base_url", raises = "raise", rate_limit = "rate", version = "api",
}

-- Options whose values may hold a key or a password.
local SECRET = { token = true, base_url = true, proxy = true, limiter = true }
for _, name in ipairs(products) do
  SECRET[name .. "_token"], SECRET[name .. "_base_url"] = true, true
end

-- ", got 5": a value that does not fit, if it is short and no secret.
local function shown(name, value)
  local kind = type(value)
  if SECRET[name] or kind == "string" and (#value > 16 or value:find "%c") then
    return ""
  end
  local text = kind == "string" and format("%q", value) or (kind == "number" or kind == "boolean") and tostring(value)
  return text and ", got " .. text or ""
end

-- Checks options; returns them in a new table.
local function check(who, given, known, unknown)
  if type(given) ~= "table" or proxy.is(given) then
    misuse.raise("%s: options must be a table, got %s", who, proxy.show(given))
  end
  local checked = {}
  for name, value in pairs(given) do
    local option = known[name]
    if not option then
      misuse.raise("%s: %s", who, unknown(name))
    end
    local fine, problem, own_words = option[2].check(value)
    if fine == nil then
      if own_words then
        misuse.raise("%s: %s", who, problem)
      end
      misuse.raise("%s: option %s %s%s", who, name, problem, shown(name, value))
    end
    checked[name] = fine
  end
  return checked
end

local function unknown_option(name, known, others)
  local meant = synonyms[name]
  if known[meant] then
    return format("unknown option '%s'; did you mean '%s'?", tostring(name), meant)
  end
  local names = {}
  for _, list in ipairs { known, others or {} } do
    for other in pairs(list) do
      names[other] = true
    end
  end
  return format("unknown option '%s'%s", tostring(name), misuse.suggest(name, names))
end

-- Checks the options of a request and adds the fields that the core reads.
local function of_request(who, given, known, others)
  if given == nil then
    return nil
  end
  local checked = check(who, given, known, function(name)
    return not who:find ":" and options.usage(who, name) or unknown_option(name, known, others)
  end)
  if checked.priority then
    checked.priority_low = checked.priority == "low"
  end
  if checked.on_block then
    checked.wait_blocked = checked.on_block == "wait"
  end
  return checked
end

--- Checks the options of a call; nil if there are none.
---@param who string for messages
---@param given? table
---@param others? table<string, any> other names to suggest
---@return table?
function options.call(who, given, others)
  return of_request(who, given, call_options, others)
end

--- Checks the options of `each` and `all`.
---@param who string
---@param given? seranking.WalkOptions
---@return table?
function options.walk(who, given)
  return of_request(who, given, walk_options)
end

--- Checks the options of `wait`.
---@param who string
---@param given? seranking.WaitOptions
---@return table
function options.wait(who, given)
  local checked = of_request(who, given, wait_options) or {}
  checked.timeout = checked.timeout or wait_options.timeout.default
  return checked
end

--- Checks the options of client:download.
---@param given? seranking.DownloadOptions
---@return table?
function options.download(given)
  local checked = of_request("client:download", given, download_options)
  if checked and checked.gunzip and not checked.to then
    misuse.raise "client:download: option gunzip goes with to: bytes that are returned stay as they are"
  end
  return checked
end

--- Checks the options of `export`.
---@param who string
---@param given? seranking.ExportOptions
---@return table
function options.export(who, given)
  local checked = of_request(who, given, export_options) or {}
  if not checked.to then
    misuse.raise('%s: export needs the name of a file: export({ … }, { to = "links.csv" })', who)
  elseif checked.gunzip == nil then
    checked.gunzip = not checked.to:lower():find "%.gz$"
  end
  checked.timeout = checked.timeout or wait_options.timeout.default
  return checked
end

--- Checks the options of client:map.
---@param given? seranking.MapOptions
---@return table
function options.map(given)
  local checked = given == nil and {} or check("client:map", given, map_options, function(name)
    return unknown_option(name, map_options)
  end)
  checked.concurrency = checked.concurrency or map_options.concurrency.default
  return checked
end

--- How to give an option to an operation, for messages; nil if there is no option of this name.
---@param who string the operation
---@param name any
---@return string?
function options.usage(who, name)
  if call_options[name] then
    return format("%s is an option: %s({ … }, { %s = … })", name, who, name)
  end
  local method = walk_options[name] and "each" or wait_options[name] and "wait"
  return method and format("%s is an option of %s: %s:%s({ … }, { %s = … })", name, method, who, method, name) or nil
end

-- The value of an option's variable, nil, and the variable's name; nil if it is unset; nil and an error. The core reads keys
-- itself.
local function from_environment(option)
  local variable = "SERANKING_" .. option[1]:upper()
  local value = option.env and option[2].parse and os.getenv(variable)
  if not value or value == "" then
    return nil
  end
  local parsed, fine, problem
  parsed, problem = option[2].parse(value)
  if not problem then
    fine, problem = option[2].check(parsed)
  end
  if problem then
    return nil, errors.option(variable, problem) -- not the value: it may be a secret
  end
  return fine, nil, variable
end

--- Checks the options of a client and adds those of the environment. Raises on a mistake in the program; returns an error for a
--- mistake in the environment.
---@param given? seranking.Options
---@return table? checked, table|seranking.Error # checked, names of the variables used, by option | nil, error
function options.client(given)
  if given ~= nil and type(given) ~= "table" then
    misuse.raise("seranking.new takes a table of options, got a %s%s", type(given),
      type(given) == "string" and ': write seranking.new { token = "your-key" }' or "")
  end
  local checked = check("seranking.new", given or {}, client_options, function(name)
    return unknown_option(name, client_options)
  end)
  local variables = {}
  -- A program that says who shares the limit, or that time is not real, needs no SERANKING_LIMITER.
  local apart = checked.share or checked.state_dir or checked.transport or checked.clock
  for name, option in pairs(client_options) do
    if checked[name] == nil and not (name == "limiter" and apart) then
      local value, problem, variable = from_environment(option)
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
  local sources = {}
  for _, name in ipairs { "token", "token_file", "profile" } do
    sources[#sources + 1] = given and given[name] ~= nil and name or nil
  end
  if #sources > 1 then
    misuse.raise("seranking.new: options %s each say which key to use: leave one out", table.concat(sources, " and "))
  end
  if checked.state_group and not checked.state_dir then
    misuse.raise("seranking.new: option state_group goes with state_dir: the directory that the group shares")
  end
  return checked, variables
end

return options
