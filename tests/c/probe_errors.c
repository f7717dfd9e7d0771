/* SPDX-License-Identifier: MIT */

/* Errors of memfd_go_probe(), and structs of other sizes. */
#include "test.h"
#include "area.h"

union grown {
	struct memfd_go_features f;
	unsigned char bytes[4100];
};

static void rejects_unknown_requests(void)
{
	struct memfd_go_features f = { .bits = 0 }, untouched = f;

	for (int bit = 0; bit < 64; bit++)
		if ((uint64_t)1 << bit != MEMFD_GO_FEATURE_SECRET)
			EQ(memfd_go_probe(&f, sizeof f, (uint64_t)1 << bit), -EINVAL);
	EQ(memcmp(&f, &untouched, sizeof f), 0);
}

static void rejects_bad_pointers(void)
{
	for (size_t i = 0; i < NULL_POINTERS; i++)
		EQ(memfd_go_probe((struct memfd_go_features *)null_pointers[i],
				  sizeof(struct memfd_go_features), 0),
		   -EFAULT);
}

static void rejects_short_structs(void)
{
	struct memfd_go_features f = { .bits = 0 };

	for (size_t size = 0; size < sizeof f; size++)
		EQ(memfd_go_probe(&f, size, 0), -EINVAL);
	EQ(f.bits, 0);
}

static void long_structs_end_in_zeros(void)
{
	static const size_t sizes[] = { 32, 33, 40, 100, 4095, 4096 };
	union grown grown;

	EQ(sizeof grown.f, 32);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		memset(&grown, 0xff, sizeof grown);
		EQ(memfd_go_probe(&grown.f, sizes[i], 0), 0);
		CHECK((grown.f.bits & MEMFD_GO_FEATURE_CREATE) != 0);
		CHECK(all_bytes(grown.bytes + 32, sizes[i] - 32, 0));
		CHECK(all_bytes(grown.bytes + sizes[i], sizeof grown - sizes[i], 0xff));
	}
	EQ(memfd_go_probe(&grown.f, 4097, 0), -E2BIG);
	EQ(memfd_go_probe(&grown.f, SIZE_MAX, 0), -E2BIG);
}

static void fails_at_rlimit_nofile(void)
{
	struct memfd_go_features f = { .bits = 0 };
	rlim_t old = set_limit(RLIMIT_NOFILE, 0);
	int error = memfd_go_probe(&f, sizeof f, 0);

	set_limit(RLIMIT_NOFILE, old);
	EQ(error, -EMFILE);
	EQ(f.bits, 0);
}

/* SIGXFSZ would end the test. */
static void works_with_rlimit_fsize_of_0(void)
{
	struct memfd_go_features limited, f;
	rlim_t old = set_limit(RLIMIT_FSIZE, 0);
	int r = memfd_go_probe(&limited, sizeof limited, 0);

	set_limit(RLIMIT_FSIZE, old);
	EQ(r, 0);
	EQ(memfd_go_probe(&f, sizeof f, 0), 0);
	EQ(memcmp(&limited, &f, sizeof f), 0);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(rejects_unknown_requests);
	RUN(rejects_bad_pointers);
	RUN(rejects_short_structs);
	RUN(long_structs_end_in_zeros);
	RUN(fails_at_rlimit_nofile);
	RUN(works_with_rlimit_fsize_of_0);
	return finish();
}
