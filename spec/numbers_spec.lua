--- Numbers sent as text become numbers where the description says so, and nowhere else.
-- SPDX-License-Identifier: MIT

local json = require "seranking.base.json"
local numbers = require "seranking.answer.numbers"
local script = require "support.script"

local math_type = math.type or function(value) -- luacheck: ignore
  return value % 1 == 0 and "integer" or "float"
end

local function converted(rule, value, answer, texts)
  return numbers.convert(value, numbers.places(rule, texts, answer))
end

describe("a member that the rule names", function()
  it("becomes the number in its text", function()
    local value = converted("a b c d", { a = "12", b = "42.5", c = "-7", d = "0", e = "12" })
    assert.same({ a = 12, b = 42.5, c = -7, d = 0, e = "12" }, value)
    assert.equal("integer", math_type(value.a))
    assert.equal("integer", math_type(converted("a", { a = "42.0" }).a))
    assert.equal(1200, converted("a", { a = "1.2e3" }).a)
    assert.equal(7, converted("a", { a = "007" }).a)
  end)

  it("is unchanged if it is a number, or text without one", function()
    for _, text in ipairs { "", "abc", "1,5", "1 2", " 1", "0x10", "nan", "inf", "1.2.3", "-", ".5", "1e", "12%",
      "1e999", "-1e999" } do
      assert.equal(text, converted("a", { a = text }).a)
    end
    assert.equal(1.5, converted("a", { a = 1.5 }).a)
    assert.is_true(converted("a", { a = true }).a)
    assert.same({ 1 }, converted("a", { a = { 1 } }).a)
    assert.is_nil(converted("a", {}).a)
  end)

  it("stays text if a number could not hold it exactly", function()
    assert.equal("9007199254740993", converted("a", { a = "9007199254740993" }).a)
    assert.equal(9007199254740991, converted("a", { a = "9007199254740991" }).a)
    assert.equal("123456789012345678901234567890", converted("a", { a = "123456789012345678901234567890" }).a)
  end)

  it("is found in objects, lists, maps and lists of lists", function()
    assert.same({ rows = { { id = 1, tags = { 2, 3 }, name = "4" }, { id = 5 } }, total = 6 },
      converted("rows[].id rows[].tags[] total",
        { rows = { { id = "1", tags = { "2", "3" }, name = "4" }, { id = "5" } }, total = "6" }))
    assert.same({ results = { ["a.example"] = { chatgpt = { n = 1 } }, ["b.example"] = {} } },
      converted("results.<domain>.<engine>.n",
        { results = { ["a.example"] = { chatgpt = { n = "1" } }, ["b.example"] = {} } }))
    assert.same({ m = { { 1, 2 }, { 3 } } }, converted("m[][]", { m = { { "1", "2" }, { "3" } } }))
    assert.same({ rows = "none" }, converted("rows[].id", { rows = "none" }))
  end)

  it("of an array is an element, or a member of an element", function()
    assert.same({ { id = 1 }, { id = 2 } }, converted("id", { { id = "1" }, { id = "2" } }, "array"))
    assert.same({ 1, 2, "x" }, converted("[]", { "1", "2", "x" }, "array"))
    assert.same({ { k = { 1 } } }, converted("k[]", { { k = { "1" } } }, "array"))
    assert.same({ a = 1, b = 2 }, converted("<code>", { a = "1", b = "2" }, "map"))
  end)

  it("may be missing", function()
    assert.is_nil(numbers.places(nil, nil, "object"))
  end)
end)

describe("a row whose members are all numbers", function()
  it("has numbers for its numeric texts, except in members listed as text", function()
    assert.same({ items = { { id = 1, made_up = 2.5, none = "", title = "2024", list = { "1" } } }, total = "1" },
      converted("items[].*", { items = { { id = "1", made_up = "2.5", none = "", title = "2024", list = { "1" } } },
        total = "1" }, "object", "title"))
    assert.same({ { a = 1, b = "2" } }, converted("*", { { a = "1", b = "2" } }, "array", "b"))
  end)

  it("keeps texts that no server would write for a number", function()
    for _, text in ipairs { "007", "-01", "12e5", "1E9", "1.", "+1", "9007199254740993" } do
      assert.equal(text, converted("rows.*", { rows = { a = text } }).rows.a)
    end
    assert.same({ rows = { a = 0, b = 0.5, c = -3 } }, converted("rows.*", { rows = { a = "0", b = "0.5", c = "-3" } }))
  end)
end)

describe("a list that is sent as one text", function()
  local fields = { lines = { type = "string[]", style = "lines" }, commas = { type = "string[]", style = "comma" },
    plain = { type = "string[]" }, text = { type = "string" } }

  local function split(value, at)
    return numbers.convert(value, numbers.places(nil, nil, "object", { at = at, fields = fields }))
  end

  it("becomes a list by the parameter that joins it", function()
    assert.same({ lines = { "/a", "/b c" }, commas = { "x", "y" }, plain = { "p" }, text = "a,b" },
      split { lines = "/a\r\n/b c\n", commas = "x, y", plain = { "p" }, text = "a,b" })
    assert.same({ settings = { commas = { "x" } }, commas = "x,y" }, split({ settings = { commas = "x" }, commas = "x,y" },
      "settings"))
  end)

  it("becomes empty for an empty text, and stays a list if it is one", function()
    assert.equal('{"commas":[],"lines":["/a"]}', json.encode(split { lines = { "/a" }, commas = "" }, "it"))
  end)
end)

describe("an answer", function()
  it("has its numbers as numbers, by a rule that is made once for all calls", function()
    local resource = { name = "data.made_up", params = {}, operations = {
      { "get", data = "GET /v1/get", answer = "object", fields = "a integer\nb string", numbers = "a" },
      { "plain", data = "GET /v1/plain", answer = "object", fields = "a integer" },
    } }
    local client = script.new(function() return '{"a":"12","b":"12"}' end)
    local get, plain = script.operation(client.data, resource, "get"), script.operation(client.data, resource, "plain")
    assert.same({ a = 12, b = "12" }, (get()))
    assert.same({ a = 12, b = "12" }, (get()))
    assert.same({ a = "12", b = "12" }, (plain()))
  end)
end)
