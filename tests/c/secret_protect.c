/* SPDX-License-Identifier: MIT */

/* memfd_go_secret_protect() and memfd_go_secret_free(). */
#include "test.h"
#include "area.h"
#include "child.h"
#include "fault.h"

static const uint32_t options[] = {
	0,
	MEMFD_GO_OPT_ALIGN_END,
	MEMFD_GO_OPT_NO_SECRETMEM,
	MEMFD_GO_OPT_NO_SECRETMEM | MEMFD_GO_OPT_ALIGN_END | MEMFD_GO_OPT_FORK_SHARE,
};
#define OPTIONS (sizeof options / sizeof *options)

static void check_access(const secret_area *s, int read_signal, int write_signal)
{
	char *data = s->data;

	EQ(READ_SIGNAL(data), read_signal);
	EQ(READ_SIGNAL(data + s->len - 1), read_signal);
	EQ(WRITE_SIGNAL(data), write_signal);
	EQ(WRITE_SIGNAL(data + s->len - 1), write_signal);
	EQ(READ_SIGNAL(front_guard(s) + page_size() - 1), SIGSEGV);
	EQ(READ_SIGNAL(rear_guard(s)), SIGSEGV);
}

static void access_is_as_requested(void)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		secret_area s = NEW_AREA;

		EQ(memfd_go_secret_alloc(&s, 5000, options[i]), 0);
		check_access(&s, 0, 0);
		EQ(memfd_go_secret_protect(&s, MEMFD_GO_ACCESS_NONE), 0);
		check_access(&s, SIGSEGV, SIGSEGV);
		EQ(memfd_go_secret_protect(&s, MEMFD_GO_ACCESS_READ), 0);
		check_access(&s, 0, SIGSEGV);
		EQ(memfd_go_secret_protect(&s, MEMFD_GO_ACCESS_READ_WRITE), 0);
		check_access(&s, 0, 0);
		EQ(memfd_go_secret_free(&s), 0);
	}
}

static void contents_are_preserved(void)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		secret_area s = NEW_AREA;

		EQ(memfd_go_secret_alloc(&s, 5000, options[i]), 0);
		memset(s.data, SECRET_BYTE, s.len);
		EQ(memfd_go_secret_protect(&s, MEMFD_GO_ACCESS_NONE), 0);
		EQ(memfd_go_secret_protect(&s, MEMFD_GO_ACCESS_READ), 0);
		CHECK(all_bytes(s.data, s.len, SECRET_BYTE));
		EQ(memfd_go_secret_free(&s), 0);
	}
}

static void area_can_be_freed_with_any_access(void)
{
	static const uint32_t accesses[] = { MEMFD_GO_ACCESS_NONE, MEMFD_GO_ACCESS_READ,
					     MEMFD_GO_ACCESS_READ_WRITE };

	for (size_t i = 0; i < OPTIONS * 3; i++) {
		secret_area s = NEW_AREA;

		EQ(memfd_go_secret_alloc(&s, 5000, options[i / 3]), 0);
		EQ(memfd_go_secret_protect(&s, accesses[i % 3]), 0);
		EQ(memfd_go_secret_free(&s), 0);
	}
}

/* A second mapping of the file shows its contents. */
static void free_wipes(void)
{
	secret_area s = NEW_AREA;
	size_t size;
	void *map;

	if (!have_secretmem())
		SKIP("this kernel has no memfd_secret(2)");
	EQ(memfd_go_secret_alloc(&s, 5000, MEMFD_GO_OPT_KEEP_FD), 0);
	size = s.base_len - PAGES_AROUND * page_size();
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, s.fd, 0);
	CHECK(map != MAP_FAILED);
	memset(map, SECRET_BYTE, size);
	CHECK(all_bytes(s.data, s.len, SECRET_BYTE));
	EQ(memfd_go_secret_protect(&s, MEMFD_GO_ACCESS_NONE), 0);
	EQ(memfd_go_secret_free(&s), 0);
	CHECK(all_bytes(map, size, 0));
	munmap(map, size);
}

static void freeing_twice_does_nothing(void)
{
	secret_area s = NEW_AREA, never = NEW_AREA;

	EQ(memfd_go_secret_alloc(&s, 1, 0), 0);
	for (int i = 0; i < 3; i++) {
		EQ(memfd_go_secret_free(&s), 0);
		EQ(s.kind, 0);
		EQ(s.fd, -1);
		EQ(s.opts, 0);
		CHECK(s.data == NULL && s.base == NULL && s.len == 0 && s.base_len == 0);
	}
	EQ(memfd_go_secret_free(&never), 0);
	EQ(memfd_go_secret_alloc(&s, 1, 0), 0);
	EQ(memfd_go_secret_free(&s), 0);
}

static void rejects_bad_arguments(void)
{
	secret_area s = NEW_AREA, none = NEW_AREA;

	EQ(memfd_go_secret_alloc(&s, 1, 0), 0);
	EQ(memfd_go_secret_protect(&s, MEMFD_GO_ACCESS_WRITE), -EINVAL);
	for (int bit = 2; bit < 32; bit++)
		EQ(memfd_go_secret_protect(&s, 1U << bit), -EINVAL);
	check_access(&s, 0, 0);
	EQ(memfd_go_secret_protect(&none, MEMFD_GO_ACCESS_READ), -EINVAL);
	EQ(memfd_go_secret_free(&s), 0);
	EQ(memfd_go_secret_protect(&s, MEMFD_GO_ACCESS_READ), -EINVAL);
	for (size_t i = 0; i < NULL_POINTERS; i++) {
		EQ(memfd_go_secret_protect((secret_area *)null_pointers[i], 0), -EFAULT);
		EQ(memfd_go_secret_free((secret_area *)null_pointers[i]), -EFAULT);
	}
}

#define MSEAL 462 /* on all architectures; missing from older headers */

static void use_sealed_area(void)
{
	secret_area s = NEW_AREA;

	EQ(memfd_go_secret_alloc(&s, 1, 0), 0);
	*(char *)s.data = SECRET_BYTE;
	EQ(syscall(MSEAL, s.base, s.base_len, 0), 0);
	EQ(memfd_go_secret_protect(&s, MEMFD_GO_ACCESS_READ), -EPERM);
	EQ(memfd_go_secret_free(&s), -EPERM);
	check_access(&s, 0, 0);
	EQ(s.len, 1);
}

/* In a child, because they stay mapped. */
static void sealed_areas_cannot_be_protected_or_freed(void)
{
	if (raw(syscall(MSEAL, 0, 0, 0)) != 0)
		SKIP("this kernel has no mseal(2)");
	IN_CHILD(use_sealed_area);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(access_is_as_requested);
	RUN(contents_are_preserved);
	RUN(area_can_be_freed_with_any_access);
	RUN(free_wipes);
	RUN(freeing_twice_does_nothing);
	RUN(rejects_bad_arguments);
	RUN(sealed_areas_cannot_be_protected_or_freed);
	return finish();
}
