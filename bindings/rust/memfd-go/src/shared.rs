// SPDX-License-Identifier: MIT

//! Memory that several processes write to, used through atomics.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem::{align_of, size_of};
use std::ops::Deref;
use std::os::fd::AsFd;
use std::slice;
use std::sync::atomic::{
    AtomicI16, AtomicI32, AtomicI8, AtomicIsize, AtomicU16, AtomicU32, AtomicU8, AtomicUsize,
    Ordering,
};
#[cfg(target_has_atomic = "64")]
use std::sync::atomic::{AtomicI64, AtomicU64};

use crate::map::Mapping;
use crate::{check_seals, get_size, MapFlags, Seals, SealsError};

/// Types that other processes may write to at any time.
///
/// The integer atomics are, and arrays of them. A `#[repr(C)]` struct whose members all are
/// may be declared to be one.
///
/// # Safety
///
/// The type consists of atomics alone, without padding, and any bytes are a value of it.
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
/// // SAFETY: it is two atomic integers without padding between them.
/// unsafe impl Shared for Counters {}
/// ```
pub unsafe trait Shared: Sync {}

macro_rules! shared {
    ($($atomic:ty)*) => {$(
        // SAFETY: an integer atomic takes any bytes.
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
/// Safe code cannot race here: whoever writes, and whatever, an atomic can be loaded. Nor can
/// another process cut the pages off, because [`Seals::SHRINK`] is checked. What is read is
/// whatever some process has written last: check it as you would check input.
///
/// What remains is memory that runs out. A page that was never written to, or that another
/// process has given back by punching a hole, is allocated at its next use, and if that fails
/// the use is SIGBUS. [`reserve`](crate::reserve) allocates all pages beforehand.
///
/// It is unmapped when dropped, and does not need the descriptor that it was made from.
///
/// ```
/// use memfd_go::{CreateOptions, Seals, SharedMap};
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// # fn main() -> std::io::Result<()> {
/// let file = CreateOptions::new().size(4096).seals(Seals::SHRINK).create("counters")?;
/// let ours = SharedMap::<AtomicU32>::new(&file, 0, 1024)?;
/// let theirs = SharedMap::<AtomicU32>::new(&file, 0, 1024)?; // In another process, say.
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
    /// Maps `len` elements of the file `fd` from `offset` on.
    ///
    /// * `fd`: open for reading and writing, and sealed with [`Seals::SHRINK`].
    /// * `offset`: in bytes, a multiple of the page size (of a file of huge pages: its own).
    /// * `len`: in elements, more than 0. They must lie inside the file.
    ///
    /// # Errors
    ///
    /// [`SealsError::Missing`] without [`Seals::SHRINK`], else [`SealsError::Os`] with
    ///
    /// * `EINVAL`: `len` is 0; the elements have no size; `offset` is not a multiple of the
    ///   page size; not a file that takes seals.
    /// * `EOVERFLOW`: the elements reach past the end of the file, or do not fit the
    ///   architecture's memory.
    /// * `EACCES`: `fd` is not open for reading and writing.
    /// * `EPERM`: the file is sealed against writing.
    /// * `ENOMEM`: no room in the address space, or too few free huge pages.
    ///
    /// Safe: MT AS fork. Source: mmap(2), F_GET_SEALS(2const), mm/memfd.c.
    pub fn new(fd: impl AsFd, offset: u64, len: usize) -> Result<SharedMap<T>, SealsError> {
        let bytes = checked_len::<T>(&fd, offset, len)?;
        let mapping = Mapping::new(fd, MapFlags::WRITE, offset, bytes)?;
        Ok(SharedMap::from_mapping(mapping, len))
    }

    /// Maps `len` elements of the file `fd` from `offset` on twice, end to end, for a ring
    /// buffer: element `i` and element `len + i` are the same memory, so that what wraps around
    /// the end lies in one piece. The slice has `2 * len` elements.
    ///
    /// The compiler does not know that they are the same. Use one of both for a while, and
    /// between uses of the one and the other what passes data between threads: a store with
    /// [`Ordering::Release`], a load with [`Ordering::Acquire`].
    ///
    /// Parameters like [`SharedMap::new`], but `len` elements must be whole pages.
    ///
    /// # Errors
    ///
    /// Like [`SharedMap::new`], and `EINVAL` for elements that are not whole pages.
    ///
    /// Safe: MT AS fork. Source: mmap(2), F_GET_SEALS(2const), mm/memfd.c.
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
        let bytes = checked_len::<T>(&fd, offset, len)?;
        let mapping = Mapping::ring(fd, offset, bytes)?;
        Ok(SharedMap::from_mapping(mapping, 2 * len))
    }

    fn from_mapping(mapping: Mapping, len: usize) -> SharedMap<T> {
        // Pages are aligned for any type.
        debug_assert_eq!(mapping.as_ptr() as usize % align_of::<T>(), 0);
        SharedMap {
            mapping,
            len,
            elements: PhantomData,
        }
    }

    /// The address of the first byte, a multiple of the page size, for access by other means
    /// than atomics. Those must not race with anybody.
    pub fn as_mut_ptr(&self) -> *mut u8 {
        self.mapping.as_ptr()
    }

    /// Unmaps the memory. See [`Map::unmap`](crate::Map::unmap).
    pub fn unmap(self) -> io::Result<()> {
        self.mapping.unmap()
    }
}

/// The length in bytes of `len` elements, if they will always be inside the file.
fn checked_len<T>(fd: impl AsFd, offset: u64, len: usize) -> Result<usize, SealsError> {
    let error = |errno| SealsError::Os(io::Error::from_raw_os_error(errno));
    let bytes = len
        .checked_mul(size_of::<T>())
        .ok_or(error(libc::EOVERFLOW))?;
    // The seal comes first: from then on the size can only grow.
    check_seals(&fd, Seals::SHRINK)?;
    match offset.checked_add(bytes as u64) {
        Some(end) if end <= get_size(&fd)? => Ok(bytes),
        _ => Err(error(libc::EOVERFLOW)),
    }
}

impl<T: Shared> Deref for SharedMap<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: so many elements are mapped, and stay inside the file. Any bytes are a value
        // of T, and T is changed by atomics alone.
        unsafe { slice::from_raw_parts(self.mapping.as_ptr().cast(), self.len) }
    }
}

impl SharedMap<AtomicU8> {
    /// Copies bytes from `offset` on to `buf`, each by a relaxed load.
    ///
    /// # Panics
    ///
    /// If they are not all inside the mapping.
    pub fn read_at(&self, buf: &mut [u8], offset: usize) {
        let bytes = &self[offset..][..buf.len()];
        for (to, from) in buf.iter_mut().zip(bytes) {
            *to = from.load(Ordering::Relaxed);
        }
    }

    /// Copies `data` to the mapping from `offset` on, each byte by a relaxed store.
    ///
    /// # Panics
    ///
    /// If it does not fit.
    pub fn write_at(&self, data: &[u8], offset: usize) {
        let bytes = &self[offset..][..data.len()];
        for (to, from) in bytes.iter().zip(data) {
            to.store(*from, Ordering::Relaxed);
        }
    }
}

/// Tells where it is and how long, and nothing of its contents.
impl<T: Shared> fmt::Debug for SharedMap<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedMap")
            .field("ptr", &self.mapping.as_ptr())
            .field("len", &self.len)
            .finish()
    }
}
