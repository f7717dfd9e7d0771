/* SPDX-License-Identifier: MIT */

/* The drop-in names behave like a C library's wrappers. */
#include "test.h"

#include "files.h"

#define MEMFD_GO_DROPIN
#include "memfd_go.h"

static void memfd_create_sets_errno(void)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	CHECK(fd >= 0);
	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	errno = 0;
	EQ(memfd_create("test", 0xffffffff), -1);
	EQ(errno, EINVAL);
}

static void success_does_not_change_errno(void)
{
	int fd;

	errno = 12345;
	fd = memfd_create("test", 0);
	EQ(errno, 12345);
	close(fd);
}

static void memfd_secret_sets_errno(void)
{
	int fd = memfd_secret(0);

	if (fd >= 0)
		close(fd);
	else
		EQ(errno, ENOSYS);
	errno = 0;
	EQ(memfd_secret(0xffffffff), -1);
	CHECK(errno == EINVAL || errno == ENOSYS);
}

static void names_remain_available_to_the_program(void)
{
	int memfd_secret = 1, memfd_create = 2;

	EQ(memfd_secret + memfd_create, 3);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(memfd_create_sets_errno);
	RUN(success_does_not_change_errno);
	RUN(memfd_secret_sets_errno);
	RUN(names_remain_available_to_the_program);
	return finish();
}
