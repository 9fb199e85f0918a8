--- seranking fake as a program.
-- SPDX-License-Identifier: MIT

local socket = require "socket"
local cjson = require("cjson").new()
local process = require "spec.support.process"

describe("seranking fake", function()
  local http = require "socket.http"
  local KEY = "0123456789abcdef0123456789abcdef01234567"
  local fake

  after_each(function()
    if fake then
      fake.stop()
    end
  end)

  --- Sends one request with the key in its header, or with another header.
  local function get(path, headers)
    local parts = {}
    local _, status = http.request {
      url = fake.url .. path, sink = require("ltn12").sink.table(parts),
      headers = headers or { Authorization = "Token " .. KEY },
    }
    return status, table.concat(parts)
  end

  it("serves the API until its stdin ends, and no longer", function()
    fake = process.fake { tokens = { KEY } }
    assert.are.equal("http://127.0.0.1:" .. fake.port, fake.url)
    assert.are.same({}, fake.log())
    local status, body = get "/account/balance"
    assert.are.equal(200, status)
    assert.truthy(cjson.decode(body))
    local log = fake.log()
    assert.are.equal(1, #log)
    assert.are.equal("/account/balance", log[1].path)

    local ended_with, said = fake.stop()
    assert.are.equal(0, ended_with)
    assert.are.equal("", said)
    assert.is_nil((socket.connect("127.0.0.1", fake.port)))
    assert.is_nil(fake.stop())
  end)

  it("takes faults and is reset from outside", function()
    fake = process.fake { tokens = { KEY } }
    fake.fail { times = 1, status = 500, body = '{"message":"Server error"}' }
    assert.are.equal(500, (get "/account/balance"))
    assert.are.equal(200, (get "/account/balance"))
    assert.are.equal(2, #fake.log())
    fake.fail { times = 1, status = 500 }
    fake.reset()
    assert.are.equal(0, #fake.log())
    assert.are.equal(200, (get "/account/balance"))
  end)

  it("counts by the limit and the window that it was given", function()
    fake = process.fake { tokens = { KEY }, limit = 2, per = 3600 }
    local statuses = {}
    for index = 1, 3 do
      statuses[index] = get "/account/balance"
    end
    assert.are.same({ 200, 200, 429 }, statuses)
  end)

  it("has the rows and the credits that it was told", function()
    local uuid = "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6"
    local headers = { Authorization = "Token " .. uuid }
    fake = process.fake { tokens = { uuid }, rows = 7, units = 12 }
    local _, body = get("/v1/backlinks/all?target=a.b&output=json", headers)
    assert.are.equal(7, #cjson.decode(body).backlinks)
    _, body = get("/v1/account/subscription?output=json", headers)
    assert.are.equal("5", cjson.decode(body).subscription_info.units_left)
    assert.are.equal(403, (get("/v1/backlinks/export?target=a.b&output=json", headers)))
  end)

  it("logs a line a request, never with the key", function()
    fake = process.fake { tokens = { KEY }, logged = true }
    get "/account/balance"
    get("/account/balance?token=" .. KEY, {})
    get("/" .. KEY)
    fake.log()
    local _, said = fake.stop()
    assert.truthy(said:find "^GET /account/balance 200\nGET /account/balance%?token=%S+ 200\nGET /%S+ 404\n$", said)
    assert.is_nil(said:find(KEY, 1, true))
    assert.is_nil(said:find(KEY:sub(1, 20), 1, true))
  end)

  it("ends after its time though nobody has stopped it", function()
    fake = process.fake { life = 0.2 }
    local deadline = socket.gettime() + 10
    while true do
      local visitor = socket.connect("127.0.0.1", fake.port)
      if not visitor then
        break
      end
      visitor:close()
      assert(socket.gettime() < deadline, "still there")
    end
    assert.are.equal(0, (fake.stop()))
  end)

  it("speaks TLS with the certificate that it was given", function()
    local certificates = process.certificates()
    finally(certificates.remove)
    fake = process.fake { tls = certificates }
    assert.are.equal("https://127.0.0.1:" .. fake.port, fake.url)
    assert.are.same({}, fake.log())
  end)

  it("says at once why it can't start", function()
    local taken = assert(socket.bind("127.0.0.1", 0))
    finally(function() taken:close() end)
    local _, port = taken:getsockname()
    local ok, why = pcall(process.fake, { port = tonumber(port) })
    assert.is_false(ok)
    assert.truthy(tostring(why):find("address already in use", 1, true), why)
    ok, why = pcall(process.fake, { limit = "many" })
    assert.is_false(ok)
    assert.truthy(tostring(why):find("--limit: 'many' is not a whole number from 1 to 1000000000", 1, true), why)
  end)
end)

describe("seranking fake run", function()
  local LIST = [[
local client = require("seranking").new { raise = true }
for _, site in ipairs(client.sites:list()) do
  print(client.api, site.title, client.data.account:subscription().subscription_info.units_left)
end
]]
  local folder, remove

  before_each(function()
    folder, remove = process.folder()
  end)
  after_each(function()
    remove()
  end)

  local function write(name, text)
    local file = assert(io.open(folder .. "/" .. name, "w"))
    file:write(text)
    file:close()
  end

  local function absolute(paths, root)
    return (paths:gsub("[^;]+", function(path) return path:find "^/" and path or root .. "/" .. path:gsub("^%./", "") end))
  end

  local function root()
    local pwd = assert(io.popen "pwd")
    local path = pwd:read "*l"
    pwd:close()
    return path
  end

  -- A shell command in the folder, where $FAKE is "INTERPRETER seranking fake". Gives what it printed, with its status.
  local function shell(command)
    local line = "cd '%s'; export LUA_PATH='%s' LUA_CPATH='%s' FAKE='%s %s/bin/seranking fake'; { %s ; } 2>&1; echo $?"
    local pipe = assert(io.popen(line:format(folder, absolute(package.path, root()),
      absolute(package.cpath, root()), process.interpreter(), root(), command)))
    local text = pipe:read "*a"
    pipe:close()
    return text
  end

  it("runs a script of the caller's folder on the demo account, with either kind of key", function()
    write("list.lua", LIST)
    for _, api in ipairs { "v4", "v1" } do
      assert.equal((("%s\tAnchor shop\t48211\n%s\tCorner bakery\t48211\n%s\tSailing blog\t48211\n0\n"):gsub("%%s", api)),
        shell("$FAKE run --api " .. api .. " list.lua"))
    end
    assert.equal("0\n", shell "$FAKE run --empty list.lua")
  end)

  it("has the script look for modules where an installed command does", function()
    local file = assert(io.open "bin/seranking")
    local command = file:read "*a":gsub("^[^\n]*", "")
    file:close()
    write("installed", ("package.path, package.cpath = %q, %q"):format(absolute(package.path, root()),
      absolute(package.cpath, root())) .. command)
    write("list.lua", LIST)
    assert.truthy(shell(("env -u LUA_PATH -u LUA_CPATH %s installed fake run list.lua"):format(process.interpreter()))
      :find "^v4\tAnchor shop\t48211\n")
  end)

  it("gives the script its arguments, standard input and exit status", function()
    write("echo.lua", 'print(#arg, arg[1], arg[2], io.read "*a")\nos.exit(7)')
    assert.equal("2\t--seed\t it's \thello\n7\n", shell [[printf hello | $FAKE run --seed=3 echo.lua --seed " it's "]])
  end)

  it("passes a script's error on", function()
    write("wrong.lua", "error 'no good'")
    assert.truthy(shell("$FAKE run wrong.lua"):find "wrong.lua:1: no good.*\n1\n$")
  end)

  it("says what is wrong with its options, and runs nothing", function()
    write("list.lua", LIST)
    for words, problem in pairs {
      ["--today 2026-02-30 list.lua"] = "--today: '2026-02-30' is not a day YYYY-MM-DD",
      ["--latency 2,1 list.lua"] = "--latency: '2,1' is neither seconds nor LEAST,MOST",
      ["--fault-rate 2 list.lua"] = "--fault-rate: '2' is not a number from 0 to 1",
      ["--api v2 list.lua"] = "'--api' must be one of 'v1', 'v4'",
      [""] = "which script?",
    } do
      local text = shell("$FAKE run " .. words)
      assert.truthy(text:find(problem, 1, true), text)
      assert.is_nil(text:find("Anchor", 1, true))
    end
  end)

  it("begins on the day and with the faults that it was told", function()
    write("day.lua", [[
      local client = require("seranking").new { raise = true }
      local site = client.sites(client.sites:list()[1].id)
      local days = site.positions:list { date_from = "2026-11-23", date_to = "2030-01-01" }[1].keywords[1].positions
      print(days[#days].date, #client.data.keywords.similar:all { source = "us", keyword = "anchor" })]])
    assert.equal("2026-11-24\t12\n0\n", shell "$FAKE run --today 2026-11-24 --fault-rate 0.2 --rows 12 --seed 4 day.lua")
  end)

  -- Whether a process of this number is there; waits up to ten seconds for its end.
  local function ends(pid)
    local deadline = socket.gettime() + 10
    while socket.gettime() < deadline do
      local gone = os.execute("kill -0 " .. pid .. " 2>/dev/null")
      if gone ~= true and gone ~= 0 then
        return true
      end
      socket.sleep(0.02)
    end
    return false
  end

  it("replays a recording, and says what is wrong with one", function()
    write("c.json", '{ "seranking_cassette": 1, "answers": [ { "request": { "method": "GET", "target": "/account/profile" },'
      .. ' "answer": { "status": 200, "body": { "first_name": "Grace" } } } ] }')
    write("name.lua", [[print(require("seranking").new({ raise = true }).account:profile().first_name)]])
    assert.equal("Grace\n0\n", shell "$FAKE run --replay c.json name.lua")
    local text = shell "$FAKE run --replay none.json name.lua"
    assert.truthy(text:find("seranking: --replay: the cassette can't be read: none.json", 1, true), text)
    assert.truthy(text:find "1\n$")
  end)

  it("keeps the server for a script that Ctrl-C has interrupted, and ends with 130 if the script fails", function()
    -- What the terminal does: SIGINT for every process of its group, which setsid keeps apart from this one.
    write("interrupted.lua", [[
      local client = require("seranking").new { raise = true }
      local fine, problem = pcall(function()
        io.popen("kill -INT 0"):close()
        while true do client.account:profile() end
      end)
      print(fine, tostring(problem):find("interrupted!", 1, true) ~= nil, #client.sites:list())
      os.exit(tonumber(arg[1]))]])
    assert.equal("false\ttrue\t3\n130\n", shell "setsid -w $FAKE run interrupted.lua 1")
    assert.equal("false\ttrue\t3\n0\n", shell "setsid -w $FAKE run interrupted.lua 0")
  end)

  for _, signal in ipairs { "TERM", "KILL" } do
    it("leaves neither script nor server running when it gets SIG" .. signal, function()
      write("stay.lua", [[
        local file = assert(io.open("here.new", "w"))
        file:write(os.getenv "SERANKING_BASE_URL", "\n", io.popen("echo $PPID"):read "*a")
        file:close()
        os.rename("here.new", "here")
        while true do require("socket").sleep(0.05) end]])
      local text = shell("$FAKE run stay.lua & echo $!; i=0; "
        .. "until [ -s here ] || [ $i -gt 200 ]; do i=$((i+1)); sleep 0.05; done; "
        .. "kill -" .. signal .. " $!; wait $! 2>/dev/null; cat here")
      local runner, port, script = text:match "^(%d+)\n.*:(%d+)\n(%d+)\n"
      assert.truthy(script, text)
      assert.is_true(ends(runner))
      assert.is_true(ends(script))
      local deadline = socket.gettime() + 10
      local visitor
      repeat
        visitor = socket.connect("127.0.0.1", tonumber(port))
        if visitor then
          visitor:close()
          socket.sleep(0.02)
        end
      until not visitor or socket.gettime() > deadline
      assert.is_nil(visitor)
    end)
  end
end)
