// SPDX-License-Identifier: MIT

//! Typed secrets.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem::{align_of, size_of};
use std::ptr::{self, NonNull};
use std::str;

use bytemuck::{bytes_of, NoUninit, Zeroable};
use memfd_go_sys as sys;

use crate::{equal, wipe, SecretBuf, SecretKind, SecretOptions, SecretRead, SecretWrite};

/// A value in secret memory, accessible only through a guard.
///
/// It is a [`SecretBuf`] that contains a `T`, with the same guards, cost and behaviour after
/// fork(2). Zeros must be a valid `T`: numbers, arrays of numbers, and structs that derive
/// [`bytemuck::Zeroable`].
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
    /// The move may leave copies of `value` behind, usually on the stack, that nobody wipes.
    /// [`SecretBox::new_with`] creates the value in place.
    ///
    /// # Errors
    ///
    /// Like [`SecretOptions::allocate`], and:
    ///
    /// * `EINVAL`: the size of `T` is 0, or its alignment is more than a page.
    pub fn new(value: T) -> io::Result<SecretBox<T>> {
        SecretBox::new_with(|place| *place = value)
    }

    /// Creates a value in place: `make` gets a value of zeros and fills it in.
    ///
    /// # Errors
    ///
    /// Like [`SecretBox::new`].
    pub fn new_with(make: impl FnOnce(&mut T)) -> io::Result<SecretBox<T>> {
        SecretBox::with_options(SecretOptions::new(), make)
    }

    /// Creates a value in place, like [`SecretBox::new_with`], with options.
    ///
    /// # Errors
    ///
    /// Like [`SecretBox::new`], and:
    ///
    /// * `EINVAL`: [`SecretOptions::align_end`] would leave the value misaligned.
    pub fn with_options(
        options: SecretOptions,
        make: impl FnOnce(&mut T),
    ) -> io::Result<SecretBox<T>> {
        let buf = options.allocate(size_of::<T>())?;
        if buf.address() % align_of::<T>() != 0 {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        let mut secret = SecretBox {
            buf,
            value: PhantomData,
        };
        make(&mut *secret.write()?);
        Ok(secret)
    }
}

impl<T> SecretBox<T> {
    /// Makes the value readable until all guards are dropped. See [`SecretBuf::read`]. The memory
    /// is writable, too, because a shared reference to a type such as [`Cell`](std::cell::Cell)
    /// can change the value.
    pub fn read(&self) -> io::Result<SecretRead<'_, T>> {
        let guard = self.buf.read_with(sys::MEMFD_GO_ACCESS_READ_WRITE)?;
        // SAFETY: the buffer starts with a valid T.
        Ok(unsafe { guard.cast(NonNull::cast) })
    }

    /// Makes the value readable and writable until the guard is dropped. See
    /// [`SecretBuf::write`].
    pub fn write(&mut self) -> io::Result<SecretWrite<'_, T>> {
        // SAFETY: the buffer starts with a valid T.
        Ok(unsafe { self.buf.write()?.cast(NonNull::cast) })
    }

    /// Returns how the memory is protected.
    pub fn kind(&self) -> SecretKind {
        self.buf.kind()
    }
}

/// Compares values of types without padding, in a time that depends only on the type.
///
/// # Panics
///
/// Panics if the memory cannot be made readable ([`SecretBox::read`]).
impl<T: NoUninit> PartialEq for SecretBox<T> {
    fn eq(&self, other: &SecretBox<T>) -> bool {
        let message = "cannot make the secret readable";
        let (a, b) = (self.read().expect(message), other.read().expect(message));
        equal(bytes_of(&*a), bytes_of(&*b))
    }
}

impl<T: NoUninit> Eq for SecretBox<T> {}

impl<T> Drop for SecretBox<T> {
    fn drop(&mut self) {
        // write() fails in a child of fork(2), which does not have the value.
        if let Ok(mut value) = self.write() {
            let value: *mut T = &mut *value;
            // SAFETY: the value is not used again. The buffer wipes its bytes.
            unsafe { ptr::drop_in_place(value) }
        }
    }
}

/// Shows only the kind.
impl<T> fmt::Debug for SecretBox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretBox")
            .field("kind", &self.kind())
            .finish_non_exhaustive()
    }
}

/// A write guard cannot be used to store a reference that ends before the secret.
///
/// ```compile_fail
/// # use memfd_go::{SecretBox, SecretWrite};
/// fn store<'a>(mut guard: SecretWrite<'_, Option<&'a u8>>, number: &'a u8) {
///     *guard = Some(number);
/// }
///
/// let mut secret = SecretBox::<Option<&'static u8>>::new(None).unwrap();
/// store(secret.write().unwrap(), &Box::new(7));
/// ```
///
/// Except for the lifetime, this compiles:
///
/// ```
/// # use memfd_go::{SecretBox, SecretWrite};
/// fn store<'a>(mut guard: SecretWrite<'_, Option<&'a u8>>, number: &'a u8) {
///     *guard = Some(number);
/// }
///
/// let mut secret = SecretBox::<Option<&'static u8>>::new(None).unwrap();
/// store(secret.write().unwrap(), &7);
/// ```
#[cfg(doctest)]
struct WriteGuardIsInvariant;

/// Text in secret memory, such as a password. It is like [`SecretBuf`], but its guards dereference
/// to `str`.
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
    len: usize, // 0 for the empty string, whose buffer has one byte.
}

impl SecretString {
    /// Moves text to secret memory: copies it, and wipes the whole capacity of `source`, also after
    /// an error. Copies that `source` left behind when it grew are not wiped.
    ///
    /// # Errors
    ///
    /// Like [`SecretOptions::allocate`].
    pub fn take(source: String) -> io::Result<SecretString> {
        let mut bytes = source.into_bytes();
        let moved = SecretString::copy(&bytes);
        // Initialize the spare capacity, so that wipe() can cover it.
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

    /// Makes the text readable until all guards are dropped. See [`SecretBuf::read`].
    pub fn read(&self) -> io::Result<SecretRead<'_, str>> {
        let guard = self.buf.read()?;
        // SAFETY: the first `len` bytes were copied from a String, and nothing changes them.
        let text = |bytes: NonNull<[u8]>| unsafe {
            str::from_utf8_unchecked(&bytes.as_ref()[..self.len]).into()
        };
        // SAFETY: the text is in the buffer.
        Ok(unsafe { guard.cast(text) })
    }

    /// Wipes the text, and leaves the empty string.
    ///
    /// # Errors
    ///
    /// Like [`SecretBuf::write`].
    pub fn clear(&mut self) -> io::Result<()> {
        wipe(&mut self.buf.write()?);
        self.len = 0;
        Ok(())
    }

    /// Returns the length of the text in bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns how the memory is protected.
    pub fn kind(&self) -> SecretKind {
        self.buf.kind()
    }
}

/// Shows only the kind and the length.
impl fmt::Debug for SecretString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretString")
            .field("kind", &self.kind())
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}
