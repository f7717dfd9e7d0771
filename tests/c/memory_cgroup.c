/* SPDX-License-Identifier: MIT */

/* In a memory cgroup at its limit the kernel kills the caller instead of returning an error. */
#include <signal.h>

#include "test.h"
#include "area.h"
#include "child.h"
#include "mounts.h"

#define MIB (1 << 20)
#define LIMIT (12 * MIB)
#define NO_CGROUPS "no right to create a memory cgroup"

static char group[128]; /* or "" */
static size_t length;   /* bytes that the running test allocates */

static int write_to(const char *file, const char *text)
{
	char path[192];
	int fd, done;

	snprintf(path, sizeof path, "%s/%s", group, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return done ? 0 : -1;
}

/* Creates a group in 'parent'. 'limit' and 'swap' are the files that set the limits. */
static int make_group(const char *parent, const char *limit, const char *swap)
{
	char bytes[16];

	snprintf(group, sizeof group, "%s/memfd_go-%d", parent, (int)getpid());
	snprintf(bytes, sizeof bytes, "%d", LIMIT);
	if (mkdir(group, 0700) == 0) {
		write_to(swap, "0"); /* missing without swap */
		if (write_to(limit, bytes) == 0)
			return 0;
		rmdir(group);
	}
	group[0] = 0;
	return -1;
}

/* Mounts a cgroup hierarchy if the system has none. Returns "" after an error. */
static const char *mounted_hierarchy(void)
{
	static char folder[] = "/tmp/memfd_go-XXXXXX";

	if (own_mounts() != 0 || mkdtemp(folder) == NULL || mount("cgroup2", folder, "cgroup2", 0, NULL) != 0)
		return "";
	snprintf(group, sizeof group, "%s", folder);
	write_to("cgroup.subtree_control", "+memory");
	return folder;
}

static void find_group(void)
{
	if (make_group("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.swappiness") != 0 &&
	    make_group("/sys/fs/cgroup", "memory.max", "memory.swap.max") != 0)
		make_group(mounted_hierarchy(), "memory.max", "memory.swap.max");
}

static void reserve(void)
{
	EQ(memfd_go_set_size(memfd_go_create("test", MFD_CLOEXEC), MEMFD_GO_OPT_RESERVE, length), 0);
}

/* The source is on disk or a single page of zeros, so it does not count for the group. */
static void create_sealed(void)
{
	void *zeros = mmap(NULL, length, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(zeros != MAP_FAILED);
	CHECK(memfd_go_create_sealed("test", MFD_CLOEXEC, 0, zeros, length) >= 0);
}

static void clone_hole(void)
{
	char path[] = "/tmp/memfd_go-XXXXXX";
	int source = mkstemp(path);

	unlink(path);
	EQ(ftruncate(source, (off_t)length), 0);
	CHECK(memfd_go_clone("test", MFD_CLOEXEC, 0, source, length) >= 0);
}

static void read_hole(void)
{
	int fd = sized_file(length);
	void *addr;
	size_t len;

	EQ(memfd_go_add_seals(fd, MEMFD_GO_SEALS_IMMUTABLE), 0);
	EQ(memfd_go_map_verified(fd, 0, length, 0, &addr, &len), 0);
	CHECK(all_bytes(addr, len, 0));
}

/* Older kernels do not return at the limit; newer ones refuse the page. */
static int secret_result(void)
{
	return length > LIMIT ? -EAGAIN : 0;
}

static void secret_memory(void)
{
	secret_area s = NEW_AREA;

	EQ(memfd_go_secret_alloc(&s, length, 0), secret_result());
}

static void locked_memory(void)
{
	secret_area s = NEW_AREA;

	EQ(memfd_go_secret_alloc(&s, length, MEMFD_GO_OPT_NO_SECRETMEM), 0);
}

static void attached_memory(void)
{
	secret_area s = NEW_AREA;
	int fd = memfd_go_secret(O_CLOEXEC);

	EQ(memfd_go_set_size(fd, 0, length), 0);
	EQ(memfd_go_secret_attach(&s, fd, UINT64_MAX, 0), secret_result());
}

static void (*body)(void);

static void enter_group(void)
{
	EQ(write_to("cgroup.procs", "0"), 0);
	body();
}

/* Returns the status of a child that allocates twice the limit. */
static int exceed_limit(void (*allocates)(void))
{
	body = allocates;
	length = MIB;
	EQ(status_of(start_child(enter_group)), 0);
	length = 2 * LIMIT;
	return status_of(start_child(enter_group));
}

static void check_killed(void (*allocates)(void))
{
	if (group[0] == 0)
		SKIP(NO_CGROUPS);
	EQ(exceed_limit(allocates), SIGKILL);
}

static void check_killed_or_refused(void (*allocates)(void))
{
	if (group[0] == 0)
		SKIP(NO_CGROUPS);
	int status = exceed_limit(allocates);

	CHECK(status == SIGKILL || status == 0);
}

static void reserve_is_killed_at_the_limit(void)
{
	check_killed(reserve);
}

static void create_sealed_is_killed_at_the_limit(void)
{
	check_killed(create_sealed);
}

static void clone_is_killed_at_the_limit(void)
{
	check_killed(clone_hole);
}

static void reading_holes_is_killed_at_the_limit(void)
{
	check_killed(read_hole);
}

static void secret_alloc_is_killed_or_refused_at_the_limit(void)
{
	check_killed_or_refused(secret_memory);
}

static void locked_secret_alloc_is_killed_at_the_limit(void)
{
	check_killed(locked_memory);
}

static void secret_attach_is_killed_or_refused_at_the_limit(void)
{
	if (!have_secretmem())
		SKIP("this kernel has no memfd_secret(2)");
	check_killed_or_refused(attached_memory);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	find_group();
	RUN(reserve_is_killed_at_the_limit);
	RUN(create_sealed_is_killed_at_the_limit);
	RUN(clone_is_killed_at_the_limit);
	RUN(reading_holes_is_killed_at_the_limit);
	RUN(secret_alloc_is_killed_or_refused_at_the_limit);
	RUN(locked_secret_alloc_is_killed_at_the_limit);
	RUN(secret_attach_is_killed_or_refused_at_the_limit);
	if (group[0] != 0)
		rmdir(group);
	return finish();
}
