/* Makes a descriptor readable: an event loop that polls it wakes up. An eventfd, or a pipe.
** SPDX-License-Identifier: MIT */
#include "base/sr_notify.h"

#include "base/sr_base.h"
#include "base/sr_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#if SR_LINUX
#include <sys/eventfd.h>
#endif

int sr_notify_open(struct sr_notify *notify) {
#if SR_LINUX
  notify->read_fd = notify->write_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return notify->read_fd < 0 ? -1 : 0;
#else
  int ends[2] = {-1, -1}, i, failed = pipe(ends) != 0;
  for (i = 0; i < 2 && !failed; i++)
    failed = fcntl(ends[i], F_SETFD, FD_CLOEXEC) != 0 || sr_fd_set_nonblocking(ends[i]) != 0;
  notify->read_fd = ends[0];
  notify->write_fd = ends[1];
  if (failed)
    sr_notify_close(notify);
  return failed ? -1 : 0;
#endif
}

int sr_notify_send(const struct sr_notify *notify) {
  static const uint64_t one = 1; /* what an eventfd wants; a pipe takes anything */
  ssize_t n;
  do
    n = write(notify->write_fd, &one, sizeof one);
  while (n < 0 && errno == EINTR);
  return n < 0 && errno != EAGAIN ? -1 : 0; /* EAGAIN: it is readable already */
}

void sr_notify_close(struct sr_notify *notify) {
  if (notify->write_fd != notify->read_fd)
    sr_fd_close(&notify->write_fd);
  sr_fd_close(&notify->read_fd);
  notify->write_fd = -1;
}
