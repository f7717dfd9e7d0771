/* SPDX-License-Identifier: MIT */

/* memfd_go_ensure_seals() adds what is missing, and nothing where nothing is. */
#include "test.h"
#include "files.h"

static void missing_seals_are_added(void)
{
	int fd = sealable_file();

	EQ(memfd_go_ensure_seals(fd, F_SEAL_GROW), 0);
	EQ(memfd_go_ensure_seals(fd, F_SEAL_GROW | F_SEAL_SHRINK), 0);
	EQ(without_exec(memfd_go_get_seals(fd)), F_SEAL_GROW | F_SEAL_SHRINK);
	close(fd);
}

static void sealed_file_has_them_already(void)
{
	int fd = sealable_file(), reader = reopen(fd, O_RDONLY);

	EQ(memfd_go_add_seals(fd, MEMFD_GO_SEALS_IMMUTABLE), 0);
	EQ(memfd_go_ensure_seals(fd, MEMFD_GO_SEALS_IMMUTABLE), 0);
	EQ(memfd_go_ensure_seals(fd, F_SEAL_WRITE), 0);
	EQ(memfd_go_ensure_seals(fd, 0), 0);
	EQ(memfd_go_ensure_seals(reader, F_SEAL_WRITE), 0);
	close(reader);
	close(fd);
}

static void missing_seals_of_a_sealed_file(void)
{
	int fd = sealable_file();

	EQ(memfd_go_add_seals(fd, F_SEAL_SEAL | F_SEAL_GROW), 0);
	EQ(memfd_go_ensure_seals(fd, F_SEAL_GROW | F_SEAL_SHRINK), -EPERM);
	EQ(without_exec(memfd_go_get_seals(fd)), F_SEAL_SEAL | F_SEAL_GROW);
	close(fd);
}

static void missing_seals_through_a_read_only_descriptor(void)
{
	int fd = sealable_file(), reader = reopen(fd, O_RDONLY);

	EQ(memfd_go_ensure_seals(reader, F_SEAL_GROW), -EPERM);
	EQ(without_exec(memfd_go_get_seals(fd)), 0);
	close(reader);
	close(fd);
}

static void unknown_seals(void)
{
	int fd = sealable_file();

	EQ(memfd_go_ensure_seals(fd, 0x40), -EINVAL);
	EQ(memfd_go_ensure_seals(fd, 0x80000000 | F_SEAL_GROW), -EINVAL);
	EQ(without_exec(memfd_go_get_seals(fd)), 0);
	close(fd);
}

static void busy(void)
{
	size_t page = page_size();
	int fd = sized_file(page);
	void *map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(map != MAP_FAILED);
	EQ(memfd_go_ensure_seals(fd, F_SEAL_WRITE), -EBUSY);
	munmap(map, page);
	close(fd);
}

static void descriptors_without_seals(void)
{
	int fd = pipe_file();

	EQ(memfd_go_ensure_seals(fd, F_SEAL_GROW), -EINVAL);
	EQ(memfd_go_ensure_seals(fd, 0), -EINVAL);
	close(fd);
	for (size_t i = 0; i < CLOSED_DESCRIPTORS; i++)
		EQ(memfd_go_ensure_seals(closed_descriptors[i], 0), -EBADF);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(missing_seals_are_added);
	RUN(sealed_file_has_them_already);
	RUN(missing_seals_of_a_sealed_file);
	RUN(missing_seals_through_a_read_only_descriptor);
	RUN(unknown_seals);
	RUN(busy);
	RUN(descriptors_without_seals);
	return finish();
}
