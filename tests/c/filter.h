/*
 * System call filters: a kernel that lacks a call, or forbids it. A filter lasts
 * as long as its process and its children, so it belongs into a child (child.h).
 */
#ifndef FILTER_H
#define FILTER_H

#include <endian.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(member))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (action))
#define ANSWER(error) RETURN(SECCOMP_RET_ERRNO | (uint32_t)(error))
#define NUMBER offsetof(struct seccomp_data, nr)

/* Where the low half of an argument is. */
#define ARGUMENT(n) \
	(offsetof(struct seccomp_data, args) + 8 * (n) + (__BYTE_ORDER == __BIG_ENDIAN ? 4 : 0))

static inline int install(struct sock_filter *code, size_t length)
{
	struct sock_fprog program = { (unsigned short)length, code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

#define INSTALL(code) install((code), sizeof(code) / sizeof *(code))

/* Answers the system call 'number' with 'error', 0 on success. */
static inline int forbid(long number, int error)
{
	struct sock_filter code[] = {
		LOAD(NUMBER),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 1),
		ANSWER(error),
		RETURN(SECCOMP_RET_ALLOW),
	};

	return INSTALL(code);
}

/* The same where argument n has one of 'bits'. */
static inline int forbid_bits(long number, unsigned n, uint32_t bits, int error)
{
	struct sock_filter code[] = {
		LOAD(NUMBER),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 3),
		LOAD(ARGUMENT(n)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1),
		ANSWER(error),
		RETURN(SECCOMP_RET_ALLOW),
	};

	return INSTALL(code);
}

/* The same where argument n is 'value'. */
static inline int forbid_value(long number, unsigned n, uint32_t value, int error)
{
	struct sock_filter code[] = {
		LOAD(NUMBER),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 3),
		LOAD(ARGUMENT(n)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1),
		ANSWER(error),
		RETURN(SECCOMP_RET_ALLOW),
	};

	return INSTALL(code);
}

/* Ends the process by SIGSYS at any system call but _exit(2)'s. */
static inline int forbid_all(void)
{
	struct sock_filter code[] = {
		LOAD(NUMBER),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
		RETURN(SECCOMP_RET_ALLOW),
		RETURN(SECCOMP_RET_KILL_PROCESS),
	};

	return INSTALL(code);
}

/* Whether filters work here: an emulator has none. */
static inline int filters_work(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) < 0 && errno == EFAULT;
}

#define NO_FILTERS "no system call filters here"

#endif
