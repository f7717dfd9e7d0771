/* SPDX-License-Identifier: MIT */

/* memfd_go_verify(), and MEMFD_GO_OPT_NO_HOLES of the verifying functions. */
#include "test.h"
#include "child.h"
#include "files.h"
#include "sockets.h"

#define LARGEST INT64_MAX
#define UNTOUCHED 77
#define PAGES 16

static int sealed_file(uint32_t seals)
{
	int fd = sealable_file();

	EQ(write(fd, "abcdef", 6), 6);
	EQ(memfd_go_add_seals(fd, seals), 0);
	return fd;
}

static void stores_the_size(void)
{
	int fd = sealed_file(MEMFD_GO_SEALS_IMMUTABLE), reader = reopen(fd, O_RDONLY);
	uint64_t size = UNTOUCHED;

	EQ(memfd_go_verify(fd, 0, LARGEST, 0, &size), 0);
	EQ(size, 6);
	EQ(memfd_go_verify(reader, MEMFD_GO_SEALS_IMMUTABLE, 6, 0, NULL), 0);
	close(reader);
	close(fd);
}

/* The file uses no memory. */
static void rejects_files_larger_than_the_address_space(void)
{
	int fd = sized_file((uint64_t)5 << 30);
	uint64_t size = UNTOUCHED;

	EQ(memfd_go_add_seals(fd, MEMFD_GO_SEALS_IMMUTABLE), 0);
	EQ(memfd_go_verify(fd, 0, LARGEST, 0, &size), sizeof(size_t) == 4 ? -EOVERFLOW : 0);
	EQ(size, sizeof(size_t) == 4 ? UNTOUCHED : (uint64_t)5 << 30);
	close(fd);
}

static void rejects_bad_files(void)
{
	int fd = sealed_file(F_SEAL_SHRINK), empty = memfd_go_create_sealed("test", MFD_CLOEXEC, 0, NULL, 0);
	int good = sealed_file(MEMFD_GO_SEALS_IMMUTABLE), pipe_end = pipe_file();
	int writer = sealable_file(), only_writer = reopen(writer, O_WRONLY), path = reopen(good, O_PATH);
	uint64_t size = UNTOUCHED;

	EQ(write(writer, "abcdef", 6), 6);
	EQ(memfd_go_add_seals(writer, MEMFD_GO_SEALS_IMMUTABLE), 0);
	EQ(memfd_go_verify(fd, 0, LARGEST, 0, &size), -EKEYREJECTED);
	EQ(memfd_go_verify(empty, 0, LARGEST, 0, &size), -ENODATA);
	EQ(memfd_go_verify(good, 0, 5, 0, &size), -EFBIG);
	EQ(memfd_go_verify(pipe_end, 0, LARGEST, 0, &size), -EINVAL);
	EQ(memfd_go_verify(only_writer, 0, LARGEST, 0, &size), -EACCES);
	EQ(memfd_go_verify(path, 0, LARGEST, 0, &size), -EBADF);
	for (size_t i = 0; i < CLOSED_DESCRIPTORS; i++)
		EQ(memfd_go_verify(closed_descriptors[i], 0, LARGEST, 0, &size), -EBADF);
	EQ(size, UNTOUCHED);
	close(path);
	close(only_writer);
	close(writer);
	close(pipe_end);
	close(good);
	close(empty);
	close(fd);
}

static void rejects_bad_arguments(void)
{
	int fd = sealed_file(MEMFD_GO_SEALS_IMMUTABLE);
	uint64_t size;
	size_t length;
	void *map;

	for (size_t i = 0; i < NULL_POINTERS; i++)
		if (null_pointers[i] != 0)
			EQ(memfd_go_verify(fd, 0, LARGEST, 0, (uint64_t *)null_pointers[i]), -EFAULT);
	for (int bit = 0; bit < 32; bit++)
		if ((uint32_t)1 << bit != MEMFD_GO_OPT_NO_HOLES) {
			EQ(memfd_go_verify(fd, 0, LARGEST, (uint32_t)1 << bit, &size), -EINVAL);
			EQ(memfd_go_map_verified(fd, 0, LARGEST, (uint32_t)1 << bit, &map, &length), -EINVAL);
		}
	close(fd);
}

/* ----------------------------------------------------------------------- Holes */

static long blocks_of(int fd)
{
	struct stat status = { .st_blocks = -1 };

	fstat(fd, &status);
	return (long)status.st_blocks;
}

/* Reads a byte of each page. */
static void touch_pages(const volatile char *map, size_t size)
{
	for (size_t i = 0; i < size; i += page_size())
		(void)map[i];
}

/* Before Linux 6.7 a write-sealed file can be mapped shared through a read-only descriptor only. */
static char *shared_mapping(int fd, size_t size)
{
	int reader = reopen(fd, O_RDONLY);
	char *map = mmap(NULL, size, PROT_READ, MAP_SHARED, reader, 0);

	CHECK(map != MAP_FAILED);
	close(reader);
	return map;
}

/* Reads all pages, then drops the unwritten ones, as the kernel does under memory pressure. */
static void touch_and_drop_pages(int fd, size_t size)
{
	char *map = shared_mapping(fd, size);

	touch_pages(map, size);
	madvise(map, size, MADV_PAGEOUT);
	munmap(map, size);
}

static int file_of_holes(uint32_t seals)
{
	int fd = sized_file(PAGES * page_size());

	EQ(memfd_go_add_seals(fd, seals), 0);
	return fd;
}

/* A hole that was read looks like data, so st_blocks and SEEK_HOLE are not reliable. */
static void kernel_drops_pages_of_holes_again(void)
{
	size_t size = PAGES * page_size();
	int fd = file_of_holes(MEMFD_GO_SEALS_IMMUTABLE);
	char *map = shared_mapping(fd, size);

	EQ(blocks_of(fd), 0);
	touch_pages(map, size);
	EQ(blocks_of(fd), (long)size / 512);
	EQ(lseek(fd, 0, SEEK_HOLE), (off_t)size);
	munmap(map, size);
	touch_and_drop_pages(fd, size);
	if (blocks_of(fd) == (long)size / 512) {
		close(fd);
		SKIP("this kernel has no MADV_PAGEOUT");
	}
	CHECK(lseek(fd, 0, SEEK_HOLE) < (off_t)size);
	close(fd);
}

static void check_allocated(int fd, size_t size)
{
	EQ(blocks_of(fd), (long)size / 512);
	touch_and_drop_pages(fd, size);
	EQ(blocks_of(fd), (long)size / 512);
}

static void no_holes_allocates_holes_permanently(void)
{
	static const uint32_t seals[] = { MEMFD_GO_SEALS_IMMUTABLE, F_SEAL_SHRINK | F_SEAL_WRITE,
					  F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE };
	size_t size = PAGES * page_size(), length;
	void *map;

	for (int way = 0; way < 3; way++)
		for (size_t i = 0; i < 3; i++) {
			struct channel c = open_channel(SOCK_STREAM);
			int fd = file_of_holes(seals[i]), got;

			if (way == 0) {
				EQ(memfd_go_verify(fd, F_SEAL_SHRINK, LARGEST, MEMFD_GO_OPT_NO_HOLES, NULL),
				   0);
			} else if (way == 1) {
				EQ(memfd_go_map_verified(fd, F_SEAL_SHRINK, LARGEST, MEMFD_GO_OPT_NO_HOLES,
							 &map, &length),
				   0);
				EQ(memfd_go_unmap(map, length), 0);
			} else {
				EQ(memfd_go_send_fds(c.sender, 0, &fd, 1, NULL, 0), 0);
				got = memfd_go_recv_verified(c.receiver, F_SEAL_SHRINK, LARGEST,
							     MEMFD_GO_OPT_NO_HOLES, NULL, NULL);
				CHECK(same_file(got, fd));
				close(got);
			}
			check_allocated(fd, size);
			close(fd);
			close_channel(c);
		}
}

/* The holes are read before the check. */
static void no_holes_allocates_holes_that_look_like_data(void)
{
	size_t size = PAGES * page_size();
	int fd = file_of_holes(MEMFD_GO_SEALS_IMMUTABLE);
	char *map = shared_mapping(fd, size);

	touch_pages(map, size);
	munmap(map, size);
	EQ(memfd_go_verify(fd, 0, LARGEST, MEMFD_GO_OPT_NO_HOLES, NULL), 0);
	check_allocated(fd, size);
	close(fd);
}

static void no_holes_works_with_read_only_descriptors(void)
{
	size_t size = PAGES * page_size();
	int fd = file_of_holes(MEMFD_GO_SEALS_IMMUTABLE), reader = reopen(fd, O_RDONLY);

	EQ(memfd_go_verify(reader, 0, LARGEST, MEMFD_GO_OPT_NO_HOLES, NULL), 0);
	check_allocated(fd, size);
	close(reader);
	close(fd);
}

/* The library reopens the file for a moment. */
static void reopen_as_descriptor_0(void)
{
	size_t size = PAGES * page_size();
	int fd = file_of_holes(MEMFD_GO_SEALS_IMMUTABLE), reader = reopen(fd, O_RDONLY);

	close(0);
	EQ(memfd_go_verify(reader, 0, LARGEST, MEMFD_GO_OPT_NO_HOLES, NULL), 0);
	EQ(raw(fcntl(0, F_GETFD)), -EBADF);
	check_allocated(fd, size);
	close(reader);
	close(fd);
}

static void no_holes_works_with_descriptor_0(void)
{
	IN_CHILD(reopen_as_descriptor_0);
}

static int read_only;

static void verify_as_nobody(void)
{
	drop_privileges();
	EQ(memfd_go_verify(read_only, 0, LARGEST, 0, NULL), 0);
	EQ(memfd_go_verify(read_only, 0, LARGEST, MEMFD_GO_OPT_NO_HOLES, NULL), -EACCES);
}

static void no_holes_fails_if_the_mode_forbids_writing(void)
{
	int fd = file_of_holes(MEMFD_GO_SEALS_IMMUTABLE);

	if (geteuid() != 0)
		SKIP("needs root, to become another user");
	EQ(fchmod(fd, 0444), 0);
	read_only = reopen(fd, O_RDONLY);
	close(fd);
	IN_CHILD(verify_as_nobody);
	close(read_only);
}

/* Opening the file for writing would break the lease. */
static void no_holes_fails_if_the_file_has_a_lease(void)
{
	int fd = file_of_holes(MEMFD_GO_SEALS_IMMUTABLE), reader = reopen(fd, O_RDONLY);

	close(fd);
	signal(SIGIO, SIG_IGN);
	EQ(fcntl(reader, F_SETLEASE, F_RDLCK), 0);
	EQ(memfd_go_verify(reader, 0, LARGEST, 0, NULL), 0);
	EQ(memfd_go_verify(reader, 0, LARGEST, MEMFD_GO_OPT_NO_HOLES, NULL), -EACCES);
	EQ(fcntl(reader, F_SETLEASE, F_UNLCK), 0);
	signal(SIGIO, SIG_DFL);
	close(reader);
}

/* Without one, new holes could be punched. */
static void no_holes_needs_a_write_seal(void)
{
	int fd = file_of_holes(F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);

	EQ(memfd_go_verify(fd, F_SEAL_SHRINK, LARGEST, 0, NULL), 0);
	EQ(memfd_go_verify(fd, F_SEAL_SHRINK, LARGEST, MEMFD_GO_OPT_NO_HOLES, NULL), -EKEYREVOKED);
	EQ(blocks_of(fd), 0);
	close(fd);
}

static void no_holes_allocates_huge_pages(void)
{
	int fd = raw_create("test", MFD_HUGETLB | MFD_ALLOW_SEALING);
	struct stat status;
	uint64_t size;
	int r;

	if (fd < 0 || fstat(fd, &status) != 0)
		SKIP("no hugetlbfs");
	EQ(ftruncate(fd, status.st_blksize), 0);
	EQ(memfd_go_add_seals(fd, MEMFD_GO_SEALS_IMMUTABLE), 0);
	r = memfd_go_verify(fd, 0, LARGEST, MEMFD_GO_OPT_NO_HOLES, &size);
	CHECK(r == 0 || r == -ENOSPC || r == -ENOMEM); /* no free huge page */
	EQ(blocks_of(fd), r == 0 ? status.st_blksize / 512 : 0);
	close(fd);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(stores_the_size);
	RUN(rejects_bad_files);
	RUN(rejects_files_larger_than_the_address_space);
	RUN(rejects_bad_arguments);
	RUN(kernel_drops_pages_of_holes_again);
	RUN(no_holes_allocates_holes_permanently);
	RUN(no_holes_allocates_holes_that_look_like_data);
	RUN(no_holes_works_with_read_only_descriptors);
	RUN(no_holes_works_with_descriptor_0);
	RUN(no_holes_fails_if_the_mode_forbids_writing);
	RUN(no_holes_fails_if_the_file_has_a_lease);
	RUN(no_holes_needs_a_write_seal);
	RUN(no_holes_allocates_huge_pages);
	return finish();
}
