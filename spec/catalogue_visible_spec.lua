--- The requests, parameters and answers of SE Visible, Local Marketing and account credits are those of the catalogue
--- (spec/catalogue/visible.lua), which was made from the API's sources, not from our descriptions. A client sends its requests,
--- and the fake accepts them.
-- SPDX-License-Identifier: MIT

local catalogue = require "catalogue.visible"
local descriptions = require "support.descriptions"
local fake = require "seranking.fake"
local lists = require "support.lists"
local notation = require "seranking.base.notation"
local scene = require "support.scene"
local sent = require "support.sent"
local seranking = require "seranking"

local sorted, sorted_keys = lists.sorted, lists.sorted_keys

-- ---- the descriptions, as they stand in the files ----

-- Our names of the sources' operations, where they differ.
local OURS = { ["account.credits"] = "data.account.credits" }

local operations, owners, own_count = {}, {}, 0
descriptions.each_operation(function(key, operation, resource, family)
  operations[key], owners[key] = operation, resource
  if family:find "^visible%." or family == "local_marketing" then
    own_count = own_count + 1
  end
end)

local function ours(key)
  return operations[OURS[key] or key], owners[OURS[key] or key]
end

local function line_of(operation)
  return operation.visible or operation.v1 or operation.data
end

-- Our names of parameters.
local NAMES = {
  ["date_range[0][from]"] = "date_from", ["date_range[0][to]"] = "date_to", ["date_range[1][from]"] = "compare_from",
  ["date_range[1][to]"] = "compare_to", sort_field = "sort", source_sort_field = "sort", ["$"] = "aliases",
}

local TYPES = { string = "string", integer = "integer id", date = "date", boolean = "boolean", ["string[]"] = "string[]",
  ["integer[]"] = "id[]", ["object[]"] = "string[]" }

local function limits_of(definition)
  local text = ""
  if definition.enum then
    text = " " .. table.concat(definition.enum, ",")
  elseif definition.min or definition.max then
    text = (" %s..%s"):format(definition.min or "", definition.max or "")
  end
  for _, of in ipairs(definition.enum_by and sorted_keys(definition.enum_by.values) or {}) do
    text = ("%s %s=%s:%s"):format(text, definition.enum_by.of, of, table.concat(definition.enum_by.values[of], ","))
  end
  if definition.max_length then
    text = text .. " c" .. definition.max_length
  end
  if definition.min_items or definition.max_items then
    text = ("%s x%s..%s"):format(text, definition.min_items or "", definition.max_items or "")
  end
  if definition.default ~= nil then
    text = text .. " =" .. tostring(definition.default)
  end
  return definition.form and definition.form[2]:find "UUID" and text .. " uuid" or text
end

local function parameters_of(operation, resource)
  local found = {}
  local function collect(place, names)
    for _, entry in ipairs(notation.names(names)) do
      local name = entry[1]
      found[name] = { place, (operation.params or {})[name] or resource.params[name], entry[2] }
    end
  end
  for _, id in ipairs(notation.route(line_of(operation)).in_path) do
    collect("path", id .. "*")
  end
  collect("query", operation.query)
  collect("body", operation.body)
  return found
end

-- Limits that ours have and no source: a form of our own, a fewest that follows from the meaning, and a default that is known
-- from no source but that of no effect.
local STRICTER = { ["local_marketing.locations.list limit"] = " 1..", ["local_marketing.locations.list offset"] = " 0.. =0",
  ["local_marketing.reviews.list limit"] = " 1..", ["local_marketing.reviews.list offset"] = " 0.. =0" }

describe("the descriptions of SE Visible and Local Marketing", function()
  it("are those of the sources: all, and no other", function()
    local count = 0
    for key in pairs(catalogue.operations) do
      assert.is_table(ours(key), key)
      count = count + (OURS[key] and 0 or 1)
    end
    assert.equal(count, own_count)
  end)

  for _, key in ipairs(sorted_keys(catalogue.operations)) do
    local entry = catalogue.operations[key]

    it("have the method, path, body and statuses of " .. key .. ", and do not repeat what must not be", function()
      local operation = ours(key)
      assert.equal(entry.method .. " " .. entry.path, line_of(operation))
      assert.equal(entry.body == "none", operation.body == nil)
      assert.equal(entry.body == "array", operation.envelope == "value")
      assert.equal(entry.success, table.concat(operation.success or { 200 }, ","))
      assert.equal(entry.confidence:match "^%l+", operation.confidence)
      local repeated = operation.repeatable
      if repeated == nil then
        repeated = entry.method == "GET" or entry.method == "PUT" or entry.method == "DELETE"
      end
      assert.equal(entry.idempotent, repeated)
      assert.is_nil(operation.billed)
    end)

    it("have the parameters of " .. key .. ": places, names on the wire, types, values, limits", function()
      local operation, resource = ours(key)
      local found, wanted = parameters_of(operation, resource), {}
      for _, text in ipairs(entry.params or {}) do
        local place, name, star, kind, limits = text:match "^(%l+) ([^%s*]+)(%*?) (%S+)(.*)$"
        local own = NAMES[name] or name:gsub("%[%]$", "")
        local where = key .. ": " .. own
        wanted[own] = true
        assert.is_table(found[own], where)
        local definition = found[own][2]
        assert.same({ place, star == "*" }, { found[own][1], found[own][3] }, where)
        assert.is_truthy((" " .. TYPES[kind] .. " "):find(" " .. definition.type .. " ", 1, true), where)
        assert.equal(kind == "object[]", definition.wrap == "title", where)
        local on_wire = (definition.wire or own) .. (place == "query" and definition.type:find "%[%]$" and "[]" or "")
        assert.equal(name == "$" and "aliases" or name, on_wire, where)
        assert.is_nil(definition.type:find "%[%]$" and definition.style, where)
        assert.equal(kind == "boolean" and "json" or nil, definition.style, where)
        if kind ~= "object[]" then
          local own_limits = STRICTER[key .. " " .. own] or limits
          assert.equal(own_limits, limits_of(definition), where)
        end
      end
      for own in pairs(found) do
        assert.is_true(wanted[own], key .. " has " .. own)
      end
    end)

    it("have the pages, the job and the states of " .. key, function()
      local operation = ours(key)
      local pages, job = operation.pages or {}, operation.job
      local style, rows, size, max, cursor, param = (entry.pages or "none"):match "^(%l+) ?(%S*) ?(%S*) ?(%S*) ?(%S*) ?(%S*)$"
      if key == "local_marketing.reviews.list" then
        assert.same({ "none", "offset" }, { style, pages.style }) -- the sources have limit and offset, and name no paging
        style = "offset"
      end
      assert.equal(style, pages.style or "none")
      if entry.pages then
        assert.equal(rows == "?" and "results items" or rows, pages.rows or operation.unwrap)
        assert.same({ size, max }, { tostring(pages.size or "-"), tostring(pages.max or "-") })
        assert.same({ cursor, param }, { pages.cursor or "-", pages.param or "-" })
      end
      if entry.job then
        local id, status = entry.job:match "^id (%S+) status visible%.projects%.(%S+)$"
        assert.same({ id, status, "project_id" }, { job.id, job.status, job.param })
      elseif entry.states then
        local state, pending, good, bad, full = entry.states:match "^(%S+) (%S+) (%S+) (%S+) (%S+)$"
        assert.same({ state, (pending:gsub(",", " ")), good, bad, full },
          { job.state, job.pending, job.good, job.bad, job.full })
      else
        assert.is_nil(job)
      end
    end)
  end
end)

-- ---- answers ----

local ENVELOPES = { ["array<object> or object with the rows in results or items"] = true,
  ["array<object> or rows in results or items"] = true, ["array<object>?"] = true, ["array or object"] = true }

-- Our lines of a path, "a.b[]": those that are it or lie below it.
local function below(fields, path)
  local found = {}
  for _, field in ipairs(fields) do
    local own = field.path:gsub("<[^>]*>", "<>")
    if own == path or own:sub(1, #path + 1) == path .. "." then
      found[#found + 1] = field
    end
  end
  return found
end

-- Where ours stand elsewhere: rows of metrics are described in one of the places that they may have.
local function own_path(key, path)
  path = path:gsub("^%[%]%.", ""):gsub("^<rows>%[%]", key == "visible.brands.metrics" and "items[]" or ""):gsub("^%.", "")
  return (path:gsub("%?", ""):gsub("{pivotId}_{metric}", "<>"):gsub("{metric}", "<>"):gsub("limits%.%l+%.{max,used,available}",
    "limits.<>.max"))
end

local KINDS = { datetime = "time", ["integer|null"] = "integer", ["number|null"] = "number", ["string|null"] = "string",
  ["datetime|null"] = "time" }

describe("the described answers of", function()
  for _, key in ipairs(sorted_keys(catalogue.operations)) do
    local entry = catalogue.operations[key]

    it(key .. " have the members of the sources, and say which names are guesses", function()
      local operation = ours(key)
      assert.equal(entry.shape == "empty", operation.answer == nil)
      assert.equal(entry.shape == "text/html", operation.answer == "bytes")
      if ENVELOPES[entry.shape] then
        assert.equal("results items", operation.unwrap)
      end
      local fields = notation.fields(operation.fields)
      for _, text in ipairs(entry.fields or {}) do
        local path, kind = text:match "^(%S+) (%S+)$"
        if path ~= "<ids>" then -- prompts.create: no member is known
          local guess = path:find("?", 1, true) ~= nil
          local lists_of = kind:match "^(.*)%[%]$"
          local own = own_path(key, path)
          if lists_of then
            own, kind = own .. "[]", lists_of
          end
          local found = below(fields, own)
          assert.is_truthy(found[1], key .. " lacks " .. own)
          if found[1].path:gsub("<[^>]*>", "<>") == own and not kind:find "[?|]" and kind ~= "object" then
            assert.equal(KINDS[kind] or kind, found[1].type:match "^[^|]+", key .. ": " .. own)
          end
          for _, field in ipairs(guess and found or {}) do
            assert.is_true(field.guessed, key .. ": " .. own)
          end
          if kind:find("null", 1, true) then
            assert.is_true(found[1].optional, key .. ": " .. own)
          end
        end
      end
    end)
  end
end)

-- ---- requests ----

local STAND_INS = { project = "5b0c2f9e-7d1a-4c83-9a46-3e2f10d7b6c5", brand = 31, rival = 32, topic = 4101, prompt = 70001,
  result = 880001, token = "bmV4dA/+2==" }

-- An answer that the operation takes.
local function plain_answer(operation)
  local kind = operation.answer
  if not kind then
    return { status = 204, headers = {}, body = "" }
  elseif kind == "bytes" then
    return { status = 200, headers = { { "Content-Type", "text/html" } }, body = "<p>rye</p>" }
  end
  return { status = operation.success and operation.success[1] or 200, headers = { { "Content-Type", "application/json" } },
    body = kind == "array" and "[]" or operation.job and '{"id":"x"}' or "{}" }
end

local function title(request)
  return request.op .. ", " .. request.case
end

describe("a client sends the catalogue's request of", function()
  for _, request in ipairs(catalogue.requests) do
    it(title(request), function()
      local operation = ours(request.op)
      local last
      local client = assert(seranking.new { token = scene.V1_KEY, clock = seranking.clock(), transport = {
        handle = function(_, incoming)
          last = incoming
          return plain_answer(operation)
        end,
      } })
      local wanted = sent.filled(request, STAND_INS)
      local called = client
      for name in (OURS[request.op] or request.op):gmatch "[^.]+" do
        called = called[name]
      end
      local data, problem = called(wanted.args)
      assert.is_truthy(data, tostring(problem))
      assert.same({ wanted.method, wanted.path }, { last.method, last.path })
      assert.equal("https://api.seranking.com", last.origin)
      assert.equal("Token " .. scene.V1_KEY, last.headers.authorization)
      assert.same(sent.by_name(wanted.query or {}), sent.by_name(sent.in_order(last.query)))
      if wanted.json then
        assert.same(sent.canonical(wanted.json), sent.canonical(last.body))
        assert.equal("application/json", last.headers["content-type"])
      else
        assert.is_true(last.body == nil or last.body == "")
      end

      local dry = called:dry_run(wanted.args)
      assert.equal(last.method, dry.method)
      assert.equal("https://api.seranking.com" .. last.path .. (last.query and last.query ~= "" and "?" .. last.query or ""),
        dry.url)
      assert.is_nil(dry.headers.authorization:find(scene.V1_KEY, 1, true))
      client:close()
    end)
  end

  it("every operation: with its required parameters, and with all of those that take more", function()
    local cases = {}
    for _, request in ipairs(catalogue.requests) do
      cases[request.op] = (cases[request.op] or "") .. request.case .. " "
    end
    for key, entry in pairs(catalogue.operations) do
      local more = false
      for _, text in ipairs(entry.params or {}) do
        more = more or not text:find "^%l+ [^%s*]+%*"
      end
      assert.equal("required " .. (more and "all " or ""), cases[key], key)
    end
    assert.same(sorted(sorted_keys(catalogue.operations)), sorted_keys(cases))
  end)
end)

describe("the fake accepts the catalogue's request of", function()
  --- A fake with what the requests name, and the stand-ins of these.
  local function new_account()
    local api = fake.new { limit = 1e6, data_limit = 1e6, visible_limit = 1e6, today = "2026-09-10" }
    api:seed { visible = { { domain = "https://corner-bakery.example.com", brand_names = { "Corner Bakery" }, days = 60,
      topics = { Bread = { "where to buy good rye bread" } },
      competitors = { { title = "Mill", domain = "https://mill.example.com" } } } } }
    local client = api:client { raise = true }
    local project = client.visible.projects:list()[1].id
    local brands = client.visible.brands:list { project_id = project }
    local prompt = client.visible.prompts:list({ project_id = project, date_from = "2026-09-01", date_to = "2026-09-10" })[1]
    local result = client.visible.results:list { project_id = project, prompt_id = prompt.id, date_from = "2026-09-09",
      date_to = "2026-09-10" }
    client:close()
    return api, { project = project, brand = brands[1].id, rival = brands[2].id, topic = prompt.topic_id, prompt = prompt.id,
      result = result[1].id, token = "bmV4dA/+2==" }
  end

  local function encoded(text)
    return (text:gsub("[^%w%-._~]", function(char) return ("%%%02X"):format(char:byte()) end))
  end

  for _, request in ipairs(catalogue.requests) do
    it(title(request), function()
      local api, stand_ins = new_account()
      if request.op == "visible.brands.delete" then
        stand_ins.brand = stand_ins.rival
      end
      local wanted, query = sent.filled(request, stand_ins), {}
      for i, pair in ipairs(wanted.query or {}) do
        local name, value = pair:match "^([^=]*)=(.*)$"
        query[i] = encoded(name) .. "=" .. encoded(value)
      end
      local answer = api:handle { method = wanted.method, path = wanted.path, query = query[1] and table.concat(query, "&"),
        headers = { authorization = "Token " .. scene.V1_KEY, ["content-type"] = wanted.json and "application/json" or nil },
        body = wanted.json }
      local success = "," .. catalogue.operations[request.op].success .. ","
      assert.is_truthy(success:find("," .. answer.status .. ",", 1, true), answer.status .. " " .. answer.body)
      assert.same({}, api:unexpected())
    end)
  end
end)
