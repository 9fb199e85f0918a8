/* libcurl as one engine uses it.
** SPDX-License-Identifier: MIT */
#include "http/sr_multi.h"

#include "base/sr_curl.h"
#include "http/sr_transfer.h"

#include <stddef.h>

/* Transfers and connections kept for later attempts. */
#define IDLE_TRANSFERS_MAX 256
#define CONNECTIONS_MAX    1024L

/* curl_multi_poll takes milliseconds as an int. */
#define POLL_MAX (3600 * SR_SECOND)

/* NULL when memory ran out. */
static CURLM *new_handle(struct sr_wakers *wakers) {
  CURLM *handle = sr_fork_multi(wakers);
  if (handle == NULL ||
      curl_multi_setopt(handle, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX) == CURLM_OK)
    return handle;
  sr_fork_multi_cleanup(handle, wakers);
  return NULL;
}

/* NULL when memory ran out. */
static CURLSH *new_share(void) {
  CURLSH *share = curl_share_init();
  if (share == NULL ||
      curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) == CURLSHE_OK)
    return share;
  curl_share_cleanup(share);
  return NULL;
}

static void set_handle(struct sr_multi *multi, CURLM *handle, const struct sr_wakers *wakers) {
  pthread_mutex_lock(&multi->lock);
  multi->handle = handle;
  multi->wakers = *wakers;
  pthread_mutex_unlock(&multi->lock);
}

void sr_multi_init(struct sr_multi *multi) {
  pthread_mutex_init(&multi->lock, NULL);
}

static void put_idle(struct sr_multi *multi, struct sr_transfer *transfer) {
  transfer->next = multi->idle;
  multi->idle = transfer;
  multi->idle_count++;
}

/* An idle transfer, taken out of its list; NULL when there is none. */
static struct sr_transfer *take_idle(struct sr_multi *multi) {
  struct sr_transfer *transfer = multi->idle;
  if (transfer == NULL)
    return NULL;
  multi->idle = transfer->next;
  multi->idle_count--;
  return transfer;
}

void sr_multi_fini(struct sr_multi *multi) {
  struct sr_transfer *transfer;
  while ((transfer = take_idle(multi)) != NULL)
    sr_transfer_delete(transfer);
  sr_transfer_delete(multi->spent);
  sr_fork_multi_cleanup(multi->handle, &multi->wakers);
  curl_share_cleanup(multi->share);
  pthread_mutex_destroy(&multi->lock);
}

void sr_multi_forget(struct sr_multi *multi) {
  uint64_t rounds = multi->rounds;
  *multi = (struct sr_multi){.rounds = rounds};
  sr_multi_init(multi); /* the lock too: a thread of the parent may have held it */
}

int sr_multi_open(struct sr_multi *multi) {
  struct sr_wakers wakers;
  CURLM *handle;
  if (multi->handle != NULL)
    return 0;
  if (sr_curl_start() != CURLE_OK)
    return -1;
  if (multi->share == NULL && (multi->share = new_share()) == NULL)
    return -1;
  handle = new_handle(&wakers);
  if (handle == NULL)
    return -1;
  set_handle(multi, handle, &wakers);
  multi->reuses_handles = sr_transfer_is_reusable();
  return 0;
}

struct sr_transfer *sr_multi_get(struct sr_multi *multi) {
  struct sr_transfer *transfer = take_idle(multi);
  if (transfer == NULL && sr_multi_open(multi) == 0)
    transfer = sr_transfer_new(multi->share, &multi->rounds);
  return transfer;
}

int sr_multi_start(struct sr_multi *multi, struct sr_transfer *transfer) {
  if (curl_multi_add_handle(multi->handle, transfer->easy) != CURLM_OK) {
    sr_transfer_delete(transfer);
    return -1;
  }
  multi->latest = transfer;
  multi->running++;
  multi->has_connections = 1;
  return 0;
}

void sr_multi_stop(struct sr_multi *multi, struct sr_transfer *transfer) {
  int removed = curl_multi_remove_handle(multi->handle, transfer->easy) == CURLM_OK;
  int reusable = multi->reuses_handles;
  multi->running--;
  if (multi->latest == transfer)
    multi->latest = NULL;
  if (!removed || (reusable ? multi->idle_count >= IDLE_TRANSFERS_MAX : multi->spent != NULL)) {
    sr_transfer_delete(transfer);
    return;
  }
  sr_transfer_release(transfer);
  if (reusable)
    put_idle(multi, transfer);
  else
    multi->spent = transfer;
}

CURLMcode sr_multi_work(struct sr_multi *multi) {
  int running = 0;
  multi->rounds++;
  return curl_multi_perform(multi->handle, &running);
}

struct sr_transfer *sr_multi_finished(struct sr_multi *multi, CURLcode *result) {
  CURLMsg *message;
  int left = 0;
  while ((message = curl_multi_info_read(multi->handle, &left)) != NULL) {
    struct sr_transfer *transfer = NULL;
    if (message->msg != CURLMSG_DONE)
      continue;
    *result = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    return transfer;
  }
  return NULL;
}

/*
** Deletes a used handle and sets up a new one for the client of the attempt that was started last.
** This takes microseconds, which the next call would otherwise wait for.
*/
static void prepare_next(struct sr_multi *multi) {
  struct sr_transfer *transfer;
  sr_transfer_delete(multi->spent);
  multi->spent = NULL;
  if (multi->idle != NULL || multi->latest == NULL)
    return;
  transfer = sr_transfer_new(multi->share, &multi->rounds);
  if (transfer == NULL)
    return;
  if (sr_transfer_prepare(transfer, multi->latest->call->config) == CURLE_OK) {
    multi->idle = transfer;
    multi->idle_count = 1;
  } else {
    sr_transfer_delete(transfer);
  }
}

CURLMcode sr_multi_poll(struct sr_multi *multi, struct curl_waitfd *extra, unsigned count,
                        sr_time max_wait) {
  sr_time wait = max_wait < POLL_MAX ? max_wait : POLL_MAX;
  if (multi->handle == NULL && sr_multi_open(multi) != 0)
    return CURLM_OUT_OF_MEMORY;
  if (multi->running > 0 && !multi->reuses_handles)
    prepare_next(multi);
  wait = wait / SR_MILLISECOND + (wait % SR_MILLISECOND != 0);
  return curl_multi_poll(multi->handle, extra, count, (int)wait, NULL);
}

int sr_multi_renew(struct sr_multi *multi) {
  struct sr_wakers wakers, old_wakers = multi->wakers;
  CURLM *old = multi->handle, *fresh = new_handle(&wakers);
  /*
  ** the wake-up stands for those that the old handle had; without descriptors libcurl can't have
  ** any
  */
  if (fresh == NULL || curl_multi_wakeup(fresh) != CURLM_OK) {
    sr_fork_multi_cleanup(fresh, &wakers);
    return -1;
  }
  set_handle(multi, fresh, &wakers);
  sr_fork_multi_cleanup(old, &old_wakers);
  multi->has_connections = 0;
  return 0;
}

void sr_multi_wake(struct sr_multi *multi) {
  pthread_mutex_lock(&multi->lock);
  if (multi->handle != NULL)
    curl_multi_wakeup(multi->handle);
  pthread_mutex_unlock(&multi->lock);
}
