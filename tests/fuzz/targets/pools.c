/* SPDX-License-Identifier: MIT */

/*
 * Takes and gives slots, gives invalid pointers, and overwrites the pool's memory. The pool may report
 * an error, but it must not touch other memory.
 */
#include "fuzz.h"
#include "area.h"

#define MOST 64 /* slots */

static void take(struct memfd_go_secret_pool *pool, void **taken)
{
	void *slot = NULL;
	long r = CALL(memfd_go_secret_pool_take(pool, &slot));
	uintptr_t end = (uintptr_t)pool->area.data + pool->area.len;

	MUST(r == 0 || r == -ENOSPC || r == -EINVAL);
	if (r != 0)
		return;
	MUST((uintptr_t)slot >= (uintptr_t)pool->area.data + 16 && (uintptr_t)slot + pool->slot_len <= end);
	taken[(uintptr_t)slot / 16 % MOST] = slot;
}

static void give(struct memfd_go_secret_pool *pool, void *slot)
{
	long r = CALL(memfd_go_secret_pool_give(pool, slot));

	MUST(r == 0 || r == -EINVAL);
	if (r == 0)
		MUST(all_bytes(slot, pool->slot_len, 0));
}

static void act(struct memfd_go_secret_pool *pool, void **taken, struct input *in)
{
	uint8_t *memory = pool->area.data;
	size_t at = take32(in) % pool->area.len;

	switch (take_byte(in) % 8) {
	case 0:
	case 1:
		take(pool, taken);
		break;
	case 2:
		give(pool, taken[at % MOST]);
		break;
	case 3:
		give(pool, memory + at);
		break;
	case 4: /* anything at all */
		give(pool, (void *)(uintptr_t)take_number(in));
		break;
	case 5:
		memory[at] = take_byte(in);
		break;
	case 6: /* as long as slots cannot be written to, none is taken or given */
		CALL(memfd_go_secret_pool_protect(pool, (uint32_t)take_number(in)));
		if (pool->area.protection != MEMFD_GO_ACCESS_READ_WRITE) {
			void *slot;

			MUST(memfd_go_secret_pool_take(pool, &slot) == -EACCES);
			MUST(memfd_go_secret_pool_give(pool, memory + at) == -EACCES);
		}
		MUST(memfd_go_secret_pool_protect(pool, MEMFD_GO_ACCESS_READ_WRITE) == 0);
		break;
	case 7:
		MUST(CALL(memfd_go_secret_pool_relock(pool)) == 0);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
	struct input in = { data, length };
	struct memfd_go_secret_pool pool = { 0 };
	struct resources before = count_resources();
	void *taken[MOST] = { NULL };
	uint32_t slots = take_byte(&in) % 8U + 1;

	MUST(memfd_go_secret_pool_init(&pool, take_byte(&in) + 1U, slots, 0) == 0);
	while (in.left > 0)
		act(&pool, taken, &in);
	MUST(memfd_go_secret_pool_free(&pool) == 0);
	CHECK_RESOURCES(before);
	return 0;
}
