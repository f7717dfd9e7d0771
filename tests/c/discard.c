/* SPDX-License-Identifier: MIT */

/* memfd_go_discard() frees the memory of a range of a file. */
#include "test.h"
#include "contents.h"

static uint64_t allocated(int fd)
{
	struct stat status;

	EQ(fstat(fd, &status), 0);
	return (uint64_t)status.st_blocks * 512;
}

static int filled_file(size_t pages)
{
	int fd = sealable_file();

	for (size_t i = 0; i < pages; i++)
		EQ(write(fd, pattern() + i * page_size(), page_size()), page_size());
	return fd;
}

static void range_reads_as_zeros_and_uses_no_memory(void)
{
	size_t page = page_size();
	int fd = filled_file(4);
	uint64_t size = 0;
	char got[16];

	EQ(allocated(fd), 4 * page);
	EQ(memfd_go_discard(fd, 0, page, 2 * page), 0);
	EQ(allocated(fd), 2 * page);
	EQ(memfd_go_get_size(fd, &size), 0);
	EQ(size, 4 * page);
	EQ(pread(fd, got, 16, (off_t)page - 8), 16);
	EQ(memcmp(got, pattern() + page - 8, 8), 0);
	EQ(memcmp(got + 8, "\0\0\0\0\0\0\0\0", 8), 0);
	close(fd);
}

static void clears_partial_pages(void)
{
	int fd = filled_file(1);
	char got[8];

	EQ(memfd_go_discard(fd, 0, 2, 3), 0);
	EQ(pread(fd, got, 8, 0), 8);
	EQ(memcmp(got, pattern(), 2), 0);
	EQ(memcmp(got + 2, "\0\0\0", 3), 0);
	EQ(memcmp(got + 5, pattern() + 5, 3), 0);
	EQ(allocated(fd), page_size());
	close(fd);
}

/* Memory that was reserved beyond the end can be freed too. 32-bit kernels limit files to 8 TiB. */
static void frees_memory_beyond_the_end(void)
{
	int fd = filled_file(1);

	EQ(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, MIB), 0);
	CHECK(allocated(fd) >= MIB);
	EQ(memfd_go_discard(fd, 0, page_size(), UINT64_C(1) << 40), 0);
	EQ(allocated(fd), page_size());
	close(fd);
}

static void mappings_show_the_zeros(void)
{
	int fd = filled_file(1);
	void *map = NULL;

	EQ(memfd_go_map(fd, 0, 0, page_size(), &map), 0);
	EQ(memcmp(map, pattern(), page_size()), 0);
	EQ(memfd_go_discard(fd, 0, 0, page_size()), 0);
	for (size_t i = 0; i < page_size(); i++)
		EQ(((char *)map)[i], 0);
	EQ(memfd_go_unmap(map, page_size()), 0);
	close(fd);
}

static void discards_huge_pages(void)
{
	int fd = memfd_go_create("test", MFD_HUGETLB);
	struct stat status;
	uint64_t huge;

	if (fd < 0)
		SKIP("no huge pages");
	EQ(fstat(fd, &status), 0);
	huge = (uint64_t)status.st_blksize;
	if (memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, huge) != 0) {
		close(fd);
		SKIP("no free huge page");
	}
	EQ(allocated(fd), huge);
	EQ(memfd_go_discard(fd, 0, 0, huge), 0);
	EQ(allocated(fd), 0);
	close(fd);
}

static void rejects_write_sealed_files(void)
{
	static const uint32_t seals[] = { F_SEAL_WRITE, F_SEAL_FUTURE_WRITE };

	for (size_t i = 0; i < 2; i++) {
		int fd = filled_file(1), r = memfd_go_add_seals(fd, seals[i]);
		char got[4];

		if (r == -EINVAL && seals[i] == F_SEAL_FUTURE_WRITE) {
			close(fd);
			SKIP("this kernel has no F_SEAL_FUTURE_WRITE");
		}
		EQ(r, 0);
		EQ(memfd_go_discard(fd, 0, 0, 4), -EPERM);
		EQ(pread(fd, got, 4, 0), 4);
		EQ(memcmp(got, pattern(), 4), 0);
		close(fd);
	}
}

static void accepts_size_sealed_files(void)
{
	int fd = filled_file(1);

	EQ(memfd_go_add_seals(fd, F_SEAL_SHRINK | F_SEAL_GROW), 0);
	EQ(memfd_go_discard(fd, 0, 0, 4), 0);
	close(fd);
}

static void rejects_bad_ranges_and_options(void)
{
	int fd = filled_file(1), reader = reopen(fd, O_RDONLY), pipe = pipe_file();

	EQ(memfd_go_discard(fd, 0, 0, 0), -EINVAL);
	EQ(memfd_go_discard(fd, 0, (uint64_t)INT64_MAX + 1, 1), -EINVAL);
	EQ(memfd_go_discard(fd, 0, 1, (uint64_t)INT64_MAX + 1), -EINVAL);
	EQ(memfd_go_discard(fd, 0, INT64_MAX, INT64_MAX), -EFBIG);
	EQ(memfd_go_discard(fd, 0, 1, INT64_MAX), -EFBIG);
	for (int bit = 0; bit < 32; bit++)
		EQ(memfd_go_discard(fd, 1U << bit, 0, 1), -EINVAL);
	EQ(memfd_go_discard(reader, 0, 0, 1), -EBADF);
	EQ(memfd_go_discard(pipe, 0, 0, 1), -ESPIPE);
	for (size_t i = 0; i < CLOSED_DESCRIPTORS; i++)
		EQ(memfd_go_discard(closed_descriptors[i], 0, 0, 1), -EBADF);
	EQ(allocated(fd), page_size());
	close(pipe);
	close(reader);
	close(fd);
}

static void rejects_files_without_holes(void)
{
	int device = open("/dev/null", O_RDWR | O_CLOEXEC),
	    name = open("/proc/self/comm", O_RDWR | O_CLOEXEC);

	EQ(memfd_go_discard(device, 0, 0, 1), -ENODEV);
	EQ(memfd_go_discard(name, 0, 0, 1), -EOPNOTSUPP);
	close(name);
	close(device);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(range_reads_as_zeros_and_uses_no_memory);
	RUN(clears_partial_pages);
	RUN(frees_memory_beyond_the_end);
	RUN(mappings_show_the_zeros);
	RUN(discards_huge_pages);
	RUN(rejects_write_sealed_files);
	RUN(accepts_size_sealed_files);
	RUN(rejects_bad_ranges_and_options);
	RUN(rejects_files_without_holes);
	return finish();
}
