/* SPDX-License-Identifier: MIT */

/* Errors of memfd_go_clone(). */
#include <signal.h>
#include <sys/socket.h>

#include "test.h"
#include "contents.h"

static int clone_of(int source, uint64_t max_len)
{
	return memfd_go_clone("clone", MFD_CLOEXEC, 0, source, max_len);
}

static void check_error(int source, int error)
{
	CHECK(source >= 0);
	EQ(clone_of(source, UINT64_MAX), error);
	close(source);
}

static void rejects_files_longer_than_max_len(void)
{
	int source = sized_file(5000), fd;

	EQ(clone_of(source, 4999), -EFBIG);
	EQ(clone_of(source, 0), -EFBIG);
	fd = clone_of(source, 5000);
	CHECK(fd >= 0);
	close(fd);
	close(source);
}

/* O_DIRECT may require aligned reads, but the size of the file need not be aligned. */
static void limits_files_opened_with_o_direct(void)
{
	int writer = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), source, fd;
	uint64_t size = 0;

	source = memfd_go_reopen(writer, O_RDONLY | O_DIRECT);
	if (source < 0) {
		close(writer);
		SKIP("/tmp has no O_TMPFILE or O_DIRECT");
	}
	EQ(write(writer, pattern(), 5000), 5000); /* reading holes needs no alignment */
	EQ(fsync(writer), 0);
	fd = clone_of(source, 5000);
	EQ(memfd_go_get_size(fd, &size), 0);
	EQ(size, 5000);
	EQ(clone_of(source, 4999), -EFBIG);
	EQ(clone_of(source, 0), -EFBIG);
	close(fd);
	if (huge_page() != 0) {
		fd = memfd_go_clone("clone", MFD_CLOEXEC | MFD_HUGETLB, 0, source, 5000);
		CHECK(fd >= 0 || fd == -ENOSPC); /* other tests may need the page meanwhile */
		close(fd);
	}
	close(source);
	close(writer);
}

static void rejects_files_longer_than_rlimit_fsize(void)
{
	int source = sized_file(10000);
	void (*old_handler)(int) = signal(SIGXFSZ, SIG_IGN);
	rlim_t old = set_limit(RLIMIT_FSIZE, 8192);
	int error = clone_of(source, 10000);

	set_limit(RLIMIT_FSIZE, old);
	signal(SIGXFSZ, old_handler);
	EQ(error, -EFBIG);
	close(source);
}

static void rejects_write_only_descriptors(void)
{
	static const uint64_t sizes[] = { 0, 1, 5000 };

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		int source = sized_file(sizes[i]);

		check_error(reopen(source, O_WRONLY), -EBADF);
		check_error(reopen(source, O_PATH), -EBADF);
		close(source);
	}
	for (size_t i = 0; i < CLOSED_DESCRIPTORS; i++)
		EQ(clone_of(closed_descriptors[i], 1), -EBADF);
}

static void rejects_files_that_are_not_regular(void)
{
	check_error(pipe_file(), -EINVAL);
	check_error(open("/", O_RDONLY | O_CLOEXEC), -EINVAL);
	check_error(open("/dev/zero", O_RDONLY | O_CLOEXEC), -EINVAL);
	check_error(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), -EINVAL);
}

static void rejects_secret_files(void)
{
	int source = memfd_go_secret(O_CLOEXEC);

	if (source == -ENOSYS)
		SKIP("this kernel has no memfd_secret(2)");
	EQ(memfd_go_set_size(source, 0, 100), 0);
	check_error(source, -ESPIPE);
}

/* Their st_size is 0. */
static void rejects_proc_files_longer_than_max_len(void)
{
	int version = open("/proc/version", O_RDONLY | O_CLOEXEC), fd;
	char text[512];
	ssize_t length = pread(version, text, sizeof text, 0);

	CHECK(length > 2);
	EQ(clone_of(version, (uint64_t)length - 1), -EFBIG);
	EQ(clone_of(version, 0), -EFBIG);
	fd = clone_of(version, (uint64_t)length);
	CHECK(fd >= 0);
	close(fd);
	close(version);
}

static void returns_read_errors(void)
{
	check_error(open("/proc/self/mem", O_RDONLY | O_CLOEXEC), -EIO);
}

static void rejects_bad_names_flags_and_seals(void)
{
	int source = filled(sealable_file(), "abc", 3);

	for (size_t i = 0; i < NULL_POINTERS; i++)
		EQ(memfd_go_clone((const char *)null_pointers[i], 0, 0, source, 3), -EFAULT);
	EQ(memfd_go_clone("clone", 0x20, 0, source, 3), -EINVAL);
	EQ(memfd_go_clone("clone", MFD_EXEC | MFD_NOEXEC_SEAL, 0, source, 3), -EINVAL);
	for (int bit = 6; bit < 32; bit++)
		EQ(memfd_go_clone("clone", 0, 1U << bit, source, 3), -EINVAL);
	close(source);
}

static void fails_at_rlimit_nofile(void)
{
	int source = filled(sealable_file(), "abc", 3);
	rlim_t old = set_limit(RLIMIT_NOFILE, 0);
	int error = clone_of(source, 3);

	set_limit(RLIMIT_NOFILE, old);
	EQ(error, -EMFILE);
	close(source);
}

/* More than any system has. */
static void fails_without_free_huge_pages(void)
{
	int source, error = memfd_go_create("test", MFD_HUGETLB);

	if (error < 0)
		SKIP("no huge pages");
	close(error);
	source = sized_file((uint64_t)1 << 40);
	error = memfd_go_clone("clone", MFD_HUGETLB, 0, source, UINT64_MAX);
	CHECK(error == -ENOMEM || error == -ENOSPC);
	close(source);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(rejects_files_longer_than_max_len);
	RUN(limits_files_opened_with_o_direct);
	RUN(rejects_files_longer_than_rlimit_fsize);
	RUN(rejects_write_only_descriptors);
	RUN(rejects_files_that_are_not_regular);
	RUN(rejects_secret_files);
	RUN(rejects_proc_files_longer_than_max_len);
	RUN(returns_read_errors);
	RUN(rejects_bad_names_flags_and_seals);
	RUN(fails_at_rlimit_nofile);
	RUN(fails_without_free_huge_pages);
	return finish();
}
