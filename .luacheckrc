-- What luacheck lets pass: the names of every Lua that the library runs on, and busted's in the specs.
-- SPDX-License-Identifier: MIT
std = "max"
files["spec"] = { std = "max+busted" }
files["*.rockspec"] = { std = "rockspec" }
