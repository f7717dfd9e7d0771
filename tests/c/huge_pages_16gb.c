/* SPDX-License-Identifier: MIT */

/*
 * Files of 16 GiB pages, which ppc64le has. Their size does not fit into stx_blksize, which is 0.
 * The results of statx(2) and fstatfs(2) are replaced, so the tests need no such pages.
 */
#include <sys/vfs.h>

#include "injector.h"

#define BLKSIZE_OFFSET 4 /* of stx_blksize in struct statx */

#define PAGE (UINT64_C(1) << 34)

static int fd, statfs_error;
static uint64_t allocated;
static struct memfd_go_info info;

static long repeat(long number, const uint64_t *a)
{
	return raw(syscall(number, (long)a[0], (long)a[1], (long)a[2], (long)a[3], (long)a[4]));
}

static int answer_as_with_large_pages(const struct event *event, int position)
{
	const uint64_t *arguments = event->arguments;

	(void)position;
	if (strcmp(event->name, "statx") == 0) {
		EQ(repeat(SYS_statx, arguments), 0);
		memset((char *)(uintptr_t)arguments[4] + BLKSIZE_OFFSET, 0, 4);
		return ZERO;
	}
	if (strcmp(event->name, "fstatfs") == 0) {
		struct statfs *status = (struct statfs *)(uintptr_t)arguments[1];

		if (statfs_error != 0)
			return statfs_error;
		EQ(repeat(SYS_fstatfs, arguments), 0);
		status->f_bsize = (__typeof__(status->f_bsize))PAGE;
		return ZERO;
	}
	if (strcmp(event->name, "fallocate") == 0) {
		allocated = arguments[3];
		return ENOSPC;
	}
	return CONTINUE;
}

static int result_of(int (*call)(void))
{
	struct observation o = { .call = call, .answer = answer_as_with_large_pages };

	observe(&o);
	return o.result;
}

static int inspect(void)
{
	return memfd_go_inspect(fd, 0, &info, sizeof info);
}

static int verify(void)
{
	return memfd_go_verify(fd, 0, UINT64_MAX, 0, NULL);
}

static int create_sealed(void)
{
	return memfd_go_create_sealed("test", MFD_HUGETLB, 0, "abc", 3);
}

/* Returns a reason to skip, or NULL. */
static const char *prepare(void)
{
	struct stat status;

	statfs_error = 0;
	if (sizeof((struct statfs *)NULL)->f_bsize < sizeof(uint64_t))
		return "there are no pages of 16 GiB on this architecture";
	if (why_not_observe() != NULL)
		return why_not_observe();
	fd = raw_create("test", MFD_HUGETLB | MFD_ALLOW_SEALING);
	if (fd < 0 || fstat(fd, &status) != 0)
		return "no hugetlbfs";
	EQ(ftruncate(fd, status.st_blksize), 0);
	EQ(memfd_go_add_seals(fd, MEMFD_GO_SEALS_IMMUTABLE), 0);
	return NULL;
}

static void inspect_reports_the_page_size(void)
{
	const char *reason = prepare();

	if (reason != NULL)
		SKIP(reason);
	EQ(result_of(inspect), 0);
	EQ(info.huge_page, PAGE);
	close(fd);
}

static void verify_rejects_a_partial_page(void)
{
	const char *reason = prepare();

	if (reason != NULL)
		SKIP(reason);
	EQ(result_of(verify), -EINVAL);
	close(fd);
}

static void create_sealed_allocates_a_whole_page(void)
{
	const char *reason = prepare();

	if (reason != NULL)
		SKIP(reason);
	EQ(result_of(create_sealed), -ENOSPC);
	EQ(allocated, PAGE);
	close(fd);
}

static void returns_the_error_of_fstatfs(void)
{
	const char *reason = prepare();

	if (reason != NULL)
		SKIP(reason);
	statfs_error = EPERM;
	EQ(result_of(verify), -EPERM);
	close(fd);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(inspect_reports_the_page_size);
	RUN(verify_rejects_a_partial_page);
	RUN(create_sealed_allocates_a_whole_page);
	RUN(returns_the_error_of_fstatfs);
	return finish();
}
