/* SPDX-License-Identifier: MIT */

/* Fault injection into the functions that create, describe and map files (failing_calls.h). */
#include "failing_calls.h"

#define TEXT_OF_FILE "abcdef"
#define RING 65536 /* a multiple of any page size */
#define LENGTH 6

/* ------------------------------------------------------------------ Before */

static void prepare_memfd(void)
{
	in.fd = raw_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	EQ(write(in.fd, TEXT_OF_FILE, LENGTH), LENGTH);
}

static void prepare_sealed_memfd(void)
{
	prepare_memfd();
	EQ(fcntl(in.fd, F_ADD_SEALS, MEMFD_GO_SEALS_IMMUTABLE), 0);
}

/* Its seals may be forged, so the library tests the kernel. */
static void prepare_memfd_with_all_seals(void)
{
	prepare_memfd();
	EQ(fcntl(in.fd, F_ADD_SEALS, MEMFD_GO_SEALS_IMMUTABLE & ~F_SEAL_SEAL), 0);
	EQ(fcntl(in.fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_EXEC), 0);
}

static void prepare_growing_memfd(void)
{
	prepare_memfd();
	EQ(fcntl(in.fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
}

/* A read-only descriptor of a file that can be reopened for writing. */
static void prepare_reader(void)
{
	int writer;

	prepare_sealed_memfd();
	writer = in.fd;
	in.fd = reopen(writer, O_RDONLY);
	close(writer);
}

static void prepare_unsealable_memfd(void)
{
	in.fd = raw_create("test", MFD_CLOEXEC);
}

static void prepare_proc_file(void)
{
	in.fd = open("/proc/version", O_RDONLY | O_CLOEXEC);
}

static void prepare_memfd_to_read(void)
{
	prepare_memfd();
	EQ(lseek(in.fd, 0, SEEK_SET), 0);
}

static void prepare_ring(void)
{
	in.fd = sized_file(RING);
}

static void prepare_pipe(void)
{
	in.fd = pipe_file();
}

/* At an address that is not a multiple of a huge page: after an injected EINVAL the library would
   try to unmap one. */
static void prepare_mapping(void)
{
	size_t page = page_size();
	char *two = mmap(NULL, 2 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	out.address = (uintptr_t)two % (2 * page) == 0 ? two + page : two;
	munmap((char *)out.address == two ? two + page : two, page);
}

static void prepare_arguments(void)
{
	out.args.flags = MFD_CLOEXEC | MFD_NOEXEC_SEAL;
	out.args.seals = F_SEAL_GROW;
	out.args.size = LENGTH;
	out.args.mode = 0600;
}

static void prepare_strict_arguments(void)
{
	prepare_arguments();
	out.args.opts = MEMFD_GO_OPT_STRICT_NOEXEC;
}

/* ------------------------------------------------------------------- After */

static void close_input(int result)
{
	(void)result;
	close(in.fd);
}

static void unmap_output(int result)
{
	(void)result;
	munmap(out.address, LENGTH);
}

static void expect_zero(int result)
{
	EQ(result, 0);
}

static void expect_text(int result)
{
	EQ(result, strlen(out.data));
}

static void expect_descriptor(int result)
{
	if (result >= 0)
		EQ(close(result), 0);
}

static void expect_another_descriptor(int result)
{
	expect_descriptor(result);
	close_input(result);
}

static void expect_as_in_arguments(int result)
{
	struct stat status = { 0 };
	int seals = fcntl(result, F_GET_SEALS);

	if (result < 0)
		return;
	EQ(fstat(result, &status), 0);
	EQ(status.st_size, LENGTH);
	EQ(status.st_mode & 0777, 0600);
	EQ(without_exec(seals), F_SEAL_GROW);
	close(result);
}

static void expect_sealed_file(int result)
{
	size_t size;
	char *text;

	if (result < 0)
		return;
	EQ(without_exec(fcntl(result, F_GET_SEALS)), MEMFD_GO_SEALS_IMMUTABLE);
	EQ(lseek(result, 0, SEEK_CUR), 0);
	size = (size_t)lseek(result, 0, SEEK_END); /* one whole page for huge pages */
	CHECK(size == LENGTH || size % page_size() == 0);
	text = mmap(NULL, size, PROT_READ, MAP_SHARED, result, 0);
	TEXT(text, TEXT_OF_FILE);
	EQ(munmap(text, size), 0);
	close(result);
}

static void expect_copy(int result)
{
	expect_sealed_file(result);
	close_input(result);
}

static void expect_empty(int result)
{
	if (result < 0)
		return;
	EQ(lseek(result, 0, SEEK_END), 0);
	close(result);
}

static void expect_mapping(int result)
{
	if (result == 0) {
		EQ(memcmp(out.address, TEXT_OF_FILE, LENGTH), 0);
		munmap(out.address, LENGTH);
	}
	close_input(result);
}

/* Without a name, a memfd that does not support seals is KIND_OTHER. */
static void expect_shared_memory(int result)
{
	if (result == 0)
		CHECK(out.info.kind ==
		      (out.info.name[0] != '\0' ? MEMFD_GO_KIND_MEMFD : MEMFD_GO_KIND_OTHER));
	close_input(result);
}

static void expect_memfd(int result)
{
	if (result == 0)
		EQ(out.info.kind, MEMFD_GO_KIND_MEMFD);
	close_input(result);
}

static void expect_other(int result)
{
	if (result == 0)
		EQ(out.info.kind, MEMFD_GO_KIND_OTHER);
	close_input(result);
}

static void expect_ring(int result)
{
	if (result == 0)
		EQ(munmap(out.address, 2 * RING), 0);
	close_input(result);
}

/* --------------------------------------------------------------- The table */

#define CLONE(flags) memfd_go_clone("test", MFD_CLOEXEC | (flags), 0, in.fd, LENGTH)
#define CREATE_SEALED(flags, length) \
	memfd_go_create_sealed("test", MFD_CLOEXEC | (flags), 0, TEXT_OF_FILE, (length))
#define CREATE_WITH(args, size) memfd_go_create_with("test", (args), (size))
#define MAP memfd_go_map(in.fd, 0, 0, LENGTH, &out.address)
#define VERIFY(opts) memfd_go_verify(in.fd, 0, LENGTH, (opts), &out.size)
#define MAP_VERIFIED(seals) memfd_go_map_verified(in.fd, (seals), LENGTH, 0, &out.address, &out.length)

#define ROWS(F)                                                                                             \
	F(create, nothing, memfd_go_create("test", 0), expect_descriptor, "", "memfd_create", "")           \
	F(create_with_defaults, nothing, CREATE_WITH(NULL, 0), expect_descriptor, "", "memfd_create",       \
	  "memfd_create:EINVAL")                                                                            \
	F(create_with, prepare_arguments, CREATE_WITH(&out.args, sizeof out.args), expect_as_in_arguments,  \
	  "", "memfd_create fchmod ftruncate add_seals", "memfd_create:EINVAL")                             \
	F(create_with_before_6_3, prepare_arguments, CREATE_WITH(&out.args, sizeof out.args),               \
	  expect_as_in_arguments, "memfd_create/1:EINVAL", "memfd_create*2 fchmod ftruncate add_seals",     \
	  "memfd_create/1:EINVAL")                                                                          \
	F(create_with_strict_before_6_3, prepare_strict_arguments, CREATE_WITH(&out.args, sizeof out.args), \
	  expect_descriptor, "memfd_create/1:EINVAL", "memfd_create*2 close",                               \
	  "memfd_create/1:EINVAL close:*")                                                                  \
	F(create_sealed, nothing, CREATE_SEALED(0, LENGTH), expect_sealed_file, "",                         \
	  "memfd_create pwrite add_seals", "pwrite:EINTR,0=EIO add_seals:EBUSY")                            \
	F(create_sealed_while_busy, nothing, CREATE_SEALED(0, LENGTH), expect_sealed_file,                  \
	  "add_seals:EBUSY", "memfd_create pwrite add_seals*10 close", "pwrite:EINTR,0=EIO close:*")        \
	F(create_sealed_empty, nothing, CREATE_SEALED(0, 0), expect_empty, "", "memfd_create add_seals",    \
	  "add_seals:EBUSY")                                                                                \
	F(create_sealed_huge, nothing, CREATE_SEALED(MFD_HUGETLB, LENGTH), expect_sealed_file, "",          \
	  "memfd_create_huge statx fallocate mmap munmap add_seals", "fallocate:EINTR add_seals:EBUSY")     \
	F(clone, prepare_memfd, CLONE(0), expect_copy, "", "statx memfd_create sendfile lseek add_seals",   \
	  "sendfile:EINTR,EINVAL,ENOSYS,EPERM,0=EAGAIN add_seals:EBUSY")                                    \
	F(clone_without_sendfile, prepare_memfd, CLONE(0), expect_copy, "sendfile:ENOSYS",                  \
	  "statx memfd_create sendfile mmap pread*2 pwrite munmap lseek add_seals",                         \
	  "sendfile:EINTR,EINVAL,ENOSYS,EPERM,0=EAGAIN pread/1:EINTR,0=EAGAIN pread:EINTR,0 "               \
	  "pwrite:EINTR,0=EIO add_seals:EBUSY")                                                             \
	F(clone_huge, prepare_memfd, CLONE(MFD_HUGETLB), expect_copy, "",                                   \
	  "statx memfd_create_huge statx fallocate mmap pread*2 munmap add_seals",                          \
	  "fallocate:EINTR pread/1:EINTR,0=EAGAIN pread:EINTR,0 add_seals:EBUSY")                           \
	F(clone_without_a_size, prepare_proc_file, memfd_go_clone("test", 0, 0, in.fd, 4096),               \
	  expect_another_descriptor, "",                                                                    \
	  "statx memfd_create pread fstatfs ftruncate lseek mmap pread*2 pwrite munmap add_seals",          \
	  "pwrite:EINTR,0=EIO pread:EINTR,0 add_seals:EBUSY")                                               \
	F(clone_stream, prepare_memfd_to_read, memfd_go_clone_stream("test", 0, 0, in.fd, LENGTH),          \
	  expect_another_descriptor, "", "memfd_create mmap read*2 pwrite munmap add_seals",                \
	  "pwrite:EINTR,0=EIO read:0 add_seals:EBUSY")                                                      \
	F(clone_stream_huge, prepare_memfd_to_read,                                                         \
	  memfd_go_clone_stream("test", MFD_HUGETLB, 0, in.fd, LENGTH), expect_another_descriptor, "",      \
	  "memfd_create_huge statx fallocate mmap read*2 munmap ftruncate add_seals",                       \
	  "fallocate:EINTR read:0 add_seals:EBUSY")                                                         \
	F(reopen, prepare_memfd, memfd_go_reopen(in.fd, O_RDONLY), expect_another_descriptor, "",           \
	  "getfd openat setfl", "")                                                                         \
	F(huge_flags, nothing, memfd_go_huge_flags(0, &out.bits), expect_zero, "", "", "")                  \
	F(get_size, prepare_memfd, memfd_go_get_size(in.fd, &out.size), close_input, "", "statx", "")       \
	F(set_size, prepare_memfd, memfd_go_set_size(in.fd, 0, 9), close_input, "", "ftruncate", "")        \
	F(set_size_reserve, prepare_memfd, memfd_go_set_size(in.fd, MEMFD_GO_OPT_RESERVE, 9), close_input,  \
	  "", "fallocate ftruncate", "fallocate:EINTR")                                                     \
	F(set_size_interrupted, prepare_memfd, memfd_go_set_size(in.fd, MEMFD_GO_OPT_RESERVE, 9),           \
	  close_input, "fallocate/1:EINTR fallocate/2:EINTR fallocate/3:EINTR fallocate/4:EINTR",           \
	  "fallocate*5 ftruncate", "fallocate:EINTR")                                                       \
	F(discard, prepare_memfd, memfd_go_discard(in.fd, 0, 1, 2), close_input, "", "fallocate",           \
	  "fallocate:EINTR")                                                                                \
	F(add_seals, prepare_memfd, memfd_go_add_seals(in.fd, F_SEAL_GROW), close_input, "", "add_seals",   \
	  "")                                                                                               \
	F(get_seals, prepare_memfd, memfd_go_get_seals(in.fd), close_input, "", "get_seals", "")            \
	F(ensure_seals, prepare_memfd, memfd_go_ensure_seals(in.fd, F_SEAL_GROW), close_input, "",          \
	  "get_seals add_seals", "")                                                                        \
	F(ensure_seals_already_set, prepare_sealed_memfd, memfd_go_ensure_seals(in.fd, F_SEAL_GROW),        \
	  close_input, "", "get_seals", "")                                                                 \
	F(check_seals, prepare_sealed_memfd, memfd_go_check_seals(in.fd, F_SEAL_GROW, &out.bits),           \
	  close_input, "", "get_seals", "")                                                                 \
	F(format_seals, nothing, memfd_go_format_seals(1, 0, out.data, 16), expect_text, "", "", "")        \
	F(parse_seals, nothing, memfd_go_parse_seals("S", &out.bits), expect_zero, "", "", "")              \
	F(inspect, prepare_sealed_memfd, memfd_go_inspect(in.fd, 0, &out.info, sizeof out.info),            \
	  expect_memfd, "", "statx fstatfs get_seals getfl readlinkat", "get_seals:* getfl:* readlinkat:*") \
	F(inspect_unsealed, prepare_memfd, memfd_go_inspect(in.fd, 0, &out.info, sizeof out.info),          \
	  expect_memfd, "", "statx fstatfs get_seals getfl readlinkat", "get_seals:* getfl:* readlinkat:*") \
	F(inspect_unsealable, prepare_unsealable_memfd,                                                     \
	  memfd_go_inspect(in.fd, 0, &out.info, sizeof out.info), expect_shared_memory, "",                 \
	  "statx fstatfs get_seals memfd_create statx close getfl readlinkat",                              \
	  "get_seals:* close:* getfl:* readlinkat:*")                                                       \
	F(inspect_pipe, prepare_pipe, memfd_go_inspect(in.fd, 0, &out.info, sizeof out.info), expect_other, \
	  "", "statx fstatfs get_seals getfl", "get_seals:* getfl:*")                                       \
	F(map, prepare_sealed_memfd, MAP, expect_mapping, "", "mmap", "mmap:EPERM")                         \
	F(map_ring, prepare_ring, memfd_go_map_ring(in.fd, 0, 0, RING, &out.address), expect_ring, "",      \
	  "fstatfs mincore mmap*2 mremap mmap mremap", "mincore:*")                                         \
	F(map_before_6_7, prepare_sealed_memfd, MAP, expect_mapping, "mmap/1:EPERM", "mmap get_seals mmap", \
	  "mmap/1:EPERM get_seals:*=EPERM")                                                                 \
	F(verify, prepare_sealed_memfd, VERIFY(0), close_input, "", "get_seals statx getfl",                \
	  "getfl:*=EACCES")                                                                                 \
	F(verify_no_holes, prepare_sealed_memfd, VERIFY(MEMFD_GO_OPT_NO_HOLES), close_input, "",            \
	  "get_seals statx getfl fallocate getfl", "fallocate:EINTR getfl/1:* getfl/2:*=EACCES")            \
	F(verify_no_holes_read_only, prepare_reader, VERIFY(MEMFD_GO_OPT_NO_HOLES), close_input, "",        \
	  "get_seals statx getfl openat setfl fallocate close getfl",                                       \
	  "openat:EAGAIN=EACCES setfl:EAGAIN=EACCES fallocate:EINTR close:* getfl/1:*=EBADF "               \
	  "getfl/2:*=EACCES")                                                                               \
	F(map_verified, prepare_sealed_memfd, MAP_VERIFIED(0), expect_mapping, "", "get_seals statx mmap",  \
	  "mmap:EPERM")                                                                                     \
	F(map_verified_before_6_7, prepare_sealed_memfd, MAP_VERIFIED(0), expect_mapping, "mmap/1:EPERM",   \
	  "get_seals statx mmap get_seals mmap", "mmap/1:EPERM get_seals/2:*=EPERM")                        \
	F(map_verified_all_seals, prepare_memfd_with_all_seals, MAP_VERIFIED(0), expect_mapping, "",        \
	  "get_seals memfd_create mmap add_seals munmap close statx mmap",                                  \
	  "memfd_create:EACCES=EKEYREVOKED,EINVAL=EKEYREVOKED mmap/2:EPERM munmap:* close:* "               \
	  "add_seals:EBUSY,*=EKEYREVOKED")                                                                  \
	F(map_verified_growing, prepare_growing_memfd, MAP_VERIFIED(F_SEAL_SHRINK), expect_mapping, "",     \
	  "get_seals statx fstatfs mmap", "")                                                               \
	F(unmap, prepare_mapping, memfd_go_unmap(out.address, LENGTH), unmap_output, "", "munmap", "")

TABLE(ROWS)

int main(int argc, char **argv)
{
	start(argc, argv);
	TRY_TABLE(lacks_noexec_seal());
	return finish();
}
