/* SPDX-License-Identifier: MIT */

/* With MEMFD_GO_OPT_ALIGN_END, memfd_go_secret_free() reports an underrun. */
#include "test.h"
#include "area.h"
#include "child.h"
#include "fault.h"
#include "filter.h"

#define ALIGN_END MEMFD_GO_OPT_ALIGN_END
#define CANARY 16 /* bytes, or as many as fit in front */

static const uint32_t options[] = {
	ALIGN_END,
	ALIGN_END | MEMFD_GO_OPT_FORK_SHARE,
	ALIGN_END | MEMFD_GO_OPT_NO_SECRETMEM,
	ALIGN_END | MEMFD_GO_OPT_NO_SECRETMEM | MEMFD_GO_OPT_FORK_SHARE,
};
#define OPTIONS (sizeof options / sizeof *options)

static secret_area area;

static unsigned char *new_area(size_t length, uint32_t opts)
{
	area = (secret_area)NEW_AREA;
	EQ(memfd_go_secret_alloc(&area, length, opts), 0);
	return area.data;
}

static void write_to_any_canary_byte_is_reported(void)
{
	for (size_t i = 0; i < OPTIONS; i++)
		for (size_t distance = 1; distance <= CANARY + 1; distance++) {
			unsigned char *data = new_area(100, options[i]);

			data[-(ptrdiff_t)distance] ^= 0x10;
			EQ(memfd_go_secret_free(&area), distance <= CANARY ? -EUCLEAN : 0);
			CHECK(area.data == NULL && area.base == NULL && area.fd == -1);
			EQ(memfd_go_secret_free(&area), 0);
		}
}

static void writes_within_the_area_are_not_reported(void)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		static const size_t short_of_a_page[] = { 0, 1, 5, 15, 16, 17, 1000 };

		for (size_t k = 0; k < sizeof short_of_a_page / sizeof *short_of_a_page; k++) {
			unsigned char *data = new_area(page_size() - short_of_a_page[k], options[i]);

			memset(data, SECRET_BYTE, area.len);
			EQ(memfd_go_secret_protect(&area, MEMFD_GO_ACCESS_NONE), 0);
			EQ(memfd_go_secret_free(&area), 0);
		}
	}
}

/* The canary ends at the guard. */
static void canary_may_be_shorter_than_16_bytes(void)
{
	for (size_t room = 1; room < CANARY; room++) {
		unsigned char *data = new_area(page_size() - room, ALIGN_END);

		EQ(WRITE_SIGNAL(data - room - 1), SIGSEGV);
		data[-(ptrdiff_t)room] ^= 1;
		EQ(memfd_go_secret_free(&area), -EUCLEAN);
	}
}

static void canaries_differ(void)
{
	unsigned char first[CANARY];

	memcpy(first, new_area(100, ALIGN_END) - CANARY, CANARY);
	CHECK(!all_bytes(first, CANARY, 0));
	EQ(memfd_go_secret_free(&area), 0);
	CHECK(memcmp(new_area(100, ALIGN_END) - CANARY, first, CANARY) != 0);
	EQ(memfd_go_secret_free(&area), 0);
}

static void no_canary_without_align_end(void)
{
	new_area(100, 0);
	memset((char *)area.data + 100, 1, page_size() - 100);
	EQ(memfd_go_secret_free(&area), 0);
}

static void no_canary_in_attached_areas(void)
{
	secret_area other = NEW_AREA;

	if (!have_secretmem())
		SKIP("this kernel has no memfd_secret(2)");
	new_area(100, ALIGN_END | MEMFD_GO_OPT_KEEP_FD);
	EQ(memfd_go_secret_attach(&other, area.fd, 1 << 20, ALIGN_END), 0);
	/* Another process that shares the file could overwrite the canary of the first area. */
	((char *)other.data)[page_size() - 101] ^= 1;
	EQ(memfd_go_secret_free(&other), 0);
	EQ(memfd_go_secret_free(&area), -EUCLEAN);
}

/* In the child the data and the canary are zero, or the area is not mapped. */
static void free_in_the_child(void)
{
	EQ(memfd_go_secret_free(&area), 0);
}

static void underrun_in_the_child(void)
{
	((char *)area.data)[-1] ^= 1;
	EQ(memfd_go_secret_free(&area), -EUCLEAN);
}

static void fork_and_free(void)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		new_area(100, options[i]);
		IN_CHILD(free_in_the_child);
		if ((options[i] & MEMFD_GO_OPT_FORK_SHARE) == 0) /* otherwise the child has wiped it */
			EQ(memfd_go_secret_free(&area), 0);
		else
			EQ(memfd_go_secret_free(&area), -EUCLEAN);
	}
	new_area(100, ALIGN_END | MEMFD_GO_OPT_NO_SECRETMEM);
	IN_CHILD(underrun_in_the_child);
	EQ(memfd_go_secret_free(&area), 0);
}

static void children_report_underruns(void)
{
	fork_and_free();
}

static void emulate_4_13(void)
{
	EQ(forbid_value(SYS_madvise, 2, MADV_WIPEONFORK, EINVAL), 0);
	for (size_t i = 0; i < OPTIONS; i++) {
		new_area(100, options[i]);
		if ((options[i] & MEMFD_GO_OPT_FORK_SHARE) == 0)
			IN_CHILD(free_in_the_child);
		EQ(memfd_go_secret_free(&area), 0);
	}
}

static void works_before_4_14(void)
{
	if (!filters_work())
		SKIP(NO_FILTERS);
	IN_CHILD(emulate_4_13);
}

static void free_without_getrandom(void)
{
	EQ(forbid(SYS_getrandom, EPERM), 0);
	new_area(100, ALIGN_END);
	CHECK(!all_bytes((char *)area.data - CANARY, CANARY, 0));
	((char *)area.data)[-1] ^= 1;
	EQ(memfd_go_secret_free(&area), -EUCLEAN);
}

static void works_without_getrandom(void)
{
	if (!filters_work())
		SKIP(NO_FILTERS);
	IN_CHILD(free_without_getrandom);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(write_to_any_canary_byte_is_reported);
	RUN(writes_within_the_area_are_not_reported);
	RUN(canary_may_be_shorter_than_16_bytes);
	RUN(canaries_differ);
	RUN(no_canary_without_align_end);
	RUN(no_canary_in_attached_areas);
	RUN(children_report_underruns);
	RUN(works_before_4_14);
	RUN(works_without_getrandom);
	return finish();
}
