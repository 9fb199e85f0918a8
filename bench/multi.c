/* The floor for many small GETs at once: libcurl's multi interface in plain C, and cjson's decoding
** of the answers in Lua.
** SPDX-License-Identifier: MIT
**
** bench-multi URL COUNT [fresh] [post]: prints microseconds per call, CPU and wall clock, with 50 calls in
** flight. One handle for each of the 50; address and deadline are set for each call. `fresh`: each call has a
** handle of its own, which libcurl 7.83 to 8.0.1 need to be safe. `post`: POSTs of BODY. */
#include "base/sr_base.h"

#include <curl/curl.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BODY "{\"title\":\"A new project\",\"url\":\"https://example.com\"}"

enum { WIDTH = 50 };

struct slot {
  CURL *easy;
  char head[4096], body[4096];
  size_t head_len, len;
};

static struct slot slots[WIDTH];
static struct curl_slist *headers;
static int fresh, post;

static size_t on_body(char *data, size_t size, size_t count, void *user) {
  struct slot *slot = user;
  size_t len = size * count;
  if (slot->len + len > sizeof slot->body)
    return 0;
  memcpy(slot->body + slot->len, data, len);
  slot->len += len;
  return len;
}

/* A program that retries reads the headers (Retry-After), so keep them. */
static size_t on_header(char *data, size_t size, size_t count, void *user) {
  struct slot *slot = user;
  size_t len = size * count;
  if (slot->head_len + len > sizeof slot->head)
    return 0;
  memcpy(slot->head + slot->head_len, data, len);
  slot->head_len += len;
  return len;
}

static double now(clockid_t clock) {
  struct timespec ts;
  clock_gettime(clock, &ts);
  return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void set_up(struct slot *slot) {
  CURL *easy = slot->easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, slot);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 10000L);
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
  if (post)
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, BODY);
}

static void begin(CURLM *multi, struct slot *slot, const char *url) {
  slot->head_len = slot->len = 0;
  curl_easy_setopt(slot->easy, CURLOPT_URL, url);
  curl_easy_setopt(slot->easy, CURLOPT_TIMEOUT_MS, 60000L);
  if (curl_multi_add_handle(multi, slot->easy) != CURLM_OK)
    exit(1);
}

static void finish(lua_State *L, const struct slot *slot, CURLcode code) {
  long status = 0;
  if (code != CURLE_OK ||
      curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status != 200)
    exit(1);
  lua_pushvalue(L, 1);
  lua_pushlstring(L, slot->body, slot->len);
  if (lua_pcall(L, 1, 1, 0) != 0)
    exit(1);
  lua_pop(L, 1);
}

static void run(CURLM *multi, lua_State *L, const char *url, int count) {
  int begun, done = 0, left;
  for (begun = 0; begun < WIDTH && begun < count; begun++)
    begin(multi, &slots[begun], url);
  while (done < count) {
    CURLMsg *message;
    curl_multi_perform(multi, &left);
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
      struct slot *slot;
      CURL *easy = message->easy_handle;
      CURLcode code = message->data.result;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &slot);
      finish(L, slot, code);
      curl_multi_remove_handle(multi, easy);
      if (fresh) {
        curl_easy_cleanup(easy);
        set_up(slot);
      }
      done++;
      if (begun < count) {
        begin(multi, slot, url);
        begun++;
      }
    }
    if (done < count)
      curl_multi_poll(multi, NULL, 0, 1000, NULL);
  }
}

int main(int argc, char **argv) {
  lua_State *L = luaL_newstate();
  CURLM *multi;
  double start, wall;
  int i, count;
  if (argc < 3)
    return 2;
  for (i = 3; i < argc; i++) {
    fresh |= strcmp(argv[i], "fresh") == 0;
    post |= strcmp(argv[i], "post") == 0;
  }
  count = atoi(argv[2]);
  luaL_openlibs(L);
  if (luaL_dostring(L, "return require('cjson').new().decode") != 0)
    return 1;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  multi = curl_multi_init();
  headers = curl_slist_append(headers, "Accept: application/json");
  headers = curl_slist_append(headers, "User-Agent: seranking-lua/" SR_VERSION " libcurl/7.88.1");
  headers =
      curl_slist_append(headers, "Authorization: Token be2165b7d065e278e7305c1c7ef791f283f5d14b");
  if (post)
    headers = curl_slist_append(headers, "Content-Type: application/json");
  for (i = 0; i < WIDTH; i++)
    set_up(&slots[i]);
  run(multi, L, argv[1], count / 10);
  start = now(CLOCK_PROCESS_CPUTIME_ID);
  wall = now(CLOCK_MONOTONIC);
  run(multi, L, argv[1], count);
  printf("%.3f %.3f\n", (now(CLOCK_PROCESS_CPUTIME_ID) - start) / count,
         (now(CLOCK_MONOTONIC) - wall) / count);
  return 0;
}
