/* SPDX-License-Identifier: MIT */

/* memfd_go_send_fds(). */
#include "test.h"
#include "child.h"
#include "sockets.h"

#define DIFFERENT_FILES 64 /* descriptors of different files */

static void open_files(int *fds, int n)
{
	for (int i = 0; i < n; i++)
		fds[i] = sealable_file();
}

static void close_files(const int *fds, int n)
{
	for (int i = 0; i < n; i++)
		close(fds[i]);
}

static void descriptors_arrive_in_order(void)
{
	int fds[DIFFERENT_FILES], got[DIFFERENT_FILES];

	open_files(fds, DIFFERENT_FILES);
	for (size_t type = 0; type < SOCKET_TYPES; type++) {
		struct channel c = open_channel(socket_types[type]);

		for (uint32_t n = 0; n <= DIFFERENT_FILES; n++) {
			uint32_t count = DIFFERENT_FILES;

			EQ(memfd_go_send_fds(c.sender, 0, fds, n, "x", 1), 1);
			EQ(memfd_go_recv_fds(c.receiver, 0, got, &count, NULL, NULL), 0);
			EQ(count, n);
			for (uint32_t i = 0; i < count; i++)
				CHECK(same_file(got[i], fds[i]));
			close_files(got, (int)count);
		}
		close_channel(c);
	}
	close_files(fds, DIFFERENT_FILES);
}

static void descriptors_stay_open_in_the_sender(void)
{
	struct channel c = open_channel(SOCK_STREAM);
	int fd = sealable_file();

	EQ(memfd_go_send_fds(c.sender, 0, &fd, 1, NULL, 0), 0);
	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close_channel(c);
	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
}

static void sends_data(void)
{
	for (size_t type = 0; type < SOCKET_TYPES; type++) {
		struct channel c = open_channel(socket_types[type]);
		char text[8] = "";

		EQ(memfd_go_send_fds(c.sender, 0, &c.sender, 1, "abcdef", 6), 6);
		EQ(recv(c.receiver, text, sizeof text, 0), 6);
		TEXT(text, "abcdef");
		close_channel(c);
	}
}

static void sends_a_zero_byte_without_data(void)
{
	for (size_t type = 0; type < SOCKET_TYPES; type++) {
		for (size_t i = 0; i < NULL_POINTERS; i++) {
			struct channel c = open_channel(socket_types[type]);
			char text[8] = "xy";

			EQ(memfd_go_send_fds(c.sender, 0, &c.sender, 1, (void *)null_pointers[i], 0), 0);
			EQ(recv(c.receiver, text, sizeof text, 0), 1);
			EQ(memcmp(text, "\0y", 2), 0);
			close_channel(c);
		}
	}
}

static void rejects_too_many_descriptors(void)
{
	struct channel c = open_channel(SOCK_STREAM);
	int fds[MEMFD_GO_FDS_MAX + 1] = { 0 };

	EQ(MEMFD_GO_FDS_MAX, DIFFERENT_FILES);
	EQ(memfd_go_send_fds(c.sender, 0, fds, MEMFD_GO_FDS_MAX + 1, "x", 1), -EINVAL);
	EQ(memfd_go_send_fds(c.sender, 0, fds, 0xffffffff, "x", 1), -EINVAL);
	EQ(raw(recv(c.receiver, fds, 1, MSG_DONTWAIT)), -EAGAIN); /* nothing was sent */
	close_channel(c);
}

static void sends_data_without_descriptors(void)
{
	for (size_t type = 0; type < SOCKET_TYPES; type++) {
		struct channel c = open_channel(socket_types[type]);
		char text[8] = "";

		EQ(memfd_go_send_fds(c.sender, 0, NULL, 0, "abc", 3), 3);
		EQ(recv(c.receiver, text, sizeof text, 0), 3);
		TEXT(text, "abc");
		EQ(memfd_go_send_fds(c.sender, 0, NULL, 0, NULL, 0), 0);
		EQ(recv(c.receiver, text, sizeof text, 0), 1);
		EQ(text[0], 0);
		close_channel(c);
	}
}

static void dontwait_does_not_wait(void)
{
	for (size_t type = 0; type < SOCKET_TYPES; type++) {
		struct channel c = open_channel(socket_types[type]);
		int r;

		do
			r = memfd_go_send_fds(c.sender, MEMFD_GO_OPT_DONTWAIT, NULL, 0, "x", 1);
		while (r == 1);
		EQ(r, -EAGAIN);
		EQ(fcntl(c.sender, F_GETFL) & O_NONBLOCK, 0);
		close_channel(c);
	}
}

static void rejects_unknown_options(void)
{
	struct channel c = open_channel(SOCK_STREAM);
	char byte;

	for (int bit = 0; bit < 32; bit++)
		if ((uint32_t)1 << bit != MEMFD_GO_OPT_DONTWAIT)
			EQ(memfd_go_send_fds(c.sender, (uint32_t)1 << bit, &c.sender, 1, "x", 1), -EINVAL);
	EQ(raw(recv(c.receiver, &byte, 1, MSG_DONTWAIT)), -EAGAIN); /* nothing was sent */
	close_channel(c);
}

static void rejects_bad_pointers(void)
{
	struct channel c = open_channel(SOCK_STREAM);

	for (size_t i = 0; i < NULL_POINTERS; i++) {
		EQ(memfd_go_send_fds(c.sender, 0, (int *)null_pointers[i], 1, "x", 1), -EFAULT);
		EQ(memfd_go_send_fds(c.sender, 0, &c.sender, 1, (void *)null_pointers[i], 1), -EFAULT);
	}
	close_channel(c);
}

static void rejects_closed_descriptors(void)
{
	struct channel c = open_channel(SOCK_STREAM);

	for (size_t i = 0; i < CLOSED_DESCRIPTORS; i++) {
		int fds[] = { c.sender, closed_descriptors[i] };

		EQ(memfd_go_send_fds(closed_descriptors[i], 0, &c.sender, 1, "x", 1), -EBADF);
		EQ(memfd_go_send_fds(c.sender, 0, fds, 2, "x", 1), -EBADF);
	}
	close_channel(c);
}

static void rejects_files_that_are_not_sockets(void)
{
	int fd = sealable_file();

	EQ(memfd_go_send_fds(fd, 0, &fd, 1, "x", 1), -ENOTSOCK);
	close(fd);
}

/* SIGPIPE would kill the test. */
static void reports_a_missing_peer(void)
{
	struct channel stream = open_channel(SOCK_STREAM), packets = open_channel(SOCK_SEQPACKET),
		       datagrams = open_channel(SOCK_DGRAM);
	int unconnected = socket(AF_UNIX, SOCK_STREAM, 0), fd = stream.sender;

	EQ(memfd_go_send_fds(unconnected, 0, &fd, 1, "x", 1), -ENOTCONN);
	close(unconnected);
	close(stream.receiver);
	close(packets.receiver);
	close(datagrams.receiver);
	EQ(memfd_go_send_fds(stream.sender, 0, &fd, 1, "x", 1), -EPIPE);
	EQ(memfd_go_send_fds(packets.sender, 0, &fd, 1, "x", 1), -EPIPE);
	EQ(memfd_go_send_fds(datagrams.sender, 0, &fd, 1, "x", 1), -ECONNREFUSED);
	close(stream.sender);
	close(packets.sender);
	close(datagrams.sender);
}

static void reports_a_peer_that_closed_without_reading(void)
{
	struct channel c = open_channel(SOCK_SEQPACKET);

	EQ(send_message(c.receiver, -1, 0, "x", 1), 1);
	EQ(send_message(c.sender, -1, 0, "x", 1), 1);
	close(c.receiver);
	EQ(memfd_go_send_fds(c.sender, 0, &c.sender, 1, "x", 1), -ECONNRESET);
	EQ(memfd_go_send_fds(c.sender, 0, &c.sender, 1, "x", 1), -EPIPE);
	close(c.sender);
}

static void fails_if_nonblocking_and_full(void)
{
	static char data[1 << 20];
	struct channel c = open_channel(SOCK_STREAM | SOCK_NONBLOCK);
	int sent = memfd_go_send_fds(c.sender, 0, &c.sender, 1, data, sizeof data);

	CHECK(sent > 0 && sent < (int)sizeof data); /* a part of the data */
	EQ(memfd_go_send_fds(c.sender, 0, &c.sender, 1, data, sizeof data), -EAGAIN);
	close_channel(c);
}

static void fails_if_interrupted_by_a_signal(void)
{
	static char data[1 << 20];
	struct channel c = open_channel(SOCK_STREAM);

	start_interrupting();
	CHECK(memfd_go_send_fds(c.sender, 0, &c.sender, 1, data, sizeof data) > 0);
	EQ(memfd_go_send_fds(c.sender, 0, &c.sender, 1, data, sizeof data), -EINTR);
	stop_interrupting();
	close_channel(c);
}

static void rejects_datagrams_that_are_too_long(void)
{
	static char data[8 << 20];
	struct channel c = open_channel(SOCK_DGRAM);

	EQ(memfd_go_send_fds(c.sender, 0, &c.sender, 1, data, sizeof data), -EMSGSIZE);
	close_channel(c);
}

static void send_until_refused(void)
{
	struct channel c = open_channel(SOCK_DGRAM | SOCK_NONBLOCK);
	int fds[DIFFERENT_FILES], result = 0;

	open_files(fds, DIFFERENT_FILES);
	drop_privileges();
	set_limit(RLIMIT_NOFILE, DIFFERENT_FILES);
	for (int i = 0; i < 4 && result >= 0; i++)
		result = memfd_go_send_fds(c.sender, 0, fds, DIFFERENT_FILES, NULL, 0);
	EQ(result, -ETOOMANYREFS);
}

static void fails_with_too_many_descriptors_in_transit(void)
{
	IN_CHILD(send_until_refused);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(descriptors_arrive_in_order);
	RUN(descriptors_stay_open_in_the_sender);
	RUN(sends_data);
	RUN(sends_a_zero_byte_without_data);
	RUN(rejects_too_many_descriptors);
	RUN(sends_data_without_descriptors);
	RUN(dontwait_does_not_wait);
	RUN(rejects_unknown_options);
	RUN(rejects_bad_pointers);
	RUN(rejects_closed_descriptors);
	RUN(rejects_files_that_are_not_sockets);
	RUN(reports_a_missing_peer);
	RUN(reports_a_peer_that_closed_without_reading);
	RUN(fails_if_nonblocking_and_full);
	RUN(fails_if_interrupted_by_a_signal);
	RUN(rejects_datagrams_that_are_too_long);
	RUN(fails_with_too_many_descriptors_in_transit);
	return finish();
}
