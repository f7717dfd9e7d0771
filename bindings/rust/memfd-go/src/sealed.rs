// SPDX-License-Identifier: MIT

//! Files that cannot change, and safe mappings of them.

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
use crate::{create_sealed, get_seals, Access, CreateOptions, MemFd, Seals, ToCStr};

/// A file whose contents no process can change or truncate.
///
/// [`SealedMemFd::new`] creates one. `try_from` converts a descriptor, also from an untrusted
/// process, after checking the seals. Seals cannot be removed, so [`SealedMemFd::map`] is safe.
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
    /// The seals that every `SealedMemFd` has.
    pub const REQUIRED: Seals = Seals::WRITE.union(Seals::SHRINK);

    /// Creates a file with a copy of `data` and the seals [`Seals::IMMUTABLE`]. The descriptor is
    /// close-on-exec.
    ///
    /// * `name`, `data`: like [`CreateOptions::create_sealed`].
    ///
    /// # Errors
    ///
    /// Like [`CreateOptions::create_sealed`].
    ///
    /// Source: memfd_create(2), F_ADD_SEALS(2const), mm/shmem.c.
    ///
    /// [`CreateOptions::create_sealed`]: crate::CreateOptions::create_sealed
    pub fn new(name: impl ToCStr, data: &[u8]) -> io::Result<SealedMemFd> {
        create_sealed(name, data, Seals::IMMUTABLE).map(SealedMemFd)
    }

    /// Creates a sealed copy of the whole regular file `source`. The descriptor is close-on-exec.
    ///
    /// * `name`, `source`, `max_len`: like [`CreateOptions::create_copy`].
    ///
    /// # Errors
    ///
    /// Like [`CreateOptions::create_copy`].
    ///
    /// Source: sendfile(2), pread(2), F_ADD_SEALS(2const).
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

    /// Creates a sealed copy of everything that can be read from `source`. See
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

    /// Verifies a file that is not empty and at most `max_len` bytes long.
    pub(crate) fn from_untrusted(
        fd: OwnedFd,
        required: Seals,
        max_len: u64,
    ) -> Result<SealedMemFd, SealsError> {
        verify(&fd, required, max_len)?;
        Ok(SealedMemFd(MemFd::unchecked(fd)))
    }

    /// Returns the file as a [`MemFd`].
    pub fn as_memfd(&self) -> &MemFd {
        &self.0
    }

    /// Returns the seals of the file. See [`get_seals`].
    pub fn seals(&self) -> io::Result<Seals> {
        self.0.seals()
    }

    /// Returns the size of the file in bytes. See [`get_size`](crate::get_size). The file cannot
    /// shrink, but without [`Seals::GROW`] it can grow.
    pub fn size(&self) -> io::Result<u64> {
        self.0.size()
    }

    /// Allocates the missing pages of the file, so that no later access to a mapping fails for
    /// lack of memory. They stay allocated as long as the file exists, and may be swapped out.
    ///
    /// # Errors
    ///
    /// * [`SealsError::Unproven`]: the file is not sealed against writing.
    /// * [`SealsError::Os`] with
    ///   * `ENOMEM`, `ENOSPC`: not enough memory.
    ///   * `ENODATA`: the file is empty.
    ///   * `EACCES`: the descriptor is not open for writing, and the file's mode forbids
    ///     reopening it.
    ///   * others: like [`map_verified`].
    ///
    /// Source: fallocate(2), mm/shmem.c.
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
        verified(self.as_fd(), SealedMemFd::REQUIRED, |fd, seals| {
            // SAFETY: the pointer for the size may be null.
            unsafe { sys::memfd_go_verify(fd, seals, u64::MAX, opts, ptr::null_mut()) }
        })
    }

    /// Maps the whole file at its current size. The mapping of an empty file is empty.
    ///
    /// [`map_verified`] has a limit on the size, for files from untrusted processes.
    ///
    /// # Errors
    ///
    /// Like [`map_verified`], except `ENODATA`. `EFBIG` means longer than `isize::MAX`.
    ///
    /// Source: F_GET_SEALS(2const), mmap(2), mm/memfd.c.
    pub fn map(&self) -> io::Result<SealedMap> {
        // Verify again: without F_SEAL_GROW, a file of huge pages may now end within one.
        match map_verified(self, Seals::empty(), u64::MAX).map_err(io::Error::from) {
            Err(error) if error.raw_os_error() == Some(libc::ENODATA) => Ok(SealedMap(None)),
            mapped => mapped,
        }
    }
}

/// Checks a file from an untrusted process, and maps all of it.
///
/// Whatever the other process does, before, during or after the call, the mapping can be read
/// without a fault, and never changes. Reading can still fail for lack of memory, which a hole of
/// the file needs: it is SIGBUS at the commit limit (`vm.overcommit_memory=2`), and SIGKILL at the
/// limit of a memory cgroup. [`SealedMemFd::fill_holes`] allocates the memory.
///
/// * `fd`: open for reading.
/// * `required`: seals in addition to [`SealedMemFd::REQUIRED`].
/// * `max_len`: the largest size to accept, in bytes.
///
/// # Errors
///
/// * [`SealsError::Missing`]: a required seal is missing.
/// * [`SealsError::Unproven`]: the seals do not guarantee that the file cannot change.
/// * [`SealsError::Os`] with
///   * `ENODATA`: the file is empty.
///   * `EFBIG`: the file is longer than `max_len`, or than `isize::MAX`.
///   * `EINVAL`: the file does not support seals, or ends within a huge page.
///   * `EACCES`: `fd` is not open for reading.
///   * `EBADF`: `fd` was opened with `O_PATH`.
///   * `ENOMEM`: no room in the address space, or too few free huge pages.
///   * `EMFILE`, `ENFILE`: no descriptor is free for testing the kernel.
///   * `EPERM`: another process is adding [`Seals::WRITE`] at this moment.
///   * `ENOSYS`: before Linux 4.11.
///
/// Source: F_GET_SEALS(2const), mmap(2), mm/memfd.c.
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
    verified(fd.as_fd(), required, |fd, seals| {
        // SAFETY: `addr` and `len` are writable. A new mapping does not affect memory that is in
        // use.
        unsafe { sys::memfd_go_map_verified(fd, seals, max_len, 0, &mut addr, &mut len) }
    })?;
    // SAFETY: the mapping is new, so nothing else uses it. `len` is at most `max_len`.
    let mapping = unsafe { Mapping::from_raw(addr.cast(), len) };
    Ok(SealedMap(Some(mapping)))
}

/// Calls a function that verifies `fd`, and finds out which seals are missing.
fn verified(
    fd: BorrowedFd<'_>,
    required: Seals,
    mut verify: impl FnMut(c_int, u32) -> c_int,
) -> Result<(), SealsError> {
    loop {
        let r = verify(fd.as_raw_fd(), required.bits());
        match result(r) {
            Ok(_) => return Ok(()),
            Err(error) => match error.raw_os_error() {
                Some(libc::EKEYREVOKED) => return Err(SealsError::Unproven),
                Some(libc::EKEYREJECTED) => {}
                _ => return Err(error.into()),
            },
        }
        let missing = required.difference(get_seals(fd)?);
        if !missing.is_empty() {
            return Err(SealsError::Missing(missing));
        }
        // Another process has added the missing seals meanwhile: verify again.
    }
}

/// Verifies a file from an untrusted process that is at most `max_len` bytes long.
fn verify(fd: impl AsFd, required: Seals, max_len: u64) -> Result<(), SealsError> {
    verified(fd.as_fd(), SealedMemFd::REQUIRED | required, |fd, seals| {
        // SAFETY: the pointer for the size may be null.
        unsafe { sys::memfd_go_verify(fd, seals, max_len, 0, ptr::null_mut()) }
    })
}

/// Checks that the file cannot change.
///
/// # Errors
///
/// [`NotSealed`], which returns the descriptor. Its reason is
///
/// * [`SealsError::Missing`]: [`Seals::WRITE`] or [`Seals::SHRINK`] is not set.
/// * [`SealsError::Unproven`]: the seals do not guarantee that the file cannot change.
/// * [`SealsError::Os`]: like [`map_verified`], but an empty file is accepted.
///
/// Source: F_GET_SEALS(2const) (fcntl(2)), mm/memfd.c.
impl TryFrom<OwnedFd> for SealedMemFd {
    type Error = NotSealed;

    fn try_from(fd: OwnedFd) -> Result<Self, NotSealed> {
        SealedMemFd::try_from(MemFd::unchecked(fd))
    }
}

/// Checks that the file cannot change, like `try_from` of an [`OwnedFd`].
impl TryFrom<MemFd> for SealedMemFd {
    type Error = NotSealed;

    fn try_from(fd: MemFd) -> Result<Self, NotSealed> {
        match check_unchanging(&fd) {
            Ok(()) => Ok(SealedMemFd(fd)),
            Err(reason) => Err(NotSealed::new(reason, fd.into())),
        }
    }
}

/// Verifies the file, and also accepts files that cannot be mapped but cannot change either: an
/// empty one, one that does not fit into the address space, and one that is not open for reading.
fn check_unchanging(fd: &MemFd) -> Result<(), SealsError> {
    match verify(fd, Seals::empty(), u64::MAX) {
        Err(SealsError::Os(error)) => match error.raw_os_error() {
            Some(libc::ENODATA | libc::EOVERFLOW) => Ok(()),
            // A security module may forbid testing the kernel, with the same error.
            Some(libc::EACCES) if fd.inspect()?.access() == Access::Write => Ok(()),
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

/// A mapping of a [`SealedMemFd`], which dereferences to a slice of bytes.
///
/// Dropping it unmaps the memory. The descriptor may be closed before. All threads may use it.
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
            // SAFETY: `len` bytes are mapped, and F_SEAL_SHRINK keeps them within the file. When
            // F_SEAL_WRITE was set, there was no writable shared mapping. Since then nobody can
            // create one, write, or punch a hole, which would remove huge pages.
            // F_SEAL_FUTURE_WRITE alone would allow writing through older mappings.
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
