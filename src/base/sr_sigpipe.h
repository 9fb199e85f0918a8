/* Keeps SIGPIPE from killing the program while a TLS library writes.
** SPDX-License-Identifier: MIT
**
** TLS libraries write without MSG_NOSIGNAL, and a peer may be gone. SIGPIPE is blocked on this thread
** meanwhile, and consumed if it was raised. If the program had it blocked, nothing is changed: a
** pending one may be the program's. Holds can be nested. */
#ifndef SR_SIGPIPE_H
#define SR_SIGPIPE_H

#include <signal.h>

struct sr_sigpipe {
  int held; /* this hold blocked it, and releasing it unblocks it */
  sigset_t before;
};

/* Blocks SIGPIPE if `wanted` is not 0. */
void sr_sigpipe_hold(struct sr_sigpipe *hold, int wanted);

/* Undoes a hold, on the same thread. */
void sr_sigpipe_release(const struct sr_sigpipe *hold);

#endif
