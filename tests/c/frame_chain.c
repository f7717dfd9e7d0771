/* SPDX-License-Identifier: MIT */

/*
 * A signal handler that interrupts the library anywhere can follow the frame chain to the
 * caller, without unwind tables and without leaving the stack: the back chain on ppc64le, as
 * glibc's backtrace() does, and frame pointers on amd64 and arm64, as profilers do. The other
 * ABIs have no frame chain.
 */
#include <dlfcn.h>
#include <signal.h>
#include <time.h>

#include "test.h"
#include "alarms.h"
#include "unwinding.h"

#define ENOUGH 1000  /* interruptions of the library */
#define INTERVAL 500 /* microseconds */
#define SECONDS 10

#if defined __x86_64__
#define FIRST_FRAME(context) (uintptr_t)(context)->uc_mcontext.gregs[REG_RBP]
#elif defined __aarch64__
#define FIRST_FRAME(context) (uintptr_t)(context)->uc_mcontext.regs[29]
#elif defined __powerpc64__
#define FIRST_FRAME(context) interrupted_sp(context)
#endif

#ifdef FIRST_FRAME

static struct code code;
static uintptr_t callers_frame;
static volatile int interruptions, followed;
static volatile uintptr_t lost_at; /* the first address with a broken chain */

static int reaches_the_caller(uintptr_t stack, uintptr_t frame)
{
	while (frame >= stack && frame < callers_frame && frame % sizeof frame == 0) {
		uintptr_t next = *(const uintptr_t *)frame;

		if (next <= frame)
			return 0;
		frame = next;
	}
	return frame == callers_frame;
}

static void observe(const ucontext_t *context)
{
	uintptr_t pc = interrupted_pc(context);

	if (pc < code.start || pc >= code.end)
		return;
	interruptions++;
	if (reaches_the_caller(interrupted_sp(context), FIRST_FRAME((ucontext_t *)context)))
		followed++;
	else if (lost_at == 0)
		lost_at = pc - code.start;
}

static void handler(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	observe(context);
	if (interruptions < ENOUGH)
		alarm_in(INTERVAL);
}

static __attribute__((noinline)) int call_the_library(time_t end)
{
	char text[64];
	uint32_t seals;
	uint64_t size;

	callers_frame = (uintptr_t)__builtin_frame_address(0);
	while (interruptions < ENOUGH && time(NULL) < end) {
		memfd_go_format_seals(0xffffffff, MEMFD_GO_STYLE_NAMES, text, sizeof text);
		(void)!memfd_go_parse_seals("F_SEAL_FUTURE_WRITE,immutable|0xffffffff", &seals);
		memfd_go_result_name(-EHWPOISON);
		(void)!memfd_go_get_size(0, &size);
		(void)!memfd_go_ensure_seals(-1, 1);
	}
	return interruptions;
}

static void handler_can_follow_the_frame_chain(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART }, old;

	code = library_code();
	interruptions = followed = 0;
	sigaction(SIGALRM, &action, &old);
	alarm_in(INTERVAL);
	CHECK(call_the_library(time(NULL) + SECONDS) > 0);
	stop_alarms(&old);
	EQ(followed, interruptions);
	if (test.failed_checks > 0)
		fail(__FILE__, __LINE__, "broken %#lx bytes into the code", (unsigned long)lost_at);
}

#else

static void handler_can_follow_the_frame_chain(void)
{
	SKIP("no frame chain on this architecture");
}

#endif

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(handler_can_follow_the_frame_chain);
	return finish();
}
