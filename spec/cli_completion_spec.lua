--- Completion of command lines, and the scripts for shells. SPDX-License-Identifier: MIT

local command = require "support.command"
local commands = require "seranking.cli.commands"
local process = require "support.process"
local system = require "support.system"
local terminal = require "support.terminal"
local typed = require "support.typed"

local quote = process.quote

-- The candidates for the last of some words, without what is said about them.
local function candidates(...)
  local status, out, err = terminal.run { "__complete", ... }
  assert.equal("0 ", status .. " " .. err)
  local names = {}
  for line in out:gmatch "[^\n]+" do
    names[#names + 1] = line:match "^[^\t]*"
  end
  return names
end

local function has(list, name)
  for _, other in ipairs(list) do
    if other == name then
      return true
    end
  end
  return false
end

describe("completion", function()
  it("knows every command by all its words", function()
    local count = 0
    for _, found in ipairs(commands.operations()) do
      local words = {}
      for part in found.name:gmatch "[^.]+" do
        words[#words + 1] = part
        assert.is_true(has(candidates((table.unpack or unpack)(words)), part), found.name) -- luacheck: ignore
      end
      assert.is_true(has(candidates(found.name), found.name), found.name)
      count = count + 1
    end
    assert.is_true(count > 200)
    for _, name in ipairs { "login", "status", "raw", "limits", "completion", "sites", "data" } do
      assert.is_true(has(candidates "", name), name)
    end
  end)

  it("knows what a command is about", function()
    local _, out = terminal.run { "__complete", "sites", "li" }
    assert.equal("list\tAll projects, in one answer; id is the site_id of other calls.\n", out)
  end)

  it("knows flags, of the command and of every command", function()
    assert.same({ "--date-from", "--date-to" }, candidates("sites", "positions", "list", "--date"))
    assert.same({ "--profile" }, candidates("sites", "list", "--prof"))
    assert.same({ "--profile" }, candidates "--prof")
    assert.same({ "--connect-timeout" }, candidates("sites", "list", "--conn"))
    assert.same({ "--keyring" }, candidates("login", "--k"))
    assert.is_true(has(candidates("sites", "list", ""), "--columns"))
  end)

  it("knows values: enumerations, formats, columns, dates, booleans, and files", function()
    assert.same({ "check_daily" }, candidates("sites", "create", "--check-freq", "check_d"))
    assert.same({ "v1", "v4" }, candidates("sites", "list", "--api", ""))
    assert.same({ "json", "jsonl", ":files" }, candidates("sites", "list", "-o", "j"))
    assert.same({ "id,name" }, candidates("sites", "keywords", "list", "--columns", "id,na"))
    assert.same({ "-name" }, candidates("sites", "keywords", "list", "--sort", "-na"))
    assert.same({ "30d" }, candidates("sites", "positions", "list", "--date-from", "3"))
    assert.same({ "false", "true" }, candidates("sites", "create", "--is-active", ""))
    assert.same({ ":files" }, candidates("sites", "keywords", "create", "--from", ""))
    assert.same({ "bash" }, candidates("completion", "b"))
    assert.same({ "prune" }, candidates("limits", "p"))
  end)

  it("knows a value behind =, also as bash splits it", function()
    assert.same({ "--api=v1", "--api=v4" }, candidates("sites", "list", "--api=v"))
    assert.same({ "v1", "v4" }, candidates("sites", "list", "--api", "=", "v"))
    assert.same({ "v1", "v4" }, candidates("sites", "list", "--api", "="))
  end)

  it("knows the fake's options", function()
    assert.same({ "--port", "--port-file" }, candidates("fake", "--po"))
    assert.same({ "run" }, candidates("fake", "ru"))
    assert.same({ "--empty" }, candidates("fake", "run", "--em"))
    assert.same({ ":files" }, candidates("fake", "run", ""))
  end)

  it("has nothing to say about what it does not know", function()
    assert.same({}, candidates "nonsense")
    assert.same({}, candidates("sites", "nonsense", "x"))
    assert.same({}, candidates("sites", "summary", "1"))
    assert.same({}, candidates("sites", "list", "--nonsense"))
  end)
end)

describe("completion in a process", function()
  local home
  before_each(function() home = command.home() end)
  after_each(function() home.remove() end)

  it("knows profiles, and does without them if the configuration is broken", function()
    system.output(("mkdir -p -m 700 %s"):format(quote(home.config:match "(.+)/")))
    system.write(home.config, '{"profiles":{"agency":{"token":"x"},"default":{"token":"x"}}}')
    system.output("chmod 600 " .. quote(home.config))
    local _, out = command.run(home, { "__complete", "sites", "list", "--profile", "" })
    assert.equal("agency\ndefault\n", out)
    system.write(home.config, "{")
    local status, none, err = command.run(home, { "__complete", "--profile", "" })
    assert.equal("0", status .. none .. err)
    _, out = command.run(home, { "__complete", "sit" })
    assert.truthy(out:find("sites\t", 1, true))
  end)

  -- A folder with a command `seranking` and the script of a shell in it.
  local function install(shell)
    local environment = {}
    for _, name in ipairs { "LUA_PATH", "LUA_CPATH", "LD_PRELOAD" } do
      environment[name] = os.getenv(name)
    end
    local here = system.lines "pwd"[1]
    for name, value in pairs(environment) do -- the shell under test is started in another folder
      environment[name] = value:gsub("^([^/;])", here .. "/%1"):gsub(";([^/;])", ";" .. here .. "/%1")
    end
    local line = command.line(home, {}, environment):gsub(" bin/seranking$", " " .. here .. "/bin/seranking")
    system.write(home.folder .. "/seranking", "#!/bin/sh\nexec " .. line .. ' "$@"\n')
    system.output("chmod +x " .. quote(home.folder .. "/seranking"))
    local status, text = command.run(home, { "completion", shell })
    assert.equal(0, status)
    system.write(home.folder .. "/script", text)
    return ("cd %s; PATH=%s:$PATH; export PATH; "):format(quote(home.folder), quote(home.folder))
  end

  local function there_is(shell)
    return system.output("command -v " .. shell) ~= ""
  end

  -- Types a command line with tabs, and reads what the command says.
  local function tabs(line, prompt)
    local person = typed.start(line, home.folder .. "/shown")
    person:expect(prompt)
    person:type("seranking limi\t", "limits")
    person:type("sta\t", "status")
    person:type("--state-dir /proc/none\n", "seranking: /proc/none: No such file or directory")
    person:type("exit\n", "exit")
    return person:finish()
  end

  it("completes in bash", function()
    local before = install "bash"
    system.write(home.folder .. "/rc", before .. "PS1='ready> '\nsource script\n")
    tabs("bash --rcfile " .. quote(home.folder .. "/rc") .. " -i", "ready> ")
  end)

  it("completes names of files in bash", function()
    local before = install "bash"
    system.write(home.folder .. "/my file.csv", "")
    system.write(home.folder .. "/test", before .. [[source script
COMP_WORDS=(seranking sites keywords create --from my); COMP_CWORD=5
_seranking seranking my --from; printf '<%s>\n' "${COMPREPLY[@]}"
COMP_WORDS=(seranking sites list --api = v); COMP_CWORD=5
_seranking seranking v =; printf '<%s>\n' "${COMPREPLY[@]}"]])
    assert.equal("<my file.csv>\n<v1>\n<v4>\n", system.output("bash " .. quote(home.folder .. "/test")))
  end)

  it("completes in zsh", function()
    if not there_is "zsh" then
      return pending "zsh is not installed"
    end
    local before = install "zsh"
    system.write(home.folder .. "/.zshrc", before .. "PS1='ready> '; autoload -Uz compinit; compinit -u -d dump\n"
      .. "source script\n")
    tabs(("ZDOTDIR=%s zsh -i"):format(quote(home.folder)), "ready> ")
  end)

  it("completes in fish", function()
    if not there_is "fish" then
      return pending "fish is not installed"
    end
    local before = install "fish"
    system.write(home.folder .. "/my.csv", "")
    local function completed(line)
      return system.output(("%s HOME=%s fish -c %s"):format(before, quote(home.folder),
        quote("source script; complete -C '" .. line .. "'")))
    end
    assert.equal("keywords\tKeywords that a project tracks.\n", completed "seranking sites k")
    assert.equal("json\njsonl\n", completed "seranking sites list -o j")
    assert.equal("my.csv\n", completed "seranking sites keywords create --from m")
    assert.equal("data\nvisible\n", completed "seranking login --product ")
  end)
end)
