--- Holds that the examples of many calls at once run, against the fake API over real HTTP. SPDX-License-Identifier: MIT

local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local seranking = require "seranking"
local socket = require "socket"

local KEY = "be2165b7d065e278e7305c1c7ef791f283f5d14b"

describe("the example", function()
  local api

  setup(function()
    api = process.fake { limit = 1000 }
    local client = assert(seranking.new { token = KEY, base_url = api.url, share = "off" })
    for i = 1, 3 do
      assert(client.sites:create { url = ("http://example%d.com"):format(i), title = "example" .. i })
    end
    client:close()
  end)

  teardown(function()
    api.stop()
  end)

  -- Runs a program; gives what it printed, and the exit status.
  local function run(name)
    local pipe = assert(io.popen(("SERANKING_TOKEN=%s SERANKING_BASE_URL=%s '%s' %s 2>&1; echo \"status $?\""):format(KEY,
      api.url, process.interpreter(), name), "r"))
    local text = pipe:read "*a"
    pipe:close()
    local output, status = text:match "^(.*)status (%d+)\n$"
    return output, tonumber(status)
  end

  it("report.lua", function()
    local output, status = run "examples/report.lua"
    assert.are.equal(0, status, output)
    assert.truthy(output:find "example3 +average position %d", output)
  end)

  for _, name in ipairs { "cqueues", "luv" } do
    it(name .. ".lua", function()
      if not pcall(require, name) then
        return pending("needs " .. name)
      end
      local output, status = run("examples/" .. name .. ".lua")
      assert.are.equal(0, status, output)
      assert.truthy(output:find "example1\tok\n", output)
      assert.truthy(output:find "the loop went on: %d+ ticks", output)
    end)
  end

  it("nginx/nginx.conf", function()
    if not nginx.available() then
      return pending "needs nginx with its Lua module, and a module built for LuaJIT"
    end
    local folder = nginx.shell("mktemp -d"):match "%S+"
    local root = nginx.shell("pwd"):match "[^\n]+"
    local port = nginx.free_port()
    local text = nginx.read("examples/nginx/nginx.conf"):gsub("127%.0%.0%.1:8080", "127.0.0.1:" .. port)
      :gsub("%$prefix/%.%./%.%.", root):gsub("error_log stderr", "error_log " .. folder .. "/error.log")
    local file = assert(io.open(folder .. "/nginx.conf", "w"))
    file:write((text))
    file:close()
    nginx.shell(("chmod 755 '%s'"):format(folder))
    -- The workers are another user's: the folder of these tests is not for them.
    local pipe = assert(io.popen(("cd '%s'; unset SERANKING_STATE_DIR LD_PRELOAD; SERANKING_TOKEN=%s SERANKING_BASE_URL=%s "
      .. "nginx -p . -c nginx.conf 2>stderr & read -r _; kill $!; wait; rm -rf '%s'")
      :format(folder, KEY, api.url, folder), "w"))
    local function get(path)
      return nginx.shell(("curl -s --max-time 5 http://127.0.0.1:%d%s"):format(port, path))
    end
    local deadline = socket.gettime() + 10
    while get("/sites") == "" and socket.gettime() < deadline do
      socket.sleep(0.05)
    end
    local ok, problem = pcall(function()
      assert.truthy(get("/sites"):find("example1", 1, true), get "/sites" .. (nginx.read(folder .. "/error.log") or "")
        .. nginx.read(folder .. "/stderr"))
      local id = get("/sites"):match '"id":(%d+)'
      assert.truthy(get("/sites/" .. id .. "/summary"):find "today_avg")
      assert.truthy(get("/sites/999/summary"):find '"kind":"not_found"')
      assert.truthy(get("/report"):find "example1: ok")
      local before = #api.log()
      for _ = 1, 5 do
        get "/sites"
        get("/sites/" .. id .. "/summary")
      end
      assert.are.equal(before, #api.log()) -- from the cache
    end)
    pipe:close()
    assert.is_true(ok, problem)
  end)
end)
