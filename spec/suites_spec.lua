--- The decoder on suites that others wrote: spec/suites. SPDX-License-Identifier: MIT

local json = require "seranking.base.json"
local system = require "support.system"

-- The names of a folder's files.
local function files(folder)
  local names = {}
  for name in system.output("ls " .. folder):gmatch "[^\n]+" do
    names[#names + 1] = name
  end
  return names
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

describe("JSONTestSuite", function()
  local FOLDER = "spec/suites/JSONTestSuite/test_parsing/"

  -- The texts by the first letter of their names: y must be accepted, n must be refused, i may be either.
  local texts = { y = {}, n = {}, i = {} }
  for _, name in ipairs(files(FOLDER)) do
    table.insert(texts[name:sub(1, 1)], name)
  end

  it("is whole", function()
    assert.same({ 95, 188, 35 }, { #texts.y, #texts.n, #texts.i })
  end)

  it("has 95 texts that are accepted", function()
    for _, name in ipairs(texts.y) do
      local value, problem = json.decode(read(FOLDER .. name), true)
      assert.is_not_nil(value, name .. ": " .. tostring(problem))
    end
  end)

  it("has 188 texts that are refused with the place", function()
    for _, name in ipairs(texts.n) do
      local value, problem = json.decode(read(FOLDER .. name), true)
      assert.is_nil(value, name)
      assert.matches(", at byte %d+", problem, 1, false, name)
    end
  end)

  it("has 35 texts that get a value or a problem", function()
    for _, name in ipairs(texts.i) do
      local value, problem = json.decode(read(FOLDER .. name), true)
      assert.is_true(value ~= nil or type(problem) == "string", name)
    end
  end)
end)

describe("parse-number-fxx", function()
  local FOLDER = "spec/suites/parse-number-fxx/data/"

  -- The 64 bits of a finite double, in hexadecimal.
  local function bits(value)
    if string.pack then
      return (string.pack(">d", value):gsub(".", function(byte)
        return ("%02X"):format(byte:byte())
      end))
    end
    local sign = (value < 0 or 1 / value < 0) and 0x800 or 0
    value = math.abs(value)
    if value == 0 then
      return ("%03X0000000000000"):format(sign)
    end
    local fraction, exponent = math.frexp(value)
    local biased = exponent + 1022
    local mantissa
    if biased > 0 then
      mantissa = (fraction * 2 - 1) * 2 ^ 52
    else
      mantissa, biased = fraction * 2 ^ (52 + biased), 0
    end
    local high = math.floor(mantissa / 2 ^ 32)
    return ("%03X%05X%08X"):format(sign + biased, high, mantissa - high * 2 ^ 32)
  end

  -- Of -0, which is an integer here.
  local ZERO = bits(0)

  -- Whether a text is a number by JSON's grammar.
  local function is_json(text)
    local rest = text:match "^%-?0([^%d].*)$" or text:match "^%-?[1-9]%d*(.*)$" or text:match "^%-?0$" and ""
    if not rest then
      return false
    end
    rest = rest:match "^%.%d+(.*)$" or rest
    return (rest:match "^[eE][+-]?%d+(.*)$" or rest) == ""
  end

  for _, name in ipairs(files(FOLDER)) do
    it(name, function()
      local count, wrong = 0, {}
      for expected, text in read(FOLDER .. name):gmatch "%x+ %x+ (%x+) ([^\n]+)" do
        if is_json(text) then
          count = count + 1
          local value, problem = json.decode(text)
          local got = value and bits(value + 0.0) or problem
          if expected:match "^[7F]FF0000000000000$" then
            if value or not problem:find("number", 1, true) then
              wrong[#wrong + 1] = text .. " is beyond a double, got " .. got
            end
          elseif got ~= expected and not (text == "-0" and got == ZERO) then
            wrong[#wrong + 1] = ("%s is %s, got %s"):format(text, expected, got)
          end
        end
      end
      assert.is_true(count > 0)
      assert.equal("", table.concat(wrong, "\n"):sub(1, 2000))
    end)
  end
end)
