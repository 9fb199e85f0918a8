/* One call of the API: what is asked, how far it is, what came of it. Plain data; the engine moves
** it.
** SPDX-License-Identifier: MIT */
#ifndef SR_CALL_H
#define SR_CALL_H

#include "base/sr_base.h"
#include "base/sr_buf.h"
#include "base/sr_list.h"
#include "http/sr_config.h"
#include "http/sr_error.h"
#include "http/sr_sink.h"
#include "limit/sr_limiter.h"

#include <curl/curl.h>

struct sr_engine;
struct sr_gate;
struct sr_transfer;

enum sr_state {
  SR_STATE_NEW,     /* not yet given to an engine */
  SR_STATE_QUEUED,  /* waits for a slot of the limiter */
  SR_STATE_SENDING, /* an attempt is under way */
  SR_STATE_BACKOFF, /* an attempt failed; waits for the next one's time */
  SR_STATE_DONE     /* over: `error.kind` tells how */
};

/* Events of a call before its outcome, for observers. */
enum sr_event_type {
  SR_EVENT_WAIT,            /* it has waited for a slot: `duration` */
  SR_EVENT_RETRY,           /* an attempt failed, the next begins in `duration` */
  SR_EVENT_RATE_LIMITED,    /* the server said 429: all stop for `duration` */
  SR_EVENT_BLOCKED,         /* the key is blocked for `duration` more */
  SR_EVENT_UNBLOCKED,       /* the ban is over: this call got through */
  SR_EVENT_LIMITER_FALLBACK /* the limiter is not the one that was asked for: `problem` */
};

struct sr_event {
  enum sr_event_type type;
  sr_time duration;
  int attempt;      /* attempts begun by then */
  int status;       /* of the answer that caused it, or 0 */
  const char *code; /* a constant: of the error that caused it, or NULL */
  char *problem;    /* LIMITER_FALLBACK: why; NULL: none, or memory ran out */
};

enum { SR_EVENTS_MAX = 12 };

/* A part of a multipart/form-data body: a text field, or a file when it has a filename. */
struct sr_part {
  struct sr_part *next;
  struct sr_buf name; /* of the form field; any text without NUL */
  struct sr_buf filename;
  struct sr_buf content_type; /* empty: libcurl chooses one for files, texts have none */
  struct sr_buf data;
};

/*
** Made by sr_call_new; the request's fields are then filled in by the maker, and not touched once
** the call was submitted. Whoever made a call deletes it; an engine only links it while it is under
** way.
*/
struct sr_call {
  /* The request. */
  struct sr_config *config; /* a reference */
  const char *method;       /* a constant: "GET", "POST", "PUT", "PATCH", "DELETE" */
  struct sr_buf target;     /* path and query under the base address, without the key */
  struct sr_buf body;
  struct sr_part *parts, *last_part; /* of a multipart body, in order, owned; NULL: it is none */
  struct curl_slist *headers;        /* more request headers, owned; NULL mostly */
  sr_time timeout;                   /* for the whole call: slots, attempts, back-offs */
  sr_time connect_timeout;           /* name, connection and TLS of one attempt */
  sr_time attempt_timeout;           /* one attempt; 0: bounded by `timeout` alone */
  struct sr_sink *sink; /* where a successful answer's body goes, owned; NULL: `answer` */
  size_t max_body;      /* bytes of `answer`, after decompression */
  size_t max_headers;   /* bytes of header lines */
  int has_body;         /* a body of no bytes is one too */
  int retries;          /* attempts after the first */
  int repeatable;       /* doing it twice does no harm */
  int paid;             /* costs money: retried only where nothing was sent */
  int low;              /* priority: leaves the last slot to others */
  int wait_blocked;     /* while the key is blocked: waits, within the deadline */

  /* Progress: the engine's. */
  struct sr_engine *engine; /* NULL unless in flight */
  /*
  ** Ends the call at once, see sr_engine_cancel. Set by the engine, so that a call need not know
  ** it.
  */
  void (*cancel)(struct sr_call *call);
  struct sr_node node;       /* in the engine's list of calls in flight */
  struct sr_node ready_node; /* in the engine's list of calls that need their owner */
  uint64_t tag;              /* not 0: it goes on that list when it needs its owner */
  sr_time started;
  sr_time deadline;
  sr_time since;        /* when it came into its state */
  sr_time due;          /* when it leaves SR_STATE_BACKOFF; queued: not before */
  struct sr_gate *gate; /* the engine's limiter for it; NULL: none */
  struct sr_slot slot;
  struct sr_transfer *transfer; /* of the attempt in flight */
  enum sr_state state;
  int real_time; /* its times are those of sr_clock_monotonic, not of a test's clock */
  int ban_told;  /* an event has told that it waits for the end of a ban */
  int http1;     /* the server refused it on HTTP/2: not there again */

  /* The outcome, complete in SR_STATE_DONE; `error`, below, belongs to it. */
  int status;           /* of the last answer, 0: none */
  int attempts;         /* started */
  struct sr_buf head;   /* its header lines, status line first, CRLF between; masked as `answer` */
  struct sr_buf answer; /* its body, decompressed; without the key if the call failed */
  sr_time retry_after;  /* earliest sensible time to repeat it, from now; -1: not known */
  sr_time waited;       /* for slots */
  sr_time elapsed;      /* from submission to the end */
  const char *http_version; /* "1.1", "2" …; "" when there was no answer */
  int in_doubt;             /* an earlier attempt may have been carried out: no answer, or 5xx */
  int sent;                 /* the server may have got the request, in any attempt */
  int retryable;            /* the same call again is harmless and may succeed */
  int reused;               /* the last attempt needed no new connection */

  struct sr_event *events; /* what happened on the way, oldest first; NULL until something did */
  int event_count;
  int events_lost; /* that did not fit, or for want of memory */

  int cleared; /* sr_call_clear was the last to touch it */

  /* What lies behind the beginning of `error` is not cleared for another request. */
  struct sr_error error; /* of the last attempt; kind SR_NO_ERROR after a success */
};

/*
** A call with defaults: GET, 60 s, 10 s to connect, 2 retries. NULL when memory ran out. Takes a
** reference to `config`.
*/
struct sr_call *sr_call_new(struct sr_config *config);

/* Makes a call that is not in flight new again, for another request of the same client. */
void sr_call_reset(struct sr_call *call);

/*
** Empties request and answer of a call that is not in flight, and frees what takes much memory.
** Only sr_call_reset and sr_call_delete may follow.
*/
void sr_call_clear(struct sr_call *call);

/* Ends it if it is under way, and frees everything. NULL is allowed. */
void sr_call_delete(struct sr_call *call);

/* A new empty part of its body, behind those that there are. NULL when memory ran out. */
struct sr_part *sr_call_add_part(struct sr_call *call);

/* Notes that something happened. `duration` as sr_event has it. */
void sr_call_add_event(struct sr_call *call, enum sr_event_type type, sr_time duration);

/* Forgets what happened so far. */
void sr_call_clear_events(struct sr_call *call);

/* Notes that another limiter stands in for the one that was asked for, and why. */
void sr_call_add_problem(struct sr_call *call, const char *problem);

/* Which of the client's header sets goes with the request. */
enum sr_headers sr_call_headers(const struct sr_call *call);

/*
** The value of a header of the answer, without blanks around it, copied to `out`; "" when it is not
** there.
*/
void sr_call_header(const struct sr_call *call, const char *name, char *out, size_t size);

#endif
