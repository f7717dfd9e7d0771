// SPDX-License-Identifier: MIT

//! Functions that make and look at files beyond memfd_create(2), and the exec: called
//! with good and with bad arguments.

#[allow(dead_code)] // Not all of it is needed here.
mod common;

use std::ffi::{c_void, CStr};
use std::fs::File;
use std::io::{Read, Seek};
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::raw::{c_char, c_int};
use std::ptr::{null, null_mut};

use common::{alone, pipe};
use memfd_go_sys::*;

const NAME: *const c_char = b"name\0".as_ptr().cast();
const UNKNOWN: u32 = 0x8000_0000;
const HELLO: &[u8] = b"hello";

fn owned(fd: c_int) -> OwnedFd {
    assert!(fd >= 0, "error {}", -fd);
    // SAFETY: it was just made, and nobody else knows it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Makes a file that holds "hello" and can't be executed.
fn hello(seals: u32) -> OwnedFd {
    // SAFETY: the name ends with a NUL, and the data is as long as is said.
    let fd = unsafe {
        let flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
        memfd_go_create_sealed(NAME, flags, seals, HELLO.as_ptr().cast(), HELLO.len())
    };
    let fd = owned(fd);
    // SAFETY: it takes plain values.
    assert_eq!(unsafe { libc::fchmod(fd.as_raw_fd(), 0o600) }, 0);
    fd
}

#[test]
fn probe() {
    alone(|| {
        // SAFETY: zero is a valid value of every field; bad pointers are caught.
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
    alone(|| {
        let mut args = memfd_go_create_args {
            flags: MFD_CLOEXEC | MFD_NOEXEC_SEAL,
            opts: MEMFD_GO_OPT_UNSEALABLE,
            seals: F_SEAL_GROW,
            size: 1 << 33 | 5,
            mode: 0o640,
        };
        // SAFETY: the name ends with a NUL and `args` is whole; bad pointers are caught.
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
    alone(|| {
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
    alone(|| {
        let file = hello(0);
        // SAFETY: it takes plain values.
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
    // SAFETY: `flags` is writable; null is caught.
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
    alone(|| {
        let file = hello(F_SEAL_WRITE);
        // SAFETY: zero is a valid value of every field; null is caught.
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
    alone(|| {
        let map = |fd: &OwnedFd, required, max, addr: &mut *mut c_void, len: &mut usize| {
            // SAFETY: the places are writable.
            unsafe { memfd_go_map_verified(fd.as_raw_fd(), required, max, 0, addr, len) }
        };
        let sealed = hello(MEMFD_GO_SEALS_IMMUTABLE);
        let mut size = 7;
        // SAFETY: the place is writable.
        let r = unsafe { memfd_go_verify(sealed.as_raw_fd(), 0, 5, 0, &mut size) };
        assert_eq!((r, size), (0, 5));
        let (mut addr, mut len) = (null_mut(), 7);
        assert_eq!(map(&sealed, 0, 4, &mut addr, &mut len), -libc::EFBIG);
        let open = hello(F_SEAL_SHRINK);
        let error = map(&open, 0, 5, &mut addr, &mut len);
        assert_eq!(error, -libc::EKEYREJECTED);
        assert_eq!((addr, len), (null_mut(), 7));

        assert_eq!(map(&sealed, F_SEAL_WRITE, 5, &mut addr, &mut len), 0);
        // SAFETY: the memory was just mapped, and is unmapped once.
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
    alone(|| {
        let file = hello(0);
        let argv = [NAME, null()];
        let exec = |fd, argv: *const *const c_char, opts| {
            // SAFETY: the lists end with null, or are caught. None of this succeeds.
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
