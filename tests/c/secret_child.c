/* SPDX-License-Identifier: MIT */

/*
 * A child without its parent's secret area does not touch other memory at the address of the
 * area: after fork(2), and as the first process of a PID namespace, where process IDs do not
 * identify it. A child of vfork(2) has the area.
 */
#include <sched.h>

#include "test.h"
#include "area.h"
#include "child.h"
#include "filter.h"
#include "pool.h"

#define LENGTH 5000
#define MADVISE_ADVICE 2 /* the argument */

static secret_area area;
static struct memfd_go_secret_pool pool;
static void *slot;
static uint32_t options; /* of the running test */

static size_t data_length(const secret_area *s)
{
	return s->base_len - PAGES_AROUND * page_size();
}

/* Maps memory at the address of the data, which must be free. */
static char *map_in_place(const secret_area *s)
{
	char *start = front_guard(s) + page_size();
	void *map = mmap(start, data_length(s), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	EQ(map == start, 1);
	memset(start, SECRET_BYTE, data_length(s));
	return start;
}

/* The memory is unchanged and still writable. */
static void check_unchanged(char *start, size_t length)
{
	CHECK(all_bytes(start, length, SECRET_BYTE));
	memset(start, SECRET_BYTE, length);
	EQ(munmap(start, length), 0);
}

/* Whether 'length' bytes from the front guard on are unmapped. */
static int all_unmapped(const secret_area *s, size_t length)
{
	unsigned char resident;

	for (size_t i = 0; i < length; i += page_size())
		if (mincore(front_guard(s) + i, 1, &resident) == 0)
			return 0;
	return 1;
}

static int other_marker; /* map other memory at the address of the marker */

static void use_missing_area(void)
{
	secret_area copy = area;
	struct memfd_go_secret_pool pools = pool;
	char *in_area = map_in_place(&area), *in_pool = map_in_place(&pool.area);
	long mappings = count_mappings();
	void *other;

	EQ(memfd_go_secret_protect(&area, MEMFD_GO_ACCESS_NONE), -ENXIO);
	EQ(memfd_go_secret_pool_take(&pool, &other), -ENXIO);
	EQ(memfd_go_secret_pool_give(&pool, slot), -ENXIO);
	EQ(memfd_go_secret_free(&area), 0);
	EQ(memfd_go_secret_pool_free(&pool), 0);
	CHECK(area.data == NULL && area.base == NULL);
	CHECK(pool.area.data == NULL && pool.slots == 0);
	check_unchanged(in_area, data_length(&copy));
	check_unchanged(in_pool, data_length(&pools.area));
	CHECK(count_mappings() < mappings);
	CHECK(all_unmapped(&copy, copy.base_len - (other_marker ? page_size() : 0)));
	CHECK(all_unmapped(&pools.area, pools.area.base_len));
}

/* The marker page is missing too, and other memory may be at its address. */
static void use_with_other_memory(int protection)
{
	size_t page = page_size();
	void *marker = mmap(front_guard(&area) + area.base_len - page, page, protection,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	CHECK(marker != MAP_FAILED);
	other_marker = 1;
	use_missing_area();
	EQ(mprotect(marker, page, PROT_READ), 0);
}

static void use_with_fallback_marker(void)
{
	use_with_other_memory(PROT_NONE);
}

static void use_with_readable_marker(void)
{
	use_with_other_memory(PROT_READ | PROT_WRITE);
}

static void use_through_grandchild(void)
{
	IN_CHILD(use_missing_area);
	use_missing_area();
}

static void in_a_new_namespace(void)
{
	EQ(unshare(CLONE_NEWPID), 0);
	EQ(status_of(start_child(use_missing_area)), 0);
}

static void allocate_and_fork(void (*child)(void))
{
	area = (secret_area)NEW_AREA;
	pool = new_pool(LENGTH, 3, options);
	EQ(memfd_go_secret_alloc(&area, LENGTH, options), 0);
	EQ(memfd_go_secret_pool_take(&pool, &slot), 0);
	memset(area.data, 1, LENGTH);
	memset(slot, 1, LENGTH);
	IN_CHILD(child);
	CHECK(all_bytes(area.data, LENGTH, 1));
	CHECK(all_bytes(slot, LENGTH, 1));
	EQ(memfd_go_secret_pool_give(&pool, slot), 0);
	EQ(memfd_go_secret_pool_free(&pool), 0);
	EQ(memfd_go_secret_free(&area), 0);
}

static void other_memory_at_the_address_is_untouched(void)
{
	if (!have_secretmem())
		SKIP("this kernel has no memfd_secret(2)");
	options = 0;
	allocate_and_fork(use_missing_area);
	options = MEMFD_GO_OPT_KEEP_FD | MEMFD_GO_OPT_REQUIRE;
	allocate_and_fork(use_missing_area);
	allocate_and_fork(use_through_grandchild);
}

static void child_is_recognized_as_process_1(void)
{
	if (!have_secretmem())
		SKIP("this kernel has no memfd_secret(2)");
	if (geteuid() != 0)
		SKIP("needs root, to create a PID namespace");
	options = 0;
	allocate_and_fork(in_a_new_namespace);
}

static void emulate_4_13(void)
{
	EQ(forbid_value(SYS_madvise, MADVISE_ADVICE, MADV_WIPEONFORK, EINVAL), 0);
	for (int i = 0; i < 2; i++) {
		options = i == 0 ? 0 : MEMFD_GO_OPT_NO_SECRETMEM;
		allocate_and_fork(use_missing_area);
		allocate_and_fork(use_with_fallback_marker);
		allocate_and_fork(use_with_readable_marker);
		allocate_and_fork(use_through_grandchild);
		if (geteuid() == 0)
			allocate_and_fork(in_a_new_namespace);
	}
}

static void child_is_recognized_before_4_14(void)
{
	if (!filters_work())
		SKIP(NO_FILTERS);
	IN_CHILD(emulate_4_13);
}

static void vfork_then(void (*body)(void))
{
	pid_t child = vfork();

	if (child == 0) {
		body();
		_exit(0);
	}
	EQ(status_of(child), 0);
}

static int shared;

static void share(void)
{
	shared = 1;
}

/* Emulators may implement vfork(2) as fork(2). */
static int vfork_shares(void)
{
	shared = 0;
	vfork_then(share);
	return shared;
}

static void use_shared_area(void)
{
	EQ(memfd_go_secret_protect(&area, MEMFD_GO_ACCESS_READ), 0);
	EQ(memfd_go_secret_protect(&area, MEMFD_GO_ACCESS_READ_WRITE), 0);
	EQ(memfd_go_secret_pool_give(&pool, slot), 0);
	EQ(memfd_go_secret_pool_take(&pool, &slot), 0);
	memset(area.data, 1, LENGTH);
	memset(slot, 1, LENGTH);
}

static void free_shared_area(void)
{
	EQ(memfd_go_secret_free(&area), 0);
}

static void child_of_vfork_has_the_area(void)
{
	static const uint32_t all[] = { 0, MEMFD_GO_OPT_NO_SECRETMEM };

	if (!vfork_shares())
		SKIP("vfork(2) is fork(2) in this emulator");
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		options = all[i];
		area = (secret_area)NEW_AREA;
		pool = new_pool(LENGTH, 3, options);
		EQ(memfd_go_secret_alloc(&area, LENGTH, options), 0);
		EQ(memfd_go_secret_pool_take(&pool, &slot), 0);
		vfork_then(use_shared_area);
		CHECK(all_bytes(area.data, LENGTH, 1));
		CHECK(all_bytes(slot, LENGTH, 1));
		vfork_then(free_shared_area);
		CHECK(area.data == NULL);
		EQ(memfd_go_secret_pool_free(&pool), 0);
	}
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(other_memory_at_the_address_is_untouched);
	RUN(child_is_recognized_as_process_1);
	RUN(child_is_recognized_before_4_14);
	RUN(child_of_vfork_has_the_area);
	return finish();
}
