/* libcurl's multi handles whose wake-up descriptors a forked child does not keep.
** SPDX-License-Identifier: MIT */
#include "base/sr_fork_multi.h"

#include "base/sr_base.h"
#include "base/sr_fork.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#if SR_LINUX
#include <linux/sockios.h>
#endif

/* How far above the lowest free descriptor to search: other threads open descriptors meanwhile. */
enum { NEAR = 16 };

/* Whether unread data is in the descriptor, in either direction. */
static int is_filled(int fd) {
  struct pollfd poll_fd = {fd, POLLIN, 0};
  int count = 0;
#ifdef SIOCOUTQ
  if (ioctl(fd, SIOCOUTQ, &count) == 0 && count > 0)
    return 1;
#endif
  return (ioctl(fd, FIONREAD, &count) == 0 && count > 0) ||
         (poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLIN));
}

/* Whether each wake-up fills it and each poll empties it: only a waker does that three times. */
static int is_waker(CURLM *multi, int fd) {
  int turn, filled = 1;
  for (turn = 0; turn < 3 && filled && !is_filled(fd); turn++) {
    curl_multi_wakeup(multi);
    filled = is_filled(fd);
    curl_multi_poll(multi, NULL, 0, 0, NULL);
  }
  return turn == 3 && filled && !is_filled(fd);
}

CURLM *sr_fork_multi(struct sr_wakers *wakers) {
  int fd, count = 0, lowest = sr_fork_socket(AF_UNIX, SOCK_STREAM, 0);
  CURLM *multi;
  wakers->fds[0] = wakers->fds[1] = -1;
  if (lowest >= 0)
    sr_fork_close(lowest);
  multi = curl_multi_init();
  if (multi == NULL || lowest < 0)
    return multi;
  for (fd = lowest; fd < lowest + NEAR && count < SR_WAKERS; fd++)
    if (is_waker(multi, fd) && sr_fork_add(fd) == 0)
      wakers->fds[count++] = fd;
  return multi;
}

void sr_fork_multi_cleanup(CURLM *multi, const struct sr_wakers *wakers) {
  int i;
  if (multi == NULL)
    return;
  for (i = 0; i < SR_WAKERS; i++)
    sr_fork_remove(wakers->fds[i]);
  curl_multi_cleanup(multi); /* a child forked just before keeps them: nobody waits for their end */
}
