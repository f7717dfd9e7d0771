// SPDX-License-Identifier: MIT

//! Memory that several processes write.

use std::cell::Cell;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicU8, Ordering};
use std::thread;

use memfd_go::{create, create_sealed, CreateOptions, MemFd, Seals, SealsError, Shared, SharedMap};

use crate::common::{in_child, isolated, skip};
use crate::sealed::{extend, huge_file};

fn file(size: u64) -> MemFd {
    let options = CreateOptions::new().size(size).seals(Seals::SHRINK);
    options.create("shared").unwrap()
}

fn errno<T: Shared>(result: Result<SharedMap<T>, SealsError>) -> i32 {
    match result {
        Err(SealsError::Os(error)) => error.raw_os_error().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn child_process_writes() {
    isolated(|| {
        let map = SharedMap::<AtomicU64>::new(file(4096), 0, 512).unwrap();
        assert_eq!(map.len(), 512);
        let code = in_child(|| {
            map[511].store(1 << 40, Ordering::Release);
            0
        });
        assert_eq!((code, map[511].load(Ordering::Acquire)), (0, 1 << 40));
    });
}

#[test]
fn threads_write() {
    isolated(|| {
        let map = SharedMap::<AtomicU32>::new(file(4096), 0, 2).unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1000 {
                        map[1].fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(map[1].load(Ordering::Relaxed), 4000);
    });
}

#[test]
fn bytes_are_copied() {
    isolated(|| {
        let file = file(10);
        let map: SharedMap = SharedMap::new(&file, 0, 10).unwrap();
        map.write_at(b"hello", 5);
        let other = SharedMap::<AtomicU8>::new(&file, 0, 10).unwrap();
        let mut text = [0; 5];
        other.read_at(&mut text, 5);
        assert_eq!(&text, b"hello");
    });
}

#[test]
fn copy_out_of_range_panics_without_writing() {
    isolated(|| {
        let map: SharedMap = SharedMap::new(file(10), 0, 10).unwrap();
        let write = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            map.write_at(b"hello", 6);
        }));
        assert!(write.is_err());
        assert!(map.iter().all(|byte| byte.load(Ordering::Relaxed) == 0));
    });
}

#[test]
fn file_that_can_shrink_is_refused() {
    isolated(|| {
        let file = create("can shrink").unwrap();
        file.set_size(4096).unwrap();
        let refused = SharedMap::<AtomicU8>::new(&file, 0, 1).unwrap_err();
        assert!(matches!(refused, SealsError::Missing(Seals::SHRINK)));
    });
}

#[test]
fn range_past_the_end_is_refused() {
    isolated(|| {
        let file = file(4096 + 7);
        SharedMap::<AtomicU64>::new(&file, 0, 512).unwrap();
        let map = |offset, len| errno(SharedMap::<AtomicU64>::new(&file, offset, len));
        assert_eq!(map(0, 513), libc::EOVERFLOW);
        assert_eq!(map(u64::MAX, 1), libc::EOVERFLOW);
        assert_eq!(map(0, usize::MAX), libc::EOVERFLOW);
        assert_eq!(map(0, 0), libc::EINVAL);
        assert_eq!(map(8, 1), libc::EINVAL);
    });
}

#[test]
fn part_of_a_huge_page_is_past_the_end() {
    isolated(|| {
        let Some(file) = huge_file(Seals::SHRINK) else {
            return skip("huge pages: this kernel has none");
        };
        if !extend(&file) {
            return skip("huge pages: none is free");
        }
        let len = file.size().unwrap() as usize;
        let map = SharedMap::<AtomicU8>::new(&file, 0, len);
        assert_eq!(errno(map), libc::EOVERFLOW);
    });
}

/// AsFd is not an unsafe trait, so its result may change.
#[test]
fn descriptor_is_taken_once() {
    struct Changing([MemFd; 2], Cell<usize>);
    impl AsFd for Changing {
        fn as_fd(&self) -> BorrowedFd<'_> {
            let calls = self.1.replace(self.1.get() + 1);
            self.0[usize::from(calls > 1)].as_fd()
        }
    }
    isolated(|| {
        let unsealed = CreateOptions::new().size(4096).create("unsealed").unwrap();
        let files = Changing([file(4096), unsealed], Cell::new(0));
        let map = SharedMap::<AtomicU8>::new(&files, 0, 4096).unwrap();
        files.0[1].set_size(0).unwrap();
        assert_eq!(map[0].load(Ordering::Relaxed), 0);
    });
}

#[test]
fn misaligned_mapping_is_refused() {
    #[repr(C, align(0x40_0000))]
    struct Wide([AtomicU8; 0x40_0000]);
    // SAFETY: an array of atomics without padding.
    unsafe impl Shared for Wide {}
    isolated(|| {
        let file = file(0x40_0000);
        // The second mapping moves the address of the third.
        let first = SharedMap::<Wide>::new(&file, 0, 1);
        let _second = SharedMap::<AtomicU8>::new(&file, 0, 1).unwrap();
        let third = SharedMap::<Wide>::new(&file, 0, 1);
        for map in [first, third] {
            match map {
                Ok(map) => assert_eq!(map.as_mut_ptr() as usize % 0x40_0000, 0),
                Err(_) => assert_eq!(errno(map), libc::EINVAL),
            }
        }
    });
}

#[test]
fn write_sealed_file_is_refused() {
    isolated(|| {
        let file = create_sealed("sealed", b"text", Seals::empty()).unwrap();
        assert_eq!(errno(SharedMap::<AtomicU8>::new(file, 0, 4)), libc::EPERM);
    });
}

#[test]
fn ring_maps_memory_twice() {
    isolated(|| {
        let page = memfd_go::probe().unwrap().page_size;
        let file = file(2 * page as u64);
        let ring = SharedMap::<AtomicU8>::ring(&file, page as u64, page).unwrap();
        assert_eq!(ring.len(), 2 * page);
        ring.write_at(b"0123456789", page - 5);
        let mut text = [0; 5];
        ring.read_at(&mut text, 0);
        assert_eq!(&text, b"56789");
        let ring = |at, len| errno(SharedMap::<AtomicU8>::ring(&file, at, len));
        assert_eq!(ring(0, page - 1), libc::EINVAL);
        assert_eq!(ring(page as u64, 2 * page), libc::EOVERFLOW);
    });
}
