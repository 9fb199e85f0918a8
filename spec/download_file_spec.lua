--- Downloads that go to a file, and exports: job, wait and download as one call.
-- SPDX-License-Identifier: MIT

local folder = require "support.folder"
local http = require "spec.support.http"
local process = require "spec.support.process"
local raw_server = require "spec.support.raw_server"
local scene = require "support.scene"
local script = require "support.script"
local system = require "support.system"
local wire = require "spec.support.wire"

local answer = raw_server.answer
local names, read = folder.names, system.read

after_each(wire.finish)
after_each(folder.finish)

local function packed(text)
  local path = folder.new() .. "/plain"
  system.write(path, text)
  return system.output("gzip -c " .. path)
end

describe("a download to a file", function()
  it("writes the bytes, and returns the name and how many there are", function()
    local dir, client = folder.new(), wire.client(http.answering(answer("200 OK", {}, http.EVERY_BYTE)))
    local name, response = client:download(client.base_url .. "/a.bin", { to = dir .. "/a.bin" })
    assert.equal(dir .. "/a.bin", name)
    assert.equal("256", tostring(response.size))
    assert.equal(200, response.status)
    assert.equal(http.EVERY_BYTE, read(name))
    assert.same({ "a.bin" }, names(dir))
  end)

  it("unpacks gzip if told, whether the server has packed it for the way or not", function()
    local text = ("id,anchor\r\n"):rep(50000)
    local gzip = packed(text)
    local client = wire.client(http.answering(answer("200 OK", {}, gzip),
      answer("200 OK", { "Content-Encoding: gzip" }, gzip), answer("200 OK", {}, gzip)))
    local path, url = folder.new() .. "/links.csv", client.base_url .. "/links.csv.gz"
    for _ = 1, 2 do
      local _, response = assert(client:download(url, { to = path, gunzip = true }))
      assert.equal(text, read(path))
      assert.equal(#text, response.size)
    end
    assert(client:download(url, { to = path }))
    assert.equal(gzip, read(path))
  end)

  it("leaves nothing of a file whose gzip is damaged", function()
    local gzip = packed(("x"):rep(1000))
    local dir, client = folder.new(), wire.client(http.answering(answer("200 OK", {}, gzip:sub(1, -5))))
    system.write(dir .. "/a", "old")
    local err = wire.failed("decode", "bad_gzip", client:download(client.base_url .. "/a", { to = dir .. "/a", gunzip = true }))
    assert.equal("the file's gzip is damaged or cut short", err.message)
    assert.equal("old", read(dir .. "/a"))
    assert.same({ "a" }, names(dir))
  end)

  it("keeps the file when the answer is an error, and shows its text", function()
    local dir = folder.new()
    local client = wire.client(http.answering(answer("404 Not Found", { "Content-Type: application/json" },
      '{"message":"expired"}')))
    local err = wire.failed("not_found", "not_found", client:download(client.base_url .. "/a", { to = dir .. "/a" }))
    assert.equal("expired", err.message)
    assert.same({}, names(dir))
  end)

  it("begins again when an attempt was cut short, and gives up with nothing left", function()
    local text = ("0123456789"):rep(2000)
    local short = { "request", { "send", (answer("200 OK", {}, text):sub(1, -5000)) }, "close" }
    local whole = { "request", { "send", answer("200 OK", {}, text) }, "close" }
    local dir, client = folder.new(), wire.client(wire.start { short, whole, short }, { retries = 1 })
    local path, url = dir .. "/a", client.base_url .. "/a"
    local _, response = assert(client:download(url, { to = path }))
    assert.equal(2, response.attempts)
    assert.equal(text, read(path))
    os.remove(path)
    wire.failed("network", "truncated", client:download(url, { to = path, retries = 0 }))
    assert.same({}, names(dir))
  end)

  it("is bounded by max_body only if the user has set it", function()
    local text = ("x"):rep(3000)
    local dir = folder.new()
    local client = wire.client(http.answering(answer("200 OK", {}, packed(text))), { max_body = 2999 })
    local err = wire.failed("too_large", "body",
      client:download(client.base_url .. "/a", { to = dir .. "/a", gunzip = true }))
    assert.equal("the file is larger than 2999 bytes", err.message)
    assert.same({}, names(dir))
  end)

  it("ends at its deadline, and leaves nothing", function()
    local dir = folder.new()
    local dripping = { "request", { "send", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" }, { "dribble", "x", 0.01 } }
    local client = wire.client(wire.start { dripping })
    wire.failed("timeout", "no_answer", client:download(client.base_url .. "/a", { to = dir .. "/a", timeout = 0.2 }))
    assert.same({}, names(dir))
  end)

  it("ends at its deadline although gzip inside of gzip unpacks to nothing", function()
    local dir = folder.new()
    system.write(dir .. "/members", packed(""):rep(50000))
    local gzip = system.output(("for i in $(seq 200); do cat %s/members; done | gzip -c"):format(dir))
    os.remove(dir .. "/members")
    local client = wire.client(http.answering(answer("200 OK", { "Content-Encoding: gzip" }, gzip)))
    local err = select(2, client:download(client.base_url .. "/a.gz", { to = dir .. "/a", gunzip = true, timeout = 0.1 }))
    assert.equal("timeout", err.kind)
    assert.same({}, names(dir))
  end)

  it("leaves nothing when the client is closed or the call collected", function()
    local dir = folder.new()
    local client = wire.client(http.answering())
    local call = client._core:download(client.base_url, "/a", { to = dir .. "/a" })
    assert.equal(1, #names(dir))
    call:cancel()
    call:trim()
    assert.same({}, names(dir))
    call = client._core:download(client.base_url, "/a", { to = dir .. "/a" })
    assert.is_userdata(call)
    call = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.same({}, names(dir))
  end)

  it("says why a file can't be written before anything is sent", function()
    local client, log = script.new(function() return "{}" end)
    local dir = folder.new()
    for path, reason in pairs {
      [dir] = "it is a directory", [dir .. "/none/a"] = "No such file or directory", ["/dev/full"] = "it is no regular file",
    } do
      local err = wire.failed("file", "cant_write", client:download("https://files.example/a", { to = path }))
      assert.equal(("can't write %s: %s"):format(path, reason), err.message)
      assert.truthy(err.where:find("download_file_spec", 1, true))
    end
    assert.equal(0, #log)
    assert.equal("client:download: option gunzip goes with to: bytes that are returned stay as they are",
      script.raised(client.download, client, "https://files.example/a", { gunzip = true }))
  end)

  it("says that the disk is full, sends nothing again, and leaves nothing", function()
    local server = http.answering(answer("200 OK", {}, ("x"):rep(1000000)))
    local dir, program = folder.new(), folder.new() .. "/download.lua"
    system.write(program, ([[
      local client = require("seranking").new { token = %q, base_url = %q, share = "off", retries = 3 }
      local _, err = client:download(%q, { to = %q })
      print(err.kind, err.code, err.message, err.attempts, err.sent, err.retryable)
    ]]):format(wire.KEY, server.url, server.url .. "/large", dir .. "/large"))
    -- the limit on the size of files stands in for a full disk
    assert.equal(("file\tcant_write\tcan't write %s/large: File too large\t1\ttrue\tfalse\n"):format(dir),
      system.output(("trap '' XFSZ; ulimit -f 100; '%s' %s"):format(process.interpreter(), program)))
    assert.same({}, names(dir))
    assert.equal(1, #server.requests())
  end)

  it("is written by the worker thread in event loops, and leaves nothing when it is given up there", function()
    local text = ("id,anchor\r\n"):rep(50000)
    local gzip = packed(text)
    local function run_in_luv(f)
      local uv = require "luv"
      coroutine.wrap(f)()
      uv.run()
    end
    local function run_in_cqueues(f)
      local loop = require("cqueues").new()
      loop:wrap(f)
      assert(loop:loop(10))
    end
    for name, run in pairs { luv = run_in_luv, cqueues = run_in_cqueues } do
      local dir = folder.new()
      local client = wire.client(http.answering(answer("200 OK", {}, gzip)))
      local file, response, problem
      run(function()
        file, response = client:download(client.base_url .. "/a", { to = dir .. "/a", gunzip = true })
      end)
      assert.equal(dir .. "/a", file, name .. ": " .. tostring(response))
      assert.equal(#text, response.size)
      assert.equal(text, read(dir .. "/a"))
      local slow = wire.client(wire.start { { "request",
        { "send", "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" }, { "dribble", "x", 0.01 } } })
      run(function()
        file, problem = slow:download(slow.base_url .. "/b", { to = dir .. "/b", timeout = 0.2 })
      end)
      wire.failed("timeout", "no_answer", file, problem)
      assert.same({ "a" }, names(dir))
    end
  end)

  it("needs no more memory for a large file than for a small one", function()
    local chunk = ("x"):rep(1024 * 1024)
    local steps = { "request", { "send", ("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"):format(#chunk * 100) } }
    for _ = 1, 100 do
      steps[#steps + 1] = { "send", chunk }
    end
    local server = wire.start { steps }
    local path = folder.new() .. "/large"
    local program = folder.new() .. "/download.lua"
    system.write(program, ([[
      local client = require("seranking").new { token = %q, base_url = %q, share = "off" }
      local _, response = assert(client:download(%q, { to = %q }))
      print(response.size)
      print(io.open("/proc/self/status"):read "*a":match "VmHWM:%%s*(%%d+)")
    ]]):format(wire.KEY, server.url, server.url .. "/large", path))
    local lines = system.lines(("'%s' %s"):format(process.interpreter(), program))
    assert.equal(#chunk * 100, tonumber(lines[1]))
    assert.is_true(tonumber(lines[2]) < 64 * 1024, lines[2] .. " KiB at most in memory")
  end)
end)

describe("an export", function()
  local function rows(path)
    local count = 0
    for _ in io.lines(path) do
      count = count + 1
    end
    return count
  end

  it("makes the job, waits and unpacks the file", function()
    local client, _, clock = scene.new { data_token = scene.V1_KEY, fake = { rows = 25 } }
    local path, before = folder.new() .. "/links.csv", clock:now()
    local name, response = client.data.backlinks.export.create:export({ target = "anchors.example" }, { to = path })
    assert.equal(path, name)
    assert.equal(26, rows(path))
    assert.truthy(read(path):find("^url_from,url_to,title,anchor,"))
    assert.equal("1_", response.job.task_id:sub(1, 2))
    assert.is_true(clock:now() > before)
  end)

  it("keeps the file packed if its name ends in .gz, or if told", function()
    local client = scene.new { data_token = scene.V1_KEY, fake = { rows = 3 } }
    local dir, create = folder.new(), client.data.backlinks.export.create
    assert(create:export({ target = "anchors.example" }, { to = dir .. "/links.csv.gz" }))
    assert(create:export({ target = "anchors.example" }, { to = dir .. "/links.csv", gunzip = false }))
    assert.equal("\31\139", read(dir .. "/links.csv.gz"):sub(1, 2))
    assert.equal("\31\139", read(dir .. "/links.csv"):sub(1, 2))
  end)

  it("asks for no job when the file can't be written", function()
    local client = scene.new { data_token = scene.V1_KEY }
    local err = wire.failed("file", "cant_write",
      client.data.backlinks.export.create:export({ target = "anchors.example" }, { to = folder.new() .. "/none/a" }))
    assert.truthy(err.message:find("No such file or directory", 1, true))
    assert.equal(0, client.data:spent().calls)
  end)

  it("names the job when the download fails, and the job's file needs no new one", function()
    local client, api = scene.new { data_token = scene.V1_KEY, fake = { rows = 3 }, retries = 0 }
    local path, op = folder.new() .. "/links.csv", client.data.backlinks.export
    local number = assert(op.create { target = "anchors.example" }).task_id:match "^1_(%d+)$"
    local id = ("1_%d"):format(number + 1)
    api:fail { path = "/exports/" .. id .. ".csv.gz", status = 500 }
    local file, err = op.create:export({ target = "anchors.example" }, { to = path })
    assert.is_nil(file)
    assert.equal("server", err.kind)
    assert.same({ task_id = id }, err.job)
    assert.equal('the job is done: client.data.backlinks.export.status:export({ task_id = "' .. id .. '" }, { to = … }) '
      .. "downloads its file", err.hint)
    local name, response = op.status:export({ task_id = id }, { to = path })
    assert.equal(path, name)
    assert.equal(id, response.job.task_id)
    assert.equal(4, rows(path))
    assert.equal(2, client.data:spent().unknown) -- the jobs of create, whose price is not known; none more
  end)

  it("needs a file name, and an operation that makes a file", function()
    local client = scene.new()
    assert.equal('data.backlinks.export.create: export needs the name of a file: export({ … }, { to = "links.csv" })',
      script.misuse_of(function() client.data.backlinks.export.create:export { target = "a.example" } end))
    assert.equal("data.account.credits makes no file: call it, or data.account.credits:each { … } where it returns a list",
      script.misuse_of(function() client.data.account.credits:export({}, { to = "a" }) end))
  end)
end)
