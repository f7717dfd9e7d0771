/* SPDX-License-Identifier: MIT */

/* Loading and unloading the library. Needs USE_DLOPEN. */
#include <dlfcn.h>

#include "test.h"

static const char *path;

static void loads_and_unloads_a_thousand_times(void)
{
	for (int i = 0; i < 1000; i++) {
		void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		const char *(*result_name)(int);

		if (handle == NULL) {
			fail(__FILE__, __LINE__, "load %d: %s", i, dlerror());
			return;
		}
		*(void **)&result_name = dlsym(handle, "memfd_go_result_name");
		TEXT(result_name(-EBUSY), "EBUSY");
		EQ(dlclose(handle), 0);
	}
}

#ifdef __GLIBC__ /* musl never unloads */
static void unloading_leaves_no_mappings(void)
{
	CHECK(dlopen(path, RTLD_NOW | RTLD_NOLOAD) == NULL);
}
#endif

int main(int argc, char **argv)
{
	path = library_path(argc, argv);
	RUN(loads_and_unloads_a_thousand_times);
#ifdef __GLIBC__
	RUN(unloading_leaves_no_mappings);
#endif
	return finish();
}
