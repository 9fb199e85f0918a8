--- Checks that the tests detect mistakes: applies each change of spec/mutations/list.lua to a copy of the tree, and expects one
--- of the tests named with it to fail.
-- SPDX-License-Identifier: MIT
--
--   lua5.4 spec/mutations/run.lua [TREE [WORD]]
--
-- TREE is a copy, built for Lua 5.4; without one it only checks that each change applies to the sources here. WORD selects the
-- changes whose description or file contains it.
--
-- Exits with 1 if the tests miss a change, if a change no longer applies (its text does not occur exactly once: fix the list),
-- or if a test fails without a change.

local mutations = dofile "spec/mutations/list.lua"
local system = dofile "spec/support/system.lua"
local read, write = system.read, system.write
local tree, word = arg[1], arg[2]

-- Runs a command in the copy. Returns true if it succeeded.
local function run(command)
  return os.execute(("cd '%s' && { %s; } >mutation.log 2>&1 </dev/null"):format(tree, command)) == true
end

-- Builds what a test needs. Returns true if that succeeded.
local function build(test)
  return run("make -s LUA=5.4 DEPS=skip " .. (test:find "^test_" and "build/c/" .. test or "all"))
end

local function passes(test)
  if test:find "^test_" then
    return run("timeout 120 build/c/" .. test)
  end
  return run(("SPECS='%s' FILE_TIMEOUT=120 sh spec/support/run.sh lua5.4"):format(
    test:find "/" and test or "spec/" .. test .. "_spec.lua"))
end

-- The position of a text that must occur exactly once.
local function only(text, part)
  local from, to = text:find(part, 1, true)
  return from and not text:find(part, to + 1, true) and from, to
end

local function problem_of(file)
  return "does not apply: the text is not in " .. file .. " exactly once"
end

-- The result of a mutation: "found by …", or the problem.
local function try(mutation)
  local _, file, old, new, tests = (table.unpack or unpack)(mutation)
  local path = tree .. "/" .. file
  local text = read(path)
  local from, to = only(text, old)
  if not from then
    return nil, problem_of(file)
  end
  write(path, text:sub(1, from - 1) .. new .. text:sub(to + 1))
  local found, problem
  for test in tests:gmatch "%S+" do
    if not build(test) then
      problem = "does not build: see mutation.log"
      break
    elseif not passes(test) then
      found = test
      break
    end
  end
  write(path, text)
  if found then
    return "found by " .. found
  end
  return nil, problem or "SURVIVED " .. tests
end

local chosen, tests, failures = {}, {}, 0
if not tree then
  for _, mutation in ipairs(mutations) do
    if not only(read(mutation[2]), mutation[3]) then
      failures = failures + 1
      print(("%-72s %s"):format(mutation[1], problem_of(mutation[2])))
    end
  end
  os.exit(failures == 0 and 0 or 1)
end
for _, mutation in ipairs(mutations) do
  if not word or (mutation[1] .. mutation[2]):find(word, 1, true) then
    chosen[#chosen + 1] = mutation
    for test in mutation[5]:gmatch "%S+" do
      tests[test] = true
    end
  end
end
for test in pairs(tests) do
  if not (build(test) and passes(test)) then
    failures = failures + 1
    print(("%-72s %s"):format("no change at all", test .. " fails"))
  end
end
for _, mutation in ipairs(chosen) do
  local outcome, problem = try(mutation)
  failures = failures + (outcome and 0 or 1)
  print(("%-72s %s"):format(mutation[1], outcome or problem))
end
print(("%d of %d mutations found"):format(#chosen - failures, #chosen))
os.exit(failures == 0 and #chosen > 0 and 0 or 1)
