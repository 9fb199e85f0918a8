/* Jobs: for every order of events of owner, connection, thread and server, each call ends once, is
** reported once and is freed once. All orders run on one thread.
** SPDX-License-Identifier: MIT */
#include "engine_support.h"

#include "worker/sr_job.h"

#include <poll.h>

enum event {
  TOKEN_COMES,
  CONNECTION_CLOSES,
  OWNER_CANCELS,
  CLIENT_CLOSES,
  OWNER_LEAVES,
  THREAD_WORKS,
  SERVER_ANSWERS,
  THREAD_FINISHES,
  EVENTS
};
static const char *const names[] = {"token", "close", "cancel", "client",
                                    "leave", "work",  "answer", "finish"};

enum { CONNECTION = 7 };

/* A job, and its expected state. */
struct scene {
  struct bench bench;
  struct sr_job *job;     /* NULL: the owner has left */
  struct sr_call *call;   /* NULL: the thread has given it back */
  struct sr_job *subject; /* of the connection, while it is subscribed */
  unsigned char token[SR_TOKEN_SIZE];
  int has_token;
  int begun, cancel, cancelled, answered;
};

static int is_over(const struct scene *scene) {
  return scene->cancelled || scene->answered;
}

static int is_readable(int fd) {
  struct pollfd poll_fd = {fd, POLLIN, 0};
  return poll(&poll_fd, 1, 0) == 1;
}

static void token_comes(struct scene *scene) {
  enum sr_reply expected = scene->job == NULL    ? SR_REPLY_UNKNOWN
                           : scene->call == NULL ? SR_REPLY_DONE
                                                 : SR_REPLY_NONE;
  struct sr_job *job;
  if (!scene->has_token)
    return;
  assert_int_equal(sr_job_subscribe(scene->token, CONNECTION, &job), expected);
  if (expected == SR_REPLY_NONE)
    scene->subject = job;
  assert_int_equal(sr_job_subscribe(scene->token, CONNECTION, &job), SR_REPLY_UNKNOWN);
}

static void connection_closes(struct scene *scene) {
  if (scene->subject == NULL)
    return;
  sr_job_unsubscribe(scene->subject);
  scene->subject = NULL;
  scene->cancel = 1;
}

static void owner_leaves(struct scene *scene) {
  sr_job_delete(scene->job);
  scene->job = NULL;
  scene->cancel = 1;
}

static void thread_works(struct scene *scene) {
  sr_jobs_work(scene->bench.engine);
  sr_engine_step(scene->bench.engine);
  if (scene->call == NULL)
    return;
  scene->begun = 1;
  if (scene->cancel && !is_over(scene))
    scene->cancelled = 1;
  assert_int_equal(scene->call->state, is_over(scene) ? SR_STATE_DONE : SR_STATE_SENDING);
}

static void server_answers(struct scene *scene) {
  if (scene->call == NULL || !scene->begun || is_over(scene))
    return;
  answer(scene->call, 200, "", "{}");
  sr_engine_step(scene->bench.engine);
  scene->answered = 1;
}

static void thread_finishes(struct scene *scene) {
  struct sr_call *call;
  while ((call = sr_engine_ready(scene->bench.engine)) != NULL) {
    if (call->state != SR_STATE_DONE)
      continue; /* its attempt must be carried out */
    assert_true(is_over(scene));
    assert_ptr_equal(call, scene->call);
    if (!scene->has_token && scene->job != NULL)
      assert_false(is_readable(sr_job_fd(scene->job)));
    assert_int_equal(sr_job_finish(call), scene->subject != NULL ? CONNECTION : SR_NO_SUBSCRIBER);
    if (!scene->has_token && scene->job != NULL)
      assert_true(is_readable(sr_job_fd(scene->job)));
    scene->call = NULL;
    scene->subject = NULL;
  }
  assert_true(scene->call == NULL || !is_over(scene));
}

static void happen(struct scene *scene, enum event event) {
  switch (event) {
  case TOKEN_COMES:
    token_comes(scene);
    break;
  case CONNECTION_CLOSES:
    connection_closes(scene);
    break;
  case OWNER_CANCELS:
    if (scene->job == NULL)
      break;
    sr_job_cancel(scene->job);
    scene->cancel = 1;
    break;
  case CLIENT_CLOSES:
    sr_job_cancel_client(scene->bench.config);
    scene->cancel = 1;
    break;
  case OWNER_LEAVES:
    owner_leaves(scene);
    break;
  case THREAD_WORKS:
    thread_works(scene);
    break;
  case SERVER_ANSWERS:
    server_answers(scene);
    break;
  default:
    thread_finishes(scene);
    break;
  }
  if (scene->job != NULL)
    assert_int_equal(sr_job_state(scene->job), scene->call != NULL ? SR_JOB_RUNNING : SR_JOB_DONE);
}

static void play(struct scene *scene, const enum event *order, int count) {
  struct sr_error error;
  int i;
  scene->job = NULL;
  scene->subject = NULL;
  scene->begun = scene->cancel = scene->cancelled = scene->answered = 0;
  scene->call = call_of(scene->bench.config, 60 * S);
  scene->job = sr_job_submit(scene->call, scene->has_token ? scene->token : NULL, &error);
  assert_non_null(scene->job);
  for (i = 0; i < count; i++)
    happen(scene, order[i]);
  happen(scene, THREAD_WORKS);
  happen(scene, SERVER_ANSWERS);
  happen(scene, THREAD_FINISHES);
  assert_null(scene->call);
  if (scene->job != NULL) {
    struct sr_call *call = sr_job_take(scene->job);
    assert_int_equal(call->error.kind, scene->cancelled ? SR_CANCELLED : SR_NO_ERROR);
    sr_call_delete(call);
  }
}

/*
** Runs all orders of the events from `at` on, and each prefix of them.
*/
static int play_all(struct scene *scene, enum event *order, int at, int *skipped) {
  int i, played = 0;
  if (rounds(1000) == 1000 || ++*skipped % 20 == 0) { /* every 20th under valgrind */
    struct sr_job_counts counts;
    play(scene, order, at);
    counts = sr_jobs_count();
    if (counts.begun != counts.done) {
      for (i = 0; i < at; i++)
        print_error("%s ", names[order[i]]);
      fail_msg("%lu begun, %lu done", counts.begun, counts.done);
    }
    played = 1;
  }
  for (i = at; i < EVENTS; i++) {
    enum event event = order[i];
    order[i] = order[at];
    order[at] = event;
    played += play_all(scene, order, at + 1, skipped);
    order[at] = order[i];
    order[i] = event;
  }
  return played;
}

static void every_order_of_events_ends_the_call_once(int has_token) {
  enum event order[EVENTS];
  struct sr_settings settings = settings_of(fresh_salt(), 5);
  struct scene scene;
  int i, skipped = 0;
  memset(&scene, 0, sizeof scene);
  settings.limited = 0;
  set_up_with(&scene.bench, &settings);
  scene.has_token = has_token;
  sr_jobs_open(scene.bench.engine);
  for (i = 0; i < EVENTS; i++)
    order[i] = (enum event)i;
  assert_true(play_all(&scene, order, 0, &skipped) > 1000);
  sr_jobs_close();
  sr_jobs_detach();
  tear_down(&scene.bench);
}

static void a_job_with_a_token_ends_once_in_every_order_of_events(void **state) {
  (void)state;
  every_order_of_events_ends_the_call_once(1);
}

static void a_job_with_a_descriptor_ends_once_in_every_order_of_events(void **state) {
  (void)state;
  every_order_of_events_ends_the_call_once(0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_job_with_a_token_ends_once_in_every_order_of_events),
      cmocka_unit_test(a_job_with_a_descriptor_ends_once_in_every_order_of_events),
  };
  return cmocka_run_group_tests_name("sr_job_order", tests, NULL, NULL);
}
