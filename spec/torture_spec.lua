--- Every allocation fails in turn, whoever makes it. Runs with build/LUA/failing_malloc.so preloaded (suite "torture" of
--- spec/support/run.sh).
-- SPDX-License-Identifier: MIT

local books = require "support.books"
local process = require "support.process"
local scene = require "support.scene"
local seranking = require "seranking"
local system = require "support.system"
local torture = require "support.torture"

if not torture.is_possible() then
  return pending "allocations fail only in the suite torture"
end

describe("when an allocation fails", function()
  local api, folder, remove, states, remove_states

  local function survives(name, given)
    it(name, function()
      torture.survive(given)
    end)
  end

  setup(function()
    folder, remove = process.folder()
    states, remove_states = process.folder()
    api = torture.api()
  end)

  teardown(function()
    api.stop()
    remove()
    remove_states()
  end)

  local function client()
    return assert(api.client())
  end

  survives("new and close", { least = 50, scenario = function()
    local made, problem = api.client()
    if not made then
      return nil, problem
    end
    made:close()
    return true
  end })

  local function first_call(options)
    local made, problem = api.client(options)
    if not made then
      return nil, problem
    end
    local ran, list, failure = pcall(made.sites.list, made.sites)
    made:close()
    if not ran then
      error(list, 0)
    end
    return list and true, failure
  end

  survives("the first call of a client", { least = 100, scenario = function()
    return first_call()
  end })

  survives("a call", { least = 10, client = client, scenario = function(it_works)
    local list, problem = it_works.sites:list()
    return list and true, problem
  end })

  survives("a call that is refused", { least = 10, client = client, scenario = function(it_works)
    local summary, problem = it_works.sites(1):summary()
    assert(summary == nil)
    return problem.kind == "not_found" and true or nil, problem
  end })

  survives("client:map", { least = 30, client = client, scenario = function(it_works)
    local results, errors = it_works:map({ 147696, 147697, 147698 }, function(id)
      return it_works.sites(id):summary()
    end)
    local _, problem = next(errors or {})
    return problem == nil and #results == 3 or nil, problem
  end })

  survives("a walk over pages", { least = 50, client = client, scenario = function(it_works)
    local count = 0
    for _ in it_works.data.domain.keywords.list:each({ source = "us", domain = "example.com", limit = 10 },
      { max_rows = 20 }) do
      count = count + 1
    end
    assert(count == 20, "not enough memory: rows")
    return true
  end })

  survives("the first call of a client with its limit in a file", { least = 100, scenario = function()
    return first_call { share = "user", state_dir = states }
  end })

  survives("a call with its limit in a file", { least = 10, client = function()
    return assert(api.client { share = "user", state_dir = states })
  end, scenario = function(it_works)
    local list, problem = it_works.sites:list()
    return list and true, problem
  end })

  survives("a download to a file", { least = 20, client = client, scenario = function(it_works)
    local done, problem = it_works:download(api.url .. "/_fake/log", { to = folder .. "/file" })
    return done and true, problem
  end, check = function(done, n)
    local text = system.read_if_there(folder .. "/file")
    assert(not done or text ~= nil, n .. ": no file")
    assert.same(text and { "file" } or {}, system.lines("ls " .. folder))
    os.remove(folder .. "/file")
  end })

  survives("rows as CSV", { least = 10, scenario = function()
    local parts = {}
    local file = {
      write = function(_, text)
        parts[#parts + 1] = text
        return true
      end,
      close = function() return true end,
    }
    local writer = seranking.csv(file, "id,name,tags[]")
    for id = 1, 3 do
      writer:row { id = id, name = "a \"name\"", tags = { "x", { deep = true } } }
    end
    writer:close()
    assert.equal(7, select(2, table.concat(parts):gsub("\r\n", "")))
    return true
  end })

  local in_process
  survives("a job that is waited for", { least = 100, client = function()
    local made, its_api = scene.new { share = "off", retries = 0, fake = { limit = 1000000 } }
    in_process = its_api
    return made
  end, scenario = function(it_works)
    local answer, problem = it_works.data.backlinks.export.create:wait { target = "anchors.example" }
    return answer and true, problem
  end, check = function()
    in_process:reset() -- forgets its jobs
  end })
end)

describe("walks over a large list that is read row by row", function()
  local ROWS = 100000

  after_each(function()
    collectgarbage "incremental"
  end)

  for _, mode in ipairs { "incremental", "generational" } do
    for about, wanted in pairs { ["after the first row"] = 1, ["after most rows"] = ROWS - 20000, ["at the end"] = ROWS } do
      it(("leave no answers behind that end %s, with the %s collector"):format(about, mode), function()
        local text = books.list(1, ROWS)
        local op = books.scene(function() return text end, "whole")
        for _ = 1, 4 do
          collectgarbage()
        end
        collectgarbage(mode)
        local before, most = torture.memory.live(), 0
        local lua = 1024 * collectgarbage "count"
        for _ = 1, 20 do
          local count = 0
          for _ in op:each() do
            count = count + 1
            if count == wanted then
              break
            end
          end
          assert.equal(wanted, count)
          most = math.max(most, torture.memory.live() - before)
        end
        -- the collector lets memory double: that of Lua, with an answer in it, besides the one that comes
        assert.is_true(most < lua + 5 * #text, ("%.1f texts of %d, Lua had %.0f"):format(most / #text, #text, lua))
      end)
    end
  end
end)
