--- `seranking login`: reads a key, tries it, and keeps it for later commands.
-- SPDX-License-Identifier: MIT

local exit = require "seranking.cli.exit"
local lazy = require "seranking.base.lazy"
local products = require "seranking.api.products"

local config, keys = lazy "seranking.cli.config", lazy "seranking.cli.keys"
local names, profiles = lazy "seranking.cli.chart.names", lazy "seranking.profiles"

local login = {
  about = "Keep an API key for later commands, after trying it. Reads it without echo, or from standard input: "
    .. "seranking login < key.txt",
}

function login.define(parser)
  local choices = {}
  for _, name in ipairs(products) do
    choices[#choices + 1] = products[name] and name
  end
  parser:argument("key"):args "*":hidden(true)
  parser:option("--product", "The key is for this product only, not for the Project API."):choices(choices)
  parser:flag("--keyring", "Keep it in the desktop's keyring (by secret-tool), not in a file.")
end

-- "FILE (mode 600)" or "the keyring".
local function place_of(context, arguments)
  if arguments.keyring then
    return "the keyring"
  end
  local path, problem = profiles.path()
  return path and path .. " (mode 600)" or context:fail(exit.OTHER, problem)
end

local function read_key(context)
  local terminal = context.terminal
  local text
  if not terminal.is_terminal "stdin" then
    text = terminal.stdin:read "*a"
  elseif context.flags.no_input then
    context:fail(exit.USAGE, "--no-input: give the key on standard input, seranking login < FILE")
  else
    text = terminal.read_secret "API key (in the account: Settings, API): "
  end
  local key = (text or ""):gsub("^%s+", ""):gsub("%s+$", "")
  if key == "" then
    context:fail(exit.USAGE, "no key was given: nothing is changed")
  end
  return key
end

-- What a free call says about the key: a line about what it opens, or nil and the error.
local TRIES = {
  project = function(client)
    local profile = client.account:profile()
    return ("Project API %s, account of %s"):format(client.api, names.clean(profile.email))
  end,
  data = function(client)
    return ("%s, %.15g credits"):format(products.data.label, client.data:credits().available)
  end,
  visible = function(client)
    return ("%s, projects: %d"):format(products.visible.label, #client.visible.projects:list())
  end,
}

local ALL = { "project", "data", "visible" } -- v4 keys open the first only

-- What the key opens, a line each. Ends the command if it opens nothing.
local function try(context, key, product)
  local options = product and { token = false, [product .. "_token"] = key } or { token = key }
  local client = context:client(options)
  local opened, first_problem = {}, nil
  for _, name in ipairs(product and { product } or client.api == "v4" and { "project" } or ALL) do
    local fine, line = pcall(TRIES[name], client)
    if fine then
      opened[#opened + 1] = line
    elseif not keys.is_refused(line) then
      error(line, 0)
    end
    first_problem = first_problem or not fine and line or nil
  end
  if not opened[1] then
    exit.stop(exit.of(first_problem), "the key is refused, nothing is kept: " .. require("seranking.cli.problems").line(context,
      first_problem, "copy the whole key from the account, Settings, API"), first_problem)
  end
  return opened, product and client[product] or client
end

local function keep(context, name, field, key, in_keyring)
  if in_keyring then
    local done, problem = require("seranking.cli.keyring").store(name, field, key)
    if not done then
      context:fail(exit.OTHER, problem .. "; without --keyring the key goes into a file")
    end
  end
  return config.change(context, function(contents)
    local profile = contents.profiles[name] or {}
    contents.profiles[name] = profile
    profile[field] = not in_keyring and key or nil
    if in_keyring then
      profile.keyring = profile.keyring or {}
      profile.keyring[field] = true
    elseif profile.keyring then
      profile.keyring[field] = nil
      profile.keyring = next(profile.keyring) and profile.keyring or nil
    end
  end)
end

function login.run(context, arguments)
  if arguments.key[1] then
    context:fail(exit.USAGE, "a key does not go into the command line, where others can read it: run `seranking login` and "
      .. "paste it, or seranking login < FILE")
  end
  local name = keys.profile(context)
  local field = (arguments.product and arguments.product .. "_" or "") .. "token"
  config.read(context) -- a broken file is told before a key is typed
  context:note(("the key of profile '%s' will be kept in %s, once a free call has tried it"):format(name,
    place_of(context, arguments)))
  local key = read_key(context)
  local opened, client = try(context, key, arguments.product)
  local path = keep(context, name, field, key, arguments.keyring)
  local stdout = context.terminal.stdout
  stdout:write(("key %s opens: %s\n"):format(keys.hint(client), table.concat(opened, "; ")))
  stdout:write(("kept in %s as profile '%s'\n"):format(arguments.keyring and "the keyring" or path, name))
  for _, variable in ipairs { "SERANKING_" .. field:upper(), field == "token" and "SERANKING_TOKEN_FILE" or nil } do
    if (context.terminal.getenv(variable) or "") ~= "" then
      context:note(("%s is set and goes before the profile: unset it, or use --profile %s"):format(variable, name))
    end
  end
  if name ~= profiles.DEFAULT and name ~= context.terminal.getenv "SERANKING_PROFILE" then
    context:note(("use it with --profile %s, or set SERANKING_PROFILE=%s"):format(name, name))
  end
end

return login
