/* SPDX-License-Identifier: MIT */

/*
 * A signal handler that interrupts the library anywhere can unwind through its frames to the
 * caller: with _Unwind_Backtrace(), as C++, Rust and crash reporters do, and with glibc's
 * backtrace().
 */
#include <dlfcn.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "test.h"
#include "alarms.h"
#include "unwinding.h"
#ifdef __GLIBC__
#include <execinfo.h>
#endif

#define ENOUGH 100    /* interruptions of the library */
#define INTERVAL 1000 /* microseconds */
#define SECONDS 10
#define FRAMES 64

static struct code code;
static uintptr_t return_address, stack_at_return; /* of call_the_library() */
static volatile int interruptions, unwound, backtraced;
static volatile uintptr_t lost_at; /* the first address at which unwinding failed */

static uintptr_t stack_of(struct _Unwind_Context *frame)
{
#ifdef __arm__
	return _Unwind_GetGR(frame, 13); /* _Unwind_GetCFA() is for exceptions only */
#else
	return (uintptr_t)_Unwind_GetCFA(frame);
#endif
}

struct walk {
	int found, frames;
};

static _Unwind_Reason_Code visit(struct _Unwind_Context *frame, void *argument)
{
	struct walk *walk = argument;

	if (without_thumb_bit(_Unwind_GetIP(frame)) == return_address) {
		walk->found = stack_of(frame) == stack_at_return;
		return _URC_END_OF_STACK;
	}
	/* In some C libraries the last frame is its own caller. */
	return ++walk->frames < FRAMES ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static int unwinds(void)
{
	struct walk walk = { 0, 0 };

	_Unwind_Backtrace(visit, &walk);
	return walk.found;
}

static int backtraces(void)
{
#ifdef __GLIBC__
	void *addresses[FRAMES];
	int n = backtrace(addresses, FRAMES);

	for (int i = 0; i < n; i++)
		if (without_thumb_bit((uintptr_t)addresses[i]) == return_address)
			return 1;
	return 0;
#else
	return 1;
#endif
}

static void observe(const ucontext_t *context)
{
	uintptr_t pc = interrupted_pc(context);

	if (pc < code.start || pc >= code.end)
		return;
	interruptions++;
	if (unwinds())
		unwound++;
	else if (lost_at == 0)
		lost_at = pc - code.start;
	backtraced += backtraces();
}

static void handler(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	observe(context);
	if (interruptions < ENOUGH)
		alarm_in(INTERVAL);
}

static void call_some(void)
{
	char text[64];
	uint32_t seals;
	uint64_t size;

	memfd_go_format_seals(0xffffffff, MEMFD_GO_STYLE_NAMES, text, sizeof text);
	(void)!memfd_go_parse_seals("F_SEAL_FUTURE_WRITE,immutable|0xffffffff", &seals);
	memfd_go_result_name(-EHWPOISON);
	(void)!memfd_go_get_size(-1, &size);
	(void)!memfd_go_get_seals(-1);
	(void)!memfd_go_ensure_seals(-1, 1);
}

static __attribute__((noinline)) int call_the_library(time_t end)
{
	return_address = without_thumb_bit((uintptr_t)__builtin_return_address(0));
	stack_at_return = (uintptr_t)__builtin_dwarf_cfa();
	while (interruptions < ENOUGH && time(NULL) < end)
		call_some();
	return interruptions;
}

static void unwind_once(int number)
{
	(void)number;
	unwinds();
}

/* Whether any signal handler can unwind with this C library, kernel and emulator. */
static int any_handler_can_unwind(void)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		signal(SIGALRM, unwind_once);
		raise(SIGALRM);
		_exit(0);
	}
	return waitpid(child, &status, 0) == child && status == 0;
}

/*
 * The unwind tables of arm are for exceptions, and valid only after the prologue of a function.
 * On all other architectures every instruction counts.
 */
static int wanted(void)
{
#ifdef __arm__
	return interruptions * 9 / 10;
#else
	return interruptions;
#endif
}

static void handler_can_unwind_to_the_caller(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART }, old;

	if (!any_handler_can_unwind())
		SKIP("unwinding from any signal handler crashes on this system");
	code = library_code();
	unwinds(); /* loads the unwinder */
	backtraces();
	interruptions = unwound = backtraced = 0;
	sigaction(SIGALRM, &action, &old);
	alarm_in(INTERVAL);
	CHECK(call_the_library(time(NULL) + SECONDS) > 0);
	stop_alarms(&old);
	CHECK(unwound >= wanted());
	CHECK(backtraced >= wanted());
	if (test.failed_checks > 0)
		fail(__FILE__, __LINE__,
		     "%d interruptions, %d unwound, %d by backtrace(); first failure %#lx bytes into the "
		     "code",
		     interruptions, unwound, backtraced, (unsigned long)lost_at);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(handler_can_unwind_to_the_caller);
	return finish();
}
