/* SPDX-License-Identifier: MIT */

/* What each seal forbids, and what it does not. */
#include "test.h"
#include "files.h"

/* A file of 100 bytes with these seals. */
static int sealed_file(uint32_t seals)
{
	int fd = sized_file(100);

	EQ(memfd_go_add_seals(fd, seals), 0);
	return fd;
}

static void check_forbidden(uint32_t seals, int shrink, int grow, int write_result)
{
	int fd = sealed_file(seals);

	EQ(memfd_go_set_size(fd, 0, 99), shrink);
	EQ(memfd_go_set_size(fd, 0, 101), grow);
	EQ(raw(pwrite(fd, "x", 1, 0)), write_result);
	close(fd);
}

static void without_seals_everything_is_allowed(void)
{
	check_forbidden(0, 0, 0, 1);
}

static void seal_seal_does_not_protect_the_file(void)
{
	check_forbidden(F_SEAL_SEAL, 0, 0, 1);
}

static void shrink_seal_forbids_shrinking(void)
{
	check_forbidden(F_SEAL_SHRINK, -EPERM, 0, 1);
}

static void grow_seal_forbids_growing(void)
{
	check_forbidden(F_SEAL_GROW, 0, -EPERM, 1);
}

static void write_seal_forbids_writing(void)
{
	check_forbidden(F_SEAL_WRITE, 0, 0, -EPERM);
}

static void immutable_forbids_all_changes(void)
{
	check_forbidden(MEMFD_GO_SEALS_IMMUTABLE, -EPERM, -EPERM, -EPERM);
}

static void setting_the_same_size_is_allowed(void)
{
	int fd = sealed_file(MEMFD_GO_SEALS_IMMUTABLE);

	EQ(memfd_go_set_size(fd, 0, 100), 0);
	close(fd);
}

static void grow_seal_forbids_writing_beyond_the_end(void)
{
	int fd = sealed_file(F_SEAL_GROW);

	EQ(raw(pwrite(fd, "x", 1, 100)), -EPERM);
	close(fd);
}

/* The part in front of the end may be written or not, but nothing beyond the end. */
static void check_write_across_the_end(uint64_t size, size_t length, uint64_t offset)
{
	static const char data[3 * 65536] = { 1 };
	uint64_t now = 0;
	int fd = sized_file(size);
	long r;

	EQ(memfd_go_add_seals(fd, F_SEAL_GROW), 0);
	r = raw(pwrite(fd, data, length, (off_t)offset));
	CHECK(r == -EPERM || (r > 0 && (uint64_t)r <= size - offset));
	EQ(memfd_go_get_size(fd, &now), 0);
	EQ(now, size);
	close(fd);
}

static void grow_seal_cuts_writes_across_the_end(void)
{
	size_t page = page_size();

	check_write_across_the_end(100, 6, 97);
	check_write_across_the_end(page, 2, page - 1);
	check_write_across_the_end(page, 2 * page, 0);
	check_write_across_the_end(2 * page + 100, 3 * page, 0);
	check_write_across_the_end(2 * page + 100, 2 * page, page - 1);
}

static void writing_0_bytes_is_allowed(void)
{
	static const uint32_t seals[] = { F_SEAL_GROW, F_SEAL_SHRINK, F_SEAL_WRITE,
					  MEMFD_GO_SEALS_IMMUTABLE };
	char byte = 'x';

	for (size_t i = 0; i < sizeof seals / sizeof *seals; i++) {
		int fd = sealed_file(seals[i]);
		uint64_t size = 0;

		EQ(raw(pwrite(fd, &byte, 0, 0)), 0);
		EQ(raw(pwrite(fd, &byte, 0, 100)), 0);
		EQ(raw(pwrite(fd, &byte, 0, 1000)), 0);
		EQ(memfd_go_get_size(fd, &size), 0);
		EQ(size, 100);
		close(fd);
	}
}

static void write_seal_forbids_new_writable_mappings(void)
{
	int fd = sealed_file(F_SEAL_WRITE);
	void *map = NULL;

	EQ(memfd_go_map(fd, MEMFD_GO_OPT_WRITE, 0, 100, &map), -EPERM);
	CHECK(map == NULL);
	close(fd);
}

static void future_write_seal_keeps_existing_mappings_writable(void)
{
	int fd = sized_file(100);
	void *old = NULL, *new = NULL;
	char byte = 0;

	EQ(memfd_go_map(fd, MEMFD_GO_OPT_WRITE, 0, 100, &old), 0);
	if (memfd_go_add_seals(fd, F_SEAL_FUTURE_WRITE) == -EINVAL) {
		memfd_go_unmap(old, 100);
		close(fd);
		SKIP("this kernel has no F_SEAL_FUTURE_WRITE");
	}
	EQ(memfd_go_map(fd, MEMFD_GO_OPT_WRITE, 0, 100, &new), -EPERM);
	EQ(raw(pwrite(fd, "x", 1, 0)), -EPERM);
	((char *)old)[7] = 'x';
	EQ(pread(fd, &byte, 1, 7), 1);
	EQ(byte, 'x');
	memfd_go_unmap(old, 100);
	close(fd);
}

static void exec_seal_fixes_the_execute_permission(void)
{
	int fd = memfd_go_create("test", MFD_CLOEXEC | MFD_NOEXEC_SEAL);

	if (fd == -EINVAL)
		SKIP("this kernel has no F_SEAL_EXEC");
	EQ(raw(fchmod(fd, 0777)), -EPERM);
	EQ(raw(fchmod(fd, 0600)), 0);
	EQ(raw(pwrite(fd, "x", 1, 0)), 1);
	close(fd);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(without_seals_everything_is_allowed);
	RUN(seal_seal_does_not_protect_the_file);
	RUN(shrink_seal_forbids_shrinking);
	RUN(grow_seal_forbids_growing);
	RUN(write_seal_forbids_writing);
	RUN(immutable_forbids_all_changes);
	RUN(setting_the_same_size_is_allowed);
	RUN(grow_seal_forbids_writing_beyond_the_end);
	RUN(grow_seal_cuts_writes_across_the_end);
	RUN(writing_0_bytes_is_allowed);
	RUN(write_seal_forbids_new_writable_mappings);
	RUN(future_write_seal_keeps_existing_mappings_writable);
	RUN(exec_seal_fixes_the_execute_permission);
	return finish();
}
