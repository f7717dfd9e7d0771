/* SPDX-License-Identifier: MIT */

/*
 * A peer sends random messages and changes the files in them before, during and after the calls
 * that receive, verify, inspect and map. Verified contents stay readable, and if sealed against
 * writing, unchanged. No descriptor leaks, and no other descriptor is closed.
 */
#include <pthread.h>
#include <semaphore.h>
#include <sys/epoll.h>

#include "fuzz.h"
#include "sockets.h"

#define FILES 8
#define CONTROL 2048
#define LONGEST_FILE 65536

/* Shared by peer and receiver. */
static int files[FILES], number_of_files;
static struct channel channel;

/* ---------------------------------------------------------------- Descriptors */

static int other_descriptor(unsigned kind)
{
	switch (kind % 8) {
	case 0:
		return pipe_file();
	case 1:
		return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	case 2:
		return open("/dev/zero", O_RDWR | O_CLOEXEC);
	case 3:
		return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	case 4:
		return tmpfs_file();
	case 5:
		return epoll_create1(EPOLL_CLOEXEC);
	case 6:
		return open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	default:
		return raw_secret(0);
	}
}

static int memory_file(struct input *in)
{
	uint8_t how = take_byte(in);
	int fd = raw_create("fuzz", how & 0x1aU), again;

	if (fd < 0)
		return fd;
	if ((how & 1) != 0 && ftruncate(fd, take_byte(in) * 100) == 0)
		(void)!pwrite(fd, "fuzz", 4, 0);
	fcntl(fd, F_ADD_SEALS, take_byte(in) & 0x3f);
	if ((how & 0x20) == 0)
		return fd;
	again = reopen(fd, (how & 0x40) != 0 ? O_RDONLY : (how & 0x80) != 0 ? O_PATH : O_WRONLY);
	close(fd);
	return again;
}

static void make_files(struct input *in)
{
	unsigned count = take_byte(in) % FILES + 1U;

	number_of_files = 0;
	for (unsigned i = 0; i < count; i++) {
		uint8_t kind = take_byte(in);
		int fd = kind < 200 ? memory_file(in) : other_descriptor(kind);

		if (fd >= 0)
			files[number_of_files++] = fd;
	}
}

static int take_file(struct input *in)
{
	return number_of_files == 0 ? -1 : files[take_byte(in) % number_of_files];
}

/* ------------------------------------------------------------------- The peer */

/* Adds a control message, usually a valid one. Returns its size. */
static size_t add_control(struct input *in, char *to, size_t room)
{
	static const int types[] = { SCM_RIGHTS, SCM_RIGHTS, SCM_RIGHTS, SCM_CREDENTIALS, 3, 4, 29, 37 };
	uint8_t how = take_byte(in), count = take_byte(in);
	struct cmsghdr header = { .cmsg_level = SOL_SOCKET, .cmsg_type = types[how % 8] };
	size_t length;

	if (count > 20 && how < 128)
		count %= 20;
	length = header.cmsg_type == SCM_CREDENTIALS ? sizeof(struct ucred) : count * sizeof(int);
	header.cmsg_len = CMSG_LEN(length);
	if (CMSG_SPACE(length) > room)
		return 0;
	if (header.cmsg_type == SCM_CREDENTIALS)
		memcpy(to + CMSG_LEN(0), &(struct ucred){ getpid(), getuid(), getgid() }, length);
	else
		for (unsigned i = 0; i < count; i++)
			memcpy(to + CMSG_LEN(i * sizeof(int)), &(int){ take_file(in) }, sizeof(int));
	if (how >= 240) {
		header.cmsg_len = (size_t)take_number(in);
		header.cmsg_level = take_byte(in);
	}
	memcpy(to, &header, sizeof header);
	return CMSG_SPACE(length);
}

static void send_anything(struct input *in)
{
	char control[CONTROL] __attribute__((aligned(8))) = { 0 };
	static char data[300];
	struct iovec payload = { data, take_byte(in) };
	struct msghdr message = { .msg_iov = &payload, .msg_iovlen = 1, .msg_control = control };

	for (int i = take_byte(in) % 4; i > 0; i--)
		message.msg_controllen += add_control(in, control + message.msg_controllen,
						      sizeof control - message.msg_controllen);
	raw(syscall(SYS_sendmsg, channel.sender, &message, MSG_NOSIGNAL | MSG_DONTWAIT));
}

/*
 * Changes a file that the peer has sent, if it is a memfd. The others are a device, a folder and
 * this program.
 */
static void harm(struct input *in, int fd)
{
	if (fcntl(fd, F_GET_SEALS) < 0)
		return;
	switch (take_byte(in) % 6) {
	case 0:
		(void)!ftruncate(fd, take_byte(in) * 100);
		break;
	case 1:
		(void)!pwrite(fd, "harm", 4, take_byte(in));
		break;
	case 2:
		fcntl(fd, F_ADD_SEALS, take_byte(in) & 0x3f);
		break;
	case 3:
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096);
		break;
	case 4:
		fchmod(fd, take_byte(in));
		break;
	case 5:
		lseek(fd, take_byte(in), SEEK_SET);
		break;
	}
}

static void act_as_peer(struct input *in)
{
	while (in->left > 0) {
		if (take_byte(in) % 3 == 0)
			send_anything(in);
		else
			harm(in, take_file(in));
	}
}

static struct {
	sem_t work, done;
	struct input script;
} peer;

static void *run_peer(void *unused)
{
	for (;;) {
		sem_wait(&peer.work);
		act_as_peer(&peer.script);
		sem_post(&peer.done);
	}
	return unused;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	pthread_t thread;

	(void)argc;
	(void)argv;
	sem_init(&peer.work, 0, 0);
	sem_init(&peer.done, 0, 0);
	MUST(pthread_create(&thread, NULL, run_peer, NULL) == 0);
	return 0;
}

/* --------------------------------------------------------------- The receiver */

/* Each byte is readable and unchanged, whatever the peer does. */
static void read_for_ever(const volatile uint8_t *map, size_t length, int constant)
{
	uint8_t copy[LONGEST_FILE];

	MUST(length <= sizeof copy);
	for (size_t i = 0; i < length; i++)
		copy[i] = map[i];
	sched_yield();
	for (size_t i = 0; i < length; i++)
		MUST(map[i] == copy[i] || !constant);
}

static void map_verified(struct input *in, int fd)
{
	void *map = NULL;
	size_t length = 0;
	uint32_t required = take_bits(in, 0x3f);
	uint64_t limit = take_byte(in) * 256U;
	long r = CALL(memfd_go_map_verified(fd, required, limit, 0, &map, &length));

	if (r < 0) {
		MUST(map == NULL && length == 0);
		return;
	}
	MUST(length > 0 && length <= limit);
	read_for_ever(map, length, required == 0 || (required & F_SEAL_WRITE) != 0);
	MUST(memfd_go_unmap(map, length) == 0);
}

/* What the peer can still do to a verified file: extend it, and add seals. */
static int peer_can_cause(long error, uint32_t required)
{
	switch (error) {
	case -EFBIG:
		return (required & F_SEAL_GROW) == 0;
	case -EPERM:
		return required != 0 && (required & F_SEAL_WRITE) == 0;
	case -EKEYREVOKED:
		return (required & F_SEAL_SEAL) == 0;
	}
	return 0;
}

static void receive_verified(struct input *in)
{
	void *map = NULL;
	long r;
	size_t length = 0;
	uint32_t required = take_bits(in, 0x3f);
	uint64_t limit = take_byte(in) * 256U;
	int fd = (int)CALL(memfd_go_recv_verified(channel.receiver, required, limit, 0, NULL, NULL));

	if (fd < 0)
		return;
	MUST((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY) {
		MUST(memfd_go_map_verified(fd, required, limit, 0, &map, &length) == -EACCES);
	} else if ((r = memfd_go_map_verified(fd, required, limit, 0, &map, &length)) < 0) {
		MUST(peer_can_cause(r, required));
	} else {
		MUST(length > 0 && length <= limit);
		read_for_ever(map, length, required == 0 || (required & F_SEAL_WRITE) != 0);
		MUST(memfd_go_unmap(map, length) == 0);
	}
	close(fd);
}

static void inspect(struct input *in, int fd)
{
	struct memfd_go_info info;
	long r = CALL(memfd_go_inspect(fd, 0, &info, sizeof info));

	(void)in;
	if (r < 0)
		return;
	note(__LINE__, info.kind * 4 + info.access);
	MUST(info.kind <= MEMFD_GO_KIND_SECRET && info.access <= MEMFD_GO_ACCESS_READ_WRITE);
	MUST(memchr(info.name, '\0', sizeof info.name) != NULL);
}

static void receive(struct input *in)
{
	int fds[MEMFD_GO_FDS_MAX + 1];
	uint8_t data[256];
	uint32_t count = take_byte(in) % (MEMFD_GO_FDS_MAX + 2U), room = count;
	size_t length = take_byte(in), data_room = length;
	long r;

	memset(fds, 0x5a, sizeof fds);
	memset(data, 0x5a, sizeof data);
	r = CALL(memfd_go_recv_fds(channel.receiver, 0, fds, &count, data, &length));
	MUST(data[data_room] == 0x5a && fds[room < MEMFD_GO_FDS_MAX ? room : MEMFD_GO_FDS_MAX] == 0x5a5a5a5a);
	if (r < 0) {
		MUST(fds[0] == 0x5a5a5a5a && count == room && length <= data_room);
		return;
	}
	MUST(r == 0 && count <= room);
	MUST(length <= data_room);
	for (uint32_t i = 0; i < count; i++) {
		MUST((fcntl(fds[i], F_GETFD) & FD_CLOEXEC) != 0);
		inspect(in, fds[i]);
		map_verified(in, fds[i]);
		MUST(close(fds[i]) == 0);
	}
}

static void act_as_receiver(struct input *in)
{
	static const int options[] = { SO_PASSCRED, SO_PASSPIDFD, SO_PASSSEC, SO_TIMESTAMP };
	rlim_t old;

	switch (take_byte(in) % 7) {
	case 0:
	case 1:
		receive(in);
		break;
	case 2:
	case 3:
		receive_verified(in);
		break;
	case 4:
		set_option(channel.receiver, options[take_byte(in) % 4]);
		break;
	case 5: /* with few free descriptors */
		old = set_limit(RLIMIT_NOFILE, 10U + take_byte(in) % 32U);
		receive(in);
		receive_verified(in);
		set_limit(RLIMIT_NOFILE, old);
		break;
	case 6:
		map_verified(in, take_file(in));
		inspect(in, take_file(in));
		break;
	}
}

/* A part of the input, for the other side. */
static struct input split(struct input *in)
{
	struct input part = *in;

	part.left = take_byte(in);
	if (part.left > in->left)
		part.left = in->left;
	part.data = in->data;
	in->data += part.left;
	in->left -= part.left;
	return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
	struct input in = { data, length }, before_receiving;
	struct resources before = count_resources();
	int concurrent;

	bound_files();
	channel = open_channel(socket_types[take_byte(&in) % SOCKET_TYPES]);
	fcntl(channel.receiver, F_SETFL, O_NONBLOCK);
	make_files(&in);
	before_receiving = split(&in);
	act_as_peer(&before_receiving);
	peer.script = split(&in);
	concurrent = peer.script.left > 0;
	if (concurrent)
		sem_post(&peer.work);
	while (in.left > 0)
		act_as_receiver(&in);
	if (concurrent)
		sem_wait(&peer.done);
	while (number_of_files > 0)
		close(files[--number_of_files]);
	close_channel(channel);
	CHECK_RESOURCES(before);
	return 0;
}
