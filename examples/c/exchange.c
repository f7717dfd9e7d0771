/* SPDX-License-Identifier: MIT */

/*
 * exchange: two processes that do not trust each other share memory. The parent sends
 * files over a socket. The child reads the sealed one in place, and refuses the unsealed
 * one, which the parent could change or shrink while the child reads it.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "example.h"

enum { MAX_LEN = 1 << 20 }; /* The largest file that the child accepts. */

static void send_file(int sock, const char *what, int fd)
{
	must("create", fd);
	must("send_fds", memfd_go_send_fds(sock, 0, &fd, 1, NULL, 0));
	say("parent", "sent a file %s", what);
	close(fd);
}

static void be_the_parent(int sock)
{
	int sealed = memfd_go_create_sealed("page", MEMFD_GO_CREATE_DEFAULT, 0, "hello, child", 12);
	int writable = memfd_go_create_with("trap", NULL, 0);

	must("set_size", memfd_go_set_size(writable, 0, 12));
	send_file(sock, "without seals", writable);
	send_file(sock, "with seals", sealed);
}

static void read_file(int fd)
{
	void *text;
	size_t size;

	must("map_verified", memfd_go_map_verified(fd, F_SEAL_WRITE, MAX_LEN, 0, &text, &size));
	say("child", "reads a file: \"%.*s\"", (int)size, (const char *)text);
	must("unmap", memfd_go_unmap(text, size));
	close(fd);
}

static void be_the_child(int sock)
{
	int fd;

	while ((fd = memfd_go_recv_verified(sock, F_SEAL_WRITE, MAX_LEN, 0, NULL, NULL)) != -EPIPE) {
		if (fd == -EKEYREJECTED)
			say("child", "refuses a file: %s", memfd_go_result_name(fd));
		else
			read_file(must("recv_verified", fd));
	}
	say("child", "sees that the parent has closed");
}

int main(void)
{
	int ends[2], status;
	pid_t child;

	must("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == -1 ? -errno : 0);
	child = fork();
	must("fork", child == -1 ? -errno : 0);
	if (child == 0) {
		close(ends[0]);
		be_the_child(ends[1]);
		return EXIT_SUCCESS;
	}
	close(ends[1]);
	be_the_parent(ends[0]);
	close(ends[0]);
	must("waitpid", waitpid(child, &status, 0) == -1 ? -errno : 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
