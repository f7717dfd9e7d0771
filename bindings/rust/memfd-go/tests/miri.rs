// SPDX-License-Identifier: MIT

//! Tests of the crate's unsafe code under Miri, which finds dangling pointers, out-of-bounds
//! accesses and data races. Miri cannot call the library, so a Rust stub takes its place and uses
//! its pointers like the library does.
//!
//! `cargo +nightly miri test --test miri`
#![cfg(miri)]
#![allow(clippy::missing_safety_doc)] // The C API documents it.

use std::alloc::{alloc_zeroed, dealloc, Layout};
use std::cell::Cell;
use std::ffi::CStr;
use std::os::fd::{AsFd, IntoRawFd};
use std::os::raw::{c_char, c_int, c_void};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;
use std::{slice, thread};

use memfd_go::*;
use memfd_go_sys::{memfd_go_info, memfd_go_secret_area, memfd_go_secret_pool};

const PAGE: usize = 4096;

/// Mappings of this length cannot be unmapped.
const CANNOT_UNMAP: usize = 13;

fn pages(len: usize) -> *mut c_void {
    // SAFETY: the length is not 0.
    unsafe { alloc_zeroed(Layout::from_size_align(len, PAGE).unwrap()) }.cast()
}

unsafe fn free(start: *mut c_void, len: usize) {
    // SAFETY: the memory is from `pages`.
    unsafe { dealloc(start.cast(), Layout::from_size_align(len, PAGE).unwrap()) }
}

/// Any descriptor works.
fn descriptor() -> c_int {
    UnixStream::pair().unwrap().0.into_raw_fd()
}

mod library {
    //! The stub of the library.
    #![allow(unsafe_op_in_unsafe_fn, clippy::undocumented_unsafe_blocks)]
    use super::*;

    #[no_mangle]
    unsafe extern "C" fn memfd_go_create_sealed(
        name: *const c_char,
        _flags: u32,
        _seals: u32,
        data: *const c_void,
        len: usize,
    ) -> c_int {
        assert_eq!(CStr::from_ptr(name).to_bytes(), b"name");
        assert_eq!(slice::from_raw_parts(data.cast::<u8>(), len), b"data");
        descriptor()
    }

    #[no_mangle]
    unsafe extern "C" fn memfd_go_get_size(_fd: c_int, size: *mut u64) -> c_int {
        *size = 5000;
        0
    }

    #[no_mangle]
    unsafe extern "C" fn memfd_go_map(
        _fd: c_int,
        _opts: u32,
        _off: u64,
        len: usize,
        addr: *mut *mut c_void,
    ) -> c_int {
        *addr = pages(len);
        0
    }

    #[no_mangle]
    unsafe extern "C" fn memfd_go_map_verified(
        _fd: c_int,
        _required: u32,
        _max_len: u64,
        _opts: u32,
        addr: *mut *mut c_void,
        len: *mut usize,
    ) -> c_int {
        (*addr, *len) = (pages(5000), 5000);
        0
    }

    #[no_mangle]
    unsafe extern "C" fn memfd_go_unmap(addr: *mut c_void, len: usize) -> c_int {
        free(addr, len);
        match len {
            CANNOT_UNMAP => -libc::ENOMEM,
            _ => 0,
        }
    }

    #[no_mangle]
    unsafe extern "C" fn memfd_go_inspect(
        _fd: c_int,
        _request: u32,
        info: *mut memfd_go_info,
        size: usize,
    ) -> c_int {
        assert_eq!(size, std::mem::size_of::<memfd_go_info>());
        (*info).name[0] = b'x' as c_char;
        0
    }

    #[no_mangle]
    unsafe extern "C" fn memfd_go_format_seals(
        seals: u32,
        _style: u32,
        buf: *mut c_char,
        cap: usize,
    ) -> c_int {
        let text = format!("{seals:x}\0");
        assert!(text.len() <= cap);
        buf.cast::<u8>().copy_from(text.as_ptr(), text.len());
        text.len() as c_int - 1
    }

    #[no_mangle]
    unsafe extern "C" fn memfd_go_parse_seals(text: *const c_char, seals: *mut u32) -> c_int {
        *seals = CStr::from_ptr(text).to_bytes().len() as u32;
        0
    }

    #[no_mangle]
    unsafe extern "C" fn memfd_go_send_fds(
        _sock: c_int,
        _opts: u32,
        fds: *const c_int,
        n: u32,
        data: *const c_void,
        len: usize,
    ) -> c_int {
        assert!(slice::from_raw_parts(fds, n as usize)
            .iter()
            .all(|&fd| fd >= 0));
        assert_eq!(slice::from_raw_parts(data.cast::<u8>(), len), b"data");
        len as c_int
    }

    #[no_mangle]
    unsafe extern "C" fn memfd_go_recv_fds(
        _sock: c_int,
        _opts: u32,
        fds: *mut c_int,
        n: *mut u32,
        data: *mut c_void,
        len: *mut usize,
    ) -> c_int {
        for i in 0..*n as usize {
            *fds.add(i) = descriptor();
        }
        if !len.is_null() {
            data.cast::<u8>().write_bytes(7, *len);
            *len -= 1;
        }
        0
    }

    #[no_mangle]
    unsafe extern "C" fn memfd_go_exec(
        _fd: c_int,
        mut argv: *const *const c_char,
        mut envp: *const *const c_char,
        _opts: u32,
    ) -> c_int {
        let mut strings = 0;
        for list in [&mut argv, &mut envp] {
            while !(**list).is_null() {
                strings += CStr::from_ptr(**list).to_bytes().len();
                *list = list.add(1);
            }
        }
        -(strings as c_int)
    }

    #[no_mangle]
    unsafe extern "C" fn memfd_go_wipe(p: *mut c_void, len: usize) {
        p.cast::<u8>().write_bytes(0, len);
    }

    #[no_mangle]
    unsafe extern "C" fn memfd_go_secret_alloc(
        s: *mut memfd_go_secret_area,
        len: usize,
        opts: u32,
    ) -> c_int {
        let base = pages(len);
        ((*s).data, (*s).len, (*s).fd, (*s).opts) = (base, len, -1, opts);
        ((*s).base, (*s).base_len) = (base, len);
        0
    }

    #[no_mangle]
    unsafe extern "C" fn memfd_go_secret_alloc_from(
        s: *mut memfd_go_secret_area,
        data: *mut c_void,
        len: usize,
        opts: u32,
    ) -> c_int {
        memfd_go_secret_alloc(s, len, opts);
        (*s).data.copy_from(data, len);
        memfd_go_wipe(data, len);
        0
    }

    #[no_mangle]
    unsafe extern "C" fn memfd_go_equal(a: *const c_void, b: *const c_void, len: usize) -> c_int {
        let bytes = |p: *const c_void| slice::from_raw_parts(p.cast::<u8>(), len);
        (bytes(a) == bytes(b)).into()
    }

    #[no_mangle]
    unsafe extern "C" fn memfd_go_check_seals(
        _fd: c_int,
        _required: u32,
        _missing: *mut u32,
    ) -> c_int {
        0
    }

    #[no_mangle]
    unsafe extern "C" fn memfd_go_secret_protect(
        s: *mut memfd_go_secret_area,
        _access: u32,
    ) -> c_int {
        assert!(!(*s).data.is_null());
        0
    }

    #[no_mangle]
    unsafe extern "C" fn memfd_go_secret_free(s: *mut memfd_go_secret_area) -> c_int {
        (*s).data.cast::<u8>().write_bytes(0, (*s).len);
        free((*s).base, (*s).base_len);
        0
    }

    // Each slot has a header of 16 bytes, whose first byte is 1 if the slot is in use.
    const FRONT: usize = 16;

    #[no_mangle]
    unsafe extern "C" fn memfd_go_secret_pool_init(
        pool: *mut memfd_go_secret_pool,
        slot_len: usize,
        slots: u32,
        opts: u32,
    ) -> c_int {
        ((*pool).slots, (*pool).stride) = (slots, slot_len + FRONT);
        let len = (*pool).stride * slots as usize;
        memfd_go_secret_alloc(std::ptr::addr_of_mut!((*pool).area), len, opts)
    }

    #[no_mangle]
    unsafe extern "C" fn memfd_go_secret_pool_take(
        pool: *mut memfd_go_secret_pool,
        slot: *mut *mut c_void,
    ) -> c_int {
        for i in 0..(*pool).slots as usize {
            let front = (*pool).area.data.cast::<u8>().add(i * (*pool).stride);
            if *front == 0 {
                *front = 1;
                (*pool).used += 1;
                *slot = front.add(FRONT).cast();
                return 0;
            }
        }
        -libc::ENOSPC
    }

    #[no_mangle]
    unsafe extern "C" fn memfd_go_secret_pool_give(
        pool: *mut memfd_go_secret_pool,
        slot: *mut c_void,
    ) -> c_int {
        let offset = slot as usize - (*pool).area.data as usize - FRONT;
        let front = (*pool).area.data.cast::<u8>().add(offset);
        front.write_bytes(0, (*pool).stride);
        (*pool).used -= 1;
        0
    }

    #[no_mangle]
    unsafe extern "C" fn memfd_go_secret_pool_free(pool: *mut memfd_go_secret_pool) -> c_int {
        memfd_go_secret_free(std::ptr::addr_of_mut!((*pool).area))
    }
}

fn file() -> SealedMemFd {
    SealedMemFd::new("name", b"data").unwrap()
}

#[test]
fn maps() {
    let map = file().map().unwrap();
    assert_eq!(map.len(), 5000);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!(map[4999], 0));
        }
    });
    let verified = map_verified(&file(), Seals::empty(), 10).unwrap();
    assert_eq!(&verified[..], [0; 5000]);
    // SAFETY: nothing else uses the memory.
    let mut map = unsafe { MapMut::new(&file(), MapFlags::empty(), 0, 10) }.unwrap();
    map[9] = 1;
    // SAFETY: see above.
    unsafe { *map.as_mut_ptr() = 2 };
    assert_eq!(map.as_ref(), [2, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    thread::spawn(move || drop(map)).join().unwrap();
}

#[test]
fn failed_unmap_is_reported() {
    // SAFETY: nothing else uses the memory.
    let map = || unsafe { Map::new(&file(), MapFlags::empty(), 0, CANNOT_UNMAP) }.unwrap();
    let error = map().unmap().unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENOMEM));
    assert!(std::panic::catch_unwind(|| drop(map())).is_err());
}

#[test]
fn texts() {
    assert_eq!(Seals::WRITE.to_string(), "8");
    assert_eq!("four".parse::<Seals>().unwrap().bits(), 4);
    assert_eq!(inspect(&file()).unwrap().name().to_bytes(), b"x");
    wipe(&mut [1, 2]);
}

#[test]
fn messages() {
    let file = file();
    assert_eq!(
        send_fds(&file, &[file.as_fd(), file.as_fd()], b"data").unwrap(),
        4
    );
    let mut data = [0; 4];
    let mut message = receive_fds(&file, &mut data).unwrap().unwrap();
    assert_eq!((message.len, data), (3, [7; 4]));
    drop(message.fds.nth(2));
    assert_eq!(message.fds.len(), FDS_MAX - 3);
    assert_eq!(receive_fds(&file, &mut []).unwrap().unwrap().len, 0);
}

#[test]
fn lists_of_strings() {
    let error = exec(&file(), ["one", "two"], [("A", "b")], ExecFlags::empty());
    assert_eq!(error.raw_os_error(), Some(9));
}

#[test]
fn secrets() {
    let mut secret = SecretBuf::take(&mut [1, 2, 3]).unwrap();
    secret.write().unwrap()[0] = 7;
    let secret = Arc::new(secret);
    let threads = [0; 3].map(|_| {
        let secret = Arc::clone(&secret);
        thread::spawn(move || assert_eq!(&secret.read().unwrap()[..], [7, 2, 3]))
    });
    let (one, two) = (secret.read().unwrap(), secret.read().unwrap());
    drop(one);
    assert_eq!(two[2], 3);
    drop(two);
    for thread in threads {
        thread.join().unwrap();
    }
    std::mem::forget(secret.read().unwrap());
    drop(secret);
}

#[test]
fn pools() {
    let pool = SecretPool::new(32, 4).unwrap();
    thread::scope(|scope| {
        for value in 1..=2 {
            let pool = &pool;
            scope.spawn(move || {
                let (mut one, two) = (pool.take().unwrap(), pool.take().unwrap());
                one.fill(value);
                assert_eq!((&one[..], &two[..]), (&[value; 32][..], &[0; 32][..]));
            });
        }
    });
    let slots: Vec<_> = (0..4).map(|_| pool.take().unwrap()).collect();
    assert!(pool.take().is_err());
    assert!(slots.iter().all(|slot| slot[..] == [0; 32]));
    drop(slots);
    assert_eq!(pool.used(), 0);
}

#[test]
fn values() {
    let mut key = SecretBox::new([1_u64, 2]).unwrap();
    key.write().unwrap()[1] = 3;
    let (one, two) = (key.read().unwrap(), key.read().unwrap());
    assert_eq!((one[1], *two), (3, [1, 3]));
    drop((one, two));
    assert!(key == SecretBox::new([1, 3]).unwrap());
    let cell = SecretBox::new(Cell::new(1)).unwrap();
    let (one, two) = (cell.read().unwrap(), cell.read().unwrap());
    one.set(7);
    assert_eq!(two.get(), 7);
    drop((one, two));
    let text = SecretString::take(String::from("k\u{e4}se")).unwrap();
    assert_eq!(&*text.read().unwrap(), "k\u{e4}se");
    let empty = SecretString::take(String::new()).unwrap();
    assert_eq!(&*empty.read().unwrap(), "");
    let pool = SecretPool::<[u32; 3]>::of(2).unwrap();
    let (mut one, two) = (pool.take().unwrap(), pool.take().unwrap());
    one[2] = 7;
    assert!(one != two);
}

#[test]
fn shared_maps() {
    let map = SharedMap::<AtomicU32>::new(file(), 0, 1250).unwrap();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| map[1249].fetch_add(1, Ordering::Relaxed));
        }
    });
    assert_eq!(map[1249].load(Ordering::Relaxed), 2);
    let bytes: SharedMap = SharedMap::new(file(), 0, 5000).unwrap();
    bytes.write_at(b"end", 4997);
    let mut text = [0; 3];
    bytes.read_at(&mut text, 4997);
    assert_eq!(&text, b"end");
    bytes.unmap().unwrap();
}

#[cfg(feature = "allocator-api2")]
#[test]
fn collections() {
    use allocator_api2::{boxed::Box, vec::Vec};
    let secret = SecretAllocator::new();
    let mut keys = Vec::new_in(secret.clone());
    keys.extend(0..100_u64);
    let value = Box::new_in([7_u8; 5000], secret);
    assert_eq!((keys[99], value[4999]), (99, 7));
    drop(keys);
    drop(value);
}
