/* SPDX-License-Identifier: MIT */

/* Unix sockets, and messages that the library does not send. */
#ifndef SOCKETS_H
#define SOCKETS_H

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "alarms.h"
#include "files.h"

/* The kernel's limit for one message (SCM_MAX_FD). */
#define KERNEL_FDS_MAX 253

#ifndef SO_PASSPIDFD
#define SO_PASSPIDFD 76
#endif

static const int socket_types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
#define SOCKET_TYPES (sizeof socket_types / sizeof *socket_types)

/* Two connected sockets. */
struct channel {
	int sender, receiver;
};

static inline struct channel open_channel(int type)
{
	int ends[2] = { -1, -1 };

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0)
		abort();
	return (struct channel){ ends[0], ends[1] };
}

static inline void close_channel(struct channel c)
{
	close(c.sender);
	close(c.receiver);
}

static inline void set_option(int sock, int option)
{
	setsockopt(sock, SOL_SOCKET, option, &(int){ 1 }, sizeof(int));
}

/*
 * Sends 'fd' 'count' times in one message. Returns the number of bytes sent, or -errno. It makes
 * the system call directly, because musl's sendmsg() limits the control message.
 */
static inline long send_message(int sock, int fd, unsigned count, const void *data, size_t length)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(KERNEL_FDS_MAX * sizeof(int))];
	} control = { 0 };
	struct iovec payload = { (void *)(uintptr_t)data, length };
	struct msghdr message = { .msg_iov = &payload, .msg_iovlen = 1 };

	if (count > 0) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(count * sizeof(int));
		for (unsigned i = 0; i < count; i++)
			memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &fd, sizeof(int));
	}
	return raw(syscall(SYS_sendmsg, sock, &message, MSG_NOSIGNAL));
}

static inline int same_file(int a, int b)
{
	struct stat first, second;

	return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
	       first.st_ino == second.st_ino;
}

static inline void ignore_alarm(int number)
{
	(void)number;
}

/* Interrupts system calls by SIGALRM every 10 ms, until stop_interrupting(). */
static inline void start_interrupting(void)
{
	struct sigaction action = { .sa_handler = ignore_alarm };
	struct itimerval often = { { 0, 10000 }, { 0, 10000 } };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
}

static inline void stop_interrupting(void)
{
	stop_alarms(&(struct sigaction){ .sa_handler = SIG_DFL });
}

#endif
