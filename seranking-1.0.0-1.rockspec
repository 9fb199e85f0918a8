-- How LuaRocks builds the module: by the Makefile, which asks pkg-config or curl-config for libcurl.
-- SPDX-License-Identifier: MIT
rockspec_format = "3.0"
package = "seranking"
version = "1.0.0-1"
source = {
  url = "git+https://github.com/seranking-lua/seranking.git",
  tag = "v1.0.0",
}
description = {
  summary = "Client for the SE Ranking web API",
  detailed = [[
The SE Ranking API as Lua tables, on libcurl: typed errors, retries, one deadline a call, and a rate limiter that keeps the
key from being blocked. The rock seranking-fake has a fake API for tests.]],
  homepage = "https://github.com/seranking-lua/seranking",
  license = "MIT",
}
dependencies = {
  "lua >= 5.1, < 5.5",
  "lua-cjson",
  "argparse", -- for the command
  "luv",
}
build = {
  type = "make",
  -- LUA is the interpreter; the Makefile asks it which Lua it is.
  build_variables = {
    LUA = "$(LUA)",
    LUA_CFLAGS = "-I$(LUA_INCDIR)",
    CC = "$(CC)",
    CFLAGS = "$(CFLAGS)",
  },
  install_variables = {
    LUA = "$(LUA)",
    LUA_CFLAGS = "-I$(LUA_INCDIR)",
    CC = "$(CC)",
    CFLAGS = "$(CFLAGS)",
    CMOD = "$(LIBDIR)",
    LMOD = "$(LUADIR)",
    BINDIR = "$(BINDIR)",
    MANDIR = "$(PREFIX)/doc",
    TRY = "no", -- LuaRocks itself makes its tree known to Lua
  },
}
