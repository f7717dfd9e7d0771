/* SPDX-License-Identifier: MIT */

/* memfd_go_recv_fds() of messages from an honest peer. See hostile_messages.c for the others. */
#include "test.h"
#include "child.h"
#include "sockets.h"

#define UNTOUCHED 77

/* Out-parameters of memfd_go_recv_fds(). */
static struct {
	int fds[MEMFD_GO_FDS_MAX];
	uint32_t count;
	char data[8];
	size_t length;
} got;

static int receive(int sock, uint32_t room)
{
	for (int i = 0; i < MEMFD_GO_FDS_MAX; i++)
		got.fds[i] = UNTOUCHED;
	memset(got.data, 0, sizeof got.data);
	got.count = room;
	got.length = 4;
	return memfd_go_recv_fds(sock, 0, got.fds, &got.count, got.data, &got.length);
}

#define FAILS(call, error, room)           \
	do {                               \
		EQ((call), (error));       \
		EQ(got.fds[0], UNTOUCHED); \
		EQ(got.count, (room));     \
		EQ(got.length, 4);         \
	} while (0)

static void receives_descriptors_and_data(void)
{
	for (size_t type = 0; type < SOCKET_TYPES; type++) {
		struct channel c = open_channel(socket_types[type]);

		EQ(send_message(c.sender, c.sender, 2, "abc", 3), 3);
		EQ(receive(c.receiver, 3), 0);
		EQ(got.count, 2);
		EQ(got.length, 3);
		TEXT(got.data, "abc");
		for (int i = 0; i < 2; i++) {
			CHECK(same_file(got.fds[i], c.sender));
			EQ(fcntl(got.fds[i], F_GETFD), FD_CLOEXEC);
			close(got.fds[i]);
		}
		EQ(got.fds[2], UNTOUCHED);
		close_channel(c);
	}
}

static void without_room_for_data_one_byte_is_dropped(void)
{
	struct channel c = open_channel(SOCK_STREAM);
	size_t none = 0;
	char rest[4] = "";

	EQ(send_message(c.sender, c.sender, 1, "abc", 3), 3);
	got.count = 1;
	EQ(memfd_go_recv_fds(c.receiver, 0, got.fds, &got.count, NULL, NULL), 0);
	close(got.fds[0]);
	EQ(recv(c.receiver, rest, sizeof rest, 0), 2);
	TEXT(rest, "bc");
	EQ(send_message(c.sender, c.sender, 1, "a", 1), 1);
	EQ(memfd_go_recv_fds(c.receiver, 0, got.fds, &got.count, rest, &none), 0);
	EQ(none, 0);
	TEXT(rest, "bc");
	close(got.fds[0]);
	close_channel(c);
}

static void one_byte_is_enough_room(void)
{
	for (size_t type = 0; type < SOCKET_TYPES; type++) {
		struct channel c = open_channel(socket_types[type]);
		char data[2] = "..";
		uint32_t count = 1;
		size_t length = 1;
		int fd = -1;

		EQ(send_message(c.sender, c.sender, 1, "a", 1), 1);
		EQ(memfd_go_recv_fds(c.receiver, 0, &fd, &count, data, &length), 0);
		EQ(length, 1);
		EQ(data[0], 'a');
		EQ(data[1], '.');
		EQ(count, 1);
		close(fd);
		close_channel(c);
	}
}

static void datagrams_are_taken_without_room_for_data(void)
{
	static const int types[] = { SOCK_DGRAM, SOCK_SEQPACKET };

	for (size_t i = 0; i < 2; i++) {
		struct channel c = open_channel(types[i]);
		char data[2] = "..";
		uint32_t count = 1;
		size_t length = 0;
		int fd = -1;

		EQ(send_message(c.sender, c.sender, 1, "abc", 3), 3);
		EQ(memfd_go_recv_fds(c.receiver, 0, &fd, &count, data, &length), 0);
		EQ(length, 0);
		EQ(data[0], '.');
		EQ(count, 1);
		close(fd);
		close_channel(c);
	}
}

static void rest_of_a_stream_stays_in_the_socket(void)
{
	struct channel c = open_channel(SOCK_STREAM);
	char rest[8] = "";

	EQ(send_message(c.sender, c.sender, 1, "abcdef", 6), 6);
	EQ(receive(c.receiver, 1), 0);
	EQ(got.length, 4);
	EQ(memcmp(got.data, "abcd", 4), 0);
	EQ(recv(c.receiver, rest, sizeof rest, 0), 2);
	TEXT(rest, "ef");
	close(got.fds[0]);
	close_channel(c);
}

static void messages_are_not_merged(void)
{
	for (size_t type = 0; type < SOCKET_TYPES; type++) {
		struct channel c = open_channel(socket_types[type]);

		for (unsigned n = 1; n <= 3; n++)
			EQ(send_message(c.sender, c.sender, n, "x", 1), 1);
		for (unsigned n = 1; n <= 3; n++) {
			EQ(receive(c.receiver, 16), 0);
			EQ(got.count, n);
			EQ(got.length, 1);
			for (unsigned i = 0; i < got.count; i++)
				close(got.fds[i]);
		}
		close_channel(c);
	}
}

static void reports_the_end_of_a_stream(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET };

	for (size_t type = 0; type < 2; type++) {
		struct channel c = open_channel(types[type]);

		close(c.sender);
		EQ(receive(c.receiver, 5), -EPIPE);
		EQ(got.count, 5);
		EQ(got.length, 0);
		EQ(got.fds[0], UNTOUCHED);
		EQ(memfd_go_recv_fds(c.receiver, 0, got.fds, &got.count, NULL, NULL), -EPIPE);
		close(c.receiver);
	}
}

static void receives_messages_without_descriptors(void)
{
	for (size_t type = 0; type < SOCKET_TYPES; type++) {
		struct channel c = open_channel(socket_types[type]);

		EQ(write(c.sender, "abc", 3), 3);
		EQ(receive(c.receiver, 2), 0);
		EQ(got.count, 0);
		EQ(got.length, 3);
		TEXT(got.data, "abc");
		EQ(write(c.sender, "d", 1), 1);
		got.count = 0;
		EQ(memfd_go_recv_fds(c.receiver, 0, NULL, &got.count, got.data, &got.length), 0);
		EQ(got.length, 1);
		close_channel(c);
	}
}

/* The data of a refused message is returned, or the reader of a stream would lose its position. */
static void closes_descriptors_without_room(void)
{
	for (size_t type = 0; type < SOCKET_TYPES; type++)
		for (uint32_t room = 0; room < 3; room++) {
			struct channel c = open_channel(socket_types[type]);

			EQ(send_message(c.sender, c.sender, 3, "abc", 3), 3);
			EQ(receive(c.receiver, room), -EMSGSIZE);
			EQ(got.fds[0], UNTOUCHED);
			EQ(got.count, room);
			EQ(got.length, 3);
			TEXT(got.data, "abc");
			close_channel(c);
		}
}

static void room_may_exceed_the_maximum(void)
{
	static const uint32_t rooms[] = { MEMFD_GO_FDS_MAX, MEMFD_GO_FDS_MAX + 1, 0xffffffff };

	for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
		struct channel c = open_channel(SOCK_STREAM);

		EQ(send_message(c.sender, c.sender, MEMFD_GO_FDS_MAX, "x", 1), 1);
		EQ(receive(c.receiver, rooms[i]), 0);
		EQ(got.count, MEMFD_GO_FDS_MAX);
		for (uint32_t fd = 0; fd < got.count; fd++)
			close(got.fds[fd]);
		EQ(send_message(c.sender, c.sender, MEMFD_GO_FDS_MAX + 1, "x", 1), 1);
		EQ(receive(c.receiver, rooms[i]), -EMSGSIZE);
		EQ(got.count, rooms[i]);
		close_channel(c);
	}
}

static void rejects_unknown_options(void)
{
	struct channel c = open_channel(SOCK_STREAM);

	EQ(send_message(c.sender, c.sender, 1, "x", 1), 1);
	for (int bit = 0; bit < 32; bit++)
		if ((uint32_t)1 << bit != MEMFD_GO_OPT_DONTWAIT)
			EQ(memfd_go_recv_fds(c.receiver, (uint32_t)1 << bit, got.fds, &got.count, NULL, NULL),
			   -EINVAL);
	EQ(receive(c.receiver, 1), 0); /* the message is still in the socket */
	close(got.fds[0]);
	close_channel(c);
}

static void dontwait_does_not_wait(void)
{
	for (size_t type = 0; type < SOCKET_TYPES; type++) {
		struct channel c = open_channel(socket_types[type]);

		got.length = 4;
		EQ(memfd_go_recv_fds(c.receiver, MEMFD_GO_OPT_DONTWAIT, got.fds, &got.count, got.data,
				     &got.length),
		   -EAGAIN);
		EQ(got.length, 4);
		EQ(fcntl(c.receiver, F_GETFL) & O_NONBLOCK, 0);
		close_channel(c);
	}
}

static void rejects_bad_pointers(void)
{
	struct channel c = open_channel(SOCK_STREAM);
	char data[4];
	size_t length = 4;
	uint32_t count = 1;
	int fd = UNTOUCHED;

	for (size_t i = 0; i < NULL_POINTERS; i++) {
		void *bad = (void *)null_pointers[i];

		EQ(memfd_go_recv_fds(c.receiver, 0, bad, &count, data, &length), -EFAULT);
		EQ(memfd_go_recv_fds(c.receiver, 0, &fd, bad, data, &length), -EFAULT);
		EQ(memfd_go_recv_fds(c.receiver, 0, &fd, &count, bad, &length), -EFAULT);
		EQ(memfd_go_recv_fds(c.receiver, 0, &fd, &count, data, bad), -EFAULT);
	}
	EQ(fd, UNTOUCHED);
	close_channel(c);
}

static void rejects_unwritable_data(void)
{
	char *page = page_before_a_guard();

	for (size_t type = 0; type < SOCKET_TYPES; type++) {
		struct channel c = open_channel(socket_types[type]);
		size_t length = 4;
		uint32_t count = 1;
		int fd = UNTOUCHED;

		EQ(send_message(c.sender, c.sender, 1, "abcd", 4), 4);
		EQ(memfd_go_recv_fds(c.receiver, 0, &fd, &count, page + page_size(), &length), -EFAULT);
		EQ(fd, UNTOUCHED);
		close_channel(c);
	}
	free_page_before_a_guard(page);
}

static void rejects_files_that_are_not_connected_sockets(void)
{
	int stream = socket(AF_UNIX, SOCK_STREAM, 0), packets = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	int file = sealable_file();

	for (size_t i = 0; i < CLOSED_DESCRIPTORS; i++)
		FAILS(receive(closed_descriptors[i], 1), -EBADF, 1);
	FAILS(receive(file, 1), -ENOTSOCK, 1);
	FAILS(receive(stream, 1), -EINVAL, 1);
	FAILS(receive(packets, 1), -ENOTCONN, 1);
	close(file);
	close(packets);
	close(stream);
}

static void fails_if_nonblocking_and_empty(void)
{
	for (size_t type = 0; type < SOCKET_TYPES; type++) {
		struct channel c = open_channel(socket_types[type] | SOCK_NONBLOCK);

		FAILS(receive(c.receiver, 1), -EAGAIN, 1);
		close_channel(c);
	}
}

static void fails_if_interrupted_by_a_signal(void)
{
	for (size_t type = 0; type < SOCKET_TYPES; type++) {
		struct channel c = open_channel(socket_types[type]);

		start_interrupting();
		FAILS(receive(c.receiver, 1), -EINTR, 1);
		stop_interrupting();
		close_channel(c);
	}
}

static void reports_a_reset_connection(void)
{
	struct channel c = open_channel(SOCK_STREAM);

	EQ(write(c.receiver, "x", 1), 1); /* never read */
	close(c.sender);
	FAILS(receive(c.receiver, 1), -ECONNRESET, 1);
	close(c.receiver);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(receives_descriptors_and_data);
	RUN(without_room_for_data_one_byte_is_dropped);
	RUN(one_byte_is_enough_room);
	RUN(datagrams_are_taken_without_room_for_data);
	RUN(rest_of_a_stream_stays_in_the_socket);
	RUN(messages_are_not_merged);
	RUN(reports_the_end_of_a_stream);
	RUN(receives_messages_without_descriptors);
	RUN(closes_descriptors_without_room);
	RUN(room_may_exceed_the_maximum);
	RUN(rejects_unknown_options);
	RUN(dontwait_does_not_wait);
	RUN(rejects_bad_pointers);
	RUN(rejects_unwritable_data);
	RUN(rejects_files_that_are_not_connected_sockets);
	RUN(fails_if_nonblocking_and_empty);
	RUN(fails_if_interrupted_by_a_signal);
	RUN(reports_a_reset_connection);
	return finish();
}
