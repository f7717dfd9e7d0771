/* SPDX-License-Identifier: MIT */

/* The registers of interrupted code, and the address range of the library's code. */
#ifndef UNWINDING_H
#define UNWINDING_H

#include <inttypes.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <unwind.h>

#include "library.h"
#include "test.h"

static inline uintptr_t interrupted_pc(const ucontext_t *context)
{
#if defined __x86_64__
	return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined __i386__
	return (uintptr_t)context->uc_mcontext.gregs[REG_EIP];
#elif defined __aarch64__
	return context->uc_mcontext.pc;
#elif defined __arm__
	return context->uc_mcontext.arm_pc;
#elif defined __riscv
	return context->uc_mcontext.__gregs[REG_PC];
#elif defined __powerpc64__
	return context->uc_mcontext.gp_regs[32]; /* PT_NIP */
#elif defined __s390x__
	return context->uc_mcontext.psw.addr;
#elif defined __loongarch__
	return context->uc_mcontext.__pc;
#else
#error "the program counter in ucontext_t"
#endif
}

static inline uintptr_t interrupted_sp(const ucontext_t *context)
{
#if defined __x86_64__
	return (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
#elif defined __i386__
	return (uintptr_t)context->uc_mcontext.gregs[REG_ESP];
#elif defined __aarch64__
	return context->uc_mcontext.sp;
#elif defined __arm__
	return context->uc_mcontext.arm_sp;
#elif defined __riscv
	return context->uc_mcontext.__gregs[REG_SP];
#elif defined __powerpc64__
	return context->uc_mcontext.gp_regs[1];
#elif defined __s390x__
	return context->uc_mcontext.gregs[15];
#elif defined __loongarch__
	return context->uc_mcontext.__gregs[3];
#else
#error "the stack pointer in ucontext_t"
#endif
}

struct code {
	uintptr_t inside, start, end; /* the segment that contains 'inside' */
};

static inline int find_segment(struct dl_phdr_info *object, size_t size, void *argument)
{
	struct code *code = argument;

	(void)size;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];
		uintptr_t start = object->dlpi_addr + segment->p_vaddr;

		if (segment->p_type != PT_LOAD || code->inside - start >= segment->p_memsz)
			continue;
		code->start = start;
		code->end = start + segment->p_memsz;
		return 1;
	}
	return 0;
}

/* The range of the library's code. If it is linked statically, the runner passes the range. */
static inline struct code library_code(void)
{
	struct code code = { 0, 0, 0 };
	const char *range = getenv("MEMFD_GO_CODE");
	void *symbol;

	if (range != NULL) {
		CHECK(sscanf(range, "%" SCNxPTR "-%" SCNxPTR, &code.start, &code.end) == 2);
		return code;
	}
#ifdef USE_DLOPEN
	symbol = library_symbol("memfd_go_version");
#else
	/* &memfd_go_version may be this program's PLT entry. */
	symbol = dlsym(dlopen("libmemfd_go.so.1", RTLD_NOW | RTLD_NOLOAD), "memfd_go_version");
#endif
	code.inside = (uintptr_t)symbol;
	dl_iterate_phdr(find_segment, &code);
	return code;
}

/* On arm the lowest bit of a code address means Thumb code. */
static inline uintptr_t without_thumb_bit(uintptr_t address)
{
#ifdef __arm__
	return address & ~(uintptr_t)1;
#else
	return address;
#endif
}

#endif
