/* URLs: checking the base, filling path templates, percent-encoding, query strings.
** SPDX-License-Identifier: MIT */
#ifndef SR_URL_H
#define SR_URL_H

#include "base/sr_buf.h"

#include <stddef.h>

/* A named value; neither string needs a NUL at its end. */
struct sr_param {
  const char *name;
  size_t name_len;
  const char *value;
  size_t value_len;
};

enum sr_url_status {
  SR_URL_OK = 0,
  SR_URL_NO_MEMORY,
  SR_URL_BAD_TEMPLATE, /* an unclosed brace: a bug in the description */
  SR_URL_MISSING,      /* a placeholder has no value */
  SR_URL_EMPTY, /* a value is empty: `DELETE /sites/` or `?site_id=` would hit the whole list */
  SR_URL_DOTS   /* "." and ".." as a path segment mean another path, encoded or not */
};

/*
** Appends `text` with all but RFC 3986's unreserved characters percent-encoded: always one path
** segment. 0 or -1.
*/
int sr_url_escape(struct sr_buf *out, const char *text, size_t len);

/*
** Appends the template with its placeholders filled: `{name}` is one path segment, `{?a,b}` are
** query parameters: "/sites/{site_id}/keywords" or
** "/v1/project-management/keywords{?site_id,keyword_id}". On SR_URL_MISSING, _EMPTY and _DOTS `*at`
** points to the placeholder's name in the template and `*at_len` is its length. On any failure
** `out` is as it was before.
*/
enum sr_url_status sr_url_expand(struct sr_buf *out, const char *template,
                                 const struct sr_param *params, size_t count, const char **at,
                                 size_t *at_len);

/*
** Appends `name=value`, both encoded (so `ids[]` becomes `ids%5B%5D`), after `?`, or `&` if `out`
** has a query. 0 or -1.
*/
int sr_url_query(struct sr_buf *out, const struct sr_param *param);

/* sr_url_base returns this pointer if memory runs out. */
extern const char sr_url_no_memory[];

/* The same for an http address of another machine. */
extern const char sr_url_in_clear[];

/*
** Checks a base address and appends it to `out` in one spelling: host in lower case, no default
** port, no last slash. Allowed are https, and http to this machine only (127.0.0.0/8, ::1,
** localhost), since the key would travel in clear; no user, query or fragment. Returns NULL, or
** what is wrong with it, to follow the address in a sentence ("… must be https://…").
*/
const char *sr_url_base(struct sr_buf *out, const char *base);

#endif
