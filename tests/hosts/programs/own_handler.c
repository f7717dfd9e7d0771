/* SPDX-License-Identifier: MIT */

/*
 * A host with its own SIGSEGV handler. The library does not replace or need the handler: bad
 * pointers are errors, and an access to a guard page raises SIGSEGV with the exact address. Every
 * function works in the handler.
 */
#include <setjmp.h>

#include "hosts.h"
#include "area.h"

static volatile sig_atomic_t faults, line_in_handler;
static void *volatile fault_address;
static sigjmp_buf go_on;

static void handler(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	fault_address = info->si_addr;
	faults = faults + 1;
	line_in_handler = call_every_function();
	siglongjmp(go_on, 1);
}

static void write_to(void *address)
{
	if (sigsetjmp(go_on, 1) == 0)
		*(volatile char *)address = 1;
}

static void check_guards(uint32_t opts)
{
	secret_area area = NEW_AREA;
	char *behind;

	EQ(memfd_go_secret_alloc(&area, page_size(), opts), 0);
	behind = (char *)area.data + area.len;
	faults = 0;
	write_to(behind);
	CHECK(fault_address == behind);
	write_to((char *)area.data - 1);
	CHECK(fault_address == (char *)area.data - 1);
	EQ(memfd_go_secret_protect(&area, MEMFD_GO_ACCESS_READ), 0);
	write_to(area.data);
	CHECK(fault_address == area.data);
	EQ(faults, 3);
	EQ(line_in_handler, 0);
	EQ(memfd_go_secret_free(&area), 0);
}

/* The pointers that the conventions name, and those that are passed to the kernel. */
static void pass_bad_pointers(void)
{
	for (size_t i = 0; i < NULL_POINTERS; i++) {
		void *bad = (void *)null_pointers[i];
		int fd = memfd_go_create_sealed("test", MFD_CLOEXEC, 0, "abc", 3);

		EQ(memfd_go_create(bad, 0), -EFAULT);
		EQ(memfd_go_get_size(fd, bad), -EFAULT);
		EQ(memfd_go_map(fd, 0, 0, 3, bad), -EFAULT);
		EQ(memfd_go_map_verified(fd, 0, 3, 0, bad, bad), -EFAULT);
		EQ(memfd_go_parse_seals(bad, bad), -EFAULT);
		EQ(memfd_go_inspect(fd, 0, bad, sizeof(struct memfd_go_info)), -EFAULT);
		EQ(memfd_go_probe(bad, sizeof(struct memfd_go_features), 0), -EFAULT);
		EQ(memfd_go_recv_fds(fd, 0, bad, bad, NULL, NULL), -EFAULT);
		EQ(memfd_go_send_fds(fd, 0, bad, 1, NULL, 0), -EFAULT);
		EQ(memfd_go_secret_alloc(bad, 1, 0), -EFAULT);
		EQ(memfd_go_secret_pool_init(bad, 1, 1, 0), -EFAULT);
		close(fd);
	}
}

static void host_keeps_its_sigsegv_handler(void)
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_NODEFER }, old, now;

	sigaction(SIGSEGV, &action, &old);
	faults = 0;
	for (long n = rounds(); n > 0 && test.failed_checks == 0; n--) {
		EQ(call_every_function(), 0);
		pass_bad_pointers();
	}
	EQ(faults, 0);
	check_guards(0);
	check_guards(MEMFD_GO_OPT_NO_SECRETMEM);
	sigaction(SIGSEGV, &old, &now);
	CHECK(now.sa_sigaction == handler && (now.sa_flags & SA_NODEFER) != 0);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(host_keeps_its_sigsegv_handler);
	return finish();
}
