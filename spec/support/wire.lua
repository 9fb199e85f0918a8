--- Clients and scripted servers for specs on real sockets, and what such specs ask again and again.
-- SPDX-License-Identifier: MIT

local raw_server = require "spec.support.raw_server"
local assert = require "luassert"
local seranking = require "seranking"

local wire = { KEY = "be2165b7d065e278e7305c1c7ef791f283f5d14b" }

local clients, servers = {}, {}

--- A client of `server` without a limiter or repetitions, unless `options` say otherwise. Closed by wire.finish.
function wire.client(server, options)
  local all = { token = wire.KEY, base_url = server.url, share = "off", retries = 0, timeout = 10 }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  if all.limiter then
    all.share = nil
  end
  local client = assert(seranking.new(all))
  clients[#clients + 1] = client
  return client
end

--- Has wire.finish stop a server.
function wire.keep(server)
  servers[#servers + 1] = server
  return server
end

--- Starts a scripted server: see raw_server.start.
function wire.start(...)
  return wire.keep(raw_server.start(...))
end

--- For after_each: ends everything, with the collector at work in between.
function wire.finish()
  for _, client in ipairs(clients) do
    client:close()
  end
  clients = {}
  collectgarbage()
  collectgarbage()
  for _, server in ipairs(servers) do
    server.stop()
  end
  servers = {}
end

--- The call after a failure: has to work. Returns its response.
function wire.works(client)
  local data, response = client:request { path = "/after" }
  assert.is_nil(seranking.is_error(response) and tostring(response) or nil)
  assert.are.same({ ok = true }, data)
  return response
end

--- Checks an error's kind and code; returns it.
function wire.failed(kind, code, data, err)
  assert.is_nil(data)
  assert.is_true(seranking.is_error(err))
  assert.are.equal(kind .. " " .. code, err.kind .. " " .. err.code, tostring(err))
  return err
end

return wire
