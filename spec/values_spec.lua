--- Values of parameters: those that are accepted, how they are sent, and the messages for others.
-- SPDX-License-Identifier: MIT

local core = require "lseranking"
local operation = require "seranking.operation"
local scene = require "support.scene"
local script = require "support.script"
local seranking = require "seranking"

local raised = script.raised

-- The decoded query of the request that an operation would send.
local function query_of(op, args)
  return (op:dry_run(args).url:match "%?(.*)$" or ""):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
end

describe("a request of the Data API", function()
  local data = scene.new().data

  it("sends history_trend as true or false", function()
    for _, name in ipairs { "similar", "related", "questions" } do
      assert.equal("source=us&keyword=x&history_trend=true",
        (query_of(data.keywords[name], { source = "us", keyword = "x", history_trend = true })))
      assert.equal("source=us&keyword=x&history_trend=false",
        (query_of(data.keywords[name], { source = "us", keyword = "x", history_trend = 0 })))
    end
    assert.equal("source=us&domain=a.com&with_subdomains=0",
      (query_of(data.domain.overview.db, { source = "us", domain = "a.com", with_subdomains = false })))
  end)

  it("needs a domain, a url or both", function()
    local both = { source = "us", domain = "a.com", url = "https://a.com/b", compare = nil }
    for _, op in ipairs { data.domain.overview.db, data.domain.overview.history, data.domain.keywords.list,
      data.domain.competitors.list } do
      assert.equal("source=us&domain=a.com&url=https://a.com/b", (query_of(op, both)))
      assert.equal("source=us&url=https://a.com/b", (query_of(op, { source = "us", url = "https://a.com/b" })))
      assert.is_truthy(raised(op, { source = "us" }):find "at least one of domain, url is required$")
    end
    both.compare = "b.com"
    assert.equal("source=us&domain=a.com&url=https://a.com/b&compare=b.com", (query_of(data.domain.keywords.comparison, both)))
  end)

  it("limits texts by their characters", function()
    local list, long = data.backlinks.all, ("é"):rep(2063)
    assert.is_truthy(list:dry_run({ target = "a.com", anchor_filter = long }).body:find(long, 1, true))
    assert.is_truthy(raised(list, { target = "a.com", anchor_filter = long .. "x" })
      :find "anchor_filter must have at most 2063 characters, got 2064$")
    assert.is_truthy(raised(data.domain.overview.worldwide, { domain = "a.com", currency = "EURO" })
      :find "currency must have 3 characters, got 4$")
  end)

  it("leaves out the type of a link filter's first condition", function()
    local condition = { param = "status", value = 404, type = "and" }
    local text = query_of(data.site_audit.audits(1).links, { filter = { condition, condition } })
    assert.equal("audit_id=1&filter[0][param]=status&filter[0][value]=404"
      .. "&filter[1][param]=status&filter[1][type]=and&filter[1][value]=404", text)
    assert.equal("and", condition.type)
  end)
end)

-- Operations with a parameter of each type.
local thing = {
  name = "data.things",
  params = {
    thing_id = { type = "id" }, ids = { type = "id[]" }, count = { type = "integer" }, title = { type = "string" },
    date_from = { type = "date" }, date_to = { type = "date" }, from = { type = "month" }, to = { type = "month" },
    rules = { type = "object[]", style = "tree", fields = { by = { type = "string" } } },
    words = { type = "string[]", style = "comma" },
  },
  operations = {
    { "get", data = "GET /v1/things{?thing_id}", query = "ids count title date_from date_to from to rules words",
      answer = "object" },
    { "set", data = "PATCH /v1/things{?thing_id}", body = "ids title date_from rules words", answer = "object" },
  },
}

local client = scene.new()

local function op(name, bound)
  return operation.new(client.data, thing, thing.operations[name == "get" and 1 or 2], bound or {})
end

local function query(args)
  args.thing_id = args.thing_id or 1
  return query_of(op "get", args):gsub("^thing_id=1&?", "")
end

local function problem(args)
  args.thing_id = args.thing_id or 1
  return raised(op "get", args):match "data%.things%.get: (.*)$"
end

describe("an id", function()
  it("consists of digits, as a number or a string", function()
    for _, id in ipairs { 5, 5.0, "5", "005" } do
      assert.equal("thing_id=5", (query_of(op "get", { thing_id = id })))
    end
    assert.equal("thing_id=0", (query_of(op "get", { thing_id = -0.0 })))
    assert.equal("thing_id=1234567890123456789012345678901234567890",
      (query_of(op "get", { thing_id = "1234567890123456789012345678901234567890" })))
    for shown, id in pairs { ["-5"] = -5, ['"-5"'] = "-5", ["1.5"] = 1.5, ["null"] = seranking.null } do
      assert.equal("thing_id must be an id (digits, as a number or a string), got " .. shown, problem { thing_id = id })
    end
  end)

  it("can be passed as decoded if Lua holds it exactly", function()
    local decoded = require("seranking.base.json").decode '{"id":123456789012345678}'
    if math.type then
      assert.equal("thing_id=123456789012345678", (query_of(op "get", { thing_id = decoded.id })))
      assert.equal("ids[]=999999999999999999&count=123456789012345678",
        (query { ids = { 999999999999999999 }, count = decoded.id }))
    else
      assert.is_truthy(problem({ thing_id = decoded.id })
        :find "^thing_id must be given as a string: the number .* is too large")
    end
  end)
end)

describe("a list", function()
  it("may be a single value, of any type and style", function()
    assert.equal("ids[]=7&rules[0][by]=x&words=w", (query { ids = 7, rules = { by = "x" }, words = "w" }))
    assert.equal('{"ids":[7],"rules":[{"by":"x"}],"words":"w"}',
      op("set"):dry_run({ thing_id = 1, ids = "7", rules = { by = "x" }, words = "w" }).body)
  end)

  it("of one invalid value is reported without an element number", function()
    assert.equal('ids must be an id (digits, as a number or a string), got "x"', problem { ids = "x" })
    assert.equal("rules has an unknown member 'bye'; did you mean 'by'?", problem { rules = { bye = "x" } })
    assert.equal("words must not hold a comma", problem { words = "a,b" })
    assert.equal("words element 2 must not hold a comma", problem { words = { "a", "b,c" } })
  end)
end)

describe("a date", function()
  it("may be a result of os.time or os.date", function()
    local time = os.time { year = 2026, month = 9, day = 1, hour = 12 }
    assert.equal("date_from=2026-09-01&date_to=2026-09-01&from=2026-09&to=2026-09",
      (query { date_from = time, date_to = os.date("*t", time), from = time, to = { year = 2026, month = 9, day = 30 } }))
    assert.equal('{"date_from":"2026-09-01"}', op("set"):dry_run({ thing_id = 1, date_from = time + 0.5 }).body)
  end)

  it("may not be digits without dashes, a day that does not exist, or milliseconds", function()
    for shown, date in pairs { ["20260910"] = 20260910, ["1788220800000"] = 1788220800000, ['"2026-9-1"'] = "2026-9-1",
      ['"2026-02-30"'] = { year = 2026, month = 2, day = 30 }, ["a table"] = {}, ["null"] = seranking.null } do
      assert.equal('date_from must be a date (YYYY-MM-DD, a number of os.time, or a table like os.date("*t")), got ' .. shown,
        problem { date_from = date })
    end
  end)

  it("may not be NaN, and neither may a month", function()
    for name, words in pairs { date_from = "a date (YYYY-MM-DD, ", from = "a month (YYYY-MM, " } do
      local text = problem { [name] = 0 / 0 }
      assert.equal(name .. " must be " .. words, text:sub(1, #name + 9 + #words), text)
    end
  end)

  it("of a range's end may not be before its beginning", function()
    assert.equal("date_from=2026-09-01&date_to=2026-09-01", (query { date_from = "2026-09-01", date_to = "2026-09-01" }))
    assert.equal("date_from (2026-09-02) is after date_to (2026-09-01)",
      problem { date_from = "2026-09-02", date_to = { year = 2026, month = 9, day = 1 } })
    assert.equal("from (2026-10) is after to (2026-09)", problem { from = "2026-10", to = "2026-09" })
    assert.is_truthy(raised(client.audit.list, { date_start = "2026-09-02", date_end = "2026-09-01" })
      :find "date_start %(2026%-09%-02%) is after date_end %(2026%-09%-01%)$")
  end)
end)

describe("a value of the wrong type", function()
  it("is shown in the message", function()
    assert.equal("title must be a string, got null", problem { title = seranking.null })
    local data = client.data
    assert.is_truthy(raised(data.domain.overview.db, { source = "US", domain = "a.com" })
      :find('source must be two small letters, such as "us", got "US"', 1, true))
    assert.is_truthy(raised(data.keywords.similar, { source = "us", keyword = "x", filter = { volume = 100 } })
      :find "filter member volume must be { from =, to = }, got 100$")
  end)
end)

describe("a long value in a message", function()
  it("is cut between characters", function()
    for shift = 0, 3 do
      local text = ("x"):rep(shift) .. ("\240\159\141\158"):rep(20)
      local message = problem { date_from = text }
      assert.is_nil(core.utf8_error(message), message)
      assert.truthy(message:find("\240\159\141\158\"…", 1, true), message)
    end
    assert.truthy(problem({ date_from = ("x"):rep(41) }):find('got "' .. ("x"):rep(40) .. '"…', 1, true))
  end)
end)

describe("an answer of no described type", function()
  local function answered(body, options)
    return script.new(function() return script.json(body) end, options).airt.llm.status { site_id = 1, llm_id = 2 }
  end

  it("that is null becomes an empty table", function()
    local data, response = answered "null"
    assert.same({}, data)
    assert.equal(200, response.status)
    assert.equal(seranking.null, (answered("null", { nulls = "keep" })))
    assert.same({ progress = 5 }, (answered '{"progress":5}'))
    assert.is_true((answered ""))
  end)
end)
