/* SPDX-License-Identifier: MIT */

/*
 * Behaviour on a known kernel, without skips. The caller sets $MEMFD_GO_NOEXEC to the value of
 * vm.memfd_noexec, or "missing" before Linux 6.3, and $MEMFD_GO_HUGE_PAGES to "yes" if huge
 * pages are reserved, or "no" if there are none.
 */
#include "test.h"
#include "files.h"

static int known(const char *name, const char *value)
{
	const char *text = getenv(name);

	return text != NULL && strcmp(text, value) == 0;
}

static struct memfd_go_features probed(void)
{
	struct memfd_go_features f;

	EQ(memfd_go_probe(&f, sizeof f, 0), 0);
	return f;
}

static int has(uint32_t feature)
{
	return (probed().bits & feature) != 0;
}

/* Checks mode and seals of a file, and closes it. */
static void check_file(int fd, uint32_t mode, int seals)
{
	struct stat status = { .st_mode = 0 };

	CHECK(fd >= 0);
	EQ(fstat(fd, &status), 0);
	EQ(status.st_mode & 07777, mode);
	EQ(memfd_go_get_seals(fd), seals);
	close(fd);
}

static int create_with(uint32_t flags, uint32_t opts)
{
	struct memfd_go_create_args args = { .flags = flags, .opts = opts };

	return memfd_go_create_with("test", &args, sizeof args);
}

static void flags_are_emulated_before_6_3(void)
{
	EQ(has(MEMFD_GO_FEATURE_NOEXEC_SEAL | MEMFD_GO_FEATURE_SEAL_EXEC), 0);
	EQ(has(MEMFD_GO_FEATURE_EXEC_ALLOWED), 1);
	EQ(probed().noexec_policy, 0);
	check_file(memfd_go_create("test", 0), 0777, F_SEAL_SEAL);
	EQ(memfd_go_create("test", MFD_NOEXEC_SEAL), -EINVAL);
	EQ(memfd_go_create("test", MFD_EXEC), -EINVAL);

	check_file(create_with(MFD_NOEXEC_SEAL, 0), 0666, 0);
	check_file(create_with(MFD_EXEC, 0), 0777, F_SEAL_SEAL);
	check_file(create_with(0, 0), 0777, F_SEAL_SEAL);
	check_file(memfd_go_create_with("test", NULL, 0), 0666, 0);
	EQ(create_with(MFD_NOEXEC_SEAL, MEMFD_GO_OPT_STRICT_NOEXEC), -EOPNOTSUPP);
	EQ(create_with(MFD_EXEC, MEMFD_GO_OPT_STRICT_NOEXEC), -EOPNOTSUPP);
}

/* Checks that hold with every policy. */
static void check_noexec(uint32_t policy)
{
	EQ(has(MEMFD_GO_FEATURE_NOEXEC_SEAL), 1);
	EQ(has(MEMFD_GO_FEATURE_SEAL_EXEC), 1);
	EQ(has(MEMFD_GO_FEATURE_EXEC_ALLOWED), policy != 2);
	EQ(probed().noexec_policy, policy);
	check_file(create_with(MFD_NOEXEC_SEAL, MEMFD_GO_OPT_STRICT_NOEXEC), 0666, F_SEAL_EXEC);
	check_file(memfd_go_create_with("test", NULL, 0), 0666, F_SEAL_EXEC);
}

static void executable_by_default_if_noexec_is_0(void)
{
	check_noexec(0);
	check_file(memfd_go_create("test", 0), 0777, F_SEAL_SEAL);
	check_file(create_with(MFD_EXEC, MEMFD_GO_OPT_STRICT_NOEXEC), 0777, F_SEAL_SEAL);
}

static void executable_only_on_request_if_noexec_is_1(void)
{
	check_noexec(1);
	check_file(memfd_go_create("test", 0), 0666, F_SEAL_EXEC);
	check_file(create_with(MFD_EXEC, MEMFD_GO_OPT_STRICT_NOEXEC), 0777, F_SEAL_SEAL);
}

static void never_executable_if_noexec_is_2(void)
{
	check_noexec(2);
	check_file(memfd_go_create("test", 0), 0666, F_SEAL_EXEC);
	EQ(memfd_go_create("test", MFD_EXEC), -EACCES);
	EQ(create_with(MFD_EXEC, 0), -EACCES);
}

static void huge_pages_are_available(void)
{
	int fd = memfd_go_create_sealed("test", MFD_CLOEXEC | MFD_HUGETLB, 0, "abc", 3);
	struct memfd_go_info info;
	void *map;

	EQ(has(MEMFD_GO_FEATURE_HUGETLB), 1);
	EQ(memfd_go_inspect(fd, 0, &info, sizeof info), 0);
	EQ(info.kind, MEMFD_GO_KIND_HUGETLB);
	EQ(info.size, info.huge_page);
	CHECK((probed().huge_sizes & info.huge_page) != 0);
	EQ(memfd_go_map(fd, 0, 0, info.size, &map), 0);
	EQ(memcmp(map, "abc", 4), 0);
	EQ(memfd_go_unmap(map, info.size), 0);
	close(fd);
}

static void huge_pages_are_missing(void)
{
	int error = memfd_go_create("test", MFD_HUGETLB);

	EQ(has(MEMFD_GO_FEATURE_HUGETLB), 0);
	CHECK(error == -ENOSYS || error == -ENOENT);
	EQ(memfd_go_create_sealed("test", MFD_HUGETLB, 0, "abc", 3), error);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	if (known("MEMFD_GO_NOEXEC", "missing"))
		RUN(flags_are_emulated_before_6_3);
	if (known("MEMFD_GO_NOEXEC", "0"))
		RUN(executable_by_default_if_noexec_is_0);
	if (known("MEMFD_GO_NOEXEC", "1"))
		RUN(executable_only_on_request_if_noexec_is_1);
	if (known("MEMFD_GO_NOEXEC", "2"))
		RUN(never_executable_if_noexec_is_2);
	if (known("MEMFD_GO_HUGE_PAGES", "yes"))
		RUN(huge_pages_are_available);
	if (known("MEMFD_GO_HUGE_PAGES", "no"))
		RUN(huge_pages_are_missing);
	return finish();
}
