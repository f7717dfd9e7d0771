// SPDX-License-Identifier: MIT

//! Each function exists, has the declared type, and returns the documented errors for invalid
//! arguments. The tests of the crate `memfd-go` cover the rest.

#[allow(dead_code)] // This program does not use all functions.
mod common;

use std::ffi::{c_void, CStr};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::raw::{c_char, c_int};
use std::ptr::null_mut;

use common::{forbid_new_descriptors, in_child, isolated, skip};
use memfd_go_sys::*;

const NAME: *const c_char = b"name\0".as_ptr().cast();
const UNKNOWN: u32 = 0x8000_0000;

/// Pointers that every function refuses: into the first and last 4096 bytes of the address space.
const BAD: [usize; 4] = [0, 4095, usize::MAX - 4095, usize::MAX];

/// Takes ownership of a new descriptor.
fn owned(fd: c_int) -> OwnedFd {
    assert!(fd >= 0, "error {}", -fd);
    // SAFETY: the descriptor is new, so nothing else owns it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Runs a test with the descriptor of a new, empty, sealable file.
fn with_file(test: impl FnOnce(c_int)) {
    isolated(|| {
        // SAFETY: the name ends with a NUL.
        let fd = unsafe { memfd_go_create(NAME, MFD_CLOEXEC | MFD_ALLOW_SEALING) };
        let _file = owned(fd);
        test(fd);
    });
}

#[test]
fn constants_match_the_kernel() {
    assert_eq!(MFD_CLOEXEC, libc::MFD_CLOEXEC);
    assert_eq!(MFD_ALLOW_SEALING, libc::MFD_ALLOW_SEALING);
    assert_eq!(MFD_HUGETLB, libc::MFD_HUGETLB);
    assert_eq!(MFD_NOEXEC_SEAL, libc::MFD_NOEXEC_SEAL);
    assert_eq!(MFD_EXEC, libc::MFD_EXEC);
    assert_eq!(F_SEAL_SEAL, libc::F_SEAL_SEAL as u32);
    assert_eq!(F_SEAL_SHRINK, libc::F_SEAL_SHRINK as u32);
    assert_eq!(F_SEAL_GROW, libc::F_SEAL_GROW as u32);
    assert_eq!(F_SEAL_WRITE, libc::F_SEAL_WRITE as u32);
    assert_eq!(F_SEAL_FUTURE_WRITE, libc::F_SEAL_FUTURE_WRITE as u32);
    assert_eq!(F_SEAL_EXEC, libc::F_SEAL_EXEC as u32);
    let immutable = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    assert_eq!(MEMFD_GO_SEALS_IMMUTABLE, immutable);
}

#[test]
fn versions_agree() {
    let (major, minor) = (MEMFD_GO_VERSION_MAJOR, MEMFD_GO_VERSION_MINOR);
    let text = format!("{major}.{minor}.{MEMFD_GO_VERSION_PATCH}");
    assert_eq!(MEMFD_GO_VERSION_STRING, text);
    assert_eq!(env!("CARGO_PKG_VERSION"), text);
    // SAFETY: the functions take no pointers, and return a number and a constant string.
    unsafe {
        assert_eq!(memfd_go_version(), MEMFD_GO_VERSION);
        let running = CStr::from_ptr(memfd_go_version_string());
        assert_eq!(running.to_str(), Ok(MEMFD_GO_VERSION_STRING));
    }
}

#[test]
fn result_name() {
    // SAFETY: the results are constant strings.
    let name = |r| unsafe { CStr::from_ptr(memfd_go_result_name(r)) };
    for (err, expected) in [
        (libc::EINVAL, "OK"),
        (-libc::EKEYREJECTED, "EKEYREJECTED"),
        (0, "OK"),
        (c_int::MIN, "E?"),
    ] {
        assert_eq!(name(err).to_str(), Ok(expected));
    }
}

#[test]
fn create() {
    isolated(|| {
        let long = [b'x'; MEMFD_GO_NAME_MAX as usize + 2];
        let mut name = long;
        name[MEMFD_GO_NAME_MAX as usize] = 0;
        let mut too_long = long;
        too_long[MEMFD_GO_NAME_MAX as usize + 1] = 0;
        // SAFETY: each name ends with a NUL, or is refused.
        unsafe {
            owned(memfd_go_create(NAME, 0));
            owned(memfd_go_create(name.as_ptr().cast(), MFD_CLOEXEC));
            let error = memfd_go_create(too_long.as_ptr().cast(), 0);
            assert_eq!(error, -libc::EINVAL);
            assert_eq!(memfd_go_create(NAME, 0x8000), -libc::EINVAL);
            for name in BAD {
                assert_eq!(memfd_go_create(name as _, 0), -libc::EFAULT);
            }
            let error = in_child(|| {
                forbid_new_descriptors();
                -memfd_go_create(NAME, 0)
            });
            assert_eq!(error, libc::EMFILE);
        }
    });
}

#[test]
fn create_sealed() {
    isolated(|| {
        let create = |name: *const c_char, flags, seals, data: *const u8, len| {
            // SAFETY: the pointers are valid, or are refused.
            unsafe { memfd_go_create_sealed(name, flags, seals, data.cast(), len) }
        };
        let data = b"contents".as_ptr();
        let file = create(NAME, MFD_CLOEXEC, 0, data, 8);
        let _file = owned(file);
        // SAFETY: the function takes no pointers.
        let seals = unsafe { memfd_go_get_seals(file) } as u32;
        assert_eq!(seals & MEMFD_GO_SEALS_IMMUTABLE, MEMFD_GO_SEALS_IMMUTABLE);

        assert_eq!(create(NAME, 0x8000, 0, data, 8), -libc::EINVAL);
        assert_eq!(create(NAME, 0, UNKNOWN, data, 8), -libc::EINVAL);
        for bad in BAD {
            owned(create(NAME, 0, 0, bad as _, 0));
            assert_eq!(create(NAME, 0, 0, bad as _, 1), -libc::EFAULT);
            assert_eq!(create(bad as _, 0, 0, data, 8), -libc::EFAULT);
        }
        #[cfg(target_pointer_width = "64")]
        assert_eq!(create(NAME, 0, 0, data, usize::MAX), -libc::EINVAL);
    });
}

#[test]
fn sizes() {
    with_file(|fd| {
        let mut size = 7;
        // SAFETY: `size` is writable; other pointers are refused.
        unsafe {
            assert_eq!(memfd_go_get_size(-1, &mut size), -libc::EBADF);
            assert_eq!(size, 7);
            for bad in BAD {
                assert_eq!(memfd_go_get_size(fd, bad as _), -libc::EFAULT);
            }
            for opts in [0, MEMFD_GO_OPT_RESERVE] {
                assert_eq!(memfd_go_set_size(fd, opts, 4096), 0);
                assert_eq!(memfd_go_get_size(fd, &mut size), 0);
                assert_eq!(size, 4096);
                let error = memfd_go_set_size(fd, opts, u64::MAX);
                assert_eq!(error, -libc::EINVAL);
            }
            // Where the size takes two registers, both halves are passed.
            assert_eq!(memfd_go_set_size(fd, 0, 1 << 33 | 5), 0);
            assert_eq!(memfd_go_get_size(fd, &mut size), 0);
            assert_eq!(size, 1 << 33 | 5);
            assert_eq!(memfd_go_set_size(-1, MEMFD_GO_OPT_RESERVE, 1), -libc::EBADF);
            assert_eq!(memfd_go_set_size(-1, 0, 1), -libc::EBADF);
            assert_eq!(memfd_go_set_size(fd, MEMFD_GO_OPT_WRITE, 1), -libc::EINVAL);
        }
    });
}

#[test]
fn seals() {
    with_file(|fd| {
        let mut missing = 7;
        // SAFETY: `missing` is writable or null; other pointers are refused.
        unsafe {
            assert_eq!(memfd_go_add_seals(-1, F_SEAL_GROW), -libc::EBADF);
            assert_eq!(memfd_go_get_seals(-1), -libc::EBADF);
            assert_eq!(memfd_go_ensure_seals(-1, F_SEAL_GROW), -libc::EBADF);
            assert_eq!(memfd_go_check_seals(-1, 0, &mut missing), -libc::EBADF);
            assert_eq!(missing, 7);

            assert_eq!(memfd_go_add_seals(fd, UNKNOWN), -libc::EINVAL);
            assert_eq!(memfd_go_ensure_seals(fd, UNKNOWN), -libc::EINVAL);
            assert_eq!(memfd_go_add_seals(fd, F_SEAL_GROW), 0);
            assert_eq!(memfd_go_ensure_seals(fd, F_SEAL_GROW | F_SEAL_SHRINK), 0);
            let seals = memfd_go_get_seals(fd) as u32 & !F_SEAL_EXEC;
            assert_eq!(seals, F_SEAL_GROW | F_SEAL_SHRINK);

            assert_eq!(memfd_go_check_seals(fd, F_SEAL_GROW, &mut missing), 0);
            assert_eq!(missing, 0);
            assert_eq!(memfd_go_check_seals(fd, F_SEAL_GROW, null_mut()), 0);
            let required = F_SEAL_GROW | F_SEAL_WRITE;
            let r = memfd_go_check_seals(fd, required, &mut missing);
            assert_eq!((r, missing), (-libc::EKEYREJECTED, F_SEAL_WRITE));
            let r = memfd_go_check_seals(fd, required, null_mut());
            assert_eq!(r, -libc::EKEYREJECTED);
        }
    });
}

#[test]
fn text() {
    let format = |style, buf: *mut c_char, cap| {
        // SAFETY: `buf` has room for `cap` bytes, or is refused.
        unsafe { memfd_go_format_seals(F_SEAL_WRITE | F_SEAL_GROW, style, buf, cap) }
    };
    let mut buf = [0x55u8; 16];
    let room = buf.as_mut_ptr().cast();
    assert_eq!(format(MEMFD_GO_STYLE_NAMES, null_mut(), 0), 10);
    assert_eq!(format(MEMFD_GO_STYLE_NAMES, room, buf.len()), 10);
    assert_eq!(&buf[..12], b"GROW WRITE\0\x55");
    assert_eq!(format(MEMFD_GO_STYLE_LETTERS, room, 2), 2);
    assert_eq!(&buf[..3], b"g\0O");
    assert_eq!(format(MEMFD_GO_STYLE_HEX, room, buf.len()), 3);
    assert_eq!(&buf[..4], b"0xc\0");
    assert_eq!(format(3, room, buf.len()), -libc::EINVAL);
    for bad in BAD {
        assert_eq!(format(0, bad as _, 1), -libc::EFAULT);
    }

    let parse = |text: *const u8, seals: *mut u32| {
        // SAFETY: `text` ends with a NUL and `seals` is writable, or they are refused.
        unsafe { memfd_go_parse_seals(text.cast(), seals) }
    };
    let mut seals = 7;
    assert_eq!(parse(b"nonsense\0".as_ptr(), &mut seals), -libc::EINVAL);
    assert_eq!(seals, 7);
    assert_eq!(parse(b"WRITE g\0".as_ptr(), &mut seals), 0);
    assert_eq!(seals, F_SEAL_WRITE | F_SEAL_GROW);
    for bad in BAD {
        assert_eq!(parse(bad as _, &mut seals), -libc::EFAULT);
        assert_eq!(parse(b"w\0".as_ptr(), bad as _), -libc::EFAULT);
    }
}

#[test]
fn map() {
    with_file(|fd| {
        let map = |fd, opts, off, len| {
            let mut addr: *mut c_void = null_mut();
            // SAFETY: `addr` is writable.
            let r = unsafe { memfd_go_map(fd, opts, off, len, &mut addr) };
            assert_eq!(addr.is_null(), r != 0);
            (r, addr)
        };
        let error = |fd, opts, off, len| -map(fd, opts, off, len).0;
        // SAFETY: the memory was mapped by this test, or the call is refused.
        let unmap = |addr: *mut c_void, len| unsafe { memfd_go_unmap(addr, len) };

        let (r, addr) = map(fd, MEMFD_GO_OPT_WRITE, 0, 100);
        assert_eq!(r, 0);
        assert_eq!(unmap(addr.wrapping_add(1), 100), -libc::EINVAL);
        assert_eq!(unmap(addr, 0), -libc::EINVAL);
        assert_eq!(unmap(addr, usize::MAX), -libc::EINVAL);
        assert_eq!(unmap(addr, 100), 0);
        assert_eq!(unmap(addr, 100), 0);

        assert_eq!(error(-1, 0, 0, 1), libc::EBADF);
        assert_eq!(error(fd, MEMFD_GO_OPT_RESERVE, 0, 1), libc::EINVAL);
        assert_eq!(error(fd, UNKNOWN, 0, 1), libc::EINVAL);
        assert_eq!(error(fd, 0, 0, 0), libc::EINVAL);
        assert_eq!(error(fd, 0, 1, 1), libc::EINVAL);
        assert_eq!(error(fd, 0, 1 << 63, 1), libc::EINVAL);
        assert_eq!(
            error(fd, 0, i64::MAX as u64 & !0xffff, 65536),
            libc::EOVERFLOW
        );
        for bad in BAD {
            // SAFETY: the pointer is refused.
            let r = unsafe { memfd_go_map(fd, 0, 0, 1, bad as _) };
            assert_eq!(r, -libc::EFAULT);
        }
    });
}

#[test]
fn secret() {
    isolated(|| {
        // SAFETY: the function takes no pointers.
        let secret = |flags| unsafe { memfd_go_secret(flags) };
        let fd = secret(0);
        if fd == -libc::ENOSYS {
            return skip("there is no memfd_secret(2)");
        }
        assert!(!closes_on_exec(&owned(fd)));
        // The kernel's name of the flag, and the manual page's.
        for flags in [libc::O_CLOEXEC as u32, libc::FD_CLOEXEC as u32] {
            assert!(closes_on_exec(&owned(secret(flags))));
        }
        assert_eq!(secret(UNKNOWN), -libc::EINVAL);
        assert_eq!(secret(UNKNOWN | 1), -libc::EINVAL);
    });
}

fn closes_on_exec(fd: &OwnedFd) -> bool {
    // SAFETY: the function takes no pointers.
    unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFD) & libc::FD_CLOEXEC != 0 }
}
