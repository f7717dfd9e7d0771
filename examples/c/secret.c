/* SPDX-License-Identifier: MIT */

/*
 * secret: keeps a key in secret memory, which the kernel removes from its page tables, and
 * shows that system calls that read memory through the kernel's mapping fail.
 */
#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64 /* Addresses are offsets of /proc/self/mem. */
#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "example.h"

enum { AREA_SIZE = 4096, KEY_SIZE = 32 };

/* Maps secret memory. Returns NULL if the system does not support it. */
static char *secret_area(void)
{
	void *area;
	int fd = memfd_go_secret(O_CLOEXEC);

	if (fd == -ENOSYS || fd == -EPERM) {
		say("secret", "this system has no secret memory: %s", memfd_go_result_name(fd));
		return NULL;
	}
	must("secret", fd);
	must("set_size", memfd_go_set_size(fd, 0, AREA_SIZE));
	must("map", memfd_go_map(fd, MEMFD_GO_OPT_WRITE, 0, AREA_SIZE, &area));
	close(fd); /* The mapping keeps the file. */
	say("secret", "created a secret area: %d bytes", AREA_SIZE);
	return area;
}

/* Reads a random key directly into the area, so that no other copy of it exists. The
 * process's own read(2) and write(2) work with secret memory, because they copy through
 * its user mapping. */
static void make_key(char *key)
{
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	must("/dev/urandom", fd == -1 ? -errno : 0);
	must("read", read(fd, key, KEY_SIZE) == KEY_SIZE ? 0 : -EIO);
	close(fd);
	say("secret", "read a random key into it: %d bytes", KEY_SIZE);
}

/* Two ways to read the memory of a process from outside. Both return 0 or -errno. */

static int by_proc_mem(char *from)
{
	char copy[KEY_SIZE];
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	int result = pread(fd, copy, KEY_SIZE, (off_t)(uintptr_t)from) == -1 ? -errno : 0;

	close(fd);
	return result;
}

static int by_process_vm_readv(char *from)
{
	char copy[KEY_SIZE];
	struct iovec local = { copy, KEY_SIZE }, remote = { from, KEY_SIZE };

	return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == -1 ? -errno : 0;
}

static void try_to_copy(const char *way, int (*copy)(char *from), char *key)
{
	char ordinary[KEY_SIZE] = { 0 };
	int result;

	must(way, copy(ordinary));
	say("secret", "copies ordinary memory by %s: done", way);
	result = copy(key);
	if (result >= 0) {
		fprintf(stderr, "%s copied the key\n", way);
		exit(EXIT_FAILURE);
	}
	say("secret", "tries to copy the key by %s: refused, %s", way, memfd_go_result_name(result));
}

int main(void)
{
	char *key = secret_area();

	if (key == NULL)
		return EXIT_SUCCESS;
	make_key(key);
	try_to_copy("/proc/self/mem", by_proc_mem, key);
	try_to_copy("process_vm_readv", by_process_vm_readv, key);
	must("unmap", memfd_go_unmap(key, AREA_SIZE));
	return EXIT_SUCCESS;
}
