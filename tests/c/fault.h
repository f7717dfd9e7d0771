/* SPDX-License-Identifier: MIT */

/* Which signal an access to a byte raises. */
#ifndef FAULT_H
#define FAULT_H

#include <setjmp.h>
#include <signal.h>

static sigjmp_buf after_fault;

static inline void leave_fault(int number)
{
	siglongjmp(after_fault, number);
}

static inline void touch(volatile char *p, int write)
{
	if (write)
		*p = 1;
	else
		(void)*p;
}

/* The signal, or 0. */
static inline int signal_of(const void *p, int write)
{
	struct sigaction action = { .sa_handler = leave_fault }, segv, bus;
	volatile int number;

	sigaction(SIGSEGV, &action, &segv);
	sigaction(SIGBUS, &action, &bus);
	number = sigsetjmp(after_fault, 1);
	if (number == 0)
		touch((volatile char *)(uintptr_t)p, write);
	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGBUS, &bus, NULL);
	return number;
}

#define READ_SIGNAL(p) signal_of((p), 0)
#define WRITE_SIGNAL(p) signal_of((p), 1)

#endif
