/* SPDX-License-Identifier: MIT */

/* memfd_go_clone() and memfd_go_clone_stream() of files that change between two system calls. */
#include "test.h"
#include "child.h"
#include "contents.h"
#include "trap.h"

#define SIZE (2 * MIB)
#define HUGE_2MB (MFD_HUGETLB | 21U << 26)

static int source;

static void grow(const struct seccomp_data *data)
{
	struct stat status = { .st_size = 0 };

	if (data->nr != SYS_pread64 && data->nr != SYS_sendfile)
		return;
	EQ(fstat(source, &status), 0);
	if (status.st_size == SIZE)
		EQ(ftruncate(source, SIZE + 1), 0);
}

static void clone_growing_files(void)
{
	const uint32_t flags[] = { 0, HUGE_2MB };
	int huge = memfd_go_create_sealed("test", HUGE_2MB, 0, "x", 1);
	int fds[] = { sized_file(SIZE), sized_file(SIZE) };

	if (huge >= 0)
		close(huge);
	EQ(set_trap(grow), 0);
	for (size_t i = 0; i < (huge < 0 ? 1 : 2); i++) {
		source = fds[i];
		EQ(memfd_go_clone("clone", flags[i], 0, source, 2 * SIZE), -EAGAIN);
	}
}

static void growth_by_a_byte_is_an_error(void)
{
	if (why_not_trap() != NULL)
		SKIP(why_not_trap());
	IN_CHILD(clone_growing_files);
}

#define BUFFER 65536 /* of the library */

static int writer;
static int reads; /* so far */

static void write_to_pipe(const struct seccomp_data *data)
{
	const size_t sizes[] = { 1, BUFFER };

	if (data->nr != SYS_read)
		return;
	if (reads < 2)
		EQ(write(writer, pattern(), sizes[reads]), sizes[reads]);
	else if (reads == 2)
		close(writer);
	reads++;
}

/* The kernel maps the buffer below the latest mapping. */
static void clone_after_a_short_read(void)
{
	int pipes[2];
	unsigned char *neighbour;

	EQ(pipe2(pipes, O_CLOEXEC), 0);
	EQ(fcntl(pipes[1], F_SETPIPE_SZ, 2 * BUFFER), 2 * BUFFER);
	writer = pipes[1];
	pattern();
	EQ(set_trap(write_to_pipe), 0);
	neighbour = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(neighbour, 0xa5, page_size());
	EQ(lseek(memfd_go_clone_stream("clone", 0, 0, pipes[0], MIB), 0, SEEK_END), BUFFER + 1);
	for (size_t i = 0; i < page_size(); i++)
		EQ(neighbour[i], 0xa5);
	EQ(reads, 4);
}

static void short_reads_do_not_exceed_the_buffer(void)
{
	if (why_not_trap() != NULL)
		SKIP(why_not_trap());
	IN_CHILD(clone_after_a_short_read);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(growth_by_a_byte_is_an_error);
	RUN(short_reads_do_not_exceed_the_buffer);
	return finish();
}
