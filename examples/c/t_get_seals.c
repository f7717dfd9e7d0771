/* SPDX-License-Identifier: MIT */

/*
 * t_get_seals: the second program in the EXAMPLES of memfd_create(2).
 *
 *	$ ./t_get_seals /proc/11775/fd/3
 *	Existing seals: WRITE SHRINK
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "memfd_go.h"

int main(int argc, char *argv[])
{
	char names[64]; /* enough for any seals */
	int fd, seals;

	if (argc != 2) {
		fprintf(stderr, "%s /proc/PID/fd/FD\n", argv[0]);
		return EXIT_FAILURE;
	}

	fd = open(argv[1], O_RDONLY); /* The manual page uses O_RDWR, which is not necessary. */
	if (fd == -1) {
		perror("open");
		return EXIT_FAILURE;
	}

	seals = memfd_go_get_seals(fd);
	if (seals < 0) {
		fprintf(stderr, "fcntl: %s\n", memfd_go_result_name(seals));
		return EXIT_FAILURE;
	}

	memfd_go_format_seals((uint32_t)seals, MEMFD_GO_STYLE_NAMES, names, sizeof names);
	printf("Existing seals:%s%s\n", names[0] != '\0' ? " " : "", names);
	return EXIT_SUCCESS;
}
