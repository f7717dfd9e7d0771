/* SPDX-License-Identifier: MIT */

/* memfd_go_exec() executes programs in memfds. */
#include "test.h"
#include "child.h"
#include "filter.h"
#include "programs.h"

/* What the child executes. */
static struct {
	int fd;
	const char *command; /* of the shell */
	uint32_t opts;
} program;

static void execute(void)
{
	char *argv[] = { "sh", "-c", (char *)program.command, NULL };
	char *envp[] = { "CODE=7", NULL };

	EQ(memfd_go_exec(program.fd, argv, envp, program.opts), 0); /* never returns */
}

static void check_exit(int code)
{
	EQ(status_of(start_child(execute)), code << 8);
}

static void use(int fd, const char *command, uint32_t opts)
{
	program.fd = fd;
	program.command = command;
	program.opts = opts;
}

static void executes_a_sealed_copy(void)
{
	use(program_copy("/bin/true"), "", 0);
	CHECK(program.fd >= 0);
	EQ(memfd_go_check_seals(program.fd, MEMFD_GO_SEALS_IMMUTABLE, NULL), 0);
	check_exit(0);
	close(program.fd);
}

static void passes_arguments_and_environment(void)
{
	use(program_copy("/bin/sh"), "exit $CODE", 0);
	check_exit(7);
	program.opts = MEMFD_GO_OPT_INHERIT_FD;
	check_exit(7);
	close(program.fd);
}

static void execute_with_null(void)
{
	char *argv[] = { "sh", "-c", (char *)program.command, NULL };

	setenv("CODE", "9", 1);
	EQ(memfd_go_exec(program.fd, argv, NULL, program.opts), 0); /* never returns */
}

/* It is not the caller's environment. */
static void null_envp_is_an_empty_environment(void)
{
	use(program_copy("/bin/sh"), "exit ${CODE:-7}", 0);
	EQ(status_of(start_child(execute_with_null)), 7 << 8);
	close(program.fd);
}

static void program_inherits_the_descriptor_on_request(void)
{
	char command[64];

	use(program_copy("/bin/sh"), command, 0);
	snprintf(command, sizeof command, "test -e /proc/$$/fd/%d", program.fd);
	check_exit(1);
	program.opts = MEMFD_GO_OPT_INHERIT_FD;
	check_exit(0);
	EQ(fcntl(program.fd, F_GETFD), FD_CLOEXEC);
	close(program.fd);
}

static void accepts_read_only_and_o_path_descriptors(void)
{
	static const uint32_t flags[] = { O_RDONLY, O_PATH };
	int fd = program_copy("/bin/true");

	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		use(memfd_go_reopen(fd, flags[i]), "", 0);
		check_exit(0);
		close(program.fd);
	}
	close(fd);
}

static void executes_files_created_with_mfd_exec(void)
{
	int fd = memfd_go_create("program", MFD_CLOEXEC | MFD_EXEC | MFD_ALLOW_SEALING);

	if (fd == -EINVAL)
		SKIP("this kernel has no MFD_EXEC");
	EQ(raw(write(fd, "#!/bin/true\n", 12)), 12);
	use(fd, "", MEMFD_GO_OPT_INHERIT_FD);
	check_exit(0);
	close(program.fd);
}

static void fail_without_the_descriptor(void)
{
	char *argv[] = { "script", NULL }, *envp[] = { NULL };

	EQ(memfd_go_exec(program.fd, argv, envp, 0), -ENOENT);
	EQ(fcntl(program.fd, F_GETFD), FD_CLOEXEC);
}

static void scripts_need_inherit_fd(void)
{
	use(script("#!/bin/sh\nexit 8\n"), "", 0);
	IN_CHILD(fail_without_the_descriptor);
	program.opts = MEMFD_GO_OPT_INHERIT_FD;
	check_exit(8);
	program.opts = 0;
	EQ(fcntl(program.fd, F_SETFD, 0), 0);
	check_exit(8);
	close(program.fd);
}

static void execute_without_execveat(void)
{
	EQ(forbid(SYS_execveat, ENOSYS), 0);
	execute();
}

static void works_without_execveat(void)
{
	if (!filters_work())
		SKIP(NO_FILTERS);
	use(program_copy("/bin/sh"), "exit $CODE", 0);
	EQ(status_of(start_child(execute_without_execveat)), 7 << 8);
	close(program.fd);
	use(script("#!/bin/sh\nexit 8\n"), "", MEMFD_GO_OPT_INHERIT_FD);
	EQ(status_of(start_child(execute_without_execveat)), 8 << 8);
	close(program.fd);
}

/* Older kernels use the number of the descriptor. */
static void process_has_the_name_of_the_file(void)
{
	use(program_copy("/bin/sh"),
	    "read name </proc/$$/comm; case $name in memfd:program|[0-9]*) exit 0; esac; exit 1", 0);
	check_exit(0);
	close(program.fd);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN_PROGRAM(executes_a_sealed_copy);
	RUN_PROGRAM(passes_arguments_and_environment);
	RUN_PROGRAM(null_envp_is_an_empty_environment);
	RUN_PROGRAM(program_inherits_the_descriptor_on_request);
	RUN_PROGRAM(accepts_read_only_and_o_path_descriptors);
	RUN_PROGRAM(executes_files_created_with_mfd_exec);
	RUN_PROGRAM(scripts_need_inherit_fd);
	RUN_PROGRAM(works_without_execveat);
	RUN_PROGRAM(process_has_the_name_of_the_file);
	return finish();
}
