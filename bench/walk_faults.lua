--- A walk over a million paid rows with refused connections and lost answers, resumed after each error.
-- SPDX-License-Identifier: MIT
--
-- lua bench/walk_faults.lua [ROWS]: prints a summary; exits with 1 if a row was lost or paid for too often.

local paid_walk = require "support.paid_walk"

local rows = tonumber(arg[1] or 1000000)
local began = os.clock()
local figures = paid_walk { rows = rows, limit = 100, refused = 0.01, lost = 0.001, seed = 7 }
local seconds = os.clock() - began

print(("walk of %d paid rows: %d out of place, %d walks, %d requests (%.4f of the least), %d connections refused"):format(
  figures.rows, figures.out_of_order, figures.walks, figures.requests, figures.requests / figures.least, figures.refused))
print(("  %d answers lost: %d credits paid twice, %d told as doubtful; memory grew by %.0f KB; %.1f s"):format(
  figures.lost, figures.charged - rows, figures.spent.doubtful, figures.grown, seconds))
if figures.rows ~= rows or figures.out_of_order > 0 or figures.requests > 1.02 * figures.least
  or figures.charged - rows ~= figures.lost_rows or figures.spent.doubtful ~= figures.lost_rows or figures.grown > 500 then
  print "  not as it should be"
  os.exit(1)
end
