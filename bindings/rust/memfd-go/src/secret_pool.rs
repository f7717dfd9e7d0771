// SPDX-License-Identifier: MIT

//! Many small secrets.

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

/// A pool of slots for secrets: of bytes, all of one length, or of values of one type.
///
/// The slots are in one area of secret memory, so that taking and giving one back costs no
/// system call. In return slots are always accessible, and between them there is no guard
/// page. All threads may use the pool; it has a lock.
///
/// # fork(2)
///
/// The child has no secrets: the memory is not there, or holds zeros. Its copy of the pool
/// knows that: [`SecretPool::take`] is refused with `EFAULT`, and dropping pool and slots
/// does nothing. A slot that was taken at the fork must not be used in the child.
///
/// ```
/// use memfd_go::SecretPool;
///
/// # fn main() -> std::io::Result<()> {
/// let keys = SecretPool::new(32, 100)?;
/// let mut key = keys.take()?;
/// key.fill(0x5a); // some random bytes
/// assert_eq!((keys.used(), keys.slots()), (1, 100));
/// drop(key); // It is wiped.
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
    values: PhantomData<fn() -> Box<T>>, // They are in the slots, which borrow the pool.
}

// SAFETY: memory belongs to the process, not to a thread; nothing else is in the pool.
unsafe impl<T: ?Sized> Send for SecretPool<T> {}
// SAFETY: what changes is changed under the lock.
unsafe impl<T: ?Sized> Sync for SecretPool<T> {}

/// The alignment of every slot.
const SLOT_ALIGN: usize = 16;

impl SecretPool {
    /// Allocates `slots` slots of `slot_len` bytes each, like [`SecretPool::with_options`]
    /// by default.
    pub fn new(slot_len: usize, slots: u32) -> io::Result<SecretPool> {
        SecretPool::with_options(slot_len, slots, SecretOptions::new())
    }

    /// Allocates `slots` slots of `slot_len` bytes each, zeroed and aligned for any type
    /// (16 bytes).
    ///
    /// * `slot_len`: in bytes, more than 0. Each slot takes another 16.
    /// * `slots`: 1 to 1048576.
    /// * `options`: all but [`SecretOptions::align_end`] and those of the `unsafe`
    ///   functions.
    ///
    /// # Errors
    ///
    /// Like [`SecretOptions::allocate`], and `EINVAL` for slots out of range.
    ///
    /// Safe: MT AS fork. Source: memfd_secret(2).
    pub fn with_options(
        slot_len: usize,
        slots: u32,
        options: SecretOptions,
    ) -> io::Result<SecretPool> {
        SecretPool::allocate(slot_len, slots, options)
    }

    /// Takes a free slot, which holds zeros. Dropping wipes it and gives it back.
    ///
    /// # Errors
    ///
    /// * `ENOSPC`: all slots are taken.
    /// * `EFAULT`: this is a child of fork(2), and the pool is not here.
    /// * `EINVAL`: `unsafe` code has written outside of its slot.
    ///
    /// Safe: MT fork. Source: this library.
    pub fn take(&self) -> io::Result<SecretSlot<'_>> {
        let start = self.take_slot()?.as_ptr();
        let bytes = ptr::slice_from_raw_parts_mut(start, self.slot_len);
        // SAFETY: a slot is that long, and its address is not 0.
        let value = unsafe { NonNull::new_unchecked(bytes) };
        Ok(SecretSlot { pool: self, value })
    }

    /// The length of each slot in bytes, as it was asked for.
    pub fn slot_len(&self) -> usize {
        self.slot_len
    }
}

impl<T: Zeroable> SecretPool<T> {
    /// Allocates `slots` slots for a `T` each, like [`SecretPool::of_with_options`] by
    /// default.
    pub fn of(slots: u32) -> io::Result<SecretPool<T>> {
        SecretPool::of_with_options(slots, SecretOptions::new())
    }

    /// Allocates `slots` slots for a `T` each. Like [`SecretPool::with_options`], but `EINVAL`
    /// also for a type without a size or with an alignment over 16.
    pub fn of_with_options(slots: u32, options: SecretOptions) -> io::Result<SecretPool<T>> {
        if align_of::<T>() > SLOT_ALIGN {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        SecretPool::allocate(size_of::<T>(), slots, options)
    }

    /// Takes a free slot, whose value is all zeros. Dropping drops the value, wipes the slot
    /// and gives it back. Errors like [`SecretPool::take`](SecretPool::<[u8]>::take).
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
            // No slice can be that long.
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        // SAFETY: all of its members are numbers and pointers.
        let mut pool: sys::memfd_go_secret_pool = unsafe { MaybeUninit::zeroed().assume_init() };
        // SAFETY: `pool` is writable, and as long as it says.
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

    /// What the memory is made of.
    pub fn kind(&self) -> SecretKind {
        self.kind
    }

    /// How many slots there are.
    pub fn slots(&self) -> u32 {
        self.slots
    }

    /// How many slots are taken.
    pub fn used(&self) -> u32 {
        self.lock().used
    }

    fn take_slot(&self) -> io::Result<NonNull<u8>> {
        if !self.is_here() {
            return Err(io::Error::from_raw_os_error(libc::EFAULT));
        }
        let mut slot = ptr::null_mut();
        // SAFETY: the pool is ours, and locked. `slot` is writable.
        result(unsafe { sys::memfd_go_secret_pool_take(&mut *self.lock(), &mut slot) })?;
        Ok(NonNull::new(slot.cast()).expect("no slot is at address 0"))
    }

    /// Whether the memory is there: in a forked child it is not.
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
            // It can fail only for want of memory. Then the pool stays, out of reach.
            // SAFETY: the pool is ours, and all slots have ended: they borrow it.
            unsafe { sys::memfd_go_secret_pool_free(&mut *self.lock()) };
        }
    }
}

/// Tells how big it is and what it is made of, and nothing else.
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

// SAFETY: memory belongs to the process, not to a thread, and the pool is Sync.
unsafe impl<T: ?Sized + Send> Send for SecretSlot<'_, T> {}
// SAFETY: through a shared reference nothing but the value can be had.
unsafe impl<T: ?Sized + Sync> Sync for SecretSlot<'_, T> {}

impl<T: ?Sized> Deref for SecretSlot<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: a slot holds a value, and belongs to whoever took it.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for SecretSlot<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: a slot holds a value, and belongs to whoever took it.
        unsafe { self.value.as_mut() }
    }
}

/// Compares bytes in a time that depends on the lengths alone.
impl PartialEq for SecretSlot<'_> {
    fn eq(&self, other: &SecretSlot<'_>) -> bool {
        equal(self, other)
    }
}

impl Eq for SecretSlot<'_> {}

/// Compares values of types without padding, in a time that depends on the type alone.
impl<T: NoUninit> PartialEq for SecretSlot<'_, T> {
    fn eq(&self, other: &SecretSlot<'_, T>) -> bool {
        equal(bytes_of(&**self), bytes_of(&**other))
    }
}

impl<T: NoUninit> Eq for SecretSlot<'_, T> {}

impl<T: ?Sized> Drop for SecretSlot<'_, T> {
    fn drop(&mut self) {
        if self.pool.is_here() {
            // SAFETY: the value is there, and not used any longer.
            unsafe { ptr::drop_in_place(self.value.as_ptr()) };
            // It fails if `unsafe` code has written outside of its slot. Then the slot stays
            // taken until the pool is freed.
            // SAFETY: the pool is ours, and locked. The slot is not used any longer.
            unsafe {
                sys::memfd_go_secret_pool_give(&mut *self.pool.lock(), self.value.as_ptr().cast())
            };
        }
    }
}

/// Tells how long it is, and nothing else.
impl<T: ?Sized> fmt::Debug for SecretSlot<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretSlot")
            .field("len", &self.pool.slot_len)
            .finish_non_exhaustive()
    }
}
