// SPDX-License-Identifier: MIT

//! The traits of the crate zeroize. The library wipes secrets when they are dropped: the
//! marker says so. [`Zeroize`] does it earlier, and leaves the memory in place.

use bytemuck::Zeroable;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{SecretBox, SecretBuf, SecretPool, SecretSlot, SecretString};

/// Fills the buffer with zeros.
///
/// # Panics
///
/// If the memory cannot be made writable ([`SecretBuf::write`]).
impl Zeroize for SecretBuf {
    fn zeroize(&mut self) {
        crate::wipe(&mut self.write().expect("the secret can be written to"));
    }
}

/// Drops the value and leaves one of all zeros.
///
/// # Panics
///
/// If the memory cannot be made writable ([`SecretBox::write`]).
impl<T: Zeroable> Zeroize for SecretBox<T> {
    fn zeroize(&mut self) {
        *self.write().expect("the secret can be written to") = T::zeroed();
    }
}

/// Leaves the empty string.
///
/// # Panics
///
/// If the memory cannot be made writable.
impl Zeroize for SecretString {
    fn zeroize(&mut self) {
        self.clear().expect("the secret can be written to");
    }
}

impl ZeroizeOnDrop for SecretBuf {}
impl<T> ZeroizeOnDrop for SecretBox<T> {}
impl ZeroizeOnDrop for SecretString {}
impl<T: ?Sized> ZeroizeOnDrop for SecretPool<T> {}
impl<T: ?Sized> ZeroizeOnDrop for SecretSlot<'_, T> {}
