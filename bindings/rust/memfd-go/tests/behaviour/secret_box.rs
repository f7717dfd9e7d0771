// SPDX-License-Identifier: MIT

//! Typed secrets.

use std::cell::Cell;
use std::hint::black_box;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use memfd_go::{SecretBox, SecretOptions, SecretPool, SecretString};

use crate::common::{errno, in_child, isolated};

#[test]
fn stores_a_value() {
    isolated(|| {
        let mut key = SecretBox::new([1u64, 2, 3]).unwrap();
        key.write().unwrap()[0] = 10;
        assert_eq!(*key.read().unwrap(), [10, 2, 3]);
        let made = SecretBox::<(u8, u32)>::new_with(|pair| pair.1 = 7).unwrap();
        let (first, second) = (made.read().unwrap(), made.read().unwrap());
        assert_eq!((first.0, second.1), (0, 7));
    });
}

#[test]
fn align_end_refuses_misaligned_values() {
    isolated(|| {
        let at_end = SecretOptions::new().align_end(true);
        let fits = SecretBox::<[u64; 3]>::with_options(at_end, |key| key[2] = 1).unwrap();
        assert_eq!(fits.read().unwrap()[2], 1);
        #[derive(Clone, Copy)]
        #[repr(C, align(16))]
        struct Wide([u8; 16]);
        // SAFETY: zeros are a valid array of bytes.
        unsafe impl bytemuck::Zeroable for Wide {}
        SecretBox::<[Wide; 3]>::with_options(at_end, |_| ()).unwrap();
        let none = SecretBox::<()>::with_options(at_end, |_| ());
        assert_eq!(errno(none), libc::EINVAL);
    });
}

/// A page may have 64 KiB.
#[test]
fn misaligned_value_is_not_dropped() {
    #[repr(align(0x2_0000))]
    struct Wide(u8);
    // SAFETY: zeros are a valid number.
    unsafe impl bytemuck::Zeroable for Wide {}
    impl Drop for Wide {
        fn drop(&mut self) {
            // A pointer, because the compiler takes the address of `self` for aligned.
            assert_eq!(black_box(&self.0 as *const u8) as usize % 0x2_0000, 0);
        }
    }
    isolated(|| {
        let options = SecretOptions::new().secretmem(false).allow_unlocked(true);
        let made = [(); 3].map(|_| {
            let value = SecretBox::<Wide>::with_options(options, |value| value.0 = 1);
            let small = SecretBox::new(1_u8).unwrap(); // Moves the address of the next value.
            (value, small)
        });
        for (value, _) in made {
            assert!(value.is_ok() || errno(value) == libc::EINVAL);
        }
    });
}

#[test]
fn shared_reference_changes_a_cell() {
    isolated(|| {
        let key = SecretBox::new(Cell::new(1_u64)).unwrap();
        let (one, two) = (key.read().unwrap(), key.read().unwrap());
        one.set(2);
        drop(one);
        two.set(two.get() + 1);
        drop(two);
        assert_eq!(key.read().unwrap().get(), 3);
    });
}

static DROPPED: AtomicU32 = AtomicU32::new(0);

#[derive(Default)]
struct Dropped(u32);

// SAFETY: zeros are a valid number.
unsafe impl bytemuck::Zeroable for Dropped {}

impl Drop for Dropped {
    fn drop(&mut self) {
        DROPPED.fetch_add(self.0, Ordering::Relaxed);
    }
}

#[test]
fn values_are_dropped_once() {
    isolated(|| {
        DROPPED.store(0, Ordering::Relaxed);
        let mut value = SecretBox::<Dropped>::new_with(|value| value.0 = 1).unwrap();
        let pool = SecretPool::<Dropped>::of(2).unwrap();
        let mut slot = pool.take().unwrap();
        slot.0 = 10;
        // A child does not have the value, so it does not drop it.
        let dropped = in_child(|| {
            // SAFETY: the child exits before they are dropped again.
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
fn slot_is_given_back_if_dropping_its_value_panics() {
    struct Panics(u32);
    // SAFETY: zeros are a valid number.
    unsafe impl bytemuck::Zeroable for Panics {}
    impl Drop for Panics {
        fn drop(&mut self) {
            assert_ne!(self.0, 1);
        }
    }
    isolated(|| {
        let pool = SecretPool::<Panics>::of(1).unwrap();
        let mut slot = pool.take().unwrap();
        slot.0 = 1;
        assert!(catch_unwind(AssertUnwindSafe(|| drop(slot))).is_err());
        assert_eq!((pool.used(), pool.take().unwrap().0), (0, 0));
    });
}

#[test]
fn pool_of_values() {
    isolated(|| {
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
fn invalid_slot_types() {
    isolated(|| {
        #[derive(Clone, Copy)]
        #[repr(C, align(32))]
        struct Wide([u8; 32]);
        // SAFETY: zeros are a valid array of bytes.
        unsafe impl bytemuck::Zeroable for Wide {}
        assert_eq!(errno(SecretPool::<Wide>::of(1)), libc::EINVAL);
        assert_eq!(errno(SecretPool::<()>::of(1)), libc::EINVAL);
    });
}

#[test]
fn stores_text() {
    isolated(|| {
        let secret = SecretString::take(String::from("käse")).unwrap();
        assert_eq!((&*secret.read().unwrap(), secret.len()), ("käse", 5));
        let empty = SecretString::take(String::new()).unwrap();
        assert_eq!((&*empty.read().unwrap(), empty.is_empty()), ("", true));
    });
}

#[test]
fn debug_hides_contents() {
    isolated(|| {
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

/// A guard is Send and Sync if a reference to the value is.
#[test]
fn guards_are_send_and_sync_like_references() {
    fn is_send<T: Send>(_: &T) {}
    isolated(|| {
        let key = SecretBox::new(7_u32).unwrap();
        is_send(&key.read().unwrap());
        is_send(&key);
    });
}

#[test]
fn values_are_compared() {
    isolated(|| {
        let key = |last| SecretBox::new([1_u32, last]).unwrap();
        assert!(key(2) == key(2) && key(2) != key(3));
        let pool = SecretPool::<[u8; 3]>::of(2).unwrap();
        let (mut first, second) = (pool.take().unwrap(), pool.take().unwrap());
        assert!(first == second);
        first[2] = 1;
        assert!(first != second);
    });
}
