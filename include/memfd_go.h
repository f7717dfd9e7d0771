/* SPDX-License-Identifier: MIT */

/*
 * memfd_go.h - memfd_create(2), memfd_secret(2) and file sealing for every
 * language on Linux.
 *
 * The functions create files in memory, seal them against changes, map them, pass them
 * to other processes, and allocate memory for secrets.
 *
 * Link with -lmemfd_go, or dlopen("libmemfd_go.so.1"). The library needs no libc,
 * starts no thread and keeps no state.
 *
 * CONVENTIONS
 *
 * Results.  A function that can fail returns a value >= 0 on success, and -errno
 * (such as -EINVAL) on failure. It neither reads nor writes errno.
 * memfd_go_result_name() returns the name of a result.
 *
 * Failures.  On failure nothing leaks: no descriptor and no mapping. A function writes
 * its out-parameters only on success, unless its comment says otherwise.
 *
 * Safety.  Every function may be called from any number of threads at once, from a
 * signal handler, and in the child after fork(), vfork() or clone(), whatever the
 * parent's other threads were doing. A secret area or pool may be used by one thread at
 * a time. "Safe:" marks other restrictions. No function needs more than 4096 bytes of
 * stack. No function is a cancellation point.
 *
 * Zero.  As 'seals' of create_sealed, clone and clone_stream, 0 stands for
 * MEMFD_GO_SEALS_IMMUTABLE; elsewhere for no seals. As 'required' it stands for
 * F_SEAL_WRITE | F_SEAL_SHRINK, except in check_seals. Flags of 0 are no flags, not
 * even MFD_CLOEXEC. A max_len of 0 allows 0 bytes; UINT64_MAX is no limit.
 *
 * Pointers.  Functions return -EFAULT for NULL, unless it is allowed, and for any other
 * pointer into the first or last 4096 bytes of the address space; "null" below means
 * all of these. They also return it for an invalid pointer that is passed on to the
 * kernel (names, file contents). Any other invalid pointer faults, as it would in the
 * caller's own code.
 *
 * Sizes.  Sizes and offsets of files are uint64_t, in bytes, from 0 to INT64_MAX, on
 * 32-bit architectures too. size_t is used only for memory.
 *
 * Structs.  Structs that may grow are passed with their sizeof, as in openat2(2). A
 * function that fills a struct writes exactly 'size' bytes: a newer library omits the
 * members that do not fit, and an older one writes zeros to members that it does not
 * know. Their layout is the same on all architectures, without padding.
 *
 * Memory.  -ENOMEM and -ENOSPC report limits that the kernel checks in advance. When
 * memory itself runs out, in the system or in a memory cgroup (such as a container's),
 * the kernel kills a process (SIGKILL) instead, usually the one that needs memory.
 *
 * Sources.  "Source:" lists the manual pages and kernel files that define the
 * behaviour. All functions need Linux 3.17 or later; those that need a newer kernel say
 * so. A seccomp filter may make any function fail with any error, usually -EPERM or
 * -ENOSYS, which the function returns.
 *
 * This header is valid C89 and C++98 and includes only <stddef.h> and <stdint.h>, with
 * MEMFD_GO_DROPIN (see the end) only <stddef.h>.
 */
#ifndef MEMFD_GO_H
#define MEMFD_GO_H

#include <stddef.h>
#if defined(MEMFD_GO_DROPIN) && defined(__UINT64_TYPE__)
/* glibc's <stdint.h> fixes what a later "#define _GNU_SOURCE" could still ask for. */
__extension__ typedef __INT32_TYPE__ int32_t;
__extension__ typedef __UINT32_TYPE__ uint32_t;
__extension__ typedef __UINT64_TYPE__ uint64_t;
#else
#include <stdint.h>
#endif

/* Marks functions that can fail: compilers warn if the result is ignored. */
#ifdef __GNUC__
#define MEMFD_GO_CHECKED __attribute__((__warn_unused_result__))
#else
#define MEMFD_GO_CHECKED
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------ Library */

/*
 * EXAMPLE: check that the kernel supports seals
 *
 *     struct memfd_go_features f;
 *     int r = memfd_go_probe(&f, sizeof f, 0);
 *
 *     if (r < 0)
 *         printf("probe: %s\n", memfd_go_result_name(r));
 *     else if ((f.bits & MEMFD_GO_FEATURE_SEALING) != 0)
 *         printf("libmemfd_go %s can seal\n", memfd_go_version_string());
 */

#define MEMFD_GO_VERSION_MAJOR 1
#define MEMFD_GO_VERSION_MINOR 0
#define MEMFD_GO_VERSION_PATCH 0
#define MEMFD_GO_VERSION_STRING "1.0.0"

/* The version of this header, in the form that memfd_go_version() returns. */
#define MEMFD_GO_VERSION                                              \
	(MEMFD_GO_VERSION_MAJOR * 0x10000U + MEMFD_GO_VERSION_MINOR * 0x100U + \
	 MEMFD_GO_VERSION_PATCH)

/*
 * memfd_go_version() returns the version of the running library, as MAJOR << 16 |
 * MINOR << 8 | PATCH. Compare it with MEMFD_GO_VERSION, the version of the header.
 *
 * Errors: none.
 */
uint32_t memfd_go_version(void);

/*
 * memfd_go_version_string() returns the version of the running library as text, such
 * as "1.0.0". The string is constant and valid as long as the library is loaded.
 *
 * Errors: none.
 */
const char *memfd_go_version_string(void);

/*
 * memfd_go_result_name() returns the name of a result: "OK" for success (0 or more),
 * the name of the error for a negative number, such as "EBUSY" for -EBUSY, and "E?" if
 * the number has no name. Of two names for one number it returns the one that errno(3)
 * does not call an alias (EAGAIN, EOPNOTSUPP). The string is constant and valid as
 * long as the library is loaded.
 *
 * Errors: none.
 *
 * Source: errno(3), include/uapi/asm-generic/errno.h.
 */
const char *memfd_go_result_name(int r);

/* Features that memfd_go_probe() tries, one bit each. */
#define MEMFD_GO_FEATURE_CREATE 0x00000001U       /* memfd_create(2) */
#define MEMFD_GO_FEATURE_SEALING 0x00000002U      /* seals can be added */
#define MEMFD_GO_FEATURE_FUTURE_WRITE 0x00000004U /* F_SEAL_FUTURE_WRITE */
#define MEMFD_GO_FEATURE_NOEXEC_SEAL 0x00000008U  /* MFD_NOEXEC_SEAL */
#define MEMFD_GO_FEATURE_SEAL_EXEC 0x00000010U    /* F_SEAL_EXEC */
#define MEMFD_GO_FEATURE_EXEC_ALLOWED 0x00000020U /* executable files are allowed */
#define MEMFD_GO_FEATURE_HUGETLB 0x00000040U      /* MFD_HUGETLB */
#define MEMFD_GO_FEATURE_SECRET 0x00000080U       /* memfd_secret(2); on request */
#define MEMFD_GO_FEATURE_SHARED_RO 0x00000100U    /* a write-sealed file that is open
                                                     for writing can be mapped shared */
#define MEMFD_GO_FEATURE_PROCFS 0x00000200U       /* /proc/self/fd */
#define MEMFD_GO_FEATURE_PIDFD_GETFD 0x00000400U  /* pidfd_getfd(2) */
#define MEMFD_GO_FEATURE_EXECVEAT 0x00000800U     /* execveat(2) */

/* The result of memfd_go_probe(). */
struct memfd_go_features {
	uint64_t bits;          /* MEMFD_GO_FEATURE_* */
	uint64_t huge_sizes;    /* bit n: the system has huge pages of 2^n bytes */
	uint64_t memlock_soft;  /* RLIMIT_MEMLOCK in bytes; UINT64_MAX: no limit */
	uint32_t page_size;     /* in bytes */
	uint32_t noexec_policy; /* vm.memfd_noexec: 0, 1 or 2 */
};

/*
 * memfd_go_probe() finds out which features work in this process and on this kernel,
 * by trying them. It does not check the kernel's version. It makes about 60 system
 * calls, so call it once and keep the result.
 *
 * f, size  sizeof(struct memfd_go_features)
 * request  0, or MEMFD_GO_FEATURE_SECRET to try memfd_secret(2) as well. That opens a
 *          secret file for a moment, during which the system cannot hibernate.
 *
 * Returns 0.
 *
 * -EFAULT   f is null
 * -EINVAL   size is less than 32
 * -EINVAL   unknown request
 * -E2BIG    size is more than 4096
 * -EMFILE, -ENFILE, -ENOMEM  not enough descriptors or memory to try the features
 */
MEMFD_GO_CHECKED
int memfd_go_probe(struct memfd_go_features *f, size_t size, uint64_t request);

/* ------------------------------------------------------------------- Create */

/*
 * EXAMPLE: create settings that nobody can change
 *
 *     const char text[] = "colour = red\n";
 *     int fd = memfd_go_create_sealed("settings", MEMFD_GO_CREATE_DEFAULT,
 *                                     0, text, strlen(text));
 *
 *     if (fd < 0)
 *         return fd;
 */

/*
 * Flags of memfd_create(2), with the kernel's names and values, unless the system's
 * headers have defined them.
 */
#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC 0x0001U /* close the descriptor on execve(2) */
#endif
#ifndef MFD_ALLOW_SEALING
#define MFD_ALLOW_SEALING 0x0002U /* allow seals; otherwise F_SEAL_SEAL is set */
#endif
#ifndef MFD_HUGETLB
#define MFD_HUGETLB 0x0004U /* use huge pages (4.14) */
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* not executable; sealable (6.3) */
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* executable, even with vm.memfd_noexec=1 (6.3) */
#endif

/*
 * Page sizes for MFD_HUGETLB. MFD_HUGETLB alone selects the default size. Each
 * architecture has only some of them: see 'huge_sizes' of memfd_go_probe().
 */
#ifndef MFD_HUGE_64KB
#define MFD_HUGE_64KB 0x40000000U
#endif
#ifndef MFD_HUGE_512KB
#define MFD_HUGE_512KB 0x4C000000U
#endif
#ifndef MFD_HUGE_1MB
#define MFD_HUGE_1MB 0x50000000U
#endif
#ifndef MFD_HUGE_2MB
#define MFD_HUGE_2MB 0x54000000U
#endif
#ifndef MFD_HUGE_8MB
#define MFD_HUGE_8MB 0x5C000000U
#endif
#ifndef MFD_HUGE_16MB
#define MFD_HUGE_16MB 0x60000000U
#endif
#ifndef MFD_HUGE_32MB
#define MFD_HUGE_32MB 0x64000000U
#endif
#ifndef MFD_HUGE_256MB
#define MFD_HUGE_256MB 0x70000000U
#endif
#ifndef MFD_HUGE_512MB
#define MFD_HUGE_512MB 0x74000000U
#endif
#ifndef MFD_HUGE_1GB
#define MFD_HUGE_1GB 0x78000000U
#endif
#ifndef MFD_HUGE_2GB
#define MFD_HUGE_2GB 0x7C000000U
#endif
#ifndef MFD_HUGE_16GB
#define MFD_HUGE_16GB 0x88000000U
#endif

/*
 * Flags for most files: closed on execve(2), not executable, sealable. Every function
 * that creates a file accepts them on any kernel, except memfd_go_create(), which fails
 * before Linux 6.3, like memfd_create(2).
 */
#define MEMFD_GO_CREATE_DEFAULT 0x0009U /* MFD_CLOEXEC | MFD_NOEXEC_SEAL */

/* The longest name that memfd_create(2) accepts, in bytes without the NUL. */
#define MEMFD_GO_NAME_MAX 249

/* Options, one bit each. A bit has the same meaning in every function. */
#define MEMFD_GO_OPT_RESERVE 0x00000001U        /* set_size: allocate the memory now */
#define MEMFD_GO_OPT_WRITE 0x00000002U          /* map: writable and readable */
#define MEMFD_GO_OPT_PRIVATE 0x00000004U        /* map: copy on write */
#define MEMFD_GO_OPT_EXEC 0x00000008U           /* map: executable and readable */
#define MEMFD_GO_OPT_POPULATE 0x00000010U       /* map: fault in all pages now */
#define MEMFD_GO_OPT_STRICT_NOEXEC 0x00000020U  /* create_with: never emulate */
#define MEMFD_GO_OPT_UNSEALABLE 0x00000040U     /* create_with: add F_SEAL_SEAL */
#define MEMFD_GO_OPT_INHERIT_FD 0x00000080U     /* exec: leave fd open */
#define MEMFD_GO_OPT_FORK_SHARE 0x00000100U     /* secret_*: share with children */
#define MEMFD_GO_OPT_ALIGN_END 0x00000200U      /* secret_*: end at the guard page */
#define MEMFD_GO_OPT_REQUIRE 0x00000400U        /* secret_*: memfd_secret(2) or fail */
#define MEMFD_GO_OPT_NO_SECRETMEM 0x00000800U   /* secret_*: no memfd_secret(2) */
#define MEMFD_GO_OPT_ALLOW_UNLOCKED 0x00001000U /* secret_*: accept unlocked memory */
#define MEMFD_GO_OPT_DONTWAIT 0x00002000U       /* send, recv: do not wait */
#define MEMFD_GO_OPT_NO_HOLES 0x00004000U       /* verify: allocate missing pages */
#define MEMFD_GO_OPT_KEEP_FD 0x00008000U        /* secret_*: keep the descriptor */

/*
 * memfd_go_create() creates an anonymous file in memory, like memfd_create(2), and
 * returns a descriptor that is open for reading and writing. The file is empty;
 * write(2) and memfd_go_set_size() make it grow.
 *
 * name       shown as "memfd:NAME" in /proc/PID/fd; at most 249 bytes and a NUL. Any
 *            byte is accepted, '/', newline and escape sequences too, so escape a name
 *            before printing it. Several files may have the same name.
 * mfd_flags  MFD_* bits, or 0. With MFD_HUGETLB, the page size's base-2 logarithm <<
 *            26 selects a page size; see memfd_go_huge_flags().
 *
 * Returns the descriptor.
 *
 * -EFAULT   name is not a readable string
 * -EINVAL   unknown flags
 * -EINVAL   the name is longer than 249 bytes
 * -EINVAL   MFD_EXEC together with MFD_NOEXEC_SEAL
 * -EINVAL   MFD_EXEC or MFD_NOEXEC_SEAL before Linux 6.3
 * -EACCES   MFD_EXEC, and vm.memfd_noexec is 2 (Linux 6.6)
 * -EMFILE   the process has RLIMIT_NOFILE open descriptors
 * -ENFILE   the system-wide limit on open files is reached
 * -ENODEV   MFD_HUGETLB with a page size that the system does not have
 * -ENOENT, -ENOSYS  MFD_HUGETLB on a kernel without hugetlbfs
 * -ENOMEM   not enough memory
 *
 * Source: memfd_create(2), mm/memfd.c.
 */
MEMFD_GO_CHECKED
int memfd_go_create(const char *name, uint32_t mfd_flags);

/* The parameters of memfd_go_create_with(). */
struct memfd_go_create_args {
	uint32_t flags; /* MFD_* */
	uint32_t opts;  /* MEMFD_GO_OPT_STRICT_NOEXEC, _UNSEALABLE */
	uint32_t seals; /* F_SEAL_* to add at the end */
	uint32_t mode;  /* permissions such as 0600; 0: the kernel's default */
	uint64_t size;  /* of the file, in bytes */
};

/*
 * memfd_go_create_with() creates a file, then sets its mode, size and seals, in this
 * order. MFD_NOEXEC_SEAL and MFD_EXEC also work before Linux 6.3, where they are
 * emulated: the file accepts seals, and MFD_NOEXEC_SEAL becomes fchmod(2). Such a file
 * lacks F_SEAL_EXEC, so its mode can be changed back.
 *
 * name  like memfd_go_create()
 * args  'seals' imply MFD_ALLOW_SEALING. With OPT_STRICT_NOEXEC the function fails
 *       instead of emulating the flags. OPT_UNSEALABLE adds F_SEAL_SEAL to 'seals'.
 * size  sizeof(struct memfd_go_create_args). Members that this library does not know
 *       must be zero. With args NULL and size 0, the flags are
 *       MEMFD_GO_CREATE_DEFAULT, and all other members are 0.
 *
 * Returns the descriptor. Errors like memfd_go_create(), memfd_go_set_size() and
 * memfd_go_add_seals(), and:
 *
 * -EFAULT      args is null and size is not 0
 * -EINVAL      execute permission in 'mode' together with MFD_NOEXEC_SEAL
 * -EINVAL      'mode' is more than 0777
 * -EINVAL      size is less than 24
 * -EINVAL      unknown options
 * -E2BIG       a member that this library does not know is not zero
 * -E2BIG       size is more than 4096
 * -EOPNOTSUPP  OPT_STRICT_NOEXEC, and the kernel lacks the flag
 * -EACCES      vm.memfd_noexec forbids the file; the library does not work around it
 *
 * Source: memfd_create(2), fchmod(2), mm/memfd.c.
 */
MEMFD_GO_CHECKED
int memfd_go_create_with(const char *name, const struct memfd_go_create_args *args,
                         size_t size);

/*
 * memfd_go_create_sealed() creates a file with a copy of the 'len' bytes at 'data',
 * and seals it. The seals apply to every process, including the caller. The file's
 * offset is 0.
 *
 * The contents use memory immediately: a memory cgroup at its limit kills the caller
 * (see Memory above).
 *
 * name, mfd_flags  like memfd_go_create(), but MFD_EXEC and MFD_NOEXEC_SEAL work
 *                  before Linux 6.3 too, as in memfd_go_create_with().
 *                  MFD_ALLOW_SEALING is implied.
 * seals            F_SEAL_* bits; 0 stands for MEMFD_GO_SEALS_IMMUTABLE
 * data             ignored if len is 0
 * len              in bytes, 0 to INT64_MAX. With MFD_HUGETLB the size of the file is
 *                  len rounded up to whole huge pages; the rest is zero.
 *
 * Returns the descriptor. Errors like memfd_go_create(), and:
 *
 * -EFAULT   data is not readable. With MFD_HUGETLB the kernel does not check: only the
 *           pointers that the conventions name are detected.
 * -EINVAL   unknown seals
 * -EINVAL   len is more than INT64_MAX
 * -EFBIG    len is more than RLIMIT_FSIZE; SIGXFSZ is sent as well
 * -ENOSPC, -ENOMEM  not enough memory for the contents, or too few free huge pages
 * -EBUSY    the kernel itself used a page during ten attempts to seal the file, about
 *           0.1 s each: try again
 * -EBUSY    with MFD_HUGETLB, if another thread called fork() during the call. The
 *           child has a writable mapping of the file until it calls execve(2) or exits.
 *
 * Source: memfd_create(2), F_ADD_SEALS(2const), mm/shmem.c.
 */
MEMFD_GO_CHECKED
int memfd_go_create_sealed(const char *name, uint32_t mfd_flags, uint32_t seals,
                           const void *data, size_t len);

/*
 * memfd_go_clone() creates a sealed copy of the regular file 'src_fd', from its first
 * byte to its last. It neither uses nor moves the offset of src_fd. Files in /proc and
 * /sys, whose size is not their length, are read to their end. The copy uses memory
 * immediately, like that of memfd_go_create_sealed().
 *
 * name, mfd_flags, seals  like memfd_go_create_sealed()
 * src_fd                  open for reading
 * max_len                 the largest size to copy, in bytes
 *
 * Returns the descriptor. Errors like memfd_go_create_sealed(), and:
 *
 * -EBADF    src_fd is not open, or not for reading
 * -EINVAL   src_fd is not a regular file
 * -ESPIPE   src_fd is a secret file, or a file without offsets (trace_pipe)
 * -EFBIG    the file is longer than max_len
 * -EFBIG    the file is longer than RLIMIT_FSIZE; SIGXFSZ is sent as well
 * -EAGAIN   the file's size changed during the copy
 * -EIO      the file could not be read
 * -ENOSYS   before Linux 4.11
 * others    like read(2)
 *
 * If the source is written to during the copy without a change of its size, the copy
 * is a mixture of old and new contents. Reading some files in /proc blocks, such as
 * /proc/kmsg.
 *
 * Source: sendfile(2), pread(2), F_ADD_SEALS(2const).
 */
MEMFD_GO_CHECKED
int memfd_go_clone(const char *name, uint32_t mfd_flags, uint32_t seals, int src_fd,
                   uint64_t max_len);

/*
 * memfd_go_clone_stream() creates a sealed copy of everything that can be read from
 * 'src_fd' until its end: a pipe, a socket, or any file from its offset. It may block
 * as long as the other side keeps the stream open, so do not use it with a descriptor
 * from an untrusted process. On a packet socket, an empty packet is the end.
 *
 * Parameters like memfd_go_clone(). The data that was read is consumed, even if the
 * function fails.
 *
 * Returns the descriptor. Errors like memfd_go_create_sealed(), and:
 *
 * -EBADF    src_fd is not open, or not for reading
 * -EFBIG    there are more than max_len bytes; up to max_len + 1 bytes have been read
 * -EINTR    a signal arrived while there was nothing to read
 * -EAGAIN   src_fd is non-blocking and has nothing to read, but is not at its end
 * others    like read(2), such as -EISDIR, -EINVAL, -ENOTCONN and -ECONNRESET
 *
 * Source: read(2), F_ADD_SEALS(2const).
 */
MEMFD_GO_CHECKED
int memfd_go_clone_stream(const char *name, uint32_t mfd_flags, uint32_t seals,
                          int src_fd, uint64_t max_len);

/*
 * memfd_go_reopen() opens the file of 'fd' again through /proc/thread-self/fd, and
 * returns a descriptor with a new open file description: its own offset and access
 * mode. A read-only descriptor is not a security boundary, but seals are: a process can
 * reopen a read-only descriptor of a memfd for writing if the file's mode and owner
 * allow it.
 *
 * fd          may be opened with O_PATH
 * open_flags  of open(2), usually O_RDONLY; O_CLOEXEC is implied
 *
 * Returns the new descriptor.
 *
 * -EBADF    fd is not open
 * -ENOENT   /proc is not mounted
 * -EACCES   the file's mode forbids it
 * -ENXIO    fd is a secret file or a socket
 * others    like open(2), such as -EMFILE, -ENFILE and -ENOMEM
 *
 * Source: open(2), proc_pid_fd(5).
 */
MEMFD_GO_CHECKED
int memfd_go_reopen(int fd, uint32_t open_flags);

/*
 * memfd_go_huge_flags() stores at 'mfd_flags' the flags of memfd_go_create() for huge
 * pages of 'page_size' bytes: MFD_HUGETLB and the size's logarithm. It does not check
 * whether the system has such pages; memfd_go_probe() does.
 *
 * page_size  a power of two greater than 1, or 0 for the system's default
 *
 * Returns 0.
 *
 * -EINVAL   page_size is neither 0 nor a power of two greater than 1
 * -EFAULT   mfd_flags is null
 *
 * Source: memfd_create(2), include/uapi/linux/memfd.h.
 */
MEMFD_GO_CHECKED
int memfd_go_huge_flags(uint64_t page_size, uint32_t *mfd_flags);

/* --------------------------------------------------------------------- Size */

/*
 * EXAMPLE: create a file of 64 KiB and allocate its memory
 *
 *     void *buffer;
 *     int r, fd = memfd_go_create_with("buffer", NULL, 0);
 *
 *     if (fd < 0)
 *         return fd;
 *     r = memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, 65536);
 *     if (r == 0)
 *         r = memfd_go_map(fd, MEMFD_GO_OPT_WRITE, 0, 65536, &buffer);
 */

/*
 * memfd_go_get_size() stores the size of the file 'fd' at 'size', in bytes. The
 * descriptor may be opened with O_PATH. Files that are not regular usually have size
 * 0.
 *
 * Returns 0.
 *
 * -EBADF    fd is not open
 * -EFAULT   size is null
 * -ENOSYS   before Linux 4.11
 *
 * Source: statx(2).
 */
MEMFD_GO_CHECKED
int memfd_go_get_size(int fd, uint64_t *size);

/*
 * memfd_go_set_size() sets the size of the file 'fd' to 'size' bytes. A longer file is
 * truncated. A shorter file is extended with zeros, which use no memory until they are
 * written.
 *
 * fd    open for writing
 * opts  0, or MEMFD_GO_OPT_RESERVE: allocate the memory of the whole file now, so that
 *       no later store to a mapping of it is SIGBUS for lack of memory. If that fails,
 *       the file keeps its size and contents, but holes may have become allocated. Make
 *       sure that no other process extends the file at the same time. A memory cgroup
 *       at its limit kills the caller instead (see Memory above).
 * size  in bytes, 0 to INT64_MAX; for an MFD_HUGETLB file a multiple of its page size.
 *       A secret file (memfd_go_secret()) can be sized only once.
 *
 * Returns 0.
 *
 * -EBADF    fd is not open, or (with RESERVE) not for writing
 * -EINVAL   fd is not open for writing
 * -EINVAL   size is more than INT64_MAX
 * -EINVAL   fd is not a regular file
 * -EINVAL   fd is a secret file that has a size
 * -EINVAL   size is not a multiple of the page size of an MFD_HUGETLB file
 * -EINVAL   unknown options
 * -EPERM    the file is sealed against the change (F_SEAL_SHRINK, F_SEAL_GROW)
 * -EFBIG    size is more than RLIMIT_FSIZE; SIGXFSZ is sent as well
 * -EFBIG    size is more than the file system supports
 * -ENOSPC   with RESERVE: not enough memory
 * -ENOMEM   with RESERVE: too few free huge pages
 * -EOPNOTSUPP, -ENODEV, -ESPIPE   with RESERVE: the file does not support it
 *
 * Signals do not interrupt RESERVE, however often they arrive.
 *
 * Safe: after concurrent calls on one file, its size is that of one of the calls.
 *
 * Source: ftruncate(2), fallocate(2), mm/shmem.c.
 */
MEMFD_GO_CHECKED
int memfd_go_set_size(int fd, uint32_t opts, uint64_t size);

/*
 * memfd_go_discard() frees the memory of the 'len' bytes from offset 'off' of the file
 * 'fd'. The range becomes a hole, which reads as zeros. The size of the file does not
 * change. In a page that is only partly in the range, the bytes in the range become
 * zero; in a huge page only on newer kernels.
 *
 * fd        open for writing
 * opts      0
 * off, len  in bytes; len is more than 0. The range may be past the end of the file,
 *           where MEMFD_GO_OPT_RESERVE may have left memory.
 *
 * Returns 0.
 *
 * -EINVAL   len is 0
 * -EINVAL   off or len is more than INT64_MAX
 * -EINVAL   unknown options
 * -EPERM    F_SEAL_WRITE or F_SEAL_FUTURE_WRITE is set
 * -EBADF    fd is not open, or not for writing
 * -EFBIG    off + len is more than the file system supports
 * -EOPNOTSUPP, -ENODEV, -ESPIPE  the file does not support holes
 *
 * Source: fallocate(2), mm/shmem.c, fs/hugetlbfs/inode.c.
 */
MEMFD_GO_CHECKED
int memfd_go_discard(int fd, uint32_t opts, uint64_t off, uint64_t len);

/* -------------------------------------------------------------------- Seals */

/*
 * EXAMPLE: check that nobody can change or shrink the file 'fd'
 *
 *     char names[64];
 *     uint32_t missing;
 *     int r = memfd_go_check_seals(fd, F_SEAL_WRITE | F_SEAL_SHRINK,
 *                                  &missing);
 *
 *     if (r == -EKEYREJECTED) {
 *         memfd_go_format_seals(missing, MEMFD_GO_STYLE_NAMES, names,
 *                               sizeof names);
 *         printf("not sealed: %s\n", names);
 *     }
 */

/*
 * Seals of a file, with the kernel's names and values. Seals cannot be removed.
 *
 * F_SEAL_EXEC prevents chmod(2) from changing the execute permission, except on an
 * MFD_HUGETLB file. On other files, an access control list can still change it. Added
 * to an executable file, F_SEAL_EXEC sets WRITE, FUTURE_WRITE, SHRINK and GROW as well;
 * see memfd_go_verify().
 */
#ifndef F_SEAL_SEAL
#define F_SEAL_SEAL 0x0001 /* no further seals */
#endif
#ifndef F_SEAL_SHRINK
#define F_SEAL_SHRINK 0x0002 /* the file cannot shrink */
#endif
#ifndef F_SEAL_GROW
#define F_SEAL_GROW 0x0004 /* the file cannot grow */
#endif
#ifndef F_SEAL_WRITE
#define F_SEAL_WRITE 0x0008 /* the contents cannot change */
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010 /* no writes except by existing mappings (5.1) */
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020 /* no chmod(2) of execute permissions (6.3) */
#endif

/* Neither size nor contents can change, and no seal can be added. */
#define MEMFD_GO_SEALS_IMMUTABLE 0x0000000FU

/*
 * memfd_go_add_seals() adds all of 'seals' to the file 'fd', or none, like fcntl(2)
 * with F_ADD_SEALS. Seals that are set already may be included.
 *
 * Returns 0.
 *
 * -EBADF    fd is not open, or opened with O_PATH
 * -EPERM    fd is not open for writing
 * -EPERM    F_SEAL_SEAL is set
 * -EINVAL   unknown seals
 * -EINVAL   the file does not support seals: a pipe, a file on a disk, a secret file
 * -EBUSY    F_SEAL_WRITE, and the file is mapped shared through a descriptor that is
 *           open for writing, here or in another process. A read-only mapping counts
 *           too, since mprotect(2) could make it writable.
 * -EBUSY    F_SEAL_WRITE, and direct I/O or the kernel itself used a page for longer
 *           than the kernel waits (about 0.1 s): try again
 *
 * Source: F_ADD_SEALS(2const) (fcntl(2)), mm/memfd.c.
 */
MEMFD_GO_CHECKED
int memfd_go_add_seals(int fd, uint32_t seals);

/*
 * memfd_go_get_seals() returns the seals of the file 'fd', like fcntl(2) with
 * F_GET_SEALS. The descriptor may be open for reading only.
 *
 * Returns the F_SEAL_* bits. Test for a negative result first, because the bits of an
 * error look like seals. Success does not prove that the file is a memfd: a regular
 * file on tmpfs has F_SEAL_SEAL. Test single bits instead of comparing all: since Linux
 * 6.3, F_SEAL_EXEC may be set without a request.
 *
 * -EBADF    fd is not open, or opened with O_PATH
 * -EINVAL   the file does not support seals: a pipe, a file on a disk, a secret file
 *
 * Source: F_GET_SEALS(2const) (fcntl(2)), mm/memfd.c.
 */
MEMFD_GO_CHECKED
int memfd_go_get_seals(int fd);

/*
 * memfd_go_ensure_seals() adds the missing seals among 'seals'. Unlike
 * memfd_go_add_seals(), it succeeds on a file that has all of them, even through a
 * descriptor that is open for reading only.
 *
 * Returns 0. Errors like memfd_go_add_seals().
 *
 * Source: F_ADD_SEALS(2const) (fcntl(2)), mm/memfd.c.
 */
MEMFD_GO_CHECKED
int memfd_go_ensure_seals(int fd, uint32_t seals);

/*
 * memfd_go_check_seals() checks that all of 'required' are set. F_SEAL_FUTURE_WRITE
 * does not count as F_SEAL_WRITE, nor the reverse.
 *
 * required  F_SEAL_* bits; with 0 the check succeeds on any file that supports seals
 * missing   NULL, or receives the bits of 'required' that are not set, on success (0)
 *           and on -EKEYREJECTED
 *
 * Returns 0.
 *
 * -EKEYREJECTED  a required seal is not set
 * -EFAULT        missing is null, but not NULL
 * -EBADF, -EINVAL  like memfd_go_get_seals()
 *
 * Source: F_GET_SEALS(2const) (fcntl(2)), mm/memfd.c.
 */
MEMFD_GO_CHECKED
int memfd_go_check_seals(int fd, uint32_t required, uint32_t *missing);

/* Styles of memfd_go_format_seals(). */
#define MEMFD_GO_STYLE_NAMES 0U   /* "SEAL GROW WRITE FUTURE_WRITE SHRINK EXEC" */
#define MEMFD_GO_STYLE_LETTERS 1U /* "SgwWsx", as in memfd_create(2)'s example */
#define MEMFD_GO_STYLE_HEX 2U     /* "0x3f" */

/*
 * memfd_go_format_seals() writes 'seals' as text into the 'cap' bytes at 'buf', with a
 * NUL at the end unless cap is 0. Bits without a name follow in hexadecimal: "WRITE
 * 0x40", "w 0x40". If no bit is set, the text is "", or "0x0" in STYLE_HEX.
 *
 * style  one of MEMFD_GO_STYLE_*
 * buf    may be null if cap is 0
 * cap    in bytes; 64 is enough for any seals in any style
 *
 * Returns the length of the complete text without its NUL, like snprintf(3): if it is
 * cap or more, the text was cut.
 *
 * -EINVAL   unknown style
 * -EFAULT   buf is null and cap is not 0
 *
 * Source: memfd_create(2), EXAMPLES.
 */
int memfd_go_format_seals(uint32_t seals, uint32_t style, char *buf, size_t cap);

/*
 * memfd_go_parse_seals() converts text to seals. It accepts the output of
 * memfd_go_format_seals() in any style. The text is a list of words, separated by any
 * number of blanks, commas, '|' or '+'. A word is one of
 *
 *   a name         WRITE, write, F_SEAL_WRITE (in any case)
 *   letters        any of g s w W S x, in any order ("sw")
 *   a number       0x and 1 to 8 hexadecimal digits
 *   "immutable"    MEMFD_GO_SEALS_IMMUTABLE
 *   "none"         no seal
 *
 * A text without words means no seals. Bits that the kernel does not know are accepted.
 *
 * Returns 0, and stores the union of all words at 'seals'.
 *
 * -EINVAL   a word is none of these
 * -EFAULT   text or seals is null
 *
 * Source: memfd_create(2), EXAMPLES.
 */
MEMFD_GO_CHECKED
int memfd_go_parse_seals(const char *text, uint32_t *seals);

/* Kinds of file. */
#define MEMFD_GO_KIND_OTHER 0U      /* anything else, such as a shared mapping's file */
#define MEMFD_GO_KIND_MEMFD 1U      /* created by memfd_create(2) */
#define MEMFD_GO_KIND_HUGETLB 2U    /* of huge pages */
#define MEMFD_GO_KIND_TMPFS_FILE 3U /* a regular file on a mounted tmpfs */
#define MEMFD_GO_KIND_SECRET 4U     /* created by memfd_secret(2) */

/* Access to a file or to memory. */
#define MEMFD_GO_ACCESS_NONE 0U
#define MEMFD_GO_ACCESS_READ 1U
#define MEMFD_GO_ACCESS_WRITE 2U /* of a descriptor only */
#define MEMFD_GO_ACCESS_READ_WRITE 3U

/* The result of memfd_go_inspect(). */
struct memfd_go_info {
	uint32_t kind;      /* MEMFD_GO_KIND_* */
	uint32_t seals;     /* F_SEAL_*; 0 if the file does not support them */
	uint32_t mode;      /* type and permissions, as in st_mode */
	uint32_t access;    /* MEMFD_GO_ACCESS_* of the descriptor; NONE with O_PATH */
	uint64_t size;      /* in bytes */
	uint64_t allocated; /* memory or disk space in bytes; 0 for KIND_SECRET */
	uint64_t huge_page; /* page size in bytes of KIND_HUGETLB, otherwise 0 */
	uint64_t device;    /* as in st_dev */
	uint64_t inode;     /* as in st_ino */
	char name[256];     /* given to memfd_create(2), with a NUL; "" without /proc */
};

/*
 * memfd_go_inspect() describes the file and the descriptor 'fd'. It does not read the
 * contents. If other processes have the file and it is not sealed, the result may be
 * outdated when the function returns. Kind and access do not change.
 *
 * Without /proc, a memfd that does not accept seals is KIND_OTHER: it cannot be
 * distinguished from other shared memory.
 *
 * request     0; reserved for members that take longer to find
 * info, size  sizeof(struct memfd_go_info)
 *
 * Returns 0.
 *
 * -EBADF    fd is not open
 * -EFAULT   info is null
 * -EINVAL   size is less than 312
 * -EINVAL   unknown request
 * -E2BIG    size is more than 4096
 * -ENOSYS   before Linux 4.11
 * -EMFILE, -ENFILE, -ENOMEM  not enough descriptors or memory; only for a file in
 *           memory that does not accept seals
 *
 * Source: statx(2), statfs(2), F_GETFL(2const), proc_pid_fd(5).
 */
MEMFD_GO_CHECKED
int memfd_go_inspect(int fd, uint32_t request, struct memfd_go_info *info, size_t size);

/* ---------------------------------------------------------------------- Map */

/*
 * EXAMPLE: fill the file 'fd' in place, then seal it (-EBUSY as long as it is mapped)
 *
 *     void *text;
 *     int r = memfd_go_map(fd, MEMFD_GO_OPT_WRITE, 0, 5, &text);
 *
 *     if (r < 0)
 *         return r;
 *     memcpy(text, "hello", 5);
 *     r = memfd_go_unmap(text, 5);
 *     if (r == 0)
 *         r = memfd_go_add_seals(fd, MEMFD_GO_SEALS_IMMUTABLE);
 */

/*
 * memfd_go_map() maps 'len' bytes of the file 'fd' from offset 'off', shared and
 * readable, and stores the address at 'addr'.
 *
 * A file sealed against writing can be mapped read-only on any kernel. If the kernel
 * refuses the shared mapping (before 6.7, with exceptions), the function creates a
 * private one. It shows the same bytes, since they cannot change.
 *
 * fd    open for reading; with OPT_WRITE and without OPT_PRIVATE also for writing
 * opts  any of MEMFD_GO_OPT_WRITE, _PRIVATE, _EXEC, _POPULATE
 * off   in bytes, a multiple of the page size (of an MFD_HUGETLB file: its page size)
 * len   in bytes, more than 0; need not be a multiple of the page size. A mapping may
 *       extend past the end of the file, but touching a page there is SIGBUS. Shrinking
 *       the file has the same effect, unless F_SEAL_SHRINK is set.
 *
 * Returns 0.
 *
 * -EACCES     fd is not open for the access that the mapping allows
 * -EACCES     the file cannot be mapped with this access
 * -EPERM      OPT_WRITE, and the file is sealed against writing
 * -EPERM      another process is adding F_SEAL_WRITE at this moment
 * -EPERM      OPT_EXEC, and the file is secret or on a file system mounted noexec
 * -EINVAL     len is 0
 * -EINVAL     off is not a multiple of the page size, or more than INT64_MAX
 * -EINVAL     unknown options
 * -EINVAL     OPT_PRIVATE, and the file is secret
 * -EOVERFLOW  off + len is more than INT64_MAX, or does not fit the architecture
 * -EBADF      fd is not open, or opened with O_PATH
 * -ENODEV     the file cannot be mapped
 * -EAGAIN     the mapping is locked and exceeds RLIMIT_MEMLOCK. Mappings of secret
 *             files are locked (but see memfd_go_secret() for newer kernels).
 * -ENOMEM     not enough address space, or too few free huge pages
 * -EFAULT     addr is null
 *
 * Source: mmap(2), mm/mmap.c, mm/secretmem.c.
 */
MEMFD_GO_CHECKED
int memfd_go_map(int fd, uint32_t opts, uint64_t off, size_t len, void **addr);

/*
 * memfd_go_map_ring() maps 'len' bytes of the file 'fd' from offset 'off' twice in a
 * row, shared and readable, and stores the address of the first mapping at 'addr'. The
 * byte after the first mapping is its first byte again, so an entry of a ring buffer
 * that wraps around is contiguous. memfd_go_unmap(addr, 2 * len) removes both.
 *
 * fd    open for reading; with OPT_WRITE also for writing
 * opts  any of MEMFD_GO_OPT_WRITE, _POPULATE
 * off   in bytes, a multiple of the page size (of an MFD_HUGETLB file: its page size)
 * len   in bytes, more than 0, a multiple of that page size. Touching a page past the
 *       end of the file is SIGBUS, as with memfd_go_map().
 *
 * Returns 0. Errors like memfd_go_map(), and:
 *
 * -EINVAL     len is not a multiple of the page size
 * -EOVERFLOW  2 * len does not fit the address space
 *
 * Source: mmap(2).
 */
MEMFD_GO_CHECKED
int memfd_go_map_ring(int fd, uint32_t opts, uint64_t off, size_t len, void **addr);

/*
 * memfd_go_verify() checks a file from an untrusted process. If it succeeds, the file
 * can be mapped, and nothing that the other process does to it can make reading the
 * mapping fault. With F_SEAL_WRITE in 'required', the contents never change.
 *
 * A read can still fail for lack of memory: reading a hole of the file needs memory,
 * and so does reading a page that was swapped out. With vm.overcommit_memory=2, reading
 * a hole is SIGBUS if the system's commit limit is reached. Touching all pages first
 * does not help, because the kernel may drop the pages of a hole again. A memory cgroup
 * at its limit kills the reader (see Memory above). OPT_NO_HOLES allocates the memory
 * during the call.
 *
 * fd        open for reading
 * required  F_SEAL_* bits that must be set; F_SEAL_SHRINK is always required. 0 stands
 *           for F_SEAL_WRITE | F_SEAL_SHRINK.
 * max_len   the largest size to accept, in bytes
 * opts      0, or MEMFD_GO_OPT_NO_HOLES: allocate the missing pages of the file, so
 *           that no later access fails for lack of memory. They stay allocated as long
 *           as the file exists, and may be swapped out. This needs F_SEAL_WRITE or
 *           F_SEAL_FUTURE_WRITE, and a descriptor that is open for writing or can be
 *           reopened for writing.
 * size      receives the size of the file in bytes; may be NULL. Do not map more:
 *           without F_SEAL_GROW the file can grow, and the part of a huge page at its
 *           end is SIGBUS.
 *
 * Returns 0.
 *
 * -EKEYREJECTED  a required seal is missing
 * -EKEYREVOKED   all seals that F_SEAL_EXEC sets on an executable file are set, and on
 *                this kernel (6.3 or later, without a fix of 2026) it sets them even if
 *                the file is mapped writable
 * -EKEYREVOKED   the same seals are set, and vm.memfd_noexec=2 prevents testing whether
 *                the kernel does that
 * -EKEYREVOKED   an MFD_HUGETLB file has neither F_SEAL_WRITE nor F_SEAL_FUTURE_WRITE,
 *                so its pages could be removed
 * -EKEYREVOKED   OPT_NO_HOLES, and the file has neither of these two seals
 * -ENODATA       the file is empty
 * -EFBIG         the file is longer than max_len
 * -EOVERFLOW     the file does not fit into the address space
 * -EINVAL        the file does not support seals
 * -EINVAL        the size of an MFD_HUGETLB file is not a multiple of its page size
 * -EINVAL        unknown options
 * -EACCES        fd is not open for reading
 * -EACCES        OPT_NO_HOLES, fd is not open for writing, and the file's mode or a
 *                lease of another process forbids reopening it
 * -EBADF         fd is not open, or opened with O_PATH
 * -EFAULT        size is null, but not NULL
 * -ENOMEM, -ENOSPC  OPT_NO_HOLES, and there is not enough memory
 * -EMFILE, -ENFILE  no descriptor is free for testing the kernel or for reopening
 * -ENOSYS        before Linux 4.11
 *
 * Source: F_GET_SEALS(2const), fallocate(2), mm/memfd.c.
 */
MEMFD_GO_CHECKED
int memfd_go_verify(int fd, uint32_t required, uint64_t max_len, uint32_t opts,
                    uint64_t *size);

/*
 * memfd_go_map_verified() checks a file like memfd_go_verify(), and maps the whole
 * file read-only.
 *
 * fd, required, max_len, opts  like memfd_go_verify()
 * addr, len                    receive the mapping, for memfd_go_unmap(), and the size
 *                              of the file in bytes
 *
 * Returns 0. Errors like memfd_go_verify(), and:
 *
 * -EFAULT   addr or len is null
 * -ENOMEM   not enough address space, or too few free huge pages
 * -EPERM    another process is adding F_SEAL_WRITE at this moment
 *
 * Source: F_GET_SEALS(2const), mmap(2), mm/memfd.c.
 */
MEMFD_GO_CHECKED
int memfd_go_map_verified(int fd, uint32_t required, uint64_t max_len, uint32_t opts,
                          void **addr, size_t *len);

/*
 * memfd_go_unmap() removes all mappings of the pages that contain the 'len' bytes at
 * 'addr', like munmap(2). It is not an error if nothing is mapped there.
 *
 * addr  a multiple of the page size, such as an address from memfd_go_map()
 * len   in bytes, more than 0; need not be a multiple of the page size, nor of the
 *       huge page size of an MFD_HUGETLB file
 *
 * Returns 0.
 *
 * -EFAULT   addr is null
 * -EINVAL   addr is not a multiple of the page size
 * -EINVAL   len is 0 or extends past the end of the address space
 * -ENOMEM   it would split a mapping, and the process has too many
 * -EPERM    the memory was sealed with mseal(2)
 *
 * Safe: only if no other code uses the memory any more.
 *
 * Source: munmap(2).
 */
int memfd_go_unmap(void *addr, size_t len);

/* ----------------------------------------------------------------- Transfer */

/*
 * EXAMPLE: send a file over the Unix socket 'sock'
 *
 *     int r, fd = memfd_go_create_sealed("page", MEMFD_GO_CREATE_DEFAULT,
 *                                        0, "hello", 5);
 *
 *     if (fd < 0)
 *         return fd;
 *     r = memfd_go_send_fds(sock, 0, &fd, 1, NULL, 0);
 *     close(fd);
 *
 * EXAMPLE: receive a file from an untrusted process and read it in place
 *
 *     void *page;
 *     size_t len;
 *     int r, fd = memfd_go_recv_verified(sock, F_SEAL_WRITE, 1 << 20, 0,
 *                                        NULL, NULL);
 *
 *     if (fd < 0)
 *         return fd;
 *     r = memfd_go_map_verified(fd, F_SEAL_WRITE, 1 << 20, 0, &page, &len);
 *     close(fd);
 *     if (r == 0)
 *         printf("%.*s\n", (int)len, (const char *)page);
 */

/* The largest number of descriptors in one message. */
#define MEMFD_GO_FDS_MAX 64

/*
 * memfd_go_send_fds() sends 'n' descriptors and the 'len' bytes at 'data' over the
 * Unix socket 'sock', in one message. The caller's descriptors stay open. SIGPIPE is
 * not raised.
 *
 * sock    a Unix socket. Internet sockets send the data and drop the descriptors.
 * opts    0, or MEMFD_GO_OPT_DONTWAIT: do not wait, even if sock is blocking
 * fds, n  0 to MEMFD_GO_FDS_MAX descriptors; fds is ignored if n is 0
 * data    may be null if len is 0. One zero byte is sent then, since a stream carries
 *         descriptors only with data.
 * len     in bytes
 *
 * Returns the number of bytes of 'data' that were sent. On a stream it may be less
 * than 'len'. The descriptors were sent with the first byte; send the rest with
 * write(2).
 *
 * -EINVAL        n is more than MEMFD_GO_FDS_MAX
 * -EINVAL        unknown options
 * -EBADF         sock or one of fds is not open
 * -EFAULT        fds is null and n is not 0
 * -EFAULT        data is not readable
 * -ENOTSOCK      sock is not a socket
 * -EAGAIN        the receive buffer of the other side is full, and sock is
 *                non-blocking or OPT_DONTWAIT is set
 * -EINTR         a signal arrived before anything was sent
 * -EPIPE, -ECONNREFUSED, -ECONNRESET, -ENOTCONN  the other end is closed or missing
 * -EMSGSIZE      the datagram is longer than the socket allows
 * -ETOOMANYREFS  too many descriptors are in transit (RLIMIT_NOFILE)
 *
 * Source: unix(7), sendmsg(2).
 */
MEMFD_GO_CHECKED
int memfd_go_send_fds(int sock, uint32_t opts, const int *fds, uint32_t n,
                      const void *data, size_t len);

/*
 * memfd_go_recv_fds() receives one message and its descriptors, which are
 * close-on-exec. It drops other control messages, which socket options such as
 * SO_PASSCRED add; use recvmsg(2) instead to read them. There is room for
 * MEMFD_GO_FDS_MAX descriptors, and in addition for a security label of about 200
 * bytes.
 *
 * opts       0, or MEMFD_GO_OPT_DONTWAIT: do not wait, even if sock is blocking
 * fds, n     '*n' is the number of elements at 'fds', and receives the number of
 *            descriptors, which may be 0. At most MEMFD_GO_FDS_MAX are used.
 * data, len  '*len' is the size of 'data' in bytes. It receives the number of bytes
 *            whenever a message was taken from the socket, even if the message is
 *            refused. Both may be NULL, or *len may be 0; then one byte is received and
 *            dropped.
 *
 * Returns 0.
 *
 * -EPIPE       the other side has closed the stream, or sent an empty datagram or
 *              packet without descriptors, which looks the same
 * -EMSGSIZE    the message had more descriptors than 'fds' has room for, or than the
 *              kernel could deliver (RLIMIT_NOFILE). All of them are closed; the data
 *              is stored.
 * -EMSGSIZE    a datagram was longer than 'data'. Its descriptors are closed; the
 *              beginning is stored.
 * -EINVAL      unknown options
 * -EFAULT      n is null, or fds is null and *n is not 0
 * -EFAULT      data or len is null, unless both are NULL
 * -EFAULT      data is not writable
 * -EBADF, -ENOTSOCK  sock is not open, or not a socket
 * -EINVAL, -ENOTCONN  sock is a stream or packet socket that is not connected
 * -ECONNRESET  the other side closed without reading everything that was sent to it
 * -EAGAIN      there is no message, and sock is non-blocking or OPT_DONTWAIT is set
 * -EINTR       a signal arrived first
 *
 * Source: unix(7), recvmsg(2).
 */
MEMFD_GO_CHECKED
int memfd_go_recv_fds(int sock, uint32_t opts, int *fds, uint32_t *n, void *data,
                      size_t *len);

/*
 * memfd_go_recv_verified() receives one descriptor from an untrusted process and checks
 * its file like memfd_go_verify(), except that it does not check whether the descriptor
 * is open for reading. Map the file with memfd_go_map_verified(), which does. The
 * sender can still move the file's offset, so read through the mapping or with
 * pread(2).
 *
 * required, max_len  like memfd_go_verify()
 * opts               any of MEMFD_GO_OPT_DONTWAIT, _NO_HOLES
 * data, len          like memfd_go_recv_fds()
 *
 * Returns the descriptor, which is close-on-exec. On failure it is closed.
 *
 * -EPROTO    the message had no descriptor
 * -EMSGSIZE  the message had more than one descriptor
 * -EMSGSIZE  a datagram was longer than 'data'
 * others     like memfd_go_recv_fds() and memfd_go_verify()
 *
 * Source: unix(7), recvmsg(2), F_GET_SEALS(2const).
 */
MEMFD_GO_CHECKED
int memfd_go_recv_verified(int sock, uint32_t required, uint64_t max_len, uint32_t opts,
                           void *data, size_t *len);

/*
 * memfd_go_import_pid() opens a file that another process has open, through
 * /proc/PID/fd, in a new open file description. The other process need not cooperate,
 * but it must permit ptrace(2). Only regular files are opened, and the call never
 * waits for the process. (A file system may wait for its server: FUSE, NFS.)
 *
 * pid         of the process, in this PID namespace; more than 0
 * remote_fd   the descriptor in that process, 0 or more
 * open_flags  of open(2), usually O_RDONLY; O_CLOEXEC is implied
 *
 * Returns the descriptor.
 *
 * -EINVAL   pid or remote_fd is out of range
 * -ENOENT   there is no such process or descriptor
 * -ENOENT   /proc is not mounted
 * -EACCES   no permission to ptrace(2) the process
 * -EACCES   the file's mode forbids it
 * -ENXIO    the file is a secret file, or not a regular file
 * -EAGAIN   a process has a lease on the file; it is notified (fcntl(2))
 * -ENOSYS   before Linux 4.11
 * others    like open(2), such as -EMFILE, -ENFILE and -ENOMEM
 *
 * Source: proc_pid_fd(5), ptrace(2).
 */
MEMFD_GO_CHECKED
int memfd_go_import_pid(int pid, int remote_fd, uint32_t open_flags);

/*
 * memfd_go_import_pidfd() duplicates a descriptor of another process, like
 * pidfd_getfd(2). The new descriptor is close-on-exec. Unlike memfd_go_import_pid()
 * this also works for secret files.
 *
 * pidfd      of the process, from pidfd_open(2)
 * remote_fd  the descriptor in that process
 * flags      0; the kernel has no flags yet
 *
 * Returns the descriptor.
 *
 * -EBADF    pidfd is not a pidfd, or the process has no such descriptor
 * -EINVAL   unknown flags
 * -EPERM    no permission to ptrace(2) the process
 * -ESRCH    the process has ended
 * -ENOSYS   before Linux 5.6
 * -EMFILE   the process has RLIMIT_NOFILE open descriptors
 *
 * Source: pidfd_getfd(2).
 */
MEMFD_GO_CHECKED
int memfd_go_import_pidfd(int pidfd, int remote_fd, uint32_t flags);

/* --------------------------------------------------------------------- Exec */

/*
 * EXAMPLE: execute a sealed copy of a program
 *
 *     char name[] = "echo", word[] = "hello";
 *     char *argv[] = { name, word, NULL }, *envp[] = { NULL };
 *     int disk = open("/bin/echo", O_RDONLY | O_CLOEXEC);
 *     int fd = memfd_go_clone(name, MFD_CLOEXEC | MFD_EXEC, 0, disk,
 *                             1 << 24);
 *
 *     if (fd < 0)
 *         return fd;
 *     return memfd_go_exec(fd, argv, envp, 0);
 */

/*
 * memfd_go_exec() executes the program in the file 'fd' in place of the calling one. It
 * uses execveat(2), or execve(2) of a path in /proc if execveat(2) is missing.
 *
 * fd    open for reading, or opened with O_PATH. The file must not be open for writing,
 *       in any process, through open(2) or memfd_go_reopen(). Descriptors from creating
 *       the file, and their duplicates, do not count.
 * argv  the arguments, with NULL at the end
 * envp  the environment, strings like "NAME=value" with NULL at the end; NULL is an
 *       empty environment
 * opts  0, or MEMFD_GO_OPT_INHERIT_FD: the program inherits fd. A script ("#!") needs
 *       this, because its interpreter opens the file through /proc.
 *
 * The program has no path: $ORIGIN is "/", and /proc/self/exe is a link to
 * "/memfd:NAME (deleted)". Its process name is "memfd:NAME", or on older kernels the
 * number of 'fd'.
 *
 * Returns only on failure. Then the descriptor is unchanged.
 *
 * -EACCES   the file has no execute permission (MFD_NOEXEC_SEAL)
 * -EACCES   the file is on a file system mounted noexec, or is not regular
 * -ENOENT   a script, and fd is close-on-exec: use OPT_INHERIT_FD
 * -ENOENT   the interpreter is missing
 * -ENOENT   /proc is needed and not mounted
 * -ENOEXEC  not a program for this machine
 * -ETXTBSY  the file is open for writing (see fd)
 * -EBADF    fd is not open
 * -EFAULT   argv is null, or argv or envp is not readable
 * -E2BIG    arguments and environment are too long
 * -EINVAL   unknown options
 * others    like execve(2)
 *
 * Safe: all other threads end, as with execve(2).
 *
 * Source: execveat(2), execve(2), fs/exec.c.
 */
MEMFD_GO_CHECKED
int memfd_go_exec(int fd, char *const argv[], char *const envp[], uint32_t opts);

/* ------------------------------------------------------------ Secret memory */

/*
 * EXAMPLE: keep a random key in secret memory
 *
 *     struct memfd_go_secret_area key;
 *     int r = memfd_go_secret_alloc(&key, 32, 0);
 *
 *     if (r < 0)
 *         return r;
 *     if (getrandom(key.data, key.len, 0) == 32)
 *         use(key.data, key.len);
 *     memfd_go_secret_free(&key);
 *
 * EXAMPLE: keep a hundred keys, without a system call for each
 *
 *     struct memfd_go_secret_pool keys;
 *     void *key;
 *     int r = memfd_go_secret_pool_init(&keys, 32, 100, 0);
 *
 *     if (r < 0)
 *         return r;
 *     if (memfd_go_secret_pool_take(&keys, &key) == 0) {
 *         use(key, 32);
 *         memfd_go_secret_pool_give(&keys, key);
 *     }
 *     memfd_go_secret_pool_free(&keys);
 */

/*
 * memfd_go_secret() creates an anonymous file of secret memory, like memfd_secret(2),
 * and returns a descriptor. Only processes that have mapped it can see its pages: the
 * kernel removes them from its own page tables. Set its size once with
 * memfd_go_set_size(), then map it shared and writable with memfd_go_map(). While the
 * file or a mapping of it exists, the system cannot hibernate.
 *
 * The pages are locked into memory and count against RLIMIT_MEMLOCK. On older kernels
 * they count in each process that maps them, and mapping more than the limit fails.
 * Since Linux 7.2, and in stable kernels with its fix such as 6.12.117, they count once
 * for the user, and the first touch of a page beyond the limit is SIGBUS.
 * memfd_go_secret_alloc() returns an error in both cases.
 *
 * flags  0 or O_CLOEXEC. The manual page calls the flag FD_CLOEXEC, but the kernel
 *        refuses that value (1). This function accepts it as O_CLOEXEC.
 *
 * Returns the descriptor.
 *
 * -ENOSYS   before Linux 5.14
 * -ENOSYS   this kernel or architecture does not support it (arm, ppc64le)
 * -ENOSYS   Linux 5.14 to 6.4 booted without secretmem.enable=1
 * -ENOSYS   booted with secretmem.enable=0
 * -EINVAL   unknown flags
 * -EMFILE   the process has RLIMIT_NOFILE open descriptors
 * -ENFILE   the system-wide limit on open files is reached
 * -ENOMEM   not enough memory
 *
 * Source: memfd_secret(2), mm/secretmem.c.
 */
MEMFD_GO_CHECKED
int memfd_go_secret(uint32_t flags);

/* Kinds of secret areas. */
#define MEMFD_GO_AREA_SECRETMEM 1U /* memfd_secret(2): not mapped by the kernel */
#define MEMFD_GO_AREA_MLOCK 2U     /* anonymous, never swapped, not in core dumps */
#define MEMFD_GO_AREA_UNLOCKED 3U  /* anonymous, not in core dumps; may be swapped */

/* A secret area, for one thread at a time. Do not change its members. */
struct memfd_go_secret_area {
	uint32_t kind;        /* MEMFD_GO_AREA_SECRETMEM, _MLOCK or _UNLOCKED */
	uint32_t opts;        /* the options that still apply */
	void *data;           /* the area; null after it was freed */
	size_t len;           /* its length in bytes, as requested */
	void *base;           /* the whole mapping, with guards */
	size_t base_len;      /* its length in bytes */
	int32_t fd;           /* with OPT_KEEP_FD; otherwise -1 */
	uint32_t protection;  /* MEMFD_GO_ACCESS_*, as last set */
	uint64_t reserved[4]; /* used by the library */
};

/*
 * memfd_go_secret_alloc() allocates memory for secrets. It is zeroed, readable and
 * writable, locked and present, so no later access fails for lack of memory, and it
 * lies between two inaccessible guard pages. Only the data pages count against
 * RLIMIT_MEMLOCK. A memory cgroup at its limit kills the caller (see Memory above), or
 * on newer kernels the call fails with -EAGAIN. The same applies to
 * memfd_go_secret_attach() and memfd_go_secret_pool_init().
 *
 * area  overwritten; zero after an error. An area that the struct holds is not freed.
 *       The struct may be moved, but only one copy of it may be used.
 * len   in bytes, more than 0
 * opts  any of
 *       OPT_REQUIRE         fail unless memfd_secret(2) works
 *       OPT_NO_SECRETMEM    do not use memfd_secret(2): hibernation stays possible
 *       OPT_ALLOW_UNLOCKED  if RLIMIT_MEMLOCK or mlock(2) forbids locking, use memory
 *                           that may be swapped and is not all present
 *       OPT_ALIGN_END       place the end, not the start, at a guard page: touching the
 *                           first byte after the area faults. The area is unaligned. Up
 *                           to 16 random bytes precede it, which memfd_go_secret_free()
 *                           checks for an underrun.
 *       OPT_FORK_SHARE      share the area with children of fork(). Otherwise a child
 *                           has no memory there (SECRETMEM) or zeros (MLOCK, UNLOCKED).
 *                           A child that another thread forks during this call may
 *                           share memory of kind SECRETMEM.
 *       OPT_KEEP_FD         keep the descriptor of SECRETMEM in 'area', to send it to
 *                           another process
 *
 * If memfd_secret(2) is missing (-ENOSYS) or forbidden (-EPERM), the function uses
 * anonymous memory with mlock(2) instead; then 'kind' is MLOCK, or UNLOCKED.
 *
 * A process-shared mutex, condition variable or semaphore does not work in memory of
 * kind SECRETMEM: futex(2) fails with -EFAULT, and glibc aborts. Put it into ordinary
 * shared memory, or use OPT_NO_SECRETMEM. Locks between threads of one process work.
 *
 * RLIMIT_MEMLOCK does not apply to root. If the system lacks free memory, root gets no
 * error: the kernel kills processes to make room.
 *
 * Returns 0.
 *
 * -ENOSYS, -EPERM  OPT_REQUIRE, and memfd_secret(2) does not work
 * -EPERM    RLIMIT_MEMLOCK is 0
 * -EAGAIN, -ENOMEM  over RLIMIT_MEMLOCK
 * -ENOMEM   not enough memory or address space
 * -ENOMEM   len is more than the memory of the system
 * -EINVAL   len is 0 or too large for an object
 * -EINVAL   unknown options
 * -EINVAL   OPT_REQUIRE or OPT_KEEP_FD together with OPT_NO_SECRETMEM
 * -EFAULT   area is null
 * -EMFILE, -ENFILE  no descriptor is free
 * -EFBIG    memfd_secret(2) works, and len is more than RLIMIT_FSIZE; SIGXFSZ is sent
 *           as well. OPT_NO_SECRETMEM avoids this.
 *
 * Source: memfd_secret(2), mlock(2), madvise(2), sysinfo(2), getrandom(2),
 * mm/secretmem.c.
 */
MEMFD_GO_CHECKED
int memfd_go_secret_alloc(struct memfd_go_secret_area *area, size_t len, uint32_t opts);

/*
 * memfd_go_secret_alloc_from() allocates an area like memfd_go_secret_alloc(), and
 * moves the 'len' bytes at 'data' into it: it copies them and wipes 'data'. If the
 * allocation fails, 'data' is unchanged, so the caller can try other options or wipe
 * it.
 *
 * data  writable memory
 *
 * Returns 0. Errors like memfd_go_secret_alloc(), and:
 *
 * -EFAULT   data is null
 */
MEMFD_GO_CHECKED
int memfd_go_secret_alloc_from(struct memfd_go_secret_area *area, void *data,
                               size_t len, uint32_t opts);

/*
 * memfd_go_secret_attach() maps a secret file that another process created and sent.
 * It maps the whole file between guard pages, like memfd_go_secret_alloc(). 'fd' stays
 * open. The length of the area is the size of the file. A file from
 * memfd_go_secret_alloc() consists of whole pages, so this is not the length that was
 * requested there, but that length rounded up. With OPT_ALIGN_END there, the data is at
 * the end.
 *
 * fd       a secret file that has a size. Its creator chose it, and it cannot change.
 * max_len  the largest size to accept, in bytes
 * opts     any of
 *          OPT_FORK_SHARE  as in memfd_go_secret_alloc()
 *          OPT_ALIGN_END   no effect: a file of whole pages ends at a guard page
 *                          anyway, and any other file cannot
 *          OPT_KEEP_FD     keep a duplicate of fd
 *
 * Returns 0.
 *
 * -EINVAL     fd is not a secret file
 * -EINVAL     unknown options
 * -EBADF      fd is not open, or opened with O_PATH
 * -ENODATA    the file has no size yet
 * -EFBIG      the file is longer than max_len
 * -EOVERFLOW  the file does not fit into the address space
 * others      like memfd_go_secret_alloc()
 *
 * Source: memfd_secret(2), mm/secretmem.c.
 */
MEMFD_GO_CHECKED
int memfd_go_secret_attach(struct memfd_go_secret_area *area, int fd, uint64_t max_len,
                           uint32_t opts);

/*
 * memfd_go_secret_protect() makes the area inaccessible, read-only, or writable again,
 * for the whole process. Any other access to it is SIGSEGV.
 *
 * access  MEMFD_GO_ACCESS_NONE, _READ or _READ_WRITE
 *
 * Returns 0.
 *
 * -EINVAL   access is not one of the above
 * -EINVAL   the struct holds no area
 * -EFAULT   area is null
 * -ENOMEM   the process has too many mappings
 * -ENXIO    the area is not in this process: a child has the struct of its parent,
 *           which allocated the area without OPT_FORK_SHARE
 * -EPERM    the area was sealed with mseal(2)
 *
 * Source: mprotect(2).
 */
MEMFD_GO_CHECKED
int memfd_go_secret_protect(struct memfd_go_secret_area *area, uint32_t access);

/*
 * memfd_go_secret_relock() locks an area into memory again. A child of fork() inherits
 * an area with OPT_FORK_SHARE, but not its lock, although 'kind' is still MLOCK. This
 * function locks it in the child and corrects 'kind': MLOCK on success, UNLOCKED on
 * failure. It can also change an area of kind UNLOCKED to MLOCK. It does nothing to
 * memory of kind SECRETMEM, which is never swapped.
 *
 * Returns 0.
 *
 * -EACCES   the area is MEMFD_GO_ACCESS_NONE, which cannot be locked; nothing has
 *           changed
 * -EPERM    RLIMIT_MEMLOCK is 0
 * -ENOMEM   over RLIMIT_MEMLOCK, or not enough memory
 * -EINVAL, -EFAULT, -ENXIO  like memfd_go_secret_protect()
 *
 * Source: mlock(2), fork(2).
 */
MEMFD_GO_CHECKED
int memfd_go_secret_relock(struct memfd_go_secret_area *area);

/*
 * memfd_go_secret_free() wipes the area, unmaps it with its guard pages, and closes the
 * descriptor that OPT_KEEP_FD kept. It does not wipe an attached area, because other
 * processes may use it. Freeing an area twice does nothing, nor does freeing a zeroed
 * struct.
 *
 * In a child of fork() that does not have the area (SECRETMEM without OPT_FORK_SHARE),
 * this frees the guard pages and the descriptor. Other memory that is mapped at the
 * address of the data is left alone. If a child frees an area with OPT_FORK_SHARE, the
 * data is wiped for the parent too.
 *
 * Returns 0.
 *
 * -EUCLEAN  OPT_ALIGN_END, and the bytes before the area were overwritten. The area has
 *           been freed.
 * -EFAULT   area is null
 * -ENOMEM   the process has too many mappings; nothing has been freed
 * -EPERM    the area was sealed with mseal(2); nothing has been freed
 *
 * Source: munmap(2).
 */
int memfd_go_secret_free(struct memfd_go_secret_area *area);

/*
 * memfd_go_wipe() overwrites 'len' bytes at 'p' with zeros. No compiler removes this,
 * and no copy of the bytes remains in a register. If p is NULL, it does nothing.
 *
 * Errors: none.
 */
void memfd_go_wipe(void *p, size_t len);

/*
 * memfd_go_equal() compares the 'len' bytes at 'a' and 'b' in constant time: the time
 * and the memory accesses depend only on len.
 *
 * Returns 1 if all bytes are equal or len is 0, and 0 if not, or if a or b is null.
 *
 * Errors: none.
 */
MEMFD_GO_CHECKED
int memfd_go_equal(const void *a, const void *b, size_t len);

/* A pool of secret slots, for one thread at a time. Do not change its members. */
struct memfd_go_secret_pool {
	uint32_t slots;       /* number of slots */
	uint32_t used;        /* number of slots in use */
	uint32_t free_slot;   /* the first free slot, or UINT32_MAX */
	uint32_t unused;      /* 0 */
	size_t slot_len;      /* length of a slot, as requested, in bytes */
	size_t stride;        /* distance between slots, in bytes */
	uint64_t reserved[2]; /* used by the library */
	struct memfd_go_secret_area area; /* the memory of the slots */
};

/*
 * memfd_go_secret_pool_init() allocates one secret area with 'slots' slots of
 * 'slot_len' bytes each. Taking a slot and giving it back makes no system call. Slots
 * are zeroed and aligned for any type (16 bytes). Between slots are 16 bytes that the
 * pool uses, but no guard page: an overrun is detected when the slot or the next one is
 * given back.
 *
 * pool      overwritten; zero after an error. The struct may be moved, but only one
 *           copy of it may be used.
 * slot_len  in bytes, more than 0
 * slots     1 to 1048576
 * opts      like memfd_go_secret_alloc(), except OPT_ALIGN_END
 *
 * Returns 0. Errors like memfd_go_secret_alloc(), and:
 *
 * -EINVAL   slots is out of range
 *
 * Source: memfd_secret(2).
 */
MEMFD_GO_CHECKED
int memfd_go_secret_pool_init(struct memfd_go_secret_pool *pool, size_t slot_len,
                              uint32_t slots, uint32_t opts);

/*
 * memfd_go_secret_pool_take() takes a free slot, which contains zeros, and stores its
 * address at 'slot'.
 *
 * Returns 0.
 *
 * -ENOSPC   all slots are in use
 * -EINVAL   the free slot was overwritten by an overrun
 * -EINVAL   the pool holds no area, or the process is a child that has zeros in place
 *           of the parent's pool
 * -EACCES   the pool is not MEMFD_GO_ACCESS_READ_WRITE
 *           (memfd_go_secret_pool_protect())
 * -ENXIO    the pool is not in this process, like memfd_go_secret_protect()
 * -EFAULT   pool or slot is null
 */
MEMFD_GO_CHECKED
int memfd_go_secret_pool_take(struct memfd_go_secret_pool *pool, void **slot);

/*
 * memfd_go_secret_pool_give() wipes a slot and gives it back to the pool.
 *
 * Returns 0.
 *
 * -EINVAL   'slot' is not the start of a slot in use
 * -EINVAL   an overrun into the slot or out of it; the pool can only be freed
 * -EINVAL   the pool holds no area
 * -EACCES, -ENXIO  like memfd_go_secret_pool_take()
 * -EFAULT   pool is null
 */
int memfd_go_secret_pool_give(struct memfd_go_secret_pool *pool, void *slot);

/*
 * memfd_go_secret_pool_protect() protects all slots of a pool, used or free, like
 * memfd_go_secret_protect(). Slots can be taken and given back only while the pool is
 * MEMFD_GO_ACCESS_READ_WRITE.
 *
 * Returns 0. Errors like memfd_go_secret_protect().
 *
 * Source: mprotect(2).
 */
MEMFD_GO_CHECKED
int memfd_go_secret_pool_protect(struct memfd_go_secret_pool *pool, uint32_t access);

/*
 * memfd_go_secret_pool_relock() locks a pool into memory again, like
 * memfd_go_secret_relock().
 *
 * Returns 0. Errors like memfd_go_secret_relock().
 *
 * Source: mlock(2), fork(2).
 */
MEMFD_GO_CHECKED
int memfd_go_secret_pool_relock(struct memfd_go_secret_pool *pool);

/*
 * memfd_go_secret_pool_free() wipes and frees the whole pool, including slots in use.
 * Freeing a pool twice does nothing.
 *
 * Returns 0. Errors like memfd_go_secret_free().
 *
 * Source: munmap(2).
 */
int memfd_go_secret_pool_free(struct memfd_go_secret_pool *pool);

#ifdef __cplusplus
}
#endif

#endif /* MEMFD_GO_H */

/*
 * DROP-IN NAMES
 *
 * With MEMFD_GO_DROPIN defined before this header is included, memfd_create(name,
 * flags) and memfd_secret(flags) are available with any libc. They behave like a libc's
 * functions: they return -1 and set errno. The library itself exports no such names.
 *
 * The names are functions, not macros, and no header of the libc is included. They do
 * not conflict with a declaration by the libc, with the program's own fallback (a
 * static function of the same name), or with members, methods and variables. The header
 * may come first, for example with the compiler's option -include.
 *
 * Taking an address works where the type is known: int (*f)(unsigned) = memfd_secret;
 * In C the address of memfd_create is that of the libc's function, so the libc must
 * have one (glibc 2.27, musl 1.1.20).
 *
 * With compilers other than GCC and clang, the names are macros.
 */
#if defined(MEMFD_GO_DROPIN) && !defined(MEMFD_GO_DROPIN_DONE)
#define MEMFD_GO_DROPIN_DONE

#ifdef __GNUC__
/* No warnings about redeclarations by the libc and the program. */
#pragma GCC system_header
#define MEMFD_GO_DROPIN_STATIC static __inline__
/* The address of errno in glibc and musl. */
#ifdef __cplusplus
extern "C"
#endif
int *memfd_go_dropin_errno(void) __asm__("__errno_location");
#else
#include <errno.h>
#define MEMFD_GO_DROPIN_STATIC static
#define memfd_go_dropin_errno() (&errno)
#endif

MEMFD_GO_DROPIN_STATIC int memfd_go_dropin_result(int r)
{
	if (r >= 0)
		return r;
	*memfd_go_dropin_errno() = -r;
	return -1;
}

MEMFD_GO_DROPIN_STATIC int memfd_go_dropin_create(const char *name, unsigned int flags)
{
	return memfd_go_dropin_result(memfd_go_create(name, flags));
}

MEMFD_GO_DROPIN_STATIC int memfd_go_dropin_secret(unsigned int flags)
{
	return memfd_go_dropin_result(memfd_go_secret(flags));
}

#ifndef __GNUC__
#define memfd_create memfd_go_dropin_create
#define memfd_secret memfd_go_dropin_secret

#elif defined(__cplusplus)
/* Templates, because overload resolution prefers other functions of the same name. */
namespace memfd_go_dropin
{
template <class Flags> inline int memfd_create(const char *name, Flags flags)
{
	return memfd_go_dropin_create(name, static_cast<unsigned int>(flags));
}

template <class Flags> inline int memfd_secret(Flags flags)
{
	return memfd_go_dropin_secret(static_cast<unsigned int>(flags));
}
} /* namespace memfd_go_dropin */
using namespace memfd_go_dropin;

#else
/* With GNU semantics of "extern inline", the program may define the function again. */
extern __inline__ __attribute__((__gnu_inline__, __always_inline__)) int
memfd_create(const char *name, unsigned int flags)
{
	return memfd_go_dropin_create(name, flags);
}

/* No libc has memfd_secret() yet, so its address is that of a function here. */
#ifdef __clang__
static __inline__ int
	__attribute__((__overloadable__, __enable_if__(1, ""), __unused__))
	memfd_secret(unsigned int flags)
{
	return memfd_go_dropin_secret(flags);
}
#else
int memfd_go_dropin_address(unsigned int flags);
__attribute__((__weak__, __visibility__("hidden"))) int
memfd_go_dropin_address(unsigned int flags)
{
	return memfd_go_dropin_secret(flags);
}

int memfd_secret(unsigned int flags) __asm__("memfd_go_dropin_address");
extern __inline__ __attribute__((__gnu_inline__, __always_inline__)) int
memfd_secret(unsigned int flags)
{
	return memfd_go_dropin_secret(flags);
}
#endif
#endif
#endif /* MEMFD_GO_DROPIN */
