/* Fuzz target: a limit's file with anything in it, as a damaged file has, and two programs that use it.
** Together they send no more than the limit allows. A file that can't be the limit's is told and left
** alone. Every file is told of, and goes in the end.
** SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include "limit/sr_share.h"
#include "limit/sr_local.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Longer than any lease, ban, hold or silence, and than a ban is remembered. */
#define EVERYTHING                                                                                 \
  (SR_LEASE_MAX + (SR_BAN << SR_BAN_LEVELS) + SR_HELD_MAX + 16 * SR_PEACE + 2 * SR_SLACK)

enum { STEPS = 24, PROGRAMS = 2, FILE_SIZE = 4096, PATH_SIZE = 600 };

/* Where things are in the file: see struct page in sr_share.c. */
enum { MAGIC_AT = 0, NAME_AT = 8, HINT_AT = 16, URL_AT = 32, RATE_AT = 224, LIMIT_AT = 240 };

static const struct sr_limit_identity identity = {UINT64_C(0x5e7a9b3c5e7a9b3c), "…d14b",
                                                  "https://api.example"};

/* ---- the folder ---- */

static char folder[256], path[PATH_SIZE];
static unsigned char fresh[FILE_SIZE]; /* a new file, as it is made */

static void remove_folder(void) {
  unlink(path);
  rmdir(path);
  rmdir(folder);
}

static void stop_here(const char *what) {
  perror(what);
  exit(2);
}

/* Makes the folder, and learns from a new file its name and what is in it. */
static void prepare(void) {
  struct sr_share_place place = {folder, 0};
  char problem[SR_SHARE_PROBLEM];
  struct sr_share *share;
  int fd;
  snprintf(folder, sizeof folder, "%s/fuzz-share-XXXXXX",
           access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
  if (mkdtemp(folder) == NULL)
    stop_here(folder);
  atexit(remove_folder);
  share = sr_share_open(&place, &identity, problem);
  if (share == NULL)
    stop_here(problem);
  snprintf(path, sizeof path, "%s", sr_share_path(share));
  sr_share_close(share);
  fd = open(path, O_RDONLY);
  if (fd < 0 || read(fd, fresh, FILE_SIZE) != FILE_SIZE || unlink(path) != 0)
    stop_here(path);
  close(fd);
}

/* ---- the file ---- */

static uint64_t make_word(struct fuzz_bytes *bytes, sr_time now) {
  unsigned how = fuzz_byte(bytes);
  uint64_t word = 0;
  int i;
  if (how < 160)
    return 0;
  if (how < 220) /* a time that a writer may have meant */
    return (uint64_t)(now + ((int64_t)fuzz_byte(bytes) - 100) * ((int64_t)1 << how % 40));
  for (i = 0; i < 8; i++)
    word = word << 8 | fuzz_byte(bytes);
  return word;
}

static void put(unsigned char *page, size_t at, uint64_t word) {
  memcpy(page + at, &word, sizeof word);
}

static void put_word(unsigned char *page, size_t at, struct fuzz_bytes *bytes, sr_time now) {
  put(page, LIMIT_AT + at, make_word(bytes, now));
}

/* Makes the words of a page anything; with `slots` those of the first slots too. */
static void damage(unsigned char *page, struct fuzz_bytes *bytes, sr_time now, int slots) {
  unsigned how = fuzz_byte(bytes);
  int i;
  for (i = 0; i < 4 && slots; i++)
    put_word(page, offsetof(struct sr_limit, slots) + (size_t)i * 8, bytes, now);
  put_word(page, offsetof(struct sr_limit, held), bytes, now);
  put_word(page, offsetof(struct sr_limit, circuit), bytes, now);
  put_word(page, offsetof(struct sr_limit, probe), bytes, now);
  put_word(page, offsetof(struct sr_limit, silence), bytes, now);
  put_word(page, offsetof(struct sr_limit, lone), bytes, now);
  if (how % 4 == 1)
    put(page, LIMIT_AT + offsetof(struct sr_limit, moved), how % 8 == 1 ? how / 8 : UINT64_MAX);
  if (how % 4 == 2)
    memset(page + HINT_AT, (int)(how | 0x80), RATE_AT - HINT_AT); /* texts without an end */
  if (how % 4 == 3) {
    put(page, RATE_AT, make_word(bytes, now));
    put(page, RATE_AT + 8, make_word(bytes, now));
  }
}

enum kind { USABLE, UNUSABLE };

/* Puts a file there, or something else that has its name. */
static enum kind make_file(struct fuzz_bytes *bytes, sr_time now) {
  unsigned what = fuzz_byte(bytes);
  unsigned char page[FILE_SIZE];
  size_t size = FILE_SIZE;
  int fd;
  memcpy(page, fresh, sizeof page);
  damage(page, bytes, now, 1);
  if (what == 0)
    size = fuzz_byte(bytes) * 16;
  else if (what < 4)
    page[MAGIC_AT + what] ^= 1;
  else if (what < 8)
    page[NAME_AT + what % 8] ^= (unsigned char)what;
  if (what == 8 || what == 9 || what == 10) {
    int made = what == 8   ? symlink("/dev/null", path)
               : what == 9 ? mkfifo(path, 0600)
                           : mkdir(path, 0700);
    if (made != 0)
      stop_here(path);
    return UNUSABLE;
  }
  fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (fd < 0 || write(fd, page, size) != (ssize_t)size)
    stop_here(path);
  close(fd);
  return what < 8 ? UNUSABLE : USABLE;
}

/* What another program may write into the file while it is in use: anything but into the slots. */
static void meddle(struct fuzz_bytes *bytes, sr_time now) {
  unsigned char page[FILE_SIZE];
  size_t at = LIMIT_AT + offsetof(struct sr_limit, held);
  int64_t moved;
  int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    return;
  if (pread(fd, page, FILE_SIZE, 0) == FILE_SIZE) {
    memcpy(&moved, page + LIMIT_AT + offsetof(struct sr_limit, moved), sizeof moved);
    damage(page, bytes, now, 0);
    if (moved == 0) {
      (void)!pwrite(fd, page + at, FILE_SIZE - at, (off_t)at);
      (void)!pwrite(fd, page + RATE_AT, LIMIT_AT - RATE_AT, RATE_AT);
    }
  }
  close(fd);
}

/* ---- two programs ---- */

/* A request: from its slot to when the server can't count it any more. */
struct request {
  struct sr_slot slot;
  int program;
  int sent;
  sr_time counted_until; /* sent: while it is in flight its lease, later as its outcome has it */
};

struct play {
  struct sr_limiter *programs[PROGRAMS];
  struct sr_rate rate;
  struct request requests[STEPS];
  int count;
};

static const char *check_ruling(const struct sr_ruling *ruling, sr_time now) {
  if (ruling->at < now)
    return "a caller is told to come back in the past";
  if (ruling->at > now + EVERYTHING)
    return "a caller is told to come back when all is over";
  return NULL;
}

static const char *take(struct play *play, int program, unsigned what, sr_time now) {
  struct request *request = &play->requests[play->count];
  struct sr_want want = {play->rate, what >> 3 & 1, what >> 4 & 1, now + 60 * SR_SECOND};
  struct sr_ruling ruling;
  enum sr_verdict verdict;
  memset(&ruling, 0, sizeof ruling);
  memset(request, 0, sizeof *request);
  request->program = program;
  verdict = sr_local_driver.take(play->programs[program], &want, now, &request->slot, &ruling);
  if (verdict == SR_LIMIT_FAILED)
    return ruling.problem[0] == '\0' ? "a limiter is out of reach for no reason" : NULL;
  if (verdict != SR_LIMIT_GRANTED)
    return request->slot.state != SR_SLOT_NONE ? "a slot is held without a grant"
                                               : check_ruling(&ruling, now);
  play->count++;
  if (request->slot.index < 0 || request->slot.index >= play->rate.slots)
    return "a slot beyond the rate is granted";
  return NULL;
}

static const char *send_request(struct play *play, struct request *request, sr_time now) {
  int i, counted = 0;
  if (!sr_local_driver.start(play->programs[request->program], &play->rate, now, &request->slot))
    return NULL;
  request->sent = 1;
  request->counted_until =
      request->slot.send_time ? now + play->rate.window : request->slot.stamp & ~(int64_t)1;
  for (i = 0; i < play->count; i++)
    counted += play->requests[i].sent && play->requests[i].counted_until > now;
  return counted > play->rate.slots ? "more is sent than the limit allows" : NULL;
}

static const char *give(struct play *play, struct request *request, unsigned what, sr_time now) {
  enum sr_outcome outcome = request->sent ? (enum sr_outcome)(1 + what / 4 % 5) : SR_OUTCOME_UNSENT;
  sr_time end = now + play->rate.window + (outcome == SR_OUTCOME_SILENT ? SR_LATE_COUNT : 0);
  if (!request->slot.send_time && end < request->counted_until)
    request->counted_until = end;
  sr_local_driver.give(play->programs[request->program], &play->rate, now, &request->slot, outcome,
                       play->rate.window);
  return request->slot.state != SR_SLOT_NONE ? "a slot that was given back is still held" : NULL;
}

static const char *check_view(struct sr_limiter *limiter, const struct sr_rate *rate,
                              enum kind kind, sr_time now) {
  struct sr_limit_view view;
  memset(&view, 0, sizeof view);
  view.rate = *rate;
  sr_local_driver.view(limiter, now, &view);
  if (view.level < 0 || view.level > SR_BAN_LEVELS || view.strikes < 0)
    return "a view has a level that is out of range";
  if (kind == UNUSABLE && view.problem[0] == '\0')
    return "a file that is not used is not told of";
  if (kind == USABLE && view.problem[0] != '\0')
    return "a file is not used though it can be";
  if (sr_local_driver.earliest(limiter, rate, now, 3) < now)
    return "the earliest time is in the past";
  return NULL;
}

static const char *step(struct play *play, enum kind kind, struct fuzz_bytes *bytes, sr_time *now) {
  unsigned what = fuzz_byte(bytes);
  int program = (int)(what >> 5 & 1);
  struct request *request =
      play->count > 0 ? &play->requests[fuzz_byte(bytes) % (unsigned)play->count] : NULL;
  unsigned pause = fuzz_byte(bytes);
  const char *problem = NULL;
  *now += pause < 16 ? (sr_time)1 << pause * 3 : (sr_time)(pause % 8) * play->rate.window / 16;
  if (what % 4 == 0 || request == NULL)
    problem = take(play, program, what, *now);
  else if (what % 32 == 1 && kind == USABLE)
    meddle(bytes, *now);
  else if (what % 4 < 3 && request->slot.state == SR_SLOT_HELD && !request->sent)
    problem = send_request(play, request, *now);
  else if (request->slot.state == SR_SLOT_HELD)
    problem = give(play, request, what, *now);
  return problem != NULL ? problem : check_view(play->programs[program], &play->rate, kind, *now);
}

/* ---- the end ---- */

static const char *check_list(enum kind kind, sr_time now, unsigned how) {
  struct sr_share_place place = {folder, 0};
  struct sr_share_list list;
  char problem[SR_SHARE_PROBLEM];
  const char *found = NULL;
  int i;
  if (sr_share_list_init(&list, &place, now, how % 2 ? "5e7a9b3c5e7a9b3c" : NULL, how % 4 / 2,
                         problem) != 0)
    found = "the files can't be listed";
  for (i = 0; i < list.count && found == NULL; i++) {
    const struct sr_share_entry *entry = &list.entries[i];
    if (memchr(entry->key_hint, 0, sizeof entry->key_hint) == NULL ||
        memchr(entry->base_url, 0, sizeof entry->base_url) == NULL)
      found = "a text of a file has no end";
    else if (entry->view.rate.slots < 0 || entry->view.rate.slots > SR_LIMIT_SLOTS)
      found = "a file has more slots than there can be";
    else if ((entry->problem[0] != '\0') != (kind == UNUSABLE))
      found = "a file is listed as what it is not";
    else if (entry->removed && kind == UNUSABLE)
      found = "a file that may not be ours is removed";
  }
  sr_share_list_fini(&list);
  return found;
}

/* Whether a slot is granted at last, and the limiter can go. */
static const char *grants_again(struct play *play, sr_time *now) {
  int i, look, granted = 0;
  for (look = 0; look < 4; look++) {
    for (i = 0; i < PROGRAMS; i++) {
      struct sr_want want = {play->rate, 0, 0, 0};
      struct sr_ruling ruling;
      struct sr_slot slot;
      memset(&ruling, 0, sizeof ruling);
      memset(&slot, 0, sizeof slot);
      *now += EVERYTHING;
      want.lease = *now + SR_SECOND;
      switch (sr_local_driver.take(play->programs[i], &want, *now, &slot, &ruling)) {
      case SR_LIMIT_GRANTED:
        sr_local_driver.give(play->programs[i], &play->rate, *now, &slot, SR_OUTCOME_FINE, 0);
        granted |= 1 << i;
        break;
      case SR_LIMIT_FAILED:
        granted |= 1 << i;
        break;
      default:
        break;
      }
    }
  }
  if (granted != 3)
    return "a file grants nothing for ever";
  for (look = 0; look < 2;
       look++) /* the first one puts right the words of slots that nobody uses */
    for (i = 0; i < PROGRAMS; i++) {
      *now += EVERYTHING;
      if (sr_local_driver.keep_until(play->programs[i], *now) > *now && look > 0)
        return "a file is kept for ever";
    }
  return NULL;
}

const char *fuzz_one(const uint8_t *data, size_t len) {
  struct fuzz_bytes bytes = {data, len};
  sr_time now = SR_SECOND * ((sr_time)1 << fuzz_byte(&bytes) % 30);
  struct sr_local_settings settings = {.shared = 1, .state_dir = folder};
  const char *problem = NULL;
  struct play play;
  enum kind kind;
  struct stat st;
  int i, steps;
  if (folder[0] == '\0')
    prepare();
  memset(&play, 0, sizeof play);
  play.rate.slots = 1 + (int)fuzz_byte(&bytes) % 4;
  play.rate.window = SR_SECOND;
  kind = make_file(&bytes, now);
  problem = check_list(kind, now, 0);
  for (i = 0; i < PROGRAMS; i++) {
    settings.strict = i == 0 || kind == UNUSABLE; /* two limiters of one process, if they differ */
    play.programs[i] = sr_local_open(&settings, &identity);
  }
  for (steps = 0; steps < STEPS && problem == NULL; steps++)
    problem = step(&play, kind, &bytes, &now);
  for (i = 0; i < play.count; i++)
    sr_local_driver.give(play.programs[play.requests[i].program], &play.rate, now,
                         &play.requests[i].slot, SR_OUTCOME_UNSENT, 0);
  if (problem == NULL)
    problem = check_list(kind, now, fuzz_byte(&bytes));
  if (problem == NULL)
    problem = grants_again(&play, &now);
  for (i = 0; i < PROGRAMS; i++)
    sr_local_driver.close(play.programs[i]);
  if (problem == NULL && (lstat(path, &st) == 0) != (kind == UNUSABLE))
    problem = kind == USABLE ? "a file that nobody uses is left behind"
                             : "what may not be ours is removed";
  unlink(path);
  rmdir(path);
  return problem;
}
