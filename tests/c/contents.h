/* SPDX-License-Identifier: MIT */

/* File contents in which every page differs. */
#ifndef CONTENTS_H
#define CONTENTS_H

#include "test.h"
#include "files.h"

#define MIB (1024 * 1024)

#define PATTERN_MAX (6 * MIB)

/* Bytes that differ from page to page, so that misplaced data is detected. */
static inline const char *pattern(void)
{
	static char data[PATTERN_MAX];

	if (data[1] == 0)
		for (size_t i = 0; i < sizeof data; i++)
			data[i] = (char)(i ^ i >> 8 ^ i >> 16);
	return data;
}

/* Checks that the file has 'size' bytes, those at 'want' and then zeros, and that its offset is 0. */
static inline void check_padded(int fd, const char *want, size_t length, size_t size)
{
	uint64_t file_size = 0;
	char *got;

	EQ(memfd_go_get_size(fd, &file_size), 0);
	EQ(file_size, size);
	EQ(lseek(fd, 0, SEEK_CUR), 0);
	if (size == 0)
		return;
	got = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(got != MAP_FAILED);
	if (got == MAP_FAILED)
		return;
	EQ(memcmp(got, want, length), 0);
	for (size_t i = length; i < size; i++)
		length += got[i] == 0;
	EQ(length, size);
	munmap(got, size);
}

static inline void check_contents(int fd, const char *want, size_t size)
{
	check_padded(fd, want, size, size);
}

/* Fills an empty file, moves its offset to the middle, and returns it. */
static inline int filled(int fd, const char *data, size_t size)
{
	EQ(raw(pwrite(fd, data, size, 0)), size);
	EQ(lseek(fd, (off_t)(size / 2), SEEK_SET), size / 2);
	return fd;
}

/* The default huge page size, or 0 if no huge page can be mapped. */
static inline size_t huge_page(void)
{
	struct stat status;
	size_t size = 0;
	void *map = MAP_FAILED;
	int fd = memfd_go_create("test", MFD_HUGETLB);

	if (fd < 0)
		return 0;
	if (fstat(fd, &status) == 0 && ftruncate(fd, status.st_blksize) == 0) {
		size = (size_t)status.st_blksize;
		map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	}
	close(fd);
	if (map == MAP_FAILED)
		return 0;
	munmap(map, size);
	return size;
}

#define NO_HUGE_PAGE "no free huge page that can be mapped (vm.nr_hugepages)"

#endif
