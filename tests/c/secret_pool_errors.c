/* SPDX-License-Identifier: MIT */

/* Errors of memfd_go_secret_pool_*(). */
#include "test.h"
#include "area.h"
#include "child.h"
#include "pool.h"

#define LENGTH 40 /* and 8 bytes of padding */

static void rejects_bad_sizes(void)
{
	struct memfd_go_secret_pool pool = NEW_POOL, untouched = pool;

	EQ(memfd_go_secret_pool_init(&pool, 0, 1, 0), -EINVAL);
	EQ(memfd_go_secret_pool_init(&pool, 1, 0, 0), -EINVAL);
	EQ(memfd_go_secret_pool_init(&pool, 1, 1048577, 0), -EINVAL);
	EQ(memfd_go_secret_pool_init(&pool, 1, UINT32_MAX, 0), -EINVAL);
	for (size_t n = 0; n < 100; n += 7) {
		EQ(memfd_go_secret_pool_init(&pool, SIZE_MAX - n, 1, 0), -EINVAL);
		EQ(memfd_go_secret_pool_init(&pool, SIZE_MAX / 1024 - n, 1025, 0), -EINVAL);
	}
	EQ(memcmp(&pool, &untouched, sizeof pool), 0);
}

static void rejects_bad_options(void)
{
	static const uint32_t known = MEMFD_GO_OPT_KEEP_FD | MEMFD_GO_OPT_FORK_SHARE | MEMFD_GO_OPT_REQUIRE |
				      MEMFD_GO_OPT_NO_SECRETMEM | MEMFD_GO_OPT_ALLOW_UNLOCKED;
	struct memfd_go_secret_pool pool = NEW_POOL;

	for (int bit = 0; bit < 32; bit++)
		if ((known & 1U << bit) == 0)
			EQ(memfd_go_secret_pool_init(&pool, 1, 1, 1U << bit), -EINVAL);
	EQ(memfd_go_secret_pool_init(&pool, 1, 1, MEMFD_GO_OPT_NO_SECRETMEM | MEMFD_GO_OPT_REQUIRE), -EINVAL);
}

static void rejects_bad_pointers(void)
{
	struct memfd_go_secret_pool pool = new_pool(LENGTH, 2, 0);
	void *slot = NULL;

	for (size_t i = 0; i < NULL_POINTERS; i++) {
		struct memfd_go_secret_pool *null = (struct memfd_go_secret_pool *)null_pointers[i];

		EQ(memfd_go_secret_pool_init(null, 1, 1, 0), -EFAULT);
		EQ(memfd_go_secret_pool_take(null, &slot), -EFAULT);
		EQ(memfd_go_secret_pool_give(null, &slot), -EFAULT);
		EQ(memfd_go_secret_pool_free(null), -EFAULT);
		EQ(memfd_go_secret_pool_take(&pool, (void **)null_pointers[i]), -EFAULT);
		EQ(memfd_go_secret_pool_give(&pool, (void *)null_pointers[i]), -EINVAL);
	}
	EQ(pool.used, 0);
	EQ(memfd_go_secret_pool_free(&pool), 0);
}

static void rejects_addresses_that_are_not_slots_in_use(void)
{
	struct memfd_go_secret_pool pool = new_pool(LENGTH, 3, 0);
	char *slot = take(&pool), *other = take(&pool), *end = (char *)pool.area.data + pool.area.len;

	for (int n = 1; n < 100; n++)
		if (slot + n != other)
			EQ(memfd_go_secret_pool_give(&pool, slot + n), -EINVAL);
	EQ(memfd_go_secret_pool_give(&pool, pool.area.data), -EINVAL);
	EQ(memfd_go_secret_pool_give(&pool, slot - pool.stride), -EINVAL);
	EQ(memfd_go_secret_pool_give(&pool, slot + 2 * pool.stride), -EINVAL); /* a free slot */
	EQ(memfd_go_secret_pool_give(&pool, slot + 3 * pool.stride), -EINVAL);
	EQ(memfd_go_secret_pool_give(&pool, end), -EINVAL);
	EQ(memfd_go_secret_pool_give(&pool, &pool), -EINVAL);
	EQ(memfd_go_secret_pool_give(&pool, slot), 0);
	EQ(memfd_go_secret_pool_give(&pool, slot), -EINVAL);
	EQ(pool.used, 1);
	EQ(memfd_go_secret_pool_free(&pool), 0);
	EQ(memfd_go_secret_pool_give(&pool, slot), -EINVAL);
	EQ(memfd_go_secret_pool_take(&pool, &(void *){ NULL }), -EINVAL);
}

/* By one NUL, as an overrun by a string does. */
static void overrun_is_reported_for_its_slot(void)
{
	struct memfd_go_secret_pool pool = new_pool(48, 3, 0);
	char *first = take(&pool), *second = take(&pool);

	first[48] = '\0';
	EQ(memfd_go_secret_pool_give(&pool, first), -EINVAL);
	EQ(memfd_go_secret_pool_give(&pool, second), -EINVAL);
	EQ(memfd_go_secret_pool_free(&pool), 0);

	pool = new_pool(48, 2, 0);
	first = take(&pool);
	first[48] = '\0'; /* into the last slot */
	EQ(memfd_go_secret_pool_give(&pool, first), -EINVAL);
	EQ(memfd_go_secret_pool_free(&pool), 0);
}

static void overrun_into_a_free_slot_is_reported(void)
{
	struct memfd_go_secret_pool pool = new_pool(48, 3, 0);
	char *first = take(&pool);
	void *next = NULL;

	memset(first, SECRET_BYTE, 100);
	EQ(memfd_go_secret_pool_take(&pool, &next), -EINVAL);
	CHECK(next == NULL);
	EQ(memfd_go_secret_pool_give(&pool, first), -EINVAL);
	EQ(memfd_go_secret_pool_free(&pool), 0);
}

/* An overrun keeps the canary, and links a free slot to a slot in use. */
static void slot_in_use_is_never_taken_again(void)
{
	struct memfd_go_secret_pool pool = new_pool(48, 3, 0);
	char *first = take(&pool);
	uint32_t *header = (uint32_t *)(first + 48); /* of the second slot: its canary and its link */
	void *slot = NULL;

	EQ(header[1], 2);
	header[1] = 0;
	CHECK(take(&pool) == first + pool.stride);
	EQ(memfd_go_secret_pool_take(&pool, &slot), -EINVAL);
	CHECK(slot == NULL);
	EQ(memfd_go_secret_pool_free(&pool), 0);
}

/* By a single byte, which changes only the canary. */
static void short_overrun_into_a_free_slot_is_reported(void)
{
	struct memfd_go_secret_pool pool = new_pool(48, 3, 0);
	char *first = take(&pool);
	void *slot = NULL;

	first[48] ^= 1;
	EQ(memfd_go_secret_pool_take(&pool, &slot), -EINVAL);
	CHECK(slot == NULL);
	EQ(memfd_go_secret_pool_free(&pool), 0);
}

/* An overrun links a free slot to a slot that does not exist. */
static void link_beyond_the_last_slot_is_rejected(void)
{
	static const uint32_t others[] = { 3, 1000, UINT32_MAX - 1 };

	for (int i = 0; i < 3; i++) {
		struct memfd_go_secret_pool pool = new_pool(48, 3, 0);
		char *first = take(&pool);
		uint32_t *header = (uint32_t *)(first + 48);

		header[1] = others[i];
		CHECK(take(&pool) == first + pool.stride);
		EQ(memfd_go_secret_pool_take(&pool, &(void *){ NULL }), -EINVAL);
		EQ(memfd_go_secret_pool_free(&pool), 0);
	}
}

/* The rest of the page behind the last slot can be written to. */
static void forged_slot_behind_the_last_is_rejected(void)
{
	struct memfd_go_secret_pool pool = new_pool(48, 3, 0);
	char *first = take(&pool);
	uint32_t *second = (uint32_t *)(first + 48);
	uint32_t *behind = (uint32_t *)((char *)pool.area.data + pool.area.len);

	second[1] = 3;
	behind[0] = second[0] + (2 << 8); /* its canary */
	CHECK(take(&pool) == first + pool.stride);
	EQ(memfd_go_secret_pool_take(&pool, &(void *){ NULL }), -EINVAL);
	EQ(memfd_go_secret_pool_give(&pool, behind + 4), -EINVAL);
	EQ(memfd_go_secret_pool_free(&pool), 0);
}

/* The contents of a slot may look like the bytes in front of one. */
static void forged_slot_header_is_rejected(void)
{
	struct memfd_go_secret_pool pool = new_pool(64, 3, 0);
	char *slot = take(&pool);

	memcpy(slot, slot - 16, 16);
	EQ(memfd_go_secret_pool_give(&pool, slot + 16), -EINVAL);
	memcpy(slot + 1, slot - 16, 16);
	EQ(memfd_go_secret_pool_give(&pool, slot + 17), -EINVAL);
	EQ(pool.used, 1);
	EQ(memfd_go_secret_pool_give(&pool, slot), 0);
	EQ(memfd_go_secret_pool_free(&pool), 0);
}

/* The guard follows the last slot. */
static void addresses_behind_the_pool_are_rejected(void)
{
	struct memfd_go_secret_pool pool = new_pool(48, (uint32_t)(page_size() / 64), 0);
	char *end = (char *)pool.area.data + pool.area.len;

	EQ(pool.area.len, page_size());
	for (int n = 0; n <= 64; n += 16)
		EQ(memfd_go_secret_pool_give(&pool, end + n), -EINVAL);
	EQ(memfd_go_secret_pool_free(&pool), 0);
}

/* Whatever an overrun writes, the pool does not leave its area. */
static void damaged_links_never_leave_the_pool(void)
{
	for (int byte = 0; byte < 256; byte++) {
		struct memfd_go_secret_pool pool = new_pool(48, 4, MEMFD_GO_OPT_NO_SECRETMEM);
		char *slots[4] = { take(&pool), take(&pool) };

		memset(slots[0] + 48, byte, 16);
		memfd_go_secret_pool_give(&pool, slots[1]);
		memfd_go_secret_pool_give(&pool, slots[0]);
		for (int i = 0; i < 4; i++) {
			void *slot = NULL;

			if (memfd_go_secret_pool_take(&pool, &slot) == 0)
				CHECK((char *)slot > (char *)pool.area.data &&
				      (char *)slot < (char *)pool.area.data + pool.area.len);
		}
		EQ(memfd_go_secret_pool_free(&pool), 0);
	}
}

static void exceed_the_limit(void)
{
	struct memfd_go_secret_pool pool = NEW_POOL;

	drop_privileges();
	set_limit(RLIMIT_MEMLOCK, page_size());
	EQ(memfd_go_secret_pool_init(&pool, page_size(), 1, 0), have_secretmem() ? -EAGAIN : -ENOMEM);
	EQ(memfd_go_secret_pool_init(&pool, page_size(), 1, MEMFD_GO_OPT_NO_SECRETMEM), -ENOMEM);
	EQ(memfd_go_secret_pool_init(&pool, page_size(), 1, MEMFD_GO_OPT_ALLOW_UNLOCKED), 0);
	EQ(pool.area.kind, MEMFD_GO_AREA_UNLOCKED);
	EQ(memfd_go_secret_pool_free(&pool), 0);
}

static void fails_above_rlimit_memlock(void)
{
	IN_CHILD(exceed_the_limit);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(rejects_bad_sizes);
	RUN(rejects_bad_options);
	RUN(rejects_bad_pointers);
	RUN(rejects_addresses_that_are_not_slots_in_use);
	RUN(overrun_is_reported_for_its_slot);
	RUN(overrun_into_a_free_slot_is_reported);
	RUN(slot_in_use_is_never_taken_again);
	RUN(short_overrun_into_a_free_slot_is_reported);
	RUN(link_beyond_the_last_slot_is_rejected);
	RUN(forged_slot_behind_the_last_is_rejected);
	RUN(forged_slot_header_is_rejected);
	RUN(addresses_behind_the_pool_are_rejected);
	RUN(damaged_links_never_leave_the_pool);
	RUN(fails_above_rlimit_memlock);
	return finish();
}
