/*
 * On a kernel that the caller knows, everything is as it must be there, and nothing can
 * be skipped as missing: $MEMFD_GO_NOEXEC is the value of vm.memfd_noexec, or "missing"
 * before Linux 6.3; $MEMFD_GO_HUGE_PAGES says whether huge pages are reserved, "yes", or
 * there are none, "no".
 */
#include "test.h"
#include "files.h"

#define NEW_ARGS .size_of = sizeof(struct memfd_go_create_args)

static int known(const char *name, const char *value)
{
	const char *text = getenv(name);

	return text != NULL && strcmp(text, value) == 0;
}

static struct memfd_go_features probed(void)
{
	struct memfd_go_features f = { .size_of = sizeof f };

	EQ(memfd_go_probe(&f, 0), 0);
	return f;
}

static int has(uint32_t feature)
{
	return (probed().bits & feature) != 0;
}

/* Checks mode and seals of a new file, and closes it. */
static void is_file(int fd, uint32_t mode, int seals)
{
	struct stat status = { .st_mode = 0 };

	CHECK(fd >= 0);
	EQ(fstat(fd, &status), 0);
	EQ(status.st_mode & 07777, mode);
	EQ(memfd_go_get_seals(fd), seals);
	close(fd);
}

/* Creates a file and tells how the flags were honoured. */
static int create_with(uint32_t flags, uint32_t opts, uint32_t *state)
{
	struct memfd_go_create_args args = { NEW_ARGS, .mfd_flags = flags, .opts = opts, .out_state = 9 };
	int fd = memfd_go_create_with("test", &args);

	*state = args.out_state;
	return fd;
}

static void flags_are_emulated_before_6_3(void)
{
	uint32_t state;

	EQ(has(MEMFD_GO_FEATURE_NOEXEC_SEAL | MEMFD_GO_FEATURE_SEAL_EXEC), 0);
	EQ(has(MEMFD_GO_FEATURE_EXEC_ALLOWED), 1);
	EQ(probed().noexec_policy, 0);
	is_file(memfd_go_create("test", 0), 0777, F_SEAL_SEAL);
	EQ(memfd_go_create("test", MFD_NOEXEC_SEAL), -EINVAL);
	EQ(memfd_go_create("test", MFD_EXEC), -EINVAL);

	is_file(create_with(MFD_NOEXEC_SEAL, 0, &state), 0666, 0);
	EQ(state, MEMFD_GO_NOEXEC_EMULATED);
	is_file(create_with(MFD_EXEC, 0, &state), 0777, F_SEAL_SEAL);
	EQ(state, MEMFD_GO_NOEXEC_EMULATED);
	is_file(create_with(0, 0, &state), 0777, F_SEAL_SEAL);
	EQ(state, MEMFD_GO_NOEXEC_NATIVE);
	is_file(memfd_go_create_with("test", NULL), 0666, 0);
	EQ(create_with(MFD_NOEXEC_SEAL, MEMFD_GO_OPT_STRICT_NOEXEC, &state), -EOPNOTSUPP);
	EQ(create_with(MFD_EXEC, MEMFD_GO_OPT_STRICT_NOEXEC, &state), -EOPNOTSUPP);
	EQ(state, 9);
}

/* What no policy changes. */
static void check_noexec(uint32_t policy)
{
	uint32_t state;

	EQ(has(MEMFD_GO_FEATURE_NOEXEC_SEAL), 1);
	EQ(has(MEMFD_GO_FEATURE_SEAL_EXEC), 1);
	EQ(has(MEMFD_GO_FEATURE_EXEC_ALLOWED), policy != 2);
	EQ(probed().noexec_policy, policy);
	is_file(create_with(MFD_NOEXEC_SEAL, MEMFD_GO_OPT_STRICT_NOEXEC, &state), 0666, F_SEAL_EXEC);
	EQ(state, MEMFD_GO_NOEXEC_NATIVE);
	is_file(memfd_go_create_with("test", NULL), 0666, F_SEAL_EXEC);
}

static void executable_unless_told_otherwise(void)
{
	uint32_t state;

	check_noexec(0);
	is_file(memfd_go_create("test", 0), 0777, F_SEAL_SEAL);
	is_file(create_with(MFD_EXEC, MEMFD_GO_OPT_STRICT_NOEXEC, &state), 0777, F_SEAL_SEAL);
	EQ(state, MEMFD_GO_NOEXEC_NATIVE);
}

static void executable_only_if_asked_for(void)
{
	uint32_t state;

	check_noexec(1);
	is_file(memfd_go_create("test", 0), 0666, F_SEAL_EXEC);
	is_file(create_with(MFD_EXEC, MEMFD_GO_OPT_STRICT_NOEXEC, &state), 0777, F_SEAL_SEAL);
	EQ(state, MEMFD_GO_NOEXEC_NATIVE);
}

static void never_executable(void)
{
	uint32_t state;

	check_noexec(2);
	is_file(memfd_go_create("test", 0), 0666, F_SEAL_EXEC);
	EQ(memfd_go_create("test", MFD_EXEC), -EACCES);
	EQ(create_with(MFD_EXEC, 0, &state), -EACCES);
	EQ(state, 9);
}

static void huge_pages_are_there(void)
{
	int fd = memfd_go_create_sealed("test", MFD_CLOEXEC | MFD_HUGETLB, 0, "abc", 3);
	struct memfd_go_info info = { .size_of = sizeof info };
	void *map;

	EQ(has(MEMFD_GO_FEATURE_HUGETLB), 1);
	EQ(memfd_go_inspect(fd, &info), 0);
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
		RUN(executable_unless_told_otherwise);
	if (known("MEMFD_GO_NOEXEC", "1"))
		RUN(executable_only_if_asked_for);
	if (known("MEMFD_GO_NOEXEC", "2"))
		RUN(never_executable);
	if (known("MEMFD_GO_HUGE_PAGES", "yes"))
		RUN(huge_pages_are_there);
	if (known("MEMFD_GO_HUGE_PAGES", "no"))
		RUN(huge_pages_are_missing);
	return finish();
}
