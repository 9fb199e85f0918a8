--- By how much calls outlive their timeout when servers and proxies do their worst. SPDX-License-Identifier: MIT
-- lua bench/late.lua: a line for each, "milliseconds name". What ends before its timeout is 0 ms late.

package.path = "./?.lua;spec/?.lua;" .. package.path

local core = require "lseranking"
local odd = require "spec.support.odd_servers"
local raw_server = require "spec.support.raw_server"
local seranking = require "seranking"

local TIMEOUT = 0.3
local MEASURED = {
  ["256 MiB in 588 bytes"] = true,
  ["headers without an end"] = true,
  ["1xx answers without an end"] = true,
  ["a byte now and then"] = true,
  ["a proxy that wants a password, in a text without an end"] = true,
  ["a proxy whose headers have no end"] = true,
  ["a proxy that sends a byte now and then"] = true,
}

for _, entry in ipairs(odd.servers) do
  if MEASURED[entry.name] then
    local server = raw_server.start({}, { otherwise = entry.steps })
    local options = odd.options(entry, server.url)
    options.token, options.share, options.retries, options.timeout = false, "off", 0, TIMEOUT
    local client = assert(seranking.new(options))
    local began = core.monotonic()
    local data = client:request { path = "/x" }
    local late = core.monotonic() - began - TIMEOUT
    assert(data == nil, entry.name .. ": there was an answer")
    print(("%.0f %s"):format(math.max(0, late) * 1e3, entry.name))
    server.stop()
  end
end
