--- The API's messages when it refuses a request, and their meaning.
-- SPDX-License-Identifier: MIT
--
-- { status, message, kind, code, meaning = sentence for docs/errors.md, hint = what to do }. A message counts only with its
-- status; case and white space don't matter. The status alone decides what is missing here. Three are known below, in
-- src/http/sr_error_http.c, as they say whether the key is to be blocked: "No token", "Incorrect token", "Unauthenticated.".
--
-- The first ten are in the documentation ("Getting started"), the others in the vendor's own clients.

local SITE_ENGINE = "site_engine_id is the id inside the project, from sites.search_engines:list; not search_engine_id"
local PLAN = "the account's plan does not include this call or its quota is used up"

return {
  { 400, "Invalid keyword_id", "invalid", "invalid_keyword_id", meaning = "The project has no keyword with this id." },
  { 400, "Invalid date", "invalid", "invalid_date", meaning = "A date can't be read, or is out of range.",
    hint = "dates are written YYYY-MM-DD" },
  { 400, "Invalid site_engine_id", "invalid", "invalid_site_engine_id", hint = SITE_ENGINE,
    meaning = "The project has no search engine with this id." },
  { 400, "No ids in request", "invalid", "no_ids", meaning = "The list of ids is missing or empty." },
  { 403, "No access", "access", "no_access", meaning = "The key may not do this." },
  { 403, "Access denied", "access", "access_denied", meaning = "The object belongs to another account." },
  { 404, "Unknown search_engine_id", "not_found", "unknown_search_engine_id",
    meaning = "There is no search engine with this id.", hint = "search_engine_id comes from system:search_engines" },
  { 404, "Unknown site_engine_id", "not_found", "unknown_site_engine_id", hint = SITE_ENGINE,
    meaning = "There is no search engine with this id in any project." },

  { 403, "Subscription required", "access", "subscription_required", hint = PLAN,
    meaning = "The account's plan lacks the feature." },
  { 403, "Limit reached", "access", "limit_reached", hint = PLAN,
    meaning = "The plan's quota of projects, keywords, pages or prompts is used up." },
  { 403, "Insufficient funds", "access", "insufficient_funds", hint = "the account's credits are used up",
    meaning = "The account has too few credits." },
  { 403, "Empty balance", "access", "empty_balance", hint = "the account's balance is used up",
    meaning = "The account has no money left for paid calls." },
  { 403, "License expired", "access", "license_expired", hint = "the account's plan has ended",
    meaning = "The account's plan has ended." },

  { 400, "Incorrect website URL", "invalid", "incorrect_website_url",
    hint = "the site must be a real domain that resolves; reserved test domains are refused",
    meaning = "The address is no domain that the API can resolve." },
  { 400, "empty_field", "invalid", "empty_field", meaning = "The keyword is missing.",
    hint = "send `keyword` too when comment, target_url or site_engine_ids change" },
  { 404, "Tag not found", "not_found", "tag_not_found", meaning = "There is no tag with this id." },
  { 400, "Empty name", "invalid", "empty_name", meaning = "The name is missing or empty." },
  { 404, "Empty name", "invalid", "empty_name" },
  { 400, "Empty site_id", "invalid", "empty_site_id", meaning = "site_id is missing." },
  { 404, "Empty site_id", "invalid", "empty_site_id" }, -- so the older documentation
  { 404, "Group not found", "not_found", "group_not_found", meaning = "There is no group with this id." },
  { 400, "No keywords ids in request", "invalid", "no_keywords_ids", meaning = "The list of keywords is missing or empty.",
    hint = "the parameter is keywords_ids, with two plurals" },
  { 400, "Invalid site url", "invalid", "invalid_site_url", meaning = "The competitor's address is no domain." },
  { 400, "Incorrect competitor id", "invalid", "incorrect_competitor_id",
    meaning = "The project has no competitor with this id." },
  { 400, "Empty title", "invalid", "empty_title", meaning = "The title is missing or empty." },
  { 400, "Empty text", "invalid", "empty_text", meaning = "The text is missing or empty." },
  { 400, "site_ids: This value should be of type integer", "invalid", "site_ids_not_integer",
    meaning = "v1 takes one project at a time here." },
  { 400, "Invalid", "invalid", "invalid", meaning = "The query can't be read." },
  { 400, "Invalid region id", "invalid", "invalid_region_id", meaning = "There is no region with this id." },
  { 400, "Backlinks are non exists", "invalid", "backlinks_not_found", meaning = "None of the ids belongs to a backlink.",
    hint = "recheck and move take the row's id, not backlink_id" },
  { 400, "Invalid region name. Please use a valid canonical location name.", "invalid", "invalid_region_name",
    meaning = "There is no region with this name.", hint = "canonical names come from system:google_regions" },
}
