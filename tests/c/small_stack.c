/* SPDX-License-Identifier: MIT */

/*
 * The library works on a stack of 16 KiB, and no function needs more than the 4096 bytes that
 * the header promises.
 */
#include <limits.h>
#include <pthread.h>
#include <sys/mman.h>

#include "test.h"
#include "every_function.h"

#define PROMISED 4096
#define PAINT 0x5a
#define OWN_FRAME 256 /* bytes of stack that the measuring function itself may use */

static char *stack;
static size_t stack_size;

/* The number of bytes of stack that a function and its callees wrote to. */
static __attribute__((noinline)) size_t depth_of(void (*function)(void))
{
	char *here = __builtin_frame_address(0), *top = here - OWN_FRAME;
	volatile char *lowest;

	for (volatile char *p = stack; p < top; p++)
		*p = PAINT;
	function();
	for (lowest = stack; lowest < top && *lowest == PAINT; lowest++)
		;
	return (size_t)(here - lowest);
}

/* One call of each function, along its longest path. */
static char data[3 * 4096];
static char text[64];
static int file, unsized;

static void nothing(void)
{
}
static void version(void)
{
	memfd_go_version();
}
static void version_string(void)
{
	memfd_go_version_string();
}
static void result_name(void)
{
	memfd_go_result_name(-EHWPOISON);
}
static void create(void)
{
	close(memfd_go_create("depth", 0));
}
static void create_sealed(void)
{
	close(memfd_go_create_sealed("depth", 0, 0, data, sizeof data));
}
static void set_size(void)
{
	(void)!memfd_go_set_size(file, MEMFD_GO_OPT_RESERVE, sizeof data);
}
static void add_seals(void)
{
	(void)!memfd_go_add_seals(file, 0);
}
static void get_seals(void)
{
	(void)!memfd_go_get_seals(file);
}
static void ensure_seals(void)
{
	(void)!memfd_go_ensure_seals(file, F_SEAL_GROW);
}
static void format_seals(void)
{
	memfd_go_format_seals(0xffffffff, 0, text, sizeof text);
}
static void secret(void)
{
	close(memfd_go_secret(1));
}

static void get_size(void)
{
	uint64_t size;

	(void)!memfd_go_get_size(file, &size);
}

static void check_seals(void)
{
	uint32_t missing;

	(void)!memfd_go_check_seals(file, 15, &missing);
}

static void parse_seals(void)
{
	uint32_t seals;

	(void)!memfd_go_parse_seals("F_SEAL_FUTURE_WRITE,immutable|0xffffffff gswWSx", &seals);
}

static void probe(void)
{
	struct memfd_go_features features;

	(void)!memfd_go_probe(&features, sizeof features, MEMFD_GO_FEATURE_SECRET);
}

static void create_with(void)
{
	struct memfd_go_create_args args = { .mode = 0600, .size = 1, .seals = F_SEAL_GROW };

	close(memfd_go_create_with("depth", &args, sizeof args));
}

static void clone_file(void)
{
	close(memfd_go_clone("depth", 0, 0, file, UINT64_MAX));
}
static void clone_unsized(void)
{
	close(memfd_go_clone("depth", 0, 0, unsized, UINT64_MAX));
}
static void clone_stream(void)
{
	close(memfd_go_clone_stream("depth", 0, 0, file, UINT64_MAX));
}
static void discard(void)
{
	(void)!memfd_go_discard(file, 0, 0, 1);
}
static void equal(void)
{
	(void)!memfd_go_equal(data, data, sizeof data);
}
static void clone_huge(void)
{
	close(memfd_go_clone("depth", MFD_HUGETLB, 0, file, UINT64_MAX));
}
static void reopen(void)
{
	close(memfd_go_reopen(file, O_RDONLY));
}
static void import_pid(void)
{
	close(memfd_go_import_pid(getpid(), file, O_RDONLY));
}
static void import_pidfd(void)
{
	(void)!memfd_go_import_pidfd(-1, file, 0);
}

static void huge_flags(void)
{
	uint32_t flags;

	(void)!memfd_go_huge_flags((uint64_t)1 << 63, &flags);
}

static void execute(void)
{
	static char *none[] = { NULL };

	(void)!memfd_go_exec(file, none, none, MEMFD_GO_OPT_INHERIT_FD); /* not a program */
}

static void inspect(void)
{
	static struct memfd_go_info info;

	(void)!memfd_go_inspect(file, 0, &info, sizeof info);
}

static void map_verified(void)
{
	size_t length;
	void *map;
	int fd = memfd_go_create_sealed("depth", 0, 0, data, sizeof data);

	if (memfd_go_map_verified(fd, 0, UINT64_MAX, 0, &map, &length) == 0)
		memfd_go_unmap(map, length);
	close(fd);
}

static void send_and_receive(void)
{
	int sockets[2], received[1], fd = memfd_go_create_sealed("depth", 0, 0, data, sizeof data);
	uint32_t number = 1;

	socketpair(AF_UNIX, SOCK_STREAM, 0, sockets);
	(void)!memfd_go_send_fds(sockets[0], 0, &fd, 1, NULL, 0);
	(void)!memfd_go_recv_fds(sockets[1], 0, received, &number, NULL, NULL);
	close(received[0]);
	(void)!memfd_go_send_fds(sockets[0], 0, &fd, 1, NULL, 0);
	close(memfd_go_recv_verified(sockets[1], 0, UINT64_MAX, 0, NULL, NULL));
	close(sockets[0]);
	close(sockets[1]);
	close(fd);
}

static void use_area(uint32_t opts)
{
	secret_area area = { 0 }, attached = area;

	(void)!memfd_go_secret_alloc(&area, sizeof data, opts);
	if (memfd_go_secret_attach(&attached, area.fd, UINT64_MAX, 0) == 0)
		memfd_go_secret_free(&attached);
	memfd_go_wipe(area.data, area.len);
	(void)!memfd_go_secret_relock(&area);
	(void)!memfd_go_secret_protect(&area, MEMFD_GO_ACCESS_READ);
	memfd_go_secret_free(&area);
	if (memfd_go_secret_alloc_from(&area, (char[]){ "text" }, 5, opts) == 0)
		memfd_go_secret_free(&area);
}

static void secret_area_keep_fd(void)
{
	use_area(MEMFD_GO_OPT_KEEP_FD);
}
static void secret_area_no_secretmem(void)
{
	use_area(MEMFD_GO_OPT_NO_SECRETMEM);
}

static void secret_area_align_end(void)
{
	use_area(MEMFD_GO_OPT_NO_SECRETMEM | MEMFD_GO_OPT_ALIGN_END);
}

static void secret_pool(void)
{
	struct memfd_go_secret_pool pool = { 0 };
	void *slot;

	(void)!memfd_go_secret_pool_init(&pool, 100, 10, 0);
	(void)!memfd_go_secret_pool_take(&pool, &slot);
	memfd_go_secret_pool_give(&pool, slot);
	memfd_go_secret_pool_free(&pool);
}

static void map_and_unmap(void)
{
	void *map;

	if (memfd_go_map(file, 0, 0, sizeof data, &map) == 0)
		memfd_go_unmap(map, sizeof data);
}

static void map_ring(void)
{
	void *map;

	if (memfd_go_map_ring(file, 0, 0, 65536, &map) == 0)
		memfd_go_unmap(map, 2 * 65536);
}

#define DEPTH(function) { function, #function, 0 }

static struct {
	void (*function)(void);
	const char *name;
	size_t depth;
} functions[] = {
	DEPTH(nothing),
	DEPTH(version),
	DEPTH(version_string),
	DEPTH(result_name),
	DEPTH(probe),
	DEPTH(create),
	DEPTH(create_with),
	DEPTH(create_sealed),
	DEPTH(clone_unsized),
	DEPTH(clone_stream),
	DEPTH(discard),
	DEPTH(equal),
	DEPTH(map_ring),
	DEPTH(secret_area_align_end),
	DEPTH(clone_file),
	DEPTH(clone_huge),
	DEPTH(reopen),
	DEPTH(huge_flags),
	DEPTH(get_size),
	DEPTH(set_size),
	DEPTH(add_seals),
	DEPTH(get_seals),
	DEPTH(ensure_seals),
	DEPTH(check_seals),
	DEPTH(format_seals),
	DEPTH(parse_seals),
	DEPTH(inspect),
	DEPTH(map_and_unmap),
	DEPTH(map_verified),
	DEPTH(send_and_receive),
	DEPTH(import_pid),
	DEPTH(import_pidfd),
	DEPTH(execute),
	DEPTH(secret),
	DEPTH(secret_pool),
	DEPTH(secret_area_keep_fd),
	DEPTH(secret_area_no_secretmem),
};
#define FUNCTIONS (sizeof functions / sizeof *functions)

static void *call_functions(void *unused)
{
	(void)unused;
	for (size_t i = 0; i < FUNCTIONS; i++)
		functions[i].depth = depth_of(functions[i].function);
	return (void *)(intptr_t)call_every_function();
}

/* Runs a thread on 'stack'. Returns its result, or -1 if it cannot be started. */
static intptr_t run_on_stack(void)
{
	pthread_attr_t attributes;
	pthread_t thread;
	void *result = (void *)-1;

	pthread_attr_init(&attributes);
	if (pthread_attr_setstack(&attributes, stack, stack_size) == 0 &&
	    pthread_create(&thread, &attributes, call_functions, NULL) == 0)
		pthread_join(thread, &result);
	pthread_attr_destroy(&attributes);
	return (intptr_t)result;
}

static void runs_on_a_stack_of_16_kib(void)
{
	long least = sysconf(_SC_THREAD_STACK_MIN);

	stack_size = least > 16384 ? (size_t)least : 16384;
	stack = mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsized = open("/proc/version", O_RDONLY | O_CLOEXEC);
	file = memfd_go_create("depth", MFD_ALLOW_SEALING);
	EQ(call_every_function(), 0); /* resolves the symbols, which uses stack */
	for (size_t i = 0; i < FUNCTIONS; i++)
		functions[i].function();
	EQ(run_on_stack(), 0);
	close(file);
	close(unsized);
	munmap(stack, stack_size);
}

static void no_function_needs_more_than_4096_bytes(void)
{
	for (size_t i = 0; i < FUNCTIONS; i++)
		if (functions[i].depth > PROMISED)
			fail(__FILE__, __LINE__, "%s needs %zu bytes of stack", functions[i].name,
			     functions[i].depth);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(runs_on_a_stack_of_16_kib);
	RUN(no_function_needs_more_than_4096_bytes);
	return finish();
}
