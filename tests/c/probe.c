/* SPDX-License-Identifier: MIT */

/* memfd_go_probe() agrees with other ways to find out what the kernel supports. */
#include <dirent.h>

#include "test.h"
#include "child.h"
#include "files.h"
#include "filter.h"
#include "mounts.h"

static struct memfd_go_features probed(uint32_t request)
{
	struct memfd_go_features f;

	EQ(memfd_go_probe(&f, sizeof f, request), 0);
	return f;
}

static int has(const char *name, uint32_t bit, int want)
{
	int got = (probed(MEMFD_GO_FEATURE_SECRET).bits & bit) != 0;

	if (got != want)
		printf("# %s: got %d, want %d\n", name, got, want);
	return got == want;
}

#define HAS(feature, want) CHECK(has(#feature, MEMFD_GO_FEATURE_##feature, (want)))

/* Whether a file can be created with these flags. */
static int can_create(uint32_t flags)
{
	int fd = raw_create("test", flags);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int can_seal(int seal)
{
	int fd = raw_create("test", MFD_ALLOW_SEALING), r = fcntl(fd, F_ADD_SEALS, seal);

	close(fd);
	return r == 0;
}

static int can_map_sealed_file_shared(void)
{
	int fd = memfd_go_create_sealed("test", 0, 0, "abc", 3);
	void *map = mmap(NULL, 3, PROT_READ, MAP_SHARED, fd, 0);

	if (map != MAP_FAILED)
		munmap(map, 3);
	close(fd);
	return map != MAP_FAILED;
}

static void finds_what_works(void)
{
	HAS(CREATE, 1);
	HAS(SEALING, can_seal(F_SEAL_GROW));
	HAS(FUTURE_WRITE, can_seal(F_SEAL_FUTURE_WRITE));
	HAS(NOEXEC_SEAL, can_create(MFD_NOEXEC_SEAL));
	HAS(SEAL_EXEC, can_seal(F_SEAL_EXEC));
	HAS(HUGETLB, can_create(MFD_HUGETLB));
	HAS(SHARED_RO, can_map_sealed_file_shared());
	HAS(PROCFS, access("/proc/self/fd", X_OK) == 0);
	HAS(PIDFD_GETFD, raw(syscall(SYS_pidfd_getfd, -1, -1, 0)) == -EBADF);
	HAS(EXECVEAT, raw(syscall(SYS_execveat, -1, "", NULL, NULL, AT_EMPTY_PATH)) == -EBADF);
}

static void tries_secret_on_request_only(void)
{
	int fd = raw_secret(0);

	if (fd >= 0)
		close(fd);
	HAS(SECRET, fd >= 0);
	EQ(probed(0).bits & MEMFD_GO_FEATURE_SECRET, 0);
	EQ(probed(0).bits, probed(MEMFD_GO_FEATURE_SECRET).bits & ~MEMFD_GO_FEATURE_SECRET);
}

/* /proc contains 0, 1 or 2. Without the file the policy is 0. */
static void reports_the_noexec_policy(void)
{
	char digit = '0';
	int fd = open("/proc/sys/vm/memfd_noexec", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		EQ(read(fd, &digit, 1), 1);
		close(fd);
	}
	EQ(probed(0).noexec_policy, digit - '0');
	HAS(EXEC_ALLOWED, digit != '2');
}

static void reports_huge_page_sizes(void)
{
	DIR *directory = opendir("/sys/kernel/mm/hugepages");
	struct dirent *entry;
	unsigned long kilobytes;
	uint64_t sizes = 0;

	if (access("/sys/kernel", R_OK) != 0)
		SKIP("no /sys");
	while (directory != NULL && (entry = readdir(directory)) != NULL)
		if (sscanf(entry->d_name, "hugepages-%lukB", &kilobytes) == 1)
			sizes |= (uint64_t)kilobytes * 1024;
	if (directory != NULL)
		closedir(directory);
	EQ(probed(0).huge_sizes, sizes);
}

static void reports_page_size_and_memlock(void)
{
	rlim_t old = set_limit(RLIMIT_MEMLOCK, 5000);

	EQ(probed(0).page_size, page_size());
	EQ(probed(0).memlock_soft, 5000);
	set_limit(RLIMIT_MEMLOCK, old);
}

static void probe_without_memlock_limit(void)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	if (setrlimit(RLIMIT_MEMLOCK, &unlimited) == 0)
		EQ(probed(0).memlock_soft, UINT64_MAX);
}

static void reports_an_unlimited_memlock(void)
{
	IN_CHILD(probe_without_memlock_limit);
}

static void probe_before_6_3(void)
{
	EQ(forbid_bits(SYS_memfd_create, 1, MFD_EXEC | MFD_NOEXEC_SEAL, EINVAL), 0);
	HAS(CREATE, 1);
	HAS(SEALING, 1);
	HAS(NOEXEC_SEAL, 0);
	HAS(EXEC_ALLOWED, 1);
	EQ(probed(0).noexec_policy, 0);
}

/* Linux 6.3 with vm.memfd_noexec=2 requires a flag. */
static void probe_6_3_with_a_policy(void)
{
	EQ(forbid_value(SYS_memfd_create, 1, MFD_CLOEXEC | MFD_ALLOW_SEALING, EINVAL), 0);
	HAS(CREATE, 1);
	HAS(SEALING, 1);
	HAS(NOEXEC_SEAL, 1);
	EQ(probed(0).noexec_policy, 2);
}

/* EINVAL for all flags is not the policy. */
static void probe_under_a_filter(void)
{
	EQ(forbid(SYS_memfd_create, EINVAL), 0);
	HAS(CREATE, 0);
	EQ(probed(0).noexec_policy, 0);
}

static void probe_very_old_kernel(void)
{
	EQ(forbid(SYS_memfd_create, ENOSYS), 0);
	EQ(forbid(SYS_execveat, ENOSYS), 0);
	EQ(forbid(SYS_pidfd_getfd, EPERM), 0);
	EQ(forbid(MEMFD_SECRET, EPERM), 0);
	EQ(probed(MEMFD_GO_FEATURE_SECRET).bits, 0);
	EQ(probed(0).page_size, page_size());
}

static void probe_without_proc(void)
{
	hide_proc();
	HAS(PROCFS, 0);
	HAS(SEALING, 1);
}

static void finds_what_other_kernels_lack(void)
{
	if (!filters_work())
		SKIP(NO_FILTERS);
	if (executable_by_default())
		IN_CHILD(probe_before_6_3);
	if (can_create(MFD_NOEXEC_SEAL))
		IN_CHILD(probe_6_3_with_a_policy);
	IN_CHILD(probe_under_a_filter);
	IN_CHILD(probe_very_old_kernel);
}

static void works_without_proc(void)
{
	if (!can_mount())
		SKIP(NO_MOUNTS);
	IN_CHILD(probe_without_proc);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(finds_what_works);
	RUN(tries_secret_on_request_only);
	RUN(reports_the_noexec_policy);
	RUN(reports_huge_page_sizes);
	RUN(reports_page_size_and_memlock);
	RUN(reports_an_unlimited_memlock);
	RUN(finds_what_other_kernels_lack);
	RUN(works_without_proc);
	return finish();
}
