// SPDX-License-Identifier: MIT

//! Whether this is still the process that it was, or the child of a fork.
//!
//! getpid(2) would tell, but costs a system call, and in another PID namespace the child
//! may have its parent's number. A page that the kernel wipes at a fork (Linux 4.14) tells
//! by one load.

use std::process;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// Something that differs between a process and those it has forked from, or will fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Incarnation(u32);

/// The page, or `NO_PAGE`, once it was asked for. It stays for good.
static PAGE: AtomicPtr<AtomicU32> = AtomicPtr::new(ptr::null_mut());

/// Takes the page's place where there can be none: then the process's number has to do.
static NO_PAGE: AtomicU32 = AtomicU32::new(0);

/// The last number that was given, by this process or those it has forked from.
static LAST: AtomicU32 = AtomicU32::new(0);

impl Incarnation {
    /// That of the caller.
    pub(crate) fn current() -> Incarnation {
        let page = page();
        if ptr::eq(page, &NO_PAGE) {
            return Incarnation(process::id());
        }
        Incarnation(number(page))
    }
}

/// The number in the page. A fork has made it 0; then the first that looks gives another.
fn number(page: &AtomicU32) -> u32 {
    let found = page.load(Ordering::Relaxed);
    if found != 0 {
        return found;
    }
    let new = LAST.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
    match page.compare_exchange(0, new, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => new,
        Err(theirs) => theirs,
    }
}

fn page() -> &'static AtomicU32 {
    let mut page = PAGE.load(Ordering::Acquire);
    if page.is_null() {
        let new = map_page().unwrap_or(&NO_PAGE as *const _ as *mut _);
        page = match PAGE.compare_exchange(page, new, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => new,
            Err(theirs) => {
                unmap_page(new);
                theirs
            }
        };
    }
    // SAFETY: it is aligned, holds a number, and is never unmapped: it came from PAGE.
    unsafe { &*page }
}

/// Less than any page: the kernel rounds it up.
const PAGE_LEN: usize = 1;

/// Maps a page that a fork wipes, where the kernel can.
fn map_page() -> Option<*mut AtomicU32> {
    if cfg!(miri) {
        return None;
    }
    let (access, flags) = (
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
    );
    // SAFETY: a new mapping touches no memory that is in use.
    let page = unsafe { libc::mmap(ptr::null_mut(), PAGE_LEN, access, flags, -1, 0) };
    if page == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: the page is ours.
    if unsafe { libc::madvise(page, PAGE_LEN, libc::MADV_WIPEONFORK) } != 0 {
        unmap_page(page.cast());
        return None;
    }
    Some(page.cast())
}

/// Unmaps a page that nobody else knows.
fn unmap_page(page: *mut AtomicU32) {
    if !ptr::eq(page, &NO_PAGE) {
        // SAFETY: the page is ours, and not used.
        unsafe { libc::munmap(page.cast(), PAGE_LEN) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_stays_the_same() {
        assert_eq!(Incarnation::current(), Incarnation::current());
        let there = std::thread::spawn(Incarnation::current).join().unwrap();
        assert_eq!(there, Incarnation::current());
    }
}
