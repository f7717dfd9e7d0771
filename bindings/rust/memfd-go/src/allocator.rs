// SPDX-License-Identifier: MIT

//! Secret memory for collections.

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

/// An allocator whose memory is secret: for `Vec`, `Box` and whatever else of the crate
/// allocator-api2, and of crates that use it, takes an [`Allocator`].
///
/// Up to 4096 bytes come out of pools, one for each power of two, that grow by whole areas as
/// they are needed; what is larger, or aligned to more than 16 bytes, has an area of its own.
/// Freed memory is wiped at once. Areas of pools are kept until the last clone of the
/// allocator, and so the last collection, is dropped.
///
/// Where secret memory runs out, an allocation fails: collections then abort the program,
/// unless they are asked to try (`Vec::try_reserve`, `Box::try_new_in`).
///
/// As with [`SecretPool`](crate::SecretPool), the memory is always accessible, and in a child
/// of fork(2) it is not there: what was allocated before must not be used in the child, and
/// nothing can be allocated. Dropping it there does nothing.
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
    /// Of the C API.
    opts: u32,
    home: Incarnation,
    areas: Mutex<Areas>,
}

#[derive(Default)]
struct Areas {
    /// The pools of slots of `SMALLEST << n` bytes.
    pools: [Vec<sys::memfd_go_secret_pool>; CLASSES],
    /// What is too large for a slot.
    large: Vec<sys::memfd_go_secret_area>,
}

// SAFETY: memory belongs to the process, not to a thread.
unsafe impl Send for Areas {}

/// The length of the smallest slots, which is also the alignment of all.
const SMALLEST: usize = 16;
/// How many lengths of slots there are: 16 to 4096 bytes.
const CLASSES: usize = 9;
/// What the pool has in front of each slot.
const HEADER: usize = 16;
/// The memory of the first pool of a class, and of the largest: each takes as much as all
/// before it.
const FIRST_POOL: usize = 4096;
const LARGEST_POOL: usize = 256 << 10;

impl SecretAllocator {
    /// An allocator with the default options.
    pub fn new() -> SecretAllocator {
        SecretAllocator::with_bits(0)
    }

    /// An allocator of memory as `options` say.
    ///
    /// # Errors
    ///
    /// * `EINVAL`: [`SecretOptions::align_end`], or an option of the `unsafe` functions.
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

// SAFETY: memory stays where it is, and allocated, until it is deallocated or the last clone
// is dropped: all clones share it, and areas are freed by Shared alone. What fits a layout is
// found again by its class, which is the same for all sizes up to that of the slot.
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

/// The class of slots that serve a layout, if any does.
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
        // What a panic leaves behind is in order: nothing is half done between two calls.
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
    /// Takes a slot, if need be out of a new pool.
    fn take(&mut self, class: usize, opts: u32) -> io::Result<*mut u8> {
        let mut slot = ptr::null_mut();
        for pool in self.pools[class].iter_mut().rev() {
            // SAFETY: the pool is ours, and `slot` is writable.
            if unsafe { sys::memfd_go_secret_pool_take(pool, &mut slot) } == 0 {
                return Ok(slot.cast());
            }
        }
        let mut pool = new_pool(class, &self.pools[class], opts)?;
        // SAFETY: the pool is ours, and `slot` is writable.
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
            // It fails if `unsafe` code has written outside of the slot. Then the slot stays
            // taken until the pool is freed.
            // SAFETY: the pool is ours, and the slot is not used any longer.
            unsafe { sys::memfd_go_secret_pool_give(pool, slot.cast()) };
        }
    }

    fn allocate_large(&mut self, layout: Layout, opts: u32) -> io::Result<*mut u8> {
        // SAFETY: all of its members are numbers and pointers.
        let mut area: sys::memfd_go_secret_area = unsafe { MaybeUninit::zeroed().assume_init() };
        // SAFETY: `area` is writable.
        result(unsafe { sys::memfd_go_secret_alloc(&mut area, layout.size(), opts) })?;
        if area.data as usize % layout.align() != 0 {
            // SAFETY: the area is ours, and nobody else knows it.
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
            // It can fail only for want of memory. Then the area stays.
            // SAFETY: the area is ours, and not used any longer.
            unsafe { sys::memfd_go_secret_free(&mut area) };
        }
    }
}

/// Allocates a pool as large as all of its class before it.
fn new_pool(
    class: usize,
    before: &[sys::memfd_go_secret_pool],
    opts: u32,
) -> io::Result<sys::memfd_go_secret_pool> {
    let slot_len = SMALLEST << class;
    let memory = before.iter().map(|pool| pool.area.len).sum::<usize>();
    let slots = memory.clamp(FIRST_POOL, LARGEST_POOL) / (slot_len + HEADER);
    // SAFETY: all of its members are numbers and pointers.
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
            // SAFETY: the pool is ours, and all that borrowed its slots is gone.
            unsafe { sys::memfd_go_secret_pool_free(pool) };
        }
        for area in &mut areas.large {
            // SAFETY: the area is ours, and all that borrowed it is gone.
            unsafe { sys::memfd_go_secret_free(area) };
        }
    }
}
