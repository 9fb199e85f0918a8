--- Waiting on the calling thread, which runs the core itself: for one call, or for many in turn (client:map).
-- SPDX-License-Identifier: MIT
--
-- Each item of a map is a coroutine, a task. A task that makes a call submits it to the core and is suspended until the call is
-- done; meanwhile other tasks run. Tasks of a map inside a task join the scheduler of the outer map.

local adapter = require "seranking.loop.adapter"
local errors = require "seranking.answer.errors"
local yieldable = require "seranking.loop.yield"

local plain = {}

local running, create, resume, status = coroutine.running, coroutine.create, coroutine.resume, coroutine.status
-- Seconds after which the core returns for a moment, so that Lua's hooks run (Ctrl-C in the standalone interpreter).
local SLICE = 0.25

--- For a program with signal handlers of its own, as the command has: called before each wait (false), and at least every SLICE
--- during one (true: a call is in flight). It may close the client, which ends the wait.
---@type fun(in_flight: boolean)?
plain.tick = nil

-- Seconds below this count as none: the core counts whole nanoseconds.
local NO_TIME = 1e-9

-- ---- transports that replace the network (see seranking.fake) ----

-- The core's names for a transport's faults.
local faults = { refuse = "refused", drop = "closed", truncate = "truncated" }

-- Hands an attempt to a transport. Returns the seconds until its outcome, and a function that then reports it to the core.
local function attempt(call, transport)
  local method, target, headers, body, origin, number = call:outgoing()
  local path, query = target:match "^([^?]*)%??(.*)$"
  local answer = transport:handle {
    method = method, path = path, query = query, headers = headers, body = body, origin = origin, attempt = number,
  }
  local left, delay = call:time_left(), answer.delay or 0
  if answer.fault == "hang" or delay > left then
    return left, function() call:lost "timeout" end
  elseif faults[answer.fault] then
    return delay, function() call:lost(faults[answer.fault]) end
  end
  local lines = {}
  for i, header in ipairs(answer.headers or {}) do
    lines[i] = header[1] .. ": " .. header[2] .. "\r\n"
  end
  return delay, function() call:answer(answer.status, table.concat(lines), answer.body or "") end
end

-- ---- one call ----

local function drive(client, core, call, transport)
  local tick = plain.tick
  local done = core:run(call, SLICE)
  while not done do
    if tick then
      tick(true)
      if client._closed then
        return
      end
    end
    if done == nil then
      local delay, settle = attempt(call, transport)
      core:sleep(delay)
      settle()
    end
    done = core:run(call, SLICE)
  end
end

-- The error of a call whose client was closed before it began.
local function not_begun()
  local err = errors.new("cancelled", "cancelled", "the client was closed before the call began")
  err.sent = false
  return err
end

local function wait_alone(client, call)
  if plain.tick then
    plain.tick(false)
    if client._closed then
      return not_begun()
    end
  end
  -- An error in here is the transport's or a hook's (Ctrl-C): nobody waits for the call any more.
  local ran, problem = pcall(drive, client, client._core, call, client._transport)
  if not ran then
    call:cancel()
    error(problem, 0)
  end
end

-- ---- tasks ----

---@class seranking.Task
---@field thread thread
---@field scheduler seranking.Scheduler
---@field group table the map it belongs to
---@field index integer of its item
---@field waiting boolean it is suspended, or about to be, by this module
---@field call? userdata what it waits for
---@field tag? integer the number of its calls in the core

---@class seranking.Scheduler
---@field client table its core carries out the calls of all tasks
---@field core userdata the client's
---@field runnable seranking.Task[] from `first` to `last`, in the order to resume them
---@field tasks table<seranking.Task, true> all that have not ended
---@field due table[] { time, settle } of sleeps and of attempts that a transport has answered, the earliest first

local LUA_51 = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

local task_of = setmetatable({}, { __mode = "k" }) -- by coroutine
local by_tag = {}                                  -- tasks by the tags of their calls
local last_tag = 0

local possible, yieldable_suspend = yieldable.possible, yieldable.suspend

local function current()
  local thread = LUA_51 and adapter.current() or running() -- adapter.protect makes coroutines of its own there
  return thread and task_of[thread]
end

local function make_runnable(task)
  local scheduler = task.scheduler
  local last = scheduler.last + 1
  scheduler.last = last
  scheduler.runnable[last] = task
end

-- Suspends the running task. False if it can't be; Lua 5.1 raises instead, which ends the task: see `reason`.
local function suspend(task)
  task.waiting = true
  local fine = yieldable_suspend()
  task.waiting = false
  return fine
end

-- Whether the running task can be suspended. Lua 5.1 and 5.2 do not tell, so it is tried by giving the other tasks a turn; 5.1
-- raises if it can't.
local function suspendable(task)
  if not possible() or yieldable.sure then
    return possible()
  end
  make_runnable(task)
  if suspend(task) then
    return true
  end
  local scheduler = task.scheduler
  scheduler.runnable[scheduler.last] = nil
  scheduler.last = scheduler.last - 1
  return false
end

-- Cancels the call that a task waits for, if there is one.
local function drop_call(task)
  if task.call then
    task.call:cancel()
    by_tag[task.tag] = nil -- the core may name it once more
    task.call, task.tag = nil, nil
  end
end

-- Waits for a call inside a task. nil, or an error.
local function wait_among_others(task, call)
  if not possible() then
    return yieldable.error()
  end
  local tag = task.tag
  if not tag then
    last_tag = last_tag + 1
    tag = last_tag
    task.tag, by_tag[tag] = tag, task
  end
  task.call = call
  task.scheduler.core:submit(call, tag)
  task.waiting = true
  local fine = yieldable_suspend()
  task.waiting = false
  if not fine then
    drop_call(task)
    return yieldable.error()
  end
  task.call = nil
end

-- ---- the scheduler ----

local function start_tasks(scheduler, group)
  while group.live < group.batch.width do
    local index = group.batch:next()
    if not index then
      return
    end
    local task = { thread = create(group.body), scheduler = scheduler, group = group, index = index, waiting = false }
    task_of[task.thread] = task
    scheduler.tasks[task] = true
    group.live = group.live + 1
    make_runnable(task)
  end
end

-- The error that a failed task raised.
local function reason(task, problem)
  if task.waiting then -- Lua 5.1 could not suspend it; no pcall in between can have caught that
    drop_call(task)
    return yieldable.error()
  end
  return problem
end

local function finish(scheduler, task)
  local group = task.group
  scheduler.tasks[task] = nil
  task_of[task.thread] = nil -- the value refers to its key: before Lua 5.2, and in LuaJIT, that is never collected
  if task.tag then
    by_tag[task.tag] = nil
  end
  group.live = group.live - 1
  start_tasks(scheduler, group)
  if group.live == 0 and group.parent then
    make_runnable(group.parent)
  end
end

local function step(scheduler, task)
  if LUA_51 and not scheduler.tasks[task] then -- it could not be suspended and has ended
    return
  end
  local fine, problem = resume(task.thread, task)
  if not fine then
    task.group.batch:settle(task.index, false, adapter.raised(reason(task, problem), task.thread))
  elseif task.waiting then
    return
  elseif status(task.thread) ~= "dead" then
    task.group.batch:settle(task.index, false,
      adapter.raised("client:map: an item's function must not call coroutine.yield", task.thread))
  end
  finish(scheduler, task)
end

-- Settles what is due by now. Returns the seconds until the next one.
local function settle_due(scheduler)
  local due = scheduler.due
  while due[1] do
    local left = due[1].time - scheduler.client._core:now()
    if left > NO_TIME then
      return left
    end
    table.remove(due, 1).settle()
  end
  return SLICE
end

local function insert_due(scheduler, time, settle)
  local at = #scheduler.due + 1
  while at > 1 and scheduler.due[at - 1].time > time do
    at = at - 1
  end
  table.insert(scheduler.due, at, { time = time, settle = settle })
end

local function carry_out(scheduler, call)
  local delay, settle = attempt(call, scheduler.client._transport)
  insert_due(scheduler, scheduler.client._core:now() + delay, settle)
end

-- The client was closed, and its calls with it.
local function resume_all(scheduler)
  for task in pairs(scheduler.tasks) do
    if task.call then
      make_runnable(task)
    end
  end
  while scheduler.due[1] do -- sleeps end as well
    table.remove(scheduler.due, 1).settle()
  end
end

-- Waits until a call is done, and returns its task if the task is of this scheduler.
local function wait_for_core(scheduler)
  if plain.tick then
    plain.tick(true)
  end
  if scheduler.client._closed then
    return resume_all(scheduler)
  end
  local wait = SLICE
  if scheduler.due[1] then
    wait = settle_due(scheduler)
    if scheduler.runnable[scheduler.first] then -- a sleep is over
      return
    end
  end
  local tag, wants = scheduler.core:next(wait < SLICE and wait or SLICE)
  local task = tag and by_tag[tag]
  if not task then
    return
  elseif wants then
    carry_out(task.scheduler, task.call)
  elseif task.scheduler == scheduler then
    return task
  else
    make_runnable(task)
  end
end

local function run_until_done(scheduler, group)
  local runnable = scheduler.runnable
  while group.live > 0 do
    local first = scheduler.first
    local task = runnable[first]
    if task then
      runnable[first] = nil
      scheduler.first = first + 1
    else
      scheduler.first, scheduler.last = 1, 0
      task = wait_for_core(scheduler)
    end
    if task then
      step(scheduler, task)
    end
  end
end

-- Ends the calls of all tasks, and the tasks.
local function abandon(scheduler)
  for task in pairs(scheduler.tasks) do
    drop_call(task)
    if coroutine.close and status(task.thread) == "suspended" then
      coroutine.close(task.thread)
    end
    task_of[task.thread] = nil
  end
end

-- A task runs its item and, where pcall can be yielded across, the next ones too.
local function body(task)
  local batch, index = task.group.batch, task.index
  if LUA_51 then
    batch:settle(index, true, batch.fn(batch.list[index], index))
    return
  end
  repeat
    task.index = index
    batch:settle(index, adapter.try(batch.fn, batch.list[index], index))
    index = batch:next()
  until not index
end

-- Whether the scheduler's core can carry out a client's calls: both use the network and the real clock.
local function same_core(client, scheduler)
  return client == scheduler.client or not (client._apart or scheduler.client._apart)
end

-- ---- public ----

--- Schedulers at work. While there are none, no caller is a task.
plain.schedulers = 0

--- The task that the caller is, if it is an item of a map on this thread.
---@return seranking.Task?
plain.task = current

--- Waits until a call is done.
---@param client table
---@param call userdata
---@param task? seranking.Task the caller, if it is one
---@return seranking.Error? error nil: the call has its own outcome
function plain.wait(client, call, task)
  if task and same_core(client, task.scheduler) and not task.scheduler.client._closed then
    return wait_among_others(task, call)
  end
  return wait_alone(client, call)
end

--- Waits. Inside a map, other items go on meanwhile.
---@param client table
---@param seconds number
---@return seranking.Error? error where the item can't be suspended
function plain.sleep(client, seconds)
  local task = current()
  local scheduler = task and task.scheduler
  if scheduler and same_core(client, scheduler) and not scheduler.client._closed then
    if not yieldable.possible() then
      return yieldable.error()
    end
    local asleep = true
    insert_due(scheduler, scheduler.client._core:now() + seconds, function()
      if asleep then
        make_runnable(task)
      end
    end)
    asleep = suspend(task)
    return not asleep and yieldable.error() or nil
  end
  local core = client._core
  local until_then, left = core:now() + seconds, seconds
  while left > NO_TIME do
    if plain.tick then
      plain.tick(false)
      if client._closed then
        return
      end
    end
    core:sleep(left < SLICE and left or SLICE)
    left = until_then - core:now()
  end
end

--- Runs all items of a batch, at most `batch.width` at once, and returns when they have ended.
---@param client table
---@param batch seranking.Batch
function plain.run_batch(client, batch)
  local parent = current()
  if parent and not (same_core(client, parent.scheduler) and suspendable(parent)) then
    parent = nil -- a scheduler of its own
  end
  local scheduler = parent and parent.scheduler
    or { client = client, core = client._core, runnable = {}, first = 1, last = 0, tasks = {}, due = {} }
  local group = { batch = batch, parent = parent, live = 0, body = body }
  start_tasks(scheduler, group)
  if parent then
    if group.live > 0 then
      suspend(parent)
    end
    return
  end
  plain.schedulers = plain.schedulers + 1
  local ran, problem = pcall(run_until_done, scheduler, group)
  if not ran then
    abandon(scheduler)
  end
  plain.schedulers = plain.schedulers - 1
  if not ran then
    error(problem, 0)
  end
end

return plain
