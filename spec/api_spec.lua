--- Holds the API descriptions to the catalogue they were made from, and to the format that they are written in.
-- SPDX-License-Identifier: MIT

local api = require "seranking.api"

-- What the API has, from the vendor's pages and clients and not from our descriptions: method and path of each
-- generation, the ids that v1 wants in the query (v1_ids), and the parameters by place, required ones with a star.
-- `path` are the ids in v4's path. Left out on purpose: `type` of sites.positions.list, which one client sends and
-- nobody documents. `answer` and `success` say what comes back: no answer where it is empty or always [].
local catalogue = {
  ["account.balance"] = { v4 = "GET /account/balance", answer = "object", success = "200", confidence = "high" },
  ["account.profile"] = { v4 = "GET /account/profile", v1 = "GET /v1/project-management/users/me", answer = "object",
    success = "200", confidence = "high" },
  ["account.subscription"] = { v4 = "GET /account/subscription", v1 = "GET /v1/account/subscription",
    answer = "object", success = "200", confidence = "high" },
  ["system.search_engines"] = { v4 = "GET /system/search-engines",
    v1 = "GET /v1/project-management/system/search-engines", answer = "array", success = "200", confidence = "high" },
  ["system.google_langs"] = { v4 = "GET /system/google-langs",
    v1 = "GET /v1/project-management/system/google/languages", answer = "map", success = "200", confidence = "high" },
  ["system.google_regions"] = { v4 = "GET /system/google-regions",
    v1 = "GET /v1/project-management/system/google/regions", answer = "array", success = "200",
    confidence = "medium" },
  ["system.volume_regions"] = { v4 = "GET /system/volume-regions", answer = "array", success = "200",
    confidence = "low" },
  ["system.volume"] = { v4 = "GET /system/volume", query = "region_id* keyword*", answer = "array", success = "200",
    confidence = "medium" },
  ["system.yandex_regions"] = { v4 = "GET /system/yandex-regions", answer = "map", success = "200",
    confidence = "low" },
  ["sites.list"] = { v4 = "GET /sites", v1 = "GET /v1/project-management/sites", answer = "array", success = "200",
    confidence = "high" },
  ["sites.create"] = { v4 = "POST /sites", v1 = "POST /v1/project-management/sites",
    body = "url* title* depth subdomain_match exact_url check_freq check_day "
    .. "site_group_id is_active auto_reports disable_audit", answer = "object", success = "201",
    confidence = "high" },
  ["sites.update"] = { v4 = "PUT /sites/{site_id}", v1 = "PATCH /v1/project-management/sites", v1_ids = "site_id",
    path = "site_id*",
    body = "url title depth subdomain_match exact_url check_freq check_day site_group_id is_active", success = "200",
    confidence = "high" },
  ["sites.delete"] = { v4 = "DELETE /sites/{site_id}", v1 = "DELETE /v1/project-management/sites", v1_ids = "site_id",
    path = "site_id*", success = "204 200", confidence = "high" },
  ["sites.summary"] = { v4 = "GET /sites/{site_id}/stat", v1 = "GET /v1/project-management/sites/summary",
    v1_ids = "site_id", path = "site_id*", query = "site_engine_id", answer = "object", success = "200",
    confidence = "high" },
  ["sites.positions.list"] = { v4 = "GET /sites/{site_id}/positions",
    v1 = "GET /v1/project-management/sites/positions", v1_ids = "site_id", path = "site_id*",
    query = "date_from date_to site_engine_id in_top "
    .. "with_landing_pages with_serp_features with_content_score", answer = "array", success = "200",
    confidence = "high" },
  ["sites.positions.set"] = { v4 = "PUT /sites/{site_id}/position",
    v1 = "PATCH /v1/project-management/sites/positions", v1_ids = "site_id", path = "site_id*",
    body = "keyword_id* date* site_engine_id* position*", success = "200", confidence = "high" },
  ["sites.positions.recheck"] = { v4 = "POST /sites/{site_id}/recheck",
    v1 = "POST /v1/project-management/sites/positions/recheck", v1_ids = "site_id", path = "site_id*",
    body = "site_engine_id keywords", answer = "object", success = "200", confidence = "medium" },
  ["sites.positions.check_dates"] = { v4 = "GET /sites/{site_id}/check-dates",
    v1 = "GET /v1/project-management/sites/check-dates", v1_ids = "site_id", path = "site_id*",
    query = "site_engine_id date_from date_to", answer = "array", success = "200", confidence = "medium" },
  ["sites.positions.history"] = { v4 = "GET /sites/{site_id}/chart",
    v1 = "GET /v1/project-management/sites/positions/history", v1_ids = "site_id", path = "site_id*",
    query = "site_engine_id date_from date_to type group_id keywords_ids tags_ids", answer = "array", success = "200",
    confidence = "medium" },
  ["sites.positions.checkpoints"] = { v4 = "GET /sites/{site_id}/historicalDates",
    v1 = "GET /v1/project-management/sites/positions/checkpoints", v1_ids = "site_id", path = "site_id*",
    query = "site_engine_id", answer = "map", success = "200", confidence = "medium" },
  ["sites.ads.list"] = { v4 = "GET /sites/{site_id}/ads", v1 = "GET /v1/project-management/sites/ads-stats",
    v1_ids = "site_id", path = "site_id*", query = "date_from date_to site_engine_ids keywords_ids", answer = "array",
    success = "200", confidence = "low" },
  ["sites.search_engines.list"] = { v4 = "GET /sites/{site_id}/search-engines",
    v1 = "GET /v1/project-management/sites/search-engines", v1_ids = "site_id", path = "site_id*", answer = "array",
    success = "200", confidence = "high" },
  ["sites.search_engines.create"] = { v4 = "POST /sites/{site_id}/search-engines",
    v1 = "POST /v1/project-management/sites/search-engines", v1_ids = "site_id", path = "site_id*",
    body = "search_engine_id* region_id region_name lang_code merge_map business_name "
    .. "phone paid_results featured_snippet", answer = "object", success = "201 200", confidence = "high" },
  ["sites.search_engines.update"] = { v4 = "PUT /sites/{site_id}/search-engines/{site_engine_id}",
    v1 = "PATCH /v1/project-management/sites/search-engines", v1_ids = "site_id site_engine_id",
    path = "site_id* site_engine_id*", body = "region_id region_name lang_code merge_map business_name "
    .. "phone paid_results featured_snippet", success = "200", confidence = "high" },
  ["sites.search_engines.delete"] = { v4 = "DELETE /sites/{site_id}/search-engines/{site_engine_id}",
    v1 = "DELETE /v1/project-management/sites/search-engines", v1_ids = "site_id site_engine_id",
    path = "site_id* site_engine_id*", success = "204", confidence = "high" },
  ["sites.keywords.list"] = { v4 = "GET /sites/{site_id}/keywords", v1 = "GET /v1/project-management/keywords",
    v1_ids = "site_id", path = "site_id*", query = "site_engine_id", answer = "array", success = "200",
    confidence = "high" },
  ["sites.keywords.create"] = { v4 = "POST /sites/{site_id}/keywords", v1 = "POST /v1/project-management/keywords",
    v1_ids = "site_id", path = "site_id*", items = "keyword* group_id target_url is_strict comment site_engine_ids",
    answer = "object", success = "201 200", confidence = "high" },
  ["sites.keywords.update"] = { v4 = "PATCH /sites/{site_id}/keywords/{keyword_id}",
    v1 = "PATCH /v1/project-management/keywords", v1_ids = "site_id keyword_id", path = "site_id* keyword_id*",
    body = "keyword group_id target_url is_strict comment site_engine_ids", success = "200", confidence = "medium" },
  ["sites.keywords.delete"] = { v4 = "DELETE /sites/{site_id}/keywords",
    v1 = "DELETE /v1/project-management/keywords", v1_ids = "site_id", path = "site_id*", query = "keywords_ids*",
    success = "204", confidence = "high" },
  ["sites.url_tags.list"] = { v4 = "GET /sites/{site_id}/url-tags", v1 = "GET /v1/project-management/sites/url-tags",
    v1_ids = "site_id", path = "site_id*", answer = "array", success = "200", confidence = "high" },
  ["sites.url_tags.create"] = { v4 = "POST /sites/{site_id}/url-tags",
    v1 = "POST /v1/project-management/sites/url-tags", v1_ids = "site_id", path = "site_id*",
    body = "name* urls domains", answer = "object", success = "200", confidence = "high" },
  ["sites.url_tags.update"] = { v4 = "PUT /sites/{site_id}/url-tags",
    v1 = "PATCH /v1/project-management/sites/url-tags", v1_ids = "site_id", path = "site_id*",
    body = "tag_ids urls domains", success = "204", confidence = "medium" },
  ["sites.url_tags.delete"] = { v4 = "DELETE /sites/{site_id}/url-tags/{tag_id}",
    v1 = "DELETE /v1/project-management/sites/url-tags", v1_ids = "site_id tag_id", path = "site_id* tag_id*",
    success = "204 200", confidence = "high" },
  ["keyword_groups.list"] = { v4 = "GET /keyword-groups/{site_id}", v1 = "GET /v1/project-management/keywords/groups",
    v1_ids = "site_id", path = "site_id*", answer = "array", success = "200", confidence = "high" },
  ["keyword_groups.create"] = { v4 = "POST /keyword-groups", v1 = "POST /v1/project-management/keywords/groups",
    body = "name* site_id*", answer = "object", success = "201", confidence = "high" },
  ["keyword_groups.update"] = { v4 = "PUT /keyword-groups/{group_id}",
    v1 = "PATCH /v1/project-management/keywords/groups", v1_ids = "group_id", path = "group_id*", body = "name*",
    success = "204", confidence = "high" },
  ["keyword_groups.delete"] = { v4 = "DELETE /keyword-groups/{group_id}",
    v1 = "DELETE /v1/project-management/keywords/groups", v1_ids = "group_id", path = "group_id*", success = "204",
    confidence = "high" },
  ["keyword_groups.move"] = { v4 = "POST /keyword-groups/{group_id}/keywords",
    v1 = "POST /v1/project-management/keywords/groups/move", v1_ids = "group_id", path = "group_id*",
    body = "keywords_ids*", success = "204", confidence = "high" },
  ["site_groups.list"] = { v4 = "GET /site-groups", v1 = "GET /v1/project-management/sites/groups", answer = "array",
    success = "200", confidence = "high" },
  ["site_groups.create"] = { v4 = "POST /site-groups", v1 = "POST /v1/project-management/sites/groups",
    body = "name*", answer = "object", success = "201 200", confidence = "high" },
  ["site_groups.update"] = { v4 = "PUT /site-groups/{group_id}", v1 = "PATCH /v1/project-management/sites/groups",
    v1_ids = "group_id", path = "group_id*", body = "name*", success = "200", confidence = "high" },
  ["site_groups.delete"] = { v4 = "DELETE /site-groups/{group_id}", v1 = "DELETE /v1/project-management/sites/groups",
    v1_ids = "group_id", path = "group_id*", success = "204", confidence = "high" },
  ["site_groups.move"] = { v4 = "POST /site-groups/{group_id}/sites",
    v1 = "POST /v1/project-management/sites/groups/move", v1_ids = "group_id", path = "group_id*", body = "site_ids*",
    success = "204", confidence = "high" },
  ["competitors.create"] = { v4 = "POST /competitors", v1 = "POST /v1/project-management/competitors",
    body = "site_id* url* name subdomain_match", answer = "object", success = "201", confidence = "high" },
  ["competitors.list"] = { v4 = "GET /competitors/site/{site_id}", v1 = "GET /v1/project-management/competitors",
    v1_ids = "site_id", path = "site_id*", answer = "array", success = "200", confidence = "high" },
  ["competitors.positions"] = { v4 = "GET /competitors/{competitor_id}/positions",
    v1 = "GET /v1/project-management/competitors/positions", v1_ids = "competitor_id", path = "competitor_id*",
    query = "date_from date_to site_engine_id with_serp_features", answer = "array", success = "200",
    confidence = "high" },
  ["competitors.delete"] = { v4 = "DELETE /competitors/{competitor_id}",
    v1 = "DELETE /v1/project-management/competitors", v1_ids = "competitor_id", path = "competitor_id*",
    success = "204", confidence = "high" },
  ["competitors.top10"] = { v4 = "GET /competitors/top10/{site_id}",
    v1 = "GET /v1/project-management/competitors/serp10", v1_ids = "site_id", path = "site_id*",
    query = "date* site_engine_id* keyword_id*", answer = "array", success = "200", confidence = "medium" },
  ["competitors.top100"] = { v4 = "GET /competitors/top100/{site_id}",
    v1 = "GET /v1/project-management/competitors/serp100", v1_ids = "site_id", path = "site_id*",
    query = "date* site_engine_id* keyword_id* top", answer = "array", success = "200", confidence = "medium" },
  ["competitors.metrics"] = { v4 = "GET /competitors/all/{site_id}",
    v1 = "GET /v1/project-management/competitors/metrics", v1_ids = "site_id", path = "site_id*",
    query = "date* site_engine_id* group_id tags", answer = "array", success = "200", confidence = "high" },
}

local CHECKED = {
  "account", "system", "sites", "sites.positions", "sites.ads", "sites.search_engines", "sites.keywords",
  "sites.url_tags", "keyword_groups", "site_groups", "competitors",
}

local function resources()
  local list = {}
  for _, name in pairs(api) do
    for _, resource in ipairs(require(name)) do
      list[#list + 1] = resource
    end
  end
  return list
end

local function by_name(name)
  for _, resource in ipairs(resources()) do
    if resource.name == name then
      return resource
    end
  end
end

--- "a* b" -> { a = "*", b = "" }
local function names(text)
  local set = {}
  for name, star in (text or ""):gmatch("([^%s*]+)(%*?)") do
    assert(set[name] == nil, "named twice: " .. name)
    set[name] = star
  end
  return set
end

--- "PUT /a/{b}{?c}" -> "PUT /a/{b}", { b = "*" }, { c = "*" }
local function template(text)
  local path, tail = text:match("^(%u+ [^?]-){%?([%w_,]+)}$")
  path = path or text
  local in_path, in_query = {}, {}
  for id in path:gmatch("{([%w_]+)}") do
    in_path[id] = "*"
  end
  for id in (tail or ""):gmatch("[%w_]+") do
    in_query[id] = "*"
  end
  return path, in_path, in_query
end

--- What an operation says of a generation: of this one alone, or else of both.
local function said(operation, generation, member)
  local own = operation[generation]
  if type(own) == "table" and own[member] ~= nil then
    return own[member]
  end
  return operation[member]
end

--- Method and path of a generation, nil where it lacks the operation.
local function line(operation, generation)
  local own = operation[generation]
  return type(own) == "table" and own[1] or own
end

local function flagged(member, value)
  local found = {}
  for _, name in ipairs(CHECKED) do
    for _, operation in ipairs(by_name(name).operations) do
      if operation[member] == value then
        found[#found + 1] = name .. "." .. operation[1]
      end
    end
  end
  table.sort(found)
  return found
end

describe("the descriptions", function()
  local keys = {}
  for key in pairs(catalogue) do
    keys[#keys + 1] = key
  end
  table.sort(keys)

  for _, key in ipairs(keys) do
    local wanted = catalogue[key]
    local resource_name, operation_name = key:match("^(.+)%.([%w_]+)$")

    it("of " .. key .. " agree with the catalogue", function()
      local found
      for _, operation in ipairs(by_name(resource_name).operations) do
        if operation[1] == operation_name then
          found = operation
        end
      end
      assert.is_table(found)

      local path, in_path, in_query = template(line(found, "v4"))
      assert.equal(wanted.v4, path)
      assert.same(names(wanted.path), in_path)
      assert.same({}, in_query)
      assert.equal(wanted.v1 == nil, found.v1 == nil)
      if wanted.v1 then
        path, in_path, in_query = template(line(found, "v1"))
        assert.equal(wanted.v1, path)
        assert.same({}, in_path)
        assert.same(names((wanted.v1_ids or ""):gsub("[%w_]+", "%0*")), in_query)
      end
      for _, generation in ipairs { "v4", found.v1 and "v1" } do
        for _, member in ipairs { "query", "body", "items" } do
          assert.same(names(wanted[member]), names(said(found, generation, member)))
          assert.equal(wanted[member] == nil, said(found, generation, member) == nil)
        end
        assert.is_nil(said(found, generation, "upload"))
        assert.is_nil(said(found, generation, "envelope"))
      end
      assert.equal(wanted.answer, found.answer)
      assert.equal(wanted.success, table.concat(found.success, " "))
      assert.equal(wanted.confidence, found.confidence)
    end)
  end

  it("have no operation that the catalogue lacks, and none twice", function()
    local seen = {}
    for _, name in ipairs(CHECKED) do
      for _, operation in ipairs(by_name(name).operations) do
        local key = name .. "." .. operation[1]
        assert.is_nil(seen[key], key)
        assert.is_table(catalogue[key], key)
        seen[key] = true
      end
    end
    for key in pairs(catalogue) do
      assert.is_true(seen[key], key)
    end
  end)

  it("bind the ids that a resource is known by", function()
    local bound = {}
    for _, name in ipairs(CHECKED) do
      bound[name] = by_name(name).id or false
    end
    assert.same({
      account = false, system = false, sites = "site_id", ["sites.positions"] = false, ["sites.ads"] = false,
      ["sites.search_engines"] = "site_engine_id", ["sites.keywords"] = "keyword_id", ["sites.url_tags"] = "tag_id",
      keyword_groups = "group_id", site_groups = "group_id", competitors = "competitor_id",
    }, bound)
  end)

  it("say what may be repeated, what costs, what wears an envelope and what is gone", function()
    assert.same({
      "keyword_groups.update", "site_groups.update", "sites.keywords.update", "sites.positions.set",
      "sites.search_engines.update", "sites.update",
    }, flagged("repeatable", true))
    assert.same({ "sites.url_tags.update" }, flagged("repeatable", false))
    assert.same({ "sites.positions.recheck" }, flagged("billed", true))
    assert.same({ "sites.positions.history" }, flagged("unwrap", "data"))
    assert.same({ "system.yandex_regions" }, flagged("deprecated", true))
  end)

  it("give every id, flag and boolean its type", function()
    local ids = names("site_id keyword_id group_id tag_id competitor_id site_engine_id search_engine_id region_id "
      .. "site_group_id")
    local id_lists = names("keywords_ids site_engine_ids site_ids tag_ids tags_ids tags")
    local flags = names("subdomain_match exact_url is_active auto_reports disable_audit with_landing_pages "
      .. "with_serp_features with_content_score paid_results featured_snippet")
    local dates = names("date date_from date_to")
    local seen = 0
    for _, resource_name in ipairs(CHECKED) do
      for name, param in pairs(by_name(resource_name).params) do
        local wanted = ids[name] and "id" or id_lists[name] and "id[]" or flags[name] and "flag"
          or dates[name] and "date" or name == "is_strict" and "boolean"
        if wanted then
          seen = seen + 1
          assert.equal(wanted, param.type, resource_name .. ": " .. name)
          assert.is_nil(param.enum)
        else
          assert.is_nil(param.type:match("^id") or param.type:match("^flag"), resource_name .. ": " .. name)
        end
      end
    end
    assert.equal(58, seen)
  end)

  it("keep the limits and defaults of values", function()
    local sites, positions = by_name("sites").params, by_name("sites.positions").params
    assert.same({ 100, 200 }, sites.depth.enum)
    assert.equal(100, sites.depth.default)
    assert.same({ "check_daily", "check_1in3", "check_weekly", "check_monthly", "manual" }, sites.check_freq.enum)
    assert.same({ 1, 31 }, { sites.check_day.min, sites.check_day.max })
    assert.same({ 0, 200 }, { positions.position.min, positions.position.max })
    assert.same({ "avg_pos", "visibility", "visibility_percent", "top10", "top10_percent" }, positions.type.enum)
    assert.same({ 0, 1, 2 }, by_name("sites.search_engines").params.merge_map.enum)
    assert.same({ 0, 100, 100 }, {
      by_name("competitors").params.top.min, by_name("competitors").params.top.max,
      by_name("competitors").params.top.default,
    })
    assert.equal("object[]", positions.keywords.type)
    assert.same({ site_engine_id = "", keyword_id = "" }, names(positions.keywords.required))
    assert.equal("id", positions.keywords.fields.keyword_id.type)
    assert.equal("id", positions.keywords.fields.site_engine_id.type)
  end)
end)

-- What follows holds for every description that there is, so for those that are added later too.
describe("the format", function()
  local resource_fields = names("name id params operations")
  local operation_fields = names("v4 v1 data post query body items upload params one_of fixed envelope answer unwrap fields "
    .. "example failed errors success pages job cost repeatable billed about source confidence deprecated")
  local own_fields = names("query body items upload envelope answer unwrap fields example") -- of one generation
  local param_fields = names("type style wire fields required enum min max default about max_items min_items lone nullable "
    .. "secret")
  local types = names("id integer number string text boolean flag date month object file")
  local list_styles, table_styles = names("brackets repeat comma lines json tree"), names("tree json")
  local APIS = { "v4", "v1", "data" }
  local methods = names("GET POST PUT PATCH DELETE")

  local function param_of(resource, operation, name)
    return operation.params and operation.params[name] or resource.params[name]
  end

  local function each_operation(visit)
    local count = 0
    for _, resource in ipairs(resources()) do
      for _, operation in ipairs(resource.operations) do
        count = count + 1
        visit(resource, operation, resource.name .. "." .. tostring(operation[1]))
      end
    end
    assert.is_true(count >= 50)
  end

  local function check_about(about, key)
    assert.is_string(about, key)
    assert.is_truthy(about:find("^%S.*%S$"), key)
    assert.is_nil(about:find("%c"), key)
  end

  --- Lists and tables have a style, each kind its own ones.
  local function check_style(param, where)
    local element = param.type:match("^(.-)%[%]$")
    if param.style ~= nil then
      local is_table = (element or param.type) == "object"
      assert.is_truthy((is_table and table_styles or element and list_styles or {})[param.style], where)
    end
  end

  --- The name in the request: a text, or one for each generation or one of them; not the name that it has anyway.
  local function check_wire(name, param, where)
    if type(param.wire) == "table" then
      assert.is_truthy(next(param.wire), where)
    end
    for generation, wire in pairs(type(param.wire) == "table" and param.wire or { v4 = param.wire }) do
      assert.is_true(generation == "v4" or generation == "v1", where)
      assert.is_string(wire, where)
      assert.is_truthy(wire:find("^[%w_.-]+$"), where)
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
      if param.fields or not table_styles[param.style] then -- a table that may hold anything says how it is written
        assert.is_true(param.fields == nil or element == "object", where)
      end
      assert.is_true(param.fields ~= nil or param.required == nil, where)
      if param.fields then
        check_params(param.fields, where)
        for member in pairs(names(param.required)) do
          assert.is_table(param.fields[member], where .. "." .. member)
        end
      end
      assert.is_true(param.enum == nil or #param.enum > 0, where)
      for _, bound in ipairs { "min", "max" } do
        assert.is_true(param[bound] == nil or type(param[bound]) == "number", where)
      end
    end
  end

  it("knows each resource's fields, and its name once", function()
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

  it("knows each parameter's fields", function()
    for _, resource in ipairs(resources()) do
      check_params(resource.params, resource.name)
    end
  end)

  it("knows each operation's fields and their values", function()
    each_operation(function(resource, operation, key)
      for field, value in pairs(operation) do
        assert.is_truthy(field == 1 or operation_fields[field], key .. "." .. tostring(field))
        assert.is_true(value ~= "", key .. "." .. tostring(field))
      end
      assert.is_truthy(operation[1]:find("^[%l_][%w_]*$"), key)
      check_about(operation.about, key)
      assert.is_truthy(names("array object map bytes any")[operation.answer or "map"], key)
      assert.is_truthy(names("high medium low")[operation.confidence], key)
      assert.is_true(operation.unwrap == nil or type(operation.unwrap) == "string", key)
      for _, flag in ipairs { "repeatable", "billed", "deprecated" } do
        assert.is_true(operation[flag] == nil or type(operation[flag]) == "boolean", key)
      end
      for _, status in ipairs(operation.success or {}) do
        assert.is_true(status >= 200 and status < 300, key)
      end
      for _, generation in ipairs(APIS) do
        local own = operation[generation]
        for field, value in pairs(type(own) == "table" and own or {}) do
          assert.is_truthy(field == 1 or own_fields[field], key .. "." .. generation .. "." .. tostring(field))
          assert.is_true(type(value) == "string" or value == false, key .. "." .. generation)
          assert.is_true(value ~= "", key .. "." .. generation)
        end
        assert.is_true(own == nil or type(line(operation, generation)) == "string", key .. "." .. generation)
        local bodies = 0
        for _, member in ipairs { "body", "items", "upload" } do
          bodies = bodies + (own and said(operation, generation, member) and 1 or 0)
        end
        assert.is_true(bodies <= 1, key)
        local envelope = own and said(operation, generation, "envelope")
        assert.is_true(not envelope
          or names("list pairs value")[envelope] and said(operation, generation, "body") ~= nil, key)
      end
      assert.is_falsy(operation.billed and operation.repeatable, key)
      assert.is_table(resource.params, key)
    end)
  end)

  it("parses every template, and knows its ids", function()
    each_operation(function(resource, operation, key)
      assert.is_true(operation.v4 ~= nil or operation.v1 ~= nil or operation.data ~= nil, key)
      assert.equal(resource.name:find("^data%.") ~= nil, operation.data ~= nil, key)
      for _, generation in ipairs(APIS) do
        if operation[generation] then
          local path, in_path, in_query = template(line(operation, generation))
          local method, rest = path:match("^(%u+) (/%S+)$")
          assert.is_truthy(methods[method], key)
          assert.is_nil(rest:gsub("{[%w_]+}", "x"):find("[^%w_/.-]"), key)
          assert.is_nil(rest:find("//", 1, true), key)
          assert.equal(generation ~= "v4", rest:find("^/v1/") ~= nil, key)
          for _, ids in ipairs { in_path, in_query } do
            for id in pairs(ids) do
              assert.is_table(param_of(resource, operation, id), key .. ": " .. id)
            end
          end
        end
      end
    end)
  end)

  it("describes every parameter that is used, uses every one that is described, and has each in one place", function()
    local used = {}
    each_operation(function(resource, operation, key)
      used[resource.name] = used[resource.name] or {}
      for _, generation in ipairs(APIS) do
        local own = {}
        local _, in_path, in_query = template(line(operation, generation) or "")
        for _, ids in ipairs { in_path, in_query } do
          for id in pairs(ids) do
            own[id], used[resource.name][id] = true, true
          end
        end
        for _, place in ipairs(operation[generation] and { "query", "body", "items", "upload" } or {}) do
          for name in pairs(names(said(operation, generation, place))) do
            assert.is_table(param_of(resource, operation, name), key .. ": " .. name)
            assert.is_nil(own[name], key .. ": " .. name)
            own[name], used[resource.name][name] = true, true
          end
        end
      end
    end)
    for _, resource in ipairs(resources()) do
      for name in pairs(resource.params) do
        local own = used[resource.name] or {} -- a resource may be there for its id alone, which those below it use
        assert.is_true(own[name] or name == resource.id, resource.name .. ": " .. name)
      end
      assert.is_true(resource.id == nil or resource.params[resource.id] ~= nil, resource.name)
    end
  end)

  it("has no name twice in one place of a request", function()
    each_operation(function(resource, operation, key)
      for _, generation in ipairs(APIS) do
        local _, _, in_query = template(line(operation, generation) or "")
        for name in pairs(names(said(operation, generation, "query"))) do
          in_query[name] = ""
        end
        local places = { in_query }
        for _, place in ipairs { "body", "items", "upload" } do
          places[#places + 1] = names(said(operation, generation, place))
        end
        for _, place in ipairs(places) do
          local taken = {}
          for name in pairs(place) do
            local wire = param_of(resource, operation, name).wire
            wire = type(wire) == "table" and wire[generation] or type(wire) == "string" and wire or name
            assert.is_nil(taken[wire], key .. ": " .. wire)
            taken[wire] = true
          end
        end
      end
    end)
  end)
end)
