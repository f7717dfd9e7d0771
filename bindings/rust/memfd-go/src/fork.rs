// SPDX-License-Identifier: MIT

//! Detects that this process is a child of the one that created an object.
//!
//! getpid(2) costs a system call, and in a new PID namespace a child may have the PID of its
//! parent. A page with MADV_WIPEONFORK (Linux 4.14) needs only one load.

use std::process;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// A value that differs between a process and all of its parents and children.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Incarnation(u32);

/// The page, or `NO_PAGE`; null before the first use. It is never unmapped.
static PAGE: AtomicPtr<AtomicU32> = AtomicPtr::new(ptr::null_mut());

/// Takes the place of the page if the kernel cannot wipe one. Then the PID is used.
static NO_PAGE: AtomicU32 = AtomicU32::new(0);

/// The last number that this process or its parents assigned.
static LAST: AtomicU32 = AtomicU32::new(0);

impl Incarnation {
    /// Returns the value of the calling process.
    pub(crate) fn current() -> Incarnation {
        let page = page();
        if ptr::eq(page, &NO_PAGE) {
            return Incarnation(process::id());
        }
        Incarnation(number(page))
    }
}

/// Returns the number in the page. After a fork it is 0, and the first caller assigns a new one.
fn number(page: &AtomicU32) -> u32 {
    let found = page.load(Ordering::Relaxed);
    if found != 0 {
        return found;
    }
    let new = LAST.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
    match page.compare_exchange(0, new, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => new,
        Err(other) => other,
    }
}

fn page() -> &'static AtomicU32 {
    let mut page = PAGE.load(Ordering::Acquire);
    if page.is_null() {
        let new = map_page().unwrap_or(&NO_PAGE as *const _ as *mut _);
        page = match PAGE.compare_exchange(page, new, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => new,
            Err(other) => {
                unmap_page(new);
                other
            }
        };
    }
    // SAFETY: PAGE points to an aligned AtomicU32 that is never unmapped.
    unsafe { &*page }
}

/// The kernel rounds this up to a whole page.
const PAGE_LEN: usize = 1;

/// Maps a page that is wiped in children of fork(2), if the kernel supports this.
fn map_page() -> Option<*mut AtomicU32> {
    if cfg!(miri) {
        return None;
    }
    let (access, flags) = (
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
    );
    // SAFETY: a new mapping does not affect memory that is in use.
    let page = unsafe { libc::mmap(ptr::null_mut(), PAGE_LEN, access, flags, -1, 0) };
    if page == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: the page was mapped above.
    if unsafe { libc::madvise(page, PAGE_LEN, libc::MADV_WIPEONFORK) } != 0 {
        unmap_page(page.cast());
        return None;
    }
    Some(page.cast())
}

/// Unmaps a page that has not been published in `PAGE`.
fn unmap_page(page: *mut AtomicU32) {
    if !ptr::eq(page, &NO_PAGE) {
        // SAFETY: nothing else uses the page.
        unsafe { libc::munmap(page.cast(), PAGE_LEN) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_threads_of_a_process_agree() {
        assert_eq!(Incarnation::current(), Incarnation::current());
        let in_thread = std::thread::spawn(Incarnation::current).join().unwrap();
        assert_eq!(in_thread, Incarnation::current());
    }
}
