/* Just enough JSON to find a few strings in an error body, below the layer that knows Lua and its
** decoder.
** SPDX-License-Identifier: MIT */
#ifndef SR_JSON_H
#define SR_JSON_H

#include <stddef.h>

/*
** The string at `outer` of the object that `text` holds, or at `outer`.`inner` when `inner` is not
** NULL. Writes it, unescaped and cut to `size` - 1 bytes, to `out`. Returns 1, or 0 when there is
** no such string. Never reads past `len`; a text that is cut short or broken after the place is
** fine.
*/
int sr_json_string(const char *text, size_t len, const char *outer, const char *inner, char *out,
                   size_t size);

/*
** The character that an escape stands for, as UTF-8 in `out`; `*p` is behind the backslash, and then
** behind the escape. Half a surrogate pair is U+FFFD. Returns its length, 0 when broken.
*/
size_t sr_json_unescape(const char **p, const char *end, char out[4]);

#endif
