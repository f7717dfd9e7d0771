/* SPDX-License-Identifier: MIT */

/*
 * amd64 and 386: at every instruction of a call in the library, unwinding reaches the caller
 * with the right stack pointer and callee-saved registers. The trap flag stops at each
 * instruction.
 */
#include <dlfcn.h>
#include <signal.h>

#include "test.h"
#include "files.h"
#include "unwinding.h"

struct call {
	uintptr_t stack; /* the stack pointer when the function returns */
	uintptr_t function;
	uintptr_t arguments[6];
	uintptr_t result;
};

/* Calls with the trap flag set and patterns in the callee-saved registers. */
void call_stepwise(struct call *call);
extern char call_stepwise_returns[];

#define REGISTER_PATTERN 0x11110000

#ifdef __x86_64__
#define SAVED_REGISTERS 6
static const int saved_registers[] = { 3, 6, 12, 13, 14, 15 }; /* DWARF's numbers: rbx rbp r12.. */

__asm__(".text\n"
	"call_stepwise:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	push %rdi\n"
	"	mov %rsp, (%rdi)\n"
	"	mov 8(%rdi), %rax\n"
	"	mov 24(%rdi), %rsi; mov 32(%rdi), %rdx; mov 40(%rdi), %rcx\n"
	"	mov 48(%rdi), %r8; mov 56(%rdi), %r9; mov 16(%rdi), %rdi\n"
	"	mov $0x11110000, %ebx; mov $0x11110001, %ebp; mov $0x11110002, %r12d\n"
	"	mov $0x11110003, %r13d; mov $0x11110004, %r14d; mov $0x11110005, %r15d\n"
	"	pushf; orl $0x100, (%rsp); popf\n"
	"	call *%rax\n"
	"call_stepwise_returns:\n"
	"	pushf; andl $~0x100, (%rsp); popf\n"
	"	pop %rdi\n"
	"	mov %rax, 64(%rdi)\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n");
#else
#define SAVED_REGISTERS 4
static const int saved_registers[] = { 3, 5, 6, 7 }; /* DWARF's numbers: ebx ebp esi edi */

__asm__(".text\n"
	"call_stepwise:\n"
	"	push %ebx; push %ebp; push %esi; push %edi\n"
	"	mov 20(%esp), %ecx\n"
	"	sub $4, %esp\n"
	"	push 28(%ecx); push 24(%ecx); push 20(%ecx); push 16(%ecx); push 12(%ecx); push 8(%ecx)\n"
	"	mov %esp, (%ecx)\n"
	"	mov 4(%ecx), %eax\n"
	"	mov $0x11110000, %ebx; mov $0x11110001, %ebp; mov $0x11110002, %esi; mov $0x11110003, %edi\n"
	"	pushf; orl $0x100, (%esp); popf\n"
	"	call *%eax\n"
	"call_stepwise_returns:\n"
	"	pushf; andl $~0x100, (%esp); popf\n"
	"	add $28, %esp\n"
	"	mov 20(%esp), %ecx\n"
	"	mov %eax, 32(%ecx)\n"
	"	pop %edi; pop %esi; pop %ebp; pop %ebx\n"
	"	ret\n");
#endif

static struct code code;
static struct call *current;
static int steps, right_steps;
static uintptr_t lost_at; /* the first instruction at which unwinding failed */

static _Unwind_Reason_Code visit(struct _Unwind_Context *frame, void *right)
{
	if (_Unwind_GetIP(frame) != (uintptr_t)call_stepwise_returns)
		return _URC_NO_REASON;
	*(int *)right = (uintptr_t)_Unwind_GetCFA(frame) == current->stack;
	for (int i = 0; i < SAVED_REGISTERS; i++)
		*(int *)right &= _Unwind_GetGR(frame, saved_registers[i]) == REGISTER_PATTERN + (uintptr_t)i;
	return _URC_END_OF_STACK;
}

static void handler(int number, siginfo_t *info, void *context)
{
	uintptr_t pc = interrupted_pc(context);
	int right = 0;

	(void)number;
	(void)info;
	if (pc < code.start || pc >= code.end)
		return;
	_Unwind_Backtrace(visit, &right);
	steps++;
	right_steps += right;
	if (!right && lost_at == 0)
		lost_at = pc;
}

static uintptr_t step(const char *name, struct call call)
{
	current = &call;
	steps = right_steps = 0;
	lost_at = 0;
	call_stepwise(&call);
	if (steps == 0 || right_steps != steps)
		fail(__FILE__, __LINE__,
		     "%s: unwound at %d of %d instructions; first failure at function + %#lx", name,
		     right_steps, steps, (unsigned long)(lost_at - call.function));
	return call.result;
}

#define WORD(argument) ((uintptr_t)(argument))
#define STEP(function, ...) step(#function, (struct call){ 0, (uintptr_t)function, { __VA_ARGS__ }, 0 })

/* A uint64_t argument: two words on 386. */
#ifdef __x86_64__
#define LONG(value) (value)
#else
#define LONG(value) (uintptr_t)(value), (uintptr_t)((uint64_t)(value) >> 32)
#endif

static void unwinds_through_library_functions(void)
{
	STEP(memfd_go_version, 0);
	STEP(memfd_go_version_string, 0);
	STEP(memfd_go_result_name, WORD(-EBUSY));
	STEP(memfd_go_result_name, WORD(-EHWPOISON));
	STEP(memfd_go_result_name, 0);
}

static void unwinds_through_creation(void)
{
	static const char data[3 * 4096] = "data";

	close((int)STEP(memfd_go_create, WORD("test"), MFD_CLOEXEC));
	STEP(memfd_go_create, 0, 0);
	close((int)STEP(memfd_go_create_sealed, WORD("test"), 0, 0, WORD(data), sizeof data));
	STEP(memfd_go_create_sealed, WORD("test"), 0, WORD(-1), WORD(data), sizeof data);
	STEP(memfd_go_create_sealed, WORD("test"), 0, 0, 0, 1);
	close((int)STEP(memfd_go_create_sealed, WORD("test"), MFD_HUGETLB, 0, WORD(data), sizeof data));
	close((int)STEP(memfd_go_secret, FD_CLOEXEC));
	STEP(memfd_go_secret, 2);
}

static void unwinds_through_sizes(void)
{
	int fd = sealable_file();
	uint64_t size;

	STEP(memfd_go_set_size, WORD(fd), 0, LONG(0x123456789));
	STEP(memfd_go_set_size, WORD(fd), MEMFD_GO_OPT_RESERVE, LONG(4097));
	STEP(memfd_go_set_size, WORD(fd), WORD(-1), LONG(1));
	STEP(memfd_go_set_size, WORD(-1), 0, LONG(1));
	STEP(memfd_go_get_size, WORD(fd), WORD(&size));
	STEP(memfd_go_get_size, WORD(-1), WORD(&size));
	STEP(memfd_go_get_size, WORD(fd), 0);
	close(fd);
}

static void unwinds_through_seals(void)
{
	int fd = sealable_file();
	uint32_t missing;

	STEP(memfd_go_get_seals, WORD(fd));
	STEP(memfd_go_add_seals, WORD(fd), F_SEAL_GROW);
	STEP(memfd_go_add_seals, WORD(-1), F_SEAL_GROW);
	STEP(memfd_go_ensure_seals, WORD(fd), F_SEAL_GROW);
	STEP(memfd_go_ensure_seals, WORD(fd), F_SEAL_SHRINK);
	STEP(memfd_go_check_seals, WORD(fd), MEMFD_GO_SEALS_IMMUTABLE, WORD(&missing));
	STEP(memfd_go_check_seals, WORD(fd), F_SEAL_GROW, 0);
	close(fd);
}

static void unwinds_through_texts(void)
{
	char text[64];
	uint32_t parsed;

	for (uint32_t style = 0; style <= MEMFD_GO_STYLE_HEX + 1; style++)
		STEP(memfd_go_format_seals, WORD(-1), style, WORD(text), sizeof text);
	STEP(memfd_go_format_seals, WORD(-1), 0, WORD(text), 5);
	STEP(memfd_go_parse_seals, WORD("F_SEAL_WRITE grow,gswWSx|0x1f+immutable none"), WORD(&parsed));
	STEP(memfd_go_parse_seals, WORD("bad"), WORD(&parsed));
	STEP(memfd_go_parse_seals, 0, WORD(&parsed));
}

static void unwinds_through_mappings(void)
{
	int fd = sized_file(100);
	void *map = NULL;

	STEP(memfd_go_map, WORD(fd), MEMFD_GO_OPT_WRITE, LONG(0), 100, WORD(&map));
	STEP(memfd_go_unmap, WORD(map), 100);
	STEP(memfd_go_unmap, 1, 0);
	(void)!memfd_go_add_seals(fd, F_SEAL_WRITE);
	STEP(memfd_go_map, WORD(fd), 0, LONG(0), 100, WORD(&map));
	STEP(memfd_go_unmap, WORD(map), 100);
	STEP(memfd_go_map, WORD(fd), WORD(-1), LONG(0), 100, WORD(&map));
	STEP(memfd_go_map, WORD(fd), 0, LONG(UINT64_MAX), 100, WORD(&map));
	close(fd);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
	int unused = 0;

	start(argc, argv);
	code = library_code();
	current = &(struct call){ 0 };
	_Unwind_Backtrace(visit, &unused); /* loads the unwinder */
	sigaction(SIGTRAP, &action, NULL);
	RUN(unwinds_through_library_functions);
	RUN(unwinds_through_creation);
	RUN(unwinds_through_sizes);
	RUN(unwinds_through_seals);
	RUN(unwinds_through_texts);
	RUN(unwinds_through_mappings);
	return finish();
}
