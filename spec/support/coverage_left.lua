--- Why branches of src/ are taken by no test: what spec/support/coverage.lua prints beside them.
-- SPDX-License-Identifier: MIT
--
-- { part of a line, reason }, under its file or, for lines of any file, under "*". `sometimes`: chance decides in a run, or
-- the machine's libraries.

local LIBCURL = "Which libcurl is loaded decides; the tests run with one."
local LUA_ERROR = "luaL_argerror does not return, so its result decides nothing."
local RACE = "A weak exchange fails, or finds the value changed, when another thread writes in the same moment."
local SAME = "EAGAIN and EWOULDBLOCK are one number on Linux."
local LIST = "One macro gives the first item, the next and the end of a list: not all three can be here."
local DEVICE = "A name in a folder is on the folder's device, or else something is mounted over it."
local ONCE = "pthread_atfork fails only if memory runs out, and is called once in a process."
local FIRST = "The first option of a function is set after no other that could have failed."

return {
  ["*"] = {
    { "atomic_compare_exchange", RACE, sometimes = true },
    { "luaL_argcheck", LUA_ERROR },
    { "luaL_addchar", "The buffer that Lua begins with is not full here.", sometimes = true },
    { "SR_FIRST_ASKING", LIST },
    { "SR_DUE(call)", "One macro for the states in which a call has a time: not all of them come here." },
    { "EWOULDBLOCK", SAME },
    { "sr_transfer_is_reusable()", LIBCURL, sometimes = true },
    { "version >= 0x075300", LIBCURL },
    { "message->msg", "libcurl has no other message." },
    { "dlsym(RTLD_DEFAULT, \"lua_", "Which Lua runs decides; spec/start_spec.lua holds it for each. Coverage is built for two.",
      sometimes = true },
    { "SET(CURLOPT_PRIVATE", FIRST }, { "SET(CURLOPT_SSL_VERIFYPEER", FIRST, sometimes = true },
    { "SET(CURLOPT_POST, 1L)", FIRST }, { "SET(CURLOPT_HTTPGET", FIRST }, { "SET(CURLOPT_URL", FIRST, sometimes = true },
    { "(int)code == TOO_LARGE", LIBCURL, sometimes = true },
    { "(int)code != TOO_LARGE", LIBCURL, sometimes = true },
    { "st.st_dev == ", DEVICE },
    { "watch_problem != 0", ONCE }, { "sr_fork_watch() == 0", ONCE },
    { "INT_MAX", "An answer with so many elements has more than 4 GB: no test makes one." },
  },
  ["src/base/sr_notify.c"] = {
    { "notify->write_fd != notify->read_fd", "An eventfd is both ends; only other systems have a pipe." },
  },
  ["src/base/sr_number.c"] = {
    { "len + point_len >= sizeof copy", "No locale has a decimal point of 60 bytes." },
  },
  ["src/http/sr_outcome.c"] = {
    { "gmtime_r(", "No ban ends in a year that gmtime_r can't write." },
  },
  ["src/http/sr_url.c"] = {
    { "*host <= 0x20", LIBCURL },
  },
  ["src/http/sr_transfer.c"] = {
    { "switch (version)", "libcurl is built without HTTP/3." },
  },
  ["src/limit/redis/sr_redis_wire.c"] = {
    { "SR_WATCH_MAX", "libcurl has three sockets at most." },
  },
  ["src/limit/sr_share.c"] = {
    { "len > 0 && len < PATH_SIZE", "snprintf fails for no such text." },
    { "hash != 0 ? hash : 1", "One boot in 2^32 has that hash." },
  },
}
