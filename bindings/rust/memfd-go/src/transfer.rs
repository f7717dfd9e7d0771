// SPDX-License-Identifier: MIT

//! Files from process to process.

use std::io;
use std::iter::FusedIterator;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::raw::c_int;
use std::ptr;

use memfd_go_sys as sys;

use crate::create::new_fd;
use crate::error::result;
use crate::sealed::verify;
use crate::{Access, MemFd, SealedMemFd, Seals, SealsError};

/// The largest number of descriptors in one message.
pub const FDS_MAX: usize = sys::MEMFD_GO_FDS_MAX as usize;

/// Sends descriptors and `data` over a Unix socket in one message. Returns how much of
/// `data` was sent.
///
/// On a stream that may be less than all; the descriptors went with the first byte, and
/// the rest is for [`Write`](std::io::Write). The descriptors stay open here. SIGPIPE is
/// not sent.
///
/// * `socket`: a [`UnixStream`], a connected [`UnixDatagram`] or the like. Internet sockets
///   take the data and drop the descriptors.
/// * `fds`: at most [`FDS_MAX`] descriptors.
/// * `data`: may be empty: one zero byte is sent then, since a message without any would
///   not carry descriptors over a stream.
///
/// # Errors
///
/// * `EINVAL`: more than [`FDS_MAX`] descriptors.
/// * `ENOTSOCK`: not a socket.
/// * `EAGAIN`: the socket is non-blocking and the other side's buffer is full.
/// * `EINTR`: a signal arrived before anything was sent.
/// * `EPIPE`, `ECONNREFUSED`, `ECONNRESET`, `ENOTCONN`: nobody is there.
/// * `EMSGSIZE`: a datagram longer than the socket allows.
/// * `ETOOMANYREFS`: too many descriptors are under way (`RLIMIT_NOFILE`).
///
/// Safe: MT AS fork. Source: unix(7), sendmsg(2).
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
/// let mut message = receive_fds(&theirs, &mut label)?.expect("nobody has closed");
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
    // SAFETY: a BorrowedFd is a file descriptor of C, by its documentation. Both slices are
    // as long as is said.
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

/// A message; what [`receive_fds`] returns.
#[derive(Debug)]
#[non_exhaustive]
pub struct Message {
    /// How many bytes of data came with it.
    pub len: usize,
    /// Its descriptors, close-on-exec.
    pub fds: ReceivedFds,
}

/// The descriptors of a [`Message`], in their order. Those that are not taken are closed.
#[derive(Debug)]
pub struct ReceivedFds {
    fds: [Option<OwnedFd>; FDS_MAX],
    next: usize,
    end: usize,
}

impl ReceivedFds {
    /// Takes the first `count` of `numbers`.
    ///
    /// # Safety
    ///
    /// They are open descriptors that nobody else knows.
    unsafe fn new(numbers: [RawFd; FDS_MAX], count: usize) -> ReceivedFds {
        let mut fds: [Option<OwnedFd>; FDS_MAX] = std::array::from_fn(|_| None);
        for (fd, number) in fds.iter_mut().zip(numbers).take(count) {
            // SAFETY: as the caller says.
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

/// Receives one message from a Unix socket, and its descriptors, or `None` at the end of the
/// stream, when the other side has closed. An empty datagram without descriptors looks the
/// same.
///
/// * `data`: room for the bytes of the message. If it has none, one byte is taken from the
///   socket and dropped.
///
/// # Errors
///
/// * `EMSGSIZE`: the message had more than [`FDS_MAX`] descriptors, or more than the kernel
///   could deliver (`RLIMIT_NOFILE`), or was a datagram longer than `data`. All of its
///   descriptors are closed; what fitted may be in `data`.
/// * `ENOTSOCK`: not a socket.
/// * `EINVAL`, `ENOTCONN`: the socket is not connected (of a stream, of packets).
/// * `ECONNRESET`: the other side closed without having read all that was sent to it.
/// * `EAGAIN`: the socket is non-blocking and there is no message.
/// * `EINTR`: a signal arrived first.
///
/// Safe: MT AS fork. Source: unix(7), recvmsg(2). [`send_fds`] has an example.
pub fn receive_fds(socket: impl AsFd, data: &mut [u8]) -> io::Result<Option<Message>> {
    receive_message(socket, data, FDS_MAX)
}

/// Receives a message with up to `most` descriptors.
fn receive_message(socket: impl AsFd, data: &mut [u8], most: usize) -> io::Result<Option<Message>> {
    let mut numbers = [-1; FDS_MAX];
    let mut count = most as u32;
    let mut len = data.len();
    // An empty slice has no address of its own.
    let (data_ptr, len_ptr) = match len {
        0 => (ptr::null_mut(), ptr::null_mut()),
        _ => (data.as_mut_ptr(), &mut len as *mut usize),
    };
    let socket = socket.as_fd().as_raw_fd();
    // SAFETY: there is room for as many descriptors and bytes as is said, or both are null.
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
    // SAFETY: so many were just made, and nobody else knows them.
    let fds = unsafe { ReceivedFds::new(numbers, count as usize) };
    Ok(Some(Message { len, fds }))
}

/// Receives one file from somebody who is not trusted, and checks it like
/// [`map_verified`](crate::map_verified), which it is then ready for.
///
/// The first byte of the message is taken from the socket and dropped; of a datagram all
/// are ([`receive_sealed_with`] keeps them). The sender can still move the file's offset: read
/// through a mapping, or at offsets ([`read_at`](std::os::unix::fs::FileExt::read_at)).
///
/// * `required`: seals beyond [`SealedMemFd::REQUIRED`].
/// * `max_len`: the largest size to accept, in bytes.
///
/// # Errors
///
/// On failure the descriptor is closed.
///
/// * [`SealsError::Missing`], [`SealsError::Unproven`]: like
///   [`map_verified`](crate::map_verified).
/// * [`SealsError::Os`] with
///   * `EPIPE`: the other side has closed.
///   * `EPROTO`: the message had no descriptor.
///   * `EMSGSIZE`: the message had more than one descriptor.
///   * others: like [`receive_fds`], [`map_verified`](crate::map_verified).
///
/// Safe: MT AS fork. Source: unix(7), recvmsg(2), F_GET_SEALS(2const).
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

/// Like [`receive_sealed`], and also receives the bytes of the message. Returns how many.
///
/// * `data`: room for them. If it has none, one byte is taken from the socket and dropped.
///
/// # Errors
///
/// Like [`receive_sealed`], and `EMSGSIZE` for a datagram longer than `data`.
pub fn receive_sealed_with(
    socket: impl AsFd,
    required: Seals,
    max_len: u64,
    data: &mut [u8],
) -> Result<(SealedMemFd, usize), SealsError> {
    let error = |errno| SealsError::Os(io::Error::from_raw_os_error(errno));
    let message = receive_message(socket, data, 1)?.ok_or_else(|| error(libc::EPIPE))?;
    let mut fds = message.fds;
    let fd = fds.next().ok_or_else(|| error(libc::EPROTO))?;
    verify(&fd, required, max_len)?;
    Ok((
        SealedMemFd::assume_checked(MemFd::unchecked(fd)),
        message.len,
    ))
}

/// Opens /proc/PID/fd/N: a descriptor of another process, in a new open file description,
/// close-on-exec. The process need not cooperate, but must allow it.
///
/// * `pid`: a process as seen from here, more than 0.
/// * `remote_fd`: its descriptor, 0 or more.
///
/// # Errors
///
/// * `EINVAL`: `pid` or `remote_fd` is out of range.
/// * `ENOENT`: no such process or descriptor, or /proc is not mounted.
/// * `EACCES`: no ptrace access to the process, or the file's mode forbids it.
/// * `ENXIO`: a secret file, or not a regular file.
/// * `EAGAIN`: somebody has a lease on the file.
/// * `EMFILE`, `ENFILE`, `ENOMEM`, and what else open(2) gives.
///
/// Safe: MT AS fork. Source: proc_pid_fd(5), ptrace(2).
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
/// let page = memfd_go::import_pid(pid, number, Access::Read)?; // The other tells both.
/// assert_eq!(&SealedMemFd::try_from(page)?.map()?[..], b"hello");
/// # Ok(())
/// # }
/// ```
pub fn import_pid(pid: u32, remote_fd: RawFd, access: Access) -> io::Result<OwnedFd> {
    let pid = c_int::try_from(pid).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    // SAFETY: the function takes plain values.
    new_fd(unsafe { sys::memfd_go_import_pid(pid, remote_fd, access.open_flags()) })
}

/// pidfd_getfd(2): duplicates a descriptor of another process, close-on-exec. Unlike
/// [`import_pid`] it also takes secret files.
///
/// * `pidfd`: of the process, from pidfd_open(2).
/// * `remote_fd`: its descriptor.
///
/// # Errors
///
/// * `EBADF`: `pidfd` is not one, or the process has no such descriptor.
/// * `EPERM`: no right to attach to the process with ptrace.
/// * `ESRCH`: the process has ended.
/// * `ENOSYS`: before Linux 5.6.
/// * `EMFILE`: the process has `RLIMIT_NOFILE` descriptors open.
///
/// Safe: MT AS fork. Source: pidfd_getfd(2).
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
    // SAFETY: the function takes plain values.
    new_fd(unsafe { sys::memfd_go_import_pidfd(pidfd.as_fd().as_raw_fd(), remote_fd, 0) })
}
