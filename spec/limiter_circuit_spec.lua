--- The circuit that a ban opens, and the events of on_event.
-- SPDX-License-Identifier: MIT

local limits = require "support.limits"
local scene = require "support.scene"
local watch = require "support.watch"

local shared, another, in_child = limits.shared, limits.another, limits.in_child

before_each(limits.begin)

after_each(limits.finish)

describe("the circuit", function()
  local function block(given)
    local client, api, clock = shared(given)
    api:fail { status = 429, times = 3 }
    local none, err = client.sites:list()
    assert.is_nil(none)
    return client, api, clock, err
  end

  it("opens with the third 429 in a row: the call says so, and nothing is sent for ten minutes", function()
    local client, api, clock, err = block()
    assert.equal("blocked too_many_requests 429", err.kind .. " " .. err.code .. " " .. err.status)
    assert.equal(600, err.retry_after)
    assert.equal(3, err.attempts)
    assert.truthy(err.hint:find "retry_after")
    local other = another(api, clock)
    local sent = #api.log
    clock:advance(599.9)
    for _, one in ipairs { client, other } do
      local none, problem = one.sites:list()
      assert.is_nil(none)
      assert.equal("blocked", problem.kind)
      assert.equal(0, problem.attempts)
      assert.is_false(problem.sent)
      assert.is_true(math.abs(problem.retry_after - 0.1) < 0.002, problem.retry_after)
    end
    assert.equal(sent, #api.log)
    assert.equal("open", other:limiter().circuit.state)
  end)

  it("allows exactly one request when the ban is over, and all after its success", function()
    local client, api, clock = block()
    local start = clock:now()
    clock:advance(600.1)
    assert.equal("half-open", client:limiter().circuit.state)
    local others, kinds, first = { another(api, clock), another(api, clock) }, {}, #api.log
    local probing
    local trying = another({
      handle = function(_, request) -- while it is in flight, other clients and other calls of this one are refused
        probing = client:limiter().circuit.probing
        for i, other in ipairs(others) do
          kinds[i] = select(2, other.sites:list()).kind
        end
        return api:handle(request)
      end,
    }, clock)
    local results, problems = trying:map({ 1, 2, 3 }, function()
      local sites, err = trying.sites:list()
      return sites and "got through", err
    end)
    assert.is_true(probing)
    assert.same({ "blocked", "blocked" }, kinds)
    assert.same({ "got through" }, { results[1], results[2], results[3] })
    assert.equal(2, problems.count)
    assert.equal(first + 1, #api.log)
    assert.equal("closed", client:limiter().circuit.state)
    for _, one in ipairs(others) do
      assert(one.sites:list())
    end
    assert.is_true(clock:now() - start > 600)
  end)

  it("opens for twice as long if the probe gets a 429", function()
    local client, api, clock = block()
    for _, minutes in ipairs { 20, 40, 80 } do
      clock:advance(client:limiter().circuit.retry_after + 0.1)
      api:fail { status = 429 }
      local sent = #api.log
      local _, err = client.sites:list()
      assert.equal("blocked", err.kind)
      assert.equal(minutes * 60, err.retry_after)
      assert.equal(sent + 1, #api.log)
    end
  end)

  it("drops a level after an hour without trouble", function()
    local client, api, clock = block()
    clock:advance(600.1)
    assert(client.sites:list())
    assert.equal(1, client:limiter().circuit.level)
    clock:advance(3601)
    assert.equal(0, client:limiter().circuit.level)
    api:fail { status = 429, times = 3 }
    assert.equal(600, select(2, client.sites:list()).retry_after)
  end)

  it("does not open if a success lies between", function()
    local client, api = shared { retries = 0 }
    for _ = 1, 4 do
      api:fail { status = 429, times = 2 }
      client.sites:list()
      client.sites:list()
      assert(client.sites:list())
    end
    assert.equal("closed", client:limiter().circuit.state)
  end)

  it("opens if the key is refused twice in a row, and not for another key", function()
    local client, api, clock = shared { token = ("f"):rep(40), fake = { tokens = { [scene.V4_KEY] = true } } }
    assert.equal("auth incorrect_token", (function(_, err) return err.kind .. " " .. err.code end)(client.sites:list()))
    assert.equal("auth", select(2, client.sites:list()).kind)
    local _, err = client.sites:list()
    assert.equal("blocked bad_key", err.kind .. " " .. err.code)
    assert.equal(0, err.attempts)
    assert.truthy(err.hint:find "reset")
    assert.equal(2, #api.log)
    assert(another(api, clock, { token = scene.V4_KEY }).sites:list())
  end)

  it("is closed by client:limiter():reset(), for all programs", function()
    local client, api, clock = block()
    local other = another(api, clock)
    client:limiter():reset()
    assert.equal("closed", other:limiter().circuit.state)
    assert(other.sites:list())
  end)

  it("stays open after the process that opened it has ended", function()
    local client, api, clock = shared()
    assert.is_true(in_child(function()
      api:fail { status = 429, times = 3 }
      assert(not client.sites:list())
    end))
    clock:advance(3)
    assert.equal("blocked", select(2, another(api, clock).sites:list()).kind)
  end)

  it("is waited out with on_block = \"wait\", within the deadline", function()
    local client, api, clock = block()
    local waiting = another(api, clock, { on_block = "wait", timeout = 700 })
    assert(waiting.sites:list())
    assert.is_true(clock:now() >= 600 and clock:now() < 610, clock:now())
    api:fail { status = 429, times = 3 }
    client.sites:list()
    local _, err = client.sites:list(nil, { on_block = "wait", timeout = 100 })
    assert.equal("blocked", err.kind)
  end)

  it("does not open for 5xx answers, refused connections and timeouts", function()
    local client, api = shared { retries = 0, attempt_timeout = 1 }
    for _, failure in ipairs { { status = 503 }, { fault = "refuse" }, { fault = "hang" } } do
      failure.times = 5
      api:fail(failure)
      for _ = 1, 5 do
        client.sites:list()
      end
    end
    assert.equal("closed", client:limiter().circuit.state)
    assert(client.sites:list())
  end)
end)

describe("on_event", function()
  local function told(given)
    local events = {}
    given.on_event = function(event) events[#events + 1] = event end
    local client, api, clock = shared(given)
    return events, client, api, clock
  end

  it("receives how long a call has waited", function()
    local events, client = told { rate = { limit = 1 }, share = "process" }
    assert(client.sites:list())
    assert(client.sites:list())
    assert.equal(1, #events)
    assert.equal("wait 1 GET https://api4.seranking.com/sites …d14b", ("%s %g %s %s %s"):format(events[1].type,
      events[1].seconds, events[1].method, events[1].url, events[1].key))
  end)

  it("receives retries with their cause", function()
    local events, client, api = told {}
    api:fail { status = 503, headers = { { "Retry-After", "7" } } }
    assert(client.sites:list())
    assert.equal("retry 7 1 503 unavailable", ("%s %g %d %d %s"):format(events[1].type, events[1].seconds,
      events[1].attempt, events[1].status, events[1].code))
  end)

  it("receives 429s, the ban and its end", function()
    local events, client, api, clock = told { share = "process" }
    api:fail { status = 429, times = 3 }
    client.sites:list()
    client.sites:list()
    clock:advance(601)
    assert(client.sites:list())
    local types = {}
    for i, event in ipairs(events) do
      types[i] = event.type .. " " .. math.floor(event.seconds + 0.5)
    end
    assert.same({ "rate_limited 1", "retry 1", "rate_limited 1", "retry 1", "rate_limited 1", "blocked 600", "blocked 600",
      "unblocked 0" }, types)
  end)

  it("can't break a call by raising; the limiter shows its error", function()
    local client, api = shared { on_event = function() error("the hook's own", 0) end }
    api:fail { status = 503 }
    assert(client.sites:list())
    assert.equal("the hook's own", client:limiter().hook_error)
  end)

  it("masks a key in an error that it raises", function()
    for _, key in ipairs { scene.V4_KEY, "an-odd+key-4711" } do
      local client, api = scene.new { token = key, on_event = function() error("it was " .. key, 0) end }
      api:fail { status = 503 }
      client.sites:list()
      assert.equal("it was " .. client:limiter().key, client:limiter().hook_error)
    end
  end)

  it("never receives the key", function()
    local events, client, api = told { auth = "query", retries = 0 }
    api:fail { status = 429, times = 3 }
    for _ = 1, 4 do
      client.sites:list()
    end
    assert.is_true(#events > 3)
    watch.look(events, "events")
    for _, event in ipairs(events) do
      for _, value in pairs(event) do
        assert.is_nil(tostring(value):find(scene.V4_KEY, 1, true))
      end
    end
  end)
end)
