/* Out-of-memory handling.
** SPDX-License-Identifier: MIT */
#include "failing_allocations.h"

#include "base/sr_buf.h"
#include "base/sr_fork.h"
#include "http/sr_config.h"
#include "http/sr_engine.h"
#include "http/sr_sink.h"
#include "limit/sr_fallback.h"
#include "limit/sr_local.h"
#include "limit/sr_share.h"
#include "http/sr_transfer.h"
#include "http/sr_url.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY "0123456789abcdef0123456789abcdef0123d14b"
#define S   SR_SECOND

static struct sr_settings settings_of(const char *base_url) {
  struct sr_settings settings;
  memset(&settings, 0, sizeof settings);
  settings.base_url = base_url;
  settings.token = KEY;
  settings.token_len = sizeof KEY - 1;
  settings.ca_file = "/etc/ca.pem";
  settings.proxy = "http://proxy.example:3128";
  settings.user_agent = "test/1";
  settings.limited = 1;
  settings.rate.slots = 5;
  settings.rate.window = S;
  return settings;
}

/* ---- freed memory ---- */

static void a_client_frees_all_its_memory(void **state) {
  int mode;
  (void)state;
  NEEDS_TO_BE_IN_BETWEEN();
  for (mode = 0; mode < 2; mode++) {
    struct sr_settings settings = settings_of("https://api4.seranking.com");
    struct sr_config *config;
    struct sr_error error;
    int round;
    settings.auth = mode == 0 ? SR_AUTH_HEADER : SR_AUTH_QUERY;
    for (round = 0; round < 2; round++) { /* the first round creates the limiter, which stays */
      watch_begin(0, 0);
      config = sr_config_new(&settings, &error);
      sr_config_unref(config);
      watch_end();
      assert_non_null(config);
    }
    assert_int_equal(live, 0);
  }
}

static void a_client_refused_for_its_address_frees_all_its_memory(void **state) {
  struct sr_settings settings = settings_of("http://api4.seranking.com");
  struct sr_error error;
  struct sr_config *config;
  (void)state;
  NEEDS_TO_BE_IN_BETWEEN();
  watch_begin(0, 0);
  config = sr_config_new(&settings, &error);
  watch_end();
  assert_null(config);
  assert_int_equal(live, 0);
}

/* ---- out of memory ---- */

/* Result of a scenario: reported out of memory, reported something else, succeeded. */
enum ending { GAVE_UP, MISSPOKE, WENT_THROUGH, WRONG };

static enum ending typed(const struct sr_error *error) {
  if (error->kind == SR_NO_ERROR || error->code == NULL || error->message[0] == '\0')
    return WRONG;
  return error->kind == SR_TOO_LARGE && strcmp(error->code, "out_of_memory") == 0 ? GAVE_UP
                                                                                  : MISSPOKE;
}

/* A client, an engine, a call with a 503, a pause, a success. No checks inside: they allocate.
** `salt`: 0, or the user whose slots are in a file below `dir`.
 */
static enum ending whole_life_with(sr_time now, uint64_t salt, const char *state_dir) {
  static const char head[] = "Retry-After: 1\r\nContent-Type: application/json\r\n";
  static const char body[] = "{\"message\":\"come again\"}";
  struct sr_manual_clock manual;
  struct sr_engine_options options;
  struct sr_settings settings = settings_of("https://api4.seranking.com/base/");
  struct sr_engine *engine = NULL;
  struct sr_call *call = NULL;
  struct sr_config *config;
  struct sr_error error;
  enum ending ending = GAVE_UP;
  memset(&error, 0, sizeof error);
  settings.limit_salt = salt;
  settings.local.shared = salt != 0;
  settings.local.state_dir = state_dir;
  manual.now = now;
  options.clock = sr_clock_manual(&manual);
  options.seed = 1;
  options.external = 1;
  config = sr_config_new(&settings, &error);
  if (config == NULL)
    return typed(&error);
  engine = sr_engine_new(&options);
  call = engine != NULL ? sr_call_new(config) : NULL;
  if (call != NULL &&
      sr_buf_puts(&call->target, "/sites?limit=100&offset=200&a_name_that_is_long=1") == 0) {
    sr_engine_submit(engine, call, 0);
    if (sr_engine_run(engine, call, 10 * S) == SR_RUN_EXTERNAL)
      sr_engine_answer(call, 503, head, sizeof head - 1, body, sizeof body - 1);
    if (sr_engine_run(engine, call, 10 * S) == SR_RUN_EXTERNAL)
      sr_engine_answer(call, 200, head, sizeof head - 1, body, sizeof body - 1);
    if (call->state != SR_STATE_DONE)
      ending = WRONG;
    else if (call->error.kind == SR_NO_ERROR)
      ending = call->answer.len == sizeof body - 1 && call->attempts == 2 ? WENT_THROUGH : WRONG;
    else
      ending = typed(&call->error);
  }
  sr_call_delete(call);
  sr_engine_delete(engine);
  sr_config_unref(config);
  return ending;
}

static enum ending whole_life(sr_time now) {
  return whole_life_with(now, 0, NULL);
}

/* Not checked for secrets: if libcurl can allocate a header line but not its list entry, it frees the
** line without clearing it. */
static void fail_everywhere(long count) {
  enum ending ending = GAVE_UP;
  sr_time now = 1000 * S;
  long at;
  assert_int_equal(whole_life(now), WENT_THROUGH); /* creates what stays, such as the limiter */
  for (at = 1; ending != WENT_THROUGH; at++) {
    long left;
    now += 100 * S;
    watch_begin(at, count);
    ending = whole_life(now);
    watch_end();
    left = live;
    CHECK(left == 0, "allocation %ld failed: %ld blocks leaked", at, left);
    CHECK(ending != WRONG, "allocation %ld failed: there is no error", at);
    assert_true(at < 1000);
  }
  assert_true(at > 15); /* it did fail in many places */
}

static void any_one_allocation_may_fail(void **state) {
  (void)state;
  NEEDS_TO_BE_IN_BETWEEN();
  fail_everywhere(1);
}

static void all_allocations_from_any_point_on_may_fail(void **state) {
  (void)state;
  NEEDS_TO_BE_IN_BETWEEN();
  fail_everywhere(1000000);
}

/* ---- texts that do not fit into what buffers begin with ---- */

enum { SHORTEST = 10, LONGEST = 66 }; /* around the 64 bytes of a new buffer */

/* `len` letters. Each length puts the end of a buffer's memory elsewhere. */
static const char *letters(int len) {
  static char text[LONGEST + 1];
  memset(text, 'a', sizeof text - 1);
  text[len] = '\0';
  return text;
}

/* A client whose texts have `len` more letters than usual, another one for a download, and a request. */
static enum ending long_texts(int len) {
  static char base[LONGEST + 60], key[LONGEST + 60], agent[LONGEST + 60];
  const char *more = letters(len), *at = "";
  struct sr_param param = {more, (size_t)len, more, (size_t)len};
  struct sr_settings settings;
  struct sr_config *config, *other;
  struct sr_buf target = {0};
  struct sr_error error;
  enum ending ending = GAVE_UP;
  enum sr_url_status status;
  size_t at_len = 0;
  char template[2 * LONGEST + 20], query[100];
  memset(&error, 0, sizeof error);
  snprintf(base, sizeof base, "https://api4.seranking.com:8443/%s/", more);
  snprintf(key, sizeof key, KEY "%s", more);
  snprintf(agent, sizeof agent, "a%s", more);
  snprintf(template, sizeof template, "/%s/{%s}", more, more);
  settings = settings_of(base);
  settings.token = key;
  settings.token_len = strlen(key);
  settings.user_agent = agent;
  settings.ca_file = agent;
  settings.auth = len % 2 ? SR_AUTH_HEADER : SR_AUTH_QUERY;
  settings.local.state_dir = agent;
  config = sr_config_new(&settings, &error);
  if (config == NULL)
    return typed(&error);
  snprintf(query, sizeof query, "/f?%.60s=1", agent);
  other = sr_config_elsewhere(config, "https://files.example:444", query, &error);
  if (other == NULL)
    ending = typed(&error);
  sr_config_unref(other);
  if (other != NULL) {
    status = sr_url_expand(&target, template, &param, 1, &at, &at_len);
    if (status == SR_URL_OK && sr_url_query(&target, &param) == 0)
      ending = WENT_THROUGH;
    else if (status != SR_URL_OK && status != SR_URL_NO_MEMORY)
      ending = WRONG;
  }
  sr_buf_fini(&target);
  sr_config_unref(config);
  return ending;
}

static void texts_of_any_length_fit_or_memory_ran_out(void **state) {
  int len;
  (void)state;
  NEEDS_TO_BE_IN_BETWEEN();
  for (len = SHORTEST; len <= LONGEST; len++) {
    enum ending ending = GAVE_UP;
    long at;
    assert_int_equal(long_texts(len), WENT_THROUGH);
    for (at = 1; ending != WENT_THROUGH || asked >= at; at++) {
      long left;
      watch_begin(at, 1);
      ending = long_texts(len);
      watch_end();
      left = live;
      CHECK(left == 0 && ending != WRONG && ending != MISSPOKE,
            "%d letters, allocation %ld failed: %d, %ld blocks leaked", len, at, (int)ending, left);
      assert_true(at < 1000);
    }
    assert_true(at > 15);
  }
}

/* An address whose host has `len` letters, or a query behind as many. */
static enum ending part_of_a_request(int len, int is_query) {
  static char base[LONGEST + 60];
  struct sr_param param = {"name", 4, "value", 5};
  struct sr_buf out = {0};
  const char *problem;
  enum ending ending;
  snprintf(base, sizeof base, is_query ? "/%s" : "https://%s:8443/x", letters(len));
  if (is_query) {
    ending =
        sr_buf_puts(&out, base) == 0 && sr_url_query(&out, &param) == 0 ? WENT_THROUGH : GAVE_UP;
  } else {
    problem = sr_url_base(&out, base);
    ending = problem == NULL ? WENT_THROUGH : problem == sr_url_no_memory ? GAVE_UP : WRONG;
    if (ending != WENT_THROUGH && out.len > 0)
      ending = WRONG;
  }
  sr_buf_fini(&out);
  return ending;
}

static void a_host_or_query_of_any_length_fits_or_memory_ran_out(void **state) {
  int len, is_query;
  (void)state;
  NEEDS_TO_BE_IN_BETWEEN();
  for (is_query = 0; is_query < 2; is_query++)
    for (len = 1; len <= 63; len++) { /* no host's part has more */
      enum ending ending = GAVE_UP;
      long at;
      for (at = 1; ending != WENT_THROUGH; at++) {
        watch_begin(at, 1);
        ending = part_of_a_request(len, is_query);
        watch_end();
        CHECK(ending != WRONG && live == 0,
              "%d letters, allocation %ld failed: %d, %ld blocks leaked", len, at, (int)ending,
              live);
        assert_true(at < 100);
      }
      assert_true(at > 2);
    }
}

/* ---- descriptors, and two limiters as one ---- */

/* A child would keep one that is not listed. */
static void descriptors_that_can_not_be_listed_are_not_opened(void **state) {
  int fds[40], count = 0, before = open_fds(), i, refused;
  (void)state;
  NEEDS_TO_BE_IN_BETWEEN();
  assert_int_equal(sr_fork_watch(), 0);
  while (count < 40) { /* fewer are listed before this test */
    watch_begin(1, 1000);
    fds[count] = sr_fork_socket(AF_UNIX, SOCK_STREAM, 0);
    watch_end();
    if (fds[count] < 0)
      break;
    count++;
  }
  refused = count < 40;
  assert_true(refused);
  assert_int_equal(open_fds(), before + count);
  fds[count] = sr_fork_socket(AF_UNIX, SOCK_STREAM, 0);
  assert_true(fds[count] >= 0);
  for (i = 0; i <= count; i++)
    sr_fork_close(fds[i]);
  assert_int_equal(open_fds(), before);
}

static void a_fallback_without_memory_grants_nothing_and_says_so(void **state) {
  static const struct sr_local_settings settings = {0, 0, NULL, 0, 0};
  static const struct sr_limit_identity who[] = {{771, "", "a"}, {772, "", "b"}};
  static const struct sr_want want = {{2, S}, 0, 0, 100 * S};
  const struct sr_limiter_driver *both = &sr_fallback_driver;
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_ruling ruling;
  int failed;
  (void)state;
  NEEDS_TO_BE_IN_BETWEEN();
  watch_begin(1, 1);
  limiter = sr_fallback_open(&sr_local_driver, NULL, &sr_local_driver, NULL);
  watch_end();
  assert_null(limiter);
  limiter = sr_fallback_open(&sr_local_driver, sr_local_open(&settings, &who[0]), &sr_local_driver,
                             sr_local_open(&settings, &who[1]));
  assert_non_null(limiter);
  memset(&slot, 0, sizeof slot);
  memset(&ruling, 0, sizeof ruling);
  watch_begin(1, 1);
  failed = both->take(limiter, &want, 1000, &slot, &ruling) == SR_LIMIT_FAILED;
  watch_end();
  assert_true(failed);
  assert_string_equal(ruling.problem, "memory ran out");
  assert_int_equal(slot.state, SR_SLOT_NONE);
  memset(&ruling, 0, sizeof ruling);
  assert_int_equal(both->take(limiter, &want, 1000, &slot, &ruling), SR_LIMIT_GRANTED);
  both->give(limiter, &want.rate, 1000, &slot, SR_OUTCOME_UNSENT, 0);
  both->close(limiter);
}

/* ---- out of memory with slots shared by a file ---- */

static char dir[100];

static int make_dir(void **state) {
  (void)state;
  return new_folder(dir, sizeof dir, "sr_memory");
}

static int remove_dir(void **state) {
  char command[200];
  (void)state;
  snprintf(command, sizeof command, "rm -rf '%s'", dir);
  return system(command);
}

/*
** A limiter and its mapping live as long as the process, so compare with the memory left after one whole
** run. After an out-of-memory error, the next run creates what was missing. Only the error text may be
** left in addition.
*/
static void any_allocation_may_fail_while_slots_are_shared_by_a_file(void **state) {
  enum ending ending = GAVE_UP;
  sr_time now = 1000 * S;
  uint64_t salt = 1000;
  long at, kept;
  (void)state;
  NEEDS_TO_BE_IN_BETWEEN();
  assert_int_equal(whole_life_with(now, ++salt, dir), WENT_THROUGH); /* creates what is made once */
  watch_begin(0, 0);
  ending = whole_life_with(now, ++salt, dir);
  watch_end();
  kept = live;
  assert_int_equal(ending, WENT_THROUGH);
  assert_in_range(kept, 4, 8);
  ending = GAVE_UP;
  for (at = 1; at < 1000; at++) {
    long left, seen;
    enum ending again;
    watch_begin(at, 1);
    ending = whole_life_with(now, ++salt, dir);
    watch_end();
    left = live;
    seen = asked;
    watch_begin(0, 0);
    again = whole_life_with(now + 100 * S, salt, dir);
    watch_end();
    left += live;
    CHECK(ending != WRONG && again == WENT_THROUGH, "allocation %ld failed: %d, then %d", at,
          (int)ending, (int)again);
    CHECK(left >= kept && left <= kept + 1, "allocation %ld failed: %ld blocks are left, not %ld",
          at, left, kept);
    if (seen < at)
      break;
  }
  assert_true(at > 20 && at < 1000);
}

static void a_file_that_can_not_be_mapped_for_lack_of_memory_is_reported(void **state) {
  struct sr_share_place place = {dir, 0};
  struct sr_limit_identity who = {77, "", ""};
  long at, refused = 0, seen;
  (void)state;
  NEEDS_TO_BE_IN_BETWEEN();
  for (at = seen = 1; at <= seen; at++) {
    char problem[SR_SHARE_PROBLEM] = "";
    struct sr_share *share;
    char path[200];
    watch_begin(at, 1);
    share = sr_share_open(&place, &who, problem);
    watch_end();
    seen = asked < at ? asked : at + 1; /* another round, if this one has failed */
    if (share == NULL) {
      refused++;
      assert_int_equal(live, 0);
      CHECK(problem[0] != '\0', "allocation %ld failed, and nothing is said", at);
    } else {
      snprintf(path, sizeof path, "%s", sr_share_path(share));
      sr_share_close(share);
      assert_int_equal(unlink(path), 0); /* the next round creates it again */
    }
  }
  assert_int_equal(refused, 2); /* the object and the written page */
}

static void a_list_that_does_not_fit_into_memory_is_refused(void **state) {
  struct sr_share_place place = {dir, 0};
  struct sr_limit_identity who = {77, "", ""};
  long at, refused = 0, seen;
  char problem[SR_SHARE_PROBLEM];
  (void)state;
  NEEDS_TO_BE_IN_BETWEEN();
  for (at = 0; at < 3; at++) {
    who.name++;
    sr_share_close(sr_share_open(&place, &who, problem));
  }
  for (at = seen = 1; at <= seen; at++) {
    struct sr_share_list list;
    int result;
    problem[0] = '\0';
    watch_begin(at, 1);
    result = sr_share_list_init(&list, &place, 1000 * S, NULL, 0, problem);
    sr_share_list_fini(&list);
    watch_end();
    seen = asked < at ? asked : at + 1;
    refused += result != 0;
    assert_int_equal(live, 0);
    CHECK(result == 0 || problem[0] != '\0', "allocation %ld failed, and nothing is said", at);
  }
  assert_true(refused >= 4); /* the stream and each entry */
}

static void a_download_s_file_with_a_path_of_any_length_is_made_or_memory_ran_out(void **state) {
  int len;
  (void)state;
  NEEDS_TO_BE_IN_BETWEEN();
  for (len = SHORTEST; len <= LONGEST; len++) {
    struct sr_sink *sink = NULL;
    char path[200];
    long at;
    snprintf(path, sizeof path, "%s/%s", dir, letters(len));
    for (at = 1; sink == NULL; at++) {
      struct sr_error error;
      memset(&error, 0, sizeof error);
      watch_begin(at, 1);
      sink = sr_sink_new(path, 0, 1000, &error);
      watch_end();
      if (sink == NULL)
        CHECK(live == 0 && error.kind != SR_NO_ERROR && error.message[0] != '\0',
              "%d letters, allocation %ld failed: %ld blocks leaked, %s", len, at, live,
              error.message);
      assert_true(at < 100);
    }
    assert_true(at > 4);
    sr_sink_delete(sink);
    assert_int_equal(rmdir(dir), 0); /* it is empty */
    assert_int_equal(mkdir(dir, 0700), 0);
  }
}

static void out_of_memory_has_its_own_code(void **state) {
  enum ending ending = GAVE_UP;
  sr_time now = 1000000 * S;
  long at;
  (void)state;
  NEEDS_TO_BE_IN_BETWEEN();
  assert_int_equal(whole_life(now), WENT_THROUGH);
  for (at = 1; ending != WENT_THROUGH; at++) {
    now += 100 * S;
    watch_begin(at, 1);
    ending = whole_life(now);
    watch_end();
    CHECK(ending != MISSPOKE, "allocation %ld failed: it was not called out_of_memory", at);
  }
}

/* Adds a part to the call. 0 or -1. */
static int add_part(struct sr_call *call, const char *name, const char *filename,
                    const char *data) {
  struct sr_part *part = sr_call_add_part(call);
  if (part == NULL || sr_buf_puts(&part->name, name) != 0)
    return -1;
  if (filename != NULL && sr_buf_puts(&part->filename, filename) != 0)
    return -1;
  return sr_buf_puts(&part->data, data);
}

/* A form of two texts and a file, prepared for sending twice, with a reused call. */
static enum ending form(struct sr_config *config) {
  struct sr_transfer *transfer = sr_transfer_new(NULL, NULL);
  struct sr_call *call = sr_call_new(config);
  enum ending ending = GAVE_UP;
  int round;
  for (round = 0; transfer != NULL && call != NULL && round < 2; round++) {
    CURLcode code;
    sr_call_reset(call);
    ending = GAVE_UP;
    if (sr_buf_puts(&call->target, "/v1/keywords/export") != 0 ||
        add_part(call, "keywords[]", NULL, "anchor") != 0 ||
        add_part(call, "keywords[]", NULL, "rope") != 0 ||
        add_part(call, "file", "a.csv", "1,2") != 0)
      break;
    call->method = "POST";
    call->has_body = 1;
    code = sr_transfer_begin(transfer, call, NULL, 0, S);
    ending = code == CURLE_OK ? WENT_THROUGH : code == CURLE_OUT_OF_MEMORY ? GAVE_UP : WRONG;
    sr_transfer_release(transfer);
    if (code != CURLE_OK)
      break;
  }
  sr_transfer_delete(transfer);
  sr_call_delete(call);
  return ending;
}

static void any_allocation_of_a_form_may_fail(void **state) {
  struct sr_settings settings = settings_of("https://api4.seranking.com");
  struct sr_error error;
  struct sr_config *config = sr_config_new(&settings, &error);
  enum ending ending;
  long at = 0, given_up = 0, seen;
  (void)state;
  assert_non_null(config);
  assert_int_equal(form(config), WENT_THROUGH); /* runs under sanitizers as well */
  if (!in_between())
    sr_config_unref(config);
  NEEDS_TO_BE_IN_BETWEEN();
  do { /* until no allocation is left to fail; libcurl can do without some */
    long left;
    watch_begin(++at, 1);
    ending = form(config);
    watch_end();
    left = live;
    seen = asked;
    given_up += ending == GAVE_UP;
    CHECK(left == 0, "allocation %ld failed: %ld blocks leaked", at, left);
    CHECK(ending != WRONG, "allocation %ld failed: not called so", at);
    assert_true(at < 1000);
  } while (seen >= at);
  assert_int_equal(ending, WENT_THROUGH);
  assert_true(given_up > 30);
  sr_config_unref(config);
}

/* Text that can't be checked for lack of memory must not be shown. */
static void an_address_with_a_password_is_refused_whichever_allocation_fails(void **state) {
  static const char *const list[] = {"https://user:pass@api4.seranking.com",
                                     "https://api4.seranking.com/?a=1", "http://evil.example",
                                     "https://api4.seranking.com/#x"};
  size_t i;
  (void)state;
  NEEDS_TO_BE_IN_BETWEEN();
  for (i = 0; i < COUNT(list); i++) {
    long at;
    for (at = 1; at < 60; at++) {
      struct sr_buf out = {0};
      const char *problem;
      watch_begin(at, 1);
      problem = sr_url_base(&out, list[i]);
      watch_end();
      CHECK(problem != NULL, "%s is accepted when allocation %ld fails", list[i], at);
      assert_int_equal(live, 0);
      assert_int_equal(out.len, 0);
    }
  }
}

/* A buffer always ends in a NUL that its length excludes, even when it could not grow. */
static void a_buffer_that_can_not_grow_is_unchanged(void **state) {
  static const char text[] = "////////////////////////////////////////"; /* 40: 120 encoded */
  struct sr_param param = {"name", 4, text, sizeof text - 1};
  const char *at = NULL;
  size_t at_len = 0;
  int way, failed[5];
  (void)state;
  NEEDS_TO_BE_IN_BETWEEN();
  for (way = 0; way < 5; way++) {
    struct sr_buf out = {0};
    assert_int_equal(sr_buf_puts(&out, "before"), 0);
    watch_begin(1, 1000000);
    failed[way] = way == 0   ? sr_buf_append(&out, text, 100) != 0
                  : way == 1 ? sr_buf_reserve(&out, 100) != 0
                  : way == 2
                      ? sr_url_expand(&out, "/{name}", &param, 1, &at, &at_len) == SR_URL_NO_MEMORY
                  : way == 3 ? sr_url_escape(&out, text, sizeof text - 1) != 0
                             : sr_url_query(&out, &param) != 0;
    watch_end();
    CHECK(failed[way], "way %d did not fail", way);
    assert_int_equal(out.len, 6);
    CHECK(strcmp(out.data, "before") == 0, "way %d left \"%s\"", way, out.data);
    sr_buf_fini(&out);
  }
}

static void a_buffer_refuses_impossible_sizes(void **state) {
  struct sr_buf out = {0};
  (void)state;
  assert_int_equal(sr_buf_puts(&out, "before"), 0);
  assert_int_equal(sr_buf_reserve(&out, SIZE_MAX), -1);
  assert_int_equal(sr_buf_reserve(&out, SIZE_MAX - 6), -1);
  if (in_between()) /* sanitizers and valgrind report such a size */
    assert_int_equal(sr_buf_reserve(&out, SIZE_MAX - 7), -1);
  assert_int_equal(sr_buf_reserve(&out, 1), 0); /* there is room */
  assert_string_equal(out.data, "before");
  sr_buf_fini(&out);
}

static void a_buffer_holds_any_bytes_and_grows(void **state) {
  struct sr_buf out = {0};
  size_t i;
  (void)state;
  assert_string_equal(sr_buf_text(&out), "");
  sr_buf_clear(&out);
  assert_int_equal(sr_buf_append(&out, NULL, 0), 0);
  assert_string_equal(out.data, "");
  for (i = 0; i < 5000; i++) {
    assert_int_equal(sr_buf_putc(&out, (char)i), 0);
    assert_int_equal(out.data[i + 1], 0);
  }
  assert_int_equal(out.len, 5000);
  for (i = 0; i < 5000; i++)
    assert_int_equal(out.data[i], (char)i);
  sr_buf_clear(&out);
  assert_int_equal(out.len, 0);
  assert_string_equal(sr_buf_text(&out), "");
  sr_buf_fini(&out);
  sr_buf_fini(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_client_frees_all_its_memory),
      cmocka_unit_test(a_client_refused_for_its_address_frees_all_its_memory),
      cmocka_unit_test(any_one_allocation_may_fail),
      cmocka_unit_test(all_allocations_from_any_point_on_may_fail),
      cmocka_unit_test(texts_of_any_length_fit_or_memory_ran_out),
      cmocka_unit_test_setup_teardown(any_allocation_may_fail_while_slots_are_shared_by_a_file,
                                      make_dir, remove_dir),
      cmocka_unit_test_setup_teardown(a_file_that_can_not_be_mapped_for_lack_of_memory_is_reported,
                                      make_dir, remove_dir),
      cmocka_unit_test_setup_teardown(a_list_that_does_not_fit_into_memory_is_refused, make_dir,
                                      remove_dir),
      cmocka_unit_test_setup_teardown(
          a_download_s_file_with_a_path_of_any_length_is_made_or_memory_ran_out, make_dir,
          remove_dir),
      cmocka_unit_test(a_host_or_query_of_any_length_fits_or_memory_ran_out),
      cmocka_unit_test(descriptors_that_can_not_be_listed_are_not_opened),
      cmocka_unit_test(a_fallback_without_memory_grants_nothing_and_says_so),
      cmocka_unit_test(out_of_memory_has_its_own_code),
      cmocka_unit_test(any_allocation_of_a_form_may_fail),
      cmocka_unit_test(an_address_with_a_password_is_refused_whichever_allocation_fails),
      cmocka_unit_test(a_buffer_that_can_not_grow_is_unchanged),
      cmocka_unit_test(a_buffer_refuses_impossible_sizes),
      cmocka_unit_test(a_buffer_holds_any_bytes_and_grows),
  };
  return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
