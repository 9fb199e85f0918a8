--- Waiting for jobs: start, polls, and every kind of end.
-- SPDX-License-Identifier: MIT

local script = require "support.script"
local seranking = require "seranking"

local raised = script.raised

local work = {
  name = "data.work",
  id = "work_id",
  params = {
    target = { type = "string" }, task_id = { type = "string" }, work_id = { type = "id" },
    words = { type = "string[]" },
  },
  operations = {
    { "export", data = "GET /v1/export", query = "target*", answer = "object", billed = true, cost = { 100, per = "request" },
      job = { status = "status", id = "task_id", param = "task_id", state = "task_status", bad = "rejected" } },
    { "status", data = "GET /v1/export/status", query = "task_id*", answer = "object",
      job = { state = "task_status", pending = "queued processing", good = "complete", bad = "rejected failed",
        result = "file", every = { 5, 20 } } },
    { "search", data = "POST /v1/tasks", body = "words*", answer = "array",
      job = { status = "results", id = "[].id", param = "work_id" } },
    { "results", data = "GET /v1/tasks{?work_id}", answer = "object",
      job = { state = "status", pending = "processing", done = "items", every = { 2, 2 } } },
    { "again", data = "POST /v1/again{?work_id}", answer = "any",
      job = { status = "data.work.state", param = "work_id", fresh = "start_time" } },
    { "state", data = "GET /v1/state{?work_id}", answer = "object",
      job = { state = "status", pending = "queued", good = "finished", bad = "cancelled canceled" } },
    { "look", data = "GET /v1/look", answer = "object", job = { state = "status", pending = "processing" } },
    { "none", data = "GET /v1/none", answer = "object" },
  },
}

local function scene(name, respond, bound, options)
  local client, log, clock = script.new(respond, options)
  return script.operation(client.data, work, name, bound), log, clock, client
end

-- Returns the answers in turn, and then the last one again and again.
local function turns(...)
  local answers = { ... }
  return function(_, number)
    return answers[math.min(number, #answers)]
  end
end

local function times(log)
  local found = {}
  for i, request in ipairs(log) do
    found[i] = ("%s %g"):format(request.path, request.at)
  end
  return found
end

local QUEUED = '{"task_id":"1_2","task_status":"queued"}'
local RUNNING = '{"task_id":"1_2","task_status":"processing"}'
local DONE = '{"task_id":"1_2","task_status":"complete","file":"https://files.example/1_2.gz"}'

describe("waiting for a job", function()
  it("keeps the arguments and options it began with when their tables change", function()
    for _, name in ipairs { "state", "again" } do
      local polls = 0
      local op, log = scene(name, function(request)
        polls = polls + 1
        return request.path == "/v1/again" and "[]"
          or ('{"status":"%s","start_time":%d}'):format(polls < 6 and "queued" or "finished", polls)
      end)
      local args, options = { work_id = 5 }, { every = { 1, 1 }, headers = { ["X-A"] = "1" } }
      options.on_progress = function()
        args.work_id, options.every[1], options.every[2], options.headers["X-A"] = 999, 500, 500, "2"
      end
      assert(op:wait(args, options))
      for _, request in ipairs(log) do
        assert.equal("work_id=5", request.query)
        assert.equal("1", request.headers["x-a"])
      end
      assert.is_true(log[#log].at <= 6)
    end
  end)

  it("lets other items of a map continue while on_progress makes a call", function()
    local polls = 0
    local make, _, clock, client = scene("export", function(request)
      if request.path == "/v1/none" then
        return { status = 200, headers = {}, body = "{}", delay = 3 }
      elseif request.path == "/v1/export" then
        return QUEUED
      end
      polls = polls + 1
      return polls <= 10 and RUNNING or DONE
    end, nil, { rate = { limit = 64 } })
    local other = script.operation(client.data, work, "none")
    local began = clock:now()
    local _, errs = client.data:map({ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, function()
      return assert(make:wait({ target = "a" }, { every = 1, on_progress = function() assert(other()) end }))
    end)
    assert.is_nil(errs)
    assert.is_true(clock:now() - began < 20, clock:now() - began .. " s") -- one after another: 60
  end)

  it("makes it, polls it with growing pauses, and returns its final status", function()
    local op, log = scene("export", turns(QUEUED, RUNNING, RUNNING, RUNNING, RUNNING, RUNNING, DONE))
    local answer, response = op:wait { target = "a.example" }
    assert.equal("https://files.example/1_2.gz", answer.file)
    assert.equal(200, response.status)
    assert.same({ task_id = "1_2" }, response.job)
    assert.same({ "/v1/export 0", "/v1/export/status 0", "/v1/export/status 5", "/v1/export/status 12.5",
      "/v1/export/status 23.75", "/v1/export/status 40.625", "/v1/export/status 60.625" }, times(log))
    assert.equal("target=a.example", log[1].query)
    assert.equal("task_id=1_2", log[2].query)
  end)

  it("polls at a fixed interval and reports each poll if asked to", function()
    local op, log = scene("export", turns(QUEUED, RUNNING, RUNNING, DONE))
    local told = {}
    assert(op:wait({ target = "a" }, { every = 30, on_progress = function(answer, look)
      told[#told + 1] = ("%s %s %d %g"):format(answer.task_id, look.state, look.count, look.elapsed)
    end }))
    assert.same({ "/v1/export 0", "/v1/export/status 0", "/v1/export/status 30", "/v1/export/status 60" }, times(log))
    assert.same({ "1_2 processing 1 0", "1_2 processing 2 30", "1_2 complete 3 60" }, told)
  end)

  it("only polls, when called on the status operation", function()
    local op, log = scene("status", turns(RUNNING, DONE))
    assert.equal("complete", op:wait({ task_id = "1_2" }).task_status)
    assert.same({ "/v1/export/status 0", "/v1/export/status 5" }, times(log))
  end)

  it("times out where the limit has no slot until then, whichever timeout is shorter", function()
    for _, seconds in ipairs { 29, 30 } do
      local op, log = scene("status", turns(RUNNING), nil, { timeout = 30, rate = { limit = 1, per = 100 } })
      assert(op { task_id = "1_2" })
      local answer, err = op:wait({ task_id = "1_2" }, { timeout = seconds })
      assert.is_nil(answer)
      assert.equal("timeout job_timeout", err.kind .. " " .. err.code)
      assert.equal(1, #log)
    end
  end)

  it("takes bound ids, and a status operation by its full name", function()
    local op, log = scene("state", turns('{"status":"queued"}', '{"status":"finished"}'), { work_id = 9 })
    assert(op:wait())
    assert.equal("work_id=9", log[1].query)
  end)

  it("ends when the member appears that means done", function()
    local op, log = scene("results", turns('{"status":"processing"}', '{"items":[]}'))
    assert.same({}, op:wait({ work_id = 1 }).items)
    assert.equal(2, #log)
  end)

  it("ends when the state is no longer pending, if no word for the end is known", function()
    local op, log = scene("look", turns('{"status":"processing"}', '{"status":"anything"}'))
    assert.equal("anything", op:wait().status)
    assert.equal(2, #log)
  end)

  it("continues while the state is an unknown word", function()
    local op, log = scene("status", turns('{"task_status":"paused"}', "{}", '{"task_status":null}', DONE))
    assert(op:wait { task_id = "1_2" })
    assert.equal(4, #log)
  end)

  it("waits for each of several jobs and returns a list", function()
    local asked = {}
    local op, log = scene("search", function(request)
      if request.path == "/v1/tasks" and request.method == "POST" then
        return '[{"id":11,"query":"a"},{"id":12,"query":"b"}]'
      end
      asked[request.query] = (asked[request.query] or 0) + 1
      return asked[request.query] < 2 and '{"status":"processing"}' or '{"items":["' .. request.query .. '"]}'
    end)
    local results, response = assert(op:wait { words = { "a", "b" } })
    assert.same({ work_id = { 11, 12 } }, response.job)
    assert.same({ { items = { "work_id=11" } }, { items = { "work_id=12" } } }, results)
    assert.equal(5, #log)
  end)

  it("does not mistake the end of an earlier run for the end of this one", function()
    local op, log = scene("again", turns('{"status":"finished","start_time":"1"}', "[]",
      [=[{"status":"finished","start_time":"1"}]=], [=[{"status":"queued","start_time":"2"}]=],
      [=[{"status":"finished","start_time":"2"}]=]))
    assert.equal("2", op:wait({ work_id = 3 }).start_time)
    assert.equal("GET POST GET GET GET", table.concat({ log[1].method, log[2].method, log[3].method, log[4].method,
      log[5].method }, " "))
    assert.equal("work_id=3", log[5].query)
  end)

  it("makes no job if the poll before it fails, except with not_found", function()
    local op, log = scene("again", turns(script.json('{"error":{"message":"no"}}', 403)))
    local answer, err = op:wait { work_id = 3 }
    assert.is_nil(answer)
    assert.equal(403, err.status)
    assert.equal(1, #log)
    op, log = scene("again", turns(script.json("{}", 404), "[]", '{"status":"finished","start_time":"2"}'))
    assert(op:wait { work_id = 3 })
    assert.equal(3, #log)
  end)

  it("takes no longer than its timeout, whichever of its calls hangs", function()
    for hanging = 1, 3 do
      local op, _, clock = scene("again", function(_, number)
        if number >= hanging then
          return { fault = "hang" }
        end
        return number == 1 and '{"status":"finished","start_time":"1"}' or "[]"
      end, nil, { retries = 0 })
      local answer, err = op:wait({ work_id = 7 }, { timeout = 10 })
      assert.is_nil(answer)
      assert.equal("timeout", err.kind)
      assert.is_true(clock:now() <= 10, hanging .. ": " .. clock:now())
    end
  end)

  it("sends extra with the call that makes the job, not with the polls", function()
    local op, log = scene("export", turns(QUEUED, DONE))
    assert(op:wait({ target = "a" }, { extra = { depth = 10 } }))
    assert.equal("target=a&depth=10", log[1].query)
    assert.equal("task_id=1_2", log[2].query)
  end)

  it("takes slots of the limiter like every call", function()
    local op, log, clock = scene("status", turns(RUNNING, RUNNING, RUNNING, DONE), nil, { data_rate = { limit = 1, per = 60 } })
    assert(op:wait { task_id = "1_2" })
    assert.same({ "/v1/export/status 0", "/v1/export/status 60", "/v1/export/status 120", "/v1/export/status 180" }, times(log))
    assert.equal(180, clock:now())
  end)

  it("lets other items of a map continue", function()
    local _, log, clock, client = scene("status", turns(RUNNING, RUNNING, RUNNING, RUNNING, RUNNING, RUNNING, DONE))
    local op = script.operation(client.data, work, "status")
    local results, errs = client.data:map({ "a", "b", "c" }, function(id) return op:wait { task_id = id } end)
    assert.is_nil(errs)
    assert.equal("complete complete complete",
      results[1].task_status .. " " .. results[2].task_status .. " " .. results[3].task_status)
    assert.equal(9, #log)
    assert.equal(12.5, clock:now())
  end)
end)

describe("a job that ends badly", function()
  it("is an error with its state and the answer", function()
    local op, log = scene("status", turns(RUNNING, '{"task_id":"1_2","task_status":"failed","why":"x"}'))
    local answer, err = op:wait { task_id = "1_2" }
    assert.is_nil(answer)
    assert.is_true(seranking.is_error(err))
    assert.equal("invalid job_failed", err.kind .. " " .. err.code)
    assert.equal("data.work.status: the job (task_id = 1_2) ended as failed", err.message)
    assert.same({ task_id = "1_2", task_status = "failed", why = "x" }, err.answer)
    assert.equal('{"task_id":"1_2","task_status":"failed","why":"x"}', err.body)
    assert.same({ task_id = "1_2" }, err.job)
    assert.is_false(err.retryable)
    assert.equal(2, #log)
  end)

  it("may be refused at once, with a status of 200", function()
    local op, log = scene("export", turns('{"task_status":"rejected"}'))
    local answer, err = op:wait { target = "a" }
    assert.is_nil(answer)
    assert.equal("data.work.export: the job ended as rejected", err.message)
    assert.equal("invalid job_rejected", err.kind .. " " .. err.code)
    assert.is_nil(err.job)
    assert.equal(1, #log)
  end)

  it("may have no id", function()
    for _, text in ipairs { "{}", '{"task_id":null}' } do
      local op = scene("export", turns(text))
      local _, err = op:wait { target = "a" }
      assert.equal("decode no_job", err.kind .. " " .. err.code)
      assert.equal("data.work.export: the answer names no job (task_id)", err.message)
    end
    local op = scene("search", turns '[{"id":1},{}]')
    local _, err = op:wait { words = { "a", "b" } }
    assert.equal("no_job", err.code)
    assert.same({ work_id = { 1 } }, err.job)
  end)

  it("may not be made", function()
    local op, log = scene("export", turns(script.json('{"error":{"message":"Limit reached"}}', 403)))
    local _, err = op:wait { target = "a" }
    assert.equal(403, err.status)
    assert.is_nil(err.job)
    assert.equal(1, #log)
  end)

  it("among several is an error with all ids, and with the results so far", function()
    local op = scene("search", function(request)
      return request.method == "POST" and '[{"id":11},{"id":12}]' or request.query == "work_id=11" and '{"items":[1]}'
        or script.json('{"error":{"message":"gone"}}', 404)
    end)
    local _, err = op:wait { words = { "a", "b" } }
    assert.equal(404, err.status)
    assert.same({ work_id = { 11, 12 } }, err.job)
    assert.same({ { items = { 1 } } }, err.results)
  end)
end)

describe("a wait that takes too long", function()
  it("is an error of kind timeout that names the job and how to continue", function()
    local op, log, clock = scene("export", turns(QUEUED, RUNNING))
    local answer, err = op:wait({ target = "a" }, { timeout = 30 })
    assert.is_nil(answer)
    assert.equal("timeout job_timeout", err.kind .. " " .. err.code)
    assert.equal("data.work.export: the job (task_id = 1_2) is not done after 30 s, its state is processing", err.message)
    assert.is_truthy(err.hint:find('client.data.work.status:wait { task_id = "1_2" }', 1, true), err.hint)
    assert.same({ task_id = "1_2" }, err.job)
    assert.is_true(err.retryable)
    assert.equal(30, clock:now())
    assert.equal("/v1/export/status 23.75", times(log)[#log])
  end)

  it("bounds its polls", function()
    local op, _, clock = scene("status", function(_, number)
      return number > 1 and { fault = "hang" } or RUNNING
    end)
    local _, err = op:wait({ task_id = "1_2" }, { timeout = 12 })
    assert.equal("timeout", err.kind)
    assert.equal(12, clock:now())
    assert.same({ task_id = "1_2" }, err.job)
  end)

  it("is a timeout, no error of the rate limit, if no slot comes in the rest of the time", function()
    local op, log, clock = scene("export", turns(QUEUED, RUNNING), nil, { data_rate = { limit = 1, per = 20 } })
    local _, err = op:wait({ target = "a" }, { timeout = 12 })
    assert.equal("timeout job_timeout", err.kind .. " " .. err.code)
    assert.same({ task_id = "1_2" }, err.job)
    assert.equal(12, clock:now())
    assert.equal(1, #log)
  end)

  it("ends after an hour by default", function()
    local op, _, clock = scene("status", turns(RUNNING))
    local _, err = op:wait { task_id = "1_2" }
    assert.equal("job_timeout", err.code)
    assert.equal(3600, clock:now())
  end)
end)

describe("a poll that fails", function()
  it("for a while does not end the wait", function()
    local op, log = scene("status", turns(RUNNING, script.json("{}", 503), script.json("{}", 503), { fault = "drop" }, DONE),
      nil, { retries = 0 })
    assert.equal("complete", op:wait({ task_id = "1_2" }).task_status)
    assert.equal(5, #log)
  end)

  it("for good ends the wait with the job in the error", function()
    local op, log = scene("export", turns(QUEUED, RUNNING, script.json('{"error":{"message":"no"}}', 403)))
    local _, err = op:wait { target = "a" }
    assert.equal("access", err.kind)
    assert.same({ task_id = "1_2" }, err.job)
    assert.is_truthy(err.hint:find('the job may still be running: wait for it again with '
      .. 'client.data.work.status:wait { task_id = "1_2" }', 1, true), err.hint)
    assert.equal(3, #log)
  end)

  it("with not_found does not say that the job may be running", function()
    local op = scene("export", turns(QUEUED, script.json('{"error":{"message":"no"}}', 404)))
    local _, err = op:wait { target = "a" }
    assert.equal("not_found", err.kind)
    assert.same({ task_id = "1_2" }, err.job)
    assert.is_nil((err.hint or ""):find("the job goes on", 1, true))
  end)

  it("has a hint that is Lua, with all ids", function()
    local client = seranking.new { token = "be2165b7d065e278e7305c1c7ef791f283f5d14b", transport = {
      handle = function(_, request)
        return script.json(request.path:find "status" and '{"status":"processing"}' or '{"id":7}')
      end }, clock = seranking.clock() }
    for _, audit in ipairs { client.audit, client.audit(7) } do
      local _, err = audit.status:wait({ audit_id = 7 }, { timeout = 1 })
      assert.equal("job_timeout", err.code)
      local code = err.hint:match "wait for it again with (client.+)$"
      assert.equal("client.audit.status:wait { audit_id = 7 }", code)
      assert((rawget(_G, "loadstring") or load)("return " .. code))
    end
  end)
end)

describe("wait", function()
  it("raises mistakes in its arguments and sends nothing", function()
    local op, log, _, client = scene("export", turns(DONE))
    local function message(...)
      return raised(op.wait, op, ...)
    end
    assert.equal("data.work.export: target is required", message {})
    assert.equal("data.work.export: option every must be a number of seconds, or { first, longest }, "
      .. "from 0.001 to 86400, got 0",
      message({ target = "a" }, { every = 0 }))
    assert.equal("data.work.export: option every must be a number of seconds, or { first, longest }, from 0.001 to 86400",
      message({ target = "a" }, { every = { 5, 2 } }))
    assert.equal("data.work.export: option on_progress must be a function, got 1",
      message({ target = "a" }, { on_progress = 1 }))
    assert.equal("data.work.export: unknown option 'evry'; did you mean 'every'?", message({ target = "a" }, { evry = 1 }))
    assert.equal("data.work.none makes no job that could be waited for",
      raised(function() script.operation(client.data, work, "none"):wait() end))
    assert.equal("wait is a method of operations: call it with a colon, as in client.audit.create:wait(…)",
      raised(op.wait))
    assert.equal(0, #log)
  end)

  it("ends with an error that names the job when its hook raises", function()
    local op = scene("export", turns(QUEUED, RUNNING))
    local thrown = {}
    for message, what in pairs { ["enough"] = "enough", [tostring(thrown)] = thrown } do
      local data, err = op:wait({ target = "a" }, { on_progress = function() error(what, 0) end })
      assert.is_nil(data)
      assert.equal("cancelled on_progress", err.kind .. " " .. err.code)
      assert.equal("data.work.export: on_progress raised: " .. message, err.message)
      assert.equal(what, err.raised)
      assert.same({ task_id = "1_2" }, err.job)
      assert.is_truthy(err.hint:find('client.data.work.status:wait { task_id = "1_2" }', 1, true))
    end
  end)

  it("has hooks that make calls themselves", function()
    local op, _, _, client = scene("export", turns(QUEUED, RUNNING, '{"a":1}', DONE))
    local seen
    assert(op:wait({ target = "a" }, { on_progress = function()
      seen = seen or assert(client:request { path = "/x" })
    end }))
    assert.same({ a = 1 }, seen)
  end)

  it("names the caller's line when its arguments are no table, or the client is closed", function()
    local op, log, _, client = scene("status", turns(RUNNING))
    local _, text = pcall(function() op:wait(5) end)
    assert.is_truthy(text:find "jobs_spec.lua:%d+: data.work.status takes a table of parameters, { name = value }, got 5", text)
    client:close()
    _, text = pcall(function() op:wait { task_id = "1" } end)
    assert.is_truthy(text:find "jobs_spec.lua:%d+: data.work.status: the client is closed", text)
    assert.equal(0, #log)
  end)

  it("ends with the job in the error if its client was closed", function()
    local op, _, _, client = scene("export", turns(QUEUED, RUNNING))
    local _, err = op:wait({ target = "a" }, { on_progress = function() client:close() end })
    assert.equal("cancelled closed", err.kind .. " " .. err.code)
    assert.same({ task_id = "1_2" }, err.job)
  end)

  it("sends the options of a call with every call", function()
    local op, log = scene("export", turns(QUEUED, DONE))
    assert(op:wait({ target = "a" }, { headers = { ["X-Mine"] = "1" } }))
    assert.equal("1 1", log[1].headers["x-mine"] .. " " .. log[2].headers["x-mine"])
  end)
end)
