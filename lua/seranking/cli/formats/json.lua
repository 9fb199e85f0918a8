--- JSON: one document, a list with a row a line.
-- SPDX-License-Identifier: MIT

local text = require "seranking.cli.text"

local json = {}

local TAIL, NONE = "\n]\n", "[]\n"

--- Goes on in a file: takes the end of its list away.
---@param file seranking.cli.File
---@param settings seranking.cli.Settings
---@return true? done, string? problem
function json.continue(file, settings)
  if file:ends_with(NONE) and file.size == #NONE then
    settings.continues = false
    return file:truncate(0)
  elseif not file:ends_with(TAIL) then
    return nil, "its list has no end: begin again without --resume"
  end
  return file:truncate(file.size - #TAIL)
end

--- Ends the list of a file that was cut after a row.
---@param file seranking.cli.File
function json.mend(file)
  file:write(file.size > 0 and TAIL or NONE)
end

--- See seranking.cli.output.
function json.open(write, settings)
  local begun, json_text = settings.continues or false, text.json_of(settings.columns)
  return {
    rows = function(_, list, first, last)
      local fine, problem = true, nil
      while fine and first <= last do
        fine, problem = write((begun and ",\n" or "[\n") .. json_text(list[first]))
        begun, first = true, first + 1
      end
      return fine, problem
    end,
    document = function(_, value)
      return write(json_text(value) .. "\n")
    end,
    close = function()
      return write(begun and TAIL or NONE)
    end,
  }
end

return json
