/* SPDX-License-Identifier: MIT */

/* Every function works in a forked child, whatever the parent's threads were doing. */
#include <pthread.h>
#include <sys/wait.h>

#include "test.h"
#include "every_function.h"

#define THREADS 4
#define CHILDREN 50

static volatile int stop;

/* Without mappings: a child forked by another thread would inherit a copy of them. */
static void *call_until_stopped(void *unused)
{
	int line = 0;

	(void)unused;
	while (!stop && line == 0) {
		close(memfd_go_create_sealed("fork", MFD_CLOEXEC, 0, "abc", 3));
		line = call_text_functions();
	}
	return (void *)(intptr_t)line;
}

static int status_of(pid_t child)
{
	int status = -1;

	if (child < 0 || waitpid(child, &status, 0) != child)
		return -1;
	return status;
}

static void check_children(void)
{
	for (int i = 0; i < CHILDREN; i++) {
		pid_t child = fork();

		if (child == 0)
			_exit(call_every_function() != 0);
		EQ(status_of(child), 0);
	}
}

static void works_in_the_child_of_a_threaded_process(void)
{
	pthread_t threads[THREADS];
	void *line;

	stop = 0;
	for (int i = 0; i < THREADS; i++)
		EQ(pthread_create(&threads[i], NULL, call_until_stopped, NULL), 0);
	check_children();
	stop = 1;
	for (int i = 0; i < THREADS; i++) {
		EQ(pthread_join(threads[i], &line), 0);
		EQ((intptr_t)line, 0);
	}
}

static void works_in_a_child_of_vfork(void)
{
	pid_t child = vfork();

	if (child == 0)
		_exit(call_every_function() != 0);
	EQ(status_of(child), 0);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(works_in_the_child_of_a_threaded_process);
	RUN(works_in_a_child_of_vfork);
	return finish();
}
