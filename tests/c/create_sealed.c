/* SPDX-License-Identifier: MIT */

/* memfd_go_create_sealed() creates, fills and seals in one call. */
#include <signal.h>

#include "test.h"
#include "contents.h"

static void copies_contents_of_any_size(void)
{
	static const size_t sizes[] = {
		0, 1, 2, 4095, 4096, 4097, 65535, 65536, 65537, MIB - 1, 2 * MIB, 2 * MIB + 1, 5 * MIB + 123,
	};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		int fd = memfd_go_create_sealed("test", 0, 0, pattern(), sizes[i]);

		EQ(fd < 0 ? fd : 0, 0);
		check_contents(fd, pattern(), sizes[i]);
		close(fd);
	}
}

static void immutable_by_default(void)
{
	int fd = memfd_go_create_sealed("test", 0, 0, "abc", 3);

	EQ(without_exec(memfd_go_get_seals(fd)), MEMFD_GO_SEALS_IMMUTABLE);
	EQ(raw(pwrite(fd, "x", 1, 0)), -EPERM);
	EQ(memfd_go_set_size(fd, 0, 2), -EPERM);
	EQ(memfd_go_set_size(fd, 0, 4), -EPERM);
	EQ(memfd_go_add_seals(fd, F_SEAL_FUTURE_WRITE), -EPERM);
	close(fd);
}

static void seals_are_as_requested(void)
{
	static const uint32_t seals[] = { F_SEAL_GROW, F_SEAL_SHRINK, F_SEAL_WRITE | F_SEAL_SEAL };

	for (size_t i = 0; i < sizeof seals / sizeof *seals; i++) {
		int fd = memfd_go_create_sealed("test", MFD_ALLOW_SEALING, seals[i], "abc", 3);

		EQ(without_exec(memfd_go_get_seals(fd)), seals[i]);
		check_contents(fd, "abc", 3);
		close(fd);
	}
}

static void flags_and_name_are_like_create(void)
{
	char path[64], link[64] = "";
	int plain = memfd_go_create_sealed("test", 0, 0, "abc", 3);
	int cloexec = memfd_go_create_sealed("named", MFD_CLOEXEC, 0, "abc", 3);

	EQ(fcntl(plain, F_GETFD), 0);
	EQ(fcntl(cloexec, F_GETFD), FD_CLOEXEC);
	snprintf(path, sizeof path, "/proc/self/fd/%d", cloexec);
	CHECK(readlink(path, link, sizeof link - 1) > 0);
	TEXT(link, "/memfd:named (deleted)");
	close(plain);
	close(cloexec);
}

static void noexec_file_is_not_executable(void)
{
	int fd = memfd_go_create_sealed("test", MFD_NOEXEC_SEAL, 0, "abc", 3);

	EQ(memfd_go_get_seals(fd), MEMFD_GO_SEALS_IMMUTABLE | (kernel_has_noexec_seal() ? F_SEAL_EXEC : 0));
	check_contents(fd, "abc", 3);
	close(fd);
}

static void data_is_ignored_if_len_is_0(void)
{
	for (size_t i = 0; i < NULL_POINTERS; i++) {
		int fd = memfd_go_create_sealed("test", 0, 0, (const void *)null_pointers[i], 0);

		CHECK(fd >= 0);
		check_contents(fd, NULL, 0);
		close(fd);
	}
}

static void reads_no_further_than_len(void)
{
	char *page = page_before_a_guard();
	int fd = memfd_go_create_sealed("test", 0, 0, page, page_size());

	CHECK(fd >= 0);
	close(fd);
	EQ(memfd_go_create_sealed("test", 0, 0, page, page_size() + 1), -EFAULT);
	EQ(memfd_go_create_sealed("test", 0, 0, page + page_size(), 1), -EFAULT);
	free_page_before_a_guard(page);
}

static void rejects_bad_pointers(void)
{
	for (size_t i = 0; i < NULL_POINTERS; i++) {
		EQ(memfd_go_create_sealed("test", 0, 0, (const void *)null_pointers[i], 1), -EFAULT);
		EQ(memfd_go_create_sealed((const char *)null_pointers[i], 0, 0, "abc", 3), -EFAULT);
	}
}

static void rejects_bad_flags_seals_and_lengths(void)
{
	char name[MEMFD_GO_NAME_MAX + 2];

	memset(name, 'n', sizeof name);
	name[sizeof name - 1] = '\0';
	EQ(memfd_go_create_sealed(name, 0, 0, "abc", 3), -EINVAL);
	EQ(memfd_go_create_sealed("test", 0x20, 0, "abc", 3), -EINVAL);
	EQ(memfd_go_create_sealed("test", MFD_EXEC | MFD_NOEXEC_SEAL, 0, "abc", 3), -EINVAL);
	for (int bit = 6; bit < 32; bit++)
		EQ(memfd_go_create_sealed("test", 0, (uint32_t)1 << bit, "abc", 3), -EINVAL);
#if SIZE_MAX > 0xffffffff
	EQ(memfd_go_create_sealed("test", 0, 0, "abc", (size_t)INT64_MAX + 1), -EINVAL);
	EQ(memfd_go_create_sealed("test", 0, 0, "abc", SIZE_MAX), -EINVAL);
#endif
}

static void fails_above_rlimit_fsize(void)
{
	void (*old_handler)(int) = signal(SIGXFSZ, SIG_IGN);
	rlim_t old = set_limit(RLIMIT_FSIZE, 8192);
	int error = memfd_go_create_sealed("test", 0, 0, pattern(), 10000);

	set_limit(RLIMIT_FSIZE, old);
	signal(SIGXFSZ, old_handler);
	EQ(error, -EFBIG);
}

static void fails_at_rlimit_nofile(void)
{
	rlim_t old = set_limit(RLIMIT_NOFILE, 0);
	int error = memfd_go_create_sealed("test", 0, 0, "abc", 3);

	set_limit(RLIMIT_NOFILE, old);
	EQ(error, -EMFILE);
}

static void fills_and_pads_huge_pages(void)
{
	static const size_t lengths[] = { 3, 37, 64, 4099 };
	size_t size = huge_page();

	if (size == 0)
		SKIP(NO_HUGE_PAGE);
	for (size_t i = 0; i < 2 * sizeof lengths / sizeof *lengths; i++) {
		const char *data = pattern() + i % 2; /* aligned, and not aligned */
		size_t length = lengths[i / 2];
		int fd = memfd_go_create_sealed("test", MFD_HUGETLB, 0, data, length);

		CHECK(fd >= 0);
		check_padded(fd, data, length, size);
		EQ(without_exec(memfd_go_get_seals(fd)), MEMFD_GO_SEALS_IMMUTABLE);
		close(fd);
	}
	for (size_t i = 0; i < NULL_POINTERS; i++)
		EQ(memfd_go_create_sealed("test", MFD_HUGETLB, 0, (const void *)null_pointers[i], 3),
		   -EFAULT);
	if (sizeof(size_t) == 8) /* more than INT64_MAX in whole pages */
		EQ(memfd_go_create_sealed("test", MFD_HUGETLB, 0, "abc", (size_t)INT64_MAX), -ENOMEM);
}

static void empty_file_needs_no_huge_page(void)
{
	int fd = memfd_go_create("test", MFD_HUGETLB);
	uint64_t size = 1;

	if (fd < 0)
		SKIP("no huge pages");
	close(fd);
	fd = memfd_go_create_sealed("test", MFD_HUGETLB, 0, NULL, 0);
	EQ(memfd_go_get_size(fd, &size), 0);
	EQ(size, 0);
	EQ(without_exec(memfd_go_get_seals(fd)), MEMFD_GO_SEALS_IMMUTABLE);
	close(fd);
}

/* More than any system has. */
static void fails_without_free_huge_pages(void)
{
	size_t size = sizeof(void *) == 8 ? (size_t)1 << 40 : (size_t)1 << 29;
	void *data;
	int error, fd = memfd_go_create("test", MFD_HUGETLB);

	if (fd < 0)
		SKIP("no huge pages");
	close(fd);
	data = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (data == MAP_FAILED)
		SKIP("no address space for the data");
	error = memfd_go_create_sealed("test", MFD_HUGETLB, 0, data, size);
	CHECK(error == -ENOMEM || error == -ENOSPC);
	munmap(data, size);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(copies_contents_of_any_size);
	RUN(immutable_by_default);
	RUN(seals_are_as_requested);
	RUN(flags_and_name_are_like_create);
	RUN(noexec_file_is_not_executable);
	RUN(data_is_ignored_if_len_is_0);
	RUN(reads_no_further_than_len);
	RUN(rejects_bad_pointers);
	RUN(rejects_bad_flags_seals_and_lengths);
	RUN(fails_above_rlimit_fsize);
	RUN(fails_at_rlimit_nofile);
	RUN(fills_and_pads_huge_pages);
	RUN(empty_file_needs_no_huge_page);
	RUN(fails_without_free_huge_pages);
	return finish();
}
