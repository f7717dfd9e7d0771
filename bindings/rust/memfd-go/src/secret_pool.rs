// SPDX-License-Identifier: MIT

//! Pools of small secrets.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem::{align_of, size_of, MaybeUninit};
use std::ops::{Deref, DerefMut};
use std::ptr::{self, NonNull};

use bytemuck::{bytes_of, NoUninit, Zeroable};
use memfd_go_sys as sys;

use crate::error::result;
use crate::fork::Incarnation;
use crate::spin::{SpinGuard, SpinLock};
use crate::{equal, SecretKind, SecretOptions};

/// A pool of slots for secrets: bytes of one length, or values of one type.
///
/// The slots are in one area of secret memory, so taking one and giving it back needs no system
/// call. In return, slots are always accessible, and there are no guard pages between them. All
/// threads may use the pool; it has a lock.
///
/// # fork(2)
///
/// A child does not have the secrets: the memory is unmapped or contains zeros. Its copy of the
/// pool detects this, so [`SecretPool::take`] fails with `EFAULT`, and dropping the pool and its
/// slots does nothing. Do not use a slot in the child that was taken before the fork.
///
/// ```
/// use memfd_go::SecretPool;
///
/// # fn main() -> std::io::Result<()> {
/// let keys = SecretPool::new(32, 100)?;
/// let mut key = keys.take()?;
/// key.fill(0x5a); // Use random bytes instead.
/// assert_eq!((keys.used(), keys.slots()), (1, 100));
/// drop(key); // Wipes it.
/// assert_eq!(keys.used(), 0);
///
/// let keys = SecretPool::<[u64; 4]>::of(100)?;
/// let mut key = keys.take()?;
/// key[3] = 7;
/// # Ok(())
/// # }
/// ```
pub struct SecretPool<T: ?Sized = [u8]> {
    pool: SpinLock<sys::memfd_go_secret_pool>,
    kind: SecretKind,
    slot_len: usize,
    slots: u32,
    home: Incarnation,
    values: PhantomData<fn() -> Box<T>>, // Slots own the values, and borrow the pool.
}

// SAFETY: the memory is not tied to a thread, and the pool owns nothing else.
unsafe impl<T: ?Sized> Send for SecretPool<T> {}
// SAFETY: the pool changes only while it is locked.
unsafe impl<T: ?Sized> Sync for SecretPool<T> {}

/// The alignment of every slot.
const SLOT_ALIGN: usize = 16;

impl SecretPool {
    /// Allocates `slots` slots of `slot_len` bytes each, like [`SecretPool::with_options`] with
    /// default options.
    pub fn new(slot_len: usize, slots: u32) -> io::Result<SecretPool> {
        SecretPool::with_options(slot_len, slots, SecretOptions::new())
    }

    /// Allocates `slots` slots of `slot_len` bytes each, zeroed and aligned to 16 bytes.
    ///
    /// * `slot_len`: in bytes, more than 0. Each slot takes another 16 bytes.
    /// * `slots`: 1 to 1048576.
    /// * `options`: all except [`SecretOptions::align_end`] and those that only the `unsafe`
    ///   functions accept.
    ///
    /// # Errors
    ///
    /// Like [`SecretOptions::allocate`], and:
    ///
    /// * `EINVAL`: `slots` is out of range.
    ///
    /// Source: memfd_secret(2).
    pub fn with_options(
        slot_len: usize,
        slots: u32,
        options: SecretOptions,
    ) -> io::Result<SecretPool> {
        SecretPool::allocate(slot_len, slots, options)
    }

    /// Takes a free slot, which contains zeros. Dropping the slot wipes it and gives it back.
    ///
    /// # Errors
    ///
    /// * `ENOSPC`: all slots are in use.
    /// * `EFAULT`: this is a child of fork(2), which does not have the pool.
    /// * `EINVAL`: `unsafe` code has written outside of its slot.
    ///
    /// Safe: not in signal handlers. Source: memfd_go.h.
    pub fn take(&self) -> io::Result<SecretSlot<'_>> {
        let start = self.take_slot()?.as_ptr();
        let bytes = ptr::slice_from_raw_parts_mut(start, self.slot_len);
        // SAFETY: a slot has `slot_len` bytes, and its address is not 0.
        let value = unsafe { NonNull::new_unchecked(bytes) };
        Ok(SecretSlot { pool: self, value })
    }

    /// Returns the requested length of each slot in bytes.
    pub fn slot_len(&self) -> usize {
        self.slot_len
    }
}

impl<T: Zeroable> SecretPool<T> {
    /// Allocates `slots` slots for a `T` each, like [`SecretPool::of_with_options`] with default
    /// options.
    pub fn of(slots: u32) -> io::Result<SecretPool<T>> {
        SecretPool::of_with_options(slots, SecretOptions::new())
    }

    /// Allocates `slots` slots for a `T` each, like [`SecretPool::with_options`].
    ///
    /// # Errors
    ///
    /// Like [`SecretPool::with_options`], and:
    ///
    /// * `EINVAL`: the size of `T` is 0, or its alignment is more than 16.
    pub fn of_with_options(slots: u32, options: SecretOptions) -> io::Result<SecretPool<T>> {
        if align_of::<T>() > SLOT_ALIGN {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        SecretPool::allocate(size_of::<T>(), slots, options)
    }

    /// Takes a free slot, whose value is zeros. Dropping the slot drops the value, wipes the slot
    /// and gives it back.
    ///
    /// # Errors
    ///
    /// Like [`SecretPool::take`](SecretPool::<[u8]>::take).
    ///
    /// ```
    /// use memfd_go::SecretPool;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let pairs = SecretPool::<(u64, u64)>::of(10)?;
    /// let mut pair = pairs.take()?;
    /// pair.1 = 7;
    /// assert_eq!(*pair, (0, 7));
    /// # Ok(())
    /// # }
    /// ```
    pub fn take(&self) -> io::Result<SecretSlot<'_, T>> {
        let value = self.take_slot()?.cast();
        Ok(SecretSlot { pool: self, value })
    }
}

impl<T: ?Sized> SecretPool<T> {
    fn allocate(slot_len: usize, slots: u32, options: SecretOptions) -> io::Result<Self> {
        let opts = options.private_bits()?;
        if isize::try_from(slot_len).is_err() {
            // A slice cannot be longer than isize::MAX.
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        // SAFETY: zeros are valid for all members, which are integers and pointers.
        let mut pool: sys::memfd_go_secret_pool = unsafe { MaybeUninit::zeroed().assume_init() };
        // SAFETY: `pool` is writable.
        result(unsafe { sys::memfd_go_secret_pool_init(&mut pool, slot_len, slots, opts) })?;
        Ok(SecretPool {
            kind: SecretKind::from_number(pool.area.kind),
            slot_len,
            slots,
            pool: SpinLock::new(pool),
            home: Incarnation::current(),
            values: PhantomData,
        })
    }

    /// Returns how the memory is protected.
    pub fn kind(&self) -> SecretKind {
        self.kind
    }

    /// Returns the number of slots.
    pub fn slots(&self) -> u32 {
        self.slots
    }

    /// Returns the number of slots in use; 0 in a child of fork(2), which does not have the pool.
    pub fn used(&self) -> u32 {
        match self.is_here() {
            true => self.lock().used,
            false => 0, // A thread of the parent may have held the lock at the fork.
        }
    }

    fn take_slot(&self) -> io::Result<NonNull<u8>> {
        if !self.is_here() {
            return Err(io::Error::from_raw_os_error(libc::EFAULT));
        }
        let mut slot = ptr::null_mut();
        // SAFETY: the pool belongs to `self` and is locked. `slot` is writable.
        result(unsafe { sys::memfd_go_secret_pool_take(&mut *self.lock(), &mut slot) })?;
        Ok(NonNull::new(slot.cast()).expect("no slot is at address 0"))
    }

    /// Returns whether this process has the memory. A child of fork(2) does not.
    fn is_here(&self) -> bool {
        self.home == Incarnation::current()
    }

    fn lock(&self) -> SpinGuard<'_, sys::memfd_go_secret_pool> {
        self.pool.lock()
    }
}

impl<T: ?Sized> Drop for SecretPool<T> {
    fn drop(&mut self) {
        if self.is_here() {
            // An error means too many mappings; then the pool stays allocated.
            // SAFETY: the pool belongs to `self`, and no slot is left, because slots borrow it.
            unsafe { sys::memfd_go_secret_pool_free(&mut *self.lock()) };
        }
    }
}

/// Shows only the kind, the number of slots and their length.
impl<T: ?Sized> fmt::Debug for SecretPool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretPool")
            .field("kind", &self.kind)
            .field("slots", &self.slots)
            .field("slot_len", &self.slot_len)
            .finish_non_exhaustive()
    }
}

/// A slot of a [`SecretPool`]: a slice of bytes, or a value of the pool's type. Dropping wipes
/// it.
pub struct SecretSlot<'a, T: ?Sized = [u8]> {
    pool: &'a SecretPool<T>,
    value: NonNull<T>,
}

// SAFETY: the memory is not tied to a thread, and the pool is Sync.
unsafe impl<T: ?Sized + Send> Send for SecretSlot<'_, T> {}
// SAFETY: a shared reference to the slot gives only a shared reference to the value.
unsafe impl<T: ?Sized + Sync> Sync for SecretSlot<'_, T> {}

impl<T: ?Sized> Deref for SecretSlot<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the slot contains a valid value, which only `self` accesses.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for SecretSlot<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the slot contains a valid value, which only `self` accesses.
        unsafe { self.value.as_mut() }
    }
}

/// Compares bytes in a time that depends only on the lengths.
impl PartialEq for SecretSlot<'_> {
    fn eq(&self, other: &SecretSlot<'_>) -> bool {
        equal(self, other)
    }
}

impl Eq for SecretSlot<'_> {}

/// Compares values of types without padding, in a time that depends only on the type.
impl<T: NoUninit> PartialEq for SecretSlot<'_, T> {
    fn eq(&self, other: &SecretSlot<'_, T>) -> bool {
        equal(bytes_of(&**self), bytes_of(&**other))
    }
}

impl<T: NoUninit> Eq for SecretSlot<'_, T> {}

impl<T: ?Sized> Drop for SecretSlot<'_, T> {
    fn drop(&mut self) {
        if self.pool.is_here() {
            // Gives the slot back even if dropping the value panics.
            let _slot = TakenSlot(self.pool, self.value);
            // SAFETY: the value is valid, and not used any more.
            unsafe { ptr::drop_in_place(self.value.as_ptr()) };
        }
    }
}

/// A slot without a value.
struct TakenSlot<'a, T: ?Sized>(&'a SecretPool<T>, NonNull<T>);

impl<T: ?Sized> Drop for TakenSlot<'_, T> {
    fn drop(&mut self) {
        let TakenSlot(pool, slot) = self;
        // An error means that `unsafe` code has written outside of its slot. Then the slot stays
        // in use until the pool is freed.
        // SAFETY: the pool is locked, and the slot is not used any more.
        unsafe { sys::memfd_go_secret_pool_give(&mut *pool.lock(), slot.as_ptr().cast()) };
    }
}

/// Shows only the length.
impl<T: ?Sized> fmt::Debug for SecretSlot<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretSlot")
            .field("len", &self.pool.slot_len)
            .finish_non_exhaustive()
    }
}
