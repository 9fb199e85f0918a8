--- The command carries out operations: answers, errors and exit statuses, jobs, previews, raw requests.
-- SPDX-License-Identifier: MIT

local cjson = require "cjson"
local folder = require "support.folder"
local scene = require "support.scene"
local seranking = require "seranking"
local system = require "support.system"
local terminal = require "support.terminal"

after_each(folder.finish)

-- Options of a client whose requests are answered by `answer(request, number)`: JSON text, an answer, or a fault. Returns the
-- requests as well.
local function server(answer, api)
  local list = {}
  return { token = api == "v1" and scene.V1_KEY or scene.V4_KEY, data_token = scene.V1_KEY, clock = seranking.clock(),
    retries = 0, transport = { handle = function(_, request)
      list[#list + 1] = request
      local made = answer(request, #list)
      return type(made) == "string" and { status = 200, headers = { { "Content-Type", "application/json" } }, body = made }
        or made
    end } }, list
end

local function failing(status, message)
  return server(function()
    return { status = status, headers = { { "Content-Type", "application/json" } },
      body = ('{"message":"%s"}'):format(message) }
  end)
end

describe("an exit status", function()
  for _, case in ipairs {
    { "0: done", 0, server(function() return "[]" end) },
    { "3: not found", 3, failing(404, "Not Found") },
    { "3: invalid request", 3, failing(400, "Bad") },
    { "4: the key is wrong", 4, failing(403, "Incorrect token") },
    { "4: the plan does not allow it", 4, failing(402, "Pay") },
    { "5: rate limit", 5, failing(429, "Too many") },
    { "6: network", 6, server(function() return { fault = "refuse" } end) },
    { "6: time-out", 6, server(function() return { fault = "hang" } end) },
    { "7: the server failed", 7, failing(500, "Oops") },
    { "7: the answer is no JSON", 7, server(function() return "{" end) },
  } do
    it("is " .. case[1], function()
      local status, stdout, stderr = terminal.run({ "sites", "list", "-o", "json" }, { client = case[3] })
      assert.equal(case[2], status)
      assert.same({}, cjson.decode(stdout))
      assert.equal(case[2] == 0 and 0 or 1, select(2, stderr:gsub("\n", "")))
    end)
  end

  it("is 4 without a key, and the message says what to do", function()
    local status, _, stderr = terminal.run({ "sites", "list" }, { environment = { HOME = "/nowhere" } })
    assert.same({ 4, "seranking: there is no API key: run `seranking login`, or set SERANKING_TOKEN\n" }, { status, stderr })
  end)

  for _, words in ipairs {
    "sites list -o /nowhere/a.csv", "report 147696 -o /nowhere/a.html", "chart 147696 -o /nowhere/a.svg",
    "brand-report 147696 -o /nowhere/a.txt", "data serp classic task_html 7 -o /nowhere/a.html",
    "data backlinks export create a.example --to /nowhere/a.csv",
  } do
    it("is 2 if nothing was sent because the file can't be written: " .. words, function()
      local list, client, requests = {}, server(function() return "[]" end)
      for word in words:gmatch "%S+" do
        list[#list + 1] = word
      end
      local status, _, stderr = terminal.run(list, { client = client })
      assert.same({ 2, 0 }, { status, #requests })
      assert.truthy(stderr:lower():find "seranking: can't write /nowhere/a[%w.]*: no such file or directory\n$", stderr)
    end)
  end

  it("is 1 if the file can't be written after the job has begun", function()
    local into = folder.new() .. "/into"
    os.execute("mkdir " .. into)
    local client = server(function(_, number)
      os.execute("rm -rf " .. into)
      return number == 1 and '{"task_id":"t-7"}' or '{"task_status":"complete","download_file":"https://files.example/a"}'
    end)
    local status, _, stderr = terminal.run({ "data", "backlinks", "export", "create", "a.example", "--to", into .. "/a.csv" },
      { client = client })
    assert.equal(1, status, stderr)
    assert.truthy(stderr:find("can't write " .. into .. "/a.csv: ", 1, true), stderr)
    assert.truthy(stderr:find("the job goes on: `seranking data backlinks export status ", 1, true), stderr)
  end)

  it("is 9 if a job failed", function()
    local client = server(function(_, number)
      return number == 1 and '{"id":7}' or '{"status":"cancelled"}'
    end)
    local status, _, stderr = terminal.run({ "audit", "create", "example.com", "--wait" }, { client = client })
    assert.equal(9, status)
    assert.equal("seranking: the job is cancelled\n"
      .. "seranking: audit.create: the job (audit_id = 7) ended as cancelled\n", stderr)
  end)
end)

describe("an error", function()
  it("is one line with the request, and what to do in the command's words", function()
    local _, _, stderr = terminal.run({ "sites", "list" }, { client = (failing(403, "Incorrect token")) })
    assert.equal("seranking: GET /sites: Incorrect token (HTTP 403); check the key: `seranking status` says which one is "
      .. "used\n", stderr)
  end)

  it("names the command to use where a generation lacks an operation", function()
    local status, _, stderr = terminal.run({ "account", "balance" }, { client = (server(function() end, "v1")) })
    assert.equal(3, status)
    assert.equal("seranking: account.balance does not exist in v1; use `seranking account subscription` instead\n", stderr)
  end)

  it("names a command that works, if the key is blocked or a price unknown", function()
    local client, stderr = (failing(403, "Incorrect token")), nil
    for _ = 1, 3 do
      stderr = select(3, terminal.run({ "sites", "list" }, { client = client }))
    end
    assert.is_truthy(stderr:find("run `seranking limits reset` with its last four characters\n", 1, true), stderr)
    stderr = select(3, terminal.run({ "data", "backlinks", "export", "create", "a.example", "--budget", "9" },
      { client = (server(function() return "{}" end)) }))
    assert.is_truthy(stderr:find("; raise --budget, or leave it out\n", 1, true), stderr)
  end)

  it("warns where the request may have been carried out", function()
    local client = server(function() return { fault = "hang" } end)
    local _, _, stderr = terminal.run({ "sites", "create", "--url", "https://example.com", "--title", "a" },
      { client = client })
    assert.is_truthy(stderr:find("raise --timeout, or ask for less at once; it may have been carried out: look before you "
      .. "repeat", 1, true), stderr)
    client = server(function() return { fault = "hang" } end)
    stderr = select(3, terminal.run({ "sites", "list" }, { client = client }))
    assert.is_nil(stderr:find("carried out", 1, true))
  end)

  it("is JSON with --error-format json, also for a mistake in the flags", function()
    local _, _, stderr = terminal.run({ "sites", "list", "--error-format", "json" }, { client = (failing(404, "Not Found")) })
    local err = cjson.decode(stderr).error
    assert.same({ "not_found", 404, 3, "Not Found" }, { err.kind, err.status, err.exit, err.message })
    stderr = select(3, terminal.run { "sites", "list", "--error-format=json", "--foo" })
    err = cjson.decode(stderr).error
    assert.same({ "usage", 2 }, { err.kind, err.exit })
    stderr = select(3, terminal.run({ "--error-format", "json", "sites", "list" }, { client = (failing(404, "Not Found")) }))
    assert.equal(404, cjson.decode(stderr).error.status)
    local client = server(function()
      return { status = 422, headers = { { "Content-Type", "application/json" } },
        body = '{"message":"The given data was invalid.","errors":{"titles":["Taken."]}}' }
    end, "v1")
    stderr = select(3, terminal.run({ "visible", "topics", "create", "5b0c2f9e-7d1a-4c83-9a46-3e2f10d7b6c5", "--titles", "A",
      "--error-format", "json" }, { client = client }))
    assert.same({ titles = { "Taken." } }, cjson.decode(stderr).error.fields)
    stderr = select(3, terminal.run({ "visible", "topics", "create", "5b0c2f9e-7d1a-4c83-9a46-3e2f10d7b6c5", "--titles", "A" },
      { client = client }))
    assert.is_truthy(stderr:find("topics: The given data was invalid. (titles: Taken.) (HTTP 422)", 1, true), stderr)
  end)
end)

describe("an answer", function()
  it("that is no list is one document", function()
    local _, stdout = terminal.run({ "account", "balance" }, { client = (server(function()
      return '{"currency":"USD","value":12.5}'
    end)) })
    assert.same({ currency = "USD", value = 12.5 }, cjson.decode(stdout))
  end)

  it("without content is true as JSON", function()
    local _, stdout = terminal.run({ "sites", "delete", "7" }, { client = (server(function()
      return { status = 200, headers = {}, body = "" }
    end)) })
    assert.equal("true", (stdout:gsub("%s", "")))
  end)

  it("that is a file is written as it is, but not to a terminal", function()
    local client, requests = server(function() return { status = 200, headers = {}, body = "PK\3\4\0\255" } end)
    local words = { "data", "serp", "classic", "task_html", "1" }
    local status, stdout = terminal.run(words, { client = client })
    assert.same({ 0, "PK\3\4\0\255" }, { status, stdout })
    local dir = folder.new()
    status = terminal.run({ "data", "serp", "classic", "task_html", "1", "-o", dir .. "/page.zip" }, { client = client })
    assert.equal(0, status)
    assert.equal("PK\3\4\0\255", system.read(dir .. "/page.zip"))
    assert.same({ "page.zip" }, folder.names(dir))
    local count = #requests
    local unwritable, _, why = terminal.run({ "data", "serp", "classic", "task_html", "1", "-o", dir }, { client = client })
    assert.same({ 2, count }, { unwritable, #requests })
    assert.equal("seranking: " .. dir .. " is a directory: name a file\n", why)
    local refused, _, stderr = terminal.run(words, { client = client, terminals = { stdout = true } })
    assert.same({ 2, count }, { refused, #requests })
    assert.equal("seranking: the answer is a file: name one with -o, or send it on with -o -\n", stderr)
  end)

  it("can be sorted, and its columns chosen; unknown ones are refused before anything is sent", function()
    local client, requests = server(function() return '[{"id":1,"title":"b"},{"id":2,"title":"a"}]' end)
    local _, stdout = terminal.run({ "sites", "list", "-o", "csv", "--columns", "title,id", "--sort", "-id" },
      { client = client })
    assert.equal("title,id\r\na,2\r\nb,1\r\n", (stdout:gsub("\r?\n", "\r\n")))
    local status, _, stderr = terminal.run({ "sites", "list", "--columns", "titel" }, { client = client })
    assert.same({ 2, 1 }, { status, #requests })
    assert.is_truthy(stderr:find "^seranking: unknown column 'titel'")
  end)

  it("that a list lacks are said to be where its family has them", function()
    for flag, value in pairs { ["--sort"] = "-volume", ["--columns"] = "name,volume" } do
      local client, requests = server(function() return "[]" end)
      local status, _, stderr = terminal.run({ "sites", "keywords", "list", "7", flag, value }, { client = client })
      assert.same({ 2, 0 }, { status, #requests })
      assert.is_truthy(stderr:find("seranking: unknown column 'volume'; there are: .*; 'volume' is in "
        .. "`seranking sites positions list … %-%-rows keywords`\n$"), stderr)
    end
  end)
end)

describe("--to", function()
  it("wants the name of a file", function()
    local client, requests = server(function() return "{}" end)
    local status, _, stderr = terminal.run({ "data", "backlinks", "export", "create", "a.example", "--to", "-" },
      { client = client })
    assert.same({ 2, 0, "seranking: --to -: the download goes to a file, name one\n" }, { status, #requests, stderr })
  end)
end)

describe("--rows", function()
  local ENGINES = '[{"site_engine_id":1,"keywords":[{"name":"a","volume":5,"positions":[{"pos":3},{"pos":2}]},'
    .. '{"name":"b","volume":9,"positions":[]}]},{"site_engine_id":2,"keywords":[{"name":"c","volume":7}]}]'

  local function lines(...)
    local client = server(function() return ENGINES end)
    local words = { "sites", "positions", "list", "7", "-o", "csv" }
    for _, word in ipairs { ... } do
      words[#words + 1] = word
    end
    local status, stdout, stderr = terminal.run(words, { client = client })
    return stdout:gsub("\r?\n", " "), status, stderr
  end

  it("makes rows of the elements of a list, which can be sorted", function()
    assert.equal("name,volume b,9 c,7 a,5 ", (lines("--rows", "keywords", "--columns", "name,volume", "--sort", "-volume")))
    assert.equal("pos 3 2 ", (lines("--rows", "keywords[].positions", "--columns", "pos")))
  end)

  it("works on an answer that is no list", function()
    local client = server(function() return '{"sections":[{"name":"x"},{"name":"y"}]}' end)
    local _, stdout = terminal.run({ "audit", "report", "7", "--rows", "sections", "-o", "json", "--columns", "name" },
      { client = client })
    assert.same({ { name = "x" }, { name = "y" } }, cjson.decode(stdout))
  end)

  it("refuses a list and a column that are not described", function()
    local _, status, stderr = lines("--rows", "keyword")
    assert.same({ 2, "seranking: --rows: there is no list 'keyword'; did you mean 'keywords'?\n" }, { status, stderr })
    _, status, stderr = lines("--rows", "keywords", "--columns", "title")
    assert.equal(2, status)
    assert.is_truthy(stderr:find "^seranking: unknown column 'title'")
  end)
end)

describe("a deletion", function()
  local function delete(answer, more, on_terminal)
    local client, requests = server(function() return { status = 200, headers = {}, body = "" } end)
    local _, _, stderr = terminal.run({ "sites", "delete", "7", more }, { client = client, stdin = answer,
      terminals = { stdin = on_terminal, stderr = on_terminal } })
    return #requests, stderr:find("can't be undone. Go on?", 1, true) ~= nil
  end

  it("asks on a terminal", function()
    assert.same({ 0, true }, { delete("n\n", nil, true) })
    assert.same({ 1, true }, { delete("yes\n", nil, true) })
  end)

  it("does not ask with --yes, or where nobody can answer", function()
    assert.same({ 1, false }, { delete("", "--yes", true) })
    assert.same({ 1, false }, { delete("", nil, false) })
  end)
end)

describe("a job", function()
  local function jobs()
    return server(function(request, number)
      if request.method == "POST" then
        return '{"id":700101}'
      end
      return ('{"status":"%s"}'):format(number < 4 and "processing" or "finished")
    end)
  end

  it("is started, and its status command is told", function()
    local _, stdout, stderr = terminal.run({ "audit", "create", "example.com" }, { client = (jobs()) })
    assert.equal(700101, cjson.decode(stdout).id)
    assert.equal("seranking: the job has begun: `seranking audit status --audit-id 700101` tells its state, and waits with "
      .. "--wait\n", stderr)
  end)

  it("is not begun if --wait-timeout is no number, and no file is", function()
    local client, requests = jobs()
    local dir = folder.new()
    local status, _, stderr = terminal.run({ "audit", "create", "example.com", "--wait", "--wait-timeout", "x", "-o",
      dir .. "/a.json" }, { client = client })
    assert.same({ 2, 0, {} }, { status, #requests, folder.names(dir) })
    assert.equal("seranking: --wait-timeout must be a whole number, got 'x'\n", stderr)
  end)

  it("refuses a separator of thousands, which would be read as a decimal point", function()
    for _, flag in ipairs { "--max-rows", "--max-cost", "--budget", "--limit" } do
      local options, api = terminal.fake()
      local status, _, stderr = terminal.run({ "data", "keywords", "similar", "rye", "--source", "us", flag, "1.000" },
        { client = options })
      assert.equal(2, status)
      assert.matches("^seranking: " .. flag:gsub("%-", "%%-") .. " must be a whole number.*1%.000.; write 1000\n$", stderr)
      assert.equal(0, #api.log)
    end
    local status, _, stderr = terminal.run { "chart", "1", "--days", "1.000" }
    assert.same({ 2, "seranking: --days: '1.000' is not a whole number from 1 to 3660; write 1000\n" }, { status, stderr })
  end)

  it("is waited for with --wait, from its start or by its status command", function()
    for _, words in ipairs { { "audit", "create", "example.com", "--wait" }, { "audit", "status", "700101", "--wait" } } do
      local client, requests = jobs()
      local status, stdout = terminal.run(words, { client = client })
      assert.same({ 0, "finished", 4 }, { status, cjson.decode(stdout).status, #requests })
    end
  end)

  it("that Ctrl-C leaves is named, with the command that waits again", function()
    for at = 1, 3 do
      local client, requests = jobs()
      local status, _, stderr = terminal.run({ "audit", "create", "example.com", "--wait" }, { client = client,
        interrupted = function() return #requests >= at and 1 or 0 end })
      assert.equal(130, status)
      assert.is_truthy(stderr:find("the job goes on: `seranking audit status --audit-id 700101 --wait` waits for it again", 1,
        true), stderr)
      assert.is_truthy(stderr:find "interrupted\n$")
    end
  end)

  it("that outlasts --wait-timeout is named too", function()
    local status, _, stderr = terminal.run({ "audit", "create", "example.com", "--wait", "--wait-timeout", "1" },
      { client = (jobs()) })
    assert.equal(6, status)
    assert.is_truthy(stderr:find("--audit-id 700101 --wait", 1, true))
  end)
end)

describe("an answer that can't be written", function()
  local function told(words, body)
    local stdout = { write = function() return nil, "No space left on device", 28 end, flush = function() end }
    local status, _, stderr = terminal.run(words, { client = (server(function() return body end)), stdout = stdout })
    assert.equal(1, status)
    return stderr
  end

  local FULL = "seranking: can't write to stdout: no space left on device"

  it("says that what was asked for is done", function()
    assert.equal(FULL .. "; the request was carried out: don't repeat it\n",
      told({ "sites", "keywords", "create", "7", "boots" }, '{"added":1,"ids":[5]}'))
    assert.equal(FULL .. "\n", told({ "account", "profile" }, '{"email":"a@b.example"}'))
  end)

  it("names the job that has begun", function()
    local said = told({ "audit", "create", "a.example" }, '{"id":7}')
    assert.is_truthy(said:find("`seranking audit status --audit-id 7`", 1, true), said)
  end)
end)

describe("Ctrl-C", function()
  it("before anything was sent sends nothing", function()
    local client, requests = server(function() return "[]" end)
    local status, _, stderr = terminal.run({ "sites", "list" }, { client = client, interrupted = function() return 1 end })
    assert.same({ 130, 0, "seranking: interrupted\n" }, { status, #requests, stderr })
  end)
end)

describe("a preview", function()
  it("shows the request, sends nothing, and shows no key", function()
    local client, requests = server(function() return "[]" end)
    local words = { "sites", "create", "--url", "https://example.com/", "--title", "it's", "--dry-run" }
    local status, stdout = terminal.run(words, { client = client })
    assert.same({ 0, 0 }, { status, #requests })
    assert.equal('POST https://api4.seranking.com/sites\naccept: application/json\nauthorization: Token …d14b\n'
      .. 'content-type: application/json\n', (stdout:gsub("user%-agent: [^\n]*\n.*", "")))
    words[#words] = "--curl"
    stdout = select(2, terminal.run(words, { client = client }))
    assert.equal("printf 'Authorization: Token %s' \"$SERANKING_TOKEN\" | curl -H @- -X POST https://api4.seranking.com/sites "
      .. "-H 'content-type: application/json' --data-binary "
      .. "'{\"url\":\"https://example.com/\",\"title\":\"it'\\''s\"}'\n", stdout)
  end)

  it("as a curl command takes the key of the product, if there is one", function()
    for words, variable in pairs {
      ["data backlinks count x.example"] = "${SERANKING_DATA_TOKEN:-$SERANKING_TOKEN}",
      ["visible projects list"] = "${SERANKING_VISIBLE_TOKEN:-$SERANKING_TOKEN}", ["sites list"] = "$SERANKING_TOKEN",
    } do
      local list = {}
      for word in (words .. " --curl"):gmatch "%S+" do
        list[#list + 1] = word
      end
      local status, stdout = terminal.run(list, { client = (server(function() return "[]" end)) })
      assert.equal(0, status)
      assert.is_truthy(stdout:find("Token %s' \"" .. variable .. '" | curl -H @- ', 1, true), stdout)
    end
  end)

  it("needs no key, and does not ask", function()
    local status, stdout = terminal.run({ "sites", "delete", "7", "--curl" }, { environment = { HOME = "/nowhere" },
      terminals = { stdin = true, stderr = true } })
    assert.same({ 0, "printf 'Authorization: Token %s' \"$SERANKING_TOKEN\" | curl -H @- -X DELETE "
      .. "https://api4.seranking.com/sites/7\n" }, { status, stdout })
  end)
end)

describe("raw", function()
  it("sends any request", function()
    local client, requests = server(function() return '{"a":1}' end)
    local status, stdout = terminal.run({ "raw", "post", "/x/y", "--query", "a=b c", "--query", "n=1", "--query", "n=2",
      "--body", '{"z":[]}', "--header", "X-A: b" }, { client = client })
    assert.equal(0, status)
    assert.same({ a = 1 }, cjson.decode(stdout))
    local got = requests[1]
    assert.same({ "POST", "/x/y", "a=b%20c&n%5B%5D=1&n%5B%5D=2", '{"z":[]}', "b" },
      { got.method, got.path, got.query, got.body, got.headers["x-a"] })
  end)

  it("says how paths begin where one of v4 is sent with a v1 key", function()
    local client = server(function()
      return { status = 403, headers = { { "Content-Type", "application/json" } }, body = '{"message":"No token"}' }
    end)
    client.token = scene.V1_KEY
    local status, _, stderr = terminal.run({ "raw", "GET", "/sites" }, { client = client })
    assert.equal(4, status)
    assert.is_truthy(stderr:find("; the key is a v1 key, for which paths begin with /v1/; ", 1, true), stderr)
  end)

  it("takes any JSON for a body", function()
    for _, body in ipairs { "false", "null", "7", '"x"', "[]" } do
      local client, requests = server(function() return "{}" end)
      assert.equal(0, (terminal.run({ "raw", "POST", "/x", "--body", body }, { client = client })))
      assert.equal(body, requests[1].body)
    end
  end)

  it("is printed by --dry-run and --curl: nothing is sent, no key is needed, and none is shown", function()
    local client, requests = server(function() return "{}" end)
    local words = { "raw", "POST", "/x", "--query", "a=it's", "--body", '{"z":[]}', "--header", "X-A: b", "--curl" }
    local status, stdout, stderr = terminal.run(words, { client = client })
    assert.same({ 0, "printf 'Authorization: Token %s' \"$SERANKING_TOKEN\" | curl -H @- -X POST "
      .. "'https://api4.seranking.com/x?a=it%27s' -H 'content-type: application/json' -H 'x-a: b' "
      .. "--data-binary '{\"z\":[]}'\n", "" }, { status, stdout, stderr })
    words[#words] = "--dry-run"
    stdout = select(2, terminal.run(words, { client = client }))
    assert.is_truthy(stdout:find "^POST https://api4.seranking.com/x%?a=it%%27s\n.*\nx%-a: b\n\n{\"z\":%[%]}\n$", stdout)
    assert.is_nil(stdout:find(client.token, 1, true))
    assert.equal(0, #requests)
    status, stdout = terminal.run({ "raw", "GET", "/v1/x", "--product", "data", "--curl" },
      { environment = { HOME = "/nowhere" } })
    assert.same({ 0, "printf 'Authorization: Token %s' \"${SERANKING_DATA_TOKEN:-$SERANKING_TOKEN}\" | curl -H @- "
      .. "https://api.seranking.com/v1/x\n" }, { status, stdout })
  end)

  it("sends it to a product, with its key", function()
    local client, requests = server(function() return "{}" end)
    terminal.run({ "raw", "GET", "/v1/x", "--product", "data" }, { client = client })
    assert.equal("Token " .. scene.V1_KEY, requests[1].headers.authorization)
  end)

  it("refuses what can't be one", function()
    for _, case in ipairs {
      { { "raw", "FETCH", "/x" }, "the method must be GET, POST, PUT, PATCH or DELETE, got 'FETCH'" },
      { { "raw", "GET", "x" }, "the path must begin with a slash and be percent-encoded, got 'x'" },
      { { "raw", "GET", "/a b" }, "the path must begin with a slash and be percent-encoded, got '/a b'" },
      { { "raw", "GET", "/x", "--query", "a" }, "--query must be name=value, got 'a'" },
      { { "raw", "POST", "/x", "--body", "{" }, "--body: " },
      { { "raw", "POST", "/x", "--body", "@/nowhere" }, "--body: /nowhere: No such file or directory" },
      { { "raw", "POST", "/x", "--body", "@/" }, "--body: /: Is a directory" },
    } do
      local client, requests = server(function() return "{}" end)
      local status, _, stderr = terminal.run(case[1], { client = client })
      assert.same({ 2, 0 }, { status, #requests })
      assert.equal("seranking: " .. case[2], stderr:sub(1, #case[2] + 11))
    end
  end)
end)

describe("-v", function()
  it("shows attempts and waits on stderr, and no key", function()
    local client = server(function(_, number)
      return number == 1 and { status = 503, headers = {}, body = "" } or "[]"
    end)
    client.retries = 1
    local status, stdout, stderr = terminal.run({ "-v", "sites", "list", "-o", "json" }, { client = client })
    assert.same({ 0, {} }, { status, cjson.decode(stdout) })
    assert.is_truthy(stderr:find "GET https://api4.seranking.com/sites: attempt 1 failed")
  end)
end)
