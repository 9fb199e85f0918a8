--- Large answers: decoded in slices, and read row by row: src/lua/lseranking_decoding.c. SPDX-License-Identifier: MIT

local cjson = require("cjson").new()
local core = require "lseranking"
local json = require "seranking.base.json"

local KEY = "be2165b7d065e278e7305c1c7ef791f283f5d14b"

-- A call that was answered, and its client. Without a clock time passes.
local function answered(body, timeout)
  local client = assert(core.client {
    token = KEY, external = true, rate_limit = 0, clock = not timeout and core.clock() or nil, timeout = timeout,
  })
  local call = client:call("GET", "/x", nil, nil, nil, true, nil)
  client:run(call, 0)
  call:answer(200, "", body)
  assert.is_true(client:run(call, 0))
  return call, client
end

-- Takes all steps. Returns how many there were, and the results of the last one.
local function steps_of(decoding, between)
  local count = 1
  local over, value, problem, late = decoding:step()
  while not over do
    assert.is_nil(value)
    if between then
      between()
    end
    count = count + 1
    over, value, problem, late = decoding:step()
  end
  return count, value, problem, late
end

local function rows_of(count, row)
  local rows = {}
  for i = 1, count do
    rows[i] = row:format(i, i)
  end
  return rows
end

local ROW = [[{"id":%d,"name":"row %d","nested":{"list":[1,2.5,{"deep":true}],"none":null},"text":"\u00e4\n","last":[]}]]
local ROWS = rows_of(6000, ROW)
local LIST = "[" .. table.concat(ROWS, " ,\n") .. "]"

describe("an answer decoded in slices", function()
  it("is what it is decoded at once, whatever happens in between", function()
    for _, keep in ipairs { false, true } do
      local turn = 0
      local count, value, problem = steps_of(assert(answered(LIST):decoding(keep)), function()
        turn = turn + 1
        if turn % 3 == 0 then
          collectgarbage()
        end
        json.decode '{"other":[{"a":1}]}'
      end)
      assert.is_nil(problem)
      assert.is_true(count > 5, count .. " slices")
      assert.same(json.decode(LIST, keep), value)
      assert.equal("[]", json.encode(value[7].last, "x"))
    end
  end)

  it("is decoded in slices of few tables as well", function()
    local text = "[" .. ("[],"):rep(100000) .. "{}]"
    local count, value = steps_of(assert(answered(text):decoding(false)))
    assert.is_true(count > 40, count .. " slices")
    assert.equal(100001, #value)
  end)

  it("is paused inside blanks, deep nesting and long strings", function()
    local deep, long = 900, 200000
    for name, text in pairs {
      ["blanks"] = "[1," .. (" "):rep(long) .. "2]", ["nesting"] = ("["):rep(deep) .. (" "):rep(long) .. ("]"):rep(deep),
      ["a string"] = '["' .. ("x"):rep(long) .. '",1]', ["escapes"] = '["' .. ("\\n"):rep(long) .. '",1]',
      ["a name"] = '{"' .. ("x"):rep(long) .. '": 1, "b" :2}', ["a value alone"] = '"' .. ("x"):rep(long) .. '"',
      ["blanks behind"] = "1" .. (" "):rep(long), ["objects"] = '{"a" :' .. (" "):rep(long) .. '{ "b":1 } }',
    } do
      local _, value, problem = steps_of(assert(answered(text):decoding(false)))
      assert.is_nil(problem, name)
      assert.same(json.decode(text), value, name)
    end
  end)

  it("that is small is none: it is decoded at once", function()
    assert.is_nil((answered('{"a":1}'):decoding(false)))
    assert.is_nil((answered(""):decoding(false)))
  end)

  it("that is invalid has the problem that it has at once", function()
    for _, text in ipairs { LIST:sub(1, -2), LIST .. "]", LIST:gsub('"last"', "last", 1), (LIST:gsub("true", "treu")),
      "[" .. LIST .. ",01]", LIST:sub(1, -3) .. '"\\x"}]' } do
      local _, value, problem, late = steps_of(assert(answered(text):decoding(false)))
      local _, at_once = json.decode(text)
      assert.same({ nil, at_once, false }, { value, problem, late })
    end
  end)

  it("ends at the call's deadline", function()
    local call = answered(LIST, 0.3)
    local decoding = call:decoding(false)
    assert.is_false((decoding:step()))
    local over = core.monotonic() + 0.3
    while core.monotonic() < over do end -- luacheck: ignore
    local done, value, problem, late = decoding:step()
    assert.same({ true, nil, true }, { done, value, late })
    assert.matches("^the deadline came first, at byte %d+ of " .. #LIST .. "$", problem)
  end)

  it("that is over, or whose call is used again, is refused", function()
    local call = answered(LIST)
    local decoding = call:decoding(false)
    steps_of(decoding)
    assert.has_error(function() decoding:step() end, "the decoding is over")
    decoding = call:decoding(false)
    assert.is_false((decoding:step()))
    assert.is_true(call:trim())
    assert.has_error(function() decoding:step() end, "the call is empty")
    assert.has_error(function() call:decoding(false) end)
  end)

  it("is freed if it is given up, and leaves the collector as it was", function()
    for stopped = 0, 1 do
      local call = answered(LIST)
      local decoding = call:decoding(false)
      if stopped == 1 then
        collectgarbage "stop"
      end
      decoding:step()
      decoding:step()
      local tells, running = pcall(collectgarbage, "isrunning")
      collectgarbage "restart"
      if tells then
        assert.equal(stopped == 0, running)
      end
      local gone = setmetatable({ decoding, call }, { __mode = "v" })
      decoding, call = nil, nil -- luacheck: ignore
      collectgarbage()
      collectgarbage()
      assert.same({}, { gone[1], gone[2] })
    end
  end)
end)

describe("rows of an answer", function()
  -- The value of a text with the rows in it.
  local function read(text, lists, keep)
    local call = answered(text)
    local _, value, problem = steps_of(assert(call:decoding(keep or false, lists)))
    return value, call, problem
  end

  local function all(rows)
    local list = {}
    for i = 1, #rows do
      list[i] = rows[i]
    end
    assert.is_nil(rows[#rows + 1])
    return list
  end

  it("are those of the answer itself or of a named member, and the other members are there", function()
    for text, about in pairs {
      [LIST] = { "." }, ['{"total": 6000, "data" : ' .. LIST .. ' ,"more":[1,{"a":[]}]}'] = { "rows data", "data" },
      ['{"data":{"no":"list"},"rows":' .. LIST .. "}"] = { "data rows .", "rows" },
    } do
      local lists, name = about[1], about[2]
      local value, call = read(text, lists)
      local rows = name and value[name] or value
      assert.is_true(core.is_rows(rows))
      assert.equal(6000, #rows)
      call:give(rows)
      assert.equal("", call:body())
      assert.is_true(call:trim())
      assert.same(json.decode(LIST), all(rows))
      if name then
        local whole = json.decode(text)
        whole[name] = nil
        value[name] = nil
        assert.same(whole, value)
      end
    end
  end)

  it("are values of any kind, nulls as the client wants them", function()
    local parts = rows_of(30000, "[%d]")
    parts[2], parts[3], parts[5], parts[30000] = "null", '"\\u00e4"', '{"a":null}', "-1.5"
    local text = "[" .. table.concat(parts, ",") .. "]"
    for _, keep in ipairs { false, true } do
      local rows, call = read(text, ".", keep)
      call:give(rows)
      assert.same(json.decode(text, keep), all(rows))
    end
  end)

  it("are not made of lists with other names, inside others, or small ones", function()
    local text = '{"data":{"rows":' .. LIST .. '},"list":' .. LIST .. ',"rows":[]}'
    local value = read(text, "rows .")
    assert.same(json.decode(text), value)
    assert.equal("[]", json.encode(value.rows, "x"))
    assert.is_nil((answered('[{"a":1}]'):decoding(false, ".")))
    assert.is_table((read(LIST, "rows")))
    assert.is_false(core.is_rows(read(LIST, "rows")))
    assert.is_false(core.is_rows(json.null))
  end)

  it("are the first list of the name; a second one is made", function()
    local value = read('{"data":' .. LIST .. ',"data":' .. LIST .. "}", "data")
    assert.same(json.decode(LIST), value.data)
  end)

  it("come with an answer that is valid to its end, or there are none", function()
    for _, text in ipairs { LIST:sub(1, -2), LIST .. "]", (LIST:gsub("true", "treu")), (LIST:gsub('"last"', "last", 1)),
      (LIST:gsub("2%.5", "02.5")), (LIST:gsub("00e4", "00g4", 1)), (LIST:gsub("row 5", "row\t5", 1)), '{"data":' .. LIST,
      (LIST:gsub("%[1,2", "[1,,2")), (LIST:gsub(':%{"list"', ':{,"list"', 1)), (LIST:gsub("none\":", "none\"", 1)),
      (LIST:gsub("%[%]", "[}", 1)), "[" .. ("["):rep(2000) .. (" "):rep(200000) .. ("]"):rep(2000) .. "]",
      "[1e999" .. (" "):rep(200000) .. "]" } do
      local _, at_once = json.decode(text)
      local value, _, problem = read(text, ". data")
      assert.is_nil(value)
      assert.equal(at_once, problem)
    end
  end)

  it("can be passed over, but not read twice or before they have their text", function()
    local rows, call = read(LIST, ".")
    assert.has_error(function() return rows[1] end, "the rows have no text")
    call:give(rows)
    assert.has_error(function() call:give(rows) end)
    assert.equal(2, rows[2].id)
    assert.equal(3000, rows[3000].id)
    assert.has_error(function() return rows[3000] end, "row 3000 was read before: rows are read in order")
    assert.equal(6000, rows[6000].id)
    assert.is_nil(rows[6001])
    for _, index in ipairs { 0, -1, 1.5, "x", 2 ^ 40 } do
      assert.is_false(pcall(function() return rows[index] end))
    end
    local other, other_call = read(LIST, ".")
    assert.has_error(function() call:give(other) end)
    assert.has_error(function() other_call:give({}) end)
  end)

  it("read by lua-cjson's measure are equal, however rows differ", function()
    local seed, parts = 5, {}
    local function chance(n)
      seed = (seed * 16807) % 2147483647
      return seed % n
    end
    for i = 1, 20000 do
      local members = {}
      for _ = 1, chance(4) do
        members[#members + 1] = ('"%s":%s'):format(({ "a", "b", "c", "\\u0061", "" })[chance(5) + 1],
          ({ "1", "[]", '[{"x":2}]', '"s"', '{"a":{"a":null}}' })[chance(5) + 1])
      end
      parts[i] = "{" .. table.concat(members, ",") .. "}"
    end
    local text = "[" .. table.concat(parts, ",") .. "]"
    local rows, call = read(text, ".", true)
    call:give(rows)
    assert.same(cjson.decode(text), all(rows))
  end)

  it("take the memory of one row, and free their text with them", function()
    local rows, call = read("[" .. table.concat(rows_of(60000, ROW), ",") .. "]", ".")
    call:give(rows)
    collectgarbage()
    local before, most = collectgarbage "count", 0
    for i = 1, #rows do
      assert(rows[i].id == i)
      if i % 5000 == 0 then
        collectgarbage()
        most = math.max(most, collectgarbage "count" - before)
      end
    end
    assert.is_true(most < 100, ("%.0f KiB"):format(most))
  end)
end)
