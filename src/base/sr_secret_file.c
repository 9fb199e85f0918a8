/* See sr_secret_file.h.
** SPDX-License-Identifier: MIT */
#include "base/sr_secret_file.h"

#include "base/sr_base.h"
#include "base/sr_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static enum sr_secret refuse_errno(struct sr_secret_file *file) {
  char text[SR_ERRNO_TEXT];
  snprintf(file->problem, sizeof file->problem, "can't be read: %s", sr_errno_text(errno, text));
  return SR_SECRET_REFUSED;
}

static enum sr_secret check(int fd, struct sr_secret_file *file) {
  struct stat st;
  if (fstat(fd, &st) != 0)
    return refuse_errno(file);
  if (S_ISREG(st.st_mode) && st.st_uid == getuid() && (st.st_mode & 077) != 0) {
    snprintf(
        file->problem, sizeof file->problem,
        "is open to other users (mode %03o): run chmod 600 on it, and make a new key if others "
        "may have read it",
        (unsigned)st.st_mode & 0777);
    return SR_SECRET_REFUSED;
  }
  return SR_SECRET_READ;
}

static enum sr_secret read_all(int fd, struct sr_secret_file *file) {
  while (file->len < sizeof file->text) {
    ssize_t got = read(fd, file->text + file->len, sizeof file->text - file->len);
    if (got == 0)
      return SR_SECRET_READ;
    if (got > 0)
      file->len += (size_t)got;
    else if (errno != EINTR)
      return refuse_errno(file);
  }
  snprintf(file->problem, sizeof file->problem, "has %d bytes or more: this is not a file of keys",
           SR_SECRET_FILE_MAX);
  return SR_SECRET_REFUSED;
}

enum sr_secret sr_secret_file_read(const char *path, struct sr_secret_file *file) {
  enum sr_secret outcome;
  int fd;
  file->len = 0;
  do
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  while (fd < 0 && errno == EINTR);
  if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
    return SR_SECRET_MISSING;
  if (fd < 0)
    return refuse_errno(file);
  outcome = check(fd, file);
  if (outcome == SR_SECRET_READ)
    outcome = read_all(fd, file);
  sr_fd_close(&fd);
  return outcome;
}
