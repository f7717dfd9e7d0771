/* SPDX-License-Identifier: MIT */

/* memfd_go_import_pid(). */
#include <signal.h>
#include <sys/socket.h>

#include "test.h"
#include "child.h"
#include "files.h"

static int import(int fd, uint32_t flags)
{
	return memfd_go_import_pid(getpid(), fd, flags);
}

static void wait_to_be_killed(void)
{
	pause();
}

static void opens_a_file_of_another_process(void)
{
	int fd = sealable_file(), got;
	pid_t child = start_child(wait_to_be_killed); /* inherits fd */
	char text[8] = "";

	EQ(write(fd, "abcdef", 6), 6);
	got = memfd_go_import_pid(child, fd, O_RDONLY);
	EQ(fcntl(got, F_GETFD), FD_CLOEXEC);
	EQ(fcntl(got, F_GETFL) & O_ACCMODE, O_RDONLY);
	EQ(lseek(got, 0, SEEK_CUR), 0); /* another open file description */
	EQ(read(got, text, sizeof text), 6);
	TEXT(text, "abcdef");
	EQ(lseek(fd, 0, SEEK_CUR), 6);
	close(got);
	kill(child, SIGKILL);
	EQ(status_of(child), SIGKILL);
	close(fd);
}

static void takes_the_flags_of_open(void)
{
	int fd = sealable_file(), got = import(fd, O_RDWR | O_APPEND);

	EQ(fcntl(got, F_GETFL) & (O_ACCMODE | O_APPEND), O_RDWR | O_APPEND);
	EQ(fcntl(got, F_GETFD), FD_CLOEXEC);
	close(got);
	got = import(fd, O_PATH);
	EQ(memfd_go_get_seals(got), -EBADF);
	close(got);
	EQ(import(fd, O_RDONLY | O_NOFOLLOW), -ELOOP);
	EQ(import(fd, O_RDONLY | O_DIRECTORY), -ENOTDIR);
	close(fd);
}

static void rejects_numbers_out_of_range(void)
{
	static const int not_positive[] = { 0, -1, -100, INT32_MIN };

	for (int i = 0; i < 4; i++)
		EQ(memfd_go_import_pid(not_positive[i], 0, O_RDONLY), -EINVAL);
	for (int i = 1; i < 4; i++)
		EQ(import(not_positive[i], O_RDONLY), -EINVAL);
}

static void exit_at_once(void)
{
}

static void fails_without_such_a_process_or_descriptor(void)
{
	pid_t child = start_child(exit_at_once);

	EQ(status_of(child), 0);
	EQ(memfd_go_import_pid(child, 0, O_RDONLY), -ENOENT);
	EQ(memfd_go_import_pid(INT32_MAX, INT32_MAX, O_RDONLY), -ENOENT);
	CHECK(memfd_go_import_pid(1, INT32_MAX, O_RDONLY) != -EINVAL); /* -EACCES for other users */
	EQ(import(1000000, O_RDONLY), -ENOENT);
	EQ(import(INT32_MAX, O_RDONLY), -ENOENT);
}

static void rejects_files_that_cannot_be_reopened(void)
{
	int ends[2], secret = raw_secret(0);

	EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	EQ(import(ends[0], O_RDONLY), -ENXIO);
	if (secret >= 0) {
		EQ(import(secret, O_RDONLY), -ENXIO);
		close(secret);
	}
	close(ends[0]);
	close(ends[1]);
}

/* Opening one would wait for a writer. */
static void rejects_fifos_without_waiting(void)
{
	char path[] = "/tmp/memfd_go-fifo-XXXXXX";
	int fd = mkstemp(path);

	close(fd);
	unlink(path);
	EQ(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	unlink(path);
	EQ(import(fd, O_RDONLY), -ENXIO);
	EQ(import(fd, O_WRONLY), -ENXIO);
	EQ(import(fd, O_PATH), -ENXIO);
	close(fd);
}

/* Opening a device can have side effects. */
static void rejects_files_that_are_not_regular(void)
{
	int device = open("/dev/null", O_RDWR | O_CLOEXEC), directory = open("/", O_RDONLY | O_CLOEXEC);

	EQ(import(device, O_RDWR), -ENXIO);
	EQ(import(directory, O_RDONLY), -ENXIO);
	close(device);
	close(directory);
}

/* Opening the file would wait for the holder of the lease, for up to 45 seconds. */
static void fails_if_the_file_has_a_lease(void)
{
	int fd = sealable_file(), reader = reopen(fd, O_RDONLY);

	close(fd);
	signal(SIGIO, SIG_IGN);
	EQ(fcntl(reader, F_SETLEASE, F_WRLCK), 0);
	EQ(import(reader, O_RDONLY), -EAGAIN);
	EQ(import(reader, O_RDWR), -EAGAIN);
	EQ(memfd_go_reopen(reader, O_RDONLY), -EAGAIN);
	EQ(fcntl(reader, F_SETLEASE, F_UNLCK), 0);
	signal(SIGIO, SIG_DFL);
	close(reader);
}

/* The library opens the file with O_NONBLOCK and removes the flag afterwards. */
static void o_nonblock_is_as_requested(void)
{
	int fd = sealable_file(), got = import(fd, O_RDWR);

	EQ(fcntl(got, F_GETFL) & O_NONBLOCK, 0);
	close(got);
	got = import(fd, O_RDWR | O_NONBLOCK);
	EQ(fcntl(got, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	close(got);
	got = memfd_go_reopen(fd, O_RDWR);
	EQ(fcntl(got, F_GETFL) & O_NONBLOCK, 0);
	close(got);
	close(fd);
}

static void write_seal_holds_for_the_new_descriptor(void)
{
	int fd = memfd_go_create_sealed("test", 0, 0, "abcdef", 6), got = import(fd, O_RDWR);

	EQ(raw(pwrite(got, "x", 1, 0)), -EPERM);
	close(got);
	close(fd);
}

static void import_from_parent(void)
{
	pid_t parent = getppid();

	drop_privileges();
	EQ(memfd_go_import_pid(parent, 0, O_RDONLY), -EACCES);
}

static void fails_without_the_right_to_ptrace(void)
{
	if (geteuid() != 0)
		SKIP("needs root, to become another user");
	IN_CHILD(import_from_parent);
}

static int read_only;

static void import_read_only(void)
{
	int reader;

	drop_privileges();
	EQ(import(read_only, O_RDWR), -EACCES);
	reader = import(read_only, O_RDONLY);
	CHECK(reader >= 0);
}

static void fails_if_the_mode_forbids_it(void)
{
	if (geteuid() != 0)
		SKIP("needs root, to become another user");
	read_only = sealable_file();
	EQ(fchmod(read_only, 0444), 0);
	IN_CHILD(import_read_only);
	close(read_only);
}

static void fails_at_rlimit_nofile(void)
{
	int fd = sealable_file();
	rlim_t old = set_limit(RLIMIT_NOFILE, 0);
	int error = import(fd, O_RDONLY);

	set_limit(RLIMIT_NOFILE, old);
	EQ(error, -EMFILE);
	close(fd);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(opens_a_file_of_another_process);
	RUN(takes_the_flags_of_open);
	RUN(rejects_numbers_out_of_range);
	RUN(fails_without_such_a_process_or_descriptor);
	RUN(rejects_files_that_cannot_be_reopened);
	RUN(rejects_fifos_without_waiting);
	RUN(rejects_files_that_are_not_regular);
	RUN(fails_if_the_file_has_a_lease);
	RUN(o_nonblock_is_as_requested);
	RUN(write_seal_holds_for_the_new_descriptor);
	RUN(fails_without_the_right_to_ptrace);
	RUN(fails_if_the_mode_forbids_it);
	RUN(fails_at_rlimit_nofile);
	return finish();
}
