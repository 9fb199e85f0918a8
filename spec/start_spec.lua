--- Lazy loading before the first call, and preloading. SPDX-License-Identifier: MIT

local function is_ours(name)
  return name:find "^seranking" ~= nil
end

-- The Lua modules of the library that are loaded.
local function loaded_modules()
  local names = {}
  for name in pairs(package.loaded) do
    names[name] = is_ours(name) or nil
  end
  return names
end

-- Calls f with no Lua module of the library loaded, and restores the modules afterwards.
local function anew(f)
  local kept = {}
  for name in pairs(loaded_modules()) do
    kept[name], package.loaded[name] = package.loaded[name], nil
  end
  local fine, problem = pcall(f)
  for name in pairs(loaded_modules()) do
    package.loaded[name] = nil
  end
  for name, module in pairs(kept) do
    package.loaded[name] = module
  end
  assert(fine, problem)
end

local KEY = "be2165b7d065e278e7305c1c7ef791f283f5d14b"

describe("loading the library and making a client", function()
  it("takes less than 300 KB of Lua's memory", function()
    anew(function()
      collectgarbage()
      collectgarbage()
      collectgarbage "stop" -- so that no garbage of other tests is freed
      local memory = collectgarbage "count"
      local client = assert(require("seranking").new { token = KEY })
      collectgarbage "restart"
      collectgarbage()
      collectgarbage()
      memory = collectgarbage "count" - memory
      client:close()
      assert.is_true(memory < 300, memory .. " KB")
    end)
  end)

  it("loads no descriptions", function()
    anew(function()
      assert(require("seranking").new { token = KEY }):close()
      for name in pairs(loaded_modules()) do
        assert.is_true(name == "seranking.api.products" or not name:find "^seranking%.api", name)
      end
    end)
  end)
end)

describe("the first call", function()
  it("loads what errors need: later there may be no descriptor left to read a file", function()
    anew(function()
      local answers = { { status = 200, headers = {}, body = "[]" } }
      local client = assert(require("seranking").new { token = KEY, retries = 0, transport = { handle = function()
        return table.remove(answers, 1) or { fault = "refuse" }
      end } })
      assert(client.sites:list())
      local before = loaded_modules()
      table.insert(answers, { status = 404, headers = {}, body = '{"message":"Not found"}' })
      assert.equal("not_found", select(2, client.sites:list()).kind)
      assert.equal("network", select(2, client.sites:list()).kind)
      assert.same(before, loaded_modules())
      client:close()
    end)
  end)
end)

describe("seranking.preload", function()
  it("loads every file of the library except loops that need another module", function()
    anew(function()
      require("seranking").preload()
      local pipe, count = assert(io.popen "find lua/seranking -name '*.lua' -not -path '*/cli/*'"), 0
      for path in pipe:lines() do
        local name = path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
        local elsewhere = name == "seranking.base.calendar" -- of the command and the fake
        if name ~= "seranking.loop.cqueues" and name ~= "seranking.loop.luv" and not elsewhere then
          assert.is_truthy(package.loaded[name], name)
          count = count + 1
        end
      end
      pipe:close()
      assert.is_true(count > 50)
    end)
  end)

  it("leaves no file for calls, walks, waits, maps and mistakes to load", function()
    anew(function()
      local seranking = require "seranking"
      local client
      local transport = { handle = function()
        return { status = 200, headers = { { "Content-Type", "application/json" } }, body = "[]" }
      end }
      seranking.preload()
      local before = loaded_modules()
      client = assert(seranking.new { token = KEY, transport = transport })
      assert(client.sites:list())
      assert(client.sites.list:all())
      assert(client:request { path = "/x" })
      client:map({ 1 }, function(id) return client.sites(id).keywords:list() end)
      client.audit.create:wait { domain = "a.example" }
      client.sites.list:describe()
      local _ = tostring(client) .. tostring(client.sites) .. seranking.help "backlinks"
      client:limiter()
      client.data.backlinks.raw:all({ target = "a.example" }, { max_cost = 10 })
      for _, mistake in ipairs {
        function() return client.sits end, function() return client.sites.lst end, function() client.sites:list { a = 1 } end,
        function() client.sites.keywords:list(5) end, function() client.sites:list({}, { a = 1 }) end,
      } do
        assert.is_false((pcall(mistake)))
      end
      client:close()
      local later = {}
      for name in pairs(loaded_modules()) do
        later[#later + 1] = not before[name] and name or nil
      end
      assert.same({}, later)
    end)
  end)
end)
