--- A walk over many paid rows, resumed after each error until the list ends. The server, in this process, refuses connections
--- and loses answers at random, from a fixed seed. For a spec and a benchmark.
-- SPDX-License-Identifier: MIT

local script = require "support.script"

-- Returns a generator of random numbers from 0 to 1, the same on every Lua.
local function chances(seed)
  local state = seed
  return function()
    state = (state * 16807) % 2147483647
    return state / 2147483647
  end
end

-- Returns a server of `plan.rows` rows, the requests for each page by its first row, and counts of requests.
local function server(plan)
  local chance, seen = chances(plan.seed), { requests = 0, refused = 0, lost = 0, charged = 0, lost_rows = 0, pages = {} }
  for before = 0, plan.rows - 1, plan.limit do
    seen.pages[before] = 0 -- all at once: later growth is the library's
  end
  return function(request)
    if chance() < plan.refused then
      seen.refused = seen.refused + 1
      return { fault = "refuse" }
    end
    local before = tonumber(request.query:match "next=at(%d+)") or 0
    local last = math.min(before + tonumber(request.query:match "limit=(%d+)"), plan.rows)
    seen.requests = seen.requests + 1
    seen.charged = seen.charged + last - before
    seen.pages[before] = seen.pages[before] + 1
    if chance() < plan.lost then
      seen.lost, seen.lost_rows = seen.lost + 1, seen.lost_rows + last - before
      return { fault = chance() < 0.5 and "drop" or "truncate", status = 200, headers = {}, body = "" }
    end
    local rows = {}
    for i = 1, last - before do
      rows[i] = ('{"url_from":"https://a.example/%d","inlink_rank":%d}'):format(before + i, before + i)
    end
    return ('{"backlinks":[%s],"next":%s}'):format(table.concat(rows, ","), last < plan.rows and '"at' .. last .. '"' or "null")
  end, seen
end

local function memory()
  collectgarbage()
  collectgarbage()
  return collectgarbage "count"
end

--- Walks. `plan`: rows, limit (of a page), refused and lost (parts of the requests), seed.
---@return table figures
return function(plan)
  local respond, seen = server(plan)
  local client, log = script.new(respond, { share = "off" })
  local rows, out_of_order, walks, token, first, most = 0, 0, 0, nil, nil, 0
  local function walk()
    for row in client.data.backlinks.raw:each({ target = "a.example", limit = plan.limit },
      { max_rows = math.huge, resume = token }) do
      rows = rows + 1
      out_of_order = out_of_order + (row.inlink_rank == rows and 0 or 1)
      if rows % (plan.limit * 20) == 1 then
        for i = 1, #log do
          log[i] = nil
        end
        local now = memory()
        first = first or now
        most = math.max(most, now - first)
      end
    end
  end
  local ended
  repeat
    walks = walks + 1
    local fine, err = pcall(walk)
    ended, token = fine, not fine and err.resume or nil
    assert(fine or token, err)
  until ended
  local twice = 0
  for _, times in pairs(seen.pages) do
    twice = twice + times - 1
  end
  return {
    rows = rows, out_of_order = out_of_order, walks = walks, requests = seen.requests, refused = seen.refused,
    lost = seen.lost, lost_rows = seen.lost_rows, charged = seen.charged, pages_twice = twice,
    least = math.ceil(plan.rows / plan.limit), spent = client.data:spent(), grown = most,
  }
end
