/* SPDX-License-Identifier: MIT */

/* Only the data pages of an area count against RLIMIT_MEMLOCK. */
#include "test.h"
#include "area.h"
#include "child.h"
#include "smaps.h"

static uint32_t options; /* of the running test */

/* The expected error of an area over the limit. */
static int error_above_limit(void)
{
	return options & MEMFD_GO_OPT_NO_SECRETMEM || !have_secretmem() ? -ENOMEM : -EAGAIN;
}

static void limit_pages(size_t pages)
{
	drop_privileges();
	set_limit(RLIMIT_MEMLOCK, pages * page_size());
}

static void use_three_pages(void)
{
	secret_area whole = NEW_AREA, part = NEW_AREA, rest = NEW_AREA;
	size_t page = page_size();

	limit_pages(3);
	EQ(memfd_go_secret_alloc(&whole, 3 * page + 1, options), error_above_limit());
	EQ(memfd_go_secret_alloc(&whole, 3 * page, options), 0);
	EQ(memfd_go_secret_alloc(&part, 1, options), error_above_limit());
	EQ(memfd_go_secret_free(&whole), 0);

	EQ(memfd_go_secret_alloc(&part, 2 * page - 1, options | MEMFD_GO_OPT_ALIGN_END), 0);
	EQ(memfd_go_secret_alloc(&rest, 1, options), 0);
	EQ(memfd_go_secret_alloc(&whole, 1, options), error_above_limit());
	EQ(memfd_go_secret_free(&part), 0);
	EQ(memfd_go_secret_free(&rest), 0);
}

static void whole_limit_can_be_used(void)
{
	options = 0;
	IN_CHILD(use_three_pages);
	options = MEMFD_GO_OPT_NO_SECRETMEM;
	IN_CHILD(use_three_pages);
}

static void use_unlocked_memory(void)
{
	secret_area s = NEW_AREA;

	limit_pages(1);
	EQ(memfd_go_secret_alloc(&s, page_size() + 1, options), error_above_limit());
	EQ(memfd_go_secret_alloc(&s, page_size() + 1, options | MEMFD_GO_OPT_ALLOW_UNLOCKED), 0);
	EQ(s.kind, MEMFD_GO_AREA_UNLOCKED);
	memset(s.data, SECRET_BYTE, s.len);
	EQ(memfd_go_secret_free(&s), 0);

	EQ(memfd_go_secret_alloc(&s, page_size(), options | MEMFD_GO_OPT_ALLOW_UNLOCKED), 0);
	EQ(s.kind, options != 0 ? MEMFD_GO_AREA_MLOCK : best_kind());
	EQ(memfd_go_secret_free(&s), 0);
}

static void unlocked_memory_above_the_limit_if_allowed(void)
{
	options = 0;
	IN_CHILD(use_unlocked_memory);
	options = MEMFD_GO_OPT_NO_SECRETMEM;
	IN_CHILD(use_unlocked_memory);
}

static void allocate_with_limit_0(void)
{
	secret_area s = NEW_AREA;

	limit_pages(0);
	EQ(memfd_go_secret_alloc(&s, 1, MEMFD_GO_OPT_NO_SECRETMEM), -EPERM);
	if (have_secretmem()) {
		EQ(memfd_go_secret_alloc(&s, 1, 0), -EAGAIN);
		EQ(memfd_go_secret_alloc(&s, 1, MEMFD_GO_OPT_REQUIRE | MEMFD_GO_OPT_ALLOW_UNLOCKED), -EAGAIN);
	}
}

static void fails_if_the_limit_is_0(void)
{
	IN_CHILD(allocate_with_limit_0);
}

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

static size_t resident_pages(const secret_area *s, size_t pages)
{
	unsigned char present[64];
	size_t count = 0;

	EQ(mincore(s->data, pages * page_size(), present), 0);
	for (size_t i = 0; i < pages; i++)
		count += present[i] & 1;
	return count;
}

/* The kernel refuses to page out locked memory. Newer kernels do not lock secret files, but keep them. */
static void check_never_paged_out(uint32_t opts, uint32_t kind)
{
	secret_area s = NEW_AREA;
	const size_t pages = 5, length = pages * page_size();

	EQ(memfd_go_secret_alloc(&s, length, opts), 0);
	EQ(s.kind, kind);
	memset(s.data, SECRET_BYTE, length);
	EQ(raw(madvise(s.data, length, MADV_PAGEOUT)),
	   kind == MEMFD_GO_AREA_MLOCK || has_flag(s.data, "lo") ? -EINVAL : 0);
	EQ(resident_pages(&s, pages), pages);
	CHECK(all_bytes(s.data, length, SECRET_BYTE));
	EQ(memfd_go_secret_free(&s), 0);
}

static void never_paged_out(void)
{
	char page;

	if (raw(madvise(&page - (uintptr_t)&page % page_size(), 1, 12345)) != -EINVAL)
		SKIP("this emulator ignores madvise(2)");
	check_never_paged_out(MEMFD_GO_OPT_NO_SECRETMEM, MEMFD_GO_AREA_MLOCK);
	if (have_secretmem())
		check_never_paged_out(MEMFD_GO_OPT_REQUIRE, MEMFD_GO_AREA_SECRETMEM);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(whole_limit_can_be_used);
	RUN(unlocked_memory_above_the_limit_if_allowed);
	RUN(fails_if_the_limit_is_0);
	RUN(never_paged_out);
	return finish();
}
