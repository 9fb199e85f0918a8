/* A byte buffer that grows.
** SPDX-License-Identifier: MIT */
#include "base/sr_buf.h"

#include <stdlib.h>
#include <string.h>

int sr_buf_reserve(struct sr_buf *buf, size_t extra) {
  size_t need, cap;
  char *data;
  if (extra >= (size_t)-1 - buf->len)
    return -1;
  need = buf->len + extra + 1;
  if (need <= buf->cap)
    return 0;
  cap = buf->cap < 64 ? 64 : buf->cap;
  while (cap < need)
    cap = cap > (size_t)-1 / 2 ? need : cap * 2;
  data = realloc(buf->data, cap);
  if (data == NULL)
    return -1;
  buf->data = data;
  buf->cap = cap;
  data[buf->len] = '\0';
  return 0;
}

int sr_buf_append(struct sr_buf *buf, const void *data, size_t len) {
  if (len >= buf->cap - buf->len && sr_buf_reserve(buf, len) != 0)
    return -1;
  if (len > 0)
    memcpy(buf->data + buf->len, data, len);
  buf->len += len;
  buf->data[buf->len] = '\0';
  return 0;
}

int sr_buf_puts(struct sr_buf *buf, const char *text) {
  return sr_buf_append(buf, text, strlen(text));
}

int sr_buf_putc(struct sr_buf *buf, char c) {
  return sr_buf_append(buf, &c, 1);
}

void sr_buf_clear(struct sr_buf *buf) {
  buf->len = 0;
  if (buf->data != NULL)
    buf->data[0] = '\0';
}

const char *sr_buf_text(const struct sr_buf *buf) {
  return buf->data != NULL ? buf->data : "";
}

void sr_buf_fini(struct sr_buf *buf) {
  free(buf->data);
  memset(buf, 0, sizeof *buf);
}
