--- Scripted faults: bad answers, broken connections and delays that the next matching requests get.
-- SPDX-License-Identifier: MIT

local arguments = require "seranking.fake.arguments"
local options = require "seranking.fake.options"
local replies = require "seranking.fake.replies"
local tools = require "seranking.fake.tools"

local faults = {}

local presets = {
  html = { status = 502, headers = { { "Content-Type", "text/html" } },
    body = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n" },
  bad_json = { status = 200, body = '{"a":' },
  empty = { status = 200, body = "" },
  invalid_utf8 = { status = 200, body = '{"a":"\195\40"}' },
  nul = { status = 200, body = '{"a":"b\0c"}' },
}

local fault_names = { refuse = true, drop = true, truncate = true, hang = true, slow = true }

local fault_types = {
  kind = "string", times = "number", method = "string", path = "string", operation = "string", args = "table",
  status = "number", message = "string", headers = "table", body = "string", fault = "string", delay = "number",
}

---@class seranking.fake.Fault
---@field times? number requests that get it; 1
---@field method? string only requests with this method
---@field path? string only requests with exactly this raw path
---@field operation? string only requests for this operation, in either generation: "sites.summary"
---@field args? table only requests for the operation that have these arguments
---@field kind? "html"|"bad_json"|"empty"|"invalid_utf8"|"nul" a ready-made bad answer
---@field status? integer
---@field message? string what the error body says, with a status from 400 on
---@field headers? table list of { name, value }, or name -> value
---@field body? string left out: the generation's error body for a status from 400 on
---@field fault? "refuse"|"drop"|"truncate"|"hang"|"slow"
---@field delay? number seconds

local function header_list(headers)
  local list = {}
  for name, value in pairs(headers or {}) do
    list[#list + 1] = type(name) == "number" and value or { name, tostring(value) }
  end
  table.sort(list, function(a, b) return a[1] < b[1] end)
  return list
end

local function whole(value, least, most)
  return value == nil or value % 1 == 0 and value >= least and value <= most
end

local function are_headers(headers)
  for name, value in pairs(headers or {}) do
    if type(name) == "number" and not (type(value) == "table" and type(value[1]) == "string" and value[2] ~= nil) then
      return false
    end
  end
  return true
end

--- Whether a name is that of a connection's fault.
---@param name any
---@return boolean
function faults.is_connection(name)
  return fault_names[name] ~= nil
end

--- Whether a name is that of a ready-made bad answer.
---@param name any
---@return boolean
function faults.is_kind(name)
  return presets[name] ~= nil
end

--- The names of the ready-made bad answers.
---@return string
function faults.kinds()
  return tools.names(presets)
end

--- Raises for a fault that can't be acted out.
---@param fault any
---@param level integer whose line is named, as for `error`, counted from the caller
function faults.check(fault, level)
  level = level + 1
  if type(fault) ~= "table" then
    error('api:fail takes a table: api:fail { status = 503 }, api:fail { fault = "hang", times = 2 } …', level)
  end
  options.check(fault, fault_types, level)
  if fault.kind and not presets[fault.kind] then
    error("unknown kind: " .. fault.kind .. "; there are: " .. faults.kinds(), level)
  elseif fault.fault and not fault_names[fault.fault] then
    error("unknown fault: " .. fault.fault .. "; there are: " .. tools.names(fault_names), level)
  elseif not (fault.kind or fault.status or fault.headers or fault.body or fault.fault or fault.delay) then
    error("a fault needs a kind, status, headers, body, fault or delay", level)
  elseif fault.message and (not fault.status or fault.status < 400 or fault.body or fault.kind) then
    error("message goes with a status from 400 on, without body and kind", level)
  elseif fault.path and fault.path:sub(1, 1) ~= "/" then
    error("path must begin with a slash, as it comes in: /sites", level)
  elseif fault.path and fault.path:find "[*?{}%s]" then
    error(("path '%s' can match no request: it is compared as it is; for all of an operation's requests say "
      .. 'operation = "sites.list"'):format(fault.path), level)
  elseif fault.args and not fault.operation then
    error("args goes with operation", level)
  elseif not whole(fault.times, 1, math.huge) then
    error("times must be a whole number, at least 1", level)
  elseif not whole(fault.status, 200, 599) then
    error("status must be a whole number from 200 to 599", level)
  elseif fault.delay and not (fault.delay >= 0 and fault.delay <= 86400) then
    error("delay must be a number of seconds from 0 to 86400", level)
  elseif not are_headers(fault.headers) then
    error("headers must be { Name = value } or { { name, value }, … }", level)
  end
end

--- Checks a fault and makes it ready to be queued.
---@param fault seranking.fake.Fault
---@param level? integer whose line is named when it is wrong, as for `error`, counted from the caller; 1
---@return table
function faults.new(fault, level)
  faults.check(fault, (level or 1) + 1)
  local preset = presets[fault.kind] or {}
  return {
    times = fault.times or 1,
    method = fault.method,
    path = fault.path,
    operation = fault.operation,
    args = fault.args or {},
    replaces = fault.kind or fault.status or fault.headers or fault.body,
    status = fault.status or preset.status or 200,
    message = fault.message,
    headers = header_list(fault.headers or preset.headers),
    body = fault.body or preset.body,
    fault = fault.fault,
    delay = fault.delay,
  }
end

--- The queued faults that no request has got yet: a line each, with the place of the call of `fail`.
---@param queue table[]
---@return string[]
function faults.pending(queue)
  local lines = {}
  for _, fault in ipairs(queue) do
    if not fault.used then
      local what = fault.operation and fault.operation .. " " .. arguments.text(fault.args)
        or (fault.method or fault.path) and (fault.method or "any") .. " " .. (fault.path or "request") or "any request"
      lines[#lines + 1] = ("%s: a fault for %s"):format(fault.where, what)
    end
  end
  return lines
end

--- Takes the first queued fault that matches a request; nil where none does.
---@param queue table[]
---@param request seranking.fake.Request
---@param operation? string the operation that it is for; nil where it is for none, or wrong
---@param args? table
---@return table?
function faults.take(queue, request, operation, args)
  for i, fault in ipairs(queue) do
    if (not fault.method or fault.method == request.method) and (not fault.path or fault.path == request.path)
      and (not fault.operation or fault.operation == operation and arguments.match(fault.args, args)) then
      fault.times, fault.used = fault.times - 1, true
      if fault.times <= 0 then
        table.remove(queue, i)
      end
      return fault
    end
  end
end

--- The answer that a fault stands in with.
---@param voice "v4"|"v1"|"visible" the form of errors
---@param fault table
---@return seranking.fake.Answer
function faults.answer(voice, fault)
  local headers, typed = {}, false
  for i, header in ipairs(fault.headers) do
    headers[i] = { header[1], header[2] }
    typed = typed or header[1]:lower() == "content-type"
  end
  if not typed then
    table.insert(headers, 1, { "Content-Type", "application/json" })
  end
  local body = fault.body
  if not body then
    local message = fault.message or replies.messages[fault.status] or "Server error"
    body = fault.status >= 400 and replies.error_body(voice, fault.status, message) or ""
  end
  return { status = fault.status, headers = headers, body = body }
end

return faults
