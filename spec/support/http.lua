--- Shared by the specs of HTTP over real sockets, in addition to support.wire.
-- SPDX-License-Identifier: MIT

local assert = require "luassert"
local raw_server = require "spec.support.raw_server"
local wire = require "spec.support.wire"

local http = {}

local every = {}
for byte = 0, 255 do
  every[byte + 1] = string.char(byte)
end
http.EVERY_BYTE = table.concat(every)

--- A server whose first connection sends these answers one after the other, and then raw_server.ANSWER.
function http.answering(...)
  local steps = {}
  for _, bytes in ipairs { ... } do
    steps[#steps + 1] = "request"
    steps[#steps + 1] = { "send", bytes }
  end
  local last = #steps + 1
  for _, step in ipairs { "request", { "send", raw_server.ANSWER }, { "again", last } } do
    steps[#steps + 1] = step
  end
  return wire.start { steps }
end

-- Fails unless `asked` seconds have passed, or if ten more have, which is a hang.
function http.took(asked, seconds)
  assert.is_true(seconds >= 0.9 * asked and seconds < asked + 10, ("took %.2f s instead of %.2f s"):format(seconds, asked))
end

--- Makes two calls at once, and checks that both succeed.
function http.two_at_once(client)
  local handle, calls = client._core, {}
  for i = 1, 2 do
    calls[i] = handle:call("GET", "/" .. i, nil, nil, nil, true, { timeout = 3 })
    handle:run(calls[i], 0)
  end
  for i = 1, 2 do
    while not handle:run(calls[i], 1) do end
    assert.equal(200, (calls[i]:result()))
  end
end

return http
