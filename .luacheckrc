-- luacheck's settings: the globals of every Lua that the library runs on, and busted's in specs.
-- SPDX-License-Identifier: MIT
std = "max"
max_line_length = 128
-- 122: specs replace io.write and the like.
files["spec"] = { std = "max+busted", ignore = { "122" } }
-- Type declarations: functions without bodies, long lines.
files["library"] = { max_line_length = false, ignore = { "211", "212", "241" } }
files["fake/library"] = files["library"]
files["*.rockspec"] = { std = "rockspec" }
