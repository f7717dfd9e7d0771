// SPDX-License-Identifier: MIT

use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::process::id;

use memfd_go::{
    create, get_size, import_pid, import_pidfd, receive_fds, receive_sealed, send_fds, Access,
    MemFd, SealedMemFd, Seals, FDS_MAX,
};

use crate::common::*;

/// Runs a test with two connected sockets, the second of them non-blocking.
fn with_pair(test: impl FnOnce(UnixStream, UnixStream)) {
    isolated(|| {
        let (a, b) = UnixStream::pair().unwrap();
        b.set_nonblocking(true).unwrap();
        test(a, b);
    });
}

#[test]
fn streams() {
    with_pair(|a, b| {
        let file = SealedMemFd::new("page", b"abc").unwrap();
        let other = create("other").unwrap();
        other.set_size(7).unwrap();
        let sent = send_fds(&a, &[file.as_fd(), other.as_fd()], b"data");
        assert_eq!(sent.unwrap(), 4);
        let mut data = [0; 8];
        let mut message = receive_fds(&b, &mut data).unwrap().unwrap();
        assert_eq!(&data[..message.len], b"data");
        assert_eq!(message.fds.len(), 2);
        assert_eq!(get_size(message.fds.next().unwrap()).unwrap(), 3);
        let fd = message.fds.next().unwrap();
        // SAFETY: the function takes no pointers.
        let flags = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETFD) };
        assert_eq!(flags & libc::FD_CLOEXEC, libc::FD_CLOEXEC);
        assert_eq!(get_size(fd).unwrap(), 7);
        assert!(message.fds.next().is_none());
        assert!(message.fds.next().is_none());
        assert_eq!(errno(receive_fds(&b, &mut data)), libc::EAGAIN);
        drop(a);
        assert!(receive_fds(&b, &mut data).unwrap().is_none());
    });
}

#[test]
fn datagrams() {
    isolated(|| {
        let (a, b) = UnixDatagram::pair().unwrap();
        let file = create("sent").unwrap();
        send_fds(&a, &[file.as_fd()], b"data").unwrap();
        send_fds(&a, &[file.as_fd()], b"too long").unwrap();
        let mut data = [0; 4];
        let message = receive_fds(&b, &mut data).unwrap().unwrap();
        assert_eq!((message.len, message.fds.len()), (4, 1));
        assert_eq!(errno(receive_fds(&b, &mut data)), libc::EMSGSIZE);
    });
}

#[test]
fn no_data_and_fds_max() {
    with_pair(|a, b| {
        let file = create("sent").unwrap();
        let fds = [file.as_fd(); FDS_MAX];
        assert_eq!(send_fds(&a, &fds, b"").unwrap(), 0);
        let message = receive_fds(&b, &mut []).unwrap().unwrap();
        assert_eq!(message.len, 0);
        // Dropping the iterator closes the rest; otherwise `isolated` detects a leak.
        assert_eq!(message.fds.take(3).count(), 3);
        let too_many = [file.as_fd(); FDS_MAX + 1];
        assert_eq!(errno(send_fds(&a, &too_many, b"x")), libc::EINVAL);
    });
}

#[test]
fn refused_messages() {
    with_pair(|mut a, mut b| {
        a.write_all(b"text").unwrap();
        let message = receive_fds(&b, &mut [0; 4]).unwrap().unwrap();
        assert_eq!((message.len, message.fds.len()), (4, 0));
        a.write_all(b"text").unwrap();
        let refused = receive_sealed(&b, Seals::empty(), 1);
        assert_eq!(errno(refused), libc::EPROTO);
        let mut rest = [0; 3];
        b.read_exact(&mut rest).unwrap();
        let file = create("no socket").unwrap();
        assert_eq!(errno(receive_fds(&file, &mut [])), libc::ENOTSOCK);
        let sent = send_fds(&file, &[file.as_fd()], b"");
        assert_eq!(errno(sent), libc::ENOTSOCK);
        drop(b);
        assert_eq!(errno(send_fds(&a, &[file.as_fd()], b"")), libc::EPIPE);
    });
}

#[test]
fn receive_sealed_checks_seals() {
    with_pair(|a, b| {
        let receive = || receive_sealed(&b, Seals::empty(), 3);
        let sealed = SealedMemFd::new("page", b"abc").unwrap();
        send_fds(&a, &[sealed.as_fd()], b"").unwrap();
        assert_eq!(&receive().unwrap().map().unwrap()[..], b"abc");

        let send = |fd: BorrowedFd<'_>| assert_eq!(send_fds(&a, &[fd], b"").unwrap(), 0);
        send(create("open").unwrap().as_fd());
        assert_eq!(errno(receive()), libc::EKEYREJECTED);
        send(SealedMemFd::new("long", b"abcd").unwrap().as_fd());
        assert_eq!(errno(receive()), libc::EFBIG);
        send(pipe().0.as_fd());
        assert_eq!(errno(receive()), libc::EINVAL);
        send(reopen(&sealed, &write_only()).as_fd());
        assert_eq!(errno(receive()), libc::EACCES);
        send_fds(&a, &[sealed.as_fd(); 2], b"").unwrap();
        assert_eq!(errno(receive()), libc::EMSGSIZE);
        drop(a);
        assert_eq!(errno(receive()), libc::EPIPE);
    });
}

#[test]
fn import_by_pid() {
    isolated(|| {
        let file = SealedMemFd::new("here", b"abc").unwrap();
        let again = import_pid(id(), file.as_raw_fd(), Access::Read).unwrap();
        assert_eq!(MemFd::try_from(again).unwrap().size().unwrap(), 3);
        assert_eq!(errno(import_pid(0, 0, Access::Read)), libc::EINVAL);
        assert_eq!(errno(import_pid(u32::MAX, 0, Access::Read)), libc::EINVAL);
        assert_eq!(errno(import_pid(id(), -1, Access::Read)), libc::EINVAL);
        assert_eq!(errno(import_pid(id(), 1 << 20, Access::Read)), libc::ENOENT);
    });
}

#[test]
fn import_by_pidfd() {
    isolated(|| {
        let file = SealedMemFd::new("here", b"abc").unwrap();
        // SAFETY: the function takes no pointers.
        let pidfd = unsafe { libc::syscall(libc::SYS_pidfd_open, id(), 0) } as i32;
        if pidfd < 0 {
            return skip("there is no pidfd_open(2)");
        }
        // SAFETY: the descriptor is new, so nothing else owns it.
        let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
        match import_pidfd(&pidfd, file.as_raw_fd()) {
            Err(e) if e.raw_os_error() == Some(libc::ENOSYS) => {
                return skip("there is no pidfd_getfd(2)");
            }
            again => assert_eq!(get_size(again.unwrap()).unwrap(), 3),
        }
        assert_eq!(errno(import_pidfd(&pidfd, -1)), libc::EBADF);
    });
}

#[test]
fn sealed_file_with_data() {
    isolated(|| {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let page = SealedMemFd::new("page", b"hello").unwrap();
        send_fds(&ours, &[page.as_fd()], b"page 1").unwrap();
        let mut data = [0; 16];
        let (file, len) =
            memfd_go::receive_sealed_with(&theirs, Seals::empty(), 5, &mut data).unwrap();
        assert_eq!((&data[..len], file.size().unwrap()), (&b"page 1"[..], 5));
    });
}

#[test]
fn message_without_descriptor() {
    isolated(|| {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        std::io::Write::write_all(&mut ours, b"plain").unwrap();
        let mut data = [0; 16];
        let message = receive_fds(&theirs, &mut data).unwrap().unwrap();
        assert_eq!((message.len, message.fds.len()), (5, 0));
    });
}
