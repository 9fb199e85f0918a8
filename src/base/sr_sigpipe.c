/* Keeps SIGPIPE from killing the program while a TLS library writes.
** SPDX-License-Identifier: MIT */
#include "base/sr_sigpipe.h"

#include "base/sr_base.h"

#include <errno.h>
#include <time.h>

static void sigpipe_only(sigset_t *set) {
  sigemptyset(set);
  sigaddset(set, SIGPIPE);
}

void sr_sigpipe_hold(struct sr_sigpipe *hold, int wanted) {
  sigset_t set;
  hold->held = 0;
  if (!wanted)
    return;
  sigpipe_only(&set);
  hold->held =
      pthread_sigmask(SIG_BLOCK, &set, &hold->before) == 0 && !sigismember(&hold->before, SIGPIPE);
}

/* Consumes SIGPIPE if it is pending. */
static void consume(void) {
  sigset_t set;
  sigpipe_only(&set);
#if SR_LINUX
  static const struct timespec at_once = {0, 0};
  while (sigtimedwait(&set, NULL, &at_once) < 0 && errno == EINTR)
    ;
#else
  sigset_t pending;
  int number;
  if (sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE))
    (void)sigwait(&set, &number);
#endif
}

void sr_sigpipe_release(const struct sr_sigpipe *hold) {
  if (!hold->held)
    return;
  consume();
  pthread_sigmask(SIG_SETMASK, &hold->before, NULL);
}
