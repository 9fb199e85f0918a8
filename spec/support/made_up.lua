--- A made-up resource of the Project API, with parameters of many types and styles.
-- SPDX-License-Identifier: MIT

local operation = require "seranking.operation"
local scene = require "support.scene"

local made_up = {}

made_up.resource = {
  name = "made_up",
  params = {
    id = { type = "id" },
    ids = { type = "id[]" },
    targets = { type = "string[]", style = "repeat", wire = "target" },
    cols = { type = "string[]", style = "comma", enum = { "a", "b", "c" } },
    allow = { type = "string[]", style = "lines" },
    filter = { type = "object", style = "tree" },
    rules = { type = "object[]", style = "json" },
    month = { type = "month" },
    prompt_llm_ids = { type = "id[]", wire = { v4 = "k2site_llm_ids" } },
    email = { type = "string" },
    file = { type = "file", wire = "upload" },
    source = { type = "string" },
    deep = { type = "boolean" },
  },
}

--- The request of an operation of the resource, as dry_run shows it.
---@param description table of the operation
---@param args? table
---@param options? table of the client
---@return table
function made_up.request(description, args, options)
  local client = scene.new(options)
  return (operation.new(client, made_up.resource, description, {}):dry_run(args)) -- no tail call: messages say so
end

return made_up
