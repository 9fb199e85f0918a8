--- A canvas of braille characters: two dots across and four down in each.
-- SPDX-License-Identifier: MIT

local char, floor = string.char, math.floor

local braille = { across = 2, down = 4 }

-- The bit of a dot in U+2800 and up, by its place: [row][column], from the top left.
local BITS = { { 1, 8 }, { 2, 16 }, { 4, 32 }, { 64, 128 } }

--- How a series is drawn, in turn: out of every `#` dots of its line, those of a "1". They differ without colour.
braille.patterns = { "1", "10", "1110", "1000", "110100", "11110000" }

-- U+2800 and so many, in UTF-8.
local function character(bits)
  return char(0xE2, 0xA0 + floor(bits / 64), 0x80 + bits % 64)
end

--- A piece of the line of a series, for a legend.
---@param index integer
---@return string three characters
function braille.sample(index)
  local canvas = braille.new(3, 1)
  canvas:line(0, 2, 5, 2, index)
  return table.concat(canvas:row(1).texts)
end

---@class seranking.cli.Canvas
---@field columns integer
---@field rows integer
---@field across integer dots in a column
---@field down integer dots in a row
local Canvas = {}
Canvas.__index = Canvas

---@param columns integer characters
---@param rows integer
---@return seranking.cli.Canvas
function braille.new(columns, rows)
  return setmetatable({
    columns = columns, rows = rows, across = braille.across, down = braille.down, set = {}, owners = {}, steps = {},
  }, Canvas)
end

--- Sets a dot; those outside are left out.
---@param x integer from 0, left
---@param y integer from 0, top
---@param index integer the series
function Canvas:dot(x, y, index)
  local column, row = floor(x / 2), floor(y / 4)
  if column < 0 or row < 0 or column >= self.columns or row >= self.rows then
    return
  end
  local cell = row * self.columns + column
  local bit = BITS[y % 4 + 1][x % 2 + 1]
  local bits = self.set[cell] or 0
  if bits % (2 * bit) < bit then
    self.set[cell] = bits + bit
  end
  self.owners[cell] = index
end

--- Draws a line in the pattern of its series, which goes on from line to line.
---@param x0 integer
---@param y0 integer
---@param x1 integer
---@param y1 integer
---@param index integer the series
function Canvas:line(x0, y0, x1, y1, index)
  local pattern = braille.patterns[(index - 1) % #braille.patterns + 1]
  local count = math.max(math.abs(x1 - x0), math.abs(y1 - y0))
  for i = 0, count do
    local step = self.steps[index] or 0
    if pattern:byte(step % #pattern + 1) == 49 then
      local share = count > 0 and i / count or 0
      self:dot(floor(x0 + (x1 - x0) * share + 0.5), floor(y0 + (y1 - y0) * share + 0.5), index)
    end
    if i < count or count == 0 then -- the last dot is the first of the next line
      self.steps[index] = step + 1
    end
  end
end

--- The characters of a row.
---@param row integer from 1
---@return { texts: string[], owners: table<integer, integer> } owners: the series drawn last in a character
function Canvas:row(row)
  local texts, owners = {}, {}
  for column = 1, self.columns do
    local cell = (row - 1) * self.columns + column - 1
    texts[column] = self.set[cell] and character(self.set[cell]) or " "
    owners[column] = self.owners[cell]
  end
  return { texts = texts, owners = owners }
end

return braille
