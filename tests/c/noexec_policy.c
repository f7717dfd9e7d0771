/* SPDX-License-Identifier: MIT */

/*
 * The library does not work around vm.memfd_noexec. The setting belongs to a PID namespace and
 * can only be raised, so each test has its own namespace.
 */
#include <sched.h>

#include "test.h"
#include "child.h"
#include "files.h"

static int policy;
static void (*body_under_policy)(void);

static int set_policy(void)
{
	char digit = (char)('0' + policy), now = 0;
	int fd = open("/proc/sys/vm/memfd_noexec", O_RDWR | O_CLOEXEC), ok;

	ok = fd >= 0 && pwrite(fd, &digit, 1, 0) == 1 && pread(fd, &now, 1, 0) == 1 && now == digit;
	close(fd);
	return ok;
}

static void run_body(void)
{
	if (!set_policy())
		_exit(77);
	body_under_policy();
}

/* The grandchild is the first process of the new namespace. */
static void enter_the_namespace(void)
{
	int status;

	if (unshare(CLONE_NEWPID) != 0)
		_exit(77);
	status = status_of(start_child(run_body));
	fflush(stdout);
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

/* Returns 0 if that is not possible. */
static int run_under_policy(int value, void (*body)(void))
{
	int status;

	policy = value;
	body_under_policy = body;
	status = status_of(start_child(enter_the_namespace));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		return 0;
	EQ(status, 0);
	return 1;
}

static uint32_t probed_policy(uint32_t *bits)
{
	struct memfd_go_features f;

	EQ(memfd_go_probe(&f, sizeof f, 0), 0);
	*bits = f.bits;
	return f.noexec_policy;
}

static void create_with_policy_1(void)
{
	struct memfd_go_create_args args = { .flags = MFD_ALLOW_SEALING, .mode = 0777 };
	uint32_t bits;

	EQ(probed_policy(&bits), 1);
	CHECK((bits & MEMFD_GO_FEATURE_EXEC_ALLOWED) != 0);
	close(0); /* the next file is descriptor 0 */
	EQ(probed_policy(&bits), 1);
	EQ(memfd_go_create_with("test", &args, sizeof args), -EPERM); /* F_SEAL_EXEC is set */
	args.flags = MFD_EXEC;
	close(memfd_go_create_with("test", &args, sizeof args));
}

static void create_with_policy_2(void)
{
	struct memfd_go_create_args args = { .flags = MFD_EXEC };
	uint32_t bits;
	int fd;

	EQ(probed_policy(&bits), 2);
	EQ(bits & MEMFD_GO_FEATURE_EXEC_ALLOWED, 0);
	CHECK((bits & MEMFD_GO_FEATURE_CREATE) != 0);
	EQ(memfd_go_create("test", MFD_EXEC), -EACCES);
	EQ(memfd_go_create_with("test", &args, sizeof args), -EACCES);
	args.opts = MEMFD_GO_OPT_STRICT_NOEXEC;
	EQ(memfd_go_create_with("test", &args, sizeof args), -EACCES);
	EQ(memfd_go_create_sealed("test", MFD_EXEC, 0, "abc", 3), -EACCES);

	args.flags = MFD_NOEXEC_SEAL;
	fd = memfd_go_create_with("test", &args, sizeof args);
	EQ(memfd_go_get_seals(fd), F_SEAL_EXEC);
	close(fd);
	fd = memfd_go_create_with("test", NULL, 0);
	EQ(memfd_go_get_seals(fd), F_SEAL_EXEC);
	close(fd);
}

#define NO_POLICY "vm.memfd_noexec cannot be set in a new PID namespace"

static void executable_only_on_request_if_noexec_is_1(void)
{
	if (!run_under_policy(1, create_with_policy_1))
		SKIP(NO_POLICY);
}

static void never_executable_if_noexec_is_2(void)
{
	if (!run_under_policy(2, create_with_policy_2))
		SKIP(NO_POLICY);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(executable_only_on_request_if_noexec_is_1);
	RUN(never_executable_if_noexec_is_2);
	return finish();
}
