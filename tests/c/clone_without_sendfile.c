/* SPDX-License-Identifier: MIT */

/* memfd_go_clone() of files that do not support sendfile(2). */
#include <signal.h>
#include <sys/wait.h>

#include "injector.h"
#include "contents.h"

static int source;
static size_t length;

static int clone_source(void)
{
	return memfd_go_clone("clone", MFD_CLOEXEC, 0, source, length);
}

static void check_clone(int (*answer)(const struct event *event, int position))
{
	struct observation o = { .call = clone_source, .answer = answer };

	source = filled(sealable_file(), pattern(), length);
	observe(&o);
	CHECK(o.result >= 0);
	EQ(without_exec(memfd_go_get_seals(o.result)), MEMFD_GO_SEALS_IMMUTABLE);
	check_contents(o.result, pattern(), length);
	close(o.result);
	close(source);
}

static pid_t child;

static int fork_at_pread(const struct event *event, int position)
{
	(void)position;
	if (strcmp(event->name, "sendfile") == 0)
		return EINVAL;
	if (strcmp(event->name, "pread") == 0 && child == 0) {
		child = fork();
		while (child == 0)
			pause();
	}
	return CONTINUE;
}

/* The child must not inherit a writable mapping of the copy, or sealing would be -EBUSY. */
static void survives_fork_by_another_thread(void)
{
	if (why_not_observe() != NULL)
		SKIP(why_not_observe());
	child = 0;
	length = 100;
	check_clone(fork_at_pread);
	CHECK(child > 0);
	EQ(kill(child, SIGKILL), 0);
	EQ(waitpid(child, NULL, 0), child);
}

#define BLOCK 4096

/* Like the direct I/O of file systems that check no more than this. */
static int require_blocks(const struct event *event, int position)
{
	const uint64_t *a = event->arguments;

	(void)position;
	if (strcmp(event->name, "sendfile") == 0)
		return EINVAL;
	if (strcmp(event->name, "pread") == 0 && a[3] < length &&
	    (a[1] % BLOCK | a[2] % BLOCK | a[3] % BLOCK) != 0)
		return EINVAL;
	return CONTINUE;
}

static void reads_whole_blocks(void)
{
	static const size_t lengths[] = { 1, BLOCK, 65536, 3 * 65536 + 1 };

	if (why_not_observe() != NULL)
		SKIP(why_not_observe());
	if (sizeof(void *) == 4)
		SKIP("the test does not decode offsets in two registers");
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		length = lengths[i];
		check_clone(require_blocks);
	}
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(survives_fork_by_another_thread);
	RUN(reads_whole_blocks);
	return finish();
}
