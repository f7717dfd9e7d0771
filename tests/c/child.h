/* SPDX-License-Identifier: MIT */

/*
 * Child processes, for changes that cannot be undone: limits, system call filters, exits. A
 * check that fails in a child fails the test.
 */
#ifndef CHILD_H
#define CHILD_H

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

/* The unprivileged user and group. */
#define NOBODY 65534

/* The wait status of a child, or -1. */
static inline int status_of(pid_t child)
{
	int status = -1;

	if (child < 0)
		return -1;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

/* Starts a child that runs 'body' and exits. */
static inline pid_t start_child(void (*body)(void))
{
	pid_t child;

	fflush(stdout);
	child = fork();
	if (child != 0)
		return child;
	test.failed_checks = 0;
	body();
	fflush(stdout);
	_exit(test.failed_checks != 0);
}

#define IN_CHILD(body) EQ(status_of(start_child(body)), 0)

/* Becomes an unprivileged user, if the process is root. */
static inline void drop_privileges(void)
{
	if (geteuid() == 0 && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
		CHECK(!"privileges dropped");
}

#endif
