// SPDX-License-Identifier: MIT

//! Collections in secret memory.

use std::alloc::Layout;
use std::collections::VecDeque;
use std::io;

use allocator_api2::alloc::Allocator;
use allocator_api2::boxed::Box;
use allocator_api2::vec::Vec;
use memfd_go::{SecretAllocator, SecretOptions};

use crate::common::{errno, in_child, isolated, set_limit};

#[test]
fn vector_grows() {
    isolated(|| {
        let secret = SecretAllocator::new();
        let mut numbers = Vec::new_in(&secret);
        numbers.extend(0..10_000_u32);
        assert!(numbers.iter().copied().eq(0..10_000));
        numbers.truncate(3);
        numbers.shrink_to_fit();
        assert_eq!(numbers, [0, 1, 2]);
    });
}

#[test]
fn memory_outlives_the_allocator_handle() {
    isolated(|| {
        let secret = SecretAllocator::new();
        let value = Box::new_in([7_u64; 4], secret.clone());
        drop(secret);
        assert_eq!(*value, [7; 4]);
    });
}

#[test]
fn freed_memory_is_wiped() {
    isolated(|| {
        let secret = SecretAllocator::new();
        let layout = Layout::array::<u8>(100).unwrap();
        let first = secret.allocate(layout).unwrap().cast::<u8>();
        // SAFETY: the allocation has that many bytes.
        unsafe { first.as_ptr().write_bytes(0xaa, 100) };
        // SAFETY: the memory was allocated with this layout.
        unsafe { secret.deallocate(first, layout) };
        let second = secret.allocate(layout).unwrap().cast::<u8>();
        assert_eq!(first, second);
        // SAFETY: the memory is allocated, and pools zero it.
        let bytes = unsafe { std::slice::from_raw_parts(second.as_ptr(), 100) };
        assert_eq!(bytes, [0; 100]);
        // SAFETY: the memory was allocated with this layout.
        unsafe { secret.deallocate(second, layout) };
    });
}

#[test]
fn all_layouts() {
    isolated(|| {
        let secret = SecretAllocator::new();
        let mut taken = std::vec::Vec::new();
        for size in [0, 1, 16, 17, 4096, 4097, 100_000] {
            for align in [1, 8, 16, 32, 4096] {
                let layout = Layout::from_size_align(size, align).unwrap();
                let start = secret.allocate(layout).unwrap().cast::<u8>();
                assert_eq!(start.as_ptr() as usize % align, 0, "{layout:?}");
                // SAFETY: the allocation has that many bytes.
                unsafe { start.as_ptr().write_bytes(0xaa, size) };
                taken.push((start, layout));
            }
        }
        for (start, layout) in taken {
            // SAFETY: the memory was allocated with this layout.
            unsafe { secret.deallocate(start, layout) };
        }
        let layout = Layout::from_size_align(1, 1 << 24).unwrap();
        if let Ok(start) = secret.allocate(layout) {
            assert_eq!(start.cast::<u8>().as_ptr() as usize % (1 << 24), 0);
        }
    });
}

/// 10,000 keys of mixed sizes, in a process that may lock 8 MiB.
#[test]
fn many_keys_in_little_memory() {
    let code = in_child(|| {
        set_limit(libc::RLIMIT_MEMLOCK, 8 << 20);
        // SAFETY: the function takes no pointers. The limit does not apply to root.
        if unsafe { libc::setuid(65534) } != 0 {
            return 2;
        }
        let secret = SecretAllocator::new();
        let mut keys = VecDeque::new();
        for i in 0..10_000_usize {
            let mut key = Vec::new_in(secret.clone());
            if key.try_reserve_exact(16 + i % 241).is_err() {
                return 3;
            }
            key.resize(16 + i % 241, i as u8);
            keys.push_back(key);
        }
        let intact = |(i, key): (usize, &Vec<u8, _>)| key.iter().all(|&byte| byte == i as u8);
        i32::from(!keys.iter().enumerate().all(intact))
    });
    assert_eq!(code, 0);
}

#[test]
fn child_does_not_have_the_memory() {
    isolated(|| {
        let secret = SecretAllocator::new();
        let mut key = Vec::new_in(secret.clone());
        key.push(7_u8);
        let code = in_child(|| {
            let refused = secret.allocate(Layout::new::<u8>()).is_err();
            // SAFETY: the child exits before it is dropped again.
            unsafe { std::ptr::drop_in_place(&mut key) };
            i32::from(!refused)
        });
        assert_eq!((code, key[0]), (0, 7));
    });
}

#[test]
fn invalid_options() {
    let with = |options| errno(SecretAllocator::with_options(options).map(drop));
    assert_eq!(with(SecretOptions::new().align_end(true)), libc::EINVAL);
    assert_eq!(with(SecretOptions::new().keep_fd(true)), libc::EINVAL);
    assert_eq!(with(SecretOptions::new().secretmem(false)), 0);
    let _: io::Result<SecretAllocator> = SecretAllocator::with_options(SecretOptions::new());
}
