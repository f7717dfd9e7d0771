/* SPDX-License-Identifier: MIT */

/*
 * Hosts close to a limit on address space, descriptors, locked memory or file size. Calls succeed
 * or return the right error, and nothing leaks.
 */
#include "hosts.h"
#include "area.h"

#define MIB (UINT64_C(1) << 20)

static void keep_calling(void)
{
	for (long n = rounds() / 10; n >= 0 && test.failed_checks == 0; n--)
		EQ(call_every_function(), 0);
}

/* ------------------------------------------------------------ Address space */

static void call_in_32_mib(void)
{
	secret_area area = NEW_AREA;
	void *map = NULL;
	size_t length = 0;
	int fd = sized_file(64 * MIB);
	struct resources before;

	set_limit(RLIMIT_AS, 32 * MIB);
	before = count_resources();
	keep_calling();
	EQ(memfd_go_map(fd, 0, 0, 64 * MIB, &map), -ENOMEM);
	EQ(memfd_go_add_seals(fd, MEMFD_GO_SEALS_IMMUTABLE), 0);
	EQ(memfd_go_map_verified(fd, 0, UINT64_MAX, 0, &map, &length), -ENOMEM);
	EQ(memfd_go_secret_alloc(&area, 64 * MIB, 0), -ENOMEM);
	EQ(memfd_go_secret_alloc(&area, 64 * MIB, MEMFD_GO_OPT_NO_SECRETMEM | MEMFD_GO_OPT_ALLOW_UNLOCKED),
	   -ENOMEM);
	keep_calling();
	CHECK(memcmp(&before, &(struct resources[]){ count_resources() }, sizeof before) == 0);
}

static void works_in_little_address_space(void)
{
	IN_CHILD(call_in_32_mib);
}

/* -------------------------------------------------------------- Descriptors */

struct call {
	const char *name;
	int (*make)(void);
};

static int file, sockets[2];
static struct memfd_go_features features;
static secret_area area = NEW_AREA;
static struct memfd_go_secret_pool pool = { 0 };

static int create(void)
{
	return memfd_go_create("limits", 0);
}
static int create_with(void)
{
	return memfd_go_create_with("limits", NULL, 0);
}
static int create_sealed(void)
{
	return memfd_go_create_sealed("limits", 0, 0, "abc", 3);
}
static int clone_file(void)
{
	return memfd_go_clone("limits", 0, 0, file, 10);
}
static int reopen_file(void)
{
	return memfd_go_reopen(file, O_RDONLY);
}
static int import_pid(void)
{
	return memfd_go_import_pid(getpid(), file, O_RDONLY);
}
static int secret(void)
{
	return memfd_go_secret(0);
}
static int recv_verified(void)
{
	return memfd_go_recv_verified(sockets[1], 0, 10, 0, NULL, NULL);
}
static int probe(void)
{
	return memfd_go_probe(&features, sizeof features, 0);
}
static int secret_alloc(void)
{
	return memfd_go_secret_alloc(&area, 10, 0);
}
static int pool_init(void)
{
	return memfd_go_secret_pool_init(&pool, 10, 10, 0);
}

static int recv_fds(void)
{
	uint32_t room = 1;
	int fd = -1, r = memfd_go_recv_fds(sockets[1], 0, &fd, &room, NULL, NULL);

	return r == 0 ? fd : r;
}

/* Calls that need a descriptor, even temporarily. */
static const struct call creating[] = {
	{ "create", create },
	{ "create_with", create_with },
	{ "create_sealed", create_sealed },
	{ "clone", clone_file },
	{ "reopen", reopen_file },
	{ "import_pid", import_pid },
	{ "secret", secret },
	{ "probe", probe },
	{ "secret_alloc", secret_alloc },
	{ "pool_init", pool_init },
	{ "recv_fds", recv_fds },
	{ "recv_verified", recv_verified },
};
#define CREATING (sizeof creating / sizeof *creating)

static int receives(const struct call *c)
{
	return c->make == recv_fds || c->make == recv_verified;
}

/* Frees the result of a call. */
static void remove_result(const struct call *c, int result)
{
	if (c->make == secret_alloc)
		EQ(memfd_go_secret_free(&area), 0);
	else if (c->make == pool_init)
		EQ(memfd_go_secret_pool_free(&pool), 0);
	else if (c->make != probe)
		EQ(close(result), 0);
}

static void check_call(const struct call *c, int may_succeed)
{
	int r, lacking = receives(c) ? -EMSGSIZE : -EMFILE;

	if (receives(c))
		EQ(memfd_go_send_fds(sockets[0], 0, &file, 1, NULL, 0), 0);
	r = c->make();
	if (r >= 0 && may_succeed)
		remove_result(c, r);
	else if (r != lacking && !(r == -ENOSYS && c->make == secret) &&
		 !(r == 0 && !have_secretmem() && (c->make == secret_alloc || c->make == pool_init)))
		fail(__FILE__, __LINE__, "%s: %s", c->name, memfd_go_result_name(r));
}

/* Each call with no, one and two free descriptors. */
static void call_without_descriptors(void)
{
	char text[64];
	uint32_t seals;
	struct memfd_go_info info;
	int top;

	file = memfd_go_create_sealed("limits", MFD_CLOEXEC, 0, "abc", 3);
	EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	top = dup(file);
	close(top);
	for (int free_ones = 0; free_ones < 3; free_ones++) {
		set_limit(RLIMIT_NOFILE, (rlim_t)(top + free_ones));
		for (size_t i = 0; i < CREATING; i++) {
			check_call(&creating[i], free_ones > 0);
			EQ(fcntl(top, F_GETFD), -1); /* no descriptor has leaked */
		}
	}
	set_limit(RLIMIT_NOFILE, (rlim_t)top);
	EQ(memfd_go_inspect(file, 0, &info, sizeof info), 0);
	EQ(memfd_go_check_seals(file, MEMFD_GO_SEALS_IMMUTABLE, &seals), 0);
	CHECK(memfd_go_format_seals(seals, 0, text, sizeof text) == 0);
}

static void works_with_few_descriptors(void)
{
	IN_CHILD(call_without_descriptors);
}

/* ------------------------------------------------------------ Locked memory */

static void call_without_locked_memory(void)
{
	struct resources before;

	drop_privileges();
	set_limit(RLIMIT_MEMLOCK, 0);
	before = count_resources();
	for (long n = rounds() / 10; n >= 0; n--) {
		EQ(call_library_functions(), 0);
		EQ(call_create_functions(), 0);
		EQ(call_file_functions(), 0);
		EQ(call_text_functions(), 0);
		EQ(memfd_go_secret_alloc(&area, 10, MEMFD_GO_OPT_ALLOW_UNLOCKED), 0);
		EQ(area.kind, MEMFD_GO_AREA_UNLOCKED);
		EQ(memfd_go_secret_protect(&area, MEMFD_GO_ACCESS_NONE), 0);
		EQ(memfd_go_secret_free(&area), 0);
		EQ(memfd_go_secret_pool_init(&pool, 10, 10, 0), have_secretmem() ? -EAGAIN : -EPERM);
		EQ(memfd_go_secret_pool_init(&pool, 10, 10, MEMFD_GO_OPT_ALLOW_UNLOCKED), 0);
		EQ(memfd_go_secret_pool_free(&pool), 0);
	}
	CHECK(memcmp(&before, &(struct resources[]){ count_resources() }, sizeof before) == 0);
}

static void works_with_little_locked_memory(void)
{
	IN_CHILD(call_without_locked_memory);
}

/* ------------------------------------------------------------- File size */

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
	(void)number;
	signals = signals + 1;
}

/* Above the limit of 2 bytes, calls return -EFBIG and SIGXFSZ is sent. */
#define OVER(call)                  \
	do {                        \
		signals = 0;        \
		EQ(call, -EFBIG);   \
		CHECK(signals > 0); \
	} while (0)

static void call_with_low_file_size_limit(void)
{
	struct memfd_go_create_args args = { .size = 3 };
	struct resources before;

	signal(SIGXFSZ, count_signal);
	EQ(call_every_function(), 0);
	file = memfd_go_create_sealed("limits", MFD_CLOEXEC, 0, "abc", 3);
	set_limit(RLIMIT_FSIZE, 2);
	before = count_resources();
	OVER(create_sealed());
	OVER(clone_file());
	OVER(memfd_go_create_with("limits", &args, sizeof args));
	close(file);
	file = create();
	OVER(memfd_go_set_size(file, 0, 3));
	OVER(memfd_go_set_size(file, MEMFD_GO_OPT_RESERVE, 3));
	EQ(memfd_go_set_size(file, MEMFD_GO_OPT_RESERVE, 2), 0);
	if (have_secretmem()) {
		OVER(secret_alloc());
		OVER(pool_init());
	}
	signals = 0;
	EQ(memfd_go_probe(&features, sizeof features, MEMFD_GO_FEATURE_SECRET), 0);
	EQ(memfd_go_secret_alloc(&area, 10, MEMFD_GO_OPT_NO_SECRETMEM), 0);
	EQ(signals, 0);
	EQ(memfd_go_secret_free(&area), 0);
	CHECK(memcmp(&before, &(struct resources[]){ count_resources() }, sizeof before) == 0);
}

static void works_with_a_low_file_size_limit(void)
{
	IN_CHILD(call_with_low_file_size_limit);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(works_in_little_address_space);
	RUN(works_with_few_descriptors);
	RUN(works_with_little_locked_memory);
	RUN(works_with_a_low_file_size_limit);
	return finish();
}
