/* SPDX-License-Identifier: MIT */

/* memfd_go_add_seals() and memfd_go_get_seals() behave like fcntl(2). */
#include "test.h"
#include "files.h"

static void each_seal_is_added_and_read_back(void)
{
	static const uint32_t seals[] = {
		F_SEAL_SEAL,
		F_SEAL_SHRINK,
		F_SEAL_GROW,
		F_SEAL_WRITE,
		F_SEAL_SHRINK | F_SEAL_GROW,
		MEMFD_GO_SEALS_IMMUTABLE,
	};

	for (size_t i = 0; i < sizeof seals / sizeof *seals; i++) {
		int fd = sealable_file();

		EQ(memfd_go_add_seals(fd, seals[i]), 0);
		EQ(without_exec(memfd_go_get_seals(fd)), seals[i]);
		close(fd);
	}
}

static void newer_seals_are_added_and_read_back(void)
{
	static const uint32_t seals[] = { F_SEAL_FUTURE_WRITE, F_SEAL_EXEC };

	for (size_t i = 0; i < sizeof seals / sizeof *seals; i++) {
		int fd = memfd_go_create("test", MFD_ALLOW_SEALING);
		int result = memfd_go_add_seals(fd, seals[i]);

		if (result == 0)
			EQ((uint32_t)memfd_go_get_seals(fd) & seals[i], seals[i]);
		else
			EQ(result, -EINVAL); /* before Linux 5.1 and 6.3 */
		close(fd);
	}
}

static void seals_accumulate(void)
{
	int fd = sealable_file();

	EQ(memfd_go_add_seals(fd, 0), 0);
	EQ(memfd_go_add_seals(fd, F_SEAL_GROW), 0);
	EQ(memfd_go_add_seals(fd, F_SEAL_SHRINK), 0);
	EQ(memfd_go_add_seals(fd, F_SEAL_SHRINK), 0);
	EQ(without_exec(memfd_go_get_seals(fd)), F_SEAL_GROW | F_SEAL_SHRINK);
	close(fd);
}

static void seal_seal_prevents_further_seals(void)
{
	int fd = sealable_file();

	EQ(memfd_go_add_seals(fd, F_SEAL_SEAL), 0);
	EQ(memfd_go_add_seals(fd, F_SEAL_GROW), -EPERM);
	EQ(memfd_go_add_seals(fd, 0), -EPERM);
	EQ(without_exec(memfd_go_get_seals(fd)), F_SEAL_SEAL);
	close(fd);
}

static void read_only_descriptor_cannot_add_seals(void)
{
	int fd = sealable_file(), reader = reopen(fd, O_RDONLY);

	EQ(memfd_go_add_seals(fd, F_SEAL_GROW), 0);
	EQ(without_exec(memfd_go_get_seals(reader)), F_SEAL_GROW);
	EQ(memfd_go_add_seals(reader, F_SEAL_SHRINK), -EPERM);
	close(reader);
	close(fd);
}

static void rejects_o_path_descriptors(void)
{
	int fd = sealable_file(), path = reopen(fd, O_PATH);

	EQ(memfd_go_get_seals(path), -EBADF);
	EQ(memfd_go_add_seals(path, F_SEAL_GROW), -EBADF);
	close(path);
	close(fd);
}

static void rejects_closed_descriptors(void)
{
	for (size_t i = 0; i < CLOSED_DESCRIPTORS; i++) {
		EQ(memfd_go_get_seals(closed_descriptors[i]), -EBADF);
		EQ(memfd_go_add_seals(closed_descriptors[i], F_SEAL_GROW), -EBADF);
	}
}

static void unknown_seals_add_nothing(void)
{
	int fd = sealable_file();

	for (int bit = 6; bit < 32; bit++)
		EQ(memfd_go_add_seals(fd, (uint32_t)1 << bit | F_SEAL_GROW), -EINVAL);
	EQ(memfd_go_add_seals(fd, 0xffffffff), -EINVAL);
	EQ(without_exec(memfd_go_get_seals(fd)), 0);
	close(fd);
}

static void rejects_files_without_seals(void)
{
	int files[] = { pipe_file(), open("/dev/null", O_RDWR), open("/proc/self/status", O_RDONLY) };

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		EQ(memfd_go_get_seals(files[i]), -EINVAL);
		close(files[i]);
	}
	files[0] = pipe_file();
	EQ(memfd_go_add_seals(files[0], F_SEAL_GROW), -EINVAL);
	close(files[0]);
}

static void file_on_tmpfs_looks_like_a_sealed_memfd(void)
{
	int fd = tmpfs_file();

	if (fd < 0)
		SKIP("no tmpfs on /dev/shm");
	EQ(memfd_go_get_seals(fd), F_SEAL_SEAL);
	EQ(memfd_go_add_seals(fd, F_SEAL_GROW), -EPERM);
	close(fd);
}

static void busy_while_mapped_shared_and_writable(void)
{
	size_t page = page_size();
	int fd = sized_file(page);
	void *map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(map != MAP_FAILED);
	EQ(memfd_go_add_seals(fd, F_SEAL_WRITE | F_SEAL_GROW), -EBUSY);
	EQ(without_exec(memfd_go_get_seals(fd)), 0);
	mprotect(map, page, PROT_READ);
	EQ(memfd_go_add_seals(fd, F_SEAL_WRITE), -EBUSY);
	munmap(map, page);
	EQ(memfd_go_add_seals(fd, F_SEAL_WRITE), 0);
	close(fd);
}

/* Adds F_SEAL_WRITE while a shared mapping exists, and after it was removed. */
static void seal_while_mapped(int protection, int open_mode, int result)
{
	size_t page = page_size();
	int fd = sized_file(page), mapped = reopen(fd, open_mode);
	void *map = mmap(NULL, page, protection, MAP_SHARED, mapped, 0);

	CHECK(map != MAP_FAILED);
	close(mapped);
	EQ(memfd_go_add_seals(fd, F_SEAL_WRITE), result);
	EQ(without_exec(memfd_go_get_seals(fd)), result == 0 ? F_SEAL_WRITE : 0);
	munmap(map, page);
	EQ(memfd_go_ensure_seals(fd, F_SEAL_WRITE), 0);
	close(fd);
}

/* The mapping counts if mprotect(2) could make it writable. */
static void busy_while_mprotect_could_make_it_writable(void)
{
	seal_while_mapped(PROT_WRITE, O_RDWR, -EBUSY);
	seal_while_mapped(PROT_READ, O_RDWR, -EBUSY);
	seal_while_mapped(PROT_NONE, O_RDWR, -EBUSY);
	seal_while_mapped(PROT_READ, O_RDONLY, 0);
}

static void duplicates_share_contents_and_seals(void)
{
	int fd = sealable_file(), copy = dup(fd), other = reopen(fd, O_RDWR);
	char text[8] = "";

	EQ(write(fd, "abcdef", 6), 6);
	EQ(lseek(copy, 0, SEEK_CUR), 6); /* one open file description */
	EQ(lseek(other, 0, SEEK_CUR), 0);
	EQ(pread(copy, text, 7, 0), 6);
	TEXT(text, "abcdef");
	EQ(pwrite(copy, "ABC", 3, 0), 3);
	EQ(read(other, text, 7), 6);
	TEXT(text, "ABCdef");
	EQ(memfd_go_add_seals(copy, F_SEAL_WRITE), 0);
	EQ(raw(pwrite(fd, "x", 1, 0)), -EPERM);
	EQ(raw(pwrite(other, "x", 1, 0)), -EPERM);
	EQ(without_exec(memfd_go_get_seals(fd)), F_SEAL_WRITE);
	close(fd);
	EQ(pread(copy, text, 7, 0), 6);
	TEXT(text, "ABCdef");
	close(copy);
	close(other);
}

static void private_mapping_does_not_prevent_sealing(void)
{
	size_t page = page_size();
	int fd = sized_file(page);
	char *map = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);

	CHECK(map != MAP_FAILED);
	EQ(memfd_go_add_seals(fd, F_SEAL_WRITE), 0);
	map[0] = 1;
	munmap(map, page);
	close(fd);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(each_seal_is_added_and_read_back);
	RUN(newer_seals_are_added_and_read_back);
	RUN(seals_accumulate);
	RUN(seal_seal_prevents_further_seals);
	RUN(read_only_descriptor_cannot_add_seals);
	RUN(rejects_o_path_descriptors);
	RUN(rejects_closed_descriptors);
	RUN(unknown_seals_add_nothing);
	RUN(rejects_files_without_seals);
	RUN(file_on_tmpfs_looks_like_a_sealed_memfd);
	RUN(busy_while_mapped_shared_and_writable);
	RUN(busy_while_mprotect_could_make_it_writable);
	RUN(duplicates_share_contents_and_seals);
	RUN(private_mapping_does_not_prevent_sealing);
	return finish();
}
