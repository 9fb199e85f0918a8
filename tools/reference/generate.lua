--- All files generated from the API descriptions.
-- SPDX-License-Identifier: MIT

local command = require "reference.command"
local errors = require "reference.errors"
local markdown = require "reference.markdown"
local model = require "reference.model"
local options = require "reference.options"
local types = require "reference.types"

--- The generated files: path to text.
---@param index? table<string, string> default: seranking.api
---@return table<string, string>
return function(index)
  local families = model.families(index)
  local files = markdown.pages(families)
  files["docs/options.md"] = options.page()
  files["docs/errors.md"] = errors.page()
  files["docs/command.md"], files["docs/seranking.1"] = command.page(), command.manual()
  files["library/seranking.lua"] = types.file(families)
  return files
end
