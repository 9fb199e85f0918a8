--- What the fake API answers: keyword research.
-- SPDX-License-Identifier: MIT

local calendar = require "seranking.base.calendar"
local chance = require "seranking.fake.chance"
local json = require "seranking.fake.json"
local keywords = require "seranking.fake.web.keywords"
local listing = require "seranking.fake.listing"

local null = json.null

---@type table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
local answers = {}

-- The month whose figures are the newest: the one before today's.
local function last_month(call)
  return calendar.month(call.today) - 1
end

local MEMBERS = { "keyword", "volume", "cpc", "competition", "difficulty", "intents", "serp_features", "history_trend",
  "relevance" } -- the last one of related keywords only
local PLAIN, RELATED = json.members(MEMBERS, #MEMBERS - 1), json.members(MEMBERS)

-- What completes the rows of a call.
local function with_trend(call)
  local last = last_month(call)
  local trend = call.args.history_trend and keywords.trend(last - 11, last)
  return function(row)
    row.history_trend = trend and trend(row) or null
    return row
  end
end

-- The keywords of a kind around the call's keyword.
local function list_of(kind, members, adapt)
  return function(call)
    local args, figures = call.args, keywords.of_country(call.seed, call.args.source)
    return listing.reply(call, {
      count = call.rows,
      members = members,
      measure = keywords.measure,
      show = adapt(call),
      row = function(number)
        local row = figures(keywords.text[kind](args.keyword, number))
        if kind == "related" then
          row.relevance = 1 + chance.whole(row.key, 4, 0, 99)
        end
        return row
      end,
    })
  end
end

answers["data.keywords.similar"] = list_of("similar", PLAIN, with_trend)
answers["data.keywords.related"] = list_of("related", RELATED, with_trend)
answers["data.keywords.questions"] = list_of("questions", PLAIN, with_trend)
answers["data.keywords.longtail"] = list_of("longtail", nil, function()
  return function(row) return row.keyword end
end)

answers["data.keywords.export"] = function(call)
  local args, last = call.args, last_month(call)
  local to = args.history_to and math.min(last, calendar.month(args.history_to)) or last
  local from = math.max(args.history_from and calendar.month(args.history_from) or to - 11, to - 11)
  local trend = keywords.trend(from, to)
  return listing.reply(call, {
    count = #args.keywords,
    measure = { history_trend = function(row) return keywords.searches(row, to) end },
    row = function(number) return keywords.figures(call.seed, args.source, args.keywords[number]) end,
    show = function(row)
      local made = listing.columns(call, {
        keyword = row.keyword, volume = row.volume, cpc = row.cpc, competition = row.competition,
        difficulty = row.difficulty, intents = row.intents, history_trend = trend(row),
      })
      made.is_data_found = true
      return made
    end,
  })
end

return answers
