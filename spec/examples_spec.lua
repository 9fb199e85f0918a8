--- Holds that the examples run with either kind of key, against the fake API over real HTTP. SPDX-License-Identifier: MIT

local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local seranking = require "seranking"
local socket = require "socket"

local KEYS = { v4 = "be2165b7d065e278e7305c1c7ef791f283f5d14b", v1 = "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6" }

-- What each prints. "writes": its purpose is to make something in the account; its first line says so.
local examples = {
  ["balance.lua"] = { v4 = "^rur\t2296380%.85\n$", v1 = "^units\t%d+\n$" },
  ["no_key.lua"] = { v4 = "^403\tNo token\n$" },
  ["create_site.lua"] = { writes = 1, v4 = "^site_id\t%d+\n$" },
  ["create_site_or_explain.lua"] = { writes = 2, v4 = "^%d+\n%d+\nError [^\n]+\n$" },
  ["quickstart.lua"] = { v4 = "User: Ada Byron.*HTTP 403.*Projects: %d+ %(HTTP 200%).*example3.*An unknown id: .*not_found" },
  ["report.lua"] = { v4 = "example3 +average position %d" },
  ["cqueues.lua"] = { needs = "cqueues", v4 = "example1\tok\n.*the loop went on: %d+ ticks" },
  ["luv.lua"] = { needs = "luv", v4 = "example1\tok\n.*the loop went on: %d+ ticks" },
}

for generation, KEY in pairs(KEYS) do
  describe("the example, with a key of " .. generation .. ",", function()
    local api

    setup(function()
      api = process.fake { limit = 1000 }
      local client = seranking.new { token = KEY, base_url = api.url, share = "off", raise = true }
      for i = 1, 3 do
        client.sites:create { url = ("http://example%d.com"):format(i), title = "example" .. i }
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

    for name, about in pairs(examples) do
      it(name .. (about.writes and "" or " only reads, and prints what it should"), function()
        if about.needs and not pcall(require, about.needs) then
          return pending("needs " .. about.needs)
        end
        local file = assert(io.open("examples/" .. name))
        local first = file:read "*l"
        file:close()
        assert.equal(about.writes and "Writes" or nil, first:match "^%-%-%- (Writes): ")
        assert.equal(not about.writes, first:find "Only reads" ~= nil)
        local before = #api.log()
        local output, status = run("examples/" .. name)
        assert.are.equal(0, status, output)
        assert.truthy(output:find(about[generation] or about.v4), output)
        local log, written = api.log(), 0
        for i = before + 1, #log do
          written = written + (log[i].method ~= "GET" and log[i].status ~= 400 and 1 or 0)
        end
        assert.is_true(#log > before)
        assert.is_true(about.writes and written >= about.writes or written == 0, output)
      end)
    end

    it("the first script of the README only reads, and prints what it should", function()
      local readme = assert(io.open "README.md"):read "*a"
      local path = os.tmpname()
      local file = assert(io.open(path, "w"))
      file:write(readme:match "## A first script.-```lua\n(.-)```")
      file:close()
      local before = #api.log()
      local output, status = run(path)
      os.remove(path)
      assert.equal(0, status, output)
      assert.truthy(output:find "^Ada\tada@example.com\n%d+\texample1\n", output)
      local log = api.log()
      for i = before + 1, #log do
        assert.equal("GET", log[i].method)
      end
    end)

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
end

it("every example is among those that run", function()
  local pipe = assert(io.popen "ls examples/*.lua")
  for path in pipe:lines() do
    assert.truthy(examples[path:match "[^/]+$"], path)
  end
  pipe:close()
end)
