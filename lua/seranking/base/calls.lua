--- Reuse of the core's call objects: emptying one is cheaper than making one.
-- SPDX-License-Identifier: MIT

local calls = {}

local SPARES = 64 -- kept for each client

--- A call to be used again; nil when there is none.
---@param client table
---@return userdata?
function calls.spare(client)
  local spares = client._spares
  local count = #spares
  local call = spares[count]
  spares[count] = nil
  return call
end

--- Empties a call that has ended or was never begun, and keeps it for calls.spare.
---@param client table
---@param call userdata
function calls.keep(client, call)
  local spares = client._spares
  local count = #spares
  if call:trim() and count < SPARES then
    spares[count + 1] = call
  end
end

--- The request of a call as it may be shown, without base address and key.
---@param client table
---@param call userdata
---@return string method, string target, table<string, string> headers, string? body
function calls.shown(client, call)
  local method, url, headers, body = call:preview()
  local target = url:sub(#client.base_url + 1)
  if client._key_param then
    target = target:gsub("[?&]" .. client._key_param .. "=[^&]*$", "")
  end
  return method, target, headers, body
end

return calls
