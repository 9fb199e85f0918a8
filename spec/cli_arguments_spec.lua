--- The command's flags and positions as parameters, and what is said about those that do not fit.
-- SPDX-License-Identifier: MIT

local commands = require "seranking.cli.commands"
local process = require "support.process"
local scene = require "support.scene"
local sent = require "support.sent"
local seranking = require "seranking"
local system = require "support.system"
local terminal = require "support.terminal"

-- Runs a command whose requests are recorded and answered with an empty list. Returns them, stderr and the status.
local function requests_of(words, given)
  local list = {}
  local options = { clock = seranking.clock(), token = scene.V4_KEY, data_token = scene.V1_KEY, retries = 0,
    transport = { handle = function(_, request)
      list[#list + 1] = request
      return { status = 200, headers = { { "Content-Type", "application/json" } }, body = "[]" }
    end } }
  local all = { client = options, now = os.time { year = 2026, month = 3, day = 31, hour = 12 } }
  for name, value in pairs(given or {}) do
    all[name] = value
  end
  local status, _, stderr = terminal.run(words, all)
  return list, stderr, status
end

-- The query of the one request.
local function query_of(...)
  local list, stderr = requests_of { ... }
  assert.equal(1, #list, stderr)
  return table.concat(sent.pairs_of(list[1].query), "&")
end

local function refused(...)
  local list, stderr, status = requests_of { ... }
  assert.same({ 0, 2 }, { #list, status })
  return stderr:match "^seranking: (.*)\n$"
end

describe("an operation's arguments", function()
  it("take the ids of the path and the target by position or by flag", function()
    for _, words in ipairs { { "147696", "880001" }, { "--site-id", "147696", "880001" },
      { "--site-engine-id=880001", "147696" }, { "147696", "--site_engine_id", "880001" } } do
      local list = requests_of { "sites", "search_engines", "delete", words[1], words[2], words[3] }
      assert.equal("/sites/147696/search-engines/880001", list[1].path)
    end
    assert.equal("output=json&target=example.com", query_of("data", "backlinks", "count", "example.com"))
    assert.equal("output=json&target=a.example&target=b.example", query_of("data.backlinks.count", "a.example", "b.example"))
  end)

  it("may have names joined by dots, in part or whole", function()
    for _, name in ipairs { "sites.positions.list", "sites.positions list" } do
      local words = {}
      for word in name:gmatch "%S+" do
        words[#words + 1] = word
      end
      words[#words + 1] = "7"
      assert.equal("/sites/7/positions", requests_of(words)[1].path)
    end
  end)

  it("refuse what has no place", function()
    assert.equal("unexpected argument '5'; by position go SITE_ID", refused("sites", "summary", "4", "5"))
    assert.equal("unexpected argument '5'; by position go SITE_ID", refused("sites", "summary", "--site-id", "4", "5"))
    assert.equal("unexpected argument '5'", refused("sites", "list", "5"))
  end)

  it("have dates as today, yesterday, and days ago", function()
    assert.equal("date_from=2026-03-01&date_to=2026-03-31", query_of("sites", "positions", "list", "7", "--date-from", "30d",
      "--date-to", "today"))
    assert.equal("date_from=2026-03-30", query_of("sites", "positions", "list", "7", "--date-from", "yesterday"))
    assert.equal("--date-from must be a date: YYYY-MM-DD, today, yesterday, or 30d for 30 days ago, got \"31.03.2026\"",
      refused("sites", "positions", "list", "7", "--date-from", "31.03.2026"))
    assert.equal("--date-from must be a date: YYYY-MM-DD, today, yesterday, or 30d for 30 days ago, got \"2026-02-30\"",
      refused("sites", "positions", "list", "7", "--date-from", "2026-02-30"))
    assert.equal("--date-from (2026-03-31) is after --date-to (2026-03-30)",
      refused("sites", "positions", "list", "7", "--date-from", "today", "--date-to", "yesterday"))
  end)

  it("have lists by commas, by repetition, and with commas inside", function()
    assert.equal("keywords_ids[]=1&keywords_ids[]=2&keywords_ids[]=3",
      query_of("sites", "keywords", "delete", "7", "--keywords-ids", "1,2", "--keywords-ids", "3", "--yes"))
    local list = requests_of { "airt", "prompts", "create", "7", "8", "--prompts", "boots\\, red,hats" }
    assert.equal('{"prompts":["boots, red","hats"]}', list[1].body)
    assert.equal('--keywords-ids element 2 must be an id (digits), got "x"',
      refused("sites", "keywords", "delete", "7", "--keywords-ids", "1,x"))
  end)

  it("have --sort -volume for the API's own order", function()
    local words = { "data", "keywords", "similar", "boots", "--source", "us", "--limit", "1", "--sort" }
    for _, case in ipairs { { "volume", "sort=volume" }, { "-volume", "sort=volume&sort_order=desc" } } do
      words[10] = case[1]
      local query = table.concat(sent.pairs_of(requests_of(words)[1].query), "&")
      assert.equal(case[2], query:match "sort=.*$":gsub("&source.*", ""))
    end
  end)

  it("have members of objects by dots, and objects as JSON", function()
    local wanted = '{"domain":"example.com","settings":{"max_depth":3,"max_pages":10}}'
    for _, words in ipairs { { "--settings.max-depth", "3", "--settings.max-pages", "10" },
      { "--settings", '{"max_depth":3,"max_pages":10}' }, { "--settings", '{"max_depth":3}', "--settings.max-pages", "10" } } do
      local list, stderr = requests_of { "audit", "create", "example.com", words[1], words[2], words[3], words[4] }
      assert.is_truthy(list[1], stderr)
      assert.equal(sent.canonical(wanted), sent.canonical(list[1].body:gsub('"title":"[^"]*",?', "")))
    end
    assert.equal('--settings must be JSON, got "{"', refused("audit", "create", "example.com", "--settings", "{"))
  end)

  it("have flags that are true or false alone, with a word, or with =", function()
    for _, words in ipairs { { "--is-active" }, { "--is-active", "true" }, { "--is-active=1" }, { "--is-active", "yes" } } do
      assert.equal('{"is_active":1}', requests_of({ "sites", "update", "7", words[1], words[2] })[1].body)
    end
    assert.equal('{"is_active":0}', requests_of({ "sites", "update", "7", "--is-active", "false" })[1].body)
    assert.equal('{"is_active":1}', requests_of({ "sites", "update", "--is-active", "7" })[1].body)
    assert.equal('--is-active must be 0, 1, true or false, got "maybe"', refused("sites", "update", "7", "--is-active=maybe"))
  end)

  it("take the parameters of a JSON file, to which flags add", function()
    local list = requests_of({ "sites", "update", "7", "--input", "-", "--title", "b" },
      { stdin = '{"title":"a","depth":200}' })
    assert.equal(sent.canonical '{"depth":200,"title":"b"}', sent.canonical(list[1].body))
    assert.equal("--input: /nowhere: No such file or directory", refused("sites", "update", "7", "--input", "/nowhere"))
    local _, stderr = requests_of({ "sites", "update", "7", "--input", "-" }, { stdin = '{"titel":"a"}' })
    assert.equal("seranking: --input: unknown parameter 'titel'; did you mean 'title'?\n", stderr)
  end)

  it("are named by their flags where the library finds what is wrong between them", function()
    local function sources(...)
      return refused("visible", "sources", "list", "5b0c2f9e-7d1a-4c83-9a46-3e2f10d7b6c5", "--date-from", "2026-03-01",
        "--date-to", "2026-03-10", ...)
    end
    assert.equal("--compare-from needs --compare-to: give both, or neither", sources("--compare-from", "2026-02-01"))
    assert.equal("an empty list can't be sent in a query: leave --country-codes out to ask for all",
      sources("--country-codes", ""))
    assert.matches('^%-%-sort must be one of ai_answers_count, .*, got "gap_score" %(with source_type = domain%)$',
      sources("--sort", "gap_score"))
    assert.equal("--compare-from (2026-02-03) is after --compare-to (2026-02-01)",
      sources("--compare-from", "2026-02-03", "--compare-to", "2026-02-01"))
  end)

  it("are checked by the library's rules, in the command's words", function()
    assert.equal('--site-id must be an id (digits), got "x"', refused("sites", "summary", "x"))
    assert.equal("--site-id is required", refused("sites", "summary"))
    assert.equal("--url, --title are required", refused("sites", "create"))
    assert.equal("--depth must be one of 100, 200, got 300", refused("sites", "update", "7", "--depth", "300"))
    assert.equal('--depth must be a whole number, got "many"', refused("sites", "update", "7", "--depth", "many"))
    assert.equal("at least one of --domain, --url is required", refused("data", "domain", "overview", "db", "--source", "us"))
    assert.equal("exactly one of --before-id, --after-id is required", refused("airt", "prompt_groups", "order", "7", "8",
      "--before-id", "1", "--after-id", "2"))
    assert.equal("nothing to change: give at least one of --tag-ids, --urls, --domains",
      (refused("sites", "url_tags", "update", "7")))
  end)

  it("suggest the nearest flag and the nearest command", function()
    assert.equal("unknown option '--date-form'; did you mean '--date-from'?",
      refused("sites", "positions", "list", "7", "--date-form", "30d"))
    assert.equal("there is no command 'sites lst'; did you mean 'sites list'?", refused("sites", "lst"))
    assert.equal("there is no command 'sitess'; did you mean 'sites'?", refused "sitess")
    assert.equal("there is no command 'frobnicate'; `seranking ops WORD` searches, `seranking --help` lists",
      refused "frobnicate")
  end)

  it("say how to write a phrase", function()
    assert.equal("unexpected argument 'bread'; quote it: 'rye bread'",
      refused("data", "keywords", "similar", "rye", "bread", "--source", "us"))
    assert.equal("unexpected argument 'b.example'; by position go TARGET",
      refused("data", "domain", "subdomains", "list", "a.example", "b.example"))
  end)

  it("name the list in which a column is", function()
    local function wanted(flag, column)
      return refused("sites", "positions", "list", "147696", flag, column)
    end
    assert.equal("unknown column 'positions[].pos'; did you mean keywords[].positions[].pos, or --rows keywords?",
      wanted("--spark", "positions[].pos"))
    assert.equal("unknown column 'volume'; did you mean keywords[].volume, or --rows keywords?", wanted("--columns", "volume"))
    assert.is_truthy(wanted("--columns", "ositions[].pos"):find "^unknown column 'ositions%[%]%.pos'; ")
  end)

  it("set options of the client and of the call, but no key", function()
    local list = requests_of { "sites", "list", "--header", "X-Trace: 7", "--extra", "new=1", "--user-agent", "cron/1" }
    assert.equal("7", list[1].headers["x-trace"])
    assert.equal("cron/1", list[1].headers["user-agent"]:match "^%S+")
    assert.equal("new=1", list[1].query)
    assert.equal("--timeout must be a number of seconds from 0.001 to 86400 (a day)",
      refused("sites", "list", "--timeout", "0"))
    assert.is_truthy(refused("sites", "list", "--token", "abc"):find "^unknown option '%-%-token'")
  end)
end)

describe("--from", function()
  local folder, remove

  setup(function()
    folder, remove = process.folder()
  end)

  teardown(function()
    remove()
  end)

  local function body_of(name, text)
    system.write(folder .. "/" .. name, text)
    local list, stderr = requests_of { "sites", "keywords", "create", "7", "--from", folder .. "/" .. name }
    return list[1] and list[1].body, (stderr:gsub(folder .. "/", ""))
  end

  local WANTED = sent.canonical '[{"keyword":"boots, \\"red\\"","group_id":3},{"keyword":"two\\nlines"},{"keyword":"é"}]'

  it("makes an item of each row of a CSV file", function()
    local text = 'keyword,group_id\n"boots, ""red""",3\n\n"two\nlines",\né,\n'
    assert.equal(WANTED, sent.canonical(body_of("a.csv", text)))
    assert.equal(WANTED, sent.canonical(body_of("a.csv", "\239\187\191" .. text)))
    assert.equal(sent.canonical '[{"keyword":"a"},{"keyword":"b"}]', sent.canonical(body_of("a.csv", "keyword\r\na\r\nb")))
  end)

  it("makes an item of each line of JSON", function()
    local text = '{"keyword":"boots, \\"red\\"","group_id":3}\n{"keyword":"two\\nlines"}\n\n{"keyword":"é"}\n'
    assert.equal(WANTED, sent.canonical(body_of("a.jsonl", text)))
  end)

  it("fills the one list that an operation needs", function()
    local list = requests_of({ "backlinks", "import", "7", "--from", "-" },
      { stdin = "list\nhttps://a.example\nhttps://b.example\n" })
    assert.equal('{"list":["https://a.example","https://b.example"]}', list[1].body)
  end)

  it("tells a mistake with file and line, and sends nothing", function()
    for _, case in ipairs {
      { "a.csv", "keywrd\nboots\n", "a.csv:1: unknown column 'keywrd'; did you mean 'keyword'?" },
      { "a.csv", 'keyword,group_id\nboots,3\n"hats\nand",x\n', 'a.csv:3: group_id must be an id (digits), got "x"' },
      { "a.csv", "keyword,group_id\nboots,3,4\n", "a.csv:2: 3 fields, but the first line has 2" },
      { "a.csv", 'keyword\n"boots\n', "a.csv:2: a quoted field does not end" },
      { "a.csv", "keyword,group_id\n,3\n", "a.csv:2: keyword is missing" },
      { "a.csv", "keyword\n", "a.csv: no rows" },
      { "a.jsonl", '{"keyword":"a"}\n{"keyword":5}\n', "a.jsonl:2: keyword must be a string, got 5" },
      { "a.jsonl", '{"keyword":"a"}\n{"keyword"\n', "a.jsonl:2: unexpected end of input, at byte 10" },
      { "a.jsonl", '{"word":"a"}\n', "a.jsonl:1: unknown member 'word'" },
    } do
      local body, stderr = body_of(case[1], case[2])
      assert.is_nil(body)
      assert.equal("seranking: " .. case[3], stderr:sub(1, #case[3] + 11))
    end
    assert.equal("--from: " .. folder .. "/none.csv: No such file or directory",
      refused("sites", "keywords", "create", "7", "--from", folder .. "/none.csv"))
  end)
end)

describe("help", function()
  it("shows usage, flags and an example of every operation, without a key", function()
    for _, found in ipairs(commands.operations()) do
      local words = {}
      for word in found.name:gmatch "[^.]+" do
        words[#words + 1] = word
      end
      words[#words + 1] = "--help"
      local status, stdout = terminal.run(words)
      assert.equal(0, status)
      assert.is_truthy(stdout:find("Usage: seranking " .. found.name:gsub("%.", " "), 1, true), found.name)
      assert.is_truthy(stdout:find("--dry-run", 1, true))
      assert.is_nil(stdout:find "client[.:]%l", found.name .. "\n" .. stdout)
    end
  end)

  it("gives examples that the command accepts", function()
    local clients = { v1 = terminal.fake { api = "v1" }, v4 = terminal.fake() }
    for _, found in ipairs(commands.operations()) do
      local _, stdout = terminal.run { "help", found.name }
      local words = {}
      for word in stdout:match "Example: seranking ([^\n]+)":gsub("'buy boots'", "boots"):gmatch "%S+" do
        words[#words + 1] = word
      end
      words[#words + 1] = "--dry-run"
      local first, last = stdout:match "Example: [^\n]*%-%-date%-from (%S+)[^\n]*%-%-date%-to (%S+)"
      assert.is_true(first == nil or first ~= last, stdout) -- a period, not a single day
      local made = (" " .. table.concat(words, " ") .. " "):find "[ ,]FILE " or table.concat(words, " "):find "JSON"
      if not made then
        local status, _, stderr = terminal.run(words, { client = clients[found.description.v1 and "v1" or "v4"] })
        assert.equal(0, status, found.name .. ": " .. stderr)
      end
    end
  end)

  it("lists what is below a name, and finds operations by words", function()
    local _, stdout = terminal.run { "sites", "keywords" }
    assert.is_truthy(stdout:find "\n  sites keywords list    A project's keywords")
    _, stdout = terminal.run { "ops", "keyword", "delete" }
    assert.is_truthy(stdout:find "\n  sites keywords delete  ")
    local status, _, stderr = terminal.run { "ops", "xyzzy" }
    assert.same({ 1, "seranking: no operation has 'xyzzy' in its name or summary\n" }, { status, stderr })
    _, stdout = terminal.run { "--help" }
    assert.is_truthy(stdout:find "\n  sites  ")
    assert.is_truthy(stdout:find "\n  raw  ")
  end)
end)
