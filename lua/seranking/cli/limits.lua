--- `seranking limits`: shows, resets and prunes the rate limits that the programs of this machine share.
-- SPDX-License-Identifier: MIT

local exit = require "seranking.cli.exit"

local limits = {
  about = "Show the rate limits that your programs share on this machine: which slots are taken, and whether a key is blocked.",
}

function limits.define(parser)
  parser:epilog("A limit is named by a hash of key and address, and by the key's last four characters; the key is nowhere in "
    .. "it.")
  parser:option("--state-dir", "Where the programs keep them; default: SERANKING_STATE_DIR, or where they look by "
    .. "themselves."):argname "DIR"
  parser:flag("--group", "The directory is shared by a group (state_group = true).")
  parser:command_target "action"
  parser:require_command(false)
  parser:command("status", "Show all limits; the default.")
  local reset = parser:command("reset", "End the ban, the hold and the spacing of a limit, for all programs.")
  reset:argument("limit", "Its name; or the last four characters of a key: the limits of that key that are blocked, or all of "
    .. "them if none is."):argname "LIMIT"
  parser:command("prune", "Remove files that are no longer needed: nothing in them is in use or remembered, or they belong "
    .. "to a server on this machine (127.0.0.1, localhost) or to an earlier boot.")
end

--- The state of a limit in words.
---@param limit table as of client:limiter()
---@return string
function limits.describe(limit)
  if limit.problem then
    return limit.problem
  elseif limit.limit == 0 then
    return "not used yet"
  end
  local words = { ("%d of %d slots busy (%d in %g s)"):format(limit.busy, limit.limit, limit.limit, limit.per) }
  if limit.held_for > 0 then
    words[#words + 1] = ("held by a 429 for %.1f s"):format(limit.held_for)
  end
  if limit.spaced then
    words[#words + 1] = ("the last requests got no answer: one is sent at a time, the next in %.1f s"):format(limit.spaced_for)
  end
  local circuit = limit.circuit
  if circuit.state == "open" then
    words[#words + 1] = ("BLOCKED for %.0f s (%s)"):format(circuit.retry_after, circuit.reason)
  elseif circuit.state == "half-open" then
    words[#words + 1] = circuit.probing and "one request is finding out whether the ban is over"
      or "the ban is over: the next request finds out"
  end
  if circuit.level > 0 then
    words[#words + 1] = ("blocked %d times lately"):format(circuit.level)
  end
  return table.concat(words, "; ")
end

local function is_blocked(limit)
  return limit.circuit.state ~= "closed" or limit.held_for > 0 or limit.spaced
end

-- Whether somebody gave the whole key: 40 hexadecimal digits, or a UUID.
local function is_key(word)
  local digits = word:gsub("%-", "")
  return (#digits == 40 or #digits == 32) and not digits:find "%X"
end

-- The limits that a person means by a name or by the end of a key: of a key, those that stop calls, or all.
local function find(context, list, word)
  local usable, blocked, useless = {}, {}, nil
  local ending = word:gsub("^…", "") -- as `status` prints it
  if is_key(word) then
    ending = word:sub(-4)
    word = "…" .. ending -- a key is never printed
  end
  for _, limit in ipairs(list) do
    if limit.name == word or limit.key and #ending == 4 and limit.key:sub(-4) == ending then
      if limit.problem then -- those of an earlier boot have the same name
        useless = limit
      else
        usable[#usable + 1] = limit
        if is_blocked(limit) then
          blocked[#blocked + 1] = limit
        end
      end
    end
  end
  if #usable == 0 then
    context:fail(exit.INVALID, useless and useless.file .. " " .. useless.problem
      or ("there is no limit %s: see `seranking limits status`"):format(word))
  end
  return blocked[1] and blocked or usable
end

local function show(context, list)
  for _, limit in ipairs(list) do
    context.terminal.stdout:write(("%s  key %s  %s\n  %s\n"):format(limit.name, limit.key or "?", limit.base_url or "?",
      limits.describe(limit)))
  end
end

-- The limits in a directory, sorted, and the directory. `name`: one to reset first; `prune`: removes what is unused.
local function read(context, arguments, name, prune)
  local directory = arguments.state_dir or context.terminal.getenv "SERANKING_STATE_DIR"
  local list, where = require "lseranking".limits(directory ~= "" and directory or nil, arguments.group, name, prune)
  if not list then
    context:fail(exit.OTHER, where)
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list, where
end

local ACTIONS = {}

function ACTIONS.status(context, _, list, where)
  if #list == 0 then
    context.terminal.stdout:write("no limits in ", where, "\n")
  end
  show(context, list)
end

function ACTIONS.reset(context, arguments, list)
  for _, limit in ipairs(find(context, list, arguments.limit)) do
    for _, after in ipairs((read(context, arguments, limit.name))) do
      if after.name == limit.name and not after.problem then
        show(context, { after })
      end
    end
  end
end

function ACTIONS.prune(context, arguments, list, where)
  local removed = 0
  for _, limit in ipairs((read(context, arguments, nil, true))) do
    if limit.removed then
      removed = removed + 1
      context.terminal.stdout:write(("removed %s  key %s  %s\n"):format(limit.name, limit.key or "?", limit.base_url or "?"))
    end
  end
  context.terminal.stdout:write(("%d of %d removed in %s\n"):format(removed, #list, where))
end

function limits.run(context, arguments)
  local list, where = read(context, arguments)
  ACTIONS[arguments.action or "status"](context, arguments, list, where)
end

return limits
