// SPDX-License-Identifier: MIT

//! Secret areas, pools, and wiping memory.

#[allow(dead_code)] // This program does not use all functions.
mod common;

use std::mem::zeroed;
use std::os::raw::{c_char, c_int};
use std::ptr::null_mut;
use std::slice;

use common::{isolated, skip};
use memfd_go_sys::*;

const ANY: u32 = MEMFD_GO_OPT_ALLOW_UNLOCKED;
const UNKNOWN: u32 = 0x8000_0000;

fn no_area() -> memfd_go_secret_area {
    // SAFETY: zeros are valid for all fields.
    unsafe { zeroed() }
}

fn allocate(area: &mut memfd_go_secret_area, len: usize, opts: u32) -> c_int {
    // SAFETY: `area` is writable.
    unsafe { memfd_go_secret_alloc(area, len, opts) }
}

#[test]
fn area() {
    isolated(|| {
        for opts in [
            ANY,
            ANY | MEMFD_GO_OPT_NO_SECRETMEM,
            ANY | MEMFD_GO_OPT_ALIGN_END,
        ] {
            let mut area = no_area();
            assert_eq!(allocate(&mut area, 100, opts), 0);
            assert!((MEMFD_GO_AREA_SECRETMEM..=MEMFD_GO_AREA_UNLOCKED).contains(&area.kind));
            assert_eq!((area.len, area.fd), (100, -1));
            // SAFETY: the area has `len` bytes, and only this test uses it.
            unsafe {
                let memory = slice::from_raw_parts_mut(area.data.cast::<u8>(), area.len);
                assert_eq!(memory, [0; 100]);
                memory.fill(0x55);
                for access in [MEMFD_GO_ACCESS_NONE, MEMFD_GO_ACCESS_READ] {
                    assert_eq!(memfd_go_secret_protect(&mut area, access), 0);
                }
                assert_eq!(memory, [0x55; 100]);
                assert_eq!(memfd_go_secret_protect(&mut area, 2), -libc::EINVAL);
                assert_eq!(memfd_go_secret_free(&mut area), 0);
                assert!(area.data.is_null());
                assert_eq!(memfd_go_secret_free(&mut area), 0);
                assert_eq!(memfd_go_secret_protect(&mut area, 1), -libc::EINVAL);
            }
        }
    });
}

/// `$MEMFD_GO_SECRET` ("yes" or "no") states whether the kernel has memfd_secret(2). If not,
/// memory is locked instead.
#[test]
fn availability_matches_environment() {
    isolated(|| {
        let known = std::env::var("MEMFD_GO_SECRET").unwrap_or_default();
        // SAFETY: the function takes no pointers, and its result is closed once.
        let fd = unsafe { memfd_go_secret(0) };
        if fd >= 0 {
            assert_ne!(known, "no");
            assert_eq!(unsafe { libc::close(fd) }, 0);
            return;
        }
        assert_eq!(fd, -libc::ENOSYS);
        assert_ne!(known, "yes");
        let mut area = no_area();
        assert_eq!(allocate(&mut area, 32, 0), 0);
        assert_eq!(area.kind, MEMFD_GO_AREA_MLOCK);
        // SAFETY: nothing uses the memory.
        assert_eq!(unsafe { memfd_go_secret_free(&mut area) }, 0);
    });
}

#[test]
fn attach() {
    isolated(|| {
        let (mut first, mut second) = (no_area(), no_area());
        let opts = MEMFD_GO_OPT_REQUIRE | MEMFD_GO_OPT_KEEP_FD;
        if allocate(&mut first, 10, opts) < 0 {
            return skip("there is no memfd_secret(2)");
        }
        assert_eq!(first.kind, MEMFD_GO_AREA_SECRETMEM);
        // SAFETY: both areas are valid, and freed once.
        unsafe {
            assert_eq!(memfd_go_secret_attach(&mut second, first.fd, 1 << 16, 0), 0);
            *first.data.cast::<u8>() = 7;
            assert_eq!(*second.data.cast::<u8>(), 7);
            assert_eq!(memfd_go_secret_free(&mut second), 0);
            assert_eq!(*first.data.cast::<u8>(), 7);
            assert_eq!(memfd_go_secret_free(&mut first), 0);
        }
    });
}

#[test]
fn errors() {
    isolated(|| {
        let mut area = no_area();
        assert_eq!(allocate(&mut area, 0, 0), -libc::EINVAL);
        assert_eq!(allocate(&mut area, 1, UNKNOWN), -libc::EINVAL);
        let contradiction = MEMFD_GO_OPT_REQUIRE | MEMFD_GO_OPT_NO_SECRETMEM;
        assert_eq!(allocate(&mut area, 1, contradiction), -libc::EINVAL);
        // SAFETY: nothing is allocated; null is refused.
        unsafe {
            assert_eq!(memfd_go_secret_attach(&mut area, -1, 1, 0), -libc::EBADF);
            assert_eq!(memfd_go_secret_alloc(null_mut(), 1, 0), -libc::EFAULT);
            assert_eq!(memfd_go_secret_attach(null_mut(), 0, 1, 0), -libc::EFAULT);
            assert_eq!(memfd_go_secret_protect(null_mut(), 0), -libc::EFAULT);
            assert_eq!(memfd_go_secret_free(null_mut()), -libc::EFAULT);
        }
        assert!(area.data.is_null());
    });
}

#[test]
fn alloc_from() {
    isolated(|| {
        let (mut key, mut area) = (*b"the key", no_area());
        let start = key.as_mut_ptr().cast();
        // SAFETY: both areas are valid, and freed once; null is refused.
        unsafe {
            assert_eq!(memfd_go_secret_alloc_from(&mut area, start, 7, ANY), 0);
            assert_eq!(memfd_go_equal(area.data, b"the key".as_ptr().cast(), 7), 1);
            assert_eq!(memfd_go_equal(area.data, start, 7), 0);
            assert_eq!(memfd_go_secret_relock(&mut area), 0);
            assert_eq!(memfd_go_secret_free(&mut area), 0);
            let null = memfd_go_secret_alloc_from(&mut area, null_mut(), 7, ANY);
            assert_eq!(null, -libc::EFAULT);
            assert_eq!(memfd_go_secret_relock(&mut area), -libc::EINVAL);
        }
        assert_eq!(key, [0; 7]);
    });
}

#[test]
fn wipe() {
    let mut memory = [0x55u8; 64];
    // SAFETY: the memory has that length; null is ignored.
    unsafe {
        memfd_go_wipe(memory.as_mut_ptr().add(3).cast(), 50);
        memfd_go_wipe(null_mut(), 50);
    }
    assert_eq!(memory[..3], [0x55; 3]);
    assert_eq!(memory[3..53], [0; 50]);
    assert_eq!(memory[53..], [0x55; 11]);
}

#[test]
fn pool() {
    isolated(|| {
        // SAFETY: zeros are valid for all fields; slots have the requested length,
        // and bad pointers are refused.
        unsafe {
            let mut pool: memfd_go_secret_pool = zeroed();
            let mut slot = null_mut();
            assert_eq!(
                memfd_go_secret_pool_init(&mut pool, 0, 1, ANY),
                -libc::EINVAL
            );
            assert_eq!(
                memfd_go_secret_pool_init(&mut pool, 1, 0, ANY),
                -libc::EINVAL
            );
            assert_eq!(
                memfd_go_secret_pool_take(&mut pool, &mut slot),
                -libc::EINVAL
            );

            assert_eq!(memfd_go_secret_pool_init(&mut pool, 100, 2, ANY), 0);
            assert_eq!(memfd_go_secret_pool_take(&mut pool, &mut slot), 0);
            slice::from_raw_parts_mut(slot.cast::<u8>(), 100).fill(0x55);
            let none = memfd_go_secret_pool_protect(&mut pool, MEMFD_GO_ACCESS_NONE);
            assert_eq!(none, 0);
            assert_eq!(
                memfd_go_secret_pool_take(&mut pool, &mut slot),
                -libc::EACCES
            );
            let both = memfd_go_secret_pool_protect(&mut pool, MEMFD_GO_ACCESS_READ_WRITE);
            assert_eq!(both, 0);
            assert_eq!(memfd_go_secret_pool_relock(&mut pool), 0);
            let mut other = null_mut();
            assert_eq!(memfd_go_secret_pool_take(&mut pool, &mut other), 0);
            assert_ne!(slot, other);
            let mut none = null_mut();
            assert_eq!(
                memfd_go_secret_pool_take(&mut pool, &mut none),
                -libc::ENOSPC
            );
            assert!(none.is_null());

            assert_eq!(memfd_go_secret_pool_give(&mut pool, slot), 0);
            assert_eq!(memfd_go_secret_pool_give(&mut pool, slot), -libc::EINVAL);
            assert_eq!(memfd_go_secret_pool_take(&mut pool, &mut none), 0);
            assert_eq!(none, slot);
            let memory = slice::from_raw_parts(slot.cast::<c_char>(), 100);
            assert!(memory.iter().all(|byte| *byte == 0));
            let inside = slot.cast::<u8>().add(1).cast();
            assert_eq!(memfd_go_secret_pool_give(&mut pool, inside), -libc::EINVAL);

            assert_eq!(memfd_go_secret_pool_free(&mut pool), 0);
            assert_eq!(memfd_go_secret_pool_free(&mut pool), 0);
            assert_eq!(memfd_go_secret_pool_free(null_mut()), -libc::EFAULT);
            assert_eq!(
                memfd_go_secret_pool_take(null_mut(), &mut slot),
                -libc::EFAULT
            );
            assert_eq!(memfd_go_secret_pool_give(null_mut(), slot), -libc::EFAULT);
            assert_eq!(
                memfd_go_secret_pool_init(null_mut(), 1, 1, 0),
                -libc::EFAULT
            );
        }
    });
}
