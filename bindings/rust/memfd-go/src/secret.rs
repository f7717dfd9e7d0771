// SPDX-License-Identifier: MIT

//! Secret memory.

use std::io;
use std::os::fd::OwnedFd;

use memfd_go_sys as sys;

use crate::create::new_fd;

/// Creates a secret file by memfd_secret(2), and returns its descriptor, close-on-exec.
///
/// Its pages, once mapped, can be seen only by the processes that hold it; not even the
/// kernel keeps them in its own page tables. Size it once with
/// [`set_size`](crate::set_size), then map it with [`MapMut`](crate::MapMut), shared.
/// The pages are locked into memory and count against `RLIMIT_MEMLOCK`. While the file
/// or a mapping of it exists, the machine cannot hibernate.
///
/// For a secret of this process alone [`SecretBuf`](crate::SecretBuf) is less to do.
///
/// The file takes no seals, and cannot be read or written but through a mapping. A
/// mapping is inherited by, and shared with, the child of fork(2).
///
/// # Errors
///
/// * `ENOSYS`: before Linux 5.14; no support in this kernel or on this architecture
///   (arm, powerpc64le); from 5.14 to 6.4 unless booted with `secretmem.enable=1`;
///   booted with `secretmem.enable=0`.
/// * `EMFILE`: the process has `RLIMIT_NOFILE` descriptors open.
/// * `ENFILE`: the system-wide limit on open files has been reached.
/// * `ENOMEM`: not enough memory.
///
/// Safe: MT AS fork. Source: memfd_secret(2), mm/secretmem.c.
///
/// ```
/// use memfd_go::{MapFlags, MapMut};
///
/// # fn main() -> std::io::Result<()> {
/// # if memfd_go::secret().is_err() { return Ok(()) }
/// let file = memfd_go::secret()?;
/// memfd_go::set_size(&file, 32)?;
/// // SAFETY: nobody else has the file.
/// let mut key = unsafe { MapMut::new(&file, MapFlags::empty(), 0, 32)? };
/// drop(file); // The mapping stays.
/// key.fill(0x5A);
/// # Ok(())
/// # }
/// ```
pub fn secret() -> io::Result<OwnedFd> {
    // SAFETY: the function takes a plain value.
    new_fd(unsafe { sys::memfd_go_secret(libc::O_CLOEXEC as u32) })
}

/// Overwrites memory with zeros, in a way that no compiler leaves out, and leaves no copy of
/// it in a register.
///
/// Errors: none. Safe: MT AS fork. Source: this library.
///
/// ```
/// let mut password = *b"correct horse";
/// memfd_go::wipe(&mut password);
/// assert_eq!(password, [0; 13]);
/// ```
pub fn wipe(memory: &mut [u8]) {
    // SAFETY: the slice is writable, and as long as is said.
    unsafe { sys::memfd_go_wipe(memory.as_mut_ptr().cast(), memory.len()) }
}

/// Compares bytes in a time that depends on their number alone.
///
/// Slices of different lengths are not equal, which is found out at once.
///
/// Errors: none. Safe: MT AS fork. Source: this library.
///
/// ```
/// assert!(memfd_go::equal(b"tag", b"tag"));
/// assert!(!memfd_go::equal(b"tag", b"tug"));
/// assert!(!memfd_go::equal(b"tag", b"tags"));
/// ```
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    // SAFETY: both slices are readable, and as long as is said.
    a.len() == b.len()
        && unsafe { sys::memfd_go_equal(a.as_ptr().cast(), b.as_ptr().cast(), a.len()) } == 1
}
