/* SPDX-License-Identifier: MIT */

/*
 * With any combination of socket options that add control messages before or after the
 * descriptors, there is room for the maximum number of descriptors.
 */
#include "test.h"
#include "sockets.h"

#ifndef SO_INQ
#define SO_INQ 84
#endif
#ifndef SO_TIMESTAMPING_NEW
#define SO_TIMESTAMPING_NEW 65
#endif
#ifndef SO_TIMESTAMPNS_NEW
#define SO_TIMESTAMPNS_NEW 64
#endif

#define SOFTWARE_TIMESTAMPS 0x18 /* timestamps of received messages */

static const struct {
	int option, value;
} options[] = {
	{ SO_PASSCRED, 1 },
	{ SO_PASSSEC, 1 },
	{ SO_PASSPIDFD, 1 },
	{ SO_TIMESTAMP, 1 },
	{ SO_TIMESTAMPNS, 1 },
	{ SO_TIMESTAMPNS_NEW, 1 },
	{ SO_TIMESTAMPING, SOFTWARE_TIMESTAMPS },
	{ SO_TIMESTAMPING_NEW, SOFTWARE_TIMESTAMPS },
	{ SO_INQ, 1 },
};
#define OPTIONS (sizeof options / sizeof *options)

static int fds[MEMFD_GO_FDS_MAX], got[MEMFD_GO_FDS_MAX];

/* Some kernels lack some of them. */
static void set_options(int sock, unsigned set)
{
	for (size_t i = 0; i < OPTIONS; i++)
		if (set >> i & 1)
			setsockopt(sock, SOL_SOCKET, options[i].option, &options[i].value, sizeof(int));
}

static void send_and_receive(int type, unsigned set)
{
	struct channel c = open_channel(type);
	uint32_t count = MEMFD_GO_FDS_MAX;
	char data[4] = "";
	size_t length = sizeof data;

	set_options(c.receiver, set);
	EQ(memfd_go_send_fds(c.sender, 0, fds, MEMFD_GO_FDS_MAX, "abc", 3), 3);
	EQ(memfd_go_recv_fds(c.receiver, 0, got, &count, data, &length), 0);
	EQ(count, MEMFD_GO_FDS_MAX);
	TEXT(data, "abc");
	for (uint32_t i = 0; i < count && i < MEMFD_GO_FDS_MAX; i++) {
		CHECK(same_file(got[i], fds[i]));
		close(got[i]);
	}
	close_channel(c);
}

static void receives_with_any_socket_options(void)
{
	for (int i = 0; i < MEMFD_GO_FDS_MAX; i++)
		fds[i] = sealable_file();
	for (size_t type = 0; type < SOCKET_TYPES; type++)
		for (unsigned set = 0; set < 1U << OPTIONS; set++)
			send_and_receive(socket_types[type], set);
	for (int i = 0; i < MEMFD_GO_FDS_MAX; i++)
		close(fds[i]);
}

static void recv_verified_works_with_any_socket_options(void)
{
	int sent = memfd_go_create_sealed("test", MFD_CLOEXEC, 0, "abcdef", 6), fd;

	for (size_t type = 0; type < SOCKET_TYPES; type++) {
		struct channel c = open_channel(socket_types[type]);

		set_options(c.receiver, ~0U);
		EQ(memfd_go_send_fds(c.sender, 0, &sent, 1, NULL, 0), 0);
		fd = memfd_go_recv_verified(c.receiver, 0, 6, 0, NULL, NULL);
		CHECK(same_file(fd, sent));
		close(fd);
		close_channel(c);
	}
	close(sent);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(receives_with_any_socket_options);
	RUN(recv_verified_works_with_any_socket_options);
	return finish();
}
