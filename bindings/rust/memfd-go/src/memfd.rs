// SPDX-License-Identifier: MIT

//! The type MemFd.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

use crate::{
    add_seals, check_seals, discard, ensure_seals, get_seals, get_size, inspect, reopen, reserve,
    set_size, Access, Info, Kind, Map, MapFlags, MapMut, NotMemFd, Seals, SealsError,
};

/// A descriptor of a file in memory, closed when dropped.
///
/// [`create`](crate::create), [`create_sealed`](crate::create_sealed) and
/// [`CreateOptions`](crate::CreateOptions) create one. `try_from` converts any descriptor after
/// checking its kind. A `MemFd` converts into [`OwnedFd`] and [`File`].
///
/// It reads, writes and seeks like a [`File`]. Most other methods call the function of the same
/// name in this crate, which documents parameters and errors.
///
/// ```
/// use memfd_go::Seals;
/// use std::io::Write;
///
/// # fn main() -> std::io::Result<()> {
/// let mut file = memfd_go::create("letter")?;
/// file.write_all(b"Dear reader")?;
/// file.add_seals(Seals::IMMUTABLE)?;
/// assert!(file.write_all(b"!").is_err());
/// assert_eq!(file.size()?, 11);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MemFd {
    file: File,
}

impl MemFd {
    /// Wraps a descriptor that is known to be of a file in memory.
    pub(crate) fn unchecked(fd: OwnedFd) -> MemFd {
        MemFd { file: fd.into() }
    }

    /// Returns the file, for functions that take a [`File`].
    pub fn as_file(&self) -> &File {
        &self.file
    }

    /// Duplicates the descriptor. The new one is close-on-exec, and both share the offset and the
    /// access mode. [`MemFd::reopen`] returns one with its own.
    ///
    /// # Errors
    ///
    /// * `EMFILE`: the process has `RLIMIT_NOFILE` open descriptors.
    ///
    /// Source: F_DUPFD_CLOEXEC(2const) (fcntl(2)).
    pub fn try_clone(&self) -> io::Result<MemFd> {
        self.file.try_clone().map(|file| MemFd { file })
    }

    /// Returns the seals of the file. See [`get_seals`].
    pub fn seals(&self) -> io::Result<Seals> {
        get_seals(self)
    }

    /// Adds all of `seals`, or none. See [`add_seals`].
    pub fn add_seals(&self, seals: Seals) -> io::Result<()> {
        add_seals(self, seals)
    }

    /// Adds those of `seals` that are missing. See [`ensure_seals`].
    pub fn ensure_seals(&self, seals: Seals) -> io::Result<()> {
        ensure_seals(self, seals)
    }

    /// Checks that all of `required` are set. See [`check_seals`].
    pub fn check_seals(&self, required: Seals) -> Result<(), SealsError> {
        check_seals(self, required)
    }

    /// Returns the size of the file in bytes. See [`get_size`].
    pub fn size(&self) -> io::Result<u64> {
        get_size(self)
    }

    /// Sets the size of the file in bytes. See [`set_size`].
    pub fn set_size(&self, size: u64) -> io::Result<()> {
        set_size(self, size)
    }

    /// Sets the size of the file and allocates its memory. See [`reserve`].
    pub fn reserve(&self, size: u64) -> io::Result<()> {
        reserve(self, size)
    }

    /// Frees the memory of a range of the file. See [`discard`].
    pub fn discard(&self, offset: u64, len: u64) -> io::Result<()> {
        discard(self, offset, len)
    }

    /// Returns the properties of the file. See [`inspect`].
    pub fn inspect(&self) -> io::Result<Info> {
        inspect(self)
    }

    /// Opens the file again. See [`reopen`].
    pub fn reopen(&self, access: Access) -> io::Result<MemFd> {
        reopen(self, access).map(MemFd::unchecked)
    }

    /// Maps the whole file read-only. See [`Map::new`]; an empty file is `EINVAL`.
    ///
    /// # Safety
    ///
    /// Like [`Map::new`].
    pub unsafe fn map(&self, flags: MapFlags) -> io::Result<Map> {
        let len = self.len()?;
        // SAFETY: the caller upholds the contract.
        unsafe { Map::new(self, flags, 0, len) }
    }

    /// Maps the whole file writable. See [`MapMut::new`]; an empty file is `EINVAL`.
    ///
    /// # Safety
    ///
    /// Like [`MapMut::new`].
    pub unsafe fn map_mut(&self, flags: MapFlags) -> io::Result<MapMut> {
        let len = self.len()?;
        // SAFETY: the caller upholds the contract.
        unsafe { MapMut::new(self, flags, 0, len) }
    }

    /// Returns the size of the file as a `usize`.
    pub(crate) fn len(&self) -> io::Result<usize> {
        usize::try_from(self.size()?).map_err(|_| io::Error::from_raw_os_error(libc::EOVERFLOW))
    }
}

impl AsFd for MemFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl AsRawFd for MemFd {
    fn as_raw_fd(&self) -> RawFd {
        self.file.as_raw_fd()
    }
}

impl IntoRawFd for MemFd {
    fn into_raw_fd(self) -> RawFd {
        self.file.into_raw_fd()
    }
}

impl FromRawFd for MemFd {
    /// Takes ownership of `fd` without checking its kind.
    unsafe fn from_raw_fd(fd: RawFd) -> Self {
        // SAFETY: the caller upholds the contract.
        let file = unsafe { File::from_raw_fd(fd) };
        MemFd { file }
    }
}

/// Converts a descriptor of a file from memfd_create(2), with or without huge pages, or from
/// memfd_secret(2).
///
/// # Errors
///
/// [`NotMemFd`], which gives the descriptor back.
///
/// Source: statx(2), statfs(2).
impl TryFrom<OwnedFd> for MemFd {
    type Error = NotMemFd;

    fn try_from(fd: OwnedFd) -> Result<Self, NotMemFd> {
        match inspect(&fd) {
            Ok(info) => match info.kind() {
                Kind::MemFd | Kind::HugeTlb | Kind::Secret => Ok(MemFd::unchecked(fd)),
                _ => Err(NotMemFd::new(
                    io::Error::from_raw_os_error(libc::EINVAL),
                    fd,
                )),
            },
            Err(error) => Err(NotMemFd::new(error, fd)),
        }
    }
}

/// Checks the kind of the file, like `try_from` of an [`OwnedFd`].
impl TryFrom<File> for MemFd {
    type Error = NotMemFd;

    fn try_from(file: File) -> Result<Self, NotMemFd> {
        MemFd::try_from(OwnedFd::from(file))
    }
}

impl Read for &MemFd {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&self.file).read(buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        (&self.file).read_vectored(bufs)
    }

    fn read_to_end(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
        (&self.file).read_to_end(buf)
    }

    fn read_to_string(&mut self, buf: &mut String) -> io::Result<usize> {
        (&self.file).read_to_string(buf)
    }
}

impl Write for &MemFd {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (&self.file).write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        (&self.file).write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&self.file).flush()
    }
}

impl Seek for &MemFd {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        (&self.file).seek(position)
    }
}

impl Read for MemFd {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        (&*self).read_vectored(bufs)
    }

    fn read_to_end(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
        (&*self).read_to_end(buf)
    }

    fn read_to_string(&mut self, buf: &mut String) -> io::Result<usize> {
        (&*self).read_to_string(buf)
    }
}

impl Write for MemFd {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (&*self).write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self).flush()
    }
}

impl Seek for MemFd {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        (&*self).seek(position)
    }
}

impl From<MemFd> for OwnedFd {
    fn from(fd: MemFd) -> Self {
        fd.file.into()
    }
}

impl From<MemFd> for File {
    fn from(fd: MemFd) -> Self {
        fd.file
    }
}
