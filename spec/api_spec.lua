--- The API descriptions follow their format (lua/seranking/api/init.lua). catalogue_spec.lua checks their contents.
-- SPDX-License-Identifier: MIT

local api = require "seranking.api"
local descriptions = require "support.descriptions"
local notation = require "seranking.base.notation"
local products = require "seranking.api.products"

local GENERATIONS = descriptions.GENERATIONS
local each_operation, resources = descriptions.each_operation, descriptions.resources
local line_of, said = descriptions.line_of, descriptions.said

--- "a* b" -> { a = "*", b = "" }
local function names(text)
  local set = {}
  for _, entry in ipairs(notation.names(text)) do
    set[entry[1]] = entry[2] and "*" or ""
  end
  return set
end

--- "PUT /a/{b}{?c}" -> "PUT /a/{b}", { b = "*" }, { c = "*" }
local function template(text)
  if not text then
    return nil, {}, {}
  end
  local route = notation.route(text)
  local function starred(ids)
    local set = {}
    for _, id in ipairs(ids) do
      set[id] = "*"
    end
    return set
  end
  return route.method .. " " .. route.path, starred(route.in_path), starred(route.in_query)
end

describe("the format", function()
  local resource_fields = notation.set "name about id params operations"
  local operation_fields = notation.set("v4 v1 data visible post query body items upload params one_of any_of together "
    .. "fixed envelope answer unwrap fields numbers texts joined row example failed errors success instead pages job cost "
    .. "repeatable billed about use source confidence deprecated")
  local own_fields = notation.set "query body items upload envelope answer unwrap fields example" -- of one generation
  local param_fields = notation.set("type style wire fields required enum min max max_items min_items max_length min_length "
    .. "first_lacks form as_read nullable secret default wrap always enum_by sample about")
  local types = notation.set "id integer number string boolean flag date month object file text"
  local list_styles, table_styles = notation.set "brackets repeat comma lines tree", notation.set "tree json"
  local methods = notation.set "GET POST PUT PATCH DELETE"
  local answers = notation.set "array object map bytes any"
  local sources = notation.set "docs mcp n8n openapi skills third-party"

  local function check_about(about, key)
    assert.is_string(about, key)
    assert.is_truthy(about:find("^%S.*%S$"), key)
    assert.is_nil(about:find("%c"), key)
  end

  --- Lists and tables have styles of their own.
  local function check_style(param, where)
    local element = param.type:match("^(.-)%[%]")
    if param.style ~= nil then
      local is_table = (element or param.type) == "object" or param.type == "boolean" and param.style == "json"
      assert.is_truthy((is_table and table_styles or element and list_styles or {})[param.style], where)
    end
  end

  --- The name in the request: a string, or one for each generation that has another name than ours.
  local function check_wire(name, param, where)
    if type(param.wire) == "table" then
      assert.is_truthy(next(param.wire), where)
    end
    for generation, wire in pairs(type(param.wire) == "table" and param.wire or { v4 = param.wire }) do
      assert.is_true(generation == "v4" or generation == "v1", where)
      assert.is_string(wire, where)
      assert.is_truthy(wire:gsub("%[%w+%]", ""):find("^[%w_.-]+$"), where)
      assert.not_equal(name, wire, where)
    end
  end

  local function check_params(params, key)
    for name, param in pairs(params) do
      local where = key .. ": " .. name
      assert.is_truthy(name:find("^[%a_][%w_]*$"), where)
      for field in pairs(param) do
        assert.is_truthy(param_fields[field], where .. "." .. tostring(field))
      end
      local element = param.type:gsub("%[%]", "")
      assert.is_truthy(types[element], where)
      check_about(param.about, where)
      check_style(param, where)
      check_wire(name, param, where)
      if param.fields or not table_styles[param.style] or element == "boolean" then
        -- a table without described members needs a style
        assert.equal(element == "object", param.fields ~= nil, where)
      end
      assert.is_true(param.fields ~= nil or param.required == nil, where)
      if param.fields then
        check_params(param.fields, where)
        for member in pairs(names(param.required)) do
          assert.is_table(param.fields[member], where .. "." .. member)
        end
      end
      assert.is_true(param.enum == nil or #param.enum > 0, where)
      for _, bound in ipairs { "min", "max", "min_items", "max_items" } do
        assert.is_true(param[bound] == nil or type(param[bound]) == "number", where)
      end
      for _, of_lists in ipairs { "min_items", "max_items" } do
        assert.is_true(param[of_lists] == nil or element ~= param.type, where .. "." .. of_lists)
      end
      for _, flag in ipairs { "nullable", "secret", "as_read", "always" } do
        assert.is_true(param[flag] == nil or param[flag] == true, where .. "." .. flag)
      end
      assert.is_true(not param.always or param.default ~= nil, where)
      assert.is_true(param.wrap == nil or element ~= param.type and element ~= "object", where)
      if param.enum_by then
        assert.is_table(params[param.enum_by.of].enum, where)
        for _, value in ipairs(params[param.enum_by.of].enum) do
          assert.is_table(param.enum_by.values[value], where)
        end
      end
      if param.sample ~= nil and param.form then
        assert.is_truthy(tostring(param.sample):find(param.form[1]), where)
      end
    end
  end

  it("accepts only known fields of resources, and each name once", function()
    local seen = {}
    for _, resource in ipairs(resources()) do
      for field in pairs(resource) do
        assert.is_truthy(resource_fields[field], resource.name .. "." .. tostring(field))
      end
      assert.is_truthy(resource.name:find("^[%a_][%w_.]*$"))
      assert.is_nil(seen[resource.name])
      seen[resource.name] = true
    end
  end)

  it("has a description of each family and resource", function()
    for name, file in pairs(api) do
      local family = require(file)
      check_about(family.about, name)
      for _, resource in ipairs(family) do
        assert.equal(resource.name ~= name, resource.about ~= nil, resource.name)
        check_about(resource.about or family.about, resource.name)
      end
    end
  end)

  it("accepts only known fields of parameters", function()
    for _, resource in ipairs(resources()) do
      check_params(resource.params, resource.name)
      for _, operation in ipairs(resource.operations) do
        check_params(operation.params or {}, resource.name .. "." .. operation[1])
      end
    end
  end)

  it("accepts only known fields and values of operations", function()
    each_operation(function(key, operation, resource)
      for field, value in pairs(operation) do
        assert.is_truthy(field == 1 or operation_fields[field], key .. "." .. tostring(field))
        assert.is_true(value ~= "", key .. "." .. tostring(field))
      end
      assert.is_truthy(operation[1]:find("^[%l_][%w_]*$"), key)
      check_about(operation.about, key)
      check_about(operation.use or "none", key)
      assert.is_truthy(answers[operation.answer or "any"], key)
      assert.is_truthy(notation.set("high medium low")[operation.confidence], key)
      for source in pairs(notation.set(operation.source)) do
        assert.is_truthy(sources[source], key .. ": " .. source)
      end
      for _, text in ipairs { "unwrap", "failed", "fields", "example", "source", "one_of", "any_of", "together", "fixed" } do
        assert.is_true(operation[text] == nil or type(operation[text]) == "string", key .. "." .. text)
      end
      for _, flag in ipairs { "repeatable", "billed", "deprecated", "post" } do
        assert.is_true(operation[flag] == nil or type(operation[flag]) == "boolean", key)
      end
      for _, status in ipairs(operation.success or {}) do
        assert.is_true(status >= 200 and status < 300, key)
      end
      assert.is_false(operation.success ~= nil and #operation.success == 1 and operation.success[1] == 200, key)
      for _, generation in ipairs(GENERATIONS) do
        local own = operation[generation]
        for field, value in pairs(type(own) == "table" and own or {}) do
          assert.is_truthy(field == 1 or own_fields[field], key .. "." .. generation .. "." .. tostring(field))
          assert.is_true(type(value) == "string" and value ~= "" or value == false, key .. "." .. generation)
        end
        assert.is_true(own == nil or type(line_of(operation, generation)) == "string", key .. "." .. generation)
        local bodies = 0
        for _, member in ipairs { "body", "items", "upload" } do
          bodies = bodies + (own and said(operation, generation, member) and 1 or 0)
        end
        assert.is_true(bodies <= 1, key)
        local envelope = own and said(operation, generation, "envelope")
        if envelope then
          assert.is_truthy(notation.set("list pairs value")[envelope], key)
          local _, count = said(operation, generation, "body"):gsub("[%w_]+", "")
          assert.is_true(envelope ~= "value" or count == 1, key)
        end
      end
      assert.is_falsy(operation.billed and operation.repeatable, key)
      assert.is_table(resource.params, key)
    end)
  end)

  it("has a source for every operation", function()
    each_operation(function(key, operation)
      assert.is_string(operation.source, key)
    end)
  end)

  it("has errors with a status and, if known, a text; none twice", function()
    each_operation(function(key, operation)
      local seen = {}
      for _, entry in ipairs(operation.errors or {}) do
        assert.is_true(entry[1] >= 200 and entry[1] < 600, key)
        assert.is_true(entry[2] == nil or type(entry[2]) == "string" and entry[2] ~= "", key)
        local text = entry[1] .. tostring(entry[2])
        assert.is_nil(seen[text], key .. ": " .. text)
        seen[text] = true
      end
    end)
  end)

  --- The parameters that an operation takes in some generation.
  local function takes(operation)
    local taken = {}
    for _, generation in ipairs(GENERATIONS) do
      local _, in_path, in_query = template(line_of(operation, generation))
      for _, set in ipairs { in_path, in_query, names(said(operation, generation, "query")),
        names(said(operation, generation, "body")), names(said(operation, generation, "upload")) } do
        for name in pairs(set) do
          taken[name] = true
        end
      end
    end
    return taken
  end

  it("has pages only with the parameters that select them", function()
    local pages_fields = notation.set "style rows total size max cursor param whole"
    each_operation(function(key, operation)
      local pages = operation.pages
      if pages then
        for field in pairs(pages) do
          assert.is_truthy(pages_fields[field], key .. ".pages." .. field)
        end
        local taken = takes(operation)
        assert.is_true(pages.style == "page" and taken.page or pages.style == "offset" and taken.offset
          or pages.style == "cursor" and taken[pages.param] or not pages.style, key)
        assert.equal(pages.style == nil and pages.max ~= nil, pages.style == nil and taken.limit or false, key)
        assert.is_truthy(notation.set("array object any")[operation.answer], key)
        assert.is_true(operation.answer ~= "object" or pages.rows ~= nil, key)
      end
    end)
  end)

  it("has jobs whose status operation accepts the job's id", function()
    local job_fields = notation.set "status id param state pending good bad done full result every fresh"
    each_operation(function(key, operation, resource)
      local job = operation.job
      for field in pairs(job or {}) do
        assert.is_truthy(job_fields[field], key .. ".job." .. field)
      end
      if job and job.status then
        local status
        for _, other in ipairs(resource.operations) do
          status = other[1] == job.status and other or status
        end
        assert.is_table(status and status.job, key)
        assert.is_true(takes(status)[job.param], key)
        assert.is_true(job.id ~= nil or takes(operation)[job.param], key)
      elseif job then
        assert.is_true(job.state ~= nil or job.done ~= nil, key)
        assert.is_true(job.every == nil or job.every[1] > 0 and job.every[2] >= job.every[1], key)
      end
    end)
  end)

  it("has rows for every object that is both read and written", function()
    local count = 0
    for _, resource in ipairs(resources()) do
      local operations = {}
      for _, operation in ipairs(resource.operations) do
        operations[operation[1]] = operation
      end
      local update = operations.update
      if update and (operations.list or operations.get) then
        local settings = (update.params or {}).settings or update.body == "settings" and resource.params.settings
        assert.is_true(update.row ~= nil or settings.as_read, resource.name)
        count = count + 1
      end
      for _, operation in ipairs(resource.operations) do
        local row = operation.row or {}
        for _, word in ipairs(notation.words(row.of)) do
          assert.is_table(operations[word], resource.name)
        end
        for _, mark in ipairs(notation.words(row.marks or row.map and row.map:match "^[^:]+")) do
          assert.is_nil(takes(operation)[mark], resource.name .. ": " .. mark)
        end
      end
    end
    assert.is_true(count > 10)
  end)

  it("has parameters that go together, all of them optional", function()
    each_operation(function(key, operation)
      local together = notation.words(operation.together)
      assert.is_true(together[1] == nil or together[2] ~= nil, key)
      for _, name in ipairs(together) do
        assert.equal("", names(operation.query)[name], key .. ": " .. name)
      end
    end)
  end)

  it("has one_of and any_of only for optional parameters of the operation", function()
    each_operation(function(key, operation)
      assert.is_true(not operation.one_of or not operation.any_of, key)
      for name in pairs(names(operation.one_of or operation.any_of)) do
        assert.is_true(takes(operation)[name], key .. ": " .. name)
        for _, place in ipairs { "query", "body" } do
          assert.not_equal("*", names(operation[place])[name], key .. ": " .. name)
        end
      end
    end)
  end)

  it("has only valid templates, with described ids", function()
    each_operation(function(key, operation, resource)
      local apis = {}
      for _, api_name in ipairs(GENERATIONS) do
        apis[#apis + 1] = operation[api_name] and api_name or nil
      end
      local product = products[resource.name:match "^[^.]*"] and resource.name:match "^[^.]*"
      assert.is_truthy(apis[1], key)
      assert.is_true(product == nil and not products[apis[1]] or apis[1] == product and apis[2] == nil, key)
      for _, generation in ipairs(GENERATIONS) do
        if operation[generation] then
          local path, in_path, in_query = template(line_of(operation, generation))
          local method, rest = path:match("^(%u+) (/%S+)$")
          assert.is_truthy(methods[method], key)
          assert.is_nil(rest:gsub("{[%w_]+}", "x"):find("[^%w_/-]"), key)
          assert.is_falsy(rest:find("//", 1, true) or generation ~= "v4" and rest:find("/$"), key)
          assert.equal(generation ~= "v4", rest:find("^/v1/") ~= nil, key)
          for _, ids in ipairs { in_path, in_query } do
            for id in pairs(ids) do
              assert.is_table((operation.params or {})[id] or resource.params[id], key .. ": " .. id)
            end
          end
        end
      end
    end)
  end)

  it("describes exactly the parameters that are used, each in one place of a request", function()
    local used = {}
    each_operation(function(key, operation, resource)
      used[resource.name] = used[resource.name] or {}
      for name in pairs(operation.params or {}) do
        assert.is_true(takes(operation)[name], key .. ": " .. name)
      end
      for _, generation in ipairs(GENERATIONS) do
        local own = {}
        local _, in_path, in_query = template(line_of(operation, generation))
        for _, ids in ipairs { in_path, in_query } do
          for id in pairs(ids) do
            own[id], used[resource.name][id] = true, true
          end
        end
        for _, place in ipairs(operation[generation] and { "query", "body", "items", "upload" } or {}) do
          for name in pairs(names(said(operation, generation, place))) do
            assert.is_table(operation.params and operation.params[name] or resource.params[name], key .. ": " .. name)
            assert.is_nil(own[name], key .. ": " .. name)
            own[name], used[resource.name][name] = true, true
          end
        end
      end
    end)
    for _, resource in ipairs(resources()) do
      if resource.operations[1] then -- one without operations binds an id for the resources below it
        for name in pairs(resource.params) do
          assert.is_true(used[resource.name][name], resource.name .. ": " .. name)
        end
        assert.is_true(resource.id == nil or used[resource.name][resource.id], resource.name)
      end
    end
  end)

  it("has a style for each table in a query, and no name twice in one place of a request", function()
    each_operation(function(key, operation, resource)
      for _, generation in ipairs(GENERATIONS) do
        local _, _, in_query = template(line_of(operation, generation))
        for name in pairs(names(said(operation, generation, "query"))) do
          local param = operation.params and operation.params[name] or resource.params[name]
          assert.is_true(param.type:find("^object") == nil or param.style ~= nil, key .. ": " .. name)
          in_query[name] = ""
        end
        local places = { in_query }
        for _, place in ipairs { "body", "items", "upload" } do
          places[#places + 1] = names(said(operation, generation, place))
        end
        for _, place in ipairs(places) do
          local taken = {}
          for name in pairs(place) do
            local wire = (operation.params and operation.params[name] or resource.params[name]).wire
            wire = type(wire) == "table" and wire[generation] or type(wire) == "string" and wire or name
            assert.is_nil(taken[wire], key .. ": " .. wire)
            taken[wire] = true
          end
        end
      end
    end)
  end)
end)
