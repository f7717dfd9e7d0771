/* SPDX-License-Identifier: MIT */

/*
 * Threads with a stack of 16 KiB, and signal handlers with an alternate stack of 3.5 KiB (more if
 * the kernel's signal frame needs more than 2 KiB). Below each stack is a guard page.
 */
#include <limits.h>
#include <pthread.h>
#include <sys/auxv.h>

#include "hosts.h"
#include "files.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

#define THREAD_STACK 16384
#define HANDLERS_STACK 3584
#define KERNEL_FRAME 2048

/* Through pointers, so that they are not inlined and their frames do not add up. */
static int (*const volatile groups[])(void) = {
	call_library_functions,  call_create_functions, call_file_functions,
	call_transfer_functions, call_secret_functions, call_text_functions,
};
#define GROUPS (sizeof groups / sizeof *groups)

static _Thread_local volatile int failed_line;

static void handler(int number)
{
	(void)number;
	for (size_t i = 0; i < GROUPS && failed_line == 0; i++)
		failed_line = groups[i]();
}

/* The highest 'size' bytes of a mapping that begins with a guard page. */
static char *new_stack(size_t size)
{
	size_t page = page_size(), whole = (size + page - 1) / page * page + page;
	char *base = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED || mprotect(base, page, PROT_NONE) != 0)
		abort();
	return base + whole - size;
}

static void free_stack(char *stack, size_t size)
{
	size_t page = page_size(), whole = (size + page - 1) / page * page + page;

	munmap(stack + size - whole, whole);
}

static size_t size_of_handlers_stack(void)
{
	size_t kernels_part = getauxval(AT_MINSIGSTKSZ);

	return (kernels_part < KERNEL_FRAME ? KERNEL_FRAME : kernels_part) + HANDLERS_STACK - KERNEL_FRAME;
}

static void *on_a_small_stack(void *unused)
{
	stack_t stack = { .ss_size = size_of_handlers_stack() }, none = { .ss_flags = SS_DISABLE };

	(void)unused;
	stack.ss_sp = new_stack(stack.ss_size);
	sigaltstack(&stack, NULL);
	failed_line = call_every_function();
	raise(SIGUSR1);
	sigaltstack(&none, NULL);
	free_stack(stack.ss_sp, stack.ss_size);
	return (void *)(intptr_t)failed_line;
}

static int run_a_thread(char *stack, size_t size)
{
	pthread_attr_t attributes;
	pthread_t thread;
	void *line = (void *)-1;

	pthread_attr_init(&attributes);
	if (pthread_attr_setstack(&attributes, stack, size) == 0 &&
	    pthread_create(&thread, &attributes, on_a_small_stack, NULL) == 0)
		pthread_join(thread, &line);
	pthread_attr_destroy(&attributes);
	return (int)(intptr_t)line;
}

static void works_on_small_stacks(void)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK }, old;
	long least = sysconf(_SC_THREAD_STACK_MIN);
	size_t size = least > THREAD_STACK ? (size_t)least : THREAD_STACK;
	char *stack = new_stack(size);

	EQ(call_every_function(), 0); /* resolves the symbols, which uses stack */
	sigaction(SIGUSR1, &action, &old);
	for (long n = rounds() / 2 + 1; n > 0 && test.failed_checks == 0; n--)
		EQ(run_a_thread(stack, size), 0);
	sigaction(SIGUSR1, &old, NULL);
	free_stack(stack, size);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(works_on_small_stacks);
	return finish();
}
