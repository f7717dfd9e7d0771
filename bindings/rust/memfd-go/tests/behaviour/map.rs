// SPDX-License-Identifier: MIT

use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;

use memfd_go::{create, create_sealed, Map, MapFlags, MapMut, MemFd, Seals};

use crate::common::*;

/// Creates a file of 10 bytes.
fn small() -> MemFd {
    create_sealed("small", b"0123456789", Seals::GROW).unwrap()
}

/// Returns the error of a read-only mapping.
fn map_error(fd: impl AsFd, flags: MapFlags, offset: u64, len: usize) -> i32 {
    // SAFETY: no slice of the mapping is created.
    errno(unsafe { Map::new(fd, flags, offset, len) })
}

/// Returns the error of a writable mapping.
fn map_mut_error(fd: impl AsFd, flags: MapFlags, offset: u64, len: usize) -> i32 {
    // SAFETY: no slice of the mapping is created.
    errno(unsafe { MapMut::new(fd, flags, offset, len) })
}

#[test]
fn shows_the_file() {
    isolated(|| {
        let file = small();
        for flags in [MapFlags::empty(), MapFlags::PRIVATE, MapFlags::POPULATE] {
            // SAFETY: no other process has the file, and nothing writes to it.
            let map = unsafe { file.map(flags) }.unwrap();
            assert_eq!(&map[..], b"0123456789");
            assert_eq!(map.len(), 10);
            assert_eq!(map.as_ref().as_ptr(), map.as_ptr());
        }
    });
}

#[test]
fn outlives_the_descriptor() {
    isolated(|| {
        let file = small();
        // SAFETY: no other process has the file.
        let map = unsafe { file.map(MapFlags::empty()) }.unwrap();
        drop(file);
        assert_eq!(&map[..], b"0123456789");
    });
}

#[test]
fn writes_to_the_file() {
    isolated(|| {
        let file = small();
        // SAFETY: no other process has the file, and it is read while no slice is in use.
        let mut map = unsafe { file.map_mut(MapFlags::empty()) }.unwrap();
        map[0] = b'A';
        map.as_mut()[1] = b'B';
        let mut start = [0; 3];
        file.as_file().read_exact_at(&mut start, 0).unwrap();
        assert_eq!(&start, b"AB2");
        assert_eq!(&map.as_ref()[..3], b"AB2");
    });
}

#[test]
fn private_writes_do_not_reach_the_file() {
    isolated(|| {
        let file = reopen(&small(), &read_only());
        // SAFETY: no other process has the file, and nothing writes to it.
        let mut map = unsafe { MapMut::new(&file, MapFlags::PRIVATE, 0, 10) }.unwrap();
        map[0] = b'A';
        let mut start = [0; 1];
        file.read_exact_at(&mut start, 0).unwrap();
        assert_eq!(&start, b"0");
    });
}

#[test]
fn from_an_offset() {
    isolated(|| {
        let file = create("offset").unwrap();
        // A multiple of all page sizes.
        file.as_file().write_all_at(b"here", 65536).unwrap();
        // SAFETY: no other process has the file, and nothing writes to it.
        let map = unsafe { Map::new(&file, MapFlags::empty(), 65536, 4) }.unwrap();
        assert_eq!(&map[..], b"here");
    });
}

#[test]
fn sealed_against_writing() {
    isolated(|| {
        let file = create_sealed("sealed", b"x", Seals::WRITE).unwrap();
        assert_eq!(map_error(&file, MapFlags::empty(), 0, 1), 0);
        assert_eq!(map_mut_error(&file, MapFlags::PRIVATE, 0, 1), 0);
        assert_eq!(map_mut_error(&file, MapFlags::empty(), 0, 1), libc::EPERM);
        assert_eq!(map_error(&file, MapFlags::WRITE, 0, 1), libc::EPERM);
    });
}

#[test]
fn invalid_arguments() {
    isolated(|| {
        let (file, none) = (small(), MapFlags::empty());
        assert_eq!(map_error(&file, none, 0, 0), libc::EINVAL);
        assert_eq!(map_error(&file, none, 1, 1), libc::EINVAL);
        assert_eq!(map_error(&file, none, 1 << 63, 1), libc::EINVAL);
        // MEMFD_GO_OPT_RESERVE is an option of another function.
        for unknown in [1, 0x8000_0000].map(MapFlags::from_bits_retain) {
            assert_eq!(map_error(&file, unknown, 0, 1), libc::EINVAL);
        }
        // SAFETY: no slice of the mapping is created.
        let empty = unsafe { create("empty").unwrap().map(none) };
        assert_eq!(errno(empty), libc::EINVAL);
    });
}

#[test]
fn too_long() {
    isolated(|| {
        let (file, none) = (small(), MapFlags::empty());
        let last_page = i64::MAX as u64 & !0xffff;
        assert_eq!(map_error(&file, none, last_page, 65536), libc::EOVERFLOW);
        for len in [isize::MAX as usize + 1, usize::MAX] {
            assert_eq!(map_error(&file, none, 0, len), libc::EOVERFLOW);
        }
    });
}

#[test]
#[cfg(all(target_pointer_width = "64", not(target_arch = "s390x")))] // There may be room there.
fn no_address_space() {
    isolated(|| {
        let len = isize::MAX as usize & !0xffff;
        assert_eq!(map_error(small(), MapFlags::empty(), 0, len), libc::ENOMEM);
    });
}

#[test]
fn descriptors_that_cannot_be_mapped() {
    isolated(|| {
        let (file, none) = (small(), MapFlags::empty());
        let other = |options| reopen(&file, &options);
        assert_eq!(map_error(other(write_only()), none, 0, 1), libc::EACCES);
        assert_eq!(map_mut_error(other(read_only()), none, 0, 1), libc::EACCES);
        assert_eq!(map_error(path_only(&file), none, 0, 1), libc::EBADF);
        let (from, _to) = pipe();
        assert_eq!(map_error(from, none, 0, 1), libc::ENODEV);
    });
}

#[test]
fn debug_hides_contents() {
    isolated(|| {
        let file = small();
        // SAFETY: no other process has the file, and nothing writes to it.
        let map = unsafe { file.map(MapFlags::empty()) }.unwrap();
        let expected = format!("Map {{ ptr: {:?}, len: 10 }}", map.as_ptr());
        assert_eq!(format!("{map:?}"), expected);
        // SAFETY: see above.
        let map = unsafe { file.map_mut(MapFlags::empty()) }.unwrap();
        let expected = format!("MapMut {{ ptr: {:?}, len: 10 }}", map.as_ptr());
        assert_eq!(format!("{map:?}"), expected);
    });
}
