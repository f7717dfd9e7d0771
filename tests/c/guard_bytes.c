/* SPDX-License-Identifier: MIT */

/*
 * No function writes beyond the struct that it fills, whatever the name and the path of a
 * file, and only memfds have a name.
 */
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "test.h"
#include "area.h"
#include "files.h"
#include "mounts.h"

#define GUARD 0x5a
#define GUARD_BYTES 8192 /* more than the longest path */
#define LONGEST_PATH 4095

static struct {
	struct memfd_go_info info;
	char behind[GUARD_BYTES];
} got;

static int untouched(const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i] != GUARD)
			return 0;
	return 1;
}

static int inspect(int fd)
{
	int r;

	memset(&got, GUARD, sizeof got);
	r = memfd_go_inspect(fd, 0, &got.info, sizeof got.info);
	CHECK(untouched(got.behind, sizeof got.behind));
	return r;
}

/* Inspects 'fd' and closes it. */
static void check_file(int fd, uint32_t kind, const char *name)
{
	CHECK(fd >= 0);
	EQ(inspect(fd), 0);
	EQ(got.info.kind, kind);
	TEXT(got.info.name, name);
	close(fd);
}

static void inspect_of_memfds_writes_within_bounds(void)
{
	static const uint32_t flags[] = { 0, MFD_ALLOW_SEALING, MFD_HUGETLB,
					  MFD_HUGETLB | MFD_ALLOW_SEALING };
	char name[LONGEST_PATH + 1];

	for (int kind = 0; kind < 4; kind++)
		for (size_t length = 0; length <= LONGEST_PATH; length++) {
			int fd;

			memset(name, 'n', length);
			name[length] = '\0';
			fd = raw_create(name, flags[kind]);
			if (length > MEMFD_GO_NAME_MAX)
				EQ(fd, -EINVAL);
			else if (fd >= 0)
				check_file(fd,
					   flags[kind] & MFD_HUGETLB ? MEMFD_GO_KIND_HUGETLB
								     : MEMFD_GO_KIND_MEMFD,
					   name);
			else
				CHECK(flags[kind] & MFD_HUGETLB); /* no such huge page size */
		}
}

/* ------------------------------------- Files of a peer, in its own mount namespace */

static int socket_to_parent;

static void send_file(int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .header = { .cmsg_len = CMSG_LEN(sizeof(int)),
				  .cmsg_level = SOL_SOCKET,
				  .cmsg_type = SCM_RIGHTS } };
	struct iovec byte = { "x", 1 };
	struct msghdr message = { .msg_iov = &byte,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof control.bytes };

	memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
	if (sendmsg(socket_to_parent, &message, 0) != 1)
		_exit(1);
	close(fd);
}

/* -1 at the end. */
static int receive_file(int sock)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec payload = { &byte, 1 };
	struct msghdr message = { .msg_iov = &payload,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof control.bytes };
	int fd = -1;

	if (recvmsg(sock, &message, MSG_CMSG_CLOEXEC) == 1)
		memcpy(&fd, CMSG_DATA(&control.header), sizeof fd);
	return fd;
}

/*
 * Sends files with paths of every length, as another process sees them. They begin with
 * "/memfd:" and end with " (deleted)", as their name or because they were deleted.
 */
static void send_files_below(int top)
{
	char name[256], folder[200] = "memfd:";
	int directory = top;

	memset(folder + 6, 'd', sizeof folder - 7);
	folder[sizeof folder - 1] = '\0';
	for (size_t depth = 0; depth * sizeof folder < LONGEST_PATH; depth++) {
		for (size_t length = 17; length <= 255; length += depth < 2 ? 1 : 7)
			for (int removed = 0; removed < 2; removed++) {
				int fd;

				memset(name, 'n', length);
				memcpy(name, "memfd:", 6);
				memcpy(name + length - 10, " (deleted)", 11);
				fd = openat(directory, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
				if (fd < 0)
					_exit(2);
				if (removed)
					unlinkat(directory, name, 0);
				send_file(fd);
				unlinkat(directory, name, 0);
			}
		if (mkdirat(directory, folder, 0700) != 0)
			_exit(3);
		directory = openat(directory, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
}

static const char *file_system;

static void run_peer(void)
{
	int top;

	if (own_mounts() != 0 || mount("none", "/dev/shm", file_system, 0, NULL) != 0)
		_exit(77);
	top = open("/dev/shm", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	umount2("/dev/shm", MNT_DETACH);
	send_files_below(top);
}

/* Returns whether the peer sent many files. */
static int inspect_files_of_a_peer(uint32_t kind)
{
	int ends[2], fd, files = 0;
	pid_t peer;

	EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	socket_to_parent = ends[1];
	peer = start_child(run_peer);
	close(ends[1]);
	for (; (fd = receive_file(ends[0])) >= 0; files++)
		check_file(fd, kind, "");
	close(ends[0]);
	fd = status_of(peer);
	CHECK(fd == 0 || (WIFEXITED(fd) && WEXITSTATUS(fd) == 77));
	return files > 1000;
}

static void inspect_of_tmpfs_files_writes_within_bounds(void)
{
	file_system = "tmpfs";
	if (!can_mount())
		SKIP(NO_MOUNTS);
	CHECK(inspect_files_of_a_peer(MEMFD_GO_KIND_TMPFS_FILE));
}

static void inspect_of_hugetlbfs_files_writes_within_bounds(void)
{
	int fd = raw_create("huge", MFD_HUGETLB);

	if (fd < 0)
		SKIP("no hugetlbfs");
	close(fd);
	file_system = "hugetlbfs";
	if (!can_mount())
		SKIP(NO_MOUNTS);
	CHECK(inspect_files_of_a_peer(MEMFD_GO_KIND_HUGETLB));
}

/* ----------------------------------------- Other files on the file system of memfds */

/* Opens the mapped file through /proc/self/map_files. -1 without the right to. */
static int mapped_file(void *address, size_t length)
{
	char path[80];

	snprintf(path, sizeof path, "/proc/self/map_files/%lx-%lx", (unsigned long)address,
		 (unsigned long)address + length);
	return open(path, O_RDONLY | O_CLOEXEC);
}

#define NO_MAP_FILES "no right to open /proc/self/map_files"

static void inspect_of_shared_memory_writes_within_bounds(void)
{
	size_t length = page_size();
	void *memory = mmap(NULL, length, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = mapped_file(memory, length);

	munmap(memory, length);
	if (fd < 0)
		SKIP(NO_MAP_FILES);
	check_file(fd, MEMFD_GO_KIND_OTHER, "");
}

static void inspect_of_system_v_memory_writes_within_bounds(void)
{
	size_t length = page_size();
	int id = shmget(IPC_PRIVATE, length, 0600), fd;
	void *memory;

	if (id < 0)
		SKIP("no System V shared memory");
	memory = shmat(id, NULL, 0);
	shmctl(id, IPC_RMID, NULL);
	fd = mapped_file(memory, length);
	shmdt(memory);
	if (fd < 0)
		SKIP(NO_MAP_FILES);
	check_file(fd, MEMFD_GO_KIND_OTHER, "");
}

static void inspect_of_huge_pages_writes_within_bounds(void)
{
	struct stat status;
	int fd = raw_create("huge", MFD_HUGETLB);
	void *memory;

	if (fd < 0 || fstat(fd, &status) != 0)
		SKIP("no hugetlbfs");
	close(fd);
	memory = mmap(NULL, (size_t)status.st_blksize, PROT_READ, MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB,
		      -1, 0);
	if (memory == MAP_FAILED)
		SKIP("no free huge page");
	fd = mapped_file(memory, (size_t)status.st_blksize);
	munmap(memory, (size_t)status.st_blksize);
	if (fd < 0)
		SKIP(NO_MAP_FILES);
	check_file(fd, MEMFD_GO_KIND_HUGETLB, "");
}

/* -------------------------------------------------------------- Other structs */

static void probe_writes_within_bounds(void)
{
	struct {
		struct memfd_go_features features;
		char behind[64];
	} out;

	memset(&out, GUARD, sizeof out);
	EQ(memfd_go_probe(&out.features, sizeof out.features, 0), 0);
	CHECK(untouched(out.behind, sizeof out.behind));
}

static void secrets_write_within_bounds(void)
{
	struct {
		secret_area area;
		char behind[64];
	} one;
	struct {
		struct memfd_go_secret_pool pool;
		char behind[64];
	} many;

	memset(&one, GUARD, sizeof one);
	EQ(memfd_go_secret_alloc(&one.area, 100, 0), 0);
	CHECK(untouched(one.behind, sizeof one.behind));
	EQ(memfd_go_secret_free(&one.area), 0);
	CHECK(untouched(one.behind, sizeof one.behind));
	memset(&many, GUARD, sizeof many);
	EQ(memfd_go_secret_pool_init(&many.pool, 100, 3, 0), 0);
	CHECK(untouched(many.behind, sizeof many.behind));
	EQ(memfd_go_secret_pool_free(&many.pool), 0);
	CHECK(untouched(many.behind, sizeof many.behind));
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(inspect_of_memfds_writes_within_bounds);
	RUN(inspect_of_tmpfs_files_writes_within_bounds);
	RUN(inspect_of_hugetlbfs_files_writes_within_bounds);
	RUN(inspect_of_shared_memory_writes_within_bounds);
	RUN(inspect_of_system_v_memory_writes_within_bounds);
	RUN(inspect_of_huge_pages_writes_within_bounds);
	RUN(probe_writes_within_bounds);
	RUN(secrets_write_within_bounds);
	return finish();
}
