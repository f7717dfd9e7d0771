/* SPDX-License-Identifier: MIT */

/* Fault injection into the functions that pass files to processes (failing_calls.h). */
#include <sys/socket.h>

#include "failing_calls.h"

#define LENGTH 6

/* ------------------------------------------------------------------ Before */

static void prepare_file(void)
{
	in.fd = raw_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	EQ(write(in.fd, "abcdef", LENGTH), LENGTH);
}

static void prepare_pidfd(void)
{
	in.fd = (int)raw(syscall(SYS_pidfd_open, getpid(), 0));
}

static void prepare_socket(void)
{
	int ends[2];

	prepare_file();
	EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	in.socket = ends[0];
	in.peer = ends[1];
}

/* Sends a message with the file n times. */
static void send_message_with(int n)
{
	int fds[2] = { in.fd, in.fd };

	EQ(memfd_go_send_fds(in.peer, 0, fds, (uint32_t)n, NULL, 0), 0);
}

static void prepare_message(void)
{
	prepare_socket();
	send_message_with(1);
}

static void prepare_message_of_two(void)
{
	prepare_socket();
	send_message_with(2);
	out.count = 1;
}

static void prepare_message_of_a_sealed_file(void)
{
	prepare_socket();
	EQ(fcntl(in.fd, F_ADD_SEALS, MEMFD_GO_SEALS_IMMUTABLE), 0);
	send_message_with(1);
}

/* ------------------------------------------------------------------- After */

static void close_input(int result)
{
	if (result >= 0)
		EQ(close(result), 0);
	close(in.fd);
}

static void close_sockets(int result)
{
	close_input(result);
	close(in.socket);
	close(in.peer);
}

static void expect_sent(int result)
{
	if (result >= 0)
		EQ(result, LENGTH);
	close_sockets(-1);
}

static void expect_received(int result)
{
	if (result >= 0) {
		EQ(result, 0);
		EQ(out.count, 1);
		EQ(out.length, 1);
		EQ(close(out.fds[0]), 0);
	}
	close_sockets(-1);
}

/* The file is not a program, so the result without a failure is -ENOEXEC. */
static void expect_error(int result)
{
	CHECK(result < 0);
	close(in.fd);
}

/* --------------------------------------------------------------- The table */

static char *const none[] = { NULL };

#define SEND memfd_go_send_fds(in.socket, 0, &in.fd, 1, "abcdef", LENGTH)
#define RECEIVE memfd_go_recv_fds(in.socket, 0, out.fds, &out.count, out.data, &out.length)
#define RECEIVE_ONE memfd_go_recv_fds(in.socket, 0, out.fds, &out.count, NULL, NULL)
#define VERIFIED memfd_go_recv_verified(in.socket, 0, LENGTH, 0, NULL, NULL)
#define EXEC memfd_go_exec(in.fd, none, none, MEMFD_GO_OPT_INHERIT_FD)

#define ROWS(F)                                                                                            \
	F(send_fds, prepare_socket, SEND, expect_sent, "", "sendmsg", "")                                  \
	F(recv_fds, prepare_message, RECEIVE, expect_received, "", "recvmsg", "")                          \
	F(recv_fds_too_many, prepare_message_of_two, RECEIVE_ONE, expect_received, "", "recvmsg close*2",  \
	  "close:*")                                                                                       \
	F(recv_verified, prepare_message_of_a_sealed_file, VERIFIED, close_sockets, "",                    \
	  "recvmsg get_seals statx", "")                                                                   \
	F(recv_verified_unsealed, prepare_message, VERIFIED, close_sockets, "", "recvmsg get_seals close", \
	  "close:*")                                                                                       \
	F(import_pid, prepare_file, memfd_go_import_pid(getpid(), in.fd, O_RDONLY), close_input, "",       \
	  "openat statx openat setfl close", "close:*")                                                    \
	F(import_pidfd, prepare_pidfd, memfd_go_import_pidfd(in.fd, in.fd, 0), close_input, "",            \
	  "pidfd_getfd", "")                                                                               \
	F(exec, prepare_file, EXEC, expect_error, "", "getfd setfd execveat setfd",                        \
	  "execveat:ENOSYS setfd/2:*")                                                                     \
	F(exec_before_3_19, prepare_file, EXEC, expect_error, "execveat:ENOSYS",                           \
	  "getfd setfd execveat execve setfd", "execveat:ENOSYS setfd/2:*")

TABLE(ROWS)

int main(int argc, char **argv)
{
	start(argc, argv);
	TRY_TABLE(ANY_KERNEL);
	return finish();
}
