/* A connection to a Redis server. No function waits.
** SPDX-License-Identifier: MIT
**
** libcurl connects (names, sockets, TLS) and hiredis speaks the protocol. The wire logs in, selects the
** database and loads the limiter's script; then it is SR_WIRE_UP, takes commands and gives their
** replies in the same order. On any trouble it is SR_WIRE_DOWN, `problem` says why, and commands
** without a reply are lost. It does not reconnect by itself. */
#ifndef SR_REDIS_WIRE_H
#define SR_REDIS_WIRE_H

#include "base/sr_fork_multi.h"
#include "limit/sr_limiter.h"
#include "limit/redis/sr_redis_address.h"

#include <curl/curl.h>
#include <hiredis/hiredis.h>

/* How long connecting, logging in, and an answer may take. */
#define SR_REDIS_TIMEOUT (2 * SR_SECOND)

enum sr_wire_state {
  SR_WIRE_DOWN,
  SR_WIRE_CONNECTING,
  SR_WIRE_GREETING, /* connected, logging in */
  SR_WIRE_UP
};

enum { SR_WIRE_PROBLEM = 160, SR_WIRE_GREETINGS = 4, SR_WIRE_SHA = 40, SR_WIRE_RUN = 16 };

/* All zero but for `address` and `script`: down. */
struct sr_wire {
  const struct sr_redis_address *address; /* the owner's */
  const char *script;                     /* to be loaded; the owner's */
  enum sr_wire_state state;
  sr_time since; /* when it entered its state */
  CURLM *multi;  /* both NULL when down */
  CURL *easy;
  struct sr_wakers wakers;               /* of `multi` */
  struct sr_watch sockets[SR_WATCH_MAX]; /* CONNECTING: what to poll for libcurl */
  int socket_count;
  sr_time now;   /* while libcurl is called */
  sr_time timer; /* CONNECTING: when to call libcurl for time alone */
  int fd;        /* from GREETING on */
  redisReader *reader;
  struct sr_buf sending; /* unchanged until all of it is written: TLS may ask for it again */
  size_t sent;           /* how much of it is */
  struct sr_buf queue;   /* what comes after it */
  int greetings[SR_WIRE_GREETINGS]; /* GREETING: commands without a reply so far */
  int greeting_count;
  char sha[SR_WIRE_SHA + 1]; /* the script's name */
  char run[SR_WIRE_RUN + 1]; /* identifies the server process; "": unknown */
  char detail[CURL_ERROR_SIZE];
  char problem[SR_WIRE_PROBLEM]; /* why it went down; no secrets */
  int lasting;                   /* the problem stays until somebody changes a setting */
};

/* Begins to connect a wire that is down. It may be down again on return. */
void sr_wire_connect(struct sr_wire *wire, sr_time now);

/* Goes down; the arguments, as for printf, say why. */
void sr_wire_fail(struct sr_wire *wire, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Goes down, closes everything and frees all but `address` and `script`. */
void sr_wire_fini(struct sr_wire *wire);

/*
** In a forked child: the same without a byte to the server. The fork has closed this process's
** descriptors (sr_fork.h). libcurl's handles are leaked: freeing them would end the parent's TLS
** session.
*/
void sr_wire_forget(struct sr_wire *wire);

/* Connects, reads and writes what it can without waiting, on a wire that is not down. */
void sr_wire_work(struct sr_wire *wire, sr_time now);

/* Sends a command on a wire that is up, now or as soon as possible. It may be down on return. */
void sr_wire_send(struct sr_wire *wire, int argc, const char **argv);

/* The next complete reply on a wire that greets or is up, to be freed by freeReplyObject; NULL: none. */
redisReply *sr_wire_reply(struct sr_wire *wire);

/* See struct sr_limiter_driver. */
int sr_wire_watch(const struct sr_wire *wire, struct sr_watch *watches);
sr_time sr_wire_wake(const struct sr_wire *wire);

/* Whether an error of the server, or one that stopped the script, has this code: "NOSCRIPT". */
int sr_wire_error_is(const char *error, const char *code);

/*
** Writes what an error of the server means to `out`, on one line: its meaning where it is known, else
** the server's words. Returns whether it stays until somebody changes a setting.
*/
int sr_wire_explain(const struct sr_wire *wire, const char *error, char *out, size_t size);

#endif
