--- fake/library/seranking_fake.lua, the fake's types for editors, agrees with the fake.
-- SPDX-License-Identifier: MIT

local fake = require "seranking.fake"
local luacats = require "spec.support.luacats"
local system = require "support.system"

-- The names in a message "unknown …: x; there are: a, b".
local function names_in(f)
  local _, message = pcall(f)
  local found = {}
  for name in message:match("there are: (.*)$"):gmatch "[%w_]+" do
    found[name] = true
  end
  return found
end

local function names_of(class)
  local found = {}
  for name in pairs(class.fields) do
    found[name] = true
  end
  return found
end

describe("the fake's types", function()
  local own = system.read "fake/library/seranking_fake.lua"
  local types

  it("are written as editors read them, and speak of nothing that is not defined there or in the client's", function()
    types = luacats.read(system.read "library/seranking.lua" .. "\n" .. own)
    assert.is_function((loadstring or load)(own))
  end)

  it("have every option of fake.new, every field of a fault and of a site to build, and no other", function()
    assert.same(names_in(function() fake.new { colour = 1 } end), names_of(types.classes["seranking.fake.Options"]))
    local api = fake.new()
    assert.same(names_in(function() api:fail { colour = 1 } end), names_of(types.classes["seranking.fake.Fault"]))
    assert.same(names_in(function() api:seed { sites = { { url = "https://shop.com", colour = 1 } } } end),
      names_of(types.classes["seranking.fake.SeedSite"]))
    assert.same(names_in(function() api:seed { visible = { { domain = "shop.com", colour = 1 } } } end),
      names_of(types.classes["seranking.fake.SeedVisible"]))
    assert.same(names_in(function() api:seed { colour = {} } end), names_of(types.classes["seranking.fake.Seed"]))
  end)

  it("have every method and field of a fake", function()
    local api, count = fake.new(), 0
    for name, value in pairs(getmetatable(api).__index) do
      if type(value) == "function" then
        assert.is_truthy(own:find("\nfunction Api:" .. name .. "(", 1, true), name)
        count = count + 1
      end
    end
    assert.equal(count, select(2, own:gsub("\nfunction Api:", "")))
    for name in pairs(types.classes["seranking.fake.Api"].fields) do
      assert.is_not_nil(api[name], name)
    end
  end)
end)
