/* SPDX-License-Identifier: MIT */

/*
 * writer COMMAND [ARGUMENT...]: creates a sealed file in memory and runs COMMAND twice:
 * with the path /proc/PID/fd/N of the file, and with the number N of the inherited
 * descriptor.
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "example.h"

/* Runs a command, and exits if it fails. */
static void run(char **command)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		execvp(command[0], command);
		perror(command[0]);
		_exit(127);
	}
	must("fork", child == -1 ? -errno : 0);
	must("waitpid", waitpid(child, &status, 0) == -1 ? -errno : 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		exit(EXIT_FAILURE); /* The command has printed why. */
}

static void fill(int fd, const char *text, size_t size)
{
	void *area;

	must("map", memfd_go_map(fd, MEMFD_GO_OPT_WRITE, 0, size, &area));
	memcpy(area, text, size);
	must("unmap", memfd_go_unmap(area, size)); /* Sealing a mapped file is EBUSY. */
}

int main(int argc, char *argv[])
{
	const char *text = "hello from C";
	size_t size = strlen(text);
	char seals[64], path[64], number[16];
	struct memfd_go_create_args args = { .flags = MFD_NOEXEC_SEAL };
	int fd;

	if (argc < 2) {
		fprintf(stderr, "usage: %s COMMAND [ARGUMENT...]\n", argv[0]);
		return EXIT_FAILURE;
	}

	say("writer", "process %ld uses libmemfd_go %s", (long)getpid(), memfd_go_version_string());

	/* Without MFD_CLOEXEC, so that the command inherits the descriptor. */
	fd = must("create", memfd_go_create_with("greeting", &args, sizeof args));
	say("writer", "created \"greeting\": descriptor %d", fd);

	must("set_size", memfd_go_set_size(fd, 0, size));
	say("writer", "sized it: %zu bytes", size);

	fill(fd, text, size);
	say("writer", "filled it: \"%s\"", text);

	must("add_seals", memfd_go_add_seals(fd, MEMFD_GO_SEALS_IMMUTABLE));
	memfd_go_format_seals((uint32_t)must("get_seals", memfd_go_get_seals(fd)), MEMFD_GO_STYLE_NAMES,
			      seals, sizeof seals);
	say("writer", "sealed it: %s", seals);

	/* Drop our name, to make room for one more argument before the final NULL. */
	memmove(argv, argv + 1, (size_t)(argc - 1) * sizeof *argv);
	snprintf(path, sizeof path, "/proc/%ld/fd/%d", (long)getpid(), fd);
	argv[argc - 1] = path;
	run(argv);
	snprintf(number, sizeof number, "%d", fd);
	argv[argc - 1] = number;
	run(argv);
	return EXIT_SUCCESS;
}
