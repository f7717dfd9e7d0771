/* SPDX-License-Identifier: MIT */

/*
 * descriptors PROCESSES EACH MEMFDS: starts processes with EACH open descriptors each. MEMFDS
 * of all descriptors are memfds, the others /dev/null. Prints a line when all processes are
 * ready, and ends them at the end of its standard input.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void check(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		exit(1);
	}
}

static void open_all(long each, long memfds)
{
	for (long i = 0; i < each; i++) {
		int fd = i < memfds ? memfd_create("bench", MFD_CLOEXEC)
				    : open("/dev/null", O_RDONLY | O_CLOEXEC);

		check(fd >= 0, "a descriptor");
	}
}

int main(int argc, char **argv)
{
	long processes, each, memfds;
	int ready[2], status, failed = 0;
	char byte;

	check(argc == 4, "descriptors PROCESSES EACH MEMFDS");
	processes = atol(argv[1]);
	each = atol(argv[2]);
	memfds = atol(argv[3]);
	check(pipe2(ready, O_CLOEXEC) == 0, "pipe2");
	for (long i = 0; i < processes; i++) {
		pid_t child = fork();

		check(child >= 0, "fork");
		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			open_all(each, (i + 1) * memfds / processes - i * memfds / processes);
			check(write(ready[1], "", 1) == 1, "write");
			while (read(STDIN_FILENO, &byte, 1) > 0)
				;
			_exit(0);
		}
	}
	close(ready[1]); /* so that read(2) returns if a child fails */
	for (long i = 0; i < processes; i++)
		check(read(ready[0], &byte, 1) == 1, "a process that failed");
	printf("ready\n");
	fflush(stdout);
	while (wait(&status) > 0)
		failed |= status;
	return failed != 0;
}
