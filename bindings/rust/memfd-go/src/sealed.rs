// SPDX-License-Identifier: MIT

//! Files that cannot change, and their mappings, which are therefore safe.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Deref;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::os::raw::c_int;
use std::ptr;
use std::slice;

use memfd_go_sys as sys;

use crate::error::{result, NotSealed, SealsError};
use crate::map::Mapping;
use crate::{create_sealed, get_seals, CreateOptions, MapFlags, MemFd, Seals, ToCStr};

/// A file whose contents can neither change nor be cut off, by anybody.
///
/// [`SealedMemFd::new`] makes one; a descriptor that came from somebody else becomes one
/// by `try_from`, which checks the seals. Since seals are never removed, what was checked
/// once holds for good, so [`SealedMemFd::map`] is safe.
///
/// ```
/// use memfd_go::SealedMemFd;
/// use std::os::fd::OwnedFd;
///
/// # fn main() -> std::io::Result<()> {
/// # fn receive() -> std::io::Result<OwnedFd> {
/// #     Ok(SealedMemFd::new("config", b"verbose = true")?.into())
/// # }
/// let fd: OwnedFd = receive()?; // From a process that is not trusted.
/// let config = SealedMemFd::try_from(fd)?.map()?;
/// assert_eq!(&config[..], b"verbose = true");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SealedMemFd(MemFd);

impl SealedMemFd {
    /// The seals that such a file has at least.
    pub const REQUIRED: Seals = Seals::WRITE.union(Seals::SHRINK);

    /// Creates a file that holds a copy of `data` and is sealed with
    /// [`Seals::IMMUTABLE`]. The descriptor is close-on-exec.
    ///
    /// * `name`, `data`: like [`CreateOptions::create_sealed`].
    ///
    /// # Errors
    ///
    /// Like [`CreateOptions::create_sealed`].
    ///
    /// Safe: MT AS fork. Source: memfd_create(2), F_ADD_SEALS(2const), mm/shmem.c.
    ///
    /// [`CreateOptions::create_sealed`]: crate::CreateOptions::create_sealed
    pub fn new(name: impl ToCStr, data: &[u8]) -> io::Result<SealedMemFd> {
        create_sealed(name, data, Seals::IMMUTABLE).map(SealedMemFd)
    }

    /// Creates a sealed copy of the regular file `source`, from its first byte to its last.
    /// The descriptor is close-on-exec.
    ///
    /// * `name`, `source`, `max_len`: like [`CreateOptions::create_copy`].
    ///
    /// # Errors
    ///
    /// Like [`CreateOptions::create_copy`].
    ///
    /// Safe: MT AS fork. Source: sendfile(2), pread(2), F_ADD_SEALS(2const).
    ///
    /// ```
    /// use memfd_go::SealedMemFd;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # let disk = memfd_go::create("disk")?;
    /// # std::io::Write::write_all(&mut disk.as_file(), b"# users")?;
    /// # let disk = disk.as_file();
    /// let users = SealedMemFd::copy("users", disk, 1 << 20)?; // disk: a File
    /// assert_eq!(&users.map()?[..], b"# users");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [`CreateOptions::create_copy`]: crate::CreateOptions::create_copy
    pub fn copy(name: impl ToCStr, source: impl AsFd, max_len: u64) -> io::Result<SealedMemFd> {
        CreateOptions::new()
            .create_copy(name, source, max_len, Seals::IMMUTABLE)
            .map(SealedMemFd)
    }

    /// Creates a sealed copy of what can be read from `source`, up to its end. See
    /// [`CreateOptions::create_copy_of_stream`].
    ///
    /// [`CreateOptions::create_copy_of_stream`]: crate::CreateOptions::create_copy_of_stream
    pub fn copy_stream(
        name: impl ToCStr,
        source: impl AsFd,
        max_len: u64,
    ) -> io::Result<SealedMemFd> {
        CreateOptions::new()
            .create_copy_of_stream(name, source, max_len, Seals::IMMUTABLE)
            .map(SealedMemFd)
    }

    /// Takes a file that the library has found to have all that [`SealedMemFd`] needs.
    pub(crate) fn assume_checked(file: MemFd) -> SealedMemFd {
        SealedMemFd(file)
    }

    /// The file as one that may have any seals, for what is allowed still.
    pub fn as_memfd(&self) -> &MemFd {
        &self.0
    }

    /// The seals of the file. See [`get_seals`].
    pub fn seals(&self) -> io::Result<Seals> {
        self.0.seals()
    }

    /// The size of the file, in bytes. It can only grow, and not even that with
    /// [`Seals::GROW`]. See [`get_size`](crate::get_size).
    pub fn size(&self) -> io::Result<u64> {
        self.0.size()
    }

    /// Allocates the pages that the file lacks, so that no later access to a mapping fails for
    /// want of memory. They stay allocated as long as the file exists, and may be swapped out.
    ///
    /// # Errors
    ///
    /// * [`SealsError::Unproven`]: the file is not sealed against writing.
    /// * [`SealsError::Os`] with
    ///   * `ENOMEM`, `ENOSPC`: not enough memory.
    ///   * `ENODATA`: the file is empty.
    ///   * `EACCES`: the descriptor is not open for writing, and the file's mode forbids to
    ///     reopen it.
    ///
    /// Safe: MT AS fork. Source: fallocate(2), mm/shmem.c.
    ///
    /// ```
    /// use memfd_go::{CreateOptions, SealedMemFd, Seals};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let hole = CreateOptions::new().size(4096).seals(Seals::IMMUTABLE).create("hole")?;
    /// let file = SealedMemFd::try_from(hole)?;
    /// file.fill_holes()?;
    /// assert_eq!(file.map()?[4095], 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn fill_holes(&self) -> Result<(), SealsError> {
        let opts = sys::MEMFD_GO_OPT_NO_HOLES;
        verified(self, SealedMemFd::REQUIRED, |fd, seals| {
            // SAFETY: the function takes plain values, and no place for the size.
            unsafe { sys::memfd_go_verify(fd, seals, u64::MAX, opts, ptr::null_mut()) }
        })
    }

    /// Maps the whole file, as long as it is now. The map of an empty file is empty.
    ///
    /// A file from somebody else may be of any size: [`map_verified`] takes a limit.
    ///
    /// # Errors
    ///
    /// * `EACCES`: the descriptor is not open for reading.
    /// * `EOVERFLOW`: the file does not fit the architecture's memory.
    /// * `ENOMEM`: no room in the address space, or too few free huge pages.
    ///
    /// Safe: MT AS fork. Source: mmap(2), mm/memfd.c.
    pub fn map(&self) -> io::Result<SealedMap> {
        let len = self.0.len()?;
        if len == 0 {
            return Ok(SealedMap(None));
        }
        let mapping = Mapping::new(self, MapFlags::empty(), 0, len)?;
        Ok(SealedMap(Some(mapping)))
    }
}

/// Maps a file that came from somebody who is not trusted, whole, after checking that
/// nothing can happen to it.
///
/// Whatever the other side does, before, during or after the call, the mapping can be read
/// without fault, and never changes.
///
/// * `fd`: open for reading.
/// * `required`: seals beyond [`SealedMemFd::REQUIRED`].
/// * `max_len`: the largest size to accept, in bytes.
///
/// # Errors
///
/// * [`SealsError::Missing`]: a required seal is missing.
/// * [`SealsError::Unproven`]: the seals could have been forged.
/// * [`SealsError::Os`] with
///   * `ENODATA`: the file is empty.
///   * `EFBIG`: the file is longer than `max_len`, or than `isize::MAX`.
///   * `EINVAL`: not a file that takes seals, or one that ends within a huge page.
///   * `EACCES`: `fd` is not open for reading.
///   * `EBADF`: `fd` was opened with `O_PATH`.
///   * `ENOMEM`: no room in the address space, or too few free huge pages.
///
/// Safe: MT AS fork. Source: F_GET_SEALS(2const), mmap(2), mm/memfd.c.
///
/// ```
/// use memfd_go::{map_verified, SealedMemFd, Seals};
///
/// # fn main() -> std::io::Result<()> {
/// # let received = SealedMemFd::new("page", b"hello")?;
/// let page = map_verified(&received, Seals::empty(), 1 << 20)?;
/// assert_eq!(&page[..], b"hello");
/// assert!(map_verified(&received, Seals::empty(), 4).is_err());
/// # Ok(())
/// # }
/// ```
pub fn map_verified(fd: impl AsFd, required: Seals, max_len: u64) -> Result<SealedMap, SealsError> {
    let required = SealedMemFd::REQUIRED | required;
    let max_len = max_len.min(isize::MAX as u64);
    let (mut addr, mut len) = (ptr::null_mut(), 0);
    verified(&fd, required, |fd, seals| {
        // SAFETY: `addr` and `len` are writable. A new mapping touches no memory that is in
        // use.
        unsafe { sys::memfd_go_map_verified(fd, seals, max_len, 0, &mut addr, &mut len) }
    })?;
    // SAFETY: it was just mapped, and nobody else knows it. The file was not longer.
    let mapping = unsafe { Mapping::from_raw(addr.cast(), len) };
    Ok(SealedMap(Some(mapping)))
}

/// Calls a function that verifies `fd`, and says which seals are missing if they are.
fn verified(
    fd: impl AsFd,
    required: Seals,
    mut verify: impl FnMut(c_int, u32) -> c_int,
) -> Result<(), SealsError> {
    loop {
        let r = verify(fd.as_fd().as_raw_fd(), required.bits());
        match result(r) {
            Ok(_) => return Ok(()),
            Err(error) => match error.raw_os_error() {
                Some(libc::EKEYREVOKED) => return Err(SealsError::Unproven),
                Some(libc::EKEYREJECTED) => {}
                _ => return Err(error.into()),
            },
        }
        let missing = required.difference(get_seals(&fd)?);
        if !missing.is_empty() {
            return Err(SealsError::Missing(missing));
        }
        // They were added in the meantime.
    }
}

/// Verifies a file that came from somebody who is not trusted, and may be `max_len` bytes long.
pub(crate) fn verify(fd: impl AsFd, required: Seals, max_len: u64) -> Result<(), SealsError> {
    verified(fd, SealedMemFd::REQUIRED | required, |fd, seals| {
        // SAFETY: the function takes plain values, and no place for the size.
        unsafe { sys::memfd_go_verify(fd, seals, max_len, 0, ptr::null_mut()) }
    })
}

/// Checks that the file cannot change.
///
/// # Errors
///
/// [`NotSealed`], which gives the descriptor back. Its reason is
///
/// * [`SealsError::Missing`]: [`Seals::WRITE`] or [`Seals::SHRINK`] is not set.
/// * [`SealsError::Unproven`]: the seals could have been forged.
/// * [`SealsError::Os`]: like [`map_verified`], but an empty file is taken.
///
/// Safe: MT AS fork. Source: F_GET_SEALS(2const) (fcntl(2)), mm/memfd.c.
impl TryFrom<OwnedFd> for SealedMemFd {
    type Error = NotSealed;

    fn try_from(fd: OwnedFd) -> Result<Self, NotSealed> {
        SealedMemFd::try_from(MemFd::unchecked(fd))
    }
}

/// Checks that the file cannot change, like `try_from` an [`OwnedFd`].
impl TryFrom<MemFd> for SealedMemFd {
    type Error = NotSealed;

    fn try_from(fd: MemFd) -> Result<Self, NotSealed> {
        match check_unchanging(&fd) {
            Ok(()) => Ok(SealedMemFd(fd)),
            Err(reason) => Err(NotSealed::new(reason, fd.into())),
        }
    }
}

/// Verifies the file, and takes those that cannot be mapped but do not change either: an empty
/// one, one that is too long for this architecture, and one that is not open for reading.
fn check_unchanging(fd: &MemFd) -> Result<(), SealsError> {
    match verify(fd, Seals::empty(), u64::MAX) {
        Err(SealsError::Os(error)) => match error.raw_os_error() {
            Some(libc::ENODATA | libc::EOVERFLOW | libc::EACCES) => Ok(()),
            _ => Err(error.into()),
        },
        verified => verified,
    }
}

impl AsFd for SealedMemFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for SealedMemFd {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl IntoRawFd for SealedMemFd {
    fn into_raw_fd(self) -> RawFd {
        self.0.into_raw_fd()
    }
}

impl From<SealedMemFd> for MemFd {
    fn from(fd: SealedMemFd) -> Self {
        fd.0
    }
}

impl From<SealedMemFd> for OwnedFd {
    fn from(fd: SealedMemFd) -> Self {
        fd.0.into()
    }
}

impl From<SealedMemFd> for File {
    fn from(fd: SealedMemFd) -> Self {
        fd.0.into()
    }
}

/// The contents of a [`SealedMemFd`], as a slice of bytes. It is unmapped when dropped,
/// and does not need the descriptor that it was made from. All threads may use it.
///
/// ```
/// use memfd_go::SealedMemFd;
///
/// # fn main() -> std::io::Result<()> {
/// let words = SealedMemFd::new("words", b"one two three")?.map()?;
/// let longest = words.split(|&byte| byte == b' ').map(<[u8]>::len).max();
/// assert_eq!(longest, Some(5));
/// # Ok(())
/// # }
/// ```
pub struct SealedMap(Option<Mapping>);

impl SealedMap {
    /// Unmaps the memory. See [`Map::unmap`](crate::Map::unmap).
    pub fn unmap(self) -> io::Result<()> {
        self.0.map_or(Ok(()), Mapping::unmap)
    }
}

impl Deref for SealedMap {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            None => &[],
            // SAFETY: `len` bytes are mapped. F_SEAL_SHRINK keeps them inside the file. That
            // F_SEAL_WRITE is set means that no shared mapping could write at that moment,
            // and since then nobody can make one, write, or punch a hole (which of huge
            // pages would take memory away). F_SEAL_FUTURE_WRITE would not do.
            Some(map) => unsafe { slice::from_raw_parts(map.as_ptr(), map.len()) },
        }
    }
}

impl<'a> IntoIterator for &'a SealedMap {
    type Item = &'a u8;
    type IntoIter = slice::Iter<'a, u8>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl AsRef<[u8]> for SealedMap {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for SealedMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedMap")
            .field("ptr", &self.as_ptr())
            .field("len", &self.len())
            .finish()
    }
}
