// SPDX-License-Identifier: MIT

//! Memory that several processes write, accessed through atomics.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem::{align_of, size_of};
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd};
use std::slice;
use std::sync::atomic::{
    AtomicI16, AtomicI32, AtomicI8, AtomicIsize, AtomicU16, AtomicU32, AtomicU8, AtomicUsize,
    Ordering,
};
#[cfg(target_has_atomic = "64")]
use std::sync::atomic::{AtomicI64, AtomicU64};

use crate::map::Mapping;
use crate::{check_seals, inspect, MapFlags, Seals, SealsError};

/// Types whose values other processes may change at any time.
///
/// Integer atomics and arrays of them implement this trait. It can be implemented for a
/// `#[repr(C)]` struct of such types.
///
/// # Safety
///
/// The type consists only of atomics, without padding, and any bytes are a valid value.
///
/// ```
/// use memfd_go::Shared;
/// use std::sync::atomic::AtomicU32;
///
/// #[repr(C)]
/// struct Counters {
///     reads: AtomicU32,
///     writes: AtomicU32,
/// }
///
/// // SAFETY: two atomic integers without padding.
/// unsafe impl Shared for Counters {}
/// ```
pub unsafe trait Shared: Sync {}

macro_rules! shared {
    ($($atomic:ty)*) => {$(
        // SAFETY: any bytes are a valid integer atomic.
        unsafe impl Shared for $atomic {}
    )*};
}

shared!(AtomicI8 AtomicU8 AtomicI16 AtomicU16 AtomicI32 AtomicU32 AtomicIsize AtomicUsize);
#[cfg(target_has_atomic = "64")]
shared!(AtomicI64 AtomicU64);

// SAFETY: an array has no padding between its elements.
unsafe impl<T: Shared, const N: usize> Shared for [T; N] {}

/// A writable mapping of a file that other processes may write to as well, as a slice of
/// atomics.
///
/// Access through atomics is free of data races, whatever other processes write. No process can
/// truncate the file, because [`Seals::SHRINK`] is checked. Validate the contents like any input
/// from another process.
///
/// An access can still fail for lack of memory: a page that was never written, or that another
/// process has removed by punching a hole, is allocated at its next use, and if that fails, the
/// access is SIGBUS. [`reserve`](crate::reserve) allocates all pages in advance.
///
/// Dropping the mapping unmaps it. The descriptor may be closed before.
///
/// ```
/// use memfd_go::{CreateOptions, Seals, SharedMap};
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// # fn main() -> std::io::Result<()> {
/// let file = CreateOptions::new().size(4096).seals(Seals::SHRINK).create("counters")?;
/// let ours = SharedMap::<AtomicU32>::new(&file, 0, 1024)?;
/// let theirs = SharedMap::<AtomicU32>::new(&file, 0, 1024)?; // In another process.
/// ours[7].fetch_add(5, Ordering::Relaxed);
/// assert_eq!(theirs[7].load(Ordering::Relaxed), 5);
/// # Ok(())
/// # }
/// ```
pub struct SharedMap<T: Shared = AtomicU8> {
    mapping: Mapping,
    len: usize,
    elements: PhantomData<T>,
}

impl<T: Shared> SharedMap<T> {
    /// Maps `len` elements of the file `fd` at `offset`.
    ///
    /// * `fd`: open for reading and writing, and sealed with [`Seals::SHRINK`].
    /// * `offset`: in bytes, a multiple of the page size, or of the file's own huge page size.
    /// * `len`: in elements, more than 0. All elements must be within the file.
    ///
    /// # Errors
    ///
    /// [`SealsError::Missing`] without [`Seals::SHRINK`], else [`SealsError::Os`] with
    ///
    /// * `EINVAL`: `len` or the size of an element is 0.
    /// * `EINVAL`: `offset` is not a multiple of the page size.
    /// * `EINVAL`: an element has an alignment of more than a page, and the mapping is not aligned
    ///   to it.
    /// * `EINVAL`: the file does not support seals.
    /// * `EOVERFLOW`: the elements extend past the end of the file, or do not fit into the address
    ///   space.
    /// * `EACCES`: `fd` is not open for reading and writing.
    /// * `EPERM`: the file is sealed against writing.
    /// * `ENOMEM`: no room in the address space, or too few free huge pages.
    /// * `ENOSYS`: before Linux 4.11.
    ///
    /// Source: mmap(2), F_GET_SEALS(2const), mm/memfd.c.
    pub fn new(fd: impl AsFd, offset: u64, len: usize) -> Result<SharedMap<T>, SealsError> {
        let fd = fd.as_fd();
        let bytes = checked_len::<T>(fd, offset, len)?;
        let mapping = Mapping::new(fd, MapFlags::WRITE, offset, bytes)?;
        SharedMap::from_mapping(mapping, len)
    }

    /// Maps `len` elements of the file `fd` at `offset` twice, back to back, for a ring buffer.
    ///
    /// The slice has `2 * len` elements. Elements `i` and `len + i` are the same memory, so data
    /// that wraps around is contiguous.
    ///
    /// The compiler does not know that the two are the same. Between accesses to one and to the
    /// other, synchronize as between threads: a store with [`Ordering::Release`], then a load with
    /// [`Ordering::Acquire`].
    ///
    /// The parameters are those of [`SharedMap::new`], but `len` elements must fill whole pages.
    ///
    /// # Errors
    ///
    /// Like [`SharedMap::new`], and:
    ///
    /// * `EINVAL`: the elements do not fill whole pages.
    ///
    /// Source: mmap(2), F_GET_SEALS(2const), mm/memfd.c.
    ///
    /// ```
    /// use memfd_go::{CreateOptions, Seals, SharedMap};
    /// use std::sync::atomic::AtomicU8;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let len = memfd_go::probe()?.page_size;
    /// let options = CreateOptions::new().size(len as u64).seals(Seals::SHRINK);
    /// let ring = SharedMap::<AtomicU8>::ring(options.create("ring")?, 0, len)?;
    /// ring.write_at(b"around the end", len - 6); // Its last eight bytes are at the start.
    /// # let mut text = [0; 8];
    /// # ring.read_at(&mut text, 0);
    /// # assert_eq!(&text, b" the end");
    /// # Ok(())
    /// # }
    /// ```
    pub fn ring(fd: impl AsFd, offset: u64, len: usize) -> Result<SharedMap<T>, SealsError> {
        let fd = fd.as_fd();
        let bytes = checked_len::<T>(fd, offset, len)?;
        let mapping = Mapping::ring(fd, offset, bytes)?;
        SharedMap::from_mapping(mapping, 2 * len)
    }

    fn from_mapping(mapping: Mapping, len: usize) -> Result<SharedMap<T>, SealsError> {
        if mapping.as_ptr() as usize % align_of::<T>() != 0 {
            return Err(io::Error::from_raw_os_error(libc::EINVAL).into());
        }
        Ok(SharedMap {
            mapping,
            len,
            elements: PhantomData,
        })
    }

    /// Returns the address of the first byte, a multiple of the page size, for access without
    /// atomics. Such access must not race with other threads or processes.
    pub fn as_mut_ptr(&self) -> *mut u8 {
        self.mapping.as_ptr()
    }

    /// Unmaps the memory. See [`Map::unmap`](crate::Map::unmap).
    pub fn unmap(self) -> io::Result<()> {
        self.mapping.unmap()
    }
}

/// Returns the length of `len` elements in bytes, if they will always be within the file. `fd` is
/// not an `impl AsFd`, because such a type may return different descriptors.
fn checked_len<T>(fd: BorrowedFd<'_>, offset: u64, len: usize) -> Result<usize, SealsError> {
    let error = |errno| SealsError::Os(io::Error::from_raw_os_error(errno));
    let bytes = len
        .checked_mul(size_of::<T>())
        .ok_or(error(libc::EOVERFLOW))?;
    // Check the seal first: after that the file cannot shrink.
    check_seals(fd, Seals::SHRINK)?;
    let info = inspect(fd)?;
    // Access to a part of a huge page at the end of a file is SIGBUS.
    let size = info.size() - info.huge_page().map_or(0, |page| info.size() % page);
    match offset.checked_add(bytes as u64) {
        Some(end) if end <= size => Ok(bytes),
        _ => Err(error(libc::EOVERFLOW)),
    }
}

impl<T: Shared> Deref for SharedMap<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: `len` elements are mapped and stay within the file. Any bytes are a valid T, and
        // a T changes only through atomics.
        unsafe { slice::from_raw_parts(self.mapping.as_ptr().cast(), self.len) }
    }
}

impl SharedMap<AtomicU8> {
    /// Copies the bytes at `offset` to `buf`, each with a relaxed load.
    ///
    /// # Panics
    ///
    /// Panics if the range is not within the mapping.
    pub fn read_at(&self, buf: &mut [u8], offset: usize) {
        let bytes = &self[offset..][..buf.len()];
        for (to, from) in buf.iter_mut().zip(bytes) {
            *to = from.load(Ordering::Relaxed);
        }
    }

    /// Copies `data` to the mapping at `offset`, each byte with a relaxed store.
    ///
    /// # Panics
    ///
    /// Panics if the range is not within the mapping.
    pub fn write_at(&self, data: &[u8], offset: usize) {
        let bytes = &self[offset..][..data.len()];
        for (to, from) in bytes.iter().zip(data) {
            to.store(*from, Ordering::Relaxed);
        }
    }
}

/// Shows the address and the length, not the contents.
impl<T: Shared> fmt::Debug for SharedMap<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedMap")
            .field("ptr", &self.mapping.as_ptr())
            .field("len", &self.len)
            .finish()
    }
}
