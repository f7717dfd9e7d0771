/* SPDX-License-Identifier: MIT */

/*
 * memfd_go_secret(), and the size and mappings of secret files. Kernels without memfd_secret(2)
 * must return ENOSYS. $MEMFD_GO_SECRET is "yes" or "no" if the caller knows the kernel.
 */
#include <sys/wait.h>

#include "test.h"
#include "fault.h"
#include "files.h"

#define UNTOUCHED ((void *)0x5a5a)

static int supported(void)
{
	int fd = raw_secret(0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void support_is_as_expected(void)
{
	EQ(supported(), strcmp(getenv("MEMFD_GO_SECRET"), "yes") == 0);
}

static void fails_on_kernels_without_memfd_secret(void)
{
	EQ(memfd_go_secret(0), -ENOSYS);
	EQ(memfd_go_secret(O_CLOEXEC), -ENOSYS);
	EQ(memfd_go_secret(FD_CLOEXEC), -ENOSYS);
}

static void close_on_exec_only_on_request(void)
{
	int plain = memfd_go_secret(0);
	int cloexec = memfd_go_secret(O_CLOEXEC);
	int page = memfd_go_secret(FD_CLOEXEC); /* as the manual page names it */

	EQ(fcntl(plain, F_GETFD), 0);
	EQ(fcntl(cloexec, F_GETFD), FD_CLOEXEC);
	EQ(fcntl(page, F_GETFD), FD_CLOEXEC);
	close(page);
	close(cloexec);
	close(plain);
}

static void rejects_unknown_flags(void)
{
	for (int bit = 1; bit < 32; bit++)
		if (1U << bit != O_CLOEXEC)
			EQ(memfd_go_secret(1U << bit), -EINVAL);
	EQ(memfd_go_secret(FD_CLOEXEC | 2), -EINVAL);
	EQ(memfd_go_secret(0xffffffff), -EINVAL);
}

static void contents_are_accessible_through_mappings_only(void)
{
	size_t page = page_size();
	void *map = UNTOUCHED;
	int fd = memfd_go_secret(O_CLOEXEC);

	EQ(memfd_go_set_size(fd, 0, page), 0);
	EQ(memfd_go_map(fd, MEMFD_GO_OPT_WRITE, 0, page, &map), 0);
	strcpy(map, "key");
	TEXT((char *)map, "key");
	CHECK(raw(read(fd, &(char){ 0 }, 1)) < 0);
	EQ(memfd_go_unmap(map, page), 0);
	close(fd);
}

static void size_can_be_set_once(void)
{
	uint64_t size = 0;
	int fd = memfd_go_secret(0);

	EQ(memfd_go_set_size(fd, 0, 100), 0);
	EQ(memfd_go_get_size(fd, &size), 0);
	EQ(size, 100);
	EQ(memfd_go_set_size(fd, 0, 100), -EINVAL);
	EQ(memfd_go_set_size(fd, 0, 200), -EINVAL);
	close(fd);
}

static void does_not_support_seals(void)
{
	int fd = memfd_go_secret(0);

	EQ(memfd_go_get_seals(fd), -EINVAL);
	EQ(memfd_go_add_seals(fd, F_SEAL_GROW), -EINVAL);
	EQ(memfd_go_ensure_seals(fd, F_SEAL_GROW), -EINVAL);
	EQ(memfd_go_check_seals(fd, F_SEAL_GROW, NULL), -EINVAL);
	close(fd);
}

static void maps_shared_and_not_executable_only(void)
{
	void *map = UNTOUCHED;
	int fd = memfd_go_secret(0);

	EQ(memfd_go_set_size(fd, 0, 100), 0);
	EQ(memfd_go_map(fd, MEMFD_GO_OPT_PRIVATE, 0, 100, &map), -EINVAL);
	EQ(memfd_go_map(fd, MEMFD_GO_OPT_WRITE | MEMFD_GO_OPT_PRIVATE, 0, 100, &map), -EINVAL);
	EQ(memfd_go_map(fd, MEMFD_GO_OPT_EXEC, 0, 100, &map), -EPERM);
	CHECK(map == UNTOUCHED);
	close(fd);
}

static int touch_over_the_limit(char *map, size_t page)
{
	if (WRITE_SIGNAL(map) != 0 || WRITE_SIGNAL(map + page) != 0)
		return 5;
	return WRITE_SIGNAL(map + 2 * page) == SIGBUS ? 0 : 6;
}

/* In an unprivileged child, since root has no limit. */
static int map_over_the_limit(int fd, size_t page)
{
	void *map = UNTOUCHED;
	int error;

	set_limit(RLIMIT_MEMLOCK, 2 * page);
	if (geteuid() == 0 && setuid(65534) != 0)
		return 1;
	error = memfd_go_map(fd, MEMFD_GO_OPT_WRITE, 0, 4 * page, &map);
	if (error == 0) /* a kernel that counts resident pages only */
		return touch_over_the_limit(map, page);
	if (error != -EAGAIN)
		return 2;
	if (map != UNTOUCHED)
		return 3;
	return memfd_go_map(fd, MEMFD_GO_OPT_WRITE, 0, 2 * page, &map) == 0 ? 0 : 4;
}

static void fails_above_rlimit_memlock(void)
{
	size_t page = page_size();
	int fd = memfd_go_secret(0), status = -1;
	pid_t child;

	EQ(memfd_go_set_size(fd, 0, 4 * page), 0);
	child = fork();
	if (child == 0)
		_exit(map_over_the_limit(fd, page));
	EQ(waitpid(child, &status, 0), child);
	EQ(status, 0);
	close(fd);
}

static void fails_at_rlimit_nofile(void)
{
	rlim_t old = set_limit(RLIMIT_NOFILE, 0);
	int error = memfd_go_secret(0);

	set_limit(RLIMIT_NOFILE, old);
	EQ(error, -EMFILE);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	if (getenv("MEMFD_GO_SECRET") != NULL)
		RUN(support_is_as_expected);
	if (!supported()) {
		RUN(fails_on_kernels_without_memfd_secret);
		return finish();
	}
	RUN(close_on_exec_only_on_request);
	RUN(rejects_unknown_flags);
	RUN(contents_are_accessible_through_mappings_only);
	RUN(size_can_be_set_once);
	RUN(does_not_support_seals);
	RUN(maps_shared_and_not_executable_only);
	RUN(fails_above_rlimit_memlock);
	RUN(fails_at_rlimit_nofile);
	return finish();
}
