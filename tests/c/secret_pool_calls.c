/* SPDX-License-Identifier: MIT */

/* Taking and giving a slot makes no system call. A filter would kill the process. */
#include <signal.h>

#include "test.h"
#include "child.h"
#include "files.h"
#include "filter.h"
#include "pool.h"

#define SLOTS 8

static struct memfd_go_secret_pool pool;

/* Must not print or allocate under the filter. */
static int use_all_slots(void)
{
	void *slots[SLOTS], *none = NULL;

	for (int i = 0; i < SLOTS; i++)
		if (memfd_go_secret_pool_take(&pool, &slots[i]) != 0)
			return 1;
	if (memfd_go_secret_pool_take(&pool, &none) != -ENOSPC)
		return 2;
	for (int i = 0; i < SLOTS; i++)
		if (memfd_go_secret_pool_give(&pool, slots[i]) != 0)
			return 3;
	return memfd_go_secret_pool_give(&pool, slots[0]) == -EINVAL ? 0 : 4;
}

static void use_slots_under_the_filter(void)
{
	pool = new_pool(4096, SLOTS, 0);
	if (forbid_all() != 0)
		_exit(9);
	for (int i = 0; i < 1000; i++) {
		int failed = use_all_slots();

		if (failed != 0)
			_exit(failed);
	}
	_exit(0);
}

static void call_under_the_filter(void)
{
	set_limit(RLIMIT_CORE, 0);
	if (forbid_all() == 0)
		getppid();
}

static void take_and_give_make_no_system_call(void)
{
	int status;

	if (!filters_work())
		SKIP(NO_FILTERS);
	IN_CHILD(use_slots_under_the_filter);
	status = status_of(start_child(call_under_the_filter));
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(take_and_give_make_no_system_call);
	return finish();
}
