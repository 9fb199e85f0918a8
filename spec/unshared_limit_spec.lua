--- Where the limit can't be shared by default (another system than Linux, or one without a boot id), the user is told.
-- SPDX-License-Identifier: MIT

local command = require "support.command"
local process = require "support.process"
local scene = require "support.scene"
local system = require "support.system"

local quote = process.quote
local PROBLEM = "/proc/sys/kernel/random/boot_id: No such file or directory"

describe("without a boot id", function()
  local fake, home, environment

  setup(function()
    fake = process.fake { demo = true }
    home = command.home()
    environment = { SERANKING_BASE_URL = fake.url, SERANKING_TOKEN = scene.V1_KEY, SERANKING_STATE_DIR = "",
      LD_PRELOAD = system.lines "pwd"[1] .. "/build/no_boot_id.so" }
  end)

  teardown(function()
    fake.stop()
    home.remove()
  end)

  it("a client keeps the limit in its process, tells an event, and says why whenever it is asked", function()
    system.write(home.folder .. "/program.lua", [[
      local client = require("seranking").new { raise = true, on_event = function(event)
        print(event.type, event.problem)
      end }
      client.sites:list()
      client.sites:list()
      local view = client:limiter()
      print(view.scope, view.busy, view.problem)
      print(tostring(view))]])
    local words = { "env" }
    for name, value in pairs(environment) do
      words[#words + 1] = quote(name .. "=" .. value)
    end
    local lines = system.lines(("%s %s %s 2>&1"):format(table.concat(words, " "), process.interpreter(),
      quote(home.folder .. "/program.lua")))
    assert.equal(3, #lines, table.concat(lines, "\n"))
    assert.truthy(lines[1]:find("limiter_fallback\t.*" .. PROBLEM))
    assert.truthy(lines[2]:find("process\t2\t.*" .. PROBLEM))
    assert.truthy(lines[3]:find(PROBLEM, 1, true))
  end)

  it("the command says so on stderr, once, unless it is --quiet", function()
    local function said(...)
      local status, out, err = command.run(home, { "sites", "list", "-o", "json", ... }, { environment = environment })
      assert.equal(0, status, err)
      assert.truthy(out:find("Anchor shop", 1, true))
      return err
    end
    local line = said()
    assert.truthy(line:find("^seranking: the rate limit is not shared: [^\n]*" .. PROBLEM .. "[^\n]*\n$"), line)
    assert.equal("", said "--quiet")
  end)

  it("calls fail if a directory was named: nothing is sent", function()
    local before = #fake.log()
    local status, _, err = command.run(home, { "sites", "list" }, { environment = { SERANKING_BASE_URL = fake.url,
      SERANKING_TOKEN = scene.V1_KEY, LD_PRELOAD = environment.LD_PRELOAD } })
    assert.equal(6, status)
    assert.truthy(err:find(PROBLEM, 1, true), err)
    assert.equal(before, #fake.log())
  end)
end)
