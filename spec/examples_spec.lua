--- The examples run with either kind of key, against the fake API over real HTTP. SPDX-License-Identifier: MIT

local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local seranking = require "seranking"
local socket = require "socket"
local system = require "spec.support.system"

local KEYS = { v4 = "be2165b7d065e278e7305c1c7ef791f283f5d14b", v1 = "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6" }

-- Runs a recipe that waits for minutes on a fake API with a manual clock inside its process.
local IN_PROCESS = [[-e 'local seranking, fake = require "seranking", require "seranking.fake"
  package.loaded.seranking = { new = function(options)
    options.transport = fake.new()
    return seranking.new(options)
  end }']]

-- The output of each. "writes": it creates objects in the account, as its first line says. "in_folder": it runs in a temporary
-- folder, where it leaves files. "status": its exit status (default: 0).
local examples = {
  ["balance.lua"] = { v4 = "^rur\t2296380%.85\n$", v1 = "^units\t%d+\n$" },
  ["no_key.lua"] = { v4 = "^403\tNo token\n$" },
  ["create_site.lua"] = { writes = 1, v4 = "^site_id\t%d+\n$" },
  ["create_site_or_explain.lua"] = { writes = 2, v4 = "^%d+\n%d+\nError [^\n]+\n$" },
  ["quickstart.lua"] = {
    v4 = "User: Ada Byron.*HTTP 403.*Projects: %d+ .*Corner bakery +average position %d.*An unknown id: .*not_found" },
  ["report.lua"] = { v4 = "Corner bakery +average position %d" },
  ["cqueues.lua"] = { needs = "cqueues", v4 = "Anchor shop\tok\n.*the loop went on: %d+ ticks" },
  ["luv.lua"] = { needs = "luv", v4 = "Anchor shop\tok\n.*the loop went on: %d+ ticks" },
  ["cookbook/accounts.lua"] = { v4 = "^default +%d+  Anchor shop\ndefault +%d+  Corner bakery\n" },
  ["cookbook/alerts.lua"] = { status = 1, v4 = "\n?%d+ credits left\n$" },
  ["cookbook/audits.lua"] = { v4 = "Anchor shop +%d+ errors.*\n2 audits\n$" },
  ["cookbook/backlinks.lua"] = { in_folder = true, v4 = "^250 backlinks of example%.com in backlinks%.csv\n250 credits" },
  ["cookbook/brand_report.lua"] = { v4 = "^Anchor shop: share of voice, and change\nchatgpt +%d+%.%d %%  [+-]%d+%.%d\n"
    .. "google_gemini .*google_ai_overview .*\nsites that .*\n[%w.-]+ +%d+  [+-]%d+\n" },
  ["cookbook/compare_domains.lua"] = { v4 = "^domain .*example%.com +2500 +%d+ +%d+\n.*\n300 credits by estimate\n$" },
  ["cookbook/export_file.lua"] = { in_folder = true, in_process = true, writes = 0,
    v4 = "complete after %d+ s\n%d+ bytes in backlinks%.gz\n$" },
  ["cookbook/keyword_research.lua"] = { v4 = "^out of budget: boat\n.*anchor.*\n%d+ ideas for 2000 credits by estimate\n$" },
  ["cookbook/positions.lua"] = { in_folder = true,
    v4 = "^%d+ projects, %d+ rows in positions%.csv\n *[+-]%d+ +%d+ %-> +%d+  %w+ %w+: " },
  ["cookbook/resume_export.lua"] = { in_folder = true, v4 = "^200 rows added to export.txt\n$" },
}

local root = nginx.shell("pwd"):match "[^\n]+"

local function absolute(paths)
  return (paths:gsub("[^;]+", function(path)
    return path:find "^/" and path or root .. "/" .. path:gsub("^%./", "")
  end))
end

local read = system.read_if_there

for generation, KEY in pairs(KEYS) do
  describe("the example, with a key of " .. generation .. ",", function()
    local api, folder, remove

    -- Runs a program. Returns its output and exit status.
    local function run(name, where, more)
      local words = { "SERANKING_TOKEN=" .. KEY, "SERANKING_DATA_TOKEN=" .. KEYS.v1, "SERANKING_BASE_URL=" .. api.url,
        "SERANKING_VISIBLE_RATE=64", -- many calls of a product that allows one a second
        ("LUA_PATH='%s' LUA_CPATH='%s'"):format(absolute(package.path), absolute(package.cpath)),
        "'" .. process.interpreter() .. "'", more or "", name:find "^/" and name or root .. "/" .. name }
      local command = ("cd '%s' && %s 2>&1; echo \"status $?\""):format(where or root, table.concat(words, " "))
      local output, status = system.output(command):match "^(.*)status (%d+)\n$"
      return output, tonumber(status)
    end

    setup(function()
      api = process.fake { limit = 1000, visible_limit = 1000, demo = true }
      folder, remove = process.folder()
    end)

    teardown(function()
      api.stop()
      remove()
    end)

    for name, about in pairs(examples) do
      it(name .. (about.writes and "" or " only reads, and prints what it should"), function()
        if about.needs and not pcall(require, about.needs) then
          return pending("needs " .. about.needs)
        end
        local first = read("examples/" .. name):match "[^\n]+"
        assert.equal(about.writes and "Writes" or nil, first:match "^%-%-%- (Writes): ")
        assert.equal(not about.writes, first:find "Only reads" ~= nil)
        local before = #api.log()
        local output, status = run("examples/" .. name, about.in_folder and folder, about.in_process and IN_PROCESS)
        assert.are.equal(about.status or 0, status, output)
        assert.truthy(output:find(about[generation] or about.v4), output)
        local log, written = api.log(), 0
        for i = before + 1, #log do
          written = written + (log[i].method ~= "GET" and log[i].status ~= 400 and 1 or 0)
        end
        assert.is_true(about.in_process or #log > before)
        assert.is_true(about.writes and written >= about.writes or written == 0, output)
      end)
    end

    it("cookbook/positions.lua writes a line of CSV for each position", function()
      local client = seranking.new { token = KEY, base_url = api.url, share = "off", raise = true }
      local expected = 0
      for _, site in ipairs(client.sites:list()) do
        local week = { date_from = os.time() - 7 * 86400, date_to = os.time() }
        for _, engine in ipairs(client.sites(site.id).positions:list(week)) do
          for _, keyword in ipairs(engine.keywords) do
            expected = expected + #keyword.positions
          end
        end
      end
      assert.is_true(expected > 0)
      local output, status = run("examples/cookbook/positions.lua", folder)
      assert.equal(0, status, output)
      local lines = 0
      for line in io.lines(folder .. "/positions.csv") do
        assert.truthy(line:find '^[^,"]+,%w+,[^,"]+,[%w-]+,[%w]+\r$', line)
        lines = lines + 1
      end
      assert.equal(expected + 1, lines)
    end)

    it("cookbook/resume_export.lua writes every row once, whichever run failed", function()
      local target = folder .. "/export.txt"
      os.remove(target)
      os.remove(target .. ".resume")
      local output, status = run("examples/cookbook/resume_export.lua", folder)
      assert.equal(0, status, output)
      api.fail { status = 500, path = "/v1/backlinks/raw" }
      output, status = run("examples/cookbook/resume_export.lua", folder)
      assert.equal(1, status, output)
      assert.truthy(output:find "%f[%d]0 rows added", output)
      output, status = run("examples/cookbook/resume_export.lua", folder)
      assert.equal(0, status, output)
      assert.truthy(output:find "^50 rows added.*\ncomplete\n$", output)
      local seen, rows = {}, 0
      for line in io.lines(target) do
        assert.is_nil(seen[line])
        seen[line], rows = true, rows + 1
      end
      assert.equal(250, rows)
    end)

    it("nginx/nginx.conf", function()
      if not nginx.available() then
        return pending "needs nginx with its Lua module, and a module built for LuaJIT"
      end
      local prefix, port, pipe

      local function start()
        prefix, port = nginx.shell("mktemp -d"):match "%S+", nginx.free_port()
        local text = nginx.read("examples/nginx/nginx.conf"):gsub("127%.0%.0%.1:8080", "127.0.0.1:" .. port)
          :gsub("%$prefix/%.%./%.%.", root):gsub("error_log stderr", "error_log " .. prefix .. "/error.log")
        system.write(prefix .. "/nginx.conf", text)
        nginx.shell(("chmod 755 '%s'"):format(prefix))
        -- The workers run as another user, who can't use the folder of these tests.
        pipe = assert(io.popen(("cd '%s'; unset SERANKING_STATE_DIR LD_PRELOAD; SERANKING_TOKEN=%s SERANKING_BASE_URL=%s "
          .. "nginx -p . -c nginx.conf 2>stderr & read -r _; kill $!; wait; rm -rf '%s'")
          :format(prefix, KEY, api.url, prefix), "w"))
      end
      local function get(path)
        return nginx.shell(("curl -s --max-time 5 http://127.0.0.1:%d%s"):format(port, path))
      end
      local function said()
        return (nginx.read(prefix .. "/error.log") or "") .. (nginx.read(prefix .. "/stderr") or "")
      end

      start()
      local deadline, tries = socket.gettime() + 10, 1
      while not get("/sites"):find("Anchor shop", 1, true) and socket.gettime() < deadline do
        if tries < 5 and said():find("Address already in use", 1, true) then -- another process took the port
          pipe:close()
          start()
          deadline, tries = socket.gettime() + 10, tries + 1
        end
        socket.sleep(0.05)
      end
      local ok, problem = pcall(function()
        assert.truthy(get("/sites"):find("Anchor shop", 1, true), get "/sites" .. said())
        local id = get("/sites"):match '"id":(%d+)'
        assert.truthy(get("/sites/" .. id .. "/summary"):find "today_avg")
        assert.truthy(get("/sites/999/summary"):find '"kind":"not_found"')
        assert.truthy(get("/report"):find "Anchor shop: ok")
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

describe("the examples:", function()
  it("each file is among those that run", function()
    local pipe = assert(io.popen "ls examples/*.lua examples/cookbook/*.lua")
    for path in pipe:lines() do
      assert.truthy(examples[path:match "^examples/(.*)$"], path)
    end
    pipe:close()
  end)

  it("the first script of the README prints the output that the README shows", function()
    local readme = read "README.md"
    local script, rest = readme:match "```lua\n(.-)```(.*)"
    local command, shown = rest:match "```sh\n(sh examples/demo.sh first.lua)\n```.-```\n(.-)```"
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(script)
    file:close()
    for generation in pairs(KEYS) do
      local pipe = assert(io.popen(("KEY=%s LUA=%s %s"):format(generation, jit and "jit" or _VERSION:match "%d%.%d",
        command:gsub("first%.lua", path))))
      assert.equal(shown, pipe:read "*a")
      pipe:close()
    end
    os.remove(path)
  end)

  it("the cookbook shows the text of every recipe's file", function()
    local page = read "docs/cookbook.md"
    local pipe = assert(io.popen "ls examples/cookbook/*")
    for path in pipe:lines() do
      local text = read(path)
      if path:find "%.lua$" then
        text = text:gsub("^%-%-.-\n\n", "") -- without the comment above the program
      end
      assert.truthy(page:find("\n" .. text .. "```", 1, true), path .. " and docs/cookbook.md differ: copy the file there")
    end
    pipe:close()
  end)

  it("cron lines and systemd units run existing recipes", function()
    local count = 0
    for _, name in ipairs { "crontab", "seranking-positions.service" } do
      for recipe in read("examples/cookbook/" .. name):gmatch "lua5%.4 %S-([%w_]+%.lua)" do
        assert.truthy(examples["cookbook/" .. recipe], recipe)
        count = count + 1
      end
    end
    assert.equal(3, count)
  end)
end)
