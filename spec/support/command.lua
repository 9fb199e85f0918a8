--- The command seranking as a process of its own, in a folder of its own.
-- SPDX-License-Identifier: MIT

local process = require "spec.support.process"
local system = require "spec.support.system"

local command = {}

local quote = process.quote

--- Variables that would change what the command does.
local CLEARED = { "SERANKING_TOKEN", "SERANKING_TOKEN_FILE", "SERANKING_PROFILE", "SERANKING_DATA_TOKEN",
  "SERANKING_VISIBLE_TOKEN", "SERANKING_BASE_URL", "NO_COLOR", "CLICOLOR_FORCE", "COLUMNS" }

--- Makes a folder for the files of the command: HOME, configuration and limits. Call remove() in a teardown.
---@return { folder: string, config: string, remove: fun(), environment: table<string, string> }
function command.home()
  local folder, remove = process.folder()
  system.output(("mkdir -m 700 %s"):format(quote(folder .. "/state")))
  return {
    folder = folder, remove = remove, config = folder .. "/config/seranking/config.json",
    environment = { HOME = folder, XDG_CONFIG_HOME = folder .. "/config", SERANKING_STATE_DIR = folder .. "/state" },
  }
end

--- The words that run the command for the shell.
---@param home table of command.home
---@param arguments string[]
---@param environment? table<string, string> more variables
---@return string
function command.line(home, arguments, environment)
  local words = { "env" }
  for _, name in ipairs(CLEARED) do
    words[#words + 1] = "-u " .. name
  end
  for _, list in ipairs { home.environment, environment or {} } do
    for name, value in pairs(list) do
      words[#words + 1] = quote(name .. "=" .. value)
    end
  end
  words[#words + 1] = process.interpreter()
  words[#words + 1] = "bin/seranking"
  for _, word in ipairs(arguments) do
    words[#words + 1] = quote(word)
  end
  return table.concat(words, " ")
end

--- Runs the command to its end.
---@param home table of command.home
---@param arguments string[]
---@param given? { stdin?: string, environment?: table<string, string> }
---@return integer status, string stdout, string stderr
function command.run(home, arguments, given)
  given = given or {}
  local stdin, out, err = home.folder .. "/stdin", home.folder .. "/stdout", home.folder .. "/stderr"
  system.write(stdin, given.stdin or "")
  local status = system.output(("%s <%s >%s 2>%s; echo $?"):format(command.line(home, arguments, given.environment),
    quote(stdin), quote(out), quote(err)))
  return tonumber(status), system.read(out), system.read(err)
end

return command
