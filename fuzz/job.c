/* Fuzz target: in whatever order owners, connections, the thread, the server, the clock and forks act
** on jobs, each call ends once, is reported once to the connection that waits for it, and is freed once.
** All of them act on one thread here; fuzz/worker.c has the real one.
** SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include "http/sr_engine.h"
#include "worker/sr_job.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { JOBS = 5, CONNECTIONS = 3, NOBODY = -1 };

/* A job as it should be. */
struct subject {
  struct sr_job *job;        /* NULL: the owner has left, or has taken the call */
  struct sr_job *thread_job; /* the thread's name of it */
  struct sr_call *call;      /* NULL: the thread has given it back, or there is none */
  unsigned char token[SR_TOKEN_SIZE];
  int has_token, token_used;
  int begun, cancelled, answered;
  int connection; /* that it is to be reported to */
};

struct scene {
  struct sr_manual_clock manual;
  struct sr_engine *engine; /* NULL: stopped */
  struct sr_config *config;
  struct subject subjects[JOBS];
  struct subject *connections[CONNECTIONS]; /* NULL: it waits for a token */
  int connected;
  const char *problem; /* the first */
};

static void expect(struct scene *scene, int condition, const char *problem) {
  if (!condition && scene->problem == NULL)
    scene->problem = problem;
}

static void start(struct scene *scene) {
  struct sr_engine_options options;
  memset(&options, 0, sizeof options);
  options.clock = sr_clock_manual(&scene->manual);
  options.external = 1;
  scene->engine = sr_engine_new(&options);
  if (scene->engine == NULL)
    abort();
  sr_jobs_open(scene->engine);
}

/* ---- the owner ---- */

static void submit(struct scene *scene, struct subject *subject, int with_token) {
  struct sr_error error;
  struct sr_call *call;
  if (subject->job != NULL || subject->call != NULL)
    return;
  call = sr_call_new(scene->config);
  if (call == NULL || sr_buf_puts(&call->target, "/sites") != 0)
    abort();
  call->retries = 0;
  memset(subject, 0, sizeof *subject);
  subject->connection = NOBODY;
  subject->has_token = with_token;
  subject->job = sr_job_submit(call, with_token ? subject->token : NULL, &error);
  expect(scene, (subject->job != NULL) == (scene->engine != NULL),
         "a job is submitted to nobody, or refused by somebody");
  if (subject->job != NULL) {
    subject->thread_job = subject->job;
    subject->call = call;
    return;
  }
  expect(scene, error.kind == SR_CANCELLED, "a job is refused for another reason");
  sr_call_delete(call);
}

static void leave(struct subject *subject) {
  sr_job_delete(subject->job);
  subject->cancelled |= subject->job != NULL;
  subject->job = NULL;
}

static void take(struct scene *scene, struct subject *subject) {
  struct sr_call *call;
  if (subject->job == NULL || subject->call != NULL)
    return;
  call = sr_job_take(subject->job);
  subject->job = NULL;
  expect(scene, call != NULL && call->state == SR_STATE_DONE, "a call comes back that is not done");
  sr_call_delete(call);
}

static void cancel_client(struct scene *scene) {
  int i;
  sr_job_cancel_client(scene->config);
  for (i = 0; i < JOBS; i++)
    scene->subjects[i].cancelled |= scene->subjects[i].call != NULL;
}

/* ---- connections ---- */

static void close_connection(struct scene *scene, int i) {
  struct subject *subject = scene->connections[i], *moved;
  int last = scene->connected - 1;
  if (subject != NULL) {
    sr_job_unsubscribe(subject->thread_job);
    subject->cancelled = 1;
    subject->connection = NOBODY;
  }
  scene->connections[i] = moved = scene->connections[last];
  scene->connected--;
  if (i != last && moved != NULL) {
    sr_job_renumber(moved->thread_job, (size_t)i);
    moved->connection = i;
  }
}

static struct subject *find_token(struct scene *scene, const unsigned char *token) {
  int i;
  for (i = 0; i < JOBS; i++)
    if (scene->subjects[i].job != NULL && scene->subjects[i].has_token &&
        !scene->subjects[i].token_used &&
        memcmp(scene->subjects[i].token, token, SR_TOKEN_SIZE) == 0)
      return &scene->subjects[i];
  return NULL;
}

static void send_token(struct scene *scene, int i, const unsigned char *token) {
  struct subject *subject = find_token(scene, token);
  enum sr_reply reply, expected = subject == NULL         ? SR_REPLY_UNKNOWN
                                  : subject->call == NULL ? SR_REPLY_DONE
                                                          : SR_REPLY_NONE;
  struct sr_job *job;
  if (scene->engine == NULL)
    return;
  reply = sr_job_subscribe(token, (size_t)i, &job);
  expect(scene, reply == expected, "a token gets the wrong reply");
  if (subject != NULL)
    subject->token_used = 1;
  if (reply == SR_REPLY_NONE && subject != NULL) {
    expect(scene, job == subject->job, "a token leads to another job");
    scene->connections[i] = subject;
    subject->connection = i;
  } else if (reply == SR_REPLY_UNKNOWN) {
    close_connection(scene, i);
  }
}

static void use_connection(struct scene *scene, int i, unsigned what, struct fuzz_bytes *bytes) {
  unsigned char token[SR_TOKEN_SIZE] = {0};
  const struct subject *subject = &scene->subjects[fuzz_byte(bytes) % JOBS];
  if (i >= scene->connected) {
    if (scene->connected < CONNECTIONS)
      scene->connections[scene->connected++] = NULL;
  } else if (scene->connections[i] != NULL || what % 8 == 0) { /* sends more, or closes */
    close_connection(scene, i);
  } else if (what % 8 == 1) {
    token[fuzz_byte(bytes) % SR_TOKEN_SIZE] = (unsigned char)fuzz_byte(bytes);
    send_token(scene, i, token);
  } else {
    send_token(scene, i, subject->token);
  }
}

/* ---- the thread, and the server ---- */

static void see_ends(struct scene *scene) {
  int i;
  for (i = 0; i < JOBS; i++) {
    const struct subject *subject = &scene->subjects[i];
    int done;
    if (subject->call == NULL)
      continue;
    done = subject->call->state == SR_STATE_DONE;
    expect(scene, !done || subject->begun, "a call is done before it began");
    expect(scene,
           !done || subject->cancelled || subject->answered ||
               subject->call->error.kind == SR_TIMEOUT,
           "a call has ended for no reason");
    expect(scene, done || !subject->begun || !subject->answered, "an answered call goes on");
  }
}

static void work(struct scene *scene) {
  int i;
  sr_jobs_work(scene->engine);
  sr_engine_step(scene->engine);
  for (i = 0; i < JOBS; i++) {
    struct subject *subject = &scene->subjects[i];
    subject->begun |= subject->call != NULL;
    expect(scene,
           subject->call == NULL || !subject->cancelled || subject->call->state == SR_STATE_DONE,
           "a cancelled call goes on");
  }
}

static void answer(struct scene *scene, struct subject *subject) {
  if (subject->call == NULL || subject->call->state != SR_STATE_SENDING)
    return;
  sr_engine_answer(subject->call, subject->has_token ? 200 : 500, "", 0, "{}", 2);
  sr_engine_step(scene->engine);
  subject->answered = 1;
}

static void finish(struct scene *scene) {
  struct sr_call *call;
  while ((call = sr_engine_ready(scene->engine)) != NULL) {
    struct subject *subject = NULL;
    size_t told;
    int i;
    for (i = 0; i < JOBS; i++)
      if (scene->subjects[i].call == call)
        subject = &scene->subjects[i];
    if (subject == NULL) {
      expect(scene, 0, "a call is reported again");
      return;
    }
    if (call->state != SR_STATE_DONE)
      continue; /* its attempt is to be carried out */
    told = sr_job_finish(call);
    expect(scene,
           told == (subject->connection == NOBODY ? SR_NO_SUBSCRIBER : (size_t)subject->connection),
           "the end of a call is told to the wrong connection");
    if (subject->connection != NOBODY)
      scene->connections[subject->connection] = NULL;
    subject->connection = NOBODY;
    subject->call = NULL;
  }
}

static void stop(struct scene *scene) {
  int i;
  if (scene->engine == NULL)
    return;
  sr_jobs_close();
  for (i = 0; i < scene->connected; i++)
    if (scene->connections[i] != NULL) {
      sr_job_unsubscribe(scene->connections[i]->thread_job);
      scene->connections[i]->connection = NOBODY;
    }
  scene->connected = 0;
  sr_jobs_work(scene->engine);
  sr_jobs_cancel_all();
  finish(scene);
  sr_jobs_detach();
  sr_engine_delete(scene->engine);
  scene->engine = NULL;
  for (i = 0; i < JOBS; i++)
    expect(scene, scene->subjects[i].call == NULL, "a call outlives the thread");
}

/* ---- forks ---- */

/* Whether a child can get rid of the parent's jobs and have one of its own. */
static int is_child_fine(struct scene *scene, unsigned how) {
  struct subject *own = &scene->subjects[0];
  struct sr_job_counts counts = sr_jobs_count();
  int i;
  expect(scene, counts.begun == 0 && counts.done == 0, "a child counts its parent's calls");
  for (i = 0; i < JOBS; i++) {
    struct subject *subject = &scene->subjects[i];
    struct sr_call *call;
    struct sr_job *job;
    if (subject->job == NULL)
      continue;
    expect(scene,
           !subject->has_token || sr_job_subscribe(subject->token, 0, &job) == SR_REPLY_UNKNOWN,
           "a child's thread knows a token of the parent's");
    expect(scene,
           sr_job_state(subject->job) == (subject->call != NULL ? SR_JOB_FORKED : SR_JOB_DONE),
           "a job has the wrong state in a child");
    sr_job_cancel(subject->job);
    if (how >> i & 1) {
      sr_job_delete(subject->job);
      continue;
    }
    call = sr_job_take(subject->job);
    expect(scene, call != NULL && call->state == SR_STATE_DONE, "a child gets no call back");
    expect(scene, call == NULL || subject->call == NULL || strcmp(call->error.code, "forked") == 0,
           "a call ends in a child for another reason");
    sr_call_delete(call);
  }
  memset(scene->subjects, 0, sizeof scene->subjects);
  scene->connected = 0;
  scene->engine = NULL; /* the parent's: left alone */
  submit(scene, own, 0);
  start(scene);
  submit(scene, own, 1);
  work(scene);
  answer(scene, own);
  finish(scene);
  expect(scene, own->job != NULL && own->call == NULL, "a child's own call does not end");
  take(scene, own);
  stop(scene);
  return scene->problem == NULL;
}

static void fork_here(struct scene *scene, unsigned how) {
  pid_t child;
  int status = 0;
  sr_jobs_before_fork();
  child = fork();
  sr_jobs_after_fork(child == 0);
  if (child == 0)
    _exit(is_child_fine(scene, how) ? 0 : 1);
  if (child > 0)
    expect(scene, waitpid(child, &status, 0) == child && status == 0, "a child goes wrong");
}

/* ---- a case ---- */

static void act(struct scene *scene, unsigned what, struct fuzz_bytes *bytes) {
  struct subject *subject = &scene->subjects[what / 16 % JOBS];
  switch (what % 16) {
  case 0:
  case 1:
  case 2:
    submit(scene, subject, what % 16 != 0);
    break;
  case 3:
  case 4:
  case 5:
    use_connection(scene, (int)(what / 16 % CONNECTIONS), fuzz_byte(bytes), bytes);
    break;
  case 6:
    if (subject->job != NULL) {
      sr_job_cancel(subject->job);
      subject->cancelled |= subject->call != NULL;
    }
    break;
  case 7:
    leave(subject);
    break;
  case 8:
    take(scene, subject);
    break;
  case 9:
  case 10:
    if (scene->engine != NULL)
      work(scene);
    break;
  case 11:
    answer(scene, subject);
    break;
  case 12:
    if (scene->engine != NULL)
      finish(scene);
    break;
  case 13:
    scene->manual.now += (sr_time)(what / 16) * 5 * SR_SECOND;
    break;
  case 14:
    if (what / 16 < 2)
      cancel_client(scene);
    else if (what / 16 < 4)
      stop(scene);
    else if (scene->engine == NULL)
      start(scene);
    break;
  default:
    if (what == 255 && fuzz_byte(bytes) < 16)
      fork_here(scene, fuzz_byte(bytes));
  }
}

static void check(struct scene *scene) {
  struct sr_job_counts counts = sr_jobs_count();
  unsigned long running = 0;
  int i;
  see_ends(scene);
  for (i = 0; i < JOBS; i++) {
    const struct subject *subject = &scene->subjects[i];
    running += subject->call != NULL;
    expect(scene,
           subject->job == NULL ||
               sr_job_state(subject->job) == (subject->call != NULL ? SR_JOB_RUNNING : SR_JOB_DONE),
           "a job has the wrong state");
  }
  expect(scene, counts.begun - counts.done == running, "calls are miscounted");
}

const char *fuzz_one(const uint8_t *data, size_t len) {
  static struct sr_config *config;
  struct fuzz_bytes bytes = {data, len};
  struct sr_settings settings;
  struct sr_error error;
  struct scene scene;
  int i;
  memset(&settings, 0, sizeof settings);
  settings.base_url = "https://api4.seranking.com";
  settings.token_off = 1;
  if (config == NULL)
    config = sr_config_new(&settings, &error);
  memset(&scene, 0, sizeof scene);
  scene.config = config;
  scene.manual.now = SR_SECOND;
  start(&scene);
  while (bytes.len > 0 && scene.problem == NULL) {
    act(&scene, fuzz_byte(&bytes), &bytes);
    check(&scene);
  }
  stop(&scene);
  check(&scene);
  for (i = 0; i < JOBS; i++)
    leave(&scene.subjects[i]);
  return scene.problem;
}
