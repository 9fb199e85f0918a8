/* Where the body of a download goes instead of memory: a file, unpacked on the way if wanted.
** SPDX-License-Identifier: MIT */
#ifndef SR_SINK_H
#define SR_SINK_H

#include "http/sr_error.h"

#include <stdint.h>

/*
** A temporary file beside the final one. The final name is given to it only when the body is
** complete and on the disk. One thread at a time may use it.
*/
struct sr_sink;

/*
** Opens the temporary file. `path` must name a regular file, or none. A link stays
** one, and the rights of a file that is there stay. `gunzip`:
** unpacks a body that is gzip; any other is kept as it is. `max`: most bytes to write. NULL with
** `error`.
*/
struct sr_sink *sr_sink_new(const char *path, int gunzip, uint64_t max, struct sr_error *error);

/* Closes it; removes the temporary file if it has not got its name. */
void sr_sink_delete(struct sr_sink *sink);

/* Forgets what an earlier attempt wrote. 0, or -1: see sr_sink_explain. */
int sr_sink_restart(struct sr_sink *sink);

/* 0, or -1: see sr_sink_explain. */
int sr_sink_write(struct sr_sink *sink, const void *data, size_t len);

/* The body is complete: gives the file its name. 0, or -1: see sr_sink_explain. */
int sr_sink_finish(struct sr_sink *sink);

/* The error of the function that failed. */
void sr_sink_explain(const struct sr_sink *sink, struct sr_error *error);

/* Bytes in the file. */
uint64_t sr_sink_size(const struct sr_sink *sink);

#endif
