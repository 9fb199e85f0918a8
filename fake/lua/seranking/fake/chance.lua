--- Numbers that look random and are a pure function of words: the same on every Lua and every machine.
-- SPDX-License-Identifier: MIT
--
-- Only additions, multiplications below 2^53, divisions and floors, which every Lua computes alike; no pow, exp or log, whose
-- last digit depends on the C library.

local floor = math.floor
local byte = string.byte

local chance = {}

-- The largest prime below 2^26: the product of two residues is exact in a double.
local P = 67108859
chance.PRIME = P

--- What `unit` adds to a key for the next of its numbers.
chance.STEP = 104729

-- Squaring is what makes neighbours differ: the rest is linear.
local function mix(h)
  h = (h * h + 29) % P
  h = (h * 40503 + 12289) % P
  return (h * h + 7919) % P
end

local START = 5381

-- Adds a word: each byte is (h * 31 + byte) % P. Five at a time, with the powers of 31, stay below 2^53.
local function add(h, word)
  if type(word) == "number" then
    word = ("%d"):format(word)
  end
  local length = #word
  local whole = length - length % 5
  for at = 1, whole, 5 do
    local a, b, c, d, e = byte(word, at, at + 4)
    h = (h * 28629151 + a * 923521 + b * 29791 + c * 961 + d * 31 + e) % P
  end
  for at = whole + 1, length do
    h = (h * 31 + byte(word, at)) % P
  end
  return (h * 257 + 1) % P -- so that "ab", "c" is not "a", "bc"
end

--- The beginning of keys that have their first words in common, for chance.key_of.
---@param ... string|integer
---@return integer
function chance.beginning(...)
  local h = START
  for i = 1, select("#", ...) do
    h = add(h, (select(i, ...)))
  end
  return h
end

--- The key of a beginning and one more word.
---@param beginning integer
---@param word string|integer
---@return integer
function chance.key_of(beginning, word)
  return mix(add(beginning, word))
end

--- A key made of words and whole numbers, for the functions below.
---@param ... string|integer
---@return integer
function chance.key(...)
  return mix(chance.beginning(...))
end

--- A number in [0, 1).
---@param key integer
---@param index integer which of the key's numbers, from 0
---@return number
function chance.unit(key, index)
  local h = (key + index * 104729) % P -- mix, written out: this is called most
  h = (h * h + 29) % P
  h = (h * 40503 + 12289) % P
  return (h * h + 7919) % P / P
end

local unit = chance.unit

--- Four numbers of a key that follow each other, each as `unit` gives it: one call for four.
---@param key integer
---@param index integer of the first
---@return number
---@return number
---@return number
---@return number
function chance.units(key, index)
  local p = P -- a local is read faster
  local a = (key + index * 104729) % p
  local b, c, d = (a + 104729) % p, (a + 209458) % p, (a + 314187) % p
  a, b, c, d = (a * a + 29) % p, (b * b + 29) % p, (c * c + 29) % p, (d * d + 29) % p
  a, b, c, d = (a * 40503 + 12289) % p, (b * 40503 + 12289) % p, (c * 40503 + 12289) % p, (d * 40503 + 12289) % p
  return (a * a + 7919) % p / p, (b * b + 7919) % p / p, (c * c + 7919) % p / p, (d * d + 7919) % p / p
end

--- A whole number from `least` to `most`.
---@param key integer
---@param index integer
---@param least integer
---@param most integer
---@return integer
function chance.whole(key, index, least, most)
  return least + floor(unit(key, index) * (most - least + 1))
end

--- An element of a list.
---@param key integer
---@param index integer
---@param list any[]
---@return any
function chance.pick(key, index, list)
  return list[1 + floor(unit(key, index) * #list)]
end

--- The elements of a list that are there, each with the same chance.
---@param key integer
---@param first integer which of the key's numbers the first element has; the next have the next
---@param share number from 0 to 1
---@param list any[]
---@return any[]
function chance.some(key, first, share, list)
  local found, count, p = {}, 0, P
  for i = 1, #list do
    local h = (key + (first + i) * 104729) % p -- unit, written out
    h = (h * h + 29) % p
    h = (h * 40503 + 12289) % p
    if (h * h + 7919) % p / p < share then
      count = count + 1
      found[count] = list[i]
    end
  end
  return found
end

--- A whole number with a heavy tail: half of them are below twice `least`, one in a thousand is a thousand times as much.
---@param key integer
---@param index integer
---@param least integer
---@return integer
function chance.heavy(key, index, least)
  return chance.heavy_of(unit(key, index), least)
end

--- The same of a number that is known already.
---@param number number in [0, 1)
---@param least integer
---@return integer
function chance.heavy_of(number, least)
  return floor(least / (1 - number * 0.9998))
end

--- A curve over time in [-1, 1]: straight lines between a number for each whole `time`.
---@param key integer
---@param time number
---@return number
function chance.wave(key, time)
  local knot = floor(time)
  local before, after = unit(key, knot % P), unit(key, (knot + 1) % P)
  return 2 * (before + (after - before) * (time - knot)) - 1
end

local SCALES = { [0] = 1, 10, 100, 1000, 10000 }

--- A number rounded to `digits` behind the dot.
---@param number number
---@param digits? integer 0
---@return number
function chance.round(number, digits)
  local scale = SCALES[digits or 0]
  local rounded = floor(number * scale + 0.5)
  return digits and digits > 0 and rounded / scale or rounded
end

return chance
