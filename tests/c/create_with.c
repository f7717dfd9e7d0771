/* SPDX-License-Identifier: MIT */

/* memfd_go_create_with() sets mode, size and seals of a new file. */
#include "test.h"
#include "files.h"

/* Without a flag, vm.memfd_noexec decides whether the file is executable. */
#define NOEXEC (MFD_CLOEXEC | MFD_NOEXEC_SEAL)

static struct stat status_of_file(int fd)
{
	struct stat status = { .st_mode = 0 };

	EQ(fstat(fd, &status), 0);
	return status;
}

static void null_args_mean_the_defaults(void)
{
	int fd = memfd_go_create_with("test", NULL, 0);

	CHECK(fd >= 0);
	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EQ(status_of_file(fd).st_mode & 07777, 0666);
	EQ(status_of_file(fd).st_size, 0);
	EQ(without_exec(memfd_go_get_seals(fd)), 0);
	EQ(memfd_go_add_seals(fd, MEMFD_GO_SEALS_IMMUTABLE), 0);
	close(fd);
}

static void zero_args_mean_no_flags(void)
{
	struct memfd_go_create_args args = { .flags = 0 };
	int fd = memfd_go_create_with("test", &args, sizeof args), plain = memfd_go_create("test", 0);

	EQ(fcntl(fd, F_GETFD), 0);
	EQ(memfd_go_get_seals(fd), memfd_go_get_seals(plain));
	EQ(status_of_file(fd).st_mode, status_of_file(plain).st_mode);
	close(plain);
	close(fd);
}

static void sets_the_mode(void)
{
	static const uint32_t modes[] = { 0600, 0640, 0666, 0001, 0777, 0500 };

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		struct memfd_go_create_args args = { .mode = modes[i] };
		int fd;

		args.flags = (modes[i] & 0111) == 0 ? NOEXEC : MFD_EXEC;
		fd = memfd_go_create_with("test", &args, sizeof args);
		if (args.flags == MFD_EXEC && !executables_work()) {
			EQ(fd, -EACCES);
			continue;
		}
		CHECK(fd >= 0);
		EQ(status_of_file(fd).st_mode, S_IFREG | modes[i]);
		close(fd);
	}
}

/* The kernel's result for a size: the limit on 32-bit kernels is at most 16 TiB. */
static int size_error(uint64_t size)
{
	int fd = raw_create("test", 0), error = (int)raw(ftruncate(fd, (off_t)size));

	close(fd);
	return error;
}

static void sets_the_size(void)
{
	static const uint64_t file_sizes[] = { 0, 1, 4096, 5000, 0x123456789ab, INT64_MAX };

	for (size_t i = 0; i < sizeof file_sizes / sizeof *file_sizes; i++) {
		struct memfd_go_create_args args = { .size = file_sizes[i] };
		int fd = memfd_go_create_with("test", &args, sizeof args), error = size_error(file_sizes[i]);
		uint64_t size = 0;

		if (error != 0) {
			EQ(fd, error);
			continue;
		}
		CHECK(fd >= 0);
		EQ(memfd_go_get_size(fd, &size), 0);
		EQ(size, file_sizes[i]);
		close(fd);
	}
}

static void adds_seals_after_mode_and_size(void)
{
	static const uint32_t seals[] = { F_SEAL_GROW, F_SEAL_SHRINK | F_SEAL_GROW,
					  MEMFD_GO_SEALS_IMMUTABLE };

	for (size_t i = 0; i < sizeof seals / sizeof *seals; i++) {
		struct memfd_go_create_args args = {
			.flags = NOEXEC,
			.size = 5000,
			.mode = 0600,
			.seals = seals[i],
		};
		int fd = memfd_go_create_with("test", &args, sizeof args);

		EQ(without_exec(memfd_go_get_seals(fd)), seals[i]);
		EQ(status_of_file(fd).st_size, 5000);
		EQ(status_of_file(fd).st_mode & 07777, 0600);
		close(fd);
	}
}

static void unsealable_adds_the_seal_seal(void)
{
	struct memfd_go_create_args args = { .flags = NOEXEC, .opts = MEMFD_GO_OPT_UNSEALABLE };
	int fd = memfd_go_create_with("test", &args, sizeof args);

	EQ(without_exec(memfd_go_get_seals(fd)), F_SEAL_SEAL);
	EQ(memfd_go_add_seals(fd, F_SEAL_GROW), -EPERM);
	close(fd);
	args.seals = F_SEAL_SHRINK;
	fd = memfd_go_create_with("test", &args, sizeof args);
	EQ(without_exec(memfd_go_get_seals(fd)), F_SEAL_SEAL | F_SEAL_SHRINK);
	close(fd);
}

static void kernel_gets_the_flags(void)
{
	struct memfd_go_create_args args = { .flags = NOEXEC, .opts = MEMFD_GO_OPT_STRICT_NOEXEC };
	int fd = raw_create("test", MFD_EXEC);

	if (fd < 0)
		SKIP("this kernel has no MFD_EXEC and MFD_NOEXEC_SEAL, or forbids them");
	close(fd);
	fd = memfd_go_create_with("test", &args, sizeof args);
	EQ(memfd_go_get_seals(fd), F_SEAL_EXEC);
	EQ(raw(fchmod(fd, 0700)), -EPERM);
	close(fd);
	args.flags = MFD_EXEC;
	fd = memfd_go_create_with("test", &args, sizeof args);
	EQ(status_of_file(fd).st_mode & 07777, 0777);
	EQ(memfd_go_get_seals(fd), F_SEAL_SEAL);
	close(fd);
}

static void creates_files_of_huge_pages(void)
{
	struct memfd_go_create_args args = { .flags = MFD_HUGETLB, .seals = F_SEAL_GROW };
	int fd = raw_create("test", MFD_HUGETLB);

	if (fd < 0)
		SKIP("no huge pages");
	args.size = (uint64_t)status_of_file(fd).st_blksize;
	close(fd);
	fd = memfd_go_create_with("test", &args, sizeof args);
	EQ(status_of_file(fd).st_size, args.size);
	EQ(without_exec(memfd_go_get_seals(fd)), F_SEAL_GROW);
	close(fd);
	args.size--;
	EQ(memfd_go_create_with("test", &args, sizeof args), -EINVAL);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(null_args_mean_the_defaults);
	RUN(zero_args_mean_no_flags);
	RUN(sets_the_mode);
	RUN(sets_the_size);
	RUN(adds_seals_after_mode_and_size);
	RUN(unsealable_adds_the_seal_seal);
	RUN(kernel_gets_the_flags);
	RUN(creates_files_of_huge_pages);
	return finish();
}
