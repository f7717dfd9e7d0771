/* SPDX-License-Identifier: MIT */

/*
 * The library several times in one process: a copy with another name, one with another
 * version, and, with glibc, one in its own link-map namespace. Each call reaches the intended
 * copy. A copy can use what another created, since the library keeps no state.
 *
 * Arguments: the library, the copy, the copy with another version.
 */
#include <dlfcn.h>

#define USE_DLOPEN
#include "hosts.h"
#include "area.h"

#define COPIES 4

static struct copy {
	const char *name;
	__typeof__(library) functions;
} copies[COPIES];
static int number_of_copies;

static void add(const char *name, void *handle)
{
	library_use(handle);
	copies[number_of_copies++] = (struct copy){ name, library };
}

static void use(int i)
{
	library = copies[i % number_of_copies].functions;
}

static void all_copies_are_loaded(void)
{
	for (int i = 0; i < number_of_copies; i++)
		for (int j = 0; j < i; j++)
			CHECK(memcmp(&copies[i].functions, &copies[j].functions, sizeof library) != 0);
}

/* call_every_function() compares the version with the header's, which differs in one copy. */
static void every_copy_works(void)
{
	for (long n = rounds(); n > 0 && test.failed_checks == 0; n--) {
		use((int)(n % number_of_copies));
		if (strcmp(copies[n % number_of_copies].name, "version") == 0)
			TEXT(memfd_go_version_string(), "1.9.9");
		else
			EQ(call_library_functions(), 0);
		EQ(call_create_functions(), 0);
		EQ(call_file_functions(), 0);
		EQ(call_text_functions(), 0);
		EQ(call_transfer_functions(), 0);
		EQ(call_secret_functions(), 0);
	}
}

static void copies_can_use_areas_of_another(void)
{
	for (int i = 0; i < number_of_copies; i++) {
		struct memfd_go_secret_pool pool = { 0 };
		secret_area area = NEW_AREA;
		void *slot, *map;
		int fd;

		use(i);
		EQ(memfd_go_secret_alloc(&area, 10, 0), 0);
		EQ(memfd_go_secret_pool_init(&pool, 10, 2, 0), 0);
		fd = memfd_go_create_sealed("test", MFD_CLOEXEC, 0, "abc", 3);
		use(i + 1);
		EQ(memfd_go_secret_protect(&area, MEMFD_GO_ACCESS_NONE), 0);
		EQ(memfd_go_secret_pool_take(&pool, &slot), 0);
		EQ(memfd_go_map_verified(fd, 0, 3, 0, &map, &(size_t){ 0 }), 0);
		use(i + 2);
		EQ(memfd_go_secret_free(&area), 0);
		EQ(memfd_go_secret_pool_give(&pool, slot), 0);
		EQ(memfd_go_unmap(map, 3), 0);
		use(i + 3);
		EQ(memfd_go_secret_pool_free(&pool), 0);
		close(fd);
	}
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 1;
	add("library", dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL));
	add("copy", dlopen(argv[2], RTLD_NOW | RTLD_GLOBAL));
	add("version", dlopen(argv[3], RTLD_NOW | RTLD_GLOBAL));
#ifdef __GLIBC__
	add("namespace", dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW | RTLD_LOCAL));
#endif
	RUN(all_copies_are_loaded);
	RUN(every_copy_works);
	RUN(copies_can_use_areas_of_another);
	return finish();
}
