// SPDX-License-Identifier: MIT

//! An allocator of secret memory for collections.

use std::alloc::Layout;
use std::fmt;
use std::io;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use allocator_api2::alloc::{AllocError, Allocator};
use memfd_go_sys as sys;

use crate::error::result;
use crate::fork::Incarnation;
use crate::SecretOptions;

/// An allocator of secret memory, for `Vec`, `Box` and other types of the crate allocator-api2
/// that take an [`Allocator`].
///
/// Up to 4096 bytes come from pools, one for each power of two, which grow as needed. A larger
/// allocation, or one that is aligned to more than 16 bytes, has its own area. Freed memory is
/// wiped at once. The areas of pools are freed when the last clone of the allocator is dropped,
/// and with it the last collection.
///
/// If secret memory runs out, an allocation fails. Collections then abort the program, except in
/// fallible functions such as `Vec::try_reserve` and `Box::try_new_in`.
///
/// Like that of a [`SecretPool`](crate::SecretPool), the memory is always accessible, and a child
/// of fork(2) does not have it: in the child do not use anything that was allocated before.
/// Allocating fails there, and dropping does nothing.
///
/// ```
/// use allocator_api2::vec::Vec;
/// use memfd_go::SecretAllocator;
///
/// let secret = SecretAllocator::new();
/// let mut keys = Vec::new_in(secret.clone());
/// keys.extend_from_slice(b"correct horse");
/// assert_eq!(&keys[..7], b"correct");
/// ```
#[derive(Clone)]
pub struct SecretAllocator {
    shared: Arc<Shared>,
}

struct Shared {
    /// `MEMFD_GO_OPT_*` bits.
    opts: u32,
    home: Incarnation,
    areas: Mutex<Areas>,
}

#[derive(Default)]
struct Areas {
    /// Pools of slots of `SMALLEST << n` bytes.
    pools: [Vec<sys::memfd_go_secret_pool>; CLASSES],
    /// Allocations that are too large for a slot.
    large: Vec<sys::memfd_go_secret_area>,
}

// SAFETY: the memory is not tied to a thread.
unsafe impl Send for Areas {}

/// The length of the smallest slots, and the alignment of all slots.
const SMALLEST: usize = 16;
/// The number of size classes: 16 to 4096 bytes.
const CLASSES: usize = 9;
/// The bytes in front of each slot of a pool.
const HEADER: usize = 16;
/// The memory of the first pool of a class, and the maximum. Each pool is as large as all pools of
/// its class before it.
const FIRST_POOL: usize = 4096;
const LARGEST_POOL: usize = 256 << 10;

impl SecretAllocator {
    /// Creates an allocator with default options.
    pub fn new() -> SecretAllocator {
        SecretAllocator::with_bits(0)
    }

    /// Creates an allocator with options.
    ///
    /// # Errors
    ///
    /// * `EINVAL`: [`SecretOptions::align_end`], or an option that only the `unsafe` functions
    ///   accept.
    pub fn with_options(options: SecretOptions) -> io::Result<SecretAllocator> {
        match options.private_bits()? {
            bits if bits & sys::MEMFD_GO_OPT_ALIGN_END == 0 => Ok(SecretAllocator::with_bits(bits)),
            _ => Err(io::Error::from_raw_os_error(libc::EINVAL)),
        }
    }

    fn with_bits(opts: u32) -> SecretAllocator {
        SecretAllocator {
            shared: Arc::new(Shared {
                opts,
                home: Incarnation::current(),
                areas: Mutex::default(),
            }),
        }
    }
}

impl Default for SecretAllocator {
    fn default() -> Self {
        SecretAllocator::new()
    }
}

impl fmt::Debug for SecretAllocator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretAllocator").finish_non_exhaustive()
    }
}

// SAFETY: memory neither moves nor is freed before it is deallocated or the last clone is dropped,
// because all clones share the areas, and only Shared frees them. deallocate() computes the same
// class as allocate(), also for a layout with another size that fits the slot.
unsafe impl Allocator for SecretAllocator {
    fn allocate(&self, layout: Layout) -> Result<NonNull<[u8]>, AllocError> {
        let start = match layout.size() {
            0 => ptr::null_mut::<u8>().wrapping_add(layout.align()),
            _ => self.shared.allocate(layout).map_err(|_| AllocError)?,
        };
        NonNull::new(ptr::slice_from_raw_parts_mut(start, layout.size())).ok_or(AllocError)
    }

    unsafe fn deallocate(&self, start: NonNull<u8>, layout: Layout) {
        if layout.size() != 0 && self.shared.is_here() {
            self.shared.deallocate(start.as_ptr(), layout);
        }
    }
}

/// Returns the class of slots for a layout, if there is one.
fn class(layout: Layout) -> Option<usize> {
    let len = layout.size().max(SMALLEST).checked_next_power_of_two()?;
    let class = (len / SMALLEST).trailing_zeros() as usize;
    (class < CLASSES && layout.align() <= SMALLEST).then_some(class)
}

impl Shared {
    fn is_here(&self) -> bool {
        self.home == Incarnation::current()
    }

    fn areas(&self) -> MutexGuard<'_, Areas> {
        // The areas are consistent even after a panic.
        self.areas.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn allocate(&self, layout: Layout) -> io::Result<*mut u8> {
        if !self.is_here() {
            return Err(io::Error::from_raw_os_error(libc::EFAULT));
        }
        match class(layout) {
            Some(class) => self.areas().take(class, self.opts),
            None => self.areas().allocate_large(layout, self.opts),
        }
    }

    fn deallocate(&self, start: *mut u8, layout: Layout) {
        match class(layout) {
            Some(class) => self.areas().give(class, start),
            None => self.areas().free_large(start),
        }
    }
}

impl Areas {
    /// Takes a slot from a pool, or from a new pool if all are full.
    fn take(&mut self, class: usize, opts: u32) -> io::Result<*mut u8> {
        let mut slot = ptr::null_mut();
        for pool in self.pools[class].iter_mut().rev() {
            // SAFETY: the pool is initialized and borrowed exclusively, and `slot` is writable.
            if unsafe { sys::memfd_go_secret_pool_take(pool, &mut slot) } == 0 {
                return Ok(slot.cast());
            }
        }
        let mut pool = new_pool(class, &self.pools[class], opts)?;
        // SAFETY: the pool is initialized and borrowed exclusively, and `slot` is writable.
        result(unsafe { sys::memfd_go_secret_pool_take(&mut pool, &mut slot) })?;
        self.pools[class].push(pool);
        Ok(slot.cast())
    }

    fn give(&mut self, class: usize, slot: *mut u8) {
        let is_in = |area: &sys::memfd_go_secret_area| {
            (slot as usize).wrapping_sub(area.base as usize) < area.base_len
        };
        let pools = self.pools[class].iter_mut();
        if let Some(pool) = pools.rev().find(|pool| is_in(&pool.area)) {
            // An error means that `unsafe` code has written outside of the slot. Then the slot
            // stays in use until the pool is freed.
            // SAFETY: the pool belongs to `self`, and the slot is not used any more.
            unsafe { sys::memfd_go_secret_pool_give(pool, slot.cast()) };
        }
    }

    fn allocate_large(&mut self, layout: Layout, opts: u32) -> io::Result<*mut u8> {
        // SAFETY: zeros are valid for all members, which are integers and pointers.
        let mut area: sys::memfd_go_secret_area = unsafe { MaybeUninit::zeroed().assume_init() };
        // SAFETY: `area` is writable.
        result(unsafe { sys::memfd_go_secret_alloc(&mut area, layout.size(), opts) })?;
        if area.data as usize % layout.align() != 0 {
            // SAFETY: the area is new, so nothing else uses it.
            unsafe { sys::memfd_go_secret_free(&mut area) };
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        self.large.push(area);
        Ok(area.data.cast())
    }

    fn free_large(&mut self, start: *mut u8) {
        let is_it = |area: &sys::memfd_go_secret_area| area.data.cast() == start;
        if let Some(index) = self.large.iter().position(is_it) {
            let mut area = self.large.swap_remove(index);
            // An error means too many mappings; then the area stays allocated.
            // SAFETY: the area belongs to `self`, and is not used any more.
            unsafe { sys::memfd_go_secret_free(&mut area) };
        }
    }
}

/// Allocates a pool that is as large as all pools of its class before it.
fn new_pool(
    class: usize,
    before: &[sys::memfd_go_secret_pool],
    opts: u32,
) -> io::Result<sys::memfd_go_secret_pool> {
    let slot_len = SMALLEST << class;
    let memory = before.iter().map(|pool| pool.area.len).sum::<usize>();
    let slots = memory.clamp(FIRST_POOL, LARGEST_POOL) / (slot_len + HEADER);
    // SAFETY: zeros are valid for all members, which are integers and pointers.
    let mut pool: sys::memfd_go_secret_pool = unsafe { MaybeUninit::zeroed().assume_init() };
    let slots = slots.max(1) as u32;
    // SAFETY: `pool` is writable.
    result(unsafe { sys::memfd_go_secret_pool_init(&mut pool, slot_len, slots, opts) })?;
    Ok(pool)
}

impl Drop for Shared {
    fn drop(&mut self) {
        if !self.is_here() {
            return;
        }
        let areas = self.areas.get_mut().unwrap_or_else(PoisonError::into_inner);
        for pool in areas.pools.iter_mut().flatten() {
            // SAFETY: the pool belongs to `self`, and nothing borrows its slots any more.
            unsafe { sys::memfd_go_secret_pool_free(pool) };
        }
        for area in &mut areas.large {
            // SAFETY: the area belongs to `self`, and nothing borrows it any more.
            unsafe { sys::memfd_go_secret_free(area) };
        }
    }
}
