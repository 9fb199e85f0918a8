/* The request of a call as text: to be shown, with the key masked, and for transports that replace the network.
** SPDX-License-Identifier: MIT */
#include "lua/lseranking.h"

#include <stdio.h>
#include <string.h>

/*
** libcurl writes multipart bodies itself, with a random boundary. Here the same body is written to be
** shown, and for transports that replace the network. Its boundary is constant except for a number,
** the first one with which no part contains the boundary.
*/
enum { BOUNDARY_SIZE = 40 };

static void make_boundary(const struct sr_call *call, char boundary[BOUNDARY_SIZE]) {
  const struct sr_part *part = call->parts;
  unsigned number = 0;
  while (part != NULL) {
    snprintf(boundary, BOUNDARY_SIZE, "----------------seranking%u", number);
    for (part = call->parts; part != NULL; part = part->next)
      if (part->data.len > 0 &&
          memmem(part->data.data, part->data.len, boundary, strlen(boundary)) != NULL)
        break;
    number++;
  }
}

/* Adds a name in quotes. Quotes and line breaks in it are percent-encoded, as browsers do. */
static void add_quoted(luaL_Buffer *buffer, const struct sr_buf *name) {
  const char *p = sr_buf_text(name);
  luaL_addchar(buffer, '"');
  for (; *p != '\0'; p++) {
    if (*p == '"')
      luaL_addstring(buffer, "%22");
    else if (*p == '\r')
      luaL_addstring(buffer, "%0D");
    else if (*p == '\n')
      luaL_addstring(buffer, "%0A");
    else
      luaL_addchar(buffer, *p);
  }
  luaL_addchar(buffer, '"');
}

static void push_parts(lua_State *L, const struct sr_call *call) {
  char boundary[BOUNDARY_SIZE];
  const struct sr_part *part;
  luaL_Buffer buffer;
  make_boundary(call, boundary);
  luaL_buffinit(L, &buffer);
  for (part = call->parts; part != NULL; part = part->next) {
    luaL_addstring(&buffer, "--");
    luaL_addstring(&buffer, boundary);
    luaL_addstring(&buffer, "\r\nContent-Disposition: form-data; name=");
    add_quoted(&buffer, &part->name);
    if (part->filename.len > 0) {
      luaL_addstring(&buffer, "; filename=");
      add_quoted(&buffer, &part->filename);
    }
    if (part->content_type.len > 0) {
      luaL_addstring(&buffer, "\r\nContent-Type: ");
      luaL_addlstring(&buffer, part->content_type.data, part->content_type.len);
    }
    luaL_addstring(&buffer, "\r\n\r\n");
    luaL_addlstring(&buffer, sr_buf_text(&part->data), part->data.len);
    luaL_addstring(&buffer, "\r\n");
  }
  luaL_addstring(&buffer, "--");
  luaL_addstring(&buffer, boundary);
  luaL_addstring(&buffer, "--\r\n");
  luaL_pushresult(&buffer);
}

/* Sets fields of the table on the top from lines "Name: value". Other lines are orders to libcurl. */
static void set_headers(lua_State *L, const struct curl_slist *list, const struct sr_config *config,
                        int masked) {
  for (; list != NULL; list = list->next) {
    size_t len = strlen(list->data), name_len;
    char *line = lsr_copy(L, list->data, len);
    if (masked)
      len = sr_config_redact(config, line, len);
    name_len = strcspn(line, ":");
    if (name_len + 2 <= len) {
      size_t i;
      for (i = 0; i < name_len; i++)
        line[i] = sr_lower(line[i]);
      lua_pushlstring(L, line, name_len);
      lua_pushlstring(L, line + name_len + 2, len - name_len - 2);
      lua_rawset(L, -4);
    }
    lua_pop(L, 1);
  }
}

static void push_headers(lua_State *L, const struct sr_call *call, int masked) {
  const struct curl_slist *encoding = call->config->headers[sr_call_headers(call)];
  lua_newtable(L);
  set_headers(L, encoding->next, call->config, masked); /* to undo codings is libcurl's affair */
  set_headers(L, call->headers, call->config, masked);
  if (call->parts != NULL) {
    char boundary[BOUNDARY_SIZE];
    make_boundary(call, boundary);
    lua_pushfstring(L, "multipart/form-data; boundary=%s", boundary);
    lua_setfield(L, -2, "content-type");
  }
}

/* Pushes a text. `masked`: without the key, to be shown. */
static void push_text(lua_State *L, const struct sr_call *call, const char *text, size_t len,
                      int masked) {
  if (masked) {
    char *copy = lsr_copy(L, text, len);
    lua_pushlstring(L, copy, sr_config_redact(call->config, copy, len));
    lua_remove(L, -2);
  } else {
    lua_pushlstring(L, text, len);
  }
}

void lsr_pushshowntarget(lua_State *L, const struct sr_call *call) {
  const char *target = sr_buf_text(&call->target);
  int elsewhere = call->config->auth == SR_AUTH_NOWHERE;
  size_t len = elsewhere ? strcspn(target, "?") : call->target.len;
  push_text(L, call, target, len, 1);
  if (len < call->target.len) {
    lua_pushliteral(L, "?\xe2\x80\xa6");
    lua_concat(L, 2);
  }
}

static void push_buf(lua_State *L, const struct sr_call *call, const struct sr_buf *buf,
                     int masked) {
  push_text(L, call, sr_buf_text(buf), buf->len, masked);
}

/* Pushes the target with the key. `masked`: as it may be shown. */
static void push_target(lua_State *L, const struct sr_call *call, int masked) {
  const struct sr_config *config = call->config;
  if (masked)
    lsr_pushshowntarget(L, call);
  else
    push_buf(L, call, &call->target, 0);
  if (config->key.len > 0 && config->auth == SR_AUTH_QUERY) {
    char hint[SR_KEY_HINT_SIZE];
    sr_config_key_hint(config, hint);
    lua_pushfstring(L, "%s%s=%s", strchr(sr_buf_text(&call->target), '?') != NULL ? "&" : "?",
                    sr_config_key_param(config), masked ? hint : sr_buf_text(&config->key_escaped));
    lua_concat(L, 2);
  }
}

static void push_body(lua_State *L, const struct sr_call *call, int masked) {
  if (call->parts != NULL) {
    size_t len;
    const char *body;
    push_parts(L, call);
    body = lua_tolstring(L, -1, &len);
    push_text(L, call, body, len, masked);
    lua_remove(L, -2);
  } else if (call->has_body) {
    push_buf(L, call, &call->body, masked);
  } else {
    lua_pushnil(L);
  }
}

/* call:preview() -> method, url, headers, body as they would be sent, the key masked. */
int lsr_call_preview(lua_State *L) {
  struct sr_call *call = lsr_checkcall(L, 1);
  lua_pushstring(L, call->method);
  push_buf(L, call, &call->config->base_url, 1);
  push_target(L, call, 1);
  lua_concat(L, 2);
  push_headers(L, call, 1);
  push_body(L, call, 1);
  return 4;
}

/*
** call:outgoing() -> method, target, headers, body, base address, with the key, and the number of the
** attempt, from 1: for a transport that replaces the network.
*/
int lsr_call_outgoing(lua_State *L) {
  struct sr_call *call = lsr_checkcall(L, 1);
  if (call->state != SR_STATE_SENDING || call->transfer != NULL)
    return luaL_error(L, "the call has no attempt to carry out");
  lua_pushstring(L, call->method);
  push_target(L, call, 0);
  push_headers(L, call, 0);
  push_body(L, call, 0);
  lua_pushlstring(L, call->config->base_url.data, call->config->base_url.len);
  lua_pushinteger(L, call->attempts);
  return 6;
}
