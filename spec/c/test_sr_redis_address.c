/* Addresses of Redis servers: their parts, and the messages for invalid ones.
** SPDX-License-Identifier: MIT */
#include "support.h"

#include "limit/redis/sr_redis_address.h"

struct row {
  const char *text;
  int tls;
  const char *url, *path, *place, *user, *password, *db, *prefix, *ca_file;
};

static void expect_part(const char *text, const char *part, const struct sr_buf *got,
                        const char *expected) {
  CHECK(strcmp(sr_buf_text(got), expected) == 0, "%s: %s is \"%s\", not \"%s\"", text, part,
        sr_buf_text(got), expected);
}

static void every_part_of_an_address_is_decoded(void **state) {
  static const struct row rows[] = {
      {"redis://localhost", 0, "http://localhost:6379", "", "redis://localhost:6379/0", "", "", "0",
       "seranking:", ""},
      {"redis://h:1", 0, "http://h:1", "", "redis://h:1/0", "", "", "0", "seranking:", ""},
      {"redis://10.0.0.7:65535/15", 0, "http://10.0.0.7:65535", "", "redis://10.0.0.7:65535/15", "",
       "", "15", "seranking:", ""},
      {"redis://cache-1.a_b", 0, "http://cache-1.a_b:6379", "", "redis://cache-1.a_b:6379/0", "",
       "", "0", "seranking:", ""},
      {"redis://h/", 0, "http://h:6379", "", "redis://h:6379/0", "", "", "0", "seranking:", ""},
      {"redis://:p@h", 0, "http://h:6379", "", "redis://h:6379/0", "", "p", "0", "seranking:", ""},
      {"redis://u:p@h/3", 0, "http://h:6379", "", "redis://h:6379/3", "u", "p", "3",
       "seranking:", ""},
      {"redis://u%3A1:p%2F%40%23%25@h", 0, "http://h:6379", "", "redis://h:6379/0", "u:1", "p/@#%",
       "0", "seranking:", ""},
      {"redis://u:p:q@r@h", 0, "http://h:6379", "", "redis://h:6379/0", "u", "p:q@r", "0",
       "seranking:", ""},
      {"redis://[::1]:7000/1", 0, "http://[::1]:7000", "", "redis://[::1]:7000/1", "", "", "1",
       "seranking:", ""},
      {"rediss://:p@cache.example.com?ca_file=/etc/a%20b.pem&prefix=x:", 1,
       "https://cache.example.com:6379", "", "rediss://cache.example.com:6379/0", "", "p", "0",
       "x:", "/etc/a b.pem"},
      {"REDISS://H", 1, "https://H:6379", "", "rediss://H:6379/0", "", "", "0", "seranking:", ""},
      {"redis://h?db=4&user=u&password=p%26q&prefix=", 0, "http://h:6379", "", "redis://h:6379/4",
       "u", "p&q", "4", "", ""},
      {"unix:/run/redis.sock", 0, "http://localhost", "/run/redis.sock",
       "unix:/run/redis.sock?db=0", "", "", "0", "seranking:", ""},
      {"unix:///run/re%20dis?db=2&password=p", 0, "http://localhost", "/run/re dis",
       "unix:/run/re dis?db=2", "", "p", "2", "seranking:", ""},
  };
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    const struct row *row = &rows[i];
    struct sr_redis_address got;
    const char *problem = sr_redis_address_parse(&got, row->text);
    CHECK(problem == NULL, "%s: %s", row->text, problem);
    CHECK(got.tls == row->tls, "%s: tls %d", row->text, got.tls);
    expect_part(row->text, "url", &got.url, row->url);
    expect_part(row->text, "path", &got.path, row->path);
    expect_part(row->text, "place", &got.place, row->place);
    expect_part(row->text, "user", &got.user, row->user);
    expect_part(row->text, "password", &got.password, row->password);
    expect_part(row->text, "db", &got.db, row->db);
    expect_part(row->text, "prefix", &got.prefix, row->prefix);
    expect_part(row->text, "ca_file", &got.ca_file, row->ca_file);
    sr_redis_address_fini(&got);
    sr_redis_address_fini(&got); /* may be called twice */
  }
}

#define LETTERS_64 "abcdefghijklmnopabcdefghijklmnopabcdefghijklmnopabcdefghijklmnop"

/* No message may repeat a password: every address here contains "s3cret". */
static void messages_say_what_to_do_and_hide_the_password(void **state) {
  static const struct {
    const char *text, *words;
  } rows[] = {
      {"", "must begin with redis://, rediss:// or unix:/"},
      {"http://:s3cret@h", "must begin with redis://"},
      {"redis:h", "must begin with redis://"},
      {"redis://", "host"},
      {"redis://:6379", "host"},
      {"redis://a b", "host"},
      {"redis://a/../b", "database"},
      {"redis://[::1", "host"},
      {"redis://[::1-2]", "host"},
      {"redis://[::1%lo]", "host"},
      {"redis://a~b", "host"},
      {"redis://" LETTERS_64 LETTERS_64 LETTERS_64 LETTERS_64, "host"},
      {"redis://:s3cret%7f@h", "control characters"},
      {"redis://[::1]x", "port"},
      {"redis://::1", "host"},
      {"redis://h:", "port"},
      {"redis://h:0", "port"},
      {"redis://h:65536", "port"},
      {"redis://h:123456", "port"},
      {"redis://h:80x", "port"},
      {"redis://h/x", "database"},
      {"redis://h/-1", "database"},
      {"redis://h/1?db=1", "twice"},
      {"redis://h/1234567890", "database"},
      {"redis://s3cret@h", ":password"},
      {"redis://s3cret:@h", "no password"},
      {"redis://:s3cret/x@h", "percent-encoded"},
      {"redis://:s3cret?x@h", "percent-encoded"},
      {"redis://:s3cret#x@h", "%23"},
      {"redis://:s3cret%@h", "%25"},
      {"redis://:s3cret%2@h", "%25"},
      {"redis://:s3cret%zz@h", "%25"},
      {"redis://:s3cret%00@h", "control characters"},
      {"redis://:s3cret\n@h", "control characters"},
      {"redis://h\r\nx", "host"},
      {"redis://h?pasword=s3cret", "no such option; there are: db, user, password"},
      {"redis://h?password=s3cret&password=s3cret", "twice"},
      {"redis://:s3cret@h?password=s3cret", "twice"},
      {"redis://h?password=", "empty"},
      {"redis://h?password", "name=value"},
      {"redis://h?user=s3cret", "no password"},
      {"redis://h?ca_file=/x", "rediss://"},
      {"unix:/x?ca_file=/x", "rediss://"},
      {"unix:x", "absolute path"},
      {"unix:", "absolute path"},
      {"unix:/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234"
       "567890123456789012345",
       "longer"},
  };
  size_t i;
  (void)state;
  for (i = 0; i < COUNT(rows); i++) {
    struct sr_redis_address got;
    const char *problem = sr_redis_address_parse(&got, rows[i].text);
    CHECK(problem != NULL, "%s is accepted", rows[i].text);
    CHECK(strstr(problem, rows[i].words) != NULL, "%s: %s", rows[i].text, problem);
    CHECK(strstr(problem, "s3cret") == NULL, "%s: %s", rows[i].text, problem);
    assert_null(got.password.data);
    assert_null(got.place.data);
  }
}

static void no_text_is_read_beyond_its_end(void **state) {
  static const char *const pieces[] = {
      "redis://", "rediss://", "unix:",  "/",       "?",    "&",  "=",        "@",    ":",
      "[",        "]",         "%",      "%4",      "%41",  "db", "password", "user", "h",
      "1",        "",          "prefix", "ca_file", "\x80", " ",  "6379",     "//",   "."};
  struct chance chance = {5};
  int i, accepted = 0;
  (void)state;
  for (i = 0; i < 200000; i++) {
    struct sr_redis_address got;
    char text[200] = "", *copy;
    int n = (int)chance_between(&chance, 0, 9);
    size_t len;
    if (chance_between(&chance, 0, 3) > 0)
      strcat(text, pieces[chance_between(&chance, 0, 2)]);
    while (n-- > 0)
      strcat(text, pieces[chance_between(&chance, 0, (int)COUNT(pieces) - 1)]);
    len = strlen(text);
    copy = exact_copy(text, len + 1);
    accepted += sr_redis_address_parse(&got, copy) == NULL;
    sr_redis_address_fini(&got);
    free(copy);
  }
  assert_in_range(accepted, 100, 199000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_part_of_an_address_is_decoded),
      cmocka_unit_test(messages_say_what_to_do_and_hide_the_password),
      cmocka_unit_test(no_text_is_read_beyond_its_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
