// SPDX-License-Identifier: MIT

//! Secrets that have a type.

use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use memfd_go::{SecretBox, SecretOptions, SecretPool, SecretString};

use crate::common::{alone, errno, in_child};

#[test]
fn a_value_is_kept() {
    alone(|| {
        let mut key = SecretBox::new([1u64, 2, 3]).unwrap();
        key.write().unwrap()[0] = 10;
        assert_eq!(*key.read().unwrap(), [10, 2, 3]);
        let made = SecretBox::<(u8, u32)>::new_with(|pair| pair.1 = 7).unwrap();
        let (first, second) = (made.read().unwrap(), made.read().unwrap());
        assert_eq!((first.0, second.1), (0, 7));
    });
}

#[test]
fn a_value_at_the_end_of_its_pages_is_aligned_or_refused() {
    alone(|| {
        let at_end = SecretOptions::new().align_end(true);
        let fits = SecretBox::<[u64; 3]>::with_options(at_end, |key| key[2] = 1).unwrap();
        assert_eq!(fits.read().unwrap()[2], 1);
        #[derive(Clone, Copy)]
        #[repr(C, align(16))]
        struct Wide([u8; 16]);
        // SAFETY: it is an array of bytes.
        unsafe impl bytemuck::Zeroable for Wide {}
        SecretBox::<[Wide; 3]>::with_options(at_end, |_| ()).unwrap();
        let none = SecretBox::<()>::with_options(at_end, |_| ());
        assert_eq!(errno(none), libc::EINVAL);
    });
}

static DROPPED: AtomicU32 = AtomicU32::new(0);

#[derive(Default)]
struct Dropped(u32);

// SAFETY: it is a number.
unsafe impl bytemuck::Zeroable for Dropped {}

impl Drop for Dropped {
    fn drop(&mut self) {
        DROPPED.fetch_add(self.0, Ordering::Relaxed);
    }
}

#[test]
fn values_are_dropped_once() {
    alone(|| {
        DROPPED.store(0, Ordering::Relaxed);
        let mut value = SecretBox::<Dropped>::new_with(|value| value.0 = 1).unwrap();
        let pool = SecretPool::<Dropped>::of(2).unwrap();
        let mut slot = pool.take().unwrap();
        slot.0 = 10;
        // In a child there is no value to drop.
        let dropped = in_child(|| {
            // SAFETY: the child ends before they are dropped again.
            unsafe {
                ptr::drop_in_place(&mut value);
                ptr::drop_in_place(&mut slot);
            }
            DROPPED.load(Ordering::Relaxed) as i32
        });
        assert_eq!(dropped, 0);
        drop((value, slot));
        assert_eq!(DROPPED.load(Ordering::Relaxed), 11);
        assert_eq!(pool.take().unwrap().0, 0);
    });
}

#[test]
fn a_pool_of_values() {
    alone(|| {
        let pool = SecretPool::<[u64; 4]>::of(2).unwrap();
        let mut first = pool.take().unwrap();
        first[3] = 9;
        let second = pool.take().unwrap();
        assert_eq!((first[3], *second), (9, [0; 4]));
        assert_eq!(errno(pool.take()), libc::ENOSPC);
        drop(first);
        assert_eq!(*pool.take().unwrap(), [0; 4]);
    });
}

#[test]
fn types_that_no_slot_can_hold() {
    alone(|| {
        #[derive(Clone, Copy)]
        #[repr(C, align(32))]
        struct Wide([u8; 32]);
        // SAFETY: it is an array of bytes.
        unsafe impl bytemuck::Zeroable for Wide {}
        assert_eq!(errno(SecretPool::<Wide>::of(1)), libc::EINVAL);
        assert_eq!(errno(SecretPool::<()>::of(1)), libc::EINVAL);
    });
}

#[test]
fn text_is_kept() {
    alone(|| {
        let secret = SecretString::take(String::from("käse")).unwrap();
        assert_eq!((&*secret.read().unwrap(), secret.len()), ("käse", 5));
        let empty = SecretString::take(String::new()).unwrap();
        assert_eq!((&*empty.read().unwrap(), empty.is_empty()), ("", true));
    });
}

#[test]
fn nothing_of_it_is_printed() {
    alone(|| {
        let text = SecretString::take(String::from("horse")).unwrap();
        let number = SecretBox::new(123_456_u32).unwrap();
        let pool = SecretPool::<u32>::of(1).unwrap();
        let mut slot = pool.take().unwrap();
        *slot = 123_456;
        let printed = format!("{text:?} {number:?} {slot:?} {:?}", text.read().unwrap());
        assert!(
            !printed.contains("horse") && !printed.contains("123456"),
            "{printed}"
        );
    });
}

/// Guards go to other threads as far as references to the value do.
#[test]
fn guards_are_as_sendable_as_references() {
    fn is_send<T: Send>(_: &T) {}
    alone(|| {
        let key = SecretBox::new(7_u32).unwrap();
        is_send(&key.read().unwrap());
        is_send(&key);
    });
}

#[test]
fn values_are_compared() {
    alone(|| {
        let key = |last| SecretBox::new([1_u32, last]).unwrap();
        assert!(key(2) == key(2) && key(2) != key(3));
        let pool = SecretPool::<[u8; 3]>::of(2).unwrap();
        let (mut first, second) = (pool.take().unwrap(), pool.take().unwrap());
        assert!(first == second);
        first[2] = 1;
        assert!(first != second);
    });
}
