--- Keys in the desktop's keyring, by the program secret-tool.
-- SPDX-License-Identifier: MIT

local uv = require "luv"

local keyring = {}

local PATIENCE = 30 -- seconds; the keyring may ask its user for a password

-- Runs secret-tool. Returns what it printed, or nil and a problem.
local function run(arguments, input, seconds)
  local stdin, stdout, stderr = uv.new_pipe(false), uv.new_pipe(false), uv.new_pipe(false)
  local printed, said, status, late = {}, {}, nil, false
  local open = 2 -- streams that have not ended
  local process, problem = uv.spawn("secret-tool", { args = arguments, stdio = { stdin, stdout, stderr } }, function(code)
    status = code
  end)
  local timer = uv.new_timer()
  local function collect(list)
    return function(_, text)
      list[#list + 1] = text
      open = open - (text and 0 or 1)
    end
  end
  if process then
    timer:start(math.floor((seconds or PATIENCE) * 1000), 0, function()
      late = true
      process:kill "sigkill"
    end)
    stdout:read_start(collect(printed))
    stderr:read_start(collect(said))
    if input then
      stdin:write(input)
    end
    stdin:shutdown()
    while not status or open > 0 and not late do
      uv.run "once"
    end
    process:close()
  end
  for _, handle in ipairs { timer, stdin, stdout, stderr } do
    handle:close()
  end
  uv.run "nowait" -- libuv frees what was closed
  if not process then
    return nil, tostring(problem):find "ENOENT" and "secret-tool is not installed (libsecret-tools on Debian)"
      or ("secret-tool can't be started: " .. tostring(problem))
  elseif late then
    return nil, ("secret-tool did not answer within %g s: is the keyring locked?"):format(seconds or PATIENCE)
  elseif status ~= 0 then
    local words = table.concat(said):gsub("%s+$", ""):gsub("%s+", " ")
    return nil, "secret-tool failed: " .. (words ~= "" and words or "exit status " .. tostring(status))
  end
  return table.concat(printed)
end

local function attributes(profile, field)
  return "service", "seranking", "profile", profile, "key", field
end

--- Keeps a key.
---@param profile string
---@param field string "token", "data_token" …
---@param key string
---@param seconds? number to wait at most
---@return true? kept, string? problem
function keyring.store(profile, field, key, seconds)
  local done, problem = run({ "store", "--label=seranking: " .. profile .. " " .. field, attributes(profile, field) }, key,
    seconds)
  return done and true, problem
end

--- Finds a key. nil and a problem: it is not there, or the keyring can't be asked.
---@param profile string
---@param field string
---@param seconds? number
---@return string? key, string? problem
function keyring.lookup(profile, field, seconds)
  local key, problem = run({ "lookup", attributes(profile, field) }, nil, seconds)
  if key then
    key = key:gsub("%s+$", "")
  end
  if key == "" or problem == "secret-tool failed: exit status 1" then -- it prints nothing where there is no such key
    return nil, ("the keyring has no key of profile '%s'"):format(profile)
  end
  return key, problem
end

--- Removes a key. True also if there was none.
---@param profile string
---@param field string
---@param seconds? number
---@return true? removed, string? problem
function keyring.clear(profile, field, seconds)
  local done, problem = run({ "clear", attributes(profile, field) }, nil, seconds)
  return (done or problem == "secret-tool failed: exit status 1") and true or nil, problem
end

return keyring
