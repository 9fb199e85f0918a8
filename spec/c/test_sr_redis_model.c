/* Many hosts share a limit on Redis, against a server that counts. Runs on the real clock.
** SPDX-License-Identifier: MIT */
#include "redis_hosts.h"

#include <stdatomic.h>
#include <sys/mman.h>

enum { HOSTS = 6, REQUESTS_AT_ONCE = 4, MODEL_SLOTS = 5, COUNTED_MAX = 20000 };
#define MODEL_WINDOW  (100 * MS)
#define MODEL_LATENCY (100 * MS)

/* Hosts send for at least this long, and until this many requests were counted. */
#define MODEL_TIME     S
#define MODEL_REQUESTS 20

#define KILL_HOST_EVERY   (60 * MS)
#define KILL_SERVER_EVERY (450 * MS)

/* When each request is counted. Written when it is sent, as its sender may die first. */
struct counter {
  atomic_int over; /* tells hosts to stop */
  atomic_int count;
  sr_time at[COUNTED_MAX];
};

struct model_request {
  struct sr_slot slot;
  struct sr_want want;
  sr_time at; /* time of its next take, or of its answer */
  int sent;
};

/* Sends a request, unless its slot has expired by the time of the answer. */
static void send_request(struct sr_limiter *limiter, struct model_request *r,
                         struct counter *counter, struct chance *chance) {
  sr_time latency = chance_between(chance, 0, MODEL_LATENCY), sent = real_now();
  int n;
  if (sent + latency >= r->slot.send_by) {
    driver->give(limiter, &r->want.rate, sent, &r->slot, SR_OUTCOME_UNSENT, 0);
    r->at = sent;
    return;
  }
  n = atomic_fetch_add(&counter->count, 1);
  NEED(n < COUNTED_MAX);
  counter->at[n] = sent + chance_between(chance, 0, latency);
  r->at = sent + latency;
  r->sent = 1;
}

static void step(struct sr_limiter *limiter, struct model_request *r, struct counter *counter,
                 struct chance *chance) {
  sr_time now = real_now();
  struct sr_ruling ruling;
  enum sr_verdict verdict;
  if (now < r->at)
    return;
  if (r->sent)
    driver->give(limiter, &r->want.rate, now, &r->slot, SR_OUTCOME_FINE, 0);
  r->sent = 0;
  if (r->slot.state == SR_SLOT_NONE) {
    memset(&r->want, 0, sizeof r->want);
    r->want.rate.slots = MODEL_SLOTS;
    r->want.rate.window = MODEL_WINDOW;
    r->want.lease = now + 5 * MODEL_LATENCY + MODEL_WINDOW + SR_LATE_COUNT;
  }
  verdict = driver->take(limiter, &r->want, now, &r->slot, &ruling);
  NEED(verdict != SR_LIMIT_BLOCKED);
  if (verdict == SR_LIMIT_GRANTED)
    send_request(limiter, r, counter, chance);
  else
    r->at = verdict == SR_LIMIT_WAIT ? ruling.at : verdict == SR_LIMIT_FAILED ? now + 20 * MS : now;
}

static void model_host(struct server *server, struct counter *counter, uint64_t seed) {
  struct chance chance = {seed};
  struct sr_limiter *limiter = host(server);
  struct model_request requests[REQUESTS_AT_ONCE];
  memset(requests, 0, sizeof requests);
  while (!atomic_load(&counter->over)) {
    sr_time now = real_now(), next = now + 20 * MS;
    int i;
    for (i = 0; i < REQUESTS_AT_ONCE; i++) {
      struct model_request *r = &requests[i];
      step(limiter, r, counter, &chance);
      if (r->at > now && r->at < next)
        next = r->at;
    }
    turn(limiter, next);
  }
  driver->close(limiter);
}

static int by_time(const void *a, const void *b) {
  sr_time x = *(const sr_time *)a, y = *(const sr_time *)b;
  return (x > y) - (x < y);
}

/* The most requests counted in a window (half-open). */
static int most_in_a_window(struct counter *counter) {
  int i, first = 0, most = 0, n = atomic_load(&counter->count);
  qsort(counter->at, (size_t)n, sizeof counter->at[0], by_time);
  for (i = 0; i < n; i++) {
    while (counter->at[i] - counter->at[first] >= MODEL_WINDOW)
      first++;
    if (i - first + 1 > most)
      most = i - first + 1;
  }
  return most;
}

static pid_t start_host(struct server *server, struct counter *counter, struct chance *chance) {
  uint64_t seed = chance_next(chance) | 1;
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid > 0)
    return pid;
  alarm(60);
  model_host(server, counter, seed);
  execlp("true", "true", (char *)NULL); /* exits without a leak check: the parent's handles leak */
  _exit(1);
}

static int end_of(pid_t pid) {
  int status = 0;
  assert_true(waitpid(pid, &status, 0) == pid);
  return status;
}

/* `kill_hosts`: kills and replaces hosts. `restart`: restarts the server without its data. */
static void model(int kill_hosts, int restart) {
  static const char *const options[] = {"--save", "", NULL};
  struct server server;
  struct counter *counter;
  struct chance chance = {(uint64_t)kill_hosts * 2 + (uint64_t)restart + 77};
  sr_time begun, next_kill;
  pid_t hosts[HOSTS];
  int i, most, n, kills = 0;
  if (!server_available())
    skip();
  server_start(&server, options);
  counter = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(counter != MAP_FAILED);
  for (i = 0; i < HOSTS; i++)
    hosts[i] = start_host(&server, counter, &chance);
  begun = real_now();
  next_kill = begun + KILL_SERVER_EVERY / 2;
  while (real_now() < begun + MODEL_TIME || atomic_load(&counter->count) < MODEL_REQUESTS) {
    assert_true(real_now() < begun + 30 * S);
    sr_sleep_until(real_now() + 10 * MS);
    if (real_now() < next_kill)
      continue;
    if (kill_hosts) {
      i = (int)chance_between(&chance, 0, HOSTS - 1);
      kill(hosts[i], SIGKILL);
      (void)end_of(hosts[i]);
      hosts[i] = start_host(&server, counter, &chance);
      kills++;
    }
    if (restart) {
      server_kill(&server);
      server_run(&server);
      kills++;
    }
    next_kill = real_now() + (restart ? KILL_SERVER_EVERY : KILL_HOST_EVERY);
  }
  atomic_store(&counter->over, 1);
  for (i = 0; i < HOSTS; i++) {
    int status = end_of(hosts[i]);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a host ended with %d", status);
  }
  n = atomic_load(&counter->count);
  most = most_in_a_window(counter);
  print_message("           %d requests of %d hosts, %d kills, at most %d in a window of %d ms\n",
                n, HOSTS, kills, most, (int)(MODEL_WINDOW / MS));
  assert_true(most <= MODEL_SLOTS);
  munmap(counter, sizeof *counter);
  server_stop(&server);
}

static void all_hosts_together_stay_within_the_limit(void **state) {
  (void)state;
  model(0, 0);
}

static void killed_hosts_exceed_no_limit_and_their_slots_become_free(void **state) {
  (void)state;
  model(1, 0);
}

static void after_a_server_loses_its_data_the_limit_holds(void **state) {
  (void)state;
  model(0, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_hosts_together_stay_within_the_limit),
      cmocka_unit_test(killed_hosts_exceed_no_limit_and_their_slots_become_free),
      cmocka_unit_test(after_a_server_loses_its_data_the_limit_holds),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
