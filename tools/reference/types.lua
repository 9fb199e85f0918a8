--- library/seranking.lua: LuaCATS types of the client, its resources, their operations, parameters and answers.
-- SPDX-License-Identifier: MIT

local annotations = require "reference.annotations"
local common = require "reference.types_common"
local errors = require "reference.errors"
local model = require "reference.model"
local products = require "seranking.api.products"
local shape = require "reference.shape"
local capital = require("reference.text").capital

local types = {}

-- ---- writing classes ----

-- A note at the end of an annotation. If it starts with punctuation it needs a "#".
local function comment(text)
  text = text:gsub("^%s+", "")
  if text == "" then
    return ""
  end
  return (text:find "^%w" and " " or " # ") .. text
end

local function key(name)
  return name:find "^[%a_][%w_]*$" and name or ('["%s"]'):format(name)
end

---@class reference.Writer
---@field lines string[]
---@field defined table<string, true>
---@field known table<string, string> classes by owner and contents
local Writer = {}
Writer.__index = Writer

function Writer:add(...)
  self.lines[#self.lines + 1] = table.concat { ... }
end

--- Adds a class with these lines as its fields, or returns the name of an equal class of the same owner.
---@param owner string
---@param name string
---@param fields string[]
---@param about? string
---@return string name
function Writer:class(owner, name, fields, about)
  local content = owner .. "\n" .. table.concat(fields, "\n")
  if self.known[content] then
    return self.known[content]
  end
  self.known[content] = name
  self:define(name, about)
  for _, line in ipairs(fields) do
    self:add(line)
  end
  self:add("")
  return name
end

function Writer:define(name, about, parent)
  assert(not self.defined[name], "two classes with one name: " .. name)
  self.defined[name] = true
  if about then
    self:add("--- ", about)
  end
  self:add("---@class ", name, parent and ": " .. parent or "")
end

-- ---- parameters ----

local PARAMETER_TYPES = {
  id = "seranking.Id", integer = "integer", number = "number", string = "string", boolean = "boolean",
  flag = "seranking.Flag", date = "seranking.Day", month = "seranking.Day", text = "seranking.Text",
  file = "seranking.File",
}

local function literals(enum)
  local list = {}
  for i, value in ipairs(enum) do
    list[i] = type(value) == "string" and ('"%s"'):format(value) or ("%.14g"):format(value)
  end
  return table.concat(list, "|")
end

local function in_parentheses(kind)
  return kind:find("|", 1, true) and "(" .. kind .. ")" or kind
end

local function camel(name)
  return (("_" .. name):gsub("_(%w)", string.upper))
end

local function with_limits(parameter)
  local note = parameter.about or ""
  if parameter.min or parameter.max then
    note = ("%s (%s)"):format(note, parameter.min and parameter.max and ("%.14g to %.14g"):format(parameter.min, parameter.max)
      or parameter.min and ("at least %.14g"):format(parameter.min) or ("at most %.14g"):format(parameter.max))
  end
  if parameter.default ~= nil then
    note = ("%s; default %s"):format(note, type(parameter.default) == "number" and ("%.14g"):format(parameter.default)
      or tostring(parameter.default))
  end
  return note
end

local parameter_type

-- The class for an object's members.
local function object_type(writer, owner, name, parameter)
  local fields = parameter.fields
  if not fields then
    return "table"
  elseif #fields == 2 and fields[1].name == "from" and fields[2].name == "to" and not fields[1].fields then
    return "seranking.Range"
  end
  local lines = {}
  for i, field in ipairs(fields) do
    lines[i] = ("---@field %s%s %s%s"):format(key(field.name), field.required and "" or "?",
      parameter_type(writer, owner, name .. "." .. camel(field.name), field), comment(with_limits(field)))
  end
  return writer:class(owner, name, lines)
end

function parameter_type(writer, owner, name, parameter)
  local base, lists = parameter.type:match "^([^%[]*)(.*)$"
  local element
  if base == "object" then
    element = object_type(writer, owner, name, parameter)
  else
    element = parameter.enum and literals(parameter.enum) or PARAMETER_TYPES[base]
  end
  local kind = element
  if lists ~= "" then
    kind = in_parentheses(element) .. lists
    if lists == "[]" then
      kind = element .. "|" .. kind
    end
  end
  return parameter.nullable and kind .. "|seranking.Null" or kind
end

-- The annotation of a parameter, and whether it is required.
local function parameter_line(writer, operation, parameter)
  local resource = operation.resource
  local required = parameter.required and not resource.bindable[parameter.name]
  local note = with_limits(parameter.first)
  if #operation.apis == 2 and not (parameter.by.v4 and parameter.by.v1) then
    note = note .. (" (%s only)"):format(parameter.by.v4 and "v4" or "v1")
  end
  return ("---@field %s%s %s%s"):format(key(parameter.name), required and "" or "?",
    parameter_type(writer, resource.name, "seranking." .. operation.full .. "." .. camel(parameter.name), parameter.first),
    comment(note)), required
end

--- The class of an operation's arguments, and whether they are optional.
local function arguments(writer, operation)
  if #operation.parameters == 0 then
    return "seranking.NoArgs", true
  end
  local lines, items, optional = {}, {}, true
  for _, parameter in ipairs(operation.parameters) do
    local line, required = parameter_line(writer, operation, parameter)
    local list = parameter.items and items or lines
    list[#list + 1] = line
    optional = optional and not required and not parameter.items
  end
  local name = "seranking." .. operation.full
  if #items > 0 then
    local item = writer:class(operation.full, name .. ".Item", items)
    lines[#lines + 1] = "---@field [integer] " .. item
  end
  return writer:class(operation.full, name .. ".Args", lines), optional
end

-- ---- answers ----

local FIELD_TYPES = {
  integer = "integer", number = "number", string = "string", boolean = "boolean", date = "seranking.Date",
  month = "seranking.Month", time = "seranking.Time", object = "table", array = "any[]",
}

local function leaf_type(node)
  local kinds = {}
  for kind in (node.type or ""):gmatch "[^|]+" do
    kinds[#kinds + 1] = assert(FIELD_TYPES[kind], "a type of a field that is not known: " .. kind)
  end
  return kinds[1] and table.concat(kinds, "|") or "any"
end

local node_type

local function answer_class(writer, owner, name, node)
  local lines = {}
  for _, member_name in ipairs(node.names) do
    local member = node.members[member_name]
    local note = (member.note or "") .. (member.only and (" (%s only)"):format(member.only) or "")
    lines[#lines + 1] = ("---@field %s%s %s%s"):format(key(member_name), member.optional and "?" or "",
      node_type(writer, owner, name .. "." .. member_name, member), comment(note))
  end
  if node.map then
    lines[#lines + 1] = "---@field [string] " .. node_type(writer, owner, name .. ".value", node.map)
  end
  if node.element then
    lines[#lines + 1] = "---@field [integer] " .. node_type(writer, owner, name .. ".element", node.element)
  end
  return writer:class(owner, name, lines)
end

-- The type of a node of an answer; `name` is the name of its class, if it needs one.
function node_type(writer, owner, name, node)
  local kind
  if shape.is_leaf(node) then
    return leaf_type(node)
  elseif #node.names > 0 then
    kind = answer_class(writer, owner, name, node)
  elseif node.map then
    kind = ("table<string, %s>"):format(node_type(writer, owner, name, node.map))
  else
    kind = in_parentheses(node_type(writer, owner, name, node.element)) .. "[]"
  end
  return (node.type or ""):find("|", 1, true) and kind .. "|any[]" or kind
end

--- The types of an operation's answer and of the rows of a walk.
local function answers(writer, operation)
  local about, name = operation.any, "seranking." .. operation.full
  local owner = operation.resource.name
  if not about.answer then
    return "true"
  elseif about.answer == "bytes" then
    return "string"
  end
  local root = shape.of(operation)
  local pages = about.pages
  local row
  if pages and pages.rows and root.members[pages.rows] and root.members[pages.rows].element then
    row = node_type(writer, owner, name .. ".Row", root.members[pages.rows].element)
  end
  local answer
  if about.answer == "array" then
    row = root.element and node_type(writer, owner, name .. ".Row", root.element) or "any"
    answer = in_parentheses(row) .. "[]"
  elseif root.element and #root.names == 0 then
    answer = in_parentheses(node_type(writer, owner, name .. ".Row", root.element)) .. "[]"
  elseif shape.is_leaf(root) then
    answer = about.answer == "any" and "any" or "table"
  else
    answer = node_type(writer, owner, name .. ".Answer", root)
  end
  if about.answer == "any" and answer ~= "any" then
    answer = answer .. "|true"
  end
  return answer, row
end

-- ---- operations and resources ----

local function optional(kind)
  return kind == "any" and kind or in_parentheses(kind) .. "?"
end

local function note_of(operation)
  local parts = { operation.any.about }
  if #operation.apis == 1 and not products[operation.apis[1]] and not parts[1]:find(operation.apis[1] .. " only", 1, true) then
    parts[#parts + 1] = operation.apis[1] .. " only."
  end
  return table.concat(parts, " ")
end

-- The class of an operation as a value, and its line in the resource's class.
local function operation_types(writer, operation, answer_of)
  local name = "seranking." .. operation.full
  local args, may_lack = arguments(writer, operation)
  if operation.any.row_of then
    args = args .. "|table"
  end
  local answer, row = answer_of[operation.full][1], answer_of[operation.full][2]
  local given = ("self, args%s: %s, options?: "):format(may_lack and "?" or "", args)
  writer:define(name, nil, "seranking.Operation")
  writer:add("---@field dry_run fun(", given, "seranking.CallOptions): seranking.DryRun")
  if model.is_walkable(operation) then
    row = row or "any"
    writer:add("---@field each fun(", given, "seranking.WalkOptions): fun(): ", optional(row), ", seranking.Response?")
    writer:add("---@field all fun(", given, "seranking.WalkOptions): ", in_parentheses(row), "[]?, seranking.Error?")
  end
  local status = model.status_of(operation)
  if status then
    local last = answer_of[status.full][1]
    if (operation.any.job.id or ""):find "^%[%]" then
      last = in_parentheses(last) .. "[]"
    end
    writer:add("---@field wait fun(", given, "seranking.WaitOptions): ", optional(last),
      ", seranking.Response|seranking.Error")
    if status.any.job.result then
      writer:add("---@field export fun(", given, "seranking.ExportOptions): string?, seranking.Response|seranking.Error")
    end
  end
  writer:add("")
  return ("---@field %s %s|fun(%sseranking.CallOptions): %s, seranking.Response|seranking.Error"):format(operation.name,
    name, given, optional(answer))
end

-- The resources as a tree: { name, resource?, children }.
local function tree_of(families)
  local root = { children = {} }
  for _, family in ipairs(families) do
    for _, resource in ipairs(family.resources) do
      local node, path = root, nil
      for part in resource.name:gmatch "[^.]+" do
        path = path and path .. "." .. part or part
        node.children[part] = node.children[part] or { name = path, children = {} }
        node = node.children[part]
      end
      node.resource = resource
    end
  end
  return root
end

local function child_lines(node, lines)
  for _, name in ipairs(model.sorted_keys(node.children)) do
    if not products[node.children[name].name] then
      lines[#lines + 1] = ("---@field %s seranking.%s"):format(name, node.children[name].name)
    end
  end
end

local function resource_types(writer, node)
  local lines, answer_of = {}, {}
  local resource = node.resource
  for _, operation in ipairs(resource and resource.operations or {}) do
    answer_of[operation.full] = { answers(writer, operation) }
  end
  for _, operation in ipairs(resource and resource.operations or {}) do
    local line = operation_types(writer, operation, answer_of)
    lines[#lines + 1] = "--- " .. note_of(operation)
    lines[#lines + 1] = line
  end
  child_lines(node, lines)
  local name = "seranking." .. node.name
  writer:define(name)
  for _, line in ipairs(lines) do
    writer:add(line)
  end
  writer:add("---@field operations fun(self): fun(): string?, any")
  if resource and resource.id then
    writer:add("---@overload fun(", resource.id, ": seranking.Id): ", name)
  end
  writer:add("")
  for _, child in ipairs(model.sorted_keys(node.children)) do
    resource_types(writer, node.children[child])
  end
end

-- The library's own classes. Client classes include their resources.
local function library_types(writer, root)
  local own = { ["seranking.Kind"] = true, ["seranking.Code"] = true }
  for tag, name in common.types:gmatch "%-%-%-@(%l+) (seranking%.%u%w*)" do
    own[name] = own[name] or tag == "class" or tag == "alias"
  end
  local wanted = { "seranking.Client", "seranking.Options", "seranking.CallOptions",
    "seranking.WalkOptions", "seranking.WaitOptions", "seranking.ExportOptions", "seranking.Description", "seranking.Error",
    "seranking.Event", "seranking.Recording" }
  local children = { ["seranking.Client"] = root }
  for i = #products, 1, -1 do
    local class = "seranking." .. capital(products[i]) .. "Client"
    if products[products[i]] then
      table.insert(wanted, 2, class)
      children[class] = root.children[products[i]]
    end
  end
  for _, annotation in ipairs(annotations.closure(wanted, own)) do
    assert(not writer.defined[annotation.name], annotation.name)
    writer.defined[annotation.name] = true
    for _, line in ipairs(annotation.lines) do
      writer:add(line)
    end
    local lines = {}
    if children[annotation.name] then
      child_lines(children[annotation.name], lines)
    end
    for _, line in ipairs(lines) do
      writer:add(line)
    end
    if #annotation.methods > 0 then
      local short = annotation.name:match "[%w_]+$"
      writer:add("local ", short, " = {}")
      for _, method in ipairs(annotation.methods) do
        writer:add("")
        for _, line in ipairs(method.lines) do
          writer:add(line)
        end
        writer:add("function ", short, ":", method.call, " end")
      end
    end
    writer:add("")
  end
end

--- The text of library/seranking.lua.
---@param families reference.Family[]
---@return string
function types.file(families)
  local writer = setmetatable({ lines = {}, defined = {}, known = {} }, Writer)
  local root = tree_of(families)
  writer:add(common.head)
  writer:add(common.types)
  writer:add(errors.types())
  library_types(writer, root)
  for _, name in ipairs(model.sorted_keys(root.children)) do
    if not products[name] then
      resource_types(writer, root.children[name])
    end
  end
  for _, api in ipairs(products) do
    local node = products[api] and root.children[api]
    for _, name in ipairs(model.sorted_keys(node and node.children or {})) do
      resource_types(writer, node.children[name])
    end
  end
  writer:add("return seranking")
  return table.concat(writer.lines, "\n") .. "\n"
end

return types
