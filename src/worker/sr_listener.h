/* The private unix socket on which the worker thread accepts connections of its own process.
** SPDX-License-Identifier: MIT
**
** The socket is bound in a private folder. Where there is /proc its name is removed at once and the
** address is /proc/self/fd/N, so nothing is left behind however the process ends. Elsewhere the
** name stays until sr_listener_close, and the next process to open a listener removes the names of
** those that were killed.
**
** All its descriptors are in the table of sr_fork.h: a forked child has none of them. */
#ifndef SR_LISTENER_H
#define SR_LISTENER_H

#include <sys/un.h>

enum { SR_LISTENER_PATH = sizeof(((struct sockaddr_un *)0)->sun_path) };

struct sr_listener {
  int fd;       /* poll it for reading */
  int spare_fd; /* closed to accept a connection when no other descriptor is left */
  int name_fd;  /* refers to the removed name; -1: the name is still there */
  char folder[SR_LISTENER_PATH]; /* ""; or the folder that holds the name */
  char path[SR_LISTENER_PATH];   /* where to connect */
};

/* Needs sr_fork_watch. 0; or -1 and errno, and then nothing is left to close. */
int sr_listener_open(struct sr_listener *listener);

void sr_listener_close(struct sr_listener *listener);

enum sr_accept {
  SR_ACCEPT_NONE,    /* nobody is waiting */
  SR_ACCEPT_DONE,    /* *fd is a connection; close it with sr_fork_close */
  SR_ACCEPT_FOREIGN, /* a connection of another process was closed */
  SR_ACCEPT_REFUSED, /* no descriptor is left: a connection was told so by `refusal` and closed */
  SR_ACCEPT_FAILED   /* pause before the next one, or poll() would report the listener for ever */
};

/* Accepts one connection; reading and writing it never block. */
enum sr_accept sr_listener_accept(struct sr_listener *listener, char refusal, int *fd);

#endif
