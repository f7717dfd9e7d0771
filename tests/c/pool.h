/* SPDX-License-Identifier: MIT */

/* Pools of secret slots. */
#ifndef POOL_H
#define POOL_H

#include "test.h"

#define NEW_POOL { 0 }

static inline struct memfd_go_secret_pool new_pool(size_t slot_length, uint32_t slots, uint32_t opts)
{
	struct memfd_go_secret_pool pool = NEW_POOL;

	EQ(memfd_go_secret_pool_init(&pool, slot_length, slots, opts), 0);
	return pool;
}

static inline void *take(struct memfd_go_secret_pool *pool)
{
	void *slot = NULL;

	EQ(memfd_go_secret_pool_take(pool, &slot), 0);
	return slot;
}

#endif
