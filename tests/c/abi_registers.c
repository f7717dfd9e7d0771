/* SPDX-License-Identifier: MIT */

/*
 * Each function preserves the callee-saved registers of the psABI and returns a whole word.
 * It ignores registers without an argument and the upper half of those with a 32-bit
 * argument, and works with any alignment of the stack that the psABI allows.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include "call_with.h"
#include "test.h"

#define GARBAGE ((word)0xa5a5a5a5a5a5a5a5)

#if UINTPTR_MAX > UINT32_MAX
#define NARROW(x) ((word)(uint32_t)(x) | GARBAGE << 32)
#define WIDE(x) (word)(x)
#else
#define NARROW(x) (word)(uint32_t)(x)
#define WIDE(x) (word)(x), (word)((uint64_t)(x) >> 32)
#endif

/* The distance of the stack pointer from where the compiler puts it. */
static word shift;

static intptr_t call(const char *name, word function, const word *argument, size_t number)
{
	word arguments[7] = { GARBAGE, GARBAGE, GARBAGE, GARBAGE, GARBAGE, GARBAGE, GARBAGE };
	struct registers r;
	intptr_t result;

	memcpy(arguments, argument, number * sizeof *argument);
	for (int i = 0; i < SAVED; i++)
		r.before[i] = (word)0x0123456789abcdef * (word)(2 * i + 1);
	result = shifted(&r, function, arguments, shift);
	for (int i = 0; i < SAVED; i++)
		if (r.after[i] != r.before[i])
			fail(__FILE__, __LINE__, "%s changed callee-saved register %d", name, i);
	return result;
}

#define CALL(name, ...)                                          \
	call(#name, (word)(name), (const word[]){ __VA_ARGS__ }, \
	     sizeof((const word[]){ __VA_ARGS__ }) / sizeof(word))
#define CALL0(name) call(#name, (word)(name), NULL, 0)

/* Checks that the result is a descriptor. */
static int descriptor(const char *name, intptr_t result)
{
	if (result < 0)
		fail(__FILE__, __LINE__, "%s: %s", name, memfd_go_result_name((int)result));
	return (int)result;
}

#define OPEN(name, ...) descriptor(#name, CALL(name, __VA_ARGS__))

static void text_functions(void)
{
	uint32_t seals = 0, flags = 0;
	char text[64] = "";
	struct memfd_go_features features = { .bits = 0 }, same = features;

	EQ(CALL0(memfd_go_version), MEMFD_GO_VERSION);
	TEXT((char *)CALL0(memfd_go_version_string), MEMFD_GO_VERSION_STRING);
	TEXT((char *)CALL(memfd_go_result_name, NARROW(-EBUSY)), "EBUSY");
	EQ(CALL(memfd_go_probe, (word)&features, sizeof features, WIDE(0)), 0);
	EQ(memfd_go_probe(&same, sizeof same, 0), 0);
	EQ(memcmp(&features, &same, sizeof same), 0);
	EQ(CALL(memfd_go_huge_flags, WIDE(1ULL << 34), (word)&flags), 0);
	EQ(flags, MFD_HUGETLB | 34U << 26);
	EQ(CALL(memfd_go_format_seals, NARROW(6), NARROW(MEMFD_GO_STYLE_HEX), (word)text, 64), 3);
	TEXT(text, "0x6");
	EQ(CALL(memfd_go_parse_seals, (word)text, (word)&seals), 0);
	EQ(seals, 6);
}

static void file_functions(void)
{
	const uint64_t far = (1ULL << 32) + 131072;
	struct memfd_go_info info = { .kind = 0 }, same = info;
	uint64_t size = 0;
	uint32_t missing = 0;
	char text[8] = "";
	void *at = NULL;
	int fd = OPEN(memfd_go_create, (word) "registers", NARROW(MFD_CLOEXEC | MFD_ALLOW_SEALING));

	EQ(CALL(memfd_go_set_size, NARROW(fd), NARROW(0), WIDE(far)), 0);
	EQ(CALL(memfd_go_get_size, NARROW(fd), (word)&size), 0);
	EQ(size, far);
	EQ(CALL(memfd_go_map, NARROW(fd), NARROW(MEMFD_GO_OPT_WRITE), WIDE(far - 65536), 4096, (word)&at), 0);
	if (at != NULL)
		memcpy(at, "written", 8);
	EQ(pread(fd, text, 8, (off_t)(far - 65536)), 8);
	TEXT(text, "written");
	EQ(CALL(memfd_go_unmap, (word)at, 4096), 0);
	at = NULL;
	EQ(CALL(memfd_go_map_ring, NARROW(fd), NARROW(0), WIDE(far - 65536), 65536, (word)&at), 0);
	TEXT((char *)at + 65536, "written");
	EQ(CALL(memfd_go_unmap, (word)at, 131072), 0);
	EQ(CALL(memfd_go_discard, NARROW(fd), NARROW(0), WIDE(far - 65535), WIDE(1ULL << 33)), 0);
	EQ(pread(fd, text, 8, (off_t)(far - 65536)), 8);
	TEXT(text, "w");
	EQ(CALL(memfd_go_add_seals, NARROW(fd), NARROW(F_SEAL_GROW)), 0);
	EQ(CALL(memfd_go_get_seals, NARROW(fd)) & 15, F_SEAL_GROW);
	EQ(CALL(memfd_go_ensure_seals, NARROW(fd), NARROW(F_SEAL_SHRINK)), 0);
	EQ(CALL(memfd_go_check_seals, NARROW(fd), NARROW(15), (word)&missing), -EKEYREJECTED);
	EQ(missing, F_SEAL_SEAL | F_SEAL_WRITE);
	EQ(CALL(memfd_go_inspect, NARROW(fd), NARROW(0), (word)&info, sizeof info), 0);
	EQ(memfd_go_inspect(fd, 0, &same, sizeof same), 0);
	EQ(memcmp(&info, &same, sizeof same), 0);
	close(fd);
}

static void create_functions(void)
{
	struct memfd_go_create_args args = { .flags = MFD_CLOEXEC, .size = 5 };
	void *at = NULL;
	size_t length = 0;
	uint64_t size = 0;
	char *none[] = { NULL };
	int fd = OPEN(memfd_go_create_with, (word) "with", (word)&args, sizeof args), sealed, copy, again;

	EQ(fchmod(fd, 0600), 0);
	EQ(CALL(memfd_go_exec, NARROW(fd), (word)none, (word)none, NARROW(MEMFD_GO_OPT_INHERIT_FD)), -EACCES);
	sealed = OPEN(memfd_go_create_sealed, (word) "sealed", NARROW(MFD_CLOEXEC), NARROW(0),
		      (word) "written", 8);
	EQ(memfd_go_get_seals(sealed) & 15, MEMFD_GO_SEALS_IMMUTABLE);
	copy = OPEN(memfd_go_clone, (word) "copy", NARROW(MFD_CLOEXEC), NARROW(0), NARROW(sealed),
		    WIDE(1ULL << 32));
	again = OPEN(memfd_go_reopen, NARROW(copy), NARROW(O_RDONLY));
	EQ(CALL(memfd_go_verify, NARROW(again), NARROW(0), WIDE(1ULL << 32), NARROW(0), (word)&size), 0);
	EQ(size, 8);
	EQ(CALL(memfd_go_map_verified, NARROW(again), NARROW(0), WIDE(1ULL << 32), NARROW(0), (word)&at,
		(word)&length),
	   0);
	EQ(length, 8);
	TEXT((char *)at, "written");
	memfd_go_unmap(at, length);
	close(fd);
	close(sealed);
	close(copy);
	close(again);
}

static void transfer_functions(void)
{
	int fd = memfd_go_create_sealed("sent", MFD_CLOEXEC, 0, "written", 8), pair[2], got[2] = { -1, -1 };
	int verified, imported;
	uint32_t number = 2;
	size_t length = 8;
	char text[8];

	EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	EQ(CALL(memfd_go_send_fds, NARROW(pair[0]), NARROW(0), (word) & (int[]){ fd, fd }, NARROW(2),
		(word) "ab", 2),
	   2);
	EQ(CALL(memfd_go_recv_fds, NARROW(pair[1]), NARROW(0), (word)got, (word)&number, (word)text,
		(word)&length),
	   0);
	EQ(number, 2);
	EQ(length, 2);
	EQ(memfd_go_send_fds(pair[0], 0, &fd, 1, NULL, 0), 0);
	length = 8;
	verified = OPEN(memfd_go_recv_verified, NARROW(pair[1]), NARROW(0), WIDE(1ULL << 32), NARROW(0),
			(word)text, (word)&length);
	EQ(length, 1);
	imported = OPEN(memfd_go_import_pid, NARROW(getpid()), NARROW(fd), NARROW(O_RDONLY));
	close(fd);
	close(pair[0]);
	close(pair[1]);
	close(got[0]);
	close(got[1]);
	close(verified);
	close(imported);
}

static void secret_functions(void)
{
	struct memfd_go_secret_pool pool = { 0 };
	secret_area area = { 0 }, freed = area;
	char secret[5] = "abcde";
	void *slot = NULL;
	intptr_t fd = CALL(memfd_go_secret, NARROW(O_CLOEXEC));

	CHECK(fd >= 0 || fd == -ENOSYS);
	if (fd >= 0) {
		EQ(CALL(memfd_go_secret_attach, (word)&area, NARROW(fd), WIDE(1ULL << 40), NARROW(0)),
		   -ENODATA);
		close((int)fd);
	}
	EQ(CALL(memfd_go_secret_alloc, (word)&area, 5, NARROW(0)), 0);
	if (area.data != NULL) {
		memcpy(area.data, "abcd", 5);
		CALL(memfd_go_wipe, (word)area.data, 3);
		EQ(memcmp(area.data, "\0\0\0d", 5), 0);
	}
	EQ(CALL(memfd_go_equal, (word) "abcd", (word) "abce", 3), 1);
	EQ(CALL(memfd_go_equal, (word) "abcd", (word) "abce", 4), 0);
	EQ(CALL(memfd_go_secret_relock, (word)&area), 0);
	EQ(CALL(memfd_go_secret_protect, (word)&area, NARROW(MEMFD_GO_ACCESS_NONE)), 0);
	EQ(CALL(memfd_go_secret_free, (word)&area), 0);
	EQ(CALL(memfd_go_secret_alloc_from, (word)&area, (word)secret, 5, NARROW(0)), 0);
	EQ(secret[0], 0);
	EQ(CALL(memfd_go_secret_free, (word)&area), 0);
	freed.fd = -1;
	EQ(memcmp(&area, &freed, sizeof freed), 0);
	EQ(CALL(memfd_go_secret_pool_init, (word)&pool, 5, NARROW(2), NARROW(0)), 0);
	EQ(CALL(memfd_go_secret_pool_take, (word)&pool, (word)&slot), 0);
	EQ(CALL(memfd_go_secret_pool_give, (word)&pool, (word)slot), 0);
	EQ(CALL(memfd_go_secret_pool_relock, (word)&pool), 0);
	EQ(CALL(memfd_go_secret_pool_protect, (word)&pool, NARROW(MEMFD_GO_ACCESS_READ)), 0);
	EQ(CALL(memfd_go_secret_pool_take, (word)&pool, (word)&slot), -EACCES);
	EQ(CALL(memfd_go_secret_pool_free, (word)&pool), 0);
}

static void errors(void)
{
	intptr_t r;

	EQ(CALL(memfd_go_probe, 0, 0, WIDE(0)), -EFAULT);
	EQ(CALL(memfd_go_create, 0, NARROW(0)), -EFAULT);
	EQ(CALL(memfd_go_create_with, 0, 0, 0), -EFAULT);
	EQ(CALL(memfd_go_create_sealed, 0, NARROW(0), NARROW(0), 0, 0), -EFAULT);
	EQ(CALL(memfd_go_clone, (word) "copy", NARROW(0), NARROW(0), NARROW(-1), WIDE(1)), -EBADF);
	EQ(CALL(memfd_go_clone_stream, (word) "copy", NARROW(0), NARROW(0), NARROW(-1), WIDE(1)), -EBADF);
	EQ(CALL(memfd_go_discard, NARROW(-1), NARROW(0), WIDE(1), WIDE(1)), -EBADF);
	EQ(CALL(memfd_go_map_ring, NARROW(-1), NARROW(0), WIDE(0), 65536, (word)&errno), -EBADF);
	EQ(CALL(memfd_go_reopen, NARROW(-1), NARROW(O_RDONLY)), -EBADF);
	EQ(CALL(memfd_go_huge_flags, WIDE(3ULL << 32), (word)&errno), -EINVAL);
	EQ(CALL(memfd_go_get_size, NARROW(-1), (word)&errno), -EBADF);
	EQ(CALL(memfd_go_set_size, NARROW(-1), NARROW(0), WIDE(1)), -EBADF);
	EQ(CALL(memfd_go_add_seals, NARROW(-1), NARROW(1)), -EBADF);
	EQ(CALL(memfd_go_get_seals, NARROW(-1)), -EBADF);
	EQ(CALL(memfd_go_ensure_seals, NARROW(-1), NARROW(1)), -EBADF);
	EQ(CALL(memfd_go_check_seals, NARROW(-1), NARROW(1), 0), -EBADF);
	EQ(CALL(memfd_go_format_seals, NARROW(1), NARROW(9), 0, 0), -EINVAL);
	EQ(CALL(memfd_go_parse_seals, 0, 0), -EFAULT);
	EQ(CALL(memfd_go_inspect, NARROW(-1), NARROW(0), 0, 0), -EFAULT);
	EQ(CALL(memfd_go_map, NARROW(-1), NARROW(0), WIDE(0), 1, (word)&errno), -EBADF);
	EQ(CALL(memfd_go_map_verified, NARROW(-1), NARROW(0), WIDE(1), NARROW(0), 0, 0), -EFAULT);
	EQ(CALL(memfd_go_verify, NARROW(-1), NARROW(0), WIDE(1), NARROW(0), 0), -EBADF);
	EQ(CALL(memfd_go_unmap, 65537, 1), -EINVAL);
	EQ(CALL(memfd_go_send_fds, NARROW(-1), NARROW(0), 0, NARROW(1), 0, 0), -EFAULT);
	EQ(CALL(memfd_go_recv_fds, NARROW(-1), NARROW(0), 0, 0, 0, 0), -EFAULT);
	EQ(CALL(memfd_go_recv_verified, NARROW(-1), NARROW(0), WIDE(1), NARROW(0), 0, 0), -EBADF);
	EQ(CALL(memfd_go_import_pid, NARROW(-1), NARROW(0), NARROW(0)), -EINVAL);
	r = CALL(memfd_go_import_pidfd, NARROW(-1), NARROW(0), NARROW(0));
	CHECK(r == -EBADF || r == -ENOSYS);
	EQ(CALL(memfd_go_exec, NARROW(-1), 0, 0, NARROW(0)), -EFAULT);
	r = CALL(memfd_go_secret, NARROW(2));
	CHECK(r == -EINVAL || r == -ENOSYS);
	EQ(CALL(memfd_go_secret_alloc, 0, 1, NARROW(0)), -EFAULT);
	EQ(CALL(memfd_go_secret_attach, 0, NARROW(-1), NARROW(0)), -EFAULT);
	EQ(CALL(memfd_go_secret_protect, 0, NARROW(0)), -EFAULT);
	EQ(CALL(memfd_go_secret_free, 0), -EFAULT);
	EQ(CALL(memfd_go_secret_pool_init, 0, 1, NARROW(1), NARROW(0)), -EFAULT);
	EQ(CALL(memfd_go_secret_pool_take, 0, 0), -EFAULT);
	EQ(CALL(memfd_go_secret_pool_give, 0, 0), -EFAULT);
	EQ(CALL(memfd_go_secret_pool_free, 0), -EFAULT);
}

/* Repeats the calls with each alignment of the stack that the psABI allows. */
#define ANY_STACK(calls)                                              \
	static void calls##_preserve_registers(void)                  \
	{                                                             \
		for (shift = 0; shift < 16; shift += STACK_ALIGNMENT) \
			calls();                                      \
	}

ANY_STACK(text_functions)
ANY_STACK(file_functions)
ANY_STACK(create_functions)
ANY_STACK(transfer_functions)
ANY_STACK(secret_functions)
ANY_STACK(errors)

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(text_functions_preserve_registers);
	RUN(file_functions_preserve_registers);
	RUN(create_functions_preserve_registers);
	RUN(transfer_functions_preserve_registers);
	RUN(secret_functions_preserve_registers);
	RUN(errors_preserve_registers);
	return finish();
}
