/* SPDX-License-Identifier: MIT */

/*
 * F_SEAL_EXEC sets WRITE and other seals on an executable file. From Linux 6.3 to a fix of
 * 2026 it does so even while a writable mapping exists. The library must refuse files that may
 * have been sealed in this way. It cannot rely on the mode, which may have changed since.
 */
#include <sys/stat.h>
#include <sys/xattr.h>

#include "test.h"
#include "child.h"
#include "contents.h"
#include "files.h"
#include "filter.h"

#define EXEC_SEALS (F_SEAL_EXEC | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)
#define LARGEST INT64_MAX

static const mode_t execute_bits[] = { 0, 0100, 0010, 0001, 0111 };
#define MODES (sizeof execute_bits / sizeof *execute_bits)

static uint32_t page_flags; /* 0 or MFD_HUGETLB */
static size_t page;         /* the page size of the file */

/* Changes the execute bits: by an access control list if F_SEAL_EXEC forbids chmod(2). */
static void set_execute_bits(int fd, mode_t bits)
{
	struct {
		uint32_t version;
		struct {
			uint16_t tag, permissions;
			uint32_t id;
		} entries[3];
	} list = { 2, { { 1, 6, UINT32_MAX }, { 4, 6, UINT32_MAX }, { 0x20, 6, UINT32_MAX } } };

	if (fchmod(fd, 0666 | bits) == 0)
		return;
	for (int i = 0; i < 3; i++)
		list.entries[i].permissions |= bits >> (6 - 3 * i) & 1;
	fsetxattr(fd, "system.posix_acl_access", &list, sizeof list, 0);
}

static char *map_writable(int fd)
{
	void *p = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* Whether the kernel checks for writable mappings first, or has no F_SEAL_EXEC. */
static int kernel_is_fixed(void)
{
	int fd = raw_create("test", MFD_EXEC | MFD_ALLOW_SEALING), r;
	char *map;

	if (fd == -EINVAL)
		return 1;
	EQ(ftruncate(fd, (off_t)page_size()), 0);
	map = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	r = memfd_go_add_seals(fd, F_SEAL_EXEC);
	CHECK(r == 0 || r == -EBUSY);
	munmap(map, page_size());
	close(fd);
	return r == -EBUSY;
}

/* A file must be mapped only if its contents cannot change, and if so it must be. */
static void check(int fd, char *map)
{
	uint32_t seals = (uint32_t)fcntl(fd, F_GET_SEALS);
	void *address = NULL;
	size_t length = 0;
	int want = 0, r = memfd_go_map_verified(fd, F_SEAL_WRITE, LARGEST, 0, &address, &length);

	if ((seals & F_SEAL_WRITE) == 0)
		want = -EKEYREJECTED;
	else if ((seals & EXEC_SEALS) == EXEC_SEALS && !kernel_is_fixed())
		want = -EKEYREVOKED;
	EQ(r, want);
	if (r != 0)
		return;
	TEXT(address, "before");
	if (map != NULL)
		strcpy(map, "after");
	TEXT(address, "before");
	EQ(memfd_go_unmap(address, length), 0);
}

/* Seals a file, mapped or not, and changes its mode in between. */
static void seal_and_check(int fd, int mapped, uint32_t exec, mode_t before, mode_t after)
{
	char *map;

	EQ(ftruncate(fd, (off_t)page), 0);
	set_execute_bits(fd, before);
	map = map_writable(fd);
	if (map == NULL)
		return; /* no free huge page */
	strcpy(map, "before");
	if (!mapped)
		munmap(map, page);
	if (exec != 0)
		fcntl(fd, F_ADD_SEALS, exec);
	fcntl(fd, F_ADD_SEALS, MEMFD_GO_SEALS_IMMUTABLE);
	set_execute_bits(fd, after);
	check(fd, mapped ? map : NULL);
	if (mapped)
		munmap(map, page);
}

static void seal_and_check_all_modes(uint32_t flags, uint32_t exec)
{
	for (size_t before = 0; before < MODES; before++)
		for (size_t after = 0; after < MODES; after++)
			for (int mapped = 0; mapped < 2; mapped++) {
				int fd = raw_create("test", flags | page_flags);

				if (fd < 0)
					return;
				seal_and_check(fd, mapped, exec, execute_bits[before], execute_bits[after]);
				close(fd);
			}
}

static int find_page(void)
{
	int fd = raw_create("test", page_flags);
	struct stat status;
	int found = fd >= 0 && fstat(fd, &status) == 0 && fallocate(fd, 0, 0, status.st_blksize) == 0;

	found = found && (page_flags == 0 || huge_page() != 0);
	page = page_flags == 0 ? page_size() : (size_t)status.st_blksize;
	close(fd);
	return found;
}

#define WITH_PAGE                             \
	do {                                  \
		if (!find_page())             \
			SKIP("no huge page"); \
	} while (0)

static void forgery_on_executable_files_is_refused(void)
{
	WITH_PAGE;
	if (!executables_work())
		SKIP(NO_EXECUTABLES);
	seal_and_check_all_modes(MFD_ALLOW_SEALING | MFD_EXEC, F_SEAL_EXEC);
	seal_and_check_all_modes(MFD_ALLOW_SEALING | MFD_EXEC, 0);
	seal_and_check_all_modes(MFD_ALLOW_SEALING, 0); /* before 6.3 */
}

/* F_SEAL_EXEC may be added again after the mode has changed. */
static void forgery_after_chmod_is_refused(void)
{
	WITH_PAGE;
	if (!executables_work())
		SKIP(NO_EXECUTABLES);
	seal_and_check_all_modes(MFD_NOEXEC_SEAL, F_SEAL_EXEC);
	seal_and_check_all_modes(MFD_NOEXEC_SEAL, 0);
}

/* What senders should create: it is accepted on every kernel. */
static void noexec_file_is_accepted(void)
{
	int fd;

	WITH_PAGE;
	fd = raw_create("test", MFD_NOEXEC_SEAL | page_flags);
	if (fd == -EINVAL)
		SKIP("this kernel has no MFD_NOEXEC_SEAL");
	EQ(ftruncate(fd, (off_t)page), 0);
	EQ(memfd_go_add_seals(fd, MEMFD_GO_SEALS_IMMUTABLE), 0);
	for (size_t i = 0; i < MODES; i++) {
		void *address;
		size_t length;

		set_execute_bits(fd, execute_bits[i]);
		EQ(memfd_go_map_verified(fd, F_SEAL_WRITE | F_SEAL_EXEC, LARGEST, 0, &address, &length), 0);
		EQ(memfd_go_unmap(address, length), 0);
	}
	close(fd);
}

/* If executable files are forbidden, the library cannot test the kernel. */
static void fails_if_the_kernel_cannot_be_tested(void)
{
	void *address;
	size_t length;
	int fd;

	if (executables_work())
		SKIP("executable files are allowed, so the kernel can be tested");
	fd = raw_create("test", MFD_NOEXEC_SEAL);
	EQ(ftruncate(fd, 1), 0);
	EQ(memfd_go_add_seals(fd, EXEC_SEALS), 0);
	EQ(memfd_go_map_verified(fd, 0, LARGEST, 0, &address, &length), -EKEYREVOKED);
	close(fd);
}

static int lacks_noexec(void)
{
	int fd = raw_create("test", MFD_NOEXEC_SEAL);

	close(fd);
	return fd < 0;
}

static int verify_with_seals(uint32_t seals, uint32_t required)
{
	int fd = raw_create("test", (seals & F_SEAL_EXEC) != 0 ? MFD_NOEXEC_SEAL : MFD_ALLOW_SEALING), r;
	uint64_t size;

	EQ(ftruncate(fd, 1), 0);
	EQ(memfd_go_add_seals(fd, seals), 0);
	EQ((uint32_t)fcntl(fd, F_GET_SEALS), seals);
	r = memfd_go_verify(fd, required, LARGEST, 0, &size);
	close(fd);
	return r;
}

/* If the kernel cannot be tested, the seals decide. */
static void verify_untested(void)
{
	EQ(verify_with_seals(EXEC_SEALS, 0), -EKEYREVOKED);
	EQ(verify_with_seals(EXEC_SEALS | F_SEAL_SEAL, 0), -EKEYREVOKED);
	EQ(verify_with_seals(EXEC_SEALS, F_SEAL_SHRINK), -EKEYREVOKED);
	EQ(verify_with_seals(EXEC_SEALS & ~F_SEAL_GROW, 0), 0);
	EQ(verify_with_seals(EXEC_SEALS & ~F_SEAL_FUTURE_WRITE, 0), 0);
	EQ(verify_with_seals(EXEC_SEALS & ~F_SEAL_WRITE, F_SEAL_SHRINK), 0);
	EQ(verify_with_seals(EXEC_SEALS & ~F_SEAL_SHRINK, 0), -EKEYREJECTED);
	EQ(verify_with_seals(MEMFD_GO_SEALS_IMMUTABLE | F_SEAL_EXEC, 0), 0);
	if (executable_by_default())
		EQ(verify_with_seals(EXEC_SEALS & ~F_SEAL_EXEC, 0), 0);
}

static void forbid_executables(int error)
{
	EQ(forbid_bits(SYS_memfd_create, 1, MFD_EXEC, error), 0);
}

static void executables_are_forbidden(void)
{
	forbid_executables(EACCES);
	verify_untested();
}

/* As before Linux 6.3, which also lacks F_SEAL_EXEC. */
static void executables_are_unknown(void)
{
	forbid_executables(EINVAL);
	verify_untested();
}

static void testing_fails(void)
{
	forbid_executables(EMFILE);
	EQ(verify_with_seals(EXEC_SEALS, 0), -EMFILE);
	EQ(verify_with_seals(EXEC_SEALS & ~F_SEAL_GROW, 0), 0);
}

/* Testing the kernel uses a descriptor for a moment. */
static void test_with_descriptor_0(void)
{
	int fd = raw_create("test", MFD_NOEXEC_SEAL), want = kernel_is_fixed() ? 0 : -EKEYREVOKED;

	EQ(ftruncate(fd, 1), 0);
	EQ(memfd_go_add_seals(fd, EXEC_SEALS), 0);
	close(0);
	EQ(memfd_go_verify(fd, 0, LARGEST, 0, NULL), want);
	EQ(raw(fcntl(0, F_GETFD)), -EBADF);
	close(fd);
}

static void testing_the_kernel_leaks_nothing(void)
{
	if (!executables_work())
		SKIP(NO_EXECUTABLES);
	if (lacks_noexec())
		SKIP("this kernel has no F_SEAL_EXEC");
	IN_CHILD(test_with_descriptor_0);
}

static void refuses_if_the_policy_prevents_the_test(void)
{
	if (lacks_noexec())
		SKIP("this kernel has no F_SEAL_EXEC");
	if (!filters_work())
		SKIP(NO_FILTERS);
	IN_CHILD(executables_are_forbidden);
	IN_CHILD(executables_are_unknown);
	IN_CHILD(testing_fails);
}

/* MEMFD_GO_FORGERY says whether the kernel allows the forgery. */
static void kernel_is_as_expected(void)
{
	const char *expected = getenv("MEMFD_GO_FORGERY");

	if (expected == NULL)
		SKIP("MEMFD_GO_FORGERY is not set");
	if (!executables_work())
		SKIP(NO_EXECUTABLES);
	EQ(kernel_is_fixed(), strcmp(expected, "no") == 0);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(forgery_on_executable_files_is_refused);
	RUN(forgery_after_chmod_is_refused);
	RUN(noexec_file_is_accepted);
	RUN(fails_if_the_kernel_cannot_be_tested);
	RUN(refuses_if_the_policy_prevents_the_test);
	RUN(testing_the_kernel_leaks_nothing);
	RUN(kernel_is_as_expected);
	page_flags = MFD_HUGETLB;
	run("forgery_on_executable_files_of_huge_pages_is_refused", forgery_on_executable_files_is_refused);
	run("forgery_after_chmod_of_huge_pages_is_refused", forgery_after_chmod_is_refused);
	run("noexec_file_of_huge_pages_is_accepted", noexec_file_is_accepted);
	return finish();
}
