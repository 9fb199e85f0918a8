--- The rows of SE Visible that a call names: its project, and what hangs under it.
-- SPDX-License-Identifier: MIT

local laravel = require "seranking.fake.laravel"
local resolve = require "seranking.fake.resolve"

local projects = {}

---@alias seranking.fake.OfProject fun(call: seranking.fake.Call, project: table): any, seranking.fake.Refusal?

--- An answer about a project, which must be there.
---@param answer seranking.fake.OfProject
function projects.of_project(answer)
  return function(call)
    local project = call.store.visible_projects:where({ uuid = call.args.project_id })[1]
    if not project then
      return nil, resolve.refuse(404, "Not Found", "project_id: no such project")
    end
    return answer(call, project)
  end
end

--- An answer about a row of the project that an id names.
---@param name string
---@param collection string
---@param answer fun(call: seranking.fake.Call, project: table, row: table): any, seranking.fake.Refusal?
function projects.of_row(name, collection, answer)
  return projects.of_project(function(call, project)
    local row = call.store[collection]:get(call.args[name])
    if not row or row.project_id ~= project.id then
      return nil, resolve.refuse(404, "Not Found", name .. ": no such row in the project")
    end
    return answer(call, project, row)
  end)
end

--- The rows of the project that a list of ids names, all or none.
---@param call seranking.fake.Call
---@param project table
---@param ids integer[]
---@param collection string
---@param field string the parameter, for the refusal
---@return table[]? rows, seranking.fake.Refusal? refusal
function projects.rows(call, project, ids, collection, field)
  local rows = {}
  for i, id in ipairs(ids) do
    local row = call.store[collection]:get(id)
    if not row or row.project_id ~= project.id then
      return nil, laravel.about(field, ("The selected %s is invalid."):format(field), ("%s: %s is not in the project"):format(
        field, tostring(id)))
    end
    rows[i] = row
  end
  return rows
end

return projects
