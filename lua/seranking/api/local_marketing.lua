--- The operations of client.local_marketing.
-- SPDX-License-Identifier: MIT
--
-- Read only: locations are made in the web interface. The vendor's page was seen, but not its text; the paths are those of two
-- independent clients.

local LOCATION = { type = "id", about = "the location: id of client.local_marketing.locations:list" }
local FROM = { type = "date", about = "first day" }
local TO = { type = "date", about = "last day" }
local OFFSET = { type = "integer", default = 0, min = 0, about = "rows to skip" }

return {
  about = "Local Marketing: places, their Google Business Profile and reviews.",
  {
    name = "local_marketing.locations",
    about = "Your places.",
    params = {
      is_active = { type = "boolean", style = "json", about = "only locations that are active, or that are not" },
      limit = { type = "integer", min = 1, about = "rows a page" },
      offset = OFFSET,
    },
    operations = {
      { "list", v1 = "GET /v1/local-marketing/locations", query = "limit offset is_active", answer = "object",
        pages = { style = "offset", rows = "items" }, source = "docs third-party", confidence = "medium", about = "Locations.",
        fields = [[
          items[].id integer
          items[].title string
          items[].account_name string
          items[].connection_status string
          items[].statistics.reviews_count integer
          items[].statistics.average_rating number
          items[].statistics.audit_score_percent number]],
        example = [=[
          {"items": [{"id": 6101, "title": "Corner Bakery, Market Street", "account_name": "Corner Bakery",
            "connection_status": "connected",
            "statistics": {"reviews_count": 84, "average_rating": 4.6, "audit_score_percent": 91}}]}]=] },
    },
  },
  {
    name = "local_marketing.gbp",
    about = "Figures of a location's Google Business Profile.",
    id = "location_id",
    params = {
      location_id = LOCATION,
      from = FROM, to = TO,
      group_by = { type = "string", sample = "DAY", about = "DAY is known; others may exist" },
      page_token = { type = "string", about = "next_page_token of the page before (the parameter's name is assumed)" },
    },
    operations = {
      { "metrics", v1 = "GET /v1/local-marketing/locations/{location_id}/gbp-metrics", query = "from* to* group_by",
        answer = "object", pages = { rows = "items" }, source = "docs third-party", confidence = "medium",
        about = "How often the profile was shown and used, by day. A day without metrics is not known, not zero.",
        fields = [[
          items[].date date
          items[].metrics.business_impressions_desktop_search integer?
          items[].metrics.business_impressions_mobile_search integer?
          items[].metrics.business_impressions_desktop_maps integer?
          items[].metrics.business_impressions_mobile_maps integer?
          items[].metrics.website_clicks integer?
          items[].metrics.call_clicks integer?
          items[].metrics.business_direction_requests integer?
          items[].metrics.business_conversations integer?]],
        example = [=[
          {"items": [{"date": "2026-09-01", "metrics": {"business_impressions_mobile_search": 120, "website_clicks": 9,
            "call_clicks": 3}}]}]=] },
      { "searches", v1 = "GET /v1/local-marketing/locations/{location_id}/gbp-searches", query = "from* to*",
        answer = "object", pages = { rows = "items" }, source = "docs third-party", confidence = "medium",
        about = "How the profile was found, by month. Google withholds small numbers.",
        fields = [[
          items[].month date the first day of the month
          items[].direct integer?
          items[].discovery integer?
          items[].branded integer?
          last_updated_date date]],
        example = [=[
          {"items": [{"month": "2026-08-01", "direct": 310, "discovery": 540, "branded": 28}],
            "last_updated_date": "2026-09-03"}]=] },
      { "keywords", v1 = "GET /v1/local-marketing/locations/{location_id}/gbp-keywords", query = "from* to* page_token",
        answer = "object", pages = { style = "cursor", rows = "items", cursor = "next_page_token", param = "page_token" },
        source = "docs third-party", confidence = "medium",
        about = "Search terms that found the profile in a calendar month. Terms may differ in the case of letters only.",
        fields = [[
          items[].keyword string
          items[].impressions integer?
          items[].clicks integer?
          next_page_token string?]],
        example = '{"items": [{"keyword": "bakery near me", "impressions": 96, "clicks": 11}]}' },
    },
  },
  {
    name = "local_marketing.reviews",
    about = "Reviews of a location.",
    id = "location_id",
    params = {
      location_id = LOCATION,
      from = FROM, to = TO,
      limit = { type = "integer", min = 1, about = "rows a page" },
      offset = OFFSET,
    },
    operations = {
      { "overview", v1 = "GET /v1/local-marketing/locations/{location_id}/reviews/overview", query = "from to",
        answer = "object", source = "docs third-party", confidence = "medium",
        about = "Sums of the reviews of a period, or of all time. The path is assumed in part.",
        fields = [[
          total_reviews integer
          average_rating number?
          answered_reviews integer
          unanswered_reviews integer
          rating_distribution object counts less than all, by one client
          items_by_source[].reviews_count integer?]],
        example = [=[
          {"total_reviews": 84, "average_rating": 4.6, "answered_reviews": 60, "unanswered_reviews": 24,
            "rating_distribution": {"5": 61, "4": 15, "3": 5, "2": 1, "1": 2}, "items_by_source": [{"reviews_count": 84}]}]=] },
      { "list", v1 = "GET /v1/local-marketing/locations/{location_id}/reviews", query = "limit offset", answer = "object",
        pages = { style = "offset", rows = "items" }, source = "docs third-party", confidence = "medium",
        about = "Reviews. Path and paging are assumed in part.",
        fields = [[
          items[].id integer
          items[].source string gmb is Google
          items[].rating integer
          items[].review string?
          items[].reviewer_name string?
          items[].created_at time
          items[].is_answered boolean
          items[].replied_at time?
          items[].review_url string?]],
        example = [=[
          {"items": [{"id": 9901, "source": "gmb", "rating": 5, "review": "Best rye in town", "reviewer_name": "Ada",
            "created_at": "2026-09-02 10:15:00", "is_answered": false}]}]=] },
    },
  },
}
