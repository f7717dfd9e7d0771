// SPDX-License-Identifier: MIT

//! Functions that create, open, inspect and execute files, with valid and invalid arguments.

#[allow(dead_code)] // This program does not use all functions.
mod common;

use std::ffi::{c_void, CStr};
use std::fs::File;
use std::io::{Read, Seek};
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::raw::{c_char, c_int};
use std::ptr::{null, null_mut};

use common::{isolated, pipe};
use memfd_go_sys::*;

const NAME: *const c_char = b"name\0".as_ptr().cast();
const UNKNOWN: u32 = 0x8000_0000;
const HELLO: &[u8] = b"hello";

fn owned(fd: c_int) -> OwnedFd {
    assert!(fd >= 0, "error {}", -fd);
    // SAFETY: the descriptor is new, so nothing else owns it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Creates a file with the contents "hello" that is not executable.
fn hello(seals: u32) -> OwnedFd {
    // SAFETY: the name ends with a NUL, and the call gets the length of the data.
    let fd = unsafe {
        let flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
        memfd_go_create_sealed(NAME, flags, seals, HELLO.as_ptr().cast(), HELLO.len())
    };
    let fd = owned(fd);
    // SAFETY: the function takes no pointers.
    assert_eq!(unsafe { libc::fchmod(fd.as_raw_fd(), 0o600) }, 0);
    fd
}

#[test]
fn probe() {
    isolated(|| {
        // SAFETY: zeros are valid for all fields; bad pointers are refused.
        unsafe {
            let mut features: memfd_go_features = zeroed();
            let size = size_of::<memfd_go_features>();
            assert_eq!(memfd_go_probe(&mut features, 0, 0), -libc::EINVAL);
            let unknown = memfd_go_probe(&mut features, size, u64::from(UNKNOWN));
            assert_eq!(unknown, -libc::EINVAL);
            assert_eq!(features.bits, 0);
            assert_eq!(memfd_go_probe(&mut features, size, 0), 0);
            let always = u64::from(MEMFD_GO_FEATURE_CREATE | MEMFD_GO_FEATURE_SEALING);
            let asked = u64::from(MEMFD_GO_FEATURE_SECRET);
            assert_eq!(features.bits & always, always);
            assert_eq!(features.bits & asked, 0);
            let page = libc::sysconf(libc::_SC_PAGESIZE);
            assert_eq!(i64::from(features.page_size), page as i64);
            assert_eq!(memfd_go_probe(null_mut(), size, 0), -libc::EFAULT);

            let fd = memfd_go_secret(0);
            let secret = fd >= 0 && owned(fd).as_raw_fd() >= 0;
            assert_eq!(memfd_go_probe(&mut features, size, asked), 0);
            assert_eq!(features.bits & asked != 0, secret);
        }
    });
}

#[test]
fn create_with() {
    isolated(|| {
        let mut args = memfd_go_create_args {
            flags: MFD_CLOEXEC | MFD_NOEXEC_SEAL,
            opts: MEMFD_GO_OPT_UNSEALABLE,
            seals: F_SEAL_GROW,
            size: 1 << 33 | 5,
            mode: 0o640,
        };
        // SAFETY: the name ends with a NUL and `args` is whole; bad pointers are refused.
        unsafe {
            let size = size_of::<memfd_go_create_args>();
            let file = owned(memfd_go_create_with(NAME, &args, size));
            let metadata = File::from(file.try_clone().unwrap()).metadata().unwrap();
            assert_eq!(metadata.len(), 1 << 33 | 5);
            let seals = memfd_go_get_seals(file.as_raw_fd()) as u32;
            let expected = F_SEAL_GROW | F_SEAL_SEAL;
            assert_eq!(seals & MEMFD_GO_SEALS_IMMUTABLE, expected);

            owned(memfd_go_create_with(NAME, null(), 0));
            args.opts = UNKNOWN;
            assert_eq!(memfd_go_create_with(NAME, &args, size), -libc::EINVAL);
            assert_eq!(memfd_go_create_with(null(), null(), 0), -libc::EFAULT);
            assert_eq!(memfd_go_create_with(NAME, &args, 1 << 20), -libc::E2BIG);
            assert_eq!(memfd_go_create_with(NAME, &args, 8), -libc::EINVAL);
        }
    });
}

#[test]
fn clone() {
    isolated(|| {
        let source = hello(F_SEAL_GROW);
        let (reader, _writer) = pipe();
        let clone = |fd: &OwnedFd, seals, max| {
            // SAFETY: the name ends with a NUL.
            unsafe { memfd_go_clone(NAME, MFD_CLOEXEC, seals, fd.as_raw_fd(), max) }
        };
        let mut text = String::new();
        let copy = owned(clone(&source, 0, 5));
        File::from(copy).read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
        assert_eq!(
            File::from(source.try_clone().unwrap())
                .stream_position()
                .unwrap(),
            0
        );
        assert_eq!(clone(&source, 0, 4), -libc::EFBIG);
        assert_eq!(clone(&source, UNKNOWN, 5), -libc::EINVAL);
        assert_eq!(clone(&reader, 0, 1 << 40), -libc::EINVAL);
    });
}

#[test]
fn reopen() {
    isolated(|| {
        let file = hello(0);
        // SAFETY: the function takes no pointers.
        let reopen = |fd, flags: c_int| unsafe { memfd_go_reopen(fd, flags as u32) };
        let path = owned(reopen(file.as_raw_fd(), libc::O_PATH));
        let mut text = String::new();
        let reader = owned(reopen(path.as_raw_fd(), libc::O_RDONLY));
        File::from(reader).read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
        assert_eq!(reopen(-1, libc::O_RDONLY), -libc::EBADF);
    });
}

#[test]
fn huge_flags() {
    let mut flags = 7;
    // SAFETY: `flags` is writable; null is refused.
    unsafe {
        assert_eq!(memfd_go_huge_flags(3, &mut flags), -libc::EINVAL);
        assert_eq!(flags, 7);
        assert_eq!(memfd_go_huge_flags(1 << 34, &mut flags), 0);
        assert_eq!(flags, MFD_HUGETLB | 34 << 26);
        assert_eq!(memfd_go_huge_flags(0, &mut flags), 0);
        assert_eq!(flags, MFD_HUGETLB);
        assert_eq!(memfd_go_huge_flags(0, null_mut()), -libc::EFAULT);
    }
}

#[test]
fn inspect() {
    isolated(|| {
        let file = hello(F_SEAL_WRITE);
        // SAFETY: zeros are valid for all fields; null is refused.
        unsafe {
            let mut info: memfd_go_info = zeroed();
            let fd = file.as_raw_fd();
            let size = size_of::<memfd_go_info>();
            assert_eq!(memfd_go_inspect(fd, 0, &mut info, 8), -libc::EINVAL);
            assert_eq!(memfd_go_inspect(-1, 0, &mut info, size), -libc::EBADF);
            assert_eq!(memfd_go_inspect(fd, 0, &mut info, size), 0);
            assert_eq!((info.kind, info.size), (MEMFD_GO_KIND_MEMFD, 5));
            assert_eq!(info.seals & MEMFD_GO_SEALS_IMMUTABLE, F_SEAL_WRITE);
            assert_eq!(info.mode, libc::S_IFREG | 0o600);
            assert_eq!(info.access, MEMFD_GO_ACCESS_READ_WRITE);
            let name = CStr::from_ptr(info.name.as_ptr());
            assert_eq!(name.to_str(), Ok("name"));
            assert_eq!(memfd_go_inspect(fd, 0, null_mut(), size), -libc::EFAULT);

            let (reader, _writer) = pipe();
            assert_eq!(memfd_go_inspect(reader.as_raw_fd(), 0, &mut info, size), 0);
            assert_eq!(
                (info.kind, info.access),
                (MEMFD_GO_KIND_OTHER, MEMFD_GO_ACCESS_READ)
            );
        }
    });
}

#[test]
fn map_verified() {
    isolated(|| {
        let map = |fd: &OwnedFd, required, max, addr: &mut *mut c_void, len: &mut usize| {
            // SAFETY: the out-parameters are writable.
            unsafe { memfd_go_map_verified(fd.as_raw_fd(), required, max, 0, addr, len) }
        };
        let sealed = hello(MEMFD_GO_SEALS_IMMUTABLE);
        let mut size = 7;
        // SAFETY: the out-parameter is writable.
        let r = unsafe { memfd_go_verify(sealed.as_raw_fd(), 0, 5, 0, &mut size) };
        assert_eq!((r, size), (0, 5));
        let (mut addr, mut len) = (null_mut(), 7);
        assert_eq!(map(&sealed, 0, 4, &mut addr, &mut len), -libc::EFBIG);
        let open = hello(F_SEAL_SHRINK);
        let error = map(&open, 0, 5, &mut addr, &mut len);
        assert_eq!(error, -libc::EKEYREJECTED);
        assert_eq!((addr, len), (null_mut(), 7));

        assert_eq!(map(&sealed, F_SEAL_WRITE, 5, &mut addr, &mut len), 0);
        // SAFETY: the memory is mapped, and unmapped once.
        unsafe {
            assert_eq!(std::slice::from_raw_parts(addr.cast::<u8>(), len), HELLO);
            assert_eq!(memfd_go_unmap(addr, len), 0);
            let r = memfd_go_map_verified(sealed.as_raw_fd(), 0, 5, 0, null_mut(), &mut len);
            assert_eq!(r, -libc::EFAULT);
        }
    });
}

#[test]
fn exec() {
    isolated(|| {
        let file = hello(0);
        let argv = [NAME, null()];
        let exec = |fd, argv: *const *const c_char, opts| {
            // SAFETY: the lists end with null, or are refused. None of this succeeds.
            unsafe { memfd_go_exec(fd, argv, [null()].as_ptr(), opts) }
        };
        assert_eq!(exec(file.as_raw_fd(), argv.as_ptr(), 0), -libc::EACCES);
        assert_eq!(exec(file.as_raw_fd(), null(), 0), -libc::EFAULT);
        assert_eq!(
            exec(file.as_raw_fd(), argv.as_ptr(), UNKNOWN),
            -libc::EINVAL
        );
        let error = exec(-1, argv.as_ptr(), MEMFD_GO_OPT_INHERIT_FD);
        assert_eq!(error, -libc::EBADF);
    });
}
