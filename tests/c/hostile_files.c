/* SPDX-License-Identifier: MIT */

/*
 * Files that a hostile peer may send instead of a sealed memfd. memfd_go_map_verified() and
 * memfd_go_recv_verified() must refuse each of them and leak nothing.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "test.h"
#include "contents.h"
#include "sockets.h"

#define LARGEST INT64_MAX
#define UNAVAILABLE (-2) /* the system has no such file */

/* A file with contents and these seals. */
static int file_with(uint32_t flags, uint32_t seals)
{
	off_t size = (flags & MFD_HUGETLB) != 0 ? (off_t)huge_page() : 2 << 20;
	int fd = raw_create("hostile", flags | MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return UNAVAILABLE;
	if (fallocate(fd, 0, 0, size) != 0 || fcntl(fd, F_ADD_SEALS, seals) != 0) {
		close(fd);
		return UNAVAILABLE;
	}
	return fd;
}

static int unsealed(void)
{
	return file_with(0, 0);
}

static int without_shrink_seal(void)
{
	return file_with(0, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SEAL);
}

static int without_write_seal(void)
{
	return file_with(0, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

static int future_write_seal_only(void)
{
	return file_with(0, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL | F_SEAL_FUTURE_WRITE);
}

static int empty(void)
{
	int fd = sealable_file();

	EQ(fcntl(fd, F_ADD_SEALS, MEMFD_GO_SEALS_IMMUTABLE), 0);
	return fd;
}

static int too_large(void)
{
	int fd = sized_file((uint64_t)1 << 40);

	EQ(fcntl(fd, F_ADD_SEALS, MEMFD_GO_SEALS_IMMUTABLE), 0);
	return fd;
}

static int write_only(void)
{
	int fd = file_with(0, 0), writer = reopen(fd, O_WRONLY);

	EQ(fcntl(fd, F_ADD_SEALS, MEMFD_GO_SEALS_IMMUTABLE), 0);
	close(fd);
	return writer;
}

static int path_only(void)
{
	int fd = file_with(0, MEMFD_GO_SEALS_IMMUTABLE), path = reopen(fd, O_PATH);

	close(fd);
	return path;
}

/* Its pages could be removed. An access is SIGBUS then, unless a huge page is free. */
static int removable_huge_pages(void)
{
	return file_with(MFD_HUGETLB, F_SEAL_SHRINK | F_SEAL_GROW);
}

/* Its last page may be a hole, and an access to it is SIGBUS. */
static int part_of_a_huge_page(void)
{
	int fd = raw_create("hostile", MFD_HUGETLB | MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return UNAVAILABLE;
	if (fallocate(fd, 0, 0, 1) != 0 || fcntl(fd, F_ADD_SEALS, MEMFD_GO_SEALS_IMMUTABLE) != 0) {
		close(fd);
		return UNAVAILABLE;
	}
	return fd;
}

static int file_on_tmpfs(void)
{
	int fd = tmpfs_file();

	if (fd < 0)
		return UNAVAILABLE;
	EQ(write(fd, "abcdef", 6), 6);
	return fd;
}

static int file_on_disk(void)
{
	return open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
}

static int directory(void)
{
	return open("/", O_RDONLY | O_CLOEXEC);
}

static int device(void)
{
	return open("/dev/zero", O_RDWR | O_CLOEXEC);
}

static int unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int event_counter(void)
{
	return eventfd(1, EFD_CLOEXEC);
}

static int event_poll(void)
{
	return epoll_create1(EPOLL_CLOEXEC);
}

static int secret_file(void)
{
	int fd = raw_secret(O_CLOEXEC);

	if (fd < 0)
		return UNAVAILABLE;
	EQ(ftruncate(fd, 4096), 0);
	return fd;
}

static const struct hostile_file {
	const char *name;
	int (*open)(void);
	uint32_t required;
	int error;
} files[] = {
	{ "unsealed", unsealed, 0, -EKEYREJECTED },
	{ "without_shrink_seal", without_shrink_seal, 0, -EKEYREJECTED },
	{ "without_shrink_seal_if_only_write_is_required", without_shrink_seal, F_SEAL_WRITE, -EKEYREJECTED },
	{ "without_write_seal", without_write_seal, 0, -EKEYREJECTED },
	{ "future_write_seal_only", future_write_seal_only, 0, -EKEYREJECTED },
	{ "empty", empty, 0, -ENODATA },
	{ "too_large", too_large, 0, -EFBIG },
	{ "write_only", write_only, 0, -EACCES },
	{ "path_only", path_only, 0, -EBADF },
	{ "removable_huge_pages", removable_huge_pages, F_SEAL_SHRINK, -EKEYREVOKED },
	{ "part_of_a_huge_page", part_of_a_huge_page, 0, -EINVAL },
	{ "file_on_tmpfs", file_on_tmpfs, 0, -EKEYREJECTED },
	{ "file_on_tmpfs_if_only_seal_is_required", file_on_tmpfs, F_SEAL_SEAL, -EKEYREJECTED },
	{ "file_on_disk", file_on_disk, 0, -EINVAL },
	{ "directory", directory, 0, -EINVAL },
	{ "device", device, 0, -EINVAL },
	{ "pipe", pipe_file, 0, -EINVAL },
	{ "socket", unix_socket, 0, -EINVAL },
	{ "event_counter", event_counter, 0, -EINVAL },
	{ "event_poll", event_poll, 0, -EINVAL },
	{ "secret_file", secret_file, 0, -EINVAL },
};

static const struct hostile_file *file;

/* too_large() needs a limit that it exceeds. */
static uint64_t largest(void)
{
	return file->open == too_large ? 1 << 30 : LARGEST;
}

static void map(int fd)
{
	void *address = (void *)0x5a5a;
	size_t length = 77;

	EQ(memfd_go_map_verified(fd, file->required, largest(), 0, &address, &length), file->error);
	CHECK(address == (void *)0x5a5a);
	EQ(length, 77);
}

static void receive(int fd, int type)
{
	struct channel c = open_channel(type);
	long before;
	int got;

	EQ(send_message(c.sender, fd, 1, "x", 1), 1);
	before = count_descriptors();
	got = memfd_go_recv_verified(c.receiver, file->required, largest(), 0, NULL, NULL);
	if (file->open == write_only) { /* only the mapping needs the right to read */
		map(got);
		EQ(close(got), 0);
	} else {
		EQ(got, file->error);
	}
	EQ(count_descriptors(), before);
	close_channel(c);
}

static void check_refused(void)
{
	int fd = file->open();

	if (fd == UNAVAILABLE)
		SKIP("the system has no such file");
	CHECK(fd >= 0);
	map(fd);
	for (size_t i = 0; i < SOCKET_TYPES; i++)
		receive(fd, socket_types[i]);
	close(fd);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		file = &files[i];
		run(file->name, check_refused);
	}
	return finish();
}
