/* SPDX-License-Identifier: MIT */

/* Executable memfds. */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include <fcntl.h>
#include <string.h>

#include "files.h"
#include "test.h"

/* Flags of executable files. Before Linux 6.3, where MFD_EXEC is missing, all files are executable. */
static inline uint32_t executable(void)
{
	return executable_by_default() ? MFD_CLOEXEC : MFD_CLOEXEC | MFD_EXEC;
}

static inline int program_copy(const char *path)
{
	int source = open(path, O_RDONLY | O_CLOEXEC);
	int fd = memfd_go_clone("program", executable(), 0, source, 1 << 28);

	close(source);
	return fd;
}

static inline int script(const char *text)
{
	return memfd_go_create_sealed("script", executable(), 0, text, strlen(text));
}

static inline void forbidden(void)
{
	SKIP(NO_EXECUTABLES);
}

/* Runs a test that needs executable files. */
#define RUN_PROGRAM(body) run(#body, executables_work() ? (body) : forbidden)

#endif
