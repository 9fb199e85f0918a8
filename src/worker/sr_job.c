/* A job: a call that was submitted to the worker thread.
** SPDX-License-Identifier: MIT
**
** The lock guards all that owners and thread share. It is held for moments, never while waiting. */
#include "worker/sr_job.h"

#include "base/sr_fork.h"
#include "base/sr_list.h"
#include "base/sr_notify.h"
#include "http/sr_engine.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct sr_job {
  struct sr_call *call; /* owned */
  uint64_t token;       /* 0: it has a descriptor */
  unsigned forks;       /* sr_fork_count() of the process that submitted it */

  /* Under the lock. */
  enum sr_job_state state;
  int begun;               /* the engine has the call */
  int cancel;              /* the call is to be cancelled */
  int abandoned;           /* the owner is gone: the thread deletes it when it is done */
  struct sr_notify notify; /* the owner's; closed: it has a token, or is abandoned */
  struct sr_node in_running, in_inbox;
  struct sr_job *next_in_bucket;

  /* The thread's. */
  size_t subscriber;
};

/*
** Jobs whose tokens have not come yet, by their tokens. Tokens are serial numbers: they spread
** evenly.
*/
enum { BUCKETS = 1024 };

static struct {
  pthread_mutex_t lock;
  int open;                 /* jobs can be submitted */
  struct sr_engine *engine; /* to be woken, or NULL */
  int woken;                /* it was, and the thread has not emptied the inbox since */
  struct sr_list running;
  struct sr_list inbox; /* running jobs that the thread is to begin or cancel */
  struct sr_job *unsubscribed[BUCKETS];
  uint64_t last_token;
  struct sr_job_counts counts;
  struct sr_list
      parents; /* in a child: jobs that can't be freed, since the parent's thread may have been
                             changing their calls. Listed for leak checkers only */
} jobs = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .running = SR_LIST_EMPTY(jobs.running),
          .inbox = SR_LIST_EMPTY(jobs.inbox),
          .parents = SR_LIST_EMPTY(jobs.parents)};

static void lock(void) {
  pthread_mutex_lock(&jobs.lock);
}

static void unlock(void) {
  pthread_mutex_unlock(&jobs.lock);
}

/* ---- under the lock ---- */

static struct sr_job **find_token(uint64_t token) {
  struct sr_job **link = &jobs.unsubscribed[token % BUCKETS];
  while (*link != NULL && (*link)->token != token)
    link = &(*link)->next_in_bucket;
  return link;
}

static void add_token(struct sr_job *job) {
  struct sr_job **bucket = &jobs.unsubscribed[job->token % BUCKETS];
  job->next_in_bucket = *bucket;
  *bucket = job;
}

static void remove_token(const struct sr_job *job) {
  struct sr_job **link = find_token(job->token);
  if (*link == job)
    *link = job->next_in_bucket;
}

static void post(struct sr_job *job) {
  if (!sr_node_in_list(&job->in_inbox))
    sr_list_append(&jobs.inbox, &job->in_inbox);
}

static void wake_thread(void) {
  if (jobs.woken || jobs.engine == NULL)
    return;
  jobs.woken = 1;
  sr_engine_interrupt(jobs.engine);
}

static void request_cancel(struct sr_job *job) {
  job->cancel = 1;
  post(job);
  wake_thread();
}

static enum sr_job_state state_of(const struct sr_job *job) {
  return job->state == SR_JOB_RUNNING && job->forks != sr_fork_count() ? SR_JOB_FORKED : job->state;
}

/* ---- the owner's side ---- */

static void free_job(struct sr_job *job) {
  sr_notify_close(&job->notify);
  free(job);
}

/* NULL with an error. */
static struct sr_job *new_job(struct sr_call *call, int has_fd, struct sr_error *error) {
  struct sr_job *job = calloc(1, sizeof *job);
  char text[SR_ERRNO_TEXT];
  if (job == NULL) {
    sr_error_no_memory(error);
    return NULL;
  }
  job->call = call;
  job->forks = sr_fork_count();
  job->subscriber = SR_NO_SUBSCRIBER;
  job->notify = (struct sr_notify)SR_NOTIFY_CLOSED;
  if (!has_fd || sr_notify_open(&job->notify) == 0)
    return job;
  sr_error_set(error, SR_NETWORK, "no_descriptors", NULL,
               "no file descriptor is left for a call: %s", sr_errno_text(errno, text));
  free(job);
  return NULL;
}

struct sr_job *sr_job_submit(struct sr_call *call, unsigned char *token, struct sr_error *error) {
  struct sr_job *job = new_job(call, token == NULL, error);
  int open;
  if (job == NULL)
    return NULL;
  lock();
  open = jobs.open;
  if (open) {
    job->state = SR_JOB_RUNNING;
    jobs.counts.begun++;
    sr_list_append(&jobs.running, &job->in_running);
    post(job);
    if (token == NULL) {
      wake_thread();
    } else {
      job->token = ++jobs.last_token;
      memcpy(token, &job->token, SR_TOKEN_SIZE);
      add_token(job);
    }
  }
  unlock();
  if (open)
    return job;
  free_job(job);
  sr_error_set(error, SR_CANCELLED, "stopped", NULL,
               "the thread that carries out calls has stopped");
  return NULL;
}

const struct sr_call *sr_job_call(const struct sr_job *job) {
  return job->call;
}

int sr_job_fd(const struct sr_job *job) {
  return job->notify.read_fd;
}

enum sr_job_state sr_job_state(const struct sr_job *job) {
  enum sr_job_state state;
  lock();
  state = state_of(job);
  unlock();
  return state;
}

void sr_job_cancel(struct sr_job *job) {
  lock();
  if (state_of(job) == SR_JOB_RUNNING)
    request_cancel(job);
  unlock();
}

void sr_job_cancel_client(const struct sr_config *config) {
  struct sr_job *job;
  lock();
  for (job = SR_LIST_FIRST(&jobs.running, struct sr_job, in_running); job != NULL;
       job = SR_LIST_NEXT(&jobs.running, job, struct sr_job, in_running))
    if (job->call->config->client == config->client)
      request_cancel(job);
  unlock();
}

/* Of a call that the parent's thread may have been changing: it never changes the request. */
static struct sr_call *copy_request(const struct sr_call *call) {
  struct sr_call *copy = sr_call_new(call->config);
  if (copy == NULL)
    return NULL;
  copy->method = call->method;
  copy->state = SR_STATE_DONE;
  if (sr_buf_append(&copy->target, sr_buf_text(&call->target), call->target.len) != 0) {
    sr_call_delete(copy);
    return NULL;
  }
  sr_error_set(&copy->error, SR_CANCELLED, "forked", NULL,
               "the process forked while the call was in flight");
  return copy;
}

static void leave_to_parent(struct sr_job *job) {
  sr_notify_close(&job->notify);
  memset(&job->in_running, 0, sizeof job->in_running); /* the list that it was in is the parent's */
  lock();
  sr_list_append(&jobs.parents, &job->in_running);
  unlock();
}

struct sr_call *sr_job_take(struct sr_job *job) {
  struct sr_call *call = job->call;
  if (sr_job_state(job) == SR_JOB_FORKED) {
    call = copy_request(call);
    if (call != NULL)
      leave_to_parent(job);
    return call;
  }
  lock();
  remove_token(job);
  unlock();
  free_job(job);
  return call;
}

void sr_job_delete(struct sr_job *job) {
  enum sr_job_state state;
  if (job == NULL)
    return;
  lock();
  state = state_of(job);
  if (state != SR_JOB_FORKED)
    remove_token(job);
  if (state == SR_JOB_RUNNING) {
    job->abandoned = 1;
    sr_notify_close(&job->notify);
    request_cancel(job);
  }
  unlock();
  if (state == SR_JOB_FORKED) {
    leave_to_parent(job);
  } else if (state == SR_JOB_DONE) {
    sr_call_delete(job->call);
    free_job(job);
  }
}

/* ---- the thread's side ---- */

void sr_jobs_open(struct sr_engine *engine) {
  lock();
  jobs.engine = engine;
  jobs.open = 1;
  unlock();
}

void sr_jobs_close(void) {
  lock();
  jobs.open = 0;
  unlock();
}

void sr_jobs_detach(void) {
  lock();
  jobs.engine = NULL;
  jobs.woken = 0;
  unlock();
}

/* The next job of the inbox, and what to do with it. Nobody deletes it meanwhile: it is running. */
static struct sr_job *read_inbox(int *begin, int *cancel) {
  struct sr_job *job;
  lock();
  job = SR_LIST_FIRST(&jobs.inbox, struct sr_job, in_inbox);
  if (job != NULL) {
    sr_list_remove(&job->in_inbox);
    *begin = !job->begun;
    *cancel = job->cancel;
    job->begun = 1;
  } else {
    jobs.woken = 0;
  }
  unlock();
  return job;
}

void sr_jobs_work(struct sr_engine *engine) {
  struct sr_job *job;
  int begin, cancel;
  while ((job = read_inbox(&begin, &cancel)) != NULL) {
    if (begin)
      sr_engine_submit(engine, job->call, (uintptr_t)job);
    if (cancel)
      sr_engine_cancel(job->call);
  }
}

void sr_jobs_cancel_all(void) {
  struct sr_job *job;
  lock();
  for (job = SR_LIST_FIRST(&jobs.running, struct sr_job, in_running); job != NULL;
       job = SR_LIST_NEXT(&jobs.running, job, struct sr_job, in_running))
    sr_engine_cancel(job->call);
  unlock();
}

enum sr_reply sr_job_subscribe(const unsigned char token[SR_TOKEN_SIZE], size_t subscriber,
                               struct sr_job **job) {
  enum sr_reply reply = SR_REPLY_UNKNOWN;
  uint64_t number;
  memcpy(&number, token, sizeof number);
  lock();
  *job = *find_token(number);
  if (*job != NULL) {
    remove_token(*job);
    reply = (*job)->state == SR_JOB_DONE ? SR_REPLY_DONE : SR_REPLY_NONE;
    if (reply == SR_REPLY_NONE)
      (*job)->subscriber = subscriber;
  }
  unlock();
  return reply;
}

void sr_job_renumber(struct sr_job *job, size_t subscriber) {
  job->subscriber = subscriber;
}

void sr_job_unsubscribe(struct sr_job *job) {
  job->subscriber = SR_NO_SUBSCRIBER;
  lock();
  job->cancel = 1;
  post(job);
  unlock();
}

size_t sr_job_finish(struct sr_call *call) {
  struct sr_job *job =
      (struct sr_job *)(uintptr_t)call->tag; /* NOLINT(performance-no-int-to-ptr) */
  size_t subscriber = job->subscriber;
  int abandoned;
  lock();
  abandoned = job->abandoned;
  jobs.counts.done++;
  jobs.counts.cancelled += call->error.kind == SR_CANCELLED;
  job->state = SR_JOB_DONE;
  sr_list_remove(&job->in_running);
  sr_list_remove(&job->in_inbox);
  if (!abandoned && job->token == 0)
    (void)sr_notify_send(&job->notify);
  unlock(); /* now it is the owner's, and may be gone */
  if (abandoned) {
    sr_call_delete(call);
    free_job(job);
  }
  return subscriber;
}

struct sr_job_counts sr_jobs_count(void) {
  struct sr_job_counts counts;
  lock();
  counts = jobs.counts;
  unlock();
  return counts;
}

/* ---- forks ---- */

void sr_jobs_before_fork(void) {
  lock();
}

void sr_jobs_after_fork(int in_child) {
  if (in_child) {
    jobs.open = jobs.woken = 0;
    jobs.engine = NULL;
    sr_list_init(&jobs.running);
    sr_list_init(&jobs.inbox);
    memset(jobs.unsubscribed, 0, sizeof jobs.unsubscribed);
    memset(&jobs.counts, 0, sizeof jobs.counts);
  }
  unlock(); /* the thread that forked holds it, in the child too */
}
