// SPDX-License-Identifier: MIT

//! Version of the library, and names of errors.

use std::ffi::CStr;
use std::fmt;
use std::os::raw::c_char;

use memfd_go_sys as sys;

/// A version of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Increases with incompatible changes.
    pub major: u16,
    /// Increases when functions are added.
    pub minor: u8,
    /// Increases with all other releases.
    pub patch: u8,
}

impl Version {
    /// The version of the header that this crate was written for.
    pub const HEADER: Version = Version::from_word(sys::MEMFD_GO_VERSION);

    /// Converts `MAJOR << 16 | MINOR << 8 | PATCH`.
    const fn from_word(word: u32) -> Self {
        Version {
            major: (word >> 16) as u16,
            minor: (word >> 8) as u8,
            patch: word as u8,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// Returns the version of the running library.
///
/// ```
/// assert!(memfd_go::version() >= memfd_go::Version::HEADER);
/// ```
pub fn version() -> Version {
    // SAFETY: the function takes nothing and cannot fail.
    Version::from_word(unsafe { sys::memfd_go_version() })
}

/// Returns the version of the running library as text, such as "1.0.0".
///
/// ```
/// assert_eq!(memfd_go::version_string(), memfd_go::version().to_string());
/// ```
pub fn version_string() -> &'static str {
    // SAFETY: the result is a constant string.
    unsafe { constant(sys::memfd_go_version_string()) }
}

/// Returns the name of the error number `err`, such as "EBUSY".
///
/// `err` may be positive (`EBUSY`) or negative (`-EBUSY`). The name of an unknown number, and of 0,
/// is "E?". Of two names for one number the result is the one that errno(3) does not call an
/// alias (EAGAIN, EOPNOTSUPP).
///
/// Source: errno(3), include/uapi/asm-generic/errno.h.
///
/// ```
/// let error = memfd_go::create(&"x".repeat(250)).unwrap_err();
/// assert_eq!(memfd_go::errname(error.raw_os_error().unwrap()), "EINVAL");
/// ```
pub fn errname(err: i32) -> &'static str {
    // SAFETY: the result is a constant string, whatever the number.
    unsafe {
        match err {
            0 => "E?",
            _ => constant(sys::memfd_go_result_name(if err > 0 { -err } else { err })),
        }
    }
}

/// Wraps a constant string of the library.
///
/// # Safety
///
/// `text` points to a string that ends with a NUL, does not change, and is valid as long as the
/// library is loaded. The library is linked, so it is never unloaded.
unsafe fn constant(text: *const c_char) -> &'static str {
    // SAFETY: the caller upholds the contract.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().expect("the library's strings are ASCII")
}
