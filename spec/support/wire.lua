--- Clients, scripted servers and common checks for specs with real sockets.
-- SPDX-License-Identifier: MIT

local raw_server = require "spec.support.raw_server"
local assert = require "luassert"
local seranking = require "seranking"

local wire = { KEY = "be2165b7d065e278e7305c1c7ef791f283f5d14b" }

local clients, servers = {}, {}

--- A client of `server`, without a limiter or retries unless `options` say otherwise. wire.finish closes it.
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

--- Registers a server for wire.finish to stop.
function wire.keep(server)
  servers[#servers + 1] = server
  return server
end

--- Starts a scripted server: see raw_server.start.
function wire.start(...)
  return wire.keep(raw_server.start(...))
end

--- For after_each: closes all clients, collects garbage and stops all servers.
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

--- Checks that a call succeeds, for instance after a failure. Returns its response.
function wire.works(client)
  local data, response = client:request { path = "/after" }
  assert.is_nil(seranking.is_error(response) and tostring(response) or nil)
  assert.are.same({ ok = true }, data)
  return response
end

--- Checks an error's kind and code. Returns the error.
function wire.failed(kind, code, data, err)
  assert.is_nil(data)
  assert.is_true(seranking.is_error(err))
  assert.are.equal(kind .. " " .. code, err.kind .. " " .. err.code, tostring(err))
  return err
end

return wire
