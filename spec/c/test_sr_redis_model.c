/* Many hosts that share a limit on Redis, against a server that counts.
** SPDX-License-Identifier: MIT */
#include "redis_hosts.h"

#include <stdatomic.h>
#include <sys/mman.h>

/* ---- the model: hosts, a network, a server that counts ---- */

enum { HOSTS = 6, REQUESTS_AT_ONCE = 4, MODEL_SLOTS = 5, COUNTED_MAX = 20000 };
#define MODEL_TIME    (5 * S)
#define MODEL_LATENCY (250 * MS)

/* When each request is counted: written when it is sent, since it may be counted after its sender's death. */
struct counter {
  atomic_int count;
  sr_time at[COUNTED_MAX];
};

struct model_request {
  struct sr_slot slot;
  struct sr_want want;
  sr_time at; /* asks again, or has its answer */
  int sent;
};

static void model_host(struct server *server, struct counter *counter, uint64_t seed,
                       sr_time until) {
  struct chance chance = {seed};
  struct sr_limiter *limiter = host(server);
  struct model_request requests[REQUESTS_AT_ONCE];
  sr_time now;
  memset(requests, 0, sizeof requests);
  while ((now = now_is()) < until) {
    sr_time next = until;
    int i;
    for (i = 0; i < REQUESTS_AT_ONCE; i++) {
      struct model_request *r = &requests[i];
      struct sr_ruling ruling;
      if (r->sent && now >= r->at) {
        driver->give(limiter, &r->want.rate, now, &r->slot, SR_OUTCOME_FINE, 0);
        r->sent = 0;
        r->at = now;
      }
      if (!r->sent && now >= r->at) {
        enum sr_verdict verdict;
        if (r->slot.state == SR_SLOT_NONE) {
          r->want = want_of(MODEL_SLOTS);
          r->want.lease = now + MODEL_LATENCY + COLD + 500 * MS;
        }
        verdict = driver->take(limiter, &r->want, now, &r->slot, &ruling);
        if (verdict == SR_LIMIT_GRANTED && now < r->slot.send_by) {
          sr_time sent = now_is(), latency = chance_between(&chance, 0, MODEL_LATENCY);
          int n = atomic_fetch_add(&counter->count, 1);
          NEED(n < COUNTED_MAX);
          counter->at[n] = sent + chance_between(&chance, 0, latency);
          r->at = sent + latency;
          r->sent = 1;
        } else if (verdict == SR_LIMIT_GRANTED) {
          driver->give(limiter, &r->want.rate, now, &r->slot, SR_OUTCOME_UNSENT, 0);
        } else if (verdict == SR_LIMIT_WAIT) {
          r->at = ruling.at;
        } else {
          NEED(verdict != SR_LIMIT_BLOCKED);
          r->at = verdict == SR_LIMIT_FAILED ? now + 20 * MS : now;
        }
      }
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

/* The most that were counted within one window, each in an interval that does not include its end. */
static int most_in_a_window(struct counter *counter) {
  int i, first_in = 0, most = 0, n = atomic_load(&counter->count);
  qsort(counter->at, (size_t)n, sizeof counter->at[0], by_time);
  for (i = 0; i < n; i++) {
    while (counter->at[i] - counter->at[first_in] >= WINDOW)
      first_in++;
    if (i - first_in + 1 > most)
      most = i - first_in + 1;
  }
  return most;
}

/* `kill_hosts`: they die on the way and are replaced. `restart`: so does the server, and forgets. */
static void model(int kill_hosts, int restart) {
  static const char *const options[] = {"--save", "", NULL};
  struct server server;
  struct counter *counter;
  pid_t hosts[HOSTS];
  sr_time begun, until, next_kill;
  int i, most, n, kills = 0;
  struct chance chance = {(uint64_t)kill_hosts * 2 + (uint64_t)restart + 77};
  server_start(&server, options);
  counter = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(counter != MAP_FAILED);
  begun = now_is();
  until = begun + MODEL_TIME;
  next_kill = begun + S;
  memset(hosts, 0, sizeof hosts);
  while (now_is() < until) {
    for (i = 0; i < HOSTS; i++) {
      if (hosts[i] == 0) {
        hosts[i] = fork();
        assert_true(hosts[i] >= 0);
        if (hosts[i] == 0) {
          alarm(30);
          model_host(&server, counter, chance_next(&chance) | 1, until);
          execlp("true", "true", (char *)NULL); /* no leak check, see in_child */
          _exit(1);
        }
        (void)chance_next(&chance);
      }
    }
    if (now_is() >= next_kill) {
      int status;
      if (kill_hosts) {
        i = (int)chance_between(&chance, 0, HOSTS - 1);
        kill(hosts[i], SIGKILL);
        assert_true(waitpid(hosts[i], &status, 0) == hosts[i]);
        hosts[i] = 0;
        kills++;
        next_kill = now_is() + 150 * MS;
      }
      if (restart) {
        server_kill(&server);
        server_run(&server);
        kills++;
        next_kill = now_is() + 1500 * MS;
      }
    }
    sr_sleep_until(now_is() + 10 * MS);
  }
  for (i = 0; i < HOSTS; i++) {
    int status = 0;
    if (hosts[i] == 0)
      continue; /* killed at the very end */
    assert_true(waitpid(hosts[i], &status, 0) == hosts[i]);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a host ended with %d", status);
  }
  n = atomic_load(&counter->count);
  most = most_in_a_window(counter);
  print_message("           %d requests of %d hosts, %d kills, at most %d in a window of %d ms\n",
                n, HOSTS, kills, most, (int)(WINDOW / MS));
  assert_true(most <= MODEL_SLOTS);
  assert_true(n > (restart ? 5 : 10)); /* and it did get on */
  munmap(counter, sizeof *counter);
  server_stop(&server);
}

static void hosts_together_never_exceed_the_limit(void **state) {
  (void)state;
  if (!server_available())
    skip();
  model(0, 0);
}

static void
hosts_that_are_killed_on_the_way_exceed_nothing_and_their_slots_come_back(void **state) {
  (void)state;
  if (!server_available())
    skip();
  model(1, 0);
}

static void a_server_that_is_killed_and_forgets_lets_nobody_exceed_the_limit(void **state) {
  (void)state;
  if (!server_available())
    skip();
  model(0, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hosts_together_never_exceed_the_limit),
      cmocka_unit_test(hosts_that_are_killed_on_the_way_exceed_nothing_and_their_slots_come_back),
      cmocka_unit_test(a_server_that_is_killed_and_forgets_lets_nobody_exceed_the_limit),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
