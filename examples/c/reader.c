/* SPDX-License-Identifier: MIT */

/*
 * reader PATH | NUMBER: reads a sealed file of another process, from a path such as
 * /proc/PID/fd/N, or through an inherited descriptor. Then it tries to change the file,
 * and fails if that succeeds.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "example.h"

static int open_file(const char *argument)
{
	int fd;

	if (argument[0] != '/') {
		fd = atoi(argument);
		say("reader", "process %ld inherited descriptor %d", (long)getpid(), fd);
		return fd;
	}
	/* Open for writing, so that only the seals prevent changes. */
	fd = open(argument, O_RDWR | O_CLOEXEC);
	must(argument, fd == -1 ? -errno : 0);
	say("reader", "process %ld opened %s", (long)getpid(), argument);
	return fd;
}

static void show_seals(int fd)
{
	char seals[64];

	memfd_go_format_seals((uint32_t)must("get_seals", memfd_go_get_seals(fd)), MEMFD_GO_STYLE_NAMES,
			      seals, sizeof seals);
	say("reader", "sees its seals: %s", seals);
}

static void show_content(int fd, uint64_t size)
{
	void *area;

	must("map", memfd_go_map(fd, 0, 0, (size_t)size, &area));
	say("reader", "reads its content: \"%.*s\"", (int)size, (const char *)area);
	must("unmap", memfd_go_unmap(area, (size_t)size));
}

static void must_fail(const char *what, int result)
{
	if (result >= 0) {
		fprintf(stderr, "%s a sealed file succeeded\n", what);
		exit(EXIT_FAILURE);
	}
	say("reader", "tries to %s it: refused, %s", what, memfd_go_result_name(result));
}

int main(int argc, char *argv[])
{
	uint64_t size;
	void *area;
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: %s PATH | NUMBER\n", argv[0]);
		return EXIT_FAILURE;
	}
	fd = open_file(argv[1]);
	show_seals(fd);

	/* With these seals, neither size nor contents can change. Otherwise the other
	 * process could shrink the file, and reading the mapping would be SIGBUS. */
	must("check_seals", memfd_go_check_seals(fd, MEMFD_GO_SEALS_IMMUTABLE, NULL));
	must("get_size", memfd_go_get_size(fd, &size));
	show_content(fd, size);

	must_fail("write", pwrite(fd, "X", 1, 0) == -1 ? -errno : 0);
	must_fail("grow", memfd_go_set_size(fd, 0, size + 1));
	must_fail("shrink", memfd_go_set_size(fd, 0, size - 1));
	must_fail("map and write", memfd_go_map(fd, MEMFD_GO_OPT_WRITE, 0, (size_t)size, &area));
	return EXIT_SUCCESS;
}
