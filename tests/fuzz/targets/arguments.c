/* SPDX-License-Identifier: MIT */

/* Any numbers for the arguments of the functions that take numbers. */
#include "fuzz.h"

#define FILES 8

static int files[FILES], number_of_files;

static void keep(long fd)
{
	if (fd < 0)
		return;
	if (number_of_files < FILES)
		files[number_of_files++] = (int)fd;
	else
		close((int)fd);
}

/* One of the files, or none. Nothing that the fuzzer itself needs. */
static int take_file(struct input *in)
{
	unsigned n = take_byte(in);

	return n < 240 && number_of_files > 0 ? files[n % (unsigned)number_of_files] : -1 - (int)n;
}

/* Of huge pages one has to know the size to unmap them. */
static void unmap(void *address, size_t length)
{
	static const size_t sizes[] = { 1 << 12, 1 << 16, 1 << 20, 1 << 21, 1 << 30 };
	int r = -EINVAL;

	for (size_t i = 0; r != 0 && i < sizeof sizes / sizeof *sizes; i++)
		r = memfd_go_unmap(address, (length + sizes[i] - 1) & ~(sizes[i] - 1));
	MUST(r == 0);
}

static void map(struct input *in)
{
	void *address = NULL;
	int fd = take_file(in);
	uint32_t opts = take_bits(in, 0x1e);
	uint64_t offset = take_number(in), length = take_number(in);
	long r = CALL(memfd_go_map(fd, opts & ~MEMFD_GO_OPT_POPULATE, offset, (size_t)length, &address));

	if (r == 0)
		unmap(address, (size_t)length);
	else
		MUST(address == NULL);
}

static void map_verified(struct input *in)
{
	void *address = NULL;
	size_t length = 0;
	int fd = take_file(in);
	uint32_t required = take_bits(in, 0x3f);

	if (CALL(memfd_go_map_verified(fd, required, take_number(in), 0, &address, &length)) < 0) {
		MUST(address == NULL && length == 0);
		return;
	}
	for (size_t i = 0; i < length; i += 4096)
		(void)*((volatile char *)address + i);
	unmap(address, length);
}

static void act(struct input *in)
{
	static char *none[] = { NULL };
	uint32_t flags;
	uint64_t size;

	switch (take_byte(in) % 19) {
	case 0:
		keep(CALL(memfd_go_create("fuzz", take_bits(in, 0x1b))));
		break;
	case 1:
		flags = take_bits(in, 0x1f);
		keep(CALL(memfd_go_create_sealed("fuzz", flags, take_bits(in, 0x3f), "abcd",
						 take_byte(in) % 5)));
		break;
	case 2:
		flags = take_bits(in, 0x1b);
		keep(CALL(
			memfd_go_clone("fuzz", flags, take_bits(in, 0x3f), take_file(in), take_number(in))));
		break;
	case 3: /* not through O_PATH, O_TMPFILE and the like to files of the disk: these are ours */
		keep(CALL(memfd_go_reopen(take_file(in), take_bits(in, 0x00200003))));
		break;
	case 4:
		CALL(memfd_go_huge_flags(take_number(in), &flags));
		break;
	case 5:
		CALL(memfd_go_get_size(take_file(in), &size));
		break;
	case 6:
		CALL(memfd_go_set_size(take_file(in), take_bits(in, 1), take_number(in)));
		break;
	case 7:
		CALL(memfd_go_add_seals(take_file(in), take_bits(in, 0x3f)));
		break;
	case 8:
		CALL(memfd_go_get_seals(take_file(in)));
		break;
	case 9:
		CALL(memfd_go_ensure_seals(take_file(in), take_bits(in, 0x3f)));
		break;
	case 10:
		CALL(memfd_go_check_seals(take_file(in), take_bits(in, 0x3f), &flags));
		break;
	case 11:
		map(in);
		break;
	case 12:
		map_verified(in);
		break;
	case 13: /* nothing is mapped there, and unmapping it harms nobody */
		CALL(memfd_go_unmap((void *)(uintptr_t)(take_number(in) & 0xffff),
				    (size_t)take_number(in) & 0xffff));
		break;
	case 14:
		keep(CALL(memfd_go_import_pid(getpid(), take_file(in), take_bits(in, 0x00200003))));
		break;
	case 15:
		keep(CALL(memfd_go_import_pidfd(take_file(in), take_file(in), 0)));
		break;
	case 16:
		CALL(memfd_go_exec(take_file(in), none, none, take_bits(in, 0x80)));
		break;
	case 17:
		keep(CALL(memfd_go_secret(take_bits(in, 0x80001))));
		break;
	case 18:
		keep(syscall(SYS_pidfd_open, getpid(), 0));
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
	struct input in = { data, length };
	struct holdings before = take_stock();

	bound_files();
	number_of_files = 0;
	while (in.left > 0)
		act(&in);
	while (number_of_files > 0)
		close(files[--number_of_files]);
	CHECK_STOCK(before);
	return 0;
}
