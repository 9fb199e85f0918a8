/* A job: a call that was submitted to the worker thread.
** SPDX-License-Identifier: MIT
**
** The call belongs to the thread until it is done, then to the job's owner again. Nobody else
** touches it meanwhile. The owner learns of the end in one of two ways:
**
**   By a descriptor of the job that becomes readable.
**
**   By a connection to the worker's socket, for hosts that can only wait for sockets of their own
**   (nginx). The host sends the job's token of 8 bytes; that subscribes the connection to the job.
**   The thread answers with one byte: SR_REPLY_DONE when the call is done, and the connection can
**   be used for the next token; or SR_REPLY_UNKNOWN or SR_REPLY_FULL, and closes it. If the host
**   sends anything or closes the connection before that, the call is cancelled.
**
** Any thread may call the functions of the owner's side, but for one job only one at a time. */
#ifndef SR_JOB_H
#define SR_JOB_H

#include "http/sr_call.h"

enum sr_reply {
  SR_REPLY_NONE = 0, /* none yet: SR_REPLY_DONE follows */
  SR_REPLY_DONE = 'D',
  SR_REPLY_UNKNOWN = 'E',
  SR_REPLY_FULL = 'F'
};

enum { SR_TOKEN_SIZE = 8 };

struct sr_job;

enum sr_job_state {
  SR_JOB_RUNNING, /* the call is the thread's */
  SR_JOB_DONE,    /* the call is done, and the owner's */
  SR_JOB_FORKED   /* it was running when the process forked, and this is the child */
};

/* ---- the owner's side ---- */

/*
** Submits a new call. The job owns it from now on. NULL with an error: the call is still the
** caller's.
**
** `token` NULL: sr_job_fd tells when it is done. Else the token is written there, and the thread is
** not woken: connect first, and send the token at once, which wakes it. If it can't be sent, cancel
** or delete the job.
*/
struct sr_job *sr_job_submit(struct sr_call *call, unsigned char *token, struct sr_error *error);

/* The call. While it runs only what its maker has set may be read. */
const struct sr_call *sr_job_call(const struct sr_job *job);

/* The descriptor that becomes readable when it is done, to be polled only; -1: it has a token. */
int sr_job_fd(const struct sr_job *job);

enum sr_job_state sr_job_state(const struct sr_job *job);

/* If it is running, has the call end as cancelled soon. */
void sr_job_cancel(struct sr_job *job);

/* The same for all calls of a client, downloads included. */
void sr_job_cancel_client(const struct sr_config *config);

/*
** Ends the job, which must not be SR_JOB_RUNNING, and returns its call. In SR_JOB_FORKED that is a
** copy of the request that has ended as cancelled. NULL when memory ran out.
*/
struct sr_call *sr_job_take(struct sr_job *job);

/*
** Deletes job and call. If it is running it is cancelled, and the thread deletes it. NULL is
** allowed.
*/
void sr_job_delete(struct sr_job *job);

/* ---- the thread's side ---- */

/* From now on jobs can be submitted, and submitting one wakes `engine`. */
void sr_jobs_open(struct sr_engine *engine);

/* From now on they can't. */
void sr_jobs_close(void);

/* `engine` is not woken any more. */
void sr_jobs_detach(void);

/* Begins and cancels the calls that the owners want begun and cancelled. */
void sr_jobs_work(struct sr_engine *engine);

/* Cancels all calls that were begun. */
void sr_jobs_cancel_all(void);

/* Names a connection. */
#define SR_NO_SUBSCRIBER SIZE_MAX

/*
** Subscribes a connection to the job of a token. Returns what to answer now. SR_REPLY_NONE: *job is
** the job until sr_job_finish or sr_job_unsubscribe. Call sr_jobs_work afterwards: the job may not
** have begun.
*/
enum sr_reply sr_job_subscribe(const unsigned char token[SR_TOKEN_SIZE], size_t subscriber,
                               struct sr_job **job);

/* Its connection has another number now. */
void sr_job_renumber(struct sr_job *job, size_t subscriber);

/* Its connection is gone: sr_jobs_work will cancel the call. */
void sr_job_unsubscribe(struct sr_job *job);

/*
** Gives a call that the engine has ended back to the job's owner. Returns the connection to tell,
** or SR_NO_SUBSCRIBER.
*/
size_t sr_job_finish(struct sr_call *call);

struct sr_job_counts {
  unsigned long begun, done, cancelled;
};
struct sr_job_counts sr_jobs_count(void);

/* Called by the fork handlers. In the child all jobs of the parent are forgotten. */
void sr_jobs_before_fork(void);
void sr_jobs_after_fork(int in_child);

#endif
