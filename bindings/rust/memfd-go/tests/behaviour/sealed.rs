// SPDX-License-Identifier: MIT

use std::error::Error;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
use std::thread;

use memfd_go::{
    create, create_sealed, map_verified, CreateOptions, MemFd, SealedMap, SealedMemFd, Seals,
    SealsError,
};

use crate::common::*;

#[test]
fn map_shows_contents() {
    isolated(|| {
        let data: Vec<u8> = (0..100_000).map(|i| i as u8).collect();
        let file = SealedMemFd::new("sealed", &data).unwrap();
        assert_eq!(file.size().unwrap(), 100_000);
        assert!(file.seals().unwrap().contains(Seals::IMMUTABLE));
        let map = file.map().unwrap();
        drop(file);
        assert_eq!(&map[..], &data);
        assert_eq!(map.as_ref(), &data);
        let expected = format!("SealedMap {{ ptr: {:?}, len: 100000 }}", map.as_ptr());
        assert_eq!(format!("{map:?}"), expected);
    });
}

#[test]
fn empty_file_has_an_empty_map() {
    isolated(|| {
        let file = SealedMemFd::new("empty", b"").unwrap();
        assert!(file.map().unwrap().is_empty());
    });
}

#[test]
fn contents_cannot_change() {
    isolated(|| {
        let file = SealedMemFd::new("sealed", b"fixed").unwrap();
        let memfd = file.as_memfd();
        assert_eq!(errno(memfd.as_file().write_all(b"x")), libc::EPERM);
        assert_eq!(errno(memfd.set_size(0)), libc::EPERM);
        assert_eq!(errno(memfd.set_size(10)), libc::EPERM);
        assert_eq!(&file.map().unwrap()[..], b"fixed");
    });
}

#[test]
fn map_does_not_grow_with_the_file() {
    isolated(|| {
        let file = create_sealed("grows", b"abc", SealedMemFd::REQUIRED).unwrap();
        let file = SealedMemFd::try_from(file).unwrap();
        let map = file.map().unwrap();
        file.as_memfd().set_size(5).unwrap();
        assert_eq!(&map[..], b"abc");
        assert_eq!(&file.map().unwrap()[..], b"abc\0\0");
    });
}

#[test]
fn read_only_descriptor_is_accepted() {
    isolated(|| {
        let file = SealedMemFd::new("sealed", b"abc").unwrap();
        let fd = OwnedFd::from(reopen(&file, &read_only()));
        let file = SealedMemFd::try_from(fd).unwrap();
        assert_eq!(&file.map().unwrap()[..], b"abc");

        let fd = OwnedFd::from(reopen(&file, &write_only()));
        let file = SealedMemFd::try_from(fd).unwrap();
        assert_eq!(errno(file.map()), libc::EACCES);
    });
}

#[test]
fn error_names_missing_seals_and_returns_the_descriptor() {
    isolated(|| {
        for (has, lacks) in [
            (Seals::GROW, Seals::WRITE | Seals::SHRINK),
            (Seals::WRITE | Seals::GROW, Seals::SHRINK),
            (Seals::SHRINK | Seals::SEAL, Seals::WRITE),
        ] {
            let file = create_sealed("half", b"x", has).unwrap();
            let number = file.as_raw_fd();
            let error = SealedMemFd::try_from(file).unwrap_err();
            match error.reason() {
                SealsError::Missing(seals) => assert_eq!(*seals, lacks),
                other => panic!("{other}"),
            }
            assert!(error
                .source()
                .unwrap()
                .to_string()
                .starts_with("missing seals: "));
            assert_eq!(error.into_fd().as_raw_fd(), number);
        }
    });
}

#[test]
fn error_converts_to_io_error() {
    isolated(|| {
        let file = OwnedFd::from(create("open").unwrap());
        let result = SealedMemFd::try_from(file).map_err(io::Error::from);
        assert_eq!(errno(result), libc::EKEYREJECTED);

        let result = SealedMemFd::try_from(pipe().0).map_err(io::Error::from);
        assert_eq!(errno(result), libc::EINVAL);
    });
}

#[test]
fn future_write_is_not_enough() {
    isolated(|| {
        let file = create("future").unwrap();
        if file.add_seals(Seals::FUTURE_WRITE | Seals::SHRINK).is_err() {
            return skip("FUTURE_WRITE: before Linux 5.1");
        }
        let error = SealedMemFd::try_from(file).unwrap_err();
        assert!(matches!(error.reason(), SealsError::Missing(Seals::WRITE)));
    });
}

/// Returns whether the kernel has F_SEAL_EXEC (Linux 6.3).
fn has_seal_exec() -> bool {
    create("seals").unwrap().add_seals(Seals::EXEC).is_ok()
}

#[test]
fn executable_file_with_exec_seal_is_accepted_only_on_a_fixed_kernel() {
    isolated(|| {
        let file = match CreateOptions::new().executable(true).create("program") {
            Ok(file) => file,
            Err(_) => return skip("executable(true): vm.memfd_noexec is 2"),
        };
        if !has_seal_exec() {
            return skip("F_SEAL_EXEC: before Linux 6.3");
        }
        file.add_seals(Seals::IMMUTABLE | Seals::EXEC).unwrap();
        match SealedMemFd::try_from(file) {
            Ok(_) => {} // The kernel looks for mappings that could write.
            Err(error) => {
                assert!(matches!(error.reason(), SealsError::Unproven), "{error:?}");
                assert_eq!(errno::<()>(Err(error)), libc::EKEYREVOKED);
            }
        }
    });
}

/// An error that has nothing to do with the access mode, as from a security module.
#[test]
fn file_that_cannot_be_checked_is_refused() {
    if !can_filter() {
        return skip("there is no seccomp(2)");
    }
    isolated(|| {
        let file = SealedMemFd::new("sealed", b"abc").unwrap();
        let code = in_child(|| {
            refuse_size(libc::EACCES);
            errno(SealedMemFd::try_from(MemFd::from(file)))
        });
        assert_eq!(code, libc::EACCES);
    });
}

/// Returns a file of one huge page, or `None` if the kernel has none.
pub fn huge_file(seals: Seals) -> Option<MemFd> {
    let file = CreateOptions::new().huge_pages(true).create("huge").ok()?;
    file.set_size(file.inspect().unwrap().huge_page()?).unwrap();
    file.add_seals(seals).unwrap();
    Some(file)
}

/// Extends a file by one byte, even a file of huge pages. Returns whether that worked.
pub fn extend(file: &MemFd) -> bool {
    let size = file.size().unwrap();
    // SAFETY: the function takes no pointers.
    unsafe { libc::fallocate(file.as_raw_fd(), 0, size as libc::off_t, 1) };
    file.size().unwrap() > size
}

/// A mapping that ends within a huge page is SIGBUS behind the last whole one.
#[test]
fn file_that_grew_by_a_part_of_a_huge_page_is_refused() {
    isolated(|| {
        let Some(file) = huge_file(SealedMemFd::REQUIRED) else {
            return skip("huge pages: this kernel has none");
        };
        let file = SealedMemFd::try_from(file).unwrap();
        match extend(file.as_memfd()) {
            true => assert_eq!(errno(file.map()), libc::EINVAL),
            false => skip("huge pages: none is free"),
        }
    });
}

#[test]
fn sealed_with_exec_and_not_executable_is_accepted() {
    isolated(|| {
        let options = CreateOptions::new().executable(false);
        let file = options
            .create_sealed("data", b"abc", Seals::IMMUTABLE)
            .unwrap();
        let file = SealedMemFd::try_from(file).unwrap();
        assert_eq!(file.seals().unwrap().contains(Seals::EXEC), has_seal_exec());
        assert_eq!(&file.map().unwrap()[..], b"abc");
    });
}

#[test]
fn threads_share_a_map() {
    fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<SealedMap>();
    is_send_and_sync::<SealedMemFd>();
    isolated(|| {
        let map = SealedMemFd::new("shared", b"abc").unwrap().map().unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert_eq!(&map[..], b"abc"));
            }
        });
        thread::spawn(move || drop(map)).join().unwrap();
    });
}

#[test]
fn conversions_keep_the_descriptor() {
    isolated(|| {
        let file = SealedMemFd::new("converted", b"abc").unwrap();
        let number = file.as_raw_fd();
        let file = SealedMemFd::try_from(MemFd::from(file)).unwrap();
        let file = MemFd::try_from(File::from(file)).unwrap();
        let file = SealedMemFd::try_from(OwnedFd::from(file)).unwrap();
        let file = MemFd::try_from(OwnedFd::from(file)).unwrap();
        assert_eq!(file.as_raw_fd(), number);
        let raw = File::from(file).into_raw_fd();
        assert_eq!(raw, number);
        // SAFETY: into_raw_fd() gave up ownership.
        let file = unsafe { MemFd::from_raw_fd(raw) };
        assert_eq!(file.size().unwrap(), 3);
    });
}

#[test]
fn map_verified_checks_seals_and_length() {
    isolated(|| {
        let file = SealedMemFd::new("sealed", b"abc").unwrap();
        let map = map_verified(&file, Seals::empty(), 3).unwrap();
        assert_eq!(&map[..], b"abc");
        let map = map_verified(&file, Seals::GROW, u64::MAX).unwrap();
        assert_eq!(&map[..], b"abc");
        let refused = |fd: BorrowedFd<'_>, seals, max| errno(map_verified(fd, seals, max));
        assert_eq!(refused(file.as_fd(), Seals::empty(), 2), libc::EFBIG);
        let future = refused(file.as_fd(), Seals::FUTURE_WRITE, 3);
        assert_eq!(future, libc::EKEYREJECTED);
        // SealedMemFd::REQUIRED is checked as well.
        let half = create_sealed("half", b"abc", Seals::SHRINK).unwrap();
        assert_eq!(refused(half.as_fd(), Seals::SHRINK, 3), libc::EKEYREJECTED);
        let empty = create_sealed("empty", b"", Seals::empty()).unwrap();
        assert_eq!(refused(empty.as_fd(), Seals::empty(), 3), libc::ENODATA);
        assert_eq!(refused(pipe().0.as_fd(), Seals::empty(), 3), libc::EINVAL);
    });
}

#[test]
fn error_names_missing_seals() {
    isolated(|| {
        let half = create_sealed("half", b"abc", Seals::SHRINK).unwrap();
        let refused = map_verified(&half, Seals::GROW, 3).unwrap_err();
        assert_eq!(refused.to_string(), "missing seals: GROW WRITE");
        let empty = SealedMemFd::new("empty", b"").unwrap();
        let refused = map_verified(&empty, Seals::empty(), 3).unwrap_err();
        assert_eq!(refused.to_string(), "the file cannot be verified");
        assert!(refused
            .source()
            .unwrap()
            .to_string()
            .contains("os error 61"));
    });
}

#[test]
fn holes_are_filled() {
    isolated(|| {
        let options = CreateOptions::new().size(8192).seals(Seals::IMMUTABLE);
        let hole = options.create("hole").unwrap();
        let blocks = |file: &MemFd| {
            std::os::unix::fs::MetadataExt::blocks(&file.as_file().metadata().unwrap())
        };
        assert_eq!(blocks(&hole), 0);
        let file = SealedMemFd::try_from(hole).unwrap();
        file.fill_holes().unwrap();
        assert!(blocks(file.as_memfd()) * 512 >= 8192);
    });
}

#[test]
fn stream_is_copied_to_its_end() {
    isolated(|| {
        let (reader, writer) = pipe();
        File::from(writer).write_all(b"hello").unwrap();
        let copy = SealedMemFd::copy_stream("copy", &reader, 5).unwrap();
        assert_eq!(&copy.map().unwrap()[..], b"hello");
        let (reader, writer) = pipe();
        File::from(writer).write_all(b"hello").unwrap();
        let refused = SealedMemFd::copy_stream("copy", &reader, 4);
        assert_eq!(errno(refused), libc::EFBIG);
    });
}
