--- A canvas of ASCII characters, a letter or mark for each series, with the methods of the braille one.
-- SPDX-License-Identifier: MIT

local floor = math.floor

local ascii = { across = 1, down = 1 }

local MARKS = { "*", "o", "x", "+", "#", "@" }

local function mark(index)
  return MARKS[(index - 1) % #MARKS + 1]
end

--- A piece of the line of a series, for a legend.
---@param index integer
---@return string
function ascii.sample(index)
  return mark(index):rep(3)
end

local Canvas = {}
Canvas.__index = Canvas

---@param columns integer characters
---@param rows integer
---@return seranking.cli.Canvas
function ascii.new(columns, rows)
  return setmetatable({ columns = columns, rows = rows, across = 1, down = 1, owners = {} }, Canvas)
end

--- Sets a dot; those outside are left out.
function Canvas:dot(x, y, index)
  if x >= 0 and y >= 0 and x < self.columns and y < self.rows then
    self.owners[y * self.columns + x] = index
  end
end

--- Draws a line: one mark a column, for steep lines would otherwise be bars.
function Canvas:line(x0, y0, x1, y1, index)
  for x = x0, x1 do
    local share = x1 > x0 and (x - x0) / (x1 - x0) or 1
    self:dot(x, floor(y0 + (y1 - y0) * share + 0.5), index)
  end
end

--- The characters of a row.
---@param row integer from 1
---@return { texts: string[], owners: table<integer, integer> }
function Canvas:row(row)
  local texts, owners = {}, {}
  for column = 1, self.columns do
    local owner = self.owners[(row - 1) * self.columns + column - 1]
    texts[column], owners[column] = owner and mark(owner) or " ", owner
  end
  return { texts = texts, owners = owners }
end

return ascii
