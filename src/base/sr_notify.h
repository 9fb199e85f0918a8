/* Makes a descriptor readable: an event loop that polls it wakes up. An eventfd, or a pipe.
** SPDX-License-Identifier: MIT */
#ifndef SR_NOTIFY_H
#define SR_NOTIFY_H

struct sr_notify {
  int read_fd;  /* to be polled; -1: closed */
  int write_fd; /* the same descriptor where there are eventfds */
};

#define SR_NOTIFY_CLOSED                                                                           \
  { -1, -1 }

/* 0; or -1 and errno, and then it is closed. */
int sr_notify_open(struct sr_notify *notify);

/* Makes read_fd readable, for good. 0, or -1 and errno if it is closed. */
int sr_notify_send(const struct sr_notify *notify);

/* Does nothing if it is closed. */
void sr_notify_close(struct sr_notify *notify);

#endif
