/* SPDX-License-Identifier: MIT */

/* memfd_go_clone_stream() copies everything up to the end of the stream. */
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "test.h"
#include "alarms.h"
#include "child.h"
#include "contents.h"

static int clone_of(int source, uint64_t max_len)
{
	return memfd_go_clone_stream("stream", MFD_CLOEXEC, 0, source, max_len);
}

/* What the writer writes. */
static struct {
	int fd;
	size_t length;
} stream;

static void *write_all(void *unused)
{
	size_t done = 0;
	ssize_t n;

	(void)unused;
	while (done < stream.length && (n = write(stream.fd, pattern() + done, stream.length - done)) > 0)
		done += (size_t)n;
	close(stream.fd);
	return NULL;
}

/* Clones 'length' bytes that another thread writes. */
static int clone_written(const int ends[2], size_t length, uint64_t max_len, uint32_t flags)
{
	pthread_t writer;
	int fd;

	stream.fd = ends[1];
	stream.length = length;
	pthread_create(&writer, NULL, write_all, NULL);
	fd = memfd_go_clone_stream("stream", MFD_CLOEXEC | flags, 0, ends[0], max_len);
	close(ends[0]);
	pthread_join(writer, NULL);
	return fd;
}

static void clones_pipes_of_any_length(void)
{
	static const size_t lengths[] = {
		0, 1, 4096, 65535, 65536, 65537, 3 * 65536, 3 * 65536 + 1, 5 * MIB
	};

	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		int ends[2], fd;

		EQ(pipe2(ends, O_CLOEXEC), 0);
		fd = clone_written(ends, lengths[i], lengths[i], 0);
		CHECK(fd >= 0);
		check_padded(fd, pattern(), lengths[i], lengths[i]);
		EQ(memfd_go_check_seals(fd, MEMFD_GO_SEALS_IMMUTABLE, NULL), 0);
		close(fd);
	}
}

/* Forks while the other thread reads, and then ends the stream. */
static void *fork_and_write(void *child)
{
	usleep(50000);
	*(pid_t *)child = fork();
	if (*(pid_t *)child == 0) {
		close(stream.fd);
		pause();
		_exit(0);
	}
	return write_all(NULL);
}

/* The child must not inherit a writable mapping of the copy, or sealing would be -EBUSY. */
static void survives_fork_by_another_thread(void)
{
	pthread_t forker;
	pid_t child = 0;
	int ends[2], fd;

	EQ(pipe2(ends, O_CLOEXEC), 0);
	stream.fd = ends[1];
	stream.length = 100;
	pthread_create(&forker, NULL, fork_and_write, &child);
	fd = clone_of(ends[0], 100);
	pthread_join(forker, NULL);
	close(ends[0]);
	EQ(kill(child, SIGKILL), 0);
	EQ(waitpid(child, NULL, 0), child);
	CHECK(fd >= 0);
	check_padded(fd, pattern(), 100, 100);
	close(fd);
}

static void clones_sockets(void)
{
	int ends[2], fd;

	EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	fd = clone_written(ends, 100000, UINT64_MAX, MFD_NOEXEC_SEAL);
	CHECK(fd >= 0);
	check_padded(fd, pattern(), 100000, 100000);
	close(fd);
}

static void copies_into_huge_pages(void)
{
	int ends[2], fd = memfd_go_create_sealed("test", MFD_HUGETLB, 0, "x", 1);
	uint64_t huge = 0;

	if (fd < 0)
		SKIP("no free huge page that can be mapped");
	EQ(memfd_go_get_size(fd, &huge), 0);
	close(fd);
	fd = huge > PATTERN_MAX / 2 ? -1
				    : memfd_go_create_sealed("test", MFD_HUGETLB, 0, pattern(), 2 * huge);
	if (fd < 0)
		SKIP("no two free huge pages of a small size");
	close(fd);
	for (uint64_t length = huge - 1; length <= huge + 1; length++) {
		EQ(pipe2(ends, O_CLOEXEC), 0);
		fd = clone_written(ends, length, UINT64_MAX, MFD_HUGETLB);
		CHECK(fd >= 0);
		check_padded(fd, pattern(), length, length <= huge ? huge : 2 * huge);
		close(fd);
	}
}

/* The offset of the source moves. */
static void clones_files_from_their_offset(void)
{
	int source = sealable_file(), fd;

	EQ(write(source, pattern(), 5000), 5000);
	EQ(lseek(source, 100, SEEK_SET), 100);
	fd = clone_of(source, 4900);
	CHECK(fd >= 0);
	check_padded(fd, pattern() + 100, 4900, 4900);
	EQ(lseek(source, 0, SEEK_CUR), 5000);
	close(fd);
	fd = clone_of(source, 0);
	CHECK(fd >= 0);
	check_padded(fd, "", 0, 0);
	close(fd);
	close(source);
}

/* Exactly max_len + 1 bytes have been read. */
static void rejects_streams_longer_than_max_len(void)
{
	static const uint64_t allowed[] = { 0, 1, 65535, 65536, 65537, 199999 };

	for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
		int source = sealable_file();

		EQ(write(source, pattern(), 200000), 200000);
		EQ(lseek(source, 0, SEEK_SET), 0);
		EQ(clone_of(source, allowed[i]), -EFBIG);
		EQ(lseek(source, 0, SEEK_CUR), (long long)allowed[i] + 1);
		close(source);
	}
}

static void fails_if_nonblocking_and_empty(void)
{
	int ends[2];

	EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	EQ(write(ends[1], "hello", 5), 5);
	EQ(clone_of(ends[0], 100), -EAGAIN);
	close(ends[0]);
	close(ends[1]);
}

/* The first signal may arrive before the call blocks. */
static void request_alarm(int number)
{
	(void)number;
	alarm_in(20000);
}

static void clone_until_interrupted(void)
{
	struct sigaction action = { .sa_handler = request_alarm };
	int ends[2];

	EQ(pipe2(ends, O_CLOEXEC), 0);
	EQ(write(ends[1], "hello", 5), 5);
	sigaction(SIGALRM, &action, NULL);
	alarm_in(20000);
	EQ(clone_of(ends[0], 100), -EINTR);
}

static void fails_if_interrupted_by_a_signal(void)
{
	IN_CHILD(clone_until_interrupted);
}

static void rejects_files_that_cannot_be_read(void)
{
	int folder = open("/", O_RDONLY | O_CLOEXEC), ends[2];

	EQ(clone_of(folder, 1), -EISDIR);
	close(folder);
	EQ(pipe2(ends, O_CLOEXEC), 0);
	EQ(clone_of(ends[1], 1), -EBADF);
	close(ends[0]);
	close(ends[1]);
	for (size_t i = 0; i < CLOSED_DESCRIPTORS; i++)
		EQ(clone_of(closed_descriptors[i], 1), -EBADF);
}

/* Nothing is read if the file cannot be created. */
static void rejects_bad_names_flags_and_seals(void)
{
	int ends[2];
	char text[5];

	EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	EQ(write(ends[1], "hello", 5), 5);
	for (size_t i = 0; i < NULL_POINTERS; i++)
		EQ(memfd_go_clone_stream((const char *)null_pointers[i], 0, 0, ends[0], 9), -EFAULT);
	EQ(memfd_go_clone_stream("stream", 1U << 25, 0, ends[0], 9), -EINVAL);
	EQ(read(ends[0], text, 5), 5);
	close(ends[1]);
	EQ(memfd_go_clone_stream("stream", 0, 1U << 30, ends[0], 9), -EINVAL);
	close(ends[0]);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(clones_pipes_of_any_length);
	RUN(survives_fork_by_another_thread);
	RUN(clones_sockets);
	RUN(copies_into_huge_pages);
	RUN(clones_files_from_their_offset);
	RUN(rejects_streams_longer_than_max_len);
	RUN(fails_if_nonblocking_and_empty);
	RUN(fails_if_interrupted_by_a_signal);
	RUN(rejects_files_that_cannot_be_read);
	RUN(rejects_bad_names_flags_and_seals);
	return finish();
}
