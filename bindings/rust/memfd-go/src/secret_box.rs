// SPDX-License-Identifier: MIT

//! Secrets that have a type.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem::{align_of, size_of};
use std::ptr::{self, NonNull};
use std::str;

use bytemuck::{bytes_of, NoUninit, Zeroable};

use crate::{equal, wipe, SecretBuf, SecretKind, SecretOptions, SecretRead, SecretWrite};

/// A value in secret memory, which cannot be touched but through a guard.
///
/// It is a [`SecretBuf`] that holds a `T`; all that is said there about guards, cost and
/// fork(2) holds here. Any type for which all zeros are a value will do: numbers, arrays of
/// them, and structs that derive [`bytemuck::Zeroable`].
///
/// ```
/// use memfd_go::SecretBox;
///
/// # fn main() -> std::io::Result<()> {
/// let key = SecretBox::<[u64; 4]>::new_with(|key| key[3] = 7)?;
/// assert_eq!(key.read()?[3], 7);
/// # Ok(())
/// # }
/// ```
pub struct SecretBox<T> {
    buf: SecretBuf,
    value: PhantomData<T>,
}

impl<T: Zeroable> SecretBox<T> {
    /// Moves `value` to secret memory.
    ///
    /// The move leaves copies behind wherever `value` was before, on the stack as a rule, that
    /// nobody wipes. [`SecretBox::new_with`] makes the value in place.
    ///
    /// Errors like [`SecretOptions::allocate`], with `EINVAL` for a type without a size or with
    /// an alignment over that of a page.
    pub fn new(value: T) -> io::Result<SecretBox<T>> {
        SecretBox::new_with(|place| *place = value)
    }

    /// Makes a value in secret memory: `make` gets one of all zeros, to fill in.
    ///
    /// Errors like [`SecretBox::new`].
    pub fn new_with(make: impl FnOnce(&mut T)) -> io::Result<SecretBox<T>> {
        SecretBox::with_options(SecretOptions::new(), make)
    }

    /// Like [`SecretBox::new_with`], with options. [`SecretOptions::align_end`] is `EINVAL` if
    /// it leaves the value misaligned.
    pub fn with_options(
        options: SecretOptions,
        make: impl FnOnce(&mut T),
    ) -> io::Result<SecretBox<T>> {
        let mut secret = SecretBox {
            buf: options.allocate(size_of::<T>())?,
            value: PhantomData,
        };
        if secret.buf.address() % align_of::<T>() != 0 {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        make(&mut *secret.write()?);
        Ok(secret)
    }
}

impl<T> SecretBox<T> {
    /// Makes the value readable, until all such guards are dropped. See [`SecretBuf::read`].
    pub fn read(&self) -> io::Result<SecretRead<'_, T>> {
        // SAFETY: the buffer holds a T, at its start.
        Ok(unsafe { self.buf.read()?.cast(|bytes| NonNull::from(bytes).cast()) })
    }

    /// Makes the value readable and writable, until the guard is dropped. See
    /// [`SecretBuf::write`].
    pub fn write(&mut self) -> io::Result<SecretWrite<'_, T>> {
        // SAFETY: the buffer holds a T, at its start.
        Ok(unsafe { self.buf.write()?.cast(|bytes| NonNull::from(bytes).cast()) })
    }

    /// What the memory is made of.
    pub fn kind(&self) -> SecretKind {
        self.buf.kind()
    }
}

/// Compares values of types without padding, in a time that depends on the type alone.
///
/// # Panics
///
/// If the memory cannot be made readable ([`SecretBox::read`]).
impl<T: NoUninit> PartialEq for SecretBox<T> {
    fn eq(&self, other: &SecretBox<T>) -> bool {
        let read = "the secret can be read";
        let (ours, theirs) = (self.read().expect(read), other.read().expect(read));
        equal(bytes_of(&*ours), bytes_of(&*theirs))
    }
}

impl<T: NoUninit> Eq for SecretBox<T> {}

impl<T> Drop for SecretBox<T> {
    fn drop(&mut self) {
        // In the child of a fork there is no value, and no access to it.
        if let Ok(mut value) = self.write() {
            let value: *mut T = &mut *value;
            // SAFETY: it is not used again; what remains is wiped as bytes.
            unsafe { ptr::drop_in_place(value) }
        }
    }
}

/// Tells what it is made of, and nothing else.
impl<T> fmt::Debug for SecretBox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretBox")
            .field("kind", &self.kind())
            .finish_non_exhaustive()
    }
}

/// Text in secret memory, such as a password. Like [`SecretBuf`], but its guard is a `str`.
///
/// ```
/// use memfd_go::SecretString;
///
/// # fn main() -> std::io::Result<()> {
/// let password = SecretString::take(String::from("correct horse"))?;
/// assert!(password.read()?.ends_with("horse"));
/// assert_eq!(format!("{password:?}").find("horse"), None);
/// # Ok(())
/// # }
/// ```
pub struct SecretString {
    buf: SecretBuf,
    len: usize, // The buffer of no text is one byte long.
}

impl SecretString {
    /// Moves text from ordinary memory: copies it, and wipes `source`, all of its capacity,
    /// also on failure. Copies that `source` left behind when it grew are not found.
    ///
    /// Errors like [`SecretOptions::allocate`].
    pub fn take(source: String) -> io::Result<SecretString> {
        let mut bytes = source.into_bytes();
        let moved = SecretString::copy(&bytes);
        // Writing to what is spare makes it bytes that can be wiped with the rest.
        bytes.resize(bytes.capacity(), 0);
        wipe(&mut bytes);
        moved
    }

    fn copy(text: &[u8]) -> io::Result<SecretString> {
        let len = text.len();
        let mut buf = SecretBuf::new(len.max(1))?;
        buf.write()?[..len].copy_from_slice(text);
        Ok(SecretString { buf, len })
    }

    /// Makes the text readable, until all such guards are dropped. See [`SecretBuf::read`].
    pub fn read(&self) -> io::Result<SecretRead<'_, str>> {
        let guard = self.buf.read()?;
        // SAFETY: so many bytes were a String, and nobody has changed them.
        Ok(unsafe { guard.cast(|bytes| str::from_utf8_unchecked(&bytes[..self.len]).into()) })
    }

    /// Wipes the text. What remains is the empty string.
    ///
    /// Errors like [`SecretBuf::write`].
    pub fn clear(&mut self) -> io::Result<()> {
        wipe(&mut self.buf.write()?);
        self.len = 0;
        Ok(())
    }

    /// The length of the text in bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What the memory is made of.
    pub fn kind(&self) -> SecretKind {
        self.buf.kind()
    }
}

/// Tells how long it is and what it is made of, and nothing else.
impl fmt::Debug for SecretString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretString")
            .field("kind", &self.kind())
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}
