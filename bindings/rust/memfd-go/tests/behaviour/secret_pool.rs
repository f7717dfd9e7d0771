// SPDX-License-Identifier: MIT

use std::mem::forget;
use std::thread;
use std::time::{Duration, Instant};

use memfd_go::{SecretKind, SecretOptions, SecretPool};

use crate::common::*;

#[test]
fn take_and_give_back() {
    isolated(|| {
        let pool = SecretPool::new(10, 3).unwrap();
        assert_eq!((pool.slots(), pool.slot_len()), (3, 10));
        let mut slots: Vec<_> = (0..3).map(|_| pool.take().unwrap()).collect();
        assert_eq!(pool.used(), 3);
        assert_eq!(errno(pool.take()), libc::ENOSPC);
        for (slot, value) in slots.iter_mut().zip(1..) {
            assert_eq!(&slot[..], [0; 10]);
            assert_eq!(slot.as_ptr() as usize % 16, 0);
            slot.fill(value);
        }
        for (slot, value) in slots.iter().zip(1..) {
            assert_eq!(&slot[..], [value; 10]);
        }
        drop(slots.remove(1));
        assert_eq!(pool.used(), 2);
        assert_eq!(&pool.take().unwrap()[..], [0; 10]);
    });
}

#[test]
fn leaked_slot_is_freed_with_the_pool() {
    isolated(|| {
        let pool = SecretPool::new(10, 1).unwrap();
        forget(pool.take().unwrap());
        assert_eq!(errno(pool.take()), libc::ENOSPC);
    });
}

#[test]
fn invalid_arguments() {
    isolated(|| {
        let default = SecretOptions::new();
        for (len, slots, options) in [
            (0, 1, default),
            (1, 0, default),
            (1, (1 << 20) + 1, default),
            (usize::MAX, 1, default),
            (1, 1, default.align_end(true)),
            (1, 1, default.keep_fd(true)),
            (1, 1, default.share_with_children(true)),
        ] {
            let pool = SecretPool::with_options(len, slots, options);
            assert_eq!(errno(pool), libc::EINVAL, "{len} {slots} {options:?}");
        }
    });
}

#[test]
fn debug_hides_contents() {
    isolated(|| {
        let options = SecretOptions::new().secretmem(false);
        let pool = SecretPool::with_options(4, 2, options).unwrap();
        assert_eq!(pool.kind(), SecretKind::Locked);
        let text = "SecretPool { kind: Locked, slots: 2, slot_len: 4, .. }";
        assert_eq!(format!("{pool:?}"), text);
        let slot = format!("{:?}", pool.take().unwrap());
        assert_eq!(slot, "SecretSlot { len: 4, .. }");
    });
}

#[test]
fn threads_share_a_pool() {
    isolated(|| {
        let pool = SecretPool::new(32, 8).unwrap();
        thread::scope(|scope| {
            for value in 1..=4 {
                let pool = &pool;
                scope.spawn(move || {
                    for _ in 0..1000 {
                        let (mut one, two) = (pool.take().unwrap(), pool.take().unwrap());
                        one.fill(value);
                        assert_eq!(&one[..], [value; 32]);
                        assert_eq!(&two[..], [0; 32]);
                    }
                });
            }
        });
        assert_eq!(pool.used(), 0);
    });
}

/// A thread of the parent may hold the lock at the fork.
#[test]
fn child_does_not_wait_for_the_lock() {
    isolated(|| {
        let pool = SecretPool::new(32, 1).unwrap();
        let end = Instant::now() + Duration::from_millis(500);
        thread::scope(|scope| {
            scope.spawn(|| {
                while Instant::now() < end {
                    drop(pool.take());
                }
            });
            while Instant::now() < end {
                let used = in_child(|| {
                    // SAFETY: the function takes no pointers.
                    unsafe { libc::alarm(10) };
                    pool.used() as i32
                });
                assert_eq!(used, 0);
            }
        });
    });
}

#[test]
fn child_does_not_have_the_pool() {
    isolated(|| {
        for secretmem in [true, false] {
            let options = SecretOptions::new().secretmem(secretmem);
            let pool = SecretPool::with_options(10, 2, options).unwrap();
            let mut slot = pool.take().unwrap();
            slot.fill(9);
            let error = in_child(|| {
                // SAFETY: the child does not use the copies again; the parent has its own.
                unsafe {
                    drop(std::ptr::read(&slot));
                    drop(std::ptr::read(&pool));
                }
                errno(pool.take())
            });
            assert_eq!(error, libc::EFAULT);
            assert_eq!(&slot[..], [9; 10]);
        }
    });
}
