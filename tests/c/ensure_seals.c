/* SPDX-License-Identifier: MIT */

/* memfd_go_ensure_seals() adds the seals that are missing. */
#include "test.h"
#include "files.h"

static void adds_missing_seals(void)
{
	int fd = sealable_file();

	EQ(memfd_go_ensure_seals(fd, F_SEAL_GROW), 0);
	EQ(memfd_go_ensure_seals(fd, F_SEAL_GROW | F_SEAL_SHRINK), 0);
	EQ(without_exec(memfd_go_get_seals(fd)), F_SEAL_GROW | F_SEAL_SHRINK);
	close(fd);
}

static void succeeds_if_all_are_set(void)
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

static void fails_if_a_sealed_file_lacks_some(void)
{
	int fd = sealable_file();

	EQ(memfd_go_add_seals(fd, F_SEAL_SEAL | F_SEAL_GROW), 0);
	EQ(memfd_go_ensure_seals(fd, F_SEAL_GROW | F_SEAL_SHRINK), -EPERM);
	EQ(without_exec(memfd_go_get_seals(fd)), F_SEAL_SEAL | F_SEAL_GROW);
	close(fd);
}

static void fails_if_a_read_only_file_lacks_some(void)
{
	int fd = sealable_file(), reader = reopen(fd, O_RDONLY);

	EQ(memfd_go_ensure_seals(reader, F_SEAL_GROW), -EPERM);
	EQ(without_exec(memfd_go_get_seals(fd)), 0);
	close(reader);
	close(fd);
}

static void rejects_unknown_seals(void)
{
	int fd = sealable_file();

	EQ(memfd_go_ensure_seals(fd, 0x40), -EINVAL);
	EQ(memfd_go_ensure_seals(fd, 0x80000000 | F_SEAL_GROW), -EINVAL);
	EQ(without_exec(memfd_go_get_seals(fd)), 0);
	close(fd);
}

static void fails_while_mapped_writable(void)
{
	size_t page = page_size();
	int fd = sized_file(page);
	void *map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(map != MAP_FAILED);
	EQ(memfd_go_ensure_seals(fd, F_SEAL_WRITE), -EBUSY);
	munmap(map, page);
	close(fd);
}

static void rejects_files_without_seals(void)
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
	RUN(adds_missing_seals);
	RUN(succeeds_if_all_are_set);
	RUN(fails_if_a_sealed_file_lacks_some);
	RUN(fails_if_a_read_only_file_lacks_some);
	RUN(rejects_unknown_seals);
	RUN(fails_while_mapped_writable);
	RUN(rejects_files_without_seals);
	return finish();
}
