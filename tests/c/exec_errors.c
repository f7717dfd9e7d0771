/* SPDX-License-Identifier: MIT */

/* Errors of memfd_go_exec(), after which the descriptor is unchanged. */
#include "test.h"
#include "child.h"
#include "filter.h"
#include "mounts.h"
#include "programs.h"

#define INHERIT_FD MEMFD_GO_OPT_INHERIT_FD

static char *arguments[] = { "program", NULL };
static char *no_environment[] = { NULL };

static struct {
	int fd, error;
} tested;

/* With and without close-on-exec, and with and without the option. */
static void fail_to_execute(void)
{
	for (int flags = 0; flags <= FD_CLOEXEC; flags++) {
		EQ(fcntl(tested.fd, F_SETFD, flags), 0);
		EQ(memfd_go_exec(tested.fd, arguments, no_environment, 0), tested.error);
		EQ(fcntl(tested.fd, F_GETFD), flags);
		EQ(memfd_go_exec(tested.fd, arguments, no_environment, INHERIT_FD), tested.error);
		EQ(fcntl(tested.fd, F_GETFD), flags);
	}
}

/* In a child, in case the program runs. /bin/false makes it fail then. */
static void check_error(int fd, int error)
{
	CHECK(fd >= 0);
	tested.fd = fd;
	tested.error = error;
	IN_CHILD(fail_to_execute);
	close(fd);
}

static void rejects_files_without_execute_permission(void)
{
	int fd = memfd_go_create("test", MFD_CLOEXEC | MFD_NOEXEC_SEAL);

	if (fd == -EINVAL)
		SKIP("this kernel has no MFD_NOEXEC_SEAL");
	EQ(raw(write(fd, "#!/bin/false\n", 13)), 13);
	check_error(fd, -EACCES);
	fd = memfd_go_create("test", MFD_CLOEXEC);
	EQ(fchmod(fd, 0600), 0);
	check_error(fd, -EACCES);
}

static void execute_on_a_noexec_mount(void)
{
	int fd;

	replace_proc(MS_NOEXEC);
	fd = open("/proc/program", O_CREAT | O_RDWR | O_CLOEXEC, 0777);
	EQ(raw(write(fd, "#!/bin/false\n", 13)), 13);
	close(fd);
	check_error(open("/proc/program", O_RDONLY | O_CLOEXEC), -EACCES);
}

static void rejects_files_on_noexec_mounts(void)
{
	if (!can_mount())
		SKIP(NO_MOUNTS);
	IN_CHILD(execute_on_a_noexec_mount);
}

static void rejects_files_open_for_writing(void)
{
	int fd = program_copy("/bin/false");
	int writer = memfd_go_reopen(fd, O_RDWR);

	check_error(memfd_go_reopen(fd, O_RDONLY), -ETXTBSY);
	check_error(fd, -ETXTBSY);
	check_error(writer, -ETXTBSY);
}

static void rejects_files_that_are_not_programs(void)
{
	check_error(script("not a program\n"), -ENOEXEC);
	check_error(script(""), -ENOEXEC);
}

static void fails_if_the_interpreter_is_missing(void)
{
	check_error(script("#!/no/such/interpreter\n"), -ENOENT);
}

static void rejects_files_that_are_not_regular(void)
{
	check_error(open("/", O_RDONLY | O_CLOEXEC), -EACCES);
	check_error(open("/dev/null", O_RDONLY | O_CLOEXEC), -EACCES);
	for (size_t i = 0; i < CLOSED_DESCRIPTORS; i++)
		EQ(memfd_go_exec(closed_descriptors[i], arguments, no_environment, 0), -EBADF);
}

static void rejects_bad_pointers(void)
{
	char *page = page_before_a_guard();
	char *unreadable[] = { page + page_size(), NULL };
	int fd = program_copy("/bin/false");

	for (size_t i = 0; i < NULL_POINTERS; i++) {
		EQ(memfd_go_exec(fd, (char **)null_pointers[i], no_environment, 0), -EFAULT);
		if (null_pointers[i] != 0) /* NULL is the empty environment */
			EQ(memfd_go_exec(fd, arguments, (char **)null_pointers[i], 0), -EFAULT);
	}
	EQ(memfd_go_exec(fd, unreadable, no_environment, INHERIT_FD), -EFAULT);
	EQ(memfd_go_exec(fd, arguments, unreadable, INHERIT_FD), -EFAULT);
	EQ(memfd_go_exec(fd, (char **)(void *)(page + page_size()), no_environment, 0), -EFAULT);
	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	free_page_before_a_guard(page);
}

static void rejects_bad_options(void)
{
	for (int bit = 0; bit < 32; bit++)
		if (1U << bit != INHERIT_FD)
			EQ(memfd_go_exec(-1, arguments, no_environment, 1U << bit), -EINVAL);
}

/* The kernel's limit for one string is 32 pages. */
static void rejects_arguments_that_are_too_long(void)
{
	size_t length = 40 * page_size();
	char *text = malloc(length + 1);
	char *argv[] = { text, NULL };
	int fd = program_copy("/bin/false");

	memset(text, 'x', length);
	text[length] = '\0';
	EQ(memfd_go_exec(fd, argv, no_environment, INHERIT_FD), -E2BIG);
	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	free(text);
}

static void execute_without_execveat_and_proc(void)
{
	int fd = program_copy("/bin/false");

	hide_proc();
	EQ(forbid(SYS_execveat, ENOSYS), 0);
	check_error(fd, -ENOENT);
}

static void fails_without_execveat_and_proc(void)
{
	if (!filters_work())
		SKIP(NO_FILTERS);
	if (!can_mount())
		SKIP(NO_MOUNTS);
	IN_CHILD(execute_without_execveat_and_proc);
}

static void execute_under_a_filter(void)
{
	int fd = program_copy("/bin/false");

	EQ(forbid(SYS_execveat, EPERM), 0);
	check_error(fd, -EPERM);
}

static void returns_the_error_of_a_filter(void)
{
	if (!filters_work())
		SKIP(NO_FILTERS);
	IN_CHILD(execute_under_a_filter);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(rejects_files_without_execute_permission);
	RUN(rejects_files_on_noexec_mounts);
	RUN_PROGRAM(rejects_files_open_for_writing);
	RUN_PROGRAM(rejects_files_that_are_not_programs);
	RUN_PROGRAM(fails_if_the_interpreter_is_missing);
	RUN(rejects_files_that_are_not_regular);
	RUN_PROGRAM(rejects_bad_pointers);
	RUN(rejects_bad_options);
	RUN_PROGRAM(rejects_arguments_that_are_too_long);
	RUN_PROGRAM(fails_without_execveat_and_proc);
	RUN_PROGRAM(returns_the_error_of_a_filter);
	return finish();
}
