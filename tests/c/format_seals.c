/* SPDX-License-Identifier: MIT */

/* memfd_go_format_seals() writes seals as names, letters and numbers. */
#include "test.h"
#include "files.h"

#define CAPACITY 64 /* as the header says */

static const struct {
	uint32_t seal;
	const char *name, *letter;
} words[] = {
	{ F_SEAL_SEAL, "SEAL", "S" },     { F_SEAL_GROW, "GROW", "g" },
	{ F_SEAL_WRITE, "WRITE", "w" },   { F_SEAL_FUTURE_WRITE, "FUTURE_WRITE", "W" },
	{ F_SEAL_SHRINK, "SHRINK", "s" }, { F_SEAL_EXEC, "EXEC", "x" },
};
#define WORDS (sizeof words / sizeof *words)

static const uint32_t unknown_bits[] = { 0, 0x40, 0x80000000, 0xffffffc0 };
#define UNKNOWN_BITS (sizeof unknown_bits / sizeof *unknown_bits)

/* Appends a word, after a space unless it is the first. */
static void append(char *text, const char *word)
{
	if (*text != '\0')
		strcat(text, " ");
	strcat(text, word);
}

static void append_unknown(char *text, uint32_t seals)
{
	char word[16];

	if ((seals & ~0x3fU) == 0)
		return;
	snprintf(word, sizeof word, "%#x", seals & ~0x3fU);
	append(text, word);
}

static void expected_text(char *text, uint32_t seals, uint32_t style)
{
	*text = '\0';
	if (style == MEMFD_GO_STYLE_HEX) {
		sprintf(text, "0x%x", seals);
		return;
	}
	for (size_t i = 0; i < WORDS; i++) {
		if ((seals & words[i].seal) == 0)
			continue;
		if (style == MEMFD_GO_STYLE_NAMES)
			append(text, words[i].name);
		else
			strcat(text, words[i].letter);
	}
	append_unknown(text, seals);
}

static void check_mask(uint32_t seals, uint32_t style)
{
	char want[256], got[CAPACITY];
	uint32_t parsed = 0;

	expected_text(want, seals, style);
	EQ(memfd_go_format_seals(seals, style, got, sizeof got), strlen(want));
	TEXT(got, want);
	EQ(memfd_go_parse_seals(got, &parsed), 0);
	EQ(parsed, seals);
}

static void every_mask_round_trips_in_every_style(void)
{
	for (uint32_t style = 0; style <= MEMFD_GO_STYLE_HEX; style++)
		for (uint32_t seals = 0; seals < 64; seals++)
			for (size_t i = 0; i < UNKNOWN_BITS; i++)
				check_mask(seals | unknown_bits[i], style);
}

static void header_examples_are_correct(void)
{
	char text[CAPACITY];

	memfd_go_format_seals(0x3f, MEMFD_GO_STYLE_NAMES, text, sizeof text);
	TEXT(text, "SEAL GROW WRITE FUTURE_WRITE SHRINK EXEC");
	memfd_go_format_seals(0x3f, MEMFD_GO_STYLE_LETTERS, text, sizeof text);
	TEXT(text, "SgwWsx");
	memfd_go_format_seals(0x3f, MEMFD_GO_STYLE_HEX, text, sizeof text);
	TEXT(text, "0x3f");
	memfd_go_format_seals(0x48, MEMFD_GO_STYLE_NAMES, text, sizeof text);
	TEXT(text, "WRITE 0x40");
	memfd_go_format_seals(0x48, MEMFD_GO_STYLE_LETTERS, text, sizeof text);
	TEXT(text, "w 0x40");
	EQ(memfd_go_format_seals(0, MEMFD_GO_STYLE_NAMES, text, sizeof text), 0);
	TEXT(text, "");
	EQ(memfd_go_format_seals(0, MEMFD_GO_STYLE_HEX, text, sizeof text), 3);
	TEXT(text, "0x0");
}

/* At each capacity the text ends with a NUL, and nothing behind it is written. */
static void check_cut(uint32_t style, uint32_t seals)
{
	char whole[CAPACITY], cut[CAPACITY + 1];
	int length = memfd_go_format_seals(seals, style, whole, sizeof whole);

	for (size_t capacity = 0; capacity <= CAPACITY; capacity++) {
		size_t kept = (size_t)length < capacity ? (size_t)length : capacity - 1;

		memset(cut, '#', sizeof cut);
		EQ(memfd_go_format_seals(seals, style, cut, capacity), length);
		EQ(cut[capacity], '#');
		if (capacity == 0)
			continue;
		EQ(memcmp(cut, whole, kept), 0);
		EQ(cut[kept], '\0');
	}
}

static void truncates_like_snprintf(void)
{
	for (uint32_t style = 0; style <= MEMFD_GO_STYLE_HEX; style++) {
		check_cut(style, 0);
		check_cut(style, 0x3f);
		check_cut(style, 0xffffffff);
	}
}

static void capacity_may_be_huge(void)
{
	char text[CAPACITY];

	EQ(memfd_go_format_seals(F_SEAL_GROW, MEMFD_GO_STYLE_NAMES, text, SIZE_MAX), 4);
	TEXT(text, "GROW");
}

static void buffer_may_be_null_if_cap_is_0(void)
{
	EQ(memfd_go_format_seals(0x3f, MEMFD_GO_STYLE_LETTERS, NULL, 0), 6);
}

static void rejects_bad_pointers(void)
{
	for (size_t i = 0; i < NULL_POINTERS; i++)
		EQ(memfd_go_format_seals(0x3f, MEMFD_GO_STYLE_NAMES, (char *)null_pointers[i], CAPACITY),
		   -EFAULT);
}

static void rejects_unknown_styles(void)
{
	static const uint32_t styles[] = { 3, 4, 0x100, 0x80000000, 0xffffffff };
	char text[CAPACITY] = "as it was";

	for (size_t i = 0; i < sizeof styles / sizeof *styles; i++)
		EQ(memfd_go_format_seals(0x3f, styles[i], text, sizeof text), -EINVAL);
	TEXT(text, "as it was");
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(every_mask_round_trips_in_every_style);
	RUN(header_examples_are_correct);
	RUN(truncates_like_snprintf);
	RUN(capacity_may_be_huge);
	RUN(buffer_may_be_null_if_cap_is_0);
	RUN(rejects_bad_pointers);
	RUN(rejects_unknown_styles);
	return finish();
}
