/* SPDX-License-Identifier: MIT */

/* memfd_go_create() behaves like memfd_create(2). */
#include "test.h"
#include "files.h"

static void descriptor_is_open_for_reading_and_writing(void)
{
	int fd = memfd_go_create("test", 0);

	CHECK(fd >= 0);
	EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	EQ(write(fd, "x", 1), 1);
	close(fd);
}

static void close_on_exec_only_on_request(void)
{
	int plain = memfd_go_create("test", 0);
	int cloexec = memfd_go_create("test", MFD_CLOEXEC);

	EQ(fcntl(plain, F_GETFD), 0);
	EQ(fcntl(cloexec, F_GETFD), FD_CLOEXEC);
	close(plain);
	close(cloexec);
}

static void sealable_only_on_request(void)
{
	int plain = memfd_go_create("test", 0);
	int sealable = memfd_go_create("test", MFD_ALLOW_SEALING);
	int seals = memfd_go_get_seals(plain);

	EQ(without_exec(memfd_go_get_seals(sealable)), 0);
	/* vm.memfd_noexec makes all files sealable, and sets F_SEAL_EXEC. */
	CHECK(seals == F_SEAL_SEAL || seals == F_SEAL_EXEC);
	close(plain);
	close(sealable);
}

static void proc_shows_the_name(void)
{
	char path[64], link[512];
	ssize_t n;
	int fd = memfd_go_create("a/b\nc", 0);

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	n = readlink(path, link, sizeof link - 1);
	CHECK(n > 0);
	link[n > 0 ? n : 0] = '\0';
	TEXT(link, "/memfd:a/b\nc (deleted)");
	close(fd);
}

static void name_may_have_249_bytes(void)
{
	char name[MEMFD_GO_NAME_MAX + 2];
	int fd;

	memset(name, 'n', sizeof name);
	name[MEMFD_GO_NAME_MAX] = '\0';
	fd = memfd_go_create(name, 0);
	CHECK(fd >= 0);
	close(fd);
	name[MEMFD_GO_NAME_MAX] = 'n';
	name[MEMFD_GO_NAME_MAX + 1] = '\0';
	EQ(memfd_go_create(name, 0), -EINVAL);
}

static void name_may_be_empty(void)
{
	int fd = memfd_go_create("", 0);

	CHECK(fd >= 0);
	close(fd);
}

static void rejects_bad_names(void)
{
	char *page = page_before_a_guard();
	char *unended = page + page_size() - 10;

	memset(unended, 'n', 10);
	EQ(memfd_go_create(unended, 0), -EFAULT);
	EQ(memfd_go_create(page + page_size(), 0), -EFAULT);
	for (size_t i = 0; i < NULL_POINTERS; i++)
		EQ(memfd_go_create((const char *)null_pointers[i], 0), -EFAULT);
	free_page_before_a_guard(page);
}

/* The kernel's result is returned unchanged, whatever the flag. */
static void accepts_what_the_kernel_accepts(void)
{
	for (int bit = 0; bit < 32; bit++) {
		uint32_t flags = (uint32_t)1 << bit;
		int want = raw_create("test", flags), got;

		if (want >= 0)
			close(want);
		got = memfd_go_create("test", flags);
		if (got >= 0)
			close(got);
		EQ(got, want); /* the same free descriptor, or the same error */
	}
}

static void rejects_unknown_and_contradictory_flags(void)
{
	EQ(memfd_go_create("test", 0x20), -EINVAL);
	EQ(memfd_go_create("test", 0x80000000), -EINVAL);
	EQ(memfd_go_create("test", 0xffffffff), -EINVAL);
	EQ(memfd_go_create("test", MFD_EXEC | MFD_NOEXEC_SEAL), -EINVAL);
}

static void noexec_file_is_not_executable(void)
{
	struct stat status;
	int fd = memfd_go_create("test", MFD_NOEXEC_SEAL);

	if (fd == -EINVAL)
		SKIP("this kernel has no MFD_NOEXEC_SEAL");
	CHECK(fd >= 0);
	EQ(fstat(fd, &status), 0);
	EQ(status.st_mode & 07777, 0666);
	EQ(memfd_go_get_seals(fd), F_SEAL_EXEC);
	close(fd);
}

static void exec_file_is_executable(void)
{
	struct stat status;
	int fd = memfd_go_create("test", MFD_EXEC);

	if (fd == -EINVAL)
		SKIP("this kernel has no MFD_EXEC");
	if (fd == -EACCES)
		SKIP("vm.memfd_noexec is 2");
	CHECK(fd >= 0);
	EQ(fstat(fd, &status), 0);
	EQ(status.st_mode & 07777, 0777);
	close(fd);
}

static void rejects_unavailable_huge_page_sizes(void)
{
	int error = memfd_go_create("test", MFD_HUGETLB | 13U << 26);

	CHECK(error == -ENODEV || error == -ENOENT || error == -ENOSYS);
	EQ(error, raw_create("test", MFD_HUGETLB | 13U << 26));
}

static void fails_at_rlimit_nofile(void)
{
	rlim_t old = set_limit(RLIMIT_NOFILE, 0);
	int error = memfd_go_create("test", 0);

	set_limit(RLIMIT_NOFILE, old);
	EQ(error, -EMFILE);
}

static void errno_is_unchanged(void)
{
	errno = 12345;
	EQ(memfd_go_create(NULL, 0), -EFAULT);
	EQ(errno, 12345);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(descriptor_is_open_for_reading_and_writing);
	RUN(close_on_exec_only_on_request);
	RUN(sealable_only_on_request);
	RUN(proc_shows_the_name);
	RUN(name_may_have_249_bytes);
	RUN(name_may_be_empty);
	RUN(rejects_bad_names);
	RUN(accepts_what_the_kernel_accepts);
	RUN(rejects_unknown_and_contradictory_flags);
	RUN(noexec_file_is_not_executable);
	RUN(exec_file_is_executable);
	RUN(rejects_unavailable_huge_page_sizes);
	RUN(fails_at_rlimit_nofile);
	RUN(errno_is_unchanged);
	return finish();
}
