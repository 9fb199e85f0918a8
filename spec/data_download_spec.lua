--- Files of the Data API: downloads.
-- SPDX-License-Identifier: MIT

local links = require "support.links"
local script = require "support.script"

local KEY = "be2165b7d065e278e7305c1c7ef791f283f5d14b"
local raised = script.raised
local constant = links.constant

describe("a download", function()
  it("that is refused does not blame the key, which was not sent", function()
    local client = script.new(function() return script.json('{"message":"No token"}', 403) end)
    local data, err = client:download "https://files.example/x"
    assert.is_nil(data)
    assert.equal("auth", err.kind)
    assert.equal("a download sends no key, and its address may have expired: ask the API for a new one", err.hint)
    assert.truthy(raised(function() client:download "http://files.example/x" end)
      :find("the address must be an https address: anybody could read plain http", 1, true))
  end)

  it("goes to the file's host without the key, outside the limit, and returns the bytes", function()
    local client, log, clock = script.new(function(request)
      return { status = 200, headers = { { "Content-Type", "application/gzip" } }, body = "\31\139" .. (request.query or "") }
    end, { rate = { limit = 1 } })
    local bytes, response = client.data:download "https://files.example:8443/exports/1_2.csv.gz?sig=a%2Fb#top"
    assert.equal("\31\139sig=a%2Fb", bytes)
    assert.equal(200, response.status)
    for _ = 1, 5 do
      assert(client:download "https://files.example")
    end
    assert.equal(0, clock:now())
    assert.equal("GET https://files.example:8443/exports/1_2.csv.gz", log[1].method .. " " .. log[1].origin .. log[1].path)
    assert.equal("/", log[2].path)
    for _, request in ipairs(log) do
      assert.is_nil(request.headers.authorization)
      assert.equal("*/*", request.headers.accept)
    end
  end)

  it("refuses options that do not apply to it", function()
    local client, log = script.new(constant "x")
    for name, value in pairs { extra = { a = 1 }, budget = 5 } do
      local ok, text = pcall(client.download, client, "https://files.example/a", { [name] = value })
      assert.is_false(ok)
      assert.equal(("client:download: option %s is for operations: an address is fetched as it is, and costs nothing")
        :format(name), (text:gsub("^.-: ", "", 1)))
    end
    assert.equal("client:request: only the Data API has prices, so there is no budget: leave it out",
      raised(client.request, client, { path = "/a", budget = 5 }))
    assert.equal(0, #log)
  end)

  it("does not add the key to its address", function()
    local client, log = script.new(constant "x", { auth = "query" })
    assert(client:download "https://files.example/a")
    assert.equal("", log[1].query)
  end)

  it("masks a key in an address or an answer", function()
    local client = script.new(function() return { status = 404, headers = {}, body = "no " .. KEY } end)
    local data, err = client:download("https://files.example/a?token=" .. KEY)
    assert.is_nil(data)
    assert.equal("/a?…", err.path)
    assert.equal("not_found", err.kind)
    assert.is_nil((err.body .. tostring(err)):find(KEY, 1, true))
  end)

  it("follows no redirects, and has the client's retries, timeouts and bounds", function()
    local client, log = script.new(function(_, number)
      return number == 1 and { status = 302, headers = { { "Location", "https://other.example/" } } }
        or number < 4 and { status = 503, headers = {} } or { status = 200, headers = {}, body = ("x"):rep(2000) }
    end, { max_body = 1000 })
    local _, err = client:download "https://files.example/a"
    assert.equal("protocol", err.kind)
    _, err = client:download "https://files.example/a"
    assert.equal("too_large", err.kind)
    assert.equal(3, err.attempts)
    assert.equal(4, #log)
    _, err = client:download("https://files.example/a", { retries = 0 })
    assert.equal(1, err.attempts)
  end)

  it("needs https, except from this machine", function()
    local client, log = script.new(constant "x")
    assert(client:download "http://127.0.0.1:80/a")
    for url, message in pairs {
      ["http://files.example/a"] = "client:download: the address",
      ["ftp://files.example/a"] = "client:download: the address",
      ["/exports/a.csv"] = "client:download takes an address, https://…, percent-encoded, got \"/exports/a.csv\"",
      ["https://files.example/ä"] = "client:download takes an address",
      ["https://user:secret@files.example/"] = "client:download: the address",
    } do
      assert.equal(message, raised(client.download, client, url):sub(1, #message))
    end
    assert.is_truthy(raised(client.download, client, nil):find("got nil", 1, true))
    assert.equal(1, #log)
  end)

  it("does not change the client", function()
    local client, log = script.new(constant "{}")
    assert(client.account:balance())
    assert(client:download "https://files.example/a")
    assert(client.account:balance())
    assert.equal("Token " .. KEY, log[3].headers.authorization)
  end)
end)
