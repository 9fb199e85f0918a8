--- Temporary folders for specs that write files.
-- SPDX-License-Identifier: MIT

local system = require "support.system"

local folder = {}

local made = {}

--- Makes an empty folder, which folder.finish removes. Returns its path.
---@return string
function folder.new()
  local path = system.output "mktemp -d":gsub("\n", "")
  made[#made + 1] = path
  return path
end

--- The names of the files in a folder, sorted.
---@param path string
---@return string[]
function folder.names(path)
  return system.lines("ls -A " .. path)
end

--- For after_each: removes all folders.
function folder.finish()
  for _, path in ipairs(made) do
    os.execute("chmod -R u+w " .. path .. "; rm -rf " .. path)
  end
  made = {}
end

return folder
