--- Keys from files: the option token_file, and the profiles that `seranking login` keeps in its configuration file.
-- SPDX-License-Identifier: MIT
--
-- The file is JSON: { "profiles": { "agency": { "token": "…", "data_token": "…" } } }. A profile whose keys are in the
-- keyring has { "keyring": { "token": true } } instead.

local core = require "lseranking"
local errors = require "seranking.answer.errors"
local json = require "seranking.base.json"
local mask = require "seranking.base.mask"
local products = require "seranking.api.products"
local proxy = require "seranking.base.proxy"

local profiles = {}

local format = string.format

-- The name of the profile that the command uses if it is told none.
profiles.DEFAULT = "default"

-- Somebody may give a key where a name is wanted.
local function failed(message, hint)
  return nil, errors.new("auth", "key_file", mask.keys(message), hint and mask.keys(hint))
end

local function stripped(text)
  return (text:gsub("^%s+", ""):gsub("%s+$", ""))
end

--- The key in a file, without the white space around it.
---@param path string
---@param option string the option or variable that names the file, for messages
---@return string? key, seranking.Error? error
function profiles.key_of_file(path, option)
  local text, problem = core.secret_file(path)
  if not text then
    return failed(format("%s: %s %s", option, path, problem or "does not exist"))
  end
  local key = stripped(text)
  if key == "" then
    return failed(format("%s: %s is empty", option, path), "put the key into it, alone on one line")
  end
  return key
end

--- The path of the configuration file.
---@return string? path, string? problem
function profiles.path()
  local base = os.getenv "XDG_CONFIG_HOME"
  if not base or base:sub(1, 1) ~= "/" then -- by the XDG specification, relative paths are ignored
    local home = os.getenv "HOME"
    if not home or home == "" then
      return nil, "neither XDG_CONFIG_HOME nor HOME is set, so there is no place for the configuration file"
    end
    base = home .. "/.config"
  end
  return base:gsub("/+$", "") .. "/seranking/config.json"
end

-- The fields of a profile that hold keys.
local fields = { "token" }
for _, name in ipairs(products) do
  fields[#fields + 1] = products[name] and name .. "_token"
end

-- What is wrong with the contents of the file; nil: nothing.
local function fault(config)
  if type(config) ~= "table" then
    return "is not a JSON object"
  elseif config.profiles ~= nil and type(config.profiles) ~= "table" then
    return "has a member profiles that is no object"
  end
  for name, profile in pairs(config.profiles or {}) do
    if type(name) ~= "string" or type(profile) ~= "table" then
      return "has a profile that is no object"
    end
    if profile.keyring ~= nil and type(profile.keyring) ~= "table" then
      return format("has a profile '%s' whose keyring is no object", name)
    end
    for _, field in ipairs(fields) do
      local key = profile[field]
      if key ~= nil and (type(key) ~= "string" or stripped(key) == "") then
        return format("has a profile '%s' whose %s is not a text", name, field)
      end
    end
  end
end

--- Reads the configuration file. If there is none, the result has no profiles.
---@return { profiles: table<string, table> }? config, string|seranking.Error # config, path | nil, error
function profiles.read()
  local path, homeless = profiles.path()
  if not path then
    return failed(homeless)
  end
  local text, problem = core.secret_file(path)
  if problem then
    return failed(path .. " " .. problem)
  elseif not text then
    return { profiles = {} }, path
  end
  local config, broken = json.decode(text)
  broken = broken and "is not valid JSON: " .. broken or fault(config)
  if broken then
    return failed(path .. " " .. broken, "mend it, or remove it and run `seranking login`")
  end
  config.profiles = config.profiles or {}
  return config, path
end

--- The keys of a profile.
---@param name string
---@param option string the option or variable that names the profile, for messages
---@return table<string, string>? keys, seranking.Error? error # token, data_token and so on | nil, error
function profiles.keys(name, option)
  local config, path = profiles.read()
  if not config then
    return nil, path
  end
  local profile = config.profiles[name]
  if not profile then
    local names = proxy.sorted_names(config.profiles)
    return failed(format("%s: %s has no profile '%s'%s", option, path, name,
      names[1] and "; there are: " .. table.concat(names, ", ") or ""), format("run `seranking login --profile %s`", name))
  elseif profile.keyring then
    return failed(format("%s: the keys of profile '%s' are in the keyring, which only the command seranking reads", option,
      name),
      format("run `seranking login --profile %s` to keep them in a file, or set SERANKING_TOKEN", name))
  end
  local keys = {}
  for _, field in ipairs(fields) do
    keys[field] = profile[field] and stripped(profile[field])
  end
  if not next(keys) then
    return failed(format("%s: profile '%s' in %s has no key", option, name, path),
      format("run `seranking login --profile %s`", name))
  end
  return keys
end

return profiles
