--- Attempts, waits and the limit, with a manual clock. SPDX-License-Identifier: MIT

local scene = require "support.scene"
local seranking = require "seranking"

after_each(function()
  collectgarbage()
  collectgarbage()
end)

describe("an attempt that fails", function()
  it("of a read is retried, with a growing back-off", function()
    local client, api, clock = scene.new()
    api:fail { times = 2, status = 503 }
    local _, response = assert(client.account:balance())
    assert.equal(3, response.attempts)
    assert.equal(3, #api.log)
    local first, second = api.log[2].at - api.log[1].at, api.log[3].at - api.log[2].at
    assert.is_true(first >= 0 and first <= 0.5, "first back-off " .. first)
    assert.is_true(second >= 0 and second <= 1, "second back-off " .. second)
    assert.equal(clock:now(), response.elapsed)
  end)

  it("ends the call with the last error when the retries are used up", function()
    local client, api = scene.new()
    api:fail { times = 9, status = 502, kind = "html" }
    local none, err = client.sites:list()
    assert.is_nil(none)
    assert.equal("server", err.kind)
    assert.equal("bad_gateway", err.code)
    assert.equal(502, err.status)
    assert.equal(3, err.attempts)
    assert.is_true(err.retryable)
    assert.is_true(err.sent)
    assert.equal(3, #api.log)
    assert.truthy(tostring(err):find "after 3 attempts")
  end)

  it("is not retried with retries = 0, of the client or the call", function()
    local client, api = scene.new { retries = 0 }
    api:fail { times = 9, status = 503 }
    assert.equal(1, select(2, client.sites:list()).attempts)
    assert.equal(4, select(2, client.sites:list(nil, { retries = 3 })).attempts)
    local other, other_api = scene.new()
    other_api:fail { times = 9, status = 503 }
    assert.equal(1, select(2, other.sites:list(nil, { retries = 0 })).attempts)
  end)

  it("of a creation is not retried if the server may have acted", function()
    for _, fault in ipairs { "drop", "truncate", "hang" } do
      local client, api = scene.new { attempt_timeout = 5 }
      api:fail { fault = fault }
      local none, err = client.sites:create { url = "example.com", title = "t" }
      assert.is_nil(none)
      assert.equal(1, err.attempts)
      assert.is_true(err.sent)
      assert.is_false(err.retryable)
      assert.equal(1, #api.log)
    end
    local client, api = scene.new()
    api:fail { status = 500 }
    assert.equal(1, select(2, client.sites:create { url = "example.com", title = "t" }).attempts)
  end)

  it("of a creation that may have been carried out has a hint to look before repeating it", function()
    local hint = "it may have been carried out: look before you repeat it"
    for _, fault in ipairs { { fault = "drop" }, { fault = "hang" }, { status = 503 } } do
      local client, api = scene.new()
      api:fail(fault)
      local _, err = client.sites:create { url = "http://example.com", title = "a" }
      assert.is_true(err.sent)
      assert.equal(hint, err.hint:sub(-#hint))
      api:fail(fault)
      _, err = client:request { method = "POST", path = "/sites", body = "{}" }
      assert.equal(hint, err.hint:sub(-#hint))
      assert.is_truthy(tostring(err):find(hint, 1, true))
    end
    local client, api = scene.new { retries = 0 }
    api:fail { fault = "refuse" }
    local _, err = client.sites:create { url = "http://example.com", title = "a" }
    assert.is_nil((err.hint or ""):find(hint, 1, true))
    api:fail { status = 503 }
    _, err = client.sites:list()
    assert.is_nil(err.hint)
    api:fail { status = 400 }
    _, err = client.sites:create { url = "http://example.com", title = "a" }
    assert.is_nil(err.hint)
  end)

  it("of a creation is retried if nothing was sent", function()
    local client, api = scene.new()
    api:fail { fault = "refuse" }
    local made, response = client.sites:create { url = "example.com", title = "t" }
    assert.equal(147696, made.site_id)
    assert.equal(2, response.attempts)
  end)

  it("has sent = false if every connection was refused", function()
    local client, api = scene.new()
    api:fail { times = 9, fault = "refuse" }
    local _, err = client.sites:create { url = "example.com", title = "t" }
    assert.equal("network connect", err.kind .. " " .. err.code)
    assert.is_false(err.sent)
    assert.is_true(err.retryable)
    assert.equal(3, err.attempts)
  end)

  it("of a PATCH is retried if the description allows it", function()
    local client, api = scene.new { api = "v1" }
    client.sites:create { url = "example.com", title = "t" }
    api:fail { fault = "drop", method = "PATCH" }
    assert.is_true(client.sites(147696):update { title = "u" })
    assert.equal(3, #api.log)
  end)

  it("of a billed operation is not retried once it was sent, not even if it was refused", function()
    local client, api = scene.new()
    client.sites:create { url = "example.com", title = "t" }
    api:fail { times = 2, status = 429 }
    local _, err = client.sites(147696).positions:recheck()
    assert.equal("rate_limit", err.kind)
    assert.equal(1, err.attempts)
    assert.is_true(err.retryable) -- refused, so not paid for
  end)

  it("of a billed operation is retried only if nothing was sent", function()
    local client, api = scene.new { data_token = "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6" }
    local function ask()
      return select(2, client.data.keywords.similar { source = "us", keyword = "a", limit = 1 })
    end
    for _, fault in ipairs { { status = 503 }, { fault = "drop" }, { fault = "truncate" }, { fault = "hang" } } do
      api:fail(fault)
      local err = ask()
      assert.is_true(err.sent)
      assert.is_false(err.retryable)
      assert.truthy(err.hint:find("it may have been billed: to repeat it may cost again", 1, true))
      assert.is_nil(err.hint:find("look before", 1, true))
    end
    api:fail { fault = "refuse", times = 2 }
    local sent = #api.log
    local _, response = assert(client.data.keywords.similar { source = "us", keyword = "a", limit = 1 })
    assert.equal(3, response.attempts)
    assert.equal(sent + 3, #api.log)
    api:fail { fault = "refuse" }
    api:fail { fault = "drop" }
    local err = ask()
    assert.equal(2, err.attempts)
    assert.is_true(err.sent)
    assert.is_false(err.retryable)
    api:fail { fault = "refuse", times = 3 }
    err = ask()
    assert.equal(3, err.attempts)
    assert.is_false(err.sent)
    assert.is_true(err.retryable)
    api:fail { fault = "refuse" }
    _, err = client.data.keywords.similar({ source = "us", keyword = "a", limit = 1 }, { retries = 0 })
    assert.equal(1, err.attempts)
  end)

  it("of a billed operation does not wait for the end of a ban it has caused", function()
    local client, api = scene.new { on_block = "wait", timeout = 3600 }
    client.sites:create { url = "example.com", title = "t" }
    for _ = 1, 2 do
      api:fail { status = 429 }
      assert.equal("rate_limit", (select(2, client.sites(147696).positions:recheck())).kind)
    end
    api:fail { status = 429 }
    local _, err = client.sites(147696).positions:recheck()
    assert.equal("blocked", err.kind)
    assert.equal(1, err.attempts)
  end)

  it("of a deletion that may have worked says so when the next one finds nothing", function()
    local client, api = scene.new()
    client.sites:create { url = "example.com", title = "t" }
    api:fail { fault = "truncate", method = "DELETE" }
    local _, err = client.sites(147696):delete()
    assert.equal("not_found", err.kind)
    assert.equal(2, err.attempts)
    assert.equal("an earlier attempt failed without a clear answer, and may have deleted it", err.hint)
    _, err = client.sites(147696):delete()
    assert.is_nil(err.hint)
  end)

  it("with a mistake of the caller is not retried", function()
    local client, api = scene.new()
    local _, err = client.sites(99):summary()
    assert.equal("not_found not_found", err.kind .. " " .. err.code)
    assert.is_false(err.retryable)
    assert.equal(1, #api.log)
  end)
end)

describe("Retry-After", function()
  it("in seconds is waited for", function()
    local client, api, clock = scene.new()
    api:fail { status = 503, headers = { { "Retry-After", "7" } } }
    assert(client.sites:list())
    assert.is_true(clock:now() >= 7 and clock:now() < 7.6, "waited " .. clock:now())
  end)

  it("as a date is waited for", function()
    local client, api, clock = scene.new()
    api:fail { status = 503, headers = { { "Retry-After", os.date("!%a, %d %b %Y %H:%M:%S GMT", os.time() + 30) } } }
    assert(client.sites:list())
    assert.is_true(clock:now() >= 28 and clock:now() <= 30.5, "waited " .. clock:now())
  end)

  it("past the deadline ends the call at once and is in the error", function()
    local client, api, clock = scene.new()
    api:fail { status = 503, headers = { { "Retry-After", "3600" } } }
    local _, err = client.sites:list()
    assert.equal("server unavailable", err.kind .. " " .. err.code)
    assert.equal(3600, err.retry_after)
    assert.equal(0, clock:now())
  end)

  it("is ignored when it makes no sense", function()
    local client, api, clock = scene.new()
    api:fail { status = 503, headers = { { "Retry-After", "soon" } } }
    assert(client.sites:list())
    assert.is_true(clock:now() <= 0.5)
  end)
end)

describe("a deadline", function()
  it("covers the whole call: attempts, back-offs and waits", function()
    for _, timeout in ipairs { 0.3, 1, 2.5, 10 } do
      local client, api, clock = scene.new { timeout = timeout, retries = 100 }
      api:fail { times = 1000, status = 503, delay = 0.2 }
      local _, err = client.sites:list()
      assert.is_true(err.kind == "server" or err.kind == "timeout")
      assert.is_true(clock:now() <= timeout + 1e-9, "took " .. clock:now() .. " of " .. timeout)
      assert.is_true(err.elapsed <= timeout + 1e-9)
    end
  end)

  it("of an attempt that hangs is the call's, or the attempt's own", function()
    local client, api, clock = scene.new { timeout = 10 }
    api:fail { fault = "hang" }
    local _, err = client.sites:list()
    assert.equal("timeout no_answer", err.kind .. " " .. err.code)
    assert.equal(10, clock:now())
    assert.equal(1, err.attempts)
    local other, other_api, other_clock = scene.new { timeout = 30, attempt_timeout = 2 }
    other_api:fail { fault = "hang" }
    local _, response = assert(other.sites:list())
    assert.equal(2, response.attempts)
    assert.is_true(other_clock:now() >= 2 and other_clock:now() <= 2.5)
  end)
end)

describe("the limit", function()
  it("of five a second is never exceeded, and calls wait no longer than necessary", function()
    local client, api, clock = scene.new()
    for _ = 1, 23 do
      assert(client.account:balance())
    end
    for i = 6, #api.log do
      local apart = api.log[i].at - api.log[i - 5].at
      assert.is_true(apart >= 1, "request " .. i .. " came " .. apart .. " after the fifth before")
      assert.is_true(apart < 1.001)
    end
    for _, record in ipairs(api.log) do
      assert.equal(200, record.status)
    end
    assert.is_true(clock:now() >= 4 and clock:now() < 4.01, tostring(clock:now()))
  end)

  it("counts the window from the answer, so network delay can't break it", function()
    local client, api = scene.new { rate = { limit = 1 } }
    api:fail { delay = 0.8 }
    client.account:balance()
    client.account:balance()
    local apart = api.log[2].at - api.log[1].at
    assert.is_true(apart >= 1.8 and apart < 1.801, "apart " .. apart)
  end)

  it("counts every attempt", function()
    local client, api = scene.new { retries = 20, timeout = 600 }
    api:fail { times = 12, status = 503 }
    assert(client.account:balance())
    for i = 6, #api.log do
      assert.is_true(api.log[i].at - api.log[i - 5].at >= 1)
    end
  end)

  it("shows in the response's field waited", function()
    local client = scene.new { rate = { limit = 1, per = 2 } }
    local _, first = client.account:balance()
    local _, second = client.account:balance()
    assert.equal(0, first.waited)
    assert.is_true(second.waited > 1.999 and second.waited < 2.001)
  end)

  it("is shared by all clients of a key, and not with those of another", function()
    local clock = seranking.clock()
    local one, api = scene.new { clock = clock, rate = { limit = 1 } }
    local two = scene.new { clock = clock, rate = { limit = 1 }, transport = api }
    local other = scene.new { clock = clock, rate = { limit = 1 }, token = ("0"):rep(40) }
    one.account:balance()
    assert.equal(0, select(2, other.account:balance()).elapsed)
    local _, response = two.account:balance()
    assert.is_true(response.waited >= 0.999)
    assert.is_true(api.log[2].at - api.log[1].at >= 1)
  end)

  it("writes long windows in whole numbers where it has no slot in time", function()
    local client = scene.new { rate = { limit = 1, per = 86400 }, timeout = 7200 }
    assert(client.account:balance())
    local _, err = client.account:balance()
    assert.equal("1 request in 86400 s is allowed, and no turn comes within the timeout of 7200 s", err.message)
    client = scene.new { rate = { limit = 2, per = 0.25 }, timeout = 0.01 }
    client.account:balance()
    client.account:balance()
    _, err = client.account:balance()
    assert.equal("2 requests in 0.25 s are allowed, and no turn comes within the timeout of 0.01 s", err.message)
  end)

  it("refuses a call at once if no slot can come in time, and takes none", function()
    local client, api, clock = scene.new { rate = { limit = 1, per = 60 }, timeout = 5 }
    assert(client.account:balance())
    local _, err = client.account:balance()
    assert.equal("rate_limit no_slot", err.kind .. " " .. err.code)
    assert.equal(0, err.attempts)
    assert.is_false(err.sent)
    assert.is_true(err.retryable)
    assert.is_true(err.retry_after > 59.9 and err.retry_after <= 60.1)
    assert.equal(0, clock:now())
    clock:advance(err.retry_after)
    assert(client.account:balance())
    assert.equal(2, #api.log)
  end)

  it("can be switched off; a 429 of the server is then waited out", function()
    local client, api, clock = scene.new { share = "off" }
    for _ = 1, 5 do
      assert(client.account:balance())
    end
    local _, response = assert(client.account:balance())
    assert.equal(2, response.attempts)
    assert.equal(429, api.log[6].status)
    assert.is_true(clock:now() >= 1)
  end)

  it("holds everybody for a window after a 429", function()
    local client, api = scene.new { retries = 0 }
    api:fail { status = 429 }
    local _, err = client.account:balance()
    assert.equal("rate_limit too_many_requests", err.kind .. " " .. err.code)
    assert.is_true(err.retryable)
    assert(client.account:balance())
    assert.is_true(api.log[2].at - api.log[1].at >= 1)
  end)

  it("holds nobody for longer than a ban, whatever a 429 asks for", function()
    local client, api, clock = scene.new { retries = 0, timeout = 3600 }
    api:fail { status = 429, headers = { { "Retry-After", "31536000" } } }
    local _, err = client.account:balance()
    assert.equal(31536000, err.retry_after)
    assert(client.account:balance())
    assert.is_true(clock:now() >= 600 and clock:now() < 600.01, tostring(clock:now()))
  end)

  it("gives the slot back at once when nothing was sent", function()
    local client, api, clock = scene.new { rate = { limit = 1, per = 60 }, retries = 0, timeout = 3600 }
    api:fail { fault = "refuse" }
    client.account:balance()
    assert(client.account:balance())
    assert.equal(0, clock:now())
  end)

  it("keeps the slot a little longer than a window when no answer came", function()
    local client, api = scene.new { rate = { limit = 1 }, retries = 0 }
    api:fail { fault = "drop" }
    client.account:balance()
    assert(client.account:balance())
    local apart = api.log[2].at - api.log[1].at
    assert.is_true(apart >= 1.2 and apart < 1.201, "apart " .. apart)
  end)
end)

describe("a ban of the fake", function()
  it("takes no real time on a fake clock", function()
    local client, api, clock = scene.new { share = "off", retries = 0 }
    for _ = 1, 8 do
      client.account:balance()
    end
    local _, err = client.account:balance()
    assert.equal("rate_limit", err.kind)
    clock:advance(599)
    assert.is_nil((client.account:balance()))
    clock:advance(1.001)
    assert(client.account:balance())
    assert.equal(200, api.log[#api.log].status)
  end)
end)
