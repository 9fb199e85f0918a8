/* Descriptors that programs started by this process do not inherit.
** SPDX-License-Identifier: MIT
**
** Where the flags can't be given with the call itself, a program started between the two calls still
** inherits the descriptor. */
#include "base/sr_fd.h"

#include "base/sr_base.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

int sr_fd_set_nonblocking(int fd) {
  int flags = fcntl(fd, F_GETFL);
  return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

void sr_fd_close(int *fd) {
  int problem = errno;
  if (*fd >= 0)
    close(*fd);
  *fd = -1;
  errno = problem;
}

#if SR_LINUX

int sr_fd_socket(int family, int type, int protocol) {
  return socket(family, type | SOCK_CLOEXEC, protocol);
}

int sr_fd_accept(int listener) {
  return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

#else

int sr_fd_socket(int family, int type, int protocol) {
  int fd = socket(family, type, protocol);
  if (fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
    sr_fd_close(&fd);
  return fd;
}

int sr_fd_accept(int listener) {
  int fd = accept(listener, NULL, NULL);
  if (fd >= 0 && (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || sr_fd_set_nonblocking(fd) != 0))
    sr_fd_close(&fd);
  return fd;
}

#endif

int sr_fd_dup(int fd) {
  return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}
