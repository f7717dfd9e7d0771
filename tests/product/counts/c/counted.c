/* SPDX-License-Identifier: MIT */

/*
 * counted LIBRARY: calls every function of LIBRARY once, for a tracer that counts instructions and
 * system calls. Each call is between two breakpoints. At the first a register points to the name of
 * the function, at the second it is null.
 *
 * counted LIBRARY emulated: calls the functions that are one system call, without breakpoints, and
 * prints their addresses, for an emulator that logs the instructions.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "memfd_go.h"

#define W(pointer) (long)(uintptr_t)(pointer)

typedef long function(long, long, long, long, long, long);

static void *library;
static int emulated;

static void mark(const char *name)
{
#ifdef __x86_64__
	if (!emulated)
		__asm__ volatile("int3" : : "a"(name) : "memory");
#else
	(void)name;
#endif
}

/* The same instructions around each call, whatever it is. */
static __attribute__((noinline)) long call(const char *name, function *f, long a, long b, long c, long d,
					   long e, long last)
{
	long r;

	mark(name);
	r = f(a, b, c, d, e, last);
	mark(NULL);
	return r;
}

/* A function of one instruction. */
#ifdef __x86_64__
function nothing;
__asm__(".pushsection .text\nnothing: ret\n.popsection");
#endif

static long count_six(const char *name, long a, long b, long c, long d, long e, long last)
{
	function *f = (function *)dlsym(library, name);

	if (f == NULL) /* the benchmarks' library in C has only some functions */
		return -1;
	if (emulated)
		printf("%s %lx\n", name, W(f));
	return call(name, f, a, b, c, d, e, last);
}

static long count(const char *name, long a, long b, long c, long d, long e)
{
	return count_six(name, a, b, c, d, e, 0);
}

static int new_file(const char *contents)
{
	int fd = memfd_create("counted", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (write(fd, contents, strlen(contents)) < 0)
		exit(1);
	return fd;
}

static void count_simple(int fd)
{
#ifdef __x86_64__
	call("nothing", nothing, 0, 0, 0, 0, 0, 0);
#endif
	count("memfd_go_create", W("counted"), MFD_CLOEXEC, 0, 0, 0);
	count("memfd_go_get_seals", fd, 0, 0, 0, 0);
	count("memfd_go_add_seals", fd, F_SEAL_GROW, 0, 0, 0);
}

static void count_files(int fd)
{
	struct memfd_go_features features;
	struct memfd_go_create_args args = { .flags = MFD_CLOEXEC, .size = 5, .seals = F_SEAL_GROW };
	struct memfd_go_info info;
	char *none[] = { NULL }, text[64];
	uint32_t word;
	uint64_t size;

	count("memfd_go_version", 0, 0, 0, 0, 0);
	count("memfd_go_version_string", 0, 0, 0, 0, 0);
	count("memfd_go_result_name", 22, 0, 0, 0, 0);
	count("memfd_go_probe", W(&features), sizeof features, 0, 0, 0);
	count("memfd_go_create_with", W("counted"), W(&args), sizeof args, 0, 0);
	count("memfd_go_create_sealed", W("counted"), MFD_CLOEXEC, 0, W("hello"), 5);
	count("memfd_go_clone", W("counted"), MFD_CLOEXEC, 0, fd, 4096);
	lseek(fd, 0, SEEK_SET);
	count("memfd_go_clone_stream", W("counted"), MFD_CLOEXEC, 0, fd, 4096);
	count("memfd_go_reopen", fd, O_RDONLY, 0, 0, 0);
	count("memfd_go_huge_flags", 1 << 21, W(&word), 0, 0, 0);
	count("memfd_go_get_size", fd, W(&size), 0, 0, 0);
	count("memfd_go_set_size", fd, 0, 5, 0, 0);
	count("memfd_go_discard", fd, 0, 1, 1, 0);
	count("memfd_go_ensure_seals", fd, F_SEAL_SHRINK, 0, 0, 0);
	count("memfd_go_check_seals", fd, F_SEAL_SHRINK, W(&word), 0, 0);
	count("memfd_go_format_seals", 15, 0, W(text), sizeof text, 0);
	count("memfd_go_parse_seals", W("SEAL WRITE"), W(&word), 0, 0, 0);
	count("memfd_go_inspect", fd, 0, W(&info), sizeof info, 0);
	count("memfd_go_exec", fd, W(none), W(none), MEMFD_GO_OPT_INHERIT_FD, 0);
}

static void count_maps(void)
{
	int fd = new_file("hello");
	size_t length;
	void *map, *ring = NULL;

	count("memfd_go_map", fd, 0, 0, 5, W(&map));
	count("memfd_go_map_ring", fd, 0, 0, 65536, W(&ring));
	if (ring != NULL)
		munmap(ring, 2 * 65536);
	count("memfd_go_unmap", W(map), 5, 0, 0, 0);
	fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK);
	count("memfd_go_verify", fd, 0, 4096, 0, 0);
	count_six("memfd_go_map_verified", fd, 0, 4096, 0, W(&map), W(&length));
}

static void count_transfers(void)
{
	int sockets[2], received, pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0), fd = new_file("hello");
	uint32_t n = 1;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) < 0)
		exit(1);
	fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK);
	count("memfd_go_send_fds", sockets[0], 0, W(&fd), 1, 0);
	count("memfd_go_recv_fds", sockets[1], 0, W(&received), W(&n), 0);
	if (call(NULL, (function *)dlsym(library, "memfd_go_send_fds"), sockets[0], 0, W(&fd), 1, 0, 0) < 0)
		exit(1);
	count("memfd_go_recv_verified", sockets[1], 0, 4096, 0, 0);
	count("memfd_go_import_pid", getpid(), fd, O_RDONLY, 0, 0);
	count("memfd_go_import_pidfd", pidfd, fd, 0, 0, 0);
}

static void count_secrets(void)
{
	struct memfd_go_secret_area area = { 0 }, other = { 0 };
	struct memfd_go_secret_pool pool = { 0 };
	void *slot;
	char text[] = "hello";
	long fd = count("memfd_go_secret", O_CLOEXEC, 0, 0, 0, 0);

	count("memfd_go_secret_alloc", W(&area), 32, MEMFD_GO_OPT_KEEP_FD, 0, 0);
	count("memfd_go_secret_attach", W(&other), area.fd, 1 << 20, 0, 0);
	count("memfd_go_secret_protect", W(&area), MEMFD_GO_ACCESS_READ_WRITE, 0, 0, 0);
	count("memfd_go_wipe", W(area.data), 32, 0, 0, 0);
	count("memfd_go_equal", W(area.data), W(area.data), 32, 0, 0);
	count("memfd_go_secret_relock", W(&area), 0, 0, 0, 0);
	count("memfd_go_secret_free", W(&area), 0, 0, 0, 0);
	count("memfd_go_secret_alloc_from", W(&other), W(text), 5, 0, 0);
	count("memfd_go_secret_pool_init", W(&pool), 32, 2, 0, 0);
	count("memfd_go_secret_pool_take", W(&pool), W(&slot), 0, 0, 0);
	count("memfd_go_secret_pool_protect", W(&pool), MEMFD_GO_ACCESS_READ_WRITE, 0, 0, 0);
	count("memfd_go_secret_pool_relock", W(&pool), 0, 0, 0, 0);
	count("memfd_go_secret_pool_give", W(&pool), W(slot), 0, 0, 0);
	count("memfd_go_secret_pool_free", W(&pool), 0, 0, 0, 0);
	close((int)fd);
}

#ifdef __x86_64__
/* What glibc takes for the same. */
static void count_glibc(int fd)
{
	call("glibc memfd_create", (function *)memfd_create, W("counted"), MFD_CLOEXEC, 0, 0, 0, 0);
	call("glibc fcntl(F_GET_SEALS)", (function *)fcntl, fd, F_GET_SEALS, 0, 0, 0, 0);
	call("glibc fcntl(F_ADD_SEALS)", (function *)fcntl, fd, F_ADD_SEALS, F_SEAL_GROW, 0, 0, 0);
	call("glibc syscall(memfd_create)", (function *)syscall, SYS_memfd_create, W("counted"), MFD_CLOEXEC,
	     0, 0, 0);
}
#endif

int main(int argc, char **argv)
{
	int fd = new_file("hello");

	library = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
	emulated = argc > 2;
	if (library == NULL) {
		fprintf(stderr, "counted LIBRARY: %s\n", argc > 1 ? dlerror() : "which?");
		return 2;
	}
	count_simple(fd);
	if (emulated)
		return 0;
#ifdef __x86_64__
	count_glibc(fd);
#endif
	count_files(fd);
	count_maps();
	count_transfers();
	count_secrets();
	return 0;
}
