--- How the fake API answers by description alone.
-- SPDX-License-Identifier: MIT

local ask = require "support.ask"

local HEX, UUID = ask.V4_KEY, ask.V1_KEY
local new, send, expect, refused = ask.new, ask.send, ask.expect, ask.refused
local header = ask.header

describe("an operation that the fake has no function for", function()
  local api
  before_each(function()
    api = new {
      descriptions = {
        {
          name = "parrots",
          params = {
            parrot_id = { type = "id", about = "a parrot" }, words = { type = "string[]", about = "what it says" },
            loud = { type = "boolean", about = "whether it shouts" },
            weight = { type = "number", max = 3, about = "kg" },
            site_id = { type = "id", about = "a project" }, token = { type = "string", about = "a ticket" },
            cage = { type = "object", about = "where it lives", required = "width",
              fields = { width = { type = "number", about = "m" }, bars = { type = "integer[]", about = "mm" } } },
            picture = { type = "file", about = "PNG" },
          },
          operations = {
            { "list", v4 = "GET /parrots", v1 = "GET /v1/parrots", query = "loud words token", answer = "array",
              about = "All." },
            { "get", v4 = "GET /parrots/{parrot_id}", v1 = "GET /v1/parrots{?parrot_id}", answer = "object",
              about = "One." },
            { "teach", v4 = "PUT /parrots/{parrot_id}", v1 = "PATCH /v1/parrots{?parrot_id}", body = "words* loud",
              success = { 202 }, about = "Words." },
            { "move", v4 = "PUT /parrots/{parrot_id}", v1 = "PATCH /v1/parrots{?parrot_id}", body = "cage* weight",
              about = "Elsewhere." },
            { "adopt", v4 = "POST /sites/{site_id}/parrots", about = "Give a project one.", success = { 204 } },
            { "paint", v4 = "POST /parrots/{parrot_id}/picture", upload = "picture* words loud",
              about = "A portrait." },
            { "wings", v4 = "GET /parrots/wings", v1 = { "GET /v1/parrots/wings", example = '{"list": [2.5, null]}' },
              answer = "any", example = '[{"side": "left", "feathers": []}]', about = "What it flies with." },
          },
        },
      },
    }
  end)

  it("answers by its description", function()
    expect(200, "[]", api, "GET", "/parrots", "loud=1&words[]=a")
    expect(200, "{}", api, "GET", "/parrots/7")
    expect(202, "", api, "PUT", "/parrots/7", nil, '{"words":[],"loud":true}')
    expect(200, "", api, "PUT", "/parrots/7", nil, '{"cage":{"width":1.5,"bars":[3,4]},"weight":2}')
  end)

  it("answers with its example, which a generation may have for itself", function()
    expect(200, '[{"feathers":[],"side":"left"}]', api, "GET", "/parrots/wings")
    expect(200, '{"list":[2.5,null]}', api, "GET", "/v1/parrots/wings")
  end)

  it("has its parameters checked", function()
    refused(400, "Bad Request", api, "GET", "/parrots", "loud=yes")
    refused(400, "Bad Request", api, "GET", "/parrots", "words=a")
    refused(400, "Bad Request", api, "GET", "/parrots", "colour=red")
    refused(400, "Bad Request", api, "PUT", "/parrots/7", nil, '{"words":"a"}')
    refused(405, "Method Not Allowed", api, "DELETE", "/parrots")
  end)

  it("has its project looked up", function()
    refused(404, "Not Found", api, "POST", "/sites/147696/parrots")
    expect(201, '{"site_id":147696}', api, "POST", "/sites", nil, '{"url":"example.com","title":"a"}')
    expect(204, "", api, "POST", "/sites/147696/parrots")
    refused(400, "Bad Request", api, "POST", "/sites/147696/parrots", nil, "{}")
  end)

  it("is told from another on the same path by its id in the query, or by its body", function()
    expect(200, "[]", api, "GET", "/v1/parrots")
    expect(200, "{}", api, "GET", "/v1/parrots", "parrot_id=7")
    refused(400, "Bad Request", api, "GET", "/v1/parrots", "parrot_id=")
    assert.equal("loud: no such query parameter",
      refused(400, "Bad Request", api, "GET", "/v1/parrots", "parrot_id=7&loud=1"))
    expect(202, "", api, "PATCH", "/v1/parrots", "parrot_id=7", '{"words":["a"]}')
    expect(200, "", api, "PATCH", "/v1/parrots", "parrot_id=7", '{"cage":{"width":1}}')
    refused(400, "Bad Request", api, "PATCH", "/v1/parrots", nil, '{"cage":{"width":1}}')
  end)

  it("may have a parameter with the name of the key, when the key is in the header", function()
    expect(200, "[]", api, "GET", "/parrots", "token=ticket")
    local answer = api:handle { method = "GET", path = "/parrots", query = "token=" .. HEX, headers = {} }
    assert.equal(200, answer.status)
  end)

  it("may have objects, numbers with bounds and lists in its body", function()
    for _, body in ipairs {
      '{"cage":[]}', '{"cage":{}}', '{"cage":{"width":"1"}}', '{"cage":{"width":1,"bars":[1.0]}}',
      '{"cage":{"width":1,"height":1}}', '{"cage":{"width":1},"weight":3.5}',
    } do
      refused(400, "Bad Request", api, "PUT", "/parrots/7", nil, body)
    end
  end)

  it("may take an upload", function()
    local function upload(content_type, body)
      return api:handle({
        method = "POST", path = "/parrots/7/picture", body = body,
        headers = { authorization = "Token " .. HEX, ["content-type"] = content_type },
      }).status
    end
    local head = 'Content-Disposition: form-data; name="'
    local function form(...)
      return "--x\r\n" .. table.concat({ ... }, "\r\n--x\r\n") .. "\r\n--x--\r\n"
    end
    local file = head .. 'picture"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n--x'
    local function status(...)
      return upload("multipart/form-data; boundary=x", form(...))
    end
    assert.equal(200, status(file))
    assert.equal(200, status(file, head .. 'words[]"\r\n\r\na', head .. 'words[]"\r\n\r\n', head .. 'loud"\r\n\r\n1'))
    assert.equal(400, status(file, file))
    assert.equal(400, status(head .. 'picture"\r\n\r\nx'))
    assert.equal(400, status(head .. 'words[]"\r\n\r\na'))
    assert.equal(400, status(file, head .. 'words"\r\n\r\na'))
    assert.equal(400, status(file, head .. 'words[]"; filename="a"\r\n\r\na'))
    assert.equal(400, status(file, head .. 'loud"\r\n\r\nyes'))
    assert.equal(400, status(file, head .. 'colour"\r\n\r\nred'))
    assert.equal(400, upload("multipart/form-data; boundary=x", "--x--"))
    assert.equal(400, upload("multipart/form-data; boundary=x", "--x\r\n" .. file))
    assert.equal(400, upload("multipart/form-data", form(file)))
    assert.equal(400, upload("application/json", "{}"))
    assert.equal(400, upload("multipart/form-data; boundary=x", nil))
  end)
end)

describe("a made-up description", function()
  local api
  before_each(function()
    api = new {
      descriptions = {
        {
          name = "kites",
          params = {
            kite_id = { type = "id", about = "a kite" },
            sizes = { type = "integer[]", max = 9, about = "brackets, by default" },
            tails = { type = "id[]", style = "repeat", about = "each for itself" },
            days = { type = "date[]", style = "comma", about = "when it flew" },
            lines = { type = "string[]", style = "lines", about = "what it is tied to", wire = "strings" },
            colours = { type = "string[]", style = "comma", enum = { "red", "blue" }, about = "what it looks like" },
            where = { type = "object", style = "tree", about = "anything", wire = { v1 = "filter" } },
            sort = { type = "object[]", style = "tree", about = "by what", required = "by",
              fields = { by = { type = "string", about = "a name" }, down = { type = "flag", about = "backwards" } } },
            shape = { type = "object", style = "json", about = "how it is made", required = "width",
              fields = { width = { type = "number", about = "m", wire = { v4 = "w" } },
                knots = { type = "id[]", style = "comma", about = "in its tail" } } },
            notes = { type = "object", style = "json", about = "anything" },
            winds = { type = "object[]", style = "json", about = "one a day" },
            month = { type = "month", about = "of the year", wire = { v4 = "m", v1 = "period" } },
            maker = { type = "string", about = "who made it", wire = { v4 = "author" } },
            day = { type = "date", about = "of its first flight" },
            date_from = { type = "date", about = "since when", wire = "since" },
            picture = { type = "file", about = "PNG", wire = { v1 = "image" } },
            site_id = { type = "id", about = "a project", wire = { v1 = "project" } },
            owner_id = { type = "id", about = "who has it", wire = { v1 = "owner" } },
            ticket = { type = "string", about = "for the fair", wire = { v4 = "token" } },
          },
          operations = {
            { "list", v4 = "GET /kites", v1 = "GET /v1/kites", answer = "array", about = "All.",
              query = "sizes tails days lines colours where sort shape notes winds month maker date_from" },
            { "lend", v4 = "PUT /kites/{kite_id}", v1 = { "PATCH /v1/kites{?kite_id}", body = "maker* day" },
              body = "day*", about = "To somebody." },
            { "make", v4 = { "POST /kites", envelope = "list" }, v1 = { "POST /v1/kites", query = "maker" },
              body = "month* days lines colours tails sizes shape notes winds where", about = "One." },
            { "buy", v4 = { "POST /kites/buy", items = "maker* month" }, v1 = { "POST /v1/kites/buy", body = "maker*" },
              about = "Some." },
            { "find", v4 = "GET /kites/find", v1 = { "GET /v1/kites/find", query = "days*" }, query = "where*",
              answer = "array", about = "Some." },
            { "of", v4 = "GET /kites/of/{owner_id}", v1 = "GET /v1/kites{?owner_id}", query = "ticket",
              answer = "object", about = "Somebody's." },
            { "over", v1 = "GET /v1/kites/over{?site_id}", answer = "array", about = "Of a project." },
            { "paint", v4 = "POST /kites/paint", v1 = "POST /v1/kites/paint", upload = "picture*", about = "One." },
          },
        },
      },
    }
  end)

  --- Both generations take these queries.
  local function takes(...)
    for _, query in ipairs { ... } do
      for _, path in ipairs { "/kites", "/v1/kites" } do
        local answer = send(api, "GET", path, query)
        assert.same({ query, 200, "[]" }, { query, answer.status, answer.body }, header(answer, "X-Fake-Reason"))
      end
    end
  end

  --- Both generations refuse these queries, for the reason that follows each of them.
  local function refuses(...)
    local list = { ... }
    for i = 1, #list, 2 do
      for _, path in ipairs { "/kites", "/v1/kites" } do
        local answer = send(api, "GET", path, list[i])
        assert.same({ list[i], 400, list[i + 1] }, { list[i], answer.status, header(answer, "X-Fake-Reason") })
      end
    end
  end

  it("has lists in brackets when it says nothing else", function()
    takes("sizes[]=1&sizes[]=2", "sizes%5B%5D=1", "sizes[0]=1&sizes[1]=2")
    refuses("sizes=1", "sizes: a list is written name[]=value", "sizes=1,2", "sizes: a list is written name[]=value",
      "sizes[]=10", "sizes: more than 9", "sizes[]=x", "sizes: not a whole number")
  end)

  it("may have lists as a name for each value", function()
    takes("tails=1", "tails=1&tails=2", "tails=1&sizes[]=1&tails=1")
    refuses(
      "tails[]=1&tails[]=2", "tails: a list is written name=value&name=value",
      "tails%5B0%5D=1", "tails: a list is written name=value&name=value",
      "tails=1&tails[]=2", "tails: a list is written name=value&name=value",
      "tails=1,2", "tails: not a whole number", "tails=", "tails: not a whole number",
      "tails=1&tails=x", "tails: not a whole number", "tails[a]=1", "tails[a]: no such query parameter")
  end)

  it("may have lists with commas", function()
    takes("days=2026-09-01", "days=2026-09-01,2026-09-02", "days=2026-09-01%2C2026-09-02", "colours=red,blue")
    refuses(
      "days[]=2026-09-01", "days: a list is written as one value",
      "days=2026-09-01&days=2026-09-02", "days: more than once",
      "days=2026-09-01,2026-09-31", "days[1]: not a date YYYY-MM-DD",
      "days=2026-09-01,%202026-09-02", "days[1]: not a date YYYY-MM-DD",
      "days=", "days[0]: empty", "days=2026-09-01,", "days[1]: empty", "days=,2026-09-01", "days[0]: empty",
      "days=2026-09-01%0A2026-09-02", "days[0]: not a date YYYY-MM-DD",
      "colours=red,green", "colours[1]: not one of the allowed values")
  end)

  it("may have lists with a line for each value, under another name", function()
    takes("strings=hemp", "strings=hemp%0Asilk%2C+red", "strings=a,b")
    refuses(
      "strings[]=hemp", "strings: a list is written as one value", "strings=a&strings=b", "strings: more than once",
      "strings=a%0A%0Ab", "strings[1]: empty", "strings=a%0A", "strings[1]: empty",
      "lines=hemp", "lines: no such query parameter", "strings=a&lines=b", "lines: no such query parameter")
  end)

  it("may have tables as a tree", function()
    expect(200, "[]", api, "GET", "/kites", "where[a]=1")
    expect(200, "[]", api, "GET", "/kites", "where%5Ba%5D%5Bb%5D=1&where%5Ba%5D%5Bc%5D%5B0%5D=x%26y&tails=1")
    expect(200, "[]", api, "GET", "/kites", "where[a][0][b]=1&where[a][0][c]=&where[a][1][b]=%5B%5D&where[d]=caf%C3%A9")
    expect(200, "[]", api, "GET", "/v1/kites", "filter[a][b][c][d][e]=1&filter[a][b][c][d][f]=2")
    for query, reason in pairs {
      ["where=1"] = "where: it is written name[member]=value, lists numbered from 0",
      ["where[]=1"] = "where: it is written name[member]=value, lists numbered from 0",
      ["where[a][]=1"] = "where: it is written name[member]=value, lists numbered from 0",
      ["where[a]b=1"] = "where: it is written name[member]=value, lists numbered from 0",
      ["where[a=1"] = "where: it is written name[member]=value, lists numbered from 0",
      ["where[a[b]]=1"] = "where: it is written name[member]=value, lists numbered from 0",
      ["where[a]=1&where[a]=2"] = "where: a member twice",
      ["where[a]=1&where[a][b]=2"] = "where: a member twice",
      ["where[a][b]=1&where[a]=2"] = "where: a member twice",
      ["where[0]=1"] = "where: not an object",
      ["where[a][1]=1"] = "where[a]: a list that is not numbered 0, 1, 2 and so on",
      ["where[a][0]=1&where[a][2]=1"] = "where[a]: a list that is not numbered 0, 1, 2 and so on",
      ["where[a][0]=1&where[a][b]=1"] = "where[a]: numbers and names side by side",
      ["where=%7B%22a%22:1%7D"] = "where: it is written name[member]=value, lists numbered from 0",
      ["filter[a]=1"] = "filter[a]: no such query parameter",
    } do
      assert.same({ query, reason }, { query, refused(400, "Bad Request", api, "GET", "/kites", query) })
    end
    assert.equal("where[a]: no such query parameter",
      refused(400, "Bad Request", api, "GET", "/v1/kites", "where[a]=1"))
    refused(400, "Bad Request", api, "GET", "/v1/kites", "filter[a]=1&where[a]=1")
    refused(400, "Bad Request", api, "GET", "/kites", "where[a%zz]=1")
  end)

  it("may have lists of tables as a tree, and is held to their members", function()
    takes("sort[0][by]=a", "sort[0][by]=a&sort[0][down]=1&sort[1][by]=b")
    refuses(
      "sort[by]=a", "sort: not a list", "sort[0]=a", "sort[0]: not an object",
      "sort[1][by]=a", "sort: a list that is not numbered 0, 1, 2 and so on",
      "sort[0][by][x]=a", "sort[0].by: not a single value", "sort[0][down]=1", "sort[0].by: required, not there",
      "sort[0][by]=a&sort[0][up]=1", "sort[0].up: no such member",
      "sort[0][by]=a&sort[0][down]=any", "sort[0].down: neither 0 nor 1")
  end)

  it("may have tables as JSON", function()
    takes('notes={"a":[1,{"b":null}]}', "notes=%7B%7D", "winds=[]", 'winds=[{},{"a":1}]')
    refuses(
      "notes=[]", "notes: not an object", "notes=1", "notes: not an object", "winds={}", "winds: not an array",
      "winds=[1]", "winds[0]: not an object", "notes[a]=1", "notes[a]: no such query parameter",
      "notes[]={}", "notes: it is written as one JSON text", "notes={}&notes={}", "notes: more than once")
    for _, text in ipairs { "", "{", "{a:1}", "{}{}", "a" } do
      assert.is_truthy(refused(400, "Bad Request", api, "GET", "/kites", "notes=" .. text):find("^notes: not JSON: "))
    end
    expect(200, "[]", api, "GET", "/kites", 'shape={"w":1.5,"knots":"1,2"}')
    expect(200, "[]", api, "GET", "/v1/kites", 'shape={"width":1}')
    assert.equal("shape.w: required, not there",
      refused(400, "Bad Request", api, "GET", "/kites", 'shape={"width":1}'))
    assert.equal("shape.w: no such member",
      refused(400, "Bad Request", api, "GET", "/v1/kites", 'shape={"width":1,"w":1}'))
    assert.equal("shape.w: not a number", refused(400, "Bad Request", api, "GET", "/kites", 'shape={"w":"1"}'))
    assert.equal("shape.knots: not a list as one string",
      refused(400, "Bad Request", api, "GET", "/kites", 'shape={"w":1,"knots":[1]}'))
  end)

  it("may have a name for each generation", function()
    expect(200, "[]", api, "GET", "/kites", "m=2026-09&author=a")
    expect(200, "[]", api, "GET", "/v1/kites", "period=2026-09&maker=a")
    for _, query in ipairs { "month=2026-09", "period=2026-09", "maker=a", "m=2026-09&month=2026-09" } do
      refused(400, "Bad Request", api, "GET", "/kites", query)
    end
    for _, query in ipairs { "month=2026-09", "m=2026-09", "author=a" } do
      refused(400, "Bad Request", api, "GET", "/v1/kites", query)
    end
    assert.equal("since: not a date YYYY-MM-DD", refused(400, "Invalid date", api, "GET", "/kites", "since=x"))
    takes("since=2026-09-01")
    refuses("date_from=2026-09-01", "date_from: no such query parameter")
  end)

  it("may have an id in the query, or the key's name, as the name of a generation", function()
    expect(200, "{}", api, "GET", "/kites/of/7", "token=ticket")
    refused(400, "Bad Request", api, "GET", "/kites/of/7", "ticket=ticket")
    expect(200, "{}", api, "GET", "/v1/kites", "owner=7&ticket=ticket")
    refused(400, "Bad Request", api, "GET", "/v1/kites", "owner=x")
    refused(400, "Bad Request", api, "GET", "/v1/kites", "owner_id=7")
    refused(400, "Bad Request", api, "GET", "/v1/kites", "owner=7&owner_id=7")
    refused(404, "Not Found", api, "GET", "/v1/kites/over", "project=147696")
  end)

  it("may have months", function()
    expect(200, "[]", api, "GET", "/kites", "m=2026-12")
    for _, month in ipairs { "2026-00", "2026-13", "2026-9", "2026-09-01", "202609", "", "26-09" } do
      assert.equal("m: not a month YYYY-MM", refused(400, "Bad Request", api, "GET", "/kites", "m=" .. month))
      refused(400, "Bad Request", api, "POST", "/v1/kites", nil, '{"period":"' .. month .. '"}')
    end
    refused(400, "Bad Request", api, "POST", "/v1/kites", nil, '{"period":202609}')
  end)

  it("may have another body, body's kind, query or envelope in one generation", function()
    expect(200, "", api, "PUT", "/kites/7", nil, '{"day":"2026-09-01"}')
    refused(400, "Bad Request", api, "PUT", "/kites/7", nil, '{"day":"2026-09-01","author":"a"}')
    expect(200, "", api, "PATCH", "/v1/kites", "kite_id=7", '{"maker":"a"}')
    assert.equal("maker: required, not there",
      refused(400, "Bad Request", api, "PATCH", "/v1/kites", "kite_id=7", '{"day":"2026-09-01"}'))
    refused(400, "Bad Request", api, "PATCH", "/v1/kites", nil, '{"maker":"a"}')

    expect(200, "", api, "POST", "/kites/buy", nil, '[{"author":"a"},{"author":"b","m":"2026-09"}]')
    assert.equal("[0].author: required, not there",
      refused(400, "Bad Request", api, "POST", "/kites/buy", nil, '[{"maker":"a"}]'))
    assert.equal("the body must be a JSON array",
      refused(400, "Bad Request", api, "POST", "/kites/buy", nil, '{"author":"a"}'))
    expect(200, "", api, "POST", "/v1/kites/buy", nil, '{"maker":"a"}')
    refused(400, "Bad Request", api, "POST", "/v1/kites/buy", nil, '[{"maker":"a"}]')

    expect(200, "[]", api, "GET", "/kites/find", "where[a]=1")
    expect(200, "[]", api, "GET", "/v1/kites/find", "days=2026-09-01")
    assert.equal("where: required, not there", refused(400, "Bad Request", api, "GET", "/kites/find"))
    assert.equal("days: required, not there", refused(400, "Bad Request", api, "GET", "/v1/kites/find"))
    refused(400, "Bad Request", api, "GET", "/kites/find", "where[a]=1&days=2026-09-01")
    refused(400, "Bad Request", api, "GET", "/v1/kites/find", "days=2026-09-01&filter[a]=1")

    expect(200, "", api, "POST", "/kites", nil, '[{"m":"2026-09"}]')
    for _, body in ipairs { '{"m":"2026-09"}', "[]", '[{"m":"2026-09"},{"m":"2026-10"}]', "[[]]", "null" } do
      assert.equal("the body must be a JSON array of one object",
        refused(400, "Bad Request", api, "POST", "/kites", nil, body))
    end
    assert.equal("[0].m: required, not there",
      refused(400, "Bad Request", api, "POST", "/kites", nil, '[{"month":"2026-09"}]'))
    refused(400, "Bad Request", api, "POST", "/kites", "author=a", '[{"m":"2026-09"}]')
    expect(200, "", api, "POST", "/v1/kites", "maker=a", '{"period":"2026-09"}')
    assert.equal("the body must be a JSON object",
      refused(400, "Bad Request", api, "POST", "/v1/kites", nil, '[{"period":"2026-09"}]'))
  end)

  it("has what is written with commas, lines or as JSON as one string in a body, all others plainly", function()
    local function bodies(members)
      return '[{"m":"2026-09",' .. members .. "}]", '{"period":"2026-09",' .. members .. "}"
    end
    for _, members in ipairs {
      '"days":"2026-09-01,2026-09-02"', '"days":""', '"strings":"a,b\\nc"', '"colours":"blue"', '"tails":[1,2]',
      '"tails":[]', '"sizes":[9]', [["notes":"{\"a\":{\"b\":[1]}}"]], '"winds":"[{}]"', '"notes":"{}"',
    } do
      local v4, v1 = bodies(members)
      expect(200, "", api, "POST", "/kites", nil, v4)
      expect(200, "", api, "POST", "/v1/kites", nil, v1)
    end
    for _, members in ipairs {
      '"days":["2026-09-01"]', '"days":"2026-09-01,"', '"days":"2026-09-01\\n2026-09-02"', '"days":"x"',
      '"strings":["a"]', '"strings":"a\\n\\nb"', '"lines":"a"', '"colours":"red,green"', '"tails":"1,2"', '"tails":1',
      '"tails":["1"]', '"sizes":[10]', '"notes":{}', '"notes":"[]"', '"winds":"{}"', '"winds":[{}]', '"winds":"[1]"',
      '"shape":"{}"', '"notes":"x"',
    } do
      local v4, v1 = bodies(members)
      refused(400, "Bad Request", api, "POST", "/kites", nil, v4)
      refused(400, "Bad Request", api, "POST", "/v1/kites", nil, v1)
    end
    expect(200, "", api, "POST", "/kites", nil, [=[[{"m":"2026-09","where":{"a":1},"shape":"{\"w\":1,\"knots\":\"1\"}"}]]=])
    expect(200, "", api, "POST", "/v1/kites", nil, [[{"period":"2026-09","filter":{"a":[1]},"shape":"{\"width\":1}"}]])
    refused(400, "Bad Request", api, "POST", "/kites", nil, '[{"m":"2026-09","filter":{}}]')
    refused(400, "Bad Request", api, "POST", "/v1/kites", nil, '{"period":"2026-09","where":{}}')
  end)

  it("has the parts of an upload named by generation", function()
    local function upload(path, name)
      return api:handle({
        method = "POST", path = path,
        body = '--x\r\nContent-Disposition: form-data; name="' .. name .. '"; filename="a.png"\r\n\r\n1\r\n--x--\r\n',
        headers = { authorization = "Token " .. (path:find("^/v1/") and UUID or HEX),
          ["content-type"] = "multipart/form-data; boundary=x" },
      }).status
    end
    assert.same({ 200, 400 }, { upload("/kites/paint", "picture"), upload("/kites/paint", "image") })
    assert.same({ 400, 200 }, { upload("/v1/kites/paint", "picture"), upload("/v1/kites/paint", "image") })
  end)
end)
