/* SPDX-License-Identifier: MIT */

/*
 * Calls a function before each system call of the library.
 *
 * A seccomp filter turns each system call of the library's code into SIGSYS. The handler calls
 * trap.before, makes the system call itself and returns its result. Without a switch to
 * another thread or process this takes about a microsecond.
 */
#ifndef TRAP_H
#define TRAP_H

#include <signal.h>
#include <ucontext.h>

#include "library_calls.h"

/* The registers with a system call's arguments and result. */
#if defined __x86_64__
#define R(name) context->uc_mcontext.gregs[REG_##name]
#define ARGUMENTS R(RDI), R(RSI), R(RDX), R(R10), R(R8), R(R9)
#define RESULT R(RAX)
#elif defined __aarch64__
#define R(n) context->uc_mcontext.regs[n]
#define ARGUMENTS R(0), R(1), R(2), R(3), R(4), R(5)
#define RESULT R(0)
#endif

static struct {
	void (*before)(const struct seccomp_data *data); /* each system call of the library */
	void (*after)(long result);                      /* each of them, or NULL */
} trap;

#ifdef RESULT

static inline void make_system_call(int number, siginfo_t *info, void *argument)
{
	ucontext_t *context = argument;
	struct seccomp_data data = { .nr = info->si_syscall, .args = { ARGUMENTS } };
	const uint64_t *a = (const uint64_t *)data.args;
	int saved = errno;

	(void)number;
	trap.before(&data);
	RESULT = raw(syscall(data.nr, a[0], a[1], a[2], a[3], a[4], a[5]));
	if (trap.after != NULL)
		trap.after((long)RESULT);
	errno = saved;
}

/* Sets the function, until the process ends. Returns 0 or -errno. */
static inline int set_trap(void (*before)(const struct seccomp_data *data))
{
	struct sigaction action = { .sa_sigaction = make_system_call, .sa_flags = SA_SIGINFO };

	trap.before = before;
	sigaction(SIGSYS, &action, NULL);
	return filter_library(SECCOMP_RET_TRAP, 0);
}

/* A reason to skip, or NULL. */
static inline const char *why_not_trap(void)
{
	return why_not_filter(SECCOMP_RET_TRAP);
}

#else

static inline int set_trap(void (*before)(const struct seccomp_data *data))
{
	trap.before = before;
	return -ENOSYS;
}

static inline const char *why_not_trap(void)
{
	return "trap.h does not know the registers of system calls on this architecture";
}

#endif

#endif
