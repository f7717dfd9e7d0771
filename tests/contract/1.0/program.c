/*
 * A program made for version 1.0: it is compiled with the header that is beside it,
 * linked with a stand-in for that version's library, and runs with today's. It calls
 * each function once. Never change it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "memfd_go.h"

#if MEMFD_GO_VERSION_MAJOR != 1 || MEMFD_GO_VERSION_MINOR != 0
#error "this is not the header of version 1.0"
#endif

static int failures;

#define EXPECT(condition)                                          \
	do {                                                       \
		if (!(condition)) {                                \
			printf("line %d: " #condition "\n", __LINE__); \
			failures++;                                \
		}                                                  \
	} while (0)

static void library(void)
{
	struct memfd_go_features features;

	EXPECT(memfd_go_version() >= MEMFD_GO_VERSION);
	EXPECT(memfd_go_version() >> 16 == 1);
	EXPECT(strncmp(memfd_go_version_string(), "1.", 2) == 0);
	EXPECT(strcmp(memfd_go_result_name(-EBUSY), "EBUSY") == 0);
	EXPECT(memfd_go_probe(&features, sizeof features, 0) == 0);
	EXPECT((features.bits & MEMFD_GO_FEATURE_SEALING) != 0);
	EXPECT((int)features.page_size == getpagesize());
	EXPECT(sizeof features == 32);
}

static void create(void)
{
	struct memfd_go_create_args args = {
		.flags = MFD_CLOEXEC | MFD_NOEXEC_SEAL,
		.seals = F_SEAL_SHRINK,
		.size = 7,
		.mode = 0600,
	};
	char *none[] = { NULL };
	uint32_t flags = 0;
	uint64_t size = 0;
	int fd = memfd_go_create_with("old", &args, sizeof args), copy;

	EXPECT(fd >= 0);
	EXPECT(memfd_go_get_size(fd, &size) == 0 && size == 7);
	EXPECT(memfd_go_exec(fd, none, none, MEMFD_GO_OPT_INHERIT_FD) == -EACCES);
	close(fd);
	fd = memfd_go_create_sealed("old", MFD_CLOEXEC, 0, "abcde", 5);
	EXPECT(fd >= 0);
	EXPECT(memfd_go_check_seals(fd, MEMFD_GO_SEALS_IMMUTABLE, NULL) == 0);
	copy = memfd_go_clone("old", MFD_CLOEXEC, F_SEAL_WRITE, fd, 5);
	EXPECT(copy >= 0);
	close(fd);
	fd = memfd_go_reopen(copy, O_RDONLY);
	EXPECT(fd >= 0);
	close(fd);
	close(copy);
	EXPECT(memfd_go_huge_flags(1 << 21, &flags) == 0 && flags == (MFD_HUGETLB | 21U << 26));
}

static void seal_and_map(void)
{
	struct memfd_go_info info;
	uint32_t missing = 0;
	size_t length = 0;
	void *map = NULL;
	int fd = memfd_go_create("old", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	EXPECT(fd >= 0);
	EXPECT(memfd_go_set_size(fd, 0, 5) == 0);
	EXPECT(memfd_go_map(fd, MEMFD_GO_OPT_WRITE, 0, 5, &map) == 0);
	memcpy(map, "abcde", 5);
	EXPECT(memfd_go_add_seals(fd, F_SEAL_WRITE) == -EBUSY);
	EXPECT(memfd_go_unmap(map, 5) == 0);
	EXPECT(memfd_go_add_seals(fd, F_SEAL_WRITE) == 0);
	EXPECT((memfd_go_get_seals(fd) & F_SEAL_WRITE) != 0);
	EXPECT(memfd_go_ensure_seals(fd, F_SEAL_WRITE | F_SEAL_GROW) == 0);
	EXPECT(memfd_go_check_seals(fd, F_SEAL_GROW | F_SEAL_SHRINK, &missing) == -EKEYREJECTED);
	EXPECT(missing == F_SEAL_SHRINK);
	EXPECT(memfd_go_ensure_seals(fd, F_SEAL_SHRINK) == 0);
	EXPECT(memfd_go_verify(fd, 0, 5, 0, NULL) == 0);
	EXPECT(memfd_go_map_verified(fd, 0, 5, 0, &map, &length) == 0 && length == 5);
	EXPECT(memcmp(map, "abcde", 5) == 0);
	EXPECT(memfd_go_unmap(map, 5) == 0);
	EXPECT(memfd_go_inspect(fd, 0, &info, sizeof info) == 0);
	EXPECT(info.kind == MEMFD_GO_KIND_MEMFD && info.size == 5);
	EXPECT(info.access == MEMFD_GO_ACCESS_READ_WRITE && strcmp(info.name, "old") == 0);
	close(fd);
}

static void text(void)
{
	char names[64];
	uint32_t seals = 0;

	EXPECT(memfd_go_format_seals(0x7f, MEMFD_GO_STYLE_NAMES, names, sizeof names) == 45);
	EXPECT(strcmp(names, "SEAL GROW WRITE FUTURE_WRITE SHRINK EXEC 0x40") == 0);
	EXPECT(memfd_go_parse_seals(names, &seals) == 0 && seals == 0x7f);
}

static void transfer(void)
{
	int sockets[2], received[2] = { -1, -1 };
	int fd = memfd_go_create_sealed("old", MFD_CLOEXEC, 0, "abcde", 5);
	int two[2] = { fd, fd };
	uint32_t number = 2;
	char byte = 0;
	size_t length = 1;

	EXPECT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == 0);
	EXPECT(memfd_go_send_fds(sockets[0], 0, two, 2, "x", 1) == 1);
	EXPECT(memfd_go_recv_fds(sockets[1], 0, received, &number, &byte, &length) == 0);
	EXPECT(number == 2 && length == 1 && byte == 'x');
	close(received[0]);
	close(received[1]);
	EXPECT(memfd_go_send_fds(sockets[0], 0, &fd, 1, NULL, 0) == 0);
	received[0] = memfd_go_recv_verified(sockets[1], F_SEAL_WRITE, 5, 0, NULL, NULL);
	EXPECT(received[0] >= 0);
	close(received[0]);
	close(sockets[0]);
	close(sockets[1]);
	received[0] = memfd_go_import_pid(getpid(), fd, O_RDONLY);
	EXPECT(received[0] >= 0);
	close(received[0]);
	EXPECT(memfd_go_import_pidfd(-1, fd, 0) < 0);
	close(fd);
}

static void secrets(void)
{
	struct memfd_go_secret_pool pool = { 0 };
	struct memfd_go_secret_area area = { 0 };
	void *slot = NULL;
	int fd = memfd_go_secret(O_CLOEXEC);

	EXPECT(fd >= 0 || fd == -ENOSYS || fd == -EPERM);
	EXPECT(memfd_go_secret_attach(&area, fd, 4096, 0) < 0); /* it has no size */
	if (fd >= 0)
		close(fd);
	EXPECT(memfd_go_secret_alloc(&area, 5, 0) == 0);
	EXPECT(area.kind == MEMFD_GO_AREA_SECRETMEM || area.kind == MEMFD_GO_AREA_MLOCK);
	EXPECT(area.len == 5 && area.fd == -1);
	memcpy(area.data, "abcde", 5);
	memfd_go_wipe(area.data, 4);
	EXPECT(memcmp(area.data, "\0\0\0\0e", 5) == 0);
	EXPECT(memfd_go_secret_protect(&area, MEMFD_GO_ACCESS_NONE) == 0);
	EXPECT(memfd_go_secret_free(&area) == 0 && area.data == NULL);
	EXPECT(memfd_go_secret_pool_init(&pool, 5, 2, 0) == 0 && pool.slots == 2);
	EXPECT(memfd_go_secret_pool_take(&pool, &slot) == 0 && pool.used == 1);
	EXPECT(memfd_go_secret_pool_give(&pool, slot) == 0 && pool.used == 0);
	EXPECT(memfd_go_secret_pool_free(&pool) == 0);
}

int main(void)
{
	library();
	create();
	seal_and_map();
	text();
	transfer();
	secrets();
	return failures != 0;
}
