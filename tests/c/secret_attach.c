/* SPDX-License-Identifier: MIT */

/* memfd_go_secret_attach() maps a secret file of another process. */
#include "test.h"
#include "area.h"
#include "child.h"
#include "fault.h"

#define LENGTH 5000

/* An area whose file can be attached to. */
static secret_area kept_area(void)
{
	secret_area s = NEW_AREA;

	EQ(memfd_go_secret_alloc(&s, LENGTH, MEMFD_GO_OPT_KEEP_FD), 0);
	return s;
}

/* A secret file of 'size' bytes. */
static int secret_file(uint64_t size)
{
	int fd = memfd_go_secret(O_CLOEXEC);

	EQ(memfd_go_set_size(fd, 0, size), 0);
	return fd;
}

static void maps_the_whole_file_between_guards(void)
{
	secret_area one = kept_area(), other = NEW_AREA;
	size_t pages = (LENGTH + page_size() - 1) / page_size() * page_size();
	char *data;

	memset(one.data, SECRET_BYTE, LENGTH);
	EQ(memfd_go_secret_attach(&other, one.fd, UINT64_MAX, 0), 0);
	EQ(other.kind, MEMFD_GO_AREA_SECRETMEM);
	EQ(other.len, pages);
	EQ(other.base_len, pages + PAGES_AROUND * page_size());
	EQ(other.fd, -1);
	CHECK(all_bytes(other.data, LENGTH, SECRET_BYTE));
	memset(other.data, 1, LENGTH);
	CHECK(all_bytes(one.data, LENGTH, 1));
	data = other.data;
	EQ(READ_SIGNAL(data - 1), SIGSEGV);
	EQ(READ_SIGNAL(data + pages), SIGSEGV);
	EQ(memfd_go_secret_protect(&other, MEMFD_GO_ACCESS_NONE), 0);
	EQ(READ_SIGNAL(data), SIGSEGV);
	EQ(READ_SIGNAL(one.data), 0);
	EQ(memfd_go_secret_free(&other), 0);
	EQ(memfd_go_secret_free(&one), 0);
}

static secret_area shared;

static void attach_in_the_child(void)
{
	secret_area own = NEW_AREA;

	EQ(READ_SIGNAL(shared.data), SIGSEGV);
	EQ(memfd_go_secret_attach(&own, shared.fd, UINT64_MAX, 0), 0);
	CHECK(all_bytes(own.data, LENGTH, SECRET_BYTE));
	memset(own.data, SECRET_BYTE + 1, LENGTH);
	EQ(memfd_go_secret_free(&own), 0);
}

static void freeing_does_not_wipe_the_file(void)
{
	shared = kept_area();
	memset(shared.data, SECRET_BYTE, LENGTH);
	IN_CHILD(attach_in_the_child);
	CHECK(all_bytes(shared.data, LENGTH, SECRET_BYTE + 1));
	EQ(memfd_go_secret_free(&shared), 0);
}

/* A mapping starts at a page, so the last byte of such a file is not at the guard. */
static void odd_size_starts_at_the_start_of_the_file(void)
{
	int fd = secret_file(100);
	secret_area s = NEW_AREA, other = NEW_AREA;

	EQ(memfd_go_secret_attach(&s, fd, UINT64_MAX, MEMFD_GO_OPT_ALIGN_END), 0);
	EQ(memfd_go_secret_attach(&other, fd, UINT64_MAX, 0), 0);
	EQ(s.len, 100);
	memset(s.data, SECRET_BYTE, 100);
	CHECK(all_bytes(other.data, 100, SECRET_BYTE));
	CHECK(all_bytes((char *)other.data + 100, page_size() - 100, 0));
	EQ(READ_SIGNAL((char *)s.data - 1), SIGSEGV);
	EQ(memfd_go_secret_free(&s), 0);
	EQ(memfd_go_secret_free(&other), 0);
	close(fd);
}

static void rejects_files_longer_than_max_len(void)
{
	int fd = secret_file(3 * page_size());
	secret_area s = NEW_AREA, zero = { 0 };

	EQ(memfd_go_secret_attach(&s, fd, 3 * page_size() - 1, 0), -EFBIG);
	EQ(memcmp(&s, &zero, sizeof s), 0);
	EQ(memfd_go_secret_attach(&s, fd, 0, 0), -EFBIG);
	EQ(memfd_go_secret_attach(&s, fd, 3 * page_size(), 0), 0);
	EQ(memfd_go_secret_free(&s), 0);
	close(fd);
}

static void descriptor_stays_open(void)
{
	int fd = secret_file(1), kept;
	secret_area s = NEW_AREA;

	EQ(memfd_go_secret_attach(&s, fd, UINT64_MAX, 0), 0);
	EQ(memfd_go_secret_free(&s), 0);
	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);

	EQ(memfd_go_secret_attach(&s, fd, UINT64_MAX, MEMFD_GO_OPT_KEEP_FD), 0);
	CHECK(s.fd >= 0 && s.fd != fd);
	EQ(fcntl(s.fd, F_GETFD), FD_CLOEXEC);
	kept = s.fd;
	EQ(memfd_go_secret_free(&s), 0);
	EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	EQ(raw(fcntl(kept, F_GETFD)), -EBADF);
	close(fd);
}

static void check_shared(void)
{
	CHECK(all_bytes(shared.data, shared.len, SECRET_BYTE));
}

static void shared_with_children_on_request(void)
{
	int fd = secret_file(100);

	shared = (secret_area)NEW_AREA;
	EQ(memfd_go_secret_attach(&shared, fd, UINT64_MAX, MEMFD_GO_OPT_FORK_SHARE), 0);
	memset(shared.data, SECRET_BYTE, shared.len);
	IN_CHILD(check_shared);
	EQ(memfd_go_secret_free(&shared), 0);
	close(fd);
}

static void rejects_files_that_are_not_secret(void)
{
	int files[] = { sized_file(4096), pipe_file(), open("/", O_RDONLY | O_CLOEXEC),
			open("/dev/null", O_RDWR | O_CLOEXEC),
			open("/proc/self/maps", O_RDONLY | O_CLOEXEC) };
	secret_area s = NEW_AREA, untouched = NEW_AREA;

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		CHECK(files[i] >= 0);
		EQ(memfd_go_secret_attach(&s, files[i], UINT64_MAX, 0), -EINVAL);
		close(files[i]);
	}
	for (size_t i = 0; i < CLOSED_DESCRIPTORS; i++)
		EQ(memfd_go_secret_attach(&s, closed_descriptors[i], UINT64_MAX, 0), -EBADF);
	EQ(memcmp(&s, &untouched, sizeof s), 0);
}

static void rejects_files_without_a_size(void)
{
	int fd = memfd_go_secret(O_CLOEXEC);
	secret_area s = NEW_AREA;

	EQ(memfd_go_secret_attach(&s, fd, UINT64_MAX, 0), -ENODATA);
	close(fd);
}

/* The file uses no memory. With 64 bits it is larger than the memory of the system. */
static void rejects_files_larger_than_the_address_space(void)
{
	uint64_t size = sizeof(size_t) == 4 ? (uint64_t)5 << 30 : (uint64_t)1 << 50;
	int fd = secret_file(size);
	secret_area s = NEW_AREA, zero = { 0 };

	EQ(memfd_go_secret_attach(&s, fd, UINT64_MAX, 0), sizeof(size_t) == 4 ? -EOVERFLOW : -ENOMEM);
	EQ(memcmp(&s, &zero, sizeof s), 0);
	close(fd);
}

static void rejects_bad_options(void)
{
	static const uint32_t known = MEMFD_GO_OPT_KEEP_FD | MEMFD_GO_OPT_FORK_SHARE | MEMFD_GO_OPT_ALIGN_END;
	secret_area s = NEW_AREA;

	for (int bit = 0; bit < 32; bit++)
		if ((known & 1U << bit) == 0)
			EQ(memfd_go_secret_attach(&s, -1, UINT64_MAX, 1U << bit), -EINVAL);
}

static void rejects_bad_pointers(void)
{
	for (size_t i = 0; i < NULL_POINTERS; i++)
		EQ(memfd_go_secret_attach((secret_area *)null_pointers[i], -1, UINT64_MAX, 0), -EFAULT);
}

static void attach_over_the_limits(void)
{
	secret_area s = NEW_AREA;
	int fd = secret_file(4 * page_size());

	set_limit(RLIMIT_NOFILE, 1);
	EQ(memfd_go_secret_attach(&s, fd, UINT64_MAX, MEMFD_GO_OPT_KEEP_FD), -EMFILE);
	drop_privileges();
	set_limit(RLIMIT_MEMLOCK, 3 * page_size());
	EQ(memfd_go_secret_attach(&s, fd, UINT64_MAX, 0), -EAGAIN);
	set_limit(RLIMIT_MEMLOCK, 4 * page_size());
	EQ(memfd_go_secret_attach(&s, fd, UINT64_MAX, 0), 0);
	EQ(memfd_go_secret_free(&s), 0);
}

static void fails_above_rlimit_memlock_and_at_rlimit_nofile(void)
{
	IN_CHILD(attach_over_the_limits);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(rejects_files_that_are_not_secret);
	RUN(rejects_bad_options);
	RUN(rejects_bad_pointers);
	if (!have_secretmem())
		return finish();
	RUN(maps_the_whole_file_between_guards);
	RUN(freeing_does_not_wipe_the_file);
	RUN(odd_size_starts_at_the_start_of_the_file);
	RUN(rejects_files_longer_than_max_len);
	RUN(descriptor_stays_open);
	RUN(shared_with_children_on_request);
	RUN(rejects_files_without_a_size);
	RUN(rejects_files_larger_than_the_address_space);
	RUN(fails_above_rlimit_memlock_and_at_rlimit_nofile);
	return finish();
}
