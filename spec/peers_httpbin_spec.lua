--- httpbin, a server that others wrote to test clients with. SPDX-License-Identifier: MIT

local daemon = require "spec.support.daemon"
local wire = require "spec.support.wire"

local failed = wire.failed

if not (daemon.installed "gunicorn" and daemon.importable "httpbin") then
  describe("httpbin", function()
    pending "httpbin or gunicorn is not installed"
  end)
  return
end

describe("httpbin", function()
  local server, client

  setup(function()
    server = daemon.start("exec gunicorn --bind 127.0.0.1:PORT --workers 2 --threads 4 httpbin:app")
  end)

  teardown(function()
    server.stop()
  end)

  before_each(function()
    client = wire.client(server, { timeout = 60 })
  end)

  after_each(wire.finish)

  --- What httpbin saw, or raises.
  local function get(path, request)
    request = request or {}
    request.path = path
    local data, response = client:request(request)
    assert.is_nil(data == nil and tostring(response) or nil)
    return data, response
  end

  for _, method in ipairs { "GET", "POST", "PUT", "PATCH", "DELETE" } do
    it("sees what " .. method .. " sends", function()
      local body = method ~= "GET" and { text = "ä\"\\\n", list = { 1, 2.5, true } } or nil
      local seen = get("/anything/a%20b", { method = method, query = { q = "x y&z=ä", n = 7 }, body = body })
      assert.are.equal(method, seen.method)
      assert.are.same({ q = "x y&z=ä", n = "7" }, seen.args)
      assert.are.same(body, seen.json)
      assert.are.equal(server.url .. "/anything/a b", (seen.url:gsub("%?.*", ""):gsub("%%20", " ")))
    end)
  end

  it("sees the key, the program and what it accepts, and neither cookies nor a password", function()
    local data, response = client:request { path = "/cookies/set", query = { a = "b" } }
    failed("protocol", "redirect", data, response)
    local headers = get("/headers").headers
    assert.are.equal("Token " .. wire.KEY, headers.Authorization)
    assert.truthy(headers["User-Agent"]:find "seranking")
    assert.truthy(headers.Accept:find("json", 1, true))
    assert.truthy(headers["Accept-Encoding"]:find("gzip", 1, true))
    assert.is_nil(headers.Cookie)
    assert.are.same({}, get("/cookies").cookies)
    failed("auth", "unauthorized", client:request { path = "/basic-auth/me/secret" })
  end)

  for _, coding in ipairs { "gzip", "deflate", "brotli" } do
    it("answers in " .. coding, function()
      local data, response = get("/" .. coding)
      assert.is_true(data[coding == "gzip" and "gzipped" or coding == "deflate" and "deflated" or "brotli"])
      assert.are.equal(({ brotli = "br" })[coding] or coding, response.headers["content-encoding"])
    end)
  end

  for status, expected in pairs {
    [200] = "an answer", [201] = "an answer", [204] = "an answer", [300] = "protocol unexpected_status",
    [301] = "protocol redirect", [302] = "protocol redirect", [303] = "protocol redirect", [307] = "protocol redirect",
    [308] = "protocol redirect", [304] = "protocol unexpected_status", [400] = "invalid bad_request",
    [401] = "auth unauthorized", [402] = "access payment_required", [403] = "access forbidden", [404] = "not_found not_found",
    [405] = "invalid method_not_allowed", [408] = "timeout request_timeout", [409] = "invalid conflict",
    [413] = "invalid request_too_large", [414] = "invalid request_too_large", [415] = "invalid unsupported_media_type",
    [418] = "invalid http_error", [422] = "invalid unprocessable", [429] = "rate_limit too_many_requests",
    [500] = "server server_error", [501] = "server server_error", [502] = "server bad_gateway", [503] = "server unavailable",
    [504] = "server gateway_timeout",
  } do
    it(("answers %d: %s"):format(status, expected), function()
      for _, method in ipairs { "GET", "POST" } do
        local data, err = client:request { method = method, path = "/status/" .. status }
        assert.are.equal(expected, data == nil and err.kind .. " " .. err.code or "an answer", tostring(err))
        assert.are.equal(status, err.status)
      end
    end)
  end

  it("redirects in every form, which is refused", function()
    for _, path in ipairs { "/redirect/3", "/relative-redirect/2", "/absolute-redirect/2", "/redirect-to" } do
      local err = failed("protocol", "redirect", client:request { path = path, query = { url = "http://other.example/" } })
      assert.are.equal(302, err.status)
    end
  end)

  it("answers late, within the timeout and beyond it", function()
    get("/delay/1")
    local err = failed("timeout", "no_answer", client:request { path = "/delay/3", timeout = 0.5 })
    assert.is_true(err.sent)
    get("/get")
  end)

  it("streams lines, which are not one JSON text, and drips bytes", function()
    local err = failed("decode", "bad_json", client:request { path = "/stream/20" })
    assert.truthy(err.body:find('"id": 0', 1, true))
    assert.are.equal(0, get("/stream/1").id)
    assert.are.equal(("*"):rep(50), get("/drip", { query = { numbytes = 50, duration = 1 } }))
  end)

  it("sends the bytes that a seed gives, whole and in chunks", function()
    local bytes = get("/bytes/100000", { query = { seed = 7 } })
    assert.are.equal(100000, #bytes)
    assert.are.equal(bytes, get("/stream-bytes/100000", { query = { seed = 7, chunk_size = 777 } }))
    assert.are_not.equal(bytes, (get("/bytes/100000", { query = { seed = 8 } })))
  end)

  it("sends other types, which are texts or errors", function()
    assert.truthy(get("/robots.txt"):find "Disallow")
    assert.truthy(get("/html"):find("<h1>", 1, true))
    assert.truthy(get("/xml"):find "^<%?xml")
  end)

  it("answers many calls at once, each its own", function()
    local list = {}
    for i = 1, 60 do
      list[i] = i
    end
    local seen = assert(client:map(list, function(i)
      return client:request { path = "/anything/" .. i, query = { i = i } }
    end))
    for i = 1, 60 do
      assert.are.equal(tostring(i), seen[i].args.i)
    end
  end)
end)
