--- What a description can say, on made-up ones: the mechanism has to carry every operation of the API without more code.
-- SPDX-License-Identifier: MIT

local operation = require "seranking.operation"
local scene = require "support.scene"

local resource = {
  name = "made_up",
  params = {
    id = { type = "id" },
    ids = { type = "id[]" },
    targets = { type = "string[]", style = "repeat", wire = "target" },
    cols = { type = "string[]", style = "comma", enum = { "a", "b", "c" } },
    allow = { type = "string[]", style = "lines" },
    filter = { type = "object", style = "tree" },
    rules = { type = "object[]", style = "json" },
    month = { type = "month" },
    prompt_llm_ids = { type = "id[]", wire = { v4 = "k2site_llm_ids" } },
    email = { type = "string" },
    file = { type = "file", wire = "upload" },
    source = { type = "string" },
    deep = { type = "boolean" },
  },
}

local function request(description, args, options)
  local client = scene.new(options)
  return operation.new(client, resource, description, {}):dry_run(args)
end

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
  it("writes lists in each family's own way", function()
    assert.equal("ids%5B%5D=1&ids%5B%5D=2", query("ids", { ids = { 1, "2" } }))
    assert.equal("target=a.example&target=b.example", query("targets", { targets = { "a.example", "b.example" } }))
    assert.equal("cols=a%2Cc", query("cols", { cols = { "a", "c" } }))
    assert.equal("allow=%2Fa%0A%2Fb", query("allow", { allow = { "/a", "/b" } }))
    assert.equal("", query("ids targets cols allow", { ids = {}, targets = {}, cols = {}, allow = {} }))
  end)

  it("writes tables as trees, numbered from 0, or as JSON", function()
    assert.equal("filter%5Bintents%5D%5B0%5D=I&filter%5Bintents%5D%5B1%5D=N&filter%5Bvolume%5D%5Bfrom%5D=10"
      .. "&filter%5Bvolume%5D%5Bto%5D=0.5",
      query("filter", { filter = { volume = { from = 10.0, to = 0.5 }, intents = { "I", "N" } } }))
    assert.equal("rules=%5B%7B%22type%22%3A%22begins%22%2C%22value%22%3A%22a%2Fb%22%7D%5D",
      query("rules", { rules = { { type = "begins", value = "a/b" } } }))
  end)

  it("takes months", function()
    assert.equal("month=2026-09", query("month", { month = "2026-09" }))
    assert.equal('made_up.get: month must be a month written YYYY-MM, got "2026-13"',
      problem("month", { month = "2026-13" }))
  end)

  it("refuses what would read as something else", function()
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

describe("a generation", function()
  local description = {
    "act",
    v4 = { "DELETE /llm/{id}/prompts", body = "prompt_llm_ids*" },
    v1 = { "POST /v1/prompts/delete{?id}", body = "prompt_llm_ids* email", query = "ids" },
    query = "month",
  }

  it("may differ in method, place and name", function()
    local v4 = request(description, { id = 7, prompt_llm_ids = { 1, 2 }, month = "2026-01" })
    assert.equal("DELETE https://api4.seranking.com/llm/7/prompts?month=2026-01", v4.method .. " " .. v4.url)
    assert.equal('{"k2site_llm_ids":[1,2]}', v4.body)
    local v1 = request(description, { id = 7, prompt_llm_ids = { 1 }, ids = { 3 }, email = "e" }, { api = "v1" })
    assert.equal("POST https://api.seranking.com/v1/prompts/delete?id=7&ids%5B%5D=3", v1.method .. " " .. v1.url)
    assert.equal('{"prompt_llm_ids":[1],"email":"e"}', v1.body)
    assert.is_false((pcall(request, description, { id = 7, prompt_llm_ids = { 1 }, email = "e" })))
  end)

  it("may have no body where the other has one", function()
    local no_body = { "reset", v4 = { "POST /reset", body = false }, v1 = "POST /v1/reset", body = "email" }
    assert.is_nil(request(no_body, {}).body)
    assert.equal("{}", request(no_body, {}, { api = "v1" }).body)
  end)

  it("is told by describe, with the parameters of the client's own", function()
    local about = operation.new(scene.new(), resource, description, {}):describe()
    assert.equal("DELETE /llm/{id}/prompts", about.v4)
    assert.equal("POST /v1/prompts/delete{?id}", about.v1)
    local names = {}
    for i, parameter in ipairs(about.parameters) do
      names[i] = parameter.name
    end
    assert.equal("id month prompt_llm_ids", table.concat(names, " "))
  end)
end)

describe("a body", function()
  it("may be wrapped in a list, or bare", function()
    local enveloped = { "add", v4 = "POST /users", body = "email*", envelope = "list" }
    assert.equal('[{"email":"e@x.example"}]', request(enveloped, { email = "e@x.example" }).body)
  end)

  it("joins lists that are one string there too", function()
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

  it("is a form whose boundary is in none of its parts, and shows no key", function()
    local sent = request({ "send", v4 = "POST /files", upload = "source*" },
      { source = "----------------seranking0 " .. scene.V4_KEY })
    assert.equal("multipart/form-data; boundary=----------------seranking1", sent.headers["content-type"])
    assert.is_nil(sent.body:find(scene.V4_KEY, 1, true))
    assert.is_truthy(sent.body:find("…d14b", 1, true))
  end)

  it("is a form only of what its description knows", function()
    local description = { "send", v4 = "POST /files", upload = "source* ids* file" }
    for message, args in pairs {
      ["made_up.send: source is required"] = { ids = { 1 } },
      ["made_up.send: ids is required"] = { source = "us" },
      ["made_up.send: ids must not be empty"] = { source = "us", ids = {} },
      ["made_up.send: ids element 2 must be an id (a whole number, or a string that holds one), got 1.5"] =
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
