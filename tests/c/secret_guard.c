/* SPDX-License-Identifier: MIT */

/* An access next to a secret area faults. */
#include "test.h"
#include "area.h"
#include "fault.h"

static void check_guards(size_t length, uint32_t opts)
{
	secret_area s = NEW_AREA;
	size_t page = page_size();
	char *start, *end;

	EQ(memfd_go_secret_alloc(&s, length, opts), 0);
	start = front_guard(&s) + page;
	end = rear_guard(&s);
	for (int write = 0; write < 2; write++) {
		EQ(signal_of(start - 1, write), SIGSEGV);
		EQ(signal_of(start - page, write), SIGSEGV);
		EQ(signal_of(start, write), 0);
		EQ(signal_of(end - 1, write), 0);
		EQ(signal_of(end, write), SIGSEGV);
		EQ(signal_of(end + page - 1, write), SIGSEGV);
	}
	EQ(memfd_go_secret_free(&s), 0);
}

static void guards_on_both_sides_fault(void)
{
	static const size_t lengths[] = { 1, 100, 4096, 100000 };

	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		check_guards(lengths[i], 0);
		check_guards(lengths[i], MEMFD_GO_OPT_ALIGN_END);
		check_guards(lengths[i], MEMFD_GO_OPT_FORK_SHARE);
		check_guards(lengths[i], MEMFD_GO_OPT_NO_SECRETMEM);
		check_guards(lengths[i], MEMFD_GO_OPT_NO_SECRETMEM | MEMFD_GO_OPT_FORK_SHARE);
	}
}

/* For any length. */
static void align_end_faults_at_the_first_byte_behind(void)
{
	static const uint32_t options[] = { 0, MEMFD_GO_OPT_NO_SECRETMEM };

	for (size_t length = 1; length < 2 * page_size(); length += length < 40 ? 1 : 997) {
		secret_area s = NEW_AREA;
		char *data;

		EQ(memfd_go_secret_alloc(&s, length, MEMFD_GO_OPT_ALIGN_END | options[length % 2]), 0);
		data = s.data;
		EQ(WRITE_SIGNAL(data), 0);
		EQ(WRITE_SIGNAL(data + length - 1), 0);
		EQ(WRITE_SIGNAL(data + length), SIGSEGV);
		EQ(READ_SIGNAL(data + length), SIGSEGV);
		EQ(memfd_go_secret_free(&s), 0);
	}
}

static void freeing_unmaps_everything(void)
{
	secret_area s = NEW_AREA;
	char *data;

	EQ(memfd_go_secret_alloc(&s, 1, 0), 0);
	data = s.data;
	EQ(memfd_go_secret_free(&s), 0);
	EQ(READ_SIGNAL(data), SIGSEGV);
	EQ(READ_SIGNAL(data - page_size()), SIGSEGV);
	EQ(READ_SIGNAL(data + page_size()), SIGSEGV);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(guards_on_both_sides_fault);
	RUN(align_end_faults_at_the_first_byte_behind);
	RUN(freeing_unmaps_everything);
	return finish();
}
