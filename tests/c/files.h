/* SPDX-License-Identifier: MIT */

/* Files, pointers and limits for the tests. */
#ifndef FILES_H
#define FILES_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "library.h"

/* Numbers that are never open descriptors. */
static const int closed_descriptors[] = { -1, -100, 1000000, 0x7fffffff };
#define CLOSED_DESCRIPTORS (sizeof closed_descriptors / sizeof *closed_descriptors)

/* Pointers into the first and the last page of the address space. */
static const uintptr_t null_pointers[] = { 0, 1, 4095, UINTPTR_MAX - 4094, UINTPTR_MAX };
#define NULL_POINTERS (sizeof null_pointers / sizeof *null_pointers)

/* Removes the seal that the kernel may add without a request. */
static inline int without_exec(int seals)
{
	return seals < 0 ? seals : seals & ~F_SEAL_EXEC;
}

static inline int sealable_file(void)
{
	return memfd_go_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

/* A sealable file of 'size' zero bytes. */
static inline int sized_file(uint64_t size)
{
	int fd = sealable_file();

	if (fd >= 0 && memfd_go_set_size(fd, 0, size) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Opens the file again, with its own open file description. */
static inline int reopen(int fd, int flags)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return open(path, flags | O_CLOEXEC);
}

/* The write end of a pipe whose read end is closed. */
static inline int pipe_file(void)
{
	int ends[2];

	if (pipe(ends) != 0)
		return -1;
	close(ends[0]);
	return ends[1];
}

/* An unnamed file on tmpfs, -1 if there is no /dev/shm. */
static inline int tmpfs_file(void)
{
	return open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

static inline size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* A page in front of an inaccessible page. */
static inline char *page_before_a_guard(void)
{
	size_t size = page_size();
	char *page = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		abort();
	mprotect(page + size, size, PROT_NONE);
	return page;
}

static inline void free_page_before_a_guard(char *page)
{
	munmap(page, 2 * page_size());
}

/* Whether the address space has room for that much. On s390x it nearly always has. */
static inline int has_room(size_t length)
{
	void *map = mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (map == MAP_FAILED)
		return 0;
	munmap(map, length);
	return 1;
}

#define HAS_ROOM "the address space has room for any length"

/* Sets a soft limit and returns the old one. */
static inline rlim_t set_limit(int resource, rlim_t soft)
{
	struct rlimit limit;
	rlim_t old;

	getrlimit(resource, &limit);
	old = limit.rlim_cur;
	limit.rlim_cur = soft;
	setrlimit(resource, &limit);
	return old;
}

/* Converts the result of a C library call to -errno. */
static inline long raw(long result)
{
	return result < 0 ? -errno : result;
}

static inline int raw_create(const char *name, uint32_t flags)
{
	return (int)raw(syscall(SYS_memfd_create, name, flags));
}

static inline int kernel_has_noexec_seal(void)
{
	int fd = raw_create("test", MFD_NOEXEC_SEAL);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Whether executable files are allowed: vm.memfd_noexec is not 2. */
static inline int executables_work(void)
{
	int fd = raw_create("test", MFD_EXEC);

	if (fd >= 0)
		close(fd);
	return fd != -EACCES;
}

#define NO_EXECUTABLES "vm.memfd_noexec forbids executable files"

/* Whether files are executable without MFD_EXEC: vm.memfd_noexec is 0. */
static inline int executable_by_default(void)
{
	int fd = raw_create("test", 0);
	struct stat status = { .st_mode = 0 };

	fstat(fd, &status);
	close(fd);
	return (status.st_mode & 0111) != 0;
}

#define NOEXEC_BY_DEFAULT "vm.memfd_noexec is set: an older kernel cannot be emulated"

#define MEMFD_SECRET 447 /* on all architectures; missing from older headers */

static inline int raw_secret(uint32_t flags)
{
	return (int)raw(syscall(MEMFD_SECRET, flags));
}

#endif
