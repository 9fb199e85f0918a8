--- Errors as callers see them: fields, a printable line, the key masked. SPDX-License-Identifier: MIT

local documented_messages = require "support.documented_messages"
local scene = require "support.scene"
local seranking = require "seranking"
local watch = require "support.watch"

local function fail(given, answer)
  local client, api = scene.new(given)
  if answer then
    api:fail(answer)
  end
  local none, err = client.sites:list()
  assert.is_nil(none)
  assert.is_true(seranking.is_error(err))
  return err
end

after_each(collectgarbage)

describe("the API's documented table", function()
  for _, row in ipairs(documented_messages) do
    it(("gives %s/%s for %d %s, in both generations' shapes"):format(row[3], row[4], row[1], row[2]), function()
      local shapes = {
        ('{"message":"%s"}'):format(row[2]),
        ('{"error":{"code":%d,"message":"%s","description":"More"}}'):format(row[1], row[2]),
        ('{"error_description":"%s"}'):format(row[2]),
        ('{"error":"%s"}'):format(row[2]),
        ('{"message":"  %s "}'):format(row[2]:lower():gsub(" ", "  ")),
      }
      for _, body in ipairs(shapes) do
        local err = fail({ retries = 0 }, { status = row[1], body = body })
        assert.equal(row[3], err.kind, body)
        assert.equal(row[4], err.code, body)
        assert.equal(row[1], err.status)
        assert.is_string(err.message)
      end
    end)
  end
end)

describe("an error", function()
  it("has fields for programs and a message for people", function()
    local err = fail({ token = ("f"):rep(40) })
    assert.equal("auth", err.kind)
    assert.equal("incorrect_token", err.code)
    assert.equal(403, err.status)
    assert.equal("Incorrect token", err.message)
    assert.equal("GET", err.method)
    assert.equal("/sites", err.path)
    assert.equal(1, err.attempts)
    assert.equal(0, err.elapsed)
    assert.is_false(err.retryable)
    assert.is_true(err.sent)
    assert.equal('{"message":"Incorrect token"}', err.body)
    assert.equal("GET /sites: Incorrect token (auth, incorrect_token, HTTP 403); check the key: v4 keys are 40 hexadecimal "
      .. "digits, v1 keys look like a UUID", (tostring(err):gsub("^" .. err.where .. ": ", "")))
  end)

  it("can be concatenated, and is one line of limited length", function()
    local client = scene.new()
    local _, err = client:request { path = "/" .. ("x"):rep(5000) }
    assert.equal("failed: " .. tostring(err), "failed: " .. err)
    assert.is_true(#tostring(err) < 300)
  end)

  it("for too many requests says when to retry, and what may have caused it", function()
    local err = fail({ retries = 0 }, { status = 429, body = '{"message":"Too Many Requests"}' })
    assert.equal(1, err.retry_after)
    assert.truthy(err.hint:find("option rate", 1, true))
  end)

  it("distinguishes a missing key from a host that may be retired for it", function()
    local client = scene.new { token = false }
    local _, err = client.sites:list()
    assert.equal("auth no_token", err.kind .. " " .. err.code)
    assert.truthy(err.hint:find "no key was sent")
    local retired = fail({}, { status = 403, body = '{"message":"No token"}' })
    assert.truthy(retired.hint:find 'api = "v1"', 1, true)
    assert.truthy(retired.hint:find "retired")
  end)

  it("is immediate if there is no key, and names the option and the variable", function()
    local api = require("seranking.fake").new { now = function() return 0 end }
    local client = assert(seranking.new { transport = api, clock = seranking.clock() })
    local none, err = client.sites:list()
    assert.is_nil(none)
    assert.equal("auth no_key", err.kind .. " " .. err.code)
    assert.truthy(err.hint:find("option `token`", 1, true))
    assert.truthy(err.hint:find("SERANKING_TOKEN", 1, true))
    assert.is_false(err.sent)
    assert.equal(0, err.attempts)
    assert.equal(0, #api.log)
  end)

  it("has its status's code for an unknown message, and keeps the text", function()
    for status, want in pairs {
      [400] = "invalid bad_request", [401] = "auth unauthorized", [402] = "access payment_required",
      [403] = "access forbidden", [404] = "not_found not_found", [409] = "invalid conflict",
      [418] = "invalid http_error", [422] = "invalid unprocessable", [429] = "rate_limit too_many_requests",
      [500] = "server server_error", [502] = "server bad_gateway", [503] = "server unavailable",
      [504] = "server gateway_timeout", [599] = "server server_error", [301] = "protocol redirect",
    } do
      local err = fail({ retries = 0 }, { status = status, body = '{"message":"Something new"}' })
      assert.equal(want, err.kind .. " " .. err.code)
      if status ~= 301 then
        assert.equal("Something new", err.message)
      end
    end
  end)

  it("has kind and code and is one line, whatever the body", function()
    local bodies = {
      "", "<html><title>504</title></html>", '{"mess', '{"message":"cut', "\255\254\0\1", "plain\nwords",
      ("x"):rep(100000), "[]", "null", '{"message":null}', '{"message":{"a":1}}', ("["):rep(50000),
      '{"message":"\\ud800 \\u00e9 \\n two lines"}',
    }
    for _, body in ipairs(bodies) do
      local err = fail({ retries = 0 }, { status = 504, body = body })
      assert.equal("server gateway_timeout", err.kind .. " " .. err.code)
      assert.is_true(#err.message > 0)
      assert.is_nil(err.message:find "%c")
      assert.is_nil(require("lseranking").utf8_error(err.message))
      assert.is_nil(require("lseranking").utf8_error(err.body or ""))
      assert.is_nil(tostring(err):find "%c")
    end
  end)

  it("has its code also after a byte order mark", function()
    local err = fail({}, { status = 400, body = "\239\187\191" .. '{"message":"Invalid date"}' })
    assert.equal("invalid invalid_date", err.kind .. " " .. err.code)
  end)

  it("of a connection does not have an earlier attempt's status or message", function()
    local client, api = scene.new { retries = 1 }
    api:fail { status = 503, body = "first body" }
    api:fail { fault = "drop" }
    local _, err = client.sites:list()
    assert.equal("network", err.kind)
    assert.is_nil(err.body)
  end)

  it("names the target host of a redirect", function()
    local err = fail({}, { status = 301, headers = { { "Location", "https://elsewhere.example/x" } } })
    assert.equal("the server answered 301 and points to https://elsewhere.example/x", err.message)
  end)

  it("hides the query of a redirect, which may hold a session", function()
    local err = fail({}, { status = 302, headers = { { "Location", "https://login.example/in?session=s3cret" } } })
    assert.equal("the server answered 302 and points to https://login.example/in", err.message)
  end)

  it("listed by the operation keeps its code", function()
    local client, api = scene.new()
    client.sites:create { url = "example.com", title = "t" }
    for _, row in ipairs {
      { 400, "Incorrect website URL", "invalid", "incorrect_website_url" },
      { 400, "empty_field", "invalid", "empty_field" },
      { 404, "Tag not found", "not_found", "tag_not_found" },
      { 404, "Empty name", "invalid", "empty_name" },
      { 400, "Empty name", "invalid", "empty_name" },
      { 404, "Group not found", "not_found", "group_not_found" },
      { 400, "No keywords ids in request", "invalid", "no_keywords_ids" },
      { 400, "Invalid site url", "invalid", "invalid_site_url" },
      { 400, "Incorrect competitor id", "invalid", "incorrect_competitor_id" },
      { 401, "Unauthorized", "auth", "unauthorized" },
      { 403, "Subscription required", "access", "subscription_required" },
      { 403, "Limit reached", "access", "limit_reached" },
      { 403, "Insufficient funds", "access", "insufficient_funds" },
    } do
      api:fail { status = row[1], body = ('{"message":"%s"}'):format(row[2]) }
      local _, err = client.sites:list()
      assert.equal(row[3] .. " " .. row[4], err.kind .. " " .. err.code)
    end
  end)
end)

describe("the key", function()
  it("is masked wherever the server repeats it in an error", function()
    local key = scene.V4_KEY
    local err = fail({ retries = 0 }, {
      status = 500, body = ('{"message":"token %s is bad","url":"/?token=%s"}'):format(key, key),
    })
    assert.equal("token …d14b is bad", err.message)
    assert.equal('{"message":"token …d14b is bad","url":"/?token=…d14b"}', err.body)
    local redirect = fail({}, { status = 302, headers = { { "Location", "http://x/?token=" .. key } } })
    assert.equal("the server answered 302 and points to http://x/", redirect.message)
    redirect = fail({}, { status = 302, headers = { { "Location", "http://x/" .. key } } })
    assert.equal("the server answered 302 and points to http://x/…d14b", redirect.message)
  end)

  it("is masked before a text is cut, so no half of it is left", function()
    local key, half = scene.V4_KEY, scene.V4_KEY:sub(1, 20)
    for padding = 280, 300 do
      local err = fail({ retries = 0 }, { status = 500, body = ('{"message":"%s%s"}'):format(("x"):rep(padding), key) })
      assert.is_nil(tostring(err):find(half:sub(1, 4), 1, true))
    end
    local escaped = key:gsub(".", function(c) return ("\\u%04x"):format(c:byte()) end)
    local err = fail({ retries = 0 }, { status = 500, body = ('{"message":"%s%s"}'):format(("x"):rep(270), escaped) })
    assert.is_nil(err.message:find(half:sub(1, 4), 1, true))
    for padding = 470, 500 do
      local client, api = scene.new()
      api:fail { status = 200, body = ("x"):rep(padding) .. key }
      local _, problem = client.sites:list()
      assert.is_nil(problem.body:find(half:sub(1, 4), 1, true))
      api:fail { status = 200, body = ("\n"):rep(1500 + padding) .. key }
      _, problem = client.sites:list()
      assert.is_nil(problem.body:find(half:sub(1, 4), 1, true))
    end
  end)

  it("does not hide letters of other words, whatever it begins with", function()
    local texts = {
      { 403, "License expired", "license_expired" }, { 403, "Access denied", "access_denied" },
      { 400, "Invalid date", "invalid_date" }, { 403, "Empty balance", "empty_balance" },
      { 404, "no such club", "not_found" }, { 404, "be", "not_found" }, { 404, "Not Found", "not_found" },
    }
    for _, first in ipairs { "d", "e", "b", "be", "found" } do
      local key = first .. scene.V4_KEY:sub(#first + 1)
      watch.secrets[#watch.secrets + 1] = key
      local client, api = scene.new { token = key, fake = { tokens = { [key] = true } } }
      for _, case in ipairs(texts) do
        api:fail { status = case[1], body = ('{"message":"%s"}'):format(case[2]) }
        local _, err = client.sites:list()
        assert.same({ case[2], case[3] }, { err.message, err.code })
      end
      api:fail { status = 404, body = ('{"message":"no user of %s"}'):format(key) }
      local _, err = client.sites:list()
      assert.equal("no user of …" .. key:sub(-4), err.message)
      api:fail { status = 200, body = "Not Found" }
      _, err = client.sites:list()
      assert.equal("Not Found", err.body)
    end
  end)

  it("is masked if it needs encoding, and if it is short", function()
    local odd = "se/cret+key=with%signs"
    watch.secrets[#watch.secrets + 1] = odd
    watch.secrets[#watch.secrets + 1] = "se%2Fcret%2Bkey%3Dwith%25signs"
    local client = scene.new { token = odd, auth = "query" }
    local _, err = client:request { path = "/x", query = { again = odd } }
    assert.equal("/x?again=…", err.path)
    assert.equal("https://api4.seranking.com/sites?token=…", client.sites.list:dry_run().url)
    assert.truthy(tostring(scene.new { token = "abc" }):find("key …)", 1, true))
    assert.truthy(tostring(scene.new { token = "a" }):find("key *)", 1, true))
    assert.truthy(tostring(scene.new { token = false }):find("key none)", 1, true))
  end)

  it("is masked in the answer's headers", function()
    local client, api = scene.new()
    api:fail { status = 200, body = "[]", headers = { { "Content-Type", "application/json" },
      { "X-Echo", "Token " .. scene.V4_KEY } } }
    local _, response = client.sites:list()
    assert.equal("Token …d14b", response.headers["x-echo"])
  end)

  it("is masked in headers that are read after the client is closed or collected", function()
    local new_response = require("seranking.answer.response").new
    local odd = "no-usual-key-at-all"
    local kept = setmetatable({}, { __mode = "v" })
    local function answered(close)
      local client = assert(seranking.new { token = odd, share = "off" })
      local head = "HTTP/1.1 200 OK\r\nX-Echo: Token " .. odd .. "\r\n" -- support.watch reads the headers of each call
      local response = new_response(client._state, 200, 1, 0, 0, false, "1.1", head)
      kept[1] = client
      if close then
        client:close()
      end
      return response
    end
    for _, close in ipairs { true, false } do
      local response = answered(close)
      collectgarbage()
      collectgarbage()
      assert.is_nil(kept[1])
      assert.equal("Token …", response.headers["x-echo"])
    end
  end)

  it("is masked in what a resource prints after its client is closed", function()
    local odd = "12345678901" -- a key of digits, given as an id by mistake
    local client = assert(seranking.new { token = odd, share = "off" })
    local site = client.sites(odd)
    local before = tostring(site)
    client:close()
    assert.equal(before, tostring(site))
    assert.is_nil(before:find(odd, 1, true))
  end)

  it("that is invalid is refused without being shown", function()
    for key, where in pairs {
      [scene.V4_KEY .. "\n"] = "blank or control character at place 41 of 41",
      ["Token " .. scene.V4_KEY] = "blank or control character at place 6 of 46",
      ["schl\195\188ssel"] = "byte that is not ASCII at place 5 of 10",
      ["a\0b"] = "blank or control character at place 2 of 3",
    } do
      local client, err = seranking.new { token = key }
      assert.is_nil(client)
      assert.equal("auth invalid_key", err.kind .. " " .. err.code)
      assert.equal("the API key holds a " .. where, err.message)
    end
    local client, err = seranking.new { token = "" }
    assert.is_nil(client)
    assert.equal("the API key is an empty string", err.message)
  end)

  it("with the word Token or Bearer before it is refused with an explanation", function()
    local _, err = seranking.new { token = "Bearer " .. scene.V4_KEY }
    assert.equal("give the key alone: the client adds the word Token itself", err.hint)
  end)

  it("with white space around it or invalid bytes is refused with an explanation", function()
    for _, key in ipairs { " " .. scene.V4_KEY, scene.V4_KEY .. " ", scene.V4_KEY .. "\r\n", "\t" .. scene.V4_KEY } do
      local _, err = seranking.new { token = key }
      assert.equal("remove the white space before and after the key, such as the line break of a file", err.hint)
    end
    for _, key in ipairs { "schl\195\188ssel", "a\0b", scene.V4_KEY .. "\0" } do
      local _, err = seranking.new { token = key }
      assert.equal("copy the key again: v4 keys are 40 hexadecimal digits, v1 keys look like a UUID", err.hint)
    end
  end)

  it("is masked in an address that contains it by mistake", function()
    local client = scene.new { base_url = "https://x.example/" .. scene.V4_KEY }
    assert.equal("https://x.example/…d14b", client.base_url)
  end)

  it("was searched in everything returned and printed so far, and not found", function()
    assert.is_true(watch.looked_at > 100)
    assert.same({}, watch.found)
    assert.has_error(function() watch.look({ { "x" .. scene.V4_KEY } }, "a test of the watch") end)
    watch.found = {}
  end)
end)

describe("a successful but implausible answer", function()
  local function answered(body)
    local client, api = scene.new()
    api:fail { status = 200, headers = { ["content-type"] = "text/html" }, body = body }
    return client
  end

  local PAGE = "\n<!DOCTYPE html><title>Log in</title>"

  it("is reported as an HTML page, with its source and a probable cause", function()
    local none, err = answered(PAGE).sites:list()
    assert.is_nil(none)
    assert.equal("decode bad_json", err.kind .. " " .. err.code)
    assert.equal("the answer is not JSON, but an HTML page", err.message)
    assert.matches("^check base_url", err.hint)
    assert.is_nil(err.hint:find("may have been carried out", 1, true))
    none, err = answered(PAGE).sites:create { url = "http://example.com", title = "x" }
    assert.is_nil(none)
    assert.matches("it may have been carried out: look before you repeat it", err.hint, 1, true)
    none, err = answered("{").sites:create { url = "http://example.com", title = "x" }
    assert.is_nil(none)
    assert.matches("^the answer is not JSON: ", err.message)
    assert.matches("it may have been carried out", err.hint, 1, true)
    none, err = answered("{").sites:list()
    assert.is_nil(none)
    assert.is_nil(err.hint)
  end)

  it("does not confirm a deletion", function()
    local none, err = answered(PAGE).sites:delete { site_id = 1 }
    assert.is_nil(none)
    assert.equal("the answer is not JSON, but an HTML page", err.message)
    assert.is_true(answered("").sites:delete { site_id = 1 })
    assert.is_true(answered("OK").sites:delete { site_id = 1 })
  end)

  it("is refused as an object if it is a list, with advice only where that helps", function()
    local none, err = answered('[{"currency":"rur"}]').account:balance()
    assert.is_nil(none)
    assert.equal("the answer is not the object that account.balance has; client:request takes it as it is", err.message)
    assert.same({}, (answered("[]").account:balance()))
    none, err = answered("false").account:balance()
    assert.is_nil(none)
    assert.equal("the answer is not the object that account.balance has", err.message)
  end)
end)
