--- How a client's core is opened: its settings, key and address, of the client's options.
-- SPDX-License-Identifier: MIT

local core = require "lseranking"
local errors = require "seranking.answer.errors"
local lazy = require "seranking.base.lazy"
local misuse = require "seranking.base.misuse"
local products = require "seranking.api.products"

---@module "seranking.loop.host"
local host = lazy "seranking.loop.host"

local opening = {}

local format = string.format

--- Settings of the core, except key, address and limit. `own_dir`: state_dir was given in code.
function opening.settings(checked, driver, own_dir)
  local transport = checked.transport
  local clock = checked.clock or transport and core.is_clock(transport.clock) and transport.clock or nil
  local share = checked.share
  if not share then -- fake transports and fake clocks never share a limit with real clients
    share = (transport or clock) and not own_dir and "process" or "user"
  end
  if driver and (transport or clock) then
    misuse.raise("seranking.new: option limiter goes by real time: leave it out with transport or clock")
  end
  return {
    auth_query = checked.auth == "query",
    timeout = checked.timeout,
    connect_timeout = checked.connect_timeout,
    attempt_timeout = checked.attempt_timeout,
    retries = checked.retries,
    max_body = checked.max_body or package.loaded.ngx and host.max_body() or nil, -- outside nginx the host is not needed yet
    shared = share == "user",
    unlimited = share == "off",
    state_dir = checked.state_dir,
    state_group = checked.state_group,
    limiter_driver = driver,
    limiter_settings = driver and checked.limiter.redis,
    limiter_fallback = checked.on_limiter_error == "process",
    pacing_send_time = checked.pacing == "send_time",
    priority_low = checked.priority == "low",
    wait_blocked = checked.on_block == "wait",
    max_queue = checked.max_queue,
    ca_file = checked.ca_file,
    proxy = checked.proxy,
    user_agent = checked.user_agent,
    external = transport ~= nil,
    clock = clock,
  }
end

-- Puts the name of the option, or of the variable it came from, into an error of the core.
local function name_option(problem, own, names)
  if problem.option then
    problem.option = names[problem.option] or problem.option
    problem.message = problem.option .. " " .. problem.message
  elseif problem.code == "invalid_key" and names.token then
    problem.message = names.token .. ": " .. problem.message
    if own.token == "" then
      problem.hint = format("leave the option out: client.%s then has %s, or the client's own key", own.limit_family,
        own.token_env)
    end
  end
  return problem
end

--- Makes a core. `own`: its key, address and generation. nil and an error.
function opening.core(settings, own, rate, names)
  for name, value in pairs(settings) do
    own[name] = value
  end
  own.rate_limit = settings.unlimited and 0 or rate.limit
  own.rate_per = rate.per
  local handle, problem = core.client(own)
  if not handle then
    return nil, errors.wrap(name_option(problem, own, names))
  end
  return handle
end

--- The hint for a refused key that has the shape of the other generation's. `names`: the variables that options came from.
function opening.wrong_shape(handle, names)
  local shape, api = handle:key_shape(), handle:api()
  if shape and shape ~= api then
    return format("this looks like a %s key: %s", shape, names.api and "unset " .. names.api
      or format('remove api = "%s"', api))
  end
end

--- The hint if a product was refused with the key of the Project API.
function opening.borrowed(name)
  return format("client.%s has the key of the client: %s may want one of its own, which goes into the option %s_token or the "
    .. "variable SERANKING_%s_TOKEN", name, products[name].named, name, name:upper())
end

--- The error of every request with a key that the product does not take; nil if it takes the key.
function opening.unfit(name, handle)
  local shape, wanted = handle:key_shape(), products[name].key
  if shape and wanted and shape ~= wanted then
    return errors.new("auth", "wrong_key", format("%s takes a %s key, and client.%s has a %s key", products[name].label,
      wanted, name, shape), format("put a %s key into the option %s_token or the variable SERANKING_%s_TOKEN", wanted, name,
      name:upper()))
  end
end

local PRODUCT_URL = "https://api.seranking.com"

--- The address of a product. A server of the user's that stands in for the Project API stands in for this one too.
function opening.product_url(checked, name)
  local base = checked.base_url
  if checked[name .. "_base_url"] then
    return checked[name .. "_base_url"]
  elseif not base then
    return PRODUCT_URL
  end
  local server = base:lower():match "^https://([^/:?#]*)"
  return server and ("." .. server):find "%.seranking%.com$" and PRODUCT_URL or base
end

return opening
