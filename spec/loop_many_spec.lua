--- Many calls at once inside event loops, custom loops, and the processors that the worker thread runs on.
-- SPDX-License-Identifier: MIT

local host = require "seranking.loop.host"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local seranking = require "seranking"
local system = require "spec.support.system"
local wire = require "spec.support.wire"
local found, cqueues = pcall(require, "cqueues")
local uv_found, uv = pcall(require, "luv")

local KEY = wire.KEY

after_each(wire.finish)

-- ---- many calls ----

describe("many calls at once", function()
  if not nginx.available() then
    return pending "needs nginx for a server"
  end

  local COUNT = 1000
  local api

  setup(function()
    api = nginx.api()
  end)

  teardown(function()
    api.stop()
  end)

  -- Makes COUNT calls with `spawn`, runs the loop until all are answered, and returns how many had begun when the first answer
  -- came. A call that blocked its loop would be answered before the next one begins.
  local function begun_before_answers(options, spawn, run)
    options.token, options.base_url, options.share, options.retries = KEY, api.url, "off", 0
    local client = assert(seranking.new(options))
    local begun, done, begun_at_first = 0, 0, nil
    for i = 1, COUNT do
      spawn(function()
        begun = begun + 1
        local answer = assert(client:request { path = "/" .. i .. "?wait=0.2" })
        begun_at_first = begun_at_first or begun
        assert(answer.path == "/" .. i)
        done = done + 1
      end)
    end
    run()
    client:close()
    assert.are.equal(COUNT, done)
    return begun_at_first
  end

  it("are all in flight together in cqueues", function()
    if not found then
      return pending "needs cqueues"
    end
    local loop = cqueues.new()
    assert.are.equal(COUNT, begun_before_answers({}, function(f) loop:wrap(f) end, function() assert(loop:loop(60)) end))
  end)

  it("are all in flight together in luv", function()
    if not uv_found then
      return pending "needs luv"
    end
    local function spawn(f)
      coroutine.wrap(f)()
    end
    assert.are.equal(COUNT, begun_before_answers({ loop = "luv" }, spawn, uv.run))
  end)
end)

describe("a custom loop", function()
  it("belongs to the client that it was given to", function()
    local seen = setmetatable({}, { __mode = "k" })
    for _ = 1, 20 do
      local loop = { wait = function() end, spawn = function() end, sleep = function() end }
      seen[loop] = true
      host.loop(assert(seranking.new { token = KEY, share = "off", loop = loop }))
    end
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(seen))
  end)
end)

describe("the thread's processors", function()
  local program = [[
    local core = require "lseranking"
    local posix = require "posix_for_specs"
    os.execute(("%s"):format(posix.pid()))
    local client = core.client { token_off = true, base_url = "http://127.0.0.1:1", rate_limit = 0 }
    local call = client:call("GET", "/", nil, nil, nil, true, { retries = 0 })
    assert(call:begin())
    repeat until call:step()
    os.execute(("for task in /proc/%%d/task/*; do grep -q seranking $task/comm && cat $task/status; done"):format(posix.pid()))
  ]]

  -- The processors that a program's worker thread may use, such as "0-1". `first`: code at the program's beginning.
  local function processors(before, first)
    local folder, remove = process.folder()
    local name = folder .. "/program.lua"
    system.write(name, program:format(first or "true"))
    local text = system.output(("%s '%s' '%s' 2>&1"):format(before or "", process.interpreter(), name))
    remove()
    return text:match "Cpus_allowed_list:%s*(%S+)" or text
  end

  local count, taskset = system.output("nproc; command -v taskset"):match "(%d+)%s+(%S*)"
  if tonumber(count) < 2 or taskset == "" then
    return pending "needs two processors, and taskset"
  end

  it("are those of the process when it loaded the library, even if it binds itself to one later", function()
    local all = processors()
    local one = all:match "^%d+"
    assert.are_not.equal(one, all)
    assert.are.equal(all, processors("", "taskset -cp " .. one .. " %d >/dev/null"))
  end)

  it("are those that the process was started with", function()
    local one = processors():match "^%d+"
    assert.are.equal(one, processors("taskset -c " .. one))
  end)
end)
