/* SPDX-License-Identifier: MIT */

/*
 * The flags of Linux 6.3 on older kernels, emulated by a filter that rejects MFD_NOEXEC_SEAL and
 * MFD_EXEC.
 */
#include "test.h"
#include "child.h"
#include "contents.h"
#include "files.h"
#include "filter.h"

static void emulate_old_kernel(void)
{
	EQ(forbid_bits(SYS_memfd_create, 1, MFD_NOEXEC_SEAL | MFD_EXEC, EINVAL), 0);
}

static uint32_t mode_of(int fd)
{
	struct stat status = { .st_mode = 0 };

	EQ(fstat(fd, &status), 0);
	return status.st_mode & 07777;
}

static void create_noexec(void)
{
	struct memfd_go_create_args args = { .flags = MFD_CLOEXEC | MFD_NOEXEC_SEAL };
	int fd;

	emulate_old_kernel();
	EQ(memfd_go_create("test", MFD_NOEXEC_SEAL), -EINVAL);
	fd = memfd_go_create_with("test", &args, sizeof args);
	EQ(mode_of(fd), 0666);
	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EQ(memfd_go_get_seals(fd), 0);
	EQ(memfd_go_add_seals(fd, MEMFD_GO_SEALS_IMMUTABLE), 0);
	close(fd);

	fd = memfd_go_create_with("test", NULL, 0);
	EQ(mode_of(fd), 0666);
	EQ(memfd_go_get_seals(fd), 0);
	close(fd);
}

static void create_noexec_with_all(void)
{
	struct memfd_go_create_args args = {
		.flags = MFD_NOEXEC_SEAL,
		.mode = 0640,
		.size = 5000,
		.seals = F_SEAL_GROW,
		.opts = MEMFD_GO_OPT_UNSEALABLE,
	};
	uint64_t size = 0;
	int fd;

	emulate_old_kernel();
	fd = memfd_go_create_with("test", &args, sizeof args);
	EQ(mode_of(fd), 0640);
	EQ(memfd_go_get_seals(fd), F_SEAL_GROW | F_SEAL_SEAL);
	EQ(memfd_go_get_size(fd, &size), 0);
	EQ(size, 5000);
	close(fd);
}

static void create_executable(void)
{
	struct memfd_go_create_args args = { .flags = MFD_EXEC };
	int fd;

	emulate_old_kernel();
	fd = memfd_go_create_with("test", &args, sizeof args);
	EQ(mode_of(fd), 0777);
	EQ(memfd_go_get_seals(fd), F_SEAL_SEAL);
	close(fd);
}

static void create_strict(void)
{
	struct memfd_go_create_args args = { .flags = MFD_NOEXEC_SEAL, .opts = MEMFD_GO_OPT_STRICT_NOEXEC };

	emulate_old_kernel();
	EQ(memfd_go_create_with("test", &args, sizeof args), -EOPNOTSUPP);
	args.flags = MFD_EXEC;
	EQ(memfd_go_create_with("test", &args, sizeof args), -EOPNOTSUPP);
	args.flags = MFD_NOEXEC_SEAL | 0x20; /* unknown everywhere */
	EQ(memfd_go_create_with("test", &args, sizeof args), -EINVAL);
	args.flags = MFD_CLOEXEC;
	close(memfd_go_create_with("test", &args, sizeof args));
}

static void check_sealed_copy(int fd)
{
	EQ(mode_of(fd), 0666);
	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EQ(memfd_go_get_seals(fd), MEMFD_GO_SEALS_IMMUTABLE);
	check_contents(fd, "abc", 3);
	close(fd);
}

static void create_sealed_noexec(void)
{
	uint32_t flags = MFD_CLOEXEC | MFD_NOEXEC_SEAL;
	int source = memfd_go_create_sealed("test", 0, 0, "abc", 3);

	emulate_old_kernel();
	check_sealed_copy(memfd_go_create_sealed("test", flags, 0, "abc", 3));
	check_sealed_copy(memfd_go_clone("test", flags, 0, source, 3));
	check_sealed_copy(memfd_go_clone_stream("test", flags, 0, source, 3));
}

static void fail_in_fchmod(void)
{
	struct memfd_go_create_args args = { .flags = MFD_NOEXEC_SEAL };
	int source = memfd_go_create_sealed("test", 0, 0, "abc", 3);
	long descriptors = count_descriptors();

	emulate_old_kernel();
	EQ(forbid(SYS_fchmod, EPERM), 0);
	EQ(memfd_go_create_sealed("test", MFD_NOEXEC_SEAL, 0, "abc", 3), -EPERM);
	EQ(memfd_go_clone("test", MFD_NOEXEC_SEAL, 0, source, 3), -EPERM);
	EQ(memfd_go_clone_stream("test", MFD_NOEXEC_SEAL, 0, source, 3), -EPERM);
	EQ(memfd_go_create_with("test", &args, sizeof args), -EPERM);
	args.flags = MFD_NOEXEC_SEAL | 0x20;
	EQ(memfd_go_create_with("test", &args, sizeof args), -EINVAL);
	EQ(memfd_go_create_sealed("test", MFD_NOEXEC_SEAL | 0x20, 0, "abc", 3), -EINVAL);
	EQ(count_descriptors(), descriptors);
}

#define TEST(name, body)                         \
	static void name(void)                   \
	{                                        \
		if (!filters_work())             \
			SKIP(NO_FILTERS);        \
		if (!executable_by_default())    \
			SKIP(NOEXEC_BY_DEFAULT); \
		IN_CHILD(body);                  \
	}

TEST(emulated_noexec_file_is_sealable, create_noexec)
TEST(mode_size_and_seals_are_as_requested, create_noexec_with_all)
TEST(emulated_exec_file_is_executable, create_executable)
TEST(strict_noexec_fails_instead_of_emulating, create_strict)
TEST(sealed_files_and_copies_are_noexec_too, create_sealed_noexec)
TEST(returns_errors_of_the_emulation, fail_in_fchmod)

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(emulated_noexec_file_is_sealable);
	RUN(mode_size_and_seals_are_as_requested);
	RUN(emulated_exec_file_is_executable);
	RUN(strict_noexec_fails_instead_of_emulating);
	RUN(sealed_files_and_copies_are_noexec_too);
	RUN(returns_errors_of_the_emulation);
	return finish();
}
