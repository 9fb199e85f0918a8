--- What `make coverage` prints: the branches of each file of src/, and those that no test takes, with the reason.
-- SPDX-License-Identifier: MIT
--
-- lua spec/support/coverage.lua REPORT: what gcovr wrote with --json. Ends with 1 if fewer than LEAST percent of the
-- branches are taken, or if a reason in spec/support/coverage_left.lua is for no line with such a branch.

local cjson = require "cjson"

local LEAST = 95

local left = dofile "spec/support/coverage_left.lua"

local function source_of(path)
  local lines = {}
  for line in io.lines(path) do
    lines[#lines + 1] = line
  end
  return lines
end

-- The first entry for a line. Entries of a file come before those of all files.
local function entry_of(path, text)
  for _, list in ipairs { left[path] or {}, left["*"] } do
    for _, entry in ipairs(list) do
      if text:find(entry[1], 1, true) then
        return entry
      end
    end
  end
end

-- Taken and all branches of a file; adds its lines that have others to `missing`.
local function count(file, missing)
  local taken, all, source = 0, 0, source_of(file.file)
  for _, line in ipairs(file.lines) do
    local not_taken = 0
    for _, branch in ipairs(line.branches) do
      not_taken = not_taken + (branch.count == 0 and 1 or 0)
    end
    all, taken = all + #line.branches, taken + #line.branches - not_taken
    if not_taken > 0 then
      local text = source[line.line_number]:match "^%s*(.-)%s*$"
      missing[#missing + 1] = { file.file, line.line_number, text, not_taken, #line.branches }
    end
  end
  return taken, all
end

local report = cjson.decode((assert(io.open(arg[1])):read "*a"))
local missing, total_taken, total, problems = {}, 0, 0, {}

print(("%-40s %8s %8s %8s"):format("file", "branches", "taken", "%"))
for _, file in ipairs(report.files) do
  local taken, all = count(file, missing)
  total_taken, total = total_taken + taken, total + all
  if all > 0 then
    print(("%-40s %8d %8d %8.1f"):format(file.file, all, taken, 100 * taken / all))
  end
end

-- By reason, in the order of the lines.
local by_reason, reasons = {}, {}
for _, line in ipairs(missing) do
  local entry = entry_of(line[1], line[3])
  local reason = entry and entry[2] or "They could be taken: no test does it yet."
  if entry then
    entry.used = true
  end
  if not by_reason[reason] then
    by_reason[reason] = {}
    reasons[#reasons + 1] = reason
  end
  table.insert(by_reason[reason], line)
end
table.sort(reasons)

print "\nNot taken, by reason (branches not taken of all on the line):"
for _, reason in ipairs(reasons) do
  print("\n" .. reason)
  for _, line in ipairs(by_reason[reason]) do
    print(("  %s:%d  %d of %d  %s"):format(line[1], line[2], line[4], line[5], line[3]))
  end
end

for path, list in pairs(left) do
  for _, entry in ipairs(list) do
    if not entry.used and not entry.sometimes then
      problems[#problems + 1] = ("spec/support/coverage_left.lua: %s: every branch is taken, or there is no such line: %s")
        :format(path, entry[1])
    end
  end
end

local percent = 100 * total_taken / total
print(("\n%.2f %% of %d branches are taken; %d are not"):format(percent, total, total - total_taken))
if percent < LEAST then
  problems[#problems + 1] = ("at least %d %% are due"):format(LEAST)
end
table.sort(problems)
for _, problem in ipairs(problems) do
  io.stderr:write(problem, "\n")
end
os.exit(#problems == 0)
