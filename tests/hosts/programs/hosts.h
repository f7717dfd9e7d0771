/* SPDX-License-Identifier: MIT */

/* Shared by the stress programs: the number of calls, and random numbers. */
#ifndef HOSTS_H
#define HOSTS_H

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "test.h"
#include "child.h"
#include "every_function.h"

/* The calls of the library that call_every_function() makes (every_function.c counts them). */
#define CALLS_A_ROUND 45

/* How often to call every function, for $MEMFD_GO_CALLS calls in total. */
static inline long rounds(void)
{
	const char *calls = getenv("MEMFD_GO_CALLS");

	return (calls == NULL ? 4500 : atol(calls)) / CALLS_A_ROUND + 1;
}

/* A random number below 'limit'. 'state' belongs to the caller. */
static inline unsigned random_below(uint64_t *state, unsigned limit)
{
	*state = *state * 6364136223846793005U + 1442695040888963407U;
	return (unsigned)(*state >> 33) % limit;
}

#endif
