--- The faults of docs/internals/faults.md: each has its error, in its time, in every loop, and the next call works.
--- nginx_spec has the same inside nginx. SPDX-License-Identifier: MIT

local faults = require "spec.support.faults"
local process = require "spec.support.process"
local wire = require "spec.support.wire"

local SANE = { ok = true }

-- A connection that the server has closed meanwhile is noticed before anything is sent, and costs an attempt.
local NEXT = { path = "/after", retries = 1 }

local prepared

setup(function()
  prepared = faults.prepare(process.certificates())
end)

teardown(function()
  prepared.good.remove()
end)

after_each(wire.finish)

--- A fault's server and a client of it.
local function scene_of(fault)
  local scene = faults.open(fault, prepared, wire.keep)
  scene.client = wire.client({}, scene.options)
  return scene
end

-- The call that meets the fault, with time limits as long as `factor` wants.
local function meet(scene, method, factor)
  local call = scene.call
  return scene.client:request {
    method = method, path = "/x", body = method == "POST" and {} or nil,
    timeout = call.timeout and call.timeout * (factor or 1),
    connect_timeout = call.connect_timeout and call.connect_timeout * (factor or 1),
  }
end

--- Checks that the next call works, by what it returned. It can't behind a proxy with TLS of its own, for whose authority
--- there is no option.
local function worked(fault, data, err)
  assert.are.same(fault.proxy ~= "https" and SANE or nil, data, ("%s: %s"):format(fault.name, tostring(err)))
end

local function check(fault, data, err)
  local outcome = faults.outcome(data, err)
  assert.is_true(faults.expects(fault, outcome), ("%s: %s: %s"):format(fault.name, outcome, tostring(err)))
end

-- How each loop runs calls that wait in it.
local LOOPS = {
  cqueues = function(cqueues, body)
    local controller = cqueues.new()
    controller:wrap(body)
    assert(controller:loop(120))
  end,
  luv = function(uv, body)
    local done
    coroutine.wrap(function()
      body()
      done = true
    end)()
    while not done do
      uv.run "once"
    end
  end,
}

for _, group in ipairs(faults.groups) do
  describe(group.name .. ":", function()
    for _, fault in ipairs(group.list) do
      it(fault.name, function()
        for _, method in ipairs { "GET", fault.retried ~= "no" and "POST" or nil } do
          local scene = scene_of(fault)
          local data, err = meet(scene, method)
          check(fault, data, err)
          if data == nil then
            assert.are.equal(fault.sent, err.sent)
            assert.are.equal(fault.retried == "yes" or fault.retried == "safe" and method == "GET", err.retryable)
            assert.truthy(tostring(err):find(fault.says or "", 1, true), tostring(err))
            local least = fault.timeout or fault.connect_timeout or 0
            assert.is_true(err.elapsed >= 0.9 * least)
            assert.is_true(least > 0 or err.kind ~= "timeout")
          end
          scene.mend()
          worked(fault, scene.client:request(NEXT))
        end
      end)
    end
  end)
end

it("a first connection that hangs costs calls at once with it an attempt each at most, and nothing was sent", function()
  local scene
  for _, fault in ipairs(faults.list) do
    scene = fault.name == "the TLS handshake outlasts connect_timeout" and scene_of(fault) or scene
  end
  local results, errors = scene.client:map({ 1, 2, 3 }, function()
    return scene.client:request { method = "POST", path = "/x", body = {}, connect_timeout = 0.4, retries = 1 }
  end, { concurrency = 3 })
  assert.is_nil(errors, errors and tostring(select(2, next(errors))))
  assert.are.same({ SANE, SANE, SANE }, { results[1], results[2], results[3] })
end)

describe("all of them", function()
  it("at once in client:map, and a sane call among them", function()
    local jobs = {}
    for i, fault in ipairs(faults.list) do
      jobs[i] = scene_of(fault)
    end
    local fine = wire.client(wire.start {})
    local with_fine = { {} }
    for i, scene in ipairs(jobs) do
      with_fine[i + 1] = scene
    end
    local results, errors = fine:map(with_fine, function(scene)
      if scene.client then
        return meet(scene, "GET", scene.busy and 1 or 10)
      end
      return fine:request { path = "/x" }
    end)
    assert.are.same(SANE, results[1])
    for i, fault in ipairs(faults.list) do
      check(fault, results[i + 1], errors[i + 1])
      jobs[i].mend()
    end
    results, errors = fine:map(jobs, function(scene)
      return scene.client:request(NEXT)
    end)
    for i, fault in ipairs(faults.list) do
      worked(fault, results[i], errors[i])
    end
  end)

  for name, run in pairs(LOOPS) do
    it("in " .. name, function()
      local installed, loop = pcall(require, name)
      if not installed then
        return pending(name .. " is not installed")
      end
      local scenes, seen = {}, {}
      for i, fault in ipairs(faults.list) do
        scenes[i] = scene_of(fault)
      end
      run(loop, function()
        for i, scene in ipairs(scenes) do
          seen[i] = { meet = { meet(scene) } }
          scene.mend()
          seen[i].after = { scene.client:request(NEXT) }
        end
      end)
      for i, fault in ipairs(faults.list) do
        check(fault, seen[i].meet[1], seen[i].meet[2])
        worked(fault, seen[i].after[1], seen[i].after[2])
      end
    end)
  end
end)
