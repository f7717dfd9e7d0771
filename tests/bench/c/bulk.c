/* SPDX-License-Identifier: MIT */

/*
 * bulk SPEED FILE NAME=PATH...: creates sealed files, clones FILE, and sends files to a
 * receiver that verifies them, in several sizes.
 */
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "bench.h"

#define MIB (1 << 20)
#define LARGEST (64 * MIB)

static size_t size;       /* of the file */
static unsigned flags;    /* of memfd_create(2) */
static char *data, *copy; /* LARGEST bytes */
static int source;        /* a file of that size, on a disk */
static int sealed, sockets[2];

/* Closes a new file. EBUSY means that the kernel used one of its pages, which is rare. */
static int done(int fd)
{
	if (fd == -EBUSY)
		return 0;
	if (fd < 0 || close(fd) < 0) {
		errno = fd < 0 ? -fd : errno;
		fail("a file");
	}
	return 0;
}

static int seal(int fd)
{
	while (fcntl(fd, F_ADD_SEALS, MEMFD_GO_SEALS_IMMUTABLE) != 0)
		require(errno == EBUSY, "F_ADD_SEALS");
	return fd;
}

/* ----------------------------------------------------------- A sealed file */

static int create_by_library(const struct variant *a)
{
	return done(a->library->create_sealed("bench", flags, 0, data, size));
}

static int create_by_write(const struct variant *a)
{
	int fd = memfd_create("bench", flags | MFD_ALLOW_SEALING);

	(void)a;
	for (size_t n = 0; n < size;) {
		ssize_t r = pwrite(fd, data + n, size - n, (off_t)n);

		require(r > 0, "pwrite");
		n += (size_t)r;
	}
	return done(seal(fd));
}

static int create_by_mapping(const struct variant *a)
{
	int fd = memfd_create("bench", flags | MFD_ALLOW_SEALING);
	void *to;

	(void)a;
	require(((flags & MFD_HUGETLB) != 0 ? fallocate(fd, 0, 0, (off_t)size)
					    : ftruncate(fd, (off_t)size)) == 0,
		"size");
	to = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	require(to != MAP_FAILED, "mmap");
	memcpy(to, data, size);
	munmap(to, size);
	return done(seal(fd));
}

static int copy_memory(const struct variant *a)
{
	(void)a;
	memcpy(copy, data, size);
	__asm__ volatile("" : : "r"(copy) : "memory");
	return 0;
}

/* ----------------------------------------------------------------- A clone */

static int clone_by_library(const struct variant *a)
{
	return done(a->library->clone("bench", MFD_CLOEXEC, 0, source, LARGEST));
}

static int clone_by_sendfile(const struct variant *a)
{
	int fd = memfd_create("bench", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct stat st;
	off_t at = 0;

	(void)a;
	require(fstat(source, &st) == 0, "fstat");
	while (at < st.st_size)
		require(sendfile(fd, source, &at, (size_t)(st.st_size - at)) > 0, "sendfile");
	lseek(fd, 0, SEEK_SET);
	return done(seal(fd));
}

static int clone_by_read(const struct variant *a)
{
	int fd = memfd_create("bench", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ssize_t n;

	(void)a;
	for (off_t at = 0; (n = pread(source, copy, 65536, at)) > 0; at += n)
		require(write(fd, copy, (size_t)n) == n, "write");
	return done(seal(fd));
}

/* -------------------------------------------------------- Sent and received */

static unsigned char touch(const char *map)
{
	unsigned char sum = 0;

	for (size_t at = 0; at < size; at += 4096)
		sum += (unsigned char)((const volatile char *)map)[at];
	return sum;
}

static int send_by_library(const struct variant *a)
{
	size_t length;
	void *map;
	int fd;

	require(a->library->send_fds(sockets[0], 0, &sealed, 1, NULL, 0) == 0, "send_fds");
	fd = a->library->recv_verified(sockets[1], F_SEAL_WRITE, LARGEST, 0, NULL, NULL);
	require(a->library->map_verified(fd, F_SEAL_WRITE, LARGEST, 0, &map, &length) == 0, "map_verified");
	done(fd);
	touch(map);
	return a->library->unmap(map, length);
}

union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

static void send_file(int fd)
{
	struct iovec byte = { "", 1 };
	union control control = { { 0 } };
	struct msghdr message = {
		.msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};

	control.header = (struct cmsghdr){ CMSG_LEN(sizeof fd), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
	require(sendmsg(sockets[0], &message, MSG_NOSIGNAL) == 1, "sendmsg");
}

static int receive_file(void)
{
	char text;
	struct iovec byte = { &text, 1 };
	union control control;
	struct msghdr message = {
		.msg_iov = &byte, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	int fd;

	require(recvmsg(sockets[1], &message, MSG_CMSG_CLOEXEC) == 1, "recvmsg");
	require(CMSG_FIRSTHDR(&message) != NULL && (message.msg_flags & MSG_CTRUNC) == 0, "no file");
	memcpy(&fd, CMSG_DATA(&control.header), sizeof fd);
	return fd;
}

static size_t verified_size(int fd)
{
	const int needed = F_SEAL_WRITE | F_SEAL_SHRINK;
	struct stat st;

	require((fcntl(fd, F_GET_SEALS) & needed) == needed && fstat(fd, &st) == 0, "seals");
	return (size_t)st.st_size;
}

/* The library verifies a file when it receives it and when it maps it. */
static int send_by_calls(const struct variant *a)
{
	size_t length;
	void *map;
	int fd;

	(void)a;
	send_file(sealed);
	fd = receive_file();
	verified_size(fd);
	length = verified_size(fd);
	map = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, 0);
	require(map != MAP_FAILED, "mmap");
	done(fd);
	touch(map);
	return munmap(map, length);
}

static int send_by_copying(const struct variant *a)
{
	(void)a;
	for (size_t at = 0; at < size; at += 65536) {
		size_t n = size - at < 65536 ? size - at : 65536;

		require(write(sockets[0], data + at, n) == (ssize_t)n, "write");
		require(recv(sockets[1], copy + at, n, MSG_WAITALL) == (ssize_t)n, "recv");
	}
	return 0;
}

/* -------------------------------------------------------------- Benchmarks */

static void name(struct work *w, const char *what, int calls)
{
	static char names[32][64];
	static int count;
	const char *unit = size < MIB ? "KiB" : "MiB";

	snprintf(names[count], sizeof names[count], "%s %zu %s", what, size < MIB ? size / 1024 : size / MIB,
		 unit);
	*w = (struct work){ .name = names[count++], .calls = calls, .percentiles = size < MIB };
}

static void add_libraries(struct work *w, int (*work)(const struct variant *))
{
	for (int i = 0; i < library_count; i++)
		add_variant(w, libraries[i].name, work, &libraries[i]);
}

static void bench_create(const char *what, int (*same)(const struct variant *),
			 int (*other)(const struct variant *))
{
	struct work w;

	name(&w, what, size < MIB ? 10 : 1);
	add_variant(&w, "same calls in C", same, NULL);
	if (other != same && size < LARGEST) /* it takes too long */
		add_variant(&w, "mmap+memcpy", other, NULL);
	add_libraries(&w, create_by_library);
	add_variant(&w, "memcpy alone", copy_memory, NULL);
	run(&w, size < MIB ? 3 : size < LARGEST ? 5 : 9);
}

static void bench_clone(void)
{
	struct work w;

	require(ftruncate(source, 0) == 0 && pwrite(source, data, size, 0) == (ssize_t)size, "the source");
	name(&w, "clone", size < MIB ? 10 : 1);
	add_variant(&w, "same calls in C", clone_by_sendfile, NULL);
	add_variant(&w, "read+write", clone_by_read, NULL);
	add_libraries(&w, clone_by_library);
	run(&w, 2);
}

static void bench_send(void)
{
	struct work w;

	sealed = libraries[0].create_sealed("bench", MFD_CLOEXEC, 0, data, size);
	name(&w, "send", size < MIB ? 10 : 1);
	add_variant(&w, "same calls in C", send_by_calls, NULL);
	add_variant(&w, "copied through the socket", send_by_copying, NULL);
	add_libraries(&w, send_by_library);
	run(&w, 2);
	close(sealed);
}

static char *memory(void)
{
	char *p = mmap(NULL, LARGEST, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1,
		       0);

	require(p != MAP_FAILED, "memory");
	memset(p, 'x', LARGEST);
	return p;
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = { 4096, 65536, MIB, 8 * MIB, LARGEST };
	int huge;

	begin(argc, argv, "bulk SPEED FILE NAME=PATH...", 3);
	data = memory();
	copy = memory();
	source = open(argv[2], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	require(source >= 0, argv[2]);
	require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) == 0, "socketpair");
	flags = MFD_CLOEXEC;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		size = sizes[i];
		bench_create("create_sealed", create_by_write, create_by_mapping);
		bench_clone();
		bench_send();
	}
	size = 2 * MIB;
	flags = MFD_CLOEXEC | MFD_HUGETLB;
	huge = memfd_create("bench", flags);
	if (huge >= 0 && fallocate(huge, 0, 0, (off_t)size) == 0) {
		close(huge);
		bench_create("create_sealed, huge page", create_by_mapping, create_by_mapping);
	}
	return unlink(argv[2]);
}
