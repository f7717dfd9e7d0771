/* SPDX-License-Identifier: MIT */

/* memfd_go_secret_alloc_from() moves bytes into a new area. */
#include "test.h"
#include "area.h"

static const uint32_t options[] = {
	0,
	MEMFD_GO_OPT_ALIGN_END,
	MEMFD_GO_OPT_FORK_SHARE,
	MEMFD_GO_OPT_NO_SECRETMEM | MEMFD_GO_OPT_ALIGN_END,
};
#define OPTIONS (sizeof options / sizeof *options)

#define LENGTH_MAX 10000

/* Different bytes, with a margin. */
static unsigned char source[LENGTH_MAX + 16];

static void fill_source(void)
{
	for (size_t i = 0; i < sizeof source; i++)
		source[i] = (unsigned char)(i * 7 + 1) | 1;
}

/* Checks that only the 'length' bytes at 'start' are zero. */
static void check_source(size_t start, size_t length)
{
	for (size_t i = 0; i < sizeof source; i++)
		if (i >= start && i < start + length)
			EQ(source[i], 0);
		else
			EQ(source[i], (unsigned char)(i * 7 + 1) | 1);
}

static void copies_and_wipes_the_source(void)
{
	static const size_t lengths[] = { 1, 3, 16, 31, 4096, 4097, LENGTH_MAX };
	unsigned char want[LENGTH_MAX];

	for (size_t i = 0; i < sizeof lengths / sizeof *lengths * OPTIONS; i++) {
		size_t length = lengths[i / OPTIONS], shift = i % 9;
		secret_area area;

		memset(&area, 0xff, sizeof area);
		fill_source();
		memcpy(want, source + shift, length);
		EQ(memfd_go_secret_alloc_from(&area, source + shift, length, options[i % OPTIONS]), 0);
		EQ(area.len, length);
		EQ(memcmp(area.data, want, length), 0);
		EQ(memfd_go_secret_free(&area), 0);
		check_source(shift, length);
	}
}

static void copies_from_another_area(void)
{
	secret_area first = NEW_AREA, second = NEW_AREA;

	EQ(memfd_go_secret_alloc(&first, 100, 0), 0);
	memset(first.data, SECRET_BYTE, 100);
	EQ(memfd_go_secret_alloc_from(&second, first.data, 100, 0), 0);
	CHECK(all_bytes(second.data, 100, SECRET_BYTE));
	CHECK(all_bytes(first.data, 100, 0));
	EQ(memfd_go_secret_free(&first), 0);
	EQ(memfd_go_secret_free(&second), 0);
}

/* So that the caller can try other options. */
static void failure_does_not_change_the_source(void)
{
	secret_area area = NEW_AREA, zero = { 0 };

	fill_source();
	EQ(memfd_go_secret_alloc_from(&area, source, 0, 0), -EINVAL);
	EQ(memfd_go_secret_alloc_from(&area, source, 10, 1U << 31), -EINVAL);
	EQ(memfd_go_secret_alloc_from(&area, source, 10, MEMFD_GO_OPT_REQUIRE | MEMFD_GO_OPT_NO_SECRETMEM),
	   -EINVAL);
	EQ(memcmp(&area, &zero, sizeof area), 0);
	check_source(0, 0);
}

static void rejects_bad_pointers(void)
{
	secret_area area, zero = { 0 };

	fill_source();
	for (size_t i = 0; i < NULL_POINTERS; i++) {
		memset(&area, 0xff, sizeof area);
		EQ(memfd_go_secret_alloc_from(&area, (void *)null_pointers[i], 10, 0), -EFAULT);
		EQ(memcmp(&area, &zero, sizeof area), 0);
		EQ(memfd_go_secret_alloc_from((secret_area *)null_pointers[i], source, 10, 0), -EFAULT);
		EQ(memfd_go_secret_alloc_from((secret_area *)null_pointers[i], (void *)null_pointers[i], 10,
					      0),
		   -EFAULT);
	}
	check_source(0, 0);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(copies_and_wipes_the_source);
	RUN(copies_from_another_area);
	RUN(failure_does_not_change_the_source);
	RUN(rejects_bad_pointers);
	return finish();
}
