/* SPDX-License-Identifier: MIT */

/* memfd_go_get_size() and memfd_go_set_size(). */
#include <signal.h>
#include <sys/time.h>

#include "test.h"
#include "files.h"
#include "child.h"
#include "filter.h"

#define MIB (1024 * 1024)

static uint64_t size_of(int fd)
{
	uint64_t size = 0xa5a5a5a5;

	EQ(memfd_go_get_size(fd, &size), 0);
	return size;
}

static uint64_t allocated(int fd)
{
	struct stat status;

	EQ(fstat(fd, &status), 0);
	return (uint64_t)status.st_blocks * 512;
}

static volatile sig_atomic_t alarms;

/* Whether a huge page is free for the file 'fd'. */
static int free_huge_page(int fd)
{
	struct stat status;
	int free;

	EQ(fstat(fd, &status), 0);
	free = fallocate(fd, 0, 0, status.st_blksize) == 0;
	EQ(ftruncate(fd, 0), 0);
	return free;
}

static void new_file_is_empty(void)
{
	int fd = sealable_file();

	EQ(size_of(fd), 0);
	close(fd);
}

static void get_size_returns_the_size_that_was_set(void)
{
	static const uint64_t sizes[] = {
		1, 4096, 4097, 0, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x123456789, 0x10000000000,
	};
	int fd = sealable_file();

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		EQ(memfd_go_set_size(fd, 0, sizes[i]), 0);
		EQ(size_of(fd), sizes[i]);
	}
	close(fd);
}

static void contents_above_4_gib(void)
{
	char byte = 0;
	int fd = sized_file(0x123456789);

	EQ(pwrite(fd, "x", 1, 0x123456788), 1);
	EQ(size_of(fd), 0x123456789);
	EQ(pread(fd, &byte, 1, 0x123456788), 1);
	EQ(byte, 'x');
	EQ(pread(fd, &byte, 1, 0x23456788), 1); /* only the low half */
	EQ(byte, 0);
	close(fd);
}

static void tail_is_lost_and_extended_by_zeros(void)
{
	char text[6] = "";
	int fd = sealable_file();

	EQ(write(fd, "abcdef", 6), 6);
	EQ(memfd_go_set_size(fd, 0, 3), 0);
	EQ(memfd_go_set_size(fd, 0, 6), 0);
	EQ(pread(fd, text, 6, 0), 6);
	EQ(memcmp(text, "abc\0\0\0", 6), 0);
	close(fd);
}

static void accepts_the_largest_size(void)
{
	int fd = sealable_file();
	int result = memfd_go_set_size(fd, 0, INT64_MAX);

	/* The limit of a 32-bit kernel is lower. */
	CHECK(result == 0 || result == -EFBIG || result == -EINVAL);
	EQ(size_of(fd), result == 0 ? INT64_MAX : 0);
	close(fd);
}

static void rejects_more_than_the_largest_size(void)
{
	static const uint64_t sizes[] = { (uint64_t)INT64_MAX + 1, UINT64_MAX, UINT64_MAX - 4095 };
	int fd = sized_file(7);

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		EQ(memfd_go_set_size(fd, 0, sizes[i]), -EINVAL);
		EQ(memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, sizes[i]), -EINVAL);
	}
	EQ(size_of(fd), 7);
	close(fd);
}

static void reserve_allocates_memory(void)
{
	int sparse = sized_file(MIB), reserved = sealable_file();

	EQ(allocated(sparse), 0);
	EQ(memfd_go_set_size(reserved, MEMFD_GO_OPT_RESERVE, MIB), 0);
	EQ(size_of(reserved), MIB);
	CHECK(allocated(reserved) >= MIB);
	/* The size is the same, but memory is allocated. */
	EQ(memfd_go_set_size(sparse, MEMFD_GO_OPT_RESERVE, MIB), 0);
	CHECK(allocated(sparse) >= MIB);
	close(sparse);
	close(reserved);
}

static void reserve_makes_exactly_that_size(void)
{
	int fd = sealable_file();

	EQ(write(fd, "abcdef", 6), 6);
	EQ(memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, 3), 0);
	EQ(size_of(fd), 3);
	EQ(memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, 10001), 0);
	EQ(size_of(fd), 10001);
	EQ(memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, 0), 0);
	EQ(size_of(fd), 0);
	close(fd);
}

static void sealed_file_keeps_its_size(void)
{
	int fd = sized_file(100);

	EQ(memfd_go_add_seals(fd, F_SEAL_SHRINK), 0);
	EQ(memfd_go_set_size(fd, 0, 99), -EPERM);
	EQ(memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, 99), -EPERM);
	EQ(memfd_go_add_seals(fd, F_SEAL_GROW), 0);
	EQ(memfd_go_set_size(fd, 0, 101), -EPERM);
	EQ(memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, 101), -EPERM);
	EQ(size_of(fd), 100);
	close(fd);
}

static void fails_above_rlimit_fsize(void)
{
	int fd = sized_file(100), plain, reserve;
	void (*old_handler)(int) = signal(SIGXFSZ, SIG_IGN);
	rlim_t old = set_limit(RLIMIT_FSIZE, MIB);

	plain = memfd_go_set_size(fd, 0, 2 * MIB);
	reserve = memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, 2 * MIB);
	set_limit(RLIMIT_FSIZE, old);
	signal(SIGXFSZ, old_handler);
	EQ(plain, -EFBIG);
	EQ(reserve, -EFBIG);
	EQ(size_of(fd), 100);
	EQ(allocated(fd), 0);
	close(fd);
}

static void failed_growth_allocates_nothing(void)
{
	int fd = sized_file(100);

	EQ(memfd_go_add_seals(fd, F_SEAL_GROW), 0);
	EQ(memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, MIB), -EPERM);
	EQ(size_of(fd), 100);
	CHECK(allocated(fd) <= page_size());
	close(fd);
}

static void failed_shrinking_loses_nothing(void)
{
	char text[6] = "";
	int fd = sealable_file();

	EQ(write(fd, "abcdef", 6), 6);
	EQ(memfd_go_add_seals(fd, F_SEAL_SHRINK), 0);
	EQ(memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, 3), -EPERM);
	EQ(size_of(fd), 6);
	EQ(pread(fd, text, 6, 0), 6);
	EQ(memcmp(text, "abcdef", 6), 0);
	EQ(memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, 6), 0);
	EQ(memfd_go_add_seals(fd, F_SEAL_GROW), 0);
	EQ(memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, 6), 0);
	close(fd);
}

/* Such a size can be allocated, but not set. */
static void rejects_parts_of_a_huge_page(void)
{
	int r, fd = memfd_go_create("test", MFD_HUGETLB);
	struct stat status;

	if (fd < 0)
		SKIP("no huge pages");
	EQ(memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, 1), free_huge_page(fd) ? -EINVAL : -ENOSPC);
	EQ(size_of(fd), 0);
	EQ(allocated(fd), 0);
	EQ(fstat(fd, &status), 0);
	r = memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, (uint64_t)status.st_blksize + 1);
	CHECK(r == -EINVAL || r == -ENOSPC);
	EQ(size_of(fd), 0);
	EQ(allocated(fd), 0);
	close(fd);
}

static void count_alarm(int number)
{
	(void)number;
	alarms++;
}

/*
 * Signals arrive so often that no fallocate(2) of the whole file completes. In a child, so that
 * the timer ends with it.
 */
static void reserve_during_signals(void)
{
	struct sigaction action = { .sa_handler = count_alarm };
	struct itimerval timer = { { 0, 1000 }, { 0, 1000 } }, none = { { 0, 0 }, { 0, 0 } };
	int fd = sealable_file();

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	EQ(memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, 256 * MIB), 0);
	setitimer(ITIMER_REAL, &none, NULL);
	EQ(size_of(fd), 256 * MIB);
	CHECK(allocated(fd) >= 256 * MIB);
	CHECK(alarms > 0);
	close(fd);
}

#define INTERRUPTED 100000 /* bytes: the filter makes an fallocate(2) of this length fail with EINTR */

static void reserve_after_a_signal(void)
{
	size_t whole_pages = (INTERRUPTED + page_size() - 1) / page_size() * page_size();
	int fd = sealable_file();

	EQ(forbid_value(SYS_fallocate, 3, INTERRUPTED, EINTR), 0);
	EQ(memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, INTERRUPTED), 0);
	EQ(size_of(fd), INTERRUPTED);
	EQ(allocated(fd), whole_pages);
	close(fd);
}

/* reserve continues in smaller steps, and the last one ends at the end of the file. */
static void reserve_continues_after_a_signal(void)
{
	if (sizeof(void *) < 8)
		SKIP("the length is two arguments of fallocate(2) on 32-bit architectures");
	if (!filters_work())
		SKIP(NO_FILTERS);
	IN_CHILD(reserve_after_a_signal);
}

static void signals_do_not_stop_reserve(void)
{
	IN_CHILD(reserve_during_signals);
}

/* More huge pages than any system has. */
static void fails_without_free_huge_pages(void)
{
	int fd = memfd_go_create("test", MFD_HUGETLB), error;

	if (fd < 0)
		SKIP("no huge pages");
	error = memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, (uint64_t)1 << 40);
	CHECK(error == -ENOSPC || error == -ENOMEM);
	EQ(size_of(fd), 0);
	close(fd);
}

static void rejects_unknown_options(void)
{
	int fd = sized_file(100);

	for (int bit = 0; bit < 32; bit++)
		if ((uint32_t)1 << bit != MEMFD_GO_OPT_RESERVE)
			EQ(memfd_go_set_size(fd, (uint32_t)1 << bit, 50), -EINVAL);
	EQ(size_of(fd), 100);
	close(fd);
}

static void rejects_closed_descriptors(void)
{
	uint64_t size = 7;

	for (size_t i = 0; i < CLOSED_DESCRIPTORS; i++) {
		EQ(memfd_go_get_size(closed_descriptors[i], &size), -EBADF);
		EQ(memfd_go_set_size(closed_descriptors[i], 0, 1), -EBADF);
		EQ(memfd_go_set_size(closed_descriptors[i], MEMFD_GO_OPT_RESERVE, 1), -EBADF);
	}
	EQ(size, 7);
}

static void rejects_read_only_descriptors(void)
{
	int fd = sized_file(100), reader = reopen(fd, O_RDONLY), path = reopen(fd, O_PATH);

	EQ(size_of(reader), 100);
	EQ(size_of(path), 100);
	EQ(memfd_go_set_size(reader, 0, 50), -EINVAL);
	EQ(memfd_go_set_size(reader, MEMFD_GO_OPT_RESERVE, 150), -EBADF);
	EQ(memfd_go_set_size(path, 0, 50), -EBADF);
	EQ(size_of(fd), 100);
	close(path);
	close(reader);
	close(fd);
}

static void rejects_files_without_a_size(void)
{
	int pipe = pipe_file(), device = open("/dev/null", O_RDWR), status = open("/proc/self/comm", O_RDWR);

	EQ(size_of(pipe), 0);
	EQ(size_of(device), 0);
	EQ(memfd_go_set_size(pipe, 0, 1), -EINVAL);
	EQ(memfd_go_set_size(device, 0, 1), -EINVAL);
	EQ(memfd_go_set_size(pipe, MEMFD_GO_OPT_RESERVE, 1), -ESPIPE);
	EQ(memfd_go_set_size(device, MEMFD_GO_OPT_RESERVE, 1), -ENODEV);
	EQ(memfd_go_set_size(status, MEMFD_GO_OPT_RESERVE, 1), -EOPNOTSUPP);
	close(status);
	close(device);
	close(pipe);
}

static void rejects_bad_pointers(void)
{
	int fd = sized_file(100);

	for (size_t i = 0; i < NULL_POINTERS; i++)
		EQ(memfd_go_get_size(fd, (uint64_t *)null_pointers[i]), -EFAULT);
	close(fd);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(new_file_is_empty);
	RUN(get_size_returns_the_size_that_was_set);
	RUN(contents_above_4_gib);
	RUN(tail_is_lost_and_extended_by_zeros);
	RUN(accepts_the_largest_size);
	RUN(rejects_more_than_the_largest_size);
	RUN(reserve_allocates_memory);
	RUN(reserve_makes_exactly_that_size);
	RUN(sealed_file_keeps_its_size);
	RUN(failed_growth_allocates_nothing);
	RUN(failed_shrinking_loses_nothing);
	RUN(rejects_parts_of_a_huge_page);
	RUN(reserve_continues_after_a_signal);
	RUN(signals_do_not_stop_reserve);
	RUN(fails_above_rlimit_fsize);
	RUN(fails_without_free_huge_pages);
	RUN(rejects_unknown_options);
	RUN(rejects_closed_descriptors);
	RUN(rejects_read_only_descriptors);
	RUN(rejects_files_without_a_size);
	RUN(rejects_bad_pointers);
	return finish();
}
