/* SPDX-License-Identifier: MIT */

/* memfd_go_clone() of files whose size is not their length: of /proc, /sys and control groups. */
#include <sys/prctl.h>

#include "test.h"
#include "child.h"
#include "contents.h"
#include "filter.h"
#include "mounts.h"

#define SEALED MEMFD_GO_SEALS_IMMUTABLE

static char *read_all(int fd, size_t *length)
{
	static char text[PATTERN_MAX];
	ssize_t n;

	*length = 0;
	while (*length < sizeof text &&
	       (n = pread(fd, text + *length, sizeof text - *length, (off_t)*length)) > 0)
		*length += (size_t)n;
	return text;
}

/* Clones a file that does not change, and compares the contents. */
static void check_copy_of(const char *path, uint32_t flags)
{
	int source = open(path, O_RDONLY | O_CLOEXEC), copy;
	struct stat status = { 0 };
	const char *text;
	size_t length;

	CHECK(source >= 0);
	text = read_all(source, &length);
	CHECK(length > 0);
	EQ(lseek(source, 3, SEEK_SET), 3);
	copy = memfd_go_clone("copy", MFD_CLOEXEC | flags, 0, source, 1 << 30);
	CHECK(copy >= 0);
	EQ(lseek(source, 0, SEEK_CUR), 3);
	if (copy >= 0 && fstat(copy, &status) == 0)
		check_padded(copy, text, length, (size_t)status.st_size);
	EQ(flags == 0 && (size_t)status.st_size != length, 0);
	EQ(memfd_go_check_seals(copy, SEALED, NULL), 0);
	close(copy);
	close(source);
}

static void clones_files_in_proc(void)
{
	check_copy_of("/proc/version", 0);
	check_copy_of("/proc/self/cmdline", 0);
	check_copy_of("/proc/self/limits", 0);
}

static void clones_files_in_sys(void)
{
	if (access("/sys/devices/system/cpu/possible", R_OK) != 0)
		SKIP("no /sys");
	check_copy_of("/sys/devices/system/cpu/possible", 0);
}

/* statx(2) reports more bytes than the file has, and none for a file with one. */
static void reported_size_may_be_wrong(void)
{
	char name[16] = "";
	uint64_t size = 0;
	int source = open("/sys/devices/system/cpu/possible", O_RDONLY | O_CLOEXEC), copy;

	if (source < 0)
		SKIP("no /sys");
	EQ(memfd_go_get_size(source, &size), 0);
	CHECK(size > 100);
	copy = memfd_go_clone("copy", MFD_CLOEXEC, 0, source, 100);
	CHECK(copy >= 0);
	EQ(memfd_go_get_size(copy, &size), 0);
	CHECK(size > 0 && size < 100);
	close(copy);
	close(source);

	EQ(prctl(PR_GET_NAME, name), 0);
	EQ(prctl(PR_SET_NAME, ""), 0);
	source = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
	copy = memfd_go_clone("copy", MFD_CLOEXEC, 0, source, 1);
	check_padded(copy, "\n", 1, 1);
	close(copy);
	close(source);
	EQ(prctl(PR_SET_NAME, name), 0);
}

static void clone_mounted_files(void)
{
	check_own_mounts();
	if (mount("none", "/tmp", "binfmt_misc", 0, NULL) == 0)
		check_copy_of("/tmp/status", 0);
}

static void clones_files_mounted_below_proc(void)
{
	if (!can_mount())
		SKIP(NO_MOUNTS);
	IN_CHILD(clone_mounted_files);
}

static void clones_empty_files_in_proc(void)
{
	int source = open("/proc/self/environ", O_RDONLY | O_CLOEXEC), copy;
	uint64_t size = 1;

	copy = memfd_go_clone("copy", MFD_CLOEXEC, 0, source, 1 << 20);
	CHECK(copy >= 0);
	EQ(memfd_go_get_size(copy, &size), 0);
	CHECK(size < 1 << 20);
	close(copy);
	close(source);
}

/* Longer than what is read at once. */
static void clones_long_files(void)
{
	size_t page = page_size(), count = 8000;
	char *map = mmap(NULL, count * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int source = open("/proc/self/maps", O_RDONLY | O_CLOEXEC), copy;
	uint64_t size = 0;
	size_t length;

	/* Makes every second page a mapping of its own. */
	for (size_t i = 0; i < count; i += 2)
		mprotect(map + i * page, page, PROT_NONE);
	read_all(source, &length);
	copy = memfd_go_clone("copy", MFD_CLOEXEC, 0, source, 1 << 30);
	munmap(map, count * page);
	close(source);
	CHECK(copy >= 0);
	EQ(memfd_go_get_size(copy, &size), 0);
	close(copy);
	if (length < 3 * 65536)
		SKIP("the emulator shortens /proc/self/maps");
	CHECK(size > 3 * 65536);
}

static void copies_into_huge_pages(void)
{
	int file = memfd_go_create_sealed("test", MFD_HUGETLB, 0, "x", 1);

	if (file < 0)
		SKIP("no free huge page that can be mapped");
	close(file);
	check_copy_of("/proc/version", MFD_HUGETLB);
}

/* The mode of the file, which is closed. */
static uint32_t mode_of(int fd)
{
	struct stat status = { .st_mode = 0 };

	EQ(fstat(fd, &status), 0);
	close(fd);
	return status.st_mode & 07777;
}

static void create_on_an_old_kernel(void)
{
	int source = open("/proc/version", O_RDONLY | O_CLOEXEC);

	EQ(forbid_bits(SYS_memfd_create, 1, MFD_NOEXEC_SEAL | MFD_EXEC, EINVAL), 0);
	EQ(mode_of(memfd_go_clone("copy", MFD_NOEXEC_SEAL, 0, source, 1 << 20)), 0666);
	EQ(mode_of(memfd_go_clone_stream("copy", MFD_NOEXEC_SEAL, 0, source, 1 << 20)), 0666);
	EQ(mode_of(memfd_go_create_sealed("text", MFD_NOEXEC_SEAL, 0, "text", 4)), 0666);
	EQ(mode_of(memfd_go_create_sealed("text", MFD_EXEC, 0, "text", 4)), 0777);
	EQ(memfd_go_create_sealed("text", MFD_NOEXEC_SEAL | MFD_EXEC, 0, "text", 4), -EINVAL);
	EQ(memfd_go_create_sealed("text", MFD_NOEXEC_SEAL | 1U << 25, 0, "text", 4), -EINVAL);
	close(source);
}

static void exec_flags_work_before_6_3(void)
{
	if (!filters_work())
		SKIP(NO_FILTERS);
	if (!executable_by_default())
		SKIP(NOEXEC_BY_DEFAULT);
	IN_CHILD(create_on_an_old_kernel);
}

static void exec_flags_work_on_this_kernel(void)
{
	EQ(mode_of(memfd_go_create_sealed("text", MFD_NOEXEC_SEAL, 0, "text", 4)) & 0111, 0);
	EQ(memfd_go_create_sealed("text", MFD_NOEXEC_SEAL | MFD_EXEC, 0, "text", 4), -EINVAL);
	if (executables_work())
		EQ(mode_of(memfd_go_create_sealed("text", MFD_EXEC, 0, "text", 4)) & 0111, 0111);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(clones_files_in_proc);
	RUN(clones_files_in_sys);
	RUN(reported_size_may_be_wrong);
	RUN(clones_files_mounted_below_proc);
	RUN(clones_empty_files_in_proc);
	RUN(clones_long_files);
	RUN(copies_into_huge_pages);
	RUN(exec_flags_work_before_6_3);
	RUN(exec_flags_work_on_this_kernel);
	return finish();
}
