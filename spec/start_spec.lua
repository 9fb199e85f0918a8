--- What a program pays for before its first call. SPDX-License-Identifier: MIT

-- Loads the library anew, as a program does that begins. Gives its Lua modules back afterwards.
local function start()
  local kept = {}
  for name, module in pairs(package.loaded) do
    if name:find "^seranking" then
      kept[name], package.loaded[name] = module, nil
    end
  end
  collectgarbage()
  collectgarbage()
  collectgarbage "stop" -- the garbage of the whole suite is not this library's
  local memory = collectgarbage "count"
  local client = assert(require("seranking").new { token = "be2165b7d065e278e7305c1c7ef791f283f5d14b" })
  collectgarbage "restart"
  collectgarbage()
  collectgarbage()
  memory = collectgarbage "count" - memory
  local loaded = {}
  for name in pairs(package.loaded) do
    if name:find "^seranking" then
      loaded[name] = true
    end
  end
  client:close()
  for name in pairs(loaded) do
    package.loaded[name] = nil
  end
  for name, module in pairs(kept) do
    package.loaded[name] = module
  end
  return memory, loaded
end

describe("loading the library and making a client", function()
  it("takes less than 300 KB of Lua's memory", function()
    local memory = start()
    assert.is_true(memory < 300, memory .. " KB")
  end)

  it("loads no descriptions", function()
    local _, loaded = start()
    for name in pairs(loaded) do
      assert.is_nil(name:find "^seranking%.api")
    end
  end)
end)
