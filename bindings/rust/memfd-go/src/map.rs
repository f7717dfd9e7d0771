// SPDX-License-Identifier: MIT

//! Files as memory.

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
    /// How [`Map`] and [`MapMut`] map. By default shared, neither executable nor filled.
    ///
    /// Bits that this crate does not know are kept.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct MapFlags: u32 {
        /// Writable as well as readable; [`MapMut`] always is.
        const WRITE = sys::MEMFD_GO_OPT_WRITE;
        /// Copy on write: what is written stays in this mapping.
        const PRIVATE = sys::MEMFD_GO_OPT_PRIVATE;
        /// Executable as well as readable.
        const EXEC = sys::MEMFD_GO_OPT_EXEC;
        /// Fault all pages in now.
        const POPULATE = sys::MEMFD_GO_OPT_POPULATE;

        const _ = !0;
    }
}

/// A mapping, as memory without any promise about its contents.
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
            // No slice can be that long.
            return Err(io::Error::from_raw_os_error(libc::EOVERFLOW));
        }
        let mut addr = ptr::null_mut();
        let fd = fd.as_fd().as_raw_fd();
        // SAFETY: `addr` is writable. A new mapping touches no memory that is in use.
        result(unsafe { sys::memfd_go_map(fd, flags.bits(), offset, len, &mut addr) })?;
        // SAFETY: it was just mapped, and nobody else knows it.
        Ok(unsafe { Mapping::from_raw(addr.cast(), len) })
    }

    /// Maps `len` bytes twice, end to end. The mapping is `2 * len` bytes long.
    pub(crate) fn ring(fd: impl AsFd, offset: u64, len: usize) -> io::Result<Mapping> {
        let overflow = || io::Error::from_raw_os_error(libc::EOVERFLOW);
        let both = len.checked_mul(2).ok_or_else(overflow)?;
        isize::try_from(both).map_err(|_| overflow())?;
        let mut addr = ptr::null_mut();
        let (fd, opts) = (fd.as_fd().as_raw_fd(), sys::MEMFD_GO_OPT_WRITE);
        // SAFETY: `addr` is writable. A new mapping touches no memory that is in use.
        result(unsafe { sys::memfd_go_map_ring(fd, opts, offset, len, &mut addr) })?;
        // SAFETY: it was just mapped, and nobody else knows it.
        Ok(unsafe { Mapping::from_raw(addr.cast(), both) })
    }

    /// Takes over a mapping.
    ///
    /// # Safety
    ///
    /// Nobody else uses or unmaps it, and `len` is not over `isize::MAX`.
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
    /// Unmaps the memory. If that fails, it stays mapped for good.
    pub(crate) fn unmap(self) -> io::Result<()> {
        ManuallyDrop::new(self).remove()
    }

    fn remove(&mut self) -> io::Result<()> {
        // SAFETY: the pages are ours, and nothing borrows them any longer.
        result(unsafe { sys::memfd_go_unmap(self.as_ptr().cast(), self.len) })?;
        Ok(())
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // It fails only if the process has too many mappings to split one that the kernel has
        // merged. The memory would be lost without a word.
        match self.remove() {
            Err(error) if !thread::panicking() => panic!("cannot unmap memory: {error}"),
            _ => {}
        }
    }
}

// SAFETY: a mapping belongs to the process, not to a thread.
unsafe impl Send for Mapping {}
// SAFETY: through a shared reference nothing but the address can be had.
unsafe impl Sync for Mapping {}

/// A mapping of a file that may change, to read from.
///
/// It is a slice of bytes, if nobody changes them meanwhile; that is why making one is
/// `unsafe`. [`SealedMap`](crate::SealedMap) is safe. It is unmapped when dropped, and
/// does not need the descriptor that it was made from.
///
/// ```
/// use memfd_go::{Map, MapFlags};
/// use std::io::Write;
///
/// # fn main() -> std::io::Result<()> {
/// let file = memfd_go::create("shared")?;
/// file.as_file().write_all(b"some bytes")?;
/// // SAFETY: nobody else has the file, and we leave it alone.
/// let map = unsafe { Map::new(&file, MapFlags::empty(), 0, 10)? };
/// assert_eq!(&map[..4], b"some");
/// # Ok(())
/// # }
/// ```
pub struct Map(Mapping);

impl Map {
    /// Maps `len` bytes of the file `fd` from `offset` on.
    ///
    /// A file sealed against writing can be mapped whatever the kernel: where it refuses
    /// the shared mapping (before 6.7, with exceptions), a private one takes its place,
    /// which shows the same bytes since they cannot change.
    ///
    /// * `fd`: open for reading.
    /// * `offset`: in bytes, a multiple of the page size (of a file of huge pages: its own).
    /// * `len`: in bytes, more than 0; need not be a multiple of the page size, but of a
    ///   huge page's, or the memory is not given back. The mapping may reach past the end
    ///   of the file.
    ///
    /// # Errors
    ///
    /// * `EACCES`: `fd` is not open for reading, or is not a file that can be mapped.
    /// * `EPERM`: [`MapFlags::EXEC`], and the file is secret or on a file system mounted
    ///   noexec.
    /// * `EINVAL`: `len` is 0; `offset` is not a multiple of the page size, or over
    ///   `i64::MAX`; unknown flags; [`MapFlags::PRIVATE`] on a secret file.
    /// * `EOVERFLOW`: `offset + len` is over `i64::MAX`, or does not fit the architecture;
    ///   `len` is over `isize::MAX`.
    /// * `EBADF`: `fd` was opened with `O_PATH`.
    /// * `ENODEV`: not a file that can be mapped.
    /// * `EAGAIN`: the mapping is locked (a secret file's is) and over `RLIMIT_MEMLOCK`.
    /// * `ENOMEM`: no room in the address space, or too few free huge pages.
    ///
    /// Safe: MT AS fork. Source: mmap(2), mm/mmap.c, mm/secretmem.c.
    ///
    /// # Safety
    ///
    /// As long as a slice of the mapping is in use, nobody, in this process or in another,
    /// may write to those bytes, and they must lie inside the file: touching a page past
    /// its end, also after somebody has shortened it, is SIGBUS. Where that cannot be
    /// promised, use [`Map::as_ptr`] and volatile or atomic access, and no slice.
    pub unsafe fn new(fd: impl AsFd, flags: MapFlags, offset: u64, len: usize) -> io::Result<Map> {
        Mapping::new(fd, flags, offset, len).map(Map)
    }

    /// The address of the first byte, a multiple of the page size.
    pub fn as_ptr(&self) -> *const u8 {
        self.0.as_ptr()
    }

    /// The length in bytes, as it was asked for.
    #[allow(clippy::len_without_is_empty)] // It is never empty.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Unmaps the memory, as dropping does, which panics where this is an error.
    ///
    /// # Errors
    ///
    /// * `ENOMEM`: too many mappings in the process. The memory stays mapped for good.
    ///
    /// Safe: MT AS fork. Source: munmap(2).
    pub fn unmap(self) -> io::Result<()> {
        self.0.unmap()
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `len` readable bytes are mapped; that they do not change, whoever called
        // `new` has promised.
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

/// A mapping of a file, to read from and write to.
///
/// Like [`Map`], but writable; with [`MapFlags::PRIVATE`] nobody else sees what is
/// written.
///
/// ```
/// use memfd_go::{MapFlags, MapMut};
///
/// # fn main() -> std::io::Result<()> {
/// let file = memfd_go::create("shared")?;
/// file.set_size(4096)?;
/// // SAFETY: nobody else has the file, and we use it by this mapping only.
/// let mut map = unsafe { MapMut::new(&file, MapFlags::empty(), 0, 4096)? };
/// map[..5].copy_from_slice(b"hello");
/// # Ok(())
/// # }
/// ```
pub struct MapMut(Mapping);

impl MapMut {
    /// Maps `len` bytes of the file `fd` from `offset` on. Like [`Map::new`], but:
    ///
    /// * `fd`: open for reading, and for writing unless with [`MapFlags::PRIVATE`].
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
    /// As long as a slice of the mapping is in use, nobody, in this process or in another,
    /// may write to those bytes, nor read them if the slice is a mutable one; and they
    /// must lie inside the file. Where that cannot be promised, use [`MapMut::as_mut_ptr`]
    /// and volatile or atomic access, and no slice.
    pub unsafe fn new(
        fd: impl AsFd,
        flags: MapFlags,
        offset: u64,
        len: usize,
    ) -> io::Result<MapMut> {
        Mapping::new(fd, flags | MapFlags::WRITE, offset, len).map(MapMut)
    }

    /// The address of the first byte, a multiple of the page size.
    pub fn as_ptr(&self) -> *const u8 {
        self.0.as_ptr()
    }

    /// The same, to write to.
    pub fn as_mut_ptr(&mut self) -> *mut u8 {
        self.0.as_ptr()
    }

    /// The length in bytes, as it was asked for.
    #[allow(clippy::len_without_is_empty)] // It is never empty.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Unmaps the memory, as dropping does, which panics where this is an error.
    ///
    /// # Errors
    ///
    /// * `ENOMEM`: too many mappings in the process. The memory stays mapped for good.
    ///
    /// Safe: MT AS fork. Source: munmap(2).
    pub fn unmap(self) -> io::Result<()> {
        self.0.unmap()
    }
}

impl Deref for MapMut {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `len` readable bytes are mapped; that nobody changes them, whoever called
        // `new` has promised.
        unsafe { slice::from_raw_parts(self.0.as_ptr(), self.0.len()) }
    }
}

impl DerefMut for MapMut {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: `len` writable bytes are mapped; that nobody else uses them, whoever
        // called `new` has promised.
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

/// Tells where a mapping is, and nothing of its contents.
fn fmt_map(name: &str, map: &Mapping, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.debug_struct(name)
        .field("ptr", &map.as_ptr())
        .field("len", &map.len())
        .finish()
}
