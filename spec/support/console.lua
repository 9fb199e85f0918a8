--- Runs the commands that a page shows, with a demo account, and compares what they print.
-- SPDX-License-Identifier: MIT
--
-- A block that opens with ```console has lines "$ command", each followed by what it prints. Lines that begin as STDERR are
-- those of stderr. Commands run in bash, one after the other for a whole page, on a terminal of 100 columns, on the morning of
-- 24 November 2026 (faketime). Who is asked for a key types that of the demo account.

local process = require "spec.support.process"
local system = require "spec.support.system"
local typed = require "spec.support.typed"

local console = {}

local quote = process.quote

local KEY = "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6"
local NOW = "2026-11-24 09:00:00"
local STDERR = { "^seranking: ", "^API key " }
local PATIENCE = 240 -- seconds that a command may take: more is a hang (an export takes 25)

--- The console blocks of a page, with their commands.
---@param path string
---@return { line: integer, text: string, commands: { command: string, printed: string[] }[] }[]
function console.blocks(path)
  local blocks, block, number = {}, nil, 0
  for line in io.lines(path) do
    number = number + 1
    if block and line:find "^```" then
      blocks[#blocks + 1], block = block, nil
    elseif block then
      local command = block.commands[#block.commands]
      if line:find "^%$ " then
        block.commands[#block.commands + 1] = { command = line:sub(3), printed = {}, line = number }
      elseif command and command.command:find "\\$" and not command.printed[1] then
        command.command = command.command .. "\n" .. line
      else
        command.printed[#command.printed + 1] = line
      end
    elseif line == "```console" then
      block = { line = number, commands = {} }
    end
  end
  return blocks
end

--- A machine with a demo account: a folder, and `seranking` in its PATH.
---@return table
function console.machine()
  local folder, remove = process.folder()
  local here = system.lines "pwd"[1]
  local function absolute(value)
    return (value or ""):gsub("^([^/;])", here .. "/%1"):gsub(";([^/;])", ";" .. here .. "/%1")
  end
  system.output(("mkdir -p %s/bin %s/work; mkdir -m 700 %s/state"):format(folder, folder, folder))
  system.write(folder .. "/bin/seranking", ([[
#!/bin/sh
export FAKETIME_DONT_FAKE_MONOTONIC=1 TZ=UTC LC_ALL=C.UTF-8 LUA_PATH=%s LUA_CPATH=%s
exec faketime %s %s %s/bin/seranking "$@"
]]):format(quote(absolute(os.getenv "LUA_PATH")), quote(absolute(os.getenv "LUA_CPATH")), quote(NOW), process.interpreter(),
    here))
  system.output("chmod +x " .. folder .. "/bin/seranking")
  local server = assert(io.popen(("%s/bin/seranking fake --demo --rows 10000 --limit 100 --data-limit 100 "
    .. "--visible-limit 100 --quiet --stop-with-stdin --port-file %s/url >/dev/null 2>%s/server")
    :format(folder, folder, folder), "w"))
  local deadline, url = os.time() + PATIENCE, nil
  while not url and os.time() < deadline do
    system.output "sleep 0.05"
    url = (system.read_if_there(folder .. "/url") or ""):match "^(%S+)\n"
  end
  assert(url, "the fake API did not start: " .. (system.read_if_there(folder .. "/server") or ""))
  return {
    folder = folder, url = url,
    close = function()
      server:close()
      remove()
    end,
  }
end

-- A text as on the machine of the page: its own folder and address, no escapes, no slot that a command before has used.
local function as_shown(machine, text)
  local function plain(word) return (word:gsub("%p", "%%%0")) end
  return (text:gsub("\r", ""):gsub(plain(machine.folder) .. "/work", "/home/ada"):gsub(plain(machine.folder), "/home/ada")
    :gsub(plain(machine.url), "https://api.seranking.com"):gsub("\27%[[%d;?]*%a", "")
    :gsub("%d+ of (%d+) slots busy", "0 of %1 slots busy"))
end

local function lines_of(text)
  local list = {}
  for line in text:gmatch "([^\n]*)\n?" do
    list[#list + 1] = line:gsub("%s+$", "")
  end
  while list[#list] == "" do
    list[#list] = nil
  end
  return list
end

--- What a command prints.
---@param machine table
---@param command string
---@return string[] stdout, string[] stderr
function console.run(machine, command)
  local folder = machine.folder
  local line = ("export HOME=%s XDG_CONFIG_HOME=%s/.config SERANKING_STATE_DIR=%s/state SERANKING_BASE_URL=%s COLUMNS=100 "
    .. "NO_COLOR=1 PATH=%s/bin:$PATH\nunset SERANKING_TOKEN SERANKING_DATA_TOKEN\ncd %s/work\n{ %s\n} 2>%s/stderr"):format(
    folder, folder, folder, machine.url, folder, folder, command, folder)
  local out = typed.run(line, folder .. "/shown", { typed = command:find "seranking login" and KEY .. "\n" or nil,
    patience = PATIENCE })
  return lines_of(as_shown(machine, out)), lines_of(as_shown(machine, system.read(folder .. "/stderr")))
end

local function is_stderr(line)
  for _, pattern in ipairs(STDERR) do
    if line:find(pattern) then
      return true
    end
  end
  return false
end

--- What a page says that a command prints.
---@param command table of console.blocks
---@return string[] stdout, string[] stderr
function console.expected(command)
  local out, err = {}, {}
  for _, line in ipairs(command.printed) do
    local list = is_stderr(line) and err or out
    list[#list + 1] = line
  end
  while out[#out] == "" do
    out[#out] = nil
  end
  return out, err
end

return console
