/* A rate limiter as an engine sees it.
** SPDX-License-Identifier: MIT */
#include "http/sr_gate.h"

#include "base/sr_curl.h"
#include "limit/sr_fallback.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How many unused gates are kept. */
enum { KEPT_GATES = 16 };

/*
** How many unused gates are checked when another one joins them. More than one, or they would
** grow.
*/
enum { CHECKED_GATES = 2 };

/* How long a limiter that does not know how long it must stay open is left alone. */
#define KEEP_UNKNOWN SR_SECOND

/* ---- opening ---- */

static const struct sr_limiter_driver *driver_of(const struct sr_config *config) {
  return config->driver != NULL ? config->driver : &sr_local_driver;
}

static int gate_is_for(const struct sr_gate *gate, const struct sr_config *config) {
  return gate->name == config->limit_identity.name && gate->asked_for == driver_of(config) &&
         gate->fall_back == config->fall_back && sr_local_is_same(&gate->local, &config->local) &&
         strcmp(gate->settings, sr_buf_text(&config->driver_settings)) == 0;
}

static void close_gate(struct sr_gate *gate) {
  if (gate->limiter != NULL)
    gate->driver->close(gate->limiter);
  free((char *)gate->local.state_dir);
  free(gate->settings);
  free(gate);
}

/* 0, or -1 when memory ran out. */
static int copy_settings(struct sr_gate *gate, const struct sr_config *config) {
  const char *dir = config->local.state_dir;
  gate->name = config->limit_identity.name;
  gate->asked_for = driver_of(config);
  gate->fall_back = config->fall_back;
  gate->local = config->local;
  gate->local.state_dir = dir != NULL ? strdup(dir) : NULL;
  gate->settings = strdup(sr_buf_text(&config->driver_settings));
  return gate->settings == NULL || (dir != NULL && gate->local.state_dir == NULL) ? -1 : 0;
}

static void open_limiter(struct sr_gate *gate, const struct sr_config *config) {
  const struct sr_local_settings alone = {0, 0, NULL, 0, config->local.real};
  const struct sr_limit_identity *identity = &config->limit_identity;
  if (config->driver == NULL) {
    gate->driver = &sr_local_driver;
    gate->limiter = sr_local_open(&config->local, identity);
    return;
  }
  (void)sr_curl_start(); /* drivers may use libcurl, and it must be started once */
  gate->driver = config->driver;
  gate->limiter = config->driver->open(gate->settings, identity);
  if (config->fall_back) {
    gate->driver = &sr_fallback_driver;
    gate->limiter = sr_fallback_open(config->driver, gate->limiter, &sr_local_driver,
                                     sr_local_open(&alone, identity));
  }
}

/* NULL when memory ran out. */
static struct sr_gate *open_gate(const struct sr_config *config) {
  struct sr_gate *gate = calloc(1, sizeof *gate);
  if (gate == NULL)
    return NULL;
  if (copy_settings(gate, config) == 0)
    open_limiter(gate, config);
  if (gate->limiter != NULL)
    return gate;
  close_gate(gate);
  return NULL;
}

/* ---- the table ---- */

void sr_gates_init(struct sr_gates *gates) {
  memset(gates, 0, sizeof *gates);
  sr_list_init(&gates->unused);
  sr_list_init(&gates->asking);
}

/* `name` is a hash already. `size` is not 0. */
static struct sr_gate **gate_bucket(const struct sr_gates *gates, uint64_t name) {
  return &gates->buckets[name & (gates->size - 1)];
}

/* 0, or -1 when memory ran out. */
static int grow_gates(struct sr_gates *gates) {
  size_t i, old_size = gates->size, size = old_size > 0 ? 2 * old_size : 16;
  struct sr_gate **old = gates->buckets, **buckets = calloc(size, sizeof(struct sr_gate *));
  if (buckets == NULL)
    return -1;
  gates->buckets = buckets;
  gates->size = size;
  for (i = 0; i < old_size; i++)
    while (old[i] != NULL) {
      struct sr_gate *gate = old[i], **bucket = gate_bucket(gates, gate->name);
      old[i] = gate->next;
      gate->next = *bucket;
      *bucket = gate;
    }
  free(old);
  return 0;
}

/* NULL when memory ran out. */
static struct sr_gate *add_gate(struct sr_gates *gates, const struct sr_config *config) {
  struct sr_gate *gate, **bucket;
  if (gates->count >= gates->size && grow_gates(gates) != 0)
    return NULL;
  gate = open_gate(config);
  if (gate == NULL)
    return NULL;
  bucket = gate_bucket(gates, gate->name);
  gate->next = *bucket;
  *bucket = gate;
  gates->count++;
  if (gate->driver->work != NULL)
    sr_list_append(&gates->asking, &gate->asking_node);
  gates->asking_count += gate->driver->work != NULL;
  return gate;
}

/* It has no user and is not in the list of unused ones. */
static void remove_gate(struct sr_gates *gates, struct sr_gate *gate) {
  struct sr_gate **at = gate_bucket(gates, gate->name);
  while (*at != gate)
    at = &(*at)->next;
  *at = gate->next;
  gates->count--;
  if (gates->last == gate)
    gates->last = NULL;
  gates->asking_count -= gate->driver->work != NULL;
  sr_list_remove(&gate->asking_node);
  close_gate(gate);
}

/* NULL when memory ran out. */
static struct sr_gate *find_or_add(struct sr_gates *gates, const struct sr_config *config) {
  struct sr_gate *gate = NULL;
  if (gates->size > 0)
    gate = *gate_bucket(gates, config->limit_identity.name);
  while (gate != NULL && !gate_is_for(gate, config))
    gate = gate->next;
  return gate != NULL ? gate : add_gate(gates, config);
}

struct sr_gate *sr_gates_get(struct sr_gates *gates, const struct sr_config *config) {
  struct sr_gate *gate = gates->last;
  if (gate == NULL || gates->last_config != config->id)
    gate = find_or_add(gates, config);
  if (gate == NULL)
    return NULL;
  gates->last = gate;
  gates->last_config = config->id;
  if (gate->users++ == 0 && gate->unused_node.next != NULL) {
    sr_list_remove(&gate->unused_node);
    gates->unused_count--;
  }
  return gate;
}

/* Closes the gate unused for longest; or, if it must stay open, puts it behind the others. */
static void close_or_requeue(struct sr_gates *gates, sr_time now) {
  struct sr_gate *gate = SR_LIST_FIRST(&gates->unused, struct sr_gate, unused_node);
  sr_list_remove(&gate->unused_node);
  gates->unused_count--;
  if (gate->keep_until <= now && gate->driver->keep_until != NULL) {
    sr_time until = gate->driver->keep_until(gate->limiter, now);
    gate->keep_until = until == SR_NEVER ? now + KEEP_UNKNOWN : until;
  }
  if (gate->keep_until <= now) {
    remove_gate(gates, gate);
    return;
  }
  sr_list_append(&gates->unused, &gate->unused_node);
  gates->unused_count++;
}

void sr_gates_put(struct sr_gates *gates, struct sr_gate *gate, sr_time now) {
  int i;
  if (--gate->users > 0)
    return;
  gate->keep_until = 0;
  sr_list_append(&gates->unused, &gate->unused_node);
  gates->unused_count++;
  for (i = 0; i < CHECKED_GATES && gates->unused_count > KEPT_GATES; i++)
    close_or_requeue(gates, now);
}

void sr_gates_trim(struct sr_gates *gates, sr_time now) {
  int i, count = gates->unused_count;
  for (i = 0; i < count; i++)
    close_or_requeue(gates, now);
}

void sr_gates_forked(struct sr_gates *gates) {
  struct sr_gate *gate;
  size_t i;
  for (i = 0; i < gates->size; i++)
    for (gate = gates->buckets[i]; gate != NULL; gate = gate->next) {
      gate->asked = 0;
      gate->not_before = 0;
      if (gate->driver->forked != NULL)
        gate->driver->forked(gate->limiter);
    }
}

void sr_gates_fini(struct sr_gates *gates) {
  size_t i;
  for (i = 0; i < gates->size; i++)
    while (gates->buckets[i] != NULL) {
      struct sr_gate *gate = gates->buckets[i];
      gates->buckets[i] = gate->next;
      close_gate(gate);
    }
  free(gates->buckets);
  sr_gates_init(gates);
}

/* ---- slots ---- */

int sr_gate_usable(const struct sr_call *call) {
  int slots = call->config->rate.slots;
  return call->low && slots > 1 ? slots - 1 : slots;
}

static void tell_problem(struct sr_call *call, const char *problem) {
  struct sr_gate *gate = call->gate;
  if (problem[0] != '\0' && !gate->problem_told)
    sr_call_add_problem(call, problem);
  gate->problem_told = problem[0] != '\0';
}

enum sr_verdict sr_gate_take(struct sr_call *call, sr_time now, struct sr_ruling *ruling) {
  const struct sr_config *config = call->config;
  struct sr_gate *gate = call->gate;
  struct sr_want want;
  enum sr_verdict verdict;
  int asked = call->slot.state == SR_SLOT_ASKED;
  want.rate = config->rate;
  want.low = call->low;
  want.send_time = config->send_time;
  want.lease = call->deadline + config->rate.window + SR_LATE_COUNT;
  memset(ruling, 0, sizeof *ruling);
  verdict = gate->driver->take(gate->limiter, &want, now, &call->slot, ruling);
  gate->asked += (call->slot.state == SR_SLOT_ASKED) - asked;
  gate->unanswered = verdict == SR_LIMIT_ASKED;
  if (verdict != SR_LIMIT_ASKED)
    gate->answered = now;
  if (verdict != SR_LIMIT_ASKED && verdict != SR_LIMIT_FAILED &&
      (ruling->problem[0] != '\0') != gate->problem_told)
    tell_problem(call, ruling->problem);
  return verdict;
}

int sr_gate_is_silent(const struct sr_call *call, sr_time now, struct sr_ruling *ruling) {
  const struct sr_gate *gate = call->gate;
  struct sr_limit_view view;
  memset(ruling, 0, sizeof *ruling);
  if (gate == NULL || !gate->unanswered || gate->answered >= call->since)
    return 0;
  sr_gate_view(gate, call->config, now, &view);
  if (view.problem[0] != '\0')
    memcpy(ruling->problem, view.problem, sizeof ruling->problem);
  else
    snprintf(ruling->problem, sizeof ruling->problem, "%.80s: no answer within the call's timeout",
             view.place);
  return 1;
}

void sr_gate_wait(const struct sr_call *call, sr_time at) {
  call->gate->full = sr_gate_usable(call);
  call->gate->not_before = at;
}

sr_time sr_gate_ask_at(const struct sr_call *call) {
  const struct sr_gate *gate = call->gate;
  if (gate == NULL || call->slot.state == SR_SLOT_ASKED)
    return call->due;
  if (gate->asked >= call->config->rate.slots)
    return SR_NEVER;
  if (gate->not_before > call->due && sr_gate_usable(call) <= gate->full)
    return gate->not_before;
  return call->due;
}

int sr_gate_may_send(struct sr_call *call, sr_time now) {
  const struct sr_gate *gate = call->gate;
  if (gate == NULL || call->slot.state != SR_SLOT_HELD)
    return 1;
  if (gate->driver->start == NULL)
    return now < call->slot.send_by;
  return gate->driver->start(gate->limiter, &call->config->rate, now, &call->slot);
}

enum sr_change sr_gate_give(struct sr_call *call, sr_time now, enum sr_outcome outcome,
                            sr_time hold) {
  struct sr_gate *gate = call->gate;
  if (gate == NULL || call->slot.state == SR_SLOT_NONE)
    return SR_CHANGE_NONE;
  gate->asked -= call->slot.state == SR_SLOT_ASKED;
  if (outcome == SR_OUTCOME_UNSENT)
    gate->not_before = 0; /* its slot is free at once */
  return gate->driver->give(gate->limiter, &call->config->rate, now, &call->slot, outcome, hold);
}

sr_time sr_gate_earliest(const struct sr_call *call, sr_time now, int ahead) {
  const struct sr_gate *gate = call->gate;
  struct sr_rate rate = call->config->rate;
  rate.slots = sr_gate_usable(call);
  return gate->driver->earliest(gate->limiter, &rate, now, (unsigned)ahead);
}

void sr_gate_count(const struct sr_call *call, int by) {
  if (call->gate == NULL)
    return;
  call->gate->waiting += by;
  sr_config_add_waiting(call->config, by);
}

/* ---- looking ---- */

void sr_gate_view(const struct sr_gate *gate, const struct sr_config *config, sr_time now,
                  struct sr_limit_view *view) {
  memset(view, 0, sizeof *view);
  view->rate = config->rate;
  view->scope = view->place = "";
  gate->driver->view(gate->limiter, now, view);
}

void sr_gate_see_block(const struct sr_call *call, sr_time now, struct sr_ruling *ruling) {
  struct sr_limit_view view;
  sr_gate_view(call->gate, call->config, now, &view);
  memset(ruling, 0, sizeof *ruling);
  ruling->block = view.block;
  ruling->at = view.blocked_until;
  ruling->silent = view.silent;
}

void sr_gate_reset(struct sr_gate *gate, sr_time now) {
  gate->driver->reset(gate->limiter, now);
  gate->not_before = 0;
}

/* ---- limiters that ask a server ---- */

unsigned sr_gate_watch(const struct sr_gate *gate, struct curl_waitfd *fds) {
  struct sr_watch watches[SR_WATCH_MAX];
  int i, count = gate->driver->watch(gate->limiter, watches);
  for (i = 0; i < count; i++) {
    fds[i].fd = watches[i].fd;
    fds[i].events = 0;
    fds[i].revents = 0;
    if (watches[i].events & POLLIN)
      fds[i].events |= CURL_WAIT_POLLIN;
    if (watches[i].events & POLLOUT)
      fds[i].events |= CURL_WAIT_POLLOUT;
  }
  return (unsigned)count;
}

sr_time sr_gate_wake(const struct sr_gate *gate) {
  return gate->driver->wake(gate->limiter);
}

enum sr_change sr_gate_news(const struct sr_gate *gate) {
  return gate->driver->news(gate->limiter);
}

int sr_gate_is_idle(const struct sr_gate *gate) {
  return gate->driver->idle == NULL || gate->driver->idle(gate->limiter);
}
