/* SPDX-License-Identifier: MIT */

/*
 * Code that the fuzzers share. A fuzzer calls the built library with inputs of libFuzzer. The
 * library is not instrumented, so the fuzzer reports pairs of function and result as coverage.
 *
 * An input is a sequence of decisions. At its end, all further decisions are 0. An input must not
 * leak descriptors or mappings.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "test.h"
#include "files.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

struct input {
	const uint8_t *data;
	size_t left;
};

/* The counters that libFuzzer reads. */
static volatile uint8_t seen[1 << 14] __attribute__((used, section("__libfuzzer_extra_counters")));

static inline void note(unsigned line, uint32_t what)
{
	uint32_t mixed = (line * 0x9e3779b1U) ^ (what * 0x85ebca6bU);

	seen[(mixed >> 16 ^ mixed) % sizeof seen] = 1;
}

static inline long note_result(unsigned line, long result)
{
	note(line, (uint32_t)(result < 0 ? result : 0));
	return result;
}

/* A call of the library, which reports the result as coverage. */
#define CALL(call) note_result(__LINE__, (call))

#define MUST(condition)                                                                          \
	do {                                                                                     \
		if (!(condition)) {                                                              \
			fprintf(stderr, "%s:%d: %s is false\n", __FILE__, __LINE__, #condition); \
			abort();                                                                 \
		}                                                                                \
	} while (0)

static inline uint8_t take_byte(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->data++;
}

static inline uint32_t take32(struct input *in)
{
	uint32_t value = take_byte(in);

	value = value << 8 | take_byte(in);
	value = value << 8 | take_byte(in);
	return value << 8 | take_byte(in);
}

/* A random number, often a small one or one at a boundary. */
static inline uint64_t take_number(struct input *in)
{
	static const uint64_t edges[] = {
		4095,
		4096,
		4097,
		65536,
		INT32_MAX,
		UINT32_MAX,
		UINT64_C(1) << 32,
		INT64_MAX,
		UINT64_C(1) << 63,
		UINT64_MAX,
	};
	uint8_t how = take_byte(in);

	if (how < 128)
		return how;
	if (how < 192)
		return edges[how % (sizeof edges / sizeof *edges)] + take_byte(in) % 3 - 1;
	return (uint64_t)take32(in) << 32 | take32(in);
}

/* Usually some of the bits, sometimes any. */
static inline uint32_t take_bits(struct input *in, uint32_t bits)
{
	uint8_t how = take_byte(in);

	return how < 240 ? (how & 0x3f) * 0x04104104U & bits : take32(in);
}

/* Limits the size of files. Called at the first input, when libFuzzer has set its signal handlers. */
static inline void bound_files(void)
{
	static int done;

	if (done++)
		return;
	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	set_limit(RLIMIT_FSIZE, 1 << 20);
}

/* The last 'length' bytes before an inaccessible page. */
static inline void *at_the_end_of(char *page, size_t length)
{
	return page + page_size() - length;
}

#define CHECK_RESOURCES(before)                                   \
	do {                                                      \
		struct resources after_ = count_resources();      \
		MUST(after_.descriptors == (before).descriptors); \
		MUST(after_.mappings == (before).mappings);       \
		MUST(after_.locked_kb == (before).locked_kb);     \
	} while (0)

#endif
