/* The floor for one small GET: libcurl's easy interface in plain C, and cjson's decoding of the
** answer in Lua.
** SPDX-License-Identifier: MIT
**
** bench-floor URL COUNT: prints the microseconds per call. One handle, one connection, options set
** once, only the checks of a careful program: the time is that of libcurl, the system and the decoder. */
#include "base/sr_base.h"

#include <curl/curl.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char body[65536];
static size_t body_len;

static size_t on_body(char *data, size_t size, size_t count, void *user) {
  size_t len = size * count;
  (void)user;
  if (body_len + len > sizeof body)
    return 0;
  memcpy(body + body_len, data, len);
  body_len += len;
  return len;
}

static double now(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void once(CURL *easy, const char *url, lua_State *L) {
  long status = 0;
  body_len = 0;
  curl_easy_setopt(easy, CURLOPT_URL, url);
  if (curl_easy_perform(easy) != CURLE_OK ||
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status != 200)
    exit(1);
  lua_pushvalue(L, 1);
  lua_pushlstring(L, body, body_len);
  if (lua_pcall(L, 1, 1, 0) != 0)
    exit(1);
  lua_pop(L, 1);
}

int main(int argc, char **argv) {
  lua_State *L = luaL_newstate();
  struct curl_slist *headers = NULL;
  CURL *easy;
  double start;
  int i, count;
  if (argc != 3)
    return 2;
  count = atoi(argv[2]);
  luaL_openlibs(L);
  if (luaL_dostring(L, "return require('cjson').new().decode") != 0)
    return 1;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  easy = curl_easy_init();
  headers = curl_slist_append(headers, "Accept: application/json");
  headers = curl_slist_append(headers, "User-Agent: seranking-lua/" SR_VERSION " libcurl/7.88.1");
  headers =
      curl_slist_append(headers, "Authorization: Token be2165b7d065e278e7305c1c7ef791f283f5d14b");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 60000L); /* the client's limits */
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 10000L);
  for (i = 0; i < count / 10; i++)
    once(easy, argv[1], L);
  start = now();
  for (i = 0; i < count; i++)
    once(easy, argv[1], L);
  printf("%.3f\n", (now() - start) / count);
  return 0;
}
