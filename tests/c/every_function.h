/* SPDX-License-Identifier: MIT */

/*
 * call_every_function() calls each function of the library and checks its result. It uses
 * little stack, no stdio and no allocation, so that it works on small stacks, in signal
 * handlers and in child processes.
 */
#ifndef EVERY_FUNCTION_H
#define EVERY_FUNCTION_H

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "library.h"

#define EXPECT(condition)                \
	do {                             \
		if (!(condition))        \
			return __LINE__; \
	} while (0)

/*
 * Only these functions access memory from the library. The thread sanitizer does not know that
 * a mapping was removed before another thread's was created at the same address.
 */
static __attribute__((noinline, no_sanitize_thread)) void fill_five(volatile char *to)
{
	for (int i = 0; i < 5; i++)
		to[i] = (char)('a' + i);
}

static __attribute__((noinline, no_sanitize_thread)) int four_are_wiped(const volatile char *memory)
{
	return memory[0] == 0 && memory[1] == 0 && memory[2] == 0 && memory[3] == 0 && memory[4] == 'e';
}

static inline int call_library_functions(void)
{
	struct memfd_go_features features;

	EXPECT(memfd_go_version() == MEMFD_GO_VERSION);
	EXPECT(strcmp(memfd_go_version_string(), MEMFD_GO_VERSION_STRING) == 0);
	EXPECT(strcmp(memfd_go_result_name(-EBUSY), "EBUSY") == 0);
	EXPECT(memfd_go_probe(&features, sizeof features, 0) == 0 &&
	       (features.bits & MEMFD_GO_FEATURE_CREATE) != 0);
	return 0;
}

static inline int call_create_functions(void)
{
	static char name[] = "every", *arguments[] = { name, NULL }, **none = arguments + 1;
	uint32_t flags = 0;
	uint64_t size = 0;
	int fd, copy, result;

	fd = memfd_go_create_with("every", NULL, 0);
	EXPECT(fd >= 0);
	result = memfd_go_exec(fd, arguments, none, MEMFD_GO_OPT_INHERIT_FD);
	EXPECT(result == -EACCES || result == -ENOENT); /* under valgrind */
	close(fd);
	fd = memfd_go_create_sealed("every", MFD_CLOEXEC, 0, "abcde", 5);
	EXPECT(fd >= 0);
	EXPECT(memfd_go_check_seals(fd, MEMFD_GO_SEALS_IMMUTABLE, NULL) == 0);
	copy = memfd_go_clone("every", MFD_CLOEXEC, 0, fd, 5);
	EXPECT(copy >= 0);
	close(copy);
	copy = memfd_go_clone_stream("every", MFD_CLOEXEC, 0, fd, 5);
	EXPECT(copy >= 0);
	close(fd);
	fd = memfd_go_reopen(copy, O_RDONLY);
	EXPECT(fd >= 0);
	close(copy);
	EXPECT(memfd_go_get_size(fd, &size) == 0 && size == 5);
	close(fd);
	EXPECT(memfd_go_huge_flags(1 << 21, &flags) == 0 && flags == (MFD_HUGETLB | 21U << 26));
	return 0;
}

static inline int call_file_functions(void)
{
	struct memfd_go_info info;
	uint32_t missing = 0;
	uint64_t size = 0;
	size_t length = 0;
	void *map = NULL;
	int fd = memfd_go_create("every", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	EXPECT(fd >= 0);
	EXPECT(memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, 5) == 0);
	EXPECT(memfd_go_get_size(fd, &size) == 0 && size == 5);
	EXPECT(memfd_go_map(fd, MEMFD_GO_OPT_WRITE, 0, 5, &map) == 0);
	fill_five(map);
	EXPECT(memfd_go_add_seals(fd, F_SEAL_WRITE) == -EBUSY);
	EXPECT(memfd_go_unmap(map, 5) == 0);
	EXPECT(memfd_go_discard(fd, 0, 5, 5) == 0);
	EXPECT(memfd_go_map_ring(fd, 0, 0, 5, &map) == -EINVAL);
	EXPECT(memfd_go_add_seals(fd, F_SEAL_WRITE) == 0);
	EXPECT((memfd_go_get_seals(fd) & F_SEAL_WRITE) != 0);
	EXPECT(memfd_go_ensure_seals(fd, F_SEAL_WRITE | F_SEAL_GROW) == 0);
	EXPECT(memfd_go_check_seals(fd, F_SEAL_GROW | F_SEAL_SHRINK, &missing) == -EKEYREJECTED);
	EXPECT(missing == F_SEAL_SHRINK);
	EXPECT(memfd_go_ensure_seals(fd, F_SEAL_SHRINK) == 0);
	EXPECT(memfd_go_verify(fd, 0, 5, 0, NULL) == 0);
	EXPECT(memfd_go_map_verified(fd, 0, 5, 0, &map, &length) == 0 && length == 5);
	EXPECT(memfd_go_unmap(map, 5) == 0);
	EXPECT(memfd_go_inspect(fd, 0, &info, sizeof info) == 0 && info.kind == MEMFD_GO_KIND_MEMFD);
	close(fd);
	return 0;
}

static inline int call_transfer_functions(void)
{
	int sockets[2], received[2], fd = memfd_go_create_sealed("every", MFD_CLOEXEC, 0, "abcde", 5);
	uint32_t number = 2;

	EXPECT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == 0);
	EXPECT(memfd_go_send_fds(sockets[0], 0, (int[]){ fd, fd }, 2, NULL, 0) == 0);
	EXPECT(memfd_go_recv_fds(sockets[1], 0, received, &number, NULL, NULL) == 0 && number == 2);
	close(received[0]);
	close(received[1]);
	EXPECT(memfd_go_send_fds(sockets[0], 0, &fd, 1, NULL, 0) == 0);
	received[0] = memfd_go_recv_verified(sockets[1], 0, 5, 0, NULL, NULL);
	EXPECT(received[0] >= 0);
	close(received[0]);
	close(sockets[0]);
	close(sockets[1]);
	received[0] = memfd_go_import_pid(getpid(), fd, O_RDONLY);
	EXPECT(received[0] >= 0);
	close(received[0]);
	EXPECT(memfd_go_import_pidfd(-1, fd, 0) < 0);
	close(fd);
	return 0;
}

static inline int call_secret_functions(void)
{
	struct memfd_go_secret_pool pool = { 0 };
	secret_area area = { 0 };
	char secret[5] = "abcde";
	void *slot = NULL;
	int fd = memfd_go_secret(O_CLOEXEC);

	EXPECT(fd >= 0 || fd == -ENOSYS);
	if (fd >= 0) {
		EXPECT(memfd_go_secret_attach(&area, fd, UINT64_MAX, 0) == -ENODATA);
		close(fd);
	}
	EXPECT(memfd_go_secret_alloc(&area, 5, 0) == 0);
	fill_five(area.data);
	memfd_go_wipe(area.data, 4);
	EXPECT(four_are_wiped(area.data));
	EXPECT(memfd_go_equal(area.data, "\0\0\0", 4) == 1);
	EXPECT(memfd_go_secret_relock(&area) == 0);
	EXPECT(memfd_go_secret_protect(&area, MEMFD_GO_ACCESS_NONE) == 0);
	EXPECT(memfd_go_secret_free(&area) == 0);
	EXPECT(memfd_go_secret_alloc_from(&area, secret, 5, 0) == 0 && secret[0] == 0);
	EXPECT(memfd_go_secret_free(&area) == 0);
	EXPECT(memfd_go_secret_pool_init(&pool, 5, 2, 0) == 0);
	EXPECT(memfd_go_secret_pool_take(&pool, &slot) == 0);
	EXPECT(memfd_go_secret_pool_protect(&pool, MEMFD_GO_ACCESS_READ) == 0);
	EXPECT(memfd_go_secret_pool_protect(&pool, MEMFD_GO_ACCESS_READ_WRITE) == 0);
	EXPECT(memfd_go_secret_pool_relock(&pool) == 0);
	EXPECT(memfd_go_secret_pool_give(&pool, slot) == 0);
	EXPECT(memfd_go_secret_pool_free(&pool) == 0);
	return 0;
}

static inline int call_text_functions(void)
{
	char text[64];
	uint32_t seals = 0;

	EXPECT(memfd_go_format_seals(0x7f, MEMFD_GO_STYLE_NAMES, text, sizeof text) == 45);
	EXPECT(strcmp(text, "SEAL GROW WRITE FUTURE_WRITE SHRINK EXEC 0x40") == 0);
	EXPECT(memfd_go_parse_seals(text, &seals) == 0 && seals == 0x7f);
	return 0;
}

/* Returns 0, or the line of the first failed check. */
static inline int call_every_function(void)
{
	int line = call_library_functions();

	if (line == 0)
		line = call_create_functions();
	if (line == 0)
		line = call_file_functions();
	if (line == 0)
		line = call_text_functions();
	if (line == 0)
		line = call_transfer_functions();
	if (line == 0)
		line = call_secret_functions();
	return line;
}

#endif
