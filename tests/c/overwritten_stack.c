/* SPDX-License-Identifier: MIT */

/*
 * The library has no data below the stack pointer, where a signal handler may write between any
 * two instructions. Here a handler on an alternate stack overwrites that memory each time it
 * interrupts the library.
 */
#include <dlfcn.h>
#include <signal.h>
#include <time.h>

#include "test.h"
#include "alarms.h"
#include "every_function.h"
#include "unwinding.h"

#define ENOUGH 1000  /* interruptions of the library */
#define INTERVAL 300 /* microseconds */
#define SECONDS 5
#define OVERWRITTEN 4096

static struct code code;
static volatile int interruptions;
static char handlers_stack[64 * 1024];

static void observe(const ucontext_t *context)
{
	uintptr_t pc = interrupted_pc(context);

	if (pc < code.start || pc >= code.end)
		return;
	interruptions++;
	memset((void *)(interrupted_sp(context) - OVERWRITTEN), 0xee, OVERWRITTEN);
}

static void handler(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	observe(context);
	if (interruptions < ENOUGH)
		alarm_in(INTERVAL);
}

/* Calls every function, and often a short one with a large frame. */
static int call_the_library(void)
{
	int line = call_every_function();

	for (int i = 0; i < 200 && line == 0; i++) {
		uint64_t size;

		if (memfd_go_get_size(-1, &size) != -EBADF)
			line = __LINE__;
	}
	return line;
}

/* Faults in the stack's pages, which the kernel adds only near the stack pointer. */
static __attribute__((noinline)) void touch_the_stack(void)
{
	volatile char pages[64 * 1024];

	for (size_t i = 0; i < sizeof pages; i += 1024)
		pages[i] = 0;
}

static void handler_may_overwrite_memory_below_the_stack(void)
{
	struct sigaction action = { .sa_sigaction = handler,
				    .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK },
			 old;
	stack_t stack = { .ss_sp = handlers_stack, .ss_size = sizeof handlers_stack },
		none = { .ss_flags = SS_DISABLE };
	time_t end = time(NULL) + SECONDS;
	int line = 0;

	code = library_code();
	touch_the_stack();
	EQ(call_every_function(), 0); /* resolves the symbols, which uses stack */
	EQ(sigaltstack(&stack, NULL), 0);
	sigaction(SIGALRM, &action, &old);
	interruptions = 0;
	alarm_in(INTERVAL);
	while (interruptions < ENOUGH && line == 0 && time(NULL) < end)
		line = call_the_library();
	stop_alarms(&old);
	sigaltstack(&none, NULL);
	CHECK(interruptions > 0);
	EQ(line, 0);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(handler_may_overwrite_memory_below_the_stack);
	return finish();
}
