--- Holds the fake's Data API to what is known of the real one: literal requests, and answers that agree with each other.
-- SPDX-License-Identifier: MIT

local cjson = require "cjson"
local fake = require "seranking.fake"

local UUID = "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6"
local AUDITS = "/v1/site-audit/audits"
local TASK = '{"search_engine":"google","device":"mobile","language_code":"en","location_id":2826,"tag":"t","query":%s}'

--- A fake with limits that are out of the way, unless the test is about them.
local function new(options)
  options = options or {}
  options.data_limit = options.data_limit or 1e6
  options.today = options.today or "2026-09-10"
  return fake.new(options)
end

local function send(api, method, path, query, body, headers)
  headers = headers or { authorization = "Token " .. UUID, ["content-type"] = body and "application/json" or nil }
  return api:handle { method = method, path = path, query = query, body = body, headers = headers }
end

--- Sends, wants 200, and decodes the answer.
local function get(api, path, query)
  local answer = send(api, "GET", path, query)
  assert.equal(200, answer.status, answer.body)
  return cjson.decode(answer.body)
end

local function post(api, path, query, body)
  local answer = send(api, "POST", path, query, body)
  assert.equal(200, answer.status, answer.body)
  return cjson.decode(answer.body)
end

--- Sends, and wants a refusal with this status and message; gives the reason.
local function refused(status, message, api, ...)
  local answer = send(api, ...)
  local body = cjson.decode(answer.body)
  assert.same({ status, status, message }, { answer.status, body.error.code, body.error.message })
  return body.error.description
end

local function units_left(api)
  return tonumber(get(api, "/v1/account/subscription", "output=json").subscription_info.units_left)
end

--- What a request costs, by the account.
local function price(api, ask)
  local before = units_left(api)
  ask()
  return before - units_left(api)
end

describe("requests of the Data API", function()
  it("say output=json where the API knows other formats, and nowhere else", function()
    local api = new()
    assert.equal("output: required, not there", refused(400, "Bad Request", api, "GET", "/v1/backlinks/summary", "target=a.b"))
    assert.equal("output: not one of the allowed values",
      refused(400, "Bad Request", api, "GET", "/v1/backlinks/summary", "target=a.b&output=xml"))
    refused(400, "Bad Request", api, "GET", "/v1/domain/overview/worldwide", "domain=a.b&output=json")
  end)

  it("may go by POST where the path has both, as an object, with output in the address", function()
    local api = new()
    local rows = post(api, "/v1/backlinks/count", "output=json", '{"target":["a.b","c.d"],"mode":"url"}').metrics
    assert.same({ "a.b", "c.d" }, { rows[1].target, rows[2].target })
    assert.equal(2, #rows)
    refused(400, "Bad Request", api, "POST", "/v1/backlinks/count", nil, '{"target":["a.b"],"output":"json"}')
    refused(400, "Bad Request", api, "POST", "/v1/backlinks/count", "output=json&mode=url", '{"target":["a.b"]}')
    refused(405, "Method Not Allowed", api, "POST", "/v1/backlinks/raw", "output=json", '{"target":"a.b"}')
  end)

  it("repeat the name of a list of targets, and name at most a hundred", function()
    local api = new { units = 1e6 }
    assert.equal(3, #get(api, "/v1/backlinks/summary", "target=a.b&target=c.d&target=e.f&output=json").summary)
    refused(400, "Bad Request", api, "GET", "/v1/backlinks/summary", "target[]=a.b&output=json")
    refused(400, "Bad Request", api, "GET", "/v1/backlinks/summary", ("target=a.b&"):rep(101) .. "output=json")
    refused(400, "Bad Request", api, "GET", "/v1/backlinks/all", "target=a.b&target=c.d&output=json")
  end)

  it("filter by trees: ranges, lists with commas, rules as JSON, numbered values", function()
    local api, path = new(), "/v1/domain/keywords"
    local function ask(filter)
      return send(api, "GET", path, "source=uk&domain=a.b&" .. filter).status
    end
    assert.equal(200, ask "filter[volume][from]=10&filter[cpc][to]=0.5&filter[intents]=I,N")
    assert.equal(200, ask "filter[multi_keyword_included]=[[{%22type%22:%22contains%22,%22value%22:%22x%22}]]")
    assert.equal(200, ask "filter[serp_features_2][mode]=with_link&filter[serp_features_2][value][0]=images")
    assert.equal(400, ask "filter[volume][least]=10")
    assert.equal(400, ask "filter[volume][from]=ten")
    assert.equal(400, ask "filter[intents]=I,X")
    assert.equal(400, ask "filter[intents][0]=I")
    assert.equal(400, ask "filter[multi_keyword_included]=x")
    assert.equal(400, ask "filter[multi_keyword_included]=[[{%22type%22:%22like%22,%22value%22:%22x%22}]]")
    assert.equal(400, ask "filter[serp_features_2][value][0]=images")
    assert.equal(400, ask "filter[serp_features_2][mode]=with_link&filter[serp_features_2][value]=images")
    assert.equal(400, ask "filter[nonsense]=1")
  end)

  it("are of the operation that the query chooses, where a path has two", function()
    local api = new()
    local of_domain, of_keyword = "domain=a.b&source=uk", "keyword=a&source=uk"
    assert.is_string(get(api, "/v1/domain/ads", of_domain)[1].keyword)
    assert.is_nil(get(api, "/v1/domain/ads", of_domain)[1].domain)
    assert.is_string(get(api, "/v1/domain/ads", of_keyword)[1].domain)
    assert.is_nil(get(api, "/v1/domain/ads", of_keyword)[1].keyword)
    assert.equal(400, send(api, "GET", "/v1/domain/ads", "source=uk").status)
    assert.equal(0, #get(api, "/v1/serp/classic/tasks"))
    refused(404, "Not Found", api, "GET", "/v1/serp/classic/tasks", "task_id=73500001")
  end)

  it("need a key of v1", function()
    local answer = send(new(), "GET", "/v1/domain/overview/worldwide", "domain=a.b", nil,
      { authorization = "Token be2165b7d065e278e7305c1c7ef791f283f5d14b" })
    assert.equal(401, answer.status)
  end)
end)

describe("the limit of the Data API", function()
  it("is ten a second, counted apart from the Project API's five", function()
    local api = fake.new()
    for _ = 1, 10 do
      assert.equal(200, send(api, "GET", "/v1/serp/classic/tasks").status)
    end
    for _ = 1, 5 do
      assert.equal(200, send(api, "GET", "/v1/project-management/sites").status)
    end
    refused(429, "Too Many Requests", api, "GET", "/v1/serp/classic/tasks")
    refused(429, "Too Many Requests", api, "GET", "/v1/project-management/sites")
    api:advance(1)
    assert.equal(200, send(api, "GET", "/v1/serp/classic/tasks").status)
  end)
end)

describe("pages of the Data API", function()
  --- All rows, fetched by `ask(rows so far, page)` until it gives none.
  local function walk(ask)
    local all, page = {}, 1
    while true do
      local rows = ask(#all, page)
      if not rows or not rows[1] then
        return all
      end
      for _, row in ipairs(rows) do
        all[#all + 1] = row
      end
      page = page + 1
    end
  end

  local function distinct(rows, name)
    local seen, count = {}, 0
    for _, row in ipairs(rows) do
      local value = name and row[name] or row
      count = count + (seen[value] and 0 or 1)
      seen[value] = true
    end
    return count
  end

  it("go by offset, and their total is how many rows there are", function()
    local api = new { rows = 23, units = 1e6 }
    local rows = walk(function(offset)
      local answer = get(api, "/v1/keywords/similar", "source=uk&keyword=a&limit=10&offset=" .. offset)
      assert.equal(23, answer.total)
      return answer.keywords
    end)
    assert.same({ 23, 23 }, { #rows, distinct(rows, "keyword") })
    assert.equal(100, #get(new { rows = 101 }, "/v1/keywords/longtail", "source=uk&keyword=a").keywords)
  end)

  it("go by number from 1 where the answer is the rows", function()
    local api = new { rows = 23, units = 1e6 }
    local rows = walk(function(_, page)
      return get(api, "/v1/domain/keywords", "source=uk&domain=a.b&limit=10&page=" .. page)
    end)
    assert.same({ 23, 23 }, { #rows, distinct(rows, "keyword") })
    refused(400, "Bad Request", api, "GET", "/v1/domain/keywords", "source=uk&domain=a.b&page=0")
    refused(400, "Bad Request", api, "GET", "/v1/domain/keywords", "source=uk&domain=a.b&limit=1001")
  end)

  it("go by a cursor that must be encoded and be one that was given, to a null at the end", function()
    local api, cursor = new { rows = 23, units = 1e6 }, nil
    local rows = walk(function()
      if cursor == cjson.null then
        return nil
      end
      local next_query = cursor and "&next=" .. cursor:gsub("%W", function(c) return ("%%%02X"):format(c:byte()) end) or ""
      local answer = get(api, "/v1/backlinks/raw", "target=a.b&limit=10&output=json" .. next_query)
      cursor = answer.next
      return answer.backlinks
    end)
    assert.same({ 23, 23 }, { #rows, distinct(rows, "url_from") })
    refused(400, "Bad Request", api, "GET", "/v1/backlinks/raw", "target=a.b&output=json&next=bmV4dA/+10==") -- + is a blank
    refused(400, "Bad Request", api, "GET", "/v1/backlinks/raw", "target=a.b&output=json&next=x")
  end)

  it("are one, cut at the limit, where there is neither", function()
    local api = new { rows = 230, units = 1e6 }
    assert.equal(100, #get(api, "/v1/backlinks/all", "target=a.b&output=json").backlinks)
    assert.equal(230, #get(api, "/v1/backlinks/all", "target=a.b&output=json&limit=1000").backlinks)
  end)
end)

describe("credits", function()
  it("go down by what a request, a target or a row costs, and not for what is refused or free", function()
    local api = new { rows = 23, units = 1e5 }
    local function cost(...)
      local sent = { ... }
      return price(api, function() send(api, sent[1], sent[2], sent[3], sent[4]) end)
    end
    assert.equal(300, cost("GET", "/v1/backlinks/summary", "target=a.b&target=c.d&target=e.f&output=json"))
    assert.equal(20, cost("POST", "/v1/backlinks/count", "output=json", '{"target":["a.b","c.d"]}'))
    assert.equal(7, cost("GET", "/v1/backlinks/all", "target=a.b&limit=7&output=json"))
    assert.equal(23, cost("GET", "/v1/backlinks/raw", "target=a.b&output=json"))
    assert.equal(100, cost("GET", "/v1/domain/keywords", "source=uk&domain=a.b"))
    assert.equal(70, cost("GET", "/v1/keywords/related", "source=uk&keyword=a&limit=7"))
    assert.equal(600, cost("GET", "/v1/ai-search/prompts-by-brand", "source=uk&brand=a&engine=gemini&limit=3"))
    assert.equal(800, cost("GET", "/v1/ai-search/overview/by-engine/time-series", "source=uk&target=a.b&engine=gemini"))
    assert.equal(20, cost("POST", "/v1/serp/classic/tasks", nil, TASK:format '["a","b"]'))
    assert.equal(40, cost("POST", AUDITS .. "/standard", nil, '{"domain":"a.b","settings":{"max_pages":20}}'))
    assert.equal(100, cost("POST", AUDITS .. "/advanced", nil, '{"domain":"a.b","settings":{"max_pages":5}}'))
    assert.equal(40, cost("POST", AUDITS .. "/recheck/standard", "audit_id=810000017"))
    assert.equal(0, cost("GET", AUDITS))
    assert.equal(0, cost("GET", "/v1/domain/keywords", "source=uk&domain=a.b&page=x"))
    local balance = get(api, "/v1/account/credit-balance", "output=json")
    assert.equal(units_left(api), tonumber(balance.limit) - tonumber(balance.used))
  end)

  it("that are too few refuse the request, and nothing is done", function()
    local api = new { units = 99 }
    assert.equal("costs 100, left are 99",
      refused(403, "Insufficient funds", api, "GET", "/v1/domain/overview/worldwide", "domain=a.b"))
    refused(403, "Insufficient funds", api, "POST", AUDITS .. "/advanced", nil, '{"domain":"a.b"}')
    refused(403, "Insufficient funds", api, "POST", "/v1/serp/classic/tasks", nil,
      TASK:format '["a","b","c","d","e","f","g","h","i","j"]')
    refused(403, "Insufficient funds", api, "GET", "/v1/backlinks/export", "target=a.b&output=json")
    assert.equal(99, units_left(api))
    assert.equal(0, get(api, AUDITS).total)
    assert.equal(0, #get(api, "/v1/serp/classic/tasks"))
  end)
end)

describe("an export", function()
  local STATUS = "/v1/backlinks/export/status"

  local function create(api)
    return get(api, "/v1/backlinks/export", "target=a.b&output=json")
  end

  local function status(api, id)
    return get(api, STATUS, "task_id=" .. id .. "&output=json")
  end

  it("is queued, works, and is complete by the clock; its file is there then, packed, and costs a credit a row", function()
    local api = new { rows = 3 }
    local id
    assert.equal(3, price(api, function()
      local made = create(api)
      assert.equal("queued_for_processing", made.task_status)
      id = made.task_id
    end))
    assert.equal("1_400871", id)
    local states = {}
    for i = 1, 4 do
      local now = status(api, id)
      states[i] = now.task_status
      assert.equal(now.task_status == "complete", now.download_file ~= nil)
      api:advance(i == 1 and 4.9 or i == 2 and 0.2 or 15)
    end
    assert.same({ "queued_for_processing", "queued_for_processing", "processing", "complete" }, states)
    assert.equal("https://files.seranking.test/exports/1_400871.csv.gz", status(api, id).download_file)
    local file = send(api, "GET", "/exports/1_400871.csv.gz", nil, nil, {})
    assert.same({ 200, "application/gzip" }, { file.status, file.headers[1][2] })
    assert.equal("\31\139\8", file.body:sub(1, 3))
    assert.is_truthy(file.body:find("url_from,url_to,title,anchor,", 1, true))
  end)

  it("has its file on the host that the request came to, if that is known", function()
    local api = new()
    local headers = { authorization = "Token " .. UUID, host = "127.0.0.1:8080" }
    local id = create(api).task_id
    api:advance(20)
    local answer = send(api, "GET", STATUS, "task_id=" .. id .. "&output=json", nil, headers)
    assert.equal("http://127.0.0.1:8080/exports/1_400871.csv.gz", cjson.decode(answer.body).download_file)
    answer = api:handle {
      method = "GET", path = STATUS, query = "task_id=" .. id .. "&output=json", headers = headers, tls = true,
    }
    assert.equal("https://127.0.0.1:8080/exports/1_400871.csv.gz", cjson.decode(answer.body).download_file)
  end)

  it("has a file that no key may be sent for, that is not there before the end nor an hour after", function()
    local api = new()
    create(api)
    refused(404, "Not Found", api, "GET", "/exports/1_400871.csv.gz", nil, nil, {})
    api:advance(20)
    assert.equal("a key was sent to the host of the files", refused(400, "Bad Request", api, "GET", "/exports/1_400871.csv.gz"))
    assert.equal(200, send(api, "GET", "/exports/1_400871.csv.gz", nil, nil, {}).status)
    refused(404, "Not Found", api, "GET", "/exports/1_400872.csv.gz", nil, nil, {})
    refused(405, "Method Not Allowed", api, "DELETE", "/exports/1_400871.csv.gz", nil, nil, {})
    api:advance(3600)
    refused(404, "Not Found", api, "GET", "/exports/1_400871.csv.gz", nil, nil, {})
  end)

  it("is rejected with status 200 and without an id when the plan has no more of them", function()
    local api = new { exports = 1 }
    assert.is_string(create(api).task_id)
    assert.equal(0, price(api, function()
      assert.same({ task_status = "rejected" }, create(api))
    end))
    assert.equal("task_id: no such export", refused(404, "Not Found", api, "GET", STATUS, "task_id=1_9&output=json"))
    refused(404, "Not Found", api, "GET", STATUS, "task_id=x&output=json")
  end)
end)

describe("tasks of results pages", function()
  local TASKS = "/v1/serp/classic/tasks"

  it("are one for each phrase, wait, and then have items", function()
    local api = new()
    local made = post(api, TASKS, nil, TASK:format '["boots","anchors"]')
    assert.same({ { id = 73500001, query = "boots", location_id = 2826 }, { id = 73500002, query = "anchors",
      location_id = 2826 } }, made)
    assert.same({ status = "processing" }, get(api, TASKS, "task_id=73500002"))
    assert.same({ id = 73500002, query = "anchors", status = "processing", is_completed = false, tag = "t" },
      get(api, TASKS)[2])
    api:advance(8)
    local results = get(api, TASKS, "task_id=73500002")
    assert.is_nil(results.status)
    assert.same({ keyword = "anchors", device = "mobile", language_code = "en", location_id = 2826,
      search_engine = "google" }, results.request_metadata)
    assert.equal(1, results.items[1].rank_absolute)
    local advanced = get(api, TASKS .. "/results_advanced", "task_id=73500001").items
    assert.equal("related_searches", advanced[#advanced].type)
    assert.is_true(get(api, TASKS)[1].is_completed)
  end)

  it("have the pages as a ZIP: 409 before the end, 404 after a day", function()
    local api = new()
    post(api, TASKS, nil, TASK:format '["boots"]')
    refused(409, "Conflict", api, "GET", TASKS .. "/html", "task_id=73500001")
    api:advance(8)
    local answer = send(api, "GET", TASKS .. "/html", "task_id=73500001")
    assert.same({ 200, "application/zip", "PK\3\4" }, { answer.status, answer.headers[1][2], answer.body:sub(1, 4) })
    api:advance(86400)
    refused(404, "Not Found", api, "GET", TASKS .. "/html", "task_id=73500001")
    refused(404, "Not Found", api, "GET", TASKS, "task_id=73500001")
    assert.same({}, get(api, TASKS))
  end)

  it("want exactly one kind of place", function()
    local api, body = new(), '{"search_engine":"google","device":"desktop","language_code":"en","query":["a"]%s}'
    refused(400, "Bad Request", api, "POST", TASKS, nil, body:format "")
    refused(400, "Bad Request", api, "POST", TASKS, nil, body:format ',"location_id":1,"google_ads_location_id":2')
    assert.equal(1, #post(api, TASKS, nil, body:format ',"google_ads_location_id":2'))
  end)

  it("find places by two letters or more", function()
    local api, path = new(), "/v1/serp/classic/locations"
    local place = get(api, path, "country_code=nl&q=Ha").data[1]
    assert.same({ "NL", nil }, { place.country_code, place.google_ads_location_id })
    assert.is_number(get(api, path, "country_code=nl&q=Ha&include=google_ads_location_id").data[1].google_ads_location_id)
    refused(400, "Bad Request", api, "GET", path, "country_code=nl&q=H")
  end)
end)

describe("a site audit", function()
  local ID = "audit_id=810000017"

  local function create(api, body)
    local made = post(api, AUDITS .. "/standard", nil, body or '{"domain":"a.b","title":"Anchors"}')
    assert.equal(810000017, made.id)
  end

  local function status(api)
    return get(api, AUDITS .. "/status", ID)
  end

  it("is queued, crawls, and finishes by the clock", function()
    local api = new()
    create(api)
    assert.equal("queued", status(api).status)
    assert.same({ is_finished = false }, get(api, AUDITS .. "/report", ID))
    api:advance(40)
    local half = status(api)
    assert.same({ "processing", cjson.null }, { half.status, half.audit_time })
    api:advance(30)
    local done = status(api)
    assert.equal(math.floor(done.total_pages / 2), half.total_pages)
    assert.same({ "finished", "2026-09-10 00:00:00", "2026-09-10 00:01:10" },
      { done.status, done.start_time, done.audit_time })
    local report = get(api, AUDITS .. "/report", ID)
    assert.same({ true, done.total_pages, "a.b", done.total_errors },
      { report.is_finished, report.total_pages, report.domain_props.domain, report.total_errors })
  end)

  it("is listed by page, text and day, renamed, and deleted once", function()
    local api = new()
    create(api)
    post(api, AUDITS .. "/advanced", nil, '{"domain":"ropes.example"}')
    local function listed(query)
      local answer, titles = get(api, AUDITS, query), {}
      for i, item in ipairs(answer.items) do
        titles[i] = item.title
      end
      return ("%d %s"):format(answer.total, table.concat(titles, ","))
    end
    assert.equal("2 Anchors,ropes.example", listed())
    assert.equal("2 ropes.example", listed "offset=1&limit=1")
    assert.equal("1 ropes.example", listed "search=ropes")
    assert.equal("0 ", listed "date_start=2026-09-11")
    assert.equal("2 Anchors,ropes.example", listed "date_start=2026-09-10&date_end=2026-09-10")
    assert.equal("[]", send(api, "PATCH", AUDITS, ID, '{"title":"Boots"}').body)
    assert.equal("2 Boots,ropes.example", listed())
    assert.equal("[]", send(api, "DELETE", AUDITS, ID).body)
    assert.equal("1 ropes.example", listed())
    refused(404, "Not Found", api, "DELETE", AUDITS, ID)
    refused(404, "Not Found", api, "GET", AUDITS .. "/report", ID)
    refused(400, "Bad Request", api, "DELETE", AUDITS)
  end)

  it("has pages whose ids are text, that issues take as numbers", function()
    local api = new()
    create(api, '{"domain":"a.b","settings":{"max_pages":3,"disallow":"/x\\n/y"}}')
    api:advance(70)
    local pages = get(api, AUDITS .. "/pages", ID .. "&offset=1&limit=2")
    local second = pages.items[1]
    assert.same({ 3, 2, "61000002" }, { pages.total, #pages.items, second.id })
    local issues = get(api, AUDITS .. "/issues", ID .. "&url_id=61000002")
    assert.same(issues, get(api, AUDITS .. "/issues", ID .. "&url=" .. second.url))
    assert.equal(tonumber(second.title_len), issues.page_data.title_len)
    refused(404, "Not Found", api, "GET", AUDITS .. "/issues", ID .. "&url_id=61000004")
    refused(404, "Not Found", api, "GET", AUDITS .. "/issues", ID .. "&url=https://a.b/x")
    refused(400, "Bad Request", api, "GET", AUDITS .. "/issues", ID)
    assert.same({ total_urls = 0, urls = {}, urls_type = "simple_urls_array" },
      get(api, AUDITS .. "/issue-pages", ID .. "&code=x"))
    refused(400, "Bad Request", api, "GET", AUDITS .. "/links", ID .. "&filter[0][param]=size&filter[0][value]=1")
    refused(400, "Bad Request", api, "GET", AUDITS .. "/links", ID .. "&filter[status]=200")
  end)

  it("keeps its id when it is done again; the old end is shown for a moment; earlier runs are known by their day", function()
    local day = "2026-09-10"
    local api = new { today = function() return day end }
    create(api, '{"domain":"a.b","settings":{"max_pages":3,"login":"ada"}}')
    refused(404, "Not Found", api, "GET", AUDITS .. "/history", ID .. "&date=2026-09-10")
    api:advance(70)
    day = "2026-09-11"
    assert.equal("[]", send(api, "POST", AUDITS .. "/recheck/standard", ID).body)
    assert.same({ "finished", "2026-09-10 00:00:00" }, { status(api).status, status(api).start_time })
    api:advance(5)
    assert.same({ "queued", "2026-09-11 00:01:10" }, { status(api).status, status(api).start_time })
    local earlier = get(api, AUDITS .. "/history", ID .. "&date=2026-09-10")
    assert.same({ "2026-09-10 00:01:10", { max_pages = 3, login = "ada" }, 3 },
      { earlier.audit_time, earlier.settings, earlier.totals.total_pages })
    refused(404, "Not Found", api, "GET", AUDITS .. "/history", ID .. "&date=2026-09-11")
    api:advance(70)
    assert.equal("finished", status(api).status)
    get(api, AUDITS .. "/history", ID .. "&date=2026-09-11")
  end)

  it("that is done again during a crawl begins anew, and is paid for", function()
    local api = new()
    create(api, '{"domain":"a.b","settings":{"max_pages":20}}')
    api:advance(40)
    assert.equal(40, price(api, function()
      assert.equal("[]", send(api, "POST", AUDITS .. "/recheck/standard", ID).body)
    end))
    assert.equal("queued", status(api).status)
    refused(400, "Bad Request", api, "POST", AUDITS .. "/recheck/standard", ID, "{}")
  end)
end)

describe("a reset", function()
  it("forgets jobs, and gives the credits back", function()
    local api = new { units = 1000 }
    post(api, AUDITS .. "/standard", nil, '{"domain":"a.b","settings":{"max_pages":20}}')
    assert.equal(960, units_left(api))
    api:reset()
    assert.equal(1000, units_left(api))
    assert.equal(0, get(api, AUDITS).total)
  end)
end)
