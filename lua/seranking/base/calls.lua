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

return calls
