--- A walk by lists of rows instead of rows: what is left of a page at a time.
-- SPDX-License-Identifier: MIT

local pages = require "seranking.walk.pages"

local lists = {}

--- The iterator of a walk: a list, and the places in it of the first and last row that it delivers.
---@param walk seranking.Walk
---@return fun(): table?, integer, integer next_list raises the error of a page that failed, as that of `each` does
---@return seranking.WalkState
function lists.of(walk)
  local next_row, state = pages.rows(walk)
  walk.row_lists = nil -- a list that is read row by row has no row twice
  return function()
    if next_row() == nil then
      return nil
    end
    local first = walk.at
    local more = math.min(walk.count - first, walk.left)
    walk.at, walk.left = first + more, walk.left - more
    return walk.rows, first, first + more
  end, state
end

return lists
