// SPDX-License-Identifier: MIT

//! Seals: changes to a file that are forbidden permanently.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::raw::c_char;
use std::str::{self, FromStr};

use bitflags::bitflags;
use memfd_go_sys as sys;

use crate::error::{result, SealsError};
use crate::ToCStr;

bitflags! {
    /// Seals of a file. They can be added, but not removed.
    ///
    /// Unknown bits are kept.
    ///
    /// Seals print as a list of names, such as "SHRINK GROW WRITE"; [`Seals::display`] has other
    /// styles. [`str::parse`] accepts all styles. The text is a list of words, separated by any
    /// number of blanks, commas, `|` or `+`. A word is
    ///
    /// * a name, in upper or lower case: `WRITE`, `F_SEAL_WRITE`
    /// * letters out of `g s w W S x`, in any order: `sw`
    /// * a number: `0x` and 1 to 8 hexadecimal digits
    /// * `immutable`: [`Seals::IMMUTABLE`]
    /// * `none`: no seal
    ///
    /// Anything else is `EINVAL`. Source: memfd_create(2), EXAMPLES.
    ///
    /// ```
    /// use memfd_go::Seals;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let seals: Seals = "shrink, F_SEAL_WRITE".parse()?;
    /// assert_eq!(seals, Seals::SHRINK | Seals::WRITE);
    /// assert_eq!("immutable".parse::<Seals>()?, Seals::IMMUTABLE);
    /// # Ok(())
    /// # }
    /// ```
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct Seals: u32 {
        /// No further seals can be added.
        const SEAL = sys::F_SEAL_SEAL;
        /// The file cannot shrink.
        const SHRINK = sys::F_SEAL_SHRINK;
        /// The file cannot grow.
        const GROW = sys::F_SEAL_GROW;
        /// The contents cannot change.
        const WRITE = sys::F_SEAL_WRITE;
        /// The contents can change only through existing mappings (Linux 5.1).
        const FUTURE_WRITE = sys::F_SEAL_FUTURE_WRITE;
        /// The execute permission cannot change (Linux 6.3).
        const EXEC = sys::F_SEAL_EXEC;

        /// Neither size nor contents can change, and no seal can be added.
        const IMMUTABLE = sys::MEMFD_GO_SEALS_IMMUTABLE;

        const _ = !0;
    }
}

impl Seals {
    /// Returns an object that implements [`Display`](fmt::Display) in the given style.
    ///
    /// Bits without a name are written in hexadecimal: "WRITE 0x40", "w 0x40". An empty set is ""
    /// or "0x0". Source: memfd_create(2), EXAMPLES.
    ///
    /// ```
    /// use memfd_go::{SealStyle, Seals};
    ///
    /// let seals = Seals::SHRINK | Seals::WRITE;
    /// assert_eq!(seals.display(SealStyle::Letters).to_string(), "ws");
    /// assert_eq!(seals.display(SealStyle::Hex).to_string(), "0xa");
    /// ```
    pub fn display(self, style: SealStyle) -> DisplaySeals {
        DisplaySeals { seals: self, style }
    }

    /// Parses text like [`str::parse`], but also accepts C strings.
    ///
    /// # Errors
    ///
    /// * `EINVAL`: an unknown word. [`Seals`] lists the known ones.
    ///
    /// Source: memfd_create(2), EXAMPLES.
    pub fn parse(text: impl ToCStr) -> io::Result<Seals> {
        let mut seals = 0;
        text.with_c_str(|text| {
            // SAFETY: `text` ends with a NUL and `seals` is writable.
            result(unsafe { sys::memfd_go_parse_seals(text.as_ptr(), &mut seals) })
        })?;
        Ok(Seals::from_bits_retain(seals))
    }
}

impl FromStr for Seals {
    type Err = io::Error;

    fn from_str(text: &str) -> io::Result<Seals> {
        Seals::parse(text)
    }
}

impl fmt::Display for Seals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.display(SealStyle::Names).fmt(f)
    }
}

/// The styles of [`Seals::display`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SealStyle {
    /// "SEAL GROW WRITE FUTURE_WRITE SHRINK EXEC"
    #[default]
    Names,
    /// "SgwWsx", as in the example of memfd_create(2)
    Letters,
    /// "0x3f"
    Hex,
}

impl SealStyle {
    fn number(self) -> u32 {
        match self {
            SealStyle::Names => sys::MEMFD_GO_STYLE_NAMES,
            SealStyle::Letters => sys::MEMFD_GO_STYLE_LETTERS,
            SealStyle::Hex => sys::MEMFD_GO_STYLE_HEX,
        }
    }
}

/// Prints seals; returned by [`Seals::display`].
#[derive(Clone, Copy, Debug)]
pub struct DisplaySeals {
    seals: Seals,
    style: SealStyle,
}

impl fmt::Display for DisplaySeals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buf = [0u8; 64]; // Enough for any seals in any style.
        let text = buf.as_mut_ptr().cast::<c_char>();
        let (seals, style) = (self.seals.bits(), self.style.number());
        // SAFETY: `text` points to `buf`, and the call gets the length of `buf`.
        let len = unsafe { sys::memfd_go_format_seals(seals, style, text, buf.len()) };
        let text = usize::try_from(len).ok().and_then(|len| buf.get(..len));
        let text = str::from_utf8(text.ok_or(fmt::Error)?).map_err(|_| fmt::Error)?;
        f.pad(text)
    }
}

/// Returns the seals of the file `fd`, like fcntl(2) with `F_GET_SEALS`.
///
/// `fd` may be open for reading only. Other files than memfds have seals, too: a regular file on
/// tmpfs has [`Seals::SEAL`]. Linux 6.3 and later may set [`Seals::EXEC`] on their own, so test
/// bits instead of comparing the result.
///
/// # Errors
///
/// * `EBADF`: `fd` was opened with `O_PATH`.
/// * `EINVAL`: the file does not support seals (a pipe, a file on a disk, a secret file).
///
/// Source: F_GET_SEALS(2const) (fcntl(2)), mm/memfd.c.
///
/// ```
/// use memfd_go::Seals;
///
/// # fn main() -> std::io::Result<()> {
/// let file = memfd_go::create_sealed("greeting", b"hello", Seals::IMMUTABLE)?;
/// assert!(memfd_go::get_seals(&file)?.contains(Seals::WRITE));
/// # Ok(())
/// # }
/// ```
pub fn get_seals(fd: impl AsFd) -> io::Result<Seals> {
    // SAFETY: the function takes no pointers.
    let seals = result(unsafe { sys::memfd_go_get_seals(fd.as_fd().as_raw_fd()) })?;
    Ok(Seals::from_bits_retain(seals as u32))
}

/// Adds all of `seals` to the file `fd`, or none, like fcntl(2) with `F_ADD_SEALS`.
///
/// `seals` may include seals that are already set.
///
/// # Errors
///
/// * `EBADF`: `fd` was opened with `O_PATH`.
/// * `EPERM`: `fd` is not open for writing.
/// * `EPERM`: [`Seals::SEAL`] is set.
/// * `EINVAL`: unknown seals.
/// * `EINVAL`: the file does not support seals (a pipe, a file on a disk, a secret file).
/// * `EBUSY`: [`Seals::WRITE`], and a shared mapping of a writable descriptor exists, even if
///   mprotect(2) made it read-only.
/// * `EBUSY`: [`Seals::WRITE`], and direct I/O or the kernel itself used a page for longer than the
///   kernel waits (about 0.1 s): try again.
///
/// Source: F_ADD_SEALS(2const) (fcntl(2)), mm/memfd.c.
///
/// ```
/// use memfd_go::Seals;
///
/// # fn main() -> std::io::Result<()> {
/// let file = memfd_go::create("grows only")?;
/// memfd_go::add_seals(&file, Seals::SHRINK)?;
/// assert!(file.set_size(10).is_ok());
/// assert!(file.set_size(9).is_err());
/// # Ok(())
/// # }
/// ```
pub fn add_seals(fd: impl AsFd, seals: Seals) -> io::Result<()> {
    // SAFETY: the function takes no pointers.
    result(unsafe { sys::memfd_go_add_seals(fd.as_fd().as_raw_fd(), seals.bits()) })?;
    Ok(())
}

/// Adds those of `seals` that are missing to the file `fd`.
///
/// If all are set already, this succeeds even if [`Seals::SEAL`] is set, or if `fd` is open for
/// reading only.
///
/// # Errors
///
/// Like [`add_seals`].
///
/// Source: F_ADD_SEALS(2const) (fcntl(2)), mm/memfd.c.
///
/// ```
/// use memfd_go::Seals;
///
/// # fn main() -> std::io::Result<()> {
/// let file = memfd_go::create_sealed("greeting", b"hello", Seals::IMMUTABLE)?;
/// memfd_go::ensure_seals(&file, Seals::WRITE)?;
/// assert!(memfd_go::ensure_seals(&file, Seals::FUTURE_WRITE).is_err());
/// # Ok(())
/// # }
/// ```
pub fn ensure_seals(fd: impl AsFd, seals: Seals) -> io::Result<()> {
    // SAFETY: the function takes no pointers.
    result(unsafe { sys::memfd_go_ensure_seals(fd.as_fd().as_raw_fd(), seals.bits()) })?;
    Ok(())
}

/// Checks that all of `required` are set on the file `fd`.
///
/// [`Seals::FUTURE_WRITE`] does not imply [`Seals::WRITE`], nor the reverse. To guarantee that
/// contents cannot change, use [`SealedMemFd`](crate::SealedMemFd), which checks more.
///
/// # Errors
///
/// * [`SealsError::Missing`] (`EKEYREJECTED`): one or more are not set.
/// * [`SealsError::Os`]: like [`get_seals`].
///
/// Source: F_GET_SEALS(2const) (fcntl(2)), mm/memfd.c.
///
/// ```
/// use memfd_go::{Seals, SealsError};
///
/// # fn main() -> std::io::Result<()> {
/// let file = memfd_go::create("half sealed")?;
/// file.add_seals(Seals::GROW)?;
/// memfd_go::check_seals(&file, Seals::GROW)?;
/// match memfd_go::check_seals(&file, Seals::GROW | Seals::WRITE) {
///     Err(SealsError::Missing(seals)) => assert_eq!(seals, Seals::WRITE),
///     other => panic!("{other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
pub fn check_seals(fd: impl AsFd, required: Seals) -> Result<(), SealsError> {
    let mut missing = 0;
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: `missing` is writable.
    match unsafe { sys::memfd_go_check_seals(fd, required.bits(), &mut missing) } {
        r if r == -libc::EKEYREJECTED => Err(SealsError::Missing(Seals::from_bits_retain(missing))),
        r => Ok(result(r).map(drop)?),
    }
}
