--- Every allocation fails in turn where others take part: the worker thread, event loops, a Redis. See torture_spec.lua.
-- SPDX-License-Identifier: MIT

local limits = require "support.limits"
local process = require "support.process"
local redis = require "support.redis"
local system = require "support.system"
local torture = require "support.torture"

if not torture.is_possible() then
  return pending "allocations fail only in the suite torture"
end

local cqueues_found, cqueues = pcall(require, "cqueues")
local uv_found, uv = pcall(require, "luv")

describe("when an allocation fails", function()
  local api, store, folder, remove

  local function survives(name, given)
    it(name, function()
      torture.survive(given)
    end)
  end

  setup(function()
    folder, remove = process.folder()
    store = redis.available and redis.start(folder)
    api = torture.api()
  end)

  teardown(function()
    api.stop()
    if store then
      store.stop()
    end
    remove()
  end)

  -- The call is made by the worker thread, and may outlive the event loop that asked for it.
  local function in_cqueues(f)
    return function(client)
      local loop, done, problem = cqueues.new(), nil, nil
      loop:wrap(function()
        done, problem = f(client)
      end)
      local ran, failure = loop:loop(10)
      if not ran then
        error(failure, 0)
      end
      return done and true, problem
    end
  end

  -- luv ends the process if an error reaches it, and libuv if its own allocations fail.
  local function in_luv(f)
    return function(client)
      local ran, done, problem
      local starter = uv.new_timer()
      starter:start(0, 0, function()
        starter:close()
        coroutine.wrap(function()
          ran, done, problem = pcall(f, client)
        end)()
      end)
      uv.run()
      if not ran then
        error(done, 0)
      end
      return done and true, problem
    end
  end

  local function list(client)
    return client.sites:list()
  end

  local function map(client)
    local results, errors = client:map({ 147696, 147697 }, function(id)
      return client.sites(id):summary()
    end)
    local _, problem = next(errors or {})
    return problem == nil and #results == 2 or nil, problem
  end

  local function download(client)
    os.remove(folder .. "/file")
    return client:download(api.url .. "/_fake/log", { to = folder .. "/file" })
  end

  local function client()
    return assert(api.client())
  end

  if cqueues_found then
    survives("a call in cqueues", { least = 20, client = client, scenario = in_cqueues(list) })

    -- A forked child has no worker thread: its first call starts one.
    it("the first call of a child in cqueues", function()
      local n, over = 0, folder .. "/over"
      repeat
        n = n + 1
        assert.is_true(limits.in_child(function()
          if not torture.attempt({ scenario = in_cqueues(list) }, client(), n, n % 2 + 1) then
            system.write(over, "")
          end
        end), "allocation " .. n)
      until system.read_if_there(over)
      assert.is_true(n > 100, n .. " allocations")
    end)

    survives("client:map in cqueues", { least = 50, client = client, scenario = in_cqueues(map) })
    survives("a download to a file in cqueues", { least = 20, client = client, scenario = in_cqueues(download) })
  end

  if uv_found then
    torture.memory.spare "luv"
    torture.memory.spare "libluv"
    torture.memory.spare "libuv"
    survives("a call in luv", { least = 10, client = client, scenario = in_luv(list), runs = { 1 } })
    survives("client:map in luv", { least = 30, client = client, scenario = in_luv(map), runs = { 1 } })
  end

  if redis.available then
    local function limited()
      return api.client { share = false, limiter = { redis = store.address }, rate = { limit = 5, per = 0.01 } }
    end

    -- A slot whose reply is lost is free when its lease ends, a little after the timeout.
    local function hasty(made)
      return made.sites:list({}, { timeout = 0.2 })
    end

    survives("the first call of a client with its limit on a Redis", { least = 100, scenario = function()
      local made, problem = limited()
      if not made then
        return nil, problem
      end
      local ran, done, failure = pcall(hasty, made)
      made:close()
      if not ran then
        error(done, 0)
      end
      return done and true, failure
    end })
    survives("a call with its limit on a Redis", { least = 20, client = function()
      return assert(limited())
    end, scenario = function(made)
      local done, problem = hasty(made)
      return done and true, problem
    end })
    if cqueues_found then
      survives("a call with its limit on a Redis in cqueues", { least = 20, client = function()
        return assert(limited())
      end, scenario = in_cqueues(hasty) })
    end
  end
end)
