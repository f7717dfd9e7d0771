// SPDX-License-Identifier: MIT

//! The traits of the crate zeroize. All secrets are wiped when they are dropped, so they implement
//! [`ZeroizeOnDrop`]. [`Zeroize`] wipes them earlier.

use bytemuck::Zeroable;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{SecretBox, SecretBuf, SecretPool, SecretSlot, SecretString};

/// Overwrites the buffer with zeros.
///
/// # Panics
///
/// Panics if the memory cannot be made writable ([`SecretBuf::write`]).
impl Zeroize for SecretBuf {
    fn zeroize(&mut self) {
        crate::wipe(&mut self.write().expect("cannot make the secret writable"));
    }
}

/// Drops the value, and leaves a value of zeros.
///
/// # Panics
///
/// Panics if the memory cannot be made writable ([`SecretBox::write`]).
impl<T: Zeroable> Zeroize for SecretBox<T> {
    fn zeroize(&mut self) {
        *self.write().expect("cannot make the secret writable") = T::zeroed();
    }
}

/// Wipes the text, and leaves the empty string.
///
/// # Panics
///
/// Panics if the memory cannot be made writable.
impl Zeroize for SecretString {
    fn zeroize(&mut self) {
        self.clear().expect("cannot make the secret writable");
    }
}

impl ZeroizeOnDrop for SecretBuf {}
impl<T> ZeroizeOnDrop for SecretBox<T> {}
impl ZeroizeOnDrop for SecretString {}
impl<T: ?Sized> ZeroizeOnDrop for SecretPool<T> {}
impl<T: ?Sized> ZeroizeOnDrop for SecretSlot<'_, T> {}
