/* libcurl as one engine uses it: the multi handle, the TLS session cache, idle transfers.
** SPDX-License-Identifier: MIT
**
** Nothing is opened before the first attempt. One thread uses it; only sr_multi_wake may be
** called by others. */
#ifndef SR_MULTI_H
#define SR_MULTI_H

#include "base/sr_base.h"
#include "base/sr_fork_multi.h"

#include <curl/curl.h>
#include <pthread.h>

struct sr_transfer;

struct sr_multi {
  CURLM *handle;           /* NULL until it is needed */
  struct sr_wakers wakers; /* of `handle` */
  CURLSH *share;           /* TLS sessions; NULL until it is needed */
  pthread_mutex_t lock;    /* guards `handle` against sr_multi_wake */
  int reuses_handles;      /* see sr_transfer_is_reusable */
  struct sr_transfer *idle;
  int idle_count;
  /* Only where a handle has one use, see prepare_next: */
  struct sr_transfer *spent;  /* one that has stopped; NULL: none */
  struct sr_transfer *latest; /* the last that was started, while it runs */
  int running;                /* transfers in `handle` */
  uint64_t rounds;            /* calls of sr_multi_work */
  int has_connections;        /* may have some: attempts began since sr_multi_renew */
};

/* All zero before. */
void sr_multi_init(struct sr_multi *multi);

/* Closes its connections. No transfer is running. */
void sr_multi_fini(struct sr_multi *multi);

/*
** In a forked child: drops handles, transfers included, without a byte to the parent's
** connections.
*/
void sr_multi_forget(struct sr_multi *multi);

/* Opens the handles if they are not open. 0, or -1 when memory or descriptors ran out. */
int sr_multi_open(struct sr_multi *multi);

/* A transfer to prepare: an idle one if there is one. NULL when memory ran out. */
struct sr_transfer *sr_multi_get(struct sr_multi *multi);

/* Starts a prepared transfer. 0, or -1: it was not started, and is deleted. */
int sr_multi_start(struct sr_multi *multi, struct sr_transfer *transfer);

/* Stops a started transfer, finished or not, and keeps it for another attempt. */
void sr_multi_stop(struct sr_multi *multi, struct sr_transfer *transfer);

/* Lets libcurl read and write. */
CURLMcode sr_multi_work(struct sr_multi *multi);

/*
** The next transfer that libcurl has finished, with its result; it is still to be stopped. NULL:
** none.
*/
struct sr_transfer *sr_multi_finished(struct sr_multi *multi, CURLcode *result);

/*
** Waits for libcurl's descriptors and `extra`, at most `max_wait`. See curl_multi_poll. Where a handle
** has one use, it first prepares one for the next attempt while a server is waited for.
*/
CURLMcode sr_multi_poll(struct sr_multi *multi, struct curl_waitfd *extra, unsigned count,
                        sr_time max_wait);

/*
** Replaces the handle, which closes its connections. 0, or -1: nothing has changed. None is
** running.
*/
int sr_multi_renew(struct sr_multi *multi);

/* Makes sr_multi_poll return, now or when it is called next. From any thread. */
void sr_multi_wake(struct sr_multi *multi);

#endif
