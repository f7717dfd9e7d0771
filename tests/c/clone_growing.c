/* SPDX-License-Identifier: MIT */

/* memfd_go_clone() of a file that becomes one byte longer after statx(2). */
#include "test.h"
#include "child.h"
#include "contents.h"
#include "trap.h"

#define SIZE (2 * MIB)
#define HUGE_2MB (MFD_HUGETLB | 21U << 26)

static int source;

static void grow(const struct seccomp_data *data)
{
	struct stat status = { .st_size = 0 };

	if (data->nr != SYS_pread64 && data->nr != SYS_sendfile)
		return;
	EQ(fstat(source, &status), 0);
	if (status.st_size == SIZE)
		EQ(ftruncate(source, SIZE + 1), 0);
}

static void clone_growing_files(void)
{
	const uint32_t flags[] = { 0, HUGE_2MB };
	int huge = memfd_go_create_sealed("test", HUGE_2MB, 0, "x", 1);
	int fds[] = { sized_file(SIZE), sized_file(SIZE) };

	if (huge >= 0)
		close(huge);
	EQ(set_trap(grow), 0);
	for (size_t i = 0; i < (huge < 0 ? 1 : 2); i++) {
		source = fds[i];
		EQ(memfd_go_clone("clone", flags[i], 0, source, 2 * SIZE), -EAGAIN);
	}
}

static void growth_by_a_byte_is_an_error(void)
{
	if (why_not_trap() != NULL)
		SKIP(why_not_trap());
	IN_CHILD(clone_growing_files);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(growth_by_a_byte_is_an_error);
	return finish();
}
