/*
 * nolibc: a program that has no libc. It makes a copy of the program on standard input
 * that nobody can change, and becomes that.
 *
 *	$ cc -ffreestanding -nostdlib nolibc.c -lmemfd_go -o nolibc
 *	$ ./nolibc < /bin/echo
 *	hello
 */
#include "memfd_go.h"

/* The kernel enters a program with another stack alignment than its functions expect. */
#if defined(__x86_64__) || defined(__i386__)
__attribute__((force_align_arg_pointer))
#endif
void _start(void);

void _start(void)
{
	char name[] = "echo", word[] = "hello";
	char *argv[] = { name, word, NULL }, *envp[] = { NULL };
	int fd = memfd_go_clone(name, MFD_CLOEXEC | MFD_EXEC, 0, 0, 1 << 28);

	memfd_go_exec(fd, argv, envp, 0); /* -EBADF if there is no copy. */
	__builtin_trap();
}
