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

--- A server whose first connection gives one answer after the other, and then raw_server.ANSWER.
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

-- Fails unless what was to take `asked` seconds took them. Ten seconds more would be a hang.
function http.took(asked, seconds)
  assert.is_true(seconds >= 0.9 * asked and seconds < asked + 10, ("took %.2f s instead of %.2f s"):format(seconds, asked))
end

function http.shell(command)
  local pipe = assert(io.popen(command, "r"))
  local output = pipe:read "*a"
  pipe:close()
  return output
end

return http
