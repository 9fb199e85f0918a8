--- seranking.json. SPDX-License-Identifier: MIT

local core = require "lseranking"
local json = require "seranking.base.json"

describe("decoding", function()
  it("returns whole numbers as integers where Lua has them", function()
    local value = json.decode '{"id":147696,"list":[1,2.5,-3],"zero":0,"big":9007199254740992}'
    assert.equal("147696", tostring(value.id))
    assert.equal("-3", tostring(value.list[3]))
    assert.equal("2.5", tostring(value.list[2]))
    assert.equal("0", tostring(value.zero))
    if math.type then
      assert.equal("integer", math.type(value.id))
      assert.equal("integer", math.type(value.list[1]))
      assert.equal("float", math.type(value.list[2]))
      assert.equal("integer", math.type(value.big))
    end
    assert.equal("7", tostring(json.decode "7"))
  end)

  it("reads numbers that a double can't hold exactly as the nearest one", function()
    local value = json.decode "[1e300, 12345678901234567890, 0.1]"
    assert.equal(1e300, value[1])
    assert.equal(12345678901234567890.0, value[2])
    assert.equal(0.1, value[3])
  end)

  it("leaves out null members of objects", function()
    local value = json.decode '{"check_day":null,"title":"a","inner":{"x":null,"y":1}}'
    assert.is_nil(value.check_day)
    assert.is_nil(rawget(value, "check_day"))
    assert.is_nil(value.inner.x)
    assert.equal(1, value.inner.y)
    local names = 0
    for _ in pairs(value) do
      names = names + 1
    end
    assert.equal(2, names)
  end)

  it("keeps the positions of nulls in lists", function()
    local value = json.decode "[null, 1, null]"
    assert.equal(json.null, value[1])
    assert.equal(1, value[2])
    assert.equal(json.null, value[3])
    assert.equal(3, #value)
  end)

  it("keeps all nulls on request", function()
    assert.equal(json.null, json.decode('{"check_day":null}', true).check_day)
    assert.equal("7", tostring(json.decode('{"a":7,"b":null}', true).a))
  end)

  it("does not mistake a string for null", function()
    assert.equal("null", json.decode('{"a":"null","b":null}').a)
  end)

  it("decodes objects of many members that are all null", function()
    local parts = {}
    for i = 1, 1000 do
      parts[i] = ('"m%d":%s'):format(i, i % 3 == 0 and i or "null")
    end
    local value, names = json.decode("{" .. table.concat(parts, ",") .. "}"), 0
    for name, number in pairs(value) do
      assert.equal(name, "m" .. number)
      names = names + 1
    end
    assert.equal(333, names)
  end)

  it("keeps whole numbers of 64 bits exact where Lua has integers", function()
    if math.type then
      for text, kind in pairs { ["9007199254740993"] = "integer", ["999999999999999999"] = "integer", ["1e3"] = "integer",
        ["9007199254740992.0"] = "integer", ["1e16"] = "float", ["1000000000000000000"] = "integer",
        ["9223372036854775808"] = "float", ["-9223372036854775809"] = "float", ["10000000000000000000"] = "float" } do
        local value = json.decode(text)
        assert.equal(kind, math.type(value), text)
        assert.equal(tonumber(text) + 0.0, value + 0.0)
      end
      for _, text in ipairs { "9007199254740993", "1234567890123456789", "9223372036854775807", "-9223372036854775807",
        "-1000000000000000001" } do
        assert.equal(text, tostring(json.decode(text)))
      end
      assert.equal(math.mininteger, json.decode "-9223372036854775808")
      assert.equal("integer", math.type(json.decode "-9223372036854775808"))
    end
  end)

  it("refuses invalid JSON with a reason", function()
    for _, text in ipairs { "", "{", '{"a":}', "[1,]", "nul", "<html>", "[NaN]", "[1] 2", "\0" } do
      local value, problem = json.decode(text)
      assert.is_nil(value)
      assert.is_string(problem)
    end
  end)

  it("accepts deep nesting up to a bound", function()
    assert.is_table((json.decode(("["):rep(900) .. ("]"):rep(900))))
    local value, problem = json.decode(("["):rep(100000) .. ("]"):rep(100000))
    assert.is_nil(value)
    assert.is_string(problem)
  end)

  it("reads every number like Lua", function()
    for _, text in ipairs {
      "0", "-0", "0.1", "-0.5", "1e5", "1E-5", "1.5e+3", "123456789012345", "999999999999999", "1234567890123456",
      "9007199254740993", "0.30000000000000004", "1.7976931348623157e308", "5e-324", "2.2250738585072014e-308",
      "123456789.12345678", "0.000000000000001", "100000000000000.1", "3.141592653589793", "2296380.85",
    } do
      assert.equal(tonumber(text), json.decode(text), text)
      assert.equal(tonumber(text), json.decode("[" .. text .. " ]")[1], text)
    end
    local seed = 42
    for _ = 1, 2000 do
      seed = (seed * 16807) % 2147483647
      local text = ("%.17g"):format((seed / 2147483647 - 0.5) * 10 ^ (seed % 40 - 20))
      assert.equal(tonumber(text), json.decode(text), text)
    end
    for _, text in ipairs { "1e999", "-1e999", ("9"):rep(400) } do
      local value, problem = json.decode("[0, " .. text .. "]")
      assert.is_nil(value)
      assert.equal(("number out of range, at byte 5 of %d"):format(#text + 5), problem)
    end
    assert.equal(0, json.decode "1e-999")
  end)

  it("reads numbers with a dot in any locale", function()
    local before = os.setlocale(nil, "numeric")
    if not (os.setlocale("de_DE.UTF-8", "numeric") or os.setlocale("de_DE", "numeric")) then
      return
    end
    local value = json.decode "[0.1,1.25e2,0.12345678901234567]"
    os.setlocale(before, "numeric")
    assert.same({ 0.1, 125, 0.12345678901234567 }, value)
  end)

  it("reads escapes and surrogate pairs, and half a pair as a replacement character", function()
    assert.equal('a"\\/\b\f\n\r\tb', json.decode [["a\"\\\/\b\f\n\r\tb"]])
    assert.equal("\195\164\226\130\172\240\159\152\128", json.decode [["\u00e4\u20AC\ud83d\ude00"]])
    assert.equal("\239\191\189x", json.decode [["\ud83dx"]])
    assert.equal("\239\191\189", json.decode [["\ude00"]])
    assert.equal("\239\191\189A", json.decode [["\ud83d\u0041"]])
    assert.equal("\239\191\189\238\128\128", json.decode [["\ud83d\ue000"]])
    assert.equal("\239\191\189\n12345", json.decode [["\ud83d\n12345"]])
    assert.equal("\239\191\189u12345", json.decode [["\ud83du12345"]])
    assert.same({ ["k\n"] = "v" }, json.decode [[{"k\n":"v"}]])
    assert.equal(("\195\164"):rep(5000), json.decode('"' .. ("\\u00e4"):rep(5000) .. '"'))
  end)

  it("takes memory linear in the size of strings", function()
    local parts, size = {}, 0
    for i = 1, 400 do
      parts[i] = '"' .. ("\\u0061"):rep(50 * i) .. '"'
      size = size + 50 * i
    end
    local text = "[" .. table.concat(parts, ",") .. "]"
    collectgarbage()
    collectgarbage "stop"
    local before = collectgarbage "count"
    assert(json.decode(text))
    local used = 1024 * (collectgarbage "count" - before)
    collectgarbage "restart"
    assert.is_true(used < 2 * size, ("%.0f bytes for strings of %d"):format(used, size))
  end)

  it("accepts white space anywhere, and a byte order mark at the beginning", function()
    assert.same({ a = { 1, {} } }, json.decode "\239\187\191 \t\r\n{ \"a\" : [ 1 , { } ] } ")
  end)

  it("says where a text is invalid", function()
    for text, problem in pairs {
      [""] = "unexpected end of input, at byte 0", ["["] = "unexpected end of input, at byte 1",
      ['{"a"'] = "unexpected end of input, at byte 4", ['{"a":1'] = "unexpected end of input, at byte 6",
      ["[1,]"] = "unexpected character, at byte 4 of 4", ["tru"] = "unexpected character, at byte 1 of 3",
      ["{,}"] = "expected a name in quotes, at byte 2 of 3", ['{"a" 1}'] = "expected a colon, at byte 6 of 7",
      ['{"a":1 "b"}'] = "expected a comma or }, at byte 8 of 11", ["[1 2]"] = "expected a comma or ], at byte 4 of 5",
      ["01"] = "number with a leading zero, at byte 1 of 2", ["[-]"] = "number without digits, at byte 3 of 3",
      ["[1.]"] = "decimal point without digits after it, at byte 4 of 4", ["1e"] = "unexpected end of input, at byte 2",
      ["[1e]"] = "exponent without digits, at byte 4 of 4",
      ['"abc'] = "unterminated string, at byte 1 of 4", ['["\\'] = "unterminated string, at byte 2 of 3",
      [ [["a\x"]] ] = "invalid escape, at byte 3 of 5", [ [["\u12"]] ] = "invalid escape, at byte 2 of 6",
      ["1 1"] = "unexpected character after the value, at byte 3 of 3",
      ['["a\tb"]'] = "unescaped control character in a string, at byte 4 of 7",
      ['{"a\nb":1}'] = "unescaped control character in a string, at byte 4 of 9",
      ['"\0"'] = "unescaped control character in a string, at byte 2 of 3",
    } do
      local value, what = json.decode(text)
      assert.is_nil(value)
      assert.equal(problem, what, text)
    end
  end)

  it("ends at its deadline and says where; a short text does not check it", function()
    local text = "[" .. ("[],"):rep(200000) .. "0]"
    local value, problem, late = core.decode(text, false, 0)
    assert.is_nil(value)
    assert.is_true(late)
    assert.matches("^the deadline came first, at byte %d+ of 600003$", problem)
    assert.equal(200001, #core.decode(text, false, 86400))
    assert.same({ {}, 0 }, (core.decode("[[],0]", false, 0)))
    value, problem, late = core.decode(text:sub(1, -2), false, 86400)
    assert.same({ false, false }, { value ~= nil, late })
    assert.equal("unexpected end of input, at byte 600002", problem)
  end)

  it("does not begin to copy a string that would exceed the deadline", function()
    for _, text in ipairs { '"' .. ("x"):rep(2 ^ 26) .. '"', '"\\n' .. ("x"):rep(2 ^ 26) .. '"' } do
      local none, problem, late = core.decode(text, false, 0.06) -- copying takes 0.067 s by the decoder's estimate
      assert.is_nil(none)
      assert.is_true(late)
      assert.matches("^the deadline came first, at byte %d+ of %d+$", problem)
    end
    assert.equal(2 ^ 26, #core.decode('"' .. ("x"):rep(2 ^ 26) .. '"', false))
  end)

  it("checks its deadline inside long white space and long strings", function()
    local long = 600000
    for name, text in pairs {
      ["blanks before a value"] = (" "):rep(long) .. "1", ["blanks behind it"] = "1" .. ("\n"):rep(long),
      ["nothing but blanks"] = ("\t"):rep(long), ["blanks in a list"] = "[1" .. ("\r"):rep(long) .. "]",
      ["a string"] = '"' .. ("x"):rep(long) .. '"', ["escapes"] = '"' .. ("\\n"):rep(long / 2) .. '"',
      ["a name"] = '{"' .. ("x"):rep(long) .. '":1}', ["a string without an end"] = '"' .. ("x"):rep(long),
    } do
      local _, problem, late = core.decode(text, false, 0)
      assert.is_true(late, name)
      local at = tonumber(problem:match "^the deadline came first, at byte (%d+) of %d+$")
      assert.is_true(at < long / 2, name .. ": " .. problem)
      local _, _, again = core.decode(text, false, 86400)
      assert.is_not_true(again, name)
    end
    assert.equal(long, #core.decode('"' .. ("x"):rep(long) .. '"', false, 86400))
    assert.equal(("\n"):rep(long), core.decode('"' .. ("\\n"):rep(long) .. '"', false, 86400))
  end)

  it("refuses numbers of more than 4095 characters", function()
    for _, text in ipairs { ("1"):rep(4096), "0." .. ("0"):rep(4093) .. "1", "0." .. ("0"):rep(5000), "1e" .. ("0"):rep(4094),
      "-" .. ("1"):rep(600000) } do
      local value, problem = core.decode("[" .. text .. "]")
      assert.is_nil(value)
      assert.matches("^number of more than 4095 characters, at byte 4098 of", problem)
    end
    assert.is_nil((core.decode(("1"):rep(4096))))
    assert.equal(0, core.decode("[0." .. ("0"):rep(4093) .. "]")[1])
    assert.equal(0, core.decode("0." .. ("0"):rep(4093)))
  end)

  it("reads what lua-cjson reads, with equal results, and refuses truncated texts", function()
    local cjson = require("cjson").new()
    local text = [=[{"a":[1,2.5,true,false,null,"x\u00e9\n",{"b":{},"c":[[],[{}]]}],"d":{"e":"","f":-1e3},"g":null}]=]
    assert.same(cjson.decode(text), json.decode(text, true))
    for length = 0, #text - 1 do
      local value, problem = json.decode(text:sub(1, length))
      assert.is_nil(value)
      assert.is_string(problem)
    end
    local seed = 7
    for _ = 1, 5000 do -- any result but a crash
      seed = (seed * 16807) % 2147483647
      local at, byte = seed % #text + 1, string.char(seed % 251)
      json.decode(text:sub(1, at - 1) .. byte .. text:sub(at + 1))
    end
  end)

  it("reads rows that differ in names, order and nesting as lua-cjson does", function()
    local cjson, seed = require("cjson").new(), 11
    local function chance(n)
      seed = (seed * 16807) % 2147483647
      return seed % n
    end
    local names = { "id", "i", "ids", "a longer name of a member", "", "\\u0061", "a", "x\\n", ("n"):rep(300) }
    local function value(depth)
      local what = chance(depth > 3 and 4 or 7)
      if what < 4 then
        return ({ "1", "-2.5", "null", '"text"' })[what + 1]
      end
      local parts = {}
      for i = 1, chance(5) do
        local inner = value(depth + 1)
        parts[i] = what == 4 and inner or ('"%s":%s'):format(names[(i + chance(4)) % #names + 1], inner)
      end
      return (what == 4 and "[%s]" or "{%s}"):format(table.concat(parts, ","))
    end
    for _ = 1, 300 do
      local rows = {}
      for i = 1, 20 do
        rows[i] = value(0)
      end
      local text = "[" .. table.concat(rows, ",") .. "]"
      assert.same(cjson.decode(text), json.decode(text, true), text)
    end
  end)

  it("reads more names than it remembers", function()
    local parts = {}
    for i = 1, 2000 do
      parts[i] = ('"name %d":{"inner %d":%d}'):format(i, i % 7, i)
    end
    local row = "{" .. table.concat(parts, ",") .. "}"
    local value = json.decode("[" .. row .. "," .. row .. "]")
    for i = 1, 2000 do
      assert.equal(i, value[1]["name " .. i]["inner " .. i % 7])
      assert.equal(i, value[2]["name " .. i]["inner " .. i % 7])
    end
  end)

  it("does not take a short list for a long one because the list before was long", function()
    local long = "[" .. ("1,"):rep(999) .. "1]"
    local text = "[" .. (long .. "," .. ("["):rep(200) .. ("]"):rep(200) .. ","):rep(20) .. "0]"
    collectgarbage()
    collectgarbage "stop"
    local before = collectgarbage "count"
    assert.equal(41, #json.decode(text))
    local used = collectgarbage "count" - before
    collectgarbage "restart"
    assert.is_true(used < 2000, ("%.0f KiB for a text of %.0f"):format(used, #text / 1024))
  end)

  it("returns strings unchanged, including NUL and invalid UTF-8", function()
    assert.equal("a\0b", json.decode '"a\\u0000b"')
    assert.equal("\255", json.decode '"\255"')
  end)

  it("does not change the program's own cjson", function()
    local cjson = require "cjson"
    cjson.decode_invalid_numbers(true)
    assert.is_table(cjson.decode "[NaN]")
    local mine = cjson.decode '{"a":null}'
    assert.equal(cjson.null, mine.a)
    assert.equal(cjson.null, json.null)
  end)
end)

describe("encoding", function()
  it("writes whole numbers without a dot", function()
    assert.equal("147696", json.number(147696.0))
    assert.equal("-1", json.number(-1))
    assert.equal("0", json.number(0))
    assert.equal("9007199254740991", json.number(9007199254740991))
  end)

  it("writes fractions so that they read back the same", function()
    for _, number in ipairs { 0.1, 1 / 3, 2296380.85, 1e-300, -1.5e300, 123456.789012345 } do
      assert.equal(number, tonumber(json.number(number)))
    end
    assert.equal("0.1", json.number(0.1))
    assert.equal("2296380.85", json.number(2296380.85))
  end)

  it("writes numbers with a dot in any locale", function()
    local before = os.setlocale(nil, "numeric")
    local set = os.setlocale("de_DE.UTF-8", "numeric") or os.setlocale("de_DE", "numeric")
    local text = json.number(2296380.85)
    os.setlocale(before, "numeric")
    assert.equal("2296380.85", text, "under locale " .. tostring(set))
  end)

  it("writes lists, objects in the order of their names, and marked empty lists", function()
    assert.equal('{"a":[1,2],"b":{},"c":[],"d":null}',
      json.encode({ d = json.null, c = json.array {}, b = {}, a = { 1, 2 } }, "body"))
  end)

  it("writes a decoded empty list as a list, wherever it is", function()
    local text = '{"a":[],"b":{"c":[[],[1]]},"d":{}}'
    assert.equal(text, json.encode(json.decode(text), "body"))
    assert.equal("[]", json.encode(json.decode "[]", "body"))
  end)

  it("does not change the metatable of a caller's list", function()
    local methods = { __index = { first = function(list) return list[1] end } }
    local list = setmetatable({ 7 }, methods)
    local marked = json.array(list)
    assert.equal(7, list:first())
    assert.equal("[7]", json.encode(marked, "body"))
    assert.equal("[]", json.encode(json.array(setmetatable({}, methods)), "body"))
    assert.equal(marked, json.array(marked))
    assert.equal("[]", json.encode(setmetatable({}, { __jsontype = "array" }), "body"))
  end)

  it("escapes only what must be escaped, not slashes", function()
    assert.equal('"http://a/\\\\/\\"\\n"', json.string 'http://a/\\/"\n')
    assert.equal("\\/", json.decode(json.string "\\/"))
  end)

  it("names the place of a value that can't be encoded", function()
    local function problem(value)
      local text, why = json.encode(value, "body")
      assert.is_nil(text)
      return why
    end
    assert.equal("body.keywords[2].id is a function, which JSON does not have",
      problem { keywords = { { id = 1 }, { id = print } } })
    assert.equal("body.title is not valid UTF-8 at byte 2", problem { title = "a\255" })
    assert.equal("body[1] is not a finite number", problem { 0 / 0 })
    assert.equal("body has both names and numbers as keys, or a list with holes", problem { 1, a = 2 })
    assert.equal("body.x has both names and numbers as keys, or a list with holes", problem { x = { [1] = 1, [3] = 3 } })
    local loop = {}
    loop.self = loop
    assert.truthy(problem(loop):find "is nested too deeply, or holds itself$")
    assert.truthy(#problem(loop) < 100)
  end)
end)

describe("another lua-cjson", function()
  -- OpenResty's returns integers, marks lists with metatables, and can leave slashes unescaped. If it is not installed, the
  -- classic one is wrapped to behave like it.
  local function openresty_cjson()
    local classic = require "cjson"
    local array_mt = {}
    local function dress(value)
      if type(value) == "table" then
        for key, element in pairs(value) do
          value[key] = dress(element)
        end
        if #value > 0 then
          setmetatable(value, array_mt)
        end
      elseif math.type and type(value) == "number" and value % 1 == 0 then
        return math.tointeger(value)
      end
      return value
    end
    return {
      null = classic.null,
      array_mt = array_mt,
      empty_array_mt = {},
      empty_array = function() end, -- a light userdata there
      new = function()
        local instance = classic.new()
        return {
          null = classic.null,
          decode = function(text) return dress(instance.decode(text)) end,
          encode = instance.encode,
          decode_invalid_numbers = instance.decode_invalid_numbers,
          decode_array_with_array_mt = function() end,
        }
      end,
    }
  end

  it("that returns integers and marks lists works as well", function()
    local before, before_json = package.loaded.cjson, package.loaded["seranking.base.json"]
    local theirs, our_mark = openresty_cjson(), core.array_mt()
    package.loaded.cjson, package.loaded["seranking.base.json"] = theirs, nil
    local other = require "seranking.base.json"
    package.loaded.cjson, package.loaded["seranking.base.json"] = before, before_json
    finally(function() core.array_mt(our_mark) end)
    local value = other.decode '{"id":147696,"none":null,"list":[null,1]}'
    assert.equal("147696", tostring(value.id))
    assert.is_nil(value.none)
    assert.equal(other.null, value.list[1])
    assert.equal("[1,[]]", other.encode({ 1, other.array {} }, "body"))
    assert.equal('{"a":[],"b":[],"c":[]}', other.encode({ a = setmetatable({}, theirs.array_mt),
      b = setmetatable({}, theirs.empty_array_mt), c = theirs.empty_array }, "body"))
    assert.equal(theirs.empty_array_mt, getmetatable((other.decode "[]")))
  end)
end)
