/* SPDX-License-Identifier: MIT */

/* 64 threads call every function at once. */
#include <pthread.h>

#include "hosts.h"

#define THREADS 64

static pthread_barrier_t together;

static void *call_often(void *unused)
{
	int line = 0;

	(void)unused;
	pthread_barrier_wait(&together);
	for (long n = rounds() / THREADS + 1; n > 0 && line == 0; n--)
		line = call_every_function();
	return (void *)(intptr_t)line;
}

static void works_in_64_threads_at_once(void)
{
	pthread_t threads[THREADS];

	pthread_barrier_init(&together, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		EQ(pthread_create(&threads[i], NULL, call_often, NULL), 0);
	for (int i = 0; i < THREADS; i++) {
		void *line;

		EQ(pthread_join(threads[i], &line), 0);
		EQ((intptr_t)line, 0);
	}
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(works_in_64_threads_at_once);
	return finish();
}
