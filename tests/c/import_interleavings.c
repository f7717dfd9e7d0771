/* SPDX-License-Identifier: MIT */

/*
 * memfd_go_import_pid() while the other process replaces its descriptor at any point of the
 * call. The returned file must be one that was checked, and only regular files may be
 * opened, even temporarily.
 */
#include <signal.h>
#include <sys/stat.h>

#include "test.h"
#include "child.h"
#include "files.h"
#include "sockets.h"
#include "trap.h"

#define REMOTE 100 /* the descriptor. The "other" process is this one. */
#define STOPS_MAX 20
#define DELAY 50000 /* microseconds, enough for an unblocked process to continue */

static char path[] = "/tmp/memfd_go-fifo-XXXXXX";
static int other; /* replaces the descriptor */
static int stops, stop_at;

static void replace(const struct seccomp_data *data)
{
	(void)data;
	if (stops++ == stop_at)
		dup2(other, REMOTE);
}

/* Imports the file while 'other' replaces it at the first stop, then at the second, and so on. */
static void replace_at_every_stop(int regular)
{
	int file = sealable_file(), got, done = 0;

	EQ(set_trap(replace), 0);
	for (stop_at = 0; !done && stop_at < STOPS_MAX; stop_at++) {
		dup2(file, REMOTE);
		stops = 0;
		got = memfd_go_import_pid(getpid(), REMOTE, O_RDONLY);
		done = stops <= stop_at; /* the call has fewer stops */
		if (got >= 0)
			CHECK(same_file(got, file) || (regular && same_file(got, other)));
		else
			EQ(got, -ENXIO);
		CHECK(got >= 0 || !regular);
		close(got);
	}
	CHECK(done && stop_at > 3);
	close(REMOTE);
	close(file);
}

static void by_a_regular_file(void)
{
	other = sealable_file();
	replace_at_every_stop(1);
}

/* Blocks until another process opens the FIFO for reading. */
static void wait_for_a_reader(void)
{
	close(open(path, O_WRONLY | O_CLOEXEC));
}

static void by_a_fifo(void)
{
	pid_t writer;
	int fd = mkstemp(path), status;

	close(fd);
	unlink(path);
	EQ(mkfifo(path, 0600), 0);
	writer = start_child(wait_for_a_reader);
	other = open(path, O_PATH | O_CLOEXEC);
	usleep(DELAY);
	dup2(other, REMOTE);
	EQ(memfd_go_import_pid(getpid(), REMOTE, O_RDONLY), -ENXIO);
	replace_at_every_stop(0);
	usleep(DELAY);
	EQ(waitpid(writer, &status, WNOHANG), 0); /* nobody has opened the FIFO */
	kill(writer, SIGKILL);
	EQ(status_of(writer), SIGKILL);
	unlink(path);
}

static void descriptor_replaced_by_a_regular_file(void)
{
	if (why_not_trap() != NULL)
		SKIP(why_not_trap());
	IN_CHILD(by_a_regular_file);
}

static void descriptor_replaced_by_a_fifo(void)
{
	if (why_not_trap() != NULL)
		SKIP(why_not_trap());
	IN_CHILD(by_a_fifo);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(descriptor_replaced_by_a_regular_file);
	RUN(descriptor_replaced_by_a_fifo);
	return finish();
}
