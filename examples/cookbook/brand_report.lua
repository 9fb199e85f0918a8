--- A brand in the answers of AI models: 30 days, and the 30 before. Only reads; needs SE Visible.
-- SPDX-License-Identifier: MIT

local visible = require("seranking").new({ raise = true, timeout = 300 }).visible
local project = visible.projects:list()[1].id
local own = visible.brands:list({ project_id = project })[1]        -- your own brand comes first
local DAY, today = 24 * 60 * 60, os.time()

local function rows(operation, args)
  args.project_id = project
  args.date_from, args.date_to = today - 29 * DAY, today
  args.compare_from, args.compare_to = today - 59 * DAY, today - 30 * DAY
  return operation:all(args, { max_rows = args.limit })
end

print(own.title .. ": share of voice, and change")
for _, model in ipairs { "chatgpt", "google_gemini", "perplexity", "google_ai_mode", "google_ai_overview" } do
  local args = { dimensions = "brand_id", metrics = "share_of_voice", model_types = model }
  for _, row in ipairs(rows(visible.brands.metrics, args)) do
    local share = row.brand_id == own.id and row.share_of_voice
    if share then
      print(("%-20s %5.1f %%  %+.1f"):format(model, share.values[1] or 0, share.delta or 0))
    end
  end
end

print "sites that the models cite most: answers, and change"
for _, source in ipairs(rows(visible.sources.list, { sort = "ai_answers_count", limit = 5 })) do
  local answers = source.ai_answers_count
  print(("%-30s %4.0f  %+.0f"):format(source.domain, answers.values[1], answers.delta or 0))
end
