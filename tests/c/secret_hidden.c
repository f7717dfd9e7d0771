/* SPDX-License-Identifier: MIT */

/*
 * Other processes, even root's, cannot read memory of kind SECRETMEM by process_vm_readv(2),
 * ptrace(2) or /proc/PID/mem. They can read memory of kind MLOCK, which shows that the test
 * works.
 */
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "test.h"
#include "area.h"
#include "child.h"

static struct exchange {
	void *secret, *locked;
} *exchange; /* shared with the child */

static void hold_secrets(void)
{
	secret_area secret = NEW_AREA, locked = NEW_AREA;

	EQ(memfd_go_secret_alloc(&secret, 64, MEMFD_GO_OPT_REQUIRE), 0);
	EQ(memfd_go_secret_alloc(&locked, 64, MEMFD_GO_OPT_NO_SECRETMEM), 0);
	memset(secret.data, SECRET_BYTE, 64);
	memset(locked.data, SECRET_BYTE, 64);
	exchange->secret = secret.data;
	exchange->locked = locked.data;
	raise(SIGSTOP);
	CHECK(all_bytes(secret.data, 64, SECRET_BYTE));
}

/* Starts a child that stops once it has allocated its secrets. */
static pid_t start_holder(void)
{
	pid_t holder;
	int status = 0;

	exchange = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(exchange != MAP_FAILED);
	holder = start_child(hold_secrets);
	EQ(waitpid(holder, &status, WUNTRACED), holder);
	CHECK(WIFSTOPPED(status));
	return holder;
}

static void end_holder(pid_t holder)
{
	kill(holder, SIGCONT);
	EQ(status_of(holder), 0);
	munmap(exchange, page_size());
}

static int read_by_process_vm_readv(pid_t pid, void *address, unsigned char *to)
{
	struct iovec local = { to, 8 }, remote = { address, 8 };

	return (int)raw(process_vm_readv(pid, &local, 1, &remote, 1, 0));
}

static int read_by_mem_file(pid_t pid, void *address, unsigned char *to)
{
	char path[64];
	int fd, r;

	snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	r = (int)raw(pread(fd, to, 8, (off_t)(uintptr_t)address));
	close(fd);
	return r;
}

static int read_by_ptrace(pid_t pid, void *address, unsigned char *to)
{
	long word;

	for (size_t i = 0; i < 8; i += sizeof word) {
		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, pid, (char *)address + i, NULL);
		if (errno != 0)
			return -errno;
		memcpy(to + i, &word, sizeof word);
	}
	return 8;
}

static void check_method(int (*read_memory)(pid_t, void *, unsigned char *), pid_t holder, int error)
{
	unsigned char copy[8] = { 0 };

	EQ(read_memory(holder, exchange->locked, copy), 8);
	CHECK(all_bytes(copy, 8, SECRET_BYTE));
	memset(copy, 0, sizeof copy);
	EQ(read_memory(holder, exchange->secret, copy), error);
	CHECK(all_bytes(copy, 8, 0));
}

static void process_vm_readv_cannot_read_it(void)
{
	pid_t holder = start_holder();

	check_method(read_by_process_vm_readv, holder, -EFAULT);
	end_holder(holder);
}

static void proc_pid_mem_cannot_read_it(void)
{
	pid_t holder = start_holder();

	check_method(read_by_mem_file, holder, -EIO);
	end_holder(holder);
}

static void ptrace_cannot_read_it(void)
{
	pid_t holder = start_holder();

	EQ(raw(ptrace(PTRACE_SEIZE, holder, NULL, NULL)), 0);
	EQ(raw(ptrace(PTRACE_INTERRUPT, holder, NULL, NULL)), 0);
	EQ(waitpid(holder, NULL, 0), holder);
	check_method(read_by_ptrace, holder, -EIO);
	EQ(raw(ptrace(PTRACE_DETACH, holder, NULL, NULL)), 0);
	end_holder(holder);
}

static void proc_self_mem_cannot_read_it(void)
{
	secret_area s = NEW_AREA;
	unsigned char copy[8] = { 0 };

	EQ(memfd_go_secret_alloc(&s, 64, MEMFD_GO_OPT_REQUIRE), 0);
	memset(s.data, SECRET_BYTE, 64);
	EQ(read_by_mem_file(getpid(), s.data, copy), -EIO);
	CHECK(all_bytes(copy, 8, 0));
	EQ(memfd_go_secret_free(&s), 0);
}

static void needs_memfd_secret(void)
{
	SKIP("this kernel has no memfd_secret(2)");
}

int main(int argc, char **argv)
{
	start(argc, argv);
	if (!have_secretmem()) {
		RUN(needs_memfd_secret);
		return finish();
	}
	RUN(process_vm_readv_cannot_read_it);
	RUN(proc_pid_mem_cannot_read_it);
	RUN(ptrace_cannot_read_it);
	RUN(proc_self_mem_cannot_read_it);
	return finish();
}
