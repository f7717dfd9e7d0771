/* SPDX-License-Identifier: MIT */

/* Programs in memory files, ready to be executed. */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include <fcntl.h>
#include <string.h>

#include "files.h"
#include "test.h"

/* Files are to be executable whatever vm.memfd_noexec=1 says. Before Linux 6.3 they just are. */
static inline uint32_t executable(void)
{
	return executable_by_default() ? MFD_CLOEXEC : MFD_CLOEXEC | MFD_EXEC;
}

/* A sealed copy of the program at 'path'. */
static inline int program_copy(const char *path)
{
	int source = open(path, O_RDONLY | O_CLOEXEC);
	int fd = memfd_go_clone("program", executable(), 0, source, 1 << 28);

	close(source);
	return fd;
}

/* A sealed file with 'text' in it. */
static inline int script(const char *text)
{
	return memfd_go_create_sealed("script", executable(), 0, text, strlen(text));
}

static inline void forbidden(void)
{
	SKIP(NO_EXECUTABLES);
}

/* Runs a test that executes files. */
#define RUN_PROGRAM(body) run(#body, executables_work() ? (body) : forbidden)

#endif
