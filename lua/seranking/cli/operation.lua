--- An operation of the API as a command.
-- SPDX-License-Identifier: MIT

local arguments = require "seranking.cli.arguments"
local elsewhere = require "seranking.cli.elsewhere"
local exit = require "seranking.cli.exit"
local flags = require "seranking.cli.flags"
local lazy = require "seranking.base.lazy"
local listing = require "seranking.cli.listing"
local money = require "seranking.cli.money"
local problems = require "seranking.cli.problems"
local resource = require "seranking.resource"
local settings = require "seranking.cli.settings"
local values = require "seranking.cli.values"

local library = lazy "seranking.operation"
local input, json = lazy "seranking.cli.input", lazy "seranking.base.json"

local unpack = table.unpack or unpack ---@diagnostic disable-line: deprecated

local operation = {}

-- Rows of a list that are paid for one by one, if the command line does not say how many.
local FEW = 100

-- The client's operation of a full name.
local function of_client(client, name)
  local found = client
  for part in name:gmatch "[^.]+" do
    found = found[part]
  end
  return found
end

-- ---- flags ----

-- Whether a job ends with a file.
local function makes_file(plan, found)
  local about = plan.job
  if not about or about.result or not about.status then
    return about ~= nil and about.result ~= nil
  end
  for _, other in ipairs(found.resource.operations) do
    if other[1] == about.status then
      return other.job ~= nil and other.job.result ~= nil
    end
  end
  return false
end

-- What of an operation's nature decides its flags: the first plan stands for all generations.
local function nature(shape, found)
  local _, plan = next(shape.plans)
  for _, api in ipairs { "v4", "v1" } do
    plan = shape.plans[api] or plan
  end
  return { plan = plan, paid = money.is_paid(plan), list = plan.pages ~= nil or plan.answer == "array", job = plan.job ~= nil,
    file = makes_file(plan, found) }
end

-- Whether a flag of ours has the name of a parameter.
local function is_taken(shape, name)
  return shape.by_path[name] ~= nil
end

-- Whether --from makes a call of each row.
local function calls_by_row(shape, own)
  return not shape.rows and #shape.list > 0 and own.plan.answer ~= "bytes" and not is_taken(shape, "from")
end

local function define(parser, shape, found)
  local own, made = nature(shape, found), {}
  arguments.define(parser, shape)
  local function option(name, about, argname)
    made[#made + 1] = parser:option("--" .. name, about):argname(argname)
  end
  local function flag(name, about)
    made[#made + 1] = parser:flag("--" .. name, about)
  end
  if shape.rows and not is_taken(shape, "from") then
    option("from", "Rows of a CSV or JSON Lines file: " .. (shape.rows == true and "each is an item." or
      ("values of %s, under that name."):format(shape.rows.path[1])), "FILE")
  elseif calls_by_row(shape, own) then
    option("from", "A call for each row of a CSV or JSON Lines file, whose columns are parameters.", "FILE")
  end
  if #shape.list > 0 then
    option("input", "The parameters as a JSON object in a file; - reads stdin.", "FILE")
  end
  if own.list then
    option("max-rows", "Walk over pages until so many rows; all: no limit.", "N|all")
    option("resume", "Go on where an earlier run ended, which printed this.", "TOKEN")
    if own.paid then
      option("max-cost", "Walk over pages until so many credits, by estimate.", "N")
    end
    if not is_taken(shape, "sort") then
      option("sort", "Sort by these columns, - for descending: -volume,name.", "NAMES")
    end
  end
  if own.file then
    option("to", "Wait, and download the file that the job makes; it is unpacked, unless the name ends in .gz.", "FILE")
  end
  if own.job then
    flag("wait", "Wait until the job is done, and print its result.")
    option("wait-timeout", "Wait no longer than this; default 3600.", "SECONDS")
  end
  flag("dry-run", "Print the request; send nothing.")
  flag("curl", "Print the request as a curl command; send nothing.")
  local output = flags.add_output(parser)
  parser:group("Flags", unpack(made))
  parser:group("Output", unpack(output))
  settings.define(parser)
end

-- ---- arguments ----

-- The parameters of --input.
local function read_input(context, path)
  local value, wrong = json.decode(input.read(context, "--input", path), true)
  if type(value) ~= "table" then
    context:fail(exit.USAGE, ("--input: %s: %s"):format(path, wrong or "must be a JSON object"))
  end
  return value
end

-- Adds the rows of --from.
local function add_rows(context, shape, parsed, args)
  local rows_file = require "seranking.cli.rows_file"
  local fields = {}
  if shape.rows == true then
    for _, parameter in ipairs(shape.list) do
      if parameter.place == "items" then
        fields[parameter.path[1]] = parameter
      end
    end
    for _, item in ipairs(rows_file.read(context, parsed.from, fields)) do
      args[#args + 1] = item.values
    end
    return
  end
  local name = shape.rows.path[1]
  fields[name] = { definition = setmetatable({ type = shape.rows.element, max_items = false, min_items = false, style = false },
    { __index = shape.rows.definition }), required = true }
  args[name] = args[name] or {}
  for _, item in ipairs(rows_file.read(context, parsed.from, fields)) do
    table.insert(args[name], item.values[name])
  end
end

local function read_arguments(context, shape, parsed)
  local from, base = shape.rows and not is_taken(shape, "from") and parsed.from, nil
  if parsed.input then
    base = read_input(context, parsed.input)
  end
  local args = arguments.read(context, shape, parsed, base)
  if from then
    add_rows(context, shape, parsed, args)
  end
  return args
end

-- A number of a flag of ours.
local function number_of(context, parsed, name)
  local text = parsed[name:gsub("-", "_")]
  if text == "all" and name == "max-rows" then
    return math.huge
  end
  local number = text and not text:find(".", 1, true) and tonumber(text)
  if text and not (number and number >= (name == "max-rows" and 1 or 0) and number % 1 == 0) then
    context:fail(exit.USAGE, ("--%s must be a whole number%s, got '%s'%s"):format(name, name == "max-rows"
      and ", at least 1, or all" or "", text, flags.without_separators(text)))
  end
  return number
end

-- Rows of a page in a walk over rows that are paid for: small enough that Ctrl-C and progress don't wait long for an answer,
-- and if possible a divisor of the rows wanted, since a longer last page would cost more. `most`: the API's.
local function page_size(max_rows, most)
  local usual = math.min(most, math.max(1000, math.min(10000, math.floor(max_rows / 20))))
  if max_rows <= usual then
    return max_rows
  end
  for size = usual, math.ceil(usual / 2), -1 do
    if max_rows % size == 0 then
      return size
    end
  end
  return usual
end

-- The options of a walk; nil: one call.
local function walk_of(context, own, plan, args, parsed, call)
  local walk = { max_rows = number_of(context, parsed, "max-rows"), max_cost = number_of(context, parsed, "max-cost"),
    resume = parsed.resume }
  if not next(walk) then
    local pages = plan.pages or {}
    local placed = args.limit ~= nil or args[pages.param or pages.style or ""] ~= nil
    if own.paid and plan.cost.per == "row" and not placed and plan.definitions.limit then
      args.limit = FEW
    end
    if own.paid or placed then
      return nil
    end
  end
  local over_pages = plan.pages ~= nil and plan.pages.style ~= nil
  if own.paid and over_pages and not args.limit and plan.definitions.limit and plan.cost.per == "row" then
    args.limit = page_size(walk.max_rows or math.huge, plan.definitions.limit.max or math.huge)
  end
  for name, value in pairs(call or {}) do
    walk[name] = value
  end
  return walk
end

-- ---- running ----

-- A request: the first of a walk, or that of one call. Raises what is still wrong with the arguments as a mistake in the
-- command line.
local function request_of(context, op, args, call, walk)
  local fine, request, err
  if walk then
    fine, request = pcall(library.first_page, op, args, walk)
  else
    fine, request, err = pcall(op.dry_run, op, args, call)
  end
  if not fine and type(request) == "string" then
    context:fail(exit.USAGE, problems.mistake(request, op))
  elseif not (fine and request) then
    error(fine and err or request, 0)
  end
  return request
end

local function deletes(plan, name)
  local last = name:match "[^.]+$"
  return plan.method == "DELETE" or last:find "^delete" ~= nil or last == "clear" or last == "reset"
end

local function run_operation(context, found, shape, parsed)
  local own = nature(shape, found)
  if own.file and parsed.to == "-" then
    context:fail(exit.USAGE, "--to -: the download goes to a file, name one")
  end
  local args = read_arguments(context, shape, parsed)
  local call = settings.call(context, parsed)
  local client_options = settings.client(context, parsed)
  local preview = parsed.dry_run or parsed.curl
  if preview then
    client_options.share = "process" -- a preview touches no file
  end
  local by_row = calls_by_row(shape, own) and parsed.from
  client_options.raise = not by_row
  client_options.nulls = client_options.nulls or "keep" -- JSON has the members that the answer has
  local client = context:client(client_options, preview)
  local product = resource.product(found.name)
  local plan = shape.plans[product or client.api]
  local op = of_client(client, found.name)
  local function preview_of(request)
    return require("seranking.cli.preview").of(request, parsed.curl, product)
  end
  if by_row then
    return require("seranking.cli.batch").run {
      context = context, found = found, shape = shape, parsed = parsed, path = by_row, args = args, call = call,
      client = client, op = op, plan = plan or own.plan, lists = own.list, preview = preview and preview_of or nil,
      budget = client_options.budget, deletes = deletes(own.plan, found.name), members = elsewhere.members(plan or own.plan),
      request_of = function(given, walk) return request_of(context, op, given, call, walk) end,
      walk_of = function(given) return own.list and walk_of(context, own, plan, given, parsed, call) or nil end,
    }
  end
  if plan then
    arguments.check(context, shape, plan, args)
  end
  elsewhere.check(context, found, parsed, elsewhere.members(plan or own.plan))
  request_of(context, op, args, call)
  local walk = own.list and walk_of(context, own, plan, args, parsed, call)
  local wait_timeout = number_of(context, parsed, "wait-timeout")
  local walks = walk and not (parsed.wait or own.file and parsed.to)
  if preview then
    context.terminal.stdout:write(preview_of(request_of(context, op, args, call, walks and walk)))
    return exit.DONE
  end
  local run = { context = context, client = client, op = op, plan = plan, args = args, call = call, walk = walk or nil,
    what = found.name:gsub("%.", " "), found = found }
  if plan.answer == "bytes" then
    return require("seranking.cli.single").bytes(run, parsed.output)
  end
  if walks then
    listing.begin(run)
  end
  money.before(context, plan, money.most(plan, args, run.walk), client_options.budget)
  if deletes(plan, found.name) and not context:confirm(("`seranking %s` can't be undone. Go on?"):format(
    table.concat(context.arguments, " "))) then
    context:fail(exit.OTHER, "nothing was sent")
  end
  if own.file and parsed.to then
    return require("seranking.cli.single").file(run, parsed.to, wait_timeout)
  end
  run.output = context:output(parsed, elsewhere.members(plan))
  if parsed.wait then
    return require("seranking.cli.single").wait(run, wait_timeout)
  elseif own.list then
    return listing.run(run)
  end
  return require("seranking.cli.single").call(run)
end

--- The command of an operation.
---@param found seranking.cli.Found
---@return seranking.cli.Command
function operation.command(found)
  local shape = arguments.shape(found)
  return {
    about = values.in_words(found.description.about),
    shape = shape,
    define = function(parser)
      define(parser, shape, found)
    end,
    run = function(context, parsed)
      return run_operation(context, found, shape, parsed)
    end,
  }
end

return operation
