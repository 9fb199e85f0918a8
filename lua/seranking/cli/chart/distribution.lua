--- How many keywords rank within the first 3, 10, 30 and 100 results.
-- SPDX-License-Identifier: MIT

local distribution = {}

--- The bands, from the best; the last is all other positions, and "not ranking".
distribution.BANDS = {
  { name = "1–3", most = 3 }, { name = "4–10", most = 10 }, { name = "11–30", most = 30 }, { name = "31–100", most = 100 },
  { name = "not in the top 100" },
}

--- The band of a position.
---@param position integer 0: not ranking
---@return integer
function distribution.band(position)
  for i, band in ipairs(distribution.BANDS) do
    if position > 0 and band.most and position <= band.most then
      return i
    end
  end
  return #distribution.BANDS
end

--- Counts keywords by band, by their first and by their last check.
---@param list seranking.cli.Point[][] the points of each; none: it was not checked
---@return { first: integer[], last: integer[] }
function distribution.count(list)
  local first, last = {}, {}
  for i = 1, #distribution.BANDS do
    first[i], last[i] = 0, 0
  end
  for _, points in ipairs(list) do
    if points[1] then
      local before, now = distribution.band(points[1].value or 0), distribution.band(points[#points].value or 0)
      first[before], last[now] = first[before] + 1, last[now] + 1
    end
  end
  return { first = first, last = last }
end

--- Counts as items of a chart of bars.
---@param counts integer[]
---@return { name: string, value: integer }[]
function distribution.items(counts)
  local items = {}
  for i, band in ipairs(distribution.BANDS) do
    items[i] = { name = band.name, value = counts[i] }
  end
  return items
end

return distribution
