--- Holds that a report works in a browser: script, sizes of the window, both colour schemes, print, hostile names.
-- SPDX-License-Identifier: MIT

local big_report = require "spec.support.big_report"
local browser = require "spec.support.browser"
local json = require "seranking.base.json"
local page = require "seranking.cli.report.page"
local process = require "spec.support.process"
local system = require "spec.support.system"

-- Chromium's window has 500 pixels at least, so the report is shown in a frame.
local FRAME = [==[<!DOCTYPE html><meta charset="utf-8"><meta name="color-scheme" content="light dark"><pre id="probe"></pre>
<iframe src="report.html" style="width:%dpx;height:900px;border:0"></iframe>
<script>onmessage = function (e) { document.getElementById('probe').textContent = e.data; };</script></html>]==]

-- Runs in the page after its own script, and sends what it finds to the page that has the frame.
local PROBE = [==[<script>
function all(selector) { return Array.prototype.slice.call(document.querySelectorAll(selector)); }
function shown(selector) { return all(selector).filter(function (e) { return e.getClientRects().length > 0; }); }
function column(i) {
  return shown('#keywords tbody tr').slice(0, 5).map(function (row) { return row.cells[i].textContent; }).join(' ');
}
function text(id) { return document.getElementById(id).textContent; }
function set(id, value) {
  var e = document.getElementById(id); e.value = value;
  e.dispatchEvent(new Event(e.tagName == 'SELECT' ? 'change' : 'input'));
}
function press(i) { all('#keywords thead button')[i].click(); }
var found = {}, files = [];
HTMLAnchorElement.prototype.click = function () { found.download = this.download; };
URL.createObjectURL = function (blob) {
  files.push(blob.text()); // which drops a byte order mark
  files.push(blob.slice(0, 3).arrayBuffer().then(function (bytes) { return new Uint8Array(bytes).join(); }));
  return 'blob:null';
};
PROBE_STEPS
Promise.all(files).then(function (texts) {
  found.files = texts;
  parent.postMessage(JSON.stringify(found), '*');
});
</script>]==]

local folder, remove = process.folder()
teardown(remove)

-- Opens a report with a probe, and gives what that found. Nothing may be written to the console.
local function probe(made, steps, settings)
  local path = folder .. "/report.html"
  local script = PROBE:gsub("PROBE_STEPS", function() return steps end)
  system.write(path, (page.html(made, "2026-11-30"):gsub("</body>", function() return script .. "</body>" end)))
  settings = settings or {}
  system.write(folder .. "/frame.html", FRAME:format(settings.width or 1280))
  local html, console = browser.dump(folder .. "/frame.html", { width = 1400, dark = settings.dark })
  assert.same({}, console)
  local text = html:match '<pre id="probe">(.-)</pre>'
  text = text:gsub("&lt;", "<"):gsub("&gt;", ">"):gsub("&amp;", "&")
  return assert(json.decode(text))
end

-- Positions by hand: at each of three days.
local POSITIONS = { { 9, 9, 4 }, { 50, 0, 11 }, { 3, 2, 5 }, { 0, 0, 0 }, { 80, 120, 101 } }
local NAMES = { "beta", "alpha", "gamma", "delta", "epsilon" }

local function small(given)
  given = given or {}
  return big_report {
    keywords = 5, days = 3, engines = given.engines or 1, title = given.title,
    name = function(k) return (given.names or NAMES)[k] end,
    position = function(k, e, d) return POSITIONS[k][d] + (e > 1 and POSITIONS[k][d] > 0 and 100 or 0) end,
  }
end

describe("a report in a browser", function()
  it("sorts by each column, filters by words and by position, and writes nothing to the console", function()
    local found = probe(small(), [==[
      found.first = column(0) + '|' + column(2) + '|' + text('count');
      found.sparks = shown('#keywords .spark').length;
      press(2); found.down = column(2);
      press(0); found.names = column(0);
      press(0); found.back = column(0);
      press(3); found.change = column(3);
      found.sorted = all('#keywords [aria-sort]').map(function (e) {
        return e.textContent + e.getAttribute('aria-sort');
      }).join();
      set('band', '10'); found.ten = column(2) + '|' + text('count');
      set('band', '0'); found.none = column(2);
      set('band', ''); set('words', ' ALPH'); found.word = column(0) + '|' + text('count');
    ]==])
    -- Not ranking is last, whichever way.
    assert.equal("beta gamma alpha epsilon delta|4 5 11 101 –|5 of 5 keywords", found.first)
    assert.equal(5, found.sparks)
    assert.equal("101 11 5 4 –", found.down)
    assert.equal("alpha beta delta epsilon gamma", found.names)
    assert.equal("gamma epsilon delta beta alpha", found.back)
    assert.equal("+39 +5 0 −2 −21", found.change)
    assert.equal("Changedescending", found.sorted)
    assert.equal("4 5|2 of 5 keywords", found.ten)
    assert.equal("– 101", found.none)
    assert.equal("alpha|1 of 5 keywords", found.word)
  end)

  it("shows one engine at a time", function()
    local found = probe(small { engines = 2 }, [==[
      found.first = column(2); set('engine', '1'); found.second = column(2);
      found.groups = shown('#keywords .group').length;
    ]==])
    assert.same({ first = "4 5 11 101 –", second = "104 105 111 201 –", groups = 0, files = {} }, found)
  end)

  it("saves the table as it is shown, and all days, as CSV for spreadsheets", function()
    local found = probe(small { names = { "=1+1", 'say "hi", then', "-5", "naïve", "@x" } }, [==[
      set('band', '100'); press(0);
      document.getElementById('csv-table').click();
      found.table = found.download;
      document.getElementById('csv-days').click();
    ]==])
    assert.same({ "report-5-keywords.csv", "report-5-positions.csv" }, { found.table, found.download })
    assert.equal('"keyword","engine","volume","position","change","best"\r\n'
      .. '"-5","Engine 1",111,5,-2,2\r\n"\'=1+1","Engine 1",37,4,5,4\r\n"say ""hi"", then","Engine 1",74,11,39,11\r\n',
      found.files[1])
    assert.same({ "239,187,191", "239,187,191" }, { found.files[2], found.files[4] })
    local lines = select(2, found.files[3]:gsub("\r\n", ""))
    assert.equal(1 + 5 * 3, lines)
    assert.truthy(found.files[3]:find('"2026-11-29","Engine 1","say ""hi"", then",0\r\n', 1, true))
    assert.truthy(found.files[3]:find('"2026-11-30","Engine 1","\'@x",101\r\n', 1, true))
  end)

  it("shows the values of the day under the pointer, and no longer when it leaves", function()
    local found = probe(small { engines = 2 }, [==[
      function point(share, kind) {
        var svg = shown('#average svg')[0], box = svg.getBoundingClientRect(), plot = svg.dataset.plot.split(' ').map(Number);
        var x = box.left + (plot[0] + share * (plot[1] - plot[0])) * box.width / svg.viewBox.baseVal.width;
        svg.dispatchEvent(new PointerEvent(kind, { bubbles: true, clientX: x, clientY: box.top + 50 }));
      }
      point(0.1, 'pointermove'); found.first = shown('.tip').map(function (e) { return e.textContent; }).join();
      found.rules = all('.rule[d^=M]').length;
      point(0.8, 'pointermove'); found.last = shown('.tip').map(function (e) { return e.textContent; }).join();
      found.still = all('.rule[d^=M]').length;
      document.getElementById('average').dispatchEvent(new PointerEvent('pointerleave'));
      found.left = shown('.tip').length + all('.rule[d^=M]').length;
    ]==])
    -- The history is 20 + the engine + the day, as of the third day of three.
    assert.equal("28 Nov 2026Engine 122Engine 223", found.first)
    assert.equal("30 Nov 2026Engine 124Engine 225", found.last)
    assert.same({ 1, 1, 0 }, { found.rules, found.still, found.left })
  end)

  it("runs nothing that a title or a keyword holds, and shows it as it is", function()
    local evil = "</script><img src=x onerror='hacked=1'><script>hacked=1</script>&amp;\"\226\128\174"
    local found = probe(small { title = evil, engines = 2, names = { evil, evil, "a&b", "<!--", "]]>" } }, [==[
      found.hacked = typeof hacked; found.images = all('img').length; found.title = document.title;
      found.h1 = document.querySelector('h1').textContent;
      set('words', '<\/script>'); found.names = column(0);
      document.getElementById('csv-table').click();
    ]==])
    local shown = (evil:gsub("\226\128\174", ""))
    assert.same({ "undefined", 0 }, { found.hacked, found.images })
    assert.same({ shown .. ": positions", shown, shown .. " " .. shown }, { found.title, found.h1, found.names })
    assert.truthy(found.files[1]:find('"' .. evil:gsub('"', '""') .. '","Engine 1"', 1, true))
  end)

  for _, case in ipairs { { 380 }, { 380, true }, { 780 }, { 1280 }, { 1280, true } } do
    local width, dark = case[1], case[2]
    it(("fits into %d pixels, %s, and names what can be used"):format(width, dark and "dark" or "light"), function()
      local found = probe(big_report { keywords = 40, days = 90, engines = 4, title = ("Long title "):rep(12),
        name = function(k) return k == 7 and ("unbroken"):rep(20) or "a keyword of usual length " .. k end }, [==[
        found.width = innerWidth; found.needs = document.documentElement.scrollWidth;
        found.charts = shown('svg.chart').length;
        found.ground = getComputedStyle(document.body).backgroundColor;
        found.nameless = shown('button,input,select').filter(function (e) {
          return !(e.tagName == 'BUTTON' ? e.textContent.trim() : e.labels.length);
        }).length;
        found.ids = all('[id]').map(function (e) { return e.id; }).filter(function (id, i, list) {
          return list.indexOf(id) != i;
        });
        found.requests = performance.getEntriesByType('resource').length;
      ]==], { width = width, dark = dark })
        assert.equal(width, found.width)
      assert.equal(width, found.needs)
      assert.equal(2, found.charts)
      assert.equal(dark and "rgb(13, 15, 18)" or "rgb(246, 247, 248)", found.ground)
      assert.same({ 0, {}, 0 }, { found.nameless, found.ids, found.requests })
    end)
  end

  it("prints the figures and the keywords, without what is only for the screen", function()
    local path = folder .. "/printed.html"
    system.write(path, page.html(small(), "2026-11-30"))
    local text = browser.printed(path, { dark = true })
    for _, word in ipairs { "Big shop", "Average position by engine", "Moved up", "Keywords", "epsilon", "24.3" } do
      assert.truthy(text:find(word, 1, true), word)
    end
    assert.is_nil(text:find "CSV of")
  end)
end)
