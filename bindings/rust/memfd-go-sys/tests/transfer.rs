// SPDX-License-Identifier: MIT

//! Sending, receiving and importing descriptors.

#[allow(dead_code)] // This program does not use all functions.
mod common;

use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::raw::{c_char, c_int};
use std::os::unix::net::UnixStream;
use std::ptr::{null, null_mut};

use common::isolated;
use memfd_go_sys::*;

const NAME: *const c_char = b"name\0".as_ptr().cast();

fn owned(fd: c_int) -> OwnedFd {
    assert!(fd >= 0, "error {}", -fd);
    // SAFETY: the descriptor is new, so nothing else owns it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Creates a sealed file of one byte that is not executable.
fn sealed() -> OwnedFd {
    // SAFETY: the name ends with a NUL, and the data has one byte.
    let fd = owned(unsafe { memfd_go_create_sealed(NAME, MFD_CLOEXEC, 0, NAME.cast(), 1) });
    // SAFETY: the function takes no pointers.
    assert_eq!(unsafe { libc::fchmod(fd.as_raw_fd(), 0o600) }, 0);
    fd
}

/// Runs a test with two connected non-blocking sockets.
fn with_pair(test: impl FnOnce(UnixStream, UnixStream)) {
    isolated(|| {
        let (a, b) = UnixStream::pair().unwrap();
        b.set_nonblocking(true).unwrap();
        test(a, b);
    });
}

fn send(sock: &UnixStream, fds: &[c_int], data: &[u8]) -> c_int {
    let (n, sock) = (fds.len() as u32, sock.as_raw_fd());
    // SAFETY: the call gets the lengths of both slices.
    unsafe { memfd_go_send_fds(sock, 0, fds.as_ptr(), n, data.as_ptr().cast(), data.len()) }
}

#[test]
fn send_and_receive() {
    with_pair(|a, b| {
        let file = sealed();
        assert_eq!(send(&a, &[file.as_raw_fd(), file.as_raw_fd()], b"data"), 4);
        let (mut fds, mut n, mut data, mut len) = ([-1; 4], 4, [0u8; 8], 8);
        let mut receive = || {
            // SAFETY: the call gets the sizes of the buffers.
            let r = unsafe {
                let data = data.as_mut_ptr().cast();
                memfd_go_recv_fds(b.as_raw_fd(), 0, fds.as_mut_ptr(), &mut n, data, &mut len)
            };
            (r, n, len)
        };
        assert_eq!(receive(), (0, 2, 4));
        assert_eq!(receive().0, -libc::EAGAIN);
        drop(a);
        assert_eq!(receive(), (-libc::EPIPE, 2, 0));
        owned(fds[0]);
        owned(fds[1]);
        assert_eq!(&data, b"data\0\0\0\0");
    });
}

#[test]
fn errors() {
    with_pair(|mut a, b| {
        assert_eq!(send(&a, &[0; 65], b"data"), -libc::EINVAL);
        assert_eq!(send(&a, &[-1], b"data"), -libc::EBADF);
        let (mut fds, mut n) = ([-1; 2], 2);
        let mut receive = |sock: c_int| {
            // SAFETY: the call gets the sizes of the buffers.
            unsafe { memfd_go_recv_fds(sock, 0, fds.as_mut_ptr(), &mut n, null_mut(), null_mut()) }
        };
        assert_eq!(receive(-1), -libc::EBADF);
        assert_eq!(receive(b.as_raw_fd()), -libc::EAGAIN);
        a.write_all(b"x").unwrap();
        assert_eq!(receive(b.as_raw_fd()), 0);
        n = 2;
        let mut receive = |sock: c_int| {
            // SAFETY: the call gets the sizes of the buffers.
            unsafe { memfd_go_recv_fds(sock, 0, fds.as_mut_ptr(), &mut n, null_mut(), null_mut()) }
        };
        assert_eq!(send(&a, &[a.as_raw_fd(); 3], b""), 0);
        assert_eq!(receive(b.as_raw_fd()), -libc::EMSGSIZE);
        // SAFETY: null is refused.
        unsafe {
            let sock = b.as_raw_fd();
            let r = memfd_go_recv_fds(sock, 0, null_mut(), &mut 1, null_mut(), null_mut());
            assert_eq!(r, -libc::EFAULT);
            assert_eq!(
                memfd_go_send_fds(sock, 0, null(), 1, null(), 0),
                -libc::EFAULT
            );
        }
    });
}

#[test]
fn receive_verified() {
    with_pair(|a, b| {
        let receive = |max| {
            let (sock, seals) = (b.as_raw_fd(), MEMFD_GO_SEALS_IMMUTABLE);
            // SAFETY: the pointers for data may be null.
            unsafe { memfd_go_recv_verified(sock, seals, max, 0, null_mut(), null_mut()) }
        };
        let file = sealed();
        for (max, expected) in [(1, 0), (0, -libc::EFBIG)] {
            assert_eq!(send(&a, &[file.as_raw_fd()], b"x"), 1);
            let r = receive(max);
            if expected == 0 {
                owned(r);
            } else {
                assert_eq!(r, expected);
            }
        }
        drop(a);
        assert_eq!(receive(1), -libc::EPIPE);
    });
}

#[test]
fn import() {
    isolated(|| {
        let file = sealed();
        let fd = file.as_raw_fd();
        // SAFETY: the functions take no pointers.
        unsafe {
            let pid = libc::getpid();
            owned(memfd_go_import_pid(pid, fd, libc::O_RDONLY as u32));
            assert_eq!(memfd_go_import_pid(pid, 1 << 20, 0), -libc::ENOENT);
            assert_eq!(memfd_go_import_pid(0, fd, 0), -libc::EINVAL);
            assert_eq!(memfd_go_import_pid(pid, -1, 0), -libc::EINVAL);

            let process = libc::syscall(libc::SYS_pidfd_open, pid, 0) as c_int;
            let _process = owned(process);
            owned(memfd_go_import_pidfd(process, fd, 0));
            assert_eq!(memfd_go_import_pidfd(process, -1, 0), -libc::EBADF);
            assert_eq!(memfd_go_import_pidfd(fd, fd, 0), -libc::EBADF);
        }
    });
}
