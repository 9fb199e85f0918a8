--- The error that the library makes from a message of the API.
-- SPDX-License-Identifier: MIT

local json = require "seranking.fake.json"
local model = require "reference.model"
local seranking = require "seranking"

local mapping = {}

-- Made-up keys in the form of each generation.
local KEYS = { v4 = ("0"):rep(40), v1 = "00000000-0000-0000-0000-000000000000" }

local known = {}

--- The error for a status and a message.
---@param api string
---@param status integer
---@param message? string
---@return seranking.Error
function mapping.of(api, status, message)
  api = model.generation(api)
  local key = table.concat({ api, status, message or "" }, "\n")
  if known[key] then
    return known[key]
  end
  local body = message and json.encode { message = message } or "{}"
  local server = { handle = function()
    return { status = status, headers = { { "Content-Type", "application/json" } }, body = body }
  end }
  local client = assert(seranking.new {
    token = KEYS[api], api = api, transport = server, clock = seranking.clock(), share = "off", retries = 0,
  })
  local data, err = client:request { path = "/" }
  client:close()
  assert(data == nil and err.status == status, "the library takes " .. status .. " for no error")
  known[key] = err
  return err
end

return mapping
