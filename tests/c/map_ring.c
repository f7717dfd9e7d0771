/* SPDX-License-Identifier: MIT */

/* memfd_go_map_ring() maps a range of a file twice in a row. */
#include "test.h"
#include "contents.h"
#include "fault.h"

#define WRITE MEMFD_GO_OPT_WRITE

/* A store to either mapping is visible in the other. */
static void check_ring(int fd, uint32_t opts, uint64_t off, size_t len)
{
	char *ring = NULL;

	EQ(memfd_go_map_ring(fd, opts | WRITE, off, len, (void **)&ring), 0);
	if (ring == NULL)
		return;
	memcpy(ring + len - 3, "around", 6);
	EQ(memcmp(ring, "und", 3), 0);
	EQ(memcmp(ring + 2 * len - 3, "aro", 3), 0);
	ring[0] = 'x';
	EQ(ring[len], 'x');
	EQ(memfd_go_unmap(ring, 2 * len), 0);
}

static void stores_wrap_around(void)
{
	size_t page = page_size();
	int fd = sized_file(10 * page);

	for (size_t pages = 1; pages <= 8; pages++) {
		check_ring(fd, 0, 0, pages * page);
		check_ring(fd, MEMFD_GO_OPT_POPULATE, 2 * page, pages * page);
	}
	close(fd);
}

static void maps_only_the_range(void)
{
	size_t page = page_size();
	char first = 1, last = 1;
	int fd = sized_file(3 * page);

	check_ring(fd, 0, page, page);
	EQ(pread(fd, &first, 1, (off_t)page - 1), 1);
	EQ(pread(fd, &last, 1, (off_t)(2 * page)), 1);
	EQ(first | last, 0);
	EQ(pread(fd, &first, 1, (off_t)page), 1);
	EQ(first, 'x');
	close(fd);
}

static void maps_huge_pages(void)
{
	int fd = memfd_go_create("test", MFD_HUGETLB);
	struct stat status;
	size_t huge;
	void *map = NULL;
	uint64_t size = 0;

	if (fd < 0)
		SKIP("no huge pages");
	EQ(fstat(fd, &status), 0);
	huge = (size_t)status.st_blksize;
	if (memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, 2 * huge) != 0) {
		close(fd);
		SKIP("no free huge page");
	}
	for (int i = 0; i < 10; i++) {
		check_ring(fd, 0, 0, huge);
		check_ring(fd, 0, huge, huge);
		check_ring(fd, 0, 0, 2 * huge);
	}
	EQ(memfd_go_map_ring(fd, WRITE, 0, page_size(), &map), -EINVAL);
	EQ(memfd_go_map_ring(fd, WRITE, 0, huge + page_size(), &map), -EINVAL);
	EQ(memfd_go_map_ring(fd, WRITE, page_size(), huge, &map), -EINVAL);
	EQ(map == NULL, 1);
	EQ(memfd_go_get_size(fd, &size), 0);
	EQ(size, 2 * huge);
	close(fd);
}

static void is_read_only_without_opt_write(void)
{
	size_t page = page_size();
	int fd = sized_file(page), reader = reopen(fd, O_RDONLY);
	char *ring = NULL;

	EQ(memfd_go_map_ring(reader, 0, 0, page, (void **)&ring), 0);
	EQ(READ_SIGNAL(ring + 2 * page - 1), 0);
	EQ(WRITE_SIGNAL(ring), SIGSEGV);
	EQ(WRITE_SIGNAL(ring + page), SIGSEGV);
	EQ(memfd_go_unmap(ring, 2 * page), 0);
	EQ(memfd_go_map_ring(reader, WRITE, 0, page, (void **)&ring), -EACCES);
	close(reader);
	close(fd);
}

static void maps_write_sealed_files_for_reading(void)
{
	size_t page = page_size();
	int fd = sized_file(page);
	char *ring = NULL;

	EQ(memfd_go_add_seals(fd, F_SEAL_WRITE), 0);
	EQ(memfd_go_map_ring(fd, WRITE, 0, page, (void **)&ring), -EPERM);
	EQ(memfd_go_map_ring(fd, 0, 0, page, (void **)&ring), 0);
	EQ(READ_SIGNAL(ring + page), 0);
	EQ(memfd_go_unmap(ring, 2 * page), 0);
	close(fd);
}

static void access_beyond_the_end_is_sigbus(void)
{
	size_t page = page_size();
	int fd = sized_file(page);
	char *ring = NULL;

	EQ(memfd_go_map_ring(fd, WRITE, 0, 2 * page, (void **)&ring), 0);
	EQ(READ_SIGNAL(ring), 0);
	EQ(READ_SIGNAL(ring + page), SIGBUS);
	EQ(READ_SIGNAL(ring + 2 * page), 0);
	EQ(memfd_go_unmap(ring, 4 * page), 0);
	close(fd);
}

static void rejects_bad_lengths(void)
{
	size_t page = page_size(), half = SIZE_MAX / 2 / page * page;
	int fd = sized_file(page);
	void *ring = NULL;

	EQ(memfd_go_map_ring(fd, 0, 0, 0, &ring), -EINVAL);
	EQ(memfd_go_map_ring(fd, 0, 0, page - 1, &ring), -EINVAL);
	EQ(memfd_go_map_ring(fd, 0, 0, page + 1, &ring), -EINVAL);
	EQ(memfd_go_map_ring(fd, 0, 1, page, &ring), -EINVAL);
	EQ(memfd_go_map_ring(fd, 0, (uint64_t)INT64_MAX + 1, page, &ring), -EINVAL);
	EQ(memfd_go_map_ring(fd, 0, INT64_MAX / page * page, 2 * page, &ring), -EOVERFLOW);
	EQ(memfd_go_map_ring(fd, 0, 0, half + page, &ring), -EOVERFLOW);
	EQ(memfd_go_map_ring(fd, 0, 0, SIZE_MAX / page * page, &ring), -EOVERFLOW);
	if (sizeof(size_t) == 8)
		EQ(memfd_go_map_ring(fd, 0, 0, half, &ring), -EOVERFLOW);
	else
		EQ(memfd_go_map_ring(fd, 0, 0, half, &ring), -ENOMEM);
	EQ(ring == NULL, 1);
	close(fd);
}

static void rejects_bad_options_pointers_and_files(void)
{
	size_t page = page_size();
	int fd = sized_file(page), path = reopen(fd, O_PATH), pipe = pipe_file();
	void *ring = NULL;

	for (int bit = 0; bit < 32; bit++)
		if ((1U << bit & (WRITE | MEMFD_GO_OPT_POPULATE)) == 0)
			EQ(memfd_go_map_ring(fd, 1U << bit, 0, page, &ring), -EINVAL);
	for (size_t i = 0; i < NULL_POINTERS; i++)
		EQ(memfd_go_map_ring(fd, 0, 0, page, (void **)null_pointers[i]), -EFAULT);
	for (size_t i = 0; i < CLOSED_DESCRIPTORS; i++)
		EQ(memfd_go_map_ring(closed_descriptors[i], 0, 0, page, &ring), -EBADF);
	EQ(memfd_go_map_ring(path, 0, 0, page, &ring), -EBADF);
	EQ(memfd_go_map_ring(pipe, 0, 0, page, &ring), -EACCES); /* not open for reading */
	EQ(ring == NULL, 1);
	close(pipe);
	close(path);
	close(fd);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(stores_wrap_around);
	RUN(maps_only_the_range);
	RUN(maps_huge_pages);
	RUN(is_read_only_without_opt_write);
	RUN(maps_write_sealed_files_for_reading);
	RUN(access_beyond_the_end_is_sigbus);
	RUN(rejects_bad_lengths);
	RUN(rejects_bad_options_pointers_and_files);
	return finish();
}
