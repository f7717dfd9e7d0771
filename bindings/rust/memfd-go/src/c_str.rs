// SPDX-License-Identifier: MIT

//! Strings for the C API.

use std::ffi::{CStr, CString};
use std::io;

/// A type that converts to a C string: `str`, [`String`], [`CStr`], [`CString`], and references
/// to them.
///
/// Use a [`CStr`] for bytes that are not UTF-8. The conversion allocates only if the text is
/// longer than [`NAME_MAX`](crate::NAME_MAX) bytes. Text that contains a NUL is `EINVAL`.
///
/// This trait is sealed: other crates cannot implement it.
pub trait ToCStr: sealed::ToCStr {}

impl<T: sealed::ToCStr + ?Sized> ToCStr for T {}

pub(crate) mod sealed {
    use super::*;

    pub trait ToCStr {
        /// Calls `f` with the text as a C string.
        fn with_c_str<R>(&self, f: impl FnOnce(&CStr) -> io::Result<R>) -> io::Result<R>;
    }

    impl ToCStr for str {
        fn with_c_str<R>(&self, f: impl FnOnce(&CStr) -> io::Result<R>) -> io::Result<R> {
            let invalid = || io::Error::from_raw_os_error(libc::EINVAL);
            let mut buf = [0; crate::NAME_MAX + 1];
            match buf.get_mut(..self.len() + 1) {
                Some(text) => {
                    text[..self.len()].copy_from_slice(self.as_bytes());
                    f(CStr::from_bytes_with_nul(text).map_err(|_| invalid())?)
                }
                None => f(&CString::new(self).map_err(|_| invalid())?),
            }
        }
    }

    impl ToCStr for CStr {
        fn with_c_str<R>(&self, f: impl FnOnce(&CStr) -> io::Result<R>) -> io::Result<R> {
            f(self)
        }
    }

    impl ToCStr for String {
        fn with_c_str<R>(&self, f: impl FnOnce(&CStr) -> io::Result<R>) -> io::Result<R> {
            self.as_str().with_c_str(f)
        }
    }

    impl ToCStr for CString {
        fn with_c_str<R>(&self, f: impl FnOnce(&CStr) -> io::Result<R>) -> io::Result<R> {
            f(self)
        }
    }

    impl<T: ToCStr + ?Sized> ToCStr for &T {
        fn with_c_str<R>(&self, f: impl FnOnce(&CStr) -> io::Result<R>) -> io::Result<R> {
            (**self).with_c_str(f)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::sealed::ToCStr;
    use super::*;

    fn bytes(text: impl ToCStr) -> io::Result<Vec<u8>> {
        text.with_c_str(|text| Ok(text.to_bytes().to_vec()))
    }

    #[test]
    fn text_becomes_a_c_string() {
        for text in ["", "a", "a/b\n", "ä", &"x".repeat(249), &"x".repeat(250)] {
            assert_eq!(bytes(text).unwrap(), text.as_bytes());
            assert_eq!(bytes(text.to_owned()).unwrap(), text.as_bytes());
            let c_text = CString::new(text).unwrap();
            assert_eq!(bytes(&*c_text).unwrap(), text.as_bytes());
            assert_eq!(bytes(c_text).unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn text_with_a_nul_is_refused() {
        for text in ["\0", "a\0b", &("\0".to_owned() + &"x".repeat(250))] {
            let error = bytes(text).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EINVAL), "{text:?}");
        }
    }
}
