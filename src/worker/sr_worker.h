/* The worker: an engine on a thread of its own, for hosts that have an event loop.
** SPDX-License-Identifier: MIT
**
** A process has one thread at most. It starts with the first call, and stops when the last of its
** users (Lua states) leaves or when the process ends. Calls are submitted to it as jobs, see
** sr_job.h.
**
** Fork: a child has no thread. It starts its own with its first call. fork() waits until the thread
** has finished the round that it is in, so the child inherits no lock of libcurl or of TLS.
**
** Any thread may call these functions. */
#ifndef SR_WORKER_H
#define SR_WORKER_H

#include "http/sr_error.h"
#include "worker/sr_listener.h"

/*
** Users are counted; the thread stops when the last one leaves. The first call notes the processors
** that the process may use: the thread may use all of them, whatever the starter is bound to later.
*/
void sr_worker_ref(void);
void sr_worker_unref(void);

/* Starts the thread unless it is running. 0, or -1 with an error. */
int sr_worker_start(struct sr_error *error);

struct sr_worker_address {
  char path[SR_LISTENER_PATH]; /* of the unix socket to connect to */
  unsigned generation;         /* changes with each start: older connections are dead */
};

/* The address of the running thread. -1: none is running. */
int sr_worker_address(struct sr_worker_address *address);

/* The generation of the running thread; 0: none is running. Takes no lock. */
unsigned sr_worker_generation(void);

struct sr_worker_status {
  int running;               /* 1: there is a thread */
  unsigned long calls;       /* in flight, counted from their submission */
  unsigned long connections; /* open */
  unsigned long begun, done; /* calls since the process began */
  unsigned long cancelled;   /* of those done */
  unsigned long refused;     /* connections for which no descriptor was left */
  unsigned long starts;      /* of the thread */
};
void sr_worker_status(struct sr_worker_status *status);

#endif
