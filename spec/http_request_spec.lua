--- Requests over real sockets: the bytes sent, keys, uploads.
-- SPDX-License-Identifier: MIT

local operation = require "seranking.operation"
local http = require "spec.support.http"
local wire = require "spec.support.wire"

local KEY = wire.KEY
local new_client, start = wire.client, wire.start
local UUID = "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6"

local function sorted_names(request)
  local names = {}
  for i, name in ipairs(request.names) do
    names[i] = name:lower()
  end
  table.sort(names)
  return table.concat(names, " ")
end

after_each(wire.finish)

describe("a request on the wire", function()
  local COMMON = "accept accept-encoding authorization host user-agent"
  local WITH_JSON = "accept accept-encoding authorization content-length content-type host user-agent"
  local server

  --- The one request that a call sends.
  local function sent(call, ...)
    call(...)
    local requests = server.requests()
    return requests[#requests]
  end

  before_each(function()
    server = start {}
  end)

  it("is a GET without a body or headers about one", function()
    local request = sent(new_client(server).account.balance)
    assert.are.equal("GET", request.method)
    assert.are.equal("/account/balance", request.target)
    assert.are.equal("1.1", request.version)
    assert.are.equal(COMMON, sorted_names(request))
    assert.are.equal("", request.body)
    assert.are.equal("127.0.0.1:" .. server.port, request.headers.host)
    assert.are.equal("application/json", request.headers.accept)
    assert.are.equal("Token " .. KEY, request.headers.authorization)
    assert.is_truthy(request.headers["user-agent"]:find "^seranking%-lua/%d+%.%d+%.%d+ libcurl/%d+%.%d+%.%d+$")
    assert.is_truthy(request.headers["accept-encoding"]:find "gzip")
  end)

  it("is a POST with exactly the given JSON", function()
    local request = sent(new_client(server).sites.create, { url = "http://example.com", title = "ex\"ä\n" })
    assert.are.equal("POST /sites", request.method .. " " .. request.target)
    assert.are.equal(WITH_JSON, sorted_names(request))
    assert.are.equal("application/json", request.headers["content-type"])
    assert.are.equal('{"url":"http://example.com","title":"ex\\"ä\\n"}', request.body)
  end)

  it("is a PUT with JSON", function()
    local request = sent(new_client(server).sites(147696.0).positions.set,
      { keyword_id = 5, date = "2024-02-29", site_engine_id = "7", position = 0 })
    assert.are.equal("PUT /sites/147696/position", request.method .. " " .. request.target)
    assert.are.equal(WITH_JSON, sorted_names(request))
    assert.are.equal('{"keyword_id":5,"date":"2024-02-29","site_engine_id":7,"position":0}', request.body)
  end)

  it("is a PATCH with JSON", function()
    local request = sent(new_client(server).sites.keywords.update,
      { site_id = 1, keyword_id = 2, keyword = "tea", is_strict = true, site_engine_ids = {} })
    assert.are.equal("PATCH /sites/1/keywords/2", request.method .. " " .. request.target)
    assert.are.equal(WITH_JSON, sorted_names(request))
    assert.are.equal('{"keyword":"tea","is_strict":true,"site_engine_ids":[]}', request.body)
  end)

  it("is a DELETE with its ids in the query and no body", function()
    local request = sent(new_client(server).sites.keywords.delete, { site_id = 1, keywords_ids = { 2, 3 } })
    assert.are.equal("DELETE", request.method)
    assert.are.equal("/sites/1/keywords?keywords_ids%5B%5D=2&keywords_ids%5B%5D=3", request.target)
    assert.are.equal(COMMON, sorted_names(request))
    assert.are.equal("", request.body)
  end)

  it("is a DELETE with a JSON body if it has one", function()
    local client = new_client(server)
    local request = sent(client.request, client,
      { method = "DELETE", path = "/x", query = { ids = { 1, 2 } }, body = { ids = { 3 } } })
    assert.are.equal("DELETE /x?ids%5B%5D=1&ids%5B%5D=2", request.method .. " " .. request.target)
    assert.are.equal(WITH_JSON, sorted_names(request))
    assert.are.equal('{"ids":[3]}', request.body)
  end)

  for _, method in ipairs { "POST", "PUT", "PATCH" } do
    it("is a " .. method .. " without a body that has Content-Length 0 and no type", function()
      local client = new_client(server)
      local request = sent(client.request, client, { method = method, path = "/x" })
      assert.are.equal(method, request.method)
      assert.are.equal("accept accept-encoding authorization content-length host user-agent", sorted_names(request))
      assert.are.equal("0", request.headers["content-length"])
    end)
  end

  it("does not wait for 100 Continue before a large body", function()
    local client = new_client(server)
    local text = '"' .. ("x"):rep(3 * 1024 * 1024) .. '"'
    local request = sent(client.request, client, { method = "POST", path = "/x", body = text })
    assert.are.equal(WITH_JSON, sorted_names(request))
    assert.is_true(text == request.body)
  end)

  it("keeps every byte of a body", function()
    local client = new_client(server)
    local request = sent(client.request, client, { method = "POST", path = "/x", body = http.EVERY_BYTE })
    assert.are.equal("256", request.headers["content-length"])
    assert.is_true(http.EVERY_BYTE == request.body)
  end)

  it("has nothing of the previous request", function()
    local client = new_client(server)
    sent(client.request, client,
      { method = "POST", path = "/x", body = { a = 1 }, headers = { ["X-Once"] = "1" }, query = { b = 2 } })
    for _, method in ipairs { "GET", "DELETE" } do
      local request = sent(client.request, client, { method = method, path = "/y" })
      assert.are.equal(method .. " /y", request.method .. " " .. request.target)
      assert.are.equal(COMMON, sorted_names(request))
    end
    assert.are.equal(1, #server.report())
  end)

  it("has the headers of the call and the program's user agent", function()
    local client = new_client(server, { user_agent = "my-tool/2" })
    local request = sent(client.account.balance, nil, { headers = { ["X-One"] = "a b", ["X-Empty"] = "" } })
    assert.are.equal("a b", request.headers["x-one"])
    assert.are.equal("", request.headers["x-empty"])
    assert.is_truthy(request.headers["user-agent"]:find "^my%-tool/2 seranking%-lua/[%d.]+ libcurl/[%d.]+$")
    assert.are.equal("Token " .. KEY, request.headers.authorization)
  end)

  describe("with a key", function()
    local function places(request)
      local query = request.target:match "%?(.*)$"
      return query or "-", request.headers.authorization or "-"
    end

    it("sends it in the header, in both generations", function()
      for _, options in ipairs { { token = KEY }, { token = UUID, api = "v1" } } do
        local query, header = places(sent(new_client(server, options).account.subscription))
        assert.are.equal("-", query)
        assert.are.equal("Token " .. options.token, header)
      end
    end)

    it("sends it as token in the query of v4, and only there", function()
      local client = new_client(server, { auth = "query" })
      local query, header = places(sent(client.account.balance))
      assert.are.equal("token=" .. KEY, query)
      assert.are.equal("-", header)
      query = places(sent(client.sites.positions.list, { site_id = 1, date_from = "2024-01-01" }))
      assert.are.equal("date_from=2024-01-01&token=" .. KEY, query)
    end)

    it("sends it as apikey in the query of v1, and only there", function()
      local client = new_client(server, { token = UUID, auth = "query" })
      local request = sent(client.sites.summary, { site_id = 1 })
      local query, header = places(request)
      assert.are.equal("/v1/project-management/sites/summary", request.target:match "^[^?]*")
      assert.are.equal("site_id=1&apikey=" .. UUID, query)
      assert.are.equal("-", header)
    end)

    it("refuses a parameter of its name: nothing is sent", function()
      local client = new_client(server, { auth = "query" })
      for message, call in pairs {
        ['backlinks.gsc.status: job_token is named token in the address, as the key is with auth = "query": make a client with '
          .. 'auth = "header" for it'] = function() client.backlinks.gsc:status { site_id = 1, job_token = "a" } end,
        ["client:request: 'token' is the key's name in the address: for a parameter of this name make a client with "
          .. 'auth = "header"'] = function() client:request { path = "/x", query = { token = "a" } } end,
      } do
        local ok, text = pcall(call)
        assert.is_false(ok)
        assert.are.equal(message, (text:gsub("^.-: ", "", 1)))
      end
      assert.is_false((pcall(client.request, client, { path = "/x?a=1&token=b" })))
      assert.are.equal(0, #server.requests())
      -- if the key has another name, or is not in the address, the parameter is sent once
      assert.are.equal("site_id=1&token=a&apikey=" .. UUID, (places(sent(
        new_client(server, { token = UUID, auth = "query" }).backlinks.gsc.status, { site_id = 1, job_token = "a" }))))
      assert.are.equal("token=a", (places(sent(new_client(server).backlinks.gsc.status, { site_id = 1, job_token = "a" }))))
      assert.are.equal("token=a", (places(sent(
        new_client(server, { token = false, auth = "query" }).backlinks.gsc.status, { site_id = 1, job_token = "a" }))))
    end)

    it("escapes it in the query", function()
      local query = places(sent(new_client(server, { token = "a+b&c=d%e/f#g", auth = "query" }).account.balance))
      assert.are.equal("token=a%2Bb%26c%3Dd%25e%2Ff%23g", query)
    end)

    it("sends none if token is false", function()
      for _, auth in ipairs { "header", "query" } do
        local query, header = places(sent(new_client(server, { token = false, auth = auth }).account.balance))
        assert.are.equal("- -", query .. " " .. header)
      end
    end)
  end)

  it("does not send it with a download, neither in a header nor in the address", function()
    for _, auth in ipairs { "header", "query" } do
      local client = new_client(start {}, { auth = auth })
      assert.is_string((client:download(server.url .. "/files/a%20b.gz?sig=x%2Fy")))
      local requests = server.requests()
      local request = requests[#requests]
      assert.are.equal("GET /files/a%20b.gz?sig=x%2Fy", request.method .. " " .. request.target)
      assert.are.equal("accept accept-encoding host user-agent", sorted_names(request))
      assert.are.equal("*/*", request.headers.accept)
      assert.is_nil((request.target .. table.concat(request.names)):find(KEY, 1, true))
    end
  end)

  describe("that uploads a file", function()
    local function upload(client, file)
      local resource = { name = "audit", params = { file = { type = "file" } } }
      local description = { "upload", v4 = "POST /audit/upload", upload = "file*", answer = "object" }
      return sent(operation.new(client, resource, description, {}), { file = file })
    end

    --- Takes the one part of a multipart body out of it.
    local function part_of(request)
      local boundary = request.headers["content-type"]:match "^multipart/form%-data; boundary=(%S+)$"
      local first, last = "--" .. boundary .. "\r\n", "\r\n--" .. boundary .. "--\r\n"
      assert.are.equal(first, request.body:sub(1, #first))
      assert.is_true(request.body:sub(-#last) == last)
      local part = request.body:sub(#first + 1, -#last - 1)
      local head, at = part:match "^(.-\r\n)\r\n()"
      return part:sub(at), head
    end

    it("keeps its bytes and its name", function()
      local data = http.EVERY_BYTE .. "\r\n--boundary\r\n" .. http.EVERY_BYTE
      local request = upload(new_client(server), { filename = "käse 1.csv", data = data, content_type = "text/csv" })
      local bytes, head = part_of(request)
      assert.are.equal("POST /audit/upload", request.method .. " " .. request.target)
      assert.are.equal(WITH_JSON, sorted_names(request))
      assert.is_true(data == bytes)
      assert.are.equal('Content-Disposition: form-data; name="file"; filename="käse 1.csv"\r\n'
        .. "Content-Type: text/csv\r\n", head)
    end)

    it("may be empty, and its name can't end its header", function()
      local request = upload(new_client(server), { filename = 'a"b\r\nc.csv', data = "" })
      local bytes, head = part_of(request)
      assert.are.equal("", bytes)
      assert.are.equal('Content-Disposition: form-data; name="file"; filename="a%22b%0D%0Ac.csv"', head:match "^[^\r]*")
    end)

    it("refuses a name or type that would end its header", function()
      local client = new_client(server)
      for _, file in ipairs {
        { filename = "a\0b", data = "" },
        { filename = "a", data = "", content_type = "text/csv\r\nX-Other: 1" },
        { filename = "a", data = "", content_type = "text/csv\0" },
        { filename = "a", data = "", content_type = 1 },
      } do
        assert.has_error(function() upload(client, file) end)
      end
      assert.are.equal(0, #server.requests())
    end)

    it("may be a part among texts and lists, in order", function()
      local client = new_client(server)
      local resource = { name = "keywords", params = {
        source = { type = "string" }, keywords = { type = "string[]" }, file = { type = "file" },
      } }
      local description = { "export", v4 = "POST /keywords/export", upload = "source* keywords* file" }
      local keywords = {}
      for i = 1, 5000 do
        keywords[i] = "word " .. i
      end
      keywords[7] = "käse & \"Brot\"\r\n"
      local request = sent(operation.new(client, resource, description, {}), {
        source = "us", keywords = keywords, file = { filename = "a.csv", data = http.EVERY_BYTE, content_type = "text/csv" },
      })
      local boundary = request.headers["content-type"]:match "^multipart/form%-data; boundary=(%S+)$"
      local parts, at = {}, 1
      while request.body:sub(at, at + #boundary + 3) == "--" .. boundary .. "\r\n" do
        local stop = request.body:find("\r\n--" .. boundary, at, true)
        parts[#parts + 1] = request.body:sub(at + #boundary + 4, stop - 1)
        at = stop + 2
      end
      assert.are.equal("--" .. boundary .. "--\r\n", request.body:sub(at))
      assert.are.equal(5002, #parts)
      assert.are.equal('Content-Disposition: form-data; name="source"\r\n\r\nus', parts[1])
      for i = 1, 5000 do
        assert.is_true(parts[i + 1] == 'Content-Disposition: form-data; name="keywords[]"\r\n\r\n' .. keywords[i])
      end
      assert.is_true(parts[5002] == 'Content-Disposition: form-data; name="file"; filename="a.csv"\r\n'
        .. "Content-Type: text/csv\r\n\r\n" .. http.EVERY_BYTE)
    end)

    it("does not wait for 100 Continue either", function()
      local data = ("x"):rep(2 * 1024 * 1024)
      local request = upload(new_client(server), { filename = "big", data = data })
      assert.is_nil(request.headers.expect)
      assert.is_true(data == part_of(request))
    end)

    it("leaves nothing in the next request", function()
      local client = new_client(server)
      upload(client, { filename = "a", data = "b" })
      assert.are.equal(COMMON, sorted_names(sent(client.account.balance)))
      assert.are.equal('{"url":"u","title":"t"}', sent(client.sites.create, { url = "u", title = "t" }).body)
    end)
  end)
end)
