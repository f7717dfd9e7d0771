/* SPDX-License-Identifier: MIT */

/* memfd_go_equal(). tests/product/library checks the instructions: the time must not
   depend on the bytes. */
#include "test.h"
#include "files.h"

#define LENGTH_MAX 300

static void returns_1_for_equal_bytes(void)
{
	unsigned char a[LENGTH_MAX + 8], b[LENGTH_MAX + 8];

	for (size_t i = 0; i < sizeof a; i++)
		a[i] = (unsigned char)(i * 11);
	for (size_t shift = 0; shift < 8; shift++)
		for (size_t length = 0; length <= LENGTH_MAX; length++) {
			memset(b, 0, sizeof b);
			memcpy(b + shift, a + 1, length);
			EQ(memfd_go_equal(a + 1, b + shift, length), 1);
			EQ(memfd_go_equal(b + shift, a + 1, length), 1);
		}
}

/* Any bit of any byte. */
static void notices_any_single_bit(void)
{
	unsigned char a[LENGTH_MAX] = { 0 }, b[LENGTH_MAX] = { 0 };

	for (size_t i = 0; i < LENGTH_MAX; i++)
		for (int bit = 0; bit < 8; bit++) {
			b[i] = (unsigned char)(1 << bit);
			EQ(memfd_go_equal(a, b, LENGTH_MAX), 0);
			EQ(memfd_go_equal(a, b, i + 1), 0);
			EQ(memfd_go_equal(a, b, i), 1);
			b[i] = 0;
		}
}

/* The result is 0 or 1. */
static void compares_every_pair_of_bytes(void)
{
	for (int a = 0; a < 256; a++)
		for (int b = 0; b < 256; b++) {
			unsigned char one = (unsigned char)a, two = (unsigned char)b;

			EQ(memfd_go_equal(&one, &two, 1), a == b);
		}
}

static void differences_do_not_cancel(void)
{
	static const unsigned char a[4] = { 1, 1, 0x80, 0x80 }, b[4] = { 0, 0, 0, 0 };

	for (size_t length = 1; length <= 4; length++)
		EQ(memfd_go_equal(a, b, length), 0);
}

static void reads_no_further_than_len(void)
{
	char *page = page_before_a_guard();

	EQ(memfd_go_equal(page + page_size() - 5, page, 5), 1);
	EQ(memfd_go_equal(page, page + page_size() - 5, 5), 1);
	free_page_before_a_guard(page);
}

static void null_pointers_equal_nothing(void)
{
	char byte = 0;

	for (size_t i = 0; i < NULL_POINTERS; i++) {
		const void *null = (const void *)null_pointers[i];

		EQ(memfd_go_equal(null, &byte, 1), 0);
		EQ(memfd_go_equal(&byte, null, 1), 0);
		EQ(memfd_go_equal(null, null, 1), 0);
		EQ(memfd_go_equal(null, null, 0), 1);
	}
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(returns_1_for_equal_bytes);
	RUN(notices_any_single_bit);
	RUN(compares_every_pair_of_bytes);
	RUN(differences_do_not_cancel);
	RUN(reads_no_further_than_len);
	RUN(null_pointers_equal_nothing);
	return finish();
}
