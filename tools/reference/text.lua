--- Markdown helpers.
-- SPDX-License-Identifier: MIT

local text = {}

--- A page under construction: add(format, …) appends a line, text() returns the page.
function text.page()
  local lines, page = {}, {}
  function page.add(format, ...)
    lines[#lines + 1] = select("#", ...) > 0 and format:format(...) or format or ""
  end
  -- A block of code.
  function page.block(source)
    page.add "```lua"
    page.add("%s", source)
    page.add "```"
    page.add()
  end
  function page.text()
    return (table.concat(lines, "\n"):gsub("\n\n\n+", "\n\n"):gsub("\n+$", "") .. "\n")
  end
  return page
end

--- The anchor of a heading.
---@param heading string
---@return string
function text.anchor(heading)
  return (heading:lower():gsub("[^%w_ -]", ""):gsub(" ", "-"))
end

--- Text for a cell of a table.
---@param value string
---@return string
function text.cell(value)
  return (value:gsub("|", "\\|"):gsub("<", "\\<"))
end

---@param value string
---@return string
function text.code(value)
  return "`" .. value .. "`"
end

--- The text with a full stop, unless it ends with one.
---@param value string
---@return string
function text.sentence(value)
  return value:find "[.!?]$" and value or value .. "."
end

--- The text with a capital first letter.
---@param value string
---@return string
function text.capital(value)
  return (value:gsub("^%l", string.upper))
end

--- "`a`, `b` or `c`".
---@param list string[]
---@param last string the word before the last: "or"
---@return string
function text.listed(list, last)
  local made = {}
  for i, value in ipairs(list) do
    made[i] = text.code(value)
  end
  if #made < 2 then
    return made[1] or ""
  end
  local final = table.remove(made)
  return table.concat(made, ", ") .. " " .. last .. " " .. final
end

return text
