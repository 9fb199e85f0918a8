--- A client of the fake API in this process. Both share a manual clock, so nothing waits.
-- SPDX-License-Identifier: MIT

local fake = require "seranking.fake"
local seranking = require "seranking"
local watch = require "support.watch"

local scene = {
  V4_KEY = "be2165b7d065e278e7305c1c7ef791f283f5d14b",
  V1_KEY = "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6",
}

--- Returns client, api (the fake) and clock. Options go to the client, those in `fake` to the fake.
---@param given? table
function scene.new(given)
  local options, fake_options = {}, {}
  for name, value in pairs(given or {}) do
    options[name] = value
  end
  for name, value in pairs(options.fake or {}) do
    fake_options[name] = value
  end
  options.fake = nil
  local clock = options.clock or seranking.clock()
  fake_options.now = function() return clock:now() end
  local api = fake.new(fake_options)
  options.clock = clock
  options.transport = options.transport or api
  if options.token == nil then
    options.token = options.api == "v1" and scene.V1_KEY or scene.V4_KEY
  end
  local client = assert(seranking.new(options))
  watch.look(client, "a client")
  return client, api, clock
end

--- Returns a client whose calls take `delay` seconds of its clock each, api and clock. There is no rate limit unless the
--- options set one.
---@param delay number
---@param given? table
function scene.slow(delay, given)
  local options = { share = "off", retries = 0 }
  for name, value in pairs(given or {}) do
    options[name] = value
  end
  local client, api, clock = scene.new(options)
  api:fail { times = 1e6, delay = delay }
  return client, api, clock
end

return scene
