/* A connection to a Redis server on which nothing ever waits.
** SPDX-License-Identifier: MIT
**
** libcurl makes it (name look-up, sockets, TLS) and hiredis speaks the protocol. It logs in, chooses
** the database and loads the limiter's script by itself; then it is SR_WIRE_UP, and takes commands
** and gives their replies in the same order. On any trouble it is SR_WIRE_DOWN again, `problem` says
** why, and what it had taken is lost: trying again is the owner's decision. */
#ifndef SR_REDIS_WIRE_H
#define SR_REDIS_WIRE_H

#include "limit/sr_limiter.h"
#include "limit/redis/sr_redis_address.h"

#include <curl/curl.h>
#include <hiredis/hiredis.h>

/* How long a connection may take, a log-in, and an answer. */
#define SR_REDIS_TIMEOUT (2 * SR_SECOND)

enum sr_wire_state {
  SR_WIRE_DOWN,
  SR_WIRE_CONNECTING,
  SR_WIRE_GREETING, /* connected, logging in */
  SR_WIRE_UP
};

enum { SR_WIRE_PROBLEM = 160, SR_WIRE_GREETINGS = 4, SR_WIRE_SHA = 40, SR_WIRE_RUN = 16 };

/* All zero, but for `address` and `script`, is one that is down. */
struct sr_wire {
  const struct sr_redis_address *address; /* the owner's */
  const char *script;                     /* to be loaded; the owner's */
  enum sr_wire_state state;
  sr_time since; /* it is in its state since then */
  CURLM *multi;  /* both NULL when down */
  CURL *easy;
  struct sr_watch sockets[SR_WATCH_MAX]; /* CONNECTING: what libcurl wants to be polled */
  int socket_count;
  sr_time now;   /* while libcurl is called */
  sr_time timer; /* CONNECTING: when libcurl is to be called for time alone */
  int fd;        /* from GREETING on */
  redisReader *reader;
  struct sr_buf sending; /* stays as it is until all of it is written: TLS may ask for it again */
  size_t sent;           /* how much of it is */
  struct sr_buf queue;   /* what comes after it */
  int greetings[SR_WIRE_GREETINGS]; /* GREETING: whose replies are due */
  int greeting_count;
  char sha[SR_WIRE_SHA + 1]; /* the script's name */
  char run[SR_WIRE_RUN + 1]; /* which process the server is; "" when it does not say */
  char detail[CURL_ERROR_SIZE];
  char problem[SR_WIRE_PROBLEM]; /* why it went down; no secrets */
  int lasting;                   /* it is so until somebody changes a setting */
};

/* Begins to connect. It may be down again at once. Only when it is down. */
void sr_wire_connect(struct sr_wire *wire, sr_time now);

/* Goes down, and says why; printf's way. */
void sr_wire_fail(struct sr_wire *wire, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Goes down without a word, closes everything and frees all but `address` and `script`. */
void sr_wire_fini(struct sr_wire *wire);

/*
** In a forked child: the same without a byte to the server. The fork has closed this process's
** descriptors (sr_fork.h). libcurl's handles are leaked: freeing them would end the parent's TLS
** session.
*/
void sr_wire_forget(struct sr_wire *wire);

/* Reads, writes and connects as far as it goes now. */
void sr_wire_work(struct sr_wire *wire, sr_time now);

/* Writes a command, now or as soon as it can be. Only when it is up. It may be down afterwards. */
void sr_wire_send(struct sr_wire *wire, int argc, const char **argv);

/* The next reply that has come whole, for freeReplyObject; NULL: none. */
redisReply *sr_wire_reply(struct sr_wire *wire);

/* See struct sr_limiter_driver. */
int sr_wire_watch(const struct sr_wire *wire, struct sr_watch *watches);
sr_time sr_wire_wake(const struct sr_wire *wire);

/* Whether an error of the server, or one that stopped the script, is of this kind: "NOSCRIPT". */
int sr_wire_error_is(const char *error, const char *code);

/*
** What an error of the server means, in `out`, one line: in words where it is known, else the
** server's own. Returns whether it stays so until somebody changes a setting.
*/
int sr_wire_explain(const struct sr_wire *wire, const char *error, char *out, size_t size);

#endif
