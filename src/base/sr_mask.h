/* Hides a secret in texts that are shown.
** SPDX-License-Identifier: MIT
**
** A run is a piece of the secret in a text, in upper or lower case. Runs of the mask's window or longer
** are replaced by "…". Shorter ones stay: they give nothing away, and are as likely part of a word. */
#ifndef SR_MASK_H
#define SR_MASK_H

#include "base/sr_buf.h"

/* Room for what stands for a secret, and a NUL. */
enum { SR_KEY_HINT_SIZE = 16 };

/* All zero hides nothing. It never changes after it was made: any thread may use it. */
struct sr_mask {
  struct sr_buf secret; /* in lower case */
  size_t window;        /* bytes of the shortest run that is hidden */
  char hint[SR_KEY_HINT_SIZE];
  char filler;                   /* replaces the bytes of runs too short for a "…" */
  unsigned char pairs[4096 / 8]; /* bits: two bytes of this hash follow each other in the secret */
};

/*
** A mask for an API key, printable ASCII. Runs longer than an eighth of the key are hidden; runs of
** up to three bytes stay, unless they are the whole key. 0, or -1 when memory ran out.
*/
int sr_mask_key(struct sr_mask *mask, const char *key, size_t len);

/* A mask for any other secret of printable ASCII: hides runs of `window` bytes. 0, or -1. */
int sr_mask_text(struct sr_mask *mask, const char *secret, size_t len, size_t window);

/* Frees it. It hides nothing then. */
void sr_mask_fini(struct sr_mask *mask);

/*
** Hides all runs in `text`, in place; it never gets longer. Bytes written as %XX, \uXXXX or \/ count
** too. Of a whole key of 32 bytes or more, the last four stay. Returns the new length; if the text got
** shorter, a NUL follows. Call it last before showing a text: removing control characters afterwards
** could join two pieces.
*/
size_t sr_mask_hide(const struct sr_mask *mask, char *text, size_t len);

#endif
