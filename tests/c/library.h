/* SPDX-License-Identifier: MIT */

/*
 * Access to the library: linked with -lmemfd_go or, with -DUSE_DLOPEN, loaded by dlopen(3)
 * from the path in the first argument or in $MEMFD_GO_LIBRARY. Tests call the functions by
 * their names in the header either way.
 */
#ifndef LIBRARY_H
#define LIBRARY_H

#include "memfd_go.h"

typedef struct memfd_go_secret_area secret_area;

/* Every function of the header, in its order. make sync writes the list. */
#define EVERY_FUNCTION(F)               \
	F(memfd_go_version)             \
	F(memfd_go_version_string)      \
	F(memfd_go_result_name)         \
	F(memfd_go_probe)               \
	F(memfd_go_create)              \
	F(memfd_go_create_with)         \
	F(memfd_go_create_sealed)       \
	F(memfd_go_clone)               \
	F(memfd_go_clone_stream)        \
	F(memfd_go_reopen)              \
	F(memfd_go_huge_flags)          \
	F(memfd_go_get_size)            \
	F(memfd_go_set_size)            \
	F(memfd_go_discard)             \
	F(memfd_go_add_seals)           \
	F(memfd_go_get_seals)           \
	F(memfd_go_ensure_seals)        \
	F(memfd_go_check_seals)         \
	F(memfd_go_format_seals)        \
	F(memfd_go_parse_seals)         \
	F(memfd_go_inspect)             \
	F(memfd_go_map)                 \
	F(memfd_go_map_ring)            \
	F(memfd_go_verify)              \
	F(memfd_go_map_verified)        \
	F(memfd_go_unmap)               \
	F(memfd_go_send_fds)            \
	F(memfd_go_recv_fds)            \
	F(memfd_go_recv_verified)       \
	F(memfd_go_import_pid)          \
	F(memfd_go_import_pidfd)        \
	F(memfd_go_exec)                \
	F(memfd_go_secret)              \
	F(memfd_go_secret_alloc)        \
	F(memfd_go_secret_alloc_from)   \
	F(memfd_go_secret_attach)       \
	F(memfd_go_secret_protect)      \
	F(memfd_go_secret_relock)       \
	F(memfd_go_secret_free)         \
	F(memfd_go_wipe)                \
	F(memfd_go_equal)               \
	F(memfd_go_secret_pool_init)    \
	F(memfd_go_secret_pool_take)    \
	F(memfd_go_secret_pool_give)    \
	F(memfd_go_secret_pool_protect) \
	F(memfd_go_secret_pool_relock)  \
	F(memfd_go_secret_pool_free)

#ifdef USE_DLOPEN

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
#define MEMBER(name) __typeof__(name) *name;
	EVERY_FUNCTION(MEMBER)
#undef MEMBER
} library;

static void *library_handle;

static inline void *library_symbol(const char *name)
{
	void *symbol = dlsym(library_handle, name);

	if (symbol == NULL) {
		printf("Bail out! %s\n", dlerror());
		exit(1);
	}
	return symbol;
}

static inline const char *library_path(int argc, char **argv)
{
	return argc > 1 ? argv[1] : getenv("MEMFD_GO_LIBRARY");
}

/* Sets the functions to those of 'handle', a result of dlopen(3). */
static inline void library_use(void *handle)
{
	library_handle = handle;
	if (handle == NULL) {
		printf("Bail out! %s\n", dlerror());
		exit(1);
	}
	/* ISO C has no conversion from void * to a function pointer. */
#define RESOLVE(name) memcpy(&library.name, &(void *){ library_symbol(#name) }, sizeof(void *));
	EVERY_FUNCTION(RESOLVE)
#undef RESOLVE
}

static inline void library_load(int argc, char **argv)
{
	const char *path = library_path(argc, argv);

	library_use(dlopen(path != NULL ? path : "libmemfd_go.so.1", RTLD_NOW | RTLD_LOCAL));
}

#define memfd_go_version library.memfd_go_version
#define memfd_go_version_string library.memfd_go_version_string
#define memfd_go_result_name library.memfd_go_result_name
#define memfd_go_probe library.memfd_go_probe
#define memfd_go_create library.memfd_go_create
#define memfd_go_create_with library.memfd_go_create_with
#define memfd_go_create_sealed library.memfd_go_create_sealed
#define memfd_go_clone library.memfd_go_clone
#define memfd_go_clone_stream library.memfd_go_clone_stream
#define memfd_go_reopen library.memfd_go_reopen
#define memfd_go_huge_flags library.memfd_go_huge_flags
#define memfd_go_get_size library.memfd_go_get_size
#define memfd_go_set_size library.memfd_go_set_size
#define memfd_go_discard library.memfd_go_discard
#define memfd_go_add_seals library.memfd_go_add_seals
#define memfd_go_get_seals library.memfd_go_get_seals
#define memfd_go_ensure_seals library.memfd_go_ensure_seals
#define memfd_go_check_seals library.memfd_go_check_seals
#define memfd_go_format_seals library.memfd_go_format_seals
#define memfd_go_parse_seals library.memfd_go_parse_seals
#define memfd_go_inspect library.memfd_go_inspect
#define memfd_go_map library.memfd_go_map
#define memfd_go_map_ring library.memfd_go_map_ring
#define memfd_go_verify library.memfd_go_verify
#define memfd_go_map_verified library.memfd_go_map_verified
#define memfd_go_unmap library.memfd_go_unmap
#define memfd_go_send_fds library.memfd_go_send_fds
#define memfd_go_recv_fds library.memfd_go_recv_fds
#define memfd_go_recv_verified library.memfd_go_recv_verified
#define memfd_go_import_pid library.memfd_go_import_pid
#define memfd_go_import_pidfd library.memfd_go_import_pidfd
#define memfd_go_exec library.memfd_go_exec
#define memfd_go_secret library.memfd_go_secret
#define memfd_go_secret_alloc library.memfd_go_secret_alloc
#define memfd_go_secret_alloc_from library.memfd_go_secret_alloc_from
#define memfd_go_secret_attach library.memfd_go_secret_attach
#define memfd_go_secret_protect library.memfd_go_secret_protect
#define memfd_go_secret_relock library.memfd_go_secret_relock
#define memfd_go_secret_free library.memfd_go_secret_free
#define memfd_go_wipe library.memfd_go_wipe
#define memfd_go_equal library.memfd_go_equal
#define memfd_go_secret_pool_init library.memfd_go_secret_pool_init
#define memfd_go_secret_pool_take library.memfd_go_secret_pool_take
#define memfd_go_secret_pool_give library.memfd_go_secret_pool_give
#define memfd_go_secret_pool_protect library.memfd_go_secret_pool_protect
#define memfd_go_secret_pool_relock library.memfd_go_secret_pool_relock
#define memfd_go_secret_pool_free library.memfd_go_secret_pool_free

#else /* linked */

static inline void library_load(int argc, char **argv)
{
	(void)argc;
	(void)argv;
}

#endif

#endif
