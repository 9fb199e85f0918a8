--- Bodies and headers that the API does not send: results and messages. SPDX-License-Identifier: MIT

local cjson = require("cjson").new()
local script = require "support.script"
local seranking = require "seranking"

local function failing(status, body, content_type)
  local client = script.new(function()
    return { status = status, headers = { { "Content-Type", content_type or "application/json" } }, body = body }
  end, { retries = 0 })
  local _, err = client.sites:list()
  return err
end

describe("the message of an error", function()
  it("is found in `detail` if no other member has it", function()
    assert.equal("Not Found", failing(404, '{"detail":"Not Found"}').message)
    assert.equal("first", failing(404, '{"detail":"second","message":"first"}').message:match "^first")
    assert.equal("Bad Request", failing(400, '{"detail":[{"msg":"x"}]}').message)
  end)

  it("is never an HTML page, whatever precedes it", function()
    for _, page in ipairs { "<html>x", "\n\n <!DOCTYPE html>", "\239\187\191<html>", "\239\187\191\r\n<html>" } do
      assert.equal("Bad Gateway (the answer is an HTML page)", failing(502, page, "text/plain").message)
      local err = failing(200, page)
      assert.equal("the answer is not JSON, but an HTML page", err.message)
      assert.matches("check base_url", err.hint, 1, true)
    end
  end)

  it("is never binary data", function()
    for _, body in ipairs { "\31\139\8\0\0\0\0\0\2\3\171\86", "\137PNG\r\n\26\n\0\0\0\rIHDR", ("\200\1\255"):rep(500) } do
      assert.equal("Server error (the answer is binary data)", failing(500, body, "application/octet-stream").message)
      assert.equal("the answer is not JSON, but binary data", failing(200, body).message)
    end
    assert.equal("caf\239\191\189", failing(500, "caf\233", "text/plain").message)
  end)

  it("names the control character that makes JSON invalid", function()
    assert.equal("the answer is not JSON: unescaped control character in a string, at byte 8 of 10",
      failing(200, '{"a":"b\0"}').message)
  end)

  it("of a large body is found at its beginning", function()
    assert.equal("oh", failing(500, '{"message":"oh","x":"' .. ("y"):rep(1000000) .. '"}').message)
    assert.equal("Server error", failing(500, (" "):rep(1000000)).message)
  end)
end)

describe("an answer", function()
  local function answering(headers, body)
    return (script.new(function() return { status = 200, headers = headers, body = body } end))
  end

  it("of a JSON type in any case, with parameters, is decoded", function()
    for _, media_type in ipairs { "Application/JSON", "APPLICATION/JSON; Charset=UTF-8", "application/problem+json",
      "text/json" } do
      assert.same({ a = 1 }, (answering({ { "Content-Type", media_type } }, '{"a":1}'):request { path = "/x" }), media_type)
    end
    for _, media_type in ipairs { "text/plain", 'text/plain; profile="json"' } do
      assert.equal('{"a":1}', (answering({ { "Content-Type", media_type } }, '{"a":1}'):request { path = "/x" }), media_type)
    end
  end)

  it("has a response that can be printed and encoded", function()
    local client = answering({ { "Content-Type", "application/json" }, { "X-A", "1" }, { "x-a", "2" } }, "{}")
    local _, response = client:request { path = "/x" }
    local encoded = cjson.decode(cjson.encode(response))
    for name in pairs(encoded) do
      assert.is_nil(name:find "^_")
    end
    assert.equal(200, encoded.status)
    assert.equal("seranking response (HTTP 200, application/json)", tostring(response))
    assert.equal("1, 2", response.headers["X-A"])
    _, response = answering({}, "x"):request { path = "/x" }
    assert.equal("seranking response (HTTP 200, no content type)", tostring(response))
  end)

  it("of a request is classified by its headers in any case", function()
    local headers = answering({}, "{}").sites.list:dry_run().headers
    assert.equal("Token …d14b", headers.Authorization)
    assert.equal(headers.authorization, headers.AUTHORIZATION)
  end)

  it("that can't be decoded in time gives a timeout", function()
    local body = "[" .. ("[],"):rep(3000000) .. "0]" -- tenths of a second
    local function answered(timeout)
      local client = assert(seranking.new { token = ("a"):rep(40), retries = 0, share = "off", timeout = timeout, transport = {
        handle = function() return { status = 200, headers = { { "Content-Type", "application/json" } }, body = body } end,
      } })
      return select(2, client:request { path = "/x" })
    end
    -- Within 5 ms the answer itself may be late; within a second it may be decoded in time.
    local err, timeout = nil, 0.005
    for _ = 1, 200 do
      err = answered(timeout)
      if err.code == "decoding" then
        break
      end
      timeout = err.kind == "timeout" and timeout * 1.5 or 0.005
    end
    assert.equal("timeout decoding", err.kind .. " " .. err.code)
    assert.matches("^the answer came in time, but decoding it took longer: the deadline came first, at byte %d+ of 9000003$",
      err.message)
    assert.equal(200, err.status)
    assert.is_true(err.sent)
    assert.matches("raise timeout", err.hint, 1, true)
  end)
end)
