/*
 * memfd_go.h - memfd_create(2), memfd_secret(2) and file sealing for every
 * language on Linux.
 *
 * Link with -lmemfd_go, or dlopen("libmemfd_go.so.1"). The library needs no
 * libc, starts no thread and keeps no state.
 *
 * CONVENTIONS
 *
 * Results.  A function that can fail returns a value >= 0 on success, and
 * -errno (such as -EINVAL) on failure. errno itself is neither read nor
 * written. memfd_go_errname() turns either sign into a name.
 *
 * Outputs.  What a function has to say beyond its return value goes to
 * out-parameters. They are written only on success, unless the function says
 * otherwise. On failure nothing leaks: no descriptor, no mapping.
 *
 * Pointers.  A pointer must point to enough readable or writable memory for its
 * whole use. A null pointer, and any pointer into the first or the last 4096
 * bytes of the address space, is -EFAULT. A wrong pointer that is handed on to
 * the kernel (names, file contents) is -EFAULT too. Any other wrong pointer is a
 * bug in the caller, and faults as it would in the caller's own code.
 *
 * Sizes.  Sizes and offsets of files are uint64_t bytes on every architecture,
 * 32-bit ones too, from 0 to INT64_MAX. size_t is used for memory alone.
 *
 * Options.  An option bit that a function does not list is -EINVAL.
 *
 * Safety.  "Safe: MT AS fork" with a function means: it may be called from any
 * number of threads at once (MT), from a signal handler (AS), and in the child
 * after fork(), vfork() or clone() whatever the parent's other threads were doing
 * (fork). No function needs more than 4096 bytes of stack. No function is a
 * cancellation point.
 *
 * Sources.  "Source:" names the manual page (section 2) or the kernel file that
 * the behaviour comes from. Linux 3.17 or later is assumed; what needs more says
 * so. A seccomp filter may answer any function with an error of its own choice,
 * usually -EPERM or -ENOSYS; it is returned as it is.
 *
 * This header is valid C99 and C++11 and includes only <stddef.h> and
 * <stdint.h>, unless MEMFD_GO_DROPIN is defined (see the end).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef MEMFD_GO_H
#define MEMFD_GO_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------ Library */

#define MEMFD_GO_VERSION_MAJOR 1
#define MEMFD_GO_VERSION_MINOR 0
#define MEMFD_GO_VERSION_PATCH 0
#define MEMFD_GO_VERSION_STRING "1.0.0"

/* The version of this header, in the form that memfd_go_version() returns. */
#define MEMFD_GO_VERSION                                              \
	(MEMFD_GO_VERSION_MAJOR * 0x10000U + MEMFD_GO_VERSION_MINOR * 0x100U + \
	 MEMFD_GO_VERSION_PATCH)

/*
 * memfd_go_version() returns the version of the library that is running,
 * MAJOR << 16 | MINOR << 8 | PATCH, to compare with MEMFD_GO_VERSION.
 *
 * Errors: none. Safe: MT AS fork. Source: this library.
 */
uint32_t memfd_go_version(void);

/*
 * memfd_go_version_string() returns the same as text, such as "1.0.0". The
 * string is constant and lives as long as the library stays loaded.
 *
 * Errors: none. Safe: MT AS fork. Source: this library.
 */
const char *memfd_go_version_string(void);

/*
 * memfd_go_errname() returns the name of the error number 'err', such as
 * "EBUSY". It takes the number as libc has it (EBUSY) and as this library returns
 * it (-EBUSY). An unknown number, 0 included, gives "E?". Where one number has two
 * names it is the one in errno(3) that is not the alias (EAGAIN, EOPNOTSUPP). The
 * string is constant and lives as long as the library stays loaded.
 *
 * Errors: none. Safe: MT AS fork. Source: errno(3),
 * include/uapi/asm-generic/errno.h.
 */
const char *memfd_go_errname(int err);

/* ------------------------------------------------------------------- Create */

/*
 * Flags of memfd_create(2), with the kernel's names and values. They are defined
 * here only where the system's headers have not done so.
 */
#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC 0x0001U /* close the descriptor on execve(2) */
#endif
#ifndef MFD_ALLOW_SEALING
#define MFD_ALLOW_SEALING 0x0002U /* let seals be added; else F_SEAL_SEAL is set */
#endif
#ifndef MFD_HUGETLB
#define MFD_HUGETLB 0x0004U /* back the file by huge pages (4.14) */
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* not executable, for good; sealable (6.3) */
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* executable, whatever vm.memfd_noexec=1 says (6.3) */
#endif

/* The longest name that memfd_create(2) takes, in bytes without the NUL. */
#define MEMFD_GO_NAME_MAX 249

/*
 * memfd_go_create() is memfd_create(2), verbatim: it creates an anonymous file in
 * memory and returns a descriptor for it, open for reading and writing. The file
 * is empty; memfd_go_set_size() or write(2) makes it grow.
 *
 * name       what /proc/PID/fd shows, behind "memfd:"; at most 249 bytes and a
 *            NUL. Any byte is accepted, '/' and newline too. Names need not differ.
 * mfd_flags  MFD_* bits; 0 is allowed. With MFD_HUGETLB the size of the huge page
 *            may be chosen by its base-2 logarithm << 26, as in memfd_create(2).
 *
 * Returns the descriptor.
 *
 * -EFAULT   name is not a readable string
 * -EINVAL   unknown flags; MFD_EXEC with MFD_NOEXEC_SEAL; a name of more than 249
 *           bytes; MFD_EXEC or MFD_NOEXEC_SEAL before Linux 6.3
 * -EACCES   vm.memfd_noexec is 2 and MFD_EXEC was asked for (6.6)
 * -EMFILE   the process has RLIMIT_NOFILE descriptors open
 * -ENFILE   the system-wide limit on open files has been reached
 * -ENODEV   MFD_HUGETLB with a page size that the system does not have
 * -ENOENT, -ENOSYS   MFD_HUGETLB on a kernel without hugetlbfs
 * -ENOMEM   not enough memory
 *
 * Safe: MT AS fork. Source: memfd_create(2), mm/memfd.c.
 */
int memfd_go_create(const char *name, uint32_t mfd_flags);

/*
 * memfd_go_create_sealed() creates a file that holds a copy of 'len' bytes at
 * 'data', and seals it: once it returns, nobody can change what was promised by
 * 'seals', not even the caller. The file's offset is 0.
 *
 * name, mfd_flags  like memfd_go_create(); MFD_ALLOW_SEALING is implied
 * seals            F_SEAL_* bits; 0 means MEMFD_GO_SEALS_IMMUTABLE
 * data             may be anything when len is 0
 * len              in bytes, 0 to INT64_MAX. With MFD_HUGETLB the file's size is
 *                  len rounded up to whole huge pages; the rest is zero.
 *
 * Returns the descriptor. Errors like memfd_go_create(), and:
 *
 * -EFAULT   data is not readable. With MFD_HUGETLB the kernel does not look: only
 *           the pointers that the conventions name are caught.
 * -EINVAL   unknown seals; len is over INT64_MAX
 * -EFBIG    len is over RLIMIT_FSIZE; SIGXFSZ is sent as well
 * -ENOSPC   memory for the contents is exhausted (tmpfs)
 * -ENOMEM   the same; with MFD_HUGETLB either of them for too few free huge pages
 *
 * Safe: MT AS fork. Source: memfd_create(2), F_ADD_SEALS(2const), mm/shmem.c.
 */
int memfd_go_create_sealed(const char *name, uint32_t mfd_flags, uint32_t seals,
                           const void *data, size_t len);

/* --------------------------------------------------------------------- Size */

/*
 * memfd_go_get_size() stores the size of the file 'fd' at 'size', in bytes. Any
 * descriptor will do, also one opened with O_PATH; what is not a regular file
 * usually has size 0.
 *
 * Returns 0.
 *
 * -EBADF    fd is not open
 * -EFAULT   size is null (see Pointers above)
 * -ENOSYS   before Linux 4.11
 *
 * Safe: MT AS fork. Source: statx(2).
 */
int memfd_go_get_size(int fd, uint64_t *size);

/* Options, one bit each; no two functions give one bit two meanings. */
#define MEMFD_GO_OPT_RESERVE 0x00000001U  /* set_size: allocate the memory now */
#define MEMFD_GO_OPT_WRITE 0x00000002U    /* map: writable as well as readable */
#define MEMFD_GO_OPT_PRIVATE 0x00000004U  /* map: copy on write */
#define MEMFD_GO_OPT_EXEC 0x00000008U     /* map: executable as well as readable */
#define MEMFD_GO_OPT_POPULATE 0x00000010U /* map: fault all pages in now */

/*
 * memfd_go_set_size() makes the file 'fd' exactly 'size' bytes long. A longer file
 * loses its tail; a shorter one is extended by zeros, which take no memory before
 * they are written to.
 *
 * fd    open for writing
 * opts  0, or MEMFD_GO_OPT_RESERVE: allocate the memory of the whole file at once,
 *       so that no later store to a mapping of it can fail for want of memory
 *       (SIGBUS). If that fails, the file keeps its old size and contents.
 * size  in bytes, 0 to INT64_MAX. A secret file (memfd_go_secret) can be sized
 *       once only. A MFD_HUGETLB file takes multiples of its page size only.
 *
 * Returns 0.
 *
 * -EBADF    fd is not open, or not for writing (with RESERVE)
 * -EINVAL   fd is not open for writing; size is over INT64_MAX; not a file that
 *           can be sized; a secret file that has a size; unknown options
 * -EPERM    the file is sealed against this change (F_SEAL_SHRINK, F_SEAL_GROW)
 * -EFBIG    size is over RLIMIT_FSIZE (SIGXFSZ is sent as well) or more than the
 *           file system can hold
 * -ENOSPC   with RESERVE: there is not that much memory
 * -ENOMEM   the same, from huge pages
 * -EINTR    with RESERVE: a signal arrived first; nothing has changed, call again
 * -EOPNOTSUPP, -ENODEV, -ESPIPE   with RESERVE: not a file that can be reserved
 *
 * Safe: MT AS fork. Two calls at once on one file leave one of the two sizes.
 * Source: ftruncate(2), fallocate(2), mm/shmem.c.
 */
int memfd_go_set_size(int fd, uint32_t opts, uint64_t size);

/* -------------------------------------------------------------------- Seals */

/*
 * Seals of a file, with the kernel's names and values. A seal is never removed.
 */
#ifndef F_SEAL_SEAL
#define F_SEAL_SEAL 0x0001 /* no further seals */
#endif
#ifndef F_SEAL_SHRINK
#define F_SEAL_SHRINK 0x0002 /* the file cannot get shorter */
#endif
#ifndef F_SEAL_GROW
#define F_SEAL_GROW 0x0004 /* the file cannot get longer */
#endif
#ifndef F_SEAL_WRITE
#define F_SEAL_WRITE 0x0008 /* the contents cannot change */
#endif
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010 /* ... but through existing mappings (5.1) */
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020 /* the execute permission cannot change (6.3) */
#endif

/* Neither size nor contents can change, and no seal can be added. */
#define MEMFD_GO_SEALS_IMMUTABLE 0x0000000FU

/*
 * memfd_go_add_seals() is fcntl(fd, F_ADD_SEALS, seals), verbatim: it adds all of
 * 'seals' to the file, or none. Seals that are there already may be named.
 *
 * Returns 0.
 *
 * -EBADF    fd is not open, or opened with O_PATH
 * -EPERM    fd is not open for writing, or F_SEAL_SEAL is set
 * -EINVAL   unknown seals; not a file that takes seals (a pipe, a file on a disk, a
 *           secret file)
 * -EBUSY    F_SEAL_WRITE, and a shared mapping of the file can still be written to.
 *           A mapping made read-only by mprotect(2) counts.
 *
 * Safe: MT AS fork. Source: F_ADD_SEALS(2const) (fcntl(2)), mm/memfd.c.
 */
int memfd_go_add_seals(int fd, uint32_t seals);

/*
 * memfd_go_get_seals() is fcntl(fd, F_GET_SEALS), verbatim. A descriptor open for
 * reading only is enough.
 *
 * Returns the F_SEAL_* bits. Success does not prove that the file is a memfd: a
 * regular file on tmpfs answers F_SEAL_SEAL. A kernel from 6.3 on may report
 * F_SEAL_EXEC without having been asked, so test bits, never compare.
 *
 * -EBADF    fd is not open, or opened with O_PATH
 * -EINVAL   not a file that takes seals (a pipe, a file on a disk, a secret file)
 *
 * Safe: MT AS fork. Source: F_GET_SEALS(2const) (fcntl(2)), mm/memfd.c.
 */
int memfd_go_get_seals(int fd);

/*
 * memfd_go_ensure_seals() makes sure that all of 'seals' are set: it adds those
 * that are missing, and does nothing where none is. Unlike memfd_go_add_seals() it
 * thus succeeds on a file that is sealed already, even through a descriptor that
 * is open for reading only.
 *
 * Returns 0. Errors like memfd_go_add_seals().
 *
 * Safe: MT AS fork. Source: F_ADD_SEALS(2const) (fcntl(2)), mm/memfd.c.
 */
int memfd_go_ensure_seals(int fd, uint32_t seals);

/*
 * memfd_go_check_seals() tells whether all of 'required' are set. F_SEAL_FUTURE_WRITE
 * does not count as F_SEAL_WRITE, nor the reverse.
 *
 * missing  may be null; else it receives the bits of 'required' that are not set,
 *          on success (0) and on -EKEYREJECTED
 *
 * Returns 0 if all are set.
 *
 * -EKEYREJECTED  one or more are not set
 * -EBADF, -EINVAL  like memfd_go_get_seals()
 *
 * Safe: MT AS fork. Source: F_GET_SEALS(2const) (fcntl(2)), mm/memfd.c.
 */
int memfd_go_check_seals(int fd, uint32_t required, uint32_t *missing);

/* How memfd_go_format_seals() writes. */
#define MEMFD_GO_STYLE_NAMES 0U   /* "SEAL GROW WRITE FUTURE_WRITE SHRINK EXEC" */
#define MEMFD_GO_STYLE_LETTERS 1U /* "SgwWsx", as memfd_create(2)'s example takes */
#define MEMFD_GO_STYLE_HEX 2U     /* "0x3f" */

/*
 * memfd_go_format_seals() writes 'seals' as text into the 'cap' bytes at 'buf',
 * always ending it with a NUL if cap is not 0. Bits without a name follow in hex:
 * "WRITE 0x40", "w 0x40". No bits at all give "" (in hex "0x0").
 *
 * style  one of MEMFD_GO_STYLE_*
 * buf    may be null when cap is 0
 * cap    in bytes; 64 is enough for any mask in any style
 *
 * Returns the length of the whole text without its NUL, whether it fitted or not,
 * like snprintf(3): the text was cut if the result is >= cap.
 *
 * -EINVAL   unknown style
 * -EFAULT   buf is null and cap is not 0 (see Pointers above)
 *
 * Safe: MT AS fork. Source: memfd_create(2), EXAMPLES.
 */
int memfd_go_format_seals(uint32_t seals, uint32_t style, char *buf, size_t cap);

/*
 * memfd_go_parse_seals() reads what memfd_go_format_seals() writes, in any style,
 * and a little more. The text is a list of words, separated by any number of blanks,
 * commas, '|' or '+'. A word is
 *
 *   a name         WRITE, write, F_SEAL_WRITE (in any case)
 *   letters        any of g s w W S x, in any order ("sw")
 *   a number       0x and 1 to 8 hexadecimal digits
 *   "immutable"    MEMFD_GO_SEALS_IMMUTABLE
 *   "none"         no seal
 *
 * The text without any word is no seal. Bits that the kernel does not know pass.
 *
 * Returns 0 and stores the union of all words at 'seals'.
 *
 * -EINVAL   a word is none of these
 * -EFAULT   text or seals is null (see Pointers above)
 *
 * Safe: MT AS fork. Source: memfd_create(2), EXAMPLES.
 */
int memfd_go_parse_seals(const char *text, uint32_t *seals);

/* ---------------------------------------------------------------------- Map */

/*
 * memfd_go_map() maps 'len' bytes of the file 'fd' from offset 'off' on, shared and
 * readable, and stores the address at 'addr'.
 *
 * A file sealed against writing is mapped read-only whatever the kernel: where it
 * refuses the shared mapping (before 6.7, with exceptions), a private one takes
 * its place, which shows the same bytes since they cannot change.
 *
 * fd    open for reading; for OPT_WRITE without OPT_PRIVATE for writing too
 * opts  any of MEMFD_GO_OPT_WRITE, _PRIVATE, _EXEC, _POPULATE
 * off   in bytes, a multiple of the page size (of a MFD_HUGETLB file: its own)
 * len   in bytes, more than 0; need not be a multiple of the page size. A mapping
 *       may reach past the end of the file, but touching a page there is SIGBUS,
 *       as it is when somebody else shortens a file that is not sealed against it.
 *
 * Returns 0.
 *
 * -EACCES     fd is not open for what the mapping allows, or is not a file that can
 *             be mapped that way
 * -EPERM      OPT_WRITE, and the file is sealed against writing; OPT_EXEC, and the
 *             file is secret or on a file system mounted noexec
 * -EINVAL     len is 0; off is not a multiple of the page size, or over INT64_MAX;
 *             unknown options; OPT_PRIVATE on a secret file
 * -EOVERFLOW  off + len is over INT64_MAX, or does not fit the architecture
 * -EBADF      fd is not open, or opened with O_PATH
 * -ENODEV     not a file that can be mapped
 * -EAGAIN     the mapping is locked (a secret file's is) and over RLIMIT_MEMLOCK
 * -ENOMEM     no room in the address space, or too few free huge pages
 * -EFAULT     addr is null (see Pointers above)
 *
 * Safe: MT AS fork. Source: mmap(2), mm/mmap.c, mm/secretmem.c.
 */
int memfd_go_map(int fd, uint32_t opts, uint64_t off, size_t len, void **addr);

/*
 * memfd_go_unmap() is munmap(2): it removes all mappings of the pages from 'addr'
 * on that hold one of 'len' bytes. Nothing need be mapped there.
 *
 * addr  a multiple of the page size, such as memfd_go_map() gives
 * len   in bytes, more than 0; need not be a multiple of the page size, but of the
 *       huge page's for a MFD_HUGETLB file
 *
 * Returns 0.
 *
 * -EINVAL   addr is not a multiple of the page size; len is 0 or reaches past the
 *           end of the address space
 * -ENOMEM   it would split a mapping, and there are too many of them
 *
 * Safe: MT AS fork, as long as no other code still uses the memory.
 * Source: munmap(2).
 */
int memfd_go_unmap(void *addr, size_t len);

/* ------------------------------------------------------------ Secret memory */

/*
 * memfd_go_secret() is memfd_secret(2): it creates an anonymous file whose pages,
 * once mapped, only the processes that hold it can see; not even the kernel keeps
 * them in its own page tables. Size it once with memfd_go_set_size(), then map it
 * shared and writable with memfd_go_map(). Its pages are locked into memory and
 * count against RLIMIT_MEMLOCK. While the file or a mapping of it exists, the
 * machine cannot hibernate.
 *
 * flags  0 or O_CLOEXEC. The manual page calls the flag FD_CLOEXEC; the kernel
 *        refuses that value (1), so it is taken for O_CLOEXEC here.
 *
 * Returns the descriptor.
 *
 * -ENOSYS   before Linux 5.14; no support in this kernel or on this architecture
 *           (arm, ppc64le); from 5.14 to 6.4 unless booted with
 *           secretmem.enable=1; booted with secretmem.enable=0
 * -EINVAL   unknown flags
 * -EMFILE   the process has RLIMIT_NOFILE descriptors open
 * -ENFILE   the system-wide limit on open files has been reached
 * -ENOMEM   not enough memory
 *
 * Safe: MT AS fork. Source: memfd_secret(2), mm/secretmem.c.
 */
int memfd_go_secret(uint32_t flags);

#ifdef __cplusplus
}
#endif

#endif /* MEMFD_GO_H */

/*
 * DROP-IN NAMES
 *
 * With MEMFD_GO_DROPIN defined before this header is included, memfd_create(name,
 * flags) and memfd_secret(flags) are there whatever the libc, with libc's manners:
 * they return -1 and set errno. They are macros onto inline functions, so they
 * stand in the way of nothing that a libc declares, today or later; the library
 * itself exports no such names. Also <errno.h> and <sys/mman.h> are included then.
 */
#if defined(MEMFD_GO_DROPIN) && !defined(MEMFD_GO_DROPIN_DONE)
#define MEMFD_GO_DROPIN_DONE

#include <errno.h>
#include <sys/mman.h>

static inline int memfd_go_dropin_result(int r)
{
	if (r >= 0)
		return r;
	errno = -r;
	return -1;
}

static inline int memfd_go_dropin_create(const char *name, unsigned int flags)
{
	return memfd_go_dropin_result(memfd_go_create(name, flags));
}

static inline int memfd_go_dropin_secret(unsigned int flags)
{
	return memfd_go_dropin_result(memfd_go_secret(flags));
}

#undef memfd_create
#undef memfd_secret
#define memfd_create(name, flags) memfd_go_dropin_create((name), (flags))
#define memfd_secret(flags) memfd_go_dropin_secret((flags))

#endif /* MEMFD_GO_DROPIN */
