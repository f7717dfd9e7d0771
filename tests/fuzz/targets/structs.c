/* SPDX-License-Identifier: MIT */

/*
 * Structs of random size and contents. They end at an inaccessible page, so that a read or write
 * past their size crashes. A failed call must not write to them.
 */
#include "fuzz.h"
#include "area.h"

#define LONGEST 4096 /* of a struct */

static char *page;

/* The current struct. If it fits into a page, it ends at an inaccessible one. */
static struct {
	uint8_t *at, before[LONGEST];
	size_t length;
	size_t size;
} s;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	page = page_before_a_guard();
	return 0;
}

/* A struct filled from the input, of 'known' bytes, or of any size if it may grow. */
static void make_struct(struct input *in, size_t known, int grows)
{
	uint8_t how = grows ? take_byte(in) : 0;

	s.size = (size_t)(how < 100 ? known : how < 200 ? known + how - 100 : take_number(in));
	s.length = s.size < 1 ? 1 : s.size > LONGEST ? LONGEST : s.size;
	s.at = at_the_end_of(page, s.length);
	memset(s.at, 0, s.length);
	for (size_t i = 0; i < s.length && in->left > 8; i++)
		s.at[i] = take_byte(in);
	memcpy(s.before, s.at, s.length);
}

static int unchanged(void)
{
	return memcmp(s.at, s.before, s.length) == 0;
}

/* An output struct: the library fills members that it does not know with zeros. */
static void check_output(long r, size_t known)
{
	if (s.size < known)
		MUST(r == -EINVAL);
	if (s.size > LONGEST)
		MUST(r == -E2BIG);
	if (r < 0)
		MUST(unchanged());
	else
		MUST(all_bytes(s.at + known, s.length - known, 0));
}

static void probe(struct input *in)
{
	make_struct(in, sizeof(struct memfd_go_features), 1);
	check_output(CALL(memfd_go_probe((void *)s.at, s.size, take_bits(in, 0))),
		     sizeof(struct memfd_go_features));
}

static void inspect(struct input *in)
{
	int fd = memfd_go_create("fuzz", take_byte(in) % 4);

	make_struct(in, sizeof(struct memfd_go_info), 1);
	check_output(CALL(memfd_go_inspect(fd, 0, (void *)s.at, s.size)), sizeof(struct memfd_go_info));
	close(fd);
}

static void create_with(struct input *in)
{
	struct memfd_go_create_args args;
	long r;
	int fd;

	make_struct(in, sizeof args, 1);
	memcpy(&args, s.at, s.length < sizeof args ? s.length : sizeof args);
	r = CALL(fd = memfd_go_create_with("fuzz", (void *)s.at, s.size));
	if (s.size < sizeof args)
		MUST(r == -EINVAL);
	else if (s.size > LONGEST || !all_bytes(s.before + sizeof args, s.length - sizeof args, 0))
		MUST(r == -E2BIG);
	MUST(unchanged());
	if (r < 0)
		return;
	MUST((memfd_go_get_seals(fd) & (int)args.seals) == (int)args.seals);
	close(fd);
}

/* After a failure, a struct that callers keep is zero or unchanged. */
static int is_empty(void)
{
	return all_bytes(s.at, s.length, 0) || unchanged();
}

static void check_area(long r)
{
	if (r < 0) {
		MUST(is_empty());
		return;
	}
	MUST(memfd_go_secret_relock((void *)s.at) == 0);
	MUST(memfd_go_secret_protect((void *)s.at, MEMFD_GO_ACCESS_READ) == 0);
	MUST(memfd_go_secret_free((void *)s.at) == 0);
	MUST(memfd_go_secret_free((void *)s.at) == 0);
	MUST(memfd_go_secret_protect((void *)s.at, MEMFD_GO_ACCESS_READ) == -EINVAL);
}

#define AREA_OPTIONS 0x00009f00U /* MEMFD_GO_OPT_FORK_SHARE to _ALLOW_UNLOCKED, and _KEEP_FD */

static void secret_alloc(struct input *in)
{
	size_t length = (size_t)take_number(in);
	uint32_t opts = take_bits(in, AREA_OPTIONS);

	make_struct(in, sizeof(secret_area), 0);
	if (length > 1 << 20 && length < (size_t)1 << 40)
		length = 1; /* a large allocation might succeed, and lock memory */
	check_area(CALL(memfd_go_secret_alloc((void *)s.at, length, opts)));
}

/* The original is gone if and only if there is a copy. */
static void secret_alloc_from(struct input *in)
{
	uint8_t original[256], before[256];
	size_t length = take_byte(in);
	uint32_t opts = take_bits(in, AREA_OPTIONS);
	secret_area *area;
	long r;

	memset(original, SECRET_BYTE, sizeof original);
	memcpy(before, original, sizeof before);
	make_struct(in, sizeof(secret_area), 0);
	area = (void *)s.at;
	r = CALL(memfd_go_secret_alloc_from(area, original, length, opts));
	if (r == 0) {
		MUST(memfd_go_equal(area->data, before, length) == 1);
		MUST(all_bytes(original, length, 0));
		memset(original, SECRET_BYTE, length);
	}
	MUST(memcmp(original, before, sizeof before) == 0);
	check_area(r);
}

static void secret_attach(struct input *in)
{
	int fd = memfd_go_secret(0);
	uint64_t size = take_number(in);
	uint32_t opts = take_bits(in, AREA_OPTIONS);

	if (size < 65536)
		(void)!memfd_go_set_size(fd, 0, size);
	make_struct(in, sizeof(secret_area), 0);
	check_area(CALL(memfd_go_secret_attach((void *)s.at, fd, UINT64_MAX, opts)));
	close(fd);
}

static void pool_init(struct input *in)
{
	struct memfd_go_secret_pool *pool;
	size_t length = (size_t)take_number(in);
	uint32_t slots = (uint32_t)take_number(in), opts = take_bits(in, AREA_OPTIONS);
	void *slot = NULL;
	long r;

	if (slots > 1 << 10 && slots <= 1 << 20)
		slots = 3;
	if (length > 1 << 10 && length < (size_t)1 << 40)
		length = 7;
	make_struct(in, sizeof *pool, 0);
	pool = (void *)s.at;
	r = CALL(memfd_go_secret_pool_init(pool, length, slots, opts));
	if (r < 0) {
		MUST(is_empty());
		return;
	}
	MUST(memfd_go_secret_pool_take(pool, &slot) == 0 && all_bytes(slot, length, 0));
	memset(slot, SECRET_BYTE, length);
	MUST(memfd_go_secret_pool_give(pool, slot) == 0 && all_bytes(slot, length, 0));
	MUST(memfd_go_secret_pool_free(pool) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
	static void (*const ways[])(struct input *) = {
		probe, inspect, create_with, secret_alloc, secret_attach, pool_init, secret_alloc_from
	};
	struct input in = { data, length };
	struct resources before = count_resources();

	bound_files();
	ways[take_byte(&in) % (sizeof ways / sizeof *ways)](&in);
	CHECK_RESOURCES(before);
	return 0;
}
