//! Many small secrets.

use std::fmt;
use std::io;
use std::mem::{size_of, MaybeUninit};
use std::ops::{Deref, DerefMut};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::{Mutex, MutexGuard, PoisonError};

use memfd_go_sys as sys;

use crate::error::result;
use crate::fork::Incarnation;
use crate::{SecretKind, SecretOptions};

/// A pool of slots for secrets, all of one length.
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
/// # Ok(())
/// # }
/// ```
pub struct SecretPool {
    pool: Mutex<sys::memfd_go_secret_pool>,
    kind: SecretKind,
    slot_len: usize,
    slots: u32,
    home: Incarnation,
}

// SAFETY: memory belongs to the process, not to a thread; nothing else is in the pool.
unsafe impl Send for SecretPool {}
// SAFETY: what changes is changed under the lock.
unsafe impl Sync for SecretPool {}

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
        let opts = options.private_bits()?;
        if isize::try_from(slot_len).is_err() {
            // No slice can be that long.
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        // SAFETY: all of its members are numbers and pointers.
        let mut pool: sys::memfd_go_secret_pool = unsafe { MaybeUninit::zeroed().assume_init() };
        pool.size_of = size_of::<sys::memfd_go_secret_pool>() as u32;
        // SAFETY: `pool` is writable, and as long as it says.
        result(unsafe { sys::memfd_go_secret_pool_init(&mut pool, slot_len, slots, opts) })?;
        Ok(SecretPool {
            kind: SecretKind::from_number(pool.area.kind),
            slot_len,
            slots,
            pool: Mutex::new(pool),
            home: Incarnation::current(),
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

    /// The length of each slot in bytes, as it was asked for.
    pub fn slot_len(&self) -> usize {
        self.slot_len
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
        if !self.is_here() {
            return Err(io::Error::from_raw_os_error(libc::EFAULT));
        }
        let mut slot = ptr::null_mut();
        // SAFETY: the pool is ours, and locked. `slot` is writable.
        result(unsafe { sys::memfd_go_secret_pool_take(&mut *self.lock(), &mut slot) })?;
        let start = NonNull::new(slot.cast()).expect("no slot is at address 0");
        Ok(SecretSlot { pool: self, start })
    }

    /// Whether the memory is there: in a forked child it is not.
    fn is_here(&self) -> bool {
        self.home == Incarnation::current()
    }

    fn lock(&self) -> MutexGuard<'_, sys::memfd_go_secret_pool> {
        // Nothing panics with the lock held.
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SecretPool {
    fn drop(&mut self) {
        if self.is_here() {
            // It can fail only for want of memory. Then the pool stays, out of reach.
            // SAFETY: the pool is ours, and all slots have ended: they borrow it.
            unsafe { sys::memfd_go_secret_pool_free(&mut *self.lock()) };
        }
    }
}

/// Tells how big it is and what it is made of, and nothing else.
impl fmt::Debug for SecretPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretPool")
            .field("kind", &self.kind)
            .field("slots", &self.slots)
            .field("slot_len", &self.slot_len)
            .finish_non_exhaustive()
    }
}

/// A slot of a [`SecretPool`], as a slice of bytes. Dropping wipes it.
pub struct SecretSlot<'a> {
    pool: &'a SecretPool,
    start: NonNull<u8>,
}

// SAFETY: memory belongs to the process, not to a thread, and the pool is Sync.
unsafe impl Send for SecretSlot<'_> {}
// SAFETY: through a shared reference it can only be read.
unsafe impl Sync for SecretSlot<'_> {}

impl Deref for SecretSlot<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: a slot is that long, and belongs to whoever took it.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.pool.slot_len) }
    }
}

impl DerefMut for SecretSlot<'_> {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: a slot is that long, and belongs to whoever took it.
        unsafe { slice::from_raw_parts_mut(self.start.as_ptr(), self.pool.slot_len) }
    }
}

impl Drop for SecretSlot<'_> {
    fn drop(&mut self) {
        if self.pool.is_here() {
            let slot = self.start.as_ptr().cast();
            // It fails if `unsafe` code has written outside of its slot. Then the slot stays
            // taken until the pool is freed.
            // SAFETY: the pool is ours, and locked. The slot is not used any longer.
            unsafe { sys::memfd_go_secret_pool_give(&mut *self.pool.lock(), slot) };
        }
    }
}

/// Tells how long it is, and nothing else.
impl fmt::Debug for SecretSlot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretSlot")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
