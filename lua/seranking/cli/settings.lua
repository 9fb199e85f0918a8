--- Options of the client and of its calls as flags: --timeout 60, --retries 0, --header 'Name: value'. Never the key.
-- SPDX-License-Identifier: MIT

local exit = require "seranking.cli.exit"
local flags = require "seranking.cli.flags"
local options = require "seranking.options"

local settings = {}

-- Options that are no flags here: keys, and what is a global flag.
local LEFT_OUT = { token = true, data_token = true, token_file = true, profile = true, api = true }

local function flag_of(name)
  return "--" .. name:gsub("_", "-")
end

-- Calls visit(name, kind, about) for each option of a client that can be written as a text.
local function each_option(visit)
  local seen = {}
  for _, group in ipairs(options.groups) do
    for _, option in ipairs(group) do
      if type(option) == "table" and option.env and option[2].parse and not LEFT_OUT[option[1]] and not seen[option[1]] then
        seen[option[1]] = true
        visit(option[1], option[2], option.about:gsub("`", ""))
      end
    end
  end
end

--- Adds the flags, hidden: `seranking help flags` shows them.
---@param parser table of argparse
function settings.define(parser)
  each_option(function(name, _, about)
    parser:option(flag_of(name), about):argname "VALUE":target("setting " .. name):hidden(true)
  end)
  parser:option("--header", "One more request header, 'Name: value'."):argname "TEXT":count "*":target "header":hidden(true)
  parser:option("--extra", "A parameter that this program does not know, name=value."):argname "TEXT":count "*"
    :target "extra":hidden(true)
end

--- The flags and what they are, for the help.
---@return { [1]: string, [2]: string }[]
function settings.rows()
  local rows = {}
  each_option(function(name, _, about)
    rows[#rows + 1] = { flag_of(name) .. " VALUE", about }
  end)
  rows[#rows + 1] = { "--header 'NAME: VALUE'", "one more request header" }
  rows[#rows + 1] = { "--extra NAME=VALUE", "a parameter that this program does not know" }
  return rows
end

--- The options of the client that flags set.
---@param context seranking.cli.Context
---@param parsed table
---@return seranking.Options
function settings.client(context, parsed)
  local set = {}
  each_option(function(name, kind)
    local text = parsed["setting " .. name]
    if text then
      if name == "budget" and text:find(".", 1, true) then -- of 1.000, is it one credit or a thousand?
        context:fail(exit.USAGE, ("--budget must be a whole number, got '%s'%s"):format(text, flags.without_separators(text)))
      end
      local value, problem = kind.parse(text)
      if not problem then
        value, problem = kind.check(value)
      end
      if problem then
        context:fail(exit.USAGE, ("%s %s"):format(flag_of(name), problem))
      end
      set[name] = value
    end
  end)
  return set
end

--- The options of a call that flags set; nil if there are none.
---@param context seranking.cli.Context
---@param parsed table
---@return seranking.CallOptions?
function settings.call(context, parsed)
  local call = {}
  for _, text in ipairs(parsed.header or {}) do
    local name, value = text:match "^([^:]+):%s*(.*)$"
    if not name then
      context:fail(exit.USAGE, ("--header must be 'Name: value', got '%s'"):format(text))
    end
    call.headers = call.headers or {}
    call.headers[name] = value
  end
  for _, text in ipairs(parsed.extra or {}) do
    local name, value = text:match "^([^=]+)=(.*)$"
    if not name then
      context:fail(exit.USAGE, ("--extra must be name=value, got '%s'"):format(text))
    end
    call.extra = call.extra or {}
    call.extra[name] = value
  end
  return next(call) and call or nil
end

return settings
