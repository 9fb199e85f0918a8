--- How late calls return after their timeout, with misbehaving servers and proxies. SPDX-License-Identifier: MIT
-- lua bench/late.lua: a line per case, "milliseconds promise name", in plain Lua and, if it is installed, in nginx.
-- A call that ends before its timeout is 0 ms late.

package.path = "./?.lua;spec/?.lua;" .. package.path

local core = require "lseranking"
local faults = require "spec.support.faults"
local nginx = require "spec.support.nginx"
local seranking = require "seranking"

local TIMEOUT = 0.3
local MEASURED = {
  ["the body decompresses to blanks without an end"] = true,
  ["the headers have no end"] = true,
  ["1xx answers have no end"] = true,
  ["a byte comes now and then"] = true,
  ["the proxy wants a password (407)"] = true,
  ["the proxy's headers have no end"] = true,
  ["the proxy sends a byte now and then"] = true,
}

local PROMISED, PROMISED_IN_NGINX = 200, 500

local function told(late, promised, name)
  print(("%.0f %d %s"):format(math.max(0, late) * 1e3, promised, name))
end

local certificates = nginx.certificates()
local prepared = faults.prepare(certificates)
local servers = {}

--- Starts a server with the fault. Returns a client's options.
local function open(entry)
  local options = faults.open(entry, prepared, function(server)
    servers[#servers + 1] = server
    return server
  end).options
  options.token, options.share, options.retries, options.timeout = false, "off", 0, TIMEOUT
  return options
end

local lines = {}
for _, entry in ipairs(faults.list) do
  if MEASURED[entry.name] then
    local options = open(entry)
    local client = assert(seranking.new(options))
    local began = core.monotonic()
    local data = client:request { path = "/x" }
    told(core.monotonic() - began - TIMEOUT, PROMISED, entry.name)
    assert(data == nil, entry.name .. ": there was an answer")
    lines[#lines + 1] = { entry = entry, options = open(entry) }
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
for _, server in ipairs(servers) do
  server.stop()
end
certificates.remove()
