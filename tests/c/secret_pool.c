/* SPDX-License-Identifier: MIT */

/* memfd_go_secret_pool_*(): slots of secret memory. */
#include "test.h"
#include "area.h"
#include "pool.h"

#define SLOTS 50
#define LENGTH 33

static void all_slots_can_be_used(void)
{
	struct memfd_go_secret_pool pool = new_pool(LENGTH, SLOTS, 0);
	unsigned char *slots[SLOTS];

	for (int i = 0; i < SLOTS; i++) {
		slots[i] = take(&pool);
		EQ((uintptr_t)slots[i] % 16, 0);
		CHECK(all_bytes(slots[i], LENGTH, 0));
		memset(slots[i], i + 1, LENGTH);
		EQ(pool.used, i + 1);
	}
	for (int i = 0; i < SLOTS; i++)
		CHECK(all_bytes(slots[i], LENGTH, i + 1));
	EQ(memfd_go_secret_pool_take(&pool, &(void *){ NULL }), -ENOSPC);
	EQ(memfd_go_secret_pool_give(&pool, slots[7]), 0);
	EQ(pool.used, SLOTS - 1);
	CHECK(take(&pool) == slots[7]);
	EQ(memfd_go_secret_pool_free(&pool), 0);
}

static void struct_describes_the_pool(void)
{
	struct memfd_go_secret_pool pool = new_pool(LENGTH, SLOTS, 0);

	EQ(pool.slots, SLOTS);
	EQ(pool.used, 0);
	EQ(pool.slot_len, LENGTH);
	CHECK(pool.stride > LENGTH);
	EQ(pool.area.kind, best_kind());
	CHECK(pool.area.len >= SLOTS * pool.stride);
	EQ(memfd_go_secret_pool_free(&pool), 0);
}

/* Takes and gives slots in any order, each with its own contents. */
static void slots_are_zero_when_taken(void)
{
	struct memfd_go_secret_pool pool = new_pool(LENGTH, SLOTS, MEMFD_GO_OPT_NO_SECRETMEM);
	unsigned char *slots[SLOTS] = { NULL };
	uint32_t random = 1;

	for (int step = 0; step < 20000; step++) {
		uint32_t i = (random = random * 1664525 + 1013904223) >> 16;
		unsigned char **slot = &slots[i % SLOTS];
		int byte = 1 + (int)(i % SLOTS);

		if (*slot == NULL) {
			*slot = take(&pool);
			CHECK(all_bytes(*slot, LENGTH, 0));
			memset(*slot, byte, LENGTH);
		} else {
			CHECK(all_bytes(*slot, LENGTH, byte));
			EQ(memfd_go_secret_pool_give(&pool, *slot), 0);
			CHECK(all_bytes(*slot, LENGTH, 0));
			*slot = NULL;
		}
	}
	EQ(memfd_go_secret_pool_free(&pool), 0);
}

/* A second mapping shows the memory of the pool. */
static void free_wipes_slots_in_use(void)
{
	struct memfd_go_secret_pool pool;
	secret_area second = NEW_AREA;

	if (!have_secretmem())
		SKIP("this kernel has no memfd_secret(2)");
	pool = new_pool(LENGTH, SLOTS, MEMFD_GO_OPT_KEEP_FD);
	EQ(memfd_go_secret_attach(&second, pool.area.fd, UINT64_MAX, 0), 0);
	for (int i = 0; i < SLOTS; i++)
		memset(take(&pool), SECRET_BYTE, LENGTH);
	EQ(memfd_go_secret_pool_free(&pool), 0);
	CHECK(all_bytes(second.data, second.len, 0));
	EQ(memfd_go_secret_free(&second), 0);
}

static void accepts_any_length_and_number(void)
{
	static const struct {
		size_t length;
		uint32_t slots;
	} pools[] = {
		{ 1, 1 }, { 16, 3 }, { 17, 1000 }, { 4096, 2 }, { 100000, 1 }, { 1, 70000 },
	};

	for (size_t i = 0; i < sizeof pools / sizeof *pools; i++) {
		struct memfd_go_secret_pool pool = new_pool(pools[i].length, pools[i].slots, 0);

		for (uint32_t n = 0; n < pools[i].slots; n++)
			memset(take(&pool), SECRET_BYTE, pools[i].length);
		EQ(memfd_go_secret_pool_take(&pool, &(void *){ NULL }), -ENOSPC);
		EQ(memfd_go_secret_pool_free(&pool), 0);
	}
}

static void freeing_twice_or_a_zero_struct_does_nothing(void)
{
	struct memfd_go_secret_pool pool = new_pool(LENGTH, SLOTS, 0), never = NEW_POOL;

	for (int i = 0; i < 3; i++) {
		EQ(memfd_go_secret_pool_free(&pool), 0);
		EQ(pool.slots, 0);
		EQ(pool.used, 0);
	}
	EQ(memfd_go_secret_pool_free(&never), 0);
	EQ(memfd_go_secret_pool_init(&never, 0, 1, 0), -EINVAL);
	EQ(memfd_go_secret_pool_free(&never), 0);
}

static void accepts_as_many_slots_as_promised(void)
{
	const uint32_t most = 1048576, opts = MEMFD_GO_OPT_NO_SECRETMEM | MEMFD_GO_OPT_ALLOW_UNLOCKED;
	struct memfd_go_secret_pool pool = new_pool(1, most, opts);
	void *last = NULL;

	for (uint32_t n = 0; n < most; n++)
		last = take(&pool);
	EQ(memfd_go_secret_pool_take(&pool, &(void *){ NULL }), -ENOSPC);
	EQ(memfd_go_secret_pool_give(&pool, last), 0);
	CHECK(take(&pool) == last);
	EQ(memfd_go_secret_pool_free(&pool), 0);
}

static void init_overwrites_the_struct(void)
{
	struct memfd_go_secret_pool pool;

	memset(&pool, 0x5a, sizeof pool);
	EQ(memfd_go_secret_pool_init(&pool, LENGTH, SLOTS, 0), 0);
	EQ(pool.used, 0);
	take(&pool);
	EQ(memfd_go_secret_pool_free(&pool), 0);

	memset(&pool, 0x5a, sizeof pool);
	EQ(memfd_go_secret_pool_init(&pool, 0, SLOTS, 0), -EINVAL);
	CHECK(all_bytes(&pool, sizeof pool, 0));
	memset(&pool, 0x5a, sizeof pool);
	EQ(memfd_go_secret_pool_init(&pool, LENGTH, SLOTS, MEMFD_GO_OPT_REQUIRE | MEMFD_GO_OPT_NO_SECRETMEM),
	   -EINVAL);
	CHECK(all_bytes(&pool, sizeof pool, 0));
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(all_slots_can_be_used);
	RUN(struct_describes_the_pool);
	RUN(slots_are_zero_when_taken);
	RUN(free_wipes_slots_in_use);
	RUN(accepts_any_length_and_number);
	RUN(freeing_twice_or_a_zero_struct_does_nothing);
	RUN(accepts_as_many_slots_as_promised);
	RUN(init_overwrites_the_struct);
	return finish();
}
