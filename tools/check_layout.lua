--- Checks the folder layout: dependencies between folders, circular includes within a folder, and file lengths.
-- SPDX-License-Identifier: MIT
--
--   lua tools/check_layout.lua      in the top folder

-- Each folder's floor. A file may include or require files of its own folder and of lower floors.
local C_FLOORS = { base = 1, limit = 2, http = 3, worker = 4, lua = 5 }
local LUA_FLOORS = { api = 0, base = 1, answer = 2, request = 2, loop = 3, walk = 4, [""] = 5, fake = 6, cli = 7 }

local C_LINES, LUA_LINES = 800, 500

-- Generated, or data.
local UNBOUNDED = { "^docs/reference/", "^library/", "^spec/catalogue/" }

local problems = {}

local function report(subject, text)
  problems[#problems + 1] = subject .. ": " .. text
end

local FOLDERS = "src lua fake spec tools bench fuzz examples library"

local function files(pattern)
  local pipe = assert(io.popen(("find %s -name '%s' -type f"):format(FOLDERS, pattern)))
  local list = {}
  for path in pipe:lines() do
    list[#list + 1] = path
  end
  pipe:close()
  table.sort(list)
  return list
end

local function check_length(path, most)
  for _, pattern in ipairs(UNBOUNDED) do
    if path:find(pattern) then
      return
    end
  end
  local count = 0
  for _ in io.lines(path) do
    count = count + 1
  end
  if count > most then
    report(path, ("%d lines, at most %d"):format(count, most))
  end
end

-- ---- C ----

-- For each file (without its suffix), the files of its own folder that it includes.
local includes = {}

local function check_include(path, name)
  local folder = path:match "^src/(%w+)/"
  local other = name:match "^(%w+)/"
  local link = path .. " -> " .. name
  if not (other and C_FLOORS[other]) then
    local file = io.open("src/" .. path:match "^src/(.*/)" .. name) or io.open("src/" .. name)
    if file then
      file:close()
      report(link, "name the folder, as in #include \"base/sr_base.h\"")
    end
  elseif C_FLOORS[other] > C_FLOORS[folder] then
    report(link, ("%s/ must not include %s/, which is above it"):format(folder, other))
  else
    local from, to = path:match "^src/(.*)%.%w+$", name:match "^(.*)%.%w+$"
    if other == folder and from ~= to then
      includes[from] = includes[from] or {}
      includes[from][to] = true
    end
  end
end

local function check_c(path)
  check_length(path, C_LINES)
  local folder = path:match "^src/(%w+)/"
  if not folder then
    return
  elseif not C_FLOORS[folder] then
    report(path, "src/" .. folder .. " has no floor: give it one in tools/check_layout.lua")
    return
  end
  for line in io.lines(path) do
    local name = line:match '^%s*#%s*include%s+"([^"]+)"'
    if name then
      check_include(path, name)
    elseif folder ~= "lua" and line:find "^%s*#%s*include%s+<l[ua][ua][%w]*%.h>" then
      report(path, "only src/lua may include Lua's headers")
    end
  end
end

--- All files that `from` includes, directly or indirectly.
local function reached(from, found)
  found = found or {}
  for to in pairs(includes[from] or {}) do
    if not found[to] then
      found[to] = true
      reached(to, found)
    end
  end
  return found
end

--- Reports circular includes.
local function check_circles()
  local reach, done = {}, {}
  for unit in pairs(includes) do
    reach[unit] = reached(unit)
  end
  for unit in pairs(includes) do
    local circle = {}
    for other in pairs(not done[unit] and reach[unit] or {}) do
      if reach[other] and reach[other][unit] then
        circle[#circle + 1] = other
        done[other] = true
      end
    end
    if #circle > 0 then
      table.sort(circle)
      report("circle of " .. table.concat(circle, ", "), "they include one another")
    end
  end
end

-- ---- Lua ----

local modules = {} -- name of each module -> its folder

local function folder_of(module)
  return module == "seranking" and "" or module:match "^seranking%.(%w+)%." or module:match "^seranking%.(fake)$"
    or module:match "^seranking%.(api)$" or ""
end

local function check_requires(path)
  local module = path:gsub("^fake/", ""):match "^lua/(.*)%.lua$":gsub("/", "."):gsub("%.init$", "")
  local folder = folder_of(module)
  if not LUA_FLOORS[folder] then
    report(path, folder .. " has no floor: give it one in tools/check_layout.lua")
    return
  end
  for line in io.lines(path) do
    local code = line:gsub("%-%-.*", "")
    for call, name in code:gmatch '([%a_]+)%s*%(?%s*"(seranking[%w_.]*)"' do
      if (call == "require" or call == "lazy" or call == "value") and modules[name] then -- value: lazy.value
        local other = folder_of(name)
        if other ~= folder and LUA_FLOORS[other] >= LUA_FLOORS[folder] then
          report(path .. " -> " .. name, ("%s must not require %s"):format(folder == "" and "the top" or folder .. "/",
            other == "" and "the top" or other .. "/"))
        end
      end
    end
  end
end

-- ---- everything ----

for _, pattern in ipairs { "*.c", "*.h" } do
  for _, path in ipairs(files(pattern)) do
    check_c(path)
  end
end
check_circles()

local sources = {}
for _, path in ipairs(files "*.lua") do
  check_length(path, LUA_LINES)
  local name = path:gsub("^fake/", ""):match "^lua/(seranking.*)%.lua$"
  if name then
    name = name:gsub("/", "."):gsub("%.init$", "")
    modules[name] = path
    sources[#sources + 1] = path
  end
end
for _, path in ipairs(sources) do
  check_requires(path)
end

table.sort(problems)
if #problems > 0 then
  io.stderr:write(table.concat(problems, "\n"), "\n")
  os.exit(1)
end
