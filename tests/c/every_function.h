/*
 * call_every_function() calls each function of the library once and checks its
 * result. It needs little stack, no stdio and no allocation, so that it runs where
 * the library has to: on small stacks, in signal handlers, in children.
 */
#ifndef EVERY_FUNCTION_H
#define EVERY_FUNCTION_H

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "library.h"

#define EXPECT(condition)                \
	do {                             \
		if (!(condition))        \
			return __LINE__; \
	} while (0)

static inline int call_library_functions(void)
{
	EXPECT(memfd_go_version() == MEMFD_GO_VERSION);
	EXPECT(strcmp(memfd_go_version_string(), MEMFD_GO_VERSION_STRING) == 0);
	EXPECT(strcmp(memfd_go_errname(-EBUSY), "EBUSY") == 0);
	return 0;
}

static inline int call_file_functions(void)
{
	uint32_t missing = 0;
	uint64_t size = 0;
	void *map = NULL;
	int fd = memfd_go_create("every", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	EXPECT(fd >= 0);
	EXPECT(memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, 5) == 0);
	EXPECT(memfd_go_get_size(fd, &size) == 0 && size == 5);
	EXPECT(memfd_go_map(fd, MEMFD_GO_OPT_WRITE, 0, 5, &map) == 0);
	memcpy(map, "abcde", 5);
	EXPECT(memfd_go_add_seals(fd, F_SEAL_WRITE) == -EBUSY);
	EXPECT(memfd_go_unmap(map, 5) == 0);
	EXPECT(memfd_go_add_seals(fd, F_SEAL_WRITE) == 0);
	EXPECT((memfd_go_get_seals(fd) & F_SEAL_WRITE) != 0);
	EXPECT(memfd_go_ensure_seals(fd, F_SEAL_WRITE | F_SEAL_GROW) == 0);
	EXPECT(memfd_go_check_seals(fd, F_SEAL_GROW | F_SEAL_SHRINK, &missing) == -EKEYREJECTED);
	EXPECT(missing == F_SEAL_SHRINK);
	close(fd);
	fd = memfd_go_create_sealed("every", MFD_CLOEXEC, 0, "abcde", 5);
	EXPECT(fd >= 0);
	EXPECT(memfd_go_check_seals(fd, MEMFD_GO_SEALS_IMMUTABLE, NULL) == 0);
	close(fd);
	fd = memfd_go_secret(O_CLOEXEC);
	EXPECT(fd >= 0 || fd == -ENOSYS);
	if (fd >= 0)
		close(fd);
	return 0;
}

static inline int call_text_functions(void)
{
	char text[64];
	uint32_t seals = 0;

	EXPECT(memfd_go_format_seals(0x7f, MEMFD_GO_STYLE_NAMES, text, sizeof text) == 45);
	EXPECT(strcmp(text, "SEAL GROW WRITE FUTURE_WRITE SHRINK EXEC 0x40") == 0);
	EXPECT(memfd_go_parse_seals(text, &seals) == 0 && seals == 0x7f);
	return 0;
}

/* 0, or the line above that failed. */
static inline int call_every_function(void)
{
	int line = call_library_functions();

	if (line == 0)
		line = call_file_functions();
	if (line == 0)
		line = call_text_functions();
	return line;
}

#endif
