/* SPDX-License-Identifier: MIT */

/* Calls memfd_go_parse_seals() with random text, and memfd_go_format_seals() with the result. */
#include "fuzz.h"

static char *text_page, *result_page;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	text_page = page_before_a_guard();
	result_page = page_before_a_guard();
	return 0;
}

/* The output is truncated as by snprintf(3). */
static void check_cut(uint32_t seals, uint32_t style, const char *whole, size_t room)
{
	char *text = at_the_end_of(result_page, room);

	if (room > 0)
		memset(text - 1, 0x5a, room + 1);
	MUST(memfd_go_format_seals(seals, style, text, room) == (int)strlen(whole));
	if (room == 0)
		return;
	MUST(text[-1] == 0x5a);
	MUST(strnlen(text, room) == (strlen(whole) < room ? strlen(whole) : room - 1));
	MUST(strncmp(text, whole, room - 1) == 0);
}

static void check_round_trip(uint32_t seals, size_t room)
{
	for (uint32_t style = MEMFD_GO_STYLE_NAMES; style <= MEMFD_GO_STYLE_HEX; style++) {
		char whole[64];
		uint32_t again = ~seals;
		int length = memfd_go_format_seals(seals, style, whole, sizeof whole);

		MUST(length >= 0 && length < 64 && (size_t)length == strlen(whole));
		MUST(memfd_go_parse_seals(whole, &again) == 0 && again == seals);
		check_cut(seals, style, whole, room);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
	uint32_t seals = 0xdeadbeef;
	char *text;
	long r;

	if (length == 0 || length >= 4096)
		return 0;
	/* The last byte is a length. */
	text = at_the_end_of(text_page, length);
	memcpy(text, data, length - 1);
	text[length - 1] = '\0';
	r = CALL(memfd_go_parse_seals(text, &seals));
	note(__LINE__, r == 0 ? (seals & 0x3f) | (uint32_t)(seals > 0x3f) << 6 : 0x80);
	MUST(r == 0 || r == -EINVAL);
	if (r != 0)
		MUST(seals == 0xdeadbeef);
	else
		check_round_trip(seals, data[length - 1] % 80);
	return 0;
}
