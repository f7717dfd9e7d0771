/* SPDX-License-Identifier: MIT */

/*
 * Every function works in a signal handler that interrupts any other, on an alternate stack that
 * is little larger than the kernel's minimum.
 */
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <time.h>

#include "test.h"
#include "alarms.h"
#include "every_function.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

#define SIGNALS 200
#define SECONDS 5
#define DELAY_MAX 1000 /* microseconds until the signal, at most */
#define OWN_STACK 8192 /* 4096 bytes of the library, and the handler's frame */

static volatile sig_atomic_t signals, failed_line;

static void handler(int number)
{
	int saved = errno, line = call_every_function();

	(void)number;
	if (line != 0 && failed_line == 0)
		failed_line = line;
	signals = signals + 1;
	errno = saved;
}

static size_t alternate_stack_size(void)
{
	size_t kernel_minimum = getauxval(AT_MINSIGSTKSZ);

	if (kernel_minimum < (size_t)MINSIGSTKSZ)
		kernel_minimum = (size_t)MINSIGSTKSZ;
	return kernel_minimum + OWN_STACK;
}

static void every_function_works_in_signal_handlers(void)
{
	struct sigaction action = { 0 }, old;
	stack_t stack = { 0 }, none = { 0 };
	time_t end = time(NULL) + SECONDS;
	int line = 0;

	stack.ss_size = alternate_stack_size();
	stack.ss_sp = mmap(NULL, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EQ(call_every_function(), 0); /* resolves the symbols, which uses stack */
	EQ(sigaltstack(&stack, NULL), 0);
	action.sa_handler = handler;
	action.sa_flags = SA_ONSTACK | SA_RESTART;
	sigaction(SIGALRM, &action, &old);
	signals = failed_line = 0;
	for (long n = 1; signals < SIGNALS && line == 0 && time(NULL) < end; n++) {
		alarm_in(1 + n * 37 % DELAY_MAX);
		line = call_every_function();
	}
	stop_alarms(&old);
	none.ss_flags = SS_DISABLE;
	sigaltstack(&none, NULL);
	munmap(stack.ss_sp, stack.ss_size);
	CHECK(signals > 0);
	EQ(line, 0);
	EQ(failed_line, 0);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(every_function_works_in_signal_handlers);
	return finish();
}
