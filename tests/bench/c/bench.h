/* SPDX-License-Identifier: MIT */

/*
 * Compares calls to a tenth of a percent on a noisy machine.
 *
 * Each variant is compared with a reference in quads of short blocks: reference, variant,
 * variant, reference. So slow changes of the processor's speed affect both alike, and the
 * median ignores quads that another program disturbed. The reference is also compared with
 * itself, which shows how precise the run is.
 */
#ifndef BENCH_H
#define BENCH_H

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "memfd_go.h"

#define MAX_VARIANTS 16
#define MAX_QUADS 4000

static inline void fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static inline void require(int holds, const char *what)
{
	if (!holds)
		fail(what);
}

static inline double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* The functions of one library that the benchmarks call. */
struct library {
	const char *name;
	__typeof__(memfd_go_create) *create;
	__typeof__(memfd_go_create_sealed) *create_sealed;
	__typeof__(memfd_go_clone) *clone;
	__typeof__(memfd_go_add_seals) *add_seals;
	__typeof__(memfd_go_get_seals) *get_seals;
	__typeof__(memfd_go_map_verified) *map_verified;
	__typeof__(memfd_go_unmap) *unmap;
	__typeof__(memfd_go_send_fds) *send_fds;
	__typeof__(memfd_go_recv_verified) *recv_verified;
	int (*secret)(uint32_t);
	__typeof__(memfd_go_secret_alloc) *secret_alloc;
	__typeof__(memfd_go_secret_free) *secret_free;
	__typeof__(memfd_go_secret_pool_init) *secret_pool_init;
	__typeof__(memfd_go_secret_pool_take) *secret_pool_take;
	__typeof__(memfd_go_secret_pool_give) *secret_pool_give;
	int (*fcntl)(int, int, ...); /* of glibc only, like the next */
	long (*syscall)(long, ...);
};

static inline void *symbol(void *handle, const char *name)
{
	void *address = dlsym(handle, name);

	if (address == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	return address;
}

static inline void *open_library(const char *path)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (handle == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	return handle;
}

static struct library libraries[8];
static int library_count;

/* Loads a library. The argument is NAME=PATH. */
static inline void load(char *argument)
{
	struct library *l = &libraries[library_count++];
	char *path = strchr(argument, '=');
	void *handle;

	require(path != NULL, argument);
	*path++ = '\0';
	handle = open_library(path);
	l->name = argument;
#define LOAD(member) l->member = symbol(handle, "memfd_go_" #member)
	LOAD(create);
	LOAD(create_sealed);
	LOAD(clone);
	LOAD(add_seals);
	LOAD(get_seals);
	LOAD(map_verified);
	LOAD(unmap);
	LOAD(send_fds);
	LOAD(recv_verified);
	LOAD(secret);
	LOAD(secret_alloc);
	LOAD(secret_free);
	LOAD(secret_pool_init);
	LOAD(secret_pool_take);
	LOAD(secret_pool_give);
#undef LOAD
}

#ifdef STATIC_LIBRARY
/* Adds the library that is linked into the program. */
static inline void add_static_library(void)
{
	struct library *l = &libraries[library_count++];

	*l = (struct library){
		.name = "ours, static",
		.create = memfd_go_create,
		.add_seals = memfd_go_add_seals,
		.get_seals = memfd_go_get_seals,
		.secret = memfd_go_secret,
	};
}
#endif

/* A function that does a piece of work. */
struct variant {
	const char *name;
	int (*work)(const struct variant *variant);
	const struct library *library;
};

/* A piece of work and its variants; the first one is the reference. */
struct work {
	const char *name;
	struct variant variants[MAX_VARIANTS];
	int variant_count;
	int calls;       /* per block */
	int percentiles; /* compare 10th percentiles: the kernel may free memory in any block */
};

static inline void add_variant(struct work *w, const char *name, int (*work)(const struct variant *),
			       const struct library *library)
{
	require(w->variant_count < MAX_VARIANTS, "too many variants");
	w->variants[w->variant_count++] = (struct variant){ name, work, library };
}

static double speed; /* divides all durations */

static volatile int result_of_work;

/*
 * Not inlined, so that all variants run the same copy of the loop, with the same alignment. The
 * first calls are not timed, because the other variant has used the caches.
 */
static __attribute__((noinline)) double block(const struct variant *variant, int calls)
{
	double start;

	for (int i = 0; i < calls / 10; i++)
		result_of_work = variant->work(variant);
	start = now();
	for (int i = 0; i < calls; i++)
		result_of_work = variant->work(variant);
	return now() - start;
}

static inline int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Sorts the values and returns a quantile. */
static inline double quantile(double *values, int n, double part)
{
	qsort(values, (size_t)n, sizeof *values, by_value);
	return values[(int)(part * (n - 1))];
}

static double variant_blocks[MAX_VARIANTS][2 * MAX_QUADS];
static double reference_of[MAX_VARIANTS][2 * MAX_QUADS], ratios[MAX_QUADS];

static inline void quad(const struct work *w, int variant, int at, double *reference)
{
	double *mine = &variant_blocks[variant][2 * at];

	reference[0] = block(&w->variants[0], w->calls);
	mine[0] = block(&w->variants[variant], w->calls);
	mine[1] = block(&w->variants[variant], w->calls);
	reference[1] = block(&w->variants[0], w->calls);
}

/* Prints work, variant, minimum and median in ns per call, and the ratio to the reference. */
static inline void print_row(const struct work *w, int variant, int n, double ratio)
{
	double median = quantile(variant_blocks[variant], 2 * n, 0.5), least = variant_blocks[variant][0];

	printf("%s\t%s\t%.2f\t%.2f\t%.5f\n", w->name, w->variants[variant].name, least / w->calls,
	       median / w->calls, ratio);
}

/* Runs all variants, for 'seconds' in total. */
static inline void run(struct work *w, double seconds)
{
	double end;
	int n;

	add_variant(w, "same", w->variants[0].work, w->variants[0].library);
	for (int variant = 0; variant < w->variant_count; variant++)
		block(&w->variants[variant], w->calls);
	end = now() + seconds / speed * 1e9;
	for (n = 0; n < MAX_QUADS && (n < 5 || now() < end); n++)
		for (int variant = 1; variant < w->variant_count; variant++)
			quad(w, variant, n, &reference_of[variant][2 * n]);
	for (int variant = 1; variant < w->variant_count; variant++) {
		double ratio;

		for (int i = 0; i < n; i++)
			ratios[i] = (variant_blocks[variant][2 * i] + variant_blocks[variant][2 * i + 1]) /
				    (reference_of[variant][2 * i] + reference_of[variant][2 * i + 1]);
		ratio = quantile(ratios, n, 0.5);
		if (w->percentiles)
			ratio = quantile(variant_blocks[variant], 2 * n, 0.1) /
				quantile(reference_of[variant], 2 * n, 0.1);
		print_row(w, variant, n, ratio);
	}
	memcpy(variant_blocks[0], reference_of[1], sizeof variant_blocks[0]);
	print_row(w, 0, n, 1);
	fflush(stdout);
}

/* Reads SPEED, and loads the libraries from argument 'first' on. */
static inline void begin(int argc, char **argv, const char *usage, int first)
{
	cpu_set_t here;

	if (argc < first) {
		fprintf(stderr, "%s\n", usage);
		exit(2);
	}
	speed = atof(argv[1]);
	for (int i = first; i < argc; i++)
		load(argv[i]);
	CPU_ZERO(&here); /* only this thread is pinned */
	CPU_SET(sched_getcpu(), &here);
	sched_setaffinity(0, sizeof here, &here);
}

#endif
