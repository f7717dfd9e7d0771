//! A file in memory.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};

use crate::{
    add_seals, check_seals, ensure_seals, get_seals, get_size, inspect, reopen, reserve, set_size,
    Access, Info, Map, MapFlags, MapMut, Seals, SealsError,
};

/// A descriptor of a file in memory, closed when dropped.
///
/// [`create`](crate::create), [`create_sealed`](crate::create_sealed) and
/// [`CreateOptions`](crate::CreateOptions) make one. It is made from any other
/// descriptor without a check, and converts into [`OwnedFd`] and [`File`].
///
/// Each method does what the function of its name in this crate does, which documents
/// parameters, errors, safety and source.
///
/// ```
/// use memfd_go::Seals;
/// use std::io::Write;
///
/// # fn main() -> std::io::Result<()> {
/// let file = memfd_go::create("letter")?;
/// file.as_file().write_all(b"Dear reader")?;
/// file.add_seals(Seals::IMMUTABLE)?;
/// assert!(file.as_file().write_all(b"!").is_err());
/// assert_eq!(file.size()?, 11);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MemFd {
    file: File,
}

impl MemFd {
    /// The file, to read from and write to by [`std::io`] and [`std::os::unix::fs`].
    pub fn as_file(&self) -> &File {
        &self.file
    }

    /// The seals of the file. See [`get_seals`].
    pub fn seals(&self) -> io::Result<Seals> {
        get_seals(self)
    }

    /// Adds all of `seals`, or none. See [`add_seals`].
    pub fn add_seals(&self, seals: Seals) -> io::Result<()> {
        add_seals(self, seals)
    }

    /// Makes sure that all of `seals` are set. See [`ensure_seals`].
    pub fn ensure_seals(&self, seals: Seals) -> io::Result<()> {
        ensure_seals(self, seals)
    }

    /// Checks that all of `required` are set. See [`check_seals`].
    pub fn check_seals(&self, required: Seals) -> Result<(), SealsError> {
        check_seals(self, required)
    }

    /// The size of the file, in bytes. See [`get_size`].
    pub fn size(&self) -> io::Result<u64> {
        get_size(self)
    }

    /// Makes the file `size` bytes long. See [`set_size`].
    pub fn set_size(&self, size: u64) -> io::Result<()> {
        set_size(self, size)
    }

    /// Makes the file `size` bytes long and allocates its memory. See [`reserve`].
    pub fn reserve(&self, size: u64) -> io::Result<()> {
        reserve(self, size)
    }

    /// Tells what the descriptor is. See [`inspect`].
    pub fn inspect(&self) -> io::Result<Info> {
        inspect(self)
    }

    /// Opens the file once more. See [`reopen`].
    pub fn reopen(&self, access: Access) -> io::Result<MemFd> {
        reopen(self, access).map(MemFd::from)
    }

    /// Maps the whole file, to read from. See [`Map::new`]; `EINVAL` if it is empty.
    ///
    /// # Safety
    ///
    /// As for [`Map::new`].
    pub unsafe fn map(&self, flags: MapFlags) -> io::Result<Map> {
        let len = self.len()?;
        // SAFETY: as the caller promises.
        unsafe { Map::new(self, flags, 0, len) }
    }

    /// Maps the whole file, to read from and write to. See [`MapMut::new`]; `EINVAL` if
    /// it is empty.
    ///
    /// # Safety
    ///
    /// As for [`MapMut::new`].
    pub unsafe fn map_mut(&self, flags: MapFlags) -> io::Result<MapMut> {
        let len = self.len()?;
        // SAFETY: as the caller promises.
        unsafe { MapMut::new(self, flags, 0, len) }
    }

    /// The size of the file as that of memory.
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

impl From<OwnedFd> for MemFd {
    fn from(fd: OwnedFd) -> Self {
        MemFd { file: fd.into() }
    }
}

impl From<File> for MemFd {
    fn from(file: File) -> Self {
        MemFd { file }
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
