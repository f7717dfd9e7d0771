/* SPDX-License-Identifier: MIT */

/* Calls functions with random numbers as arguments. */
#include <sys/socket.h>

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

/* A descriptor of a test file, or an invalid one. Never one of the fuzzer itself. */
static int take_file(struct input *in)
{
	unsigned n = take_byte(in);

	return n < 240 && number_of_files > 0 ? files[n % (unsigned)number_of_files] : -1 - (int)n;
}

/* munmap(2) of huge pages needs their size. */
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

/* Both halves show the same bytes. */
static void map_ring(struct input *in)
{
	void *address = NULL;
	int fd = take_file(in);
	uint32_t opts = take_bits(in, 0x1e) & ~(uint32_t)MEMFD_GO_OPT_POPULATE;
	uint64_t offset = take_number(in);
	size_t length = (size_t)take_number(in);
	long r = CALL(memfd_go_map_ring(fd, opts, offset, length, &address));

	if (r < 0) {
		MUST(address == NULL);
		return;
	}
	MUST(length > 0 && length % page_size() == 0);
	MUST(memfd_go_unmap(address, 2 * length) == 0);
}

/* What it accepts can be read, now and for ever. */
static void verify(struct input *in)
{
	int fd = take_file(in);
	uint32_t required = take_bits(in, 0x3f), opts = take_bits(in, MEMFD_GO_OPT_NO_HOLES);
	uint64_t limit = take_number(in), size = 0;
	void *address = NULL;
	size_t length = 0;

	if (CALL(memfd_go_verify(fd, required, limit, opts, &size)) < 0) {
		MUST(size == 0);
		return;
	}
	MUST(size > 0 && size <= limit);
	MUST(memfd_go_map_verified(fd, required, limit, 0, &address, &length) == 0 && length == size);
	unmap(address, length);
}

static void clone_stream(struct input *in)
{
	int ends[2];
	size_t length = take_byte(in);
	static const char text[256];
	uint64_t limit = take_number(in);
	uint32_t flags = take_bits(in, 0x1b);
	long fd;

	MUST(pipe(ends) == 0);
	MUST(write(ends[1], text, length) == (ssize_t)length);
	close(ends[1]);
	fd = CALL(memfd_go_clone_stream("fuzz", flags, take_bits(in, 0x3f), ends[0], limit));
	MUST(fd < 0 || length <= limit);
	close(ends[0]);
	keep(fd);
}

static void send_fds(struct input *in)
{
	int sockets[2], fds[MEMFD_GO_FDS_MAX + 1];
	uint32_t count = (uint32_t)take_number(in), opts = take_bits(in, MEMFD_GO_OPT_DONTWAIT);
	static const char text[256];

	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		fds[i] = take_file(in);
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == 0);
	if (CALL(memfd_go_send_fds(sockets[0], opts, fds, count, text, take_byte(in))) >= 0)
		MUST(count <= MEMFD_GO_FDS_MAX);
	close(sockets[0]);
	close(sockets[1]);
}

static void act(struct input *in)
{
	static char *none[] = { NULL };
	uint32_t flags;
	uint64_t size;

	switch (take_byte(in) % 25) {
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
	case 3: /* only access mode and O_PATH: O_TRUNC or O_TMPFILE could change the disk */
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
	case 13: /* an unmapped range */
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
	case 19:
		CALL(memfd_go_discard(take_file(in), take_bits(in, 0), take_number(in), take_number(in)));
		break;
	case 20:
		map_ring(in);
		break;
	case 21:
		verify(in);
		break;
	case 22:
		clone_stream(in);
		break;
	case 23:
		send_fds(in);
		break;
	case 24:
		MUST(memfd_go_result_name((int)take_number(in)) != NULL);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
	struct input in = { data, length };
	struct resources before = count_resources();

	bound_files();
	number_of_files = 0;
	while (in.left > 0)
		act(&in);
	while (number_of_files > 0)
		close(files[--number_of_files]);
	CHECK_RESOURCES(before);
	return 0;
}
