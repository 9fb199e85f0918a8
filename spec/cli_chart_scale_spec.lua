--- Holds which ticks the axes of charts get, where values lie, and how a sparkline is drawn. SPDX-License-Identifier: MIT

local calendar = require "seranking.base.calendar"
local scale = require "seranking.cli.chart.scale"
local spark = require "seranking.cli.chart.spark"

local function labels(ticks)
  local list = {}
  for i, tick in ipairs(ticks) do
    list[i] = tick.label
  end
  return table.concat(list, " ")
end

describe("an axis of numbers", function()
  for _, case in ipairs {
    { 0, 10, 5, "0 2 4 6 8 10" },
    { 3, 97, 5, "0 20 40 60 80 100" },
    { 18.2, 21.9, 4, "18 19 20 21 22" },
    { 0.12, 0.47, 4, "0.1 0.2 0.3 0.4 0.5" },
    { 0.012, 0.015, 3, "0.012 0.013 0.014 0.015" },
    { 900, 4100, 4, "0 1,000 2,000 3,000 4,000 5,000", steps = 5 },
    { -3, 12, 4, "-5 0 5 10 15" },
    { 1200000, 1900000, 4, "1,200,000 1,400,000 1,600,000 1,800,000 2,000,000" },
    { 7, 7, 4, "6.0 6.5 7.0 7.5 8.0" },
    { 0, 0, 4, "0.0 0.5 1.0", steps = 2 },
  } do
    it(("from %g to %g in %d steps has the ticks %s"):format(case[1], case[2], case[3], case[4]), function()
      local axis = scale.numbers(case[1], case[2], case.steps or case[3])
      assert.equal(case[4], labels(axis.ticks))
      assert.equal(axis.ticks[1].at, axis.low)
      assert.equal(axis.ticks[#axis.ticks].at, axis.high)
      assert.is_true(axis.low <= case[1] and case[2] <= axis.high)
    end)
  end

  it("has whole numbers only, and begins at 0, where that is wanted", function()
    assert.equal("0 1 2 3", labels(scale.numbers(0, 3, 6, { whole = true }).ticks))
    assert.equal("0 20 40 60", labels(scale.numbers(41, 58, 4, { zero = true }).ticks))
    assert.equal("-20 -15 -10 -5 0", labels(scale.numbers(-20, -1, 4, { zero = true }).ticks))
  end)

  it("never has more steps than wanted", function()
    for high = 1, 60 do
      for low = 0, high - 1 do
        for count = 2, 7 do
          assert.is_true(#scale.numbers(low * 1.7, high * 1.7, count).ticks <= count + 1)
        end
      end
    end
  end)
end)

describe("an axis of positions", function()
  for _, case in ipairs {
    { 1, 100, 5, "1 20 40 60 80 100" },
    { 1, 10, 5, "1 4 6 8 10" },
    { 3, 47, 5, "1 10 20 30 40 50" },
    { 1, 3, 4, "1 2 3" },
    { 1, 1, 4, "1 2" },
    { 42, 58, 4, "40 45 50 55 60" },
    { 30.2, 30.9, 4, "30.2 30.4 30.6 30.8 31.0", whole = false },
    { 1, 1.4, 5, "1.0 1.1 1.2 1.3 1.4", whole = false },
    { 1, 1.9, 2, "1.0 1.5 2.0", whole = false },
  } do
    it(("from %g to %g has the ticks %s"):format(case[1], case[2], case[4]), function()
      local axis = scale.positions(case[1], case[2], case[3], { whole = case.whole ~= false })
      assert.equal(case[4], labels(axis.ticks))
      assert.is_true(axis.low >= 1)
    end)
  end

  it("has the best position on top", function()
    local axis = scale.positions(1, 21, 2)
    assert.equal("1 20 40", labels(axis.ticks))
    assert.equal(1, scale.share(axis, 1))
    assert.equal(0, scale.share(axis, 40))
    assert.equal(0.5, scale.share(axis, 20.5))
  end)
end)

describe("an axis of days", function()
  local function ticks(first, last, count)
    return labels(scale.dates(calendar.day(first), calendar.day(last), count))
  end

  it("has days, Mondays, or months by the length of the range", function()
    assert.equal("27 Nov 28 Nov 29 Nov 30 Nov", ticks("2026-11-27", "2026-11-30", 6))
    assert.equal("20 Nov 22 Nov 24 Nov 26 Nov 28 Nov 30 Nov", ticks("2026-11-20", "2026-11-30", 6))
    assert.equal("2 Nov 9 Nov 16 Nov 23 Nov 30 Nov", ticks("2026-10-31", "2026-11-30", 6))
    assert.equal("7 Sep 21 Sep 5 Oct 19 Oct 2 Nov 16 Nov 30 Nov", ticks("2026-09-01", "2026-11-30", 7))
    assert.equal("Sep Oct Nov", ticks("2026-09-01", "2026-11-30", 5))
    assert.equal("7 Sep 5 Oct 2 Nov 30 Nov", ticks("2026-09-02", "2026-11-30", 5))
    assert.equal("Oct 2027 Apr Jul Oct", ticks("2026-08-15", "2027-11-30", 6))
    assert.equal("2024 2025 2026", ticks("2023-05-01", "2026-11-30", 6))
    assert.equal("2026", ticks("2026-01-01", "2026-12-31", 1))
  end)

  it("holds a single day", function()
    assert.equal("29 Feb", ticks("2028-02-29", "2028-02-29", 5))
  end)

  it("never has more ticks than wanted, all within the range, each range of two months or more at least two", function()
    local start = calendar.day "2025-03-17"
    for length = 0, 1500, 7 do
      for count = 2, 9 do
        local list = scale.dates(start, start + length, count)
        assert.is_true(#list <= count, ("%d days: %d ticks, not %d"):format(length, #list, count))
        assert.is_true(length < 62 or #list >= 2 or count < 3, ("%d days, %d ticks of %d"):format(length, #list, count))
        for _, tick in ipairs(list) do
          assert.is_true(tick.at >= start and tick.at <= start + length)
        end
      end
    end
  end)

  it("writes a date as readers do", function()
    assert.equal("3 Nov 2026", scale.date_label "2026-11-03")
  end)
end)

describe("labels that would overlap", function()
  it("stay where there is room", function()
    assert.same({ 10, 50, 30 }, scale.spread({ 10, 50, 30 }, 12, 0, 100))
  end)

  it("are moved apart evenly, in their order", function()
    assert.same({ 45, 55 }, scale.spread({ 50, 50 }, 10, 0, 100))
    assert.same({ 60, 40, 50 }, scale.spread({ 51, 49, 50 }, 10, 0, 100))
    assert.same({ 0, 10, 30 }, scale.spread({ 0, 0, 30 }, 10, 0, 100))
    assert.same({ 80, 90, 100 }, scale.spread({ 97, 99, 100 }, 10, 0, 100))
  end)
end)

describe("a sparkline", function()
  it("has a block for each value", function()
    assert.equal("▁▃▅█", spark({ 1, 3, 5, 8 }, { unicode = true }))
    assert.equal("_.-^", spark({ 1, 3, 5, 8 }, {}))
  end)

  it("has the smaller position higher, and a blank where the site does not rank", function()
    assert.equal("█▁ ▅", spark({ 1, 9, 0, 5 }, { unicode = true, reversed = true }))
    assert.equal("▁▂█", spark({ 0, 2, 9 }, { unicode = true }))
  end)

  it("has a blank where there is no number", function()
    local json = require "seranking.base.json"
    assert.equal("▁   █", spark({ 1, json.null, "2", 0 / 0, 2 }, { unicode = true }))
    assert.equal("▁ █ ", spark({ 1, nil, 2, nil, n = 4 }, { unicode = true }))
    assert.equal("", spark({}, { unicode = true }))
    assert.equal("  ", spark({ n = 2 }, { unicode = true }))
  end)

  it("draws equal values in the middle", function()
    assert.equal("▅▅▅", spark({ 4, 4, 4 }, { unicode = true }))
    assert.equal("-", spark({ 4 }, {}))
  end)

  it("fits into a width by means of neighbours", function()
    assert.equal("▁▅█", spark({ 0, 2, 4, 6, 8, 10 }, { unicode = true, width = 3 }))
    assert.equal("▁█", spark({ 0, 2 }, { unicode = true, width = 3 }))
    assert.equal("▁ █", spark({ 0, 0, false, false, 10, false }, { unicode = true, width = 3 }))
  end)
end)
