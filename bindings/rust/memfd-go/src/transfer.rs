// SPDX-License-Identifier: MIT

//! Passing files to other processes.

use std::io;
use std::iter::FusedIterator;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::raw::c_int;
use std::ptr;

use memfd_go_sys as sys;

use crate::create::new_fd;
use crate::error::result;
use crate::{Access, SealedMemFd, Seals, SealsError};

/// The maximum number of descriptors in one message.
pub const FDS_MAX: usize = sys::MEMFD_GO_FDS_MAX as usize;

/// Sends descriptors and `data` over a Unix socket in one message. Returns the number of bytes of
/// `data` that were sent.
///
/// On a stream socket the number may be less than the length of `data`. The descriptors were then
/// sent with the first byte; send the rest with [`Write`](std::io::Write). The descriptors stay
/// open. SIGPIPE is not sent.
///
/// * `socket`: a Unix socket, such as a [`UnixStream`] or a connected [`UnixDatagram`]. A TCP
///   socket sends the data without the descriptors.
/// * `fds`: at most [`FDS_MAX`] descriptors.
/// * `data`: may be empty. Then one zero byte is sent, because a stream needs data to carry
///   descriptors.
///
/// # Errors
///
/// * `EINVAL`: more than [`FDS_MAX`] descriptors.
/// * `ENOTSOCK`: not a socket.
/// * `EAGAIN`: the socket is non-blocking, and the receiver's buffer is full.
/// * `EINTR`: a signal arrived before anything was sent.
/// * `EPIPE`, `ECONNREFUSED`, `ECONNRESET`, `ENOTCONN`: the socket is not connected, or the other
///   end is closed.
/// * `EMSGSIZE`: the datagram is longer than the socket allows.
/// * `ETOOMANYREFS`: too many descriptors are in transit in sockets (`RLIMIT_NOFILE`).
///
/// Source: unix(7), sendmsg(2).
///
/// ```
/// use memfd_go::{receive_fds, send_fds, SealedMemFd};
/// use std::os::fd::AsFd;
/// use std::os::unix::net::UnixStream;
///
/// # fn main() -> std::io::Result<()> {
/// let (ours, theirs) = UnixStream::pair()?;
/// let page = SealedMemFd::new("page", b"hello")?;
/// send_fds(&ours, &[page.as_fd()], b"page 1")?;
///
/// let mut label = [0; 16];
/// let mut message = receive_fds(&theirs, &mut label)?.expect("not at the end of the stream");
/// assert_eq!(&label[..message.len], b"page 1");
/// let page = SealedMemFd::try_from(message.fds.next().unwrap())?;
/// assert_eq!(&page.map()?[..], b"hello");
/// # Ok(())
/// # }
/// ```
///
/// [`UnixStream`]: std::os::unix::net::UnixStream
/// [`UnixDatagram`]: std::os::unix::net::UnixDatagram
pub fn send_fds(socket: impl AsFd, fds: &[BorrowedFd<'_>], data: &[u8]) -> io::Result<usize> {
    if fds.len() > FDS_MAX {
        return Err(io::Error::from_raw_os_error(libc::EINVAL));
    }
    let socket = socket.as_fd().as_raw_fd();
    let count = fds.len() as u32;
    // SAFETY: a BorrowedFd has the layout of a C file descriptor, says its documentation. The call
    // gets the lengths of both slices.
    let sent = result(unsafe {
        sys::memfd_go_send_fds(
            socket,
            0,
            fds.as_ptr().cast::<c_int>(),
            count,
            data.as_ptr().cast(),
            data.len(),
        )
    })?;
    Ok(sent as usize)
}

/// A message, returned by [`receive_fds`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Message {
    /// The number of bytes of data.
    pub len: usize,
    /// The descriptors, which are close-on-exec.
    pub fds: ReceivedFds,
}

/// An iterator over the descriptors of a [`Message`], in order. Dropping it closes the rest.
#[derive(Debug)]
pub struct ReceivedFds {
    fds: [Option<OwnedFd>; FDS_MAX],
    next: usize,
    end: usize,
}

impl ReceivedFds {
    /// Takes ownership of the first `count` of `numbers`.
    ///
    /// # Safety
    ///
    /// They are open descriptors that nothing else owns.
    unsafe fn new(numbers: [RawFd; FDS_MAX], count: usize) -> ReceivedFds {
        let mut fds: [Option<OwnedFd>; FDS_MAX] = std::array::from_fn(|_| None);
        for (fd, number) in fds.iter_mut().zip(numbers).take(count) {
            // SAFETY: the caller upholds the contract.
            *fd = Some(unsafe { OwnedFd::from_raw_fd(number) });
        }
        ReceivedFds {
            fds,
            next: 0,
            end: count,
        }
    }
}

impl Iterator for ReceivedFds {
    type Item = OwnedFd;

    fn next(&mut self) -> Option<OwnedFd> {
        let fd = self.fds.get_mut(self.next)?.take()?;
        self.next += 1;
        Some(fd)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.end - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for ReceivedFds {}
impl FusedIterator for ReceivedFds {}

/// Receives one message with its descriptors from a Unix socket.
///
/// Returns `None` at the end of the stream, when the other end is closed. An empty datagram without
/// descriptors also returns `None`.
///
/// * `data`: receives the bytes of the message. If it is empty, one byte is read and dropped.
///
/// # Errors
///
/// * `EMSGSIZE`: the message had more than [`FDS_MAX`] descriptors, or more than the kernel could
///   deliver (`RLIMIT_NOFILE`).
/// * `EMSGSIZE`: the datagram was longer than `data`, which contains the first part.
/// * `ENOTSOCK`: not a socket.
/// * `EINVAL`, `ENOTCONN`: the socket is not connected.
/// * `ECONNRESET`: the other end was closed before it had read all data.
/// * `EAGAIN`: the socket is non-blocking, and there is no message.
/// * `EINTR`: a signal arrived first.
///
/// After an error all descriptors of the message are closed.
///
/// Source: unix(7), recvmsg(2). [`send_fds`] has an example.
pub fn receive_fds(socket: impl AsFd, data: &mut [u8]) -> io::Result<Option<Message>> {
    receive_message(socket, data, FDS_MAX)
}

/// Receives a message with at most `most` descriptors.
fn receive_message(socket: impl AsFd, data: &mut [u8], most: usize) -> io::Result<Option<Message>> {
    let mut numbers = [-1; FDS_MAX];
    let mut count = most as u32;
    let mut len = data.len();
    // The address of an empty slice is not a valid pointer for the library.
    let (data_ptr, len_ptr) = match len {
        0 => (ptr::null_mut(), ptr::null_mut()),
        _ => (data.as_mut_ptr(), &mut len as *mut usize),
    };
    let socket = socket.as_fd().as_raw_fd();
    // SAFETY: `numbers` has room for `count` descriptors, and `data_ptr` for `len` bytes unless
    // both pointers are null.
    let received = result(unsafe {
        sys::memfd_go_recv_fds(
            socket,
            0,
            numbers.as_mut_ptr(),
            &mut count,
            data_ptr.cast(),
            len_ptr,
        )
    });
    match received {
        Err(error) if error.raw_os_error() == Some(libc::EPIPE) => return Ok(None),
        Err(error) => return Err(error),
        Ok(_) => {}
    }
    // SAFETY: the first `count` descriptors are new, so nothing else owns them.
    let fds = unsafe { ReceivedFds::new(numbers, count as usize) };
    Ok(Some(Message { len, fds }))
}

/// Receives one file from an untrusted process, and verifies it like
/// [`map_verified`](crate::map_verified).
///
/// One byte of data is read and dropped, or the whole datagram; [`receive_sealed_with`] returns the
/// data. The sender shares the file's offset, so read through a mapping, or with
/// [`read_at`](std::os::unix::fs::FileExt::read_at).
///
/// * `required`: seals in addition to [`SealedMemFd::REQUIRED`].
/// * `max_len`: the largest size to accept, in bytes. A file that is not sealed with
///   [`Seals::GROW`] can grow later; [`map_verified`](crate::map_verified) checks the size again.
///
/// # Errors
///
/// On failure the descriptor is closed.
///
/// * [`SealsError::Missing`], [`SealsError::Unproven`]: like
///   [`map_verified`](crate::map_verified).
/// * [`SealsError::Os`] with
///   * `EPIPE`: the other end is closed.
///   * `EPROTO`: the message had no descriptor.
///   * `EMSGSIZE`: the message had more than one descriptor.
///   * others: like [`receive_fds`], [`map_verified`](crate::map_verified).
///
/// Source: unix(7), recvmsg(2), F_GET_SEALS(2const).
///
/// ```
/// use memfd_go::{receive_sealed, send_fds, SealedMemFd, Seals};
/// use std::os::fd::AsFd;
/// use std::os::unix::net::UnixStream;
///
/// # fn main() -> std::io::Result<()> {
/// let (ours, theirs) = UnixStream::pair()?;
/// send_fds(&ours, &[SealedMemFd::new("page", b"hello")?.as_fd()], b"")?;
/// let page = receive_sealed(&theirs, Seals::empty(), 1 << 20)?;
/// assert_eq!(&page.map()?[..], b"hello");
///
/// send_fds(&ours, &[memfd_go::create("may change")?.as_fd()], b"")?;
/// let refused = receive_sealed(&theirs, Seals::empty(), 1 << 20).unwrap_err();
/// assert_eq!(refused.to_string(), "missing seals: WRITE SHRINK");
/// # Ok(())
/// # }
/// ```
pub fn receive_sealed(
    socket: impl AsFd,
    required: Seals,
    max_len: u64,
) -> Result<SealedMemFd, SealsError> {
    receive_sealed_with(socket, required, max_len, &mut []).map(|(file, _)| file)
}

/// Receives one file like [`receive_sealed`], and the bytes of the message. Returns the file and
/// the number of bytes.
///
/// * `data`: receives the bytes. If it is empty, one byte is read and dropped.
///
/// # Errors
///
/// Like [`receive_sealed`], and:
///
/// * [`SealsError::Os`] with `EMSGSIZE`: the datagram was longer than `data`.
pub fn receive_sealed_with(
    socket: impl AsFd,
    required: Seals,
    max_len: u64,
    data: &mut [u8],
) -> Result<(SealedMemFd, usize), SealsError> {
    let (fd, len) = receive_fd(socket, data)?;
    Ok((SealedMemFd::from_untrusted(fd, required, max_len)?, len))
}

/// Receives one descriptor, and the bytes of the message. Returns their number.
pub(crate) fn receive_fd(socket: impl AsFd, data: &mut [u8]) -> io::Result<(OwnedFd, usize)> {
    let error = |errno| move || io::Error::from_raw_os_error(errno);
    let mut message = receive_message(socket, data, 1)?.ok_or_else(error(libc::EPIPE))?;
    let fd = message.fds.next().ok_or_else(error(libc::EPROTO))?;
    Ok((fd, message.len))
}

/// Opens /proc/PID/fd/N, a file of another process, with a new open file description. The
/// descriptor is close-on-exec.
///
/// The other process need not cooperate, but this one needs the right to ptrace it.
///
/// * `pid`: the process, in the PID namespace of this one; more than 0.
/// * `remote_fd`: its descriptor, 0 or more.
///
/// # Errors
///
/// * `EINVAL`: `pid` or `remote_fd` is out of range.
/// * `ENOENT`: no such process or descriptor, or /proc is not mounted.
/// * `EACCES`: no right to ptrace the process, or the file's mode forbids the access.
/// * `ENXIO`: a secret file, or not a regular file.
/// * `EAGAIN`: a process has a lease on the file.
/// * `ENOSYS`: before Linux 4.11.
/// * `EMFILE`, `ENFILE`, `ENOMEM` and others: like open(2).
///
/// Source: proc_pid_fd(5), ptrace(2).
///
/// ```
/// use memfd_go::{Access, SealedMemFd};
/// use std::os::fd::AsRawFd;
///
/// # fn main() -> std::io::Result<()> {
/// # if !std::path::Path::new("/proc/self").exists() { return Ok(()) }
/// let page = SealedMemFd::new("page", b"hello")?;
/// # let pid = std::process::id();
/// # let number = page.as_raw_fd();
/// // The other process has told us its pid and the number of the descriptor.
/// let page = memfd_go::import_pid(pid, number, Access::Read)?;
/// assert_eq!(&SealedMemFd::try_from(page)?.map()?[..], b"hello");
/// # Ok(())
/// # }
/// ```
pub fn import_pid(pid: u32, remote_fd: RawFd, access: Access) -> io::Result<OwnedFd> {
    let pid = c_int::try_from(pid).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    // SAFETY: the function takes no pointers.
    new_fd(unsafe { sys::memfd_go_import_pid(pid, remote_fd, access.open_flags()) })
}

/// Duplicates a descriptor of another process, like pidfd_getfd(2). The new one is close-on-exec.
///
/// Unlike [`import_pid`] this also works for secret files.
///
/// * `pidfd`: of the process, from pidfd_open(2).
/// * `remote_fd`: the descriptor in that process.
///
/// # Errors
///
/// * `EBADF`: `pidfd` is not a pidfd, or the process has no such descriptor.
/// * `EPERM`: no right to ptrace the process.
/// * `ESRCH`: the process has ended.
/// * `ENOSYS`: before Linux 5.6.
/// * `EMFILE`: this process has `RLIMIT_NOFILE` open descriptors.
///
/// Source: pidfd_getfd(2).
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let page = memfd_go::create("no process")?;
/// let refused = memfd_go::import_pidfd(&page, 0).unwrap_err();
/// # if memfd_go::errname(refused.raw_os_error().unwrap()) == "ENOSYS" { return Ok(()) }
/// assert_eq!(memfd_go::errname(refused.raw_os_error().unwrap()), "EBADF");
/// # Ok(())
/// # }
/// ```
pub fn import_pidfd(pidfd: impl AsFd, remote_fd: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: the function takes no pointers.
    new_fd(unsafe { sys::memfd_go_import_pidfd(pidfd.as_fd().as_raw_fd(), remote_fd, 0) })
}
