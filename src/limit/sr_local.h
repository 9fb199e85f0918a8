/* The limiter of one machine: slots of this process, or of all processes that map the same file.
** SPDX-License-Identifier: MIT
**
** There is one object for each limit of the process, whoever opens it. It is freed, and its file
** removed, once nobody has it open and its last stamp has passed: until then its slots may be cooling
** down when the next client comes. Any thread may use it. */
#ifndef SR_LOCAL_H
#define SR_LOCAL_H

#include "limit/sr_limiter.h"

/* The driver's settings, in place of a text. */
struct sr_local_settings {
  int shared; /* 0: slots of this process; 1: of a file, or as 0 while none can be used */
  int group;  /* see sr_share.h */
  const char *state_dir; /* NULL: see sr_share.h */
  int strict;            /* with `shared`: without a file the limiter is out of reach */
  int real; /* its times are those of sr_clock_monotonic: it can be freed as they pass */
};

/* Whether both are settings of the same limiter, for one identity. */
int sr_local_is_same(const struct sr_local_settings *a, const struct sr_local_settings *b);

/*
** The limiter for an identity and settings, always the same one while it is open. Close it with the
** driver, once for each opening. NULL when memory ran out.
*/
struct sr_limiter *sr_local_open(const struct sr_local_settings *settings,
                                 const struct sr_limit_identity *identity);

/*
** All but `open` and `check`. While a shared limiter uses the slots of this process, sr_ruling.problem
** of a take says why.
*/
extern const struct sr_limiter_driver sr_local_driver;

#endif
