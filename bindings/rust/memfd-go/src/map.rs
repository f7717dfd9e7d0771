// SPDX-License-Identifier: MIT

//! Mappings of files that may change.

use std::fmt;
use std::io;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::os::fd::{AsFd, AsRawFd};
use std::ptr::{self, NonNull};
use std::slice;
use std::thread;

use bitflags::bitflags;
use memfd_go_sys as sys;

use crate::error::result;

bitflags! {
    /// Flags of [`Map`] and [`MapMut`]. Without flags a mapping is shared and not executable.
    ///
    /// Unknown bits are kept.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct MapFlags: u32 {
        /// Writable and readable; implied by [`MapMut`].
        const WRITE = sys::MEMFD_GO_OPT_WRITE;
        /// Copy on write: changes are not written to the file.
        const PRIVATE = sys::MEMFD_GO_OPT_PRIVATE;
        /// Executable and readable.
        const EXEC = sys::MEMFD_GO_OPT_EXEC;
        /// Fault in all pages now.
        const POPULATE = sys::MEMFD_GO_OPT_POPULATE;

        const _ = !0;
    }
}

/// A mapping. Other processes may change its contents.
pub(crate) struct Mapping {
    addr: NonNull<u8>,
    len: usize,
}

impl Mapping {
    pub(crate) fn new(
        fd: impl AsFd,
        flags: MapFlags,
        offset: u64,
        len: usize,
    ) -> io::Result<Mapping> {
        if isize::try_from(len).is_err() {
            // A slice cannot be longer than isize::MAX.
            return Err(io::Error::from_raw_os_error(libc::EOVERFLOW));
        }
        let mut addr = ptr::null_mut();
        let fd = fd.as_fd().as_raw_fd();
        // SAFETY: `addr` is writable. A new mapping does not affect memory that is in use.
        result(unsafe { sys::memfd_go_map(fd, flags.bits(), offset, len, &mut addr) })?;
        // SAFETY: the mapping is new, so nothing else uses it.
        Ok(unsafe { Mapping::from_raw(addr.cast(), len) })
    }

    /// Maps `len` bytes twice, back to back. The mapping is `2 * len` bytes long.
    pub(crate) fn ring(fd: impl AsFd, offset: u64, len: usize) -> io::Result<Mapping> {
        let overflow = || io::Error::from_raw_os_error(libc::EOVERFLOW);
        let both = len.checked_mul(2).ok_or_else(overflow)?;
        isize::try_from(both).map_err(|_| overflow())?;
        let mut addr = ptr::null_mut();
        let (fd, opts) = (fd.as_fd().as_raw_fd(), sys::MEMFD_GO_OPT_WRITE);
        // SAFETY: `addr` is writable. A new mapping does not affect memory that is in use.
        result(unsafe { sys::memfd_go_map_ring(fd, opts, offset, len, &mut addr) })?;
        // SAFETY: the mapping is new, so nothing else uses it.
        Ok(unsafe { Mapping::from_raw(addr.cast(), both) })
    }

    /// Takes ownership of a mapping.
    ///
    /// # Safety
    ///
    /// Nothing else uses or unmaps it, and `len` is at most `isize::MAX`.
    pub(crate) unsafe fn from_raw(addr: *mut u8, len: usize) -> Mapping {
        let addr = NonNull::new(addr).expect("the kernel maps nothing at address 0");
        Mapping { addr, len }
    }

    pub(crate) fn as_ptr(&self) -> *mut u8 {
        self.addr.as_ptr()
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

impl Mapping {
    /// Unmaps the memory. If that fails, it stays mapped.
    pub(crate) fn unmap(self) -> io::Result<()> {
        ManuallyDrop::new(self).remove()
    }

    fn remove(&mut self) -> io::Result<()> {
        // SAFETY: the pages belong to `self`, and nothing borrows them any more.
        result(unsafe { sys::memfd_go_unmap(self.as_ptr().cast(), self.len) })?;
        Ok(())
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // munmap(2) fails only if it has to split a merged mapping and the process has too many
        // mappings. Without a panic the memory would leak silently.
        match self.remove() {
            Err(error) if !thread::panicking() => panic!("cannot unmap memory: {error}"),
            _ => {}
        }
    }
}

// SAFETY: a mapping is not tied to a thread.
unsafe impl Send for Mapping {}
// SAFETY: a shared reference gives access only to the address and the length.
unsafe impl Sync for Mapping {}

/// A read-only mapping of a file that may change.
///
/// It dereferences to a slice of bytes, so nobody may change them meanwhile; therefore creating
/// one is `unsafe`. A [`SealedMap`](crate::SealedMap) is safe. Dropping the mapping unmaps it. The
/// descriptor may be closed before.
///
/// ```
/// use memfd_go::{Map, MapFlags};
/// use std::io::Write;
///
/// # fn main() -> std::io::Result<()> {
/// let file = memfd_go::create("shared")?;
/// file.as_file().write_all(b"some bytes")?;
/// // SAFETY: no other process has the file, and nothing writes to it.
/// let map = unsafe { Map::new(&file, MapFlags::empty(), 0, 10)? };
/// assert_eq!(&map[..4], b"some");
/// # Ok(())
/// # }
/// ```
pub struct Map(Mapping);

impl Map {
    /// Maps `len` bytes of the file `fd` at `offset`.
    ///
    /// A write-sealed file can be mapped on every kernel. Where the kernel refuses a shared
    /// mapping (before 6.7, with exceptions), a private one takes its place. It shows the same
    /// bytes, because they cannot change.
    ///
    /// * `fd`: open for reading.
    /// * `offset`: in bytes, a multiple of the page size, or of the file's own huge page size.
    /// * `len`: in bytes, more than 0. The mapping may extend past the end of the file.
    ///
    /// # Errors
    ///
    /// * `EACCES`: `fd` is not open for reading.
    /// * `EACCES`: the file cannot be mapped with this access.
    /// * `EPERM`: [`MapFlags::EXEC`], and the file is secret or on a `noexec` mount.
    /// * `EPERM`: another process is adding [`Seals::WRITE`](crate::Seals::WRITE) at this moment.
    /// * `EINVAL`: `len` is 0.
    /// * `EINVAL`: `offset` is not a multiple of the page size, or more than `i64::MAX`.
    /// * `EINVAL`: unknown flags, or [`MapFlags::PRIVATE`] on a secret file.
    /// * `EOVERFLOW`: `offset + len` is more than `i64::MAX`, or `len` more than `isize::MAX`.
    /// * `EBADF`: `fd` was opened with `O_PATH`.
    /// * `ENODEV`: the file cannot be mapped.
    /// * `EAGAIN`: over `RLIMIT_MEMLOCK`; mappings of secret files are locked (but see
    ///   [`secret`](crate::secret) for newer kernels).
    /// * `ENOMEM`: no room in the address space, or too few free huge pages.
    ///
    /// Source: mmap(2), mm/mmap.c, mm/secretmem.c.
    ///
    /// # Safety
    ///
    /// While a slice of the mapping is in use, neither this process nor another may write to its
    /// bytes, and they must be within the file: accessing a page past its end, also after another
    /// process has shrunk it, is SIGBUS. If this cannot be guaranteed, use [`Map::as_ptr`] with
    /// volatile or atomic access instead of a slice.
    pub unsafe fn new(fd: impl AsFd, flags: MapFlags, offset: u64, len: usize) -> io::Result<Map> {
        Mapping::new(fd, flags, offset, len).map(Map)
    }

    /// Returns the address of the first byte, a multiple of the page size.
    pub fn as_ptr(&self) -> *const u8 {
        self.0.as_ptr()
    }

    /// Returns the requested length in bytes.
    #[allow(clippy::len_without_is_empty)] // It is never empty.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Unmaps the memory. Dropping does so, too, but panics after an error.
    ///
    /// # Errors
    ///
    /// * `ENOMEM`: the process has too many mappings. The memory stays mapped.
    ///
    /// Source: munmap(2).
    pub fn unmap(self) -> io::Result<()> {
        self.0.unmap()
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `len` readable bytes are mapped. The caller of `new` guarantees that they do
        // not change.
        unsafe { slice::from_raw_parts(self.0.as_ptr(), self.0.len()) }
    }
}

impl AsRef<[u8]> for Map {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_map("Map", &self.0, f)
    }
}

/// A writable mapping of a file.
///
/// It is like [`Map`], but writable. With [`MapFlags::PRIVATE`], changes are not written to the
/// file.
///
/// ```
/// use memfd_go::{MapFlags, MapMut};
///
/// # fn main() -> std::io::Result<()> {
/// let file = memfd_go::create("shared")?;
/// file.set_size(4096)?;
/// // SAFETY: no other process has the file, and only this mapping uses it.
/// let mut map = unsafe { MapMut::new(&file, MapFlags::empty(), 0, 4096)? };
/// map[..5].copy_from_slice(b"hello");
/// # Ok(())
/// # }
/// ```
pub struct MapMut(Mapping);

impl MapMut {
    /// Maps `len` bytes of the file `fd` at `offset`, like [`Map::new`], but writable.
    ///
    /// * `fd`: open for reading and, without [`MapFlags::PRIVATE`], for writing.
    ///
    /// # Errors
    ///
    /// Like [`Map::new`], and:
    ///
    /// * `EACCES`: `fd` is not open for writing.
    /// * `EPERM`: the file is sealed against writing.
    ///
    /// # Safety
    ///
    /// While a slice of the mapping is in use, neither this process nor another may write to its
    /// bytes, nor read them if the slice is mutable, and they must be within the file. If this
    /// cannot be guaranteed, use [`MapMut::as_mut_ptr`] with volatile or atomic access instead of
    /// a slice.
    pub unsafe fn new(
        fd: impl AsFd,
        flags: MapFlags,
        offset: u64,
        len: usize,
    ) -> io::Result<MapMut> {
        Mapping::new(fd, flags | MapFlags::WRITE, offset, len).map(MapMut)
    }

    /// Returns the address of the first byte, a multiple of the page size.
    pub fn as_ptr(&self) -> *const u8 {
        self.0.as_ptr()
    }

    /// Returns the address of the first byte, for writing.
    pub fn as_mut_ptr(&mut self) -> *mut u8 {
        self.0.as_ptr()
    }

    /// Returns the requested length in bytes.
    #[allow(clippy::len_without_is_empty)] // It is never empty.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Unmaps the memory. Dropping does so, too, but panics after an error.
    ///
    /// # Errors
    ///
    /// * `ENOMEM`: the process has too many mappings. The memory stays mapped.
    ///
    /// Source: munmap(2).
    pub fn unmap(self) -> io::Result<()> {
        self.0.unmap()
    }
}

impl Deref for MapMut {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `len` readable bytes are mapped. The caller of `new` guarantees that nothing
        // else writes to them.
        unsafe { slice::from_raw_parts(self.0.as_ptr(), self.0.len()) }
    }
}

impl DerefMut for MapMut {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: `len` writable bytes are mapped. The caller of `new` guarantees that nothing
        // else uses them.
        unsafe { slice::from_raw_parts_mut(self.0.as_ptr(), self.0.len()) }
    }
}

impl AsRef<[u8]> for MapMut {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl AsMut<[u8]> for MapMut {
    fn as_mut(&mut self) -> &mut [u8] {
        self
    }
}

impl fmt::Debug for MapMut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt_map("MapMut", &self.0, f)
    }
}

/// Shows the address and the length, not the contents.
fn fmt_map(name: &str, map: &Mapping, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.debug_struct(name)
        .field("ptr", &map.as_ptr())
        .field("len", &map.len())
        .finish()
}
