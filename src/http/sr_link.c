/* The limiters that an engine has opened.
** SPDX-License-Identifier: MIT */
#include "http/sr_link.h"

#include <stdlib.h>
#include <string.h>

/* So many unused ones are kept. */
enum { KEPT = 16 };

/* How many unused ones are looked at each time another one joins them; more than one, so that they get fewer. */
enum { LOOKS = 2 };

/* When the limiter does not know how long it has to stay open. */
#define ASK_AGAIN SR_SECOND

static int same_text(const char *a, const char *b) {
  return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static const struct sr_limiter_driver *driver_of(const struct sr_config *config) {
  return config->driver != NULL ? config->driver : &sr_local_driver;
}

static int is_for(const struct link *link, const struct sr_config *config) {
  return link->identity.name == config->limit_identity.name && link->driver == driver_of(config) &&
         link->local.shared == config->local.shared && link->local.group == config->local.group &&
         link->local.strict == config->local.strict &&
         same_text(link->local.state_dir, config->local.state_dir) &&
         strcmp(link->settings, sr_buf_text(&config->driver_settings)) == 0;
}

/* `name` is a hash already. */
static struct link **bucket_of(const struct sr_links *links, uint64_t name) {
  return &links->buckets[name & (links->size - 1)];
}

/* 0, or -1 when memory ran out. */
static int grow(struct sr_links *links) {
  size_t i, size = links->size > 0 ? 2 * links->size : 16;
  struct sr_links larger = *links;
  larger.buckets = calloc(size, sizeof(struct link *));
  if (larger.buckets == NULL)
    return -1;
  larger.size = size;
  for (i = 0; i < links->size; i++)
    while (links->buckets[i] != NULL) {
      struct link *link = links->buckets[i], **bucket = bucket_of(&larger, link->identity.name);
      links->buckets[i] = link->next;
      link->next = *bucket;
      *bucket = link;
    }
  free(links->buckets);
  *links = larger;
  return 0;
}

/* ---- one of them ---- */

static void close_link(struct link *link) {
  if (link->limiter != NULL)
    link->driver->close(link->limiter);
  if (link->own != NULL)
    sr_local_driver.close(link->own);
  free((char *)link->identity.key_hint);
  free((char *)link->identity.base_url);
  free((char *)link->local.state_dir);
  free(link->settings);
  free(link);
}

/* 0, or -1 when memory ran out. */
static int fill(struct link *link, const struct sr_config *config) {
  const struct sr_local_settings own = {0, 0, NULL, 0, config->local.real};
  link->driver = driver_of(config);
  link->local = config->local;
  link->local.state_dir = NULL;
  link->identity = config->limit_identity;
  link->identity.key_hint = strdup(config->limit_identity.key_hint);
  link->identity.base_url = strdup(config->limit_identity.base_url);
  link->settings = strdup(sr_buf_text(&config->driver_settings));
  if (link->identity.key_hint == NULL || link->identity.base_url == NULL || link->settings == NULL)
    return -1;
  if (config->local.state_dir != NULL &&
      (link->local.state_dir = strdup(config->local.state_dir)) == NULL)
    return -1;
  if (config->driver == NULL) {
    link->limiter = sr_local_open(&link->local, &link->identity);
  } else {
    link->limiter = config->driver->open(link->settings, &link->identity);
    link->own = sr_local_open(&own, &link->identity);
    if (link->own == NULL)
      return -1;
  }
  return link->limiter != NULL ? 0 : -1;
}

static struct link *open_link(const struct sr_config *config) {
  struct link *link = calloc(1, sizeof *link);
  if (link == NULL)
    return NULL;
  if (fill(link, config) == 0)
    return link;
  close_link(link);
  return NULL;
}

/* ---- unused ones ---- */

static void use(struct sr_links *links, struct link *link) {
  if (link->prev != NULL)
    link->prev->after = link->after;
  else
    links->first = link->after;
  if (link->after != NULL)
    link->after->prev = link->prev;
  else
    links->last = link->prev;
  link->prev = link->after = NULL;
  links->unused--;
}

/* The one unused for longest; there is one. */
static struct link *use_first(struct sr_links *links) {
  struct link *link = links->first;
  links->first = link->after;
  if (links->first != NULL)
    links->first->prev = NULL;
  else
    links->last = NULL;
  link->after = NULL;
  links->unused--;
  return link;
}

static void leave(struct sr_links *links, struct link *link) {
  link->prev = links->last;
  if (links->last != NULL)
    links->last->after = link;
  else
    links->first = link;
  links->last = link;
  links->unused++;
}

/* One that is neither used nor in the list of unused ones. */
static void forget(struct sr_links *links, struct link *link) {
  struct link **at = bucket_of(links, link->identity.name);
  while (*at != link)
    at = &(*at)->next;
  *at = link->next;
  if (link->driver->work != NULL) {
    for (at = &links->asking; *at != link;)
      at = &(*at)->next_that_asks;
    *at = link->next_that_asks;
  }
  links->count--;
  close_link(link);
}

/* Until when one of its limiters has to stay open. */
static sr_time ask(const struct link *link, sr_time now) {
  sr_time until =
      link->driver->keep_until != NULL ? link->driver->keep_until(link->limiter, now) : 0;
  sr_time own = link->own != NULL ? sr_local_driver.keep_until(link->own, now) : 0;
  if (own > until)
    until = own;
  return until == SR_NEVER ? now + ASK_AGAIN : until;
}

/* Closes the one unused for longest; or, if it has to stay open, puts it behind the others. */
static void close_or_requeue(struct sr_links *links, sr_time now) {
  struct link *link = use_first(links);
  if (link->keep_until <= now)
    link->keep_until = ask(link, now);
  if (link->keep_until <= now)
    forget(links, link);
  else
    leave(links, link);
}

/* ---- public ---- */

struct link *sr_links_get(struct sr_links *links, const struct sr_config *config) {
  struct link *link, **bucket;
  if (links->count >= links->size && grow(links) != 0)
    return NULL;
  bucket = bucket_of(links, config->limit_identity.name);
  for (link = *bucket; link != NULL && !is_for(link, config); link = link->next)
    ;
  if (link == NULL) {
    link = open_link(config);
    if (link == NULL)
      return NULL;
    link->next = *bucket;
    *bucket = link;
    links->count++;
    if (link->driver->work != NULL) {
      link->next_that_asks = links->asking;
      links->asking = link;
    }
  } else if (link->users == 0) {
    use(links, link);
  }
  link->users++;
  return link;
}

void sr_links_put(struct sr_links *links, struct link *link, sr_time now) {
  int i;
  if (--link->users > 0)
    return;
  link->keep_until = 0;
  leave(links, link);
  for (i = 0; i < LOOKS && links->unused > KEPT; i++)
    close_or_requeue(links, now);
}

void sr_links_forked(struct sr_links *links) {
  struct link *link;
  size_t i;
  for (i = 0; i < links->size; i++)
    for (link = links->buckets[i]; link != NULL; link = link->next) {
      link->asked = 0;
      link->not_before = 0;
      if (link->driver->forked != NULL)
        link->driver->forked(link->limiter);
    }
}

void sr_links_trim(struct sr_links *links, sr_time now) {
  int i, count = links->unused;
  for (i = 0; i < count; i++)
    close_or_requeue(links, now);
}

void sr_links_close(struct sr_links *links) {
  size_t i;
  for (i = 0; i < links->size; i++)
    while (links->buckets[i] != NULL) {
      struct link *link = links->buckets[i];
      links->buckets[i] = link->next;
      close_link(link);
    }
  free(links->buckets);
  memset(links, 0, sizeof *links);
}
