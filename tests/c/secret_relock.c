/* SPDX-License-Identifier: MIT */

/* memfd_go_secret_relock(): a child of fork() shares an area, but not its lock. */
#include "test.h"
#include "area.h"
#include "child.h"
#include "pool.h"

#define LENGTH 5000
#define SHARED (MEMFD_GO_OPT_FORK_SHARE | MEMFD_GO_OPT_NO_SECRETMEM)

static secret_area area;
static struct memfd_go_secret_pool pool;

/* By VmLck, because emulators do not show the flags of mappings. Nothing else is locked. */
static int locked(void)
{
	return status_kb("VmLck:") > 0;
}

static void relock(void)
{
	EQ(area.kind, MEMFD_GO_AREA_MLOCK);
	EQ(locked(), 0);
	EQ(status_kb("VmLck:"), 0);
	EQ(memfd_go_secret_relock(&area), 0);
	EQ(area.kind, MEMFD_GO_AREA_MLOCK);
	EQ(locked(), 1);
	EQ(status_kb("VmLck:") * 1024, area.base_len - PAGES_AROUND * page_size());
	CHECK(all_bytes(area.data, LENGTH, SECRET_BYTE));
	EQ(memfd_go_secret_relock(&area), 0); /* a second call changes nothing */
	EQ(memfd_go_secret_protect(&area, MEMFD_GO_ACCESS_READ), 0);
	EQ(memfd_go_secret_relock(&area), 0);
}

static void relock_above_the_limit(void)
{
	set_limit(RLIMIT_MEMLOCK, page_size() - 1);
	drop_privileges();
	EQ(memfd_go_secret_relock(&area), -ENOMEM);
	EQ(area.kind, MEMFD_GO_AREA_UNLOCKED);
	EQ(locked(), 0);
	set_limit(RLIMIT_MEMLOCK, 0);
	EQ(memfd_go_secret_relock(&area), -EPERM);
	EQ(area.kind, MEMFD_GO_AREA_UNLOCKED);
	CHECK(all_bytes(area.data, LENGTH, SECRET_BYTE));
}

/* mlock(2) of inaccessible memory fails, but marks it as locked nevertheless. */
static void relock_inaccessible_area(void)
{
	EQ(memfd_go_secret_protect(&area, MEMFD_GO_ACCESS_NONE), 0);
	EQ(memfd_go_secret_relock(&area), -EACCES);
	EQ(area.kind, MEMFD_GO_AREA_MLOCK);
	EQ(locked(), 0);
	EQ(memfd_go_secret_protect(&area, MEMFD_GO_ACCESS_READ_WRITE), 0);
	relock();
}

static void lock_without_the_library(void)
{
	EQ(mprotect(front_guard(&area) + page_size(), area.base_len - PAGES_AROUND * page_size(), PROT_NONE),
	   0);
	EQ(memfd_go_secret_relock(&area), -ENOMEM);
	EQ(area.kind, MEMFD_GO_AREA_UNLOCKED);
	EQ(locked(), 0);
}

static void allocate_and_fork(uint32_t opts, void (*child)(void))
{
	EQ(memfd_go_secret_alloc(&area, LENGTH, opts), 0);
	memset(area.data, SECRET_BYTE, LENGTH);
	IN_CHILD(child);
	EQ(memfd_go_secret_free(&area), 0);
}

static void child_locks_a_shared_area(void)
{
	allocate_and_fork(SHARED, relock);
	allocate_and_fork(SHARED | MEMFD_GO_OPT_ALIGN_END, relock);
}

static void reports_rlimit_memlock(void)
{
	allocate_and_fork(SHARED, relock_above_the_limit);
}

static void rejects_inaccessible_areas(void)
{
	allocate_and_fork(SHARED, relock_inaccessible_area);
	allocate_and_fork(SHARED, lock_without_the_library);
}

static void secretmem_needs_no_lock(void)
{
	EQ(area.kind, MEMFD_GO_AREA_SECRETMEM);
	EQ(memfd_go_secret_relock(&area), 0);
	EQ(area.kind, MEMFD_GO_AREA_SECRETMEM);
	CHECK(all_bytes(area.data, LENGTH, SECRET_BYTE));
}

static void relock_missing_area(void)
{
	EQ(memfd_go_secret_relock(&area), -ENXIO);
}

static void secretmem_is_unchanged(void)
{
	if (!have_secretmem())
		SKIP("this kernel has no memfd_secret(2)");
	allocate_and_fork(MEMFD_GO_OPT_FORK_SHARE, secretmem_needs_no_lock);
	allocate_and_fork(0, relock_missing_area);
}

/* The child has zeros, not the parent's contents. */
static void lock_zeros(void)
{
	EQ(locked(), 0);
	EQ(memfd_go_secret_relock(&area), 0);
	EQ(locked(), 1);
	CHECK(all_bytes(area.data, LENGTH, 0));
}

static void child_locks_its_own_zeros(void)
{
	allocate_and_fork(MEMFD_GO_OPT_NO_SECRETMEM, lock_zeros);
}

static void relock_unlocked_area(void)
{
	set_limit(RLIMIT_MEMLOCK, 0);
	if (geteuid() == 0 && seteuid(NOBODY) != 0)
		CHECK(!"privileges dropped");
	EQ(memfd_go_secret_alloc(&area, LENGTH, MEMFD_GO_OPT_NO_SECRETMEM | MEMFD_GO_OPT_ALLOW_UNLOCKED), 0);
	EQ(area.kind, MEMFD_GO_AREA_UNLOCKED);
	set_limit(RLIMIT_MEMLOCK, 8 * page_size());
	EQ(memfd_go_secret_relock(&area), 0);
	EQ(area.kind, MEMFD_GO_AREA_MLOCK);
	EQ(locked(), 1);
}

static void unlocked_area_becomes_locked(void)
{
	IN_CHILD(relock_unlocked_area);
}

static void lock_pool(void)
{
	void *slot = take(&pool);

	EQ(memfd_go_secret_pool_relock(&pool), 0);
	EQ(pool.area.kind, MEMFD_GO_AREA_MLOCK);
	EQ(locked(), 1);
	EQ(memfd_go_secret_pool_give(&pool, slot), 0);
	EQ(memfd_go_secret_pool_protect(&pool, MEMFD_GO_ACCESS_NONE), 0);
	EQ(memfd_go_secret_pool_relock(&pool), -EACCES);
}

static void relocks_pools(void)
{
	pool = new_pool(LENGTH, 3, SHARED);
	IN_CHILD(lock_pool);
	EQ(memfd_go_secret_pool_free(&pool), 0);
	EQ(memfd_go_secret_pool_relock(&pool), -EINVAL);
}

static void rejects_structs_without_an_area(void)
{
	secret_area none = NEW_AREA;

	EQ(memfd_go_secret_relock(&none), -EINVAL);
	EQ(none.kind, 0);
	for (size_t i = 0; i < NULL_POINTERS; i++) {
		EQ(memfd_go_secret_relock((secret_area *)null_pointers[i]), -EFAULT);
		EQ(memfd_go_secret_pool_relock((struct memfd_go_secret_pool *)null_pointers[i]), -EFAULT);
	}
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(child_locks_a_shared_area);
	RUN(reports_rlimit_memlock);
	RUN(rejects_inaccessible_areas);
	RUN(secretmem_is_unchanged);
	RUN(child_locks_its_own_zeros);
	RUN(unlocked_area_becomes_locked);
	RUN(relocks_pools);
	RUN(rejects_structs_without_an_area);
	return finish();
}
