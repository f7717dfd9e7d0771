/* SPDX-License-Identifier: MIT */

/* Descriptor 0, which new files get in a process that has closed its standard input. */
#include "test.h"
#include "area.h"
#include "child.h"
#include "contents.h"
#include "files.h"
#include "filter.h"
#include "sockets.h"

static int source;
static struct channel c;

/* Checks that 'fd' is descriptor 0 with these contents, and frees it again. */
static void check_file_of(int fd, const char *contents, uint32_t seals)
{
	EQ(fd, 0);
	check_contents(fd, contents, 3);
	EQ(memfd_go_check_seals(fd, seals, NULL), 0);
	close(fd);
}

static void check_file(int fd, uint32_t seals)
{
	check_file_of(fd, "abc", seals);
}

static void create(void)
{
	struct memfd_go_create_args args = { .seals = MEMFD_GO_SEALS_IMMUTABLE, .size = 3 };

	EQ(memfd_go_create("test", MFD_CLOEXEC), 0);
	close(0);
	EQ(memfd_go_create_with("test", &args, sizeof args), 0);
	check_file_of(0, "\0\0\0", MEMFD_GO_SEALS_IMMUTABLE);
	check_file(memfd_go_create_sealed("test", MFD_CLOEXEC, 0, "abc", 3), MEMFD_GO_SEALS_IMMUTABLE);
	check_file(memfd_go_clone("test", MFD_CLOEXEC, 0, source, 3), MEMFD_GO_SEALS_IMMUTABLE);
	check_file(memfd_go_clone_stream("test", MFD_CLOEXEC, 0, source, 3), MEMFD_GO_SEALS_IMMUTABLE);
	EQ(memfd_go_reopen(source, O_RDONLY), 0);
	EQ(fcntl(0, F_GETFL) & O_NONBLOCK, 0);
	check_file(0, 0);
}

/* The library itself uses descriptor 0 in the meantime. */
static void import(void)
{
	int fd = memfd_go_import_pid(getpid(), source, O_RDONLY);

	check_contents(fd, "abc", 3);
	close(fd);
	EQ(fcntl(0, F_GETFD), -1);
}

static void receive(void)
{
	int received = -1;
	uint32_t number = 1;

	EQ(memfd_go_send_fds(c.sender, 0, &source, 1, NULL, 0), 0);
	EQ(lseek(source, 0, SEEK_SET), 0); /* clone_stream() has moved it */
	EQ(memfd_go_recv_fds(c.receiver, 0, &received, &number, NULL, NULL), 0);
	EQ(number, 1);
	check_file(received, 0);
	EQ(memfd_go_send_fds(c.sender, 0, &source, 1, NULL, 0), 0);
	check_file(memfd_go_recv_verified(c.receiver, MEMFD_GO_SEALS_IMMUTABLE, 3, 0, NULL, NULL),
		   MEMFD_GO_SEALS_IMMUTABLE);
}

/* The descriptor of a secret is closed unless it is kept. */
static void keep_secrets(void)
{
	secret_area area = NEW_AREA, attached = NEW_AREA;
	int file;

	EQ(memfd_go_secret_alloc(&area, 5, 0), 0);
	EQ(area.fd, -1);
	EQ(fcntl(0, F_GETFD), -1);
	EQ(memfd_go_secret_free(&area), 0);
	if (!have_secretmem())
		return;
	EQ(memfd_go_secret_alloc(&area, 5, MEMFD_GO_OPT_REQUIRE | MEMFD_GO_OPT_KEEP_FD), 0);
	EQ(area.fd, 0);
	*(char *)area.data = 'x';
	EQ(memfd_go_secret_attach(&attached, 0, UINT64_MAX, 0), 0);
	EQ(*(char *)attached.data, 'x');
	EQ(memfd_go_secret_free(&attached), 0);
	file = fcntl(area.fd, F_DUPFD, 1);
	EQ(memfd_go_secret_free(&area), 0);
	EQ(memfd_go_secret_attach(&attached, file, UINT64_MAX, MEMFD_GO_OPT_KEEP_FD), 0);
	EQ(attached.fd, 0);
	EQ(memfd_go_secret_free(&attached), 0);
	EQ(fcntl(0, F_GETFD), -1);
}

static void probe(const struct memfd_go_features *expected)
{
	struct memfd_go_features f;

	EQ(memfd_go_probe(&f, sizeof f, MEMFD_GO_FEATURE_SECRET), 0);
	EQ(memcmp(&f, expected, sizeof f), 0);
	EQ(fcntl(0, F_GETFD), -1);
}

/* Strict files must be closed again. */
static void create_before_6_3(void)
{
	struct memfd_go_create_args args = { .flags = MFD_NOEXEC_SEAL, .opts = MEMFD_GO_OPT_STRICT_NOEXEC };
	struct stat status = { .st_mode = 0 };

	if (!filters_work() || !executable_by_default())
		return;
	EQ(forbid_bits(SYS_memfd_create, 1, MFD_NOEXEC_SEAL | MFD_EXEC, EINVAL), 0);
	EQ(memfd_go_create_with("test", &args, sizeof args), -EOPNOTSUPP);
	EQ(fcntl(0, F_GETFD), -1);
	EQ(memfd_go_create_sealed("test", MFD_NOEXEC_SEAL, 0, "abc", 3), 0);
	EQ(fstat(0, &status), 0);
	EQ(status.st_mode & 0777, 0666);
}

static void without_standard_input(void)
{
	struct memfd_go_features expected;

	EQ(memfd_go_probe(&expected, sizeof expected, MEMFD_GO_FEATURE_SECRET), 0);
	source = memfd_go_create_sealed("test", MFD_CLOEXEC, 0, "abc", 3);
	c = open_channel(SOCK_DGRAM);
	close(0);
	create();
	import();
	receive();
	keep_secrets();
	probe(&expected);
	create_before_6_3();
}

static void functions_return_it(void)
{
	IN_CHILD(without_standard_input);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(functions_return_it);
	return finish();
}
