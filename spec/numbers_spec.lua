--- Numbers that come as text: made numbers where the description of the answer's fields says so, and nowhere else.
-- SPDX-License-Identifier: MIT

local numbers = require "seranking.numbers"
local script = require "support.script"

local math_type = math.type or function(value) -- luacheck: ignore
  return value % 1 == 0 and "integer" or "float"
end

local function converted(fields, value, answer)
  local places = numbers.places(fields, answer)
  return numbers.convert(value, places)
end

describe("a field with ~", function()
  it("becomes the number that its text holds", function()
    local value = converted([[
      a integer~ one
      b number~
      c integer~? may be missing
      d integer?~
      e string text]], { a = "12", b = "42.5", c = "-7", d = "0", e = "12" })
    assert.same({ a = 12, b = 42.5, c = -7, d = 0, e = "12" }, value)
    assert.equal("integer", math_type(value.a))
    assert.equal("integer", math_type(converted("a number~", { a = "42.0" }).a))
    assert.equal(1200, converted("a number~", { a = "1.2e3" }).a)
    assert.equal(7, converted("a number~", { a = "007" }).a)
  end)

  it("stays what it is when it is a number, or text without one", function()
    for _, text in ipairs { "", "abc", "1,5", "1 2", " 1", "0x10", "nan", "inf", "1.2.3", "-", ".5", "1e", "12%",
      "1e999", "-1e999" } do
      assert.equal(text, converted("a number~", { a = text }).a)
    end
    assert.equal(1.5, converted("a integer~", { a = 1.5 }).a)
    assert.is_true(converted("a integer~", { a = true }).a)
    assert.same({ 1 }, converted("a integer~", { a = { 1 } }).a)
    assert.is_nil(converted("a integer~", {}).a)
  end)

  it("stays text where a number could not hold it exactly", function()
    assert.equal("9007199254740993", converted("a integer~", { a = "9007199254740993" }).a)
    assert.equal(9007199254740991, converted("a integer~", { a = "9007199254740991" }).a)
    assert.equal("123456789012345678901234567890", converted("a integer~", { a = "123456789012345678901234567890" }).a)
  end)

  it("is found in objects, lists, maps and lists of lists", function()
    assert.same({ rows = { { id = 1, tags = { 2, 3 }, name = "4" }, { id = 5 } }, total = 6 },
      converted("rows[].id integer~\nrows[].tags[] integer~\ntotal integer~",
        { rows = { { id = "1", tags = { "2", "3" }, name = "4" }, { id = "5" } }, total = "6" }))
    assert.same({ results = { ["a.example"] = { chatgpt = { n = 1 } }, ["b.example"] = {} } },
      converted("results.<domain>.<engine>.n integer~",
        { results = { ["a.example"] = { chatgpt = { n = "1" } }, ["b.example"] = {} } }))
    assert.same({ m = { { 1, 2 }, { 3 } } }, converted("m[][] integer~", { m = { { "1", "2" }, { "3" } } }))
    assert.same({ rows = "none" }, converted("rows[].id integer~", { rows = "none" }))
  end)

  it("of an array is seen from its elements, which may be numbers themselves", function()
    assert.same({ { id = 1 }, { id = 2 } }, converted("id integer~", { { id = "1" }, { id = "2" } }, "array"))
    assert.same({ 1, 2, "x" }, converted("[] integer~", { "1", "2", "x" }, "array"))
    assert.same({ { k = { 1 } } }, converted("k[] integer~", { { k = { "1" } } }, "array"))
    assert.same({ a = 1, b = 2 }, converted("<code> integer~", { a = "1", b = "2" }, "map"))
  end)

  it("is nothing to look for where there is none", function()
    assert.is_nil(numbers.places("a integer\nb string about ~5", "object"))
    assert.is_nil(numbers.places(nil, "object"))
  end)
end)

describe("an answer", function()
  it("has its numbers as numbers, found once for all calls", function()
    local resource = { name = "data.made_up", params = {}, operations = {
      { "get", data = "GET /v1/get", answer = "object", fields = "a integer~\nb string" },
      { "plain", data = "GET /v1/plain", answer = "object", fields = "a integer" },
    } }
    local client = script.new(function() return '{"a":"12","b":"12"}' end)
    local get, plain = script.operation(client.data, resource, "get"), script.operation(client.data, resource, "plain")
    assert.same({ a = 12, b = "12" }, (get()))
    assert.same({ a = 12, b = "12" }, (get()))
    assert.same({ a = "12", b = "12" }, (plain()))
  end)
end)
