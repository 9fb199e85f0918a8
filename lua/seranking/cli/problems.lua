--- What went wrong as one line in the command's own words, or as JSON.
-- SPDX-License-Identifier: MIT

local errors = require "seranking.answer.errors"
local exit = require "seranking.cli.exit"
local json = require "seranking.base.json"
local products = require "seranking.api.products"

local problems = {}

-- What to do at the terminal, by code. Left out: the library's hint.
local HINTS = {
  no_key = "run `seranking login`, or set SERANKING_TOKEN",
  invalid_key = "give the key alone, without the word Token",
  no_token = "this host may be retired for this kind of key: make a key for the new API and use --api v1",
  incorrect_token = "check the key: `seranking status` says which one is used",
  unauthorized = "check the key: `seranking status` says which one is used",
  bad_key = "set the right key; to send with this one at once, run `seranking limits reset` with its last four characters",
  budget = "raise --budget, or leave it out",
  max_cost = "raise --max-cost",
  no_slot = "other programs use this key; try again, or allow a longer --timeout",
  unanswered = "try again, or run `seranking limits reset` with the key's last four characters",
  body = "ask for less, or raise --max-body",
  no_answer = "raise --timeout, or ask for less at once",
  no_connection = "check --base-url, --proxy and the firewall, or raise --timeout and --connect-timeout",
  decoding = "raise --timeout, or ask for less at once",
  dns = "check the network, and the name in --base-url or --proxy",
  connect = "check that the address can be reached from this machine: firewall, proxy, --base-url",
  proxy = "check --proxy, or https_proxy and all_proxy in the environment",
  ca_file = "check that --ca-file is a readable PEM file",
  certificate = "check --base-url and the clock, or name your CA with --ca-file",
  bad_json = "check --base-url: another server may be answering",
  bad_answer = "check --base-url: another server may be answering",
  redirect = "check --base-url: redirects are not followed, to protect the key",
  unexpected = "`seranking raw` prints it as it is",
  empty_body = "check whether it was carried out",
  no_rows = "`seranking raw` prints the answer as it is",
  cut = "ask for more with --limit, or narrow it down",
  interrupted = "",
  wrong_key = "run `seranking login` with a v1 key; to keep this one for the rest, add --product visible",
}

-- What happened, by code, where the library's words name its options.
local MESSAGES = {
  max_cost = "the next page may cost more than --max-cost leaves",
  interrupted = "interrupted",
  unexpected = "the answer is JSON of another shape than the API's description has",
  no_rows = "the answer has no list of rows",
  empty_body = "the answer is empty",
  wrong_key = "this takes a v1 key (a UUID), and the key has 40 digits: it is a v4 key",
}

-- The time of day at which a wait ends.
local function when(context, seconds)
  return os.date("%H:%M:%S", context.terminal.now() + math.ceil(seconds))
end

-- What to do about a product's error if it was sent the client's v4 key: it may want a key of its own.
local function of_borrowed_key(context, err)
  local client = err.kind == "auth" and err.hint and context._client
  for _, name in ipairs(client and client._core:key_shape() == "v4" and products or {}) do
    if products[name] and client[name]._key_hint == err.hint then
      return ("%s was sent the v4 key; add a v1 key (a UUID) for it: `seranking login --product %s`, or SERANKING_%s_TOKEN")
        :format(products[name].named, name, name:upper())
    end
  end
end

-- What to do about an error.
local function hint_of(context, err)
  if err.instead then
    return ("use `seranking %s` instead"):format(err.instead:gsub("%.", " "))
  elseif err.code == "no_token" and context._client and context._client.api == "v1" then
    return "the key is a v1 key, for which paths begin with /v1/; --dry-run of a command shows its path"
  elseif err.code == "too_many_requests" then
    return ("other programs use this key%s"):format(err.retry_after
      and ("; try again after %s"):format(when(context, err.retry_after)) or "")
  elseif err.code == "limiter" and err.retryable then
    return "nothing was sent: repeat it later, or go on with a limit of this process alone: --on-limiter-error process"
  elseif err.job then
    return nil -- the command says how to go on
  end
  local borrowed = of_borrowed_key(context, err)
  if borrowed then
    return borrowed
  end
  local hint, warning = HINTS[err.code], errors.warning(err)
  if hint and hint:find("seranking login", 1, true) then
    local login = require("seranking.cli.keys").login(context)
    hint = err.code == "no_key" and context.flags.profile and ("run `%s`"):format(login) -- SERANKING_TOKEN would not count
      or hint:gsub("seranking login", function() return login end)
  end
  if hint then
    return warning and (hint ~= "" and hint .. "; " or "") .. warning or hint
  end
  hint = err.hint
  return hint and err.resume and hint:gsub(";? ?a walk with the option resume.*$", "") or hint -- the command to go on is told
end

--- One line about an error of the library.
---@param context seranking.cli.Context
---@param err seranking.Error
---@param hint? string what to do; default: by its code
---@return string
function problems.line(context, err, hint)
  local words = {}
  if err.method then
    local path = err.path or ""
    words[1] = ("%s %s: "):format(err.method, #path > 200 and path:sub(1, 200) .. "…" or path)
  end
  words[#words + 1] = (MESSAGES[err.code] or err.message) .. errors.of_fields(err)
  if err.status then
    words[#words + 1] = (" (HTTP %d)"):format(err.status)
  end
  if err.attempts > 1 then
    words[#words + 1] = (" after %d attempts"):format(err.attempts)
  end
  hint = hint or hint_of(context, err)
  if hint and hint ~= "" then
    words[#words + 1] = "; " .. hint
  end
  return table.concat(words)
end

-- Fields of an error that --error-format json prints, besides kind, code and message.
local FIELDS = { "hint", "status", "method", "path", "attempts", "elapsed", "retry_after", "retryable", "sent", "body",
  "resume", "job", "option", "instead", "fields" }

-- An error as JSON text.
local function json_of(context, status, message, err)
  local made = { kind = status == exit.USAGE and "usage" or status == exit.INTERRUPTED and "interrupted" or "other",
    message = message, exit = status }
  if err then
    made.code, made.message = err.code, err.message or message
    made.kind = status ~= exit.INTERRUPTED and err.kind or made.kind
    for _, name in ipairs(FIELDS) do
      made[name] = err[name]
    end
    made.hint = err.kind and hint_of(context, err)
  end
  return (json.encode({ error = made }, "the error"))
end

-- Whether errors are wanted as JSON: a mistake in the flags themselves is told so, too.
local function wants_json(context)
  if context.flags.error_format then
    return context.flags.error_format == "json"
  end
  return (" " .. table.concat(context.arguments, " ") .. " "):find " %-%-error%-format[ =]json " ~= nil
end

--- Writes a message to stderr, as a line or as JSON.
---@param context seranking.cli.Context
---@param status integer the exit status
---@param message string
---@param err? table the error behind it, or some of its fields
function problems.write(context, status, message, err)
  context:erase_progress()
  local text = wants_json(context) and json_of(context, status, message, err) or "seranking: " .. message
  context.terminal.stderr:write(text, "\n")
end

-- A text with the names of parameters as flags: the first word, and others that are no words of English. The values that a
-- parameter takes stay.
local function with_flags(text, names)
  local head, values = text:match "^(.-)( must be one of .*)$"
  return (head or text):gsub('()("?)([%w_]+)', function(at, quote, word)
    if quote == "" and names[word] and (at == 1 or word:find "_") then
      return "--" .. word:gsub("_", "-")
    end
  end) .. (values or "")
end

--- The words of a mistake that the library raised, without the place and the operation, and with flags for parameters.
---@param text string
---@param op seranking.Operation
---@return string
function problems.mistake(text, op)
  local names = {}
  for _, parameter in ipairs(op:describe().parameters) do
    names[parameter.name] = true
  end
  return with_flags(text:gsub("^[^:]*:%d+: ", ""):gsub("^[%w_.]+: ", ""):gsub("^option resume", "--resume")
    :gsub("pass err%.resume unchanged", "give it as it was printed"), names)
end

--- Writes what ended the command.
---@param context seranking.cli.Context
---@param problem any what was raised
---@return integer status
function problems.report(context, problem)
  local status, message, err = exit.OTHER, tostring(problem), nil
  if exit.is_stop(problem) then
    status, err = problem.status, problem.error
    message = problem.message
  elseif errors.is(problem) then
    status, message, err = exit.of(problem), problems.line(context, problem), problem
  elseif tostring(problem):find "interrupted!$" then -- the interpreter's own, for Ctrl-C where nothing waits
    status, message = exit.INTERRUPTED, "interrupted"
  end
  if message then
    problems.write(context, status, message, err)
  end
  return status
end

return problems
