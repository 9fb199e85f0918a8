--- The report as one page of HTML, which needs nothing from elsewhere.
-- SPDX-License-Identifier: MIT

local calendar = require "seranking.base.calendar"
local data = require "seranking.cli.report.data"
local distribution = require "seranking.cli.chart.distribution"
local figures = require "seranking.cli.report.figures"
local names = require "seranking.cli.chart.names"
local scale = require "seranking.cli.chart.scale"
local series = require "seranking.cli.chart.series"
local script = require "seranking.cli.report.script"
local style = require "seranking.cli.report.style"
local svg = require "seranking.cli.chart.svg"

local escape, date_label = names.escape, scale.date_label

local page = {}

local MINUS, NONE = "−", "–"

-- "1,200", or "12.5".
local function figure(number)
  local rounded = math.floor(number * 10 + 0.5) / 10
  return scale.number_label(rounded, rounded % 1 == 0 and 1 or 0.1)
end

local function whole(number)
  return scale.number_label(number, 1)
end

local function counted(number, one, many)
  return whole(number) .. " " .. (number == 1 and one or many)
end

-- "+3", "−3", "0".
local function signed(number)
  return (number > 0 and "+" or number < 0 and MINUS or "") .. figure(math.abs(number))
end

-- ---- tiles ----

-- What became of a figure since the first day: `better` more if it is above 0.
local function change(difference, better, since)
  local rounded = math.floor(math.abs(difference) * 10 + 0.5) / 10
  if rounded == 0 then
    return "unchanged since " .. since
  end
  local up = difference * better > 0
  return ('<span class="%s"><span aria-hidden="true">%s&nbsp;</span><span class="hear">%s by </span>%s</span> since %s'):format(
    up and "up" or "down", up and "▲" or "▼", up and "better" or "worse", figure(rounded), since)
end

local function tile(title, value, more)
  return ('<div class="tile"><dt>%s</dt><dd class="value">%s</dd><dd>%s</dd></div>'):format(title, value, more)
end

local function within_ten(counts)
  return counts[1] + counts[2]
end

local function tiles(made)
  local since = date_label(made.dates[1]):gsub(" %d+$", "")
  local first_average, last_average = figures.ends(made.all_average)
  local first_visible, last_visible = figures.ends(made.all_visibility)
  local average = tonumber(made.summary.today_avg) or last_average
  local visible = tonumber(made.summary.visibility_percent) or last_visible
  local before, now, ranking = 0, 0, 0
  for _, engine in ipairs(made.engines) do
    before, now = before + within_ten(engine.counts.first), now + within_ten(engine.counts.last)
    for _, row in ipairs(engine.rows) do
      ranking = ranking + ((row.last or 0) > 0 and 1 or 0)
    end
  end
  local list = {
    tile("Average position", average and average > 0 and figure(average) or NONE,
      average and first_average and change(average - first_average, -1, since) or "of the positions that rank"),
    tile("Visibility", visible and figure(visible) .. "<small>&thinsp;%</small>" or NONE,
      visible and first_visible and change(visible - first_visible, 1, since) or "&nbsp;"),
    tile("In the top 10", ("%s<small> of %s</small>"):format(whole(now), whole(made.checked)), change(now - before, 1, since)),
    tile("Moved", ('%s<small> up</small> %s<small> down</small>'):format(whole(made.moved.up), whole(made.moved.down)),
      ("%s unchanged, %s not ranking"):format(whole(made.moved.same), whole(made.checked - ranking))),
  }
  return '<dl class="tiles">' .. table.concat(list) .. "</dl>"
end

-- ---- charts ----

-- A chart in three sizes, of which the style sheet shows the one that fits: letters must not shrink with the picture.
local function chart(made, id, sizes)
  if not series.extent(made) then
    return '<p class="muted">No value in this period.</p>'
  end
  local parts = {}
  for i, class in ipairs { "wide", "middle", "narrow" } do
    local settings = { width = sizes[i][1], height = sizes[i][2], id = id .. "-" .. class, inline = true }
    parts[i] = ('<div class="%s">%s</div>'):format(class, svg.lines(made, settings))
  end
  return ('<div class="plot" id="%s">%s</div>'):format(id, table.concat(parts))
end

-- What is said where a chart does not show all engines.
local function left_out(made)
  return made.left_out > 0 and (" The first %d of %d engines."):format(#made.series, #made.series + made.left_out) or ""
end

-- ---- distribution ----

local BANDS = #distribution.BANDS

local function bar(counts, label)
  local parts, total = {}, 0
  for i = 1, BANDS do
    total = total + counts[i]
  end
  for i = 1, BANDS do
    if counts[i] > 0 then
      parts[#parts + 1] = ('<span style="flex:%d;background:var(--b%d);color:var(--o%d)">%s</span>'):format(counts[i], i, i,
        counts[i] / total >= 0.06 and whole(counts[i]) or "")
    end
  end
  return ('<div class="bar">%s<div>%s</div></div>'):format(label, table.concat(parts))
end

local function day_month(date)
  return (date_label(date):gsub(" %d+$", ""))
end

local MANY = 4 -- engines; of more, bars show the last check alone

local function bars(made)
  local parts = {}
  local first, last = day_month(made.dates[1]), day_month(made.dates[#made.dates])
  for i, engine in ipairs(made.engines) do
    parts[i] = ('<div class="engine"><h3>%s</h3>%s%s</div>'):format(escape(engine.name),
      #made.engines <= MANY and bar(engine.counts.first, first) or "", bar(engine.counts.last, last))
  end
  return '<div aria-hidden="true">' .. table.concat(parts) .. "</div>"
end

local function band_table(made)
  local parts = { '<table class="bands"><thead><tr><th scope="col">Position</th>' }
  for i, band in ipairs(distribution.BANDS) do
    parts[#parts + 1] = ('<th scope="col"><span class="key" style="background:var(--b%d)"></span>%s</th>'):format(i,
      i < BANDS and band.name or '<span aria-hidden="true">–</span><span class="hear">' .. band.name .. "</span>")
  end
  parts[#parts + 1] = "</tr></thead><tbody>"
  for _, engine in ipairs(made.engines) do
    parts[#parts + 1] = ('<tr><th scope="row">%s</th>'):format(escape(engine.name))
    for i = 1, BANDS do
      local now, difference = engine.counts.last[i], engine.counts.last[i] - engine.counts.first[i]
      parts[#parts + 1] = ("<td>%s<small>%s</small></td>"):format(whole(now), difference == 0 and "±0" or signed(difference))
    end
    parts[#parts + 1] = "</tr>"
  end
  parts[#parts + 1] = '</tbody></table><p class="note">–: not in the top 100. Below each number: its change in this period.</p>'
  return table.concat(parts)
end

-- ---- movers ----

local function place(position)
  return position > 0 and whole(position) or NONE
end

-- Class and text of a row's change; and its value for sorting, where the text is none.
local function change_of(row)
  if row.first == 0 and row.last > 0 then
    return "u", "new", row.gain
  elseif row.first > 0 and row.last == 0 then
    return "d", "lost", row.gain
  end
  return row.gain > 0 and "u" or row.gain < 0 and "d" or nil, signed(row.gain)
end

local SPARK = { width = 96, height = 24 }

-- The same picture as that of the page's script.
local function spark(row, dates)
  local first, last = calendar.day(dates[1]), calendar.day(dates[#dates])
  local best, worst
  for _, point in ipairs(row.points) do
    if point.value then
      best, worst = math.min(best or point.value, point.value), math.max(worst or point.value, point.value)
    end
  end
  local path, pen = {}, false
  for _, point in ipairs(row.points) do
    if point.value then
      local x = 2 + (point.day - first) / math.max(1, last - first) * (SPARK.width - 4)
      local y = worst > best and 3 + (point.value - best) / (worst - best) * (SPARK.height - 6) or SPARK.height / 2
      path[#path + 1] = ("%s%.1f %.1f%s"):format(pen and "L" or "M", x, y, pen and "" or "h.1")
    end
    pen = point.value ~= nil
  end
  return ('<svg class="spark" viewBox="0 0 %d %d" aria-hidden="true"><path d="%s"/></svg>'):format(SPARK.width, SPARK.height,
    table.concat(path))
end

local function movers(made, rows, title, none)
  local parts = { ('<section class="card"><h2>%s</h2>'):format(title) }
  if not rows[1] then
    return parts[1] .. ('<p class="muted">%s</p></section>'):format(none)
  end
  parts[2] = ('<p class="muted">%s to %s</p><table class="movers"><thead class="hear"><tr><th scope="col">Keyword'
    .. '<th scope="col">From, to<th scope="col">Change<th scope="col">Trend</tr></thead><tbody>'):format(
    date_label(made.dates[1]), date_label(made.dates[#made.dates]))
  for _, row in ipairs(rows) do
    local class, text = change_of(row)
    parts[#parts + 1] = ('<tr><th scope="row" class="name">%s%s</th><td class="muted">%s&nbsp;→&nbsp;%s</td>'
      .. '<td class="%s">%s</td><td>%s</td></tr>'):format(escape(row.name),
      made.engines[2] and "<small>" .. escape(row.engine) .. "</small>" or "", place(row.first), place(row.last), class, text,
      spark(row, made.dates))
  end
  parts[#parts + 1] = "</tbody></table></section>"
  return table.concat(parts)
end

-- ---- keywords ----

-- Without closing tags, which HTML doesn't need: there may be thousands of rows.
local function keyword_row(row)
  local class, text, value
  if row.gain then
    class, text, value = change_of(row)
  end
  return ("<tr><th scope=row>%s<td>%s<td>%s<td%s%s>%s<td>%s"):format(escape(row.name), row.volume and whole(row.volume) or "",
    row.gain and place(row.last) or "", class and " class=" .. class or "", value and " data-v=" .. value or "", text or "",
    row.best and whole(row.best) or "")
end

local function options(list)
  local parts = {}
  for i, item in ipairs(list) do
    parts[i] = ('<option value="%s">%s</option>'):format(item[1], item[2])
  end
  return table.concat(parts)
end

local function tools(made)
  local engines = {}
  for i, engine in ipairs(made.engines) do
    engines[i] = { i - 1, escape(engine.name) }
  end
  local parts = {
    ('<div class="tools" id="tools" data-name="report-%d" hidden>'):format(made.site.id),
    '<label>Filter<input id="words" type="search" placeholder="Keyword contains …" autocomplete="off"></label>',
    engines[2] and '<label>Engine<select id="engine">' .. options(engines) .. "</select></label>" or "",
    '<label>Position<select id="band">', options { { "", "all" }, { 3, "top 3" }, { 10, "top 10" }, { 30, "top 30" },
      { 100, "top 100" }, { 0, "not in the top 100" } }, "</select></label>",
    '<button type="button" id="csv-table">CSV of this table</button>',
    '<button type="button" id="csv-days">CSV of all days</button></div>',
  }
  return table.concat(parts)
end

local function keywords(made)
  local parts = {
    '<section class="card long"><h2>Keywords</h2><p class="muted">Position: at the last check. Change and best: in this ',
    'period. Volume: searches a month.</p>', tools(made), '<p class="count" id="count" role="status"></p>',
    '<table id="keywords"><thead><tr><th scope="col">Keyword</th><th scope="col">Volume</th><th scope="col">Position</th>',
    '<th scope="col">Change</th><th scope="col">Best</th><th scope="col" hidden>Trend</th></tr></thead>',
  }
  for _, engine in ipairs(made.engines) do
    parts[#parts + 1] = "<tbody>"
    if made.engines[2] then
      parts[#parts + 1] = ('<tr class=group><th colspan=5 scope=rowgroup>%s'):format(escape(engine.name))
    end
    for _, row in ipairs(engine.rows) do
      parts[#parts + 1] = keyword_row(row)
    end
    parts[#parts + 1] = "</tbody>"
  end
  parts[#parts + 1] = '</table><noscript><p class="muted">With JavaScript this table sorts, filters and exports.</p>'
  parts[#parts + 1] = "</noscript></section>"
  return table.concat(parts)
end

-- ---- the page ----

local HEAD = [[<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none';style-src 'unsafe-inline';
script-src 'unsafe-inline';base-uri 'none';form-action 'none'">
<meta name="color-scheme" content="light dark"><title>%s: positions</title><style>%s</style></head><body><main>
]]

local function header(made, now)
  local count = 0
  for _, engine in ipairs(made.engines) do
    count = math.max(count, #engine.rows)
  end
  local facts = {
    ("%s – %s"):format(date_label(made.dates[1]), date_label(made.dates[#made.dates])),
    counted(count, "keyword", "keywords"), counted(#made.engines, "engine", "engines"),
  }
  local trust, indexed = tonumber(made.summary.domain_trust), tonumber(made.summary.index_google)
  facts[#facts + 1] = trust and "domain trust " .. whole(trust) or nil
  facts[#facts + 1] = indexed and counted(indexed, "page", "pages") .. " in Google’s index" or nil
  return ('<header><p class="kicker">Positions of %s</p><h1>%s</h1><p class="facts"><span>%s</span></p></header>'):format(
    escape(made.site.name or ""), escape(made.site.title), table.concat(facts, "</span> <span>")),
    ("<footer>Made on %s by seranking, from the SE Ranking API. A keyword counts once for each engine that checks it.</footer>")
      :format(date_label(now))
end

--- Writes the page.
---@param made seranking.cli.Figures with a date at least
---@param now string today's date
---@return string html
function page.html(made, now)
  local head, foot = header(made, now)
  local parts = {
    HEAD:format(escape(made.site.title), style.text()), head, tiles(made),
    '<section class="card"><h2>Average position by engine</h2>',
    ('<p class="muted">1 is the top of the results.%s</p>'):format(left_out(made.average)),
    chart(made.average, "average", { { 1070, 300 }, { 640, 300 }, { 316, 250 } }), "</section>",
    '<div class="pair"><section class="card"><h2>Where the keywords rank</h2>',
    ('<p class="muted">Keywords by position, at the %s check.</p>'):format(
      #made.engines <= MANY and "first and at the last" or "last"), bars(made), band_table(made),
    "</section>",
    '<section class="card"><h2>Visibility by engine</h2>',
    ('<p class="muted">SE Ranking’s measure, in percent: more is better.%s</p>'):format(left_out(made.visibility)),
    chart(made.visibility, "visibility", { { 500, math.min(460, 200 + 100 * #made.engines) }, { 640, 300 }, { 316, 250 } }),
    "</section></div>",
    '<div class="pair">', movers(made, made.up, "Moved up", "No keyword moved up."),
    movers(made, made.down, "Moved down", "No keyword moved down."), "</div>",
    keywords(made), foot, "</main>\n",
    '<script type="application/json" id="data">', data.encode(made), "</script>\n<script>", script, "</script></body></html>\n",
  }
  return table.concat(parts)
end

return page
