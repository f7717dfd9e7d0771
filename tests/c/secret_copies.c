/* SPDX-License-Identifier: MIT */

/*
 * No function leaves a copy of a secret in a register or below the stack pointer. Each call is
 * followed by a trap: its signal frame contains all registers, and the stack has not been
 * used since.
 */
#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/socket.h>

#include "test.h"
#include "area.h"
#include "unwinding.h"

#define LENGTH 4096 /* of the secret */
#define DEAD_STACK 32768
#define PERIOD 8
#define ENOUGH 4 /* consecutive bytes that identify the secret */

/* The secret, repeated. Only the masked form is in the program, so that the area has the only copy. */
static const volatile uint8_t masked[PERIOD] = { 0x1b, 0xe4, 0x72, 0x8d, 0x39, 0xc6, 0x50, 0xaf };
#define MASK 0x37

static secret_area area, moved;
static struct memfd_go_secret_pool pool;
static void *secret; /* LENGTH bytes in one of the two */

static char handlers_stack[256 * 1024];
static sigjmp_buf after_trap;
static int copies;

static __attribute__((noinline)) void fill_secret(void)
{
	volatile uint8_t *to = secret;

	for (size_t i = 0; i < LENGTH; i++)
		to[i] = masked[i % PERIOD] + MASK;
}

static int is_copy(const uint8_t *at)
{
	for (size_t from = 0; from < PERIOD; from++) {
		size_t same = 0;

		while (same < ENOUGH && (uint8_t)(at[same] - MASK) == masked[(from + same) % PERIOD])
			same++;
		if (same == ENOUGH)
			return 1;
	}
	return 0;
}

static int count_copies(const uint8_t *from, const uint8_t *to)
{
	int count = 0;

	for (; from + ENOUGH <= to; from++)
		count += is_copy(from);
	return count;
}

static void handler(int number, siginfo_t *info, void *context)
{
	const uint8_t *sp = (const uint8_t *)interrupted_sp(context),
		      *frame = (const uint8_t *)handlers_stack;

	(void)number;
	(void)info;
	copies = count_copies(sp - DEAD_STACK, sp);
	copies += count_copies(frame, frame + sizeof handlers_stack);
	siglongjmp(after_trap, 1);
}

static __attribute__((noinline)) void clear_stack(void)
{
	volatile char stack[DEAD_STACK + 4096];

	for (size_t i = 0; i < sizeof stack; i++)
		stack[i] = 0;
}

/* Raised by __builtin_trap(), which uses no register. */
static const int traps[] = { SIGILL, SIGTRAP };

/* The number of copies after a call. */
static __attribute__((noinline)) int copies_after(uintptr_t (*call)(void))
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK }, old[2];
	stack_t stack = { .ss_sp = handlers_stack, .ss_size = sizeof handlers_stack },
		none = { .ss_flags = SS_DISABLE };

	memset(handlers_stack, 0, sizeof handlers_stack);
	sigaltstack(&stack, NULL);
	for (int i = 0; i < 2; i++)
		sigaction(traps[i], &action, &old[i]);
	copies = -1;
	clear_stack();
	if (sigsetjmp(after_trap, 1) == 0) {
		call();
		__builtin_trap();
	}
	for (int i = 0; i < 2; i++)
		sigaction(traps[i], &old[i], NULL);
	sigaltstack(&none, NULL);
	clear_stack(); /* so that nothing copies the secret from there later */
	return copies;
}

/* --------------------------------------------------------------------- Calls */

static int sockets[2], file;
static uint32_t options; /* of the running test */

static uintptr_t leave_in_a_register(void)
{
	return *(volatile uintptr_t *)secret;
}

static uintptr_t leave_on_the_stack(void)
{
	volatile uint8_t copy[64];

	for (size_t i = 0; i < sizeof copy; i++)
		copy[i] = ((volatile uint8_t *)secret)[i];
	return copy[0];
}

static uintptr_t read_only(void)
{
	return (uintptr_t)memfd_go_secret_protect(&area, MEMFD_GO_ACCESS_READ);
}
static uintptr_t writable(void)
{
	return (uintptr_t)memfd_go_secret_protect(&area, MEMFD_GO_ACCESS_READ_WRITE);
}
static uintptr_t free_area(void)
{
	return (uintptr_t)memfd_go_secret_free(&area);
}
static uintptr_t give(void)
{
	return (uintptr_t)memfd_go_secret_pool_give(&pool, secret);
}
static uintptr_t give_wrong_address(void)
{
	return (uintptr_t)memfd_go_secret_pool_give(&pool, (char *)secret + 16);
}
static uintptr_t free_pool(void)
{
	return (uintptr_t)memfd_go_secret_pool_free(&pool);
}
static uintptr_t send_secret(void)
{
	return (uintptr_t)memfd_go_send_fds(sockets[0], 0, &file, 1, secret, LENGTH);
}

static uintptr_t parse(void)
{
	((char *)secret)[LENGTH - 1] = '\0';
	return (uintptr_t)memfd_go_parse_seals(secret, &(uint32_t){ 0 });
}

static uintptr_t wipe(void)
{
	memfd_go_wipe(secret, LENGTH);
	return 0;
}

static uintptr_t wipe_unaligned(void)
{
	memfd_go_wipe((char *)secret + 3, LENGTH - 5);
	return 0;
}

static uintptr_t attach(void)
{
	secret_area other = NEW_AREA;

	if (memfd_go_secret_attach(&other, area.fd, UINT64_MAX, 0) != 0)
		return 1;
	return (uintptr_t)memfd_go_secret_free(&other);
}

static uintptr_t move_to_new_area(void)
{
	return (uintptr_t)memfd_go_secret_alloc_from(&moved, secret, LENGTH, options);
}

static uintptr_t create_sealed(void)
{
	file = memfd_go_create_sealed("test", MFD_CLOEXEC, 0, secret, LENGTH);
	return 0;
}

static uintptr_t create_huge(void)
{
	file = memfd_go_create_sealed("test", MFD_CLOEXEC | MFD_HUGETLB, 0, secret, LENGTH);
	return 0;
}

static uintptr_t clone_file(void)
{
	close(memfd_go_clone("test", MFD_CLOEXEC, 0, file, LENGTH));
	return 0;
}

static uintptr_t receive(void)
{
	int fd;
	uint32_t count = 1;
	size_t length = LENGTH;

	if (memfd_go_recv_fds(sockets[1], 0, &fd, &count, secret, &length) == 0 && count == 1)
		close(fd);
	return length != LENGTH;
}

/* --------------------------------------------------------------------- Tests */

static void new_area(void)
{
	area = (secret_area)NEW_AREA;
	EQ(memfd_go_secret_alloc(&area, LENGTH, options), 0);
	secret = area.data;
	fill_secret();
}

static void new_pool(void)
{
	pool = (struct memfd_go_secret_pool){ 0 };
	EQ(memfd_go_secret_pool_init(&pool, LENGTH, 2, options & ~MEMFD_GO_OPT_ALIGN_END), 0);
	EQ(memfd_go_secret_pool_take(&pool, &secret), 0);
	fill_secret();
}

static void search_finds_copies(void)
{
	new_area();
	CHECK(copies_after(leave_in_a_register) > 0);
	CHECK(copies_after(leave_on_the_stack) > 0);
	EQ(memfd_go_secret_free(&area), 0);
}

static void check_area_and_pool(void)
{
	new_area();
	EQ(copies_after(read_only), 0);
	EQ(copies_after(writable), 0);
	EQ(copies_after(wipe_unaligned), 0);
	fill_secret();
	EQ(copies_after(wipe), 0);
	fill_secret();
	EQ(copies_after(move_to_new_area), 0);
	EQ(memfd_go_secret_free(&moved), 0);
	fill_secret();
	EQ(copies_after(free_area), 0);
	CHECK(area.data == NULL);
	new_pool();
	EQ(copies_after(give_wrong_address), 0);
	EQ(copies_after(give), 0);
	EQ(memfd_go_secret_pool_take(&pool, &secret), 0);
	fill_secret();
	EQ(copies_after(free_pool), 0);
	EQ(pool.slots, 0);
}

static void areas_and_pools_leave_no_copies(void)
{
	static const uint32_t all[] = { 0, MEMFD_GO_OPT_ALIGN_END, MEMFD_GO_OPT_NO_SECRETMEM };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		options = all[i];
		check_area_and_pool();
	}
}

static void attached_areas_leave_no_copies(void)
{
	if (!have_secretmem())
		SKIP("this kernel has no memfd_secret(2)");
	options = MEMFD_GO_OPT_KEEP_FD;
	new_area();
	EQ(copies_after(attach), 0);
	EQ(memfd_go_secret_free(&area), 0);
}

static void creating_and_sending_leave_no_copies(void)
{
	options = MEMFD_GO_OPT_NO_SECRETMEM;
	new_area();
	EQ(copies_after(create_sealed), 0);
	EQ(copies_after(clone_file), 0);
	EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	EQ(copies_after(send_secret), 0);
	EQ(copies_after(receive), 0);
	EQ(copies_after(parse), 0);
	EQ(memfd_go_secret_free(&area), 0);
	close(sockets[0]);
	close(sockets[1]);
	close(file);
}

static void huge_pages_leave_no_copies(void)
{
	options = 0;
	file = -1;
	new_area();
	EQ(copies_after(create_huge), 0);
	EQ(memfd_go_secret_free(&area), 0);
	if (file < 0)
		SKIP("no huge pages");
	close(file);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(search_finds_copies);
	RUN(areas_and_pools_leave_no_copies);
	RUN(attached_areas_leave_no_copies);
	RUN(creating_and_sending_leave_no_copies);
	RUN(huge_pages_leave_no_copies);
	return finish();
}
