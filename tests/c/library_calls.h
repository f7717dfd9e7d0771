/* SPDX-License-Identifier: MIT */

/*
 * The system calls of the library: their names, and a seccomp filter for them. The filter
 * compares the instruction pointer with the library's code, so that it ignores the C
 * library's system calls.
 */
#ifndef LIBRARY_CALLS_H
#define LIBRARY_CALLS_H

#include <endian.h>
#include <link.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "test.h"
#include "files.h"

/* A system call of the library. */
struct event {
	const char *name;
	int occurrence; /* of this name in the call: 1, 2, ... */
	int length;     /* the index of the argument with the number of bytes, or 0 */
	uint64_t arguments[6];
};

static const struct {
	long number;
	const char *name;
	int length;
} system_calls[] = {
	{ SYS_close, "close", 0 },
	{ SYS_execve, "execve", 0 },
	{ SYS_execveat, "execveat", 0 },
	{ SYS_fallocate, "fallocate", 0 },
	{ SYS_fchmod, "fchmod", 0 },
	{ SYS_futex, "futex", 0 },
	{ SYS_getrandom, "getrandom", 0 },
	{ SYS_getsockopt, "getsockopt", 0 },
	{ SYS_lseek, "lseek", 0 },
	{ SYS_madvise, "madvise", 0 },
	{ SYS_memfd_create, "memfd_create", 0 },
	{ MEMFD_SECRET, "memfd_secret", 0 },
	{ SYS_mincore, "mincore", 0 },
	{ SYS_mlock, "mlock", 0 },
	{ SYS_mprotect, "mprotect", 0 },
	{ SYS_mremap, "mremap", 0 },
	{ SYS_munlock, "munlock", 0 },
	{ SYS_munmap, "munmap", 0 },
	{ SYS_openat, "openat", 0 },
	{ SYS_pidfd_getfd, "pidfd_getfd", 0 },
	{ SYS_pread64, "pread", 2 },
	{ SYS_read, "read", 2 },
	{ SYS_prlimit64, "prlimit", 0 },
	{ SYS_pwrite64, "pwrite", 2 },
	{ SYS_readlinkat, "readlinkat", 0 },
	{ SYS_recvmsg, "recvmsg", 0 },
	{ SYS_sendmsg, "sendmsg", 0 },
	{ SYS_statx, "statx", 0 },
	{ SYS_sysinfo, "sysinfo", 0 },
#if UINTPTR_MAX > 0xffffffff
	{ SYS_fcntl, "fcntl", 0 },
	{ SYS_fstatfs, "fstatfs", 0 },
	{ SYS_ftruncate, "ftruncate", 0 },
	{ SYS_mmap, "mmap", 0 },
	{ SYS_sendfile, "sendfile", 3 },
#else
	{ SYS_fcntl64, "fcntl", 0 },
	{ SYS_fstatfs64, "fstatfs", 0 },
	{ SYS_ftruncate64, "ftruncate", 0 },
	{ SYS_mmap2, "mmap", 0 },
	{ SYS_sendfile64, "sendfile", 3 },
#endif
};

/* Commands of fcntl(2) count as system calls. */
static const struct {
	int command;
	const char *name;
} fcntl_commands[] = {
	{ F_GETFD, "getfd" },         { F_SETFD, "setfd" },         { F_GETFL, "getfl" },
	{ F_SETFL, "setfl" },         { F_DUPFD_CLOEXEC, "dupfd" }, { F_ADD_SEALS, "add_seals" },
	{ F_GET_SEALS, "get_seals" },
};

static inline struct event describe(const struct seccomp_data *data)
{
	struct event event = { .name = "an unknown system call" };

	for (size_t i = 0; i < sizeof system_calls / sizeof *system_calls; i++) {
		if (system_calls[i].number == data->nr) {
			event.name = system_calls[i].name;
			event.length = system_calls[i].length;
		}
	}
	memcpy(event.arguments, data->args, sizeof event.arguments);
	if (strcmp(event.name, "fcntl") == 0)
		for (size_t i = 0; i < sizeof fcntl_commands / sizeof *fcntl_commands; i++)
			if (fcntl_commands[i].command == (int)data->args[1])
				event.name = fcntl_commands[i].name;
	if (strcmp(event.name, "memfd_create") == 0 && (data->args[1] & MFD_HUGETLB) != 0)
		event.name = "memfd_create_huge";
	return event;
}

static struct {
	uint64_t start, end;
} library_code;

static inline int find_code(struct dl_phdr_info *object, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	if (strstr(object->dlpi_name, "libmemfd_go") == NULL)
		return 0;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];

		if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X) != 0) {
			library_code.start = object->dlpi_addr + segment->p_vaddr;
			library_code.end = library_code.start + segment->p_memsz;
		}
	}
	return 1;
}

#define ADDRESS offsetof(struct seccomp_data, instruction_pointer)
#define LOW_HALF (__BYTE_ORDER == __BIG_ENDIAN ? 4 : 0)
#define LOAD_WORD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset))
#define UNLESS(comparison, value, skip) BPF_JUMP(BPF_JMP | (comparison) | BPF_K, (uint32_t)(value), 0, (skip))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (action))

/*
 * Applies 'action' to the system calls that the library makes in the calling thread, from now
 * on. Returns the result of seccomp(2), or -errno.
 */
static inline int filter_library(uint32_t action, unsigned flags)
{
	struct sock_filter code[] = {
		LOAD_WORD(ADDRESS + 4 - LOW_HALF),
		UNLESS(BPF_JEQ, library_code.start >> 32, 3),
		LOAD_WORD(ADDRESS + LOW_HALF),
		UNLESS(BPF_JGE, library_code.start, 1),
		UNLESS(BPF_JGT, library_code.end, 1),
		RETURN(SECCOMP_RET_ALLOW),
		RETURN(action),
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return (int)raw(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program));
}

/* A reason to skip, or NULL. */
static inline const char *why_not_filter(uint32_t action)
{
	dl_iterate_phdr(find_code, NULL);
	if (library_code.end == 0)
		return "the library is linked statically";
	if (library_code.start >> 32 != library_code.end >> 32)
		return "the library's code crosses a multiple of 4 GiB";
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) != 0)
		return "seccomp does not support this action";
	return NULL;
}

#endif
