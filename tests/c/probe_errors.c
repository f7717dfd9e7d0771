/* What memfd_go_probe() refuses, and structs of other sizes. */
#include "test.h"
#include "area.h"

union grown {
	struct memfd_go_features f;
	unsigned char bytes[4100];
};

static void unknown_requests(void)
{
	struct memfd_go_features f = { .size_of = sizeof f }, untouched = f;

	for (int bit = 0; bit < 32; bit++)
		if (1U << bit != MEMFD_GO_FEATURE_SECRET)
			EQ(memfd_go_probe(&f, 1U << bit), -EINVAL);
	EQ(memcmp(&f, &untouched, sizeof f), 0);
}

static void bad_pointers(void)
{
	for (size_t i = 0; i < NULL_POINTERS; i++)
		EQ(memfd_go_probe((struct memfd_go_features *)null_pointers[i], 0), -EFAULT);
}

static void short_structs(void)
{
	struct memfd_go_features f = { .size_of = 0 };

	for (; f.size_of < 32; f.size_of++)
		EQ(memfd_go_probe(&f, 0), -EINVAL);
	EQ(f.bits, 0);
}

static void long_structs_end_in_zeros(void)
{
	static const uint32_t sizes[] = { 32, 33, 40, 100, 4095, 4096 };
	union grown grown;

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		memset(&grown, 0xff, sizeof grown);
		grown.f.size_of = sizes[i];
		EQ(memfd_go_probe(&grown.f, 0), 0);
		EQ(grown.f.size_of, sizes[i]);
		CHECK((grown.f.bits & MEMFD_GO_FEATURE_CREATE) != 0);
		CHECK(all_bytes(grown.bytes + 32, sizes[i] - 32, 0));
		CHECK(all_bytes(grown.bytes + sizes[i], sizeof grown - sizes[i], 0xff));
	}
	grown.f.size_of = 4097;
	EQ(memfd_go_probe(&grown.f, 0), -E2BIG);
}

static void too_many_descriptors(void)
{
	struct memfd_go_features f = { .size_of = sizeof f };
	rlim_t old = set_limit(RLIMIT_NOFILE, 0);
	int error = memfd_go_probe(&f, 0);

	set_limit(RLIMIT_NOFILE, old);
	EQ(error, -EMFILE);
	EQ(f.bits, 0);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(unknown_requests);
	RUN(bad_pointers);
	RUN(short_structs);
	RUN(long_structs_end_in_zeros);
	RUN(too_many_descriptors);
	return finish();
}
