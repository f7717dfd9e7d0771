/* SPDX-License-Identifier: MIT */

/* Secret areas in a child of fork(). */
#include "test.h"
#include "area.h"
#include "child.h"
#include "fault.h"

#define LENGTH 5000

static secret_area area;

static void check_not_mapped(void)
{
	secret_area zero = { .fd = -1 };

	EQ(READ_SIGNAL(area.data), SIGSEGV);
	EQ(READ_SIGNAL((char *)area.data + LENGTH - 1), SIGSEGV);
	EQ(memfd_go_secret_protect(&area, MEMFD_GO_ACCESS_READ), -ENXIO);
	EQ(memfd_go_secret_free(&area), 0);
	EQ(memcmp(&area, &zero, sizeof area), 0);
	EQ(memfd_go_secret_free(&area), 0);
}

static void check_zeros(void)
{
	CHECK(all_bytes(area.data, LENGTH, 0));
	memset(area.data, 1, LENGTH);
	EQ(memfd_go_secret_free(&area), 0);
}

static void change_area(void)
{
	CHECK(all_bytes(area.data, LENGTH, SECRET_BYTE));
	memset(area.data, SECRET_BYTE + 1, LENGTH);
}

static void fork_with(uint32_t opts, uint32_t kind, void (*child)(void), int byte_afterwards)
{
	area = (secret_area)NEW_AREA;
	EQ(memfd_go_secret_alloc(&area, LENGTH, opts), 0);
	EQ(area.kind, kind);
	memset(area.data, SECRET_BYTE, LENGTH);
	IN_CHILD(child);
	CHECK(all_bytes(area.data, LENGTH, byte_afterwards));
	EQ(memfd_go_secret_free(&area), 0);
}

static void secretmem_is_not_mapped_in_a_child(void)
{
	if (!have_secretmem())
		SKIP("this kernel has no memfd_secret(2)");
	fork_with(0, MEMFD_GO_AREA_SECRETMEM, check_not_mapped, SECRET_BYTE);
	fork_with(MEMFD_GO_OPT_KEEP_FD, MEMFD_GO_AREA_SECRETMEM, check_not_mapped, SECRET_BYTE);
}

static void locked_memory_is_zero_in_a_child(void)
{
	fork_with(MEMFD_GO_OPT_NO_SECRETMEM, MEMFD_GO_AREA_MLOCK, check_zeros, SECRET_BYTE);
}

static void shared_on_request(void)
{
	fork_with(MEMFD_GO_OPT_FORK_SHARE, best_kind(), change_area, SECRET_BYTE + 1);
	fork_with(MEMFD_GO_OPT_FORK_SHARE | MEMFD_GO_OPT_NO_SECRETMEM, MEMFD_GO_AREA_MLOCK, change_area,
		  SECRET_BYTE + 1);
}

static void free_area(void)
{
	EQ(memfd_go_secret_free(&area), 0);
}

static void freeing_in_a_child_wipes_for_the_parent(void)
{
	fork_with(MEMFD_GO_OPT_FORK_SHARE, best_kind(), free_area, 0);
	fork_with(MEMFD_GO_OPT_FORK_SHARE | MEMFD_GO_OPT_NO_SECRETMEM, MEMFD_GO_AREA_MLOCK, free_area, 0);
}

static void fork_again(void)
{
	IN_CHILD(change_area);
}

static void shared_with_grandchildren(void)
{
	fork_with(MEMFD_GO_OPT_FORK_SHARE, best_kind(), fork_again, SECRET_BYTE + 1);
}

static void check_zeros_without_locking(void)
{
	set_limit(RLIMIT_MEMLOCK, 0);
	drop_privileges();
	fork_with(MEMFD_GO_OPT_ALLOW_UNLOCKED, MEMFD_GO_AREA_UNLOCKED, check_zeros, SECRET_BYTE);
}

static void unlocked_memory_is_zero_in_a_child(void)
{
	IN_CHILD(check_zeros_without_locking);
}

static void allocate_another(void)
{
	secret_area s = NEW_AREA;

	EQ(memfd_go_secret_alloc(&s, LENGTH, 0), 0);
	EQ(s.kind, best_kind());
	memset(s.data, SECRET_BYTE, LENGTH);
	EQ(memfd_go_secret_free(&s), 0);
}

static void child_can_allocate_its_own(void)
{
	fork_with(0, best_kind(), allocate_another, SECRET_BYTE);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(secretmem_is_not_mapped_in_a_child);
	RUN(locked_memory_is_zero_in_a_child);
	RUN(shared_on_request);
	RUN(freeing_in_a_child_wipes_for_the_parent);
	RUN(shared_with_grandchildren);
	RUN(unlocked_memory_is_zero_in_a_child);
	RUN(child_can_allocate_its_own);
	return finish();
}
