--- Shared by the specs of docs/reference and library/seranking.lua. Puts tools/ on the path.
-- SPDX-License-Identifier: MIT

local assert = require "luassert"
local scene = require "support.scene"

package.path = "tools/?.lua;" .. package.path

local pages = {
  KEYS = { v4 = scene.V4_KEY, v1 = scene.V1_KEY },
  LABELS = { v4 = "v4", v1 = "v1", data = "Data API", visible = "SE Visible" },
  FOLDER = "docs/reference/",
}

--- An operation's section of a page; nil if the page lacks it.
---@param page string
---@param key string "sites.keywords.list"
---@return string?
function pages.section_of(page, key)
  local from = page:find("\n### client." .. key:gsub("%.([^.]+)$", ":%1") .. "\n", 1, true)
  if not from then
    return nil
  end
  local to = math.min(page:find("\n### ", from + 1, true) or #page, page:find("\n## ", from + 1, true) or #page)
  return page:sub(from, to)
end

--- Checks that a text contains this part.
function pages.has(section, text, where)
  assert.is_truthy(section:find(text, 1, true), where .. ": no " .. text)
end

return pages
