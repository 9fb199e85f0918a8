--- Which keys a client uses: those given in code, else those of the environment.
-- SPDX-License-Identifier: MIT

local core = require "lseranking"
local errors = require "seranking.answer.errors"
local lazy = require "seranking.base.lazy"
local misuse = require "seranking.base.misuse"
local products = require "seranking.api.products"

---@module "seranking.profiles"
local profiles = lazy "seranking.profiles"

local keys = {}

--- A key. The core reads a variable itself, so that the key in it never becomes a Lua string.
---@class seranking.Key
---@field token? string|false false: send none
---@field from? string the option or variable that the token came from, for messages
---@field variable string the variable to read if there is no token; "": none

local function is_set(variable)
  return (os.getenv(variable) or ""):find "%S" ~= nil
end

--- The variable that a product's key comes from; nil: there is no such variable, or it is blank.
---@param key seranking.Key
---@return string?
function keys.variable(key)
  return not key.token and is_set(key.variable) and key.variable or nil
end

local function of_profile(found, name, option)
  local profile, problem = profiles.keys(name, option)
  if not profile then
    return nil, problem
  end
  found.token, found.from = profile.token, option
  for product, key in pairs(found.products) do
    if not key.token and not keys.variable(key) then
      key.token, key.from = profile[product .. "_token"], option
    end
  end
  return found
end

local function of_file(found, path, option)
  local problem
  found.from = option
  found.token, problem = profiles.key_of_file(path, option)
  return found.token and found, problem
end

--- Finds the keys of a client, and in `products` those of client.data and the like. A profile named in code stands for an
--- account: its keys are not mixed with those of the environment.
---@param checked table the client's options
---@param variables table<string, string> the variables that options came from
---@return seranking.Key? found, seranking.Error? error
function keys.find(checked, variables)
  local found = { token = checked.token, variable = "SERANKING_TOKEN", products = {} }
  for _, name in ipairs(products) do
    local option = name .. "_token"
    found.products[name] = products[name]
      and { token = checked[option], from = option, variable = "SERANKING_" .. option:upper() }
  end
  if found.token ~= nil then
    return found
  elseif checked.token_file and not variables.token_file then
    return of_file(found, checked.token_file, "token_file")
  elseif checked.profile and not variables.profile then
    found.variable = ""
    for _, key in pairs(found.products) do
      key.variable = ""
    end
    return of_profile(found, checked.profile, "profile")
  elseif is_set "SERANKING_TOKEN" then
    return found
  elseif checked.token_file then
    return of_file(found, checked.token_file, variables.token_file)
  elseif checked.profile then
    return of_profile(found, checked.profile, variables.profile)
  end
  return found
end

-- The variables that say which key to use.
local function key_variables(found)
  local names = { "SERANKING_TOKEN", "SERANKING_TOKEN_FILE", "SERANKING_PROFILE" }
  for _, key in pairs(found.products) do
    names[#names + 1] = key.variable ~= "" and key.variable or nil
  end
  return names
end

-- What to say of a variable whose name differs from a known one in up to two letters. Programs may have SERANKING_ variables of
-- their own, such as a second key, so this is looked for only where no key was found.
local function misspelled(found)
  local known = key_variables(found)
  for _, name in ipairs(core.variables "SERANKING_") do
    local meant = misuse.nearest(name, known, 2)
    if meant and meant ~= name then
      return (": %s is set, but the variable is %s"):format(name, meant)
    end
  end
  return ""
end

--- The error of a client that has no key, unless it needs none: it says so, or a transport answers its calls, or it has a key
--- for a product.
---@param found seranking.Key
---@param handle userdata the core of the client
---@param checked table its options
---@return seranking.Error?
function keys.missing(found, handle, checked)
  if handle:key() ~= "none" or found.token == false or checked.transport then
    return nil
  end
  for _, key in pairs(found.products) do
    if key.token or keys.variable(key) then
      return nil
    end
  end
  return (errors.new("auth", "no_key", "there is no API key to send" .. misspelled(found)))
end

return keys
