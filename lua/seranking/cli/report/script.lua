--- The script of the report: engine, filter and order of the keyword table, its small charts, and CSV. Without it the page
--- shows all but these.
-- SPDX-License-Identifier: MIT

-- The list A is that of report/data.lua: "not checked", "not ranking", position 1, 2 ….
return [==[
(function () {
'use strict';
var data = JSON.parse(document.getElementById('data').textContent);
function get(id) { return document.getElementById(id); }
var table = get('keywords'), bodies = table.tBodies, tools = get('tools'), words = get('words'), engine = get('engine');
var band = get('band'), count = get('count'), A = {}, n = 0, c, sorted = null;
for (c = 32; n < 1002; c++)
  if (c != 34 && c != 60 && c != 92 && (c < 127 || c > 160) && c != 173) A[String.fromCharCode(c)] = n++ - 1;
function shown() { return bodies[engine ? +engine.value : 0]; }
function positions(row) { return data.engines[row.e].rows[row.i][2].split('').map(function (s) { return A[s]; }); }

function spark(row) {
  var list = positions(row), best = 1e9, worst = 0, path = '', pen = false, x, y, i, p, last = Math.max(1, list.length - 1);
  list.forEach(function (p) { if (p > 0) { best = Math.min(best, p); worst = Math.max(worst, p); } });
  for (i = 0; i < list.length; i++) {
    p = list[i];
    if (p == 0) pen = false;
    if (p < 1) continue;
    x = (2 + i / last * 92).toFixed(1);
    y = (worst > best ? 3 + (p - best) / (worst - best) * 18 : 12).toFixed(1);
    path += (pen ? 'L' : 'M') + x + ' ' + y + (pen ? '' : 'h.1');
    pen = true;
  }
  row.lastElementChild.innerHTML =
    '<svg class="spark" viewBox="0 0 96 24" aria-hidden="true"><path d="' + path + '"/></svg>';
}

function number(cell) {
  var text = 'v' in cell.dataset ? cell.dataset.v : cell.textContent.replace(/,/g, '').replace('\u2212', '-');
  return text === '' || isNaN(text) ? null : +text;
}

function update() {
  var body = shown(), text = words.value.trim().toLowerCase(), most = band.value, left = 0, i, row, p, fits;
  for (i = 0; i < bodies.length; i++) bodies[i].hidden = bodies[i] != body;
  for (i = 0; i < body.rows.length; i++) {
    row = body.rows[i];
    if (row.className == 'group') { row.hidden = true; continue; }
    p = number(row.cells[2]);
    fits = most == '' || (most == '0' ? p === null || p > 100 : p !== null && p <= +most);
    row.hidden = !(fits && row.cells[0].textContent.toLowerCase().indexOf(text) >= 0);
    if (!row.hidden) { left++; if (!row.lastElementChild.firstChild) spark(row); }
  }
  i = data.engines[engine ? +engine.value : 0].rows.length;
  count.textContent = left.toLocaleString('en') + ' of ' + i.toLocaleString('en') + ' keywords';
}

function sort(column, way) {
  var i, list;
  function value(row) { return column ? number(row.cells[column]) : row.cells[0].textContent; }
  function order(a, b) {
    var x = value(a), y = value(b);
    if (x === null || y === null) return (x === null) - (y === null);
    return way * (column ? x - y : x.localeCompare(y)) || a.i - b.i;
  }
  for (i = 0; i < bodies.length; i++) {
    list = Array.prototype.filter.call(bodies[i].rows, function (row) { return row.className != 'group'; }).sort(order);
    bodies[i].append.apply(bodies[i], list);
  }
  Array.prototype.forEach.call(table.tHead.rows[0].cells, function (cell, i) {
    if (i == column) cell.setAttribute('aria-sort', way > 0 ? 'ascending' : 'descending');
    else cell.removeAttribute('aria-sort');
  });
  sorted = [column, way];
}

function save(name, rows) {
  var text = rows.map(function (row) {
    return row.map(function (cell) {
      if (cell === null) return '';
      if (typeof cell == 'number') return cell;
      return '"' + cell.replace(/^(?=[=+\-@\t\r])(?![+-]?\d+\.?\d*$)/, "'").replace(/"/g, '""') + '"';
    }).join(',');
  }).join('\r\n') + '\r\n';
  var link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(['\ufeff', text], { type: 'text/csv;charset=utf-8' }));
  link.download = name + '.csv';
  link.click();
  setTimeout(function () { URL.revokeObjectURL(link.href); }, 60000);
}

function name(row) { return data.names[data.engines[row.e].rows[row.i][0]]; }

get('csv-table').onclick = function () {
  var rows = [['keyword', 'engine', 'volume', 'position', 'change', 'best']];
  Array.prototype.forEach.call(shown().rows, function (row) {
    if (row.hidden) return;
    var figures = [1, 2, 3, 4].map(function (i) { return number(row.cells[i]); });
    rows.push([name(row), data.engines[row.e].name].concat(figures));
  });
  save(tools.dataset.name + '-keywords', rows);
};
get('csv-days').onclick = function () {
  var rows = [['date', 'engine', 'keyword', 'position']];
  data.engines.forEach(function (engine) {
    engine.rows.forEach(function (row) {
      row[2].split('').forEach(function (s, day) {
        if (A[s] >= 0) rows.push([data.dates[day], engine.name, data.names[row[0]], A[s]]);
      });
    });
  });
  save(tools.dataset.name + '-positions', rows);
};

Array.prototype.forEach.call(bodies, function (body, e) {
  var i = 0;
  Array.prototype.forEach.call(body.rows, function (row) {
    if (row.className == 'group') return;
    row.e = e; row.i = i++;
    row.append(document.createElement('td'));
  });
});
Array.prototype.forEach.call(table.tHead.rows[0].cells, function (cell, column) {
  var button = document.createElement('button'), first = column == 1 || column == 3 ? -1 : 1;
  if (column == 5) return;
  button.type = 'button';
  button.append.apply(button, Array.prototype.slice.call(cell.childNodes));
  button.onclick = function () { sort(column, sorted && sorted[0] == column ? -sorted[1] : first); };
  cell.append(button);
});

// Shows the values of the day under the pointer.
function follow(id) {
  var figure = get(id), chart = data.charts[id], days = chart.dates.map(Date.parse), tip = document.createElement('div');
  var first = days[0], last = days[days.length - 1], rule;
  tip.className = 'tip'; tip.hidden = true;
  function leave() { tip.hidden = true; if (rule) rule.setAttribute('d', ''); }
  function fill(day) {
    var head = document.createElement('b');
    head.textContent = new Date(days[day]).toLocaleDateString('en-GB',
      { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
    tip.replaceChildren(head);
    chart.series.forEach(function (one, i) {
      var line = document.createElement('div'), name = document.createElement('span'), value = document.createElement('b');
      line.innerHTML = '<svg width="22" height="8"><path class="c-line s' + (i % 6 + 1) + '" d="M2 4h18"/></svg>';
      name.textContent = one.name;
      value.textContent = one.values[day];
      line.append(name, value);
      tip.append(line);
    });
  }
  figure.append(tip);
  figure.onpointerleave = leave;
  figure.onpointermove = figure.onpointerdown = function (event) {
    var svg = event.target.closest('.chart'), box, plot, scale, at, day = 0, i;
    leave();
    if (!svg) return;
    box = svg.getBoundingClientRect();
    plot = svg.dataset.plot.split(' ').map(Number);
    scale = box.width / svg.viewBox.baseVal.width;
    at = first + ((event.clientX - box.left) / scale - plot[0]) / (plot[1] - plot[0]) * (last - first);
    for (i = 1; i < days.length; i++) if (Math.abs(days[i] - at) < Math.abs(days[day] - at)) day = i;
    at = plot[0] + (last > first ? (days[day] - first) / (last - first) : 0.5) * (plot[1] - plot[0]);
    rule = svg.querySelector('.rule');
    rule.setAttribute('d', 'M' + at.toFixed(1) + ' ' + plot[2] + 'V' + plot[3]);
    fill(day);
    tip.hidden = false;
    at *= scale;
    tip.style.left = (at + tip.offsetWidth + 16 < box.width ? at + 12 : Math.max(0, at - tip.offsetWidth - 12)) + 'px';
  };
}
Object.keys(data.charts).forEach(function (id) { if (data.charts[id].series.length) follow(id); });
words.oninput = band.onchange = update;
if (engine) engine.onchange = update;
tools.hidden = table.tHead.rows[0].cells[5].hidden = false;
sort(2, 1);
update();
})();
]==]
