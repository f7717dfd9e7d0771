/* SPDX-License-Identifier: MIT */

/*
 * System call filters, to emulate a kernel that lacks or forbids a system call. A filter
 * cannot be removed, so install it in a child process (child.h).
 */
#ifndef FILTER_H
#define FILTER_H

#include <endian.h>
#include <errno.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* As in <linux/filter.h> and <linux/seccomp.h>, which some C libraries lack. */
struct instruction {
	uint16_t code;
	uint8_t skip_if, skip_else;
	uint32_t value;
};

#define LOAD(offset) { 0x20, 0, 0, (offset) }
#define IF_EQUAL(value, skip_else) { 0x15, 0, (skip_else), (uint32_t)(value) }
#define IF_ANY(bits, skip_else) { 0x45, 0, (skip_else), (bits) }
#define ALLOW { 0x06, 0, 0, 0x7fff0000 }
#define KILL { 0x06, 0, 0, 0x80000000 }
#define ANSWER(error) { 0x06, 0, 0, 0x00050000 | (uint32_t)(error) }

/* Offsets in struct seccomp_data: the number, and the low half of an argument. */
#define NUMBER 0
#define ARGUMENT(n) (16 + 8 * (n) + (__BYTE_ORDER == __BIG_ENDIAN ? 4 : 0))

#define FILTER_MODE 2 /* of PR_SET_SECCOMP */

static inline int install(struct instruction *code, size_t length)
{
	struct {
		unsigned short length;
		struct instruction *code;
	} program = { (unsigned short)length, code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return prctl(PR_SET_SECCOMP, FILTER_MODE, &program, 0, 0);
}

#define INSTALL(code) install((code), sizeof(code) / sizeof *(code))

/* Makes the system call 'number' fail with 'error'. Returns 0 or -1. */
static inline int forbid(long number, int error)
{
	struct instruction code[] = {
		LOAD(NUMBER),
		IF_EQUAL(number, 1),
		ANSWER(error),
		ALLOW,
	};

	return INSTALL(code);
}

/* Like forbid(), but only if argument n has one of 'bits'. */
static inline int forbid_bits(long number, unsigned n, uint32_t bits, int error)
{
	struct instruction code[] = {
		LOAD(NUMBER), IF_EQUAL(number, 3), LOAD(ARGUMENT(n)), IF_ANY(bits, 1), ANSWER(error), ALLOW,
	};

	return INSTALL(code);
}

/* Like forbid(), but only if argument n is 'value'. */
static inline int forbid_value(long number, unsigned n, uint32_t value, int error)
{
	struct instruction code[] = {
		LOAD(NUMBER),       IF_EQUAL(number, 3), LOAD(ARGUMENT(n)),
		IF_EQUAL(value, 1), ANSWER(error),       ALLOW,
	};

	return INSTALL(code);
}

/* Kills the process with SIGSYS at any system call except exit_group(2). */
static inline int forbid_all(void)
{
	struct instruction code[] = {
		LOAD(NUMBER),
		IF_EQUAL(SYS_exit_group, 1),
		ALLOW,
		KILL,
	};

	return INSTALL(code);
}

/* Whether filters work. Emulators do not implement them. */
static inline int filters_work(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0 && prctl(PR_SET_SECCOMP, FILTER_MODE, NULL, 0, 0) < 0 &&
	       errno == EFAULT;
}

#define NO_FILTERS "system call filters do not work"

#endif
