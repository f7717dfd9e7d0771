// SPDX-License-Identifier: MIT

//! Conversion of the C API's results to Rust errors.

use std::error::Error;
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::os::raw::c_int;

use crate::Seals;

/// Converts a result of the C API, which is a value >= 0 or `-errno`.
pub(crate) fn result(r: c_int) -> io::Result<c_int> {
    if r < 0 {
        Err(io::Error::from_raw_os_error(-r))
    } else {
        Ok(r)
    }
}

/// The error of functions that check seals.
///
/// `?` converts it into an [`io::Error`] with `EKEYREJECTED`, `EKEYREVOKED`, or the error of
/// [`SealsError::Os`].
///
/// ```
/// use memfd_go::{check_seals, Seals};
///
/// # fn main() -> std::io::Result<()> {
/// let file = memfd_go::create("open")?;
/// let error = check_seals(&file, Seals::WRITE).unwrap_err();
/// assert_eq!(error.to_string(), "missing seals: WRITE");
/// let error = std::io::Error::from(error);
/// assert_eq!(memfd_go::errname(error.raw_os_error().unwrap()), "EKEYREJECTED");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum SealsError {
    /// These required seals are not set.
    Missing(Seals),
    /// The seals are set, but do not guarantee that the file cannot change.
    ///
    /// Linux 6.3 and later, without a fix of 2026, let F_SEAL_EXEC set the other seals of an
    /// executable file, including [`Seals::FUTURE_WRITE`], without checking for writable mappings.
    /// Create the file with [`CreateFlags::NOEXEC_SEAL`](crate::CreateFlags::NOEXEC_SEAL) and do
    /// not set [`Seals::FUTURE_WRITE`].
    ///
    /// Pages can be removed from a file that is sealed neither with [`Seals::WRITE`] nor with
    /// [`Seals::FUTURE_WRITE`]. This matters for huge pages, and for
    /// [`SealedMemFd::fill_holes`](crate::SealedMemFd::fill_holes).
    Unproven,
    /// A system call failed, or the file was refused for another reason, such as its size.
    Os(io::Error),
}

impl fmt::Display for SealsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SealsError::Missing(seals) => write!(f, "missing seals: {}", seals),
            SealsError::Unproven => {
                f.write_str("the seals do not guarantee that the file cannot change")
            }
            SealsError::Os(_) => f.write_str("the file cannot be verified"),
        }
    }
}

impl Error for SealsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            SealsError::Os(error) => Some(error),
            _ => None,
        }
    }
}

impl From<io::Error> for SealsError {
    fn from(error: io::Error) -> Self {
        SealsError::Os(error)
    }
}

impl From<SealsError> for io::Error {
    fn from(error: SealsError) -> Self {
        match error {
            SealsError::Missing(_) => io::Error::from_raw_os_error(libc::EKEYREJECTED),
            SealsError::Unproven => io::Error::from_raw_os_error(libc::EKEYREVOKED),
            SealsError::Os(error) => error,
        }
    }
}

/// The error of converting to [`SealedMemFd`](crate::SealedMemFd), with the descriptor.
///
/// ```
/// use memfd_go::{SealedMemFd, Seals, SealsError};
///
/// # fn main() -> std::io::Result<()> {
/// let file = memfd_go::create_sealed("half", b"text", Seals::SHRINK)?;
/// let refused = SealedMemFd::try_from(file).unwrap_err();
/// assert!(matches!(refused.reason(), SealsError::Missing(Seals::WRITE)));
///
/// let fd = refused.into_fd(); // For example, seal it and try again.
/// memfd_go::add_seals(&fd, Seals::WRITE)?;
/// assert_eq!(&SealedMemFd::try_from(fd)?.map()?[..], b"text");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct NotSealed {
    reason: SealsError,
    fd: OwnedFd,
}

impl NotSealed {
    pub(crate) fn new(reason: SealsError, fd: OwnedFd) -> Self {
        NotSealed { reason, fd }
    }

    /// Returns why the file is not a [`SealedMemFd`](crate::SealedMemFd).
    pub fn reason(&self) -> &SealsError {
        &self.reason
    }

    /// Returns the descriptor.
    pub fn into_fd(self) -> OwnedFd {
        self.fd
    }
}

impl fmt::Display for NotSealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the file is not sealed against changes")
    }
}

impl Error for NotSealed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.reason)
    }
}

/// Closes the descriptor.
impl From<NotSealed> for io::Error {
    fn from(error: NotSealed) -> Self {
        error.reason.into()
    }
}

/// The error of converting to [`MemFd`](crate::MemFd), with the descriptor.
///
/// `?` converts it into an [`io::Error`]: `EINVAL` if the file is of another kind, else the error
/// of [`inspect`](crate::inspect).
///
/// ```
/// use memfd_go::MemFd;
/// use std::fs::File;
///
/// # fn main() -> std::io::Result<()> {
/// let refused = MemFd::try_from(File::open("/dev/null")?).unwrap_err();
/// assert_eq!(refused.to_string(), "not a file from memfd_create(2) or memfd_secret(2)");
/// let file = File::from(refused.into_fd());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct NotMemFd {
    reason: io::Error,
    fd: OwnedFd,
}

impl NotMemFd {
    pub(crate) fn new(reason: io::Error, fd: OwnedFd) -> Self {
        NotMemFd { reason, fd }
    }

    /// Returns the descriptor.
    pub fn into_fd(self) -> OwnedFd {
        self.fd
    }
}

impl fmt::Display for NotMemFd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a file from memfd_create(2) or memfd_secret(2)")
    }
}

impl Error for NotMemFd {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.reason)
    }
}

/// Closes the descriptor.
impl From<NotMemFd> for io::Error {
    fn from(error: NotMemFd) -> Self {
        error.reason
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_results_are_errors() {
        assert_eq!(result(0).unwrap(), 0);
        assert_eq!(result(7).unwrap(), 7);
        let error = result(-libc::EBUSY).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EBUSY));
    }

    #[test]
    fn seals_error_names_missing_seals() {
        let error = SealsError::Missing(Seals::WRITE | Seals::SHRINK);
        assert_eq!(error.to_string(), "missing seals: WRITE SHRINK");
        assert!(error.source().is_none());
        let error = io::Error::from(error);
        assert_eq!(error.raw_os_error(), Some(libc::EKEYREJECTED));
    }

    #[test]
    fn seals_error_keeps_the_errno() {
        let error = SealsError::from(io::Error::from_raw_os_error(libc::EBADF));
        assert!(error.source().unwrap().to_string().contains("os error 9"));
        let error = io::Error::from(error);
        assert_eq!(error.raw_os_error(), Some(libc::EBADF));
    }
}
