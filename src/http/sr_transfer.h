/* One attempt of a call on libcurl: sets up the handle, collects the answer, says what libcurl's
** result means.
** SPDX-License-Identifier: MIT */
#ifndef SR_TRANSFER_H
#define SR_TRANSFER_H

#include "http/sr_call.h"

/* How far a request got. */
enum sr_reach {
  SR_UNSENT = 0, /* not a byte of it has left */
  SR_REFUSED,    /* it was sent, but the server did not process it */
  SR_SENT        /* it may have been carried out */
};

/* How far the answer's head has come. After a 1xx answer it begins again. */
enum sr_head {
  SR_HEAD_NONE = 0,
  SR_HEAD_BEGUN,
  SR_HEAD_WHOLE /* the blank line after it has come */
};

/* Asked right before a request is sent. 0: it must not be. */
typedef int sr_may_send(struct sr_call *call);

/*
** An easy handle and what belongs to it. Kept for the next call: set-up that depends on the client
** alone is done once. Callbacks write into the call's buffers and nothing else.
*/
struct sr_transfer {
  CURL *easy;
  CURLSH *share;              /* the engine's */
  const uint64_t *rounds;     /* the engine's count of runs of libcurl */
  struct sr_transfer *next;   /* in the engine's list of idle ones */
  uint64_t config_id;         /* of the client it is set up for; 0: none */
  int plain_get;              /* it is set up for a GET with the client's headers alone */
  int http1;                  /* it is set up for HTTP/1.1 alone */
  struct sr_call *call;       /* NULL while idle */
  sr_may_send *may_send;      /* of this attempt */
  sr_time ends, connect_ends; /* on the real clock, see on_progress */
  struct curl_slist *headers; /* made for this attempt alone, or NULL */
  curl_mime *mime;            /* the same */
  struct sr_buf target;       /* made for each attempt */

  /* From here to `detail` all is 0 when an attempt begins. */
  uint64_t round;               /* *rounds, when on_progress last looked */
  int steps;                    /* how often libcurl made progress in it, before the request */
  int busy;                     /* how often beyond what is usual, in all rounds */
  int expired;                  /* on_progress or on_body ended it: its time was over */
  int flooded;                  /* on_progress ended it: the proxy sends without end */
  int requests;                 /* how often libcurl was about to send in this attempt */
  int connects;                 /* connections made for it, when it first was */
  long before;                  /* bytes sent for it by then (to a proxy) */
  enum sr_reach reach;          /* of the first sending, once libcurl was about to send again */
  size_t head_bytes;            /* of all heads, those of 1xx answers too */
  int late;                     /* it came to sending after the slot's time: nothing was sent */
  enum sr_head head;            /* of the answer */
  int codings;                  /* how often the answer's body is compressed */
  int too_large;                /* "body" (1) or "headers" (2) passed their limit */
  int sink_failed;              /* the call's sink did not take the body */
  int no_memory;                /* a buffer could not grow */
  int no_descriptors;           /* a socket could not be made */
  char detail[CURL_ERROR_SIZE]; /* libcurl's words on a failure */
};

/* NULL when memory ran out. `share` (TLS sessions) and `rounds` must outlive it. */
struct sr_transfer *sr_transfer_new(CURLSH *share, const uint64_t *rounds);
void sr_transfer_delete(struct sr_transfer *transfer);

/* Does the set-up that depends on the client alone. Not CURLE_OK: it can only be deleted. */
CURLcode sr_transfer_prepare(struct sr_transfer *transfer, const struct sr_config *config);

/*
** Prepares an attempt of `call` that ends `timeout` from `now`, which is on sr_clock_monotonic. Not
** CURLE_OK: nothing was begun.
*/
CURLcode sr_transfer_begin(struct sr_transfer *transfer, struct sr_call *call,
                           sr_may_send *may_send, sr_time now, sr_time timeout);

/*
** Records what libcurl knows of the attempt that ended with `code`: status, version, reuse. Fills
** `error`: SR_NO_ERROR when the answer is complete, whatever its status. Returns how far the
** request got.
*/
enum sr_reach sr_transfer_finish(struct sr_transfer *transfer, CURLcode code,
                                 struct sr_error *error);

/* Whether the attempt in flight may have reached the server. */
int sr_transfer_sent(const struct sr_transfer *transfer);

/* Whether handles of the libcurl that is loaded can be used for another attempt. */
int sr_transfer_is_reusable(void);

/* Drops the call and everything made for it. The handle is in no multi handle any more. */
void sr_transfer_release(struct sr_transfer *transfer);

#endif
