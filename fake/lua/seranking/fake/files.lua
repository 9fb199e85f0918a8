--- Files that the fake API hands out: gzip and ZIP, written without compression.
-- SPDX-License-Identifier: MIT

local files = {}

---@class seranking.fake.File an answer that is no JSON
---@field content_type string
---@field data string
local file_mt = { __name = "seranking.fake.file" }

--- Wraps what an operation answers with, where that is a file.
---@param content_type string
---@param data string
---@return seranking.fake.File
function files.new(content_type, data)
  return setmetatable({ content_type = content_type, data = data }, file_mt)
end

---@param value any
---@return boolean
function files.is(value)
  return getmetatable(value) == file_mt
end

-- a XOR b of whole numbers from 0 to 2^32 - 1; not all Luas have an operator or a function for it.
local function xor(a, b)
  local result, bit = 0, 1
  while a > 0 or b > 0 do
    local low_a, low_b = a % 2, b % 2
    if low_a ~= low_b then
      result = result + bit
    end
    a, b, bit = (a - low_a) / 2, (b - low_b) / 2, bit * 2
  end
  return result
end

local table_of_remainders

local function remainders()
  local list = {}
  for byte = 0, 255 do
    local rest = byte
    for _ = 1, 8 do
      local low = rest % 2
      rest = (rest - low) / 2
      rest = low == 1 and xor(rest, 0xEDB88320) or rest
    end
    list[byte] = rest
  end
  return list
end

--- The CRC-32 of a text, as gzip and ZIP have it.
---@param text string
---@return number
function files.crc32(text)
  table_of_remainders = table_of_remainders or remainders()
  local crc = 0xFFFFFFFF
  for i = 1, #text do
    local low = crc % 256
    crc = xor((crc - low) / 256, table_of_remainders[xor(low, text:byte(i))])
  end
  return xor(crc, 0xFFFFFFFF)
end

-- Little-endian bytes of a whole number.
local function bytes(value, count)
  local list = {}
  for i = 1, count do
    local low = value % 256
    list[i] = string.char(low)
    value = (value - low) / 256
  end
  return table.concat(list)
end

--- A gzip file (RFC 1952) of blocks that are stored as they are (RFC 1951, 3.2.4).
---@param text string
---@return string
function files.gzip(text)
  local parts = { "\31\139\8\0" .. bytes(0, 4) .. "\0\255" }
  local at = 1
  repeat
    local block = text:sub(at, at + 65534)
    at = at + #block
    parts[#parts + 1] = (at > #text and "\1" or "\0") .. bytes(#block, 2) .. bytes(65535 - #block, 2) .. block
  until at > #text
  parts[#parts + 1] = bytes(files.crc32(text), 4) .. bytes(#text, 4)
  return table.concat(parts)
end

--- A ZIP archive of one file, stored as it is.
---@param name string
---@param text string
---@return string
function files.zip(name, text)
  local about = bytes(20, 2) .. bytes(0, 2) .. bytes(0, 2) .. bytes(0, 2) .. bytes(33, 2) -- 1980-01-01
    .. bytes(files.crc32(text), 4) .. bytes(#text, 4) .. bytes(#text, 4) .. bytes(#name, 2) .. bytes(0, 2)
  local entry = "PK\3\4" .. about .. name .. text
  local directory = "PK\1\2" .. bytes(20, 2) .. about .. bytes(0, 2) .. bytes(0, 2) .. bytes(0, 2) .. bytes(0, 4)
    .. bytes(0, 4) .. name
  return entry .. directory .. "PK\5\6" .. bytes(0, 4) .. bytes(1, 2) .. bytes(1, 2) .. bytes(#directory, 4)
    .. bytes(#entry, 4) .. bytes(0, 2)
end

return files
