/* SPDX-License-Identifier: MIT */

/*
 * The allow list of each function in docs/SECCOMP.md, for strict system call filters. The
 * function works with exactly that list. Without any one of its system calls the process is
 * killed, so no list is longer than necessary.
 */
#include "hosts.h"
#include "files.h"
#include "filter.h"
#include "sockets.h"
#include "area.h"

/* ------------------------------------------------- Inputs and outputs of the calls */

static int pid, fd, disk, sockets[2];
static void *address;
static size_t length;
static uint32_t bits;
static uint64_t size;
static char text[64];
static secret_area area = NEW_AREA;
static struct memfd_go_secret_pool pool = { 0 };
static struct memfd_go_features features;
static struct memfd_go_info info;
static struct memfd_go_create_args args = {
	.mode = 0600,
	.size = 1,
	.seals = F_SEAL_GROW,
};

static void nothing(void)
{
}
static void prepare_file(void)
{
	pid = getpid(), fd = sized_file(5);
}
static void prepare_sealed_file(void)
{
	fd = memfd_go_create_sealed("seccomp", 0, 0, "abcde", 5);
}
static void prepare_unsealable_file(void)
{
	fd = raw_create("seccomp", 0);
}
static void prepare_noexec_file(void)
{
	fd = memfd_go_create_with("seccomp", NULL, 0);
}
static void prepare_secret_file(void)
{
	fd = raw_secret(0), (void)!ftruncate(fd, 5);
}
static void prepare_pidfd(void)
{
	fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
}
static void prepare_area(void)
{
	(void)!memfd_go_secret_alloc(&area, 5, 0);
}
static void prepare_area_with_descriptor(void)
{
	(void)!memfd_go_secret_alloc(&area, 5, MEMFD_GO_OPT_KEEP_FD);
}
static void prepare_locked_area(void)
{
	(void)!memfd_go_secret_alloc(&area, 5, MEMFD_GO_OPT_NO_SECRETMEM);
}
static void prepare_locked_pool(void)
{
	(void)!memfd_go_secret_pool_init(&pool, 5, 2, MEMFD_GO_OPT_NO_SECRETMEM);
}
static void prepare_proc_file(void)
{
	fd = open("/proc/version", O_RDONLY | O_CLOEXEC);
}
static void prepare_pool(void)
{
	(void)!memfd_go_secret_pool_init(&pool, 5, 2, 0);
}
static void prepare_slot(void)
{
	prepare_pool(), (void)!memfd_go_secret_pool_take(&pool, &address);
}

static void prepare_mapping(void)
{
	prepare_sealed_file();
	(void)!memfd_go_map(fd, 0, 0, 5, &address);
}

static void prepare_file_growing_only(void)
{
	prepare_file();
	(void)!memfd_go_add_seals(fd, F_SEAL_SHRINK);
}

static void prepare_file_of_holes(void)
{
	prepare_file();
	(void)!memfd_go_add_seals(fd, MEMFD_GO_SEALS_IMMUTABLE);
}

/* Before Linux 6.3 it stays unsealed. */
static void prepare_file_sealed_by_exec(void)
{
	fd = raw_create("seccomp", MFD_EXEC | MFD_ALLOW_SEALING);
	(void)!ftruncate(fd, 5);
	(void)!memfd_go_add_seals(fd, F_SEAL_EXEC);
}

static int have_seal_exec(void)
{
	int seals;

	prepare_file_sealed_by_exec();
	seals = memfd_go_get_seals(fd);
	close(fd);
	return seals >= 0 && (seals & F_SEAL_EXEC) != 0;
}

static void prepare_socket(void)
{
	prepare_sealed_file();
	(void)!socketpair(AF_UNIX, SOCK_STREAM, 0, sockets);
}

static void prepare_message(void)
{
	prepare_socket();
	(void)!memfd_go_send_fds(sockets[0], 0, &fd, 1, NULL, 0);
}

static void prepare_message_of_an_unsealed_file(void)
{
	(void)!socketpair(AF_UNIX, SOCK_STREAM, 0, sockets);
	fd = sized_file(5);
	(void)!memfd_go_send_fds(sockets[0], 0, &fd, 1, NULL, 0);
}

static void prepare_file_on_disk(void)
{
	disk = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
}

static int receive(void)
{
	int one;

	bits = 1;
	return memfd_go_recv_fds(sockets[1], 0, &one, &bits, NULL, NULL) == 0 && bits == 1;
}

static int run_nothing(void)
{
	static char *none[] = { NULL };

	return memfd_go_exec(fd, none, none, MEMFD_GO_OPT_INHERIT_FD) == -EACCES;
}

/* -------------------------------------------------------------------- The lists */

/*
 * P(name, function, variant, before, works, allowed): the list of a function, or of a variant of
 * its use, such as with an option. tests/hosts/seccomp_test.go compares them with the document.
 */
#define PROFILES(P)                                                                                          \
	P(version, "version", "", nothing, memfd_go_version() != 0, "")                                      \
	P(version_string, "version_string", "", nothing, *memfd_go_version_string() != '\0', "")             \
	P(result_name, "result_name", "", nothing, *memfd_go_result_name(-1) == 'E', "")                     \
	P(probe, "probe", "", nothing, memfd_go_probe(&features, sizeof features, 0) == 0,                   \
	  "close execveat fcntl memfd_create mincore mmap munmap openat pidfd_getfd prlimit64 statx")        \
	P(create, "create", "", nothing, memfd_go_create("seccomp", 0) >= 0, "memfd_create")                 \
	P(create_with, "create_with", "", nothing, memfd_go_create_with("seccomp", &args, sizeof args) >= 0, \
	  "fchmod fcntl ftruncate memfd_create")                                                             \
	P(create_sealed, "create_sealed", "", nothing,                                                       \
	  memfd_go_create_sealed("seccomp", 0, 0, "abc", 3) >= 0, "fcntl memfd_create pwrite64")             \
	P(clone, "clone", "", prepare_file_on_disk, memfd_go_clone("seccomp", 0, 0, disk, UINT64_MAX) >= 0,  \
	  "fcntl lseek memfd_create sendfile statx")                                                         \
	P(clone_without_a_size, "clone", "a file in /proc", prepare_proc_file,                               \
	  memfd_go_clone("seccomp", 0, 0, fd, UINT64_MAX) >= 0,                                              \
	  "fcntl fstatfs ftruncate lseek memfd_create mmap munmap pread64 pwrite64 statx")                   \
	P(clone_stream, "clone_stream", "", prepare_file,                                                    \
	  memfd_go_clone_stream("seccomp", 0, 0, fd, UINT64_MAX) >= 0,                                       \
	  "fcntl memfd_create mmap munmap pwrite64 read")                                                    \
	P(reopen, "reopen", "", prepare_file, memfd_go_reopen(fd, O_RDONLY) >= 0, "fcntl openat")            \
	P(huge_flags, "huge_flags", "", nothing, memfd_go_huge_flags(0, &bits) == 0, "")                     \
	P(get_size, "get_size", "", prepare_file, memfd_go_get_size(fd, &size) == 0, "statx")                \
	P(set_size, "set_size", "", prepare_file, memfd_go_set_size(fd, 0, 5) == 0, "ftruncate")             \
	P(set_size_reserve, "set_size", "OPT_RESERVE", prepare_file,                                         \
	  memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, 5) == 0, "fallocate ftruncate")                        \
	P(discard, "discard", "", prepare_file, memfd_go_discard(fd, 0, 0, 1) == 0, "fallocate")             \
	P(add_seals, "add_seals", "", prepare_file, memfd_go_add_seals(fd, F_SEAL_GROW) == 0, "fcntl")       \
	P(get_seals, "get_seals", "", prepare_file, memfd_go_get_seals(fd) >= 0, "fcntl")                    \
	P(ensure_seals, "ensure_seals", "", prepare_file, memfd_go_ensure_seals(fd, F_SEAL_GROW) == 0,       \
	  "fcntl")                                                                                           \
	P(check_seals, "check_seals", "", prepare_sealed_file,                                               \
	  memfd_go_check_seals(fd, F_SEAL_GROW, NULL) == 0, "fcntl")                                         \
	P(format_seals, "format_seals", "", nothing, memfd_go_format_seals(1, 0, text, sizeof text) == 4,    \
	  "")                                                                                                \
	P(parse_seals, "parse_seals", "", nothing, memfd_go_parse_seals("sw", &bits) == 0, "")               \
	P(inspect, "inspect", "", prepare_sealed_file, memfd_go_inspect(fd, 0, &info, sizeof info) == 0,     \
	  "fcntl fstatfs readlinkat statx")                                                                  \
	P(inspect_unsealable, "inspect", "a file that does not support seals", prepare_unsealable_file,      \
	  memfd_go_inspect(fd, 0, &info, sizeof info) == 0,                                                  \
	  "close fcntl fstatfs memfd_create readlinkat statx")                                               \
	P(map, "map", "", prepare_sealed_file, memfd_go_map(fd, 0, 0, 5, &address) == 0, "mmap")             \
	P(map_ring, "map_ring", "", prepare_file, memfd_go_map_ring(fd, 0, 0, 65536, &address) == 0,         \
	  "fstatfs mincore mmap mremap")                                                                     \
	P(verify, "verify", "", prepare_sealed_file, memfd_go_verify(fd, 0, 5, 0, NULL) == 0, "fcntl statx") \
	P(verify_no_holes, "verify", "OPT_NO_HOLES", prepare_file_of_holes,                                  \
	  memfd_go_verify(fd, 0, 5, MEMFD_GO_OPT_NO_HOLES, NULL) == 0, "fallocate fcntl statx")              \
	P(map_verified, "map_verified", "", prepare_sealed_file,                                             \
	  memfd_go_map_verified(fd, 0, 5, 0, &address, &length) == 0, "fcntl mmap statx")                    \
	P(map_verified_exec, "map_verified", "with F_SEAL_EXEC and F_SEAL_FUTURE_WRITE",                     \
	  prepare_file_sealed_by_exec, memfd_go_map_verified(fd, 0, 5, 0, &address, &length) == 0,           \
	  "close fcntl memfd_create mmap munmap statx")                                                      \
	P(map_verified_growing, "map_verified", "without F_SEAL_WRITE", prepare_file_growing_only,           \
	  memfd_go_map_verified(fd, F_SEAL_SHRINK, 5, 0, &address, &length) == 0,                            \
	  "fcntl fstatfs mmap statx")                                                                        \
	P(unmap, "unmap", "", prepare_mapping, memfd_go_unmap(address, 5) == 0, "munmap")                    \
	P(send_fds, "send_fds", "", prepare_socket, memfd_go_send_fds(sockets[0], 0, &fd, 1, NULL, 0) == 0,  \
	  "sendmsg")                                                                                         \
	P(recv_fds, "recv_fds", "", prepare_message, receive(), "recvmsg")                                   \
	P(recv_verified, "recv_verified", "", prepare_message,                                               \
	  memfd_go_recv_verified(sockets[1], 0, 5, 0, NULL, NULL) >= 0, "fcntl recvmsg statx")               \
	P(recv_verified_refused, "recv_verified", "a refused file", prepare_message_of_an_unsealed_file,     \
	  memfd_go_recv_verified(sockets[1], 0, 5, 0, NULL, NULL) == -EKEYREJECTED, "close fcntl recvmsg")   \
	P(import_pid, "import_pid", "", prepare_file, memfd_go_import_pid(pid, fd, O_RDONLY) >= 0,           \
	  "close fcntl openat statx")                                                                        \
	P(import_pidfd, "import_pidfd", "", prepare_pidfd, memfd_go_import_pidfd(fd, fd, 0) >= 0,            \
	  "pidfd_getfd")                                                                                     \
	P(exec, "exec", "", prepare_noexec_file, run_nothing(), "execveat fcntl")                            \
	P(secret, "secret", "", nothing, memfd_go_secret(0) >= 0, "memfd_secret")                            \
	P(secret_alloc, "secret_alloc", "", nothing, memfd_go_secret_alloc(&area, 5, 0) == 0,                \
	  "close ftruncate futex madvise memfd_secret mincore mmap mprotect mremap sysinfo")                 \
	P(secret_alloc_mlock, "secret_alloc", "OPT_NO_SECRETMEM", nothing,                                   \
	  memfd_go_secret_alloc(&area, 5, MEMFD_GO_OPT_NO_SECRETMEM) == 0,                                   \
	  "madvise mincore mlock mmap mremap sysinfo")                                                       \
	P(secret_alloc_align_end, "secret_alloc", "OPT_ALIGN_END", nothing,                                  \
	  memfd_go_secret_alloc(&area, 5, MEMFD_GO_OPT_ALIGN_END) == 0,                                      \
	  "close ftruncate futex getrandom madvise memfd_secret mincore mmap mprotect mremap sysinfo")       \
	P(secret_alloc_from, "secret_alloc_from", "", nothing,                                               \
	  memfd_go_secret_alloc_from(&area, text, 5, 0) == 0,                                                \
	  "close ftruncate futex madvise memfd_secret mincore mmap mprotect mremap sysinfo")                 \
	P(secret_attach, "secret_attach", "", prepare_secret_file,                                           \
	  memfd_go_secret_attach(&area, fd, UINT64_MAX, 0) == 0,                                             \
	  "fstatfs futex madvise mincore mmap mprotect mremap statx sysinfo")                                \
	P(secret_attach_keep_fd, "secret_attach", "OPT_KEEP_FD", prepare_secret_file,                        \
	  memfd_go_secret_attach(&area, fd, UINT64_MAX, MEMFD_GO_OPT_KEEP_FD) == 0,                          \
	  "fcntl fstatfs futex madvise mincore mmap mprotect mremap statx sysinfo")                          \
	P(secret_protect, "secret_protect", "", prepare_area,                                                \
	  memfd_go_secret_protect(&area, MEMFD_GO_ACCESS_READ) == 0, "mprotect")                             \
	P(secret_relock, "secret_relock", "", prepare_locked_area, memfd_go_secret_relock(&area) == 0,       \
	  "mlock")                                                                                           \
	P(secret_free, "secret_free", "", prepare_area, memfd_go_secret_free(&area) == 0, "mprotect munmap") \
	P(secret_free_keep_fd, "secret_free", "OPT_KEEP_FD", prepare_area_with_descriptor,                   \
	  memfd_go_secret_free(&area) == 0, "close mprotect munmap")                                         \
	P(wipe, "wipe", "", nothing, (memfd_go_wipe(text, sizeof text), 1), "")                              \
	P(equal, "equal", "", nothing, memfd_go_equal(text, text, 5) == 1, "")                               \
	P(secret_pool_init, "secret_pool_init", "", nothing, memfd_go_secret_pool_init(&pool, 5, 2, 0) == 0, \
	  "close ftruncate futex madvise memfd_secret mincore mmap mprotect mremap sysinfo")                 \
	P(secret_pool_take, "secret_pool_take", "", prepare_pool,                                            \
	  memfd_go_secret_pool_take(&pool, &address) == 0, "")                                               \
	P(secret_pool_give, "secret_pool_give", "", prepare_slot,                                            \
	  memfd_go_secret_pool_give(&pool, address) == 0, "")                                                \
	P(secret_pool_protect, "secret_pool_protect", "", prepare_pool,                                      \
	  memfd_go_secret_pool_protect(&pool, MEMFD_GO_ACCESS_READ) == 0, "mprotect")                        \
	P(secret_pool_relock, "secret_pool_relock", "", prepare_locked_pool,                                 \
	  memfd_go_secret_pool_relock(&pool) == 0, "mlock")                                                  \
	P(secret_pool_free, "secret_pool_free", "", prepare_pool, memfd_go_secret_pool_free(&pool) == 0,     \
	  "mprotect munmap")

#define FUNCTION(id, function, variant, before, works, allowed) \
	static int works_##id(void)                             \
	{                                                       \
		return (works);                                 \
	}
#define ROW(id, function, variant, before, works, allowed) \
	{ #id, before, works_##id, allowed,                \
	  strstr(allowed, "memfd_secret") != NULL || before == prepare_secret_file },

PROFILES(FUNCTION)
#undef FUNCTION

static const struct profile {
	const char *name;
	void (*before)(void);
	int (*works)(void);
	const char *allowed;
	int needs_secretmem;
} profiles[] = { PROFILES(ROW) };

/* The system calls of the lists, by their names on 64-bit architectures. */
static const struct {
	const char *name;
	long number;
} system_calls[] = {
#define CALL(name) { #name, SYS_##name }
	CALL(close),
	CALL(execveat),
	CALL(fallocate),
	CALL(fchmod),
	CALL(fcntl),
	CALL(fstatfs),
	CALL(ftruncate),
	CALL(futex),
	CALL(getrandom),
	CALL(lseek),
	CALL(madvise),
	CALL(memfd_create),
	CALL(mincore),
	CALL(mlock),
	CALL(mmap),
	CALL(mremap),
	CALL(mprotect),
	CALL(munmap),
	CALL(openat),
	CALL(pidfd_getfd),
	CALL(pread64),
	CALL(prlimit64),
	CALL(pwrite64),
	CALL(read),
	CALL(readlinkat),
	CALL(recvmsg),
	CALL(sendfile),
	CALL(sendmsg),
	CALL(statx),
	CALL(sysinfo),
	{ "memfd_secret", MEMFD_SECRET },
#undef CALL
};
#define SYSTEM_CALLS (sizeof system_calls / sizeof *system_calls)

#define MOST_WORDS 16

static long number_of(const char *name)
{
	for (size_t i = 0; i < SYSTEM_CALLS; i++)
		if (strcmp(system_calls[i].name, name) == 0)
			return system_calls[i].number;
	fail(__FILE__, __LINE__, "%s is not in system_calls[]", name);
	return -1;
}

/* Splits a copy of a list into words. */
static int words_of(const char *list, char *copy, char **words)
{
	int count = 0;

	strcpy(copy, list);
	for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " "))
		words[count++] = word;
	return count;
}

/* Kills the process at any system call except those of the list and exit_group(2). */
static int allow_only(char **words, int count)
{
	struct instruction code[2 * MOST_WORDS + 4] = { LOAD(NUMBER), IF_EQUAL(SYS_exit_group, 1), ALLOW };
	size_t length = 3;

	for (int i = 0; i < count; i++) {
		code[length++] = (struct instruction)IF_EQUAL(number_of(words[i]), 1);
		code[length++] = (struct instruction)ALLOW;
	}
	code[length++] = (struct instruction)KILL;
	return install(code, length);
}

/* The wait status of a child that makes the call without system call number 'missing' of the list. */
static int try_without(const struct profile *p, int missing)
{
	char copy[256], *words[MOST_WORDS];
	pid_t child;
	int count;

	fflush(stdout);
	child = fork();
	if (child != 0)
		return status_of(child);
	count = words_of(p->allowed, copy, words);
	if (missing < count)
		words[missing] = words[--count];
	p->before();
	if (allow_only(words, count) != 0)
		_exit(2);
	_exit(!p->works());
}

static const struct profile *now; /* the running one */

static void try_profile(void)
{
	char copy[256], *words[MOST_WORDS];
	int count = words_of(now->allowed, copy, words);

	EQ(count <= MOST_WORDS, 1);
	if (now->needs_secretmem && !have_secretmem())
		SKIP("this kernel has no memfd_secret");
	if (now->before == prepare_file_sealed_by_exec && !have_seal_exec())
		SKIP("this kernel has no F_SEAL_EXEC");
	EQ(try_without(now, count), 0);
	for (int i = 0; i < count; i++) {
		int status = try_without(now, i);

		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail(now->name, 0, "not needed: %s (wait status %#x)", words[i], (unsigned)status);
	}
}

int main(int argc, char **argv)
{
	start(argc, argv);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* no core files */
	for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
		now = &profiles[i];
		run(now->name, try_profile);
	}
	return finish();
}
