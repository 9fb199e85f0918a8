--- Shared by the nginx specs: an API server, configurations with a client, and waiting for results.
-- SPDX-License-Identifier: MIT

local assert = require "luassert"
local nginx = require "spec.support.nginx"
local socket = require "socket"

local scene = {}

local running = {}

function scene.keep(server)
  running[#running + 1] = server
  return server
end

--- For after_each: stops every server of the test.
function scene.finish()
  for i = #running, 1, -1 do
    running[i].stop()
    running[i] = nil
  end
end

function scene.eventually(condition, seconds)
  local deadline = socket.gettime() + (seconds or 10)
  while true do
    local value = condition()
    if value then
      return value
    end
    assert.is_true(socket.gettime() < deadline, "it never came")
    socket.sleep(0.005)
  end
end

-- Waits until a worker has ended, at most so many seconds, and its master has logged exit code 0.
function scene.ends_well(server, worker, seconds)
  scene.eventually(function() return nginx.read("/proc/" .. worker .. "/stat") == nil end, seconds)
  local message = ("worker process %d exited with "):format(worker)
  assert.are.equal("code 0", scene.eventually(function() return server.log():match(message .. "(%w+ %d+)") end))
end


local api

--- For setup: starts the API server.
function scene.open()
  api = nginx.api()
end

--- For teardown.
function scene.close()
  api.stop()
end

-- Lua for nginx: `client`, of the API server, without a limit. `ask(path)` returns "/path", or the error's "kind code".
function scene.prelude(options)
  return ([[
    local seranking = require "seranking"
    client = assert(seranking.new { token = "be2165b7d065e278e7305c1c7ef791f283f5d14b", base_url = %q, share = "off",
      retries = 0, timeout = 20 %s })
    function ask(path)
      local data, err = client:request { path = path }
      return data and data.path or err.kind .. " " .. err.code, err
    end
  ]]):format(api.url, options and ", " .. options or "")
end

-- Locations of every configuration here: a call, and counts.
local COMMON = [[
  location = /ping { content_by_lua_block { ngx.say "pong" } }
  location = /call {
    content_by_lua_block { ngx.print((ask("/" .. ngx.var.arg_id .. "?wait=" .. (ngx.var.arg_wait or 0)))) }
  }
  location = /status {
    content_by_lua_block {
      local status = require("lseranking").worker_status()
      collectgarbage()
      ngx.print(require("cjson").encode(status))
    }
  }
]]

function scene.configuration(server_text, http_text)
  return ([[
    init_by_lua_block { %s }
    %s
    server {
      listen 127.0.0.1:PORT backlog=4096;
      lua_check_client_abort on;
      %s
      %s
    }
  ]]):format(scene.prelude(), http_text or "", COMMON, server_text or "")
end

function scene.status(server)
  local _, body = server.get "/status"
  local counts = {}
  for name, value in body:gmatch '"(%w+)":([%w]+)' do
    counts[name] = tonumber(value) or value == "true"
  end
  return counts
end
return scene
