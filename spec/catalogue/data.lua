--- What the Data API wants to be sent, from the vendor's pages and clients and not from our descriptions: for every
-- operation and method, with the required parameters and with all of them, what a user writes and what goes out.
-- SPDX-License-Identifier: MIT
--
-- `args` is what the user writes; `query` the decoded pairs, whose order counts within one name only; `json` the body, compared
-- by values and their kinds; `parts` those of a form. The key and Content-Type are looked at elsewhere. `brand` in the query of
-- the leaderboard is left out on purpose: the vendor's list has it, and nothing takes it.

local RULES = {
  { { type = "contains", value = "anchor" }, { type = "ends", value = "boat" } },
  { { type = "exact", value = 'rope, "thick"' } },
}
local RULES_TEXT = '[[{"type":"contains","value":"anchor"},{"type":"ends","value":"boat"}],'
  .. '[{"type":"exact","value":"rope, \\"thick\\""}]]'

return {
  {
    op = "data.backlinks.summary", case = "required",
    method = "GET", path = "/v1/backlinks/summary",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.summary", case = "all",
    method = "GET", path = "/v1/backlinks/summary",
    args = { target = { "anchors.example", "https://ropes.example/a&b" }, mode = "url" },
    query = { "output=json", "target=anchors.example", "target=https://ropes.example/a&b", "mode=url" },
  },
  {
    op = "data.backlinks.summary", case = "required",
    method = "POST", path = "/v1/backlinks/summary",
    args = { target = "anchors.example" },
    query = { "output=json" },
    json = '{"target":["anchors.example"]}',
  },
  {
    op = "data.backlinks.summary", case = "all",
    method = "POST", path = "/v1/backlinks/summary",
    args = { target = { "anchors.example", "https://ropes.example/a&b" }, mode = "url" },
    query = { "output=json" },
    json = '{"target":["anchors.example","https://ropes.example/a&b"],"mode":"url"}',
  },
  {
    op = "data.backlinks.metrics", case = "required",
    method = "GET", path = "/v1/backlinks/metrics",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.metrics", case = "all",
    method = "GET", path = "/v1/backlinks/metrics",
    args = { target = { "anchors.example", "https://ropes.example/a&b" }, mode = "url" },
    query = { "output=json", "target=anchors.example", "target=https://ropes.example/a&b", "mode=url" },
  },
  {
    op = "data.backlinks.metrics", case = "required",
    method = "POST", path = "/v1/backlinks/metrics",
    args = { target = "anchors.example" },
    query = { "output=json" },
    json = '{"target":["anchors.example"]}',
  },
  {
    op = "data.backlinks.metrics", case = "all",
    method = "POST", path = "/v1/backlinks/metrics",
    args = { target = { "anchors.example", "https://ropes.example/a&b" }, mode = "url" },
    query = { "output=json" },
    json = '{"target":["anchors.example","https://ropes.example/a&b"],"mode":"url"}',
  },
  {
    op = "data.backlinks.all", case = "required",
    method = "GET", path = "/v1/backlinks/all",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.all", case = "all",
    method = "GET", path = "/v1/backlinks/all",
    args = {
      target = "anchors.example", mode = "url", limit = 5, per_domain = 6, order_by = "inlink_rank",
      url_from_filter = "url_from_filter +ü", url_from_filter_mode = "does_not_contain",
      url_to_filter = "url_to_filter +ü", url_to_filter_mode = "does_not_contain",
      anchor_filter = "anchor_filter +ü", anchor_filter_mode = "does_not_contain",
      nofollow_filter = "dofollow_only", inlink_rank_from = 5, inlink_rank_to = 6, domain_inlink_rank_from = 2,
      domain_inlink_rank_to = 3,
    },
    query = {
      "output=json", "target=anchors.example", "mode=url", "limit=5", "per_domain=6", "order_by=inlink_rank",
      "url_from_filter=url_from_filter +ü", "url_from_filter_mode=does_not_contain",
      "url_to_filter=url_to_filter +ü", "url_to_filter_mode=does_not_contain",
      "anchor_filter=anchor_filter +ü", "anchor_filter_mode=does_not_contain", "nofollow_filter=dofollow_only",
      "inlink_rank_from=5", "inlink_rank_to=6", "domain_inlink_rank_from=2", "domain_inlink_rank_to=3",
    },
  },
  {
    op = "data.backlinks.all", case = "required",
    method = "POST", path = "/v1/backlinks/all",
    args = { target = "anchors.example" },
    query = { "output=json" },
    json = '{"target":"anchors.example"}',
  },
  {
    op = "data.backlinks.all", case = "all",
    method = "POST", path = "/v1/backlinks/all",
    args = {
      target = "anchors.example", mode = "url", limit = 5, per_domain = 6, order_by = "inlink_rank",
      url_from_filter = "url_from_filter +ü", url_from_filter_mode = "does_not_contain",
      url_to_filter = "url_to_filter +ü", url_to_filter_mode = "does_not_contain",
      anchor_filter = "anchor_filter +ü", anchor_filter_mode = "does_not_contain",
      nofollow_filter = "dofollow_only", inlink_rank_from = 5, inlink_rank_to = 6, domain_inlink_rank_from = 2,
      domain_inlink_rank_to = 3,
    },
    query = { "output=json" },
    json = '{"target":"anchors.example","mode":"url","limit":5,"per_domain":6,"order_by":"inlink_rank",'
      .. '"url_from_filter":"url_from_filter +ü","url_from_filter_mode":"does_not_contain",'
      .. '"url_to_filter":"url_to_filter +ü","url_to_filter_mode":"does_not_contain",'
      .. '"anchor_filter":"anchor_filter +ü","anchor_filter_mode":"does_not_contain",'
      .. '"nofollow_filter":"dofollow_only","inlink_rank_from":5,"inlink_rank_to":6,'
      .. '"domain_inlink_rank_from":2,"domain_inlink_rank_to":3}',
  },
  {
    op = "data.backlinks.raw", case = "required",
    method = "GET", path = "/v1/backlinks/raw",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.raw", case = "all",
    method = "GET", path = "/v1/backlinks/raw",
    args = {
      target = "anchors.example", mode = "url", limit = 5, next = "c2Vjb25kIGJhdGNo/+8=", per_domain = 2,
      order_by = "inlink_rank",
    },
    query = {
      "output=json", "target=anchors.example", "mode=url", "limit=5", "next=c2Vjb25kIGJhdGNo/+8=",
      "per_domain=2", "order_by=inlink_rank",
    },
  },
  {
    op = "data.backlinks.count", case = "required",
    method = "GET", path = "/v1/backlinks/count",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.count", case = "all",
    method = "GET", path = "/v1/backlinks/count",
    args = { target = { "anchors.example", "https://ropes.example/a&b" }, mode = "url" },
    query = { "output=json", "target=anchors.example", "target=https://ropes.example/a&b", "mode=url" },
  },
  {
    op = "data.backlinks.count", case = "required",
    method = "POST", path = "/v1/backlinks/count",
    args = { target = "anchors.example" },
    query = { "output=json" },
    json = '{"target":["anchors.example"]}',
  },
  {
    op = "data.backlinks.count", case = "all",
    method = "POST", path = "/v1/backlinks/count",
    args = { target = { "anchors.example", "https://ropes.example/a&b" }, mode = "url" },
    query = { "output=json" },
    json = '{"target":["anchors.example","https://ropes.example/a&b"],"mode":"url"}',
  },
  {
    op = "data.backlinks.export.create", case = "required",
    method = "GET", path = "/v1/backlinks/export",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.export.create", case = "all",
    method = "GET", path = "/v1/backlinks/export",
    args = { target = "anchors.example", mode = "url" },
    query = { "output=json", "target=anchors.example", "mode=url" },
  },
  {
    op = "data.backlinks.export.status", case = "required",
    method = "GET", path = "/v1/backlinks/export/status",
    args = { task_id = "1_400871" },
    query = { "output=json", "task_id=1_400871" },
  },
  {
    op = "data.backlinks.history.list", case = "required",
    method = "GET", path = "/v1/backlinks/history",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.history.list", case = "all",
    method = "GET", path = "/v1/backlinks/history",
    args = {
      target = "anchors.example", mode = "url", new_lost_type = "lost", date_from = "2026-05-05",
      date_to = "2026-06-06", link_type = "redirect", anchor_type = "undefined", dofollow = "undefined",
      url_from = "https://harbour.example/boats/12", limit = 2, order_by = "inlink_rank",
    },
    query = {
      "output=json", "target=anchors.example", "mode=url", "new_lost_type=lost", "date_from=2026-05-05",
      "date_to=2026-06-06", "link_type=redirect", "anchor_type=undefined", "dofollow=undefined",
      "url_from=https://harbour.example/boats/12", "limit=2", "order_by=inlink_rank",
    },
  },
  {
    op = "data.backlinks.history.list", case = "required",
    method = "POST", path = "/v1/backlinks/history",
    args = { target = "anchors.example" },
    query = { "output=json" },
    json = '{"target":"anchors.example"}',
  },
  {
    op = "data.backlinks.history.list", case = "all",
    method = "POST", path = "/v1/backlinks/history",
    args = {
      target = "anchors.example", mode = "url", new_lost_type = "lost", date_from = "2026-05-05",
      date_to = "2026-06-06", link_type = "redirect", anchor_type = "undefined", dofollow = "undefined",
      url_from = "https://harbour.example/boats/12", limit = 2, order_by = "inlink_rank",
    },
    query = { "output=json" },
    json = '{"target":"anchors.example","mode":"url","new_lost_type":"lost","date_from":"2026-05-05",'
      .. '"date_to":"2026-06-06","link_type":"redirect","anchor_type":"undefined","dofollow":"undefined",'
      .. '"url_from":"https://harbour.example/boats/12","limit":2,"order_by":"inlink_rank"}',
  },
  {
    op = "data.backlinks.history.count", case = "required",
    method = "GET", path = "/v1/backlinks/history/count",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.history.count", case = "all",
    method = "GET", path = "/v1/backlinks/history/count",
    args = {
      target = "anchors.example", mode = "url", new_lost_type = "lost", date_from = "2026-05-05",
      date_to = "2026-06-06", link_type = "redirect", anchor_type = "undefined", dofollow = "undefined",
      url_from = "https://harbour.example/boats/12",
    },
    query = {
      "output=json", "target=anchors.example", "mode=url", "new_lost_type=lost", "date_from=2026-05-05",
      "date_to=2026-06-06", "link_type=redirect", "anchor_type=undefined", "dofollow=undefined",
      "url_from=https://harbour.example/boats/12",
    },
  },
  {
    op = "data.backlinks.history.count", case = "required",
    method = "POST", path = "/v1/backlinks/history/count",
    args = { target = "anchors.example" },
    query = { "output=json" },
    json = '{"target":"anchors.example"}',
  },
  {
    op = "data.backlinks.history.count", case = "all",
    method = "POST", path = "/v1/backlinks/history/count",
    args = {
      target = "anchors.example", mode = "url", new_lost_type = "lost", date_from = "2026-05-05",
      date_to = "2026-06-06", link_type = "redirect", anchor_type = "undefined", dofollow = "undefined",
      url_from = "https://harbour.example/boats/12",
    },
    query = { "output=json" },
    json = '{"target":"anchors.example","mode":"url","new_lost_type":"lost","date_from":"2026-05-05",'
      .. '"date_to":"2026-06-06","link_type":"redirect","anchor_type":"undefined","dofollow":"undefined",'
      .. '"url_from":"https://harbour.example/boats/12"}',
  },
  {
    op = "data.backlinks.history.cumulative", case = "required",
    method = "GET", path = "/v1/backlinks/history/cumulative",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.history.cumulative", case = "all",
    method = "GET", path = "/v1/backlinks/history/cumulative",
    args = {
      target = "anchors.example", mode = "url", date_from = "2026-04-04", date_to = "2026-05-05",
    },
    query = {
      "output=json", "target=anchors.example", "mode=url", "date_from=2026-04-04", "date_to=2026-05-05",
    },
  },
  {
    op = "data.backlinks.history.cumulative", case = "required",
    method = "POST", path = "/v1/backlinks/history/cumulative",
    args = { target = "anchors.example" },
    query = { "output=json" },
    json = '{"target":"anchors.example"}',
  },
  {
    op = "data.backlinks.history.cumulative", case = "all",
    method = "POST", path = "/v1/backlinks/history/cumulative",
    args = {
      target = "anchors.example", mode = "url", date_from = "2026-04-04", date_to = "2026-05-05",
    },
    query = { "output=json" },
    json = '{"target":"anchors.example","mode":"url","date_from":"2026-04-04","date_to":"2026-05-05"}',
  },
  {
    op = "data.backlinks.anchors.list", case = "required",
    method = "GET", path = "/v1/backlinks/anchors",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.anchors.list", case = "all",
    method = "GET", path = "/v1/backlinks/anchors",
    args = { target = "anchors.example", mode = "url", order_by = "refdomains", limit = 6 },
    query = { "output=json", "target=anchors.example", "mode=url", "order_by=refdomains", "limit=6" },
  },
  {
    op = "data.backlinks.anchors.list", case = "required",
    method = "POST", path = "/v1/backlinks/anchors",
    args = { target = "anchors.example" },
    query = { "output=json" },
    json = '{"target":"anchors.example"}',
  },
  {
    op = "data.backlinks.anchors.list", case = "all",
    method = "POST", path = "/v1/backlinks/anchors",
    args = { target = "anchors.example", mode = "url", order_by = "refdomains", limit = 6 },
    query = { "output=json" },
    json = '{"target":"anchors.example","mode":"url","order_by":"refdomains","limit":6}',
  },
  {
    op = "data.backlinks.refdomains.list", case = "required",
    method = "GET", path = "/v1/backlinks/refdomains",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.refdomains.list", case = "all",
    method = "GET", path = "/v1/backlinks/refdomains",
    args = { target = "anchors.example", mode = "url", order_by = "inlink_rank", limit = 6 },
    query = { "output=json", "target=anchors.example", "mode=url", "order_by=inlink_rank", "limit=6" },
  },
  {
    op = "data.backlinks.refdomains.list", case = "required",
    method = "POST", path = "/v1/backlinks/refdomains",
    args = { target = "anchors.example" },
    query = { "output=json" },
    json = '{"target":"anchors.example"}',
  },
  {
    op = "data.backlinks.refdomains.list", case = "all",
    method = "POST", path = "/v1/backlinks/refdomains",
    args = { target = "anchors.example", mode = "url", order_by = "inlink_rank", limit = 6 },
    query = { "output=json" },
    json = '{"target":"anchors.example","mode":"url","order_by":"inlink_rank","limit":6}',
  },
  {
    op = "data.backlinks.refdomains.count", case = "required",
    method = "GET", path = "/v1/backlinks/refdomains/count",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.refdomains.count", case = "all",
    method = "GET", path = "/v1/backlinks/refdomains/count",
    args = { target = { "anchors.example", "https://ropes.example/a&b" }, mode = "url" },
    query = { "output=json", "target=anchors.example", "target=https://ropes.example/a&b", "mode=url" },
  },
  {
    op = "data.backlinks.refdomains.count", case = "required",
    method = "POST", path = "/v1/backlinks/refdomains/count",
    args = { target = "anchors.example" },
    query = { "output=json" },
    json = '{"target":["anchors.example"]}',
  },
  {
    op = "data.backlinks.refdomains.count", case = "all",
    method = "POST", path = "/v1/backlinks/refdomains/count",
    args = { target = { "anchors.example", "https://ropes.example/a&b" }, mode = "url" },
    query = { "output=json" },
    json = '{"target":["anchors.example","https://ropes.example/a&b"],"mode":"url"}',
  },
  {
    op = "data.backlinks.refdomains.history.list", case = "required",
    method = "GET", path = "/v1/backlinks/refdomains/history",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.refdomains.history.list", case = "all",
    method = "GET", path = "/v1/backlinks/refdomains/history",
    args = {
      target = "anchors.example", mode = "url", new_lost_type = "lost", date_from = "2026-05-05",
      date_to = "2026-06-06", order_by = "inlink_rank", limit = 4,
    },
    query = {
      "output=json", "target=anchors.example", "mode=url", "new_lost_type=lost", "date_from=2026-05-05",
      "date_to=2026-06-06", "order_by=inlink_rank", "limit=4",
    },
  },
  {
    op = "data.backlinks.refdomains.history.list", case = "required",
    method = "POST", path = "/v1/backlinks/refdomains/history",
    args = { target = "anchors.example" },
    query = { "output=json" },
    json = '{"target":"anchors.example"}',
  },
  {
    op = "data.backlinks.refdomains.history.list", case = "all",
    method = "POST", path = "/v1/backlinks/refdomains/history",
    args = {
      target = "anchors.example", mode = "url", new_lost_type = "lost", date_from = "2026-05-05",
      date_to = "2026-06-06", order_by = "inlink_rank", limit = 4,
    },
    query = { "output=json" },
    json = '{"target":"anchors.example","mode":"url","new_lost_type":"lost","date_from":"2026-05-05",'
      .. '"date_to":"2026-06-06","order_by":"inlink_rank","limit":4}',
  },
  {
    op = "data.backlinks.refdomains.history.count", case = "required",
    method = "GET", path = "/v1/backlinks/refdomains/history/count",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.refdomains.history.count", case = "all",
    method = "GET", path = "/v1/backlinks/refdomains/history/count",
    args = {
      target = "anchors.example", mode = "url", new_lost_type = "lost", date_from = "2026-05-05",
      date_to = "2026-06-06",
    },
    query = {
      "output=json", "target=anchors.example", "mode=url", "new_lost_type=lost", "date_from=2026-05-05",
      "date_to=2026-06-06",
    },
  },
  {
    op = "data.backlinks.refdomains.history.count", case = "required",
    method = "POST", path = "/v1/backlinks/refdomains/history/count",
    args = { target = "anchors.example" },
    query = { "output=json" },
    json = '{"target":"anchors.example"}',
  },
  {
    op = "data.backlinks.refdomains.history.count", case = "all",
    method = "POST", path = "/v1/backlinks/refdomains/history/count",
    args = {
      target = "anchors.example", mode = "url", new_lost_type = "lost", date_from = "2026-05-05",
      date_to = "2026-06-06",
    },
    query = { "output=json" },
    json = '{"target":"anchors.example","mode":"url","new_lost_type":"lost","date_from":"2026-05-05","date_to":"2026-06-06"}',
  },
  {
    op = "data.backlinks.referring_ips.list", case = "required",
    method = "GET", path = "/v1/backlinks/referring-ips",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.referring_ips.list", case = "all",
    method = "GET", path = "/v1/backlinks/referring-ips",
    args = { target = "anchors.example", mode = "url", order_by = "refdomains", limit = 6 },
    query = { "output=json", "target=anchors.example", "mode=url", "order_by=refdomains", "limit=6" },
  },
  {
    op = "data.backlinks.referring_ips.list", case = "required",
    method = "POST", path = "/v1/backlinks/referring-ips",
    args = { target = "anchors.example" },
    query = { "output=json" },
    json = '{"target":"anchors.example"}',
  },
  {
    op = "data.backlinks.referring_ips.list", case = "all",
    method = "POST", path = "/v1/backlinks/referring-ips",
    args = { target = "anchors.example", mode = "url", order_by = "refdomains", limit = 6 },
    query = { "output=json" },
    json = '{"target":"anchors.example","mode":"url","order_by":"refdomains","limit":6}',
  },
  {
    op = "data.backlinks.referring_ips.count", case = "required",
    method = "GET", path = "/v1/backlinks/referring-ips/count",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.referring_ips.count", case = "all",
    method = "GET", path = "/v1/backlinks/referring-ips/count",
    args = { target = { "anchors.example", "https://ropes.example/a&b" }, mode = "url" },
    query = { "output=json", "target=anchors.example", "target=https://ropes.example/a&b", "mode=url" },
  },
  {
    op = "data.backlinks.referring_ips.count", case = "required",
    method = "POST", path = "/v1/backlinks/referring-ips/count",
    args = { target = "anchors.example" },
    query = { "output=json" },
    json = '{"target":["anchors.example"]}',
  },
  {
    op = "data.backlinks.referring_ips.count", case = "all",
    method = "POST", path = "/v1/backlinks/referring-ips/count",
    args = { target = { "anchors.example", "https://ropes.example/a&b" }, mode = "url" },
    query = { "output=json" },
    json = '{"target":["anchors.example","https://ropes.example/a&b"],"mode":"url"}',
  },
  {
    op = "data.backlinks.referring_subnets.count", case = "required",
    method = "GET", path = "/v1/backlinks/referring-subnets/count",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.referring_subnets.count", case = "all",
    method = "GET", path = "/v1/backlinks/referring-subnets/count",
    args = { target = { "anchors.example", "https://ropes.example/a&b" }, mode = "url" },
    query = { "output=json", "target=anchors.example", "target=https://ropes.example/a&b", "mode=url" },
  },
  {
    op = "data.backlinks.referring_subnets.count", case = "required",
    method = "POST", path = "/v1/backlinks/referring-subnets/count",
    args = { target = "anchors.example" },
    query = { "output=json" },
    json = '{"target":["anchors.example"]}',
  },
  {
    op = "data.backlinks.referring_subnets.count", case = "all",
    method = "POST", path = "/v1/backlinks/referring-subnets/count",
    args = { target = { "anchors.example", "https://ropes.example/a&b" }, mode = "url" },
    query = { "output=json" },
    json = '{"target":["anchors.example","https://ropes.example/a&b"],"mode":"url"}',
  },
  {
    op = "data.backlinks.indexed_pages.list", case = "required",
    method = "GET", path = "/v1/backlinks/indexed-pages",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.indexed_pages.list", case = "all",
    method = "GET", path = "/v1/backlinks/indexed-pages",
    args = { target = "anchors.example", mode = "url", order_by = "refdomains", limit = 6 },
    query = { "output=json", "target=anchors.example", "mode=url", "order_by=refdomains", "limit=6" },
  },
  {
    op = "data.backlinks.indexed_pages.list", case = "required",
    method = "POST", path = "/v1/backlinks/indexed-pages",
    args = { target = "anchors.example" },
    query = { "output=json" },
    json = '{"target":"anchors.example"}',
  },
  {
    op = "data.backlinks.indexed_pages.list", case = "all",
    method = "POST", path = "/v1/backlinks/indexed-pages",
    args = { target = "anchors.example", mode = "url", order_by = "refdomains", limit = 6 },
    query = { "output=json" },
    json = '{"target":"anchors.example","mode":"url","order_by":"refdomains","limit":6}',
  },
  {
    op = "data.backlinks.authority.get", case = "required",
    method = "GET", path = "/v1/backlinks/authority",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.authority.get", case = "required",
    method = "POST", path = "/v1/backlinks/authority",
    args = { target = "anchors.example" },
    query = { "output=json" },
    json = '{"target":["anchors.example"]}',
  },
  {
    op = "data.backlinks.authority.domain.get", case = "required",
    method = "GET", path = "/v1/backlinks/authority/domain",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.authority.domain.get", case = "required",
    method = "POST", path = "/v1/backlinks/authority/domain",
    args = { target = "anchors.example" },
    query = { "output=json" },
    json = '{"target":["anchors.example"]}',
  },
  {
    op = "data.backlinks.authority.domain.distribution", case = "required",
    method = "GET", path = "/v1/backlinks/authority/domain/distribution",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.authority.domain.distribution", case = "all",
    method = "GET", path = "/v1/backlinks/authority/domain/distribution",
    args = { target = "anchors.example", mode = "url", histogramMode = "host" },
    query = { "output=json", "target=anchors.example", "mode=url", "histogramMode=host" },
  },
  {
    op = "data.backlinks.authority.domain.history", case = "required",
    method = "GET", path = "/v1/backlinks/authority/domain/history",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.authority.domain.history", case = "all",
    method = "GET", path = "/v1/backlinks/authority/domain/history",
    args = {
      target = "anchors.example", date_from = "2026-02-02", date_to = "2026-03-03", granularity = "by_month",
    },
    query = {
      "output=json", "target=anchors.example", "date_from=2026-02-02", "date_to=2026-03-03",
      "granularity=by_month",
    },
  },
  {
    op = "data.backlinks.authority.page.get", case = "required",
    method = "GET", path = "/v1/backlinks/authority/page",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.authority.page.get", case = "required",
    method = "POST", path = "/v1/backlinks/authority/page",
    args = { target = "anchors.example" },
    query = { "output=json" },
    json = '{"target":["anchors.example"]}',
  },
  {
    op = "data.backlinks.authority.page.history", case = "required",
    method = "GET", path = "/v1/backlinks/authority/page/history",
    args = { target = "anchors.example" },
    query = { "output=json", "target=anchors.example" },
  },
  {
    op = "data.backlinks.authority.page.history", case = "all",
    method = "GET", path = "/v1/backlinks/authority/page/history",
    args = {
      target = "anchors.example", date_from = "2026-02-02", date_to = "2026-03-03", granularity = "by_month",
    },
    query = {
      "output=json", "target=anchors.example", "date_from=2026-02-02", "date_to=2026-03-03",
      "granularity=by_month",
    },
  },
  {
    op = "data.domain.overview.db", case = "required by domain",
    method = "GET", path = "/v1/domain/overview/db",
    args = { source = "uk", domain = "anchors.example" },
    query = { "source=uk", "domain=anchors.example" },
  },
  {
    op = "data.domain.overview.db", case = "all by domain",
    method = "GET", path = "/v1/domain/overview/db",
    args = { source = "uk", domain = "anchors.example", with_subdomains = true },
    query = { "source=uk", "domain=anchors.example", "with_subdomains=1" },
  },
  {
    op = "data.domain.overview.db", case = "required by url",
    method = "GET", path = "/v1/domain/overview/db",
    args = { source = "uk", url = "https://anchors.example/a b?c=1&d=2" },
    query = { "source=uk", "url=https://anchors.example/a b?c=1&d=2" },
  },
  {
    op = "data.domain.overview.db", case = "all by url",
    method = "GET", path = "/v1/domain/overview/db",
    args = { source = "uk", url = "https://anchors.example/a b?c=1&d=2", with_subdomains = true },
    query = { "source=uk", "url=https://anchors.example/a b?c=1&d=2", "with_subdomains=1" },
  },
  {
    op = "data.domain.overview.worldwide", case = "required",
    method = "GET", path = "/v1/domain/overview/worldwide",
    args = { domain = "anchors.example" },
    query = { "domain=anchors.example" },
  },
  {
    op = "data.domain.overview.worldwide", case = "all",
    method = "GET", path = "/v1/domain/overview/worldwide",
    args = {
      domain = "anchors.example", fields = { "price", "positions_tops" }, show_zones_list = 1,
      currency = "EUR", with_subdomains = true,
    },
    query = {
      "domain=anchors.example", "fields=price,positions_tops", "show_zones_list=1", "currency=EUR",
      "with_subdomains=1",
    },
  },
  {
    op = "data.domain.overview.worldwide_url", case = "required",
    method = "GET", path = "/v1/domain/overview/worldwide/url",
    args = { url = "https://anchors.example/a b?c=1&d=2" },
    query = { "url=https://anchors.example/a b?c=1&d=2" },
  },
  {
    op = "data.domain.overview.worldwide_url", case = "all",
    method = "GET", path = "/v1/domain/overview/worldwide/url",
    args = { url = "https://anchors.example/a b?c=1&d=2", fields = { "keywords", "price" } },
    query = { "url=https://anchors.example/a b?c=1&d=2", "fields=keywords,price" },
  },
  {
    op = "data.domain.overview.history", case = "required by domain",
    method = "GET", path = "/v1/domain/overview/history",
    args = { source = "uk", domain = "anchors.example" },
    query = { "source=uk", "domain=anchors.example" },
  },
  {
    op = "data.domain.overview.history", case = "all by domain",
    method = "GET", path = "/v1/domain/overview/history",
    args = { source = "uk", domain = "anchors.example", type = "adv", with_subdomains = true },
    query = { "source=uk", "domain=anchors.example", "type=adv", "with_subdomains=1" },
  },
  {
    op = "data.domain.overview.history", case = "required by url",
    method = "GET", path = "/v1/domain/overview/history",
    args = { source = "uk", url = "https://anchors.example/a b?c=1&d=2" },
    query = { "source=uk", "url=https://anchors.example/a b?c=1&d=2" },
  },
  {
    op = "data.domain.overview.history", case = "all by url",
    method = "GET", path = "/v1/domain/overview/history",
    args = {
      source = "uk", url = "https://anchors.example/a b?c=1&d=2", type = "adv", with_subdomains = true,
    },
    query = { "source=uk", "url=https://anchors.example/a b?c=1&d=2", "type=adv", "with_subdomains=1" },
  },
  {
    op = "data.domain.keywords.list", case = "required by domain",
    method = "GET", path = "/v1/domain/keywords",
    args = { source = "uk", domain = "anchors.example" },
    query = { "source=uk", "domain=anchors.example" },
  },
  {
    op = "data.domain.keywords.list", case = "all by domain",
    method = "GET", path = "/v1/domain/keywords",
    args = {
      source = "uk", domain = "anchors.example", type = "adv", with_subdomains = true, order_field = "price",
      order_type = "desc", page = 3, limit = 4, cols = { "keyword", "snippet_display_url" },
      pos_change = "same", year = 2, month = 3, filter = {
        volume = { from = 4, to = 5 }, difficulty = { from = 6, to = 2 },
        characters_count = { from = 3, to = 4 }, keyword_count = { from = 5, to = 6 },
        position = { from = 2, to = 3 }, competition = { from = 2.5, to = 3.5 },
        cpc = { from = 0.5, to = 1.5 }, traffic = { from = 3, to = 4 },
        traffic_percent = { from = 0.5, to = 1.5 }, price = { from = 2.5, to = 3.5 }, url = RULES,
        keyword = "filter keyword +ü", multi_keyword_included = RULES, multi_keyword_excluded = RULES,
        serp_features = { "images", "people_also_ask" }, intents = { "I", "L" },
        serp_features_2 = { mode = "without_link", value = { "images", "sitelinks" } },
      },
    },
    query = {
      "source=uk", "domain=anchors.example", "type=adv", "with_subdomains=1", "order_field=price",
      "order_type=desc", "page=3", "limit=4", "cols=keyword,snippet_display_url", "pos_change=same", "year=2",
      "month=3", "filter[volume][from]=4", "filter[volume][to]=5", "filter[difficulty][from]=6",
      "filter[difficulty][to]=2", "filter[characters_count][from]=3", "filter[characters_count][to]=4",
      "filter[keyword_count][from]=5", "filter[keyword_count][to]=6", "filter[position][from]=2",
      "filter[position][to]=3", "filter[competition][from]=2.5", "filter[competition][to]=3.5",
      "filter[cpc][from]=0.5", "filter[cpc][to]=1.5", "filter[traffic][from]=3", "filter[traffic][to]=4",
      "filter[traffic_percent][from]=0.5", "filter[traffic_percent][to]=1.5", "filter[price][from]=2.5",
      "filter[price][to]=3.5", "filter[url]=" .. RULES_TEXT, "filter[keyword]=filter keyword +ü",
      "filter[multi_keyword_included]=" .. RULES_TEXT, "filter[multi_keyword_excluded]=" .. RULES_TEXT,
      "filter[serp_features]=images,people_also_ask", "filter[intents]=I,L",
      "filter[serp_features_2][mode]=without_link", "filter[serp_features_2][value][0]=images",
      "filter[serp_features_2][value][1]=sitelinks",
    },
  },
  {
    op = "data.domain.keywords.list", case = "required by url",
    method = "GET", path = "/v1/domain/keywords",
    args = { source = "uk", url = "https://anchors.example/a b?c=1&d=2" },
    query = { "source=uk", "url=https://anchors.example/a b?c=1&d=2" },
  },
  {
    op = "data.domain.keywords.list", case = "all by url",
    method = "GET", path = "/v1/domain/keywords",
    args = {
      source = "uk", url = "https://anchors.example/a b?c=1&d=2", type = "adv", with_subdomains = true,
      order_field = "price", order_type = "desc", page = 3, limit = 4,
      cols = { "keyword", "snippet_display_url" }, pos_change = "same", year = 2, month = 3, filter = {
        volume = { from = 4, to = 5 }, difficulty = { from = 6, to = 2 },
        characters_count = { from = 3, to = 4 }, keyword_count = { from = 5, to = 6 },
        position = { from = 2, to = 3 }, competition = { from = 2.5, to = 3.5 },
        cpc = { from = 0.5, to = 1.5 }, traffic = { from = 3, to = 4 },
        traffic_percent = { from = 0.5, to = 1.5 }, price = { from = 2.5, to = 3.5 }, url = RULES,
        keyword = "filter keyword +ü", multi_keyword_included = RULES, multi_keyword_excluded = RULES,
        serp_features = { "images", "people_also_ask" }, intents = { "I", "L" },
        serp_features_2 = { mode = "without_link", value = { "images", "sitelinks" } },
      },
    },
    query = {
      "source=uk", "url=https://anchors.example/a b?c=1&d=2", "type=adv", "with_subdomains=1",
      "order_field=price", "order_type=desc", "page=3", "limit=4", "cols=keyword,snippet_display_url",
      "pos_change=same", "year=2", "month=3", "filter[volume][from]=4", "filter[volume][to]=5",
      "filter[difficulty][from]=6", "filter[difficulty][to]=2", "filter[characters_count][from]=3",
      "filter[characters_count][to]=4", "filter[keyword_count][from]=5", "filter[keyword_count][to]=6",
      "filter[position][from]=2", "filter[position][to]=3", "filter[competition][from]=2.5",
      "filter[competition][to]=3.5", "filter[cpc][from]=0.5", "filter[cpc][to]=1.5", "filter[traffic][from]=3",
      "filter[traffic][to]=4", "filter[traffic_percent][from]=0.5", "filter[traffic_percent][to]=1.5",
      "filter[price][from]=2.5", "filter[price][to]=3.5", "filter[url]=" .. RULES_TEXT,
      "filter[keyword]=filter keyword +ü", "filter[multi_keyword_included]=" .. RULES_TEXT,
      "filter[multi_keyword_excluded]=" .. RULES_TEXT, "filter[serp_features]=images,people_also_ask",
      "filter[intents]=I,L", "filter[serp_features_2][mode]=without_link",
      "filter[serp_features_2][value][0]=images", "filter[serp_features_2][value][1]=sitelinks",
    },
  },
  {
    op = "data.domain.keywords.comparison", case = "required by domain",
    method = "GET", path = "/v1/domain/keywords/comparison",
    args = { source = "uk", domain = "anchors.example", compare = "ropes.example" },
    query = { "source=uk", "domain=anchors.example", "compare=ropes.example" },
  },
  {
    op = "data.domain.keywords.comparison", case = "all by domain",
    method = "GET", path = "/v1/domain/keywords/comparison",
    args = {
      source = "uk", domain = "anchors.example", compare = "ropes.example", type = "adv", diff = 1, page = 2,
      limit = 3, cols = { "keyword", "compare_traffic" }, order_field = "position", order_type = "desc",
      filter = {
        volume = { from = 2, to = 3 }, difficulty = { from = 4, to = 5 }, cpc = { from = 2.5, to = 3.5 },
        competition = { from = 0.5, to = 1.5 }, intents = { "I", "L" },
        serp_features = { "images", "people_also_ask" }, keyword = "filter keyword +ü",
        multi_keyword_included = RULES, multi_keyword_excluded = RULES,
      },
    },
    query = {
      "source=uk", "domain=anchors.example", "compare=ropes.example", "type=adv", "diff=1", "page=2",
      "limit=3", "cols=keyword,compare_traffic", "order_field=position", "order_type=desc",
      "filter[volume][from]=2", "filter[volume][to]=3", "filter[difficulty][from]=4",
      "filter[difficulty][to]=5", "filter[cpc][from]=2.5", "filter[cpc][to]=3.5",
      "filter[competition][from]=0.5", "filter[competition][to]=1.5", "filter[intents]=I,L",
      "filter[serp_features]=images,people_also_ask", "filter[keyword]=filter keyword +ü",
      "filter[multi_keyword_included]=" .. RULES_TEXT, "filter[multi_keyword_excluded]=" .. RULES_TEXT,
    },
  },
  {
    op = "data.domain.keywords.comparison", case = "required by url",
    method = "GET", path = "/v1/domain/keywords/comparison",
    args = { source = "uk", url = "https://anchors.example/a b?c=1&d=2", compare = "ropes.example" },
    query = { "source=uk", "url=https://anchors.example/a b?c=1&d=2", "compare=ropes.example" },
  },
  {
    op = "data.domain.keywords.comparison", case = "all by url",
    method = "GET", path = "/v1/domain/keywords/comparison",
    args = {
      source = "uk", url = "https://anchors.example/a b?c=1&d=2", compare = "ropes.example", type = "adv",
      diff = 1, page = 2, limit = 3, cols = { "keyword", "compare_traffic" }, order_field = "position",
      order_type = "desc", filter = {
        volume = { from = 2, to = 3 }, difficulty = { from = 4, to = 5 }, cpc = { from = 2.5, to = 3.5 },
        competition = { from = 0.5, to = 1.5 }, intents = { "I", "L" },
        serp_features = { "images", "people_also_ask" }, keyword = "filter keyword +ü",
        multi_keyword_included = RULES, multi_keyword_excluded = RULES,
      },
    },
    query = {
      "source=uk", "url=https://anchors.example/a b?c=1&d=2", "compare=ropes.example", "type=adv", "diff=1",
      "page=2", "limit=3", "cols=keyword,compare_traffic", "order_field=position", "order_type=desc",
      "filter[volume][from]=2", "filter[volume][to]=3", "filter[difficulty][from]=4",
      "filter[difficulty][to]=5", "filter[cpc][from]=2.5", "filter[cpc][to]=3.5",
      "filter[competition][from]=0.5", "filter[competition][to]=1.5", "filter[intents]=I,L",
      "filter[serp_features]=images,people_also_ask", "filter[keyword]=filter keyword +ü",
      "filter[multi_keyword_included]=" .. RULES_TEXT, "filter[multi_keyword_excluded]=" .. RULES_TEXT,
    },
  },
  {
    op = "data.domain.pages.list", case = "required",
    method = "GET", path = "/v1/domain/pages",
    args = { target = "anchors.example", scope = "url", source = "uk" },
    query = { "target=anchors.example", "scope=url", "source=uk" },
  },
  {
    op = "data.domain.pages.list", case = "all",
    method = "GET", path = "/v1/domain/pages",
    args = {
      target = "anchors.example", scope = "url", source = "uk", type = "adv", order_field = "price_sum",
      order_type = "desc", offset = 3, limit = 4, filter = {
        domain_url = RULES, domain_traffic_percent = { from = 1.5, to = 2.5 },
        keywords_count = { from = 3, to = 4 }, traffic_sum = { from = 5, to = 6 },
        price_sum = { from = 3.5, to = 0.5 },
      },
    },
    query = {
      "target=anchors.example", "scope=url", "source=uk", "type=adv", "order_field=price_sum",
      "order_type=desc", "offset=3", "limit=4", "filter[domain_url]=" .. RULES_TEXT,
      "filter[domain_traffic_percent][from]=1.5", "filter[domain_traffic_percent][to]=2.5",
      "filter[keywords_count][from]=3", "filter[keywords_count][to]=4", "filter[traffic_sum][from]=5",
      "filter[traffic_sum][to]=6", "filter[price_sum][from]=3.5", "filter[price_sum][to]=0.5",
    },
  },
  {
    op = "data.domain.subdomains.list", case = "required",
    method = "GET", path = "/v1/domain/subdomains",
    args = { target = "anchors.example", scope = "domain", source = "uk" },
    query = { "target=anchors.example", "scope=domain", "source=uk" },
  },
  {
    op = "data.domain.subdomains.list", case = "all",
    method = "GET", path = "/v1/domain/subdomains",
    args = {
      target = "anchors.example", scope = "domain", source = "uk", type = "adv", order_field = "price_sum",
      order_type = "desc", offset = 3, limit = 4, filter = {
        domain_url = RULES, domain_traffic_percent = { from = 1.5, to = 2.5 },
        keywords_count = { from = 3, to = 4 }, traffic_sum = { from = 5, to = 6 },
        price_sum = { from = 3.5, to = 0.5 },
      },
    },
    query = {
      "target=anchors.example", "scope=domain", "source=uk", "type=adv", "order_field=price_sum",
      "order_type=desc", "offset=3", "limit=4", "filter[domain_url]=" .. RULES_TEXT,
      "filter[domain_traffic_percent][from]=1.5", "filter[domain_traffic_percent][to]=2.5",
      "filter[keywords_count][from]=3", "filter[keywords_count][to]=4", "filter[traffic_sum][from]=5",
      "filter[traffic_sum][to]=6", "filter[price_sum][from]=3.5", "filter[price_sum][to]=0.5",
    },
  },
  {
    op = "data.domain.ads.by_domain", case = "required",
    method = "GET", path = "/v1/domain/ads",
    args = { source = "uk", domain = "anchors.example" },
    query = { "source=uk", "domain=anchors.example" },
  },
  {
    op = "data.domain.ads.by_domain", case = "all",
    method = "GET", path = "/v1/domain/ads",
    args = {
      source = "uk", domain = "anchors.example", from = "2026-03", to = "2026-04", page = 6, limit = 2,
    },
    query = { "source=uk", "domain=anchors.example", "from=2026-03", "to=2026-04", "page=6", "limit=2" },
  },
  {
    op = "data.domain.ads.by_keyword", case = "required",
    method = "GET", path = "/v1/domain/ads",
    args = { source = "uk", keyword = "boots & anchors 100%" },
    query = { "source=uk", "keyword=boots & anchors 100%" },
  },
  {
    op = "data.domain.ads.by_keyword", case = "all",
    method = "GET", path = "/v1/domain/ads",
    args = {
      source = "uk", keyword = "boots & anchors 100%", from = "2026-03", to = "2026-04", page = 6, limit = 2,
    },
    query = {
      "source=uk", "keyword=boots & anchors 100%", "from=2026-03", "to=2026-04", "page=6", "limit=2",
    },
  },
  {
    op = "data.domain.competitors.list", case = "required by domain",
    method = "GET", path = "/v1/domain/competitors",
    args = { source = "uk", domain = "anchors.example" },
    query = { "source=uk", "domain=anchors.example" },
  },
  {
    op = "data.domain.competitors.list", case = "all by domain",
    method = "GET", path = "/v1/domain/competitors",
    args = { source = "uk", domain = "anchors.example", type = "adv", stats = 1 },
    query = { "source=uk", "domain=anchors.example", "type=adv", "stats=1" },
  },
  {
    op = "data.domain.competitors.list", case = "required by url",
    method = "GET", path = "/v1/domain/competitors",
    args = { source = "uk", url = "https://anchors.example/a b?c=1&d=2" },
    query = { "source=uk", "url=https://anchors.example/a b?c=1&d=2" },
  },
  {
    op = "data.domain.competitors.list", case = "all by url",
    method = "GET", path = "/v1/domain/competitors",
    args = { source = "uk", url = "https://anchors.example/a b?c=1&d=2", type = "adv", stats = 1 },
    query = { "source=uk", "url=https://anchors.example/a b?c=1&d=2", "type=adv", "stats=1" },
  },
  {
    op = "data.keywords.export", case = "required",
    method = "POST", path = "/v1/keywords/export",
    args = { source = "uk", keywords = { "folding anchor", "boots & ropes", "ankré" } },
    query = { "source=uk" },
    parts = { "keywords[]=folding anchor", "keywords[]=boots & ropes", "keywords[]=ankré" },
  },
  {
    op = "data.keywords.export", case = "all",
    method = "POST", path = "/v1/keywords/export",
    args = {
      source = "uk", keywords = { "folding anchor", "boots & ropes", "ankré" }, sort = "history_trend",
      sort_order = "desc", cols = { "keyword", "history_trend" }, history_from = "2026-06-06",
      history_to = "2026-07-07",
    },
    query = { "source=uk" },
    parts = {
      "keywords[]=folding anchor", "keywords[]=boots & ropes", "keywords[]=ankré", "sort=history_trend",
      "sort_order=desc", "cols=keyword,history_trend", "history_from=2026-06-06", "history_to=2026-07-07",
    },
  },
  {
    op = "data.keywords.similar", case = "required",
    method = "GET", path = "/v1/keywords/similar",
    args = { source = "uk", keyword = "boots & anchors 100%" },
    query = { "source=uk", "keyword=boots & anchors 100%" },
  },
  {
    op = "data.keywords.similar", case = "all",
    method = "GET", path = "/v1/keywords/similar",
    args = {
      source = "uk", keyword = "boots & anchors 100%", limit = 4, offset = 5, sort = "competition",
      sort_order = "desc", history_trend = true, filter = {
        volume = { from = 4, to = 5 }, difficulty = { from = 6, to = 2 }, cpc = { from = 3.5, to = 0.5 },
        competition = { from = 1.5, to = 2.5 }, keyword_count = { from = 2, to = 3 },
        characters_count = { from = 4, to = 5 }, serp_features = { "images", "people_also_ask" },
        intents = { "I", "L" }, multi_keyword_included = RULES, multi_keyword_excluded = RULES,
      },
    },
    query = {
      "source=uk", "keyword=boots & anchors 100%", "limit=4", "offset=5", "sort=competition",
      "sort_order=desc", "history_trend=1", "filter[volume][from]=4", "filter[volume][to]=5",
      "filter[difficulty][from]=6", "filter[difficulty][to]=2", "filter[cpc][from]=3.5", "filter[cpc][to]=0.5",
      "filter[competition][from]=1.5", "filter[competition][to]=2.5", "filter[keyword_count][from]=2",
      "filter[keyword_count][to]=3", "filter[characters_count][from]=4", "filter[characters_count][to]=5",
      "filter[serp_features]=images,people_also_ask", "filter[intents]=I,L",
      "filter[multi_keyword_included]=" .. RULES_TEXT, "filter[multi_keyword_excluded]=" .. RULES_TEXT,
    },
  },
  {
    op = "data.keywords.related", case = "required",
    method = "GET", path = "/v1/keywords/related",
    args = { source = "uk", keyword = "boots & anchors 100%" },
    query = { "source=uk", "keyword=boots & anchors 100%" },
  },
  {
    op = "data.keywords.related", case = "all",
    method = "GET", path = "/v1/keywords/related",
    args = {
      source = "uk", keyword = "boots & anchors 100%", limit = 4, offset = 5, sort = "competition",
      sort_order = "desc", history_trend = true, filter = {
        volume = { from = 4, to = 5 }, difficulty = { from = 6, to = 2 }, cpc = { from = 3.5, to = 0.5 },
        competition = { from = 1.5, to = 2.5 }, keyword_count = { from = 2, to = 3 },
        characters_count = { from = 4, to = 5 }, serp_features = { "images", "people_also_ask" },
        intents = { "I", "L" }, multi_keyword_included = RULES, multi_keyword_excluded = RULES,
      },
    },
    query = {
      "source=uk", "keyword=boots & anchors 100%", "limit=4", "offset=5", "sort=competition",
      "sort_order=desc", "history_trend=1", "filter[volume][from]=4", "filter[volume][to]=5",
      "filter[difficulty][from]=6", "filter[difficulty][to]=2", "filter[cpc][from]=3.5", "filter[cpc][to]=0.5",
      "filter[competition][from]=1.5", "filter[competition][to]=2.5", "filter[keyword_count][from]=2",
      "filter[keyword_count][to]=3", "filter[characters_count][from]=4", "filter[characters_count][to]=5",
      "filter[serp_features]=images,people_also_ask", "filter[intents]=I,L",
      "filter[multi_keyword_included]=" .. RULES_TEXT, "filter[multi_keyword_excluded]=" .. RULES_TEXT,
    },
  },
  {
    op = "data.keywords.questions", case = "required",
    method = "GET", path = "/v1/keywords/questions",
    args = { source = "uk", keyword = "boots & anchors 100%" },
    query = { "source=uk", "keyword=boots & anchors 100%" },
  },
  {
    op = "data.keywords.questions", case = "all",
    method = "GET", path = "/v1/keywords/questions",
    args = {
      source = "uk", keyword = "boots & anchors 100%", limit = 4, offset = 5, sort = "competition",
      sort_order = "desc", history_trend = true, filter = {
        volume = { from = 4, to = 5 }, difficulty = { from = 6, to = 2 }, cpc = { from = 3.5, to = 0.5 },
        competition = { from = 1.5, to = 2.5 }, keyword_count = { from = 2, to = 3 },
        characters_count = { from = 4, to = 5 }, serp_features = { "images", "people_also_ask" },
        intents = { "I", "L" }, multi_keyword_included = RULES, multi_keyword_excluded = RULES,
      },
    },
    query = {
      "source=uk", "keyword=boots & anchors 100%", "limit=4", "offset=5", "sort=competition",
      "sort_order=desc", "history_trend=1", "filter[volume][from]=4", "filter[volume][to]=5",
      "filter[difficulty][from]=6", "filter[difficulty][to]=2", "filter[cpc][from]=3.5", "filter[cpc][to]=0.5",
      "filter[competition][from]=1.5", "filter[competition][to]=2.5", "filter[keyword_count][from]=2",
      "filter[keyword_count][to]=3", "filter[characters_count][from]=4", "filter[characters_count][to]=5",
      "filter[serp_features]=images,people_also_ask", "filter[intents]=I,L",
      "filter[multi_keyword_included]=" .. RULES_TEXT, "filter[multi_keyword_excluded]=" .. RULES_TEXT,
    },
  },
  {
    op = "data.keywords.longtail", case = "required",
    method = "GET", path = "/v1/keywords/longtail",
    args = { source = "uk", keyword = "boots & anchors 100%" },
    query = { "source=uk", "keyword=boots & anchors 100%" },
  },
  {
    op = "data.keywords.longtail", case = "all",
    method = "GET", path = "/v1/keywords/longtail",
    args = {
      source = "uk", keyword = "boots & anchors 100%", limit = 4, offset = 5, sort = "competition",
      sort_order = "desc", filter = {
        volume = { from = 3, to = 4 }, difficulty = { from = 5, to = 6 }, cpc = { from = 2.5, to = 3.5 },
        competition = { from = 0.5, to = 1.5 }, keyword_count = { from = 6, to = 2 },
        characters_count = { from = 3, to = 4 }, serp_features = { "images", "people_also_ask" },
        intents = { "I", "L" }, multi_keyword_included = RULES, multi_keyword_excluded = RULES,
      },
    },
    query = {
      "source=uk", "keyword=boots & anchors 100%", "limit=4", "offset=5", "sort=competition",
      "sort_order=desc", "filter[volume][from]=3", "filter[volume][to]=4", "filter[difficulty][from]=5",
      "filter[difficulty][to]=6", "filter[cpc][from]=2.5", "filter[cpc][to]=3.5",
      "filter[competition][from]=0.5", "filter[competition][to]=1.5", "filter[keyword_count][from]=6",
      "filter[keyword_count][to]=2", "filter[characters_count][from]=3", "filter[characters_count][to]=4",
      "filter[serp_features]=images,people_also_ask", "filter[intents]=I,L",
      "filter[multi_keyword_included]=" .. RULES_TEXT, "filter[multi_keyword_excluded]=" .. RULES_TEXT,
    },
  },
  {
    op = "data.ai_search.overview_aggregated", case = "required",
    method = "GET", path = "/v1/ai-search/overview/aggregated/time-series",
    args = { target = "anchors.example", source = "uk" },
    query = { "target=anchors.example", "source=uk" },
  },
  {
    op = "data.ai_search.overview_aggregated", case = "all",
    method = "GET", path = "/v1/ai-search/overview/aggregated/time-series",
    args = { target = "anchors.example", source = "uk", brand = "Anchors & Co", scope = "url" },
    query = { "target=anchors.example", "source=uk", "brand=Anchors & Co", "scope=url" },
  },
  {
    op = "data.ai_search.overview_by_engine", case = "required",
    method = "GET", path = "/v1/ai-search/overview/by-engine/time-series",
    args = { target = "anchors.example", source = "uk", engine = "gemini" },
    query = { "target=anchors.example", "source=uk", "engine=gemini" },
  },
  {
    op = "data.ai_search.overview_by_engine", case = "all",
    method = "GET", path = "/v1/ai-search/overview/by-engine/time-series",
    args = {
      target = "anchors.example", source = "uk", engine = "gemini", brand = "Anchors & Co", scope = "url",
    },
    query = { "target=anchors.example", "source=uk", "engine=gemini", "brand=Anchors & Co", "scope=url" },
  },
  {
    op = "data.ai_search.leaderboard", case = "required",
    method = "POST", path = "/v1/ai-search/overview/leaderboard",
    args = {
      primary = { target = "anchors.example", brand = "Anchors & Co" }, competitors = {
        { target = "ropes.example", brand = "Ropes" }, { target = "knots.example", brand = "Knots" },
      },
      source = "uk", engines = { "ai-mode", "chatgpt" },
    },
    query = {},
    json = '{"primary":{"target":"anchors.example","brand":"Anchors & Co"},'
      .. '"competitors":[{"target":"ropes.example","brand":"Ropes"},{"target":"knots.example",'
      .. '"brand":"Knots"}],"source":"uk","engines":["ai-mode","chatgpt"]}',
  },
  {
    op = "data.ai_search.leaderboard", case = "all",
    method = "POST", path = "/v1/ai-search/overview/leaderboard",
    args = {
      primary = { target = "anchors.example", brand = "Anchors & Co" }, competitors = {
        { target = "ropes.example", brand = "Ropes" }, { target = "knots.example", brand = "Knots" },
      },
      source = "uk", engines = { "ai-mode", "chatgpt" }, scope = "url",
    },
    query = {},
    json = '{"primary":{"target":"anchors.example","brand":"Anchors & Co"},'
      .. '"competitors":[{"target":"ropes.example","brand":"Ropes"},{"target":"knots.example",'
      .. '"brand":"Knots"}],"source":"uk","engines":["ai-mode","chatgpt"],"scope":"url"}',
  },
  {
    op = "data.ai_search.discover_brand", case = "required",
    method = "GET", path = "/v1/ai-search/discover-brand",
    args = { target = "anchors.example", source = "uk" },
    query = { "target=anchors.example", "source=uk" },
  },
  {
    op = "data.ai_search.discover_brand", case = "all",
    method = "GET", path = "/v1/ai-search/discover-brand",
    args = { target = "anchors.example", source = "uk", scope = "url" },
    query = { "target=anchors.example", "source=uk", "scope=url" },
  },
  {
    op = "data.ai_search.prompts_by_target", case = "required",
    method = "GET", path = "/v1/ai-search/prompts-by-target",
    args = { target = "anchors.example", source = "uk", engine = "gemini" },
    query = { "target=anchors.example", "source=uk", "engine=gemini" },
  },
  {
    op = "data.ai_search.prompts_by_target", case = "all",
    method = "GET", path = "/v1/ai-search/prompts-by-target",
    args = {
      target = "anchors.example", source = "uk", engine = "gemini", scope = "url", sort = "snippet_length",
      sort_order = "desc", limit = 3, offset = 4, filter = {
        multi_keyword_included = RULES, multi_keyword_excluded = RULES, volume = { from = 2, to = 3 },
        keyword_count = { from = 4, to = 5 }, characters_count = { from = 6, to = 2 },
      },
    },
    query = {
      "target=anchors.example", "source=uk", "engine=gemini", "scope=url", "sort=snippet_length",
      "sort_order=desc", "limit=3", "offset=4", "filter[multi_keyword_included]=" .. RULES_TEXT,
      "filter[multi_keyword_excluded]=" .. RULES_TEXT, "filter[volume][from]=2", "filter[volume][to]=3",
      "filter[keyword_count][from]=4", "filter[keyword_count][to]=5", "filter[characters_count][from]=6",
      "filter[characters_count][to]=2",
    },
  },
  {
    op = "data.ai_search.prompts_by_brand", case = "required",
    method = "GET", path = "/v1/ai-search/prompts-by-brand",
    args = { brand = "Anchors & Co", source = "uk", engine = "gemini" },
    query = { "brand=Anchors & Co", "source=uk", "engine=gemini" },
  },
  {
    op = "data.ai_search.prompts_by_brand", case = "all",
    method = "GET", path = "/v1/ai-search/prompts-by-brand",
    args = {
      brand = "Anchors & Co", source = "uk", engine = "gemini", sort = "snippet_length", sort_order = "desc",
      limit = 2, offset = 3, filter = {
        multi_keyword_included = RULES, multi_keyword_excluded = RULES, volume = { from = 6, to = 2 },
        keyword_count = { from = 3, to = 4 }, characters_count = { from = 5, to = 6 },
      },
    },
    query = {
      "brand=Anchors & Co", "source=uk", "engine=gemini", "sort=snippet_length", "sort_order=desc", "limit=2",
      "offset=3", "filter[multi_keyword_included]=" .. RULES_TEXT,
      "filter[multi_keyword_excluded]=" .. RULES_TEXT, "filter[volume][from]=6", "filter[volume][to]=2",
      "filter[keyword_count][from]=3", "filter[keyword_count][to]=4", "filter[characters_count][from]=5",
      "filter[characters_count][to]=6",
    },
  },
  {
    op = "data.serp.classic.add_tasks", case = "required by location_id",
    method = "POST", path = "/v1/serp/classic/tasks",
    args = {
      search_engine = "google", device = "mobile", language_code = "en", location_id = 810000003,
      query = { "folding anchor", 'boat "rope"' },
    },
    query = {},
    json = '{"search_engine":"google","device":"mobile","language_code":"en","location_id":810000003,'
      .. '"query":["folding anchor","boat \\"rope\\""]}',
  },
  {
    op = "data.serp.classic.add_tasks", case = "all by location_id",
    method = "POST", path = "/v1/serp/classic/tasks",
    args = {
      search_engine = "google", device = "mobile", language_code = "en", location_id = 810000003,
      query = { "folding anchor", 'boat "rope"' }, tag = "harbour tag",
      pingback_url = "https://anchors.example/done?id=$id&tag=$tag",
    },
    query = {},
    json = '{"search_engine":"google","device":"mobile","language_code":"en","location_id":810000003,'
      .. '"query":["folding anchor","boat \\"rope\\""],"tag":"harbour tag",'
      .. '"pingback_url":"https://anchors.example/done?id=$id&tag=$tag"}',
  },
  {
    op = "data.serp.classic.add_tasks", case = "required by google_ads_location_id",
    method = "POST", path = "/v1/serp/classic/tasks",
    args = {
      search_engine = "google", device = "mobile", language_code = "en", google_ads_location_id = 810000003,
      query = { "folding anchor", 'boat "rope"' },
    },
    query = {},
    json = '{"search_engine":"google","device":"mobile","language_code":"en",'
      .. '"google_ads_location_id":810000003,"query":["folding anchor","boat \\"rope\\""]}',
  },
  {
    op = "data.serp.classic.add_tasks", case = "all by google_ads_location_id",
    method = "POST", path = "/v1/serp/classic/tasks",
    args = {
      search_engine = "google", device = "mobile", language_code = "en", google_ads_location_id = 810000003,
      query = { "folding anchor", 'boat "rope"' }, tag = "harbour tag",
      pingback_url = "https://anchors.example/done?id=$id&tag=$tag",
    },
    query = {},
    json = '{"search_engine":"google","device":"mobile","language_code":"en",'
      .. '"google_ads_location_id":810000003,"query":["folding anchor","boat \\"rope\\""],"tag":"harbour tag",'
      .. '"pingback_url":"https://anchors.example/done?id=$id&tag=$tag"}',
  },
  {
    op = "data.serp.classic.list_tasks", case = "required",
    method = "GET", path = "/v1/serp/classic/tasks",
    args = {},
    query = {},
  },
  {
    op = "data.serp.classic.task_results", case = "required",
    method = "GET", path = "/v1/serp/classic/tasks",
    args = { task_id = 810000000 },
    query = { "task_id=810000000" },
  },
  {
    op = "data.serp.classic.task_results_advanced", case = "required",
    method = "GET", path = "/v1/serp/classic/tasks/results_advanced",
    args = { task_id = 810000000 },
    query = { "task_id=810000000" },
  },
  {
    op = "data.serp.classic.task_html", case = "required",
    method = "GET", path = "/v1/serp/classic/tasks/html",
    args = { task_id = 810000000 },
    query = { "task_id=810000000" },
  },
  {
    op = "data.serp.classic.locations", case = "required",
    method = "GET", path = "/v1/serp/classic/locations",
    args = { country_code = "GB", q = "Harwüch" },
    query = { "country_code=GB", "q=Harwüch" },
  },
  {
    op = "data.serp.classic.locations", case = "all",
    method = "GET", path = "/v1/serp/classic/locations",
    args = { country_code = "GB", q = "Harwüch", include = "google_ads_location_id" },
    query = { "country_code=GB", "q=Harwüch", "include=google_ads_location_id" },
  },
  {
    op = "data.site_audit.audits.create_standard", case = "required",
    method = "POST", path = "/v1/site-audit/audits/standard",
    args = { domain = "anchors.example" },
    query = {},
    json = '{"domain":"anchors.example"}',
  },
  {
    op = "data.site_audit.audits.create_standard", case = "all",
    method = "POST", path = "/v1/site-audit/audits/standard",
    args = {
      domain = "anchors.example", title = "Anchors ⚓", settings = {
        source_site = 1, source_sitemap = 1, source_subdomain = 1, source_file = 1, check_robots = 1,
        ignore_params = 2, custom_params = { "sid", "ref" }, ignore_noindex = 1, ignore_nofollow = 1,
        user_agent = 4, login = "ada", password = 's3cret "word"', max_pages = 2, max_depth = 3, max_req = 4,
        max_redirects = 5, min_title_len = 6, max_title_len = 2, min_description_len = 3,
        max_description_len = 4, max_size = 5, min_words = 6, max_h1_len = 2, max_h2_len = 3,
        allow = { "/allow/a", "/allow/b c" }, disallow = { "/disallow/a", "/disallow/b c" },
        hide = { "/hide/a", "/hide/b c" }, disallow_ext = { "/disallow_ext/a", "/disallow_ext/b c" },
        disabled_issues = { "no_h1", "title_short" }, send_report = 1, report_email = "ada@anchors.example",
        report_emails = { "ada@anchors.example", "bob@anchors.example" },
      },
    },
    query = {},
    json = '{"domain":"anchors.example","title":"Anchors ⚓","settings":{"source_site":1,"source_sitemap":1,'
      .. '"source_subdomain":1,"source_file":1,"check_robots":1,"ignore_params":2,"custom_params":"sid,ref",'
      .. '"ignore_noindex":1,"ignore_nofollow":1,"user_agent":4,"login":"ada","password":"s3cret \\"word\\"",'
      .. '"max_pages":2,"max_depth":3,"max_req":4,"max_redirects":5,"min_title_len":6,"max_title_len":2,'
      .. '"min_description_len":3,"max_description_len":4,"max_size":5,"min_words":6,"max_h1_len":2,'
      .. '"max_h2_len":3,"allow":"/allow/a\\n/allow/b c","disallow":"/disallow/a\\n/disallow/b c",'
      .. '"hide":"/hide/a\\n/hide/b c","disallow_ext":"/disallow_ext/a\\n/disallow_ext/b c",'
      .. '"disabled_issues":["no_h1","title_short"],"send_report":1,"report_email":"ada@anchors.example",'
      .. '"report_emails":"ada@anchors.example,bob@anchors.example"}}',
  },
  {
    op = "data.site_audit.audits.create_advanced", case = "required",
    method = "POST", path = "/v1/site-audit/audits/advanced",
    args = { domain = "anchors.example" },
    query = {},
    json = '{"domain":"anchors.example"}',
  },
  {
    op = "data.site_audit.audits.create_advanced", case = "all",
    method = "POST", path = "/v1/site-audit/audits/advanced",
    args = {
      domain = "anchors.example", title = "Anchors ⚓", settings = {
        source_site = 1, source_sitemap = 1, source_subdomain = 1, source_file = 1, check_robots = 1,
        ignore_params = 2, custom_params = { "sid", "ref" }, ignore_noindex = 1, ignore_nofollow = 1,
        user_agent = 4, login = "ada", password = 's3cret "word"', max_pages = 2, max_depth = 3, max_req = 4,
        max_redirects = 5, min_title_len = 6, max_title_len = 2, min_description_len = 3,
        max_description_len = 4, max_size = 5, min_words = 6, max_h1_len = 2, max_h2_len = 3,
        allow = { "/allow/a", "/allow/b c" }, disallow = { "/disallow/a", "/disallow/b c" },
        hide = { "/hide/a", "/hide/b c" }, disallow_ext = { "/disallow_ext/a", "/disallow_ext/b c" },
        disabled_issues = { "no_h1", "title_short" }, send_report = 1, report_email = "ada@anchors.example",
        report_emails = { "ada@anchors.example", "bob@anchors.example" },
      },
    },
    query = {},
    json = '{"domain":"anchors.example","title":"Anchors ⚓","settings":{"source_site":1,"source_sitemap":1,'
      .. '"source_subdomain":1,"source_file":1,"check_robots":1,"ignore_params":2,"custom_params":"sid,ref",'
      .. '"ignore_noindex":1,"ignore_nofollow":1,"user_agent":4,"login":"ada","password":"s3cret \\"word\\"",'
      .. '"max_pages":2,"max_depth":3,"max_req":4,"max_redirects":5,"min_title_len":6,"max_title_len":2,'
      .. '"min_description_len":3,"max_description_len":4,"max_size":5,"min_words":6,"max_h1_len":2,'
      .. '"max_h2_len":3,"allow":"/allow/a\\n/allow/b c","disallow":"/disallow/a\\n/disallow/b c",'
      .. '"hide":"/hide/a\\n/hide/b c","disallow_ext":"/disallow_ext/a\\n/disallow_ext/b c",'
      .. '"disabled_issues":["no_h1","title_short"],"send_report":1,"report_email":"ada@anchors.example",'
      .. '"report_emails":"ada@anchors.example,bob@anchors.example"}}',
  },
  {
    op = "data.site_audit.audits.list", case = "required",
    method = "GET", path = "/v1/site-audit/audits",
    args = {},
    query = {},
  },
  {
    op = "data.site_audit.audits.list", case = "all",
    method = "GET", path = "/v1/site-audit/audits",
    args = {
      limit = 2, offset = 3, search = "anch", date_start = "2026-04-04", date_end = "2026-05-05",
    },
    query = { "limit=2", "offset=3", "search=anch", "date_start=2026-04-04", "date_end=2026-05-05" },
  },
  {
    op = "data.site_audit.audits.update", case = "required",
    method = "PATCH", path = "/v1/site-audit/audits",
    args = { audit_id = 810000000, title = "Anchors ⚓" },
    query = { "audit_id=810000000" },
    json = '{"title":"Anchors ⚓"}',
  },
  {
    op = "data.site_audit.audits.delete", case = "required",
    method = "DELETE", path = "/v1/site-audit/audits",
    args = { audit_id = 810000000 },
    query = { "audit_id=810000000" },
  },
  {
    op = "data.site_audit.audits.status", case = "required",
    method = "GET", path = "/v1/site-audit/audits/status",
    args = { audit_id = 810000000 },
    query = { "audit_id=810000000" },
  },
  {
    op = "data.site_audit.audits.report", case = "required",
    method = "GET", path = "/v1/site-audit/audits/report",
    args = { audit_id = 810000000 },
    query = { "audit_id=810000000" },
  },
  {
    op = "data.site_audit.audits.pages", case = "required",
    method = "GET", path = "/v1/site-audit/audits/pages",
    args = { audit_id = 810000000 },
    query = { "audit_id=810000000" },
  },
  {
    op = "data.site_audit.audits.pages", case = "all",
    method = "GET", path = "/v1/site-audit/audits/pages",
    args = { audit_id = 810000000, limit = 3, offset = 4 },
    query = { "audit_id=810000000", "limit=3", "offset=4" },
  },
  {
    op = "data.site_audit.audits.issue_pages", case = "required",
    method = "GET", path = "/v1/site-audit/audits/issue-pages",
    args = { audit_id = 810000000, code = "title_duplicate" },
    query = { "audit_id=810000000", "code=title_duplicate" },
  },
  {
    op = "data.site_audit.audits.issue_pages", case = "all",
    method = "GET", path = "/v1/site-audit/audits/issue-pages",
    args = { audit_id = 810000000, code = "title_duplicate", limit = 4, offset = 5 },
    query = { "audit_id=810000000", "code=title_duplicate", "limit=4", "offset=5" },
  },
  {
    op = "data.site_audit.audits.issues", case = "required by url_id",
    method = "GET", path = "/v1/site-audit/audits/issues",
    args = { audit_id = 810000000, url_id = 810000001 },
    query = { "audit_id=810000000", "url_id=810000001" },
  },
  {
    op = "data.site_audit.audits.issues", case = "all by url_id",
    method = "GET", path = "/v1/site-audit/audits/issues",
    args = { audit_id = 810000000, url_id = 810000001, limit = 4, offset = 5 },
    query = { "audit_id=810000000", "url_id=810000001", "limit=4", "offset=5" },
  },
  {
    op = "data.site_audit.audits.issues", case = "required by url",
    method = "GET", path = "/v1/site-audit/audits/issues",
    args = { audit_id = 810000000, url = "https://anchors.example/a b?c=1&d=2" },
    query = { "audit_id=810000000", "url=https://anchors.example/a b?c=1&d=2" },
  },
  {
    op = "data.site_audit.audits.issues", case = "all by url",
    method = "GET", path = "/v1/site-audit/audits/issues",
    args = { audit_id = 810000000, url = "https://anchors.example/a b?c=1&d=2", limit = 4, offset = 5 },
    query = { "audit_id=810000000", "url=https://anchors.example/a b?c=1&d=2", "limit=4", "offset=5" },
  },
  {
    op = "data.site_audit.audits.links", case = "required",
    method = "GET", path = "/v1/site-audit/audits/links",
    args = { audit_id = 810000000 },
    query = { "audit_id=810000000" },
  },
  {
    op = "data.site_audit.audits.links", case = "all",
    method = "GET", path = "/v1/site-audit/audits/links",
    args = {
      audit_id = 810000000, page_type = "external", limit = 4, offset = 5, filter = {
        { param = "status", value = 404 }, { param = "anchor_type", value = "text", type = "or" },
      },
    },
    query = {
      "audit_id=810000000", "page_type=external", "limit=4", "offset=5", "filter[0][param]=status",
      "filter[0][value]=404", "filter[1][param]=anchor_type", "filter[1][value]=text", "filter[1][type]=or",
    },
  },
  {
    op = "data.site_audit.audits.history", case = "required",
    method = "GET", path = "/v1/site-audit/audits/history",
    args = { audit_id = 810000000, date = "2026-02-02" },
    query = { "audit_id=810000000", "date=2026-02-02" },
  },
  {
    op = "data.site_audit.audits.recheck_standard", case = "required",
    method = "POST", path = "/v1/site-audit/audits/recheck/standard",
    args = { audit_id = 810000000 },
    query = { "audit_id=810000000" },
  },
  {
    op = "data.site_audit.audits.recheck_advanced", case = "required",
    method = "POST", path = "/v1/site-audit/audits/recheck/advanced",
    args = { audit_id = 810000000 },
    query = { "audit_id=810000000" },
  },
  {
    op = "data.account.subscription", case = "required",
    method = "GET", path = "/v1/account/subscription",
    args = {},
    query = { "output=json" },
  },
  {
    op = "data.account.credit_balance", case = "required",
    method = "GET", path = "/v1/account/credit-balance",
    args = {},
    query = { "output=json" },
  },
}
