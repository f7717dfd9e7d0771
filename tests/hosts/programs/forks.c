/* SPDX-License-Identifier: MIT */

/*
 * Children of fork() and vfork(), started while other threads call every function. The children
 * call every function too.
 */
#include <pthread.h>

#include "hosts.h"

#define THREADS 4
#define ROUNDS_BETWEEN 8 /* rounds of the threads for each child */

static volatile int stop;
static long rounds_made;

/*
 * All but call_file_functions(), which seals a file after mapping it. That is -EBUSY while a child
 * of another thread has a copy of the mapping.
 */
static int call_all_but_file_functions(void)
{
	void *map = NULL;
	int line, fd = memfd_go_create("fork", MFD_CLOEXEC);

	EXPECT(fd >= 0);
	EXPECT(memfd_go_set_size(fd, 0, 5) == 0);
	EXPECT(memfd_go_map(fd, MEMFD_GO_OPT_WRITE, 0, 5, &map) == 0);
	EXPECT(memfd_go_unmap(map, 5) == 0);
	close(fd);
	line = call_library_functions();
	if (line == 0)
		line = call_create_functions();
	if (line == 0)
		line = call_text_functions();
	if (line == 0)
		line = call_transfer_functions();
	return line != 0 ? line : call_secret_functions();
}

static void *call_until_stopped(void *unused)
{
	int line = 0;

	(void)unused;
	while (!stop && line == 0) {
		line = call_all_but_file_functions();
		__atomic_fetch_add(&rounds_made, 1, __ATOMIC_RELAXED);
	}
	return (void *)(intptr_t)line;
}

static void wait_a_moment(uint64_t *random)
{
	struct timespec moment = { 0, (long)random_below(random, 300000) };

	nanosleep(&moment, NULL);
}

static int child_of_fork(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(call_every_function() != 0);
	return status_of(child);
}

static int child_of_vfork(void)
{
	pid_t child = vfork();

	if (child == 0)
		_exit(call_every_function() != 0);
	return status_of(child);
}

static void start_children(int (*start_one)(void))
{
	pthread_t threads[THREADS];
	uint64_t random = (uint64_t)getpid();
	long children = rounds() / ROUNDS_BETWEEN + 1;
	void *line;

	stop = 0;
	rounds_made = 0;
	for (int i = 0; i < THREADS; i++)
		EQ(pthread_create(&threads[i], NULL, call_until_stopped, NULL), 0);
	for (long i = 0; i < children || rounds_made < rounds(); i++) {
		wait_a_moment(&random);
		EQ(start_one(), 0);
	}
	stop = 1;
	for (int i = 0; i < THREADS; i++) {
		EQ(pthread_join(threads[i], &line), 0);
		EQ((intptr_t)line, 0);
	}
}

static void works_in_children_of_fork(void)
{
	start_children(child_of_fork);
}

static void works_in_children_of_vfork(void)
{
	start_children(child_of_vfork);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(works_in_children_of_fork);
	RUN(works_in_children_of_vfork);
	return finish();
}
