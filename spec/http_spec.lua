--- Holds the client to HTTP over real sockets: what goes out byte by byte, and what comes of all ways to fail.
-- SPDX-License-Identifier: MIT

local socket = require "socket"
local seranking = require "seranking"
local operation = require "seranking.operation"
local process = require "spec.support.process"
local raw_server = require "spec.support.raw_server"
local wire = require "spec.support.wire"

local KEY = wire.KEY
local new_client, start, works, failed = wire.client, wire.start, wire.works, wire.failed
local UUID = "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6"
local answer = raw_server.answer

local ANSWER = raw_server.ANSWER
local EVERY_BYTE = {}
for byte = 0, 255 do
  EVERY_BYTE[byte + 1] = string.char(byte)
end
EVERY_BYTE = table.concat(EVERY_BYTE)

--- A server whose first connection gives one answer after the other, and then ANSWER for ever.
local function answering(...)
  local steps = {}
  for _, bytes in ipairs { ... } do
    steps[#steps + 1] = "request"
    steps[#steps + 1] = { "send", bytes }
  end
  local last = #steps + 1
  for _, step in ipairs { "request", { "send", ANSWER }, { "again", last } } do
    steps[#steps + 1] = step
  end
  return start { steps }
end

-- Fails unless what was to take `asked` seconds took them. Ten seconds more would be a hang.
local function took(asked, seconds)
  assert.is_true(seconds >= 0.9 * asked and seconds < asked + 10, ("took %.2f s instead of %.2f s"):format(seconds, asked))
end

local function sorted_names(request)
  local names = {}
  for i, name in ipairs(request.names) do
    names[i] = name:lower()
  end
  table.sort(names)
  return table.concat(names, " ")
end

local function shell(command)
  local pipe = assert(io.popen(command, "r"))
  local output = pipe:read "*a"
  pipe:close()
  return output
end

local function with_file(text, use)
  local name = os.tmpname()
  local file = assert(io.open(name, "wb"))
  file:write(text)
  file:close()
  local result = use(name)
  os.remove(name)
  return result
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

  it("is a GET without a body and without a word about one", function()
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

  it("is a POST with exactly the JSON that was meant", function()
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

  it("is a DELETE with a JSON body where one is asked for", function()
    local client = new_client(server)
    local request = sent(client.request, client,
      { method = "DELETE", path = "/x", query = { ids = { 1, 2 } }, body = { ids = { 3 } } })
    assert.are.equal("DELETE /x?ids%5B%5D=1&ids%5B%5D=2", request.method .. " " .. request.target)
    assert.are.equal(WITH_JSON, sorted_names(request))
    assert.are.equal('{"ids":[3]}', request.body)
  end)

  for _, method in ipairs { "POST", "PUT", "PATCH" } do
    it("is a " .. method .. " without a body that says so, and names no type", function()
      local client = new_client(server)
      local request = sent(client.request, client, { method = method, path = "/x" })
      assert.are.equal(method, request.method)
      assert.are.equal("accept accept-encoding authorization content-length host user-agent", sorted_names(request))
      assert.are.equal("0", request.headers["content-length"])
    end)
  end

  it("does not wait for a permission to send a large body", function()
    local client = new_client(server)
    local text = '"' .. ("x"):rep(3 * 1024 * 1024) .. '"'
    local request = sent(client.request, client, { method = "POST", path = "/x", body = text })
    assert.are.equal(WITH_JSON, sorted_names(request))
    assert.is_true(text == request.body)
  end)

  it("keeps every byte of a body", function()
    local client = new_client(server)
    local request = sent(client.request, client, { method = "POST", path = "/x", body = EVERY_BYTE })
    assert.are.equal("256", request.headers["content-length"])
    assert.is_true(EVERY_BYTE == request.body)
  end)

  it("has nothing left of the request before it", function()
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

  it("carries the headers of the call and the program's name", function()
    local client = new_client(server, { user_agent = "my-tool/2" })
    local request = sent(client.account.balance, nil, { headers = { ["X-One"] = "a b", ["X-Empty"] = "" } })
    assert.are.equal("a b", request.headers["x-one"])
    assert.are.equal("", request.headers["x-empty"])
    assert.is_truthy(request.headers["user-agent"]:find "^my%-tool/2 seranking%-lua/")
    assert.are.equal("Token " .. KEY, request.headers.authorization)
  end)

  describe("with a key", function()
    local function places(request)
      local query = request.target:match "%?(.*)$"
      return query or "-", request.headers.authorization or "-"
    end

    it("has it in the header, of both generations", function()
      for _, options in ipairs { { token = KEY }, { token = UUID, api = "v1" } } do
        local query, header = places(sent(new_client(server, options).account.subscription))
        assert.are.equal("-", query)
        assert.are.equal("Token " .. options.token, header)
      end
    end)

    it("has it as token in v4's query, and only there", function()
      local client = new_client(server, { auth = "query" })
      local query, header = places(sent(client.account.balance))
      assert.are.equal("token=" .. KEY, query)
      assert.are.equal("-", header)
      query = places(sent(client.sites.positions.list, { site_id = 1, date_from = "2024-01-01" }))
      assert.are.equal("date_from=2024-01-01&token=" .. KEY, query)
    end)

    it("has it as apikey in v1's query, and only there", function()
      local client = new_client(server, { token = UUID, auth = "query" })
      local request = sent(client.sites.summary, { site_id = 1 })
      local query, header = places(request)
      assert.are.equal("/v1/project-management/sites/summary", request.target:match "^[^?]*")
      assert.are.equal("site_id=1&apikey=" .. UUID, query)
      assert.are.equal("-", header)
    end)

    it("is never beside a parameter of its name: nothing is sent", function()
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
      -- where the key has another name, or is not in the address, the parameter goes out, once
      assert.are.equal("site_id=1&token=a&apikey=" .. UUID, (places(sent(
        new_client(server, { token = UUID, auth = "query" }).backlinks.gsc.status, { site_id = 1, job_token = "a" }))))
      assert.are.equal("token=a", (places(sent(new_client(server).backlinks.gsc.status, { site_id = 1, job_token = "a" }))))
      assert.are.equal("token=a", (places(sent(
        new_client(server, { token = false, auth = "query" }).backlinks.gsc.status, { site_id = 1, job_token = "a" }))))
    end)

    it("escapes in the query what a key can't be there", function()
      local query = places(sent(new_client(server, { token = "a+b&c=d%e/f#g", auth = "query" }).account.balance))
      assert.are.equal("token=a%2Bb%26c%3Dd%25e%2Ff%23g", query)
    end)

    it("has none when none is meant", function()
      for _, auth in ipairs { "header", "query" } do
        local query, header = places(sent(new_client(server, { token = false, auth = auth }).account.balance))
        assert.are.equal("- -", query .. " " .. header)
      end
    end)
  end)

  it("for a file elsewhere has no key, neither in a header nor in its address, and is no JSON's", function()
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

    it("has its bytes and its name intact", function()
      local data = EVERY_BYTE .. "\r\n--boundary\r\n" .. EVERY_BYTE
      local request = upload(new_client(server), { filename = "käse 1.csv", data = data, content_type = "text/csv" })
      local bytes, head = part_of(request)
      assert.are.equal("POST /audit/upload", request.method .. " " .. request.target)
      assert.are.equal(WITH_JSON, sorted_names(request))
      assert.is_true(data == bytes)
      assert.are.equal('Content-Disposition: form-data; name="file"; filename="käse 1.csv"\r\n'
        .. "Content-Type: text/csv\r\n", head)
    end)

    it("may be empty, and does not end its header with its name", function()
      local request = upload(new_client(server), { filename = 'a"b\r\nc.csv', data = "" })
      local bytes, head = part_of(request)
      assert.are.equal("", bytes)
      assert.are.equal('Content-Disposition: form-data; name="file"; filename="a%22b%0D%0Ac.csv"', head:match "^[^\r]*")
    end)

    it("has no name or type that would end or cut its header", function()
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

    it("may be one part among texts and lists, each in its place", function()
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
        source = "us", keywords = keywords, file = { filename = "a.csv", data = EVERY_BYTE, content_type = "text/csv" },
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
        .. "Content-Type: text/csv\r\n\r\n" .. EVERY_BYTE)
    end)

    it("does not wait for a permission either", function()
      local data = ("x"):rep(2 * 1024 * 1024)
      local request = upload(new_client(server), { filename = "big", data = data })
      assert.is_nil(request.headers.expect)
      assert.is_true(data == part_of(request))
    end)

    it("leaves nothing for the next request", function()
      local client = new_client(server)
      upload(client, { filename = "a", data = "b" })
      assert.are.equal(COMMON, sorted_names(sent(client.account.balance)))
      assert.are.equal('{"url":"u","title":"t"}', sent(client.sites.create, { url = "u", title = "t" }).body)
    end)
  end)
end)

describe("a connection", function()
  it("is used again", function()
    local server = start {}
    local client = new_client(server)
    assert.is_false(works(client).reused)
    assert.is_true(works(client).reused)
    assert.is_true(works(client).reused)
    local connections = server.report()
    assert.are.equal(1, #connections)
    assert.are.equal(3, #connections[1].requests)
  end)

  it("is used again after an error that leaves it whole", function()
    local server = answering(answer("404 Not Found", {}, "{}"), answer("500 Server Error", {}, ""))
    local client = new_client(server)
    failed("not_found", "not_found", client:request { path = "/x" })
    failed("server", "server_error", client:request { path = "/x" })
    assert.is_nil(server.report()[2])
  end)

  it("is closed by close, and by the garbage collector", function()
    local server = start {}
    local client = new_client(server)
    works(client)
    client:close()
    assert.are.equal("client", server.report()[1].ended)
    assert.has_error(function() client.account:balance() end)

    works(assert(seranking.new { token = false, base_url = server.url, share = "off" }))
    collectgarbage()
    collectgarbage()
    assert.are.equal("client", server.report()[2].ended)
  end)

  it("that the server has closed meanwhile is not used: a POST goes out once, on a new one", function()
    local server = start { { "request", { "send", ANSWER }, "close" } }
    local client = new_client(server)
    works(client)
    assert.are.equal("close", server.report()[1].ended)
    local data, response = client:request { method = "POST", path = "/x" }
    assert.are.same({ ok = true }, data)
    assert.is_false(response.reused)
    assert.are.equal(1, response.attempts)
    assert.are.equal(2, #server.requests())
  end)

  it("is waited for by nobody: a second call under way takes another", function()
    local both = { "request", { "await", 2 }, { "send", ANSWER } }
    local server = start { both, both }
    local client = new_client(server)
    local handle, calls = client._core, {}
    for i = 1, 2 do
      calls[i] = handle:call("GET", "/" .. i, nil, nil, nil, true, { timeout = 3 })
      handle:run(calls[i], 0)
    end
    for i = 1, 2 do
      while not handle:run(calls[i], 1) do end
      assert.is_true((calls[i]:result()))
    end
    assert.are.equal(2, #server.report())
  end)

  for _, ending in ipairs { "close", "reset" } do
    describe("that ends before the answer (" .. ending .. ")", function()
      it("when new, fails a POST, which was sent once", function()
        local server = start { { "request", ending } }
        local client = new_client(server, { retries = 3 })
        local err = failed("network", "connection_lost", client.sites:create { url = "u", title = "t" })
        assert.is_true(err.sent)
        assert.is_false(err.retryable)
        assert.are.equal(1, err.attempts)
        assert.are.equal(1, #server.requests())
        works(client)
      end)

      it("when new, has a GET repeated", function()
        local server = start { { "request", ending }, { "request", ending } }
        local client = new_client(server, { retries = 2, clock = seranking.clock() })
        local response = works(client)
        assert.are.equal(3, response.attempts)
        assert.are.equal(3, #server.requests())
      end)

      it("when used again, fails a POST, which was sent once", function()
        local server = start { { "request", { "send", ANSWER }, "request", ending } }
        local client = new_client(server, { retries = 3 })
        works(client)
        local err = failed("network", "connection_lost", client.sites:create { url = "u", title = "t" })
        assert.is_true(err.sent)
        assert.is_false(err.retryable)
        assert.are.equal(1, err.attempts)
        local posts = 0
        for _, request in ipairs(server.requests()) do
          posts = posts + (request.method == "POST" and 1 or 0)
        end
        assert.are.equal(1, posts)
        works(client)
      end)

      it("when used again, has a GET repeated by the engine, not by libcurl", function()
        local server = start { { "request", { "send", ANSWER }, "request", ending } }
        local client = new_client(server, { retries = 1, clock = seranking.clock() })
        works(client)
        assert.are.equal(2, works(client).attempts)
        assert.are.equal(3, #server.requests())
      end)

      it("when used again, fails a GET that may not be repeated", function()
        local server = start { { "request", { "send", ANSWER }, "request", ending } }
        local client = new_client(server)
        works(client)
        local err = failed("network", "connection_lost", client:request { path = "/x" })
        assert.is_true(err.sent)
        assert.is_true(err.retryable)
        assert.are.equal(2, #server.requests())
        works(client)
      end)
    end)
  end

  it("that is refused sends nothing, so that a POST may be repeated", function()
    local server = start {}
    local client = new_client(server, { retries = 2, clock = seranking.clock() })
    server.stop()
    local err = failed("network", "connect", client.sites:create { url = "u", title = "t" })
    assert.is_false(err.sent)
    assert.is_true(err.retryable)
    assert.are.equal(3, err.attempts)
    assert.is_truthy(err.hint:find "base_url")
    server = start({}, { port = server.port })
    works(client)
    assert.are.equal(1, #server.requests())
  end)
end)

describe("time", function()
  -- What libcurl does the first time takes longer under valgrind than the time-outs here.
  before_each(function() works(new_client(start {})) end)

  it("ends at the deadline when nobody accepts, and the request counts as sent", function()
    local listener = assert(socket.bind("127.0.0.1", 0, 8))
    local _, port = listener:getsockname()
    local client = new_client { url = "http://127.0.0.1:" .. port }
    local err = failed("timeout", "no_answer", client.account:balance(nil, { timeout = 0.3, retries = 5 }))
    assert.is_true(err.sent)
    assert.are.equal(1, err.attempts)
    took(0.3, err.elapsed)
    listener:close()
  end)

  it("ends at connect_timeout when no connection comes, and nothing was sent", function()
    local listener = assert(socket.bind("127.0.0.1", 0, 0))
    local _, port = listener:getsockname()
    local fillers = {}
    for i = 1, 8 do -- with its queue full, the kernel drops what else comes
      fillers[i] = socket.tcp()
      fillers[i]:settimeout(0)
      fillers[i]:connect("127.0.0.1", port)
    end
    local client = new_client { url = "http://127.0.0.1:" .. port }
    local data, err = client.sites:create({ url = "u", title = "t" }, { connect_timeout = 0.3, timeout = 20 })
    failed("timeout", "no_connection", data, err)
    assert.is_false(err.sent)
    assert.is_true(err.retryable)
    took(0.3, err.elapsed)
    for _, filler in ipairs(fillers) do
      filler:close()
    end
    listener:close()
  end)

  it("that ends for a POST ends it: once sent, never repeated", function()
    local server = start { { "request" } }
    local client = new_client(server, { retries = 5 })
    local err = failed("timeout", "no_answer", client.sites:create({ url = "u", title = "t" }, { timeout = 0.3 }))
    assert.is_true(err.sent)
    assert.is_false(err.retryable)
    assert.are.equal(1, err.attempts)
    local connections = server.report()
    assert.are.equal(1, #connections)
    assert.are.equal(1, #connections[1].requests)
    assert.are.equal("client", connections[1].ended)
    works(client)
  end)

  it("of one attempt may end, and another be made within the call's", function()
    local server = start { { "request" } }
    local client = new_client(server, { retries = 1, attempt_timeout = 0.2 * process.patience(),
      clock = seranking.clock() })
    assert.are.equal(2, works(client).attempts)
    assert.are.equal(2, #server.requests())
  end)

  it("of one attempt ends a POST", function()
    local server = start { { "request" } }
    local client = new_client(server, { retries = 5, attempt_timeout = 0.2 })
    local err = failed("timeout", "no_answer", client.sites:create { url = "u", title = "t" })
    assert.is_true(err.sent)
    assert.are.equal(1, err.attempts)
    took(0.2, err.elapsed)
    assert.are.equal(1, #server.requests())
    works(client)
  end)

  for name, head in pairs {
    body = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n",
    headers = "HTTP/1.1 200 OK\r\nX-Long: ",
    ["1xx answers"] = "HTTP/1.1 100 Continue\r\n\r\n",
  } do
    it("ends an answer whose " .. name .. " never end", function()
      local bytes = name == "1xx answers" and head or "x"
      local server = start { { "request", { "send", head }, { "dribble", bytes, 0.01 } } }
      local client = new_client(server)
      local err = failed("timeout", "no_answer", client.account:balance(nil, { timeout = 0.4, retries = 5 }))
      assert.is_true(err.sent)
      took(0.4, err.elapsed)
      works(client)
    end)
  end

  it("is not needed by an answer that only comes slowly", function()
    local fake = process.fake { limit = 1000 }
    wire.keep(fake)
    fake.fail { fault = "slow", body = '{"a":1}' }
    assert.are.equal(1, assert(new_client(fake).account:balance()).a)
  end)
end)

describe("an answer", function()
  it("says what is known of it", function()
    local server = answering(answer("201 Created",
      { "Content-Type: application/json", "X-Twice: a", "x-other:  b ", "X-TWICE: c", "X-Empty:" },
      '{"site_id":147696}'))
    local client = new_client(server)
    local data, response = client.sites:create { url = "u", title = "t" }
    assert.are.equal("147696", tostring(data.site_id))
    assert.are.equal(201, response.status)
    assert.are.equal("a, c", response.headers["x-twice"])
    assert.are.equal("a, c", response.headers["X-Twice"])
    assert.are.equal("b", (response.headers["X-Other"]:gsub("%s+$", "")))
    assert.are.equal("", response.headers["x-empty"])
    assert.is_nil(response.headers["x-none"])
    assert.are.equal(1, response.attempts)
    assert.is_true(response.elapsed > 0 and response.elapsed < 10)
    assert.is_true(response.waited < 0.1)
    assert.is_false(response.reused)
    assert.are.equal("1.1", response.http_version)
    assert.is_true(works(client).reused)
  end)

  it("says how long it waited for the limiter", function()
    local client = new_client(start {}, { share = "process", rate = { limit = 1, per = 0.6 } })
    assert.is_true(works(client).waited < 0.3)
    local response = works(client)
    assert.is_true(response.waited > 0.2)
    assert.is_true(response.elapsed >= response.waited)
  end)

  it("may be compressed", function()
    local text = '{"currency":"rur","value":2296380.85,"pad":"' .. ("x"):rep(5000) .. '"}'
    local gzip = with_file(text, function(name) return shell("gzip -c " .. name) end)
    local server = answering(answer("200 OK", { "Content-Type: application/json", "Content-Encoding: gzip" }, gzip))
    local client = new_client(server)
    local balance = assert(client.account:balance())
    assert.are.equal(2296380.85, balance.value)
    assert.are.equal(5000, #balance.pad)
    assert.is_true(works(client).reused)
  end)

  it("that is compressed wrongly is an error", function()
    local client = new_client(answering(answer("200 OK", { "Content-Encoding: gzip" }, "this is no gzip")))
    failed("protocol", "bad_answer", client.account:balance())
    works(client)
  end)

  it("that unpacks into more than max_body ends there, in bounded memory", function()
    local SIZE = 64 * 1024 * 1024
    local bomb = shell(("head -c %d /dev/zero | gzip -c"):format(SIZE))
    assert.is_true(#bomb < 200000)
    local server = answering(answer("200 OK", { "Content-Encoding: gzip" }, bomb))
    local client = new_client(server, { max_body = 1024 * 1024 })
    local function status(field)
      local file = assert(io.open "/proc/self/status")
      local text = file:read "*a"
      file:close()
      return 1024 * tonumber(text:match(field .. ":%s+(%d+)"))
    end
    local file = assert(io.open("/proc/self/clear_refs", "w"))
    file:write "5" -- the peak is counted from now on
    assert(file:close())
    local before = status "VmRSS"
    local err = failed("too_large", "body", client.account:balance())
    assert.is_true(status "VmHWM" - before < SIZE / 4)
    assert.is_truthy(err.hint:find "max_body")
    assert.is_true(err.sent)
    assert.is_false(err.retryable)
    works(client)
  end)

  it("may be as large as max_body, and not a byte larger", function()
    local server = answering(answer("200 OK", {}, ("x"):rep(1000)), answer("200 OK", {}, ("x"):rep(1001)))
    local client = new_client(server, { max_body = 1000 })
    assert.are.equal(1000, #assert(client:request { path = "/x" }))
    failed("too_large", "body", client:request { path = "/x" })
    works(client)
  end)

  it("with ten thousand header lines is refused", function()
    local lines = {}
    for i = 1, 10000 do
      lines[i] = ("X-Header-%05d: value"):format(i)
    end
    local client = new_client(answering(answer("200 OK", lines, "{}")))
    local err = failed("too_large", "headers", client.account:balance())
    assert.is_true(err.sent)
    works(client)
  end)

  it("with a header of a megabyte is refused", function()
    local client = new_client(answering(answer("200 OK", { "X-Long: " .. ("x"):rep(1024 * 1024) }, "{}")))
    local err = failed("too_large", "headers", client.account:balance())
    assert.is_true(err.sent)
    works(client)
  end)

  it("with a NUL in a header is refused", function()
    local client = new_client(answering(answer("200 OK", { "X-Nul: a\0b" }, "{}")))
    local err = failed("protocol", "bad_answer", client.account:balance())
    assert.is_true(err.sent)
    works(client)
  end)

  it("keeps every byte of a body that is no JSON", function()
    local client = new_client(answering(answer("200 OK", { "Content-Type: text/plain" }, EVERY_BYTE)))
    assert.is_true(EVERY_BYTE == client:request { path = "/x" })
    works(client)
  end)

  it("of JSON that is not UTF-8 gives its bytes as they are", function()
    local client = new_client(answering(answer("200 OK", {}, '{"currency":"caf\233 \255","value":1}')))
    assert.are.equal("caf\233 \255", client.account:balance().currency)
  end)

  it("of JSON may hold NUL as JSON writes it, and not as it is", function()
    local client = new_client(answering(answer("200 OK", {}, '{"currency":"a\\u0000b"}'),
      answer("200 OK", {}, '{"currency":"a\0b"}')))
    assert.are.equal("a\0b", client.account:balance().currency)
    failed("decode", "bad_json", client.account:balance())
    works(client)
  end)

  for type, body in pairs {
    ["application/json"] = '{"message":"caf\233 \255 fails"}',
    ["text/plain"] = "caf\233 \255 fails",
  } do
    it("that says in broken UTF-8 what is wrong (" .. type .. ") is told in valid", function()
      local client = new_client(answering(answer("400 Bad Request", { "Content-Type: " .. type }, body)))
      local err = failed("invalid", "bad_request", client.account:balance())
      assert.are.equal("caf\239\191\189 \239\191\189 fails", err.message)
      assert.is_nil(err.body:find "[\233\255]")
      assert.are.equal(400, err.status)
      works(client)
    end)
  end

  it("that says with a NUL what is wrong is told without", function()
    local body = '{"message":"caf\0e","a":"\0\0"}\0'
    local client = new_client(answering(answer("400 Bad Request", {}, body), answer("500 Oh", {}, "a\0b\0")))
    local err = failed("invalid", "bad_request", client.account:balance())
    assert.is_nil((err.message .. err.body):find "%c")
    err = failed("server", "server_error", client.account:balance())
    assert.are.equal("ab", err.message)
    works(client)
  end)

  it("without a body is an error for an operation that has one, else a success", function()
    local empty = answer("200 OK", {}, "")
    local client = new_client(answering(empty, empty, empty, "HTTP/1.1 204 No Content\r\n\r\n"))
    local err = failed("decode", "empty_body", client.account:balance())
    assert.are.equal(200, err.status)
    assert.is_true(err.sent)
    assert.is_true(client.sites:delete { site_id = 1 })
    assert.is_true(client:request { method = "POST", path = "/x" })
    assert.is_true(client.sites.keywords:delete { site_id = 1, keywords_ids = { 2 } })
    works(client)
  end)

  it("with a colon in its status line and a folded header has the headers that it has", function()
    local client = new_client(answering(answer("200 it: works", { "X-A: one", "\ttwo", "X-B: 2" }, "[]")))
    local _, response = client.sites:list()
    assert.are.equal("one two", response.headers["X-A"])
    assert.are.equal("2", response.headers["x-b"])
    local names = 0
    for _ in pairs(response.headers) do
      names = names + 1
    end
    assert.are.equal(3, names) -- and Content-Length
    works(client)
  end)

  it("that is an HTML page of a proxy is told as what it is", function()
    local page = "<html><head><title>502 Bad Gateway</title></head></html>"
    local client = new_client(answering(answer("502 Bad Gateway", { "Content-Type: text/html" }, page),
      answer("200 OK", { "Content-Type: text/html" }, page)))
    local err = failed("server", "bad_gateway", client.account:balance())
    assert.are.equal("Bad Gateway (the answer is an HTML page)", err.message)
    assert.are.equal(page, err.body)
    assert.are.equal(502, err.status)
    err = failed("decode", "bad_json", client.account:balance())
    assert.are.equal(page, err.body)
    works(client)
  end)

  it("of broken JSON is an error that shows it", function()
    local client = new_client(answering(answer("200 OK", {}, '{"currency":')))
    local err = failed("decode", "bad_json", client.account:balance())
    assert.are.equal('{"currency":', err.body)
    assert.are.equal(200, err.status)
    works(client)
  end)

  it("may come after 1xx ones", function()
    local client = new_client(answering("HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n"
      .. "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" .. ANSWER))
    local response = works(client)
    assert.are.equal(200, response.status)
    assert.is_nil(response.headers["x-early"])
    assert.is_nil(response.headers.link)
    assert.are.equal("application/json", response.headers["content-type"])
    assert.is_true(works(client).reused)
  end)

  it("may be chunked, with trailers", function()
    local client = new_client(answering("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
      .. "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
      .. '5;extension=1\r\n{"ok"\r\n6\r\n:true}\r\n0\r\nX-Sum: 42\r\n\r\n'))
    assert.are.equal("42", works(client).headers["x-sum"])
    assert.is_true(works(client).reused)
  end)

  it("whose chunks are broken is an error", function()
    local client = new_client(answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"))
    local data, err = client.account:balance()
    assert.is_nil(data)
    assert.is_truthy(err.kind == "network" or err.kind == "protocol")
    assert.is_true(err.sent)
    works(client)
  end)

  it("of HTTP/1.0 ends with its connection", function()
    local server = start {
      { "request", { "send", 'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{"ok":true}' }, "close" },
    }
    local client = new_client(server)
    assert.are.equal("1.0", works(client).http_version)
    assert.is_false(works(client).reused)
  end)

  it("that is no HTTP is an error", function()
    local client = new_client(start { { "request", { "send", "SSH-2.0-OpenSSH_9.2\r\n" } } })
    local err = failed("protocol", "bad_answer", client.account:balance())
    assert.is_true(err.sent)
    works(client)
  end)

  for name, head in pairs {
    ["Content-Length"] = "Content-Length: 1000\r\n\r\n",
    chunks = "Transfer-Encoding: chunked\r\n\r\n3e8\r\n",
  } do
    it("cut off within its body (" .. name .. ") is an error", function()
      local server = start { { "request", { "send", "HTTP/1.1 200 OK\r\n" .. head .. '{"currency":' }, "close" } }
      local client = new_client(server)
      local err = failed("network", "truncated", client.account:balance())
      assert.is_true(err.sent)
      assert.is_true(err.retryable)
      assert.is_nil(err.status)
      works(client)
    end)
  end

  it("cut off within its head is an error", function()
    local server = start { { "request", { "send", "HTTP/1.1 200 OK\r\nContent-Le" }, "close" } }
    local client = new_client(server)
    local data, err = client.account:balance()
    assert.is_nil(data)
    assert.are.equal("network", err.kind)
    assert.is_true(err.sent)
    works(client)
  end)

  it("whose server is killed in the middle of it is an error, and its successor's comes", function()
    local server = start { { "request", { "send", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{" }, "exit" } }
    local client = new_client(server)
    failed("network", "truncated", client.account:balance())
    server.stop() -- waits for its end
    failed("network", "connect", client.account:balance())
    start({}, { port = server.port })
    works(client)
  end)

  for _, status in ipairs { 301, 302, 307 } do
    it("that points to another host (" .. status .. ") is not followed", function()
      local other = start {}
      local where = other.url .. "/elsewhere"
      local redirect = answer(status .. " Moved", { "Location: " .. where }, "")
      local server = answering(redirect, redirect)
      local client = new_client(server, { retries = 3 })
      for _, call in ipairs {
        function() return client.account:balance() end,
        function() return client.sites:create { url = "u", title = "t" } end,
      } do
        local err = failed("protocol", "redirect", call())
        assert.are.equal(status, err.status)
        assert.is_truthy(err.message:find(where, 1, true))
        assert.are.equal(1, err.attempts)
      end
      works(client)
      assert.are.equal(0, #other.report())
      assert.are.equal(3, #server.requests())
    end)
  end
end)

describe("the fake API over a socket", function()
  local fake

  after_each(function()
    fake.stop()
  end)

  it("can spoil an answer in every way, and the next call works", function()
    fake = process.fake { limit = 1000 }
    local client = new_client(fake)
    for _, case in ipairs {
      { { kind = "html" }, "server bad_gateway" },
      { { kind = "bad_json" }, "decode bad_json" },
      { { kind = "nul" }, "decode bad_json" },
      { { kind = "empty" }, "decode empty_body" },
      { { status = 500 }, "server server_error" },
      { { status = 429 }, "rate_limit too_many_requests" },
      { { fault = "drop" }, "network connection_lost" },
      { { fault = "refuse" }, "network connection_lost" },
      { { fault = "truncate" }, "network truncated" },
      { { status = 301, headers = { Location = "http://127.0.0.1:1/" } }, "protocol redirect" },
    } do
      fake.fail(case[1])
      local data, err = client.account:balance()
      assert.is_nil(data)
      assert.are.equal(case[2], err.kind .. " " .. err.code)
      assert.is_true(err.sent)
      assert.are.equal("rur", assert(client.account:balance()).currency)
    end
    assert.are.equal(20, #fake.log())
  end)

  it("sees one key used by two clients of a process, and never too often", function()
    fake = process.fake { limit = 5, per = 1 }
    local both = {}
    for i = 1, 2 do
      both[i] = new_client(fake, { share = "process" })
    end
    local waited = 0
    for i = 1, 12 do
      local data, response = both[i % 3 % 2 + 1].account:balance()
      assert(data, response)
      assert.are.equal(1, response.attempts)
      waited = waited + response.waited
    end
    assert.is_true(waited > 1)
    local log = fake.log()
    assert.are.equal(12, #log)
    for _, record in ipairs(log) do
      assert.are.equal(200, record.status)
    end
  end)

  it("refuses who goes over its limit, who tries again after a window", function()
    fake = process.fake { limit = 1, per = 0.5 }
    local client = new_client(fake, { retries = 1, rate = { limit = 1, per = 0.5 } })
    assert(client.account:balance())
    local data, response = client.account:balance()
    assert(data, response)
    assert.are.equal(2, response.attempts)
    assert.is_true(response.waited < 0.1)
    took(0.5, response.elapsed)
    local statuses = {}
    for i, record in ipairs(fake.log()) do
      statuses[i] = record.status
    end
    assert.are.same({ 200, 429, 200 }, statuses)
  end)
end)

describe("HTTP/2", function()
  local certificates

  setup(function()
    certificates = process.certificates()
  end)

  teardown(function()
    certificates.remove()
  end)

  --- Starts nghttpd on a folder; it ends with stop() or with this process.
  local function nghttpd(folder)
    for _ = 1, 5 do -- it can't be told to take any port, so somebody may be faster
      local probe = assert(socket.bind("127.0.0.1", 0))
      local _, port = probe:getsockname()
      probe:close()
      local log = folder .. "/log"
      local pipe = assert(io.popen(("nghttpd -v -a 127.0.0.1 --echo-upload -d %s/www %s %s %s >%s 2>&1 & "
        .. "read end; kill $!; wait"):format(folder, port, certificates.key, certificates.certificate, log), "w"))
      local function said()
        local file = io.open(log)
        local text = file and file:read "*a" or ""
        return text, file and file:close()
      end
      local deadline = socket.gettime() + 5
      while socket.gettime() < deadline and not said():find("listen", 1, true) do
        socket.sleep(0.005)
      end
      if said():find("listen 127.0.0.1:" .. port, 1, true) then
        return { url = "https://127.0.0.1:" .. port, said = said, stop = function() pipe:close() end }
      end
      pipe:close()
    end
    error "nghttpd does not start"
  end

  it("is spoken over TLS with a server that offers it", function()
    local folder = shell("mktemp -d"):match "%S+"
    shell(("mkdir -p %s/www/account && printf '{\"currency\":\"rur\"}' >%s/www/account/balance"):format(folder, folder))
    local server = nghttpd(folder)
    local client = new_client(server, { ca_file = certificates.ca })
    local data, response = client.account:balance()
    assert(data, response)
    assert.are.equal("rur", data.currency)
    assert.are.equal("2", response.http_version)
    assert.are.equal(200, response.status)
    assert.are.equal("18", response.headers["Content-Length"])
    assert.is_false(response.reused)

    data, response = client:request { method = "POST", path = "/x", body = EVERY_BYTE }
    assert.is_true(data == EVERY_BYTE)
    assert.are.equal("2", response.http_version)
    assert.is_true(response.reused)

    local err = failed("not_found", "not_found", client.sites:list())
    assert.are.equal(404, err.status)
    assert.is_true(select(2, client.account:balance()).reused)
    assert.is_truthy(server.said():find("authorization: Token " .. KEY, 1, true))
    assert.is_nil(server.said():find("expect:", 1, true))
    client:close()
    server.stop()
    shell("rm -rf " .. folder)
  end)

  it("carries all calls of a map over one connection", function()
    local folder = shell("mktemp -d"):match "%S+"
    shell(("mkdir -p %s/www/account && printf '{\"currency\":\"rur\"}' >%s/www/account/balance"):format(folder, folder))
    local server = nghttpd(folder)
    local client = new_client(server, { ca_file = certificates.ca })
    local list, new = {}, 0
    for i = 1, 30 do
      list[i] = i
    end
    local results, errors = client:map(list, function()
      local _, response = assert(client.account:balance())
      return response
    end, { concurrency = 30 })
    assert.is_nil(errors)
    for i = 1, 30 do
      assert.are.equal("2", results[i].http_version)
      new = new + (results[i].reused and 0 or 1)
    end
    assert.are.equal(1, new)
    client:close()
    server.stop()
    shell("rm -rf " .. folder)
  end)
end)
