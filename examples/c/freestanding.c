/* SPDX-License-Identifier: MIT */

/*
 * A program without a C library. It creates a sealed file, maps it, and exits with status 0
 * if the contents are right.
 *
 *	cc -ffreestanding -nostdlib -o freestanding freestanding.c -lmemfd_go
 */
#include "memfd_go.h"

/* exit_group(2): the only system call that the library does not provide. */
static _Noreturn void end(int status)
{
#if defined __x86_64__
	__asm__ volatile("syscall" : : "a"(231), "D"(status));
#elif defined __i386__
	__asm__ volatile("int $0x80" : : "a"(252), "b"(status));
#elif defined __aarch64__
	register long number __asm__("x8") = 94, first __asm__("x0") = status;
	__asm__ volatile("svc 0" : : "r"(number), "r"(first));
#elif defined __arm__
	register long first __asm__("r0") = status;
	__asm__ volatile("push {r7}; mov r7, #248; svc 0; pop {r7}" : : "r"(first));
#elif defined __riscv
	register long number __asm__("a7") = 94, first __asm__("a0") = status;
	__asm__ volatile("ecall" : : "r"(number), "r"(first));
#elif defined __powerpc64__
	register long number __asm__("r0") = 234, first __asm__("r3") = status;
	__asm__ volatile("sc" : : "r"(number), "r"(first));
#elif defined __s390x__
	register long number __asm__("r1") = 248, first __asm__("r2") = status;
	__asm__ volatile("svc 0" : : "r"(number), "r"(first));
#elif defined __loongarch64
	register long number __asm__("a7") = 94, first __asm__("a0") = status;
	__asm__ volatile("syscall 0" : : "r"(number), "r"(first));
#endif
	for (;;)
		;
}

static int same(const char *a, const char *b, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (a[i] != b[i])
			return 0;
	return 1;
}

/* Returns 0, or the number of the step that failed. */
static int run(void)
{
	static const char text[] = "no libc here";
	void *address;
	size_t length;
	int fd;

	if (memfd_go_version() < MEMFD_GO_VERSION)
		return 1;
	fd = memfd_go_create_sealed("freestanding", MEMFD_GO_CREATE_DEFAULT, 0, text, sizeof text);
	if (fd < 0)
		return 2;
	if (memfd_go_map_verified(fd, MEMFD_GO_SEALS_IMMUTABLE, sizeof text, 0, &address, &length) != 0)
		return 3;
	if (length != sizeof text || !same(address, text, length))
		return 4;
	return 0;
}

/* The kernel enters _start without a call, so the stack is aligned differently. */
#if defined __x86_64__ || defined __i386__
__attribute__((force_align_arg_pointer))
#endif
_Noreturn void
_start(void);

void _start(void)
{
	end(run());
}
