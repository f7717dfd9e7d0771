/* SPDX-License-Identifier: MIT */

/* memfd_go_map_verified() of files from an honest peer. See hostile_*.c for the others. */
#include "test.h"
#include "fault.h"
#include "files.h"

#define UNTOUCHED ((void *)0x5a5a)
#define ALL_SEALS 0x1f
#define LARGEST INT64_MAX

static struct {
	void *address;
	size_t length;
} map;

static int map_verified(int fd, uint32_t required, uint64_t max_len)
{
	map.address = UNTOUCHED;
	map.length = 77;
	return memfd_go_map_verified(fd, required, max_len, 0, &map.address, &map.length);
}

#define FAILS(call, error)                       \
	do {                                     \
		EQ((call), (error));             \
		CHECK(map.address == UNTOUCHED); \
		EQ(map.length, 77);              \
	} while (0)

static int file_with(uint32_t seals)
{
	int fd = sealable_file();

	EQ(write(fd, "abcdef", 6), 6);
	EQ(memfd_go_add_seals(fd, seals), 0);
	return fd;
}

static void maps_the_whole_file_for_reading(void)
{
	int fd = file_with(F_SEAL_WRITE | F_SEAL_SHRINK);

	EQ(map_verified(fd, 0, LARGEST), 0);
	EQ(map.length, 6);
	EQ(memcmp(map.address, "abcdef", 7), 0);
	EQ(WRITE_SIGNAL(map.address), SIGSEGV);
	EQ(memfd_go_unmap(map.address, map.length), 0);
	close(fd);
}

static void accepts_read_only_descriptors(void)
{
	int fd = file_with(MEMFD_GO_SEALS_IMMUTABLE), reader = reopen(fd, O_RDONLY);

	close(fd);
	EQ(map_verified(reader, MEMFD_GO_SEALS_IMMUTABLE, LARGEST), 0);
	EQ(memcmp(map.address, "abcdef", 6), 0);
	EQ(memfd_go_unmap(map.address, map.length), 0);
	close(reader);
}

static void accepts_noexec_files(void)
{
	int fd = memfd_go_create_sealed("test", MFD_NOEXEC_SEAL, 0, "abcdef", 6);

	if ((memfd_go_get_seals(fd) & F_SEAL_EXEC) == 0) {
		close(fd);
		SKIP("this kernel has no MFD_NOEXEC_SEAL");
	}
	EQ(map_verified(fd, F_SEAL_WRITE | F_SEAL_EXEC, LARGEST), 0);
	EQ(memfd_go_unmap(map.address, map.length), 0);
	close(fd);
}

/*
 * Whether F_SEAL_EXEC may have set the other seals while there were writable mappings, and the
 * kernel cannot be tested for that.
 */
static int seals_are_unreliable(int fd)
{
	int by_exec = F_SEAL_EXEC | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;

	return !executables_work() && (memfd_go_get_seals(fd) & by_exec) == by_exec;
}

/* SHRINK is always required, and WRITE too if 'required' is 0. */
static void rejects_files_without_a_required_seal(void)
{
	for (uint32_t seals = 0; seals <= ALL_SEALS; seals++) {
		int fd = file_with(seals);

		for (uint32_t required = 0; required <= ALL_SEALS; required++) {
			uint32_t needed = (required == 0 ? F_SEAL_WRITE : required) | F_SEAL_SHRINK;

			if ((seals & needed) == needed && seals_are_unreliable(fd)) {
				FAILS(map_verified(fd, required, LARGEST), -EKEYREVOKED);
			} else if ((seals & needed) == needed) {
				EQ(map_verified(fd, required, LARGEST), 0);
				EQ(memfd_go_unmap(map.address, map.length), 0);
			} else {
				FAILS(map_verified(fd, required, LARGEST), -EKEYREJECTED);
			}
		}
		close(fd);
	}
}

static void unknown_seals_are_never_set(void)
{
	int fd = file_with(MEMFD_GO_SEALS_IMMUTABLE);

	for (int bit = 6; bit < 32; bit++)
		FAILS(map_verified(fd, (uint32_t)1 << bit, LARGEST), -EKEYREJECTED);
	close(fd);
}

static void accepts_sizes_up_to_max_len(void)
{
	int fd = file_with(MEMFD_GO_SEALS_IMMUTABLE);

	EQ(map_verified(fd, 0, 6), 0);
	EQ(memfd_go_unmap(map.address, map.length), 0);
	EQ(map_verified(fd, 0, UINT64_MAX), 0);
	EQ(memfd_go_unmap(map.address, map.length), 0);
	FAILS(map_verified(fd, 0, 5), -EFBIG);
	FAILS(map_verified(fd, 0, 0), -EFBIG);
	close(fd);
}

static void rejects_empty_files(void)
{
	int fd = memfd_go_create_sealed("test", 0, 0, NULL, 0);

	FAILS(map_verified(fd, 0, LARGEST), -ENODATA);
	close(fd);
}

/* A file of holes uses no memory. */
static void fails_without_room_in_the_address_space(void)
{
	uint64_t size = (uint64_t)1 << (sizeof(size_t) == 8 ? 62 : 40);
	int fd;

	if (sizeof(size_t) == 8 && has_room((size_t)size))
		SKIP(HAS_ROOM);
	fd = sized_file(size);
	EQ(memfd_go_add_seals(fd, MEMFD_GO_SEALS_IMMUTABLE), 0);
	FAILS(map_verified(fd, 0, LARGEST), sizeof(size_t) == 4 ? -EOVERFLOW : -ENOMEM);
	close(fd);
}

static void rejects_write_only_descriptors(void)
{
	int fd = sealable_file(), writer = reopen(fd, O_WRONLY), path = reopen(fd, O_PATH);

	EQ(write(fd, "abcdef", 6), 6);
	EQ(memfd_go_add_seals(fd, MEMFD_GO_SEALS_IMMUTABLE), 0);
	FAILS(map_verified(writer, 0, LARGEST), -EACCES);
	FAILS(map_verified(path, 0, LARGEST), -EBADF);
	for (size_t i = 0; i < CLOSED_DESCRIPTORS; i++)
		FAILS(map_verified(closed_descriptors[i], 0, LARGEST), -EBADF);
	close(path);
	close(writer);
	close(fd);
}

static void rejects_bad_pointers(void)
{
	int fd = file_with(MEMFD_GO_SEALS_IMMUTABLE);
	size_t length = 77;
	void *address = UNTOUCHED;

	for (size_t i = 0; i < NULL_POINTERS; i++) {
		EQ(memfd_go_map_verified(fd, 0, LARGEST, 0, (void **)null_pointers[i], &length), -EFAULT);
		EQ(memfd_go_map_verified(fd, 0, LARGEST, 0, &address, (size_t *)null_pointers[i]), -EFAULT);
	}
	EQ(length, 77);
	CHECK(address == UNTOUCHED);
	close(fd);
}

static void maps_huge_pages(void)
{
	int fd = memfd_go_create_sealed("test", MFD_HUGETLB, 0, "abcdef", 6);

	if (fd < 0)
		SKIP("no huge pages");
	EQ(map_verified(fd, 0, LARGEST), 0);
	CHECK(map.length >= 65536);
	EQ(memcmp(map.address, "abcdef", 7), 0);
	EQ(memfd_go_unmap(map.address, map.length), 0);
	close(fd);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(maps_the_whole_file_for_reading);
	RUN(accepts_read_only_descriptors);
	RUN(accepts_noexec_files);
	RUN(rejects_files_without_a_required_seal);
	RUN(unknown_seals_are_never_set);
	RUN(accepts_sizes_up_to_max_len);
	RUN(rejects_empty_files);
	RUN(fails_without_room_in_the_address_space);
	RUN(rejects_write_only_descriptors);
	RUN(rejects_bad_pointers);
	RUN(maps_huge_pages);
	return finish();
}
