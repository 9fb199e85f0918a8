--- How late calls return after their timeout, with misbehaving servers and proxies. SPDX-License-Identifier: MIT
-- lua bench/late.lua: a line per case, "milliseconds promise name", in plain Lua and, if it is installed, in nginx.
-- A call that ends before its timeout is 0 ms late.

package.path = "./?.lua;spec/?.lua;" .. package.path

local core = require "lseranking"
local nginx = require "spec.support.nginx"
local odd = require "spec.support.odd_servers"
local raw_server = require "spec.support.raw_server"
local seranking = require "seranking"

local TIMEOUT = 0.3
local MEASURED = {
  ["a body of blanks without an end, compressed"] = true,
  ["headers without an end"] = true,
  ["1xx answers without an end"] = true,
  ["a byte now and then"] = true,
  ["a proxy that wants a password, in a text without an end"] = true,
  ["a proxy whose headers have no end"] = true,
  ["a proxy that sends a byte now and then"] = true,
}

local PROMISED, PROMISED_IN_NGINX = 200, 500

local function told(late, promised, name)
  print(("%.0f %d %s"):format(math.max(0, late) * 1e3, promised, name))
end

local lines = {}
for _, entry in ipairs(odd.servers) do
  if MEASURED[entry.name] then
    local server = raw_server.start({}, { otherwise = entry.steps })
    local options = odd.options(entry, server.url)
    options.token, options.share, options.retries, options.timeout = false, "off", 0, TIMEOUT
    local client = assert(seranking.new(options))
    local began = core.monotonic()
    local data = client:request { path = "/x" }
    told(core.monotonic() - began - TIMEOUT, PROMISED, entry.name)
    assert(data == nil, entry.name .. ": there was an answer")
    lines[#lines + 1] = { entry = entry, server = server, options = options }
  end
end

if nginx.available() then
  local list = {}
  for i, line in ipairs(lines) do
    list[i] = ("{ base_url = %q, proxy = %s, timeout = %g, max_body = %d, token = false, share = 'off', retries = 0 },"):format(
      line.options.base_url, line.options.proxy and ("%q"):format(line.options.proxy) or "nil", TIMEOUT, line.options.max_body)
  end
  local server = nginx.start { http = ([[
    server {
      listen 127.0.0.1:PORT;
      location = /late {
        content_by_lua_block {
          local core = require "lseranking"
          for _, options in ipairs { %s } do
            local client = assert(require("seranking").new(options))
            local began = core.monotonic()
            local _, err = client:request { path = "/x" }
            local late = core.monotonic() - began - options.timeout
            ngx.say((assert(err.kind ~= "phase" and late, err.message)))
          end
        }
      }
    }
  ]]):format(table.concat(list, " ")) }
  local _, body = server.get "/late"
  local i = 0
  for late in body:gmatch "[^\n]+" do
    i = i + 1
    told(assert(tonumber(late), body), PROMISED_IN_NGINX, "in nginx: " .. lines[i].entry.name)
  end
  server.stop()
end
for _, line in ipairs(lines) do
  line.server.stop()
end
