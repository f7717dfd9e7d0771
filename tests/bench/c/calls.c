/* SPDX-License-Identifier: MIT */

/*
 * calls SPEED glibc NAME=PATH...: functions that consist of one system call, compared with
 * glibc: those of the libraries, syscall(2), and the inline system call.
 *
 * calls SPEED - NAME=PATH...: those of the libraries and the inline system call, compared with
 * the first library.
 */
#include "bench.h"

#define UNKNOWN_FLAG 0x40000000U

static int sealable; /* a file that accepts seals */

/* Called through pointers, like the functions of the libraries. */
static const struct library glibc = { .create = memfd_create, .fcntl = fcntl, .syscall = syscall };

/* An inline system call. */
static inline __attribute__((always_inline)) long bare(long number, long a, long b, long c)
{
#if defined(__x86_64__)
	long r;

	__asm__ volatile("syscall" : "=a"(r) : "0"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return r;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b,
			 x2 __asm__("x2") = c;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
#else
#error "the bare system call of this architecture"
#endif
}

/* A piece of work done by an inline system call, glibc's function, syscall(2) and a library. */
#define WORK(name, inline_call, glibc_call, syscall_call, library_call) \
	static int name##_bare(const struct variant *a)                 \
	{                                                               \
		(void)a;                                                \
		return inline_call;                                     \
	}                                                               \
	static int name##_glibc(const struct variant *a)                \
	{                                                               \
		return glibc_call;                                      \
	}                                                               \
	static int name##_syscall(const struct variant *a)              \
	{                                                               \
		return syscall_call;                                    \
	}                                                               \
	static int name##_library(const struct variant *a)              \
	{                                                               \
		return library_call;                                    \
	}

WORK(invalid, (int)bare(SYS_memfd_create, (long)"bench", UNKNOWN_FLAG, 0),
     a->library->create("bench", UNKNOWN_FLAG),
     (int)a->library->syscall(SYS_memfd_create, "bench", UNKNOWN_FLAG),
     a->library->create("bench", UNKNOWN_FLAG))

WORK(get_seals, (int)bare(SYS_fcntl, sealable, F_GET_SEALS, 0), a->library->fcntl(sealable, F_GET_SEALS),
     (int)a->library->syscall(SYS_fcntl, sealable, F_GET_SEALS), a->library->get_seals(sealable))

WORK(add_seals, (int)bare(SYS_fcntl, sealable, F_ADD_SEALS, F_SEAL_GROW),
     a->library->fcntl(sealable, F_ADD_SEALS, F_SEAL_GROW),
     (int)a->library->syscall(SYS_fcntl, sealable, F_ADD_SEALS, F_SEAL_GROW),
     a->library->add_seals(sealable, F_SEAL_GROW))

WORK(create_close, close((int)bare(SYS_memfd_create, (long)"bench", MFD_CLOEXEC, 0)),
     close(a->library->create("bench", MFD_CLOEXEC)),
     close((int)a->library->syscall(SYS_memfd_create, "bench", MFD_CLOEXEC)),
     close(a->library->create("bench", MFD_CLOEXEC)))

WORK(secret_close, close((int)bare(SYS_memfd_secret, O_CLOEXEC, 0, 0)),
     close((int)a->library->syscall(SYS_memfd_secret, O_CLOEXEC)), /* glibc has no function for it */
     close((int)a->library->syscall(SYS_memfd_secret, O_CLOEXEC)), close(a->library->secret(O_CLOEXEC)))

static const struct kind {
	const char *name;
	int (*glibc)(const struct variant *), (*bare)(const struct variant *);
	int (*by_syscall)(const struct variant *), (*by_library)(const struct variant *);
	int calls;
	double seconds;
	int percentiles;
} kinds[] = {
#define KIND(name) name##_glibc, name##_bare, name##_syscall, name##_library
	{ "invalid call", KIND(invalid), 50, 2, 0 },      { "get_seals", KIND(get_seals), 50, 2, 0 },
	{ "add_seals", KIND(add_seals), 50, 2, 0 },       { "create+close", KIND(create_close), 25, 5, 1 },
	{ "secret+close", KIND(secret_close), 25, 4, 1 },
};

int main(int argc, char **argv)
{
	int with_glibc;

	begin(argc, argv, "calls SPEED glibc|- NAME=PATH...", 3);
	with_glibc = strcmp(argv[2], "glibc") == 0;
#ifdef STATIC_LIBRARY
	if (with_glibc)
		add_static_library();
#endif
	sealable = memfd_create("bench", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		const struct kind *k = &kinds[i];
		struct work w = { .name = k->name, .calls = k->calls, .percentiles = k->percentiles };

		if (with_glibc) {
			add_variant(&w, "glibc", k->glibc, &glibc);
			add_variant(&w, "inline", k->bare, &glibc);
			add_variant(&w, "syscall(2)", k->by_syscall, &glibc);
		}
		for (int l = 0; l < library_count; l++)
			add_variant(&w, libraries[l].name, k->by_library, &libraries[l]);
		if (!with_glibc)
			add_variant(&w, "inline", k->bare, &glibc);
		run(&w, k->seconds);
	}
	return 0;
}
