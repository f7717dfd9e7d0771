/* SPDX-License-Identifier: MIT */

/* The drop-in names behave like a C library's wrappers. */
#include "test.h"

#include "files.h"

#define MEMFD_GO_DROPIN
#include "memfd_go.h"

static void create_sets_errno(void)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	CHECK(fd >= 0);
	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	errno = 0;
	EQ(memfd_create("test", 0xffffffff), -1);
	EQ(errno, EINVAL);
}

static void success_leaves_errno_alone(void)
{
	int fd;

	errno = 12345;
	fd = memfd_create("test", 0);
	EQ(errno, 12345);
	close(fd);
}

static void secret_sets_errno(void)
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

static void bare_names_are_free(void)
{
	int memfd_secret = 1, memfd_create = 2;

	EQ(memfd_secret + memfd_create, 3);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(create_sets_errno);
	RUN(success_leaves_errno_alone);
	RUN(secret_sets_errno);
	RUN(bare_names_are_free);
	return finish();
}
