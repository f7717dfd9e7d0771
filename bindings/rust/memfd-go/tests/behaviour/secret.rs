// SPDX-License-Identifier: MIT

use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};

use memfd_go::{get_size, secret, set_size, Map, MapFlags, MapMut};

use crate::common::*;

/// Runs a test with a secret file, if the kernel supports them.
fn with_secret_file(test: impl FnOnce(OwnedFd)) {
    isolated(|| match secret() {
        Ok(file) => test(file),
        Err(error) if error.raw_os_error() == Some(libc::ENOSYS) => {
            skip("there is no memfd_secret(2)");
        }
        Err(error) => panic!("{error}"),
    });
}

#[test]
fn close_on_exec() {
    with_secret_file(|file| {
        // SAFETY: the function takes no pointers.
        let flags = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETFD) };
        assert_eq!(flags & libc::FD_CLOEXEC, libc::FD_CLOEXEC);
    });
}

#[test]
fn set_size_once_and_map() {
    with_secret_file(|file| {
        set_size(&file, 4096).unwrap();
        assert_eq!(get_size(&file).unwrap(), 4096);
        assert_eq!(errno(set_size(&file, 4096)), libc::EINVAL);
        // SAFETY: no other process has the file, and this is its only mapping.
        let mut map = unsafe { MapMut::new(&file, MapFlags::empty(), 0, 4096) }.unwrap();
        drop(file);
        map.fill(7);
        assert!(map.iter().all(|&byte| byte == 7));
    });
}

#[test]
fn invalid_mappings() {
    with_secret_file(|file| {
        set_size(&file, 4096).unwrap();
        // SAFETY: no slice of a mapping is created.
        let map = |flags| errno(unsafe { Map::new(&file, flags, 0, 4096) });
        assert_eq!(map(MapFlags::PRIVATE), libc::EINVAL);
        assert_eq!(map(MapFlags::EXEC), libc::EPERM);
    });
}

#[test]
fn over_the_memlock_limit() {
    with_secret_file(|file| {
        set_size(&file, 4096).unwrap();
        let error = in_child(|| {
            forbid_locked_memory();
            // SAFETY: no slice of the mapping is created.
            errno(unsafe { MapMut::new(&file, MapFlags::empty(), 0, 4096) })
        });
        // Linux 7 counts pages when they are faulted in, not when they are mapped.
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
        let major: u32 = release.split('.').next().unwrap().parse().unwrap();
        assert!(error == libc::EAGAIN || major >= 7 && error == 0, "{error}");
    });
}

#[test]
fn too_many_descriptors() {
    with_secret_file(|_file| {
        let error = in_child(|| {
            forbid_new_descriptors();
            errno(secret())
        });
        assert_eq!(error, libc::EMFILE);
    });
}
