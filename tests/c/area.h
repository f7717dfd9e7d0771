/* SPDX-License-Identifier: MIT */

/* Secret areas. */
#ifndef AREA_H
#define AREA_H

#include <string.h>

#include "files.h"

#define NEW_AREA { 0 }

/* Different from zero, and from the rest of the process's memory. */
#define SECRET_BYTE 0x5a

static inline int have_secretmem(void)
{
	int fd = raw_secret(0);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The kind of memory that memfd_go_secret_alloc() uses without options. */
static inline uint32_t best_kind(void)
{
	return have_secretmem() ? MEMFD_GO_AREA_SECRETMEM : MEMFD_GO_AREA_MLOCK;
}

/* Pages of an area besides its data: two guards and, behind them, a page of the library. */
#define PAGES_AROUND 3

static inline char *front_guard(const secret_area *s)
{
	return s->base;
}

static inline char *rear_guard(const secret_area *s)
{
	return (char *)s->base + s->base_len - 2 * page_size();
}

static inline int all_bytes(const void *p, size_t length, int value)
{
	const unsigned char *bytes = p;

	for (size_t i = 0; i < length; i++)
		if (bytes[i] != value)
			return 0;
	return 1;
}

#endif
