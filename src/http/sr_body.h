/* Recognises the kind of an answer's body by its first KiB.
** SPDX-License-Identifier: MIT */
#ifndef SR_BODY_H
#define SR_BODY_H

#include <stddef.h>

enum sr_look {
  SR_LOOK_EMPTY,  /* no bytes */
  SR_LOOK_HTML,   /* a page, or XML */
  SR_LOOK_JSON,   /* an object or a list, or null */
  SR_LOOK_BINARY, /* not for eyes */
  SR_LOOK_TEXT
};

/* A byte order mark in front is passed over. */
enum sr_look sr_body_look(const char *body, size_t len);

#endif
