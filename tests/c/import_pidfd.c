/* SPDX-License-Identifier: MIT */

/* memfd_go_import_pidfd(). Kernels without pidfd_getfd(2) must return ENOSYS. */
#include <signal.h>

#include "test.h"
#include "child.h"
#include "files.h"

static int pidfd_of(pid_t pid)
{
	return (int)raw(syscall(SYS_pidfd_open, pid, 0));
}

static void wait_to_be_killed(void)
{
	pause();
}

static void kill_child(pid_t child)
{
	kill(child, SIGKILL);
	EQ(status_of(child), SIGKILL);
}

static void duplicates_a_descriptor_of_another_process(void)
{
	int fd = sealable_file(), pidfd, got;
	pid_t child = start_child(wait_to_be_killed); /* inherits fd */

	pidfd = pidfd_of(child);
	EQ(write(fd, "abcdef", 6), 6);
	got = memfd_go_import_pidfd(pidfd, fd, 0);
	EQ(fcntl(got, F_GETFD), FD_CLOEXEC);
	EQ(lseek(got, 0, SEEK_CUR), 6); /* the same open file description */
	EQ(memfd_go_add_seals(got, F_SEAL_GROW), 0);
	EQ(without_exec(memfd_go_get_seals(fd)), F_SEAL_GROW);
	close(got);
	kill_child(child);
	close(pidfd);
	close(fd);
}

static void duplicates_secret_files(void)
{
	struct memfd_go_info info;
	int fd = raw_secret(0), pidfd = pidfd_of(getpid()), got;

	if (fd < 0) {
		close(pidfd);
		SKIP("this kernel has no memfd_secret(2)");
	}
	got = memfd_go_import_pidfd(pidfd, fd, 0);
	EQ(memfd_go_inspect(got, 0, &info, sizeof info), 0);
	EQ(info.kind, MEMFD_GO_KIND_SECRET);
	close(got);
	close(pidfd);
	close(fd);
}

static void fails_without_such_a_descriptor(void)
{
	int fd = sealable_file(), pidfd = pidfd_of(getpid());

	for (size_t i = 0; i < CLOSED_DESCRIPTORS; i++) {
		EQ(memfd_go_import_pidfd(pidfd, closed_descriptors[i], 0), -EBADF);
		EQ(memfd_go_import_pidfd(closed_descriptors[i], fd, 0), -EBADF);
	}
	EQ(memfd_go_import_pidfd(fd, fd, 0), -EBADF); /* not a pidfd */
	close(pidfd);
	close(fd);
}

static void fails_if_the_process_has_ended(void)
{
	pid_t child = start_child(wait_to_be_killed);
	int pidfd = pidfd_of(child);

	kill_child(child);
	EQ(memfd_go_import_pidfd(pidfd, 0, 0), -ESRCH);
	close(pidfd);
}

static void import_from_parent(void)
{
	int pidfd = pidfd_of(getppid());

	drop_privileges();
	EQ(memfd_go_import_pidfd(pidfd, 0, 0), -EPERM);
}

static void fails_without_the_right_to_ptrace(void)
{
	if (geteuid() != 0)
		SKIP("needs root, to become another user");
	IN_CHILD(import_from_parent);
}

static void fails_at_rlimit_nofile(void)
{
	int pidfd = pidfd_of(getpid());
	rlim_t old = set_limit(RLIMIT_NOFILE, 0);
	int error = memfd_go_import_pidfd(pidfd, pidfd, 0);

	set_limit(RLIMIT_NOFILE, old);
	EQ(error, -EMFILE);
	close(pidfd);
}

static void fails_on_kernels_without_pidfd_getfd(void)
{
	EQ(memfd_go_import_pidfd(-1, 0, 0), -ENOSYS);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	if (raw(syscall(SYS_pidfd_getfd, -1, 0, 0)) == -ENOSYS) {
		RUN(fails_on_kernels_without_pidfd_getfd);
		return finish();
	}
	RUN(duplicates_a_descriptor_of_another_process);
	RUN(duplicates_secret_files);
	RUN(fails_without_such_a_descriptor);
	RUN(fails_if_the_process_has_ended);
	RUN(fails_without_the_right_to_ptrace);
	RUN(fails_at_rlimit_nofile);
	return finish();
}
