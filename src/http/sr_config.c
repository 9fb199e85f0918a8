/* The configuration shared by all calls of a client.
** SPDX-License-Identifier: MIT */
#include "http/sr_config.h"

#include "base/sr_fork.h"
#include "http/sr_proxy.h"
#include "base/sr_sha256.h"
#include "http/sr_url.h"

#include <stdlib.h>
#include <string.h>

/* CURL_VERSION_ZSTD, since 7.72: the library may be newer than its header. */
#define FEATURE_ZSTD (1 << 26)

/* How much of a text is read to show one line of it. */
#define LOOKED_AT ((size_t)16384)

/* The shortest piece of a download's query that is hidden. */
enum { QUERY_WINDOW = 12 };

const char *sr_config_key_param(const struct sr_config *config) {
  return config->v1 ? "apikey" : "token";
}

static int is_hex_digit(char c) {
  c = sr_lower(c);
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

int sr_key_is_uuid(const char *key, size_t len) {
  size_t i;
  if (len != 36)
    return 0;
  for (i = 0; i < len; i++) {
    int dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? key[i] != '-' : !is_hex_digit(key[i]))
      return 0;
  }
  return 1;
}

int sr_key_is_hex(const char *key, size_t len) {
  size_t i;
  if (len != 40)
    return 0;
  for (i = 0; i < len; i++) {
    if (!is_hex_digit(key[i]))
      return 0;
  }
  return 1;
}

void sr_config_key_hint(const struct sr_config *config, char *out) {
  const char *hint = config->key.len > 0 ? config->key_mask.hint : "none";
  memcpy(out, hint, strlen(hint) + 1);
}

size_t sr_config_redact(const struct sr_config *config, char *text, size_t len) {
  return sr_mask_hide(&config->query_mask, text, sr_mask_hide(&config->key_mask, text, len));
}

void sr_config_show(const struct sr_config *config, char *out, size_t size, const char *text,
                    size_t len) {
  char line[4096];
  len = sr_error_clean(line, sizeof line, text, len < LOOKED_AT ? len : LOOKED_AT);
  len = sr_config_redact(config, line, len);
  sr_error_clean(out, size, line, len);
}

/* Appends one line to `*list`. On failure the list is gone and `*list` NULL. 0 or -1. */
static int add_line(struct curl_slist **list, const char *line) {
  struct curl_slist *longer = curl_slist_append(*list, line);
  if (longer == NULL) {
    curl_slist_free_all(*list);
    *list = NULL;
    return -1;
  }
  *list = longer;
  return 0;
}

#define ACCEPT_ENCODING "Accept-Encoding: "

/* The codings that the libcurl that is loaded can undo. */
static const char *accept_encoding(void) {
  static const char *const lines[] = {
      ACCEPT_ENCODING "identity", ACCEPT_ENCODING "deflate, gzip",
      ACCEPT_ENCODING "br",       ACCEPT_ENCODING "deflate, gzip, br",
      ACCEPT_ENCODING "zstd",     ACCEPT_ENCODING "deflate, gzip, zstd",
      ACCEPT_ENCODING "br, zstd", ACCEPT_ENCODING "deflate, gzip, br, zstd",
  };
  int features = curl_version_info(CURLVERSION_NOW)->features;
  return lines[((features & CURL_VERSION_LIBZ) ? 1 : 0) +
               ((features & CURL_VERSION_BROTLI) ? 2 : 0) + ((features & FEATURE_ZSTD) ? 4 : 0)];
}

const char *sr_config_codings(const struct sr_config *config) {
  return config->headers[SR_HEADERS_PLAIN]->data + strlen(ACCEPT_ENCODING);
}

static int make_headers(struct sr_config *config) {
  static const char *const type_lines[SR_HEADERS_COUNT] = {NULL, "Content-Type: application/json",
                                                           "Content-Type:", NULL};
  struct sr_buf auth = {0};
  int i, failed = 0;
  if (config->key.len > 0 && config->auth == SR_AUTH_HEADER) {
    failed = sr_buf_puts(&auth, "Authorization: Token ") != 0 ||
             sr_buf_append(&auth, config->key.data, config->key.len) != 0;
  }
  for (i = 0; i < SR_HEADERS_COUNT && !failed; i++) {
    struct curl_slist **list = &config->headers[i];
    failed = add_line(list, accept_encoding()) != 0 ||
             add_line(list, config->auth == SR_AUTH_NOWHERE ? "Accept: */*"
                                                            : "Accept: application/json") != 0 ||
             add_line(list, config->user_agent.data) != 0 ||
             (type_lines[i] != NULL && add_line(list, type_lines[i]) != 0) ||
             (i != SR_HEADERS_PLAIN && add_line(list, "Expect:") != 0) ||
             (auth.len > 0 && add_line(list, auth.data) != 0);
  }
  sr_buf_fini(&auth);
  return failed ? -1 : 0;
}

/* The place of the first byte that can't be in a header line, or `len`. */
static size_t printable(const char *key, size_t len) {
  size_t i;
  for (i = 0; i < len; i++)
    if ((unsigned char)key[i] <= 0x20 || (unsigned char)key[i] >= 0x7f)
      return i;
  return len;
}

/* What to do about a key whose byte at `bad` is the first that can't be sent. */
static const char *key_hint(const char *key, size_t len, size_t bad) {
  size_t last = len - 1;
  while (last > bad && sr_is_blank(key[last]))
    last--;
  if (sr_is_blank(key[bad]) && (bad == 0 || last == bad))
    return "remove the white space before and after the key, such as the line break of a file";
  if (key[bad] == ' ')
    return "give the key alone: the client adds the word Token itself";
  return "copy the key again: v4 keys are 40 hexadecimal digits, v1 keys look like a UUID";
}

static int check_key(const struct sr_settings *settings, struct sr_error *error) {
  size_t bad;
  if (settings->token == NULL)
    return 0;
  if (settings->token_len == 0) {
    sr_error_set(error, SR_AUTH, "invalid_key",
                 "leave the option out, or say token = false for calls without a key",
                 "the API key is an empty string");
    return -1;
  }
  bad = printable(settings->token, settings->token_len);
  if (bad == settings->token_len)
    return 0;
  sr_error_set(error, SR_AUTH, "invalid_key", key_hint(settings->token, settings->token_len, bad),
               "the API key holds a %s at place %zu of %zu",
               (unsigned char)settings->token[bad] > 0x7e ? "byte that is not ASCII"
                                                          : "blank or control character",
               bad + 1, settings->token_len);
  return -1;
}

/* Array sizes depend on these numbers. */
static int check_limit(const struct sr_settings *settings, struct sr_error *error) {
  const struct sr_rate *rate = &settings->rate;
  if (!settings->limited ||
      (rate->slots >= 1 && rate->slots <= SR_LIMIT_SLOTS && rate->window > 0 &&
       rate->window <= 86400 * SR_SECOND && settings->max_queue >= 0))
    return 0;
  sr_error_set(error, SR_INVALID, "bad_option", NULL,
               "must be 1 to %d requests in a window of more than 0 and at most 86400 s, and "
               "max_queue not negative; got %d in %.9g s and %d",
               SR_LIMIT_SLOTS, rate->slots, (double)rate->window / 1e9, settings->max_queue);
  error->option = "rate";
  return -1;
}

static int copy(struct sr_buf *to, const char *from) {
  return from == NULL ? 0 : sr_buf_puts(to, from);
}

static uint64_t first_bytes(struct sr_sha256 *sha) {
  unsigned char hash[SR_SHA256_SIZE];
  uint64_t number = 0;
  int i;
  sr_sha256_end(sha, hash);
  for (i = 0; i < 8; i++)
    number = number << 8 | hash[i];
  return number;
}

/* With its NUL, so that "a","bc" and "ab","c" differ. */
static void add_text(struct sr_sha256 *sha, const char *text) {
  sr_sha256_add(sha, text, strlen(text) + 1);
}

/* The identity of the limit: a hash of key and address, which gives neither away. */
static int fill_limit(struct sr_config *config, const struct sr_settings *settings) {
  struct sr_sha256 sha;
  const char *family = settings->limit_family != NULL ? settings->limit_family : "";
  if (copy(&config->state_dir, settings->local.state_dir) != 0 ||
      copy(&config->driver_settings, settings->driver_settings) != 0 ||
      copy(&config->limit_url, config->base_url.data) != 0)
    return -1;
  config->limit_url.len = sr_config_redact(config, config->limit_url.data, config->limit_url.len);
  sr_config_key_hint(config, config->key_hint);
  sr_sha256_init(&sha);
  add_text(&sha, "seranking limit");
  add_text(&sha, sr_buf_text(&config->key));
  add_text(&sha, config->base_url.data);
  add_text(&sha, family);
  config->limit_identity.name = first_bytes(&sha) ^ settings->limit_salt;
  config->limited = 1;
  config->send_time = settings->send_time;
  config->fall_back = settings->fall_back;
  config->max_queue = settings->max_queue;
  config->driver = settings->driver;
  config->local = settings->local;
  config->local.state_dir = settings->local.state_dir != NULL ? config->state_dir.data : NULL;
  config->limit_identity.key_hint = config->key_hint;
  config->limit_identity.base_url = config->limit_url.data;
  return 0;
}

/* The parts of sr_config_new that can run out of memory. 0 or -1. */
static int fill(struct sr_config *config, const struct sr_settings *settings) {
  if (settings->token != NULL &&
      (sr_mask_key(&config->key_mask, settings->token, settings->token_len) != 0 ||
       sr_buf_append(&config->key, settings->token, settings->token_len) != 0 ||
       sr_url_escape(&config->key_escaped, settings->token, settings->token_len) != 0))
    return -1;
  if (copy(&config->ca_file, settings->ca_file) != 0 || copy(&config->proxy, settings->proxy) != 0)
    return -1;
  if (sr_buf_puts(&config->user_agent, "User-Agent: ") != 0)
    return -1;
  if (settings->user_agent != NULL &&
      (sr_buf_puts(&config->user_agent, settings->user_agent) != 0 ||
       sr_buf_putc(&config->user_agent, ' ') != 0))
    return -1;
  if (sr_buf_puts(&config->user_agent, "seranking-lua/" SR_VERSION " libcurl/") != 0 ||
      sr_buf_puts(&config->user_agent, curl_version_info(CURLVERSION_NOW)->version) != 0)
    return -1;
  if (settings->limited && fill_limit(config, settings) != 0)
    return -1;
  return make_headers(config);
}

/* An empty config with an id. NULL when memory ran out. */
static struct sr_config *new_config(void) {
  static atomic_uint_fast64_t last_id;
  struct sr_config *config = calloc(1, sizeof *config);
  if (config == NULL)
    return NULL;
  atomic_init(&config->refs, 1);
  config->id = config->client = atomic_fetch_add(&last_id, 1) + 1;
  return config;
}

/* Takes the address. `in_clear`: the problem of plain http. 0, or -1 with the error. */
static int set_base(struct sr_config *config, const char *base_url, const char *in_clear,
                    struct sr_error *error) {
  const char *problem = sr_url_base(&config->base_url, base_url);
  if (problem == NULL) {
    config->plain_http = strncmp(config->base_url.data, "http:", 5) == 0;
    config->path_at = config->plain_http ? strlen("http://") : strlen("https://");
    config->path_at += strcspn(config->base_url.data + config->path_at, "/");
    config->url = curl_url();
    /* only memory can be missing: sr_url_base has read the address */
    if (config->url == NULL ||
        curl_url_set(config->url, CURLUPART_URL, config->base_url.data, 0) != CURLUE_OK)
      problem = sr_url_no_memory;
  }
  if (problem == NULL)
    return 0;
  if (problem == sr_url_no_memory)
    sr_error_no_memory(error);
  else
    sr_error_option(error, "base_url", problem == sr_url_in_clear ? in_clear : problem);
  return -1;
}

/*
** Checks the proxy of the option or the environment. It is never quoted: it may hold a password. 0, or
** -1 with the error.
*/
static int check_proxy(struct sr_config *config, const char *proxy, struct sr_error *error) {
  const char *name = "proxy", *problem;
  if (proxy == NULL || proxy[0] == '\0')
    proxy = config->plain_http ? NULL : sr_proxy_of_environment(&name);
  problem = proxy != NULL ? sr_proxy_check(proxy) : NULL;
  config->http_proxy = proxy != NULL && sr_proxy_is_http(proxy);
  if (problem == NULL)
    return 0;
  if (problem == sr_proxy_no_memory)
    sr_error_no_memory(error);
  else
    sr_error_option(error, name, problem);
  return -1;
}

struct sr_config *sr_config_new(const struct sr_settings *settings, struct sr_error *error) {
  struct sr_config *config;
  if (check_key(settings, error) != 0 || check_limit(settings, error) != 0)
    return NULL;
  config = new_config();
  if (config == NULL) {
    sr_error_no_memory(error);
    return NULL;
  }
  config->token_off = settings->token_off;
  config->v1 = settings->v1;
  config->auth = settings->auth;
  config->rate = settings->rate;
  if (set_base(config, settings->base_url, sr_url_in_clear, error) == 0 &&
      check_proxy(config, settings->proxy, error) == 0) {
    if (fill(config, settings) == 0)
      return config;
    sr_error_no_memory(error);
  }
  sr_config_unref(config);
  return NULL;
}

/* The parts of sr_config_elsewhere that can run out of memory. 0 or -1. */
static int fill_elsewhere(struct sr_config *other, const struct sr_config *config,
                          const char *target) {
  const char *query = strchr(target, '?');
  if (query != NULL &&
      sr_mask_text(&other->query_mask, query + 1, strlen(query + 1), QUERY_WINDOW) != 0)
    return -1;
  if (config->key.len > 0 &&
      (sr_mask_key(&other->key_mask, config->key.data, config->key.len) != 0 ||
       sr_buf_append(&other->key, config->key.data, config->key.len) != 0))
    return -1;
  if (sr_buf_puts(&other->ca_file, sr_buf_text(&config->ca_file)) != 0 ||
      sr_buf_puts(&other->proxy, sr_buf_text(&config->proxy)) != 0 ||
      sr_buf_puts(&other->user_agent, sr_buf_text(&config->user_agent)) != 0)
    return -1;
  return make_headers(other);
}

struct sr_config *sr_config_elsewhere(const struct sr_config *config, const char *base_url,
                                      const char *target, struct sr_error *error) {
  static const char in_clear[] = "must be an https address: anybody could read plain http (it is "
                                 "allowed to this machine only)";
  struct sr_config *other = new_config();
  if (other == NULL) {
    sr_error_no_memory(error);
    return NULL;
  }
  other->client = config->client;
  other->token_off = 1;
  other->v1 = config->v1;
  other->auth = SR_AUTH_NOWHERE;
  other->rate = config->rate;
  other->http_proxy = config->http_proxy;
  if (set_base(other, base_url, in_clear, error) == 0) {
    if (fill_elsewhere(other, config, target) == 0)
      return other;
    sr_error_no_memory(error);
  }
  sr_config_unref(other);
  return NULL;
}

/* Lower half: the count. Upper half: the process (sr_fork_count) it belongs to. */
static uint32_t waiting_of(uint64_t word, uint32_t process) {
  return (uint32_t)(word >> 32) == process ? (uint32_t)word : 0;
}

unsigned sr_config_waiting(const struct sr_config *config) {
  return waiting_of(atomic_load(&config->waiting), sr_fork_count());
}

void sr_config_add_waiting(struct sr_config *config, int by) {
  uint32_t process = sr_fork_count(), count;
  uint64_t word = atomic_load(&config->waiting);
  do {
    count = waiting_of(word, process);
    if (by < 0 && count == 0)
      return; /* counted before the fork */
    count += (uint32_t)by;
  } while (!atomic_compare_exchange_weak(&config->waiting, &word, (uint64_t)process << 32 | count));
}

struct sr_config *sr_config_ref(struct sr_config *config) {
  atomic_fetch_add(&config->refs, 1);
  return config;
}

void sr_config_unref(struct sr_config *config) {
  int i;
  if (config == NULL || atomic_fetch_sub(&config->refs, 1) != 1)
    return;
  for (i = 0; i < SR_HEADERS_COUNT; i++)
    curl_slist_free_all(config->headers[i]);
  sr_buf_fini(&config->key);
  sr_buf_fini(&config->key_escaped);
  sr_mask_fini(&config->key_mask);
  sr_mask_fini(&config->query_mask);
  sr_buf_fini(&config->base_url);
  curl_url_cleanup(config->url);
  sr_buf_fini(&config->ca_file);
  sr_buf_fini(&config->proxy);
  sr_buf_fini(&config->user_agent);
  sr_buf_fini(&config->state_dir);
  sr_buf_fini(&config->limit_url);
  sr_buf_fini(&config->driver_settings);
  free(config);
}
