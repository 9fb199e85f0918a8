/* The immutable configuration shared by all calls of a client: address, key, TLS, limit. Masks the key in texts.
** SPDX-License-Identifier: MIT */
#ifndef SR_CONFIG_H
#define SR_CONFIG_H

#include "base/sr_buf.h"
#include "http/sr_error.h"
#include "limit/sr_local.h"
#include "base/sr_mask.h"

#include <curl/curl.h>
#include <stdatomic.h>

/* Where the key goes. */
enum sr_auth {
  SR_AUTH_HEADER, /* Authorization: Token KEY */
  SR_AUTH_QUERY,  /* ?token=KEY on v4, ?apikey=KEY on v1 */
  SR_AUTH_NOWHERE /* not sent: known only to be masked */
};

/* What sr_config_new is told. Strings are copied; NULL means left out. */
struct sr_settings {
  const char *base_url;
  const char *token; /* NULL: none */
  size_t token_len;
  int token_off; /* calls without a key are intended */
  int v1;        /* the generation */
  enum sr_auth auth;
  const char *ca_file;    /* PEM; NULL: the system's */
  const char *proxy;      /* NULL: as libcurl finds it in the environment */
  const char *user_agent; /* put before our own; NULL: our own alone */
  int limited;            /* 0: no limiter at all */
  struct sr_rate rate;
  uint64_t
      limit_salt; /* 0, or the id of an injected clock: clients on different clocks share no limit */
  const char *limit_family;               /* which of a key's limits: "", or a product's name */
  struct sr_local_settings local;         /* whom it is shared with on this machine */
  const struct sr_limiter_driver *driver; /* shared by other means: see sr_limiter.h; or NULL */
  const char *driver_settings;            /* approved by its check */
  int fall_back; /* while the driver's limiter is out of reach: the process's own, or fail */
  int send_time; /* pacing by time of sending: faster, without proof */
  int max_queue; /* calls of one engine that may wait for a slot of this limit */
};

/*
** Sets of request headers, made once. Each call picks one. The first line of each is Accept-Encoding. It
** and User-Agent are lines like the others, since libcurl formats those of its own options twice a call.
*/
enum sr_headers {
  SR_HEADERS_PLAIN,   /* no body, and none announced */
  SR_HEADERS_JSON,    /* a JSON body */
  SR_HEADERS_NO_BODY, /* POST, PUT, PATCH without a body: Content-Length: 0 and no Content-Type */
  SR_HEADERS_UPLOAD,  /* multipart: libcurl makes the Content-Type, with the boundary in it */
  SR_HEADERS_COUNT
};

/* Reference-counted. Except for counts, it never changes after sr_config_new: any thread may read it. */
struct sr_config {
  atomic_uint refs;
  uint64_t id;               /* never reused in this process, unlike an address */
  uint64_t client;           /* `id`, or that of the config it was made from */
  struct sr_buf base_url;    /* without a last slash */
  CURLU *url;                /* the same, parsed: libcurl reads a text anew for each attempt */
  size_t path_at;            /* where the path in it begins */
  int plain_http;            /* the base is http: to this machine only */
  int http_proxy;            /* calls go through a proxy with CONNECT, as far as can be told */
  struct sr_buf key;         /* empty: none */
  struct sr_buf key_escaped; /* percent-encoded, as in a query */
  struct sr_mask key_mask;
  struct sr_mask query_mask; /* of a download: its query may be a secret */
  int token_off;
  int v1;
  enum sr_auth auth;
  struct curl_slist *headers[SR_HEADERS_COUNT];
  struct sr_buf ca_file, proxy; /* empty when left out */
  struct sr_buf user_agent;     /* the whole header line */
  char key_hint[SR_KEY_HINT_SIZE];

  /* The limit. The engine opens its limiter when the first call needs it. */
  int limited;
  struct sr_rate rate;
  int send_time, fall_back, max_queue;
  _Atomic uint64_t waiting; /* see sr_config_waiting */
  struct sr_limit_identity limit_identity;
  struct sr_local_settings local;     /* its string is `state_dir` */
  struct sr_buf state_dir, limit_url; /* the URL as it may be shown */
  const struct sr_limiter_driver *driver;
  struct sr_buf driver_settings;
};

/*
** Checks and copies. NULL on failure, with `error`: kind auth, code invalid_key for a text that can't be
** a key; kind invalid, code bad_option for an address, or for the proxy of the option or, for https, of
** the environment.
*/
struct sr_config *sr_config_new(const struct sr_settings *settings, struct sr_error *error);

/*
** A copy for another host, to fetch `target` there: without a key and without a limit. NULL on failure,
** as sr_config_new.
*/
struct sr_config *sr_config_elsewhere(const struct sr_config *config, const char *base_url,
                                      const char *target, struct sr_error *error);

struct sr_config *sr_config_ref(struct sr_config *config);
void sr_config_unref(struct sr_config *config); /* NULL is allowed */

/*
** How many calls of the client wait for a slot in this process. Engines count them. Calls that were
** waiting when the process forked don't count in the child.
*/
unsigned sr_config_waiting(const struct sr_config *config);
void sr_config_add_waiting(struct sr_config *config, int by);

/*
** What may be shown of the key: "…d14b", "…" if it is short, "none". `out` has SR_KEY_HINT_SIZE bytes.
*/
void sr_config_key_hint(const struct sr_config *config, char *out);

/* Whether the key has the shape of a UUID, as those of v1 do. */
int sr_key_is_uuid(const char *key, size_t len);

/* Whether the key is 40 hexadecimal digits, as those of v4 are. */
int sr_key_is_hex(const char *key, size_t len);

/*
** Hides the key in `text`, in place, as sr_mask_hide does, and of a download the query of its
** address. Returns the new length.
*/
size_t sr_config_redact(const struct sr_config *config, char *text, size_t len);

/*
** Copies the beginning of a text to `out` as one line without the key: see sr_error_clean.
*/
void sr_config_show(const struct sr_config *config, char *out, size_t size, const char *text,
                    size_t len);

/* The value of Accept-Encoding. */
const char *sr_config_codings(const struct sr_config *config);

/* "token" or "apikey". */
const char *sr_config_key_param(const struct sr_config *config);

#endif
