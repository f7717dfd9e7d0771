/* SPDX-License-Identifier: MIT */

/* memfd_go_huge_flags() converts a page size to flags. */
#include <dirent.h>

#include "test.h"
#include "files.h"

static void stores_the_logarithm_of_the_size(void)
{
	for (int log = 1; log < 64; log++) {
		uint32_t flags = 0;

		EQ(memfd_go_huge_flags((uint64_t)1 << log, &flags), 0);
		EQ(flags, MFD_HUGETLB | (uint32_t)log << 26);
	}
}

static void size_0_is_the_default(void)
{
	uint32_t flags = 0;

	EQ(memfd_go_huge_flags(0, &flags), 0);
	EQ(flags, MFD_HUGETLB);
}

static void rejects_sizes_that_are_not_powers_of_two(void)
{
	static const uint64_t sizes[] = {
		1, 3, 4095, 4097, (1 << 21) + 1, ((uint64_t)1 << 63) + 1, ((uint64_t)3 << 32), UINT64_MAX,
	};
	uint32_t flags = 7;

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		EQ(memfd_go_huge_flags(sizes[i], &flags), -EINVAL);
	EQ(flags, 7);
}

static void rejects_bad_pointers(void)
{
	for (size_t i = 0; i < NULL_POINTERS; i++)
		EQ(memfd_go_huge_flags(0, (uint32_t *)null_pointers[i]), -EFAULT);
}

/* With each size that the system has. */
static void kernel_accepts_the_flags(void)
{
	DIR *directory = opendir("/sys/kernel/mm/hugepages");
	struct dirent *entry;
	unsigned long kilobytes;
	struct stat status;
	uint32_t flags = 0;
	int fd;

	if (directory == NULL)
		SKIP("no huge pages");
	while ((entry = readdir(directory)) != NULL) {
		if (sscanf(entry->d_name, "hugepages-%lukB", &kilobytes) != 1)
			continue;
		EQ(memfd_go_huge_flags((uint64_t)kilobytes * 1024, &flags), 0);
		fd = memfd_go_create("test", flags);
		CHECK(fd >= 0);
		EQ(fstat(fd, &status), 0);
		EQ(status.st_blksize, kilobytes * 1024);
		close(fd);
	}
	closedir(directory);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(stores_the_logarithm_of_the_size);
	RUN(size_0_is_the_default);
	RUN(rejects_sizes_that_are_not_powers_of_two);
	RUN(rejects_bad_pointers);
	RUN(kernel_accepts_the_flags);
	return finish();
}
