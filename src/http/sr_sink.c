/* The file that a download goes to.
** SPDX-License-Identifier: MIT */
#include "http/sr_sink.h"

#include "base/sr_base.h"
#include "base/sr_buf.h"
#include "base/sr_fork.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define ZLIB_CONST
#include <zlib.h>

enum { UNPACKED = 65536, PIECE = 1 << 20 };

/* For inflateInit2: gzip alone, with the largest window. */
enum { GZIP_BITS = 15 + 16 };

enum { NAME_TRIES = 100 };

enum problem { NO_PROBLEM, CANT_WRITE, BAD_GZIP, TOO_LARGE };

/* How far the unpacking is. */
enum phase {
  PLAIN,   /* bytes are written as they come */
  LOOKING, /* gzip or not: the first two bytes tell */
  MEMBER,  /* in a member of a gzip file */
  BETWEEN, /* a member has ended: another may follow, or padding */
  PADDING  /* ignored, as gzip does */
};

struct sr_sink {
  char *path;         /* as given, for messages */
  char *target;       /* the same without links */
  struct sr_buf part; /* the temporary file's name */
  int mode;           /* rights of the file that it replaces; -1: there is none */
  int fd;
  unsigned forks; /* sr_fork_count() of the process that it belongs to */
  uint64_t max, size;

  enum problem problem;
  int number; /* errno of CANT_WRITE */

  int gunzip, inflating; /* inflating: `z` is to be freed */
  enum phase phase;
  unsigned char first; /* LOOKING: the byte that has come, if one has */
  int has_first;
  z_stream z;
  unsigned char unpacked[UNPACKED];
};

static int fail(struct sr_sink *sink, enum problem problem) {
  sink->problem = problem;
  sink->number = problem == CANT_WRITE ? errno : 0;
  return -1;
}

/* ---- opening ---- */

/* Fills `error` for a file that can't be written, for the reason in errno. */
static void cant_write(struct sr_error *error, const char *path, int number) {
  char text[SR_ERRNO_TEXT];
  sr_error_set(error, SR_FILE, "cant_write", NULL, "can't write %s: %s", path,
               sr_errno_text(number, text));
}

static int refuse_target(struct sr_error *error, const char *path, const char *what) {
  sr_error_set(error, SR_FILE, "cant_write", NULL, "can't write %s: it is %s", path, what);
  return -1;
}

/* Sets `target` and `mode`. 0, or -1 with `error`. */
static int find_target(struct sr_sink *sink, struct sr_error *error) {
  struct stat status;
  sink->mode = -1;
  if (stat(sink->path, &status) != 0) {
    if (lstat(sink->path, &status) == 0) /* renaming would replace the link itself */
      return refuse_target(error, sink->path, "a link to a file that can't be found");
    sink->target = strdup(sink->path);
  } else if (!S_ISREG(status.st_mode)) {
    return refuse_target(error, sink->path,
                         S_ISDIR(status.st_mode) ? "a directory" : "no regular file");
  } else if (access(sink->path, W_OK) == 0) { /* renaming needs no right to write the file */
    sink->mode = (int)(status.st_mode & 0777);
    sink->target = realpath(sink->path, NULL);
  }
  if (sink->target == NULL)
    cant_write(error, sink->path, errno);
  return sink->target != NULL ? 0 : -1;
}

/* Lists the temporary file for forks and gives it the rights of the file that it replaces. 0 or -1. */
static int own_part(struct sr_sink *sink) {
  if (sr_fork_add(sink->fd) != 0) {
    close(sink->fd);
    sink->fd = -1;
    unlink(sink->part.data);
    errno = ENOMEM;
    return -1;
  }
  return sink->mode < 0 ? 0 : fchmod(sink->fd, (mode_t)sink->mode);
}

/* Makes the temporary file. 0, or -1 with errno. */
static int make_part(struct sr_sink *sink) {
  int tries;
  for (tries = 0; tries < NAME_TRIES; tries++) {
    char suffix[40];
    snprintf(suffix, sizeof suffix, ".part-%016llx", (unsigned long long)sr_random_seed());
    sr_buf_clear(&sink->part);
    if (sr_buf_puts(&sink->part, sink->target) != 0 || sr_buf_puts(&sink->part, suffix) != 0) {
      errno = ENOMEM;
      return -1;
    }
    sink->fd = open(sink->part.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (sink->fd >= 0 || errno != EEXIST)
      break;
  }
  return sink->fd < 0 ? -1 : own_part(sink);
}

struct sr_sink *sr_sink_new(const char *path, int gunzip, uint64_t max, struct sr_error *error) {
  struct sr_sink *sink = calloc(1, sizeof *sink);
  if (sink != NULL)
    sink->path = strdup(path);
  if (sink == NULL || sink->path == NULL) {
    free(sink);
    sr_error_no_memory(error);
    return NULL;
  }
  sink->fd = -1;
  sink->forks = sr_fork_count();
  sink->max = max;
  sink->gunzip = gunzip;
  sink->phase = gunzip ? LOOKING : PLAIN;
  if (find_target(sink, error) == 0) {
    if (make_part(sink) == 0)
      return sink;
    cant_write(error, path, errno);
  }
  sr_sink_delete(sink);
  return NULL;
}

void sr_sink_delete(struct sr_sink *sink) {
  if (sink->inflating)
    inflateEnd(&sink->z);
  if (sink->fd >= 0 && sink->forks == sr_fork_count()) { /* a child has lost the descriptor */
    sr_fork_close(sink->fd);
    unlink(sink->part.data);
  }
  sr_buf_fini(&sink->part);
  free(sink->target);
  free(sink->path);
  free(sink);
}

int sr_sink_restart(struct sr_sink *sink) {
  sink->problem = NO_PROBLEM;
  sink->phase = sink->gunzip ? LOOKING : PLAIN;
  sink->has_first = 0;
  if (sink->size == 0)
    return 0;
  if (ftruncate(sink->fd, 0) != 0 || lseek(sink->fd, 0, SEEK_SET) < 0)
    return fail(sink, CANT_WRITE);
  sink->size = 0;
  return 0;
}

/* ---- writing ---- */

static int put(struct sr_sink *sink, const unsigned char *data, size_t len) {
  if (len > sink->max - sink->size)
    return fail(sink, TOO_LARGE);
  while (len > 0) {
    ssize_t written = write(sink->fd, data, len);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return fail(sink, CANT_WRITE);
    data += written;
    len -= (size_t)written;
    sink->size += (uint64_t)written;
  }
  return 0;
}

/* Begins a member: the first one, or one that follows another. */
static int begin_member(struct sr_sink *sink) {
  int result;
  if (sink->inflating) {
    result = inflateReset(&sink->z);
  } else {
    memset(&sink->z, 0, sizeof sink->z);
    result = inflateInit2(&sink->z, GZIP_BITS);
    sink->inflating = result == Z_OK;
  }
  sink->phase = MEMBER;
  errno = ENOMEM;
  return result == Z_OK ? 0 : fail(sink, CANT_WRITE);
}

/* Unpacks `len` bytes of gzip. */
static int unpack(struct sr_sink *sink, const unsigned char *data, size_t len) {
  z_stream *z = &sink->z;
  z->next_in = data;
  z->avail_in = (uInt)len;
  do {
    int result;
    if (sink->phase == BETWEEN) {
      uInt rest = z->avail_in;
      const unsigned char *next = z->next_in;
      if (rest == 0)
        break;
      if (*next != 0x1f) {
        sink->phase = PADDING;
        break;
      }
      if (begin_member(sink) != 0)
        return -1;
      z->next_in = next;
      z->avail_in = rest;
    }
    z->next_out = sink->unpacked;
    z->avail_out = UNPACKED;
    result = inflate(z, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
      return fail(sink, BAD_GZIP);
    if (put(sink, sink->unpacked, UNPACKED - z->avail_out) != 0)
      return -1;
    if (result == Z_STREAM_END)
      sink->phase = BETWEEN;
  } while (z->avail_in > 0 || z->avail_out == 0);
  return 0;
}

static int write_phase(struct sr_sink *sink, const unsigned char *data, size_t len) {
  if (sink->phase == PLAIN)
    return put(sink, data, len);
  return sink->phase == PADDING ? 0 : unpack(sink, data, len);
}

/* The first two bytes tell whether the body is gzip. */
static int look(struct sr_sink *sink, const unsigned char *data, size_t len) {
  unsigned char first = sink->has_first ? sink->first : data[0];
  if (!sink->has_first && len < 2) {
    sink->first = first;
    sink->has_first = 1;
    return 0;
  }
  if (first == 0x1f && data[sink->has_first ? 0 : 1] == 0x8b) {
    if (begin_member(sink) != 0)
      return -1;
  } else {
    sink->phase = PLAIN;
  }
  if (sink->has_first && write_phase(sink, &first, 1) != 0)
    return -1;
  sink->has_first = 0;
  return write_phase(sink, data, len);
}

int sr_sink_write(struct sr_sink *sink, const void *data, size_t len) {
  const unsigned char *p = data;
  while (len > 0) { /* in pieces whose length zlib can count */
    size_t piece = len < PIECE ? len : PIECE;
    if ((sink->phase == LOOKING ? look(sink, p, piece) : write_phase(sink, p, piece)) != 0)
      return -1;
    p += piece;
    len -= piece;
  }
  return 0;
}

/* ---- the end ---- */

int sr_sink_finish(struct sr_sink *sink) {
  if (sink->phase == LOOKING && sink->has_first && put(sink, &sink->first, 1) != 0)
    return -1;
  if (sink->phase == MEMBER)
    return fail(sink, BAD_GZIP);
  if (fsync(sink->fd) != 0 || rename(sink->part.data, sink->target) != 0)
    return fail(sink, CANT_WRITE);
  sr_fork_close(sink->fd);
  sink->fd = -1;
  return 0;
}

void sr_sink_explain(const struct sr_sink *sink, struct sr_error *error) {
  if (sink->problem == BAD_GZIP)
    sr_error_set(error, SR_DECODE, "bad_gzip", NULL, "the file's gzip is damaged or cut short");
  else if (sink->problem == TOO_LARGE)
    sr_error_set(error, SR_TOO_LARGE, "body", NULL, "the file is larger than %llu bytes",
                 (unsigned long long)sink->max);
  else
    cant_write(error, sink->path, sink->number);
}

uint64_t sr_sink_size(const struct sr_sink *sink) {
  return sink->size;
}
