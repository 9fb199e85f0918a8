--- The text that print shows for the library's objects, and seranking.help. Loaded when something is first asked for.
-- SPDX-License-Identifier: MIT

local describe = require "seranking.describe"
local mask = require "seranking.base.mask"
local misuse = require "seranking.base.misuse"
local notation = require "seranking.base.notation"
local products = require "seranking.api.products"
local proxy = require "seranking.base.proxy"
local resource = require "seranking.resource"
local wording = require "seranking.wording"

local help = {}

local format = string.format

local WIDTH = 100 -- characters of a line
local LEFT = 42 -- most characters of the left column
local MANY = 20 -- rows of one kind, before the rest is only counted

-- ---- laying out ----

local function width(text)
  return select(2, text:gsub("[^\128-\191]", ""))
end

-- A text in lines, of which all but the first are indented by `indent`; the first has `used` characters already.
local function wrapped(text, indent, used)
  local lines, line, room = {}, nil, WIDTH - used
  for word in text:gmatch "%S+" do
    if not line then
      line = word
    elseif width(line) + 1 + width(word) <= room then
      line = line .. " " .. word
    else
      lines[#lines + 1], line, room = line, word, WIDTH - indent
    end
  end
  lines[#lines + 1] = line
  return table.concat(lines, "\n" .. (" "):rep(indent))
end

local Text = {}
Text.__index = Text

local function new_text()
  return setmetatable({}, Text)
end

function Text:add(line)
  self[#self + 1] = line
end

-- A paragraph behind a word: "Price: 1 credit a row".
function Text:paragraph(head, text)
  self:add(head .. wrapped(text, 2, width(head)))
end

-- Two columns: { left, right } each.
function Text:rows(rows)
  local left = 0
  for _, row in ipairs(rows) do
    left = math.max(left, width(row[1]) <= LEFT and width(row[1]) or 0)
  end
  for i, row in ipairs(rows) do
    if i > MANY and #rows > MANY + 1 then
      self:add(format("  … and %d more", #rows - MANY))
      return
    end
    local own, indent = width(row[1]), left + 4
    local gap = own <= left and (" "):rep(left - own + 2) or "\n" .. (" "):rep(indent)
    self:add(row[2] == "" and "  " .. row[1] or "  " .. row[1] .. gap .. wrapped(row[2], indent, indent))
  end
end

function Text:done()
  return table.concat(self, "\n")
end

-- ---- names ----

local function described(description, entry, api)
  return describe.operation(description, entry, api or "v4")
end

-- "client.sites:list { … }" as its description has it.
local function signature(about, path, bound)
  return format("%s:%s%s", path, about.name:match "[^.]+$", (" " .. wording.arguments(about, bound)):gsub("^ %(%)", "()"))
end

-- ---- an operation ----

-- The bound ids that an operation takes. A call with the others is a mistake.
local function taken(about, bound)
  local ids = {}
  for _, parameter in ipairs(about.parameters) do
    ids[parameter.name] = bound[parameter.name]
  end
  return ids
end

local function parameter_rows(about, bound)
  local rows, longest = {}, 0
  for _, parameter in ipairs(about.parameters) do
    if bound[parameter.name] == nil then
      local name = (parameter.place == "items" and "[]." or "") .. parameter.name .. (parameter.required and "*" or "")
      longest = math.max(longest, #name)
      local text = parameter.about or ""
      local limits = wording.limits(parameter)
      if parameter.fields and not wording.is_range(parameter) then
        local names = {}
        for i, field in ipairs(parameter.fields) do
          names[i] = field.name
        end
        limits = #names <= 6 and "members: " .. table.concat(names, ", ") or #names .. " members"
      end
      if limits ~= "" then
        text = text .. (text ~= "" and " " or "") .. "(" .. limits .. ")"
      end
      rows[#rows + 1] = { name, text, wording.type(parameter) }
    end
  end
  for _, row in ipairs(rows) do
    row[1] = row[1] .. (" "):rep(longest - #row[1] + 2) .. row[3]
  end
  return rows
end

-- The members of an answer, or of the rows in one of its members: "id integer, title string".
local function members(about, rows)
  local list, seen = {}, {}
  for _, field in ipairs(about.fields) do
    local steps = notation.path(field.path)
    local at = rows and 2 or 1
    local step = (not rows or steps[1].name == rows) and steps[at]
    local name = step and step.name
    if name and not seen[name] then
      seen[name] = true
      local kind, last = "object", not steps[at + 1]
      if step.lists > 0 then
        kind = "list"
      elseif last then
        kind = field.type:gsub("|", " or ")
      end
      list[#list + 1] = format("%s %s%s", name, kind, field.optional and last and step.lists == 0 and "?" or "")
    end
  end
  if #list > MANY then
    local all = #list
    for i = all, MANY + 1, -1 do
      list[i] = nil
    end
    list[#list + 1] = format("and %d more", all - MANY)
  end
  return table.concat(list, ", ")
end

local ANSWERS = { array = "a list", object = "an object", map = "an object with data for keys", bytes = "a file, as a string",
  any = "what comes" }

local function answer_of(about)
  local text = ANSWERS[about.answer] or "true"
  local inside = members(about)
  if inside ~= "" then
    text = text .. (about.answer == "array" and " of { " or ": { ") .. inside .. " }"
  end
  local rows = about.pages and about.pages.rows and members(about, about.pages.rows) or ""
  if rows ~= "" then
    text = text .. format("; each of %s: { %s }", about.pages.rows, rows)
  end
  return text
end

local function add_generations(text, about)
  local missing = (about.v4 or about.v1) and (not about.v4 and "v4" or not about.v1 and "v1")
  if missing then
    text:paragraph("Not in " .. missing .. (about.instead and ": " or "."), about.instead and "use client."
      .. about.instead:gsub("%.([^.]+)$", ":%1") or "")
  end
end

local function add_methods(text, about, path)
  local name = path .. "." .. about.name:match "[^.]+$"
  if about.pages or about.answer == "array" and about.method == "GET" then
    text:paragraph("Walk:   ", format("%s:each { … } in a for loop, %s:all { … } for one list", name, name))
  end
  if about.job then
    text:paragraph("Wait:   ", format("%s:wait { … } until the job is done", name))
  end
end

--- The text that print shows for an operation.
---@param description table of its resource
---@param entry table its own
---@param api? string
---@param bound? table<string, any>
---@return string
function help.operation(description, entry, api, bound)
  local about, text = described(description, entry, api), new_text()
  bound = taken(about, bound or {})
  local path = resource.path(description.name, bound)
  text:paragraph("", signature(about, path, bound))
  text:paragraph("  ", about.about)
  if about.use then
    text:paragraph("  Use it for ", about.use)
  end
  local rows = parameter_rows(about, bound)
  if rows[1] then
    text:add "Parameters (* required):"
    text:rows(rows)
  end
  text:paragraph("Answer: ", answer_of(about))
  local price = wording.price(about)
  if price then
    text:paragraph("Price:  ", price .. (about.cost.note and ", by estimate: " .. about.cost.note or ""))
  elseif about.billed then
    text:paragraph("Price:  ", "counts against the plan, or costs money")
  end
  local errors = {}
  for i, known in ipairs(about.errors) do
    errors[i] = format("%d %s", known.status, known.message or "")
  end
  if errors[1] then
    text:paragraph("Errors: ", table.concat(errors, ", "))
  end
  add_methods(text, about, path)
  add_generations(text, about)
  return text:done()
end

-- ---- a resource, a client ----

-- Whether an operation takes every id that its resource is bound to.
local function takes(about, bound)
  local ids = taken(about, bound)
  for name in pairs(bound) do
    if ids[name] == nil then
      return false
    end
  end
  return true
end

local function children_rows(nodes, path)
  local rows = {}
  for _, name in ipairs(proxy.sorted_names(nodes)) do
    rows[#rows + 1] = { path .. name, nodes[name].about or "" }
  end
  return rows
end

--- The text that print shows for a resource, below its name.
---@param node table of the tree
---@param path string "sites.keywords"
---@param api? string
---@param bound? table<string, any>
---@return string
function help.resource(node, path, api, bound)
  bound = bound or {}
  local text, rows = new_text(), {}
  text:paragraph("", node.about or "")
  local own = resource.path(path, bound)
  local id = node.description and node.description.id
  if id and bound[id] == nil then
    text:add(format("%s(%s) binds %s for the calls below.", own, id, id))
  end
  for _, entry in ipairs(node.description and node.description.operations or {}) do
    local about = described(node.description, entry, api)
    if takes(about, bound) then
      rows[#rows + 1] = { (signature(about, "", bound)), about.about }
    end
  end
  text:rows(rows)
  text:rows(children_rows(node.children, "."))
  text:add(format("print(%s.%s) tells more.", own, rows[1] and rows[1][1]:match "^:([%w_]+)" or next(node.children)))
  return text:done()
end

-- Methods of a client whose calls cost credits.
local PAID = { credits = true, spent = true }

--- The methods that a client has, of those in `names`.
---@param api string "v4", "v1" or a product
---@param names string[]
---@return string[]
function help.methods(api, names)
  local own = {}
  for _, name in ipairs(names) do
    own[#own + 1] = (not PAID[name] or products[api] and products[api].paid) and name or nil
  end
  return own
end

--- The text that print shows for a client, below its name.
---@param api string "v4", "v1" or a product
---@param names string[] methods
---@return string
function help.client(api, names)
  local text = new_text()
  local root = resource.root()
  local product = products[api]
  text:rows(children_rows(product and root[api].children or root, "."))
  text:paragraph("Methods: ", ":" .. table.concat(help.methods(api, names), ", :"))
  text:add(format('print(%s.%s) lists operations; seranking.help "keywords" searches.', resource.client(api),
    product and product.sample or "sites"))
  return text:done()
end

-- ---- searching ----

-- The words of a query, without the s of a plural.
local function words_of(query)
  local words = {}
  for word in query:lower():gmatch "[^%s.:]+" do
    words[#words + 1] = #word > 3 and word:gsub("s$", "") or word
  end
  return words
end

local function holds(text, words)
  text = text:lower()
  for _, word in ipairs(words) do
    if not text:find(word, 1, true) then
      return false
    end
  end
  return words[1] ~= nil
end

-- The texts of an operation's parameters.
local function parameter_text(about)
  local parts = {}
  for _, parameter in ipairs(about.parameters) do
    parts[#parts + 1] = parameter.name .. " " .. (parameter.about or "")
    for _, field in ipairs(parameter.fields or {}) do
      parts[#parts + 1] = field.name
    end
  end
  return table.concat(parts, " ")
end

-- Adds what is found at a node and below it. What is below a resource that was found by its name is found with it.
local function search(node, path, words, found)
  local by_name = holds(path, words)
  if path ~= "" and (by_name or holds(node.about or "", words)) then
    found.resources[#found.resources + 1] = { "client." .. path, node.about or "" }
  end
  if by_name then
    return
  end
  for _, entry in ipairs(node.description and node.description.operations or {}) do
    local about = described(node.description, entry)
    local row = { (signature(about, "client." .. path)), about.about }
    if holds(path .. "." .. entry[1] .. " " .. about.about, words) then
      found.operations[#found.operations + 1] = row
    elseif holds(about.about .. " " .. parameter_text(about), words) then
      found.parameters[#found.parameters + 1] = row
    end
  end
  for _, name in ipairs(proxy.sorted_names(node.children)) do
    search(node.children[name], path == "" and name or path .. "." .. name, words, found)
  end
end

-- The object with exactly this name: "sites", "client.sites:list".
local function exactly(query)
  local path = query:gsub("^client[.:]", ""):gsub("[%s(){}]+$", ""):gsub(":", ".")
  local nodes = resource.all()
  local of, last = path:match "^(.*)%.([^.]+)$"
  local entry = of and nodes[of] and nodes[of].operations[last]
  if entry then
    return help.operation(nodes[of].description, entry)
  elseif nodes[path] then
    return "client." .. path .. "\n" .. help.resource(nodes[path], path)
  end
end

local OVERVIEW = "The resources of a client. print(client.sites) lists its operations, print(client.sites.list) describes one."

--- The help for a name, or for all matches of a word.
---@param query? string|table "backlinks", "sites.list", client.sites; left out: all resources
---@return string
function help.text(query)
  if query == nil then
    local text, root = new_text(), resource.root()
    text:paragraph("", OVERVIEW)
    text:rows(children_rows(root, "client."))
    for _, api in ipairs(products) do
      if products[api] then
        text:rows(children_rows(root[api].children, resource.client(api) .. "."))
      end
    end
    return text:done()
  elseif proxy.is(query) then
    return tostring(query)
  elseif type(query) ~= "string" then
    misuse.raise("seranking.help takes a word or a name, got %s", tostring(query))
  end
  local same = exactly(query)
  local found = { resources = {}, operations = {}, parameters = {} }
  if not same or not query:find "[.:]" then
    search({ children = resource.root() }, "", words_of(query), found)
  end
  local text = new_text()
  for _, part in ipairs { { "resources", "Resources:" }, { "operations", "Operations:" },
    { "parameters", "With such a parameter:" } } do
    if found[part[1]][1] then
      text:add(part[2])
      text:rows(found[part[1]])
    end
  end
  if not text[1] then
    return same or format("nothing is known of %q: try one word, or seranking.help() for all resources", mask.keys(query))
  end
  return text:done()
end

return help
