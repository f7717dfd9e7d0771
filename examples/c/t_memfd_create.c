/* SPDX-License-Identifier: MIT */

/*
 * t_memfd_create: the first program in the EXAMPLES of memfd_create(2).
 *
 *	$ ./t_memfd_create my_memfd_file 4096 sw &
 *	PID: 11775; fd: 3; /proc/11775/fd/3
 *
 * It creates a file in memory, sets its size, seals it, and waits, so that the file exists.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "memfd_go.h"

static void usage(const char *program)
{
	fprintf(stderr,
	        "%s name size [seals]\n"
	        "\t'seals' can contain any of the following characters:\n"
	        "\t\tg - F_SEAL_GROW\n"
	        "\t\ts - F_SEAL_SHRINK\n"
	        "\t\tw - F_SEAL_WRITE\n"
	        "\t\tW - F_SEAL_FUTURE_WRITE\n"
	        "\t\tS - F_SEAL_SEAL\n"
	        "\t\tx - F_SEAL_EXEC\n",
	        program);
	exit(EXIT_FAILURE);
}

/* Returns a result of the library, or exits if it is an error. */
static int must(const char *what, int result)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "%s: %s\n", what, memfd_go_result_name(result));
	exit(EXIT_FAILURE);
}

static uint64_t parse_size(const char *text)
{
	char *end;
	unsigned long long size;

	errno = 0;
	size = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0') {
		fprintf(stderr, "size: %s is not a number of bytes\n", text);
		exit(EXIT_FAILURE);
	}
	return size;
}

int main(int argc, char *argv[])
{
	uint32_t seals;
	long pid = (long)getpid();
	int fd;

	if (argc != 3 && argc != 4)
		usage(argv[0]);

	fd = must("memfd_create", memfd_go_create(argv[1], MFD_ALLOW_SEALING));
	must("truncate", memfd_go_set_size(fd, 0, parse_size(argv[2])));

	/* Here the file could be mapped and filled. */

	if (argc == 4) {
		must("seals", memfd_go_parse_seals(argv[3], &seals));
		must("fcntl", memfd_go_add_seals(fd, seals));
	}

	/* Last, because another program may read this line and check the seals. */
	printf("PID: %ld; fd: %d; /proc/%ld/fd/%d\n", pid, fd, pid, fd);
	fflush(stdout);

	pause();
	return EXIT_SUCCESS;
}
