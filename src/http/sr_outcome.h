/* What the end of an attempt means, and why a call is refused: the call's error, the limiter's news.
** SPDX-License-Identifier: MIT */
#ifndef SR_OUTCOME_H
#define SR_OUTCOME_H

#include "http/sr_call.h"
#include "limit/sr_limiter.h"

/* ---- attempts ---- */

/* Masks the key in all of a failed attempt's answer, and keeps only as much of it as is shown. */
void sr_outcome_mask(struct sr_call *call);

/* Sets error and retry_after from an answer that is no success. The answer has been masked. */
void sr_outcome_read_answer(struct sr_call *call);

/* The outcome of an answer, for the limiter. Sets call->error unless the answer is a success. */
enum sr_outcome sr_outcome_of_answer(const struct sr_call *call);

/* The outcome of an attempt without a complete answer, for the limiter. `sent`: the request was sent. */
enum sr_outcome sr_outcome_without_answer(const struct sr_call *call, int sent);

/* How long a 429 holds all calls: the server's word, at least a window, at most SR_HOLD_MAX. */
sr_time sr_outcome_hold(const struct sr_call *call);

/* ---- refusals: they set the call's error, retryable and retry_after ---- */

void sr_outcome_no_key(struct sr_call *call);

/* `waiting` other calls wait for a slot. */
void sr_outcome_queue_full(struct sr_call *call, int waiting);

/* No slot is free before the deadline. Keeps the error of an earlier attempt. */
void sr_outcome_no_slot(struct sr_call *call, sr_time now, sr_time earliest);

/* Nobody may send before ruling->at. Adds an event. */
void sr_outcome_blocked(struct sr_call *call, sr_time now, const struct sr_ruling *ruling);

/* The limiter is out of reach. Keeps the error of an earlier attempt. */
void sr_outcome_limiter_failed(struct sr_call *call, const struct sr_ruling *ruling);

#endif
