/* SPDX-License-Identifier: MIT */

/* memfd_go_unmap() removes a mapping of any length, and nothing else. */
#include "test.h"
#include "fault.h"
#include "contents.h"
#include "files.h"

static size_t huge; /* the huge page size, 0 if none is free */

/* A sealable file of 'pages' huge pages, -1 if too few are free. */
static int huge_file(size_t pages)
{
	int fd;
	struct stat status;

	huge = 0;
	if (huge_page() == 0)
		return -1;
	fd = raw_create("test", MFD_HUGETLB | MFD_ALLOW_SEALING | MFD_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(fd, &status) != 0 || fallocate(fd, 0, 0, (off_t)(pages * (size_t)status.st_blksize)) != 0) {
		close(fd);
		return -1;
	}
	huge = (size_t)status.st_blksize;
	return fd;
}

static int is_mapped(const void *p)
{
	unsigned char there;

	return mincore((void *)(uintptr_t)p, 1, &there) == 0;
}

static void unmaps_any_length_of_huge_pages(void)
{
	static const uint32_t options[] = { 0, MEMFD_GO_OPT_WRITE, MEMFD_GO_OPT_PRIVATE,
					    MEMFD_GO_OPT_POPULATE };
	int fd = huge_file(2);

	if (fd < 0)
		SKIP(NO_HUGE_PAGE);
	for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
		size_t lengths[] = { 1, 4096, 65536, huge - 1, huge, huge + 1, 2 * huge - 4096, 2 * huge };

		for (size_t j = 0; j < sizeof lengths / sizeof *lengths; j++) {
			void *map;

			if (memfd_go_map(fd, options[i], 0, lengths[j], &map) != 0) {
				CHECK(options[i] ==
				      MEMFD_GO_OPT_PRIVATE); /* a private mapping needs free pages of its own */
				continue;
			}
			EQ(memfd_go_unmap(map, lengths[j]), 0);
			CHECK(!is_mapped(map));
		}
	}
	close(fd);
}

static void unmaps_no_more_than_the_last_huge_page(void)
{
	int fd = huge_file(3);
	void *map;
	char *start_of_map;

	if (fd < 0)
		SKIP(NO_HUGE_PAGE);
	EQ(memfd_go_map(fd, 0, 0, 3 * huge, &map), 0);
	start_of_map = map;
	EQ(memfd_go_unmap(start_of_map + 4096, 4096), -EINVAL);
	EQ(memfd_go_unmap(start_of_map + huge / 2, huge), -EINVAL);
	CHECK(is_mapped(start_of_map));
	EQ(memfd_go_unmap(map, huge + 1), 0);
	CHECK(!is_mapped(start_of_map) && !is_mapped(start_of_map + huge));
	CHECK(is_mapped(start_of_map + 2 * huge));
	EQ(memfd_go_unmap(start_of_map + 2 * huge, 1), 0);
	CHECK(!is_mapped(start_of_map + 2 * huge));
	close(fd);
}

/* A range that begins in front of a huge page and ends within it is not extended. */
static void unmaps_ranges_that_begin_elsewhere(void)
{
	int fd = huge_file(1);
	size_t page = page_size();
	char *space, *at;

	if (fd < 0)
		SKIP(NO_HUGE_PAGE);
	space = mmap(NULL, 4 * huge, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	at = space + 2 * huge - (uintptr_t)space % huge;
	CHECK(mmap(at, huge, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) == at);
	EQ(memfd_go_unmap(at - page, 2 * page), -EINVAL);
	CHECK(is_mapped(at) && is_mapped(at - page) && is_mapped(at + huge));
	munmap(space, 4 * huge);
	close(fd);
}

/* Its last page may be a hole, and an access to it is SIGBUS. */
static void partial_huge_page_is_not_verified(void)
{
	static const off_t sizes[] = { 1, 4096, 65536 };
	void *map;
	size_t length;

	if (huge_page() == 0)
		SKIP(NO_HUGE_PAGE);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (int hole = 0; hole < 2; hole++) {
			int fd = raw_create("test", MFD_HUGETLB | MFD_ALLOW_SEALING);

			if (fd < 0 || fallocate(fd, 0, 0, sizes[i]) != 0) {
				close(fd);
				SKIP(NO_HUGE_PAGE);
			}
			if (hole)
				EQ(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1 << 30), 0);
			EQ(memfd_go_add_seals(fd, MEMFD_GO_SEALS_IMMUTABLE), 0);
			EQ(memfd_go_map_verified(fd, 0, INT64_MAX, 0, &map, &length), -EINVAL);
			EQ(memfd_go_map(fd, 0, 0, (size_t)sizes[i], &map), 0);
			if (hole)
				EQ(READ_SIGNAL(map), SIGBUS);
			EQ(memfd_go_unmap(map, (size_t)sizes[i]), 0);
			close(fd);
		}
}

static void rejects_null_pointers(void)
{
	for (size_t i = 0; i < NULL_POINTERS; i++) {
		EQ(memfd_go_unmap((void *)null_pointers[i], 1), -EFAULT);
		EQ(memfd_go_unmap((void *)null_pointers[i], (size_t)1 << 30), -EFAULT);
		EQ(memfd_go_unmap((void *)null_pointers[i], SIZE_MAX), -EFAULT);
		EQ(memfd_go_unmap((void *)null_pointers[i], 0), -EFAULT);
	}
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(unmaps_any_length_of_huge_pages);
	RUN(unmaps_no_more_than_the_last_huge_page);
	RUN(unmaps_ranges_that_begin_elsewhere);
	RUN(partial_huge_page_is_not_verified);
	RUN(rejects_null_pointers);
	return finish();
}
