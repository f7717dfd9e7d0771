// SPDX-License-Identifier: MIT

//! From the C API's results to Rust's errors.

use std::error::Error;
use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::os::raw::c_int;

use crate::Seals;

/// Takes a result of the C API: a value >= 0, or `-errno`.
pub(crate) fn result(r: c_int) -> io::Result<c_int> {
    if r < 0 {
        Err(io::Error::from_raw_os_error(-r))
    } else {
        Ok(r)
    }
}

/// Why a file is not sealed as it should be, or could not be verified.
///
/// `?` turns it into an [`io::Error`] with an error number: `EKEYREJECTED`, `EKEYREVOKED`, or
/// the one inside [`SealsError::Os`].
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
    /// These of the required seals are not set.
    Missing(Seals),
    /// The kernel may have set the seals because of [`Seals::EXEC`], while somebody could
    /// write: they prove nothing. Or, on a file of huge pages or for
    /// [`SealedMemFd::fill_holes`](crate::SealedMemFd::fill_holes), no seal keeps the pages.
    ///
    /// Linux 6.3 and later, until fixed in 2026, let F_SEAL_EXEC imply the other seals
    /// on an executable file without looking for mappings that could still write. They
    /// then include [`Seals::FUTURE_WRITE`].
    Unproven,
    /// A system call failed, or the file is refused for another reason than its seals: it is
    /// empty, say, or too long.
    Os(io::Error),
}

impl fmt::Display for SealsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SealsError::Missing(seals) => write!(f, "missing seals: {}", seals),
            SealsError::Unproven => f.write_str("the seals prove nothing"),
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

/// A descriptor that is no [`SealedMemFd`](crate::SealedMemFd), and why.
///
/// ```
/// use memfd_go::{SealedMemFd, Seals, SealsError};
///
/// # fn main() -> std::io::Result<()> {
/// let file = memfd_go::create_sealed("half", b"text", Seals::SHRINK)?;
/// let refused = SealedMemFd::try_from(file).unwrap_err();
/// assert!(matches!(refused.reason(), SealsError::Missing(Seals::WRITE)));
///
/// let fd = refused.into_fd(); // It is not lost: seal it, say, and try again.
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

    /// Why it is none.
    pub fn reason(&self) -> &SealsError {
        &self.reason
    }

    /// Gives the descriptor back.
    pub fn into_fd(self) -> OwnedFd {
        self.fd
    }
}

impl fmt::Display for NotSealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a file that is sealed against change")
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

/// A descriptor that is no [`MemFd`](crate::MemFd), and why.
///
/// `?` turns it into an [`io::Error`]: `EINVAL` if the file is of another kind, else what
/// [`inspect`](crate::inspect) gave.
///
/// ```
/// use memfd_go::MemFd;
/// use std::fs::File;
///
/// # fn main() -> std::io::Result<()> {
/// let refused = MemFd::try_from(File::open("/dev/null")?).unwrap_err();
/// assert_eq!(refused.to_string(), "not a file made by memfd_create(2) or memfd_secret(2)");
/// drop(refused.into_fd()); // It is not lost.
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

    /// Gives the descriptor back.
    pub fn into_fd(self) -> OwnedFd {
        self.fd
    }
}

impl fmt::Display for NotMemFd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a file made by memfd_create(2) or memfd_secret(2)")
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
    fn a_seals_error_says_what_is_missing() {
        let error = SealsError::Missing(Seals::WRITE | Seals::SHRINK);
        assert_eq!(error.to_string(), "missing seals: WRITE SHRINK");
        assert!(error.source().is_none());
        let error = io::Error::from(error);
        assert_eq!(error.raw_os_error(), Some(libc::EKEYREJECTED));
    }

    #[test]
    fn a_seals_error_keeps_the_kernels_error() {
        let error = SealsError::from(io::Error::from_raw_os_error(libc::EBADF));
        assert!(error.source().unwrap().to_string().contains("os error 9"));
        let error = io::Error::from(error);
        assert_eq!(error.raw_os_error(), Some(libc::EBADF));
    }
}
