--- Operations of invented descriptions: every notation that the API's descriptions may use.
-- SPDX-License-Identifier: MIT

local made_up = require "support.made_up"
local operation = require "seranking.operation"
local scene = require "support.scene"

local resource, request = made_up.resource, made_up.request

local function query(names, args)
  local sent = request({ "get", v4 = "GET /x", query = names, answer = "array" }, args)
  return (sent.url:gsub("^https://api4.seranking.com/x%??", "")), sent
end

local function problem(names, args)
  local ok, message = pcall(query, names, args)
  assert.is_false(ok)
  return (message:gsub("^.-: ", "", 1))
end

after_each(collectgarbage)

describe("a query", function()
  it("writes lists in the style of each family", function()
    assert.equal("ids%5B%5D=1&ids%5B%5D=2", query("ids", { ids = { 1, "2" } }))
    assert.equal("target=a.example&target=b.example", query("targets", { targets = { "a.example", "b.example" } }))
    assert.equal("cols=a%2Cc", query("cols", { cols = { "a", "c" } }))
    assert.equal("allow=%2Fa%0A%2Fb", query("allow", { allow = { "/a", "/b" } }))
    for _, name in ipairs { "ids", "targets", "cols", "allow" } do
      assert.equal(("made_up.get: an empty list can't be sent in a query: leave %s out to ask for all"):format(name),
        problem(name, { [name] = {} }))
    end
  end)

  it("writes tables as trees, numbered from 0, or as JSON", function()
    assert.equal("filter%5Bintents%5D%5B0%5D=I&filter%5Bintents%5D%5B1%5D=N&filter%5Bvolume%5D%5Bfrom%5D=10"
      .. "&filter%5Bvolume%5D%5Bto%5D=0.5",
      query("filter", { filter = { volume = { from = 10.0, to = 0.5 }, intents = { "I", "N" } } }))
    assert.equal("rules=%5B%7B%22type%22%3A%22begins%22%2C%22value%22%3A%22a%2Fb%22%7D%5D",
      query("rules", { rules = { { type = "begins", value = "a/b" } } }))
  end)

  it("accepts months", function()
    assert.equal("month=2026-09", query("month", { month = "2026-09" }))
    assert.equal('made_up.get: month must be a month (YYYY-MM, a number of os.time, or a table like os.date("*t")), '
      .. 'got "2026-13"', problem("month", { month = "2026-13" }))
  end)

  it("refuses texts that would be read differently", function()
    assert.equal('made_up.get: cols element 2 must be one of a, b, c, got "a,b"', problem("cols", { cols = { "a", "a,b" } }))
    assert.equal("made_up.get: allow element 1 must not hold a line break", problem("allow", { allow = { "a\nb" } }))
    assert.equal("made_up.get: filter must be a table, got 5", problem("filter", { filter = 5 }))
    assert.equal("made_up.get: filter must be made of strings, numbers, booleans and tables, got a function",
      problem("filter", { filter = { a = print } }))
    assert.equal("made_up.get: targets must not be empty", problem("targets*", { targets = {} }))
    local loop = {}
    loop.loop = loop
    assert.equal("made_up.get: filter is nested too deeply, or holds itself", problem("filter", { filter = loop }))
  end)
end)

-- The fake parses the client's requests by the same description, with independent code.
describe("a description of one resource", function()
  local kites = {
    name = "kites",
    params = {
      kite_id = { type = "id", wire = { v1 = "kite" } },
      owner_id = { type = "id", wire = { v1 = "owner" } },
      word = { type = "string", wire = { v4 = "w", v1 = "term" } },
      sizes = { type = "integer[]", max = 9, max_items = 3, min_items = 1 },
      rules = { type = "object[]" },
      steps = { type = "object[]", required = "by", fields = {
        by = { type = "string", wire = { v4 = "key", v1 = "field" } }, down = { type = "flag" },
      } },
      filter = { type = "object", style = "tree", required = "mode", fields = {
        mode = { type = "string", enum = { "any", "all" }, wire = { v1 = "m" } },
        intents = { type = "string[]", style = "comma" },
        ids = { type = "id[]" },
        flags = { type = "integer[]", style = "tree" },
        rules = { type = "object[][]", style = "json", required = "type", fields = {
          type = { type = "string", enum = { "begins", "ends" } }, value = { type = "string" } } },
        range = { type = "object", fields = { from = { type = "number" }, to = { type = "number", min = 0 } } },
        sort = { type = "object[]", required = "by", fields = { by = { type = "string", wire = "b" } } },
        free = { type = "object" },
        day = { type = "date" },
        exact = { type = "boolean" },
      } },
      sorts = { type = "object[]", style = "tree", required = "by",
        fields = { by = { type = "string", wire = "b" }, down = { type = "flag" } } },
      texts = { type = "object", style = "json", fields = { a = { type = "integer", wire = "z" } } },
      login = { type = "object", fields = { password = { type = "string", secret = true }, user = { type = "string" } } },
    },
    operations = {
      { "list", v4 = "GET /kites", v1 = "GET /v1/kites{?owner_id}", query = "word sizes rules filter sorts steps",
        answer = "array" },
      { "add", v4 = "POST /kites/{owner_id}", v1 = "POST /v1/kites{?owner_id}", items = "word* steps sizes",
        answer = "object" },
      { "set", v4 = "PUT /kites/{kite_id}", v1 = "PATCH /v1/kites{?kite_id}", body = "texts steps filter login",
        answer = "object" },
      { "form", v4 = "POST /kite", v1 = "POST /v1/kite", upload = "sizes* word texts", answer = "object" },
    },
  }

  --- Sends an operation to the fake; gives what it logged. Escapes are undone in the query.
  local function sent(api_name, name, args)
    local client, api = scene.new { api = api_name, fake = { descriptions = { kites } } }
    for _, description in ipairs(kites.operations) do
      if description[1] == name then
        local data, err = operation.new(client, kites, description, {})(args)
        local log = api.log[1]
        assert.is_truthy(data, tostring(err) .. " " .. (log and tostring(log.query) .. tostring(log.body) or ""))
        return (log.query or ""):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end), log.body, log.path
      end
    end
  end

  local function refused(name, args)
    local ok, message = pcall(sent, "v4", name, args)
    assert.is_false(ok)
    return (message:gsub("^.-: ", "", 1))
  end

  it("uses wire names in ids, queries, trees, members and elements", function()
    assert.equal("owner=5&term=a", (sent("v1", "list", { owner_id = 5, word = "a" })))
    assert.equal("w=a", (sent("v4", "list", { word = "a" })))
    assert.equal("owner=7&filter[exact]=1&filter[m]=any",
      (sent("v1", "list", { owner_id = 7, filter = { mode = "any", exact = true } })))
    assert.equal("filter[mode]=any&filter[sort][0][b]=x",
      (sent("v4", "list", { filter = { mode = "any", sort = { { by = "x" } } } })))
    local _, body, path = sent("v4", "add", { owner_id = 5, { word = "a", steps = { { by = "x", down = true } } } })
    assert.equal('/kites/5 [{"steps":[{"key":"x","down":1}],"w":"a"}]', path .. " " .. body)
    _, body, path = sent("v1", "add", { owner_id = 5, { word = "a", steps = { { by = "x" } }, sizes = { 1 } } })
    assert.equal('/v1/kites [{"sizes":[1],"steps":[{"field":"x"}],"term":"a"}]', path .. " " .. body)
    local ok, message = pcall(sent, "v1", "list", { owner_id = "" })
    assert.is_false(ok)
    assert.equal("kites.list: owner_id must not be empty", (message:gsub("^.-: ", "", 1)))
  end)

  it("writes each member of a tree in its style", function()
    assert.equal("filter[day]=2026-01-02&filter[exact]=0&filter[flags][0]=1&filter[flags][1]=2&filter[free][a][0]=x"
      .. "&filter[ids][0]=4&filter[ids][1]=5&filter[intents]=I,N&filter[mode]=all&filter[range][from]=0.5&filter[range][to]=3"
      .. '&filter[rules]=[[{"type":"begins","value":"a"}]]',
      (sent("v4", "list", { filter = {
        mode = "all", intents = { "I", "N" }, ids = { 4, "5" }, flags = { 1, 2 }, range = { from = 0.5, to = 3 },
        rules = { { { type = "begins", value = "a" } } }, free = { a = { "x" } }, day = "2026-01-02", exact = false,
      } })))
    assert.equal("sorts[0][b]=x&sorts[0][down]=1&sorts[1][b]=y",
      (sent("v4", "list", { sorts = { { by = "x", down = true }, { by = "y" } } })))
  end)

  it("writes tables in a query as JSON by default", function()
    assert.equal('rules=[{"a":[1,{"b":2}]}]', (sent("v4", "list", { rules = { { a = { 1, { b = 2 } } } } })))
    assert.equal('steps=[{"key":"x"}]', (sent("v4", "list", { steps = { { by = "x" } } })))
  end)

  it("writes JSON as a text in bodies and forms if the style says so", function()
    local _, body = sent("v4", "set", { kite_id = 1, texts = { a = 5 }, steps = { { by = "x" } } })
    assert.equal([[{"texts":"{\"z\":5}","steps":[{"key":"x"}]}]], body)
    _, body = sent("v4", "form", { sizes = { 1, 2 }, texts = { a = 5 }, word = "ä" })
    assert.is_truthy(body:find('name="w"\r\n\r\nä\r\n', 1, true))
    assert.is_truthy(body:find('name="texts"\r\n\r\n{"z":5}\r\n', 1, true))
    assert.is_truthy(body:find('name="sizes[]"\r\n\r\n2\r\n', 1, true))
  end)

  it("accepts a single value for a list, and as many elements as are allowed", function()
    assert.equal("sizes[]=4", (sent("v4", "list", { sizes = 4 })))
    assert.equal("kites.list: sizes must have at most 3 elements, got 4", refused("list", { sizes = { 1, 2, 3, 4 } }))
    assert.equal("kites.list: sizes must have at least 1 element, got 0", refused("list", { sizes = {} }))
    assert.equal("kites.list: sizes must be at most 9, got 10", refused("list", { sizes = 10 }))
  end)

  it("refuses members that a tree's description lacks", function()
    for args, message in pairs {
      [{ mode = "any", mod = 1 }] = "has an unknown member 'mod'; did you mean 'mode'?",
      [{ exact = true }] = "lacks the member 'mode'",
      [{ mode = "some" }] = 'member mode must be one of any, all, got "some"',
      [{ mode = "any", range = { to = -1 } }] = "member range member to must be at least 0, got -1",
      [{ mode = "any", range = 5 }] = "member range must be { from =, to = }, got 5",
      [{ mode = "any", ids = { 1, [3] = 2 } }] = "member ids must be a list without holes",
      [{ mode = "any", rules = { { { value = "a" } } } }] = "member rules element 1 element 1 lacks the member 'type'",
      [{ mode = "any", rules = { { value = "a" } } }] = "member rules element 1 lacks the member 'type'",
      [{ mode = "any", ids = { a = 1 } }] = "member ids must be a list, but has the name 'a'",
      [{ mode = "any", flags = { 1.5 } }] = "member flags element 1 must be a whole number, got 1.5",
      [{ mode = "any", intents = { "a,b" } }] = "member intents element 1 must not hold a comma",
      [{ mode = "any", sort = { { by = "x", up = 1 } } }] =
        "member sort element 1 has an unknown member 'up'; there are: by",
      [{ mode = "any", free = { 1, [3] = 2 } }] = "member free must be a list without holes",
      [{ mode = "any", free = { 1, a = 2 } }] = "member free has both names and numbers as keys",
      [{ mode = "any", free = { [{}] = 1 } }] = "member free has a table as a key",
      [{ mode = "any", free = { [1.5] = 1 } }] = "member free must be a list without holes",
    } do
      assert.equal("kites.list: filter " .. message, refused("list", { filter = args }))
    end
  end)

  it("asks for { from =, to = } instead of a list, and suggests no name for a number", function()
    local list = scene.new().data.domain.keywords.list
    local function said(filter)
      local ok, message = pcall(list.dry_run, list, { source = "us", domain = "a.com", type = "organic", filter = filter })
      assert.is_false(ok)
      return message
    end
    assert.truthy(said({ volume = { 10, 20 } }):find("filter member volume must be { from =, to = }, not a list", 1, true))
    assert.truthy(said({ 10 }):find("has an unknown member '1'; there are: ", 1, true))
  end)

  it("masks secrets where they are shown", function()
    local client = scene.new()
    local set = operation.new(client, kites, kites.operations[3], {})
    local shown = set:dry_run({ kite_id = 1, login = { user = "u", password = 'open "sesame"' } })
    assert.equal('{"login":{"password":"…","user":"u"}}', shown.body)
    assert.equal("kites.set: login member password must be a string",
      refused("set", { kite_id = 1, login = { password = 12345 } }))
    local echo, api = scene.new()
    api:fail { status = 400, body = '{"message":"bad password xyzzy7 here"}' }
    local _, err = operation.new(echo, kites, kites.operations[3], {}) { kite_id = 1, login = { password = "xyzzy7" } }
    assert.equal("bad password … here", err.message)
    assert.is_nil(err.body)
    assert.is_nil(tostring(err):find("xyzzy7", 1, true))
  end)

  it("does not show a secret that it refuses, be it a parameter or in an element", function()
    local doors = {
      name = "doors",
      params = {
        pin = { type = "string", secret = true, max_length = 4 },
        pins = { type = "string[]", style = "repeat", secret = true, max_length = 4 },
      },
    }
    local open = operation.new(scene.new(), doors, { "open", v4 = "POST /doors", query = "pins", body = "pin" }, {})
    for message, args in pairs {
      ["doors.open: pin must be a string"] = { pin = 86420 },
      ["doors.open: pin must have at most 4 characters"] = { pin = "86420" },
      ["doors.open: pins element 2 must be a string"] = { pins = { "1", 86420 } },
    } do
      local fine, text = pcall(open.dry_run, open, args)
      assert.is_false(fine)
      assert.equal(message, (text:gsub("^.-: ", "", 1)))
    end
  end)

  it("masks a secret however short it is, and nothing else", function()
    local set = operation.new(scene.new(), kites, kites.operations[3], {})
    local shown = set:dry_run({ kite_id = 1, login = { user = "user", password = "us" } })
    assert.equal('{"login":{"password":"…","user":"user"}}', shown.body)
  end)

  it("masks secrets in errors in every form that a server may write", function()
    local function said(password, text)
      local client, api = scene.new()
      api:fail { status = 400, body = text, headers = { ["content-type"] = "text/plain" } }
      local _, err = operation.new(client, kites, kites.operations[3], {}) { kite_id = 1, login = { password = password } }
      assert.is_nil(err.body)
      return err.message
    end
    for _, echo in ipairs { "a/b\195\169 c", "a\\/b\\u00e9 c", "a/b\\u00E9 c",
      "a\\/b\195\169 c", "a%2Fb%C3%A9%20c", "a%2fb%c3%a9+c" } do
      local message = said("a/b\195\169 c", "no: " .. echo .. " it is")
      assert.is_truthy(message:find("no: … it is", 1, true), message)
    end
    assert.equal("the server answered HTTP 400", said("ab", '{"message":"bad password ab"}'))
  end)
end)

describe("extra parameters", function()
  it("go where the operation's parameters go, in alphabetical order", function()
    local query_only = { "get", v4 = "GET /x", query = "month", answer = "array" }
    local client = scene.new()
    local function show(description, args, extra)
      return operation.new(client, resource, description, {}):dry_run(args, { extra = extra })
    end
    assert.equal("https://api4.seranking.com/x?month=2026-01&a=1&b%5B%5D=x&b%5B%5D=y&c=1",
      show(query_only, { month = "2026-01" }, { b = { "x", "y" }, a = 1, c = true }).url)
    assert.equal('{"email":"e","a":{"b":[1]},"z":1}',
      show({ "set", v4 = "POST /x", body = "email" }, { email = "e" }, { z = 1, a = { b = { 1 } } }).body)
  end)

  it("can't be parameters of the description", function()
    local client = scene.new()
    local get = operation.new(client, resource, { "get", v4 = "GET /x", query = "month", answer = "array" }, {})
    for message, extra in pairs {
      ["made_up.get: extra.month is no extra parameter: use the parameter month"] = { month = 1 },
      ["made_up.get: option extra must be a table of names and values"] = { 1 },
      ["made_up.get: extra parameter a is an empty list: leave it out to send nothing"] = { a = {} },
      ["made_up.get: extra parameter a must be a string, number, boolean or a list of them"] = { a = print },
      ["made_up.get: extra parameter a is not valid UTF-8 at byte 2"] = { a = "a\228" },
    } do
      local ok, text = pcall(get.dry_run, get, nil, { extra = extra })
      assert.is_false(ok)
      assert.equal(message, (text:gsub("^.-: ", "", 1)))
    end
  end)

  it("can't be wire names, fixed parameters or the key's", function()
    local client = scene.new()
    local get = { "get", v4 = "GET /x", query = "targets ids filter", fixed = "output=json", answer = "array" }
    local shared = { "share", v4 = { "POST /x/{id}", envelope = "value" }, body = "ids*", answer = "any" }
    for _, case in ipairs {
      { get, { target = "a" }, "made_up.get: extra.target is no extra parameter: use the parameter targets" },
      { get, { ["target[]"] = "a" }, "made_up.get: extra.target[] is no extra parameter: use the parameter targets" },
      { get, { ["ids[3]"] = 1 }, "made_up.get: extra.ids[3] is no extra parameter: use the parameter ids" },
      { get, { filter = 1 }, "made_up.get: extra.filter is no extra parameter: use the parameter filter" },
      { get, { output = "csv" }, "made_up.get: extra.output can't be set: the operation always sends its own output" },
      { get, { token = "a" }, "made_up.get: extra.token would be a second key: the key is the option token of seranking.new" },
      { get, { apiKey = "a" },
        "made_up.get: extra.apiKey would be a second key: the key is the option token of seranking.new" },
      { shared, { a = 1 }, "made_up.share takes no extra: its body is the list ids alone" },
    } do
      local description, extra, message = case[1], case[2], case[3]
      local op = operation.new(client, resource, description, {})
      local ok, text = pcall(op.dry_run, op, description == shared and { id = 1, ids = { 1 } } or nil, { extra = extra })
      assert.is_false(ok, message)
      assert.equal(message, (text:gsub("^.-: ", "", 1)))
    end
  end)

  it("may be undescribed members of an object", function()
    local described = {
      name = "made_up",
      params = { filter = { type = "object", style = "tree", fields = { volume = { type = "integer" } } } },
    }
    local get = operation.new(scene.new(), described, { "get", v4 = "GET /x", query = "filter", answer = "array" }, {})
    assert.equal("https://api4.seranking.com/x?filter%5Bvolume%5D=1&filter%5Bkd%5D%5Bfrom%5D=2",
      get:dry_run({ filter = { volume = 1 } }, { extra = { ["filter[kd][from]"] = 2 } }).url)
    assert.is_false((pcall(get.dry_run, get, nil, { extra = { ["filter[volume]"] = 2 } })))
  end)
end)

describe("a body", function()
  it("may be wrapped in a list, or bare", function()
    local enveloped = { "add", v4 = "POST /users", body = "email*", envelope = "list" }
    assert.equal('[{"email":"e@x.example"}]', request(enveloped, { email = "e@x.example" }).body)
  end)

  it("joins lists that are sent as one string", function()
    local description = { "set", v4 = "POST /x", body = "allow cols targets" }
    assert.equal('{"allow":"/a\\n/b","cols":"a,b","target":["t"]}',
      request(description, { allow = { "/a", "/b" }, cols = { "a", "b" }, targets = { "t" } }).body)
  end)

  it("may be a file, under its name on the wire", function()
    local client, api = scene.new()
    local description = { "send", v4 = "POST /files", upload = "file*" }
    local sent = operation.new(client, resource, description, {}):dry_run { file = { filename = "a.csv", data = "1,2" } }
    assert.equal("multipart/form-data; boundary=----------------seranking0", sent.headers["content-type"])
    assert.equal('------------------seranking0\r\nContent-Disposition: form-data; name="upload"; filename="a.csv"\r\n\r\n'
      .. "1,2\r\n------------------seranking0--\r\n", sent.body)
    assert.equal(0, #api.log)
  end)

  it("may be a form of texts, lists and files", function()
    local description = { "send", v4 = "POST /files", upload = "source* ids cols deep file" }
    local sent = request(description, {
      source = "us", ids = { 1, "2" }, cols = { "a", "c" }, deep = true,
      file = { filename = 'a"b', data = "x", content_type = "text/csv" },
    })
    local boundary = "------------------seranking0\r\n"
    local function part(head, data)
      return boundary .. "Content-Disposition: form-data; " .. head .. "\r\n\r\n" .. data .. "\r\n"
    end
    assert.equal(part('name="source"', "us") .. part('name="ids[]"', "1") .. part('name="ids[]"', "2")
      .. part('name="cols"', "a,c") .. part('name="deep"', "1")
      .. part('name="upload"; filename="a%22b"\r\nContent-Type: text/csv', "x") .. "------------------seranking0--\r\n",
      sent.body)
  end)

  it("may be a form, whose boundary is in none of its parts, and which shows no key", function()
    local sent = request({ "send", v4 = "POST /files", upload = "source*" },
      { source = "----------------seranking0 " .. scene.V4_KEY })
    assert.equal("multipart/form-data; boundary=----------------seranking1", sent.headers["content-type"])
    assert.is_nil(sent.body:find(scene.V4_KEY, 1, true))
    assert.is_truthy(sent.body:find("…d14b", 1, true))
  end)

  it("may be a form only of described parts", function()
    local description = { "send", v4 = "POST /files", upload = "source* ids* file" }
    for message, args in pairs {
      ["made_up.send: source is required"] = { ids = { 1 } },
      ["made_up.send: ids is required"] = { source = "us" },
      ["made_up.send: ids must not be empty"] = { source = "us", ids = {} },
      ["made_up.send: ids element 2 must be an id (digits, as a number or a string), got 1.5"] =
        { source = "us", ids = { 1, 1.5 } },
      ['made_up.send: file must be { filename = "…", data = "…" }, content_type optional'] =
        { source = "us", ids = { 1 }, file = "x" },
    } do
      local ok, problem_text = pcall(request, description, args)
      assert.is_false(ok)
      assert.equal(message, (problem_text:gsub("^.-: ", "", 1)))
    end
  end)
end)

describe("an argument with a metatable", function()
  it("is compared without __eq", function()
    local client = scene.new()
    local balance = client.account.balance
    local same = setmetatable({ zz = 1 }, { __eq = function() return true end })
    assert.has_error(function() balance(same) end, "account.balance: unknown parameter 'zz'; there are none")
    assert.is_table(balance(setmetatable({}, { __eq = function(a, b) return a.id == b.id end })))
  end)
end)
