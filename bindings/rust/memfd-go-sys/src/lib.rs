// SPDX-License-Identifier: MIT
#![doc = include_str!("../README.md")]
//!
//! # Conventions
//!
//! Constants, structs and functions have the names, the types and the order of the C header
//! `memfd_go.h`, which documents them, with parameters and errors. In short:
//!
//! * A function that can fail returns a value >= 0, or `-errno`. It neither reads nor writes the
//!   C library's `errno`.
//! * Out-parameters are written only on success.
//! * A pointer must point to valid memory of the right size. A null pointer is `-EFAULT`.
//! * Structs that may grow are passed with their size.
//! * Every function may be called from any thread, from a signal handler, and in the child after
//!   fork(2). None allocates, locks, or keeps state.
#![no_std]
#![deny(missing_docs)]
#![allow(non_camel_case_types)] // The structs have C's names.

use core::ffi::{c_char, c_int, c_void};

// Library

/// The version of the header that this crate follows: major.
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
/// ... executable files are allowed.
pub const MEMFD_GO_FEATURE_EXEC_ALLOWED: u32 = 0x00000020;
/// ... [`MFD_HUGETLB`].
pub const MEMFD_GO_FEATURE_HUGETLB: u32 = 0x00000040;
/// ... memfd_secret(2); only on request.
pub const MEMFD_GO_FEATURE_SECRET: u32 = 0x00000080;
/// ... a write-sealed file that is open for writing can be mapped shared.
pub const MEMFD_GO_FEATURE_SHARED_RO: u32 = 0x00000100;
/// ... /proc/self/fd.
pub const MEMFD_GO_FEATURE_PROCFS: u32 = 0x00000200;
/// ... pidfd_getfd(2).
pub const MEMFD_GO_FEATURE_PIDFD_GETFD: u32 = 0x00000400;
/// ... execveat(2).
pub const MEMFD_GO_FEATURE_EXECVEAT: u32 = 0x00000800;

/// The result of [`memfd_go_probe`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct memfd_go_features {
    /// `MEMFD_GO_FEATURE_*`.
    pub bits: u64,
    /// Bit n: the system has huge pages of 2^n bytes.
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
/// Allow seals; otherwise [`F_SEAL_SEAL`] is set.
pub const MFD_ALLOW_SEALING: u32 = 0x0002;
/// Use huge pages (Linux 4.14).
pub const MFD_HUGETLB: u32 = 0x0004;
/// Permanently not executable; sealable (Linux 6.3).
pub const MFD_NOEXEC_SEAL: u32 = 0x0008;
/// Executable, even with `vm.memfd_noexec=1` (Linux 6.3).
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

/// Flags for most files: [`MFD_CLOEXEC`] and [`MFD_NOEXEC_SEAL`].
pub const MEMFD_GO_CREATE_DEFAULT: u32 = 0x0009;

/// The maximum length of a name, in bytes without the NUL.
pub const MEMFD_GO_NAME_MAX: u32 = 249;

/// [`memfd_go_set_size`]: allocate the memory now.
pub const MEMFD_GO_OPT_RESERVE: u32 = 0x00000001;
/// [`memfd_go_map`]: writable and readable.
pub const MEMFD_GO_OPT_WRITE: u32 = 0x00000002;
/// [`memfd_go_map`]: copy on write.
pub const MEMFD_GO_OPT_PRIVATE: u32 = 0x00000004;
/// [`memfd_go_map`]: executable and readable.
pub const MEMFD_GO_OPT_EXEC: u32 = 0x00000008;
/// [`memfd_go_map`]: fault in all pages now.
pub const MEMFD_GO_OPT_POPULATE: u32 = 0x00000010;
/// [`memfd_go_create_with`]: never emulate.
pub const MEMFD_GO_OPT_STRICT_NOEXEC: u32 = 0x00000020;
/// [`memfd_go_create_with`]: add [`F_SEAL_SEAL`].
pub const MEMFD_GO_OPT_UNSEALABLE: u32 = 0x00000040;
/// [`memfd_go_exec`]: the program inherits the descriptor.
pub const MEMFD_GO_OPT_INHERIT_FD: u32 = 0x00000080;
/// `memfd_go_secret_*`: share the area with children of fork(2).
pub const MEMFD_GO_OPT_FORK_SHARE: u32 = 0x00000100;
/// [`memfd_go_secret_alloc`]: place the end, not the start, at a guard page.
pub const MEMFD_GO_OPT_ALIGN_END: u32 = 0x00000200;
/// [`memfd_go_secret_alloc`]: fail unless memfd_secret(2) works.
pub const MEMFD_GO_OPT_REQUIRE: u32 = 0x00000400;
/// [`memfd_go_secret_alloc`]: do not use memfd_secret(2).
pub const MEMFD_GO_OPT_NO_SECRETMEM: u32 = 0x00000800;
/// [`memfd_go_secret_alloc`]: accept memory that cannot be locked.
pub const MEMFD_GO_OPT_ALLOW_UNLOCKED: u32 = 0x00001000;
/// Sending and receiving: fail with `EAGAIN` instead of waiting.
pub const MEMFD_GO_OPT_DONTWAIT: u32 = 0x00002000;
/// Verifying functions: allocate the missing pages of the file.
pub const MEMFD_GO_OPT_NO_HOLES: u32 = 0x00004000;
/// `memfd_go_secret_*`: keep the descriptor.
pub const MEMFD_GO_OPT_KEEP_FD: u32 = 0x00008000;

/// The parameters of [`memfd_go_create_with`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct memfd_go_create_args {
    /// `MFD_*`.
    pub flags: u32,
    /// [`MEMFD_GO_OPT_STRICT_NOEXEC`], [`MEMFD_GO_OPT_UNSEALABLE`].
    pub opts: u32,
    /// `F_SEAL_*` to add at the end.
    pub seals: u32,
    /// Permissions such as 0o600; 0: the kernel's default.
    pub mode: u32,
    /// Of the file, in bytes.
    pub size: u64,
}

// Seals

/// No further seals can be added.
pub const F_SEAL_SEAL: u32 = 0x0001;
/// The file cannot shrink.
pub const F_SEAL_SHRINK: u32 = 0x0002;
/// The file cannot grow.
pub const F_SEAL_GROW: u32 = 0x0004;
/// The contents cannot change.
pub const F_SEAL_WRITE: u32 = 0x0008;
/// The contents can change only through existing mappings (Linux 5.1).
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

/// [`memfd_go_info::kind`]: none of the following.
pub const MEMFD_GO_KIND_OTHER: u32 = 0;
/// ... created by memfd_create(2).
pub const MEMFD_GO_KIND_MEMFD: u32 = 1;
/// ... a file of huge pages.
pub const MEMFD_GO_KIND_HUGETLB: u32 = 2;
/// ... a regular file on a mounted tmpfs.
pub const MEMFD_GO_KIND_TMPFS_FILE: u32 = 3;
/// ... created by memfd_secret(2).
pub const MEMFD_GO_KIND_SECRET: u32 = 4;

/// Access to a file or to memory: none.
pub const MEMFD_GO_ACCESS_NONE: u32 = 0;
/// ... reading.
pub const MEMFD_GO_ACCESS_READ: u32 = 1;
/// ... writing; only for descriptors.
pub const MEMFD_GO_ACCESS_WRITE: u32 = 2;
/// ... reading and writing.
pub const MEMFD_GO_ACCESS_READ_WRITE: u32 = 3;

/// The result of [`memfd_go_inspect`].
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct memfd_go_info {
    /// `MEMFD_GO_KIND_*`.
    pub kind: u32,
    /// `F_SEAL_*`; 0 if the file does not support seals.
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
    /// The name of a memfd, with a NUL; "" for other files, or if /proc is not mounted.
    pub name: [c_char; 256],
}

// Transfer

/// The maximum number of descriptors in one message.
pub const MEMFD_GO_FDS_MAX: u32 = 64;

// Secret memory

/// [`memfd_go_secret_area::kind`]: memfd_secret(2), removed from the kernel's page tables.
pub const MEMFD_GO_AREA_SECRETMEM: u32 = 1;
/// ... locked anonymous memory: never swapped out, not in core dumps.
pub const MEMFD_GO_AREA_MLOCK: u32 = 2;
/// ... anonymous memory: not in core dumps, but may be swapped out.
pub const MEMFD_GO_AREA_UNLOCKED: u32 = 3;

/// A secret area. Do not change its members.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct memfd_go_secret_area {
    /// [`MEMFD_GO_AREA_SECRETMEM`], [`MEMFD_GO_AREA_MLOCK`] or [`MEMFD_GO_AREA_UNLOCKED`].
    pub kind: u32,
    /// The options, without those that only affect allocation.
    pub opts: u32,
    /// The address; null after freeing.
    pub data: *mut c_void,
    /// The requested length in bytes.
    pub len: usize,
    /// The address of the whole mapping, with guard pages.
    pub base: *mut c_void,
    /// The length of the whole mapping in bytes.
    pub base_len: usize,
    /// The descriptor, with [`MEMFD_GO_OPT_KEEP_FD`]; else -1.
    pub fd: i32,
    /// The current access, `MEMFD_GO_ACCESS_*`.
    pub protection: u32,
    /// Reserved.
    pub reserved: [u64; 4],
}

/// A pool of secret slots of the same size. Do not change its members.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct memfd_go_secret_pool {
    /// The number of slots.
    pub slots: u32,
    /// The number of slots in use.
    pub used: u32,
    /// The first free slot, or `u32::MAX`.
    pub free_slot: u32,
    /// 0.
    pub unused: u32,
    /// The requested length of a slot in bytes.
    pub slot_len: usize,
    /// The distance between slots in bytes.
    pub stride: usize,
    /// Reserved.
    pub reserved: [u64; 2],
    /// The memory of the slots.
    pub area: memfd_go_secret_area,
}

// One line for each function: a test compares them with the header.
#[rustfmt::skip]
extern "C" {
    // Library

    /// Returns the version of the running library, `MAJOR << 16 | MINOR << 8 | PATCH`.
    pub fn memfd_go_version() -> u32;
    /// Returns the version of the running library as a constant string, such as "1.0.0".
    pub fn memfd_go_version_string() -> *const c_char;
    /// Returns the name of a result as a constant string: "OK", an error such as "EBUSY", or "E?".
    pub fn memfd_go_result_name(r: c_int) -> *const c_char;
    /// Finds out which features work; `request`: 0 or [`MEMFD_GO_FEATURE_SECRET`].
    pub fn memfd_go_probe(f: *mut memfd_go_features, size: usize, request: u64) -> c_int;

    // Create

    /// Creates a file, like memfd_create(2). Returns the descriptor.
    pub fn memfd_go_create(name: *const c_char, mfd_flags: u32) -> c_int;
    /// Creates a file, then sets mode, size and seals; `args` may be null. Returns the descriptor.
    pub fn memfd_go_create_with(name: *const c_char, args: *const memfd_go_create_args, size: usize) -> c_int;
    /// Creates a file with a copy of `len` bytes at `data` and seals it. Returns the descriptor.
    pub fn memfd_go_create_sealed(name: *const c_char, mfd_flags: u32, seals: u32, data: *const c_void, len: usize) -> c_int;
    /// Creates a sealed copy of a regular file of at most `max_len` bytes. Returns the descriptor.
    pub fn memfd_go_clone(name: *const c_char, mfd_flags: u32, seals: u32, src_fd: c_int, max_len: u64) -> c_int;
    /// Creates a sealed copy of everything that can be read. Returns the descriptor.
    pub fn memfd_go_clone_stream(name: *const c_char, mfd_flags: u32, seals: u32, src_fd: c_int, max_len: u64) -> c_int;
    /// Opens a file again through /proc. Returns the new descriptor.
    pub fn memfd_go_reopen(fd: c_int, open_flags: u32) -> c_int;
    /// Stores the flags of `memfd_go_create` for huge pages of `page_size` bytes.
    pub fn memfd_go_huge_flags(page_size: u64, mfd_flags: *mut u32) -> c_int;

    // Size

    /// Stores the size of a file, in bytes.
    pub fn memfd_go_get_size(fd: c_int, size: *mut u64) -> c_int;
    /// Sets the size of a file in bytes; `opts`: [`MEMFD_GO_OPT_RESERVE`].
    pub fn memfd_go_set_size(fd: c_int, opts: u32, size: u64) -> c_int;
    /// Frees the memory of a range of a file; `opts`: 0.
    pub fn memfd_go_discard(fd: c_int, opts: u32, off: u64, len: u64) -> c_int;

    // Seals

    /// Adds seals, like fcntl(2) with `F_ADD_SEALS`.
    pub fn memfd_go_add_seals(fd: c_int, seals: u32) -> c_int;
    /// Returns the seals, like fcntl(2) with `F_GET_SEALS`.
    pub fn memfd_go_get_seals(fd: c_int) -> c_int;
    /// Adds those of `seals` that are missing.
    pub fn memfd_go_ensure_seals(fd: c_int, seals: u32) -> c_int;
    /// Returns `-EKEYREJECTED` if a required seal is missing; `missing` may be null.
    pub fn memfd_go_check_seals(fd: c_int, required: u32, missing: *mut u32) -> c_int;
    /// Formats seals as text. Returns its length, like snprintf(3).
    pub fn memfd_go_format_seals(seals: u32, style: u32, buf: *mut c_char, cap: usize) -> c_int;
    /// Parses seals in any style of `memfd_go_format_seals`.
    pub fn memfd_go_parse_seals(text: *const c_char, seals: *mut u32) -> c_int;
    /// Stores the properties of a descriptor.
    pub fn memfd_go_inspect(fd: c_int, request: u32, info: *mut memfd_go_info, size: usize) -> c_int;

    // Map

    /// Maps `len` bytes of a file at `off`.
    pub fn memfd_go_map(fd: c_int, opts: u32, off: u64, len: usize, addr: *mut *mut c_void) -> c_int;
    /// Maps `len` bytes of a file at `off` twice, back to back.
    pub fn memfd_go_map_ring(fd: c_int, opts: u32, off: u64, len: usize, addr: *mut *mut c_void) -> c_int;
    /// Checks that a file from an untrusted process is safe to map.
    pub fn memfd_go_verify(fd: c_int, required: u32, max_len: u64, opts: u32, size: *mut u64) -> c_int;
    /// Checks a file from an untrusted process, and maps it.
    pub fn memfd_go_map_verified(fd: c_int, required: u32, max_len: u64, opts: u32, addr: *mut *mut c_void, len: *mut usize) -> c_int;
    /// Unmaps memory, like munmap(2).
    pub fn memfd_go_unmap(addr: *mut c_void, len: usize) -> c_int;

    // Transfer

    /// Sends descriptors and bytes over a Unix socket. Returns the number of bytes.
    pub fn memfd_go_send_fds(sock: c_int, opts: u32, fds: *const c_int, n: u32, data: *const c_void, len: usize) -> c_int;
    /// Receives a message with descriptors. Returns 0, or `-EPIPE` at the end of the stream.
    pub fn memfd_go_recv_fds(sock: c_int, opts: u32, fds: *mut c_int, n: *mut u32, data: *mut c_void, len: *mut usize) -> c_int;
    /// Receives and checks a file from an untrusted process. Returns the descriptor.
    pub fn memfd_go_recv_verified(sock: c_int, required: u32, max_len: u64, opts: u32, data: *mut c_void, len: *mut usize) -> c_int;
    /// Opens /proc/PID/fd/N. Returns the descriptor.
    pub fn memfd_go_import_pid(pid: c_int, remote_fd: c_int, open_flags: u32) -> c_int;
    /// Duplicates a descriptor of another process, like pidfd_getfd(2). Returns the descriptor.
    pub fn memfd_go_import_pidfd(pidfd: c_int, remote_fd: c_int, flags: u32) -> c_int;

    // Exec

    /// Executes a file; `opts`: [`MEMFD_GO_OPT_INHERIT_FD`]. Returns only on failure.
    pub fn memfd_go_exec(fd: c_int, argv: *const *const c_char, envp: *const *const c_char, opts: u32) -> c_int;

    // Secret memory

    /// Creates a secret file with memfd_secret(2); `flags`: 0 or `O_CLOEXEC`. Returns the descriptor.
    pub fn memfd_go_secret(flags: u32) -> c_int;
    /// Allocates secret memory between guard pages.
    pub fn memfd_go_secret_alloc(area: *mut memfd_go_secret_area, len: usize, opts: u32) -> c_int;
    /// Allocates secret memory, and moves `len` bytes from `data` into it.
    pub fn memfd_go_secret_alloc_from(area: *mut memfd_go_secret_area, data: *mut c_void, len: usize, opts: u32) -> c_int;
    /// Maps a secret file of another process.
    pub fn memfd_go_secret_attach(area: *mut memfd_go_secret_area, fd: c_int, max_len: u64, opts: u32) -> c_int;
    /// Sets the access to an area: `MEMFD_GO_ACCESS_NONE`, `_READ` or `_READ_WRITE`.
    pub fn memfd_go_secret_protect(area: *mut memfd_go_secret_area, access: u32) -> c_int;
    /// Locks an area again, in a child of fork(2).
    pub fn memfd_go_secret_relock(area: *mut memfd_go_secret_area) -> c_int;
    /// Wipes and unmaps an area. Freeing it twice does nothing.
    pub fn memfd_go_secret_free(area: *mut memfd_go_secret_area) -> c_int;
    /// Overwrites memory with zeros; `p` may be null.
    pub fn memfd_go_wipe(p: *mut c_void, len: usize);
    /// Returns 1 if memory is equal, else 0, in a time that depends only on `len`.
    pub fn memfd_go_equal(a: *const c_void, b: *const c_void, len: usize) -> c_int;
    /// Allocates a pool of slots for secrets.
    pub fn memfd_go_secret_pool_init(pool: *mut memfd_go_secret_pool, slot_len: usize, slots: u32, opts: u32) -> c_int;
    /// Takes a free slot, which contains zeros.
    pub fn memfd_go_secret_pool_take(pool: *mut memfd_go_secret_pool, slot: *mut *mut c_void) -> c_int;
    /// Wipes a slot and gives it back to the pool.
    pub fn memfd_go_secret_pool_give(pool: *mut memfd_go_secret_pool, slot: *mut c_void) -> c_int;
    /// Sets the access to all slots: `MEMFD_GO_ACCESS_NONE`, `_READ` or `_READ_WRITE`.
    pub fn memfd_go_secret_pool_protect(pool: *mut memfd_go_secret_pool, access: u32) -> c_int;
    /// Locks the memory of a pool again, in a child of fork(2).
    pub fn memfd_go_secret_pool_relock(pool: *mut memfd_go_secret_pool) -> c_int;
    /// Wipes and frees a pool. Freeing it twice does nothing.
    pub fn memfd_go_secret_pool_free(pool: *mut memfd_go_secret_pool) -> c_int;
}
