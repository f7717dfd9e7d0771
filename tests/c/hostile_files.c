/* SPDX-License-Identifier: MIT */

/*
 * What a hostile peer may send in place of a sealed memfd. memfd_go_map_verified() and
 * memfd_go_recv_verified() refuse each of them, and nothing stays open or mapped.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "test.h"
#include "sockets.h"

#define LARGEST INT64_MAX
#define NOT_HERE (-2) /* the machine has no such file */

/* A file that holds something, with these seals. */
static int file_with(uint32_t flags, uint32_t seals)
{
	int fd = raw_create("hostile", flags | MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return NOT_HERE;
	if (fallocate(fd, 0, 0, 2 << 20) != 0 || fcntl(fd, F_ADD_SEALS, seals) != 0) {
		close(fd);
		return NOT_HERE;
	}
	return fd;
}

static int unsealed(void)
{
	return file_with(0, 0);
}

static int may_shrink(void)
{
	return file_with(0, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SEAL);
}

static int may_be_written_to(void)
{
	return file_with(0, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

static int may_be_written_to_through_mappings(void)
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

/* Its pages could be taken out: then touching one is SIGBUS if there is no free one. */
static int huge_pages_that_can_be_taken_out(void)
{
	return file_with(MFD_HUGETLB, F_SEAL_SHRINK | F_SEAL_GROW);
}

/* Its last page may be a hole, and touching that is SIGBUS. */
static int part_of_a_huge_page(void)
{
	int fd = raw_create("hostile", MFD_HUGETLB | MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return NOT_HERE;
	if (fallocate(fd, 0, 0, 1) != 0 || fcntl(fd, F_ADD_SEALS, MEMFD_GO_SEALS_IMMUTABLE) != 0) {
		close(fd);
		return NOT_HERE;
	}
	return fd;
}

static int file_on_tmpfs(void)
{
	int fd = tmpfs_file();

	if (fd < 0)
		return NOT_HERE;
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

static int a_socket(void)
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
		return NOT_HERE;
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
	{ "may_shrink", may_shrink, 0, -EKEYREJECTED },
	{ "may_shrink_if_only_writing_matters", may_shrink, F_SEAL_WRITE, -EKEYREJECTED },
	{ "may_be_written_to", may_be_written_to, 0, -EKEYREJECTED },
	{ "may_be_written_to_through_mappings", may_be_written_to_through_mappings, 0, -EKEYREJECTED },
	{ "empty", empty, 0, -ENODATA },
	{ "too_large", too_large, 0, -EFBIG },
	{ "write_only", write_only, 0, -EACCES },
	{ "path_only", path_only, 0, -EBADF },
	{ "huge_pages_that_can_be_taken_out", huge_pages_that_can_be_taken_out, F_SEAL_SHRINK, -EKEYREVOKED },
	{ "part_of_a_huge_page", part_of_a_huge_page, 0, -EINVAL },
	{ "file_on_tmpfs", file_on_tmpfs, 0, -EKEYREJECTED },
	{ "file_on_tmpfs_with_the_seal_it_has", file_on_tmpfs, F_SEAL_SEAL, -EKEYREJECTED },
	{ "file_on_disk", file_on_disk, 0, -EINVAL },
	{ "directory", directory, 0, -EINVAL },
	{ "device", device, 0, -EINVAL },
	{ "pipe", pipe_file, 0, -EINVAL },
	{ "socket", a_socket, 0, -EINVAL },
	{ "event_counter", event_counter, 0, -EINVAL },
	{ "event_poll", event_poll, 0, -EINVAL },
	{ "secret_file", secret_file, 0, -EINVAL },
};

static const struct hostile_file *file;

/* What is too large to accept is as large as any mapping may be, not as any file. */
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
	if (file->open == write_only) { /* only mapping it asks for the right to read */
		map(got);
		EQ(close(got), 0);
	} else {
		EQ(got, file->error);
	}
	EQ(count_descriptors(), before);
	close_channel(c);
}

static void is_refused(void)
{
	int fd = file->open();

	if (fd == NOT_HERE)
		SKIP("there is none here");
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
		run(file->name, is_refused);
	}
	return finish();
}
