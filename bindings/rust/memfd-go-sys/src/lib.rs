// SPDX-License-Identifier: MIT

//! The C API of `libmemfd_go`, as it is: memfd_create(2), memfd_secret(2) and file
//! sealing. The crate `memfd-go` wraps it for everyday use.
//!
//! Constants, structs and functions have the names, the types and the order of the C header
//! `memfd_go.h`, which documents them in full. What holds for all of them:
//!
//! * A function that can fail returns a value >= 0, or `-errno`. The C library's
//!   `errno` is neither read nor written.
//! * What else a function has to say goes to out-parameters, written only on success.
//! * A pointer must point to enough memory for its use. Null is `-EFAULT`.
//! * A struct that may grow is handed over with its size.
//! * Every function may be called from any thread, from a signal handler, and in the
//!   child after fork(2). None allocates, locks, or keeps state.
//!
//! # How the library is found
//!
//! 1. In the folder that the environment variable `MEMFD_GO_LIB_DIR` names.
//! 2. By `pkg-config libmemfd_go`.
//! 3. It is built, if the Go sources that this crate comes from are beside it. That
//!    takes `go`, and no C compiler. A package from a registry does not contain them.
//!
//! It is `libmemfd_go.so.1`, or with the feature `static`, and for targets without shared
//! libraries (`crt-static`), `libmemfd_go.a`.
//!
//! A package that depends on this crate directly learns the folder in its build
//! script, from `DEP_MEMFD_GO_LIB_DIR`. `cargo run` and `cargo test` find the library
//! by themselves; a program that is installed needs it where the dynamic loader looks, unless
//! it was linked statically.
#![no_std]
#![deny(missing_docs)]
#![allow(non_camel_case_types)] // The structs have C's names.

use core::ffi::{c_char, c_int, c_void};

// Library

/// The version of the header that this file follows: major.
pub const MEMFD_GO_VERSION_MAJOR: u32 = 1;
/// ... minor.
pub const MEMFD_GO_VERSION_MINOR: u32 = 0;
/// ... patch.
pub const MEMFD_GO_VERSION_PATCH: u32 = 0;
/// ... as text.
pub const MEMFD_GO_VERSION_STRING: &str = "1.0.0";
/// ... in the form that [`memfd_go_version`] returns.
pub const MEMFD_GO_VERSION: u32 =
    MEMFD_GO_VERSION_MAJOR * 0x10000 + MEMFD_GO_VERSION_MINOR * 0x100 + MEMFD_GO_VERSION_PATCH;

/// [`memfd_go_features::bits`]: memfd_create(2).
pub const MEMFD_GO_FEATURE_CREATE: u32 = 0x00000001;
/// ... seals can be added.
pub const MEMFD_GO_FEATURE_SEALING: u32 = 0x00000002;
/// ... [`F_SEAL_FUTURE_WRITE`].
pub const MEMFD_GO_FEATURE_FUTURE_WRITE: u32 = 0x00000004;
/// ... [`MFD_NOEXEC_SEAL`].
pub const MEMFD_GO_FEATURE_NOEXEC_SEAL: u32 = 0x00000008;
/// ... [`F_SEAL_EXEC`].
pub const MEMFD_GO_FEATURE_SEAL_EXEC: u32 = 0x00000010;
/// ... executable files can be made.
pub const MEMFD_GO_FEATURE_EXEC_ALLOWED: u32 = 0x00000020;
/// ... [`MFD_HUGETLB`].
pub const MEMFD_GO_FEATURE_HUGETLB: u32 = 0x00000040;
/// ... memfd_secret(2); found out on request only.
pub const MEMFD_GO_FEATURE_SECRET: u32 = 0x00000080;
/// ... a write-sealed file that is open for writing maps shared.
pub const MEMFD_GO_FEATURE_SHARED_RO: u32 = 0x00000100;
/// ... /proc/self/fd.
pub const MEMFD_GO_FEATURE_PROCFS: u32 = 0x00000200;
/// ... pidfd_getfd(2).
pub const MEMFD_GO_FEATURE_PIDFD_GETFD: u32 = 0x00000400;
/// ... execveat(2).
pub const MEMFD_GO_FEATURE_EXECVEAT: u32 = 0x00000800;

/// What [`memfd_go_probe`] tells.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct memfd_go_features {
    /// `MEMFD_GO_FEATURE_*`.
    pub bits: u64,
    /// Bit n: there are huge pages of 2^n bytes.
    pub huge_sizes: u64,
    /// `RLIMIT_MEMLOCK` in bytes; `u64::MAX`: no limit.
    pub memlock_soft: u64,
    /// In bytes.
    pub page_size: u32,
    /// `vm.memfd_noexec`: 0, 1 or 2.
    pub noexec_policy: u32,
}

// Create

/// Close the descriptor on execve(2).
pub const MFD_CLOEXEC: u32 = 0x0001;
/// Let seals be added; else `F_SEAL_SEAL` is set.
pub const MFD_ALLOW_SEALING: u32 = 0x0002;
/// Back the file by huge pages (Linux 4.14).
pub const MFD_HUGETLB: u32 = 0x0004;
/// Not executable, for good; sealable (Linux 6.3).
pub const MFD_NOEXEC_SEAL: u32 = 0x0008;
/// Executable, whatever `vm.memfd_noexec=1` says (Linux 6.3).
pub const MFD_EXEC: u32 = 0x0010;

/// [`MFD_HUGETLB`]: pages of 64 KiB.
pub const MFD_HUGE_64KB: u32 = 0x40000000;
/// [`MFD_HUGETLB`]: pages of 512 KiB.
pub const MFD_HUGE_512KB: u32 = 0x4C000000;
/// [`MFD_HUGETLB`]: pages of 1 MiB.
pub const MFD_HUGE_1MB: u32 = 0x50000000;
/// [`MFD_HUGETLB`]: pages of 2 MiB.
pub const MFD_HUGE_2MB: u32 = 0x54000000;
/// [`MFD_HUGETLB`]: pages of 8 MiB.
pub const MFD_HUGE_8MB: u32 = 0x5C000000;
/// [`MFD_HUGETLB`]: pages of 16 MiB.
pub const MFD_HUGE_16MB: u32 = 0x60000000;
/// [`MFD_HUGETLB`]: pages of 32 MiB.
pub const MFD_HUGE_32MB: u32 = 0x64000000;
/// [`MFD_HUGETLB`]: pages of 256 MiB.
pub const MFD_HUGE_256MB: u32 = 0x70000000;
/// [`MFD_HUGETLB`]: pages of 512 MiB.
pub const MFD_HUGE_512MB: u32 = 0x74000000;
/// [`MFD_HUGETLB`]: pages of 1 GiB.
pub const MFD_HUGE_1GB: u32 = 0x78000000;
/// [`MFD_HUGETLB`]: pages of 2 GiB.
pub const MFD_HUGE_2GB: u32 = 0x7C000000;
/// [`MFD_HUGETLB`]: pages of 16 GiB.
pub const MFD_HUGE_16GB: u32 = 0x88000000;

/// [`MFD_CLOEXEC`] and [`MFD_NOEXEC_SEAL`]: the usual file.
pub const MEMFD_GO_CREATE_DEFAULT: u32 = 0x0009;

/// The longest name that memfd_create(2) takes, in bytes without the NUL.
pub const MEMFD_GO_NAME_MAX: u32 = 249;

/// [`memfd_go_set_size`]: allocate the memory now.
pub const MEMFD_GO_OPT_RESERVE: u32 = 0x00000001;
/// [`memfd_go_map`]: writable as well as readable.
pub const MEMFD_GO_OPT_WRITE: u32 = 0x00000002;
/// [`memfd_go_map`]: copy on write.
pub const MEMFD_GO_OPT_PRIVATE: u32 = 0x00000004;
/// [`memfd_go_map`]: executable as well as readable.
pub const MEMFD_GO_OPT_EXEC: u32 = 0x00000008;
/// [`memfd_go_map`]: fault all pages in now.
pub const MEMFD_GO_OPT_POPULATE: u32 = 0x00000010;
/// [`memfd_go_create_with`]: never emulate.
pub const MEMFD_GO_OPT_STRICT_NOEXEC: u32 = 0x00000020;
/// [`memfd_go_create_with`]: add [`F_SEAL_SEAL`].
pub const MEMFD_GO_OPT_UNSEALABLE: u32 = 0x00000040;
/// [`memfd_go_exec`]: leave the descriptor open.
pub const MEMFD_GO_OPT_INHERIT_FD: u32 = 0x00000080;
/// `memfd_go_secret_*`: the child of a fork sees it too.
pub const MEMFD_GO_OPT_FORK_SHARE: u32 = 0x00000100;
/// [`memfd_go_secret_alloc`]: end at the guard.
pub const MEMFD_GO_OPT_ALIGN_END: u32 = 0x00000200;
/// [`memfd_go_secret_alloc`]: memfd_secret(2) or fail.
pub const MEMFD_GO_OPT_REQUIRE: u32 = 0x00000400;
/// [`memfd_go_secret_alloc`]: without memfd_secret(2).
pub const MEMFD_GO_OPT_NO_SECRETMEM: u32 = 0x00000800;
/// [`memfd_go_secret_alloc`]: even unlocked.
pub const MEMFD_GO_OPT_ALLOW_UNLOCKED: u32 = 0x00001000;
/// Messages: fail with `EAGAIN` rather than wait.
pub const MEMFD_GO_OPT_DONTWAIT: u32 = 0x00002000;
/// What verifies: allocate all of the file.
pub const MEMFD_GO_OPT_NO_HOLES: u32 = 0x00004000;
/// `memfd_go_secret_*`: keep the descriptor.
pub const MEMFD_GO_OPT_KEEP_FD: u32 = 0x00008000;

/// What [`memfd_go_create_with`] is told.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct memfd_go_create_args {
    /// `MFD_*`.
    pub flags: u32,
    /// [`MEMFD_GO_OPT_STRICT_NOEXEC`], [`MEMFD_GO_OPT_UNSEALABLE`].
    pub opts: u32,
    /// `F_SEAL_*` to add in the end.
    pub seals: u32,
    /// Permissions such as 0o600; 0: as the kernel makes them.
    pub mode: u32,
    /// Of the file, in bytes.
    pub size: u64,
}

// Seals

/// No further seals.
pub const F_SEAL_SEAL: u32 = 0x0001;
/// The file cannot get shorter.
pub const F_SEAL_SHRINK: u32 = 0x0002;
/// The file cannot get longer.
pub const F_SEAL_GROW: u32 = 0x0004;
/// The contents cannot change.
pub const F_SEAL_WRITE: u32 = 0x0008;
/// ... but through existing mappings (Linux 5.1).
pub const F_SEAL_FUTURE_WRITE: u32 = 0x0010;
/// The execute permission cannot change (Linux 6.3).
pub const F_SEAL_EXEC: u32 = 0x0020;

/// Neither size nor contents can change, and no seal can be added.
pub const MEMFD_GO_SEALS_IMMUTABLE: u32 = 0x0000000F;

/// [`memfd_go_format_seals`]: "SEAL GROW WRITE FUTURE_WRITE SHRINK EXEC".
pub const MEMFD_GO_STYLE_NAMES: u32 = 0;
/// [`memfd_go_format_seals`]: "SgwWsx".
pub const MEMFD_GO_STYLE_LETTERS: u32 = 1;
/// [`memfd_go_format_seals`]: "0x3f".
pub const MEMFD_GO_STYLE_HEX: u32 = 2;

/// [`memfd_go_info::kind`]: anything else.
pub const MEMFD_GO_KIND_OTHER: u32 = 0;
/// ... made by memfd_create(2).
pub const MEMFD_GO_KIND_MEMFD: u32 = 1;
/// ... of huge pages.
pub const MEMFD_GO_KIND_HUGETLB: u32 = 2;
/// ... a regular file on a mounted tmpfs.
pub const MEMFD_GO_KIND_TMPFS_FILE: u32 = 3;
/// ... made by memfd_secret(2).
pub const MEMFD_GO_KIND_SECRET: u32 = 4;

/// Access to a file or to memory: none.
pub const MEMFD_GO_ACCESS_NONE: u32 = 0;
/// ... reading.
pub const MEMFD_GO_ACCESS_READ: u32 = 1;
/// ... writing; of a descriptor only.
pub const MEMFD_GO_ACCESS_WRITE: u32 = 2;
/// ... both.
pub const MEMFD_GO_ACCESS_READ_WRITE: u32 = 3;

/// What [`memfd_go_inspect`] tells.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct memfd_go_info {
    /// `MEMFD_GO_KIND_*`.
    pub kind: u32,
    /// `F_SEAL_*`; 0 where there are none to ask for.
    pub seals: u32,
    /// Type and permissions, as in `st_mode`.
    pub mode: u32,
    /// `MEMFD_GO_ACCESS_*` of the descriptor; none with `O_PATH`.
    pub access: u32,
    /// In bytes.
    pub size: u64,
    /// Memory or disk space in bytes; 0 for [`MEMFD_GO_KIND_SECRET`].
    pub allocated: u64,
    /// Page size in bytes of [`MEMFD_GO_KIND_HUGETLB`], else 0.
    pub huge_page: u64,
    /// As in `st_dev`.
    pub device: u64,
    /// As in `st_ino`.
    pub inode: u64,
    /// Of a memfd, with a NUL; "" without /proc.
    pub name: [c_char; 256],
}

// Transfer

/// The largest number of descriptors in one message.
pub const MEMFD_GO_FDS_MAX: u32 = 64;

// Secret memory

/// [`memfd_go_secret_area::kind`]: memfd_secret(2), out of the kernel's page tables.
pub const MEMFD_GO_AREA_SECRETMEM: u32 = 1;
/// ... anonymous, never swapped, not in core dumps.
pub const MEMFD_GO_AREA_MLOCK: u32 = 2;
/// ... anonymous, not in core dumps; may be swapped.
pub const MEMFD_GO_AREA_UNLOCKED: u32 = 3;

/// A secret area. It is the library's: read it, do not write it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct memfd_go_secret_area {
    /// [`MEMFD_GO_AREA_SECRETMEM`], [`MEMFD_GO_AREA_MLOCK`] or [`MEMFD_GO_AREA_UNLOCKED`].
    pub kind: u32,
    /// As given, without [`MEMFD_GO_OPT_REQUIRE`] and the like.
    pub opts: u32,
    /// The area; null once freed.
    pub data: *mut c_void,
    /// Its length in bytes, as asked for.
    pub len: usize,
    /// The whole mapping, with guards.
    pub base: *mut c_void,
    /// Its length in bytes.
    pub base_len: usize,
    /// With [`MEMFD_GO_OPT_KEEP_FD`]; else -1.
    pub fd: i32,
    /// `MEMFD_GO_ACCESS_*`, as last set.
    pub protection: u32,
    /// The library's.
    pub reserved: [u64; 4],
}

/// A pool of secret slots of one size. It is the library's.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct memfd_go_secret_pool {
    /// How many there are.
    pub slots: u32,
    /// How many are taken.
    pub used: u32,
    /// The first free one, or `u32::MAX`.
    pub free_slot: u32,
    /// 0.
    pub unused: u32,
    /// Of each, as asked for, in bytes.
    pub slot_len: usize,
    /// From one to the next, in bytes.
    pub stride: usize,
    /// The library's.
    pub reserved: [u64; 2],
    /// What they are in.
    pub area: memfd_go_secret_area,
}

// One function a line, so that a test can compare them with the header.
#[rustfmt::skip]
extern "C" {
    // Library

    /// The version of the library that is running, `MAJOR << 16 | MINOR << 8 | PATCH`.
    pub fn memfd_go_version() -> u32;
    /// The same as text, such as "1.0.0"; a constant.
    pub fn memfd_go_version_string() -> *const c_char;
    /// The name of a result: "OK", or that of the error, such as "EBUSY", or "E?"; a constant.
    pub fn memfd_go_result_name(r: c_int) -> *const c_char;
    /// Finds out what works here and now; `request`: 0 or [`MEMFD_GO_FEATURE_SECRET`].
    pub fn memfd_go_probe(f: *mut memfd_go_features, size: usize, request: u64) -> c_int;

    // Create

    /// memfd_create(2), verbatim. Returns the descriptor.
    pub fn memfd_go_create(name: *const c_char, mfd_flags: u32) -> c_int;
    /// Creates a file with mode, size and seals; `args` may be null. Returns the descriptor.
    pub fn memfd_go_create_with(name: *const c_char, args: *const memfd_go_create_args, size: usize) -> c_int;
    /// Creates a file with a copy of `len` bytes at `data` and seals it. Returns the descriptor.
    pub fn memfd_go_create_sealed(name: *const c_char, mfd_flags: u32, seals: u32, data: *const c_void, len: usize) -> c_int;
    /// Creates a sealed copy of a regular file of at most `max_len` bytes. Returns the descriptor.
    pub fn memfd_go_clone(name: *const c_char, mfd_flags: u32, seals: u32, src_fd: c_int, max_len: u64) -> c_int;
    /// Creates a sealed copy of what can be read from a stream. Returns the descriptor.
    pub fn memfd_go_clone_stream(name: *const c_char, mfd_flags: u32, seals: u32, src_fd: c_int, max_len: u64) -> c_int;
    /// Opens a file once more through /proc. Returns the new descriptor.
    pub fn memfd_go_reopen(fd: c_int, open_flags: u32) -> c_int;
    /// Stores what `memfd_go_create` wants for huge pages of `page_size` bytes.
    pub fn memfd_go_huge_flags(page_size: u64, mfd_flags: *mut u32) -> c_int;

    // Size

    /// Stores the size of a file, in bytes.
    pub fn memfd_go_get_size(fd: c_int, size: *mut u64) -> c_int;
    /// Makes a file `size` bytes long; `opts`: [`MEMFD_GO_OPT_RESERVE`].
    pub fn memfd_go_set_size(fd: c_int, opts: u32, size: u64) -> c_int;
    /// Gives the memory of a part of a file back; `opts`: 0.
    pub fn memfd_go_discard(fd: c_int, opts: u32, off: u64, len: u64) -> c_int;

    // Seals

    /// fcntl(2) with `F_ADD_SEALS`, verbatim.
    pub fn memfd_go_add_seals(fd: c_int, seals: u32) -> c_int;
    /// fcntl(2) with `F_GET_SEALS`, verbatim. Returns the seals.
    pub fn memfd_go_get_seals(fd: c_int) -> c_int;
    /// Adds those of `seals` that are not there yet.
    pub fn memfd_go_ensure_seals(fd: c_int, seals: u32) -> c_int;
    /// `-EKEYREJECTED` if not all `required` seals are there; `missing` may be null.
    pub fn memfd_go_check_seals(fd: c_int, required: u32, missing: *mut u32) -> c_int;
    /// Writes seals as text. Returns its length, like snprintf(3).
    pub fn memfd_go_format_seals(seals: u32, style: u32, buf: *mut c_char, cap: usize) -> c_int;
    /// Reads what `memfd_go_format_seals` writes, in any style.
    pub fn memfd_go_parse_seals(text: *const c_char, seals: *mut u32) -> c_int;
    /// Tells what a descriptor is.
    pub fn memfd_go_inspect(fd: c_int, request: u32, info: *mut memfd_go_info, size: usize) -> c_int;

    // Map

    /// Maps `len` bytes of a file from `off` on; `opts`: the other `MEMFD_GO_OPT_*`.
    pub fn memfd_go_map(fd: c_int, opts: u32, off: u64, len: usize, addr: *mut *mut c_void) -> c_int;
    /// Maps `len` bytes of a file twice, end to end.
    pub fn memfd_go_map_ring(fd: c_int, opts: u32, off: u64, len: usize, addr: *mut *mut c_void) -> c_int;
    /// Checks a file from somebody who is not trusted: that nothing can happen to it.
    pub fn memfd_go_verify(fd: c_int, required: u32, max_len: u64, opts: u32, size: *mut u64) -> c_int;
    /// Maps a file from somebody who is not trusted, if it is sealed.
    pub fn memfd_go_map_verified(fd: c_int, required: u32, max_len: u64, opts: u32, addr: *mut *mut c_void, len: *mut usize) -> c_int;
    /// munmap(2).
    pub fn memfd_go_unmap(addr: *mut c_void, len: usize) -> c_int;

    // Transfer

    /// Sends descriptors and bytes over a Unix socket. Returns the number of bytes.
    pub fn memfd_go_send_fds(sock: c_int, opts: u32, fds: *const c_int, n: u32, data: *const c_void, len: usize) -> c_int;
    /// Receives a message with descriptors. Returns 1, or 0 at the end of the stream.
    pub fn memfd_go_recv_fds(sock: c_int, opts: u32, fds: *mut c_int, n: *mut u32, data: *mut c_void, len: *mut usize) -> c_int;
    /// Receives one descriptor from somebody who is not trusted, if it is sealed.
    pub fn memfd_go_recv_verified(sock: c_int, required: u32, max_len: u64, opts: u32, data: *mut c_void, len: *mut usize) -> c_int;
    /// Opens /proc/PID/fd/N. Returns the descriptor.
    pub fn memfd_go_import_pid(pid: c_int, remote_fd: c_int, open_flags: u32) -> c_int;
    /// pidfd_getfd(2). Returns the descriptor.
    pub fn memfd_go_import_pidfd(pidfd: c_int, remote_fd: c_int, flags: u32) -> c_int;

    // Exec

    /// execveat(2) of a descriptor; `opts`: [`MEMFD_GO_OPT_INHERIT_FD`]. Returns on failure only.
    pub fn memfd_go_exec(fd: c_int, argv: *const *const c_char, envp: *const *const c_char, opts: u32) -> c_int;

    // Secret memory

    /// memfd_secret(2); `flags`: 0 or `O_CLOEXEC`. Returns the descriptor.
    pub fn memfd_go_secret(flags: u32) -> c_int;
    /// Allocates memory for secrets, between guard pages.
    pub fn memfd_go_secret_alloc(area: *mut memfd_go_secret_area, len: usize, opts: u32) -> c_int;
    /// Allocates memory for a secret, and moves it there.
    pub fn memfd_go_secret_alloc_from(area: *mut memfd_go_secret_area, data: *mut c_void, len: usize, opts: u32) -> c_int;
    /// Maps a secret file that another process made.
    pub fn memfd_go_secret_attach(area: *mut memfd_go_secret_area, fd: c_int, max_len: u64, opts: u32) -> c_int;
    /// Makes an area `MEMFD_GO_ACCESS_NONE`, `_READ` or `_READ_WRITE`.
    pub fn memfd_go_secret_protect(area: *mut memfd_go_secret_area, access: u32) -> c_int;
    /// Locks an area again, in a child of a fork.
    pub fn memfd_go_secret_relock(area: *mut memfd_go_secret_area) -> c_int;
    /// Wipes an area and unmaps it. Twice is harmless.
    pub fn memfd_go_secret_free(area: *mut memfd_go_secret_area) -> c_int;
    /// Overwrites memory with zeros; `p` may be null.
    pub fn memfd_go_wipe(p: *mut c_void, len: usize);
    /// 1 if memory is equal, else 0, in a time that depends on `len` alone.
    pub fn memfd_go_equal(a: *const c_void, b: *const c_void, len: usize) -> c_int;
    /// Allocates a pool of slots for secrets.
    pub fn memfd_go_secret_pool_init(pool: *mut memfd_go_secret_pool, slot_len: usize, slots: u32, opts: u32) -> c_int;
    /// Takes a free slot, which holds zeros.
    pub fn memfd_go_secret_pool_take(pool: *mut memfd_go_secret_pool, slot: *mut *mut c_void) -> c_int;
    /// Wipes a slot and gives it back.
    pub fn memfd_go_secret_pool_give(pool: *mut memfd_go_secret_pool, slot: *mut c_void) -> c_int;
    /// Makes all slots `MEMFD_GO_ACCESS_NONE`, `_READ` or `_READ_WRITE`.
    pub fn memfd_go_secret_pool_protect(pool: *mut memfd_go_secret_pool, access: u32) -> c_int;
    /// Locks the memory of a pool again, in a child of a fork.
    pub fn memfd_go_secret_pool_relock(pool: *mut memfd_go_secret_pool) -> c_int;
    /// Wipes and frees a pool. Twice is harmless.
    pub fn memfd_go_secret_pool_free(pool: *mut memfd_go_secret_pool) -> c_int;
}
