-- What luacheck lets pass: the names of every Lua that the library runs on, and busted's in the specs.
-- SPDX-License-Identifier: MIT
std = "max"
max_line_length = 128
-- 122: specs put stand-ins in the place of io.write and the like.
files["spec"] = { std = "max+busted", ignore = { "122" } }
-- Types are no code: functions without bodies, lines as long as they are.
files["library"] = { max_line_length = false, ignore = { "211", "212", "241" } }
files["*.rockspec"] = { std = "rockspec" }
