/* SPDX-License-Identifier: MIT */

/* memfd_go_secret_alloc(). */
#include "test.h"
#include "area.h"
#include "child.h"

static const size_t lengths[] = { 1, 15, 16, 4095, 4096, 4097, 65536, 65537, 300000 };
#define LENGTHS (sizeof lengths / sizeof *lengths)

static const uint32_t options[] = {
	0,
	MEMFD_GO_OPT_ALIGN_END,
	MEMFD_GO_OPT_FORK_SHARE,
	MEMFD_GO_OPT_NO_SECRETMEM,
	MEMFD_GO_OPT_NO_SECRETMEM | MEMFD_GO_OPT_FORK_SHARE,
	MEMFD_GO_OPT_NO_SECRETMEM | MEMFD_GO_OPT_ALIGN_END | MEMFD_GO_OPT_ALLOW_UNLOCKED,
};
#define OPTIONS (sizeof options / sizeof *options)

static void check_area(const secret_area *s, size_t length, uint32_t opts)
{
	size_t page = page_size(), pages = (length + page - 1) / page * page;
	uintptr_t base = (uintptr_t)s->base, data = (uintptr_t)s->data;

	EQ(s->kind, opts & MEMFD_GO_OPT_NO_SECRETMEM ? MEMFD_GO_AREA_MLOCK : best_kind());
	EQ(s->len, length);
	EQ(s->base_len, pages + PAGES_AROUND * page);
	EQ(data, opts & MEMFD_GO_OPT_ALIGN_END ? base + page + pages - length : base + page);
	EQ(s->fd, -1);
	EQ(s->protection, MEMFD_GO_ACCESS_READ_WRITE);
	EQ(s->opts & ~(MEMFD_GO_OPT_FORK_SHARE | MEMFD_GO_OPT_ALIGN_END), 0);
}

static void area_is_zeroed_and_keeps_its_contents(void)
{
	for (size_t i = 0; i < LENGTHS * OPTIONS; i++) {
		size_t length = lengths[i / OPTIONS];
		uint32_t opts = options[i % OPTIONS];
		secret_area s = NEW_AREA;

		EQ(memfd_go_secret_alloc(&s, length, opts), 0);
		check_area(&s, length, opts);
		CHECK(all_bytes(s.data, length, 0));
		memset(s.data, SECRET_BYTE, length);
		CHECK(all_bytes(s.data, length, SECRET_BYTE));
		EQ(memfd_go_secret_free(&s), 0);
	}
}

static void system_calls_can_use_the_area(void)
{
	secret_area s = NEW_AREA;
	int file = sealable_file();
	char copy[4] = "";

	EQ(memfd_go_secret_alloc(&s, 4, 0), 0);
	EQ(raw(pwrite(file, "key", 4, 0)), 4);
	EQ(raw(pread(file, s.data, 4, 0)), 4);
	TEXT((char *)s.data, "key");
	EQ(raw(pwrite(file, s.data, 4, 4)), 4);
	EQ(raw(pread(file, copy, 4, 4)), 4);
	TEXT(copy, "key");
	EQ(memfd_go_secret_free(&s), 0);
	close(file);
}

/* The number of resident pages of 'pages' (at most 8) at 'start'. mincore(2), because emulators do
   not convert the byte order of /proc/self/pagemap. */
static size_t present_pages(void *start, size_t pages)
{
	unsigned char present[8];
	size_t n = 0;

	EQ(mincore(start, pages * page_size(), present), 0);
	for (size_t i = 0; i < pages; i++)
		n += present[i] & 1;
	return n;
}

static void area_is_resident(void)
{
	size_t size = 8 * page_size();
	char *page = page_before_a_guard();

	EQ(present_pages(page, 1), 0);
	*page = 1;
	EQ(present_pages(page, 1), 1);
	free_page_before_a_guard(page);
	for (size_t i = 0; i < OPTIONS; i++) {
		secret_area s = NEW_AREA;

		EQ(memfd_go_secret_alloc(&s, size, options[i]), 0);
		EQ(present_pages((char *)s.base + page_size(), 8), 8);
		EQ(memfd_go_secret_free(&s), 0);
	}
}

static void descriptor_is_kept_on_request(void)
{
	secret_area s = NEW_AREA;
	uint64_t size = 0;
	int fd;

	if (!have_secretmem())
		SKIP("this kernel has no memfd_secret(2)");
	EQ(memfd_go_secret_alloc(&s, 5000, MEMFD_GO_OPT_KEEP_FD), 0);
	EQ(s.kind, MEMFD_GO_AREA_SECRETMEM);
	EQ(fcntl(s.fd, F_GETFD), FD_CLOEXEC);
	EQ(memfd_go_get_size(s.fd, &size), 0);
	EQ(size, (5000 + page_size() - 1) / page_size() * page_size());
	fd = s.fd;
	EQ(memfd_go_secret_free(&s), 0);
	EQ(s.fd, -1);
	EQ(raw(fcntl(fd, F_GETFD)), -EBADF);
}

static void keep_descriptor_0(void)
{
	secret_area s = NEW_AREA;

	close(0);
	EQ(memfd_go_secret_alloc(&s, 1, MEMFD_GO_OPT_KEEP_FD), 0);
	EQ(s.fd, 0);
	EQ(memfd_go_secret_free(&s), 0);
	EQ(raw(fcntl(0, F_GETFD)), -EBADF);
}

static void descriptor_0_is_closed(void)
{
	if (!have_secretmem())
		SKIP("this kernel has no memfd_secret(2)");
	IN_CHILD(keep_descriptor_0);
}

static void rejects_bad_lengths(void)
{
	secret_area s = NEW_AREA, untouched = s;

	EQ(memfd_go_secret_alloc(&s, 0, 0), -EINVAL);
	for (size_t n = 0; n < 4 * page_size(); n += page_size() / 2)
		EQ(memfd_go_secret_alloc(&s, SIZE_MAX - n, 0), -EINVAL);
	EQ(memcmp(&s, &untouched, sizeof s), 0);
}

/* Immediately: root has no RLIMIT_MEMLOCK, and would use up the memory first. */
static void rejects_more_than_the_memory_of_the_system(void)
{
	uint64_t lengths[] = {
		(uint64_t)sysconf(_SC_PHYS_PAGES) * page_size() + 1,
		(sizeof(void *) == 8 ? INT64_MAX : SIZE_MAX) - 8 * page_size(),
	};
	struct memfd_go_secret_pool pool = { 0 };

	for (size_t i = 0; i < OPTIONS * 2; i++) {
		secret_area s = NEW_AREA, untouched = s;

		if (lengths[i % 2] > SIZE_MAX) /* more memory than a process can address */
			continue;
		EQ(memfd_go_secret_alloc(&s, (size_t)lengths[i % 2], options[i / 2]), -ENOMEM);
		EQ(memcmp(&s, &untouched, sizeof s), 0);
	}
	if (sizeof(void *) == 8)
		EQ(memfd_go_secret_pool_init(&pool, (size_t)(lengths[0] / 1024), 1025, 0), -ENOMEM);
}

static void failure_zeroes_the_struct(void)
{
	secret_area s = NEW_AREA, copy, zero = { 0 };
	struct memfd_go_secret_pool pool = { 0 }, no_pool = pool;

	EQ(memfd_go_secret_alloc(&s, 1, 0), 0);
	copy = s;
	EQ(memfd_go_secret_alloc(&s, 0, 0), -EINVAL);
	EQ(memcmp(&s, &zero, sizeof s), 0);
	s = copy;
	EQ(memfd_go_secret_alloc(&s, 1, 1U << 31), -EINVAL);
	EQ(memcmp(&s, &zero, sizeof s), 0);
	s = copy;
	EQ(memfd_go_secret_attach(&s, -1, UINT64_MAX, 0), -EBADF);
	EQ(memcmp(&s, &zero, sizeof s), 0);
	EQ(memfd_go_secret_free(&s), 0);
	pool.area = copy;
	EQ(memfd_go_secret_pool_init(&pool, 0, 1, 0), -EINVAL);
	EQ(memcmp(&pool, &no_pool, sizeof pool), 0);
	pool.area = copy;
	EQ(memfd_go_secret_pool_init(&pool, SIZE_MAX - 100, 1, 0), -EINVAL);
	EQ(memcmp(&pool, &no_pool, sizeof pool), 0);
	EQ(memfd_go_secret_free(&copy), 0);
}

static void rejects_bad_options(void)
{
	static const uint32_t known = MEMFD_GO_OPT_KEEP_FD | MEMFD_GO_OPT_FORK_SHARE |
				      MEMFD_GO_OPT_ALIGN_END | MEMFD_GO_OPT_REQUIRE |
				      MEMFD_GO_OPT_NO_SECRETMEM | MEMFD_GO_OPT_ALLOW_UNLOCKED;
	secret_area s = NEW_AREA, untouched = s;

	for (int bit = 0; bit < 32; bit++)
		if ((known & 1U << bit) == 0)
			EQ(memfd_go_secret_alloc(&s, 1, 1U << bit), -EINVAL);
	EQ(memfd_go_secret_alloc(&s, 1, MEMFD_GO_OPT_NO_SECRETMEM | MEMFD_GO_OPT_REQUIRE), -EINVAL);
	EQ(memfd_go_secret_alloc(&s, 1, MEMFD_GO_OPT_NO_SECRETMEM | MEMFD_GO_OPT_KEEP_FD), -EINVAL);
	EQ(memcmp(&s, &untouched, sizeof s), 0);
}

static void rejects_bad_pointers(void)
{
	for (size_t i = 0; i < NULL_POINTERS; i++)
		EQ(memfd_go_secret_alloc((secret_area *)null_pointers[i], 1, 0), -EFAULT);
}

static void fails_at_rlimit_nofile(void)
{
	secret_area s = NEW_AREA;
	rlim_t old;
	int error;

	if (!have_secretmem())
		SKIP("this kernel has no memfd_secret(2)");
	old = set_limit(RLIMIT_NOFILE, 0);
	error = memfd_go_secret_alloc(&s, 1, 0);
	set_limit(RLIMIT_NOFILE, old);
	EQ(error, -EMFILE);
}

static void fails_without_room_in_the_address_space(void)
{
	secret_area s = NEW_AREA;
	rlim_t old = set_limit(RLIMIT_AS, 1 << 20);
	void *plain = mmap(NULL, 1 << 24, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int error = plain == MAP_FAILED ? memfd_go_secret_alloc(&s, 1 << 24, 0) : 0;

	set_limit(RLIMIT_AS, old);
	if (plain != MAP_FAILED) {
		munmap(plain, 1 << 24);
		SKIP("RLIMIT_AS has no effect");
	}
	EQ(error, -ENOMEM);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(area_is_zeroed_and_keeps_its_contents);
	RUN(system_calls_can_use_the_area);
	RUN(area_is_resident);
	RUN(descriptor_is_kept_on_request);
	RUN(descriptor_0_is_closed);
	RUN(rejects_bad_lengths);
	RUN(rejects_more_than_the_memory_of_the_system);
	RUN(failure_zeroes_the_struct);
	RUN(rejects_bad_options);
	RUN(rejects_bad_pointers);
	RUN(fails_at_rlimit_nofile);
	RUN(fails_without_room_in_the_address_space);
	return finish();
}
