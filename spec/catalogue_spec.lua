--- The requests and parameters of the Project API are those of the catalogue, in each generation.
-- SPDX-License-Identifier: MIT
--
-- The catalogue (spec/catalogue/) was made from the API's sources, not from our descriptions. Each request is compared as
-- dry_run shows it, then sent to a fake that has the objects it names.

local descriptions = require "support.descriptions"
local lists = require "support.lists"
local scene = require "support.scene"
local sent = require "support.sent"

local GENERATIONS = { "v4", "v1" }
local BASES = { v4 = "https://api4.seranking.com", v1 = "https://api.seranking.com" }

-- The password in the requests. It must be on the wire, but not in dry_run.
local SECRET = "correct horse"

local catalogue = require "catalogue.project"

local sorted, sorted_keys = lists.sorted, lists.sorted_keys
local canonical, decoded, pairs_of = sent.canonical, sent.decoded, sent.pairs_of

-- ---- the descriptions, as they stand in the files ----

local resources, operations = {}, {}
descriptions.each_operation(function(key, operation, resource)
  if not resource.name:find "^data%." then
    resources[resource.name], operations[key] = resource, operation
  end
end)

-- ---- requests ----

local scenes = {}

--- A generation's client, its fake with an empty account, and a table for the last request and status.
local function scene_of(generation)
  local known = scenes[generation]
  if not known then
    local client, api = scene.new { api = generation, fake = { limit = 1e6, today = "2026-09-10" } }
    known = { client = client, api = api, last = {} }
    scenes[generation] = known
    local handle = api.handle
    function api.handle(self, request)
      local answer = handle(self, request)
      known.last.request, known.last.status = request, answer.status
      return answer
    end
  end
  known.api:reset()
  return known.client, known.api, known.last
end

--- client.sites.keywords.list for "sites.keywords.list".
local function operation_of(client, key)
  local found = client
  for name in key:gmatch "[^.]+" do
    found = found[name]
  end
  return found
end

-- The objects that the requests name, in order; each gets the first id of its kind. Requests of v4.
local ROWS = {
  { "POST", "/site-groups", '{"name":"a"}' },
  { "POST", "/sites", '{"url":"http://example.com","title":"a"}' },
  { "POST", "/sites/147696/search-engines", '{"search_engine_id":200}' },
  { "POST", "/keyword-groups", '{"name":"a","site_id":147696}' },
  { "POST", "/sites/147696/keywords", '[{"keyword":"a"},{"keyword":"b"}]' },
  { "POST", "/sites/147696/url-tags", '{"name":"a"}' },
  { "POST", "/competitors", '{"site_id":147696,"url":"example.org"}' },
  { "POST", "/checklist/147696/task", '{"title":"a","text":"b"}' },
  { "POST", "/users", '[{"key":"data","value":[{"setting.account_email":"a@example.com"},'
    .. '{"setting.account_first_name":"a"},{"setting.account_password":"b"},{"setting.account_type":"client"}]}]' },
  { "POST", "/key-volume/", '{"query":["a"]}' },
  { "POST", "/audit/create", '{"domain":"example.com"}' },
  { "POST", "/audit/700101/sitemaps", '{"url":"https://example.com/sitemap.xml"}' },
  { "POST", "/audit/700101/source-pages", '--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
    .. "Content-Type: text/plain\r\n\r\nhttps://example.com/\r\n--x--\r\n", "multipart/form-data; boundary=x" },
  { "POST", "/backlinks/147696", '{"url":"https://example.org/"}' },
  { "POST", "/backlinks/147696/import-gsc" },
  { "POST", "/backlink-disavow/147696", '{"list":["https://example.org/"]}' },
  { "POST", "/backlink-groups/147696", '{"name":"a"}' },
  { "POST", "/backlink-groups/147696", '{"name":"b"}' },
  { "POST", "/sites/147696/airt/brands", '{"brand":"a"}' },
  { "POST", "/sites/147696/airt/llm", '{"base_name":"perplexity","country_code":"us"}' },
  { "POST", "/sites/147696/airt/prompt-groups", '{"name":"a"}' },
  { "POST", "/sites/147696/airt/prompt-groups", '{"name":"b"}' },
  { "POST", "/sites/147696/airt/llm/1201/prompts", '{"prompts":["a","b"]}' },
}

local function make_rows(api)
  for _, row in ipairs(ROWS) do
    local answer = api:handle {
      method = row[1], path = row[2], body = row[3],
      headers = { authorization = "Token " .. scene.V4_KEY, ["content-type"] = row[4] or "application/json" },
    }
    assert.is_true(answer.status < 300, row[2] .. ": " .. answer.body)
  end
  api:advance(60) -- the audit ends
end

describe("the request of", function()
  for _, key in ipairs(sorted_keys(catalogue)) do
    local entry = catalogue[key]
    for _, which in ipairs { "required", "all" } do
      local case = entry[which] or entry.required
      for _, generation in ipairs(GENERATIONS) do
        local wanted = case[generation]
        local name = ("%s on %s, %s"):format(key, generation, which == "all" and "with all parameters"
          or "with what is required, or one thing to change")

        if wanted then
          it(name .. ", is the catalogue's, and the fake takes it", function()
            local client, api, last = scene_of(generation)
            make_rows(api)
            local operation = operation_of(client, key)

            local body = wanted[3] or case.body
            local shown = operation:dry_run(case.args)
            local base, path, query = shown.url:match "^(https://[^/]+)([^?]*)%??(.*)$"
            assert.equal(BASES[generation], base)
            assert.equal(wanted[1], shown.method .. " " .. decoded(path))
            assert.same(sorted(wanted[2]), pairs_of(query))
            if not case.part then
              assert.equal(canonical(body and body:gsub(SECRET, "…")), canonical(shown.body))
            end

            local data, problem = operation(case.args)
            local got = last.request
            if case.unknown then -- a well-formed request for a missing object
              assert.equal(404, last.status)
            else
              assert.is_truthy(data, tostring(problem))
              assert.is_true(last.status >= 200 and last.status < 300, last.status)
            end
            assert.equal(wanted[1], got.method .. " " .. decoded(got.path))
            assert.same(sorted(wanted[2]), pairs_of(got.query))
            if not case.part then
              assert.equal(canonical(body), canonical(got.body ~= "" and got.body or nil))
            else
              local file = case.args[case.part]
              assert.is_truthy(got.headers["content-type"]:find("^multipart/form%-data; boundary="))
              assert.is_truthy(got.body:find(('name="%s"; filename="%s"'):format(case.part, file.filename), 1, true))
              assert.is_truthy(got.body:find("\r\n\r\n" .. file.data .. "\r\n", 1, true))
            end
          end)
        end
      end
    end
  end
end)

describe("the descriptions", function()
  for _, key in ipairs(sorted_keys(catalogue)) do
    it("have " .. key .. " in exactly the generations of the catalogue", function()
      for _, generation in ipairs(GENERATIONS) do
        assert.equal(catalogue[key].required[generation] ~= nil, operations[key][generation] ~= nil)
      end
    end)
  end
end)

-- ---- parameters ----

-- Our types by those of the sources, which are wider: an id or a flag is an integer there, a list in one text a string.
local TYPES = {
  integer = "integer id flag", string = "string text string[]", number = "number", boolean = "boolean", date = "date",
  object = "object", file = "file", ["integer[]"] = "integer[] id[]", ["string[]"] = "string[]", ["object[]"] = "object[]",
}

-- Limits that are stricter than the sources'.
local OWN_LIMITS = {
  ["sites.create check_day"] = "1..31", ["sites.update check_day"] = "1..31", -- they say so in words
  ["audit.create settings.schedule_wdays"] = "1..7", ["audit.settings.update settings.schedule_wdays"] = "1..7",
}

local function limits_of(param)
  if param.type == "flag" then
    return "0,1"
  elseif param.enum then
    return table.concat(param.enum, ",")
  elseif param.min or param.max then
    return (param.min or "") .. ".." .. (param.max or "")
  end
  return ""
end

local function check_param(key, label, param, kind, limits)
  local where = key .. " " .. label
  assert.is_table(param, where)
  assert.is_truthy((" " .. TYPES[kind] .. " "):find(" " .. param.type .. " ", 1, true), where .. ": " .. param.type)
  assert.is_true(kind ~= "string" or not param.type:find "%[%]$" or param.style ~= nil, where)
  assert.equal(OWN_LIMITS[where] or limits, limits_of(param), where)
end

describe("the parameters of", function()
  for _, key in ipairs(sorted_keys(catalogue)) do
    it(key .. " have the catalogue's types, values and limits", function()
      local resource = resources[key:match "^(.+)%.[%w_]+$"]
      for _, text in ipairs(catalogue[key].params or {}) do
        local place, name, kind, limits = text:match "^(%l+) ([%w_]+)%*? (%l+[%[%]]*) ?(.*)$"
        if place == "settings" then
          check_param(key, "settings." .. name, resource.params.settings.fields[name], kind, limits)
        else
          local own = operations[key].params
          check_param(key, name, own and own[name] or resource.params[name], kind, limits)
        end
      end
    end)
  end
end)
