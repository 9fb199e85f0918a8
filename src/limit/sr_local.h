/* The limiter of one machine: slots of this process, or of all processes that map the same file.
** SPDX-License-Identifier: MIT
**
** One object for each limit of the process, whoever opens it: a limit that clients did not share
** would not be one. It is freed, and its file removed, when nobody has it open and its last stamp has
** passed; before that its slots may still be cooling down when the next client comes. Any thread may
** use it. */
#ifndef SR_LOCAL_H
#define SR_LOCAL_H

#include "limit/sr_limiter.h"

/* The driver's settings, in place of a text. */
struct sr_local_settings {
  int shared;            /* 0: this process alone; 1: by a file, or like 0 while none can be had */
  int group;             /* see sr_share.h */
  const char *state_dir; /* NULL: see sr_share.h */
  int strict; /* no slots of this process alone: without a file the limiter is out of reach */
  int real;   /* its times are those of sr_clock_monotonic: it may be freed as they pass */
};

/*
** The limiter for an identity and settings; always the same one while it is open. Each opening needs
** a close of the driver. NULL when memory ran out.
*/
struct sr_limiter *sr_local_open(const struct sr_local_settings *settings,
                                 const struct sr_limit_identity *identity);

/*
** All but `open` and `check`. While a shared limiter has to make do with the slots of this process,
** sr_ruling.problem of a take says why.
*/
extern const struct sr_limiter_driver sr_local_driver;

#endif
