/* SPDX-License-Identifier: MIT */

/*
 * With vm.overcommit_memory=2, reading a hole of a verified file is SIGBUS once the commit
 * limit is reached, unless MEMFD_GO_OPT_NO_HOLES has allocated it. The program changes the
 * setting of the whole system, so it runs in virtual machines only (tests/kernels).
 */
#include <sys/mman.h>

#include "test.h"
#include "child.h"
#include "fault.h"
#include "files.h"

#define LARGEST INT64_MAX
#define PAGES 4

/* Replaces the setting and returns the old one, or 0. */
static char set_overcommit(char value)
{
	int fd = open("/proc/sys/vm/overcommit_memory", O_RDWR | O_CLOEXEC);
	char old = 0;

	if (fd < 0)
		return 0;
	if (pread(fd, &old, 1, 0) != 1 || pwrite(fd, &value, 1, 0) != 1)
		old = 0;
	close(fd);
	return old;
}

/* Reserves memory up to the commit limit, without using it. */
static void reach_the_limit(void)
{
	const int access = PROT_READ | PROT_WRITE, flags = MAP_PRIVATE | MAP_ANONYMOUS;

	for (size_t n = 1 << 30; n >= page_size(); n /= 2)
		while (mmap(NULL, n, access, flags, -1, 0) != MAP_FAILED)
			;
}

static int file_of_holes(void)
{
	int fd = sized_file(PAGES * page_size());

	EQ(memfd_go_add_seals(fd, MEMFD_GO_SEALS_IMMUTABLE), 0);
	return fd;
}

static char *map_verified(int fd, uint32_t opts)
{
	void *map = NULL;
	size_t size;

	EQ(memfd_go_map_verified(fd, 0, LARGEST, opts, &map, &size), 0);
	return map;
}

static void read_at_the_limit(void)
{
	int fd = file_of_holes(), result;
	char *holes = map_verified(fd, 0);
	char *allocated = map_verified(file_of_holes(), MEMFD_GO_OPT_NO_HOLES);

	set_overcommit('2');
	EQ(seteuid(NOBODY), 0); /* a part of the limit is for root: here for init */
	reach_the_limit();
	EQ(READ_SIGNAL(holes), SIGBUS);
	EQ(READ_SIGNAL(allocated), 0);
	result = memfd_go_verify(fd, 0, LARGEST, MEMFD_GO_OPT_NO_HOLES, NULL);
	CHECK(result == -ENOSPC || result == -ENOMEM);

	EQ(seteuid(0), 0);
	for (int mode = 0; mode < 2; mode++) {
		set_overcommit((char)('0' + mode));
		EQ(READ_SIGNAL(holes + (size_t)mode * page_size()), 0);
	}
}

static void hole_is_sigbus_at_the_commit_limit(void)
{
	char old = set_overcommit('0');

	if (old == 0)
		SKIP("no right to set vm.overcommit_memory");
	IN_CHILD(read_at_the_limit);
	set_overcommit(old);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(hole_is_sigbus_at_the_commit_limit);
	return finish();
}
