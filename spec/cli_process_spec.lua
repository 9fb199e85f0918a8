--- The command as a process: pipes, signals, a terminal, files; what only a real process shows.
-- SPDX-License-Identifier: MIT

local cjson = require "cjson"
local command = require "support.command"
local process = require "support.process"
local scene = require "support.scene"
local socket = require "socket"
local system = require "support.system"
local typed = require "support.typed"

local ROWS = 6000

local home, fake, environment

setup(function()
  fake = process.fake { demo = true, rows = ROWS, units = 1000000, limit = 1000 }
  home = command.home()
  environment = { SERANKING_BASE_URL = fake.url, SERANKING_TOKEN = scene.V1_KEY }
end)

teardown(function()
  fake.stop()
  home.remove()
end)

local function run(words, more)
  local all = { environment = {} }
  for name, value in pairs(environment) do
    all.environment[name] = value
  end
  for name, value in pairs(more or {}) do
    all.environment[name] = value or nil
  end
  return command.run(home, words, all)
end

local function path(name)
  return home.folder .. "/" .. name
end

-- What a shell prints that runs a line, in which `seranking …` is the command.
local function shell(line)
  local made = ("seranking() { %s \"$@\"; }\n%s"):format(command.line(home, {}, environment), line)
  system.write(path "line.sh", made)
  return system.output("bash " .. process.quote(path "line.sh") .. " 2>&1")
end

-- Requests for backlinks that the fake has answered.
local function pages()
  local count = 0
  for _, record in ipairs(fake.log()) do
    count = count + (record.path:find("/v1/backlinks/raw", 1, true) and 1 or 0)
  end
  return count
end

local function wait_until(what, holds)
  local deadline = socket.gettime() + 10 * process.patience()
  while not holds() do
    assert(socket.gettime() < deadline, what)
    socket.sleep(0.02)
  end
end

describe("seranking", function()
  it("prints JSON where stdout is no terminal", function()
    local status, stdout, stderr = run { "sites", "list" }
    assert.same({ 0, "" }, { status, stderr })
    assert.equal(3, #cjson.decode(stdout))
  end)

  it("prints a table as wide as the terminal", function()
    local inner = command.line(home, { "sites", "list" }, environment)
    local text = typed.run("stty cols 60; " .. inner, path "shown")
    assert.is_truthy(text:find("Anchor", 1, true), text)
    for line in text:gmatch "[^\r\n]+" do
      assert.is_true(select(2, line:gsub("\27%[[%d;]*m", ""):gsub("[^\128-\191]", "")) <= 60 or line:find "^seranking:" ~= nil,
        line)
    end
  end)

  it("prints all rows on a terminal that is read more slowly than it writes", function()
    local words = { "data", "backlinks", "raw", "example.com", "--max-rows", "900", "--yes", "--quiet", "-o", "jsonl" }
    local text = typed.run(command.line(home, words, environment) .. "; echo status $?", path "shown",
      { reader = "while dd bs=2048 count=1 2>/dev/null | grep -q ''; do :; done" })
    local lines = {}
    for line in text:gmatch "[^\r\n]+" do
      lines[#lines + 1] = line
    end
    assert.equal("status 0", lines[#lines], text:sub(-300))
    assert.equal(901, #lines)
    assert.is_true(#text > 100000, #text)
    local _, rows = run(words)
    assert.equal(rows .. "status 0", table.concat(lines, "\n"))
  end)

  it("ends quietly with 0 when the reader of its pipe goes, and fetches no more", function()
    fake.reset()
    local text = shell("seranking data backlinks raw example.com --max-rows all -o jsonl --quiet | head -n 1 | wc -l; "
      .. 'echo "${PIPESTATUS[0]}"')
    assert.equal("1\n0\n", text)
    assert.is_true(pages() <= 2, pages())
  end)

  -- Starts a paid walk in the shell, where `before` runs first, sends a signal after two pages, and waits for the end. Returns
  -- the exit status.
  local function walk_until(signal, before, out)
    fake.reset()
    fake.fail { times = 1000, delay = 0.3 }
    local line = command.line(home, { "data", "backlinks", "raw", "example.com", "--max-rows", "5000", "-o", out }, environment)
    local done = path "status"
    os.remove(done)
    os.execute(("(%s %s 2>%s & echo $! >%s; wait $!; echo $? >%s) &"):format(before, line, path "said", path "pid", done))
    wait_until("no page in time", function() return pages() >= 2 end)
    os.execute(("kill -%s %s"):format(signal, system.read(path "pid")))
    wait_until("it did not end", function() return system.read_if_there(done) ~= nil and system.read(done) ~= "" end)
    return tonumber((system.read(done):gsub("%s", "")))
  end

  it("ends at Ctrl-C in a paid walk with a part that is valid; --resume gives the rest, no row twice, none lost", function()
    local out = path "links.csv"
    assert.equal(130, walk_until("INT", "", out))
    assert.is_nil(system.read_if_there(out))
    assert.is_truthy(system.read(out .. ".part"):find "\n$")
    fake.reset()
    local again = system.read(path "said"):match "go on with: (seranking [^\n]+)"
    assert.is_truthy(again, system.read(path "said"))
    shell(again)
    local whole = path "whole.csv"
    run { "data", "backlinks", "raw", "example.com", "--max-rows", "5000", "-o", whole }
    assert.equal(system.read(whole), system.read(out))
    assert.is_nil(system.read_if_there(out .. ".part"))
  end)

  it("ends as at Ctrl-C when its terminal hangs up, and goes on where SIGHUP is ignored, as below nohup", function()
    local out = path "hung.csv"
    assert.equal(130, walk_until("HUP", "", out))
    assert.is_truthy(system.read(path "said"):find("seranking: interrupted\n.*go on with: seranking [^\n]+ %-%-resume "))
    assert.is_truthy(system.read(out .. ".part"):find "\n$")
    out = path "nohup.csv"
    assert.equal(0, walk_until("HUP", "trap '' HUP; ", out))
    assert.equal(5001, #system.lines("cat " .. process.quote(out)))
  end)

  for kept, share in pairs { ["2,000"] = 0.6, ["3,000"] = 0.99 } do -- the third page does not fit; the end of the last
    it("cuts a file that can't grow to " .. kept .. " rows, from which --resume goes on", function()
      local out, whole = path(kept .. ".csv"), path "all.csv"
      local words = "seranking data backlinks raw example.com --max-rows 4000 -o "
      shell(words .. process.quote(whole))
      local limit = math.floor(#system.read(whole) * share / 1024) -- KiB
      local said = shell(("(trap '' XFSZ; ulimit -f %d; %s%s; echo status $?)"):format(limit, words, process.quote(out)))
      assert.is_truthy(said:find "status 1\n", said)
      assert.is_truthy(said:find(kept .. " rows written, kept in " .. out .. ".part", 1, true), said)
      assert.is_truthy(said:find("spent 4,000 credits", 1, true) or share < 0.75, said)
      assert.is_nil(system.read_if_there(out))
      shell(said:match "go on with: (seranking [^\n]+)")
      assert.equal(system.read(whole), system.read(out))
    end)
  end

  it("runs with its standard descriptors closed, and says so if a result can't be written", function()
    assert.equal("147696\nstatus 0\n", shell("seranking sites list -o tsv --columns id 2>&- <&- | sed -n 2p; "
      .. 'echo "status ${PIPESTATUS[0]}"'))
    local out = path "closed.csv"
    assert.equal("status 0\n", shell(("seranking sites list -v -o %s <&- >&- 2>&-; echo status $?"):format(process.quote(out))))
    assert.equal(4, #system.lines("cat " .. process.quote(out)))
    local said = shell "seranking sites list >&-; echo status $?"
    assert.equal("seranking: can't write to stdout: bad file descriptor\nstatus 1\n", said)
  end)

  it("tells that its help, a preview or a list does not fit on the disk", function()
    if system.output "test -c /dev/full && echo yes" == "" then
      return pending "there is no /dev/full"
    end
    for _, words in ipairs { "--help", "sites list --dry-run", "sites list -o csv", "ops", "completion bash" } do
      assert.equal("seranking: can't write to stdout: no space left on device\n1\n",
        shell(("seranking %s >/dev/full; echo $?"):format(words)), words)
    end
  end)

  it("makes curl commands that do the same, with the key in a variable", function()
    local _, line = run { "sites", "keywords", "create", "147696", "buy 'red' boots", "--curl" }
    assert.is_nil(line:find(scene.V1_KEY, 1, true))
    local answer = shell(("export SERANKING_TOKEN=%s; %s"):format(scene.V1_KEY, line:gsub("curl", "curl -s", 1)))
    assert.is_truthy(answer:find('"added":1', 1, true), answer)
    -- Other users can see the arguments of curl.
    local shown = shell(("export SERANKING_TOKEN=%s; curl() { echo \"curl $*\"; }; %s"):format(scene.V1_KEY, line))
    assert.is_truthy(shown:find("curl -H @- -X POST ", 1, true), shown)
    assert.is_nil(shown:find(scene.V1_KEY, 1, true))
    local _, list = run { "sites", "keywords", "list", "147696" }
    assert.is_truthy(list:find("buy 'red' boots", 1, true))
  end)

  it("makes curl commands that keep a key in the query out of the arguments, too", function()
    local script, curl = path "curl.sh", system.output("command -v curl"):gsub("%s+$", "")
    for _, sh in ipairs { "sh", "bash" } do
      for expected, words in pairs {
        ['"added":1'] = { "sites", "keywords", "create", "147696", ([[100 %% 'sure' "%%s" \ é of %s]]):format(sh) },
        ['"keywords":['] = { "data", "keywords", "similar", [[100 % 'sure' "%s" \ é]], "--source", "us", "--max-rows", "2" },
      } do
        words[#words + 1], words[#words + 2], words[#words + 3] = "--auth", "query", "--curl"
        local _, line = run(words)
        -- Other users can see the arguments of curl.
        system.write(script, ("curl() { for word; do echo \"argument: $word\"; done; %s -s \"$@\"; }\nSERANKING_TOKEN=%s\n%s")
          :format(curl, scene.V1_KEY, line))
        local shown = system.output(("%s %s 2>&1"):format(sh, process.quote(script)))
        assert.is_truthy(shown:find("argument: -K\nargument: -\n", 1, true), shown)
        assert.is_nil((line .. shown):find(scene.V1_KEY, 1, true), shown)
        assert.is_truthy(shown:find(expected, 1, true), shown)
      end
      local _, list = run { "sites", "keywords", "list", "147696", "-o", "tsv", "--columns", "name" }
      assert.is_truthy(list:find("of " .. sh, 1, true), list)
    end
    local _, line = run { "raw", "GET", [[/v1/a"b\c]], "--auth", "query", "--curl" }
    assert.is_truthy(shell("SERANKING_TOKEN=k; curl() { cat; }; " .. line):find([[/v1/a\"b\\c?apikey=k"]], 1, true))
  end)

  for _, case in ipairs {
    { "no key", 4, { "sites", "list" }, "there is no API key: run `seranking login`, or set SERANKING_TOKEN",
      { SERANKING_TOKEN = false } },
    { "a wrong key", 4, { "sites", "list" }, "GET /v1/project-management/sites: ",
      { SERANKING_TOKEN = scene.V1_KEY:gsub("^.", "f") } },
    { "a key of another generation", 4, { "data", "backlinks", "count", "example.com", "-q" }, "GET /v1/backlinks/count?",
      { SERANKING_TOKEN = scene.V4_KEY } },
    { "a wrong date", 2, { "sites", "positions", "list", "147696", "--date-from", "1.9.2026" }, "--date-from must be a date" },
    { "an unknown flag", 2, { "sites", "list", "--colums", "id" }, "unknown option '--colums'; did you mean '--columns'?" },
    { "an unknown column", 2, { "sites", "list", "--columns", "titel" }, "unknown column 'titel'" },
    { "an unknown command", 2, { "sites", "lists" }, "there is no command 'sites lists'; did you mean 'sites list'?" },
    { "a missing file", 2, { "sites", "keywords", "create", "147696", "--from", "/nowhere/k.csv" },
      "--from: /nowhere/k.csv: No such file or directory" },
    { "a folder that is missing", 2, { "sites", "list", "-o", "/nowhere/sites.csv" }, "can't write /nowhere/sites.csv.part" },
    { "an ending that names no format", 2, { "sites", "list", "-o", "sites.xls" },
      "the name sites.xls does not tell the format" },
    { "a project that is not there", 3, { "sites", "summary", "1" }, "GET /v1/project-management/sites/summary" },
    { "a server that is off", 6, { "sites", "list", "--retries", "0" }, "GET /v1/project-management/sites: ",
      { SERANKING_BASE_URL = "http://127.0.0.1:9" } },
    { "a folder for the limit that can't be made", 6, { "sites", "list" }, "GET /v1/project-management/sites: the shared rate "
      .. "limiter is out of reach: /dev/null/limits: can't be made: Not a directory; nothing was sent: repeat it later, or "
      .. "go on with a limit of this process alone: --on-limiter-error process\n",
      { SERANKING_STATE_DIR = "/dev/null/limits" } },
    { "a broken variable", 2, { "sites", "list" }, "SERANKING_TIMEOUT must be a number of seconds",
      { SERANKING_TIMEOUT = "x" } },
  } do
    it("says one line about " .. case[1] .. ", with status " .. case[2], function()
      local status, _, stderr = run(case[3], case[5])
      assert.equal(case[2], status)
      assert.equal(1, select(2, stderr:gsub("\n", "")), stderr)
      assert.equal("seranking: " .. case[4], stderr:sub(1, #case[4] + 11))
    end)
  end
end)
