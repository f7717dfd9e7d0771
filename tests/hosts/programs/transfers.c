/* SPDX-License-Identifier: MIT */

/* A receiver that takes, maps and unmaps files for a long time keeps nothing of them. */
#include "hosts.h"
#include "sockets.h"

#define CALLS_A_TRANSFER 4 /* send, receive, map, unmap */
#define FILE_LENGTH 8192

static const char contents[FILE_LENGTH] = "sealed";

/* A file that is refused is closed. */
static long refuse(struct channel c, int unsealed)
{
	long r;

	if (memfd_go_send_fds(c.sender, 0, &unsealed, 1, NULL, 0) != 0)
		return __LINE__;
	r = memfd_go_recv_verified(c.receiver, 0, FILE_LENGTH, 0, NULL, NULL);
	return r == -EKEYREJECTED ? 0 : __LINE__;
}

static long transfer(struct channel c, int sealed)
{
	void *map = NULL;
	size_t length = 0;
	int fd;

	if (memfd_go_send_fds(c.sender, 0, &sealed, 1, NULL, 0) != 0)
		return __LINE__;
	fd = memfd_go_recv_verified(c.receiver, 0, FILE_LENGTH, 0, NULL, NULL);
	if (fd < 0 || memfd_go_map_verified(fd, 0, FILE_LENGTH, 0, &map, &length) != 0)
		return __LINE__;
	close(fd);
	if (length != FILE_LENGTH || memcmp(map, contents, sizeof "sealed") != 0)
		return __LINE__;
	return memfd_go_unmap(map, length) == 0 ? 0 : __LINE__;
}

static void keeps_nothing(void)
{
	const char *calls = getenv("MEMFD_GO_CALLS");
	long n = (calls == NULL ? 40000 : atol(calls)) / CALLS_A_TRANSFER + 1, failed = 0, resident;
	struct channel c = open_channel(SOCK_SEQPACKET);
	int sealed = memfd_go_create_sealed("sealed", MFD_CLOEXEC, 0, contents, sizeof contents);
	int unsealed = memfd_go_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct resources before;

	EQ(transfer(c, sealed), 0); /* so that what is set up once does not count */
	before = count_resources();
	resident = status_kb("VmRSS:");
	for (long i = 0; i < n && failed == 0; i++) {
		failed = transfer(c, sealed);
		if (failed == 0 && i % 64 == 0)
			failed = refuse(c, unsealed);
	}
	EQ(failed, 0);
	EQ(count_resources().descriptors, before.descriptors);
	EQ(count_resources().mappings, before.mappings);
	CHECK(status_kb("VmRSS:") - resident < 256);
	printf("# %ld transfers\n", n);
	close(sealed);
	close(unsealed);
	close_channel(c);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(keeps_nothing);
	return finish();
}
