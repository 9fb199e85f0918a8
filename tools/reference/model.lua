--- The API descriptions as a model for pages and types: families, resources, operations, parameters, with both generations.
-- SPDX-License-Identifier: MIT

local describe = require "seranking.describe"
local products = require "seranking.api.products"
local proxy = require "seranking.base.proxy"

local model = {}

-- The order in which generations and products are shown.
model.apis = {}
-- What they are called.
model.labels = {}
-- Their places in the order; 0 for the Project API.
local places = {}
for i, api in ipairs(products) do
  model.apis[i], model.labels[api] = api, products[api] and products[api].label or api
  places[api] = products[api] and i or 0
end

--- The generation whose keys an API takes.
---@param api string
---@return "v4"|"v1"
function model.generation(api)
  return places[api] == 0 and api or "v1"
end

local sorted_keys = proxy.sorted_names
model.sorted_keys = sorted_keys

--- A parameter of an operation, in all generations.
---@class reference.Parameter
---@field name string
---@field items boolean it is a member of the elements of a list
---@field first seranking.ParameterDescription in the first generation that has it
---@field by table<string, seranking.ParameterDescription> by generation
---@field required boolean in all generations of the operation

---@return reference.Parameter[]
local function parameters_of(by_api)
  local list, known = {}, {}
  for _, api in ipairs(model.apis) do
    for _, parameter in ipairs(by_api[api] and by_api[api].parameters or {}) do
      local items = parameter.place == "items"
      local key = (items and "[]." or "") .. parameter.name
      if not known[key] then
        known[key] = { name = parameter.name, items = items, first = parameter, by = {} }
        list[#list + 1] = known[key]
      end
      known[key].by[api] = parameter
    end
  end
  for _, parameter in ipairs(list) do
    parameter.required = true
    for api in pairs(by_api) do
      parameter.required = parameter.required and parameter.by[api] ~= nil and parameter.by[api].required
    end
  end
  return list
end

--- An operation.
---@class reference.Operation
---@field name string "list"
---@field full string "sites.keywords.list"
---@field call string "client.sites.keywords:list"
---@field value string "client.sites.keywords.list"
---@field by table<string, seranking.Description> by generation
---@field any seranking.Description in the first generation that has it
---@field apis string[] the generations that have it
---@field parameters reference.Parameter[]
---@field resource reference.Resource

local function operation_of(resource, description, entry)
  local made = { name = entry[1], full = description.name .. "." .. entry[1], by = {}, apis = {}, resource = resource,
    call = resource.path .. ":" .. entry[1], value = resource.path .. "." .. entry[1] }
  for _, api in ipairs(model.apis) do
    if entry[api] then
      made.by[api] = describe.operation(description, entry, api)
      made.apis[#made.apis + 1] = api
    end
  end
  made.any = made.by[made.apis[1]]
  made.parameters = parameters_of(made.by)
  return made
end

--- A resource.
---@class reference.Resource
---@field name string "sites.keywords"
---@field path string "client.sites.keywords"
---@field about? string
---@field id? string the parameter that client.sites(5) binds
---@field operations reference.Operation[]
---@field bindable table<string, string> ids that it or a parent resource binds: id to that resource

local function resource_of(description)
  local made = { name = description.name, path = "client." .. description.name, about = description.about,
    id = description.id, operations = {}, bindable = {} }
  for i, entry in ipairs(description.operations) do
    made.operations[i] = operation_of(made, description, entry)
  end
  return made
end

-- Sets `bindable` of each resource.
local function find_bindable(resources)
  local ids = {}
  for _, resource in ipairs(resources) do
    ids[resource.name] = resource.id
  end
  for _, resource in ipairs(resources) do
    local path
    for part in resource.name:gmatch "[^.]+" do
      path = path and path .. "." .. part or part
      if ids[path] then
        resource.bindable[ids[path]] = path
      end
    end
  end
end

-- The comment below the license line of a description file; nil if there is no file.
local function notes_of(module)
  for template in package.path:gmatch "[^;]+" do
    local file = io.open((template:gsub("%?", (module:gsub("%.", "/")))))
    if file then
      local notes = {}
      for line in file:lines() do
        local text = line:match "^%-%-%s?(.*)$"
        if not text then
          break
        elseif not text:find("^%-") and not text:find("SPDX", 1, true) then
          notes[#notes + 1] = text
        end
      end
      file:close()
      return (table.concat(notes, "\n"):gsub("^%s+", ""):gsub("%s+$", ""))
    end
  end
end

--- A family: the contents of one file.
---@class reference.Family
---@field name string "sites", "data.backlinks"
---@field product? string "data"; nil: it belongs to the Project API
---@field page string name of its page
---@field module string
---@field purpose string its `about`, one line
---@field notes? string
---@field resources reference.Resource[]
---@field count integer operations

--- All families sorted by name, the Project API first, then product by product.
---@param index? table<string, string> as seranking.api has it
---@return reference.Family[]
function model.families(index)
  index = index or require "seranking.api"
  local families = {}
  for _, name in ipairs(sorted_keys(index)) do
    local notes, described = notes_of(index[name]), require(index[name])
    local first = name:match "^[^.]*"
    local family = {
      name = name, product = products[first] and first, page = name:gsub("%.", "-") .. ".md", module = index[name],
      purpose = described.about or name,
      notes = notes ~= "" and notes or nil, resources = {}, count = 0,
    }
    for i, description in ipairs(described) do
      family.resources[i] = resource_of(description)
      family.count = family.count + #family.resources[i].operations
    end
    find_bindable(family.resources)
    families[#families + 1] = family
  end
  table.sort(families, function(a, b)
    if a.product ~= b.product then
      return (places[a.product] or 0) < (places[b.product] or 0)
    end
    return a.name < b.name
  end)
  return families
end

--- The operation that returns the status of the job that this one starts (may be itself); nil if there is no job.
---@param operation reference.Operation
---@return reference.Operation?
function model.status_of(operation)
  local job = operation.any.job
  if not job then
    return nil
  elseif not job.status then
    return operation
  end
  for _, other in ipairs(operation.resource.operations) do
    if other.name == job.status or other.full == job.status then
      return other
    end
  end
end

--- Whether `each` can walk the operation's answer.
---@param operation reference.Operation
function model.is_walkable(operation)
  return operation.any.pages ~= nil or operation.any.answer == "array"
end

return model
