// SPDX-License-Identifier: MIT

//! Sending and receiving files in tasks of tokio.
//!
//! Each function calls the function of the same name in the crate root, which documents parameters
//! and errors. Where that fails with `EAGAIN`, it waits until the socket is ready.
//!
//! All functions are cancel safe: a future that is dropped before it is ready has neither received
//! nor sent anything.
//!
//! ```
//! use memfd_go::{tokio::{receive_sealed, send_fds}, SealedMemFd, Seals};
//! use std::os::fd::AsFd;
//! use tokio::net::UnixStream;
//!
//! # fn main() -> std::io::Result<()> {
//! # tokio::runtime::Builder::new_current_thread().enable_io().build()?.block_on(async {
//! let (ours, theirs) = UnixStream::pair()?;
//! let page = SealedMemFd::new("page", b"hello")?;
//! send_fds(&ours, &[page.as_fd()], b"").await?;
//! let page = receive_sealed(&theirs, Seals::empty(), 1 << 20).await?;
//! assert_eq!(&page.map()?[..], b"hello");
//! # Ok(())
//! # })
//! # }
//! ```

use std::io;
use std::os::fd::BorrowedFd;

use ::tokio::io::Interest;
use ::tokio::net::UnixStream;

use crate::transfer::receive_fd;
use crate::{Message, SealedMemFd, Seals, SealsError};

/// Sends descriptors and `data` in one message. See [`send_fds`](crate::send_fds).
///
/// Returns the number of bytes that were sent. Send the rest with
/// [`AsyncWrite`](::tokio::io::AsyncWrite).
pub async fn send_fds(
    socket: &UnixStream,
    fds: &[BorrowedFd<'_>],
    data: &[u8],
) -> io::Result<usize> {
    let send = || crate::send_fds(socket, fds, data);
    socket.async_io(Interest::WRITABLE, send).await
}

/// Receives one message with its descriptors, or `None` at the end of the stream. See
/// [`receive_fds`](crate::receive_fds).
pub async fn receive_fds(socket: &UnixStream, data: &mut [u8]) -> io::Result<Option<Message>> {
    let receive = || crate::receive_fds(socket, data);
    socket.async_io(Interest::READABLE, receive).await
}

/// Receives one file from an untrusted process, and verifies it. See
/// [`receive_sealed`](crate::receive_sealed).
pub async fn receive_sealed(
    socket: &UnixStream,
    required: Seals,
    max_len: u64,
) -> Result<SealedMemFd, SealsError> {
    // async_io() retries after EAGAIN, so verifying the file, which may also fail with it, follows.
    let receive = || receive_fd(socket, &mut []);
    let (fd, _) = socket.async_io(Interest::READABLE, receive).await?;
    SealedMemFd::from_untrusted(fd, required, max_len)
}
