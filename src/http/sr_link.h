/* The limiters that an engine has opened, one for each limit, found by what makes them the same.
** SPDX-License-Identifier: MIT
**
** A link belongs to its engine and to whoever has got it from sr_links_get, until he puts it back.
** One that nobody has is kept for the next call of the same limit; when there are more than a few of
** these, the one unused for longest is closed as soon as its limiter loses nothing by it. */
#ifndef SR_LINK_H
#define SR_LINK_H

#include "http/sr_config.h"
#include "limit/sr_limiter.h"

struct link {
  struct link *next;           /* in its bucket */
  struct link *prev, *after;   /* among the unused ones, or (in use) none */
  struct link *next_that_asks; /* among those whose driver has work to do by itself */
  int users;                   /* sr_links_get that were not put back */
  const struct sr_limiter_driver *driver;
  struct sr_limiter *limiter;
  struct sr_limiter *own; /* stands in while the driver's is out of reach; NULL: not wanted */
  /* With copies of its strings, as `settings`: clients come and go. */
  struct sr_limit_identity identity;
  struct sr_local_settings local;
  char *settings;
  sr_time keep_until; /* unused: not closed before */
  int full;           /* calls that may use this many slots get none … */
  sr_time not_before; /* … before this time */
  int asked;          /* takes whose answer is not there yet */
  int waiting;        /* calls in the queue */
  int told;           /* the fallback was reported */
};

/* All zero: none. */
struct sr_links {
  struct link **buckets;
  size_t size, count;  /* `size` is a power of two, or 0 */
  struct link *asking; /* see next_that_asks */
  struct link *first;  /* unused for longest */
  struct link *last;
  int unused;
};

/* The limiter of a client's calls, opened if it is new here. NULL when memory ran out. */
struct link *sr_links_get(struct sr_links *links, const struct sr_config *config);
void sr_links_put(struct sr_links *links, struct link *link, sr_time now);

/* In a forked child: its answers go to the parent. */
void sr_links_forked(struct sr_links *links);

/* Closes what is unused and loses nothing by it. For an engine that has nothing to do. */
void sr_links_trim(struct sr_links *links, sr_time now);

/* Closes all of them. None is in use. */
void sr_links_close(struct sr_links *links);

#endif
