/* SPDX-License-Identifier: MIT */

/* No function is a cancellation point, as the libc's functions for the same system calls are. */
#include <pthread.h>
#include <sys/socket.h>

#include "test.h"
#include "area.h"
#include "files.h"
#include "sockets.h"

static int fds[5], fd_count; /* close(2) is a cancellation point */

static int keep(int fd)
{
	CHECK(fd >= 0);
	fds[fd_count++] = fd;
	return fd;
}

static void close_kept(void)
{
	while (fd_count > 0)
		close(fds[--fd_count]);
}

static struct channel channel;
static int returned;

static void *call_functions(void *unused)
{
	secret_area s = NEW_AREA;
	uint32_t n = 1;
	int fd, received;

	pthread_cancel(pthread_self());
	fd = keep(memfd_go_create_sealed("test", MFD_CLOEXEC, 0, "hello", 5));
	keep(memfd_go_clone("test", MFD_CLOEXEC, 0, fd, 5));
	keep(memfd_go_clone_stream("test", MFD_CLOEXEC, 0, keep(memfd_go_reopen(fd, O_RDONLY)), 5));
	EQ(memfd_go_send_fds(channel.sender, 0, &fd, 1, "x", 1), 1);
	EQ(memfd_go_recv_fds(channel.receiver, 0, &received, &n, NULL, NULL), 0);
	keep(received);
	EQ(memfd_go_secret_alloc(&s, 1, 0), 0);
	EQ(memfd_go_secret_free(&s), 0);
	returned = 1;
	pthread_testcancel();
	return unused;
}

static void pending_cancellation_waits_for_the_caller(void)
{
	pthread_t thread;
	void *result = NULL;

	channel = open_channel(SOCK_STREAM);
	returned = 0;
	EQ(pthread_create(&thread, NULL, call_functions, NULL), 0);
	EQ(pthread_join(thread, &result), 0);
	EQ(returned, 1);
	CHECK(result == PTHREAD_CANCELED);
	close_kept();
	close_channel(channel);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(pending_cancellation_waits_for_the_caller);
	return finish();
}
