/* SPDX-License-Identifier: MIT */

/*
 * Messages that a hostile peer may send to memfd_go_recv_fds() and
 * memfd_go_recv_verified(). No message may leak a descriptor.
 */
#include <netinet/in.h>

#include "test.h"
#include "child.h"
#include "filter.h"
#include "sockets.h"

static const unsigned counts[] = { 0, 1, 2, 16, 17, KERNEL_FDS_MAX };
#define COUNTS (sizeof counts / sizeof *counts)

/* Options of the receiver that make the kernel add control messages. */
static const int no_options[] = { 0 }, credentials[] = { SO_PASSCRED, 0 }, pidfd[] = { SO_PASSPIDFD, 0 },
		 all_options[] = { SO_PASSCRED, SO_PASSPIDFD, SO_PASSSEC, SO_TIMESTAMP, 0 };

static struct channel open_with(int type, const int *options)
{
	struct channel c = open_channel(type);

	for (; *options != 0; options++)
		set_option(c.receiver, *options);
	return c;
}

static int receive(int sock, uint32_t room)
{
	int fds[MEMFD_GO_FDS_MAX], result;
	uint32_t count = room;
	char data[4];
	size_t length = sizeof data;

	result = memfd_go_recv_fds(sock, 0, fds, &count, data, &length);
	for (uint32_t i = 0; result == 0 && i < count; i++)
		EQ(close(fds[i]), 0);
	return result < 0 ? result : (int)count;
}

static int receive_verified(int sock, uint32_t room)
{
	int fd = memfd_go_recv_verified(sock, 0, INT64_MAX, 0, NULL, NULL);

	EQ(room, 1);
	if (fd < 0)
		return fd;
	EQ(close(fd), 0);
	return 1;
}

/* Checks that 'count' descriptors, or the expected error, are received and none leaks. */
static void check(struct channel c, unsigned count, uint32_t room, int (*function)(int, uint32_t))
{
	int want = count > room                                 ? -EMSGSIZE
		   : count == 0 && function == receive_verified ? -EPROTO
								: (int)count;
	int fd = memfd_go_create_sealed("test", MFD_CLOEXEC, 0, "abcdef", 6);
	long before;

	EQ(send_message(c.sender, fd, count, "x", 1), 1);
	before = count_descriptors();
	EQ(function(c.receiver, room), want);
	EQ(count_descriptors(), before);
	close(fd);
}

static void check_counts(const int *options)
{
	size_t n = filters_work() ? COUNTS : COUNTS - 1; /* see kernel_maximum_of_descriptors_is_handled() */

	for (size_t type = 0; type < SOCKET_TYPES; type++) {
		for (size_t i = 0; i < n; i++) {
			struct channel c = open_with(socket_types[type], options);

			check(c, counts[i], MEMFD_GO_FDS_MAX, receive);
			check(c, counts[i], 1, receive);
			check(c, counts[i], 1, receive_verified);
			check(c, 1, 1, receive_verified); /* the socket still works */
			close_channel(c);
		}
	}
}

static void any_number_of_descriptors_is_handled(void)
{
	check_counts(no_options);
}

static void any_number_with_credentials_is_handled(void)
{
	check_counts(credentials);
}

static void any_number_with_a_pidfd_is_handled(void)
{
	check_counts(pidfd);
}

static void any_number_with_all_options_is_handled(void)
{
	check_counts(all_options);
}

static void kernel_maximum_of_descriptors_is_handled(void)
{
	SKIP("the emulator leaks descriptors when it truncates a message");
}

static void two_control_messages_arrive_as_one(void)
{
	struct channel c = open_channel(SOCK_STREAM);
	char control[2 * CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = { 0 };
	struct iovec payload = { "x", 1 };
	struct msghdr message = {
		.msg_iov = &payload, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	for (int i = 0; i < 2; i++, header = CMSG_NXTHDR(&message, header)) {
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &c.sender, sizeof(int));
	}
	EQ(sendmsg(c.sender, &message, 0), 1);
	EQ(receive(c.receiver, 2), 2);
	EQ(sendmsg(c.sender, &message, 0), 1);
	EQ(receive_verified(c.receiver, 1), -EMSGSIZE);
	close_channel(c);
}

static void descriptors_without_data_are_received(void)
{
	for (size_t type = 1; type < SOCKET_TYPES; type++) { /* a stream does not send them */
		struct channel c = open_channel(socket_types[type]);

		EQ(send_message(c.sender, c.sender, 1, NULL, 0), 0);
		EQ(receive(c.receiver, 1), 1);
		EQ(send_message(c.sender, c.sender, 1, NULL, 0), 0);
		EQ(receive_verified(c.receiver, 1), -EINVAL); /* the file is not a memfd */
		close_channel(c);
	}
}

static void empty_messages_look_like_the_end(void)
{
	for (size_t type = 1; type < SOCKET_TYPES; type++) {
		struct channel c = open_with(socket_types[type], all_options);

		EQ(send_message(c.sender, -1, 0, NULL, 0), 0);
		EQ(receive(c.receiver, 1), -EPIPE);
		EQ(send_message(c.sender, -1, 0, NULL, 0), 0);
		EQ(receive_verified(c.receiver, 1), -EPIPE);
		close_channel(c);
	}
}

#define OLD_DSTOPTS 4 /* IPV6_2292DSTOPTS: the control message has this number too */

static struct channel internet;

/* Opens two Internet sockets, the sender with options. Returns why it cannot, or NULL. */
static const char *why_no_internet_channel(void)
{
	static const unsigned char options[8] = { 0, 0, 1, 4, 0, 0, 0, 0 }; /* with six bytes of padding */
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	socklen_t length = sizeof address;
	int on = 1;

	internet.sender = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	internet.receiver = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (bind(internet.receiver, (struct sockaddr *)&address, length) != 0 ||
	    getsockname(internet.receiver, (struct sockaddr *)&address, &length) != 0 ||
	    connect(internet.sender, (struct sockaddr *)&address, length) != 0)
		return "no IPv6";
	if (setsockopt(internet.sender, IPPROTO_IPV6, IPV6_DSTOPTS, options, sizeof options) != 0 ||
	    setsockopt(internet.receiver, IPPROTO_IPV6, OLD_DSTOPTS, &on, sizeof on) != 0)
		return "no right to set IPv6 options";
	return NULL;
}

static void receive_options(void)
{
	EQ(dup2(internet.sender, 0), 0);
	EQ(send(internet.sender, "x", 1, 0), 1);
	EQ(receive(internet.receiver, 1), 0);
	EQ(raw(fcntl(0, F_GETFD)), 0);
}

/*
 * The network delivers a control message with the number of SCM_PIDFD. The 0 in it is not a
 * descriptor.
 */
static void only_unix_sockets_carry_descriptors(void)
{
	const char *why_not = why_no_internet_channel();

	if (why_not == NULL)
		IN_CHILD(receive_options);
	close_channel(internet);
	if (why_not != NULL)
		SKIP(why_not);
}

static void long_datagram_is_refused_and_its_files_closed(void)
{
	for (size_t type = 1; type < SOCKET_TYPES; type++) {
		struct channel c = open_with(socket_types[type], all_options);
		long before;

		EQ(send_message(c.sender, c.sender, 1, "abcdefgh", 8), 8);
		before = count_descriptors();
		EQ(receive(c.receiver, 1), -EMSGSIZE);
		EQ(count_descriptors(), before);
		close_channel(c);
	}
}

static void closed_connection_is_reported(void)
{
	struct channel c = open_with(SOCK_STREAM, all_options);

	EQ(send_message(c.sender, c.receiver, 2, "x", 1), 1);
	EQ(send_message(c.sender, c.receiver, 0, "x", 1), 1);
	close(c.sender);
	EQ(receive(c.receiver, 2), 2); /* messages sent before the close are still received */
	EQ(receive_verified(c.receiver, 1), -EPROTO);
	EQ(receive(c.receiver, 1), -EPIPE);
	EQ(receive_verified(c.receiver, 1), -EPIPE);
	close(c.receiver);
}

static struct channel channel_of_dead_peer;

static void send_and_die(void)
{
	EQ(send_message(channel_of_dead_peer.sender, channel_of_dead_peer.sender, 1, "x", 1), 1);
}

static void messages_of_a_dead_peer_are_received(void)
{
	channel_of_dead_peer = open_with(SOCK_STREAM, all_options);
	IN_CHILD(send_and_die);
	EQ(receive(channel_of_dead_peer.receiver, 1), 1);
	IN_CHILD(send_and_die);
	EQ(receive_verified(channel_of_dead_peer.receiver, 1), -EINVAL);
	close_channel(channel_of_dead_peer);
}

/* The kernel delivers the descriptors that fit and sets MSG_CTRUNC. */
static void descriptors_above_rlimit_nofile_are_an_error(void)
{
	for (int free_slots = 0; free_slots < 3; free_slots++) {
		struct channel c = open_with(SOCK_STREAM, pidfd);
		int lowest = dup(c.sender);
		rlim_t old;

		close(lowest);
		EQ(send_message(c.sender, c.sender, 3, "x", 1), 1);
		EQ(send_message(c.sender, c.sender, 3, "x", 1), 1);
		old = set_limit(RLIMIT_NOFILE, (rlim_t)(lowest + free_slots));
		EQ(receive(c.receiver, 3), -EMSGSIZE);
		EQ(receive_verified(c.receiver, 1), -EMSGSIZE);
		set_limit(RLIMIT_NOFILE, old);
		EQ(fcntl(lowest, F_GETFD), -1);
		close_channel(c);
	}
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(any_number_of_descriptors_is_handled);
	RUN(any_number_with_credentials_is_handled);
	RUN(any_number_with_a_pidfd_is_handled);
	RUN(any_number_with_all_options_is_handled);
	if (!filters_work())
		RUN(kernel_maximum_of_descriptors_is_handled);
	RUN(two_control_messages_arrive_as_one);
	RUN(descriptors_without_data_are_received);
	RUN(empty_messages_look_like_the_end);
	RUN(only_unix_sockets_carry_descriptors);
	RUN(long_datagram_is_refused_and_its_files_closed);
	RUN(closed_connection_is_reported);
	RUN(messages_of_a_dead_peer_are_received);
	RUN(descriptors_above_rlimit_nofile_are_an_error);
	return finish();
}
