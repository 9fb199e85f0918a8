/* libcurl's multi handles whose wake-up descriptors a forked child does not keep.
** SPDX-License-Identifier: MIT */
#ifndef SR_FORK_MULTI_H
#define SR_FORK_MULTI_H

#include <curl/curl.h>

/* The descriptors by which libcurl wakes up curl_multi_poll. libcurl does not say which they are. */
enum { SR_WAKERS = 2 };
struct sr_wakers {
  int fds[SR_WAKERS]; /* -1: none */
};

/* curl_multi_init, with its wake-up descriptors in the table. NULL when memory ran out. */
CURLM *sr_fork_multi(struct sr_wakers *wakers);

/* curl_multi_cleanup for a handle of sr_fork_multi. NULL is allowed. */
void sr_fork_multi_cleanup(CURLM *multi, const struct sr_wakers *wakers);

#endif
