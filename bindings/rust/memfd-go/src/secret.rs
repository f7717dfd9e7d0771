// SPDX-License-Identifier: MIT

//! Kinds of secret memory, and functions for it.

use std::io;
use std::os::fd::OwnedFd;

use memfd_go_sys as sys;

use crate::create::new_fd;

/// How secret memory is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecretKind {
    /// memfd_secret(2): removed from the kernel's own page tables.
    SecretMem,
    /// Locked anonymous memory: never swapped out, not in core dumps.
    Locked,
    /// Anonymous memory: not in core dumps, but may be swapped out.
    Unlocked,
}

impl SecretKind {
    pub(crate) fn from_number(number: u32) -> SecretKind {
        match number {
            sys::MEMFD_GO_AREA_SECRETMEM => SecretKind::SecretMem,
            sys::MEMFD_GO_AREA_MLOCK => SecretKind::Locked,
            _ => SecretKind::Unlocked,
        }
    }
}

/// Creates a secret file with memfd_secret(2). The descriptor is close-on-exec.
///
/// Only processes that map the file can access its pages, because the kernel removes them from its
/// own page tables. Set the size once with [`set_size`](crate::set_size), then map the file with
/// [`MapMut`](crate::MapMut), shared. While the file or a mapping of it exists, the system cannot
/// hibernate.
///
/// The pages are locked into memory and count against `RLIMIT_MEMLOCK`. On older kernels, mapping
/// more than the limit fails. Since Linux 7.2, and in stable kernels with its fix such as 6.12.117,
/// the first access to a page beyond the limit is SIGBUS. [`SecretBuf`](crate::SecretBuf) reports an
/// error in both cases.
///
/// [`SecretBuf`](crate::SecretBuf) is easier to use for a secret of one process.
///
/// The file does not support seals, read(2) or write(2). Children of fork(2) share its mappings.
///
/// # Errors
///
/// * `ENOSYS`: before Linux 5.14, or no support in this kernel or on this architecture (arm,
///   powerpc64le).
/// * `ENOSYS`: Linux 5.14 to 6.4, unless booted with `secretmem.enable=1`.
/// * `ENOSYS`: booted with `secretmem.enable=0`.
/// * `EMFILE`: the process has `RLIMIT_NOFILE` open descriptors.
/// * `ENFILE`: the system-wide limit on open files is reached.
/// * `ENOMEM`: not enough memory.
///
/// Source: memfd_secret(2), mm/secretmem.c.
///
/// ```
/// use memfd_go::{MapFlags, MapMut};
///
/// # fn main() -> std::io::Result<()> {
/// # if memfd_go::secret().is_err() { return Ok(()) }
/// let file = memfd_go::secret()?;
/// memfd_go::set_size(&file, 32)?;
/// // SAFETY: no other process has the file.
/// let mut key = unsafe { MapMut::new(&file, MapFlags::empty(), 0, 32)? };
/// drop(file); // The mapping stays.
/// key.fill(0x5A);
/// # Ok(())
/// # }
/// ```
pub fn secret() -> io::Result<OwnedFd> {
    // SAFETY: the function takes no pointers.
    new_fd(unsafe { sys::memfd_go_secret(libc::O_CLOEXEC as u32) })
}

/// Overwrites memory with zeros. No compiler removes this, and no copy remains in a register.
///
/// ```
/// let mut password = *b"correct horse";
/// memfd_go::wipe(&mut password);
/// assert_eq!(password, [0; 13]);
/// ```
pub fn wipe(memory: &mut [u8]) {
    // SAFETY: `memory` is writable, and the call gets its length.
    unsafe { sys::memfd_go_wipe(memory.as_mut_ptr().cast(), memory.len()) }
}

/// Compares bytes in a time that depends only on their number.
///
/// Slices of different lengths are not equal, and are not compared.
///
/// ```
/// assert!(memfd_go::equal(b"tag", b"tag"));
/// assert!(!memfd_go::equal(b"tag", b"tug"));
/// assert!(!memfd_go::equal(b"tag", b"tags"));
/// ```
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    // SAFETY: both slices are readable, and have `a.len()` bytes.
    a.len() == b.len()
        && unsafe { sys::memfd_go_equal(a.as_ptr().cast(), b.as_ptr().cast(), a.len()) } == 1
}
