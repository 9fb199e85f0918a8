--- All files that are made of the API descriptions.
-- SPDX-License-Identifier: MIT

local errors = require "reference.errors"
local markdown = require "reference.markdown"
local model = require "reference.model"
local options = require "reference.options"
local types = require "reference.types"

--- All files by their paths.
---@param index? table<string, string> as seranking.api, which it is when left out
---@return table<string, string>
return function(index)
  local families = model.families(index)
  local files = markdown.pages(families)
  files["docs/options.md"] = options.page()
  files["docs/errors.md"] = errors.page()
  files["library/seranking.lua"] = types.file(families)
  return files
end
