/* SPDX-License-Identifier: MIT */

/* memfd_go_inspect(). */
#include <sys/socket.h>

#include "test.h"
#include "child.h"
#include "files.h"

static struct memfd_go_info info;

static int inspect(int fd)
{
	memset(&info, 0x5a, sizeof info);
	return memfd_go_inspect(fd, 0, &info, sizeof info);
}

/* Inspects 'fd', checks the kind and closes it. */
static void check_kind(int fd, uint32_t kind)
{
	EQ(inspect(fd), 0);
	EQ(info.kind, kind);
	close(fd);
}

static void memfd_that_supports_seals(void)
{
	int fd = sized_file(5);

	EQ(memfd_go_add_seals(fd, F_SEAL_GROW | F_SEAL_WRITE), 0);
	check_kind(fd, MEMFD_GO_KIND_MEMFD);
	EQ(without_exec((int)info.seals), F_SEAL_GROW | F_SEAL_WRITE);
	EQ(info.size, 5);
	EQ(info.huge_page, 0);
	EQ(info.access, MEMFD_GO_ACCESS_READ_WRITE);
	TEXT(info.name, "test");
	EQ(info.name[255], 0);
}

/* F_SEAL_SEAL is set on all files on tmpfs. */
static void memfd_that_does_not_support_seals(void)
{
	check_kind(raw_create("plain", MFD_CLOEXEC), MEMFD_GO_KIND_MEMFD);
	CHECK(info.seals & F_SEAL_SEAL ||
	      info.seals & F_SEAL_EXEC); /* with vm.memfd_noexec=1 every memfd supports seals */
	TEXT(info.name, "plain");
}

static void mode_is_that_of_the_file(void)
{
	struct stat status;
	int fd = sealable_file();

	EQ(fchmod(fd, 0640), 0);
	EQ(fstat(fd, &status), 0);
	check_kind(fd, MEMFD_GO_KIND_MEMFD);
	EQ(info.mode, status.st_mode);
	EQ(info.mode, S_IFREG | 0640);
}

static void access_is_that_of_the_descriptor(void)
{
	int fd = sealable_file();

	check_kind(reopen(fd, O_RDONLY), MEMFD_GO_KIND_MEMFD);
	EQ(info.access, MEMFD_GO_ACCESS_READ);
	check_kind(reopen(fd, O_WRONLY), MEMFD_GO_KIND_MEMFD);
	EQ(info.access, MEMFD_GO_ACCESS_WRITE);
	check_kind(reopen(fd, O_PATH), MEMFD_GO_KIND_MEMFD);
	EQ(info.access, MEMFD_GO_ACCESS_NONE);
	EQ(info.seals, 0);
	TEXT(info.name, "test");
	close(fd);
}

static void names_may_have_any_bytes(void)
{
	static const char *const names[] = {
		"", " ", "a/b", "line\nend", " (deleted)", "memfd:", "\xff\x01"
	};
	char longest[MEMFD_GO_NAME_MAX + 1];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		check_kind(raw_create(names[i], MFD_ALLOW_SEALING), MEMFD_GO_KIND_MEMFD);
		TEXT(info.name, names[i]);
	}
	memset(longest, 'n', MEMFD_GO_NAME_MAX);
	longest[MEMFD_GO_NAME_MAX] = '\0';
	check_kind(raw_create(longest, MFD_ALLOW_SEALING), MEMFD_GO_KIND_MEMFD);
	TEXT(info.name, longest);
}

static void file_of_huge_pages(void)
{
	int fd = raw_create("huge", MFD_HUGETLB | MFD_ALLOW_SEALING);
	struct stat status;

	if (fd < 0)
		SKIP("no hugetlbfs");
	EQ(fstat(fd, &status), 0);
	check_kind(fd, MEMFD_GO_KIND_HUGETLB);
	EQ(info.huge_page, status.st_blksize);
	TEXT(info.name, "huge");
}

static void secret_file(void)
{
	int fd = raw_secret(0);

	if (fd == -ENOSYS)
		SKIP("this kernel has no memfd_secret(2)");
	EQ(ftruncate(fd, 5), 0);
	check_kind(fd, MEMFD_GO_KIND_SECRET);
	EQ(info.size, 5);
	EQ(info.seals, 0);
	TEXT(info.name, "");
}

static void file_on_tmpfs(void)
{
	int fd = tmpfs_file();

	if (fd < 0)
		SKIP("no tmpfs at /dev/shm");
	check_kind(fd, MEMFD_GO_KIND_TMPFS_FILE);
	EQ(info.seals, F_SEAL_SEAL);
	TEXT(info.name, "");
}

static void other_kinds_of_file(void)
{
	int ends[2];

	EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	close(ends[1]);
	check_kind(ends[0], MEMFD_GO_KIND_OTHER);
	check_kind(pipe_file(), MEMFD_GO_KIND_OTHER);
	EQ(info.access, MEMFD_GO_ACCESS_WRITE);
	check_kind(open("/dev/null", O_RDWR), MEMFD_GO_KIND_OTHER);
	check_kind(open("/dev/shm", O_RDONLY), MEMFD_GO_KIND_OTHER); /* a directory on tmpfs */
	check_kind(open("/", O_PATH), MEMFD_GO_KIND_OTHER);
	check_kind(open("/proc/self/exe", O_RDONLY), MEMFD_GO_KIND_OTHER);
	CHECK(info.size > 0);
	EQ(info.seals, 0);
	TEXT(info.name, "");
}

/* F_GETFL of its descriptors returns nothing but the access mode. */
static void both_ends_of_a_pipe(void)
{
	int ends[2];

	EQ(pipe(ends), 0);
	check_kind(ends[0], MEMFD_GO_KIND_OTHER);
	EQ(info.access, MEMFD_GO_ACCESS_READ);
	check_kind(ends[1], MEMFD_GO_KIND_OTHER);
	EQ(info.access, MEMFD_GO_ACCESS_WRITE);
}

static void compare_through_descriptor_0(void)
{
	int fd = raw_create("plain", MFD_CLOEXEC);

	close(0);
	check_kind(fd, MEMFD_GO_KIND_MEMFD);
	TEXT(info.name, "plain");
	EQ(raw(fcntl(0, F_GETFD)), -EBADF);
}

static void comparison_file_is_closed(void)
{
	IN_CHILD(compare_through_descriptor_0);
}

static void fills_shorter_and_longer_structs(void)
{
	struct {
		struct memfd_go_info info;
		char tail[16];
	} larger;
	int fd = sealable_file();

	memset(&larger, 0x5a, sizeof larger);
	EQ(memfd_go_inspect(fd, 0, &larger.info, sizeof larger), 0);
	EQ(larger.info.kind, MEMFD_GO_KIND_MEMFD);
	EQ(memcmp(larger.tail, &(char[16]){ 0 }, 16), 0);
	EQ(sizeof info, 312);
	for (size_t size = 0; size < sizeof info; size++)
		EQ(memfd_go_inspect(fd, 0, &info, size), -EINVAL);
	EQ(memfd_go_inspect(fd, 0, &info, 4097), -E2BIG);
	EQ(memfd_go_inspect(fd, 0, &info, SIZE_MAX), -E2BIG);
	for (int bit = 0; bit < 32; bit++)
		EQ(memfd_go_inspect(fd, (uint32_t)1 << bit, &info, sizeof info), -EINVAL);
	close(fd);
}

static void agrees_with_stat(void)
{
	int fds[] = { sized_file(10000),
		      tmpfs_file(),
		      open("/proc/self/exe", O_RDONLY | O_CLOEXEC),
		      open("/dev/null", O_RDONLY),
		      raw_create("huge", MFD_HUGETLB),
		      raw_secret(0) };
	struct stat status;

	EQ(pwrite(fds[0], "x", 1, 0), 1);
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++) {
		if (fds[i] < 0)
			continue; /* the system has no such file */
		EQ(fstat(fds[i], &status), 0);
		EQ(inspect(fds[i]), 0);
		EQ(info.device, status.st_dev);
		EQ(info.inode, status.st_ino);
		EQ(info.size, status.st_size);
		EQ(info.mode, status.st_mode);
		EQ(info.allocated, 512 * (uint64_t)status.st_blocks);
		close(fds[i]);
	}
}

static void rejects_bad_pointers_and_descriptors(void)
{
	struct memfd_go_info before;

	for (size_t i = 0; i < NULL_POINTERS; i++)
		EQ(memfd_go_inspect(0, 0, (struct memfd_go_info *)null_pointers[i],
				    sizeof(struct memfd_go_info)),
		   -EFAULT);
	for (size_t i = 0; i < CLOSED_DESCRIPTORS; i++) {
		memset(&before, 0x5a, sizeof before);
		EQ(inspect(closed_descriptors[i]), -EBADF);
		EQ(memcmp(&info, &before, sizeof info), 0);
	}
}

static void fails_at_rlimit_nofile(void)
{
	int fd = raw_create("plain", MFD_EXEC);
	rlim_t old;

	if (fd == -EACCES)
		SKIP(NO_EXECUTABLES ", so every memfd supports seals");
	if (fd == -EINVAL)
		fd = raw_create("plain", 0);
	old = set_limit(RLIMIT_NOFILE, 0);
	EQ(inspect(fd), -EMFILE);
	set_limit(RLIMIT_NOFILE, old);
	close(fd);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(memfd_that_supports_seals);
	RUN(memfd_that_does_not_support_seals);
	RUN(mode_is_that_of_the_file);
	RUN(access_is_that_of_the_descriptor);
	RUN(names_may_have_any_bytes);
	RUN(file_of_huge_pages);
	RUN(secret_file);
	RUN(file_on_tmpfs);
	RUN(other_kinds_of_file);
	RUN(both_ends_of_a_pipe);
	RUN(comparison_file_is_closed);
	RUN(fills_shorter_and_longer_structs);
	RUN(agrees_with_stat);
	RUN(rejects_bad_pointers_and_descriptors);
	RUN(fails_at_rlimit_nofile);
	return finish();
}
