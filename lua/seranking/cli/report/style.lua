--- The style sheet of the report.
-- SPDX-License-Identifier: MIT

local svg = require "seranking.cli.chart.svg"

-- Bands of positions, from the best; the last is "not in the top 100".
local BANDS = {
  light = { "#0a3d91", "#3a72d8", "#8fb4ee", "#cfdff7", "#e6e8eb" },
  dark = { "#a9c8ff", "#5b93ff", "#2f5fb8", "#22406f", "#2a3037" },
}
-- Letters on the bands.
local ON_BANDS = {
  light = { "#ffffff", "#ffffff", "#10233f", "#10233f", "#3d434a" },
  dark = { "#0d1a30", "#0d1a30", "#ffffff", "#dfe9fb", "#c4cbd3" },
}

local function variables(scheme, more)
  local ink = svg.INK[scheme]
  local rules = {
    ("--ground:%s;--ink:%s;--muted:%s;--line:%s;--axis:%s;--accent:%s;"):format(ink.ground, ink.ink, ink.muted, ink.grid,
      ink.axis, ink.bar), more,
  }
  for i, colour in ipairs(BANDS[scheme]) do
    rules[#rules + 1] = ("--b%d:%s;--o%d:%s;"):format(i, colour, i, ON_BANDS[scheme][i])
  end
  return table.concat(rules)
end

local LIGHT = variables("light", "--page:#f6f7f8;--up:#0b7a4b;--down:#b3261e;--hover:#f2f5f9;")
local DARK = variables("dark", "--page:#0d0f12;--up:#3ddc97;--down:#ff8a80;--hover:#1b2027;")

local RULES = [[
*{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 FONT}
main{max-width:1120px;margin:0 auto;padding:40px 32px 56px}
h1,h2,h3,p,figure,dl,dd{margin:0}
h1{font-size:30px;line-height:1.2;font-weight:650;letter-spacing:-.015em;overflow-wrap:anywhere}
h2{font-size:18px;line-height:1.3;font-weight:600}
h3{font-size:14px;font-weight:600;overflow-wrap:anywhere}
h1,h3,.name,tbody th{unicode-bidi:plaintext;text-align:left}
.muted,.facts{color:var(--muted)}
.kicker{font-size:13px;color:var(--muted);margin-bottom:4px}
.facts{margin-top:6px;overflow-wrap:anywhere}
.facts span{white-space:nowrap}
.facts span:not(:last-child)::after{content:"\00b7";margin:0 4px 0 8px}
.card{background:var(--ground);border:1px solid var(--line);border-radius:10px;padding:24px;margin-top:20px}
.card>p.muted{font-size:13px;margin:2px 0 18px}
.tiles{display:grid;grid-template-columns:repeat(4,1fr);gap:20px;margin-top:28px}
.tile{background:var(--ground);border:1px solid var(--line);border-radius:10px;padding:18px 20px}
.tile dt{font-size:13px;color:var(--muted)}
.tile dd{font-size:13px;color:var(--muted)}
.tile dd.value{font-size:30px;line-height:1.25;font-weight:600;letter-spacing:-.015em;color:var(--ink);
font-variant-numeric:tabular-nums}
.value small{font-size:16px;font-weight:400;color:var(--muted);letter-spacing:0}
.up{color:var(--up)}.down{color:var(--down)}
.chart{display:block;width:100%;height:auto;overflow:visible}
.middle,.narrow{display:none}
.plot{position:relative;touch-action:pan-y}
.tip{position:absolute;top:0;pointer-events:none;background:var(--ground);border:1px solid var(--axis);border-radius:6px;
padding:8px 12px;font-size:13px;box-shadow:0 2px 10px rgba(0,0,0,.12);max-width:280px;z-index:2;
font-variant-numeric:tabular-nums}
.tip div{display:flex;gap:8px;align-items:center}
.tip div span{flex:1;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;unicode-bidi:plaintext}
.tip svg{flex:none}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:20px}
.pair>.card{min-width:0}
.engine+.engine{margin-top:20px}
.bar{display:grid;grid-template-columns:58px 1fr;align-items:center;font-size:13px;margin-top:6px;color:var(--muted)}
.bar div{display:flex;gap:2px;height:24px}
.bar span{min-width:3px;border-radius:3px;overflow:hidden;text-align:center;line-height:24px;font-weight:600;font-size:12px;
font-variant-numeric:tabular-nums;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.bands{margin-top:20px}
.bands small{display:block;font-size:12px;color:var(--muted)}
.bands :is(th,td):not(:first-child){padding-left:10px}
.bands .key{margin-right:5px}
.note{font-size:12px;color:var(--muted);margin-top:10px}
.key{display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:8px;vertical-align:-1px;
print-color-adjust:exact;-webkit-print-color-adjust:exact}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
th,td{padding:7px 0 7px 16px;text-align:right;border-bottom:1px solid var(--line);vertical-align:middle;white-space:nowrap}
th:first-child,td:first-child{text-align:left;padding-left:0}
tbody th{font-weight:400;white-space:normal;overflow-wrap:anywhere}
thead th{font-size:13px;font-weight:500;color:var(--muted);vertical-align:bottom}
tbody tr:last-child>*{border-bottom:0}
.u{color:var(--up)}.d{color:var(--down)}
.name small{display:block;font-size:12px;color:var(--muted)}
.spark{display:inline-block;vertical-align:middle;width:96px;height:24px;fill:none;stroke:var(--accent);stroke-width:1.5;
stroke-linejoin:round;stroke-linecap:round}
.movers .spark{width:72px}
.tools{display:flex;flex-wrap:wrap;gap:12px;align-items:end;margin-bottom:12px}
.tools label{font-size:13px;color:var(--muted);display:grid;gap:4px;flex:0 1 auto}
.tools label:first-child{flex:1 1 220px}
input,select,.tools button{font:inherit;font-size:14px;color:var(--ink);background:var(--ground);border:1px solid var(--axis);
border-radius:6px;padding:7px 10px;min-width:0;height:36px;max-width:100%}
.tools button{cursor:pointer}
.tools button:hover{background:var(--hover)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
#keywords thead th{position:sticky;top:0;background:var(--ground);box-shadow:inset 0 -1px var(--line);border-bottom:0;z-index:1}
#keywords thead button{font:inherit;color:inherit;background:none;border:0;padding:4px 0;margin:-4px 0;
cursor:pointer;white-space:nowrap}
#keywords thead button::after{content:"\2195";margin-left:4px;opacity:.35}
#keywords thead [aria-sort=ascending] button::after{content:"\2191";opacity:1}
#keywords thead [aria-sort=descending] button::after{content:"\2193";opacity:1}
#keywords tbody tr:hover>*{background:var(--hover)}
#keywords .group th{font-weight:600;padding-top:20px}
.count{font-size:13px;color:var(--muted);margin-bottom:6px}
footer{font-size:13px;color:var(--muted);margin-top:28px}
[hidden]{display:none!important}
.hear{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media (max-width:980px){.tiles{grid-template-columns:1fr 1fr}.pair{grid-template-columns:1fr;gap:0}
.wide{display:none}.middle{display:block}}
@media (max-width:600px){
main{padding:24px 16px 40px}
h1{font-size:24px}
.tiles{gap:12px;margin-top:20px}
.tile{padding:14px 14px}
.tile dd.value{font-size:24px}
.value small{font-size:14px}
.card{padding:18px 16px;margin-top:14px}
.middle{display:none}.narrow{display:block}
th,td{padding-left:10px}
.bands :is(th,td):not(:first-child){padding-left:6px}.bands .key{display:block;margin:0 0 4px auto}
#keywords th:nth-child(2),#keywords td:nth-child(2),#keywords th:nth-child(5),#keywords td:nth-child(5),
.movers .spark{display:none}
.spark{width:56px}
.tools label{flex:1 1 120px}.tools label:first-child{flex-basis:100%}.tools button{flex:1 1 auto}
}
@media print{
@page{margin:14mm}
body{background:none}
main{max-width:none;padding:0 2px;zoom:.75}
.card,.tile,tr{break-inside:avoid}
.card.long{break-inside:auto;border:0;padding:0}
.tiles{grid-template-columns:repeat(4,1fr);gap:16px}
.pair{grid-template-columns:1fr 1fr;gap:16px}
.wide{display:block}.middle,.narrow{display:none}
.wide .chart text{font-size:14px}
.pair .wide{display:none}.pair .narrow{display:block}
#keywords th,#keywords td{padding-top:5px;padding-bottom:5px}
.tools,.tip,.rule,#keywords thead button::after{display:none}
#keywords thead th{position:static}
}
]]

local style = {}

--- The style sheet, with that of the charts.
---@return string
function style.text()
  return ":root{" .. LIGHT .. "}@media screen and (prefers-color-scheme:dark){:root{" .. DARK .. "}}"
    .. RULES:gsub("FONT", function() return svg.FONT end):gsub("\n", "") .. svg.style()
end

return style
