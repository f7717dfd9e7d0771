/* SPDX-License-Identifier: MIT */

/* memfd_go_clone() creates a sealed copy and does not change the source. */
#include "test.h"
#include "child.h"
#include "contents.h"
#include "filter.h"

static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 65537, MIB, 5 * MIB + 123 };
#define SIZES (sizeof sizes / sizeof *sizes)

static int disk_file(void)
{
	char path[] = "/tmp/memfd_go_clone.XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd >= 0)
		unlink(path);
	return fd;
}

static void check_clone(int source, const char *data, size_t size)
{
	off_t offset = lseek(source, 0, SEEK_CUR);
	int fd = memfd_go_clone("clone", MFD_CLOEXEC, 0, source, size);

	CHECK(fd >= 0);
	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EQ(without_exec(memfd_go_get_seals(fd)), MEMFD_GO_SEALS_IMMUTABLE);
	check_contents(fd, data, size);
	EQ(lseek(source, 0, SEEK_CUR), offset);
	close(fd);
}

/* Through a read-write descriptor and a read-only one. */
static void check_all_sizes(int (*new_file)(void))
{
	for (size_t i = 0; i < SIZES; i++) {
		int source = filled(new_file(), pattern(), sizes[i]), reader = reopen(source, O_RDONLY);

		check_clone(source, pattern(), sizes[i]);
		check_clone(reader, pattern(), sizes[i]);
		close(reader);
		close(source);
	}
}

static void clones_memfds(void)
{
	check_all_sizes(sealable_file);
}

static void clones_files_on_disk(void)
{
	check_all_sizes(disk_file);
}

static void clones_files_on_tmpfs(void)
{
	int fd = tmpfs_file();

	if (fd < 0)
		SKIP("no /dev/shm");
	close(fd);
	check_all_sizes(tmpfs_file);
}

static void clones_sealed_files(void)
{
	int source = memfd_go_create_sealed("test", MFD_CLOEXEC, 0, "abc", 3);

	check_clone(source, "abc", 3);
	close(source);
}

static void holes_become_zeros(void)
{
	int source = sized_file(3 * MIB);
	int fd = memfd_go_clone("clone", 0, 0, source, UINT64_MAX);

	check_padded(fd, "", 0, 3 * MIB);
	close(fd);
	close(source);
}

static void seals_and_flags_are_as_requested(void)
{
	int source = filled(sealable_file(), "abc", 3);
	int fd = memfd_go_clone("clone", 0, F_SEAL_GROW, source, 3);

	EQ(fcntl(fd, F_GETFD), 0);
	EQ(without_exec(memfd_go_get_seals(fd)), F_SEAL_GROW);
	EQ(raw(pwrite(fd, "x", 1, 0)), 1);
	lseek(source, 0, SEEK_SET);
	check_contents(source, "abc", 3);
	close(fd);
	close(source);
}

static void copies_into_huge_pages(void)
{
	size_t huge = huge_page(), size = 100000;
	int source, fd;

	if (huge == 0)
		SKIP(NO_HUGE_PAGE);
	source = filled(sealable_file(), pattern(), size);
	fd = memfd_go_clone("clone", MFD_HUGETLB, 0, source, size);
	check_padded(fd, pattern(), size, huge);
	EQ(without_exec(memfd_go_get_seals(fd)), MEMFD_GO_SEALS_IMMUTABLE);
	close(fd);
	close(source);
}

#ifdef SYS_sendfile64
#define SENDFILE SYS_sendfile64
#else
#define SENDFILE SYS_sendfile
#endif

static int sendfile_error;

static void clone_without_sendfile(void)
{
	EQ(forbid(SENDFILE, sendfile_error), 0);
	check_all_sizes(sealable_file);
}

static void works_without_sendfile(void)
{
	static const int errors[] = { ENOSYS, EINVAL, EPERM };

	if (!filters_work())
		SKIP(NO_FILTERS);
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		sendfile_error = errors[i];
		IN_CHILD(clone_without_sendfile);
	}
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(clones_memfds);
	RUN(clones_files_on_disk);
	RUN(clones_files_on_tmpfs);
	RUN(clones_sealed_files);
	RUN(holes_become_zeros);
	RUN(seals_and_flags_are_as_requested);
	RUN(copies_into_huge_pages);
	RUN(works_without_sendfile);
	return finish();
}
