--- Errors as values: plain tables with one way to print them.
-- SPDX-License-Identifier: MIT

local lazy = require "seranking.base.lazy"
local misuse = require "seranking.base.misuse"

local codes = lazy.value "seranking.answer.codes"

local getinfo = debug.getinfo

--- An error. Calls return it as their second value if something outside the program fails.
---@class seranking.Error
---@field kind seranking.Kind what a program branches on
---@field code seranking.Code which one of the kind
---@field message string the server's or libcurl's words, one line of UTF-8
---@field hint? string what to do about it
---@field status? integer HTTP status, when there was an answer
---@field method? string
---@field path? string path and query, the key masked
---@field attempts integer requests begun
---@field elapsed? number seconds, from the call to the error
---@field retry_after? number seconds to wait before trying again
---@field retryable boolean the same call again does no harm and may succeed
---@field sent boolean the server may have got the request, and acted on it
---@field body? string the beginning of what the server said
---@field fields? table<string, string[]> what the server said of each parameter, by its name in the request
---@field where? string "file:line" of the caller: the innermost function outside this library
---@field rows? any[] of `all`: the rows that came before it
---@field resume? string of a walk: the option `resume` of one that goes on with the first row that was not delivered
---@field answer? any of a walk or `wait`: the answer that could not be used, or that says how the job ended
---@field job? table<string, any> of `wait` and `export`: the parameter that names the job, and its id: give it to `status:wait`
---@field raised? any code on_progress: what the function raised
---@field option? string code bad_option: the option that can't be used, or the variable it came from
---@field instead? string code not_in_v4 or not_in_v1: the operation to use, "account.subscription"
local error_mt = { __name = "seranking.error" }

local SHOWN_FIELDS = 3

-- What the server said of parameters and did not say in the message: " (titles: Taken.)"; "" if nothing.
local function of_fields(err)
  local said = {}
  for name, texts in pairs(err.fields or {}) do
    for _, text in ipairs(texts) do
      if not err.message:find(text, 1, true) then
        said[#said + 1] = name .. ": " .. text:gsub("%s+", " ")
      end
    end
  end
  table.sort(said)
  if #said > SHOWN_FIELDS then
    said[SHOWN_FIELDS + 1] = "…"
  end
  return said[1] and " (" .. table.concat(said, "; ", 1, math.min(#said, SHOWN_FIELDS + 1)) .. ")" or ""
end

--- One line: where, which request, what went wrong, what to do.
function error_mt:__tostring()
  local line = { self.where and self.where .. ": " }
  if self.method then
    local path = self.path or ""
    line[#line + 1] = ("%s %s: "):format(self.method, #path > 200 and path:sub(1, 200) .. "…" or path)
  end
  line[#line + 1] = self.message .. of_fields(self)
  line[#line + 1] = (" (%s, %s%s)"):format(self.kind, self.code, self.status and ", HTTP " .. self.status or "")
  if self.attempts > 1 then
    line[#line + 1] = (" after %d attempts"):format(self.attempts)
  end
  if self.hint then
    line[#line + 1] = "; " .. self.hint
  end
  return table.concat(line)
end

--- Makes "x: " .. err work.
function error_mt.__concat(a, b)
  return tostring(a) .. tostring(b)
end

local errors = { of_fields = of_fields }

local hints -- by kind and code

-- Called with the first error that has no hint of its own.
local function make_hints()
  hints = {}
  for _, kind in ipairs(codes()) do
    local of_kind = {}
    for i = 2, #kind do
      of_kind[kind[i][1]] = kind[i].hint
    end
    hints[kind[1]] = of_kind
  end
end

--- The hint of a code. nil: it has none, or it depends on the case.
---@param kind seranking.Kind
---@param code string
---@return string?
function errors.hint(kind, code)
  if not hints then
    make_hints()
  end
  return hints[kind] and hints[kind][code]
end

--- Turns a table of fields into an error. Adds the hint of its code and the caller's line.
---@param fields table
---@return seranking.Error
function errors.wrap(fields)
  fields.hint = fields.hint or errors.hint(fields.kind, fields.code)
  fields.where = misuse.where()
  return setmetatable(fields, error_mt)
end

--- A copy of an error, for another call.
---@param err seranking.Error
---@return seranking.Error
function errors.again(err)
  local copy = {}
  for name, value in pairs(err) do
    copy[name] = value
  end
  return (errors.wrap(copy))
end

--- Makes an error that no call returned.
---@param kind string
---@param code string
---@param message string
---@param hint? string
---@return seranking.Error
function errors.new(kind, code, message, hint)
  return errors.wrap {
    kind = kind, code = code, message = message, hint = hint, attempts = 0, sent = false, retryable = false,
  }
end

--- The error of an option that came from the environment, or needs something that is missing.
---@param option string its name, or the variable's
---@param problem string goes on after the name
---@return seranking.Error
function errors.option(option, problem)
  local err = errors.new("invalid", "bad_option", option .. " " .. problem)
  err.option = option
  return err
end

local MAY_BE_DONE = "it may have been carried out: look before you repeat it"
local MAY_BE_BILLED = "it may have been billed: to repeat it may cost again"
local in_doubt = setmetatable({}, { __mode = "k" }) -- warnings by error
local unclear = { timeout = true, network = true, server = true, cancelled = true, protocol = true, decode = true }

--- Adds a warning to the error of a request that may have been carried out and must not be sent twice.
---@param err seranking.Error
---@param plan seranking.Plan of the request
function errors.doubt(err, plan)
  if err.sent and not plan.repeatable and unclear[err.kind] then
    local warning = plan.method == "GET" and MAY_BE_BILLED or MAY_BE_DONE -- a read leaves nothing to look at
    err.hint = err.hint and err.hint .. "; " .. warning or warning
    in_doubt[err] = warning
  end
end

--- The warning, if an error has it.
---@param err seranking.Error
---@return string?
function errors.warning(err)
  return in_doubt[err]
end

--- Adds the caller's line to an error that was made where there was none, such as in an operation that map called.
---@param err any
function errors.locate(err)
  if errors.is(err) and not err.where then
    err.where = misuse.where()
  end
end

-- Lua 5.1's own interpreter and nginx don't print an uncaught error value.
local LUA_51 = _VERSION == "Lua 5.1" and not rawget(_G, "jit")

-- Whether an error raised here would be uncaught: this is the main coroutine, and the only C function among the callers is
-- the interpreter's own at the bottom, so none is pcall.
local function nobody_catches()
  local thread, is_main = coroutine.running()
  if thread and not is_main then
    return false
  end
  local level, seen = 3, false
  local info = getinfo(level, "S")
  while info do
    if seen then
      return false
    end
    seen = info.what == "C"
    level = level + 1
    info = getinfo(level, "S")
  end
  return true
end

--- Raises an error value. If it would be uncaught and the interpreter would not print it, raises its text instead.
---@param err any
function errors.raise(err)
  local silent = LUA_51 or package.loaded.ngx ~= nil
  error(silent and type(err) == "table" and nobody_catches() and tostring(err) or err, 0)
end

--- Whether a value is an error of this library.
---@param value any
---@return boolean
function errors.is(value)
  return getmetatable(value) == error_mt
end

return errors
