--- Walks that end early and are resumed by a token, with the first row that was not delivered.
-- SPDX-License-Identifier: MIT

local script = require "support.script"
local seranking = require "seranking"

local raised = script.raised
local KEY = "be2165b7d065e278e7305c1c7ef791f283f5d14b"

local tools = {
  name = "data.tools",
  params = {
    page = { type = "integer" }, offset = { type = "integer" }, limit = { type = "integer" }, next = { type = "string" },
    maker = { type = "string" }, kinds = { type = "string[]", style = "comma" },
    shop_id = { type = "id" },
  },
  operations = {
    { "page", data = "GET /v1/page", query = "maker page limit", answer = "array",
      pages = { style = "page", size = 3, max = 50 }, cost = { 100, per = "request" }, billed = true },
    { "offset", data = "GET /v1/shops/{shop_id}/offset", query = "kinds offset limit", answer = "object",
      pages = { style = "offset", rows = "items", size = 3, max = 50 }, cost = { 5, per = "row" }, billed = true },
    { "cursor", data = "GET /v1/cursor", query = "maker next limit", answer = "object",
      pages = { style = "cursor", rows = "items", cursor = "next", param = "next", size = 3, max = 50 },
      cost = { 1, per = "row", of = "items" }, billed = true },
    { "once", data = "GET /v1/once", query = "maker", answer = "array" },
    { "cut", data = "GET /v1/cut", query = "limit", answer = "object", pages = { rows = "items", size = 3, max = 8 },
      cost = { 1, per = "row", of = "items" }, billed = true },
  },
}
local STYLES = { "page", "offset", "cursor" }
local ARGS = { page = { maker = "a/b c" }, offset = { shop_id = 7, kinds = { "x", "y" } }, cursor = { maker = "ä" } }

local function value(request, name)
  return ("&" .. request.query):match("&" .. name .. "=([^&]*)")
end

-- A server of the rows 1 .. count. Cursors have characters with a special meaning in addresses.
local function server(count)
  return function(request)
    local before = tonumber(value(request, "offset") or (value(request, "next") or "0"):match "%d+$")
    local size = tonumber(value(request, "limit")) or request.path == "/v1/once" and count or 3
    if request.path == "/v1/page" then
      before = (tonumber(value(request, "page")) - 1) * size
    end
    local rows = {}
    for i = before + 1, math.min(before + size, count) do
      rows[#rows + 1] = ('{"id":%d}'):format(i)
    end
    local last = before + #rows
    rows = "[" .. table.concat(rows, ",") .. "]"
    return (request.path == "/v1/page" or request.path == "/v1/once") and rows
      or ('{"items":%s,"next":%s}'):format(rows, request.path == "/v1/cursor" and last < count and '"%:é:' .. last .. '"'
        or "null")
  end
end

local function scene(name, respond, options)
  local client, log = script.new(respond, options)
  return script.operation(client.data, tools, name), log, client
end

-- Appends the ids of at most `most` rows of a walk to a list. Returns the walk's state and its error.
local function walk(op, args, options, found, most)
  local next_row, state = op:each(args, options)
  local ok, err = pcall(function()
    for row in next_row do
      found[#found + 1] = row.id
      if #found == most then
        break
      end
    end
  end)
  return state, not ok and err or nil
end

local function numbers(last)
  local list = {}
  for i = 1, last do
    list[i] = i
  end
  return list
end

describe("a walk that ends with an error", function()
  it("continues with the first row not delivered, whichever request failed", function()
    for _, name in ipairs(STYLES) do
      for _, limit in ipairs { false, 2, 20 } do
        for bad = 1, 6 do
          local respond, requests, failing = server(11), 0, true
          local op, log = scene(name, function(request)
            requests = requests + 1
            return failing and requests == bad and { fault = "drop" } or respond(request)
          end)
          local args, found = { limit = limit or nil }, {}
          for key, argument in pairs(ARGS[name]) do
            args[key] = argument
          end
          local _, err = walk(op, args, nil, found)
          failing = false
          if err then
            assert.equal("network", err.kind)
            assert.is_string(err.resume)
            assert.is_truthy(err.hint:find("resume = err.resume", 1, true))
            local _, again = walk(op, args, { resume = err.resume }, found)
            assert.is_nil(again)
            assert.equal(log[bad].query, log[bad + 1].query) -- only the lost request is repeated
          end
          assert.same(numbers(11), found, name .. " " .. bad)
        end
      end
    end
  end)

  it("has a token and the rows so far with `all`", function()
    for _, name in ipairs(STYLES) do
      local respond = server(8)
      local op = scene(name, function(request, number)
        return number == 2 and { fault = "drop" } or respond(request)
      end)
      local args = { limit = 3, shop_id = name == "offset" and 7 or nil }
      local rows, err = op:all(args)
      assert.is_nil(rows)
      assert.equal(3, #err.rows)
      assert.equal(5, #assert(op:all(args, { resume = err.resume })))
    end
  end)

  it("has a token if a budget or a mistake of the server ended it", function()
    local op, _, client = scene("offset", server(9), { budget = 25 })
    local rows, err = op:all({ shop_id = 7 }, { max_cost = 15 })
    assert.is_nil(rows)
    assert.equal("max_cost 3", err.code .. " " .. #err.rows)
    rows, err = op:all({ shop_id = 7 }, { resume = err.resume })
    assert.is_nil(rows)
    assert.equal("budget 2", err.code .. " " .. #err.rows)
    assert.equal(25, client.data:spent().credits)
    assert.equal(4, #assert(op:all({ shop_id = 7 }, { resume = err.resume, budget = false })))
    local good = server(9)
    for body, code in pairs { ["[1]"] = "no_rows", ["[]"] = "no_rows", ["{"] = "bad_json", ['{"items":3}'] = "no_rows" } do
      op = scene("cursor", function(request, number)
        return number == 2 and (body == "[]" and '{"next":"x"}' or body) or good(request)
      end)
      rows, err = op:all()
      assert.is_nil(rows)
      assert.is_string(err.resume, code)
      assert.equal(6, #assert(op:all(nil, { resume = err.resume })))
    end
  end)

  it("can end and continue any number of times", function()
    for _, name in ipairs(STYLES) do
      local respond = server(14)
      local op, log = scene(name, function(request, number)
        return number % 2 == 0 and { fault = "drop" } or respond(request)
      end)
      local found, token, err = {}, nil, nil
      for _ = 1, 20 do
        _, err = walk(op, ARGS[name], { resume = token }, found)
        token = err and err.resume
        if not token then
          break
        end
      end
      assert.is_nil(err)
      assert.same(numbers(14), found)
      assert.is_true(#log <= 12)
    end
  end)
end)

describe("a walk that the program ends", function()
  it("continues after any row, and repeats at most the request for its page", function()
    for _, name in ipairs { "page", "offset", "cursor", "once" } do
      for most = 1, 11 do
        local op, log = scene(name, server(11))
        local found = {}
        local state = walk(op, ARGS[name], nil, found, most)
        local before = #log
        local rest = {}
        assert.is_nil(select(2, walk(op, ARGS[name], { resume = state.resume }, rest)))
        if state.resume then
          for _, id in ipairs(rest) do
            found[#found + 1] = id
          end
        end
        assert.same(numbers(11), found, name .. " " .. most)
        assert.is_true(before <= math.ceil(most / 3))
        if name == "offset" and state.resume then
          assert.equal(most, tonumber(value(log[before + 1], "offset")))
        end
      end
    end
  end)

  it("by max_rows can continue, and has no token when nothing is left", function()
    for _, name in ipairs { "page", "offset", "cursor", "once" } do
      for most = 1, 12 do
        local op = scene(name, server(11))
        local found, token, walks = {}, nil, 0
        repeat
          local rows, err, resume = op:all(ARGS[name], { max_rows = most, resume = token })
          assert.is_nil(err)
          for _, row in ipairs(assert(rows)) do
            found[#found + 1] = row.id
          end
          token, walks = resume, walks + 1
        until not token or walks > 20
        assert.same(numbers(11), found, name .. " " .. most)
      end
    end
  end)

  it("has a token before its first row, and none after its last", function()
    local op, log = scene("page", server(4))
    local next_row, state = op:each { limit = 3 }
    local token = state.resume
    assert.equal(0, #log)
    assert.equal(4, #assert(op:all({ limit = 3 }, { resume = token })))
    for _ = 1, 4 do
      assert.is_string(state.resume)
      next_row()
    end
    assert.is_nil(state.resume)
    assert.is_nil(state.anything)
    assert.equal("a walk's resume can't be set", raised(function() state.resume = "x" end))
  end)

  it("keeps the page size that its place is counted in, whatever the next walk asks for", function()
    local op, log = scene("page", server(20))
    local found = {}
    local state = walk(op, { limit = 4 }, nil, found, 6)
    walk(op, { limit = 9 }, { resume = state.resume, max_rows = 3 }, found)
    assert.same(numbers(9), found)
    assert.same({ "page=1&limit=4", "page=2&limit=4", "page=2&limit=4", "page=3&limit=4" },
      { log[1].query, log[2].query, log[3].query, log[4].query })
  end)

  it("continues inside a page of a cursor, which is requested and paid again", function()
    local op, log, client = scene("cursor", server(20))
    local found = {}
    local state = walk(op, { limit = 4 }, nil, found, 6)
    assert.equal(8, client.data:spent().credits)
    walk(op, nil, { resume = state.resume, max_rows = 4 }, found)
    assert.same(numbers(10), found)
    assert.equal(log[2].query, log[3].query)
    assert.equal(16, client.data:spent().credits)
  end)
end)

describe("a list of one page", function()
  it("is walked, and is an error if it was cut before the rows wanted", function()
    local op, log = scene("cut", server(2))
    assert.equal(2, #assert(op:all()))
    assert.equal("", log[1].query)
    op, log = scene("cut", server(20))
    local rows, err = op:all()
    assert.is_nil(rows)
    assert.equal("invalid cut 3", err.kind .. " " .. err.code .. " " .. #err.rows)
    assert.equal("data.tools.cut: the list was cut after 3 rows, and has no next page", err.message)
    assert.is_truthy(err.hint:find("max_rows or limit, 8 at most", 1, true))
    rows, err = op:all(nil, { resume = err.resume, max_rows = 4 })
    assert.is_nil(err)
    assert.equal("4 7", rows[1].id .. " " .. rows[4].id)
    assert.equal("limit=7", log[2].query)
    rows, err = op:all(nil, { max_rows = 50 })
    assert.is_nil(rows)
    assert.equal("cut 8", err.code .. " " .. #err.rows)
    assert.is_truthy(err.hint:find("no more than 8 rows", 1, true))
    assert.equal(5, #assert(op:all { limit = 5 })) -- as many as the caller has asked for
    assert.equal(8, #assert(op:all(nil, { max_rows = 8 })))
    local _, _, token = op:all(nil, { max_rows = 5 })
    rows, err, token = op:all(nil, { max_rows = 3, resume = token })
    assert.is_nil(err)
    assert.equal("6 8", rows[1].id .. " " .. rows[3].id)
    assert.equal("cut", (select(2, op:all(nil, { resume = token }))).code)
  end)
end)

describe("a token", function()
  local function token_of(name, args, options)
    local op = scene(name, server(9), options)
    local _, _, token = op:all(args, { max_rows = 4 })
    return token
  end

  it("is one line of ASCII without blanks and without the key", function()
    for _, auth in ipairs { "header", "query" } do
      for _, name in ipairs(STYLES) do
        local token = token_of(name, ARGS[name], { auth = auth })
        assert.is_truthy(token:find "^[%w%-._~:%%]+$", token)
        assert.is_nil(token:find(KEY:sub(-4), 1, true))
        assert.is_true(#token < 150)
      end
    end
  end)

  it("is valid for other clients, other keys and the same arguments written differently", function()
    local token = token_of("offset", { shop_id = 7, kinds = "x" })
    local client = script.new(server(9), { token = "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6", auth = "query" })
    local op = script.operation(client.data, tools, "offset", { shop_id = "7" })
    assert.equal(5, (assert(op:all({ kinds = { "x" }, offset = 2, limit = 5 }, { resume = token }))[1].id))
  end)

  it("is refused by another operation, with other arguments, and if it is damaged", function()
    local op, log = scene("page", server(9))
    local token = token_of("page", { maker = "a" })
    assert.equal("data.tools.page: option resume belongs to a walk with other arguments, or on the other generation of the "
      .. "API: pass the arguments it began with", raised(op.all, op, { maker = "b" }, { resume = token }))
    assert.equal("data.tools.page: option resume belongs to a walk over data.tools.cursor",
      raised(op.each, op, nil, { resume = token_of "cursor" }))
    for _, bad in ipairs { "", "x", token:sub(2), token:sub(1, -2), token .. "0", (token:gsub(":2:", ":3:", 1)) } do
      assert.equal("data.tools.page: option resume is no complete token of a walk: pass err.resume unchanged",
        raised(op.all, op, { maker = "a" }, { resume = bad }), bad)
    end
    assert.equal("data.tools.page: option resume must be a text, as err.resume is, got 5",
      raised(op.all, op, { maker = "a" }, { resume = 5 }))
    assert.equal("data.tools.page: resume is an option of each: data.tools.page:each({ … }, { resume = … })",
      (raised(op, nil, { resume = token })))
    assert.equal(0, #log)
  end)

  it("is the same on every Lua", function()
    -- Computed by hand: polynomials of the bytes of "GET /v1/page?maker=a\n" and of the token, modulo 4294967291.
    assert.equal("seranking-walk-1:data.tools.page:89261171bda754ce:2:4:0:4:d698b8da", token_of("page", { maker = "a" }))
  end)

  it("can be had after the client was closed", function()
    local op, _, client = scene("page", server(9))
    local next_row, state = op:each()
    next_row()
    client:close()
    assert.is_true(seranking.is_error(select(2, scene("page", function() return { fault = "drop" } end):all())))
    assert.equal(8, #assert(scene("page", server(9)):all(nil, { resume = state.resume })))
  end)
end)
