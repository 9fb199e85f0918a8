--- How the fake reads and writes JSON.
-- SPDX-License-Identifier: MIT

local json = require "seranking.fake.json"

describe("the fake's JSON", function()
  it("writes lists as lists, and whole numbers without a fraction", function()
    assert.equal("[]", json.encode(json.array {}))
    assert.equal("{}", json.encode {})
    assert.equal('{"a":[1,-2,0.5,2296380.85],"b":null,"c":{"d":true}}',
      json.encode { a = json.array { 1.0, -2, 0.5, 2296380.85 }, b = json.null, c = { d = true } })
    assert.equal("4503599627370496", json.encode(2 ^ 52))
    assert.equal('"\\"\\\\\\n\\u0000\\u001f\\u007f/\195\169"', json.encode('"\\\n\0\31\127/\195\169'))
    assert.has_error(function() json.encode(0 / 0) end)
    assert.has_error(function() json.encode(math.huge) end)
  end)

  it("escapes what must be in any text, long or short, of a member or an element, however often it has come", function()
    local long = ("a long text, "):rep(3)
    for _, sign in ipairs { { '"', '\\"' }, { "\\", "\\\\" }, { "\n", "\\n" }, { "\0", "\\u0000" }, { "\127", "\\u007f" } } do
      for _, text in ipairs { "short", long } do
        local raw, written = text .. sign[1] .. text, '"' .. text .. sign[2] .. text .. '"'
        for _ = 1, 3 do
          assert.equal("[" .. written .. ',{"a":' .. written .. "}," .. '"' .. long .. '"]',
            json.encode(json.array { raw, { a = raw }, long }))
          assert.equal("{" .. written .. ":1}", json.encode { [raw] = 1 })
        end
      end
    end
  end)

  it("writes objects with as many, but other names one after the other", function()
    local list = {}
    for i = 1, 9 do
      list[i] = i % 2 == 0 and { a = i, b = json.array {} } or { a = { c = i }, d = false }
    end
    list[10], list[11] = {}, { [5] = 1, [10] = 2 }
    assert.equal('[{"a":{"c":1},"d":false},{"a":2,"b":[]},{"a":{"c":3},"d":false},{"a":4,"b":[]},{"a":{"c":5},"d":false},'
      .. '{"a":6,"b":[]},{"a":{"c":7},"d":false},{"a":8,"b":[]},{"a":{"c":9},"d":false},{},{"5":1,"10":2}]',
      json.encode(json.array(list)))
    local many, expected = {}, {}
    for i = 101, 180 do -- more members than a compiled writer takes
      many["m" .. i], expected[#expected + 1] = i, ('"m%d":%d'):format(i, i)
    end
    for _ = 1, 3 do
      assert.equal("{" .. table.concat(expected, ",") .. "}", json.encode(many))
    end
  end)

  it("writes the members of rows that are asked for, and no row that lacks one", function()
    local members = json.members { "b", "a", 'c"' }
    local rows = json.rows({ { a = 1, b = "x", ['c"'] = json.null, d = 2 }, setmetatable({ a = 2, b = "y" },
      { __index = { ['c"'] = json.array { "z" } } }) }, members)
    assert.equal('{"rows":[{"a":1,"b":"x","c\\"":null},{"a":2,"b":"y","c\\"":["z"]}]}', json.encode { rows = rows })
    assert.equal('[{"a":1}]', json.encode(json.rows({ { a = 1, b = 2 } }, json.members({ "a", "b" }, 1))))
    assert.equal("[]", json.encode(json.rows({}, members)))
    assert.has_error(function() json.encode(json.rows({ { a = 1, b = 2 } }, members)) end, "a row lacks a member")
  end)

  it("reads strictly, and tells 1 from 1.0 and [] from {}", function()
    local function kind(text)
      local node = json.decode(text)
      return node and node.kind
    end
    assert.equal("integer", kind("1"))
    assert.equal("integer", kind(" -0 "))
    assert.equal("number", kind("1.0"))
    assert.equal("number", kind("1e3"))
    assert.equal("array", kind("[]"))
    assert.equal("object", kind("{ }"))
    assert.equal("null", kind("null"))
    assert.equal("boolean", kind("false"))
    assert.equal('"\n\195\169\240\159\152\128\0', json.decode('"\\"\\n\\u00e9\\ud83d\\ude00\\u0000"').value)
    local values = {}
    for i, node in ipairs(json.decode(" [ 1 ,-2.5E1,\r\n5e-1\t] ").value) do
      values[i] = node.value
    end
    assert.same({ 1, -25, 0.5 }, values)
    assert.same({ "b", "a" }, json.decode('{"b":{},"a":[]}').names)
  end)

  it("refuses all else", function()
    for _, text in ipairs {
      "", " ", "tru", "True", "01", "-", "1.", ".5", "+1", "1e", "0x10", "Infinity", "-Infinity", "[1", "[1,]", "[,1]",
      "[1 2]", "{", '{"a"}', '{"a":}', '{"a":1', '{"a":1,}', '{"a":1 "b":2}', "{1:2}", '"', '"a', '"\\x"', '"\\u12"',
      '"\\ud800"', '"\\ud800\\u0041"', '"\\udc00"', '"a\tb"', '"\0"', "1 2", "nullx", "\239\187\1911", '"\255"',
      '"\192\128"', '"\224\128\128"', '"\237\160\128"', '"\244\144\128\128"', '"\195"', ("["):rep(100),
      ("["):rep(70) .. ("]"):rep(70),
    } do
      local node, reason = json.decode(text)
      assert.is_nil(node, text)
      assert.is_string(reason)
    end
  end)
end)
