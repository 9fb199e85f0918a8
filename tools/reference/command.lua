--- docs/command.md and the manual page: what the command has, made from its modules and from the descriptions.
-- SPDX-License-Identifier: MIT

local core = require "lseranking"
local commands = require "seranking.cli.commands"
local flags = require "seranking.cli.flags"
local exit = require "seranking.cli.exit"
local wording = require "seranking.wording"

local reference = {}

local function families()
  local list, by_name = {}, {}
  for _, found in ipairs(commands.operations()) do
    local name = found.name:match "^data%.[^.]+" or found.name:match "^visible%.[^.]+" or found.name:match "^[^.]+"
    if not by_name[name] then
      by_name[name] = { name = name }
      list[#list + 1] = by_name[name]
    end
    table.insert(by_name[name], found)
  end
  return list
end

local function words(name)
  return (name:gsub("%.", " "))
end

-- "sites keywords list SITE_ID"
local function usage(found)
  local shape = require "seranking.cli.operation".command(found).shape
  local parts = { words(found.name) }
  for _, parameter in ipairs(shape.positional) do
    local word = require "seranking.cli.values".word(parameter)
    parts[#parts + 1] = parameter.required and word or "[" .. word .. "]"
  end
  return table.concat(parts, " ")
end

local function about(found)
  local price = found.description.cost and wording.price(found.description)
  return found.description.about .. (price and " Price: " .. price .. "." or "")
end

-- What a description says, with commands for the library's calls.
local function plain(text)
  return require "seranking.cli.values".in_words(text):gsub("`", "")
end

local function markdown()
  local lines = { "| command | |", "|---|---|" }
  for _, name in ipairs(commands.BUILT_IN) do
    lines[#lines + 1] = ("| `%s` | %s |"):format(name, commands.built_in(name).about)
  end
  for _, family in ipairs(families()) do
    lines[#lines + 1] = ""
    lines[#lines + 1] = ("**%s**"):format(words(family.name))
    lines[#lines + 1] = ""
    lines[#lines + 1] = "| command | |"
    lines[#lines + 1] = "|---|---|"
    for _, found in ipairs(family) do
      lines[#lines + 1] = ("| `%s` | %s |"):format(usage(found):gsub("|", "\\|"), (plain(about(found)):gsub("|", "\\|")))
    end
  end
  return table.concat(lines, "\n")
end

--- docs/command.md: the prose of tools/reference/command.md, and all commands.
---@return string
function reference.page()
  local file = assert(io.open "tools/reference/command.md")
  local prose = file:read "*a"
  file:close()
  prose = prose:gsub("\n", "\n\n<!-- Made by `make reference`: the prose is in tools/reference/command.md. -->\n", 1)
  return (prose:gsub("{{commands}}", function() return markdown() end))
end

-- ---- the manual page ----

-- A text for troff.
local function roff(text)
  return (text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("\n%.", "\n\\&."):gsub("^([.'])", "\\&%1"))
end

local function tagged(lines, tag, text)
  lines[#lines + 1] = ".TP"
  lines[#lines + 1] = ".B " .. roff(tag)
  lines[#lines + 1] = roff(text)
end

local function flag_lines(lines, list)
  for _, flag in ipairs(list) do
    tagged(lines, (flag.short and flag.short .. ", " or "") .. "--" .. flag[1]
      .. (flag.argument and " " .. flag.argument or ""), flag.about)
  end
end

local STATUSES = {
  { exit.DONE, "Done." }, { exit.OTHER, "Another failure, such as a full disk." }, { exit.USAGE, "Wrong usage." },
  { exit.INVALID, "The API does not have it, or refuses the request." },
  { exit.ACCESS, "No key, a wrong key, or no access." },
  { exit.RATE, "Rate limit." }, { exit.NETWORK, "Network or time-out." }, { exit.SERVER, "The server failed." },
  { exit.BUDGET, "The budget is used up." }, { exit.JOB, "A job failed." }, { exit.INTERRUPTED, "Interrupted by Ctrl-C." },
}

local VARIABLES = {
  { "SERANKING_TOKEN", "The API key." },
  { "SERANKING_TOKEN_FILE", "A file with the key, which only you can read." },
  { "SERANKING_PROFILE", "The profile to use, as --profile." },
  { "SERANKING_STATE_DIR", "The directory of the shared rate limit." },
  { "NO_COLOR, CLICOLOR_FORCE, COLUMNS", "Colours and width of the output." },
}

--- docs/seranking.1
---@return string
function reference.manual()
  local lines = {
    '.\\" Made by "make reference" from the descriptions of the API.',
    '.TH SERANKING 1 "" "seranking ' .. core.version .. '" "User Commands"',
    ".SH NAME", "seranking \\- the SE Ranking API in a terminal",
    ".SH SYNOPSIS", ".B seranking", ".I COMMAND", "[\\fIFLAGS\\fR]", ".SH DESCRIPTION",
    roff("Runs any operation of the SE Ranking API and prints tables, JSON, CSV, charts and reports. "
      .. "`seranking COMMAND --help` shows the flags, answer and price of a command."),
    ".SH COMMANDS",
  }
  for _, name in ipairs(commands.BUILT_IN) do
    tagged(lines, name, commands.built_in(name).about)
  end
  lines[#lines + 1] = ".SH OPERATIONS"
  for _, family in ipairs(families()) do
    lines[#lines + 1] = ".SS " .. roff(words(family.name))
    for _, found in ipairs(family) do
      tagged(lines, usage(found), plain(about(found)))
    end
  end
  lines[#lines + 1] = ".SH FLAGS"
  flag_lines(lines, flags.GLOBAL)
  flag_lines(lines, flags.OUTPUT)
  lines[#lines + 1] = ".SH ENVIRONMENT"
  for _, row in ipairs(VARIABLES) do
    tagged(lines, row[1], row[2])
  end
  lines[#lines + 1] = ".SH FILES"
  tagged(lines, "$XDG_CONFIG_HOME/seranking/config.json", "The keys that `seranking login` keeps; mode 600.")
  lines[#lines + 1] = ".SH EXIT STATUS"
  for _, row in ipairs(STATUSES) do
    tagged(lines, tostring(row[1]), row[2])
  end
  return table.concat(lines, "\n") .. "\n"
end

return reference
