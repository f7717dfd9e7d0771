/* SPDX-License-Identifier: MIT */

/*
 * CET in software, for processors without it: each return of the library goes to its call (shadow
 * stack), and each indirect call or jump goes to an ENDBR64 (indirect branch tracking). The
 * trap flag stops at each instruction. amd64 only.
 */
#include <stdbool.h>

#include "hosts.h"
#include "unwinding.h"

#define DEPTH_MAX 64

static struct code code;
static uintptr_t shadow[DEPTH_MAX]; /* return addresses */
static int depth;
static bool indirect_branch;    /* the last instruction was an indirect call or jump */
static uintptr_t missed_return; /* a return at which the trap may not have stopped */
static long instructions, returns, calls, wrong_returns, wrong_targets;

static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };

/* Skips prefixes that do not affect control flow. */
static const uint8_t *without_prefixes(const uint8_t *at)
{
	while (*at == 0xf2 || *at == 0xf3 || *at == 0x66 || (*at & 0xf0) == 0x40)
		at++;
	return at;
}

static void expect_return(uintptr_t address)
{
	if (depth < DEPTH_MAX)
		shadow[depth++] = address;
	calls++;
}

static void check_return(uintptr_t address)
{
	returns++;
	if (depth == 0 || shadow[--depth] != address)
		wrong_returns++;
}

static void step(const uint8_t *pc, const uintptr_t *sp)
{
	const uint8_t *op = without_prefixes(pc);

	instructions++;
	if (indirect_branch && memcmp(pc, endbr64, sizeof endbr64) != 0)
		wrong_targets++;
	indirect_branch = op[0] == 0xff && ((op[1] >> 3 & 7) == 2 || (op[1] >> 3 & 7) == 4);
	if (op[0] == 0xe8)
		expect_return((uintptr_t)op + 5);
	else if (indirect_branch && (op[1] >> 3 & 7) == 2)
		wrong_targets++; /* its length is not needed: there must be none */
	else if (op[0] == 0xc3 && (uintptr_t)pc != missed_return)
		check_return(*sp);
	missed_return = 0;
	if (op[0] == 0x0f && op[1] == 0x05 && op[2] == 0xc3) {
		/* After a system call the processor stops one instruction later. */
		missed_return = (uintptr_t)op + 2;
		check_return(*sp);
	}
}

static void handler(int number, siginfo_t *info, void *context)
{
	uintptr_t pc = interrupted_pc(context), sp = interrupted_sp(context);
	static bool inside;

	(void)number;
	(void)info;
	if (pc < code.start || pc >= code.end) {
		inside = false;
		return;
	}
	if (!inside) { /* called by the program, by a branch that CET tracks */
		inside = true;
		depth = 0;
		indirect_branch = true;
		expect_return(*(uintptr_t *)sp);
	}
	step((const uint8_t *)pc, (const uintptr_t *)sp);
}

static void set_trap_flag(bool on)
{
	if (on)
		__asm__ volatile("pushf; orl $0x100, (%%rsp); popf" ::: "memory", "cc");
	else
		__asm__ volatile("pushf; andl $~0x100, (%%rsp); popf" ::: "memory", "cc");
}

static void every_return_goes_to_its_call(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO }, old;
	int line;

	EQ(call_every_function(), 0); /* resolves the symbols */
	instructions = returns = calls = wrong_returns = wrong_targets = 0;
	sigaction(SIGTRAP, &action, &old);
	set_trap_flag(true);
	line = call_every_function();
	set_trap_flag(false);
	sigaction(SIGTRAP, &old, NULL);
	EQ(line, 0);
	CHECK(instructions > 1000 && returns > 100);
	EQ(returns, calls);
	EQ(wrong_returns, 0);
	EQ(wrong_targets, 0);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	code = library_code();
	RUN(every_return_goes_to_its_call);
	return finish();
}
