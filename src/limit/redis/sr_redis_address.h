/* Where a Redis server is and how to log in: reading "redis://user:password@host:6379/0?prefix=…".
** SPDX-License-Identifier: MIT */
#ifndef SR_REDIS_ADDRESS_H
#define SR_REDIS_ADDRESS_H

#include "base/sr_buf.h"

/* All zero is an empty one. */
struct sr_redis_address {
  int tls;
  struct sr_buf url;   /* what libcurl connects to: "http://host:6379", "https://…" */
  struct sr_buf path;  /* of a unix socket; empty: none */
  struct sr_buf place; /* for people: the address without user, password and options */
  struct sr_buf user, password;
  struct sr_buf prefix;  /* of the names of keys */
  struct sr_buf ca_file; /* PEM; empty: the system's */
  struct sr_buf db;      /* digits; "0" when left out */
};

/*
** Reads an address: redis://[user:password@]host[:port][/db][?options], rediss:// (TLS) or
** unix:/path[?options]; options are db, user, password, prefix, ca_file. Percent-decodes all parts.
** Returns NULL, or what is wrong, without secrets, and then `out` is empty.
*/
const char *sr_redis_address_parse(struct sr_redis_address *out, const char *text);

/* Wipes the password and frees all. */
void sr_redis_address_fini(struct sr_redis_address *address);

#endif
