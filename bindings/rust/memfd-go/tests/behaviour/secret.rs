// SPDX-License-Identifier: MIT

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;

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

/// Calls mmap(2) itself.
fn mmap(file: &OwnedFd) -> io::Result<()> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: the kernel chooses an address where nothing is mapped.
    let address = unsafe {
        libc::mmap(
            ptr::null_mut(),
            4096,
            protection,
            libc::MAP_SHARED,
            file.as_raw_fd(),
            0,
        )
    };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Some kernels count pages when they are mapped, others when they are faulted in.
#[test]
fn over_the_memlock_limit() {
    with_secret_file(|file| {
        set_size(&file, 4096).unwrap();
        let error = in_child(|| {
            forbid_locked_memory();
            // SAFETY: no slice of the mapping is created.
            let error = errno(unsafe { MapMut::new(&file, MapFlags::empty(), 0, 4096) });
            i32::from(error != errno(mmap(&file)))
        });
        assert_eq!(error, 0, "the crate and mmap(2) differ");
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
