--- The operations of client.data.backlinks.authority: a part of the family in backlinks.lua.
-- SPDX-License-Identifier: MIT

local shared = require "seranking.api.data.backlinks_shared"

local TARGET = shared.target
local TARGETS = shared.targets
local MODE = shared.mode
local FIRST_DAY = shared.first_day
local LAST_DAY = shared.last_day
local each_target = shared.each_target
local EACH_ROW = shared.each_row
local USUAL = shared.usual
local GRANULARITY = { type = "string", enum = { "by_day", "by_week", "by_month" }, default = "by_day",
  about = "distance between two points" }
local NOT_KNOWN = { per = "row", note = "not published; perhaps 1 a point", confidence = "low" }

return {
  {
    name = "data.backlinks.authority",
    about = "Scores of pages and domains, 0-100.",
    params = { target = TARGETS },
    operations = {
      { "get", data = "GET /v1/backlinks/authority", post = true, query = "target*",
        answer = "object", billed = true, cost = each_target(100), source = USUAL, confidence = "high",
        about = "Scores of the page and the domain of each target.",
        use = "both scores in one answer",
        fields = [[
          pages[].url string
          pages[].inlink_rank integer score of the page, 0-100
          pages[].domain_inlink_rank integer score of the domain, 0-100
        ]],
        example = [[{"pages":[{"url":"https://anchors.example/","inlink_rank":22,"domain_inlink_rank":28}]}]] },
    },
  },
  {
    name = "data.backlinks.authority.domain",
    about = "Scores of domains: now, over time, and of the linking domains.",
    params = {
      target = TARGET,
      mode = MODE,
      histogramMode = { type = "string", enum = { "domain", "host" }, default = "host",
        about = "count referring sites by domain or by host (the API spells this name with a capital letter)" },
      date_from = FIRST_DAY,
      date_to = LAST_DAY,
      granularity = GRANULARITY,
    },
    operations = {
      { "get", data = "GET /v1/backlinks/authority/domain", post = true, query = "target*",
        params = { target = TARGETS }, answer = "object", billed = true, cost = each_target(10), source = USUAL,
        confidence = "high",
        about = "Score of each target's domain. The rows are called pages all the same.",
        use = "domains: a tenth of the price of authority:get",
        fields = [[
          pages[].url string
          pages[].domain_inlink_rank integer score of the domain, 0-100
        ]],
        example = [[{"pages":[{"url":"https://anchors.example/","domain_inlink_rank":28}]}]] },
      { "distribution", data = "GET /v1/backlinks/authority/domain/distribution",
        query = "target* mode histogramMode", answer = "object", billed = true,
        pages = { rows = "histogram" }, cost = EACH_ROW,
        source = USUAL, confidence = "high",
        about = "How many referring domains have which score.",
        fields = [[
          histogram[].domain_inlink_rank integer score, 0-100
          histogram[].refdomains integer domains with this score
        ]],
        example = [[{"histogram":[{"domain_inlink_rank":0,"refdomains":21},{"domain_inlink_rank":36,"refdomains":2}]}]] },
      { "history", data = "GET /v1/backlinks/authority/domain/history",
        query = "target* date_from date_to granularity", answer = "object", billed = true,
        pages = { rows = "ranks" }, cost = NOT_KNOWN,
        source = "openapi mcp third-party", confidence = "medium",
        about = "A domain's score over time. Longer targets are cut to their domain.",
        fields = [[
          ranks[].date date
          ranks[].domain_inlink_rank integer score of the domain, 0-100
        ]],
        example = [[{"ranks":[{"date":"2026-06-01","domain_inlink_rank":27},
          {"date":"2026-07-01","domain_inlink_rank":28}]}]] },
    },
  },
  {
    name = "data.backlinks.authority.page",
    about = "Scores of pages: now and over time.",
    params = {
      target = { type = "string", about = "address of a page, with its scheme" },
      date_from = FIRST_DAY,
      date_to = LAST_DAY,
      granularity = GRANULARITY,
    },
    operations = {
      { "get", data = "GET /v1/backlinks/authority/page", post = true, query = "target*",
        params = { target = TARGETS }, answer = "object", billed = true, cost = each_target(10), source = USUAL,
        confidence = "high",
        about = "Score of each page. Give addresses with their scheme.",
        use = "pages: a tenth of the price of authority:get",
        fields = [[
          pages[].url string
          pages[].inlink_rank integer score of the page, 0-100
        ]],
        example = [[{"pages":[{"url":"https://anchors.example/","inlink_rank":22}]}]] },
      { "history", data = "GET /v1/backlinks/authority/page/history",
        query = "target* date_from date_to granularity", answer = "object", billed = true,
        pages = { rows = "ranks" }, cost = NOT_KNOWN,
        source = USUAL, confidence = "medium",
        about = "A page's score over time. A run of zeros means that nothing is known, not a score of 0.",
        fields = [[
          ranks[].date date
          ranks[].inlink_rank integer score of the page, 0-100
        ]],
        example = [[{"ranks":[{"date":"2026-06-01","inlink_rank":21},{"date":"2026-07-01","inlink_rank":22}]}]] },
    },
  },
}
