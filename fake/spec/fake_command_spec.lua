--- bin/seranking-fake as a program.
-- SPDX-License-Identifier: MIT

local socket = require "socket"
local cjson = require("cjson").new()
local process = require "spec.support.process"

describe("bin/seranking-fake", function()
  local http = require "socket.http"
  local KEY = "0123456789abcdef0123456789abcdef01234567"
  local fake

  after_each(function()
    if fake then
      fake.stop()
    end
  end)

  --- Sends one request with the key in its header, or with another header.
  local function get(path, headers)
    local parts = {}
    local _, status = http.request {
      url = fake.url .. path, sink = require("ltn12").sink.table(parts),
      headers = headers or { Authorization = "Token " .. KEY },
    }
    return status, table.concat(parts)
  end

  it("serves the API until its stdin ends, and no longer", function()
    fake = process.fake { tokens = { KEY } }
    assert.are.equal("http://127.0.0.1:" .. fake.port, fake.url)
    assert.are.same({}, fake.log())
    local status, body = get "/account/balance"
    assert.are.equal(200, status)
    assert.truthy(cjson.decode(body))
    local log = fake.log()
    assert.are.equal(1, #log)
    assert.are.equal("/account/balance", log[1].path)

    local ended_with, said = fake.stop()
    assert.are.equal(0, ended_with)
    assert.are.equal("", said)
    assert.is_nil((socket.connect("127.0.0.1", fake.port)))
    assert.is_nil(fake.stop())
  end)

  it("takes faults and is reset from outside", function()
    fake = process.fake { tokens = { KEY } }
    fake.fail { times = 1, status = 500, body = '{"message":"Server error"}' }
    assert.are.equal(500, (get "/account/balance"))
    assert.are.equal(200, (get "/account/balance"))
    assert.are.equal(2, #fake.log())
    fake.fail { times = 1, status = 500 }
    fake.reset()
    assert.are.equal(0, #fake.log())
    assert.are.equal(200, (get "/account/balance"))
  end)

  it("counts by the limit and the window that it was given", function()
    fake = process.fake { tokens = { KEY }, limit = 2, per = 3600 }
    local statuses = {}
    for index = 1, 3 do
      statuses[index] = get "/account/balance"
    end
    assert.are.same({ 200, 200, 429 }, statuses)
  end)

  it("has the rows and the credits that it was told", function()
    local uuid = "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6"
    local headers = { Authorization = "Token " .. uuid }
    fake = process.fake { tokens = { uuid }, rows = 7, units = 12 }
    local _, body = get("/v1/backlinks/all?target=a.b&output=json", headers)
    assert.are.equal(7, #cjson.decode(body).backlinks)
    _, body = get("/v1/account/subscription?output=json", headers)
    assert.are.equal("5", cjson.decode(body).subscription_info.units_left)
    assert.are.equal(403, (get("/v1/backlinks/export?target=a.b&output=json", headers)))
  end)

  it("logs a line a request, never with the key", function()
    fake = process.fake { tokens = { KEY }, logged = true }
    get "/account/balance"
    get("/account/balance?token=" .. KEY, {})
    get("/" .. KEY)
    fake.log()
    local _, said = fake.stop()
    assert.truthy(said:find "^GET /account/balance 200\nGET /account/balance%?token=%S+ 200\nGET /%S+ 404\n$", said)
    assert.is_nil(said:find(KEY, 1, true))
    assert.is_nil(said:find(KEY:sub(1, 20), 1, true))
  end)

  it("ends after its time though nobody has stopped it", function()
    fake = process.fake { life = 0.2 }
    local deadline = socket.gettime() + 10
    while true do
      local visitor = socket.connect("127.0.0.1", fake.port)
      if not visitor then
        break
      end
      visitor:close()
      assert(socket.gettime() < deadline, "still there")
    end
    assert.are.equal(0, (fake.stop()))
  end)

  it("speaks TLS with the certificate that it was given", function()
    local certificates = process.certificates()
    finally(certificates.remove)
    fake = process.fake { tls = certificates }
    assert.are.equal("https://127.0.0.1:" .. fake.port, fake.url)
    assert.are.same({}, fake.log())
  end)

  it("says at once why it can't start", function()
    local taken = assert(socket.bind("127.0.0.1", 0))
    finally(function() taken:close() end)
    local _, port = taken:getsockname()
    local ok, why = pcall(process.fake, { port = tonumber(port) })
    assert.is_false(ok)
    assert.truthy(tostring(why):find("address already in use", 1, true), why)
    ok, why = pcall(process.fake, { limit = "many" })
    assert.is_false(ok)
    assert.truthy(tostring(why):find("--limit: 'many' is not a whole number from 1 to 1000000000", 1, true), why)
  end)
end)
