// SPDX-License-Identifier: MIT

//! Sending and receiving in tasks of tokio.

use std::future::Future;
use std::os::fd::AsFd;
use std::thread;
use std::time::Duration;

use memfd_go::tokio::{receive_fds, receive_sealed, send_fds};
use memfd_go::{create, SealedMemFd, Seals};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::common::*;

fn run(test: impl Future<Output = ()>) {
    isolated(|| block_on(test));
}

fn block_on(test: impl Future<Output = ()>) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap().block_on(test);
}

fn page() -> SealedMemFd {
    SealedMemFd::new("page", b"hello").unwrap()
}

#[test]
fn file_and_data_are_received() {
    run(async {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let sent = send_fds(&ours, &[page().as_fd()], b"page 1").await.unwrap();
        assert_eq!(sent, 6);
        let mut data = [0; 16];
        let message = receive_fds(&theirs, &mut data).await.unwrap().unwrap();
        assert_eq!(
            (&data[..message.len], message.fds.len()),
            (&b"page 1"[..], 1)
        );
        drop(ours);
        assert!(receive_fds(&theirs, &mut data).await.unwrap().is_none());
    });
}

#[test]
fn other_tasks_run_while_one_waits() {
    run(async {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let receive = tokio::spawn(async move { receive_sealed(&theirs, Seals::GROW, 5).await });
        tokio::task::yield_now().await;
        send_fds(&ours, &[page().as_fd()], b"").await.unwrap();
        let file = receive.await.unwrap().unwrap();
        assert_eq!(&file.map().unwrap()[..], b"hello");
    });
}

#[test]
fn cancelled_receive_receives_nothing() {
    run(async {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let receive = receive_sealed(&theirs, Seals::empty(), 5);
        timeout(Duration::from_millis(1), receive)
            .await
            .unwrap_err();
        send_fds(&ours, &[page().as_fd()], b"").await.unwrap();
        let file = receive_sealed(&theirs, Seals::empty(), 5).await.unwrap();
        assert_eq!(file.size().unwrap(), 5);
    });
}

#[test]
fn cancelled_send_sends_nothing() {
    run(async {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let fill = [0; 4096];
        ours.writable().await.unwrap(); // Before, try_write does not even try.
        while ours.try_write(&fill).is_ok() {}
        while ours.try_write(&fill[..1]).is_ok() {}
        let page = page();
        let fds = [page.as_fd()];
        let send = send_fds(&ours, &fds, b"x");
        timeout(Duration::from_millis(1), send).await.unwrap_err();
        drop(ours);
        let mut data = [1; 4096];
        // The socket contains only the messages that fill it.
        loop {
            match theirs.try_read(&mut data) {
                Ok(0) => break,
                Ok(len) => assert!(data[..len].iter().all(|&byte| byte == 0)),
                Err(_) => theirs.readable().await.unwrap(),
            }
        }
    });
}

/// An error that also means that the socket has no message.
#[test]
fn file_that_cannot_be_checked_now_is_refused() {
    if !can_filter() {
        return skip("there is no seccomp(2)");
    }
    let receive = async {
        let (ours, theirs) = UnixStream::pair().unwrap();
        send_fds(&ours, &[page().as_fd()], b"").await.unwrap();
        refuse_size(libc::EAGAIN);
        let receive = receive_sealed(&theirs, Seals::empty(), 5);
        let refused = timeout(Duration::from_secs(5), receive).await.unwrap();
        assert_eq!(errno(refused), libc::EAGAIN);
    };
    isolated(|| thread::spawn(|| block_on(receive)).join().unwrap());
}

#[test]
fn unsealed_file_is_refused() {
    run(async {
        let (ours, theirs) = UnixStream::pair().unwrap();
        send_fds(&ours, &[create("may change").unwrap().as_fd()], b"")
            .await
            .unwrap();
        assert!(receive_sealed(&theirs, Seals::empty(), 5).await.is_err());
    });
}
