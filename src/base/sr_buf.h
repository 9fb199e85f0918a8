/* A byte buffer that grows. Always ends in a NUL that its length does not count, so it can be read
** as a C string.
** SPDX-License-Identifier: MIT */
#ifndef SR_BUF_H
#define SR_BUF_H

#include <stddef.h>

/* All zero is an empty buffer. `data` is NULL until something was appended. */
struct sr_buf {
  char *data;
  size_t len;
  size_t cap;
};

/*
** Every sr_buf_* that returns int gives 0, or -1 when memory ran out: the buffer is then as it was
** before.
*/
int sr_buf_append(struct sr_buf *buf, const void *data, size_t len);
int sr_buf_puts(struct sr_buf *buf, const char *text);
int sr_buf_putc(struct sr_buf *buf, char c);

/* Makes room for `extra` more bytes. */
int sr_buf_reserve(struct sr_buf *buf, size_t extra);

/* Forgets the contents, keeps the memory. */
void sr_buf_clear(struct sr_buf *buf);

/* The text, "" when there is none. */
const char *sr_buf_text(const struct sr_buf *buf);

/* Frees the memory; the buffer is empty and usable again. */
void sr_buf_fini(struct sr_buf *buf);

#endif
