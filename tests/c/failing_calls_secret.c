/* SPDX-License-Identifier: MIT */

/* Fault injection into the functions for secret memory, and probe (failing_calls.h). */
#include "failing_calls.h"

#define LENGTH 100

/* ------------------------------------------------------------------ Before */

static void prepare_secret_file(void)
{
	in.fd = raw_secret(O_CLOEXEC);
	EQ(ftruncate(in.fd, LENGTH), 0);
}

static void prepare_area(void)
{
	EQ(memfd_go_secret_alloc(&out.area, LENGTH, 0), 0);
}

static void prepare_area_with_descriptor(void)
{
	EQ(memfd_go_secret_alloc(&out.area, LENGTH, MEMFD_GO_OPT_KEEP_FD), 0);
}

static void prepare_attached_area(void)
{
	prepare_secret_file();
	EQ(memfd_go_secret_attach(&out.area, in.fd, UINT64_MAX, 0), 0);
	close(in.fd);
}

static void prepare_pool(void)
{
	EQ(memfd_go_secret_pool_init(&out.pool, LENGTH, 2, 0), 0);
}

/* relock() changes the struct even if it fails. */
static secret_area relocked;
static struct memfd_go_secret_pool relocked_pool;

static void prepare_locked_area(void)
{
	EQ(memfd_go_secret_alloc(&relocked, LENGTH, MEMFD_GO_OPT_NO_SECRETMEM), 0);
}

static void prepare_locked_pool(void)
{
	EQ(memfd_go_secret_pool_init(&relocked_pool, LENGTH, 2, MEMFD_GO_OPT_NO_SECRETMEM), 0);
}

static void prepare_taken_slot(void)
{
	prepare_pool();
	EQ(memfd_go_secret_pool_take(&out.pool, &out.address), 0);
}

/* ------------------------------------------------------------------- After */

static void expect_descriptor(int result)
{
	if (result >= 0)
		EQ(close(result), 0);
}

/* Whether the mapping that contains an address is of a secret file. */
static int maps_secret_file(const void *address)
{
	unsigned long from, to;
	char line[256];
	int found = 0;
	FILE *maps = fopen("/proc/self/maps", "re");

	while (fgets(line, sizeof line, maps) != NULL)
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2 && (uintptr_t)address >= from &&
		    (uintptr_t)address < to)
			found = strstr(line, "secretmem") != NULL;
	fclose(maps);
	return found;
}

/* Checks that the kind is true, the memory usable, and the descriptor open if requested. */
static void check_area(secret_area *area)
{
	static const char zeros[LENGTH];
	long locked = status_kb("VmLck:");

	EQ(memcmp(area->data, zeros, LENGTH), 0);
	memset(area->data, 1, LENGTH);
	EQ(area->kind == MEMFD_GO_AREA_SECRETMEM, maps_secret_file(area->data));
	EQ(area->fd >= 0, (area->opts & MEMFD_GO_OPT_KEEP_FD) != 0 && area->kind == MEMFD_GO_AREA_SECRETMEM);
	if (area->kind != MEMFD_GO_AREA_SECRETMEM) /* newer kernels do not count secret memory there */
		EQ(area->kind == MEMFD_GO_AREA_MLOCK, locked > 0);
}

static void free_area(int result)
{
	(void)result;
	EQ(memfd_go_secret_free(&out.area), 0);
}

static void expect_area(int result)
{
	if (result < 0)
		return;
	check_area(&out.area);
	free_area(result);
}

static void expect_attached(int result)
{
	expect_area(result);
	close(in.fd);
}

static void expect_locked(int result)
{
	EQ(relocked.kind, result == 0 ? MEMFD_GO_AREA_MLOCK : MEMFD_GO_AREA_UNLOCKED);
	EQ(status_kb("VmLck:") > 0, result == 0);
	EQ(memfd_go_secret_free(&relocked), 0);
}

static void expect_locked_pool(int result)
{
	EQ(relocked_pool.area.kind, result == 0 ? MEMFD_GO_AREA_MLOCK : MEMFD_GO_AREA_UNLOCKED);
	EQ(memfd_go_secret_pool_free(&relocked_pool), 0);
}

static void free_pool(int result)
{
	(void)result;
	EQ(memfd_go_secret_pool_free(&out.pool), 0);
}

static void expect_pool(int result)
{
	if (result < 0)
		return;
	EQ(memfd_go_secret_pool_take(&out.pool, &out.address), 0);
	free_pool(result);
}

/* A failure removes features from the result, and never adds any. */
static void expect_probed(int result)
{
	static uint32_t all_bits;

	if (result < 0)
		return;
	if (now.position < 0)
		all_bits = out.features.bits;
	EQ(out.features.bits & ~all_bits, 0);
}

static void expect_one(int result)
{
	EQ(result, 1);
}

static void expect_zero(int result)
{
	EQ(result, 0);
}

/* --------------------------------------------------------------- The table */

#define ALLOC(opts) memfd_go_secret_alloc(&out.area, LENGTH, (opts))
#define REQUIRE MEMFD_GO_OPT_REQUIRE
#define KEEP_FD MEMFD_GO_OPT_KEEP_FD
#define SHARE MEMFD_GO_OPT_FORK_SHARE
#define ALIGN_END MEMFD_GO_OPT_ALIGN_END
#define NO_SECRETMEM MEMFD_GO_OPT_NO_SECRETMEM
#define UNLOCKED MEMFD_GO_OPT_ALLOW_UNLOCKED
#define ATTACH(opts) memfd_go_secret_attach(&out.area, in.fd, UINT64_MAX, (opts))
#define PROBE memfd_go_probe(&out.features, sizeof out.features, MEMFD_GO_FEATURE_SECRET)
#define POOL memfd_go_secret_pool_init(&out.pool, LENGTH, 2, 0)

/* The errors after which other memory takes the place of SECRETMEM. */
#define FORBIDDEN "EPERM,ENOSYS"
/* EFAULT means that the page is missing. Other errors are ignored. */
#define TOUCHED "futex:EFAULT=EAGAIN,*"
#define EXHAUSTED "EMFILE=EMFILE,ENFILE=ENFILE,ENOMEM=ENOMEM,*"

#define ROWS(F)                                                                                              \
	F(secret, nothing, memfd_go_secret(O_CLOEXEC), expect_descriptor, "", "memfd_secret", "")            \
	F(secret_fd_cloexec, nothing, memfd_go_secret(FD_CLOEXEC), expect_descriptor, "", "memfd_secret*2",  \
	  "memfd_secret/1:EINVAL")                                                                           \
	F(secret_alloc, nothing, ALLOC(0), expect_area, "",                                                  \
	  "mincore sysinfo mmap memfd_secret ftruncate mmap mremap madvise mprotect madvise futex close",    \
	  "mincore:* sysinfo:* " TOUCHED " madvise/2:EINVAL," FORBIDDEN " close:* mmap/1: *:" FORBIDDEN)     \
	F(secret_alloc_from, nothing, memfd_go_secret_alloc_from(&out.area, out.data, 16, 0), expect_area,   \
	  "",                                                                                                \
	  "mincore sysinfo mmap memfd_secret ftruncate mmap mremap madvise mprotect madvise futex close",    \
	  "mincore:* sysinfo:* " TOUCHED " madvise/2:EINVAL," FORBIDDEN " close:* mmap/1: *:" FORBIDDEN)     \
	F(secret_alloc_align_end, nothing, ALLOC(ALIGN_END), expect_area, "",                                \
	  "mincore sysinfo mmap memfd_secret ftruncate mmap mremap madvise mprotect madvise futex close "    \
	  "mprotect getrandom",                                                                              \
	  "mincore:* sysinfo:* " TOUCHED " madvise/2:EINVAL," FORBIDDEN                                      \
	  " close:* mmap/1: mprotect/2: "                                                                    \
	  "getrandom:* *:" FORBIDDEN)                                                                        \
	F(secret_alloc_align_end_no_secretmem, nothing, ALLOC(ALIGN_END | NO_SECRETMEM), expect_area, "",    \
	  "mincore sysinfo mmap*2 mremap madvise*2 mlock mprotect madvise getrandom",                        \
	  "mincore:* sysinfo:* madvise/2:EINVAL getrandom:*")                                                \
	F(secret_alloc_required, nothing, ALLOC(REQUIRE | KEEP_FD | SHARE), expect_area, "",                 \
	  "mincore sysinfo mmap memfd_secret ftruncate mmap mremap futex", "mincore:* sysinfo:* " TOUCHED)   \
	F(secret_alloc_no_secretmem, nothing, ALLOC(NO_SECRETMEM), expect_area, "",                          \
	  "mincore sysinfo mmap*2 mremap madvise*2 mlock", "mincore:* sysinfo:* madvise/2:EINVAL")           \
	F(secret_alloc_shared_no_secretmem, nothing, ALLOC(NO_SECRETMEM | SHARE), expect_area, "",           \
	  "mincore sysinfo mmap*2 mremap madvise mlock", "mincore:* sysinfo:*")                              \
	F(secret_alloc_unlocked, nothing, ALLOC(UNLOCKED), expect_area, "",                                  \
	  "mincore sysinfo mmap memfd_secret ftruncate mmap mremap madvise mprotect madvise futex close",    \
	  "mincore:* sysinfo:* futex:* madvise/2:EINVAL,EAGAIN," FORBIDDEN                                   \
	  " close:* mmap/1: *:EAGAIN," FORBIDDEN)                                                            \
	F(secret_alloc_unlocked_no_secretmem, nothing, ALLOC(NO_SECRETMEM | UNLOCKED), expect_area, "",      \
	  "mincore sysinfo mmap*2 mremap madvise*2 mlock", "mincore:* sysinfo:* madvise/2:EINVAL mlock:*")   \
	F(secret_alloc_before_5_14, nothing, ALLOC(KEEP_FD), expect_area, "memfd_secret:ENOSYS",             \
	  "mincore sysinfo mmap memfd_secret mmap mremap madvise*2 mlock",                                   \
	  "mincore:* sysinfo:* memfd_secret:" FORBIDDEN " madvise/2:EINVAL")                                 \
	F(secret_alloc_before_4_14, nothing, ALLOC(NO_SECRETMEM), expect_area,                               \
	  "madvise/2:EINVAL madvise/4:EINVAL",                                                               \
	  "mincore sysinfo mmap*2 mremap madvise*3 mprotect madvise getrandom madvise mlock",                \
	  "mincore:* sysinfo:* getrandom:* madvise/2:EINVAL madvise/4:EINVAL")                               \
	F(secret_attach, prepare_secret_file, ATTACH(0), expect_attached, "",                                \
	  "fstatfs statx mincore sysinfo mmap*2 mremap madvise mprotect madvise futex",                      \
	  "mincore:* sysinfo:* madvise/2:EINVAL " TOUCHED)                                                   \
	F(secret_attach_keep_fd, prepare_secret_file, ATTACH(KEEP_FD), expect_attached, "",                  \
	  "fstatfs statx mincore sysinfo mmap dupfd mmap mremap madvise mprotect madvise futex",             \
	  "mincore:* sysinfo:* madvise/2:EINVAL " TOUCHED)                                                   \
	F(secret_protect, prepare_area, memfd_go_secret_protect(&out.area, 1), free_area, "", "mprotect",    \
	  "")                                                                                                \
	F(secret_relock, prepare_locked_area, memfd_go_secret_relock(&relocked), expect_locked, "", "mlock", \
	  "")                                                                                                \
	F(secret_relock_secretmem, prepare_area, memfd_go_secret_relock(&out.area), free_area, "", "", "")   \
	F(secret_free, prepare_area, memfd_go_secret_free(&out.area), free_area, "", "mprotect munmap", "")  \
	F(secret_free_descriptor, prepare_area_with_descriptor, memfd_go_secret_free(&out.area), free_area,  \
	  "", "mprotect munmap close", "close:*")                                                            \
	F(secret_free_attached, prepare_attached_area, memfd_go_secret_free(&out.area), free_area, "",       \
	  "munmap", "")                                                                                      \
	F(wipe, nothing, (memfd_go_wipe(out.data, sizeof out.data), 0), expect_zero, "", "", "")             \
	F(equal, nothing, memfd_go_equal(out.data, out.data, 16), expect_one, "", "", "")                    \
	F(secret_pool_init, nothing, POOL, expect_pool, "",                                                  \
	  "mincore sysinfo mmap memfd_secret ftruncate mmap mremap madvise mprotect madvise futex close",    \
	  "mincore:* sysinfo:* " TOUCHED " madvise/2:EINVAL," FORBIDDEN " close:* mmap/1: *:" FORBIDDEN)     \
	F(secret_pool_take, prepare_pool, memfd_go_secret_pool_take(&out.pool, &out.address), free_pool, "", \
	  "", "")                                                                                            \
	F(secret_pool_give, prepare_taken_slot, memfd_go_secret_pool_give(&out.pool, out.address),           \
	  free_pool, "", "", "")                                                                             \
	F(secret_pool_protect, prepare_pool, memfd_go_secret_pool_protect(&out.pool, 1), free_pool, "",      \
	  "mprotect", "")                                                                                    \
	F(secret_pool_relock, prepare_locked_pool, memfd_go_secret_pool_relock(&relocked_pool),              \
	  expect_locked_pool, "", "mlock", "")                                                               \
	F(secret_pool_free, prepare_pool, memfd_go_secret_pool_free(&out.pool), free_pool, "",               \
	  "mprotect munmap", "")                                                                             \
	F(probe, nothing, PROBE, expect_probed, "memfd_create_huge:ENOENT",                                  \
	  "mincore memfd_create close memfd_create close memfd_create statx openat close "                   \
	  "add_seals mmap munmap add_seals*2 close memfd_create_huge*22 memfd_secret close "                 \
	  "pidfd_getfd execveat prlimit",                                                                    \
	  "memfd_create:" EXHAUSTED " memfd_create_huge:" EXHAUSTED " memfd_secret:" EXHAUSTED " *:*")       \
	F(version, nothing, memfd_go_version() != 0, expect_one, "", "", "")                                 \
	F(version_string, nothing, memfd_go_version_string() != NULL, expect_one, "", "", "")                \
	F(result_name, nothing, memfd_go_result_name(-1) != NULL, expect_one, "", "", "")

TABLE(ROWS)

int main(int argc, char **argv)
{
	start(argc, argv);
	TRY_TABLE(lacks_secret());
	return finish();
}
