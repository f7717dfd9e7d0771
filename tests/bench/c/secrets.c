/* SPDX-License-Identifier: MIT */

/*
 * secrets SPEED SODIUM NAME=PATH...: allocates and frees memory for secrets, compared with
 * libsodium, whose path is SODIUM.
 */
#include "bench.h"

static size_t size;
static struct memfd_go_secret_pool pool;
static void *(*sodium_malloc)(size_t);
static void (*sodium_free)(void *);

static int by_sodium(const struct variant *a)
{
	char *secret = sodium_malloc(size);

	(void)a;
	secret[0] = 1;
	sodium_free(secret);
	return 0;
}

static int by_mlock(const struct variant *a)
{
	char *secret = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)a;
	require(mlock(secret, size) == 0, "mlock");
	secret[0] = 1;
	explicit_bzero(secret, size);
	return munmap(secret, size);
}

static int alloc(const struct variant *a, uint32_t opts)
{
	struct memfd_go_secret_area secret;

	require(a->library->secret_alloc(&secret, size, opts) == 0, "secret_alloc");
	*(char *)secret.data = 1;
	return a->library->secret_free(&secret);
}

static int by_alloc(const struct variant *a)
{
	return alloc(a, 0);
}

static int by_locked_alloc(const struct variant *a)
{
	return alloc(a, MEMFD_GO_OPT_NO_SECRETMEM);
}

static int by_pool(const struct variant *a)
{
	void *slot;

	if (a->library->secret_pool_take(&pool, &slot) != 0)
		return -1;
	*(char *)slot = 1;
	return a->library->secret_pool_give(&pool, slot);
}

static void bench_size(size_t bytes)
{
	char name[64];
	struct work w = { .name = name, .calls = 20 };

	size = bytes;
	require(libraries[0].secret_pool_init(&pool, size, 16, 0) == 0, "a pool");
	snprintf(name, sizeof name, "secret %zu B", size);
	add_variant(&w, "sodium_malloc+sodium_free", by_sodium, NULL);
	add_variant(&w, "mmap+mlock+munmap", by_mlock, NULL);
	for (int i = 0; i < library_count; i++)
		add_variant(&w, libraries[i].name, by_alloc, &libraries[i]);
	add_variant(&w, "ours, without memfd_secret", by_locked_alloc, &libraries[0]);
	add_variant(&w, "ours, pool", by_pool, &libraries[0]);
	run(&w, 4);
}

int main(int argc, char **argv)
{
	void *sodium;

	begin(argc, argv, "secrets SPEED SODIUM NAME=PATH...", 3);
	sodium = open_library(argv[2]);
	((int (*)(void))symbol(sodium, "sodium_init"))();
	sodium_malloc = symbol(sodium, "sodium_malloc");
	sodium_free = symbol(sodium, "sodium_free");
	bench_size(32);
	bench_size(4096);
	return 0;
}
