--- `seranking fake`: serves the fake SE Ranking API on a port of this machine, for demos and for tests in any language.
-- SPDX-License-Identifier: MIT
--
-- It stays in the foreground until it is ended; --stop-with-stdin and --for end it with its starter.
-- `seranking fake run SCRIPT` runs a Lua script against a server that lives as long as the script.

local argparse = require "argparse"
local socket = require "socket"
local fake = require "seranking.fake"
local run = require "seranking.fake.run"
local server = require "seranking.fake.server"
local values = require "seranking.fake.values"

local command = {}

local V4_KEY, V1_KEY = "be2165b7d065e278e7305c1c7ef791f283f5d14b", "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6"
local LOGGED = 10000 -- requests that GET /_fake/log returns at most
local STEP = 0.25 -- seconds that the server waits at most for a request; Lua notices Ctrl-C only when it runs

--- A number within bounds, as argparse wants converters.
local function number(option, least, most, whole)
  return function(text)
    local value = tonumber(text)
    if not value or not (value >= least and value <= most) or whole and value % 1 ~= 0 then
      return nil, ("%s: '%s' is not a%s number from %.15g to %.15g"):format(option, text, whole and " whole" or "", least, most)
    end
    return value
  end
end

local function day(text)
  if values.is_date(text) then
    return text
  end
  return nil, ("--today: '%s' is not a day YYYY-MM-DD"):format(text)
end

local function seconds_range(text)
  local least, most = text:match "^([%d.]+),([%d.]+)$"
  least, most = tonumber(least or text), tonumber(most or text)
  if not least or not most or least > most or most > 86400 then
    return nil, ("--latency: '%s' is neither seconds nor LEAST,MOST"):format(text)
  end
  return { least, most }
end

-- The options of both uses: what the fake is like.
local function add_fake_options(parser)
  local function option(name, about, argname, convert, default)
    parser:option(name, about):argname(argname):convert(convert):default(default)
  end
  option("--seed", "Seed of the data and of the faults by chance.", "N", number("--seed", 0, 1e9, true), "1")
  option("--today", "The day on which it begins (default: today, in UTC).", "DATE", day)
  option("--latency", "Seconds that an answer takes.", "LEAST,MOST", seconds_range)
  option("--fault-rate", "Share of the requests that get a fault.", "0..1", number("--fault-rate", 0, 1))
  parser:flag("--lenient", "Take any two small letters as a country of the Data API.")
  option("--limit", "Requests allowed a key and window.", "N", number("--limit", 1, 1e9, true), "5")
  option("--data-limit", "The same for the Data API.", "N", number("--data-limit", 1, 1e9, true), "10")
  option("--visible-limit", "The same for SE Visible.", "N", number("--visible-limit", 1, 1e9, true), "1")
  parser:option("--without", "What the account lacks, such as visible or local_marketing. May be given several times.")
    :argname("PRODUCT"):count("*")
  option("--per", "The window, in seconds.", "S", number("--per", 0.001, 86400), "1")
  option("--regions", "Rows of the list of regions.", "N", number("--regions", 0, 228800, true), "50")
  option("--rows", "Rows of the lists of the Data API.", "N", number("--rows", 0, 1e9, true), "250")
  option("--units", "Credits for the Data API.", "N", number("--units", 0, 1e15, true), "48211")
  parser:option("--replay", "Give the answers of a recording: a file that seranking.record has written."):argname("FILE")
end

-- The result of parsing; ends with a message and status 2 if the words are wrong.
local function parse(parser, words)
  local fine, parsed = parser:pparse(words)
  if not fine then
    io.stderr:write("seranking: ", parsed, " (`", parser._name, " --help`)\n")
    os.exit(2)
  end
  return parsed
end

--- The parser of the server's options.
---@return table
function command.parser()
  local parser = argparse("seranking fake", "Serves a fake of the SE Ranking API on 127.0.0.1, over HTTP/1.1.")
    :help_max_width(100)
    :epilog("To run a Lua script against a server of its own: seranking fake run SCRIPT (see seranking fake run --help).\n\n"
      .. "POST /_fake/fail queues a fault, GET /_fake/log returns the requests so far, POST /_fake/reset forgets everything.")
  parser:option("--port", "Port; 0 takes any that is free."):argname("N"):default("0")
    :convert(number("--port", 0, 65535, true))
  parser:option("--port-file", "Write the URL to this file once requests are taken."):argname("FILE")
  parser:option("--tls-cert", "Speak TLS, with this certificate chain (PEM)."):argname("FILE")
  parser:option("--tls-key", "The certificate's key (PEM)."):argname("FILE")
  parser:flag("--demo", "Begin with the demo account: a shop, a bakery and a blog.")
  add_fake_options(parser)
  parser:option("--token", "A key to accept; may be given again (default: the keys of `seranking fake run`).")
    :argname("KEY"):count("*")
  parser:option("--for", "End after so many seconds (default: never)."):argname("SECONDS")
    :convert(number("--for", 0, 1e9))
  parser:flag("--stop-with-stdin", "End as soon as standard input does.")
  parser:flag("--quiet", "Don't log the requests.")
  return parser
end

local function fail(message, status)
  io.stderr:write("seranking: ", tostring(message), "\n")
  os.exit(status or 1)
end

local function arguments(words)
  local options = parse(command.parser(), words)
  if (options.tls_cert == nil) ~= (options.tls_key == nil) then
    fail("--tls-cert and --tls-key go together", 2)
  end
  return options
end

--- Writes a file so that nobody ever sees half of it.
local function write_whole(name, text)
  local draft = name .. ".new"
  local file, why = io.open(draft, "w")
  if not file then
    return nil, why
  end
  local written
  written, why = file:write(text)
  local closed, close_why = file:close()
  if not written or not closed then
    os.remove(draft)
    return nil, why or close_why
  end
  return os.rename(draft, name)
end

--- Has the server watch standard input, and tells when that has ended.
local function watch_stdin(serving, stdin)
  local ended = false
  serving:watch(stdin, function()
    if not io.stdin:read(1) then
      ended = true
      serving:watch(stdin, nil)
    end
  end)
  return function() return ended end
end

--- Logs an answer. Only the API's own note of the request is shown: in that the key is masked, wherever it stood.
local function log_answer(api)
  return function(_, answer)
    local record = api.log[#api.log]
    local words = { record.method, record.query and record.path .. "?" .. record.query or record.path }
    words[#words + 1] = answer.status
    words[#words + 1] = answer.fault
    io.stderr:write(table.concat(words, " "), "\n")
  end
end

--- The keys as the API wants them; nil leaves the choice to it.
local function key_set(keys)
  local set = {}
  for _, key in ipairs(keys) do
    set[key] = true
  end
  return next(set) and set or nil
end

-- ---- seranking fake run ----

local RUN_FLAGS = { ["-h"] = true, ["--help"] = true, ["--demo"] = true, ["--empty"] = true, ["--lenient"] = true }

--- Where the script stands after `run` and its options. What follows is the script's own.
local function place_of_script(words)
  local place = 2
  while words[place] and words[place]:find "^%-." do
    place = place + ((RUN_FLAGS[words[place]] or words[place]:find "=") and 1 or 2)
  end
  return place
end

--- The parser of the options of `run`.
---@return table
function command.run_parser()
  local parser = argparse("seranking fake run", "Runs a Lua script against a fake API with a demo account, on a free port of "
    .. "this machine. The script finds SERANKING_BASE_URL, SERANKING_TOKEN and SERANKING_DATA_TOKEN set and runs in your "
    .. "folder; its exit status is the command's.")
    :help_max_width(100)
    :usage("Usage: seranking fake run [OPTIONS] SCRIPT [ARGUMENT ...]")
  parser:option("--api", "Kind of key that the script gets."):choices { "v1", "v4" }:default "v4"
  parser:mutex(
    parser:flag("--demo", "Begin with the demo account (the default)."),
    parser:flag("--empty", "Begin with an empty account."))
  add_fake_options(parser)
  return parser
end

local function run_arguments(words)
  local script = place_of_script(words)
  local own, program = {}, {}
  for i = 2, #words do
    local list = i < script and own or program
    list[#list + 1] = words[i]
  end
  local options = parse(command.run_parser(), own)
  if not program[1] then
    fail("which script? (`seranking fake run --help`)", 2)
  end
  return options, own, program
end

--- The interpreter that runs this command.
local function interpreter()
  local first = 0
  while arg[first - 1] do
    first = first - 1
  end
  return arg[first]
end

-- The variables that make a script look for modules where this command does: a command that is installed where its Lua does
-- not look has added the place to its own paths.
local function module_paths()
  local suffix = _VERSION ~= "Lua 5.1" and "_" .. _VERSION:match "%d.%d":gsub("%.", "_") or ""
  return { ["LUA_PATH" .. suffix] = package.path, ["LUA_CPATH" .. suffix] = package.cpath }
end

local function run_script(words)
  local options, own, program = run_arguments(words)
  local server_options, skip = {}, false
  for _, word in ipairs(own) do
    if not skip and word ~= "--demo" and word ~= "--empty" and not word:find "^%-%-api" then
      server_options[#server_options + 1] = word
    end
    skip = word == "--api"
  end
  if not options.empty then
    server_options[#server_options + 1] = "--demo"
  end
  local environment = module_paths()
  environment.SERANKING_TOKEN, environment.SERANKING_DATA_TOKEN = options.api == "v1" and V1_KEY or V4_KEY, V1_KEY
  local status, why = run.program {
    interpreter = interpreter(), command = arg[0], server = server_options, program = program, environment = environment,
  }
  if not status then
    fail(why)
  end
  return status
end

-- ---- the server ----

-- Standard input, for socket.select.
local function open_stdin()
  io.stdin:setvbuf("no")                       -- what waits in a buffer, select would not see
  local stdin = { getfd = function() return 0 end }
  if not pcall(socket.select, { stdin }, nil, 0) then
    fail "--stop-with-stdin: standard input is closed"
  end
  return stdin
end

local function new_api(options)
  local made, api = pcall(fake.new, {
    now = socket.gettime,
    limit = options.limit,
    data_limit = options.data_limit,
    visible_limit = options.visible_limit,
    without = options.without,
    per = options.per,
    tokens = key_set(options.token),
    demo = options.demo,
    seed = options.seed,
    today = options.today,
    latency = options.latency,
    faults = options.fault_rate and { rate = options.fault_rate } or nil,
    log = LOGGED,
    regions = options.regions,
    rows = options.rows,
    units = options.units,
    lenient = options.lenient or "content_type", -- as the API: the curl lines of its own page name no Content-Type
    replay = options.replay,
  })
  if not made then
    fail((tostring(api):gsub("^.-option replay: ", "--replay: ")))
  end
  return api
end

-- Opens the port, and tells its address.
local function listen(options, api)
  local serving, why = server.new {
    api = api,
    port = options.port,
    tls = options.tls_cert and { certificate = options.tls_cert, key = options.tls_key } or nil,
    observe = not options.quiet and log_answer(api) or nil,
  }
  if not serving then
    fail(why)
  end
  io.stdout:write("seranking: the fake API listens on ", serving.url, "\n")
  io.stdout:flush()
  if options.port_file then
    local written
    written, why = write_whole(options.port_file, serving.url .. "\n")
    if not written then
      fail(why)
    end
  end
  return serving
end

--- Runs the command.
---@param words string[] those after `fake`
---@return integer status
function command.main(words)
  if words[1] == "run" then
    return run_script(words)
  end
  local options = arguments(words)
  -- Before the port is opened: it would get the number of a stdin that isn't there.
  local stdin = options.stop_with_stdin and open_stdin()
  if options.port_file then
    os.remove(options.port_file)               -- a reader that waits for it must not find an old one
  end
  local serving = listen(options, new_api(options))
  local ended = stdin and watch_stdin(serving, stdin) or function() return false end
  local finish = options["for"] and socket.gettime() + options["for"] or math.huge
  local ok, why = pcall(function()
    while not ended() and socket.gettime() < finish do
      serving:step(math.max(0, math.min(STEP, finish - socket.gettime())))
    end
  end)
  serving:close()
  if not ok and not tostring(why):find("interrupted!", 1, true) then
    fail(why)
  end
  return 0
end

return command
