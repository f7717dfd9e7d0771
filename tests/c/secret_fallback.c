/* SPDX-License-Identifier: MIT */

/* memfd_go_secret_alloc() without memfd_secret(2), and without mlock(2). */
#include "test.h"
#include "area.h"
#include "child.h"
#include "filter.h"
#include "smaps.h"

#define ALLOW_UNLOCKED MEMFD_GO_OPT_ALLOW_UNLOCKED

static int missing; /* the errno of memfd_secret(2) */
static int refused; /* the errno of mlock(2) */

static void check_area_of_kind(uint32_t opts, uint32_t kind)
{
	secret_area s = NEW_AREA;

	EQ(memfd_go_secret_alloc(&s, 5000, opts), 0);
	EQ(s.kind, kind);
	EQ(s.fd, -1);
	CHECK(has_flag(s.data, "dd")); /* not in core dumps */
	EQ(has_flag(s.data, "lo"), kind == MEMFD_GO_AREA_MLOCK);
	EQ(has_flag(s.data, "wf"), (opts & MEMFD_GO_OPT_FORK_SHARE) == 0);
	CHECK(all_bytes(s.data, s.len, 0));
	memset(s.data, SECRET_BYTE, s.len);
	CHECK(all_bytes(s.data, s.len, SECRET_BYTE));
	EQ(memfd_go_secret_free(&s), 0);
}

static void check_error(uint32_t opts, int error)
{
	secret_area s = NEW_AREA, untouched = NEW_AREA;
	struct resources before = count_resources(), after;

	EQ(memfd_go_secret_alloc(&s, 5000, opts), error);
	EQ(memcmp(&s, &untouched, sizeof s), 0);
	after = count_resources();
	EQ(after.descriptors, before.descriptors);
	EQ(after.mappings, before.mappings);
}

static void allocate_without_secretmem(void)
{
	EQ(forbid(MEMFD_SECRET, missing), 0);
	check_area_of_kind(0, MEMFD_GO_AREA_MLOCK);
	check_area_of_kind(MEMFD_GO_OPT_KEEP_FD, MEMFD_GO_AREA_MLOCK);
	check_area_of_kind(MEMFD_GO_OPT_FORK_SHARE, MEMFD_GO_AREA_MLOCK);
	check_area_of_kind(ALLOW_UNLOCKED | MEMFD_GO_OPT_ALIGN_END, MEMFD_GO_AREA_MLOCK);
	check_error(MEMFD_GO_OPT_REQUIRE, -missing);
	check_error(MEMFD_GO_OPT_REQUIRE | ALLOW_UNLOCKED, -missing);
}

static void locked_memory_replaces_memfd_secret(void)
{
	static const int errors[] = { ENOSYS, EPERM };

	if (!filters_work())
		SKIP(NO_FILTERS);
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		missing = errors[i];
		IN_CHILD(allocate_without_secretmem);
	}
}

static void fail_with_other_error(void)
{
	EQ(forbid(MEMFD_SECRET, missing), 0);
	check_error(0, -missing);
	check_error(MEMFD_GO_OPT_REQUIRE, -missing);
	check_area_of_kind(MEMFD_GO_OPT_NO_SECRETMEM, MEMFD_GO_AREA_MLOCK);
}

static void other_errors_are_returned(void)
{
	static const int errors[] = { EMFILE, ENFILE, ENOMEM, EINVAL, EAGAIN };

	if (!filters_work())
		SKIP(NO_FILTERS);
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		missing = errors[i];
		IN_CHILD(fail_with_other_error);
	}
}

static void allocate_without_locking(void)
{
	EQ(forbid(MEMFD_SECRET, ENOSYS), 0);
	EQ(forbid(SYS_mlock, refused), 0);
	check_error(0, -refused);
	check_error(MEMFD_GO_OPT_NO_SECRETMEM, -refused);
	check_error(MEMFD_GO_OPT_REQUIRE | ALLOW_UNLOCKED, -ENOSYS);
	check_area_of_kind(ALLOW_UNLOCKED, MEMFD_GO_AREA_UNLOCKED);
	check_area_of_kind(ALLOW_UNLOCKED | MEMFD_GO_OPT_NO_SECRETMEM, MEMFD_GO_AREA_UNLOCKED);
	check_area_of_kind(ALLOW_UNLOCKED | MEMFD_GO_OPT_FORK_SHARE, MEMFD_GO_AREA_UNLOCKED);
}

static void unlocked_memory_only_if_allowed(void)
{
	static const int errors[] = { EPERM, ENOMEM, EAGAIN, ENOSYS };

	if (!filters_work())
		SKIP(NO_FILTERS);
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		refused = errors[i];
		IN_CHILD(allocate_without_locking);
	}
}

/* Before Linux 4.14, MADV_DONTFORK takes the place of MADV_WIPEONFORK. */
static void allocate_without_wipe_on_fork(void)
{
	secret_area s = NEW_AREA;

	EQ(forbid_value(SYS_madvise, 2, MADV_WIPEONFORK, EINVAL), 0);
	EQ(memfd_go_secret_alloc(&s, 1, MEMFD_GO_OPT_NO_SECRETMEM), 0);
	EQ(s.kind, MEMFD_GO_AREA_MLOCK);
	CHECK(has_flag(s.data, "dc"));
	EQ(memfd_go_secret_free(&s), 0);
}

static void locked_memory_works_before_4_14(void)
{
	if (!filters_work())
		SKIP(NO_FILTERS);
	IN_CHILD(allocate_without_wipe_on_fork);
}

static int step; /* of the allocation, which fails */

static void fail_in_a_step(void)
{
	static const long calls[] = { SYS_mlock, SYS_madvise };

	EQ(forbid(calls[step], ENOMEM), 0);
	check_error(MEMFD_GO_OPT_NO_SECRETMEM, -ENOMEM);
}

static void failure_leaks_nothing(void)
{
	if (!filters_work())
		SKIP(NO_FILTERS);
	for (step = 0; step < 2; step++)
		IN_CHILD(fail_in_a_step);
}

static secret_area inherited;

static void use_inherited_area(void)
{
	CHECK(all_bytes(inherited.data, inherited.len, 0));
	EQ(memfd_go_secret_protect(&inherited, MEMFD_GO_ACCESS_NONE), 0);
	EQ(memfd_go_secret_free(&inherited), 0);
}

/* Linux 7.2 checks RLIMIT_MEMLOCK when the pages are touched, which futex(2) reports as EFAULT. */
static void allocate_over_the_limit(void)
{
	EQ(forbid(SYS_futex, EFAULT), 0);
	check_error(0, -EAGAIN);
	check_area_of_kind(ALLOW_UNLOCKED, MEMFD_GO_AREA_MLOCK);
	check_area_of_kind(ALLOW_UNLOCKED | MEMFD_GO_OPT_FORK_SHARE, MEMFD_GO_AREA_MLOCK);
	EQ(memfd_go_secret_alloc(&inherited, 100, ALLOW_UNLOCKED), 0);
	IN_CHILD(use_inherited_area);
}

static void limit_may_be_checked_when_touched(void)
{
	if (!have_secretmem())
		SKIP("memfd_secret(2) does not work");
	if (!filters_work())
		SKIP(NO_FILTERS);
	IN_CHILD(allocate_over_the_limit);
}

/* A filter may forbid futex(2). The pages are present all the same. */
static void allocate_without_futex(void)
{
	secret_area s = NEW_AREA;
	unsigned char present[2] = { 0 };

	EQ(forbid(SYS_futex, ENOSYS), 0);
	EQ(memfd_go_secret_alloc(&s, 2 * page_size(), MEMFD_GO_OPT_FORK_SHARE), 0);
	EQ(raw(mincore(s.data, sizeof present * page_size(), present)), 0);
	EQ(present[0] & present[1] & 1, 1);
	EQ(memfd_go_secret_free(&s), 0);
}

static void pages_are_present_without_futex(void)
{
	if (!have_secretmem())
		SKIP("memfd_secret(2) does not work");
	if (!filters_work())
		SKIP(NO_FILTERS);
	IN_CHILD(allocate_without_futex);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(locked_memory_replaces_memfd_secret);
	RUN(other_errors_are_returned);
	RUN(unlocked_memory_only_if_allowed);
	RUN(locked_memory_works_before_4_14);
	RUN(failure_leaks_nothing);
	RUN(limit_may_be_checked_when_touched);
	RUN(pages_are_present_without_futex);
	return finish();
}
