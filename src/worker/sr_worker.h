/* The engine on a thread of its own, for hosts that have an event loop of their own: the loop waits
** for one descriptor, and is told when a call is done.
** SPDX-License-Identifier: MIT
**
** There is one thread a process at most. It starts with the first call, and stops when the last of
** its users (Lua states) leaves, or when the process ends. Fork: a child has no thread; it starts
** one of its own with its first call. The parent's calls end there as cancelled.
**
** A call is given to the thread as a job, and belongs to the thread from then until it is done;
** nobody else touches it meanwhile. There are two ways to give it and to hear of its end:
**
**   By a connection to the thread's own socket, for hosts that can only wait for sockets that they
**   have made themselves (nginx). The host sends the job's token of 8 bytes; that submits the
**   call. The thread answers with one byte: SR_REPLY_DONE when the call is done, and the connection
**   can be used for the next token; or SR_REPLY_UNKNOWN or SR_REPLY_FULL, and closes it. If the host
**   sends anything or closes the connection before that, the call is cancelled.
**
**   By sr_job_submit and a descriptor that becomes readable when the call is done.
**
** All functions may be called from any thread, but each job from one at a time. */
#ifndef SR_WORKER_H
#define SR_WORKER_H

#include "http/sr_call.h"

#include <sys/un.h>

enum { SR_REPLY_DONE = 'D', SR_REPLY_UNKNOWN = 'E', SR_REPLY_FULL = 'F' };

enum { SR_TOKEN_SIZE = 8 };

/* ---- users ---- */

/*
** Users are counted: the thread is stopped when the last one leaves. The first call notes which
** processors the process may use: the thread may use these, whatever its starter is bound to by then.
*/
void sr_worker_ref(void);
void sr_worker_unref(void);

/* ---- the thread ---- */

/* Where to connect: a path for a unix socket address. */
struct sr_worker_address {
  char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
  unsigned generation; /* another one: connections that were made before lead nowhere now */
};

/* Starts this process's thread unless it runs already. 0 or -1 with an error. */
int sr_worker_start(struct sr_error *error);

/* The address of the thread that runs. -1 when there is none. */
int sr_worker_address(struct sr_worker_address *address);

/* The generation of the thread that runs, 0 when there is none. Takes no lock. */
unsigned sr_worker_generation(void);

/* Counts since the process began, and what is there now. */
struct sr_worker_status {
  int running;               /* 1: there is a thread */
  unsigned long calls;       /* under way, from their submission on */
  unsigned long connections; /* open */
  unsigned long begun, done; /* calls, ever */
  unsigned long cancelled;   /* of those done: given up by their owners, or at the stop */
  unsigned long refused;     /* connections for which no descriptor was left */
  unsigned long starts;      /* of the thread */
};
void sr_worker_status(struct sr_worker_status *status);

/*
** Cancels all calls of a client, downloads too, whether they were submitted or only prepared. Returns
** at once.
*/
void sr_worker_cancel_client(const struct sr_config *config);

/* ---- jobs ---- */

struct sr_job;

enum sr_job_state {
  SR_JOB_PREPARED, /* not yet submitted */
  SR_JOB_RUNNING,  /* the call is the thread's */
  SR_JOB_DONE,     /* the call is done and the owner's again */
  SR_JOB_FORKED    /* it was not done when the process forked, and this is the child */
};

/*
** A job for a new call, which it owns from now on: sr_job_take gives it back,
** sr_job_delete deletes it. NULL when memory ran out: the call is the caller's still.
*/
struct sr_job *sr_job_new(struct sr_call *call);

/* Writes the token that submits it by a connection. */
void sr_job_token(const struct sr_job *job, unsigned char token[SR_TOKEN_SIZE]);

/*
** Submits it directly, and gives a descriptor that becomes readable when it is done; the job's
** own, to be polled only. -1 with an error, and then it is not submitted.
*/
int sr_job_submit(struct sr_job *job, struct sr_error *error);

/* Its call, for what the maker has set: nothing else may be looked at while it is under way. */
const struct sr_call *sr_job_call(const struct sr_job *job);

/* The descriptor that sr_job_submit gave, or -1. */
int sr_job_fd(const struct sr_job *job);

enum sr_job_state sr_job_state(const struct sr_job *job);

/* Has the call end as cancelled, soon, if it is under way. */
void sr_job_cancel(struct sr_job *job);

/*
** Ends the job, which must not be SR_JOB_RUNNING, and gives its call back. In a child of the
** process that submitted it that is a copy of the request that has ended as cancelled. NULL when
** memory ran out.
*/
struct sr_call *sr_job_take(struct sr_job *job);

/* Deletes job and call; if it is under way it is cancelled, and deleted by the thread. NULL is allowed. */
void sr_job_delete(struct sr_job *job);

/* ---- for tests ---- */

/* 1: as on systems without /proc, where the socket keeps its name. */
extern int sr_worker_keeps_name;

#endif
