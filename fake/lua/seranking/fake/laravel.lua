--- Refusals of SE Visible, which answers as programs made with Laravel do: a message, and what is wrong by parameter.
-- SPDX-License-Identifier: MIT
--
-- The messages are those that the vendor's node for n8n quotes, and the framework's own.

local json = require "seranking.fake.json"

local laravel = {}

--- Whether an operation's refusals have this form.
---@param route seranking.fake.Route
---@return boolean
function laravel.speaks(route)
  return route.family == "visible"
end

local function words(name)
  return (name:gsub("_", " "))
end

-- What is said of a failure, by its problem; %s is the parameter.
local MESSAGES = {
  missing = "The %s field is required.", brackets = "The %s field must be an array.", unknown = "The %s field is prohibited.",
  range = "The selected %s is invalid.", repeated = "The %s field has a duplicate value.", type = "The %s field is invalid.",
}

--- A refusal about one parameter.
---@param name string
---@param message string
---@param reason? string the message, when left out
---@return seranking.fake.Refusal
function laravel.about(name, message, reason)
  return { status = 422, message = message, reason = reason or message, fields = { [name] = json.array { message } } }
end

-- The name in the request, as Laravel writes it: date_range.0.from.
local function wire_of(route, name)
  local param = route.params[name]
  return (param and param.wire or name):gsub("%[(%w+)%]", ".%1")
end

--- The refusal that a failed check becomes.
---@param route seranking.fake.Route
---@param failure seranking.fake.Failure
---@return seranking.fake.Refusal
function laravel.refusal(route, failure)
  local name = failure.param and wire_of(route, failure.param)
  if not name then
    return { status = 422, message = "The given data was invalid.", reason = failure.reason }
  elseif name == "domain" and failure.problem == "range" then
    return laravel.about(name, "The domain field must be a valid URL.", failure.reason)
  end
  return laravel.about(name, (MESSAGES[failure.problem] or MESSAGES.type):format(words(name)), failure.reason)
end

return laravel
