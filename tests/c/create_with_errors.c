/* SPDX-License-Identifier: MIT */

/* Errors of memfd_go_create_with(). */
#include <signal.h>

#include "test.h"
#include "files.h"

#define ERROR(error, ...)                                                              \
	EQ(memfd_go_create_with("test", &(struct memfd_go_create_args){ __VA_ARGS__ }, \
				sizeof(struct memfd_go_create_args)),                  \
	   error)

static void rejects_bad_names(void)
{
	struct memfd_go_create_args args = { .flags = 0 };
	char name[MEMFD_GO_NAME_MAX + 2];
	int fd;

	memset(name, 'n', sizeof name);
	name[sizeof name - 1] = '\0';
	EQ(memfd_go_create_with(name, NULL, 0), -EINVAL);
	EQ(memfd_go_create_with(name, &args, sizeof args), -EINVAL);
	args.flags = MFD_NOEXEC_SEAL;
	EQ(memfd_go_create_with(name, &args, sizeof args), -EINVAL);
	fd = memfd_go_create_with(name + 1, &args, sizeof args);
	CHECK(fd >= 0);
	close(fd);
	for (size_t i = 0; i < NULL_POINTERS; i++)
		EQ(memfd_go_create_with((const char *)null_pointers[i], NULL, 0), -EFAULT);
}

static void rejects_contradictory_args(void)
{
	ERROR(-EINVAL, .flags = MFD_EXEC | MFD_NOEXEC_SEAL);
	ERROR(-EINVAL, .flags = MFD_NOEXEC_SEAL, .mode = 0700);
	ERROR(-EINVAL, .flags = MFD_NOEXEC_SEAL, .mode = 0601);
}

static void rejects_unknown_bits(void)
{
	for (int bit = 0; bit < 32; bit++) {
		uint32_t mask = 1U << bit;

		if (bit >= 5 && bit < 26) {
			ERROR(-EINVAL, .flags = mask);
			ERROR(-EINVAL, .flags = mask | MFD_NOEXEC_SEAL);
		}
		if (mask != MEMFD_GO_OPT_STRICT_NOEXEC && mask != MEMFD_GO_OPT_UNSEALABLE)
			ERROR(-EINVAL, .opts = mask);
		if (bit >= 9)
			ERROR(-EINVAL, .mode = mask);
		if (bit >= 6)
			ERROR(-EINVAL, .seals = mask);
	}
}

static void rejects_sizes_out_of_range(void)
{
	void (*old_handler)(int) = signal(SIGXFSZ, SIG_IGN);
	rlim_t old = set_limit(RLIMIT_FSIZE, 8192);

	ERROR(-EINVAL, .size = (uint64_t)INT64_MAX + 1);
	ERROR(-EINVAL, .size = UINT64_MAX);
	ERROR(-EFBIG, .size = 8193);
	set_limit(RLIMIT_FSIZE, old);
	signal(SIGXFSZ, old_handler);
}

static void fails_at_rlimit_nofile(void)
{
	rlim_t old = set_limit(RLIMIT_NOFILE, 0);

	ERROR(-EMFILE, .flags = MFD_NOEXEC_SEAL);
	set_limit(RLIMIT_NOFILE, old);
}

static void rejects_unavailable_huge_page_sizes(void)
{
	ERROR(raw_create("test", MFD_HUGETLB | 13U << 26), .flags = MFD_HUGETLB | 13U << 26);
}

static void rejects_bad_pointers(void)
{
	for (size_t i = 0; i < NULL_POINTERS; i++) {
		const struct memfd_go_create_args *args = (struct memfd_go_create_args *)null_pointers[i];

		EQ(memfd_go_create_with("test", args, sizeof *args), -EFAULT);
		if (args != NULL)
			EQ(memfd_go_create_with("test", args, 0), -EFAULT);
	}
}

/* Like openat2(2): a longer struct is accepted if the unknown part is zero. */
static void rejects_bad_struct_sizes(void)
{
	union {
		struct memfd_go_create_args args;
		unsigned char bytes[4100];
	} grown = { .args = { .flags = 0 } };
	int fd;

	for (size_t size = 0; size < sizeof grown.args; size++)
		EQ(memfd_go_create_with("test", &grown.args, size), -EINVAL);
	for (size_t size = sizeof grown.args; size <= 4096; size += 4) {
		grown.bytes[size] = 1;
		fd = memfd_go_create_with("test", &grown.args, size);
		CHECK(fd >= 0);
		close(fd);
		grown.bytes[size] = 0;
		if (size == sizeof grown.args)
			continue;
		grown.bytes[size - 1] = 1;
		EQ(memfd_go_create_with("test", &grown.args, size), -E2BIG);
		grown.bytes[size - 1] = 0;
	}
	EQ(memfd_go_create_with("test", &grown.args, 4097), -E2BIG);
	EQ(memfd_go_create_with("test", &grown.args, SIZE_MAX), -E2BIG);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(rejects_bad_names);
	RUN(rejects_contradictory_args);
	RUN(rejects_unknown_bits);
	RUN(rejects_sizes_out_of_range);
	RUN(fails_at_rlimit_nofile);
	RUN(rejects_unavailable_huge_page_sizes);
	RUN(rejects_bad_pointers);
	RUN(rejects_bad_struct_sizes);
	return finish();
}
