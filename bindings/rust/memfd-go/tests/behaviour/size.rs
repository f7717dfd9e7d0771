// SPDX-License-Identifier: MIT

use std::os::unix::fs::MetadataExt;

use memfd_go::{create, get_size, reserve, set_size, Seals};

use crate::common::*;

#[test]
fn grows_and_shrinks() {
    isolated(|| {
        let file = create("sized").unwrap();
        for size in [1, 10_000, 4096, 0] {
            file.set_size(size).unwrap();
            assert_eq!(file.size().unwrap(), size);
        }
    });
}

#[test]
fn huge_sizes_take_no_memory() {
    isolated(|| {
        let file = create("sparse").unwrap();
        let size = 1 << 40;
        file.set_size(size).unwrap();
        assert_eq!(file.size().unwrap(), size);
        assert_eq!(file.as_file().metadata().unwrap().blocks(), 0);
    });
}

#[test]
fn reserve_allocates_memory() {
    isolated(|| {
        let file = create("reserved").unwrap();
        file.reserve(100_000).unwrap();
        let metadata = file.as_file().metadata().unwrap();
        assert_eq!(metadata.len(), 100_000);
        assert!(metadata.blocks() * 512 >= 100_000);
        file.reserve(10).unwrap();
        assert_eq!(file.size().unwrap(), 10);
    });
}

#[test]
fn too_large() {
    isolated(|| {
        let file = create("large").unwrap();
        for size in [i64::MAX as u64 + 1, u64::MAX] {
            assert_eq!(errno(file.set_size(size)), libc::EINVAL);
            assert_eq!(errno(file.reserve(size)), libc::EINVAL);
        }
        assert_eq!(file.size().unwrap(), 0);
    });
}

#[test]
fn over_the_file_size_limit() {
    isolated(|| {
        let file = create("limited").unwrap();
        let error = in_child(|| {
            limit_file_size(10);
            errno(file.set_size(11))
        });
        assert_eq!(error, libc::EFBIG);
        let error = in_child(|| {
            limit_file_size(10);
            errno(file.reserve(11))
        });
        assert_eq!(error, libc::EFBIG);
        assert_eq!(file.size().unwrap(), 0);
    });
}

#[test]
fn sealed_sizes_cannot_change() {
    isolated(|| {
        let file = create("sealed").unwrap();
        file.set_size(10).unwrap();
        file.add_seals(Seals::SHRINK).unwrap();
        assert_eq!(errno(file.set_size(9)), libc::EPERM);
        assert_eq!(errno(file.reserve(9)), libc::EPERM);
        file.set_size(20).unwrap();
        file.add_seals(Seals::GROW).unwrap();
        assert_eq!(errno(file.set_size(21)), libc::EPERM);
        assert_eq!(errno(file.reserve(21)), libc::EPERM);
        assert_eq!(file.size().unwrap(), 20);
    });
}

#[test]
fn not_open_for_writing() {
    isolated(|| {
        let file = create("read").unwrap();
        let file = reopen(&file, &read_only());
        assert_eq!(errno(set_size(&file, 1)), libc::EINVAL);
        assert_eq!(errno(reserve(&file, 1)), libc::EBADF);
        assert_eq!(get_size(&file).unwrap(), 0);
    });
}

#[test]
fn any_descriptor_has_a_size() {
    isolated(|| {
        let file = create("path").unwrap();
        file.set_size(7).unwrap();
        assert_eq!(get_size(path_only(&file)).unwrap(), 7);
        assert_eq!(get_size(pipe().0).unwrap(), 0);
    });
}

#[test]
fn pipes_have_no_size_to_set() {
    isolated(|| {
        let (_, to) = pipe();
        assert_eq!(errno(set_size(&to, 1)), libc::EINVAL);
        assert_eq!(errno(reserve(&to, 1)), libc::ESPIPE);
    });
}

#[test]
fn discard_zeroes_and_frees_memory() {
    isolated(|| {
        let mut file = create("cache").unwrap();
        std::io::Write::write_all(&mut file, &[7; 8192]).unwrap();
        file.discard(0, 4096).unwrap();
        let mut bytes = [1; 4097];
        std::os::unix::fs::FileExt::read_exact_at(file.as_file(), &mut bytes, 0).unwrap();
        assert!(bytes[..4096] == [0; 4096] && bytes[4096] == 7);
        assert_eq!(file.size().unwrap(), 8192);
        assert_eq!(errno(file.discard(0, 0)), libc::EINVAL);
        file.add_seals(Seals::WRITE).unwrap();
        assert_eq!(errno(file.discard(0, 4096)), libc::EPERM);
    });
}
