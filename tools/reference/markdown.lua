--- docs/reference: a page a family, and an index.
-- SPDX-License-Identifier: MIT

local mapping = require "reference.mapping"
local model = require "reference.model"
local notation = require "seranking.base.notation"
local pretty = require "reference.pretty"
local sample = require "reference.sample"
local shape = require "reference.shape"

local markdown = {}

local API_NAMES = { v4 = "v4", v1 = "v1", data = "Data API" }

--- Makes a page: add(format, …) appends a line, text() gives all.
local function new_page()
  local lines, page = {}, {}
  function page.add(format, ...)
    lines[#lines + 1] = select("#", ...) > 0 and format:format(...) or format or ""
  end
  function page.text()
    return table.concat(lines, "\n") .. "\n"
  end
  return page
end

-- What a heading's link is called.
local function anchor(heading)
  return (heading:lower():gsub("[^%w_ -]", ""):gsub(" ", "-"))
end

-- Text for a cell of a table.
local function cell(text)
  return (text:gsub("|", "\\|"):gsub("<", "\\<"))
end

local function code(text)
  return "`" .. text .. "`"
end

local function codes(list)
  local made = {}
  for i, value in ipairs(list) do
    made[i] = code(sample.literal(value))
  end
  return table.concat(made, " ")
end

local function sentence(text)
  return text:find "[.!?]$" and text or text .. "."
end

-- ---- the wire ----

-- "GET /a/{b}{?c,d}" as "GET /a/{b}?c={c}&d={d}".
local function wire_line(description)
  local route = notation.route(description.method .. " " .. description.path)
  local query = {}
  for name, value in pairs(description.fixed or {}) do
    query[#query + 1] = name .. "=" .. value
  end
  table.sort(query)
  local ids = {}
  for _, name in ipairs(route.in_query) do
    local wire = name
    for _, parameter in ipairs(description.parameters) do
      wire = parameter.name == name and parameter.wire or wire
    end
    ids[#ids + 1] = wire .. "={" .. name .. "}"
  end
  for _, text in ipairs(query) do
    ids[#ids + 1] = text
  end
  return description.method .. " " .. route.path .. (ids[1] and "?" .. table.concat(ids, "&") or "")
end

local BODIES = {
  object = "a JSON object", list = "a bare JSON list", multipart = "multipart/form-data",
}
local ENVELOPES = {
  list = "a JSON list of one object", value = "the value of the only parameter",
  pairs = '`[{"key":"data","value":[{…},{…}]}]`, an object for each parameter',
}

local function wire_note(description)
  local parts = {}
  if description.body then
    parts[1] = "body: " .. (ENVELOPES[description.envelope] or BODIES[description.body])
  elseif description.method ~= "GET" then
    parts[1] = "no body"
  end
  if description.post then
    parts[#parts + 1] = "by POST, the parameters as one JSON object, where the address would be long"
  end
  return table.concat(parts, "; ")
end

local function add_wire(page, operation)
  page.add "| | on the wire | |"
  page.add "|---|---|---|"
  for _, api in ipairs(operation.apis) do
    page.add("| %s | `%s` | %s |", API_NAMES[api], wire_line(operation.by[api]), wire_note(operation.by[api]))
  end
  if not operation.by.data and #operation.apis == 1 then
    page.add("| %s | not there | |", operation.by.v4 and "v1" or "v4")
  end
  page.add()
end

-- ---- parameters ----

local LIST_STYLES = { comma = "joined by commas", lines = "a line each", json = "as JSON text" }

-- How a list or a table is written. `around`: the name of the table that it is a member of.
local function style_of(parameter, in_query, around)
  local element = parameter.type:match "^(.-)%[%]"
  local style = parameter.style
  if not element and parameter.type ~= "object" then
    return parameter.wire ~= parameter.name and "as " .. code(parameter.wire) or nil
  elseif LIST_STYLES[style] then
    return (parameter.wire ~= parameter.name and code(parameter.wire) .. ", " or "") .. LIST_STYLES[style]
  elseif not in_query then
    return parameter.wire ~= parameter.name and "as " .. code(parameter.wire) or nil
  elseif style == "tree" then
    return code((around and around .. "[" .. parameter.wire .. "]" or parameter.wire) .. (element and "[0]" or "")
      .. (parameter.type:find "^object" and "[…]=" or "="))
  elseif style == "repeat" then
    return code(parameter.wire .. "=") .. " each"
  elseif parameter.type:find "^object" then
    return LIST_STYLES.json
  end
  return code(parameter.wire .. "[]=") .. " each"
end

local function place_of(parameter, description)
  local place = parameter.place == "items" and "element" or parameter.place == "upload" and "part" or parameter.place
  if place == "query" and description.post then
    place = "query or body"
  end
  if parameter.place == "path" then
    return place
  end
  local style = style_of(parameter, parameter.place == "query" or parameter.place == "upload")
  return place .. (style and ", " .. style or "")
end

-- Where a parameter goes, in each generation.
local function places_of(parameter, operation)
  local texts, same = {}, true
  for _, api in ipairs(operation.apis) do
    local own = parameter.by[api]
    texts[#texts + 1] = own and { api, place_of(own, operation.by[api]) } or nil
    same = same and texts[#texts] ~= nil and texts[#texts][2] == texts[1][2]
  end
  if #texts < #operation.apis then
    return texts[1][1] .. " only: " .. texts[1][2]
  elseif same then
    return texts[1][2]
  end
  for i, text in ipairs(texts) do
    texts[i] = text[1] .. ": " .. text[2]
  end
  return table.concat(texts, "; ")
end

local LIST_OF = { id = "ids", integer = "integers", number = "numbers", string = "strings", object = "objects",
  text = "texts", date = "dates", month = "months", boolean = "booleans", flag = "flags" }

local function type_of(parameter)
  local base, lists = parameter.type:match "^([^%[]*)(.*)$"
  if lists == "" then
    return base
  end
  local text = "list of " .. LIST_OF[base]
  for _ = 2, #lists / 2 do
    text = "list of lists of " .. LIST_OF[base]
  end
  return text .. (lists == "[]" and ", or one" or "")
end

local function number(value)
  return code(("%.14g"):format(value))
end

local function limits_of(parameter)
  local parts = {}
  if parameter.enum then
    parts[1] = (#parameter.enum > 1 and "one of " or "only ") .. codes(parameter.enum)
  elseif parameter.min and parameter.max then
    parts[1] = number(parameter.min) .. " to " .. number(parameter.max)
  elseif parameter.min then
    parts[1] = "at least " .. number(parameter.min)
  elseif parameter.max then
    parts[1] = "at most " .. number(parameter.max)
  end
  if parameter.default ~= nil then
    parts[#parts + 1] = "default " .. code(sample.literal(parameter.default))
  end
  if parameter.min_items then
    parts[#parts + 1] = "at least " .. parameter.min_items .. " elements"
  end
  if parameter.min_length and parameter.min_length == parameter.max_length then
    parts[#parts + 1] = parameter.max_length .. " characters"
  elseif parameter.max_length then
    parts[#parts + 1] = "at most " .. parameter.max_length .. " characters"
  end
  if parameter.max_items then
    parts[#parts + 1] = "at most " .. parameter.max_items .. " elements"
  end
  if parameter.nullable then
    parts[#parts + 1] = "`seranking.null` clears it"
  end
  if parameter.secret then
    parts[#parts + 1] = "masked wherever it could be seen"
  end
  return table.concat(parts, "; ")
end

-- A range's two ends are told in one row.
local function is_range(parameter)
  local fields = parameter.fields
  return fields ~= nil and #fields == 2 and fields[1].name == "from" and fields[2].name == "to" and not fields[1].fields
end

-- A text that is the same for parameters that are the same.
local function digest(parameter)
  local parts = { parameter.name, parameter.type, tostring(parameter.required), parameter.about or "" }
  for _, field in ipairs(parameter.fields or {}) do
    parts[#parts + 1] = digest(field)
  end
  return table.concat(parts, "\n")
end

-- Fewer members than this are told again, where an object comes again.
local MANY = 6

-- The rows of a parameter. `seen`: the operations of this page that have told the members of an object.
local function add_parameter(page, name, parameter, required, place, operation, seen, around)
  local about = parameter.about and cell(parameter.about) or ""
  local limits = cell(limits_of(parameter))
  if limits ~= "" then
    about = sentence(about) .. " " .. limits:gsub("^%l", string.upper)
  end
  local kind = type_of(parameter)
  if is_range(parameter) then
    kind = "range of " .. LIST_OF[parameter.fields[1].type]
  end
  local fields = not is_range(parameter) and parameter.fields or {}
  local told = #fields >= MANY and digest(parameter)
  if told and seen[told] then
    fields, about = {}, ("%s Members as in [%s](#%s)"):format(sentence(about), seen[told], anchor(seen[told]))
  elseif told then
    seen[told] = operation.full
  end
  page.add("| %s%s | %s | %s | %s |", code(name), required and " \\*" or "", kind, place, about)
  local wire = around and around .. "[" .. parameter.wire .. "]" or parameter.wire
  for _, field in ipairs(fields) do
    add_parameter(page, name .. parameter.type:gsub("^[^%[]*", "") .. "." .. field.name, field, field.required,
      style_of(field, parameter.place == "query", wire) or "", operation, seen, wire)
  end
end

local function add_parameters(page, operation, seen)
  if #operation.parameters == 0 then
    page.add "No parameters."
    page.add()
    return
  end
  page.add "| parameter | type | goes into | |"
  page.add "|---|---|---|---|"
  for _, parameter in ipairs(operation.parameters) do
    local name = (parameter.items and "[]." or "") .. parameter.name
    add_parameter(page, name, parameter.first, parameter.required, places_of(parameter, operation),
      operation, seen)
  end
  page.add()
  if operation.any.row_of then
    page.add("Takes what %s gave, changed or not: each member is written as the parameter that it is, and those that can't be "
      .. "written are left out.", (operation.any.row_of:gsub("%w+", "`%0`"):gsub(" ", " or ")))
    page.add()
  end
  if operation.any.any_of then
    page.add("At least one of %s must be given.", (codes(operation.any.any_of):gsub('"', "")))
    page.add()
  end
  if operation.any.one_of then
    page.add("Exactly one of %s must be given.", (codes(operation.any.one_of):gsub('"', "")))
    page.add()
  end
end

-- ---- answers ----

local ANSWERS = {
  array = "a list", object = "an object", map = "an object whose keys are data", bytes = "a file, as a string",
  any = "given as it is; `true` if there is no body, an empty table for `null`",
}

-- "`status` alone …": what the head of the table says.
local function answer_line(description)
  local text = ANSWERS[description.answer] or "nothing of use: the call gives `true`"
  if description.unwrap then
    text = text .. (", also where it comes inside `%s`"):format(description.unwrap)
  end
  if description.failed then
    text = text .. ("; one that holds `%s` alone is an error"):format(description.failed)
  end
  return text
end

-- Whether a line says more than that lines below it say.
local function tells_more(field, next_field)
  local inside = next_field and (next_field.path:sub(1, #field.path + 1) == field.path .. "."
    or next_field.path:sub(1, #field.path + 2) == field.path .. "[]")
  return not inside or field.note ~= nil or field.optional
end

local function field_rows(description)
  local rows = {}
  for i, field in ipairs(description.fields) do
    if tells_more(field, description.fields[i + 1]) then
      local kind, count = field.type:gsub("|", " or ")
      kind = count > 0 and (field.optional or field.text) and "(" .. kind .. ")" or kind
      rows[#rows + 1] = ("| %s | %s%s%s | %s |"):format(code(field.path), kind,
        field.text and "~" or "", field.optional and "?" or "", cell(field.note or ""))
    end
  end
  return rows
end

local function add_fields(page, description, heading)
  local rows = field_rows(description)
  page.add("**%s:** %s%s", heading, answer_line(description), rows[1] and (description.answer == "array"
    and ", of each element:" or ":") or ".")
  page.add()
  if not rows[1] then
    return
  end
  page.add "| field | type | |"
  page.add "|---|---|---|"
  for _, row in ipairs(rows) do
    page.add(row)
  end
  page.add()
end

local function same_answer(a, b)
  local own, other = field_rows(a), field_rows(b)
  return a.answer == b.answer and table.concat(own, "\n") == table.concat(other, "\n")
end

local function add_answers(page, operation)
  local v4, v1 = operation.by.v4, operation.by.v1
  if v4 and v1 and not same_answer(v4, v1) then
    add_fields(page, v4, "Answer in v4")
    add_fields(page, v1, "Answer in v1")
  else
    add_fields(page, operation.any, "Answer")
  end
end

local function json_block(page, text)
  page.add "```json"
  page.add(pretty(text))
  page.add "```"
  page.add()
end

local function add_examples(page, operation)
  local v4, v1 = operation.by.v4, operation.by.v1
  local first = operation.any.example
  if not first then
    return
  elseif v4 and v1 and v1.example and v4.example ~= v1.example then
    page.add "Such as, in v4, then in v1:"
    page.add()
    json_block(page, v4.example)
    json_block(page, v1.example)
  else
    page.add "Such as:"
    page.add()
    json_block(page, first)
  end
end

-- ---- the rest ----

-- The member of a row that a walk prints.
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

local STYLES = { page = "by number", offset = "by offset", cursor = "by cursor" }

local function pages_line(operation)
  local pages = operation.any.pages
  if not pages then
    return nil
  end
  local parts = { STYLES[pages.style] or "one page" }
  if pages.rows then
    parts[#parts + 1] = ("rows in `%s`"):format(pages.rows)
  end
  if pages.total then
    parts[#parts + 1] = ("how many there are in `%s`"):format(pages.total)
  end
  if pages.cursor then
    parts[#parts + 1] = ("the next cursor in `%s`"):format(pages.cursor)
  end
  if pages.size then
    parts[#parts + 1] = ("%.14g rows each unless `limit` is given"):format(pages.size)
  end
  if pages.max then
    parts[#parts + 1] = ("at most %.14g"):format(pages.max)
  end
  if pages.whole then
    parts[#parts + 1] = ("all of it by %s"):format(pages.whole)
  end
  return table.concat(parts, ", ")
end

local function words(text)
  local list = {}
  for i, word in ipairs(notation.words(text)) do
    list[i] = code(word)
  end
  return table.concat(list, " ")
end

local function job_line(operation)
  local job = operation.any.job
  if not job then
    return nil
  end
  local call = operation.resource.path .. "." .. operation.name .. ":wait"
  if job.status then
    local status = model.status_of(operation)
    local link = ("[%s](#%s)"):format(status.full, anchor(status.full))
    local text = ("`%s { … }` starts it and waits until it is done; %s tells its state"):format(call, link)
    if job.state then
      text = text .. ("; refused at once where `%s` is %s"):format(job.state, words(job.bad))
    end
    return text
  end
  local parts = {}
  for _, entry in ipairs { { "pending", "waits" }, { "good", "done" }, { "bad", "failed" } } do
    if job[entry[1]] then
      parts[#parts + 1] = words(job[entry[1]]) .. " " .. entry[2]
    end
  end
  if job.done then
    parts[#parts + 1] = ("done when `%s` is there"):format(job.done)
  end
  if job.result then
    parts[#parts + 1] = ("`%s` is the address of its file"):format(job.result)
  end
  local every = job.every or { 5, 60 }
  return ("`%s { … }` looks again every %.14g to %.14g s; %s%s"):format(call, every[1], every[2],
    job.state and ("`%s`: "):format(job.state) or "", table.concat(parts, ", "))
end

local function cost_line(description)
  local cost = description.cost
  if not cost then
    return nil
  end
  local text
  if not cost[1] then
    text = "not known"
  elseif cost[1] == 0 then
    text = "nothing"
  else
    text = ("%.14g credits a %s"):format(cost[1], cost.per)
  end
  return ("%s, by estimate%s (%s)"):format(text, cost.note and ": " .. cost.note or "",
    cost.confidence and "confidence " .. cost.confidence or "confidence not told")
end

local function repeat_line(description)
  if description.billed then
    return "only if nothing was sent, since it costs money or plan limits"
  elseif description.repeatable then
    return "after network errors, time-outs, 5xx and 429"
  end
  return "only where nothing was sent, and after a 429"
end

local function error_lines(operation)
  local lines = {}
  for _, known in ipairs(operation.any.errors) do
    local err = mapping.of(operation.apis[1], known.status, known.message)
    lines[#lines + 1] = ("%d %s: kind `%s`, code `%s`"):format(known.status,
      known.message and "“" .. known.message .. "”" or "(words not known)", err.kind, err.code)
  end
  return lines
end

local function add_facts(page, operation)
  local description = operation.any
  local function fact(name, text)
    if text then
      page.add("- %s: %s.", name, text)
    end
  end
  fact("Pages", pages_line(operation))
  fact("Job", job_line(operation))
  fact("Cost", cost_line(description))
  fact("Sent again", repeat_line(description))
  for _, line in ipairs(error_lines(operation)) do
    fact("Error", line)
  end
  fact("Known from", table.concat(description.source, ", ") .. "; confidence " .. (description.confidence or "not told"))
  page.add()
end

local function add_call(page, operation)
  page.add "```lua"
  page.add(sample.call(operation))
  local walk = sample.walk(operation, telling_member(operation))
  if walk then
    page.add()
    page.add(walk)
  end
  page.add "```"
  page.add()
end

local function add_operation(page, operation, seen)
  page.add("### %s", operation.full)
  page.add()
  local instead = operation.any.instead
  page.add("%s", sentence(operation.any.about) .. (operation.any.deprecated and " **Withdrawn by the vendor.**" or "")
    .. (instead and (" In %s use `client.%s`."):format(operation.by.v4 and "v1" or "v4",
      (instead:gsub("%.([^.]+)$", ":%1"))) or ""))
  page.add()
  add_call(page, operation)
  add_wire(page, operation)
  add_parameters(page, operation, seen)
  add_answers(page, operation)
  add_examples(page, operation)
  add_facts(page, operation)
end

-- ---- pages ----

local function add_contents(page, family)
  page.add "| operation | v4 | v1 | |"
  page.add "|---|---|---|---|"
  for _, resource in ipairs(family.resources) do
    for _, operation in ipairs(resource.operations) do
      page.add("| [%s](#%s) | %s | %s | %s |", operation.full, anchor(operation.full), operation.by.v4 and "yes" or "",
        operation.by.v1 and "yes" or "", cell(operation.any.about))
    end
  end
  page.add()
end

local function add_data_contents(page, family)
  page.add "| operation | credits | |"
  page.add "|---|---|---|"
  for _, resource in ipairs(family.resources) do
    for _, operation in ipairs(resource.operations) do
      local cost = operation.any.cost or {}
      page.add("| [%s](#%s) | %s | %s |", operation.full, anchor(operation.full),
        cost[1] and (cost[1] == 0 and "none" or ("%.14g a %s"):format(cost[1], cost.per)) or "not known",
        cell(operation.any.about))
    end
  end
  page.add()
end

local function add_binding(page, resource)
  local ids = model.sorted_keys(resource.bindable)
  for i, id in ipairs(ids) do
    local from = resource.bindable[id]
    local rest = resource.name:sub(#from + 1)
    ids[i] = ("`client.%s(%s)%s` binds `%s`"):format(from, id, rest, id)
  end
  if #ids > 0 then
    page.add("%s: its calls then need it no more.", table.concat(ids, ", "))
    page.add()
  end
end

local GENERATED = "<!-- Made by tools/reference.lua of %s. To change it: edit that, then `make reference`. -->"

-- The path of a module in the repository.
local function path_of(module)
  return "lua/" .. module:gsub("%.", "/") .. ".lua"
end

local function family_page(family)
  local page = new_page()
  page.add("# client.%s", family.name)
  page.add()
  page.add(GENERATED, path_of(family.module))
  page.add()
  page.add("%s", sentence(family.purpose))
  if family.notes then
    page.add()
    page.add("%s", family.notes)
  end
  page.add()
  page.add "[All families](index.md) · [how to read this](index.md#how-to-read-a-page): `\\*` required, `?` may be missing,"
  page.add "`~` may come as text, and is made the number it holds."
  page.add();
  (family.data and add_data_contents or add_contents)(page, family)
  local links, seen = {}, {}
  for _, resource in ipairs(family.resources) do
    if #resource.operations > 0 then
      page.add("## %s", resource.path)
      page.add()
      if resource.about then
        page.add("%s", resource.about)
        page.add()
      end
      add_binding(page, resource)
    end
    for _, operation in ipairs(resource.operations) do
      assert(not links[anchor(operation.full)], "two headings with one link: " .. operation.full)
      links[anchor(operation.full)] = true
      add_operation(page, operation, seen)
    end
  end
  return (page.text():gsub("\n+$", "\n"))
end

-- ---- the index ----

local function add_families(page, families, data)
  page.add "| | operations | |"
  page.add "|---|---|---|"
  for _, family in ipairs(families) do
    if family.data == data then
      page.add("| [client.%s](%s) | %d | %s |", family.name, family.page, family.count, cell(family.purpose))
    end
  end
  page.add()
end

local function add_paths(page, families, api)
  local rows = {}
  for _, family in ipairs(families) do
    for _, resource in ipairs(family.resources) do
      for _, operation in ipairs(resource.operations) do
        local description = operation.by[api]
        if description then
          local line = wire_line(description)
          rows[#rows + 1] = { line:match " (.+)$" .. " " .. description.method .. " " .. operation.full,
            ("| `%s` | [%s](%s#%s) |"):format(line, operation.full, family.page, anchor(operation.full)) }
        end
      end
    end
  end
  if #rows == 0 then
    return
  end
  table.sort(rows, function(a, b)
    return a[1] < b[1]
  end)
  page.add("### %s", API_NAMES[api])
  page.add()
  page.add("%d operations.", #rows)
  page.add()
  page.add "| | |"
  page.add "|---|---|"
  for _, row in ipairs(rows) do
    page.add("%s", row[2])
  end
  page.add()
end

local function index_page(families)
  local page = new_page()
  page.add "# The API, operation by operation"
  page.add()
  page.add(GENERATED, "lua/seranking/api, and of the text in tools/reference/index.md")
  page.add()
  local file = assert(io.open "tools/reference/index.md", "run this in the top folder of the repository")
  local chapters = {
    families = function() add_families(page, families, false) end,
    data_families = function() add_families(page, families, true) end,
    paths = function()
      for _, api in ipairs(model.apis) do
        add_paths(page, families, api)
      end
    end,
  }
  for line in file:lines() do
    local chapter = line:match "^{{([%w_]+)}}$"
    if chapter then
      assert(chapters[chapter], "tools/reference/index.md: no chapter " .. chapter)()
    else
      page.add("%s", line)
    end
  end
  file:close()
  return (page.text():gsub("\n\n\n+", "\n\n"):gsub("\n+$", "\n"))
end

--- All pages: path to text.
---@param families reference.Family[]
---@return table<string, string>
function markdown.pages(families)
  local pages = { ["docs/reference/index.md"] = index_page(families) }
  for _, family in ipairs(families) do
    pages["docs/reference/" .. family.page] = family_page(family)
  end
  return pages
end

return markdown
