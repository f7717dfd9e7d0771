/* Programs in memory files, ready to be executed. */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include <fcntl.h>
#include <string.h>

#include "files.h"

/* A sealed copy of the program at 'path'. */
static inline int program_copy(const char *path)
{
	int source = open(path, O_RDONLY | O_CLOEXEC);
	int fd = memfd_go_clone("program", MFD_CLOEXEC, 0, source, 1 << 28);

	close(source);
	return fd;
}

/* A sealed file with 'text' in it. */
static inline int script(const char *text)
{
	return memfd_go_create_sealed("script", MFD_CLOEXEC, 0, text, strlen(text));
}

#endif
