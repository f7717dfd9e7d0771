// SPDX-License-Identifier: MIT

//! A buffer for a secret.

use std::fmt;
use std::io;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ops::{Deref, DerefMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::ptr::{self, NonNull};
use std::sync::{Mutex, MutexGuard, PoisonError};

use memfd_go_sys as sys;

use crate::error::result;
use crate::fork::Incarnation;
use crate::{equal, wipe};

/// What secret memory is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SecretKind {
    /// memfd_secret(2): not even in the kernel's own page tables.
    SecretMem,
    /// Anonymous, never swapped, not in core dumps.
    Locked,
    /// Anonymous, not in core dumps; may be swapped.
    Unlocked,
}

impl SecretKind {
    pub(crate) fn from_number(number: u32) -> SecretKind {
        match number {
            sys::MEMFD_GO_AREA_SECRETMEM => SecretKind::SecretMem,
            sys::MEMFD_GO_AREA_MLOCK => SecretKind::Locked,
            _ => SecretKind::Unlocked,
        }
    }
}

/// How to allocate secret memory.
///
/// By default it is of memfd_secret(2) or, where that is missing (`ENOSYS`) or forbidden
/// (`EPERM`), locked anonymous memory, and belongs to this process alone.
///
/// ```
/// use memfd_go::{SecretKind, SecretOptions};
///
/// # fn main() -> std::io::Result<()> {
/// let options = SecretOptions::new().secretmem(false); // Let the machine hibernate.
/// assert_eq!(options.allocate(32)?.kind(), SecretKind::Locked);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct SecretOptions {
    bits: u32,
}

impl SecretOptions {
    /// The default.
    pub const fn new() -> Self {
        SecretOptions { bits: 0 }
    }

    /// Whether to fail unless memfd_secret(2) works. By default locked memory will do.
    pub fn require_secretmem(self, on: bool) -> Self {
        self.with(sys::MEMFD_GO_OPT_REQUIRE, on)
    }

    /// Whether to use memfd_secret(2), which keeps the machine from hibernating. By
    /// default it is used.
    pub fn secretmem(self, on: bool) -> Self {
        self.with(sys::MEMFD_GO_OPT_NO_SECRETMEM, !on)
    }

    /// Whether to go on with memory that may be swapped where `RLIMIT_MEMLOCK` or mlock(2)
    /// forbids more. By default that is an error.
    pub fn allow_unlocked(self, on: bool) -> Self {
        self.with(sys::MEMFD_GO_OPT_ALLOW_UNLOCKED, on)
    }

    /// Whether the end, not the start, is next to a guard page, so that touching the first
    /// byte behind it faults. By default it is the start, and the buffer is aligned to a
    /// page. Not for a [`SecretPool`](crate::SecretPool).
    pub fn align_end(self, on: bool) -> Self {
        self.with(sys::MEMFD_GO_OPT_ALIGN_END, on)
    }

    /// Whether a child of fork(2) shares the memory. By default it has none there. For the
    /// `unsafe` functions alone.
    ///
    /// Dropping the buffer in one process wipes it for all, unless it was attached. While
    /// a thread makes or drops a guard, no other may fork: the child would find a lock
    /// that nobody lets go.
    pub fn share_with_children(self, on: bool) -> Self {
        self.with(sys::MEMFD_GO_OPT_FORK_SHARE, on)
    }

    /// Whether to keep the descriptor, for [`SecretBuf::fd`]. By default it is closed. For
    /// the `unsafe` functions alone.
    pub fn keep_fd(self, on: bool) -> Self {
        self.with(sys::MEMFD_GO_OPT_KEEP_FD, on)
    }

    fn with(mut self, option: u32, on: bool) -> Self {
        match on {
            true => self.bits |= option,
            false => self.bits &= !option,
        }
        self
    }

    /// The options of the C API, if nobody else can come to the memory.
    pub(crate) fn private_bits(&self) -> io::Result<u32> {
        let sharing = sys::MEMFD_GO_OPT_FORK_SHARE | sys::MEMFD_GO_OPT_KEEP_FD;
        match self.bits & sharing {
            0 => Ok(self.bits),
            _ => Err(io::Error::from_raw_os_error(libc::EINVAL)),
        }
    }

    /// Allocates a buffer of `len` bytes: zeroed, locked, present (no later access can fail
    /// for want of memory), between two guard pages. Only its own pages count against
    /// `RLIMIT_MEMLOCK`.
    ///
    /// * `len`: in bytes, more than 0.
    ///
    /// # Errors
    ///
    /// * `ENOSYS`, `EPERM`: [`SecretOptions::require_secretmem`], and memfd_secret(2) does
    ///   not work.
    /// * `EAGAIN`, `ENOMEM`: over `RLIMIT_MEMLOCK`; no memory, or no room in the address
    ///   space.
    /// * `EPERM`: `RLIMIT_MEMLOCK` is 0.
    /// * `EINVAL`: `len` is 0 or cannot be; options that contradict each other, or are for
    ///   the `unsafe` functions.
    /// * `EMFILE`, `ENFILE`: no descriptor free.
    ///
    /// Safe: MT AS fork. Source: memfd_secret(2), mlock(2), madvise(2), mm/secretmem.c.
    pub fn allocate(&self, len: usize) -> io::Result<SecretBuf> {
        SecretBuf::allocate(len, self.private_bits()?)
    }

    /// Like [`SecretOptions::allocate`], and takes the options that let others come to the
    /// memory: [`SecretOptions::share_with_children`], [`SecretOptions::keep_fd`].
    ///
    /// # Safety
    ///
    /// As long as a guard ([`SecretBuf::read`], [`SecretBuf::write`]) is there, in any
    /// process, nobody else may write to the memory, nor read it if the guard is one to
    /// write.
    pub unsafe fn allocate_shared(&self, len: usize) -> io::Result<SecretBuf> {
        SecretBuf::allocate(len, self.bits)
    }

    /// Maps a secret file that another process made ([`secret`](crate::secret),
    /// [`SecretBuf::fd`]), whole and between guard pages.
    ///
    /// * `fd`: a secret file that has been sized.
    /// * `max_len`: the largest size to accept, in bytes; all of it becomes present here.
    ///
    /// What it holds is left as it is when the buffer is dropped: others may use it. Of the
    /// options it takes [`SecretOptions::align_end`], [`SecretOptions::share_with_children`]
    /// and [`SecretOptions::keep_fd`], which keeps a duplicate of `fd`.
    ///
    /// # Errors
    ///
    /// Like [`SecretOptions::allocate`], and:
    ///
    /// * `EINVAL`: `fd` is not a secret file; other options.
    /// * `EBADF`: `fd` was opened with `O_PATH`.
    /// * `ENODATA`: the file has not been sized.
    /// * `EFBIG`: the file is longer than `max_len`.
    ///
    /// Safe: MT AS fork. Source: memfd_secret(2), mm/secretmem.c.
    ///
    /// # Safety
    ///
    /// As for [`SecretOptions::allocate_shared`].
    ///
    /// ```
    /// use memfd_go::SecretOptions;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// // SAFETY: others look only when they are told that the key is there.
    /// let mut key = unsafe { SecretOptions::new().keep_fd(true).allocate_shared(32)? };
    /// key.write()?.fill(7);
    /// # let sent = key.fd();
    /// # let Some(fd) = sent else { return Ok(()) };
    /// // In another process, with the descriptor that it was sent:
    /// // SAFETY: nobody writes to the key any more.
    /// let key = unsafe { SecretOptions::new().attach(fd, 4096)? };
    /// assert_eq!(key.read()?[..32], [7; 32]);
    /// # Ok(())
    /// # }
    /// ```
    pub unsafe fn attach(&self, fd: impl AsFd, max_len: u64) -> io::Result<SecretBuf> {
        let fd = fd.as_fd().as_raw_fd();
        let max_len = max_len.min(isize::MAX as u64); // No slice can be longer.
                                                      // SAFETY: `area` is writable.
        SecretBuf::new_area(|area| unsafe {
            sys::memfd_go_secret_attach(area, fd, max_len, self.bits)
        })
    }
}

/// Memory for a secret, which cannot be touched but through a guard.
///
/// [`SecretBuf::read`] and [`SecretBuf::write`] give access for as long as their guard
/// lives, to the whole process: the guard page next to the buffer stops overruns, not other
/// code that knows the address. Dropping wipes the memory.
///
/// Any number of threads may read at once; writing takes `&mut`. A guard costs two calls of
/// mprotect(2); a [`SecretPool`](crate::SecretPool) does without.
///
/// # fork(2)
///
/// The child has no secret: the memory is not there, or holds zeros. Its copy of the
/// `SecretBuf` knows that: guards are refused with `EFAULT`, and dropping does nothing. A
/// guard that was there at the fork must not be used in the child. This is different with
/// [`SecretOptions::share_with_children`].
///
/// ```
/// use memfd_go::SecretBuf;
///
/// # fn main() -> std::io::Result<()> {
/// let mut key = SecretBuf::new(32)?;
/// # use std::io::Read;
/// # let mut source = std::io::repeat(7);
/// source.read_exact(&mut key.write()?)?; // from /dev/urandom, say
///
/// let sum: u32 = key.read()?.iter().map(|&byte| byte as u32).sum();
/// # assert_eq!(sum, 7 * 32);
/// assert!(format!("{key:?}").contains("len: 32"));
/// # Ok(())
/// # }
/// ```
pub struct SecretBuf {
    area: sys::memfd_go_secret_area,
    home: Incarnation,
    /// How many guards to read there are. Whoever makes it 1 or 0 changes the access.
    readers: Mutex<usize>,
}

// SAFETY: memory belongs to the process, not to a thread; nothing else is in the area.
unsafe impl Send for SecretBuf {}
// SAFETY: through a shared reference the memory can only be read, and the access to it is
// changed under a lock.
unsafe impl Sync for SecretBuf {}

impl SecretBuf {
    /// Allocates `len` bytes: [`SecretOptions::allocate`] by default.
    pub fn new(len: usize) -> io::Result<SecretBuf> {
        SecretOptions::new().allocate(len)
    }

    /// Moves a secret from ordinary memory: copies it, and wipes `source`, also on failure.
    ///
    /// Errors like [`SecretOptions::allocate`]: `EINVAL` if `source` is empty.
    ///
    /// ```
    /// use memfd_go::SecretBuf;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let mut line = String::from("correct horse").into_bytes();
    /// let password = SecretBuf::take(&mut line)?;
    /// assert_eq!(line, [0; 13]);
    /// assert_eq!(&password.read()?[..7], b"correct");
    /// # Ok(())
    /// # }
    /// ```
    pub fn take(source: &mut [u8]) -> io::Result<SecretBuf> {
        if source.is_empty() {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        let (data, len) = (source.as_mut_ptr().cast(), source.len());
        // SAFETY: `area` is writable, and so is `source`, which is as long as is said.
        let moved = SecretBuf::new_area(|area| unsafe {
            sys::memfd_go_secret_alloc_from(area, data, len, 0)
        });
        if moved.is_err() {
            wipe(source);
        }
        moved
    }

    fn allocate(len: usize, opts: u32) -> io::Result<SecretBuf> {
        if isize::try_from(len).is_err() {
            // No slice can be that long.
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        // SAFETY: `area` is writable, and as long as it says.
        SecretBuf::new_area(|area| unsafe { sys::memfd_go_secret_alloc(area, len, opts) })
    }

    fn new_area(make: impl FnOnce(*mut sys::memfd_go_secret_area) -> i32) -> io::Result<SecretBuf> {
        // SAFETY: all of its members are numbers and pointers.
        let mut area: sys::memfd_go_secret_area = unsafe { MaybeUninit::zeroed().assume_init() };
        result(make(&mut area))?;
        let secret = SecretBuf {
            area,
            home: Incarnation::current(),
            readers: Mutex::new(0),
        };
        if isize::try_from(secret.area.len).is_err() {
            return Err(io::Error::from_raw_os_error(libc::EOVERFLOW));
        }
        secret.protect(sys::MEMFD_GO_ACCESS_NONE)?;
        Ok(secret)
    }

    /// What the memory is made of.
    pub fn kind(&self) -> SecretKind {
        SecretKind::from_number(self.area.kind)
    }

    /// Locks the memory again, in a child of fork(2) that shares it
    /// ([`SecretOptions::share_with_children`]): locks belong to a process. Afterwards
    /// [`SecretBuf::kind`] is true for the child.
    ///
    /// # Errors
    ///
    /// * `ENOMEM`, `EPERM`: over `RLIMIT_MEMLOCK`; no memory; the limit is 0. The memory may be
    ///   swapped in this process: it is [`SecretKind::Unlocked`].
    /// * `EFAULT`: the secret is not here.
    ///
    /// Safe: MT fork. Source: mlock(2), fork(2).
    pub fn relock(&mut self) -> io::Result<()> {
        self.check_here()?;
        // What cannot be read cannot be locked.
        self.protect(sys::MEMFD_GO_ACCESS_READ)?;
        // SAFETY: the area is ours.
        let locked = result(unsafe { sys::memfd_go_secret_relock(&mut self.area) });
        self.protect(sys::MEMFD_GO_ACCESS_NONE)?;
        locked.map(drop)
    }

    /// Compares it with `other` in a time that depends on the lengths alone.
    ///
    /// Errors, safety and source like [`SecretBuf::read`].
    pub fn equals(&self, other: &[u8]) -> io::Result<bool> {
        Ok(equal(&self.read()?, other))
    }

    /// Its length in bytes, as it was asked for.
    #[allow(clippy::len_without_is_empty)] // It is never empty.
    pub fn len(&self) -> usize {
        self.area.len
    }

    /// The secret file, with [`SecretOptions::keep_fd`] and [`SecretKind::SecretMem`].
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        // SAFETY: a descriptor that is there stays open as long as the buffer.
        (self.area.fd >= 0).then(|| unsafe { BorrowedFd::borrow_raw(self.area.fd) })
    }

    /// Makes the memory readable, until all such guards are dropped.
    ///
    /// # Errors
    ///
    /// * `EFAULT`: this is a child of fork(2), and the secret is not here.
    /// * `ENOMEM`: too many mappings in the process.
    ///
    /// Safe: MT fork. Source: mprotect(2).
    pub fn read(&self) -> io::Result<SecretRead<'_>> {
        self.check_here()?;
        let mut readers = self.lock_readers();
        if *readers == 0 {
            self.protect(sys::MEMFD_GO_ACCESS_READ)?;
        }
        *readers += 1;
        drop(readers);
        Ok(SecretRead {
            secret: self,
            value: self.bytes(),
        })
    }

    /// Makes the memory readable and writable, until the guard is dropped.
    ///
    /// Errors, safety and source like [`SecretBuf::read`].
    pub fn write(&mut self) -> io::Result<SecretWrite<'_>> {
        self.check_here()?;
        self.protect(sys::MEMFD_GO_ACCESS_READ_WRITE)?;
        let value = self.bytes();
        Ok(SecretWrite {
            secret: self,
            value,
        })
    }

    /// The address of the first byte.
    pub(crate) fn address(&self) -> usize {
        self.area.data as usize
    }

    fn bytes(&self) -> NonNull<[u8]> {
        let bytes = ptr::slice_from_raw_parts_mut(self.area.data.cast(), self.area.len);
        // SAFETY: no area is at address 0.
        unsafe { NonNull::new_unchecked(bytes) }
    }

    fn protect(&self, access: u32) -> io::Result<()> {
        let mut area = self.area;
        // SAFETY: the area is ours and still there. Its struct is only read.
        result(unsafe { sys::memfd_go_secret_protect(&mut area, access) })?;
        Ok(())
    }

    /// Whether the memory is there. A forked child has it only if it is shared.
    fn is_here(&self) -> bool {
        self.area.opts & sys::MEMFD_GO_OPT_FORK_SHARE != 0 || self.home == Incarnation::current()
    }

    fn check_here(&self) -> io::Result<()> {
        match self.is_here() {
            true => Ok(()),
            false => Err(io::Error::from_raw_os_error(libc::EFAULT)),
        }
    }

    fn lock_readers(&self) -> MutexGuard<'_, usize> {
        // Nothing panics with the lock held.
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for SecretBuf {
    fn drop(&mut self) {
        if self.is_here() {
            // It can fail only for want of memory. Then the area stays, out of reach.
            // SAFETY: the area is ours, and nothing borrows it any longer.
            unsafe { sys::memfd_go_secret_free(&mut self.area) };
        }
    }
}

/// Tells how long it is and what it is made of, and nothing else.
impl fmt::Debug for SecretBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretBuf")
            .field("kind", &self.kind())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// A guard that lets a [`SecretBuf`] be read, or what is in it.
pub struct SecretRead<'a, T: ?Sized = [u8]> {
    secret: &'a SecretBuf,
    value: NonNull<T>,
}

// SAFETY: memory belongs to the process, not to a thread; the guard is a shared reference.
unsafe impl<T: ?Sized + Sync> Send for SecretRead<'_, T> {}
// SAFETY: as before.
unsafe impl<T: ?Sized + Sync> Sync for SecretRead<'_, T> {}

impl<'a> SecretRead<'a> {
    /// The same guard, for the value that these bytes are.
    ///
    /// # Safety
    ///
    /// `value` points to a value inside the buffer.
    pub(crate) unsafe fn cast<T: ?Sized>(
        self,
        value: impl FnOnce(&[u8]) -> NonNull<T>,
    ) -> SecretRead<'a, T> {
        let value = value(&self);
        let guard = ManuallyDrop::new(self); // It goes on as the other guard.
        SecretRead {
            secret: guard.secret,
            value,
        }
    }
}

impl<T: ?Sized> Deref for SecretRead<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the value is there, and readable as long as this guard is counted. It does
        // not change: writing takes `&mut`, and others have promised.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized> Drop for SecretRead<'_, T> {
    fn drop(&mut self) {
        if !self.secret.is_here() {
            return;
        }
        let mut readers = self.secret.lock_readers();
        *readers -= 1;
        if *readers == 0 {
            // If it fails, for want of memory, the area stays readable.
            let _ = self.secret.protect(sys::MEMFD_GO_ACCESS_NONE);
        }
    }
}

/// A guard that lets a [`SecretBuf`] be read and written, or what is in it.
pub struct SecretWrite<'a, T: ?Sized = [u8]> {
    secret: &'a mut SecretBuf,
    value: NonNull<T>,
}

// SAFETY: memory belongs to the process, not to a thread; the guard is a unique reference.
unsafe impl<T: ?Sized + Send> Send for SecretWrite<'_, T> {}
// SAFETY: through a shared reference nothing but the value can be had.
unsafe impl<T: ?Sized + Sync> Sync for SecretWrite<'_, T> {}

impl<'a> SecretWrite<'a> {
    /// The same guard, for the value that these bytes are.
    ///
    /// # Safety
    ///
    /// `value` points to a value inside the buffer.
    pub(crate) unsafe fn cast<T: ?Sized>(
        mut self,
        value: impl FnOnce(&mut [u8]) -> NonNull<T>,
    ) -> SecretWrite<'a, T> {
        let value = value(&mut self);
        let guard = ManuallyDrop::new(self); // It goes on as the other guard.
        let secret: *const &'a mut SecretBuf = &guard.secret;
        SecretWrite {
            // SAFETY: the guard that this is read from is not used again, nor dropped.
            secret: unsafe { ptr::read(secret) },
            value,
        }
    }
}

impl<T: ?Sized> Deref for SecretWrite<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the value is there, and readable as long as this guard lives. Nobody else
        // has access.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for SecretWrite<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the value is there, and writable as long as this guard lives. Nobody else
        // has access.
        unsafe { self.value.as_mut() }
    }
}

impl<T: ?Sized> Drop for SecretWrite<'_, T> {
    fn drop(&mut self) {
        if self.secret.is_here() {
            // A guard to read may have been forgotten, but its life is over.
            *self.secret.lock_readers() = 0;
            // If it fails, for want of memory, the area stays writable.
            let _ = self.secret.protect(sys::MEMFD_GO_ACCESS_NONE);
        }
    }
}

/// A guard tells no more than its [`SecretBuf`].
impl<T: ?Sized> fmt::Debug for SecretRead<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SecretRead").field(&self.secret).finish()
    }
}

/// A guard tells no more than its [`SecretBuf`].
impl<T: ?Sized> fmt::Debug for SecretWrite<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SecretWrite").field(&self.secret).finish()
    }
}
