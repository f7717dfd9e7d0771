// SPDX-License-Identifier: MIT

//! The size of a file.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

use memfd_go_sys as sys;

use crate::error::result;

/// Returns the size of the file `fd`, in bytes.
///
/// Any descriptor will do, also one opened with `O_PATH`; what is not a regular file
/// usually has size 0.
///
/// # Errors
///
/// * `ENOSYS`: before Linux 4.11.
///
/// Safe: MT AS fork. Source: statx(2).
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

/// Makes the file `fd` exactly `size` bytes long.
///
/// A longer file loses its tail; a shorter one is extended by zeros, which take no
/// memory before they are written to. [`reserve`] takes it at once.
///
/// * `fd`: open for writing.
/// * `size`: in bytes, 0 to `i64::MAX`. A secret file ([`secret`](crate::secret)) can be
///   sized once only. A file of huge pages takes multiples of its page size only.
///
/// # Errors
///
/// * `EINVAL`: `fd` is not open for writing; `size` is over `i64::MAX`; not a file that
///   can be sized; a secret file that has a size.
/// * `EPERM`: the file is sealed against this change ([`Seals::SHRINK`],
///   [`Seals::GROW`]).
/// * `EFBIG`: `size` is over `RLIMIT_FSIZE` (SIGXFSZ is sent as well) or more than the
///   file system can hold.
///
/// Safe: MT AS fork. Two calls at once on one file leave one of the two sizes.
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

/// Makes the file `fd` exactly `size` bytes long, and allocates the memory of the whole
/// file, so that no later store to a mapping of it can fail for want of memory (SIGBUS).
///
/// If it fails, the file keeps its old size and contents. Parameters like [`set_size`].
///
/// # Errors
///
/// Like [`set_size`], and:
///
/// * `EBADF`: `fd` is not open for writing.
/// * `ENOSPC`: there is not that much memory.
/// * `ENOMEM`: the same, from huge pages.
/// * `EOPNOTSUPP`, `ENODEV`, `ESPIPE`: not a file that can be reserved.
///
/// Safe: MT AS fork. Source: fallocate(2), mm/shmem.c.
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

/// Gives the memory of `len` bytes of the file `fd` from `offset` on back to the system. A hole
/// takes its place, which reads as zeros. The size stays.
///
/// * `fd`: open for writing.
/// * `offset`, `len`: in bytes; `len` is more than 0. Memory beyond the end of the file counts
///   too. Of a page that is covered in part, the bytes become zeros.
///
/// # Errors
///
/// * `EINVAL`: `len` is 0; `offset` or `len` is over `i64::MAX`.
/// * `EPERM`: the file is sealed with [`Seals::WRITE`] or [`Seals::FUTURE_WRITE`].
/// * `EBADF`: `fd` is not open for writing.
/// * `EFBIG`: `offset + len` is more than the file system can hold.
/// * `EOPNOTSUPP`, `ENODEV`, `ESPIPE`: not a file that can have holes.
///
/// Safe: MT AS fork. Source: fallocate(2), mm/shmem.c, fs/hugetlbfs/inode.c.
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
    // SAFETY: the function takes plain values.
    result(unsafe { sys::memfd_go_discard(fd.as_fd().as_raw_fd(), 0, offset, len) })?;
    Ok(())
}

fn change_size(fd: impl AsFd, opts: u32, size: u64) -> io::Result<()> {
    // SAFETY: the function takes plain values.
    result(unsafe { sys::memfd_go_set_size(fd.as_fd().as_raw_fd(), opts, size) })?;
    Ok(())
}
