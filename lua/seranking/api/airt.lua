--- The operations of client.airt.
-- SPDX-License-Identifier: MIT
--
-- A prompt has two ids. prompt_llm_id is the prompt at one engine; calls take it. prompt_id is the prompt itself; rankings
-- return it. The servers also call them k2site_llm_id and keyword_id.

local SITE = require("seranking.api.shared").site
local LLM = { type = "id", about = "the engine of the project: id of airt.llm:list" }
local LIMIT = { type = "integer", default = 100, min = 1, max = 1000, about = "rows a page" }
local OFFSET = { type = "integer", default = 0, about = "rows to skip" }
local GROUPS = { type = "id[]", about = "only prompts of these prompt groups" }
local PROMPT_LLMS = { type = "id[]", min_items = 1, wire = "k2site_llm_ids", about = "prompts by prompt_llm_id" }

-- ---- engines ----

local LLM_FIELDS = [[
  id integer the llm_id of other calls
  base_name string which engine it is
  country_code string
  region_name string?
  lang_code string?
  region_settings object? the place]]
local LLM_EXAMPLE = [=[
  {"id": 1201, "base_name": "perplexity", "country_code": "de", "region_name": null, "lang_code": "de"}]=]
local BAD_REGION = { { 400, "Invalid region name. Please use a valid canonical location name." } }

-- ---- sources: v1 alone has them ----

local SOURCES = {
  site_id = SITE,
  date_from = { type = "date", about = "first day; default 30 days before date_to" },
  date_to = { type = "date", about = "last day, not after today; default today" },
  site_llm_ids = { type = "id[]", about = "only these engines, by llm_id" },
  prompt_ids = { type = "id[]", about = "only these prompts, by prompt_id" },
  group_ids = GROUPS,
  competitor_ids = { type = "id[]", about = "only where these competitors are named" },
  domain_id = { type = "id", about = "only pages of this domain" },
  is_brand_mentioned = { type = "boolean", about = "whether the source names the brand" },
  has_link = { type = "boolean", about = "whether the source links to the site" },
  search = { type = "string", about = "only sources with this in their address" },
  sort_order = { type = "string", enum = { "asc", "desc" }, default = "desc", about = "order" },
  limit = { type = "integer", default = 100, min = 1, max = 100, about = "rows a page" },
  offset = OFFSET,
  sort = { type = "string", default = "ai_answers_total", about = "figure to sort by",
    enum = { "domain", "pages_total", "ai_answers_total", "prompts_total", "prompts", "coverage_percent",
      "brand_mentions_total", "mention_rate_percent", "dt", "backlinks_total", "referring_domains_total" } },
}
local PAGE_SORT = { type = "string", default = "count_usage", about = "figure to sort by",
  enum = { "url", "dt", "count_usage", "prompts", "mention", "link", "brands_num", "competitors_num", "prompt_coverage",
    "answers_coverage" } }

return {
  about = "AI results tracker: how AI engines answer a project's prompts, which brands they name and which pages they cite.",
  {
    name = "airt",
    id = "site_id",
    params = { site_id = SITE },
    operations = {},
  },
  {
    name = "airt.brand",
    about = "The brand to look for in answers.",
    params = {
      site_id = SITE,
      brand = { type = "string", about = "name to look for in answers, 1-255 characters" },
    },
    operations = {
      { "get", v4 = "GET /sites/{site_id}/airt/brands", v1 = "GET /v1/project-management/airt/brand{?site_id}",
        answer = "object", source = "docs mcp n8n third-party", confidence = "high",
        about = "The brand to look for in answers.",
        fields = [[
          site_id integer
          brand string?]],
        example = '{"site_id": 147696, "brand": "Corner Bakery"}', errors = { { 404 } } },
      { "set", v4 = "POST /sites/{site_id}/airt/brands", v1 = "POST /v1/project-management/airt/brand{?site_id}",
        body = "brand*", answer = "object", success = { 200, 201 }, repeatable = true,
        source = "docs mcp n8n third-party", confidence = "high",
        about = "Set the brand to look for in answers. Replaces the one before.",
        fields = [[
          site_id integer
          brand string]],
        example = '{"site_id": 147696, "brand": "Corner Bakery"}', errors = { { 404 } } },
    },
  },
  {
    name = "airt.llm",
    about = "The AI engines that a project tracks.",
    id = "llm_id",
    params = {
      site_id = SITE,
      llm_id = LLM,
      base_name = { type = "string", about = "which engine",
        enum = { "chatgpt", "google_ai_overview", "google_ai_mode", "perplexity", "gemini" } },
      country_code = { type = "string", about = "country to ask from, two letters" },
      region_name = { type = "string", nullable = true,
        about = "full place name from client.system:google_regions; engines other than Google's silently ignore a "
          .. "wrong one" },
      lang_code = { type = "string", nullable = true, about = "language, ISO 639-1" },
      from = { type = "date", about = "first day (called from here, not date_from)" },
      to = { type = "date", about = "last day (called to here, not date_to)" },
      top = { type = "integer", min = 0, max = 100, about = "only links among the first N sources; 0: all" },
    },
    operations = {
      { "list", v4 = "GET /sites/{site_id}/airt/llm", v1 = "GET /v1/project-management/airt/llm{?site_id}",
        answer = "array", source = "docs mcp n8n third-party", confidence = "high",
        about = "The engines that a project tracks.", fields = LLM_FIELDS, example = "[" .. LLM_EXAMPLE .. "]" },
      { "get", v4 = "GET /sites/{site_id}/airt/llm/{llm_id}",
        v1 = "GET /v1/project-management/airt/llm{?site_id,llm_id}", answer = "object",
        source = "docs mcp n8n", confidence = "high", about = "One engine.", fields = LLM_FIELDS,
        example = LLM_EXAMPLE },
      { "create", v4 = "POST /sites/{site_id}/airt/llm", v1 = "POST /v1/project-management/airt/llm{?site_id}",
        body = "base_name* country_code* region_name lang_code", answer = "object", success = { 200, 201 },
        source = "docs mcp n8n third-party", confidence = "high",
        about = "Track an engine. The project needs a brand first.", fields = LLM_FIELDS, example = LLM_EXAMPLE,
        errors = BAD_REGION },
      { "update", v4 = "PATCH /sites/{site_id}/airt/llm/{llm_id}",
        row = { of = "list get", map = "id:llm_id" },
        v1 = "PATCH /v1/project-management/airt/llm{?site_id,llm_id}", body = "region_name lang_code",
        answer = "object", repeatable = true, source = "mcp n8n", confidence = "medium",
        about = "Change an engine's place or language; seranking.null clears it.",
        fields = LLM_FIELDS,
        example = LLM_EXAMPLE, errors = BAD_REGION },
      { "delete", v4 = "DELETE /sites/{site_id}/airt/llm/{llm_id}",
        v1 = "DELETE /v1/project-management/airt/llm{?site_id,llm_id}", success = { 204, 200 },
        source = "mcp n8n", confidence = "medium", about = "Stop tracking an engine." },
      { "status", v4 = "GET /sites/{site_id}/airt/llm/{llm_id}/status",
        v1 = "GET /v1/project-management/airt/llm/status{?site_id,llm_id}", answer = "any",
        source = "docs mcp n8n", confidence = "low",
        about = "Progress of an engine's checks.",
        fields = "progress number? the member's name is assumed", example = '{"progress": 100}' },
      { "statistics", v4 = "GET /sites/{site_id}/airt/llm/{llm_id}/statistics",
        v1 = "GET /v1/project-management/airt/llm/statistics{?site_id,llm_id}", query = "from to top",
        answer = "object",
        numbers = "presence.*",
        source = "docs mcp n8n third-party", confidence = "medium",
        about = "How often an engine's answers link to the site and name the brand. AI Overview adds members.",
        fields = [[
          stats object
          stats.prompts_count integer
          stats.last_update date?
          presence object
          presence.link_percent_in_top number percent of prompts
          presence.link_diff number change since the period before
          presence.mention_percent_in_top number percent of prompts
          presence.mention_diff number
          <block> object? for AI Overview: presence and overlap with the organic results; names not known]],
        example = [=[
          {"stats": {"prompts_count": 12, "last_update": "2026-09-10"}, "presence": {"link_percent_in_top": 25,
            "link_diff": "8", "mention_percent_in_top": 50, "mention_diff": "-8"}}]=] },
    },
  },
  {
    name = "airt.prompts",
    about = "Prompts, their rankings and their answers.",
    id = "prompt_llm_id",
    params = {
      site_id = SITE,
      llm_id = LLM,
      limit = LIMIT,
      offset = OFFSET,
      group_ids = GROUPS,
      prompts = { type = "string[]", about = "the prompts, each at most 255 characters" },
      group_id = { type = "id", min = 1, about = "prompt group for them; left out, the default group. Never 0" },
      prompt_llm_ids = PROMPT_LLMS,
      prompt_llm_id = { type = "id",
        about = "the prompt at the engine, from list (k2site_llm_id in v4); a prompt_id is not accepted" },
      date_from = { type = "date", about = "first day; default today" },
      date_to = { type = "date", about = "last day; default today" },
      mode = { type = "string", enum = { "groups" }, about = "groups: a row for each group, not for each prompt" },
      date = { type = "date", about = "day of the answer; default today. Old answers are deleted" },
    },
    operations = {
      { "list", v4 = "GET /sites/{site_id}/airt/llm/{llm_id}/prompts",
        v1 = { "GET /v1/project-management/airt/prompts{?site_id,llm_id}",
          fields = [[
            items array
            items[].prompt_llm_id integer the site_engine_id of other calls
            items[].prompt_id integer the id in rankings
            items[].prompt string
            items[].group_id integer
            items[].intent_meaning array|string? search intent in words
            total integer]],
          example = [=[
            {"items": [{"prompt_llm_id": "90001", "prompt_id": "81001", "prompt": "where to buy good rye bread",
              "group_id": "1"}], "total": 1}]=] },
        query = "limit offset group_ids", answer = "object",
        numbers = "items[].k2site_llm_id items[].keyword_id items[].group_id total items[].prompt_llm_id "
          .. "items[].prompt_id",
        source = "docs mcp n8n third-party", confidence = "high",
        about = "An engine's prompts. The generations name the members of a row differently.",
        pages = { style = "offset", rows = "items", total = "total", size = 100, max = 1000 },
        fields = [[
          items array
          items[].k2site_llm_id integer the prompt_llm_id of other calls
          items[].keyword_id integer the prompt_id in rankings
          items[].keyword string the prompt
          items[].group_id integer
          items[].intent_meaning array|string? search intent in words
          total integer]],
        example = [=[
          {"items": [{"k2site_llm_id": 90001, "keyword_id": 81001, "keyword": "where to buy good rye bread",
            "group_id": 1}], "total": 1}]=] },
      { "create", v4 = "POST /sites/{site_id}/airt/llm/{llm_id}/prompts",
        v1 = "POST /v1/project-management/airt/prompts{?site_id,llm_id}", body = "prompts* group_id",
        answer = "object", success = { 200, 201 }, billed = true, source = "mcp n8n third-party", confidence = "high",
        about = "Add prompts to an engine. Prompts that it has already are skipped. Counts against the plan.",
        fields = "added integer", example = '{"added": 2}', errors = { { 400 } } },
      { "delete", v4 = "DELETE /sites/{site_id}/airt/llm/{llm_id}/prompts",
        v1 = "POST /v1/project-management/airt/prompts/delete{?site_id,llm_id}", body = "prompt_llm_ids*",
        success = { 200, 204 }, repeatable = true, source = "mcp n8n", confidence = "high",
        about = "Remove prompts from an engine." },
      { "rankings", v4 = "GET /sites/{site_id}/airt/llm/{llm_id}/prompts/rankings",
        v1 = "GET /v1/project-management/airt/prompts/rankings{?site_id,llm_id}",
        query = "date_from date_to limit offset group_ids mode", answer = "object",
        numbers = "items[].* items[].positions[].* total",
        texts = "prompt keyword group_name date",
        source = "docs mcp n8n third-party", confidence = "high",
        about = "Positions of links and mentions in the answers, by prompt and day.",
        pages = { style = "offset", rows = "items", total = "total", size = 100, max = 1000 },
        fields = [[
          items array
          items[].prompt_id integer?
          items[].prompt string? v1's name
          items[].keyword string? v4's name
          items[].search_volume integer?
          items[].search_intent array? letters of the intent
          items[].positions array
          items[].positions[].date date
          items[].positions[].url_position integer? of the site's link; 0: not linked to
          items[].positions[].mention_position integer? of the brand; 0: not named, null: no answer that day
          items[].positions[].urls_count integer?
          items[].positions[].mentions_count integer?
          items[].positions[].organic_overlap_percent number?
          items[].positions[].mention_presence number? with mode = "groups": percent
          items[].positions[].link_presence number? with mode = "groups": percent
          items[].group_id integer? with mode = "groups", as those that follow
          items[].group_name string?
          items[].prompts_count integer?
          items[].organic_overlap number?
          total integer]],
        example = [=[
          {"items": [{"prompt_id": "81001", "prompt": "where to buy good rye bread", "search_volume": null,
            "search_intent": ["C"], "positions": [{"date": "2026-09-10", "url_position": 3, "mention_position": 1,
              "urls_count": 8, "mentions_count": 5, "organic_overlap_percent": 25}]}], "total": 1}]=] },
      { "answer", v4 = "GET /sites/{site_id}/airt/llm/{llm_id}/prompts/{prompt_llm_id}/answer",
        v1 = "GET /v1/project-management/airt/prompts/answer{?site_id,llm_id,prompt_llm_id}", query = "date",
        answer = "object",
        numbers = "prompt_llm_id sources[].position brands[].position",
        source = "mcp n8n third-party", confidence = "medium",
        about = "An engine's answer to a prompt on a day, and the pages it cited.",
        fields = [[
          prompt_llm_id integer
          date date
          text string the answer
          sources array
          sources[].url string
          sources[].position integer
          brands array
          brands[].name string
          brands[].position integer
          organic_urls array? with Google AI Overview]],
        example = [=[
          {"prompt_llm_id": "90001", "date": "2026-09-10", "text": "Two bakeries are often praised …",
            "sources": [{"url": "https://flour-blog.example/best-bakeries", "position": 1}],
            "brands": [{"name": "Corner Bakery", "position": 1}]}]=],
        errors = { { 400 }, { 404 } } },
    },
  },
  {
    name = "airt.prompt_groups",
    about = "Groups of prompts.",
    id = "group_id",
    params = {
      site_id = SITE,
      group_id = { type = "id", about = "the prompt group: id of list" },
      name = { type = "string", about = "unique name of the group, 1-255 characters" },
      keys_count = { type = "flag", about = "1: add the number of prompts of each group" },
      site_llm_ids = { type = "id[]", about = "count only prompts at these engines, by llm_id" },
      before_id = { type = "id", about = "group to put it before" },
      after_id = { type = "id", about = "group to put it after" },
      prompt_llm_ids = PROMPT_LLMS,
      from_group_id = { type = "id", about = "group to empty" },
      to_group_id = { type = "id", about = "group to move its prompts to" },
    },
    operations = {
      { "list", v4 = "GET /sites/{site_id}/airt/prompt-groups",
        v1 = "GET /v1/project-management/airt/prompts/groups{?site_id}", query = "keys_count site_llm_ids",
        answer = "array",
        numbers = "id position is_default keys_count",
        source = "docs mcp n8n", confidence = "high",
        about = "A project's prompt groups, in order.",
        fields = [[
          id integer the group_id of other calls
          name string
          position integer
          is_default integer 1: the group of prompts without a group
          creation_date time
          keys_count integer? number of prompts, with keys_count]],
        example = [=[
          [{"id": "1", "name": "General", "position": "0", "is_default": "1", "creation_date": "2026-08-01 09:00:00",
            "keys_count": "12"}]]=] },
      { "create", v4 = "POST /sites/{site_id}/airt/prompt-groups",
        v1 = "POST /v1/project-management/airt/prompts/groups{?site_id}", body = "name*", answer = "any",
        numbers = "id",
        success = { 200, 201 }, source = "docs mcp n8n", confidence = "medium",
        about = "Create a prompt group.",
        fields = "id integer? the group_id of other calls; the member's name is assumed", example = '{"id": 2}',
        errors = { { 400 } } },
      { "update", v4 = "PATCH /sites/{site_id}/airt/prompt-groups/{group_id}",
        row = { of = "list", map = "id:group_id" },
        v1 = "PATCH /v1/project-management/airt/prompts/groups{?site_id,group_id}", body = "name*",
        success = { 200, 204 }, repeatable = true, source = "docs mcp n8n", confidence = "medium",
        about = "Rename a prompt group." },
      { "delete", v4 = "DELETE /sites/{site_id}/airt/prompt-groups/{group_id}",
        v1 = "DELETE /v1/project-management/airt/prompts/groups{?site_id,group_id}", success = { 200, 204 },
        source = "docs mcp n8n", confidence = "medium",
        about = "Delete a prompt group. Its prompts move to the default group, which can't be deleted." },
      { "order", v4 = "POST /sites/{site_id}/airt/prompt-groups/{group_id}/order",
        v1 = "POST /v1/project-management/airt/prompts/groups/order{?site_id,group_id}", body = "before_id after_id",
        one_of = "before_id after_id", success = { 200, 204 }, repeatable = true, source = "mcp n8n",
        confidence = "medium",
        about = "Move a prompt group before or after another one." },
      { "clear", v4 = "DELETE /sites/{site_id}/airt/prompt-groups/{group_id}/keywords",
        v1 = "DELETE /v1/project-management/airt/prompts/groups/prompts{?site_id,group_id}", success = { 200, 204 },
        source = "mcp n8n", confidence = "medium", about = "Delete all prompts of a group." },
      { "move", v4 = "POST /sites/{site_id}/airt/prompt-groups/{group_id}/moveKeywords",
        v1 = "POST /v1/project-management/airt/prompts/groups/move{?site_id,group_id}", body = "prompt_llm_ids*",
        success = { 200, 204 }, repeatable = true, source = "mcp n8n", confidence = "medium",
        about = "Move prompts into a group." },
      { "transfer", v4 = "POST /sites/{site_id}/airt/prompt-groups/moveGroupKeywords",
        v1 = "POST /v1/project-management/airt/prompts/groups/transfer{?site_id}", body = "from_group_id* to_group_id*",
        success = { 200, 204 }, repeatable = true, source = "mcp n8n", confidence = "medium",
        about = "Move all prompts of one group into another." },
    },
  },
  {
    name = "airt.sources",
    about = "The domains and pages that answers cite.",
    params = SOURCES,
    operations = {
      { "summary", v1 = "GET /v1/project-management/airt/sources/summary{?site_id}",
        query = "date_from date_to site_llm_ids prompt_ids group_ids", instead = "airt.llm.statistics", answer = "object",
        numbers = "summary.* competitors[].*",
        texts = "name",
        source = "mcp n8n third-party", confidence = "medium",
        about = "Opportunities among the cited sources, and the competitors they name. v1 only; needs a plan of its own.",
        fields = [[
          summary object
          summary.mention_opportunities integer
          summary.competitor_only_mentions integer sources that name competitors alone
          summary.new_opportunities integer
          summary.mentions_without_backlinks integer sources that name the brand without a link
          competitors array
          competitors[].name string
          competitors[].count_in_ai_answers integer
          competitors[].count_in_sources integer]],
        example = [=[
          {"summary": {"mention_opportunities": 7, "competitor_only_mentions": 3, "new_opportunities": 1,
            "mentions_without_backlinks": 2}, "competitors": [{"name": "Mill Lane", "count_in_ai_answers": 5,
            "count_in_sources": 2}]}]=] },
      { "recommendations", v1 = "GET /v1/project-management/airt/sources/recommendations{?site_id}",
        instead = "airt.prompts.answer",
        query = "date_from date_to site_llm_ids prompt_ids group_ids", answer = "any",
        source = "mcp n8n", confidence = "low",
        about = "Sites to contact for links or mentions, in order. v1 only; no source shows a row.",
        example = "[]" },
      { "domains", v1 = "GET /v1/project-management/airt/sources/domains{?site_id}", instead = "airt.prompts.answer",
        query = "date_from date_to site_llm_ids prompt_ids group_ids competitor_ids is_brand_mentioned has_link search "
          .. "sort sort_order limit offset",
        answer = "object",
        numbers = "items[].* total",
        texts = "domain",
        source = "mcp n8n third-party", confidence = "medium",
        about = "The domains that answers cite. v1 only.",
        pages = { style = "offset", rows = "items", total = "total", size = 100, max = 100 },
        fields = [[
          items array
          items[].domain string
          items[].domain_id integer?
          items[].pages_total integer?
          items[].ai_answers_total integer?
          items[].prompts_total integer?
          items[].coverage_percent number?
          items[].brand_mentions_total integer?
          items[].mention_rate_percent number?
          items[].dt integer? trust, 0-100
          total integer? expected, not seen]],
        example = [=[
          {"items": [{"domain": "flour-blog.example", "domain_id": "7401", "ai_answers_total": "9", "prompts_total": "4",
            "brand_mentions_total": "2", "mention_rate_percent": "22", "dt": "27"}], "total": 1}]=] },
      { "pages", v1 = "GET /v1/project-management/airt/sources/pages{?site_id}", instead = "airt.prompts.answer",
        query = "date_from date_to site_llm_ids prompt_ids group_ids competitor_ids domain_id is_brand_mentioned has_link "
          .. "search sort sort_order limit offset",
        params = { sort = PAGE_SORT }, answer = "object",
        numbers = "items[].* total",
        texts = "url domain",
        source = "mcp n8n", confidence = "low",
        about = "The pages that answers cite. v1 only.",
        pages = { style = "offset", rows = "items", total = "total", size = 100, max = 100 },
        fields = [[
          items array
          items[].url string
          items[].domain string?
          items[].count_usage integer? answers that cite it
          items[].dt integer? trust, 0-100
          total integer? expected, not seen]],
        example = [=[
          {"items": [{"url": "https://flour-blog.example/best-bakeries", "domain": "flour-blog.example",
            "count_usage": "6", "dt": "27"}], "total": 1}]=] },
    },
  },
  {
    name = "airt.competitors",
    about = "Other brands in the answers.",
    params = {
      site_id = SITE,
      llm_id = LLM,
      prompt_llm_id = { type = "id", about = "the prompt at the engine: prompt_llm_id of airt.prompts:list" },
      prompt_llm_ids = { type = "id[]", min_items = 1, max_items = 50,
        about = "prompts by prompt_llm_id; prompts times days at most 3,660" },
      date_from = { type = "date", about = "first day; by default 7 days before date_to in list, 30 in dates" },
      date_to = { type = "date", about = "last day, not after today" },
      date = { type = "date", about = "day of the answer, from dates" },
      include_cached_copy_url = { type = "flag", default = 1, about = "1: add the address of the stored answer" },
      compact = { type = "flag", default = 0, about = "1: merge equal days into one row" },
      mode = { type = "string", enum = { "domain", "url" }, default = "domain", about = "rows by domain or by page" },
    },
    operations = {
      { "list", v1 = "GET /v1/project-management/airt/competitors{?site_id,llm_id}", instead = "airt.prompts.rankings",
        query = "prompt_llm_ids* date_from date_to include_cached_copy_url compact", answer = "any",
        source = "mcp n8n", confidence = "low",
        about = "Brands and sources in the answers, by prompt and day. v1 only; no source shows a row.",
        example = "[]" },
      { "dates", v1 = "GET /v1/project-management/airt/competitors/dates{?site_id,llm_id,prompt_llm_id}",
        instead = "airt.prompts.rankings",
        query = "date_from date_to", answer = "object", source = "mcp n8n", confidence = "medium",
        about = "Days that have answers. v1 only.",
        fields = [[
          dates array
          dates[] date]],
        example = '{"dates": ["2026-09-09", "2026-09-10"]}' },
      { "source_metrics", v1 = "GET /v1/project-management/airt/competitors/source-metrics{?site_id,llm_id,prompt_llm_id}",
        query = "date* mode", instead = "airt.prompts.answer", answer = "object",
        numbers = "items[].*",
        texts = "domain url",
        source = "mcp n8n", confidence = "medium",
        about = "Metrics of the sources in a day's answer. v1 only.",
        fields = [[
          items array
          items[].domain string? with mode = "domain"
          items[].url string? with mode = "url"
          items[].domain_trust integer? 0-100
          items[].ref_domains integer? domains that link to it
          items[].organic_keywords integer?]],
        example = [=[
          {"items": [{"domain": "flour-blog.example", "domain_trust": 27, "ref_domains": "140",
            "organic_keywords": 320}]}]=] },
    },
  },
}
