--- `seranking raw GET /path`: any request, for what no command covers.
-- SPDX-License-Identifier: MIT

local exit = require "seranking.cli.exit"
local flags = require "seranking.cli.flags"
local lazy = require "seranking.base.lazy"
local products = require "seranking.api.products"

local json, settings = lazy "seranking.base.json", lazy "seranking.cli.settings"

local raw = { about = "Send any request, for what no command covers: raw GET /v1/account/subscription." }

function raw.define(parser)
  parser:argument("method", "GET, POST, PUT, PATCH or DELETE.")
  parser:argument("path", "The path below the API's address, percent-encoded.")
  parser:option("--query", "A parameter of the query, name=value; several of one name are a list."):argname "TEXT":count "*"
  parser:option("--body", "JSON text for the body; @FILE reads a file, - stdin."):argname "JSON"
  local names = {}
  for _, api in ipairs(products) do
    names[#names + 1] = products[api] and api or nil
  end
  parser:option("--product", "Send it to another product than the Project API."):choices(names)
    :argname(table.concat(names, "|"))
  parser:flag("--dry-run", "Print the request; send nothing.")
  parser:flag("--curl", "Print the request as a curl command; send nothing.")
  flags.add_output(parser)
  settings.define(parser)
end

local function query_of(context, list)
  local query
  for _, text in ipairs(list or {}) do
    local name, value = text:match "^([^=]+)=(.*)$"
    if not name then
      context:fail(exit.USAGE, ("--query must be name=value, got '%s'"):format(text))
    end
    query = query or {}
    local known = query[name]
    if type(known) == "table" then
      known[#known + 1] = value
    else
      query[name] = known and { known, value } or value
    end
  end
  return query
end

local function body_of(context, text)
  if not text then
    return nil
  elseif text == "-" or text:sub(1, 1) == "@" then
    text = require("seranking.cli.input").read(context, "--body", (text:gsub("^@", "")))
  end
  local value, problem = json.decode(text, true)
  if value == nil then
    context:fail(exit.USAGE, "--body: " .. problem)
  end
  return text
end

function raw.run(context, parsed)
  local method = parsed.method:upper()
  local request = settings.call(context, parsed) or {}
  if request.extra then
    context:fail(exit.USAGE, "--extra is for operations: use --query or --body")
  elseif not ({ GET = true, POST = true, PUT = true, PATCH = true, DELETE = true })[method] then
    context:fail(exit.USAGE, ("the method must be GET, POST, PUT, PATCH or DELETE, got '%s'"):format(parsed.method))
  elseif parsed.path:sub(1, 1) ~= "/" or parsed.path:find "[%c \128-\255{}#]" then
    context:fail(exit.USAGE, ("the path must begin with a slash and be percent-encoded, got '%s'"):format(parsed.path))
  end
  request.method, request.path = method, parsed.path
  request.query, request.body = query_of(context, parsed.query), body_of(context, parsed.body)
  local client_options, preview = settings.client(context, parsed), parsed.dry_run or parsed.curl
  if preview then
    client_options.share = "process" -- a preview touches no file
  end
  client_options.nulls = client_options.nulls or "keep"
  local client = context:client(client_options, preview)
  local op = parsed.product and client[parsed.product] or client
  if preview then
    local shown, problem = require("seranking.direct").preview(op, request)
    context.terminal.stdout:write(require("seranking.cli.preview").of(shown or error(problem, 0), parsed.curl, parsed.product))
    return exit.DONE
  end
  return require("seranking.cli.single").call {
    context = context, client = client, args = request, what = method .. " " .. parsed.path,
    plan = { method = method }, output = context:output(parsed),
    op = function(given) return op:request(given) end,
  }
end

return raw
