/* Errors: kinds, codes, and the mapping from an HTTP answer or a libcurl code.
** SPDX-License-Identifier: MIT */
#ifndef SR_ERROR_H
#define SR_ERROR_H

#include <stddef.h>

struct sr_config;

/* The kind says what a caller can do; the code says what exactly went wrong. */
enum sr_kind {
  SR_NO_ERROR = 0,
  SR_AUTH,       /* the key is missing, wrong, or not for this API */
  SR_ACCESS,     /* the key is fine; the account, plan or owner does not allow it */
  SR_INVALID,    /* the request is wrong */
  SR_NOT_FOUND,  /* no such thing */
  SR_RATE_LIMIT, /* too many requests, said by the server or by our own limiter */
  SR_BLOCKED,    /* the key is blocked for a while */
  SR_SERVER,     /* 5xx */
  SR_TIMEOUT,    /* the deadline came first */
  SR_NETWORK,    /* name, route, connection */
  SR_TLS,        /* certificate or handshake */
  SR_DECODE,     /* the body is not what it should be */
  SR_TOO_LARGE,  /* the answer is over a limit, or memory ran out: ask for less at once */
  SR_CANCELLED,  /* given up by the caller */
  SR_PROTOCOL,   /* not HTTP as expected: redirects, broken framing */
  SR_PHASE,      /* called where it can't wait */
  SR_FILE        /* a file on this machine can't be written */
};

#define SR_MESSAGE_SIZE 512

/*
** A plain value: copy it freely. `code`, `hint` and `option` point to constants; `message` is valid
** UTF-8 on one line.
*/
struct sr_error {
  enum sr_kind kind;
  const char *code;   /* a stable word to test for */
  int status;         /* HTTP status of the API's answer, 0 when there was none */
  int lasting;        /* the same request will fail again: not worth a retry, whatever the kind */
  const char *hint;   /* what a person can do, or NULL */
  const char *option; /* of sr_config_new: the option that `message` is about, or NULL */
  char message[SR_MESSAGE_SIZE];
};

/* "auth", "access" … */
const char *sr_kind_name(enum sr_kind kind);

/* Fills `error`; the message is cut to size and cleaned as sr_error_clean does. */
void sr_error_set(struct sr_error *error, enum sr_kind kind, const char *code, const char *hint,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Fills `error` with kind invalid, code bad_option: `problem` goes on after the option's name. */
void sr_error_option(struct sr_error *error, const char *option, const char *problem);

/* Fills `error` with kind too_large, code out_of_memory. */
void sr_error_no_memory(struct sr_error *error);

/* What is known of an answer that is not a success. */
struct sr_answer {
  int status;
  const struct sr_config *config; /* whose key must not be shown */
  const char *content_type;       /* "" when there was none */
  const char *location;           /* the same, for redirects */
  const char *body;               /* as received: any bytes */
  size_t body_len;
};

/*
** The error of an answer whose status is not 2xx. The status decides, except that a 401 or 403 may say
** more about the key. `message` is what the server said. What single endpoints say is read in Lua.
*/
void sr_error_from_http(struct sr_error *error, const struct sr_answer *answer);

/*
** The error of a transfer that libcurl ended with `code` (not CURLE_OK, not an abort of our own).
** `connected`: the request had been begun, so the peer's answer is the cause, not our request.
** `detail`: libcurl's own words, or "". They are shown, except where they hold the proxy's address,
** which may have a password in it.
*/
void sr_error_from_curl(struct sr_error *error, int code, int connected, const char *detail);

/* The error of a proxy that answered `status` to CONNECT and made no tunnel. */
void sr_error_from_proxy(struct sr_error *error, int status);

/* Turns a lost connection or failed TLS into an error of the proxy. */
void sr_error_blame_proxy(struct sr_error *error);

/*
** Finds the texts of an error body in all the shapes seen: error.message, error.description,
** error_description, error, message, detail, in this order. Works on bodies that are cut short.
** Returns how many there are.
*/
enum { SR_TEXT_SIZE = 300, SR_TEXTS = 6 };
int sr_error_texts(const struct sr_answer *answer, char texts[SR_TEXTS][SR_TEXT_SIZE]);

/*
** Copies a text to `out` as one line of valid UTF-8 without control characters, cut to `size` - 1
** bytes. Returns its length.
*/
size_t sr_error_clean(char *out, size_t size, const char *text, size_t len);

/* The index of the first byte that is not part of valid UTF-8, or `len`. */
size_t sr_utf8_valid(const char *text, size_t len);

#endif
