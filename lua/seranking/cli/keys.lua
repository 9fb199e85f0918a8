--- Which key the command uses: that of --profile, of the environment, or of the profile `default`.
-- SPDX-License-Identifier: MIT

local config = require "seranking.cli.config"
local exit = require "seranking.cli.exit"
local products = require "seranking.api.products"
local profiles = require "seranking.profiles"
local proxy = require "seranking.base.proxy"

local keys = {}

--- Fields of a profile that hold keys: token, data_token …
---@return string[]
function keys.fields()
  local fields = { "token" }
  for _, name in ipairs(products) do
    fields[#fields + 1] = products[name] and name .. "_token"
  end
  return fields
end

--- The message for a profile that is not there.
---@param contents table the configuration
---@param path string
---@param name string
---@return string
function keys.unknown(contents, path, name)
  local names = proxy.sorted_names(contents.profiles)
  return ("there is no profile '%s' in %s%s"):format(name, path,
    names[1] and "; there are: " .. table.concat(names, ", ") or "")
end

--- Whether an error says that the API does not take the key.
---@param problem any
---@return boolean
function keys.is_refused(problem)
  return type(problem) == "table" and (problem.kind == "auth" or problem.kind == "access" or problem.code == "bad_key")
end

--- What may be shown of a client's key: "…d14b".
---@param client seranking.Client
---@return string
function keys.hint(client)
  return client:limiter().key
end

--- The profile that `login` and `logout` are about.
---@param context seranking.cli.Context
---@return string
function keys.profile(context)
  local name = context.flags.profile or context.terminal.getenv "SERANKING_PROFILE" or ""
  return name ~= "" and name or profiles.DEFAULT
end

--- The command that gives the profile in use another key.
---@param context seranking.cli.Context
---@return string
function keys.login(context)
  local name = keys.profile(context)
  return "seranking login" .. (name ~= profiles.DEFAULT and " --profile " .. name or "")
end

local function is_set(context, variable)
  return (context.terminal.getenv(variable) or ""):find "%S" ~= nil
end

-- The keys of a profile that has some of them in the keyring, as options. `alone`: without those of the environment.
local function from_keyring(context, name, profile, alone)
  local keyring = require "seranking.cli.keyring"
  local options = {}
  for _, field in ipairs(keys.fields()) do
    options[field] = profile[field]
    if profile.keyring[field] then
      local key, problem = keyring.lookup(name, field)
      if not key then
        context:fail(exit.ACCESS, ("%s; run `seranking login --keyring --profile %s`"):format(problem, name))
      end
      options[field] = key
    end
    if alone and not options[field] and is_set(context, "SERANKING_" .. field:upper()) then
      options[field] = options.token -- as without the variable
    end
  end
  return options
end

--- Where the command's key comes from.
---@class seranking.cli.Source
---@field from? string the flag, variable or default that says so; nil: there is no key
---@field profile? string
---@field place? string "the keyring", or the path of a file
---@field options seranking.Options for the client

---@param context seranking.cli.Context
---@return seranking.cli.Source
function keys.source(context)
  local flagged = context.flags.profile
  local name, from = flagged, "--profile"
  if not name then
    for _, variable in ipairs { "SERANKING_TOKEN", "SERANKING_TOKEN_FILE" } do
      if is_set(context, variable) then
        return { from = variable, place = variable == "SERANKING_TOKEN_FILE" and context.terminal.getenv(variable) or nil,
          options = {} }
      end
    end
    if is_set(context, "SERANKING_PROFILE") then
      name, from = context.terminal.getenv "SERANKING_PROFILE", "SERANKING_PROFILE"
    end
  end
  local contents, path = config.read(context)
  if not name and contents.profiles[profiles.DEFAULT] then
    name, from = profiles.DEFAULT, "the default"
  end
  local profile = name and contents.profiles[name]
  if name and not profile then
    context:fail(exit.ACCESS, ("%s: %s; `seranking login --profile %s` makes it"):format(from,
      keys.unknown(contents, path, name), name))
  elseif name and profile.keyring then
    return { from = from, profile = name, place = "the keyring",
      options = from_keyring(context, name, profile, flagged ~= nil) }
  elseif name then -- the library says what is wrong with it
    return { from = from, profile = name, place = path, options = { profile = name } }
  end
  return { options = {} }
end

-- Whether there is a key for a product, so that a client can be made without the Project API's.
local function has_product_key(context)
  for _, name in ipairs(products) do
    if products[name] and is_set(context, ("SERANKING_%s_TOKEN"):format(name:upper())) then
      return true
    end
  end
  return false
end

--- Whether a key is set anywhere.
---@param context seranking.cli.Context
---@return boolean
function keys.any(context)
  return keys.source(context).from ~= nil or has_product_key(context)
end

--- The options of a client that say its keys. Ends the command if there is no key.
---@param context seranking.cli.Context
---@return seranking.Options
function keys.options(context)
  local source = keys.source(context)
  if not source.from and not has_product_key(context) then
    local names = proxy.sorted_names(config.read(context).profiles)
    context:fail(exit.ACCESS, "there is no API key: run `seranking login`, or set SERANKING_TOKEN"
      .. (names[1] and ", or choose a profile with --profile: " .. table.concat(names, ", ") or ""))
  end
  return source.options
end

return keys
