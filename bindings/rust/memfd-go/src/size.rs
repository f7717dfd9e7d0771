// SPDX-License-Identifier: MIT

//! Functions for the size of a file.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use memfd_go_sys as sys;

use crate::error::result;

/// Returns the size of the file `fd` in bytes.
///
/// Any descriptor works, including one opened with `O_PATH`. Other files than regular ones usually
/// have size 0.
///
/// # Errors
///
/// * `ENOSYS`: before Linux 4.11.
///
/// Source: statx(2).
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let file = memfd_go::create("sized")?;
/// file.set_size(10)?;
/// assert_eq!(memfd_go::get_size(&file)?, 10);
/// # Ok(())
/// # }
/// ```
pub fn get_size(fd: impl AsFd) -> io::Result<u64> {
    let mut size = 0;
    // SAFETY: `size` is writable.
    result(unsafe { sys::memfd_go_get_size(fd.as_fd().as_raw_fd(), &mut size) })?;
    Ok(size)
}

/// Sets the size of the file `fd`.
///
/// The file is truncated, or extended with zeros, which take no memory until they are written.
/// [`reserve`] allocates the memory at once.
///
/// * `fd`: open for writing.
/// * `size`: in bytes, 0 to `i64::MAX`. The size of a secret file ([`secret`](crate::secret)) can
///   be set once. The size of a file of huge pages is a multiple of its page size.
///
/// # Errors
///
/// * `EINVAL`: `fd` is not open for writing.
/// * `EINVAL`: `size` is more than `i64::MAX`.
/// * `EINVAL`: the size of the file cannot be set, or a secret file has a size already.
/// * `EPERM`: [`Seals::SHRINK`] or [`Seals::GROW`] forbids the change.
/// * `EFBIG`: `size` is more than `RLIMIT_FSIZE`; SIGXFSZ is sent as well.
/// * `EFBIG`: `size` is more than the file system supports.
///
/// Source: ftruncate(2), mm/shmem.c.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let file = memfd_go::create("sized")?;
/// memfd_go::set_size(&file, 4096)?;
/// assert_eq!(file.size()?, 4096);
/// # Ok(())
/// # }
/// ```
///
/// [`Seals::SHRINK`]: crate::Seals::SHRINK
/// [`Seals::GROW`]: crate::Seals::GROW
pub fn set_size(fd: impl AsFd, size: u64) -> io::Result<()> {
    change_size(fd, 0, size)
}

/// Sets the size of the file `fd`, and allocates the memory of the whole file, so that no later
/// write to a mapping can fail for lack of memory (SIGBUS).
///
/// After an error the file has its old size and contents. The parameters are those of
/// [`set_size`].
///
/// # Errors
///
/// Like [`set_size`], and:
///
/// * `EBADF`: `fd` is not open for writing.
/// * `ENOSPC`, `ENOMEM`: not enough memory, or too few free huge pages.
/// * `EOPNOTSUPP`, `ENODEV`, `ESPIPE`: the file does not support reservation.
///
/// Source: fallocate(2), mm/shmem.c.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let file = memfd_go::create("reserved")?;
/// memfd_go::reserve(&file, 4096)?;
/// assert_eq!(file.size()?, 4096);
/// # Ok(())
/// # }
/// ```
pub fn reserve(fd: impl AsFd, size: u64) -> io::Result<()> {
    change_size(fd, sys::MEMFD_GO_OPT_RESERVE, size)
}

/// Frees the memory of `len` bytes of the file `fd` at `offset`.
///
/// A hole takes its place and reads as zeros. The size of the file does not change.
///
/// * `fd`: open for writing.
/// * `offset`, `len`: in bytes; `len` is more than 0. The range may extend past the end of the
///   file. In a page that the range covers partly, these bytes become zero; in a huge page only
///   on newer kernels.
///
/// # Errors
///
/// * `EINVAL`: `len` is 0.
/// * `EINVAL`: `offset` or `len` is more than `i64::MAX`.
/// * `EPERM`: the file is sealed with [`Seals::WRITE`] or [`Seals::FUTURE_WRITE`].
/// * `EBADF`: `fd` is not open for writing.
/// * `EFBIG`: `offset + len` is more than the file system supports.
/// * `EOPNOTSUPP`, `ENODEV`, `ESPIPE`: the file does not support holes.
///
/// Source: fallocate(2), mm/shmem.c, fs/hugetlbfs/inode.c.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let file = memfd_go::create("cache")?;
/// memfd_go::reserve(&file, 1 << 20)?;
/// memfd_go::discard(&file, 0, 1 << 20)?;
/// assert_eq!(file.size()?, 1 << 20);
/// # Ok(())
/// # }
/// ```
///
/// [`Seals::WRITE`]: crate::Seals::WRITE
/// [`Seals::FUTURE_WRITE`]: crate::Seals::FUTURE_WRITE
pub fn discard(fd: impl AsFd, offset: u64, len: u64) -> io::Result<()> {
    // SAFETY: the function takes no pointers.
    result(unsafe { sys::memfd_go_discard(fd.as_fd().as_raw_fd(), 0, offset, len) })?;
    Ok(())
}

fn change_size(fd: impl AsFd, opts: u32, size: u64) -> io::Result<()> {
    // SAFETY: the function takes no pointers.
    result(unsafe { sys::memfd_go_set_size(fd.as_fd().as_raw_fd(), opts, size) })?;
    Ok(())
}
