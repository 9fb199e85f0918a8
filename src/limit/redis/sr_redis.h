/* The limiter of many machines: slots and circuit in a Redis server.
** SPDX-License-Identifier: MIT
**
** Each step is one script on the server, by the server's clock (sr_redis.lua). Here steps are sent,
** repeated where an answer was lost, and times are translated; nothing waits. Settings are the
** address, see sr_redis_address.h. docs/redis.md says what is kept there and what happens when
** the server is away. */
#ifndef SR_REDIS_H
#define SR_REDIS_H

#include "limit/sr_limiter.h"

extern const struct sr_limiter_driver sr_redis_driver;

#endif
