/* The limiter's rule in a model: senders, a network, a server that counts, and another user of the key.
** SPDX-License-Identifier: MIT */
#include "limit_support.h"

/* ---- the model: senders, a network, a server that counts, a stranger ---- */

enum { SENDERS = 12, MODEL_SLOTS = 5, MODEL_STEPS = 1000000, PENDING = 512 };
#define WINDOW      S
#define LATE        (S / 5) /* longest time from giving up a request until the server counts it */
#define LONGEST     (2 * S) /* a call's deadline */
#define BAN         (600 * S)
#define MODEL_START (1000 * S)

enum fate { ANSWERED, GIVEN_UP, NEVER_SENT, DIED };

/* A process. After it dies, it restarts at its next event without its slot. */
struct sender {
  int busy;
  enum fate fate;
  int refused; /* the server has answered 429 */
  sr_time at;  /* of its next event: a take, or the end of its attempt */
  struct sr_slot slot;
};

/* A rule that decides whether a request may be sent now. */
struct rule {
  const char *name;
  enum sr_verdict (*take)(struct rule *rule, sr_time now, sr_time lease, struct sender *sender,
                          struct sr_ruling *ruling);
  void (*give)(struct rule *rule, sr_time now, struct sender *sender);
  struct sr_limit *limit;
  double tokens;
  sr_time filled;
  sr_time sent[MODEL_SLOTS];
  int oldest;
};

/* A request on its way to the server. */
struct arrival {
  sr_time at;
  struct sender *sender; /* NULL: nobody waits for the answer */
  int ours;
};

/* The vendor: a rolling window; three refusals within a minute block the key, longer each time. */
struct server {
  sr_time counted[MODEL_SLOTS], refused[3], banned_until;
  int next, next_refused, bans;
};

/* The expected circuit, computed from the senders' outcomes in order. */
struct reference {
  int in_a_row, open, level;
  sr_time until, trouble, held, probe_lease;
  const struct sender *probe;
};

struct model {
  struct chance chance;
  struct rule *rule;
  int circuit; /* compare the rule's circuit with the reference */
  struct sender senders[SENDERS];
  struct arrival pending[PENDING];
  int pending_count;
  sr_time stranger; /* next request of a program without the limiter */
  struct server server;
  struct reference reference;
  sr_time *counts, now; /* when ours were counted */
  int n, steps, refused, openings, closings, probes, probes_died, sent;
};

static enum sr_verdict limiter_take(struct rule *rule, sr_time now, sr_time lease,
                                    struct sender *sender, struct sr_ruling *ruling) {
  struct sr_want want = want_of(MODEL_SLOTS, lease);
  return sr_limit_take(rule->limit, &want, now, &sender->slot, ruling);
}

static void limiter_give(struct rule *rule, sr_time now, struct sender *sender) {
  static const struct sr_rate rate = {MODEL_SLOTS, WINDOW};
  static const enum sr_outcome outcomes[] = {SR_OUTCOME_FINE, SR_OUTCOME_SILENT, SR_OUTCOME_UNSENT};
  if (sender->fate == DIED) /* a dead process gives nothing back */
    memset(&sender->slot, 0, sizeof sender->slot);
  else
    sr_limit_give(rule->limit, &rate, now, &sender->slot,
                  sender->refused ? SR_OUTCOME_REFUSED : outcomes[sender->fate], WINDOW);
}

static enum sr_verdict bucket_take(struct rule *rule, sr_time now, sr_time lease,
                                   struct sender *sender, struct sr_ruling *ruling) {
  (void)lease;
  (void)sender;
  ruling->at = now;
  rule->tokens += (double)(now - rule->filled) / (double)WINDOW * MODEL_SLOTS;
  rule->filled = now;
  if (rule->tokens > MODEL_SLOTS)
    rule->tokens = MODEL_SLOTS;
  if (rule->tokens < 1)
    return SR_LIMIT_WAIT;
  rule->tokens -= 1;
  return SR_LIMIT_GRANTED;
}

static enum sr_verdict log_take(struct rule *rule, sr_time now, sr_time lease,
                                struct sender *sender, struct sr_ruling *ruling) {
  (void)lease;
  (void)sender;
  ruling->at = now;
  if (rule->sent[rule->oldest] + WINDOW > now)
    return SR_LIMIT_WAIT;
  rule->sent[rule->oldest] = now;
  rule->oldest = (rule->oldest + 1) % MODEL_SLOTS;
  return SR_LIMIT_GRANTED;
}

static void no_give(struct rule *rule, sr_time now, struct sender *sender) {
  (void)rule;
  (void)now;
  (void)sender;
}

static int by_time(const void *a, const void *b) {
  sr_time x = *(const sr_time *)a, y = *(const sr_time *)b;
  return (x > y) - (x < y);
}

static void arrive_at(struct model *model, sr_time at, struct sender *sender, int ours) {
  struct arrival *arrival = &model->pending[model->pending_count++];
  assert_true(model->pending_count <= PENDING);
  arrival->at = at;
  arrival->sender = sender;
  arrival->ours = ours;
}

/* Draws the fate of a request sent now: when it ends, and when it is counted. */
static void send_one(struct model *model, struct sender *sender) {
  struct chance *chance = &model->chance;
  int64_t dice = chance_between(chance, 1, 100);
  sr_time now = model->now, last;
  sender->busy = 1;
  sender->refused = 0;
  if (dice <= 82) {
    sender->fate = ANSWERED;
    sender->at = last = now + chance_between(chance, 20 * MS, 900 * MS);
  } else if (dice <= 90) {
    sender->fate = GIVEN_UP;
    sender->at = now + chance_between(chance, 50 * MS, LONGEST);
    last = sender->at + LATE;
  } else if (dice <= 98) {
    sender->fate = NEVER_SENT;
    sender->at = now + chance_between(chance, 1 * MS, 200 * MS);
    return;
  } else {
    sender->fate = DIED;
    sender->at = now + chance_between(chance, 0, LONGEST);
    last = sender->at + LATE;
  }
  /* Often draws the extremes, where a rule breaks first. */
  dice = chance_between(chance, 1, 10);
  arrive_at(model,
            dice == 1   ? now
            : dice == 2 ? last
                        : chance_between(chance, now, last),
            sender->fate == ANSWERED ? sender : NULL, 1);
}

/* The server's answer to a request that arrives now. 1: refused. */
static int refuses(struct server *server, sr_time now) {
  if (now < server->banned_until)
    return 1;
  if (server->counted[server->next] + WINDOW <= now) {
    server->counted[server->next] = now;
    server->next = (server->next + 1) % MODEL_SLOTS;
    return 0;
  }
  server->refused[server->next_refused] = now;
  server->next_refused = (server->next_refused + 1) % 3;
  if (server->refused[server->next_refused] + 60 * S > now) /* the last but two */
    server->banned_until = now + (BAN << (server->bans++ % 3));
  return 1;
}

static void count_one(struct model *model, int which) {
  struct arrival arrival = model->pending[which];
  int refused = refuses(&model->server, model->now);
  model->pending[which] = model->pending[--model->pending_count];
  if (arrival.ours)
    model->counts[model->n++] = model->now;
  if (arrival.sender != NULL)
    arrival.sender->refused = refused;
}

/* ---- the reference of the circuit ---- */

static void reference_open(struct reference *ref, sr_time now) {
  ref->open = 1;
  ref->until = now + (BAN << ref->level);
  ref->level += ref->level < SR_BAN_LEVELS;
  ref->in_a_row = 0;
}

static void reference_learn(struct model *model, const struct sender *sender) {
  struct reference *ref = &model->reference;
  sr_time now = model->now;
  int probe = ref->probe == sender && ref->open;
  if (sender->fate == DIED)
    model->probes_died += probe; /* it stays the probe until its lease expires */
  if (sender->fate == DIED || (ref->open && !probe)) {
    if (sender->refused && now + WINDOW > ref->held)
      ref->held = now + WINDOW;
    return;
  }
  if (probe)
    ref->probe = NULL;
  if (sender->fate != ANSWERED)
    return;
  model->refused += sender->refused;
  if (!sender->refused) {
    model->closings += probe;
    if (probe)
      ref->trouble = now;
    ref->open = ref->in_a_row = 0;
    return;
  }
  ref->held = now + WINDOW > ref->held ? now + WINDOW : ref->held;
  if (!probe) {
    for (; ref->level > 0 && ref->trouble + 3600 * S <= now; ref->trouble += 3600 * S)
      ref->level--;
    ref->trouble = now;
  }
  if (probe || ++ref->in_a_row == 3) {
    reference_open(ref, now);
    model->openings++;
  }
}

/* The circuit stores milliseconds: accepts a time rounded up or down. */
static void reference_check(struct model *model, struct sender *sender, enum sr_verdict verdict,
                            sr_time lease) {
  struct reference *ref = &model->reference;
  sr_time now = model->now;
  int step = model->steps, probing = ref->probe != NULL && ref->probe_lease > now;
  if (verdict == SR_LIMIT_GRANTED) {
    CHECK(now >= ref->held, "step %d: sent while a 429 holds all", step);
    CHECK(!ref->open || now >= ref->until, "step %d: sent %.6f s before the ban is over", step,
          (double)(ref->until - now) / 1e9);
    CHECK(!ref->open || !probing, "step %d: a second probe", step);
    CHECK((sender->slot.probe != 0) == ref->open, "step %d: probe or not", step);
    if (ref->open) {
      ref->probe = sender;
      ref->probe_lease = lease;
      model->probes++;
    }
  } else if (verdict == SR_LIMIT_BLOCKED) {
    CHECK(ref->open && (probing || now < ref->until + MS), "step %d: blocked for nothing", step);
  } else {
    CHECK(!ref->open || (now >= ref->until && !probing), "step %d: not blocked", step);
  }
}

/* ---- running it ---- */

static void sender_step(struct model *model, struct sender *sender) {
  struct rule *rule = model->rule;
  struct sr_ruling ruling;
  sr_time now = model->now, lease = now + LONGEST + WINDOW + LATE;
  enum sr_verdict verdict;
  if (sender->busy) {
    if (model->circuit)
      reference_learn(model, sender);
    rule->give(rule, now, sender);
    sender->busy = 0;
    sender->at = now + chance_between(&model->chance, 0, 10 * MS);
    return;
  }
  verdict = rule->take(rule, now, lease, sender, &ruling);
  if (model->circuit)
    reference_check(model, sender, verdict, lease);
  if (verdict == SR_LIMIT_GRANTED) {
    send_one(model, sender);
    model->sent++;
  } else if (verdict == SR_LIMIT_BLOCKED) {
    sender->at = ruling.at + chance_between(&model->chance, 1, 5 * MS);
  } else {
    sender->at = now + chance_between(&model->chance, 1, 200 * MS);
  }
}

static void stranger_step(struct model *model) {
  int i;
  for (i = 0; i < 12; i++)
    arrive_at(model, model->now + chance_between(&model->chance, 0, 3 * S), NULL, 0);
  model->stranger = model->now + chance_between(&model->chance, 10 * S, 900 * S);
}

static void model_step(struct model *model) {
  struct sender *sender = &model->senders[0];
  int i, first = 0;
  for (i = 1; i < SENDERS; i++)
    if (model->senders[i].at < sender->at)
      sender = &model->senders[i];
  for (i = 1; i < model->pending_count; i++)
    if (model->pending[i].at < model->pending[first].at)
      first = i;
  model->steps++;
  if (model->pending_count > 0 && model->pending[first].at <= sender->at &&
      model->pending[first].at <= model->stranger) {
    model->now = model->pending[first].at;
    count_one(model, first);
  } else if (model->stranger < sender->at) {
    model->now = model->stranger;
    stranger_step(model);
  } else {
    model->now = sender->at;
    sender_step(model, sender);
  }
}

/* Runs the model; returns how many windows held more than the limit of our own requests. */
static int run_model(struct model *model, struct rule *rule, uint64_t seed, int steps,
                     int stranger) {
  int i, broken = 0;
  memset(model, 0, sizeof *model);
  model->chance.state = seed;
  model->rule = rule;
  model->circuit = rule->take == limiter_take && rule->give == limiter_give;
  model->counts = malloc((size_t)steps * sizeof model->counts[0]);
  assert_non_null(model->counts);
  model->stranger = stranger ? MODEL_START + 60 * S : SR_NEVER;
  for (i = 0; i < SENDERS; i++)
    model->senders[i].at = MODEL_START + chance_between(&model->chance, 0, S);
  while (model->steps < steps)
    model_step(model);
  qsort(model->counts, (size_t)model->n, sizeof model->counts[0], by_time);
  for (i = 0; i + MODEL_SLOTS < model->n; i++)
    broken += model->counts[i + MODEL_SLOTS] - model->counts[i] < WINDOW;
  free(model->counts);
  model->counts = NULL;
  return broken;
}

static struct rule slots_rule(void) {
  struct rule rule = {"slots", limiter_take, limiter_give, fresh_limit(), 0, 0, {0}, 0};
  return rule;
}

static const uint64_t seeds[] = {1, 20261124, 987654321, 42, 7, 8, 9};

static void the_server_never_counts_more_than_the_limit_in_any_window(void **state) {
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(seeds); i++) {
    struct rule rule = slots_rule();
    struct model model;
    int broken = run_model(&model, &rule, seeds[i], rounds(MODEL_STEPS), 0);
    double rate = (double)model.n / ((double)(model.now - MODEL_START) / 1e9);
    CHECK(broken == 0, "seed %zu: %d windows over the limit", i, broken);
    CHECK(rate > 2, "seed %zu: only %.2f requests a second", i, rate);
    assert_int_equal(model.openings, 0);
    for (int k = 0; k < SENDERS; k++)
      CHECK(!model.senders[k].refused, "seed %zu: a 429", i);
  }
}

/* Another program uses the key, so the server refuses and blocks our requests as well. */
static void with_429s_and_bans_the_limit_holds_and_the_circuit_follows_the_model(void **state) {
  int openings = 0, closings = 0, died = 0;
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(seeds); i++) {
    struct rule rule = slots_rule();
    struct model model;
    int broken = run_model(&model, &rule, seeds[i], rounds(MODEL_STEPS), 1);
    CHECK(broken == 0, "seed %zu: %d windows over the limit", i, broken);
    openings += model.openings;
    closings += model.closings;
    died += model.probes_died;
  }
  /* It did happen. */
  CHECK(openings >= rounds(200) && closings >= rounds(100) && died + 1 >= rounds(5),
        "%d bans, %d over, %d probes died", openings, closings, died);
}

/* The model detects errors: two plausible but wrong rules fail on the same network. */
static void the_model_refutes_a_token_bucket_and_a_log_of_send_times(void **state) {
  struct rule bucket = {"bucket", bucket_take, no_give, NULL, MODEL_SLOTS, MODEL_START, {0}, 0};
  struct rule log = {"log", log_take, no_give, NULL, 0, 0, {0}, 0};
  struct model model;
  int steps = rounds(400000);
  (void)state;
  assert_true(run_model(&model, &bucket, 1, steps, 0) > rounds(1000));
  assert_true(run_model(&model, &log, 1, steps, 0) > rounds(1000));
}

static void limiter_give_without_cooling(struct rule *rule, sr_time now, struct sender *sender) {
  if (sender->fate != DIED)
    give(rule->limit, &sender->slot, now);
}

static void limiter_give_without_late(struct rule *rule, sr_time now, struct sender *sender) {
  if (sender->fate == GIVEN_UP)
    sender->fate = ANSWERED;
  limiter_give(rule, now, sender);
}

/* So does the limiter's rule when slots are given back too early. */
static void the_model_refutes_slots_returned_too_early(void **state) {
  struct rule hot = slots_rule(), early = slots_rule();
  struct model model;
  int steps = rounds(400000);
  (void)state;
  hot.give = limiter_give_without_cooling;
  early.give = limiter_give_without_late;
  assert_true(run_model(&model, &hot, 1, steps, 0) > rounds(1000));
  assert_true(run_model(&model, &early, 1, steps, 0) > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_server_never_counts_more_than_the_limit_in_any_window),
      cmocka_unit_test(with_429s_and_bans_the_limit_holds_and_the_circuit_follows_the_model),
      cmocka_unit_test(the_model_refutes_a_token_bucket_and_a_log_of_send_times),
      cmocka_unit_test(the_model_refutes_slots_returned_too_early),
  };
  return cmocka_run_group_tests_name("sr_limit_model", tests, NULL, NULL);
}
