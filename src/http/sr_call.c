/* One call of the API.
** SPDX-License-Identifier: MIT */
#include "http/sr_call.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static void set_defaults(struct sr_call *call) {
  call->method = "GET";
  call->timeout = 60 * SR_SECOND;
  call->connect_timeout = 10 * SR_SECOND;
  call->retries = 2;
  call->repeatable = 1;
  call->max_body = (size_t)256 << 20;
  call->max_headers = (size_t)64 << 10;
  call->retry_after = -1;
  call->http_version = "";
}

struct sr_call *sr_call_new(struct sr_config *config) {
  struct sr_call *call = calloc(1, sizeof *call);
  if (call == NULL)
    return NULL;
  call->config = sr_config_ref(config);
  set_defaults(call);
  return call;
}

struct sr_part *sr_call_add_part(struct sr_call *call) {
  struct sr_part *part = calloc(1, sizeof *part);
  if (part == NULL)
    return NULL;
  if (call->last_part != NULL)
    call->last_part->next = part;
  else
    call->parts = part;
  call->last_part = part;
  return part;
}

static void free_parts(struct sr_part *part) {
  while (part != NULL) {
    struct sr_part *next = part->next;
    sr_buf_fini(&part->name);
    sr_buf_fini(&part->filename);
    sr_buf_fini(&part->content_type);
    sr_buf_fini(&part->data);
    free(part);
    part = next;
  }
}

/* Buffers up to this size are kept for the next request: a usual head fits. */
enum { KEPT_SIZE = 512 };

void sr_call_clear(struct sr_call *call) {
  struct sr_buf *const bufs[] = {&call->target, &call->body, &call->head, &call->answer};
  size_t i;
  if (call->parts != NULL)
    free_parts(call->parts);
  call->parts = call->last_part = NULL;
  curl_slist_free_all(call->headers);
  call->headers = NULL;
  if (call->sink != NULL)
    sr_sink_delete(call->sink);
  call->sink = NULL;
  if (call->events != NULL)
    sr_call_clear_events(call);
  for (i = 0; i < sizeof bufs / sizeof bufs[0]; i++)
    if (bufs[i]->cap > KEPT_SIZE)
      sr_buf_fini(bufs[i]);
    else if (bufs[i]->len > 0)
      bufs[i]->data[bufs[i]->len = 0] = '\0';
  call->cleared = 1;
}

void sr_call_reset(struct sr_call *call) {
  struct sr_config *config = call->config;
  struct sr_buf target, body, head, answer;
  if (call->ready_node.next != NULL)
    sr_list_remove(&call->ready_node);
  if (!call->cleared)
    sr_call_clear(call);
  target = call->target;
  body = call->body;
  head = call->head;
  answer = call->answer;
  memset(call, 0, offsetof(struct sr_call, error));
  call->config = config;
  call->target = target;
  call->body = body;
  call->head = head;
  call->answer = answer;
  memset(&call->error, 0, offsetof(struct sr_error, message));
  call->error.message[0] = '\0';
  set_defaults(call);
}

void sr_call_delete(struct sr_call *call) {
  if (call == NULL)
    return;
  if (call->engine != NULL)
    call->cancel(call);
  sr_list_remove(&call->ready_node);
  sr_call_clear(call);
  sr_buf_fini(&call->target);
  sr_buf_fini(&call->body);
  sr_buf_fini(&call->head);
  sr_buf_fini(&call->answer);
  sr_config_unref(call->config);
  free(call);
}

static struct sr_event *new_event(struct sr_call *call, enum sr_event_type type) {
  struct sr_event *event;
  if (call->events == NULL)
    call->events = calloc(SR_EVENTS_MAX, sizeof *call->events);
  if (call->events == NULL || call->event_count == SR_EVENTS_MAX) {
    call->events_lost++;
    return NULL;
  }
  event = &call->events[call->event_count++];
  memset(event, 0, sizeof *event);
  event->type = type;
  event->attempt = call->attempts;
  event->status = call->status;
  event->code = call->error.code;
  return event;
}

void sr_call_add_event(struct sr_call *call, enum sr_event_type type, sr_time duration) {
  struct sr_event *event = new_event(call, type);
  if (event != NULL)
    event->duration = duration;
}

void sr_call_add_problem(struct sr_call *call, const char *problem) {
  struct sr_event *event = new_event(call, SR_EVENT_LIMITER_FALLBACK);
  if (event != NULL)
    event->problem = strdup(problem);
}

void sr_call_clear_events(struct sr_call *call) {
  int i;
  for (i = 0; i < call->event_count; i++)
    free(call->events[i].problem);
  free(call->events);
  call->events = NULL;
  call->event_count = call->events_lost = 0;
}

enum sr_headers sr_call_headers(const struct sr_call *call) {
  if (call->parts != NULL)
    return SR_HEADERS_UPLOAD;
  if (call->has_body)
    return SR_HEADERS_JSON;
  /* POST, PUT and PATCH announce the length of their body even when there is none */
  return strcmp(call->method, "GET") == 0 || strcmp(call->method, "DELETE") == 0
             ? SR_HEADERS_PLAIN
             : SR_HEADERS_NO_BODY;
}

static int is_header(const char *line, const char *name) {
  for (; *name != '\0'; line++, name++)
    if (sr_lower(*line) != *name)
      return 0;
  return *line == ':';
}

void sr_call_header(const struct sr_call *call, const char *name, char *out, size_t size) {
  const char *line = sr_buf_text(&call->head);
  out[0] = '\0';
  while (*line != '\0') {
    size_t len = strcspn(line, "\r\n");
    if (is_header(line, name)) {
      const char *value = line + strlen(name) + 1;
      size_t rest = len - strlen(name) - 1;
      while (rest > 0 && (*value == ' ' || *value == '\t')) {
        value++;
        rest--;
      }
      while (rest > 0 && (value[rest - 1] == ' ' || value[rest - 1] == '\t'))
        rest--;
      if (rest >= size)
        rest = size - 1;
      memcpy(out, value, rest);
      out[rest] = '\0';
      return;
    }
    line += len;
    line += strspn(line, "\r\n");
  }
}
