/* SPDX-License-Identifier: MIT */

/* memfd_go_reopen() opens a file again, with a new open file description. */
#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>

#include "test.h"
#include "child.h"
#include "files.h"
#include "mounts.h"

static void has_its_own_offset_and_access_mode(void)
{
	int fd = sealable_file(), reader;
	char text[4] = "";

	EQ(raw(write(fd, "abc", 3)), 3);
	reader = memfd_go_reopen(fd, O_RDONLY);
	EQ(lseek(fd, 0, SEEK_CUR), 3);
	EQ(raw(read(reader, text, 2)), 2);
	TEXT(text, "ab");
	EQ(lseek(fd, 0, SEEK_CUR), 3);
	EQ(raw(write(reader, "x", 1)), -EBADF);
	EQ(fcntl(reader, F_GETFL) & O_ACCMODE, O_RDONLY);
	close(reader);
	close(fd);
}

static void is_always_close_on_exec(void)
{
	int fd = sealable_file(), plain = memfd_go_reopen(fd, O_RDWR),
	    cloexec = memfd_go_reopen(fd, O_CLOEXEC);

	EQ(fcntl(plain, F_GETFD), FD_CLOEXEC);
	EQ(fcntl(cloexec, F_GETFD), FD_CLOEXEC);
	close(cloexec);
	close(plain);
	close(fd);
}

static void read_only_is_no_security_boundary(void)
{
	int fd = sealable_file(), reader = memfd_go_reopen(fd, O_RDONLY),
	    writer = memfd_go_reopen(reader, O_RDWR);

	EQ(raw(write(writer, "x", 1)), 1);
	close(writer);
	close(reader);
	close(fd);
}

static void seals_hold_for_every_descriptor(void)
{
	int fd = memfd_go_create_sealed("test", MFD_CLOEXEC, 0, "abc", 3),
	    writer = memfd_go_reopen(fd, O_RDWR);

	CHECK(writer >= 0);
	EQ(raw(write(writer, "x", 1)), -EPERM);
	EQ(memfd_go_reopen(fd, O_RDWR | O_TRUNC), -EPERM);
	close(writer);
	close(fd);
}

static void accepts_o_path_descriptors(void)
{
	int fd = sealable_file(), path = memfd_go_reopen(fd, O_PATH), again = memfd_go_reopen(path, O_RDWR);

	CHECK(again >= 0);
	EQ(memfd_go_get_seals(path), -EBADF);
	EQ(raw(write(again, "x", 1)), 1);
	close(again);
	close(path);
	close(fd);
}

static void accepts_descriptors_of_any_length(void)
{
	static const int numbers[] = { 9, 10, 11, 19, 20, 99, 100, 101, 109, 110, 199, 200, 899, 900 };
	int fd = sealable_file();

	EQ(raw(write(fd, "abc", 3)), 3);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		int copy = fcntl(fd, F_DUPFD, numbers[i]), reader = memfd_go_reopen(copy, O_RDONLY);
		char text[4] = "";

		CHECK(copy >= numbers[i]);
		EQ(raw(read(reader, text, 3)), 3);
		TEXT(text, "abc");
		close(reader);
		close(copy);
	}
	close(fd);
}

static void rejects_closed_descriptors(void)
{
	for (size_t i = 0; i < CLOSED_DESCRIPTORS; i++)
		EQ(memfd_go_reopen(closed_descriptors[i], O_RDONLY), -EBADF);
}

static void rejects_files_that_cannot_be_reopened(void)
{
	int end = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), secret = memfd_go_secret(O_CLOEXEC);

	EQ(memfd_go_reopen(end, O_RDONLY), -ENXIO);
	close(end);
	if (secret == -ENOSYS)
		return;
	EQ(memfd_go_reopen(secret, O_RDWR), -ENXIO);
	close(secret);
}

static int file;

static void open_without_permission(void)
{
	drop_privileges();
	EQ(memfd_go_reopen(file, O_RDONLY), -EACCES);
	EQ(memfd_go_reopen(file, O_RDWR), -EACCES);
}

static void fails_if_the_mode_forbids_it(void)
{
	file = sealable_file();
	EQ(fchmod(file, 0), 0);
	IN_CHILD(open_without_permission);
	close(file);
}

static void open_without_proc(void)
{
	hide_proc();
	EQ(memfd_go_reopen(file, O_RDONLY), -ENOENT);
	EQ(memfd_go_reopen(-1, O_RDONLY), -EBADF);
}

static void fails_without_proc(void)
{
	if (!can_mount())
		SKIP(NO_MOUNTS);
	file = sealable_file();
	IN_CHILD(open_without_proc);
	close(file);
}

/* In the first thread this number is a file of 3 bytes, in this thread one of 7. */
static void *use_own_descriptors(void *number)
{
	struct memfd_go_info info;
	uint64_t size = 0;
	int fd = *(int *)number, own, again;

	if (unshare(CLONE_FILES) != 0)
		return NULL;
	own = memfd_go_create("own", 0);
	EQ(memfd_go_set_size(own, 0, 7), 0);
	EQ(dup2(own, fd), fd);
	again = memfd_go_reopen(fd, O_RDONLY);
	EQ(memfd_go_get_size(again, &size), 0);
	EQ(size, 7);
	EQ(memfd_go_inspect(again, 0, &info, sizeof info), 0);
	TEXT(info.name, "own");
	return number;
}

static void uses_descriptors_of_the_calling_thread(void)
{
	int fd = sized_file(3);
	pthread_t thread;
	void *result = NULL;

	EQ(pthread_create(&thread, NULL, use_own_descriptors, &fd), 0);
	EQ(pthread_join(thread, &result), 0);
	close(fd);
	if (result == NULL)
		SKIP("threads cannot unshare their descriptors");
}

static void fails_at_rlimit_nofile(void)
{
	int fd = sealable_file(), error;
	rlim_t old = set_limit(RLIMIT_NOFILE, 0);

	error = memfd_go_reopen(fd, O_RDONLY);
	set_limit(RLIMIT_NOFILE, old);
	EQ(error, -EMFILE);
	close(fd);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(has_its_own_offset_and_access_mode);
	RUN(is_always_close_on_exec);
	RUN(read_only_is_no_security_boundary);
	RUN(seals_hold_for_every_descriptor);
	RUN(accepts_o_path_descriptors);
	RUN(accepts_descriptors_of_any_length);
	RUN(rejects_closed_descriptors);
	RUN(rejects_files_that_cannot_be_reopened);
	RUN(fails_if_the_mode_forbids_it);
	RUN(fails_without_proc);
	RUN(uses_descriptors_of_the_calling_thread);
	RUN(fails_at_rlimit_nofile);
	return finish();
}
