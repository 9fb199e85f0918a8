--- The requests and parameters of the Data API are those of the catalogue (spec/catalogue/data.lua), which was made from the
--- API's sources, not from our descriptions. The fake accepts these requests, and a client sends them.
-- SPDX-License-Identifier: MIT

local catalogue = require "catalogue.data"
local descriptions = require "support.descriptions"
local fake = require "seranking.fake"
local json = require "seranking.fake.json"
local lists = require "support.lists"
local scene = require "support.scene"
local sent = require "support.sent"
local seranking = require "seranking"

local TODAY = "2026-09-10"

local sorted, sorted_keys = lists.sorted, lists.sorted_keys

local function words(text)
  local list = {}
  for word in (text or ""):gmatch "%S+" do
    list[#list + 1] = word
  end
  return list
end

-- ---- the descriptions, as they stand in the files ----

local operations, owners = {}, {}
descriptions.each_operation(function(key, operation, resource, family)
  if family:find "^data%." then
    operations[key], owners[key] = operation, resource
  end
end)

-- Our types by those of the sources, which are wider, or name the format instead of the type.
local TYPES = {
  string = "string", integer = "integer id flag", number = "number", csv = "string[] comma", date = "date",
  json = "object[][] json", ["string|string[]"] = "string[] repeat", ["string[]"] = "string[]",
  ["boolean|integer"] = "flag", month = "month", boolean = "boolean json", object = "object", ["object[]"] = "object[]",
  ["string|integer"] = "text",
}

-- Parameters that are one text in the sources, and lists of lines here.
local LINES = {}
for _, name in ipairs { "allow", "disallow", "hide", "disallow_ext" } do
  LINES["body settings." .. name] = true
end

local function limits_of(definition)
  local text = ""
  if definition.type == "flag" then
    text = " 0,1"
  elseif definition.enum then
    text = " " .. table.concat(definition.enum, ",")
  elseif definition.min or definition.max then
    text = (" %s..%s"):format(definition.min or "", definition.max or "")
  end
  if definition.max_length then
    text = " c" .. (definition.min_length and definition.min_length .. "-" or "") .. definition.max_length
  end
  return text .. (definition.max_items and " x" .. definition.max_items or "")
end

-- The parameters with their members: "place name" -> { definition, required }.
local function spread(found, place, name, definition, required)
  if definition.style == "tree" then
    local list = definition.type == "object[]" and "[N]" or ""
    if not definition.fields then
      found[place .. " " .. name .. "[0]"] = { { type = definition.type:gsub("%[%]$", "") }, required }
    end
    for member, field in pairs(definition.fields or {}) do
      spread(found, place, ("%s%s[%s]"):format(name, list, member), field, false)
    end
    return
  end
  local brackets = place == "form" and definition.type:find "%[%]$" and not definition.style and "[]" or ""
  found[(place == "form" and "body" or place) .. " " .. name .. brackets] = { definition, required }
  if name == "settings" then
    for member, field in pairs(definition.fields) do
      found[place .. " settings." .. member] = { field, false }
    end
  end
end

local function parameters_of(key)
  local operation, found = operations[key], {}
  local function collect(place, names)
    for _, word in ipairs(words(names)) do
      local name = word:gsub("%*$", "")
      spread(found, place, name, (operation.params or {})[name] or owners[key].params[name], word:find "%*$" ~= nil)
    end
  end
  for id in (operation.data:match "{%?([%w_,]+)}" or ""):gmatch "[%w_]+" do
    collect("query", id .. "*")
  end
  collect("query", operation.query)
  collect("body", operation.body)
  collect("form", operation.upload)
  for name, value in (operation.fixed or ""):gmatch "(%w+)=(%w+)" do
    assert.equal("json", value)
    found["query " .. name] = { { type = "string", enum = { "json", "xml" } }, false }
  end
  return found
end

-- ---- requests ----

local function encoded(text)
  return (text:gsub("[^%w%-._~]", function(char) return ("%%%02X"):format(char:byte()) end))
end

-- The catalogue's request in wire form.
local function literal(request)
  local query, headers, body = {}, { authorization = "Token " .. scene.V1_KEY }, request.json
  for i, pair in ipairs(request.query) do
    local name, value = pair:match "^([^=]*)=(.*)$"
    query[i] = encoded(name) .. "=" .. encoded(value)
  end
  headers["content-type"] = body and "application/json"
  if request.parts then
    local lines = {}
    for i, part in ipairs(request.parts) do
      lines[i] = ('--edge\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'):format(part:match "^([^=]*)=(.*)$")
    end
    headers["content-type"], body = "multipart/form-data; boundary=edge", table.concat(lines) .. "--edge--\r\n"
  end
  return {
    method = request.method, path = request.path, query = query[1] and table.concat(query, "&"), headers = headers,
    body = body,
  }
end

local function ask(api, method, path, query, body)
  local answer = api:handle {
    method = method, path = path, query = query, body = body,
    headers = { authorization = "Token " .. scene.V1_KEY, ["content-type"] = body and "application/json" or nil },
  }
  assert.equal(200, answer.status, answer.body)
end

--- Makes the jobs that the requests name: an export, a task and an audit, all finished.
local function make_jobs(api)
  ask(api, "GET", "/v1/backlinks/export", "target=anchors.example&output=json")
  ask(api, "POST", "/v1/serp/classic/tasks", nil,
    '{"search_engine":"google","device":"desktop","language_code":"en","location_id":2826,"query":["boots"]}')
  ask(api, "POST", "/v1/site-audit/audits/standard", nil, '{"domain":"anchors.example"}')
  api:advance(100)
end

local function title(request)
  return ("%s by %s, %s"):format(request.op, request.method, request.case)
end

-- ---- what a client sends ----

-- Too long for a GET.
local LONG = "anchors.example/" .. ("p"):rep(2000)

--- A copy of a table with a text replaced.
local function replaced(value, from, to)
  if value == from then
    return to
  elseif type(value) ~= "table" then
    return value
  end
  local made = {}
  for key, inner in pairs(value) do
    made[key] = replaced(inner, from, to)
  end
  return made
end

--- A client on the fake, and a function that returns its last request.
local function new_client()
  local clock = seranking.clock()
  local api = fake.new { clock = clock, data_limit = 1e6, today = TODAY }
  make_jobs(api)
  local last
  local client = assert(seranking.new {
    token = scene.V1_KEY, clock = clock,
    transport = { handle = function(_, request)
      last = request
      return api:handle(request)
    end },
  })
  return client, function() return last end
end

local function operation_of(client, key)
  local found = client
  for name in key:gmatch "[^.]+" do
    found = found[name]
  end
  return found
end

--- Pairs by name, each name's in order; JSON texts decoded.
local function by_name(list)
  local found = {}
  for _, pair in ipairs(list) do
    local name, value = pair:match "^([^=]*)=(.*)$"
    found[name] = found[name] or {}
    table.insert(found[name], value:find "^%[%[" and json.decode(value) or value)
  end
  return found
end

local function parts_of(request)
  local boundary, list = request.headers["content-type"]:match "^multipart/form%-data; boundary=(.+)$", {}
  for head, data in request.body:gmatch("(Content%-Disposition:.-)\r\n\r\n(.-)\r\n%-%-" .. boundary:gsub("%W", "%%%0")) do
    list[#list + 1] = head:match 'name="([^"]*)"' .. "=" .. data
  end
  return list
end

describe("the descriptions of the Data API", function()
  for _, key in ipairs(sorted_keys(catalogue.operations)) do
    local entry = catalogue.operations[key]

    it("have the methods and path of " .. key .. ", and are repeatable only if that does no harm", function()
      local operation = operations[key]
      local method, path = operation.data:match "^(%u+) ([^{]+)"
      assert.equal(entry.path, path)
      assert.equal(entry.methods, operation.post and method .. " POST" or method)
      local repeated = operation.repeatable
      if repeated == nil then
        repeated = method == "GET" or method == "PUT" or method == "DELETE"
      end
      assert.is_true(entry.idempotent or not repeated)
      assert.is_true(entry.idempotent or operation.billed)
    end)

    it("have the price of " .. key .. ", and are not repeatable if they cost credits", function()
      local cost, billed = operations[key].cost, operations[key].billed or false
      if entry.price then
        assert.equal(entry.price, ("%d %s"):format(cost[1], cost.per))
        assert.equal(cost[1] > 0, billed)
      else
        assert.is_nil(cost[1])
      end
    end)

    it("have the parameters of " .. key .. ": places, types, values, limits", function()
      local found, wanted = parameters_of(key), {}
      for _, text in ipairs(entry.params) do
        local place, name, kind, limits = text:match "^(%l+) ([^%s*]+%*?) (%S+)(.*)$"
        local label = place .. " " .. name:gsub("%*$", "")
        local ours = found[label]
        assert.is_truthy(ours, key .. " lacks " .. label)
        wanted[label] = true
        local definition = ours[1]
        local own = definition.type .. (definition.style and " " .. definition.style or "")
        if LINES[label] then
          assert.equal("string[] lines", own)
        elseif kind == "integer" then
          assert.is_truthy((" " .. TYPES.integer .. " "):find(" " .. own .. " ", 1, true), label .. ": " .. own)
        else
          assert.equal(TYPES[kind], own, label)
        end
        assert.equal(name:find "%*$" ~= nil, ours[2], label)
        if definition.type ~= "flag" or limits ~= "" then
          assert.equal(limits, limits_of(definition), label)
        end
      end
      for label in pairs(found) do
        assert.is_true(wanted[label], key .. " has " .. label)
      end
      assert.same(sorted(words(entry.one_of)), sorted(words(operations[key].one_of)))
      assert.same(sorted(words(entry.any_of)), sorted(words(operations[key].any_of)))
    end)

    it("have the pages and the states of " .. key, function()
      local pages, job = operations[key].pages, operations[key].job or {}
      assert.equal(entry.pages, pages and pages.style and table.concat({ pages.style, pages.rows or "$",
        pages.total or "-", pages.size, pages.max or "-" }, " ") or nil)
      if entry.states and job.pending then
        local state, pending, good, bad = entry.states:match "^(%S+) (%S+) (%S+) (%S+)$"
        assert.same({ state, pending }, { job.state, (job.pending:gsub(" ", ",")) })
        assert.same({ good, bad }, { job.good and job.good:gsub(" ", ",") or "-", job.bad and job.bad:gsub(" ", ",") or "-" })
      else
        assert.is_nil(job.pending)
      end
    end)
  end
end)

describe("the fake takes the catalogue's request of", function()
  for _, request in ipairs(catalogue.requests) do
    it(title(request), function()
      local api = fake.new { limit = 1e6, data_limit = 1e6, today = TODAY }
      make_jobs(api)
      local answer = api:handle(literal(request))
      assert.equal(200, answer.status, answer.body)
    end)
  end
end)

describe("a client sends the catalogue's request of", function()
  for _, request in ipairs(catalogue.requests) do
    it(title(request), function()
      local client, last_sent = new_client()
      local args, body = request.args, request.json
      if catalogue.operations[request.op].methods == "GET POST" and request.method == "POST" then
        args, body = replaced(args, "anchors.example", LONG), body:gsub('"anchors%.example"', '"' .. LONG .. '"')
      end
      local operation = operation_of(client, request.op)

      local data, problem = operation(args)
      assert.is_truthy(data, tostring(problem))
      local last = last_sent()
      assert.same({ request.method, request.path }, { last.method, last.path })
      assert.same(by_name(request.query), by_name(sent.in_order(last.query)))
      if request.parts then
        assert.same(request.parts, parts_of(last))
      elseif body then
        assert.same(sent.canonical(body), sent.canonical(last.body))
        assert.equal("application/json", last.headers["content-type"])
      else
        assert.is_true(last.body == nil or last.body == "")
      end

      local dry = operation:dry_run(args)
      assert.equal(last.method, dry.method)
      assert.equal("https://api.seranking.com" .. last.path .. (last.query ~= "" and "?" .. last.query or ""), dry.url)
      assert.is_nil(dry.headers.authorization:find(scene.V1_KEY, 1, true))
      assert.is_nil((dry.body or ""):find("s3cret", 1, true))
      client:close()
    end)
  end
end)
