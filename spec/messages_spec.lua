--- Messages of refused requests: kind, code and hint of each. Expected values are from the API's documentation ("Getting
--- started") and the vendor's own clients, not from the library. SPDX-License-Identifier: MIT

local codes = require "seranking.answer.codes"
local documented = require "support.documented_messages"
local messages = require "seranking.api.messages"
local scene = require "support.scene"

-- Status, message, kind.
local others = {
  { 401, "Unauthorized", "auth" },
  { 403, "Subscription required", "access" },
  { 403, "Limit reached", "access" },
  { 403, "Insufficient funds", "access" },
  { 403, "Empty balance", "access" },
  { 403, "License expired", "access" },
  { 400, "Incorrect website URL", "invalid" },
  { 400, "empty_field", "invalid" },
  { 404, "Tag not found", "not_found" },
  { 400, "Empty name", "invalid" },
  { 404, "Empty name", "invalid" },
  { 400, "Empty site_id", "invalid" },
  { 404, "Empty site_id", "invalid" },
  { 404, "Group not found", "not_found" },
  { 400, "No keywords ids in request", "invalid" },
  { 400, "Invalid site url", "invalid" },
  { 400, "Incorrect competitor id", "invalid" },
  { 400, "Empty title", "invalid" },
  { 400, "Empty text", "invalid" },
  { 400, "site_ids: This value should be of type integer", "invalid" },
  { 400, "Invalid", "invalid" },
  { 400, "Invalid region id", "invalid" },
  { 400, "Backlinks are non exists", "invalid" },
  { 400, "Invalid region name. Please use a valid canonical location name.", "invalid" },
}
local all = {}
for _, list in ipairs { documented, others } do
  for _, row in ipairs(list) do
    all[#all + 1] = row
  end
end

local shapes = {
  '{"message": "%s"}', '{"error": {"code": 1, "message": "%s"}}', '{"error": {"code": 1, "description": "%s"}}',
  '{"error_description": "%s"}', '{"error": "%s"}', '{"detail": "%s"}', "%s",
}

local client, api
before_each(function()
  client, api = scene.new { retries = 0 }
end)
after_each(collectgarbage)

local function answered(status, body, given)
  local asked, server = client, api
  if given then
    asked, server = scene.new(given)
  end
  server:fail { status = status, body = body }
  local none, err = asked.sites:list()
  asked:limiter():reset()
  assert.is_nil(none)
  assert.equal(status, err.status)
  return err
end

describe("a message of the API", function()
  it("has its kind, code and text in every shape of a body", function()
    for _, row in ipairs(all) do
      for _, shape in ipairs(shapes) do
        local err = answered(row[1], shape:format(row[2]))
        assert.equal(row[3], err.kind, row[2])
        assert.equal(row[4] or err.code, err.code, row[2])
        assert.equal(row[2], err.message)
      end
    end
  end)

  it("is recognized in any case and with any white space", function()
    for _, row in ipairs(documented) do
      for _, text in ipairs {
        row[2]:upper(), row[2]:lower(), " " .. row[2]:gsub(" ", "  ") .. " ", "\\t" .. row[2]:gsub(" ", "\\n \\r\\n"),
      } do
        local err = answered(row[1], ('{"message":"%s"}'):format(text))
        assert.equal(row[3] .. " " .. row[4], err.kind .. " " .. err.code, text)
      end
    end
  end)

  it("is recognized only with its status", function()
    assert.equal("not_found", answered(404, '{"message":"Invalid date"}').code)
    assert.equal("server_error", answered(500, '{"message":"No token"}').code)
    assert.equal("forbidden", answered(403, '{"message":"Too Many Requests"}').code)
    assert.equal("bad_request", answered(400, '{"message":"Limit reached"}').code)
  end)

  it("is not recognized with additional words", function()
    for _, text in ipairs { "Invaliddate", "Invalid dates", "Invalid date given", "Invalid", "nvalid date" } do
      local err = answered(400, ('{"message":"%s"}'):format(text))
      assert.equal(text == "Invalid" and "invalid" or "bad_request", err.code, text)
      assert.equal(text, err.message)
    end
  end)

  it("is found in the description beside another message", function()
    local err = answered(403, '{"error":{"code":403,"message":"Forbidden","description":"Insufficient funds"}}')
    assert.equal("access insufficient_funds", err.kind .. " " .. err.code)
    assert.equal("Forbidden: Insufficient funds", err.message)
    err = answered(401, '{"error":"invalid_token","error_description":"Unauthorized"}')
    assert.equal("auth unauthorized", err.kind .. " " .. err.code)
    err = answered(400, '{"error":{"message":"Zzz","description":"No keywords ids in request"},"message":"x"}')
    assert.equal("invalid no_keywords_ids", err.kind .. " " .. err.code)
  end)

  it("is recognized nowhere else in a body", function()
    for _, body in ipairs {
      '{"x":{"message":"Limit reached"}}', '[{"message":"Limit reached"}]', '{"messages":"Limit reached"}',
      '{"message":["Limit reached"]}', '"Limit reached"',
    } do
      assert.equal("forbidden", answered(403, body).code, body)
    end
  end)

  it("has its own code", function()
    local message_of = {}
    for _, row in ipairs(all) do
      local code = answered(row[1], ('{"message":"%s"}'):format(row[2])).code
      assert.equal(message_of[code] or row[2], row[2], code)
      message_of[code] = row[2]
    end
  end)

  it("of one endpoint never has the code of unknown messages", function()
    for _, row in ipairs(others) do
      if row[1] ~= 401 then -- "Unauthorized" is what the status says
        local code = answered(row[1], ('{"message":"%s"}'):format(row[2])).code
        assert.are_not.equal(answered(row[1], '{"message":"Zzz"}').code, code)
      end
    end
  end)

  it("is in the table once, with an existing kind", function()
    local kinds, seen = {}, {}
    for _, kind in ipairs(codes) do
      kinds[kind[1]] = true
    end
    for _, row in ipairs(messages) do
      local key = row[1] .. " " .. row[2]:lower()
      assert.is_nil(seen[key], key)
      seen[key] = true
      assert.is_true(kinds[row[3]], key)
    end
  end)
end)

describe("the hint of a refusal", function()
  it("says what to do about a date, a search engine, an empty field, a plan", function()
    for message, hint in pairs {
      ["Invalid date"] = "YYYY-MM-DD", ["Invalid site_engine_id"] = "not search_engine_id", empty_field = "send `keyword`",
      ["No keywords ids in request"] = "two plurals", ["Backlinks are non exists"] = "not backlink_id",
    } do
      assert.matches(hint, answered(400, ('{"message":"%s"}'):format(message)).hint, 1, true)
    end
    assert.matches("plan", answered(403, '{"message":"Limit reached"}').hint, 1, true)
  end)

  it("is never that of another error", function()
    assert.is_string(answered(400, '{"message":"Invalid date"}').hint)
    assert.is_nil(answered(404, '{"message":"Not Found"}').hint)
  end)

  it("distinguishes a host that may be retired for the key from a missing key", function()
    local retired = answered(403, '{"message":"No token"}').hint
    assert.matches('api = "v1"', retired, 1, true)
    for _, generation in ipairs { "v4", "v1" } do
      local hint = answered(403, '{"message":"No token"}', { token = false, api = generation, retries = 0 }).hint
      assert.matches("`token`", hint, 1, true)
      assert.matches("SERANKING_TOKEN", hint, 1, true)
      assert.is_nil(hint:find('api = "v1"', 1, true))
    end
    local hint = answered(403, '{"message":"No token"}', { api = "v1", token = scene.V1_KEY, retries = 0 }).hint
    assert.is_nil(hint:find('api = "v1"', 1, true))
  end)

  it("exists for requests that are too large, and for 451", function()
    assert.matches("send less at once", answered(413, "").hint, 1, true)
    assert.matches("send less at once", answered(414, "").hint, 1, true)
    assert.matches("check which server answers", answered(451, "").hint, 1, true)
  end)
end)
