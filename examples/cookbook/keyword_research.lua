--- Keyword ideas for a few topics within a budget. Only reads. Costs credits: 10 a keyword, by estimate; 2,000 at most.
-- SPDX-License-Identifier: MIT
-- lua keyword_research.lua [TOPIC...]

local seranking = require "seranking"
local client = seranking.check(seranking.new { budget = 2000 })
local topics = #arg > 0 and arg or { "anchor", "boat" }
local keywords = client.data.keywords

-- Up to 60 rows, or as many as the budget still allows.
local function affordable(operation, args)
  local rows, err = operation:all(args, { max_rows = 60 })
  if not rows and err.code == "budget" then
    io.stderr:write("out of budget: ", args.keyword, "\n")
    rows = err.rows
  end
  return seranking.check(rows, err)
end

local seen, ideas = {}, {}
for _, topic in ipairs(topics) do
  local args = { source = "us", keyword = topic, filter = { volume = { from = 10 } } }
  for _, operation in ipairs { keywords.similar, keywords.questions } do
    for _, row in ipairs(affordable(operation, args)) do
      if not seen[row.keyword] then
        seen[row.keyword] = true
        ideas[#ideas + 1] = row
      end
    end
  end
end

-- Many searches and little competition first.
local function worth(row)
  return row.volume / (1 + row.difficulty)
end
table.sort(ideas, function(a, b)
  return worth(a) > worth(b)
end)

print(("%-52s %8s %10s"):format("keyword", "volume", "difficulty"))
for i = 1, math.min(20, #ideas) do
  print(("%-52s %8d %10d"):format(ideas[i].keyword, ideas[i].volume, ideas[i].difficulty))
end
print(("%d ideas for %d credits by estimate"):format(#ideas, client.data:spent().credits))
