/* SPDX-License-Identifier: MIT */

/* memfd_go_check_seals() reports whether seals are set, and which are missing. */
#include "test.h"
#include "files.h"

#define UNTOUCHED 0xa5a5a5a5U

static void succeeds_if_all_are_set(void)
{
	int fd = sealable_file();
	uint32_t missing = UNTOUCHED;

	EQ(memfd_go_add_seals(fd, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_WRITE), 0);
	EQ(memfd_go_check_seals(fd, F_SEAL_GROW | F_SEAL_WRITE, &missing), 0);
	EQ(missing, 0);
	EQ(memfd_go_check_seals(fd, 0, NULL), 0);
	close(fd);
}

static void reports_missing_seals(void)
{
	int fd = sealable_file();
	uint32_t missing = UNTOUCHED;

	EQ(memfd_go_add_seals(fd, F_SEAL_GROW), 0);
	EQ(memfd_go_check_seals(fd, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_WRITE, &missing), -EKEYREJECTED);
	EQ(missing, F_SEAL_SHRINK | F_SEAL_WRITE);
	EQ(memfd_go_check_seals(fd, F_SEAL_SHRINK, NULL), -EKEYREJECTED);
	close(fd);
}

static void reports_unknown_seals_as_missing(void)
{
	int fd = sealable_file();
	uint32_t missing = UNTOUCHED;

	EQ(memfd_go_check_seals(fd, 0x80000000, &missing), -EKEYREJECTED);
	EQ(missing, 0x80000000);
	close(fd);
}

static void future_write_does_not_count_as_write(void)
{
	int fd = sealable_file();
	uint32_t missing = UNTOUCHED;

	if (memfd_go_add_seals(fd, F_SEAL_FUTURE_WRITE) == -EINVAL) {
		close(fd);
		SKIP("this kernel has no F_SEAL_FUTURE_WRITE");
	}
	EQ(memfd_go_check_seals(fd, F_SEAL_WRITE, &missing), -EKEYREJECTED);
	EQ(missing, F_SEAL_WRITE);
	close(fd);

	fd = sealable_file();
	EQ(memfd_go_add_seals(fd, F_SEAL_WRITE), 0);
	EQ(memfd_go_check_seals(fd, F_SEAL_FUTURE_WRITE, &missing), -EKEYREJECTED);
	EQ(missing, F_SEAL_FUTURE_WRITE);
	close(fd);
}

static void errors_do_not_write_missing(void)
{
	uint32_t missing = UNTOUCHED;
	int pipe = pipe_file(), fd = sealable_file(), path = reopen(fd, O_PATH);

	EQ(memfd_go_check_seals(pipe, F_SEAL_WRITE, &missing), -EINVAL);
	EQ(memfd_go_check_seals(path, F_SEAL_WRITE, &missing), -EBADF);
	for (size_t i = 0; i < CLOSED_DESCRIPTORS; i++)
		EQ(memfd_go_check_seals(closed_descriptors[i], 0, &missing), -EBADF);
	EQ(missing, UNTOUCHED);
	close(path);
	close(fd);
	close(pipe);
}

static void rejects_bad_pointers(void)
{
	int fd = sealable_file();

	/* NULL itself is allowed. */
	for (size_t i = 1; i < NULL_POINTERS; i++)
		EQ(memfd_go_check_seals(fd, 0, (uint32_t *)null_pointers[i]), -EFAULT);
	close(fd);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(succeeds_if_all_are_set);
	RUN(reports_missing_seals);
	RUN(reports_unknown_seals_as_missing);
	RUN(future_write_does_not_count_as_write);
	RUN(errors_do_not_write_missing);
	RUN(rejects_bad_pointers);
	return finish();
}
