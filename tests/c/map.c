/* SPDX-License-Identifier: MIT */

/* memfd_go_map() and memfd_go_unmap(). */
#include <sys/wait.h>

#include "test.h"
#include "files.h"
#include "smaps.h"

#define WRITE MEMFD_GO_OPT_WRITE
#define PRIVATE MEMFD_GO_OPT_PRIVATE
#define EXEC MEMFD_GO_OPT_EXEC
#define POPULATE MEMFD_GO_OPT_POPULATE

#define UNTOUCHED ((void *)0x5a5a)
#define LARGEST_PAGE 0x10000 /* on any architecture */

static int written_file(uint32_t seals)
{
	int fd = sealable_file();

	EQ(write(fd, "abcdef", 6), 6);
	EQ(memfd_go_add_seals(fd, seals), 0);
	return fd;
}

static void maps_for_reading(void)
{
	int fd = written_file(0);
	void *map = UNTOUCHED;

	EQ(memfd_go_map(fd, 0, 0, 6, &map), 0);
	EQ(memcmp(map, "abcdef", 7), 0); /* zeros up to the end of the page */
	EQ(memfd_go_unmap(map, 6), 0);
	close(fd);
}

static void stores_change_the_file(void)
{
	int fd = written_file(0);
	void *map = UNTOUCHED, *other = UNTOUCHED;

	EQ(memfd_go_map(fd, WRITE, 0, 6, &map), 0);
	EQ(memfd_go_map(fd, 0, 0, 6, &other), 0);
	((char *)map)[2] = 'C';
	EQ(memcmp(other, "abCdef", 6), 0);
	EQ(memfd_go_unmap(other, 6), 0);
	EQ(memfd_go_unmap(map, 6), 0);
	close(fd);
}

static void private_stores_do_not_change_the_file(void)
{
	int fd = written_file(MEMFD_GO_SEALS_IMMUTABLE);
	void *map = UNTOUCHED;
	char text[6];

	EQ(memfd_go_map(fd, WRITE | PRIVATE, 0, 6, &map), 0);
	memcpy(map, "ABCDEF", 6);
	EQ(pread(fd, text, 6, 0), 6);
	EQ(memcmp(text, "abcdef", 6), 0);
	EQ(memfd_go_unmap(map, 6), 0);
	close(fd);
}

static void write_sealed_file_maps_for_reading(void)
{
	int fd = written_file(MEMFD_GO_SEALS_IMMUTABLE), reader = reopen(fd, O_RDONLY);
	void *map = UNTOUCHED, *other = UNTOUCHED;

	EQ(memfd_go_map(fd, 0, 0, 6, &map), 0);
	EQ(memfd_go_map(reader, 0, 0, 6, &other), 0);
	EQ(memcmp(map, "abcdef", 6), 0);
	EQ(memcmp(other, "abcdef", 6), 0);
	EQ(memfd_go_unmap(map, 6), 0);
	EQ(memfd_go_unmap(other, 6), 0);
	close(reader);
	close(fd);
}

static void write_sealed_file_does_not_map_for_writing(void)
{
	int fd = written_file(F_SEAL_WRITE);
	void *map = UNTOUCHED;

	EQ(memfd_go_map(fd, WRITE, 0, 6, &map), -EPERM);
	EQ(memfd_go_map(fd, WRITE | POPULATE, 0, 6, &map), -EPERM);
	CHECK(map == UNTOUCHED);
	close(fd);
}

static void read_only_descriptor_maps_for_reading(void)
{
	int fd = written_file(0), reader = reopen(fd, O_RDONLY), writer = reopen(fd, O_WRONLY);
	void *map = UNTOUCHED;

	EQ(memfd_go_map(reader, WRITE, 0, 6, &map), -EACCES);
	EQ(memfd_go_map(writer, 0, 0, 6, &map), -EACCES);
	EQ(memfd_go_map(writer, WRITE, 0, 6, &map), -EACCES);
	CHECK(map == UNTOUCHED);
	EQ(memfd_go_map(reader, WRITE | PRIVATE, 0, 6, &map), 0);
	EQ(memfd_go_unmap(map, 6), 0);
	close(writer);
	close(reader);
	close(fd);
}

static void exec_makes_the_mapping_executable(void)
{
	int fd = written_file(0);
	void *map = UNTOUCHED;

	EQ(memfd_go_map(fd, 0, 0, 6, &map), 0);
	EQ(has_flag(map, "ex"), 0);
	EQ(memfd_go_unmap(map, 6), 0);
	EQ(memfd_go_map(fd, EXEC, 0, 6, &map), 0);
	EQ(memcmp(map, "abcdef", 6), 0);
	EQ(has_flag(map, "ex"), 1);
	EQ(memfd_go_unmap(map, 6), 0);
	close(fd);
}

static void populate_makes_all_pages_resident(void)
{
	size_t page = page_size();
	int fd = sized_file(4 * page);
	unsigned char resident[4] = { 0 };
	void *map = UNTOUCHED;

	EQ(memfd_go_map(fd, WRITE | POPULATE, 0, 4 * page, &map), 0);
	EQ(mincore(map, 4 * page, resident), 0);
	for (size_t i = 0; i < 4; i++)
		EQ(resident[i] & 1, 1);
	EQ(memfd_go_unmap(map, 4 * page), 0);
	close(fd);
}

static void without_populate_pages_are_not_resident(void)
{
	size_t page = page_size();
	int fd = sized_file(4 * page);
	struct stat status;
	void *map = UNTOUCHED;

	EQ(memfd_go_map(fd, WRITE, 0, 4 * page, &map), 0);
	EQ(fstat(fd, &status), 0);
	EQ(status.st_blocks, 0);
	EQ(memfd_go_unmap(map, 4 * page), 0);
	close(fd);
}

static void check_offset(int fd, uint64_t offset)
{
	void *map = UNTOUCHED;

	EQ(pwrite(fd, &offset, sizeof offset, (off_t)offset), sizeof offset);
	EQ(memfd_go_map(fd, 0, offset, sizeof offset, &map), 0);
	EQ(memcmp(map, &offset, sizeof offset), 0);
	EQ(memfd_go_unmap(map, sizeof offset), 0);
}

static void offsets_below_and_above_4_gib(void)
{
	static const uint64_t offsets[] = {
		0, LARGEST_PAGE, 0x7fff0000, 0x80000000, 0xffff0000, 0x100000000, 0x123450000, 0xff000000000,
	};
	int fd = sized_file(0x10000000000);

	for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++)
		check_offset(fd, offsets[i]);
	close(fd);
}

static void offset_of_one_page(void)
{
	int fd = sized_file(3 * page_size());

	check_offset(fd, page_size());
	check_offset(fd, 2 * page_size());
	close(fd);
}

static void rejects_ranges_that_do_not_fit(void)
{
	static const struct {
		uint64_t offset;
		size_t length;
	} large[] = {
		{ (uint64_t)INT64_MAX - (LARGEST_PAGE - 1), 2 * LARGEST_PAGE },
#if SIZE_MAX > 0xffffffff
		{ 0, SIZE_MAX },
		{ LARGEST_PAGE, (size_t)INT64_MAX },
		{ LARGEST_PAGE, SIZE_MAX }, /* the sum overflows */
#else
		{ (uint64_t)1 << 44, 1 }, /* mmap2(2) takes a 32-bit offset in units of 4096 bytes */
		{ (uint64_t)1 << 62, 1 },
#endif
	};
	int fd = sized_file(100);
	void *map = UNTOUCHED;

	for (size_t i = 0; i < sizeof large / sizeof *large; i++)
		EQ(memfd_go_map(fd, 0, large[i].offset, large[i].length, &map), -EOVERFLOW);
	CHECK(map == UNTOUCHED);
	close(fd);
}

static void rejects_offsets_above_int64_max(void)
{
	static const uint64_t offsets[] = {
		(uint64_t)INT64_MAX + 1, UINT64_MAX - (LARGEST_PAGE - 1), /* with 2 * LARGEST_PAGE it wraps */
	};
	int fd = sized_file(100);
	void *map = UNTOUCHED;

	for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
		EQ(memfd_go_map(fd, 0, offsets[i], 1, &map), -EINVAL);
		EQ(memfd_go_map(fd, 0, offsets[i], 2 * LARGEST_PAGE, &map), -EINVAL);
	}
	CHECK(map == UNTOUCHED);
	close(fd);
}

static void fails_without_room_in_the_address_space(void)
{
	size_t length = sizeof(void *) == 8 ? (size_t)1 << 62 : SIZE_MAX - LARGEST_PAGE;
	void *map = UNTOUCHED;
	int fd;

	if (has_room(length))
		SKIP(HAS_ROOM);
	fd = sized_file(100);
	EQ(memfd_go_map(fd, 0, 0, length, &map), -ENOMEM);
	CHECK(map == UNTOUCHED);
	close(fd);
}

static void rejects_invalid_offset_and_length(void)
{
	static const uint64_t offsets[] = { 1, 512, 2048, 4095, 0x100000001 };
	int fd = sized_file(0x200000000);
	void *map = UNTOUCHED;

	for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++)
		EQ(memfd_go_map(fd, 0, offsets[i], 100, &map), -EINVAL);
	EQ(memfd_go_map(fd, 0, page_size() / 2, 100, &map), -EINVAL);
	EQ(memfd_go_map(fd, 0, 0, 0, &map), -EINVAL);
	CHECK(map == UNTOUCHED);
	close(fd);
}

static void rejects_unknown_options(void)
{
	int fd = sized_file(100);
	void *map = UNTOUCHED;

	for (int bit = 0; bit < 32; bit++)
		if (((uint32_t)1 << bit & (WRITE | PRIVATE | EXEC | POPULATE)) == 0)
			EQ(memfd_go_map(fd, (uint32_t)1 << bit, 0, 100, &map), -EINVAL);
	CHECK(map == UNTOUCHED);
	close(fd);
}

static void rejects_bad_descriptors(void)
{
	int fd = sized_file(100), path = reopen(fd, O_PATH), directory = open("/proc", O_RDONLY);
	void *map = UNTOUCHED;

	for (size_t i = 0; i < CLOSED_DESCRIPTORS; i++)
		EQ(memfd_go_map(closed_descriptors[i], 0, 0, 100, &map), -EBADF);
	EQ(memfd_go_map(path, 0, 0, 100, &map), -EBADF);
	EQ(memfd_go_map(directory, 0, 0, 100, &map), -ENODEV);
	CHECK(map == UNTOUCHED);
	close(directory);
	close(path);
	close(fd);
}

static void rejects_bad_pointers(void)
{
	int fd = sized_file(100);

	for (size_t i = 0; i < NULL_POINTERS; i++)
		EQ(memfd_go_map(fd, 0, 0, 100, (void **)null_pointers[i]), -EFAULT);
	close(fd);
}

static void unmaps_in_parts_and_twice(void)
{
	size_t page = page_size();
	int fd = sized_file(3 * page);
	char *start_of_map;
	void *map = UNTOUCHED;

	EQ(memfd_go_map(fd, WRITE, 0, 3 * page, &map), 0);
	start_of_map = map;
	EQ(memfd_go_unmap(start_of_map + page, 1), 0);
	start_of_map[0] = start_of_map[2 * page] = 1;
	EQ(memfd_go_unmap(map, 3 * page), 0);
	EQ(memfd_go_unmap(map, 3 * page), 0);
	close(fd);
}

static void unmap_rejects_bad_ranges(void)
{
	int fd = sized_file(100);
	void *map = UNTOUCHED;

	EQ(memfd_go_map(fd, 0, 0, 100, &map), 0);
	EQ(memfd_go_unmap((char *)map + 1, 1), -EINVAL);
	EQ(memfd_go_unmap(map, 0), -EINVAL);
	EQ(memfd_go_unmap(map, SIZE_MAX), -EINVAL);
	EQ(memfd_go_unmap(map, 100), 0);
	close(fd);
}

/*
 * Unmaps the middle of a mapping when the process has the maximum number of mappings.
 * Returns 0, or 1 if the limit was not reached.
 */
static int split_the_last_mapping(void)
{
	size_t page = page_size(), pages = 200000;
	char *map = mmap(NULL, pages * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		return 1;
	/* Makes every fourth page a mapping of its own. */
	for (size_t i = 3; i < pages; i += 4)
		if (mprotect(map + i * page, page, PROT_READ) != 0)
			return memfd_go_unmap(map + page, page) == -ENOMEM ? 0 : 2;
	return 1;
}

static void unmap_fails_if_the_process_has_too_many_mappings(void)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0)
		_exit(split_the_last_mapping());
	EQ(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
		SKIP("the limit on mappings was not reached (vm.max_map_count)");
	EQ(status, 0);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(maps_for_reading);
	RUN(stores_change_the_file);
	RUN(private_stores_do_not_change_the_file);
	RUN(write_sealed_file_maps_for_reading);
	RUN(write_sealed_file_does_not_map_for_writing);
	RUN(read_only_descriptor_maps_for_reading);
	RUN(exec_makes_the_mapping_executable);
	RUN(populate_makes_all_pages_resident);
	RUN(without_populate_pages_are_not_resident);
	RUN(offsets_below_and_above_4_gib);
	RUN(offset_of_one_page);
	RUN(rejects_ranges_that_do_not_fit);
	RUN(rejects_offsets_above_int64_max);
	RUN(fails_without_room_in_the_address_space);
	RUN(rejects_invalid_offset_and_length);
	RUN(rejects_unknown_options);
	RUN(rejects_bad_descriptors);
	RUN(rejects_bad_pointers);
	RUN(unmaps_in_parts_and_twice);
	RUN(unmap_rejects_bad_ranges);
	RUN(unmap_fails_if_the_process_has_too_many_mappings);
	return finish();
}
