/* SPDX-License-Identifier: MIT */

/* Loading and using the library does not change the process. */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "test.h"
#include "every_function.h"

#define SIGNALS 65
#define LIMITS 16

extern char **environ;

static struct host {
	long threads;
	struct resources resources;
	void (*handlers[SIGNALS])(int);
	int flags[SIGNALS];
	sigset_t mask;
	stack_t alternate_stack;
	struct itimerval timers[3];
	struct rlimit limits[LIMITS];
	char environment[16384];
} before, after;

static long count_threads(void)
{
	DIR *directory = opendir("/proc/self/task");
	long n = -2; /* "." and ".." */

	while (directory != NULL && readdir(directory) != NULL)
		n++;
	if (directory != NULL)
		closedir(directory);
	return n;
}

static void describe_environment(char *text, size_t size)
{
	char *end = text;

	for (char **variable = environ; *variable != NULL; variable++)
		end += snprintf(end, size - (size_t)(end - text), "%p %.40s\n", (void *)*variable, *variable);
}

static void describe(struct host *host)
{
	memset(host, 0, sizeof *host);
	host->threads = count_threads();
	host->resources = count_resources();
	for (int number = 1; number < SIGNALS; number++) {
		struct sigaction action;

		if (sigaction(number, NULL, &action) != 0)
			continue; /* the C library's own */
		host->handlers[number] = action.sa_handler;
		host->flags[number] = action.sa_flags;
	}
	pthread_sigmask(SIG_SETMASK, NULL, &host->mask);
	sigaltstack(NULL, &host->alternate_stack);
	for (int i = 0; i < 3; i++)
		getitimer(i, &host->timers[i]);
	for (int i = 0; i < LIMITS; i++)
		getrlimit(i, &host->limits[i]);
	describe_environment(host->environment, sizeof host->environment);
}

static void starts_no_threads(void)
{
	EQ(after.threads, before.threads);
}

static void opens_no_descriptors(void)
{
	EQ(after.resources.descriptors, before.resources.descriptors);
}

static void locks_no_memory(void)
{
	EQ(after.resources.locked_kb, before.resources.locked_kb);
}

static void changes_no_signal_handlers(void)
{
	for (int number = 1; number < SIGNALS; number++) {
		CHECK(after.handlers[number] == before.handlers[number]);
		EQ(after.flags[number], before.flags[number]);
	}
}

static void changes_no_signal_mask_or_stack(void)
{
	EQ(memcmp(&after.mask, &before.mask, sizeof after.mask), 0);
	EQ(memcmp(&after.alternate_stack, &before.alternate_stack, sizeof after.alternate_stack), 0);
}

static void starts_no_timers(void)
{
	EQ(memcmp(after.timers, before.timers, sizeof after.timers), 0);
}

/* Go's runtime would raise RLIMIT_NOFILE. */
static void changes_no_limits(void)
{
	EQ(memcmp(after.limits, before.limits, sizeof after.limits), 0);
}

static void changes_no_environment(void)
{
	TEXT(after.environment, before.environment);
}

int main(int argc, char **argv)
{
	describe(&before);
	describe(&before); /* first, for the C library's allocations */
	start(argc, argv);
	if (call_every_function() != 0)
		return 1;
	describe(&after);
	RUN(starts_no_threads);
	RUN(opens_no_descriptors);
	RUN(locks_no_memory);
	RUN(changes_no_signal_handlers);
	RUN(changes_no_signal_mask_or_stack);
	RUN(starts_no_timers);
	RUN(changes_no_limits);
	RUN(changes_no_environment);
	return finish();
}
