/* Descriptors that programs started by this process do not inherit.
** SPDX-License-Identifier: MIT */
#ifndef SR_FD_H
#define SR_FD_H

/* socket(2). -1 and errno. */
int sr_fd_socket(int family, int type, int protocol);

/* accept(2); reads and writes of the connection never block. -1 and errno. */
int sr_fd_accept(int listener);

/* dup(2). -1 and errno. */
int sr_fd_dup(int fd);

/* Makes reads and writes return EAGAIN instead of blocking. 0, or -1 and errno. */
int sr_fd_set_nonblocking(int fd);

/* Closes *fd unless it is -1, and sets it to -1. Keeps errno. */
void sr_fd_close(int *fd);

#endif
