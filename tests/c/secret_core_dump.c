/* SPDX-License-Identifier: MIT */

/*
 * No kind of secret memory is part of a core dump. A child dies, and its core is searched for the
 * secrets and for ordinary memory.
 */
#include <dirent.h>
#include <elf.h>
#include <signal.h>
#include <sys/prctl.h>

#include "test.h"
#include "area.h"
#include "child.h"

#define LENGTH 64

enum { ORDINARY, SECRETMEM, MLOCKED, UNLOCKED, SHARED, CASES };

/* Bytes that are not in the program before they are computed. */
static void make_bytes(volatile unsigned char *to, unsigned which)
{
	uint32_t x = 0x9e3779b9 * (which + 1);

	for (int i = 0; i < LENGTH; i++) {
		x = x * 1664525 + 1013904223;
		to[i] = (unsigned char)(x >> 24);
	}
}

static void make_secret(unsigned which, uint32_t opts, uint32_t kind)
{
	secret_area s = NEW_AREA;

	EQ(memfd_go_secret_alloc(&s, LENGTH, opts), 0);
	EQ(s.kind, kind);
	make_bytes(s.data, which);
}

/* Includes all memory in core dumps, even shared memory and files. */
static void dump_everything(void)
{
	int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);

	CHECK(write(fd, "0x7f", 4) == 4);
	close(fd);
	set_limit(RLIMIT_CORE, 1 << 28);
}

static char folder[] = "/tmp/memfd_go_core.XXXXXX";

static void abort_with_secrets(void)
{
	unsigned char *ordinary = malloc(LENGTH);

	if (chdir(folder) != 0 || ordinary == NULL)
		_exit(1);
	dump_everything();
	make_bytes(ordinary, ORDINARY);
	make_secret(SECRETMEM, 0, best_kind());
	make_secret(MLOCKED, MEMFD_GO_OPT_NO_SECRETMEM, MEMFD_GO_AREA_MLOCK);
	make_secret(SHARED, MEMFD_GO_OPT_NO_SECRETMEM | MEMFD_GO_OPT_FORK_SHARE, MEMFD_GO_AREA_MLOCK);
	drop_privileges(); /* privileged processes have no limit */
	set_limit(RLIMIT_MEMLOCK, 0);
	make_secret(UNLOCKED, MEMFD_GO_OPT_ALLOW_UNLOCKED, MEMFD_GO_AREA_UNLOCKED);
	prctl(PR_SET_DUMPABLE, 1);
	if (test.failed_checks == 0)
		abort();
}

static char *map_file(int folder_fd, const char *name, size_t *size)
{
	int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC);
	off_t end = lseek(fd, 0, SEEK_END);
	char *map = mmap(NULL, (size_t)end, PROT_READ, MAP_PRIVATE, fd, 0);

	close(fd);
	*size = (size_t)end;
	return map == MAP_FAILED ? NULL : map;
}

/* Maps the kernel's core and deletes it. An emulator writes its own core. */
static char *map_core(size_t *size)
{
	struct dirent *entry;
	DIR *directory = opendir(folder);
	char *core = NULL;

	while ((entry = readdir(directory)) != NULL) {
		if (strncmp(entry->d_name, "core", 4) == 0)
			core = map_file(dirfd(directory), entry->d_name, size);
		unlinkat(dirfd(directory), entry->d_name, 0);
	}
	closedir(directory);
	return core;
}

/* The core of an emulator is for the host's architecture. */
static int is_for_this_architecture(const char *core)
{
	Elf32_Ehdr header; /* the same offset in 64-bit files */
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	CHECK(read(fd, &header, sizeof header) == sizeof header);
	close(fd);
	return ((const Elf32_Ehdr *)core)->e_machine == header.e_machine;
}

static int contains(const char *core, size_t size, unsigned which)
{
	unsigned char bytes[LENGTH];

	make_bytes(bytes, which);
	return memmem(core, size, bytes, LENGTH / 2) != NULL;
}

static void check_core(const char *core, size_t size)
{
	CHECK(contains(core, size, ORDINARY));
	for (unsigned which = ORDINARY + 1; which < CASES; which++)
		EQ(contains(core, size, which) ? which : 0, 0);
}

/* The reason to skip, or NULL. */
static const char *make_core(void)
{
	const char *reason = NULL;
	size_t size = 0;
	char *core;
	int status = status_of(start_child(abort_with_secrets));

	if (!WIFSIGNALED(status)) {
		EQ(status, -1);
		return NULL;
	}
	core = map_core(&size);
	if (!WCOREDUMP(status) || core == NULL)
		return "cores are not written to the current directory (kernel.core_pattern)";
	if (is_for_this_architecture(core))
		check_core(core, size);
	else
		reason = "the core is that of the emulator";
	munmap(core, size);
	return reason;
}

static void core_dumps_contain_no_secrets(void)
{
	const char *reason;

	strcpy(folder + sizeof folder - 7, "XXXXXX");
	CHECK(mkdtemp(folder) != NULL);
	EQ(chmod(folder, 0777), 0); /* the child drops its privileges */
	reason = make_core();
	EQ(rmdir(folder), 0);
	if (reason != NULL)
		SKIP(reason);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(core_dumps_contain_no_secrets);
	return finish();
}
