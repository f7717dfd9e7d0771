/* SPDX-License-Identifier: MIT */

/* memfd_go_parse_seals() parses what memfd_go_format_seals() writes, and some more. */
#include "test.h"
#include "files.h"

static const struct {
	const char *text;
	uint32_t seals;
} good[] = {
	{ "", 0 },
	{ " \t, | + ,, ", 0 },
	{ "none", 0 },
	{ "immutable", MEMFD_GO_SEALS_IMMUTABLE },
	{ "SEAL", F_SEAL_SEAL },
	{ "SHRINK", F_SEAL_SHRINK },
	{ "GROW", F_SEAL_GROW },
	{ "WRITE", F_SEAL_WRITE },
	{ "FUTURE_WRITE", F_SEAL_FUTURE_WRITE },
	{ "EXEC", F_SEAL_EXEC },
	{ "seal", F_SEAL_SEAL },
	{ "shrink", F_SEAL_SHRINK },
	{ "grow", F_SEAL_GROW },
	{ "write", F_SEAL_WRITE },
	{ "future_write", F_SEAL_FUTURE_WRITE },
	{ "exec", F_SEAL_EXEC },
	{ "F_SEAL_SEAL", F_SEAL_SEAL },
	{ "F_SEAL_SHRINK", F_SEAL_SHRINK },
	{ "F_SEAL_GROW", F_SEAL_GROW },
	{ "F_SEAL_WRITE", F_SEAL_WRITE },
	{ "F_SEAL_FUTURE_WRITE", F_SEAL_FUTURE_WRITE },
	{ "F_SEAL_EXEC", F_SEAL_EXEC },
	{ "f_seal_write", F_SEAL_WRITE },
	{ "g", F_SEAL_GROW },
	{ "s", F_SEAL_SHRINK },
	{ "w", F_SEAL_WRITE },
	{ "W", F_SEAL_FUTURE_WRITE },
	{ "S", F_SEAL_SEAL },
	{ "x", F_SEAL_EXEC },
	{ "xSWwsg", 0x3f },
	{ "SW", F_SEAL_SEAL | F_SEAL_FUTURE_WRITE },
	{ "0x0", 0 },
	{ "0xf", 0xf },
	{ "0x3F", 0x3f },
	{ "0x0000000f", 0xf },
	{ "0xffffffff", 0xffffffff },
	{ "0xDEADBEEF", 0xdeadbeef },
	{ "WRITE GROW", F_SEAL_WRITE | F_SEAL_GROW },
	{ "WRITE,GROW|SHRINK+SEAL", MEMFD_GO_SEALS_IMMUTABLE },
	{ "  WRITE \t GROW  ", F_SEAL_WRITE | F_SEAL_GROW },
	{ "WRITE\nGROW\v\f\rSHRINK\rSEAL", MEMFD_GO_SEALS_IMMUTABLE },
	{ "none,w", F_SEAL_WRITE },
	{ "immutable x 0x40", 0x6f },
	{ "F_SEAL_WRITE | grow | 0x1", F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SEAL },
};

static const char *const bad[] = {
	"q",           "wq",
	"WRITES",      "WRIT",
	"WRITE!",      "F_SEAL_",
	"F_SEAL",      "F_SEAL_w",
	"_WRITE",      "FUTURE",
	"0x",          "0xg",
	"0x1g",        "0x123456789",
	"0x100000000", "1",
	"15",          "-1",
	"0",           "WRITE;GROW",
	"WRITE/GROW",  "WRITE GROW oops",
	"oops WRITE",  "immutable!",
	"non",         "nonee",
	"\x7f",        "\xff",
	"\xc3\xa9",    "w\x01",
	"0x/",         "0x:",
	"0x@",         "0x`",
	"0xG",         "!ROW",
};

static void parses_valid_texts(void)
{
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		uint32_t seals = 0xa5a5a5a5;
		int result = memfd_go_parse_seals(good[i].text, &seals);

		if (result != 0 || seals != good[i].seals)
			fail(__FILE__, __LINE__, "\"%s\": got %d, %#x, want 0, %#x", good[i].text, result,
			     seals, good[i].seals);
	}
}

static void invalid_texts_store_nothing(void)
{
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		uint32_t seals = 0xa5a5a5a5;
		int result = memfd_go_parse_seals(bad[i], &seals);

		if (result != -EINVAL || seals != 0xa5a5a5a5)
			fail(__FILE__, __LINE__, "\"%s\": got %d, %#x, want -EINVAL, unchanged", bad[i],
			     result, seals);
	}
}

/* Every string of up to three of these characters gives a defined result. */
static void every_short_text_has_a_defined_result(void)
{
	static const char alphabet[] = "gswWSx0fF_ ,|+Xq\x80";
	size_t n = sizeof alphabet; /* includes the NUL */
	uint32_t seals;

	for (size_t i = 0; i < n * n * n; i++) {
		char text[4] = { alphabet[i % n], alphabet[i / n % n], alphabet[i / n / n], '\0' };
		int result = memfd_go_parse_seals(text, &seals);

		CHECK(result == 0 || result == -EINVAL);
	}
}

/* An inaccessible page follows the NUL. */
static void reads_no_further_than_the_nul(void)
{
	char *page = page_before_a_guard();

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		size_t size = strlen(good[i].text) + 1;
		char *text = page + page_size() - size;
		uint32_t seals = 0;

		memcpy(text, good[i].text, size);
		EQ(memfd_go_parse_seals(text, &seals), 0);
		EQ(seals, good[i].seals);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		size_t size = strlen(bad[i]) + 1;
		char *text = page + page_size() - size;
		uint32_t seals;

		memcpy(text, bad[i], size);
		EQ(memfd_go_parse_seals(text, &seals), -EINVAL);
	}
	free_page_before_a_guard(page);
}

static void rejects_bad_pointers(void)
{
	uint32_t seals;

	for (size_t i = 0; i < NULL_POINTERS; i++) {
		EQ(memfd_go_parse_seals((const char *)null_pointers[i], &seals), -EFAULT);
		EQ(memfd_go_parse_seals("w", (uint32_t *)null_pointers[i]), -EFAULT);
	}
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(parses_valid_texts);
	RUN(invalid_texts_store_nothing);
	RUN(every_short_text_has_a_defined_result);
	RUN(reads_no_further_than_the_nul);
	RUN(rejects_bad_pointers);
	return finish();
}
