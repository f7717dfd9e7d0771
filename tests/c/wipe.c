/* SPDX-License-Identifier: MIT */

/* memfd_go_wipe() writes zeros to the given bytes only. */
#include "test.h"
#include "area.h"

static void wipes_any_alignment_and_length(void)
{
	unsigned char memory[64];

	for (size_t from = 0; from < 20; from++) {
		for (size_t to = from; to < 50; to++) {
			memset(memory, SECRET_BYTE, sizeof memory);
			memfd_go_wipe(memory + from, to - from);
			CHECK(all_bytes(memory, from, SECRET_BYTE));
			CHECK(all_bytes(memory + from, to - from, 0));
			CHECK(all_bytes(memory + to, sizeof memory - to, SECRET_BYTE));
		}
	}
}

static void writes_no_further_than_len(void)
{
	char *page = page_before_a_guard();
	size_t size = page_size();

	memset(page, SECRET_BYTE, size);
	memfd_go_wipe(page, size);
	CHECK(all_bytes(page, size, 0));
	free_page_before_a_guard(page);
}

static void null_or_length_0_does_nothing(void)
{
	char byte = SECRET_BYTE;

	memfd_go_wipe(NULL, 0);
	memfd_go_wipe(NULL, 100);
	memfd_go_wipe(&byte, 0);
	EQ(byte, SECRET_BYTE);
}

/* A compiler would remove a memset() here, because 'key' is not read again. */
static __attribute__((noinline)) void use_a_key(volatile unsigned char *volatile *where)
{
	unsigned char key[256];

	memset(key, SECRET_BYTE, sizeof key);
	*where = key;
	memfd_go_wipe(key, sizeof key);
}

static void wipes_dead_variables(void)
{
	volatile unsigned char *volatile where;
	int left = 0;

	use_a_key(&where);
	for (int i = 0; i < 256; i++)
		left += where[i] == SECRET_BYTE;
	CHECK(left < 16);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(wipes_any_alignment_and_length);
	RUN(writes_no_further_than_len);
	RUN(null_or_length_0_does_nothing);
	RUN(wipes_dead_variables);
	return finish();
}
