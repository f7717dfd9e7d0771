//! The C API of `libmemfd_go`, as it is: memfd_create(2), memfd_secret(2) and file
//! sealing. The crate `memfd-go` wraps it for everyday use.
//!
//! Constants and functions have the names, the types and the order of the C header
//! `memfd_go.h`, which documents them in full. What holds for all of them:
//!
//! * A function that can fail returns a value >= 0, or `-errno`. The C library's
//!   `errno` is neither read nor written.
//! * What else a function has to say goes to out-parameters, written only on success.
//! * A pointer must point to enough memory for its use. Null is `-EFAULT`.
//! * Every function may be called from any thread, from a signal handler, and in the
//!   child after fork(2). None allocates, locks, or keeps state.
//!
//! # How the library is found
//!
//! 1. In the folder that the environment variable `MEMFD_GO_LIB_DIR` names.
//! 2. By `pkg-config libmemfd_go`.
//! 3. It is built, if the Go sources that this crate comes from are beside it. That
//!    takes `go`, and no C compiler.
//!
//! A package that depends on this crate directly learns the folder in its build
//! script, from `DEP_MEMFD_GO_LIB_DIR`. `cargo run` and `cargo test` find the library
//! by themselves; a program that is installed needs it where the dynamic loader looks.
#![no_std]
#![deny(missing_docs)]

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

/// The longest name that memfd_create(2) takes, in bytes without the NUL.
pub const MEMFD_GO_NAME_MAX: u32 = 249;

// Size

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

// One function a line, so that a test can compare them with the header.
#[rustfmt::skip]
extern "C" {
    // Library

    /// The version of the library that is running, `MAJOR << 16 | MINOR << 8 | PATCH`.
    pub fn memfd_go_version() -> u32;
    /// The same as text, such as "1.0.0"; a constant.
    pub fn memfd_go_version_string() -> *const c_char;
    /// The name of an error number of either sign, such as "EBUSY", else "E?"; a constant.
    pub fn memfd_go_errname(err: c_int) -> *const c_char;

    // Create

    /// memfd_create(2), verbatim. Returns the descriptor.
    pub fn memfd_go_create(name: *const c_char, mfd_flags: u32) -> c_int;
    /// Creates a file with a copy of `len` bytes at `data` and seals it. Returns the descriptor.
    pub fn memfd_go_create_sealed(name: *const c_char, mfd_flags: u32, seals: u32, data: *const c_void, len: usize) -> c_int;

    // Size

    /// Stores the size of a file, in bytes.
    pub fn memfd_go_get_size(fd: c_int, size: *mut u64) -> c_int;
    /// Makes a file `size` bytes long; `opts`: [`MEMFD_GO_OPT_RESERVE`].
    pub fn memfd_go_set_size(fd: c_int, opts: u32, size: u64) -> c_int;

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

    // Map

    /// Maps `len` bytes of a file from `off` on; `opts`: the other `MEMFD_GO_OPT_*`.
    pub fn memfd_go_map(fd: c_int, opts: u32, off: u64, len: usize, addr: *mut *mut c_void) -> c_int;
    /// munmap(2).
    pub fn memfd_go_unmap(addr: *mut c_void, len: usize) -> c_int;

    // Secret memory

    /// memfd_secret(2); `flags`: 0 or `O_CLOEXEC`. Returns the descriptor.
    pub fn memfd_go_secret(flags: u32) -> c_int;
}
