--- A product is one entry of seranking.api.products: nothing else in the library knows it by name.
-- SPDX-License-Identifier: MIT

local script = require "support.script"

local V4, V1 = "be2165b7d065e278e7305c1c7ef791f283f5d14b", "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6"

local BOATS = {
  about = "Boats of a harbour.",
  { name = "harbour.boats", params = { boat_id = { type = "id", about = "the boat" } }, id = "boat_id", operations = {
    { "list", harbour = "GET /v1/boats", answer = "array", about = "All boats.", source = "docs", confidence = "high" },
    { "get", harbour = "GET /v1/boats/{boat_id}", answer = "object", about = "A boat.", source = "docs", confidence = "high" },
  } },
}

--- Loads the library anew with a product more, calls `f` with it, and takes both back.
local function with_harbour(about, f)
  local kept = {}
  for name, module in pairs(package.loaded) do
    if name:find "^seranking" then
      kept[name], package.loaded[name] = module, nil
    end
  end
  local fine, problem = pcall(function()
    local products = require "seranking.api.products"
    products[#products + 1], products.harbour = "harbour", about
    package.loaded["seranking.api.harbour"] = BOATS
    require("seranking.api")["harbour.boats"] = "seranking.api.harbour"
    f(require "seranking")
  end)
  for name in pairs(package.loaded) do
    if name:find "^seranking" then
      package.loaded[name] = nil
    end
  end
  for name, module in pairs(kept) do
    package.loaded[name] = module
  end
  assert(fine, problem)
end

--- A client of this library, the list of its requests and its clock.
local function new(seranking, options)
  local log, clock = {}, seranking.clock()
  local all = { token = V1, clock = clock, transport = { handle = function(_, request)
    request.at = clock:now()
    log[#log + 1] = request
    return script.json "[]"
  end } }
  for name, value in pairs(options or {}) do
    all[name] = value
  end
  return assert(seranking.new(all)), log, clock
end

describe("a product that is described", function()
  local function described(more)
    local about = { label = "Harbour", named = "the Harbour", about = "Harbour: boats.", rate = { limit = 3, per = 2 },
      sample = "boats" }
    for name, value in pairs(more or {}) do
      about[name] = value
    end
    return about
  end

  local about = described { key = "v1" }

  it("is a client of its own, with its resources, its name and its help", function()
    with_harbour(about, function(seranking)
      local client, log = new(seranking)
      assert(client.harbour.boats:list())
      assert(client.harbour.boats(7):get())
      assert.same({ "/v1/boats", "/v1/boats/7" }, { log[1].path, log[2].path })
      assert.equal("https://api.seranking.com", log[1].origin)
      assert.is_truthy(tostring(client.harbour):find("seranking client (Harbour, https://api.seranking.com", 1, true))
      assert.is_truthy(tostring(client.harbour):find("print(client.harbour.boats)", 1, true))
      assert.is_truthy(tostring(client):find("\n  .harbour +Harbour: boats."))
      assert.is_truthy(seranking.help():find("client.harbour.boats", 1, true))
      assert.equal("harbour", client.harbour.boats.list:describe().api)
      assert.equal("GET /v1/boats", client.harbour.boats.list:describe().harbour)
      assert.is_truthy(script.raised(function() return client.harbour.boat end):find("client.harbour has no 'boat'", 1, true))
      assert.is_truthy(script.raised(function() client.harbour:spent() end):find("client.data:spent()", 1, true))
      client:close()
      assert.is_truthy(script.raised(function() client.harbour.boats:list() end):find("closed", 1, true))
    end)
  end)

  it("has options of its own: key, address and rate", function()
    with_harbour(about, function(seranking)
      local client, log = new(seranking, { token = V4, harbour_token = V1, harbour_base_url = "https://harbour.example" })
      assert(client.harbour.boats:list())
      assert.same({ "Token " .. V1, "https://harbour.example" }, { log[1].headers.authorization, log[1].origin })
      assert.same({ 3, 2 }, { client.harbour:limiter().limit, client.harbour:limiter().per })
      client = new(seranking, { harbour_rate = { limit = 7 }, rate = { limit = 2 } })
      assert.same({ 7, 2 }, { client.harbour:limiter().limit, client:limiter().limit })
      client = new(seranking, { rate = { limit = 20 } })
      assert.same({ 3, 20 }, { client.harbour:limiter().limit, client.data:limiter().limit }) -- the Data API's follows rate
      assert.is_truthy(script.raised(function() seranking.new { harbor_token = "x" } end):find("harbour_token", 1, true))
    end)
  end)

  it("keeps a limit of its own", function()
    with_harbour(about, function(seranking)
      local client, log, clock = new(seranking)
      for _ = 1, 3 do
        assert(client.harbour.boats:list())
      end
      for _ = 1, 5 do
        assert(client.sites:list())
      end
      assert.equal(log[1].at, clock:now())
      assert(client.harbour.boats:list())
      assert.is_true(log[#log].at >= log[1].at + 2)
    end)
  end)

  it("refuses a key of the wrong shape, if it says which it takes, and takes any if it does not", function()
    with_harbour(about, function(seranking)
      local client, log = new(seranking, { token = V4 })
      local _, err = client.harbour.boats:list()
      assert.same({ "wrong_key", 0 }, { err.code, #log })
      assert.equal("Harbour takes a v1 key, and client.harbour has a v4 key", err.message)
    end)
    with_harbour(described(), function(seranking)
      local client, log = new(seranking, { token = V4 })
      assert(client.harbour.boats:list())
      assert.equal("Token " .. V4, log[1].headers.authorization)
    end)
  end)

  it("counts credits, if its calls cost some", function()
    with_harbour(described { paid = true }, function(seranking)
      local client = new(seranking)
      assert(client.harbour.boats:list())
      assert.same({ 0, 1 }, { client.harbour:spent().credits, client.harbour:spent().unknown })
    end)
  end)

  it("is answered by the fake, which counts its requests apart", function()
    with_harbour(about, function()
      local fake = require "seranking.fake"
      local api = fake.new()
      local client = api:client { api = "v1", retries = 0, share = "off" }
      for _ = 1, 3 do
        assert(client.harbour.boats:list())
      end
      local _, err = client.harbour.boats:list()
      assert.equal(429, err.status)
      assert(client.sites:list())
    end)
  end)
end)
