/* SPDX-License-Identifier: MIT */

/* memfd_go_secret_pool_protect(): access to a whole pool. */
#include "test.h"
#include "area.h"
#include "fault.h"
#include "pool.h"

#define LENGTH 40

static void access_is_as_requested(void)
{
	struct memfd_go_secret_pool pool = new_pool(LENGTH, 3, 0);
	char *slot = take(&pool);

	memset(slot, SECRET_BYTE, LENGTH);
	EQ(memfd_go_secret_pool_protect(&pool, MEMFD_GO_ACCESS_NONE), 0);
	EQ(READ_SIGNAL(slot), SIGSEGV);
	EQ(memfd_go_secret_pool_protect(&pool, MEMFD_GO_ACCESS_READ), 0);
	EQ(READ_SIGNAL(slot), 0);
	EQ(WRITE_SIGNAL(slot), SIGSEGV);
	EQ(memfd_go_secret_pool_protect(&pool, MEMFD_GO_ACCESS_READ_WRITE), 0);
	EQ(WRITE_SIGNAL(slot), 0);
	CHECK(all_bytes(slot + 1, LENGTH - 1, SECRET_BYTE));
	EQ(memfd_go_secret_pool_give(&pool, slot), 0);
	EQ(memfd_go_secret_pool_free(&pool), 0);
}

static void take_and_give_need_write_access(void)
{
	static const uint32_t closed[] = { MEMFD_GO_ACCESS_NONE, MEMFD_GO_ACCESS_READ };

	for (size_t i = 0; i < 2; i++) {
		struct memfd_go_secret_pool pool = new_pool(LENGTH, 3, 0);
		void *slot = take(&pool), *other = NULL;

		EQ(memfd_go_secret_pool_protect(&pool, closed[i]), 0);
		EQ(memfd_go_secret_pool_take(&pool, &other), -EACCES);
		EQ(memfd_go_secret_pool_give(&pool, slot), -EACCES);
		EQ(other == NULL, 1);
		EQ(pool.used, 1);
		EQ(memfd_go_secret_pool_protect(&pool, MEMFD_GO_ACCESS_READ_WRITE), 0);
		EQ(memfd_go_secret_pool_give(&pool, slot), 0);
		EQ(memfd_go_secret_pool_protect(&pool, closed[i]), 0);
		EQ(memfd_go_secret_pool_free(&pool), 0);
	}
}

static void rejects_bad_arguments(void)
{
	struct memfd_go_secret_pool pool = new_pool(LENGTH, 3, 0), none = NEW_POOL;
	void *slot;

	EQ(memfd_go_secret_pool_protect(&pool, MEMFD_GO_ACCESS_WRITE), -EINVAL);
	EQ(memfd_go_secret_pool_protect(&pool, 4), -EINVAL);
	slot = take(&pool); /* the pool is still writable */
	EQ(memfd_go_secret_pool_give(&pool, slot), 0);
	EQ(memfd_go_secret_pool_free(&pool), 0);
	EQ(memfd_go_secret_pool_protect(&pool, MEMFD_GO_ACCESS_READ), -EINVAL);
	EQ(memfd_go_secret_pool_protect(&none, MEMFD_GO_ACCESS_READ), -EINVAL);
	for (size_t i = 0; i < NULL_POINTERS; i++)
		EQ(memfd_go_secret_pool_protect((struct memfd_go_secret_pool *)null_pointers[i], 0), -EFAULT);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(access_is_as_requested);
	RUN(take_and_give_need_write_access);
	RUN(rejects_bad_arguments);
	return finish();
}
