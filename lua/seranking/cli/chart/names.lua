--- Names and titles from outside, made fit to stand in a chart.
-- SPDX-License-Identifier: MIT

local text = require "seranking.cli.text"

local names = {}

-- Characters that reorder the text around them (U+202A to U+202E, U+2066 to U+2069).
local REORDERING = { "\226\128[\170-\174]", "\226\129[\166-\169]" }

--- A text as one line of valid UTF-8, without control characters and without those that reorder what stands beside it.
---@param value string
---@return string
function names.clean(value)
  local clean = text.utf8(value):gsub("[%z\1-\31\127]+", " "):gsub("\194[\128-\159]", "")
  for _, pattern in ipairs(REORDERING) do
    clean = clean:gsub(pattern, "")
  end
  return clean
end

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

--- A name or title as text or attribute of XML and HTML.
---@param value string
---@return string
function names.escape(value)
  local clean = names.clean(value):gsub("\239\191[\190\191]", "\239\191\189") -- U+FFFE and U+FFFF are no XML
  return (clean:gsub("[&<>\"']", ENTITIES))
end

return names
