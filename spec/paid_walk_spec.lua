--- A long walk over rows that cost credits: no row is lost, and none is paid twice without need.
-- SPDX-License-Identifier: MIT

local paid_walk = require "support.paid_walk"

describe("a walk over paid rows, resumed whenever it ends", function()
  -- Smaller pages and more faults than in the benchmark, as twenty thousand rows are few.
  for seed, plan in pairs {
    [11] = { limit = 50, refused = 0.01, lost = 0.001 }, [5] = { limit = 100, refused = 0.2, lost = 0.05 },
  } do
    it(("has every row once, and pays twice only for lost answers: %g lost"):format(plan.lost), function()
      plan.rows, plan.seed = 20000, seed
      local figures = paid_walk(plan)
      assert.equal(20000, figures.rows)
      assert.equal(0, figures.out_of_order)
      assert.is_true(figures.refused > 0 and figures.lost > 0, "the seed brings no fault")
      assert.equal(figures.least + figures.lost, figures.requests)
      assert.equal(figures.lost, figures.pages_twice)
      assert.equal(20000 + figures.lost_rows, figures.charged)
      assert.equal(20000, figures.spent.credits) -- `doubtful` has what was paid for lost answers
      assert.equal(figures.lost_rows, figures.spent.doubtful)
      assert.equal(figures.lost, figures.spent.unknown)
      -- All rows together have some 5,000; LuaJIT's compiled code counts too.
      assert.is_true(figures.grown < 1000, figures.grown .. " KB more than at its first page")
    end)
  end
end)
