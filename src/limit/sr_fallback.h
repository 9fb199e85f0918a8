/* A limiter made of two: the second stands in while the first is out of reach.
** SPDX-License-Identifier: MIT
**
** A request takes a slot of both whenever it can. So this process never exceeds the second one's
** limit, however often the first one comes and goes. */
#ifndef SR_FALLBACK_H
#define SR_FALLBACK_H

#include "limit/sr_limiter.h"

/*
** Owns both limiters from here on and closes them, also when it fails. The second one must answer
** at once: its take never returns SR_LIMIT_ASKED. NULL when memory ran out or one of the two is
** NULL.
*/
struct sr_limiter *sr_fallback_open(const struct sr_limiter_driver *first_driver,
                                    struct sr_limiter *first,
                                    const struct sr_limiter_driver *second_driver,
                                    struct sr_limiter *second);

/*
** All but `open` and `check`. While the first limiter is out of reach, a take is GRANTED with the
** reason in sr_ruling.problem.
*/
extern const struct sr_limiter_driver sr_fallback_driver;

#endif
