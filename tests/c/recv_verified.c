/* SPDX-License-Identifier: MIT */

/* memfd_go_recv_verified() of messages from an honest peer. See hostile_*.c for the others. */
#include "test.h"
#include "child.h"
#include "sockets.h"

static int sealed_file(void)
{
	return memfd_go_create_sealed("test", MFD_CLOEXEC, 0, "abcdef", 6);
}

static void received_file_can_be_mapped(void)
{
	for (size_t type = 0; type < SOCKET_TYPES; type++) {
		struct channel c = open_channel(socket_types[type]);
		int sent = sealed_file(), got;
		void *address = NULL;
		size_t length = 0;

		EQ(memfd_go_send_fds(c.sender, 0, &sent, 1, NULL, 0), 0);
		got = memfd_go_recv_verified(c.receiver, MEMFD_GO_SEALS_IMMUTABLE, 6, 0, NULL, NULL);
		CHECK(same_file(got, sent));
		EQ(fcntl(got, F_GETFD), FD_CLOEXEC);
		EQ(memfd_go_map_verified(got, MEMFD_GO_SEALS_IMMUTABLE, 6, 0, &address, &length), 0);
		EQ(memcmp(address, "abcdef", 6), 0);
		EQ(memfd_go_unmap(address, length), 0);
		close(got);
		close(sent);
		close_channel(c);
	}
}

static void first_byte_of_a_stream_is_dropped(void)
{
	struct channel c = open_channel(SOCK_STREAM);
	int sent = sealed_file();
	char rest[4] = "";

	EQ(memfd_go_send_fds(c.sender, 0, &sent, 1, "abc", 3), 3);
	close(memfd_go_recv_verified(c.receiver, 0, 6, 0, NULL, NULL));
	EQ(recv(c.receiver, rest, sizeof rest, 0), 2);
	TEXT(rest, "bc");
	close(sent);
	close_channel(c);
}

static void all_of_a_datagram_is_dropped(void)
{
	for (size_t type = 1; type < SOCKET_TYPES; type++) {
		struct channel c = open_channel(socket_types[type]);
		int sent = sealed_file(), got;
		char rest;

		EQ(memfd_go_send_fds(c.sender, 0, &sent, 1, "abc", 3), 3);
		got = memfd_go_recv_verified(c.receiver, 0, 6, 0, NULL, NULL);
		CHECK(got >= 0);
		EQ(raw(recv(c.receiver, &rest, 1, MSG_DONTWAIT)), -EAGAIN);
		close(got);
		close(sent);
		close_channel(c);
	}
}

static void reports_the_end_of_a_stream(void)
{
	struct channel stream = open_channel(SOCK_STREAM), packets = open_channel(SOCK_SEQPACKET);

	close(stream.sender);
	close(packets.sender);
	EQ(memfd_go_recv_verified(stream.receiver, 0, 6, 0, NULL, NULL), -EPIPE);
	EQ(memfd_go_recv_verified(packets.receiver, 0, 6, 0, NULL, NULL), -EPIPE);
	close(stream.receiver);
	close(packets.receiver);
}

static void returns_errors_of_the_socket(void)
{
	struct channel c = open_channel(SOCK_STREAM);
	int file = sealed_file(), unconnected = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	EQ(memfd_go_recv_verified(file, 0, 6, 0, NULL, NULL), -ENOTSOCK);
	EQ(memfd_go_recv_verified(unconnected, 0, 6, 0, NULL, NULL), -ENOTCONN);
	for (size_t i = 0; i < CLOSED_DESCRIPTORS; i++)
		EQ(memfd_go_recv_verified(closed_descriptors[i], 0, 6, 0, NULL, NULL), -EBADF);
	start_interrupting();
	EQ(memfd_go_recv_verified(c.receiver, 0, 6, 0, NULL, NULL), -EINTR);
	stop_interrupting();
	EQ(fcntl(c.receiver, F_SETFL, O_NONBLOCK), 0);
	EQ(memfd_go_recv_verified(c.receiver, 0, 6, 0, NULL, NULL), -EAGAIN);
	close(unconnected);
	close(file);
	close_channel(c);
}

/* Data is returned even if the file is refused. */
static void receives_data(void)
{
	for (size_t type = 0; type < SOCKET_TYPES; type++) {
		struct channel c = open_channel(socket_types[type]);
		int good = sealed_file(), bad = sealable_file(), got;
		char data[8] = "";
		size_t length = sizeof data;

		EQ(memfd_go_send_fds(c.sender, 0, &good, 1, "abc", 3), 3);
		got = memfd_go_recv_verified(c.receiver, 0, 6, 0, data, &length);
		CHECK(same_file(got, good));
		EQ(length, 3);
		TEXT(data, "abc");
		close(got);
		length = sizeof data;
		EQ(memfd_go_send_fds(c.sender, 0, &bad, 1, "de", 2), 2);
		EQ(memfd_go_recv_verified(c.receiver, 0, 6, 0, data, &length), -EKEYREJECTED);
		EQ(length, 2);
		EQ(memcmp(data, "dec", 4), 0);
		length = sizeof data;
		EQ(write(c.sender, "fghi", 4), 4);
		EQ(memfd_go_recv_verified(c.receiver, 0, 6, 0, data, &length), -EPROTO);
		EQ(length, 4);
		TEXT(data, "fghi");
		close(bad);
		close(good);
		close_channel(c);
	}
}

static void accepts_its_options(void)
{
	struct channel c = open_channel(SOCK_STREAM);
	int sent = sealed_file(), got;

	EQ(memfd_go_recv_verified(c.receiver, 0, 6, MEMFD_GO_OPT_DONTWAIT, NULL, NULL), -EAGAIN);
	EQ(memfd_go_send_fds(c.sender, 0, &sent, 1, NULL, 0), 0);
	for (int bit = 0; bit < 32; bit++)
		if (((uint32_t)1 << bit & (MEMFD_GO_OPT_DONTWAIT | MEMFD_GO_OPT_NO_HOLES)) == 0)
			EQ(memfd_go_recv_verified(c.receiver, 0, 6, (uint32_t)1 << bit, NULL, NULL), -EINVAL);
	got = memfd_go_recv_verified(c.receiver, 0, 6, MEMFD_GO_OPT_DONTWAIT | MEMFD_GO_OPT_NO_HOLES, NULL,
				     NULL);
	CHECK(same_file(got, sent));
	close(got);
	close(sent);
	close_channel(c);
}

static void rejects_bad_pointers(void)
{
	struct channel c = open_channel(SOCK_STREAM);
	char data[4];
	size_t length = 4;

	for (size_t i = 0; i < NULL_POINTERS; i++) {
		void *bad = (void *)null_pointers[i];

		EQ(memfd_go_recv_verified(c.receiver, 0, 6, 0, bad, &length), -EFAULT);
		EQ(memfd_go_recv_verified(c.receiver, 0, 6, 0, data, bad), -EFAULT);
	}
	close_channel(c);
}

/* A file of holes, larger than a 32-bit address space. */
static void rejects_files_larger_than_the_address_space(void)
{
	struct channel c = open_channel(SOCK_STREAM);
	int sent = sized_file((uint64_t)5 << 30), got;

	EQ(memfd_go_add_seals(sent, MEMFD_GO_SEALS_IMMUTABLE), 0);
	EQ(send_message(c.sender, sent, 1, "x", 1), 1);
	got = memfd_go_recv_verified(c.receiver, 0, INT64_MAX, 0, NULL, NULL);
	if (sizeof(size_t) == 4)
		EQ(got, -EOVERFLOW);
	else
		EQ(close(got), 0);
	close(sent);
	close_channel(c);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(received_file_can_be_mapped);
	RUN(first_byte_of_a_stream_is_dropped);
	RUN(all_of_a_datagram_is_dropped);
	RUN(reports_the_end_of_a_stream);
	RUN(returns_errors_of_the_socket);
	RUN(receives_data);
	RUN(accepts_its_options);
	RUN(rejects_bad_pointers);
	RUN(rejects_files_larger_than_the_address_space);
	return finish();
}
