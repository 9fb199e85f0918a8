--- Faults and latency by chance, and the log's bound.
-- SPDX-License-Identifier: MIT

local fake = require "seranking.fake"

-- Sends requests to a fake; gives one word for each: its status, fault and delay.
local function walk(api, count)
  local words = {}
  for i = 1, count do
    local answer = api:handle { method = "GET", path = "/account/balance", headers = { authorization = "Token " .. api.token } }
    words[i] = ("%d %s %s"):format(answer.status, answer.fault or "-", answer.delay and ("%.6f"):format(answer.delay) or "-")
  end
  return words
end

local function new(options)
  options.limit = 1e6
  return fake.new(options)
end

describe("faults by chance", function()
  it("are the same for the same seed, and others for another", function()
    local options = { seed = 7, faults = { rate = 0.2 }, latency = { 0.05, 0.4 } }
    local first, second = walk(new(options), 200), walk(new(options), 200)
    assert.are.same(first, second)
    options.seed = 8
    assert.are_not.same(first, walk(new(options), 200))
  end)

  it("begin again after a reset", function()
    local api = new { faults = { rate = 0.5 } }
    local first = walk(api, 50)
    api:reset()
    assert.are.same(first, walk(api, 50))
  end)

  it("come about as often as the rate says, each kind among them", function()
    local seen, count = {}, 0
    for _, word in ipairs(walk(new { faults = { rate = 0.1, kinds = { "refuse", "drop", "503", "html" } } }, 2000)) do
      if word ~= "200 - -" then
        seen[word], count = (seen[word] or 0) + 1, count + 1
      end
    end
    assert.is_true(count > 150 and count < 250, count)
    for _, word in ipairs { "503 refuse -", "200 drop -", "503 - -", "502 - -" } do
      assert.is_true((seen[word] or 0) > 20, word)
    end
  end)

  it("never come at rate 0, and always at rate 1", function()
    for _, word in ipairs(walk(new { faults = { rate = 0 } }, 50)) do
      assert.equal("200 - -", word)
    end
    for _, word in ipairs(walk(new { faults = { rate = 1, kinds = { "429" } } }, 50)) do
      assert.equal("429 - -", word)
    end
  end)

  it("give way to a fault of api:fail", function()
    local api = new { faults = { rate = 1, kinds = { "503" } } }
    api:fail { status = 418 }
    assert.are.same({ "418 - -", "503 - -" }, walk(api, 2))
  end)

  it("a client retries until the calls succeed", function()
    local api = new { seed = 3, faults = { rate = 0.3 } }
    local client, failed = api:client(), 0
    for _ = 1, 20 do
      assert(client.account:profile())
    end
    for _, entry in ipairs(api.log) do
      failed = failed + ((entry.fault or entry.status ~= 200) and 1 or 0)
    end
    assert.is_true(failed > 0)
    assert.equal(20, #api.log - failed)
  end)
end)

describe("latency", function()
  it("is between its bounds, and passes on the client's clock", function()
    local api = new { latency = { 0.05, 0.4 } }
    local least, most = math.huge, 0
    for _ = 1, 50 do
      local answer = api:handle { method = "GET", path = "/sites", headers = {} }
      least, most = math.min(least, answer.delay), math.max(most, answer.delay)
    end
    assert.is_true(least >= 0.05 and least < 0.1 and most > 0.35 and most < 0.4)
    local before = api.clock:now()
    assert(api:client().account:profile())
    local took = api.clock:now() - before
    assert.is_true(took >= 0.05 and took < 0.4, took)
  end)

  it("gives way to the delay of api:fail", function()
    local api = new { latency = { 1, 1 } }
    api:fail { delay = 2 }
    assert.are.same({ "200 - 2.000000", "200 - 1.000000" }, walk(api, 2))
  end)
end)

describe("the log", function()
  it("keeps as many of the newest requests as it was told", function()
    local api = new { log = 3 }
    for i = 1, 5 do
      api:handle { method = "GET", path = "/" .. i, headers = {} }
    end
    assert.equal(3, #api.log)
    assert.are.same({ "/3", "/4", "/5" }, { api.log[1].path, api.log[2].path, api.log[3].path })
  end)

  it("keeps all, or none", function()
    for _, case in ipairs { { true, 5 }, { nil, 5 }, { false, 0 } } do
      local api = new { log = case[1] }
      walk(api, 5)
      assert.equal(case[2], #api.log)
    end
  end)
end)

describe("a wrong option raises at the caller's line:", function()
  for _, case in ipairs {
    { { log = 0 }, "log must be true, false, or a whole number of requests to keep, at least 1" },
    { { log = 1.5 }, "log must be true, false, or a whole number of requests to keep, at least 1" },
    { { latency = { 1 } }, "latency must be { least, most } in seconds, from 0 to 86400: { 0.05, 0.4 }" },
    { { latency = { 2, 1 } }, "latency must be { least, most } in seconds, from 0 to 86400: { 0.05, 0.4 }" },
    { { faults = {} }, "faults.rate must be a number from 0 to 1: the share of the requests that get a fault" },
    { { faults = { rate = 2 } }, "faults.rate must be a number from 0 to 1: the share of the requests that get a fault" },
    { { faults = { rate = 1, kinds = {} } }, "faults.kinds must name one fault or more" },
    { { faults = { rate = 1, kinds = { "200" } } }, "faults.kinds: '200' is none of refuse, drop, truncate, hang, slow, "
      .. "bad_json, empty, html, invalid_utf8, nul, or a status from 400 to 599" },
    { { faults = { rates = 1 } }, "unknown option: rates; did you mean 'rate'?" },
  } do
    it(case[2], function()
      local line = debug.getinfo(1, "l").currentline + 1
      local ok, problem = pcall(function() fake.new(case[1]) end)
      assert.is_false(ok)
      assert.truthy(problem:find("fake_random_faults_spec.lua:" .. line .. ": " .. case[2], 1, true), problem)
    end)
  end
end)
