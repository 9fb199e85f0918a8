--- The section of a page about one operation.
-- SPDX-License-Identifier: MIT

local mapping = require "reference.mapping"
local model = require "reference.model"
local notation = require "seranking.base.notation"
local products = require "seranking.api.products"
local sample = require "reference.sample"
local shape = require "reference.shape"
local text = require "reference.text"
local values = require "reference.values"
local wording = require "seranking.wording"

local section = {}

local anchor, cell, code, sentence = text.anchor, text.cell, text.code, text.sentence

--- A link on the same page, or on another.
---@param operation reference.Operation
---@param page? string
---@return string
function section.link(operation, page)
  return ("[%s](%s#%s)"):format(operation.call, page or "", anchor(operation.call))
end

-- ---- the wire ----

--- "GET /a/{b}{?c,d}" as "GET /a/{b}?c={c}&d={d}".
---@param description seranking.Description
---@return string
function section.wire_line(description)
  local route = notation.route(description.method .. " " .. description.path)
  local query, fixed = {}, {}
  for _, name in ipairs(route.in_query) do
    local wire = name
    for _, parameter in ipairs(description.parameters) do
      wire = parameter.name == name and parameter.wire or wire
    end
    query[#query + 1] = wire .. "={" .. name .. "}"
  end
  for name, value in pairs(description.fixed or {}) do
    fixed[#fixed + 1] = name .. "=" .. value
  end
  table.sort(fixed)
  for _, pair in ipairs(fixed) do
    query[#query + 1] = pair
  end
  return description.method .. " " .. route.path .. (query[1] and "?" .. table.concat(query, "&") or "")
end

local BODIES = { list = "the body is a JSON list", multipart = "the body is a form" }
local ENVELOPES = {
  list = "the body is a list of one object", value = "the body is the value alone",
  pairs = 'the body is `[{"key":"data","value":[{…},{…}]}]`, an object for each parameter',
}

-- Where the operation differs from the rules on the index page.
local function wire_note(description)
  if description.body then
    return ENVELOPES[description.envelope] or BODIES[description.body]
  elseif description.method ~= "GET" and description.method ~= "DELETE" then
    return "no body"
  end
  return description.post and "or POST" or nil
end


local function add_wire(page, operation)
  for _, api in ipairs(operation.apis) do
    local note = wire_note(operation.by[api])
    page.add("- %s: `%s`%s", model.labels[api], section.wire_line(operation.by[api]), note and ", " .. note or "")
  end
end

-- ---- parameters ----

-- The generations that lack a parameter, and its name on the wire if that differs.
local function wire_names(parameter, operation)
  local parts = {}
  for _, api in ipairs(operation.apis) do
    local own = parameter.by[api]
    if not own then
      parts[#parts + 1] = "not in " .. api
    elseif own.wire ~= own.name and own.place ~= "path" and own.type ~= "object" then
      parts[#parts + 1] = ("in %s sent as `%s`"):format(api, own.wire)
    end
  end
  if #parts > 1 and #parts == #operation.apis and parts[1]:gsub("v4", "v1") == parts[2] then
    return parts[1]:match "sent as .*$"
  end
  local product = products[operation.apis[1]] and operation.apis[1]
  return parts[1] and table.concat(parts, "; "):gsub(product and "^in " .. product .. " " or "^$", "") or nil
end

-- A key: equal parameters have equal text.
local function digest(parameter)
  local parts = { parameter.name, parameter.type, tostring(parameter.required), parameter.about or "" }
  for _, field in ipairs(parameter.fields or {}) do
    parts[#parts + 1] = digest(field)
  end
  return table.concat(parts, "\n")
end

-- An object with fewer members than this is described again each time it occurs.
local MANY = 6

-- The rows of a parameter. `seen`: object -> the operation of this page that describes its members.
local function add_parameter(page, name, parameter, required, note, operation, seen)
  local about = parameter.about and cell(parameter.about) or ""
  local more = { wording.limits(parameter, code), note }
  for _, words in pairs(more) do
    if words ~= "" then
      about = (about == "" and "" or sentence(about) .. " ") .. text.capital(cell(words))
    end
  end
  local fields = not wording.is_range(parameter) and parameter.fields or {}
  local told = #fields >= MANY and digest(parameter)
  if told and seen[told] then
    fields, about = {}, ("%s Members as in %s"):format(sentence(about), section.link(seen[told]))
  elseif told then
    seen[told] = operation
  end
  page.add("| %s%s | %s | %s |", code(name), required and " \\*" or "", wording.type(parameter), about)
  for _, field in ipairs(fields) do
    local own = field.wire ~= field.name and "sent as " .. code(field.wire) or nil
    add_parameter(page, name .. parameter.type:gsub("^[^%[]*", "") .. "." .. field.name, field, field.required, own,
      operation, seen)
  end
end

local function add_parameters(page, operation, seen)
  if #operation.parameters == 0 then
    return
  end
  page.add "| parameter | type | |"
  page.add "|---|---|---|"
  for _, parameter in ipairs(operation.parameters) do
    local name = (parameter.items and "[]." or "") .. parameter.name
    add_parameter(page, name, parameter.first, parameter.required, wire_names(parameter, operation), operation, seen)
  end
  page.add()
  local rules, any = {}, operation.any
  if any.row_of then
    rules[#rules + 1] = ("Takes what %s returned, changed or not, and leaves out what can't be written."):format(
      text.listed(notation.words(any.row_of), "or"))
  end
  if any.any_of then
    rules[#rules + 1] = ("At least one of %s is required."):format(text.listed(any.any_of, "and"))
  end
  if any.together then
    rules[#rules + 1] = ("Give all of %s, or none."):format(text.listed(any.together, "and"))
  end
  if any.one_of then
    rules[#rules + 1] = ("Exactly one of %s is required."):format(text.listed(any.one_of, "and"))
  end
  if rules[1] then
    page.add("%s", table.concat(rules, " "))
    page.add()
  end
end

-- ---- answers ----

local ANSWERS = {
  array = "a list", object = "an object", map = "an object whose keys are data", bytes = "a file, as a string",
  any = "what the server sends: `true` for an empty body, an empty table for `null`",
}

local function answer_line(description)
  local line = ANSWERS[description.answer] or "`true`"
  if description.failed then
    line = line .. ("; one that holds `%s` alone is an error"):format(description.failed)
  end
  return line
end

-- Whether a line adds anything to the lines below it.
local function tells_more(field, next_field)
  local inside = next_field and (next_field.path:sub(1, #field.path + 1) == field.path .. "."
    or next_field.path:sub(1, #field.path + 2) == field.path .. "[]")
  return not inside or field.note ~= nil or field.optional
end

local GUESS = "the name is a guess"

-- The rows of the table. Siblings of one type without notes share a row.
local function field_rows(description)
  local rows, last = {}, nil
  for i, field in ipairs(description.fields) do
    if tells_more(field, description.fields[i + 1]) then
      local kind, count = field.type:gsub("|", " or ")
      kind = (count > 0 and field.optional and "(" .. kind .. ")" or kind) .. (field.optional and "?" or "")
      local note = field.guessed and (field.note and field.note .. "; " or "") .. GUESS or field.note
      local place = note == (field.guessed and GUESS or nil) and field.path:find "%w$"
        and table.concat({ field.path:match "^(.-)[^.]*$", kind, note }, " ") or nil
      if place and place == last then
        rows[#rows] = rows[#rows]:gsub("` |", function() return "`, " .. code(field.path) .. " |" end, 1)
      else
        rows[#rows + 1] = ("| %s | %s | %s |"):format(code(field.path), kind, cell(note or ""))
      end
      last = place
    end
  end
  return rows
end

local function add_fields(page, description, label)
  local rows = field_rows(description)
  page.add("**Returns**%s %s%s", label, answer_line(description), rows[1] and (description.answer == "array"
    and ", each element with:" or " with:") or ".")
  page.add()
  if rows[1] then
    page.add "| field | type | |"
    page.add "|---|---|---|"
    for _, row in ipairs(rows) do
      page.add("%s", row)
    end
    page.add()
  end
end

local function same_answer(a, b)
  return a.answer == b.answer and table.concat(field_rows(a), "\n") == table.concat(field_rows(b), "\n")
end

local function add_answers(page, operation)
  local v4, v1 = operation.by.v4, operation.by.v1
  if v4 and v1 and not same_answer(v4, v1) then
    add_fields(page, v4, " in v4")
    add_fields(page, v1, " in v1")
  else
    add_fields(page, operation.any, "")
  end
end

-- ---- the rest ----

-- The member that the walk example prints.
local function telling_member(operation)
  local node = shape.of(operation)
  local rows = operation.any.pages and operation.any.pages.rows
  node = rows and node.members[rows] or node
  node = node and node.element
  for _, name in ipairs(node and node.names or {}) do
    local member = node.members[name]
    if shape.is_leaf(member) and name:find "^[%a_][%w_]*$" then
      return name
    end
  end
end

local function pages_line(operation)
  local pages = operation.any.pages
  if not pages then
    return nil
  end
  local parts = {}
  if pages.size then
    parts[1] = ("%.14g rows a page unless `limit` is given%s"):format(pages.size,
      pages.max and (", at most %.14g"):format(pages.max) or "")
  elseif pages.max then
    parts[1] = ("at most %.14g rows a page"):format(pages.max)
  end
  if not pages.style then
    parts[#parts + 1] = "one page only"
  end
  if pages.places then
    parts[#parts + 1] = ("`each` and `all` give the rows in %s, or the list itself: no source shows which"):format(
      text.listed(pages.places, "or"))
  elseif pages.rows then
    parts[#parts + 1] = ("`each` and `all` give the rows in `%s`"):format(pages.rows)
  end
  if pages.total then
    parts[#parts + 1] = ("`%s` counts all rows"):format(pages.total)
  end
  if pages.whole then
    local whole = pages.whole:gsub("%.([^.]+)$", ":%1")
    parts[#parts + 1] = ("for all rows use [client.%s](#%s)"):format(whole, anchor("client." .. whole))
  end
  return table.concat(parts, "; ")
end

local function listed(words)
  return text.listed(notation.words(words), "or")
end

-- Where the list may be, if it is not known.
local function envelope_line(operation)
  local unwrap = operation.any.unwrap
  return unwrap and notation.words(unwrap)[2] and ("the list comes alone or in %s; no source shows which, and you get the list")
    :format(listed(unwrap)) or nil
end

local function job_line(operation)
  local job = operation.any.job
  if not job then
    return nil
  end
  local wait = operation.value .. ":wait"
  if job.status then
    local line = ("`%s { … }` starts it and waits for its end; %s tells its state"):format(wait,
      section.link(model.status_of(operation)))
    return line .. (job.state and ("; `%s` is %s if it is refused at once"):format(job.state, listed(job.bad)) or "")
  end
  local parts = {}
  for _, entry in ipairs { { "pending", "while it runs" }, { "good", "when it is done" }, { "bad", "when it failed" } } do
    if job[entry[1]] then
      parts[#parts + 1] = ("%s %s"):format(listed(job[entry[1]]), entry[2])
    end
  end
  local state = parts[1] and ("; `%s` is %s"):format(job.state, table.concat(parts, ", ")) or ""
  state = state .. (job.full and (", and `%s` is 100"):format(job.full) or "")
  local every = job.every or { 5, 60 }
  return ("`%s { … }` asks every %.14g to %.14g s until it is done%s%s%s"):format(wait, every[1], every[2], state,
    job.done and ("; it is done when `%s` is there"):format(job.done) or "",
    job.result and ("; `%s` is the address of its file"):format(job.result) or "")
end

local function price_line(description)
  local price = wording.price(description)
  if not price then
    return description.billed and "counts against the plan, or costs money" or nil
  end
  local cost, notes = description.cost, {}
  notes[1] = cost.note
  notes[#notes + 1] = cost.confidence ~= "high" and "confidence " .. (cost.confidence or "unknown") or nil
  return price .. (notes[1] and " (" .. table.concat(notes, "; ") .. ")" or "")
end

local REPEATED = { GET = true, PUT = true, DELETE = true }

-- The generations whose retry rule differs from the method's.
local function retries_line(operation)
  local others = {}
  for _, api in ipairs(operation.apis) do
    local description = operation.by[api]
    if not description.billed and description.repeatable ~= (REPEATED[description.method] or false) then
      others[#others + 1] = api
    end
  end
  local where = #others < #operation.apis and " in " .. table.concat(others) or ""
  return others[1] and (operation.by[others[1]].repeatable and "as for GET" or "as for POST") .. where or nil
end

local function error_lines(operation)
  local lines = {}
  for i, known in ipairs(operation.any.errors) do
    local err = mapping.of(operation.apis[1], known.status, known.message)
    lines[i] = ("%d %s: kind `%s`, code `%s`"):format(known.status,
      known.message and "“" .. known.message .. "”" or "(words unknown)", err.kind, err.code)
  end
  return lines
end

local function add_facts(page, operation)
  local description = operation.any
  local function fact(name, line)
    if line then
      page.add("- %s: %s.", name, line)
    end
  end
  fact("Price", price_line(description))
  fact("Pages", pages_line(operation))
  fact("Envelope", envelope_line(operation))
  fact("Job", job_line(operation))
  fact("Retries", retries_line(operation))
  for _, line in ipairs(error_lines(operation)) do
    fact("Error", line)
  end
  if description.confidence ~= "high" then
    fact("Confidence", ("%s; known from %s"):format(description.confidence or "unknown",
      table.concat(description.source, ", ")))
  end
  page.add()
end

-- The call's result, as comments.
local function answer_of(operation)
  local parts, first = {}, nil
  for _, api in ipairs(operation.apis) do
    local example = values.example(operation, api)
    if example and example ~= first then
      first = first or example
      parts[#parts + 1] = { api, "\n-- " .. example:gsub("\n", "\n-- ") }
    end
  end
  if #parts == 2 then
    return ("\n-- %s:%s\n-- %s:%s"):format(parts[1][1], parts[1][2], parts[2][1], parts[2][2])
  end
  return parts[1] and parts[1][2] or ""
end

local function add_call(page, operation)
  local walk = sample.walk(operation, telling_member(operation))
  page.block(sample.call(operation) .. answer_of(operation) .. (walk and "\n\n" .. walk or ""))
end

--- Adds an operation to a page.
---@param page table
---@param operation reference.Operation
---@param seen table<string, reference.Operation> by object: the operation that describes it on this page
function section.add(page, operation, seen)
  local any = operation.any
  page.add("### %s", operation.call)
  page.add()
  local parts = { sentence(any.about) }
  if any.deprecated then
    parts[#parts + 1] = "**Withdrawn by the vendor.**"
  end
  local lacking = (operation.by.v4 or operation.by.v1) and (not operation.by.v4 and "v4" or not operation.by.v1 and "v1")
  if lacking then
    parts[#parts + 1] = ("Not in %s%s."):format(lacking, any.instead
      and (": use `client.%s` there"):format((any.instead:gsub("%.([^.]+)$", ":%1"))) or "")
  end
  if any.use then
    parts[#parts + 1] = "*Use it for* " .. sentence(any.use)
  end
  page.add("%s", table.concat(parts, " "))
  page.add()
  add_call(page, operation)
  add_wire(page, operation)
  add_facts(page, operation)
  add_parameters(page, operation, seen)
  add_answers(page, operation)
end

return section
