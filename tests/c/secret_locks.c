/* SPDX-License-Identifier: MIT */

/* Locks in secret memory, and beside it. */
#include <pthread.h>
#include <sys/mman.h>

#include "test.h"
#include "area.h"
#include "child.h"

/* Constants of futex(2). */
#define WAKE 1
#define PRIVATE 128

#define ROUNDS 20000

static secret_area area;

static long wake(int command)
{
	return syscall(SYS_futex, area.data, command, 1, NULL, NULL, 0);
}

static void allocate(size_t len, uint32_t opts)
{
	area = (secret_area)NEW_AREA;
	EQ(memfd_go_secret_alloc(&area, len, MEMFD_GO_OPT_FORK_SHARE | opts), 0);
}

static void shared_futex_fails_in_secretmem(void)
{
	if (!have_secretmem())
		SKIP("this kernel has no memfd_secret(2)");
	allocate(sizeof(int), MEMFD_GO_OPT_REQUIRE);
	errno = 0;
	if (wake(WAKE) == 0 && before_linux(6, 9))
		SKIP("this kernel pins pages of secret memory (CVE-2024-35872)");
	EQ(errno, EFAULT);
	EQ(memfd_go_secret_free(&area), 0);
}

static void private_futex_works_in_secretmem(void)
{
	allocate(sizeof(int), 0);
	EQ(wake(WAKE | PRIVATE), 0);
	EQ(memfd_go_secret_free(&area), 0);
}

static void shared_futex_works_in_locked_memory(void)
{
	allocate(sizeof(int), MEMFD_GO_OPT_NO_SECRETMEM);
	EQ(wake(WAKE), 0);
	EQ(memfd_go_secret_free(&area), 0);
}

static pthread_mutex_t *mutex;

/* Increments the number in the area, which needs a lock. */
static void count(void)
{
	volatile long *number = area.data;

	for (int i = 0; i < ROUNDS; i++) {
		EQ(pthread_mutex_lock(mutex), 0);
		*number += 1;
		EQ(pthread_mutex_unlock(mutex), 0);
	}
}

static void count_in_two_processes(void)
{
	pthread_mutexattr_t shared;
	pid_t child;

	EQ(pthread_mutexattr_init(&shared), 0);
	EQ(pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED), 0);
	EQ(pthread_mutex_init(mutex, &shared), 0);
	child = start_child(count);
	count();
	EQ(status_of(child), 0);
	EQ(*(long *)area.data, 2 * ROUNDS);
	pthread_mutex_destroy(mutex);
	pthread_mutexattr_destroy(&shared);
}

static void mutex_works_beside_the_area(void)
{
	allocate(sizeof(long), 0);
	mutex = mmap(NULL, sizeof *mutex, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(mutex != MAP_FAILED);
	count_in_two_processes();
	munmap(mutex, sizeof *mutex);
	EQ(memfd_go_secret_free(&area), 0);
}

static void mutex_works_in_locked_memory(void)
{
	allocate(sizeof(long) + sizeof *mutex, MEMFD_GO_OPT_NO_SECRETMEM);
	mutex = (pthread_mutex_t *)((long *)area.data + 1);
	count_in_two_processes();
	EQ(memfd_go_secret_free(&area), 0);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(shared_futex_fails_in_secretmem);
	RUN(private_futex_works_in_secretmem);
	RUN(shared_futex_works_in_locked_memory);
	RUN(mutex_works_beside_the_area);
	RUN(mutex_works_in_locked_memory);
	return finish();
}
