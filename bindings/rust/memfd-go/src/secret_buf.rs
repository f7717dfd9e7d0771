// SPDX-License-Identifier: MIT

//! Buffers for secrets.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ops::{Deref, DerefMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::ptr::{self, NonNull};
use std::sync::{Mutex, MutexGuard, PoisonError};

use memfd_go_sys as sys;

use crate::error::result;
use crate::fork::Incarnation;
use crate::{equal, wipe, SecretKind};

/// Options for allocating secret memory.
///
/// By default the memory is from memfd_secret(2) or, if that is missing (`ENOSYS`) or forbidden
/// (`EPERM`), locked anonymous memory, and no other process shares it.
///
/// ```
/// use memfd_go::{SecretKind, SecretOptions};
///
/// # fn main() -> std::io::Result<()> {
/// let options = SecretOptions::new().secretmem(false); // Hibernation stays possible.
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
    /// Creates the default options.
    pub const fn new() -> Self {
        SecretOptions { bits: 0 }
    }

    /// Sets whether to fail unless memfd_secret(2) works. By default locked memory is accepted.
    pub fn require_secretmem(self, on: bool) -> Self {
        self.with(sys::MEMFD_GO_OPT_REQUIRE, on)
    }

    /// Sets whether to try memfd_secret(2), which prevents hibernation. By default it is tried.
    pub fn secretmem(self, on: bool) -> Self {
        self.with(sys::MEMFD_GO_OPT_NO_SECRETMEM, !on)
    }

    /// Sets whether to accept memory that may be swapped out, if `RLIMIT_MEMLOCK` or mlock(2)
    /// forbids locking. By default that is an error.
    pub fn allow_unlocked(self, on: bool) -> Self {
        self.with(sys::MEMFD_GO_OPT_ALLOW_UNLOCKED, on)
    }

    /// Sets whether the end of the buffer, not the start, is at a guard page, so that accessing the
    /// first byte behind it faults. By default the start is, and the buffer is page-aligned. A
    /// [`SecretPool`](crate::SecretPool) does not accept this option.
    pub fn align_end(self, on: bool) -> Self {
        self.with(sys::MEMFD_GO_OPT_ALIGN_END, on)
    }

    /// Sets whether children of fork(2) share the memory. By default they do not have it, except
    /// that memory of [`SecretKind::SecretMem`] may be shared with a child that another thread
    /// forks during the allocation. Only the `unsafe` functions accept this option.
    ///
    /// Dropping the buffer in one process wipes it for all, unless it was attached. Do not fork
    /// while another thread creates or drops a guard: the guards' lock would stay locked in the
    /// child.
    pub fn share_with_children(self, on: bool) -> Self {
        self.with(sys::MEMFD_GO_OPT_FORK_SHARE, on)
    }

    /// Sets whether to keep the descriptor, for [`SecretBuf::fd`]. By default it is closed. Only
    /// the `unsafe` functions accept this option.
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

    /// Returns the options of the C API, unless they share the memory.
    pub(crate) fn private_bits(&self) -> io::Result<u32> {
        let sharing = sys::MEMFD_GO_OPT_FORK_SHARE | sys::MEMFD_GO_OPT_KEEP_FD;
        match self.bits & sharing {
            0 => Ok(self.bits),
            _ => Err(io::Error::from_raw_os_error(libc::EINVAL)),
        }
    }

    /// Allocates a zeroed, locked buffer of `len` bytes between two guard pages.
    ///
    /// All pages are allocated, so no later access can fail for lack of memory. The guard pages do
    /// not count against `RLIMIT_MEMLOCK`.
    ///
    /// * `len`: in bytes, more than 0.
    ///
    /// # Errors
    ///
    /// * `ENOSYS`, `EPERM`: [`SecretOptions::require_secretmem`], and memfd_secret(2) does
    ///   not work.
    /// * `EAGAIN`, `ENOMEM`: over `RLIMIT_MEMLOCK`.
    /// * `ENOMEM`: not enough memory, or no room in the address space.
    /// * `EPERM`: `RLIMIT_MEMLOCK` is 0.
    /// * `EINVAL`: `len` is 0 or more than `isize::MAX`.
    /// * `EINVAL`: contradictory options, or options that only the `unsafe` functions accept.
    /// * `EMFILE`, `ENFILE`: no descriptor is free.
    /// * `EFBIG`: memfd_secret(2) works, and `len` is more than `RLIMIT_FSIZE`; SIGXFSZ is sent as
    ///   well.
    ///
    /// Source: memfd_secret(2), mlock(2), madvise(2), mm/secretmem.c.
    pub fn allocate(&self, len: usize) -> io::Result<SecretBuf> {
        SecretBuf::allocate(len, self.private_bits()?)
    }

    /// Allocates a buffer like [`SecretOptions::allocate`], and also accepts the options that share
    /// the memory: [`SecretOptions::share_with_children`], [`SecretOptions::keep_fd`].
    ///
    /// # Safety
    ///
    /// While a guard ([`SecretBuf::read`], [`SecretBuf::write`]) exists in any process, nothing
    /// else may write to the memory, nor read it if the guard is a write guard.
    pub unsafe fn allocate_shared(&self, len: usize) -> io::Result<SecretBuf> {
        SecretBuf::allocate(len, self.bits)
    }

    /// Maps a whole secret file of another process ([`secret`](crate::secret), [`SecretBuf::fd`])
    /// between guard pages.
    ///
    /// * `fd`: a secret file that has a size.
    /// * `max_len`: the largest size to accept, in bytes. All pages are faulted in.
    ///
    /// Accepted options are [`SecretOptions::align_end`], [`SecretOptions::share_with_children`]
    /// and [`SecretOptions::keep_fd`], which keeps a duplicate of `fd`. Dropping the buffer does
    /// not wipe the contents, because other processes may use them.
    ///
    /// # Errors
    ///
    /// Like [`SecretOptions::allocate`], and:
    ///
    /// * `EINVAL`: `fd` is not a secret file.
    /// * `EINVAL`: other options are set.
    /// * `EBADF`: `fd` was opened with `O_PATH`.
    /// * `ENODATA`: the file has no size yet.
    /// * `EFBIG`: the file is longer than `max_len`.
    ///
    /// Source: memfd_secret(2), mm/secretmem.c.
    ///
    /// # Safety
    ///
    /// Like [`SecretOptions::allocate_shared`].
    ///
    /// ```
    /// use memfd_go::SecretOptions;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// // SAFETY: other processes read the key only after it has been sent.
    /// let mut key = unsafe { SecretOptions::new().keep_fd(true).allocate_shared(32)? };
    /// key.write()?.fill(7);
    /// # let sent = key.fd();
    /// # let Some(fd) = sent else { return Ok(()) };
    /// // In another process, with the descriptor that it received:
    /// // SAFETY: nothing writes to the key any more.
    /// let key = unsafe { SecretOptions::new().attach(fd, 4096)? };
    /// assert_eq!(key.read()?[..32], [7; 32]);
    /// # Ok(())
    /// # }
    /// ```
    pub unsafe fn attach(&self, fd: impl AsFd, max_len: u64) -> io::Result<SecretBuf> {
        let fd = fd.as_fd().as_raw_fd();
        // A slice cannot be longer than isize::MAX.
        let max_len = max_len.min(isize::MAX as u64);
        // SAFETY: `area` is writable.
        SecretBuf::new_area(|area| unsafe {
            sys::memfd_go_secret_attach(area, fd, max_len, self.bits)
        })
    }
}

/// Memory for a secret, accessible only through a guard.
///
/// [`SecretBuf::read`] and [`SecretBuf::write`] return guards. While one exists, the memory is
/// accessible to the whole process: the guard page next to the buffer stops overruns, not code
/// that knows the address. Dropping the buffer wipes the memory.
///
/// Any number of threads may read at once; writing takes `&mut`. A guard takes two mprotect(2)
/// calls; [`SecretPool`](crate::SecretPool) avoids them.
///
/// # fork(2)
///
/// A child does not have the secret: the memory is unmapped or contains zeros. Its copy of the
/// `SecretBuf` detects this, so guards fail with `EFAULT`, and dropping does nothing. Do not use a
/// guard in the child that existed before the fork. With [`SecretOptions::share_with_children`]
/// the child shares the memory instead.
///
/// ```
/// use memfd_go::SecretBuf;
///
/// # fn main() -> std::io::Result<()> {
/// let mut key = SecretBuf::new(32)?;
/// # use std::io::Read;
/// # let mut source = std::io::repeat(7);
/// source.read_exact(&mut key.write()?)?; // For example, from /dev/urandom.
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
    /// The number of read guards. The first and the last one change the access.
    readers: Mutex<usize>,
}

// SAFETY: the memory is not tied to a thread, and the struct has no other contents.
unsafe impl Send for SecretBuf {}
// SAFETY: a shared reference can only read the memory, and changes the access under a lock.
unsafe impl Sync for SecretBuf {}

impl SecretBuf {
    /// Allocates `len` bytes, like [`SecretOptions::allocate`] with default options.
    pub fn new(len: usize) -> io::Result<SecretBuf> {
        SecretOptions::new().allocate(len)
    }

    /// Moves bytes to secret memory: copies them, and wipes `source`, also after an error.
    ///
    /// # Errors
    ///
    /// Like [`SecretOptions::allocate`]; `EINVAL` if `source` is empty.
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
        // SAFETY: `area` is writable, and so are the `len` bytes of `source`.
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
            // A slice cannot be longer than isize::MAX.
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        // SAFETY: `area` is writable.
        SecretBuf::new_area(|area| unsafe { sys::memfd_go_secret_alloc(area, len, opts) })
    }

    fn new_area(make: impl FnOnce(*mut sys::memfd_go_secret_area) -> i32) -> io::Result<SecretBuf> {
        // SAFETY: zeros are valid for all members, which are integers and pointers.
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

    /// Returns how the memory is protected.
    pub fn kind(&self) -> SecretKind {
        SecretKind::from_number(self.area.kind)
    }

    /// Locks the memory again, in a child of fork(2) that shares it
    /// ([`SecretOptions::share_with_children`]) and does not inherit the lock. Updates
    /// [`SecretBuf::kind`].
    ///
    /// # Errors
    ///
    /// * `ENOMEM`: over `RLIMIT_MEMLOCK`, or not enough memory.
    /// * `EPERM`: `RLIMIT_MEMLOCK` is 0.
    /// * `EFAULT`: this is a child of fork(2) that does not have the secret.
    ///
    /// After `ENOMEM` and `EPERM` the memory is [`SecretKind::Unlocked`] in this process.
    ///
    /// Safe: not in signal handlers. Source: mlock(2), fork(2).
    pub fn relock(&mut self) -> io::Result<()> {
        self.check_here()?;
        self.forget_readers();
        // mlock(2) needs readable memory.
        self.protect(sys::MEMFD_GO_ACCESS_READ)?;
        // SAFETY: the area belongs to `self`.
        let locked = result(unsafe { sys::memfd_go_secret_relock(&mut self.area) });
        self.protect(sys::MEMFD_GO_ACCESS_NONE)?;
        locked.map(drop)
    }

    /// Compares the secret with `other`, in a time that depends only on the lengths.
    ///
    /// # Errors
    ///
    /// Like [`SecretBuf::read`].
    pub fn equals(&self, other: &[u8]) -> io::Result<bool> {
        Ok(equal(&self.read()?, other))
    }

    /// Returns the requested length in bytes.
    #[allow(clippy::len_without_is_empty)] // It is never empty.
    pub fn len(&self) -> usize {
        self.area.len
    }

    /// Returns the descriptor of the secret file, if it was kept ([`SecretOptions::keep_fd`]) and
    /// the kind is [`SecretKind::SecretMem`].
    pub fn fd(&self) -> Option<BorrowedFd<'_>> {
        // SAFETY: the buffer closes the descriptor only when it is dropped.
        (self.area.fd >= 0).then(|| unsafe { BorrowedFd::borrow_raw(self.area.fd) })
    }

    /// Makes the memory readable until all guards are dropped.
    ///
    /// # Errors
    ///
    /// * `EFAULT`: this is a child of fork(2) that does not have the secret.
    /// * `ENOMEM`: the process has too many mappings.
    /// * `EAGAIN`: `usize::MAX` guards have been leaked with [`std::mem::forget`].
    ///
    /// Safe: not in signal handlers. Source: mprotect(2).
    pub fn read(&self) -> io::Result<SecretRead<'_>> {
        self.read_with(sys::MEMFD_GO_ACCESS_READ)
    }

    /// Returns a read guard. All read guards of a buffer are created with the same `access`.
    pub(crate) fn read_with(&self, access: u32) -> io::Result<SecretRead<'_>> {
        self.check_here()?;
        let mut readers = self.lock_readers();
        if *readers == 0 {
            self.protect(access)?;
        }
        let too_many = || io::Error::from_raw_os_error(libc::EAGAIN);
        *readers = readers.checked_add(1).ok_or_else(too_many)?;
        drop(readers);
        Ok(SecretRead {
            secret: self,
            value: self.bytes(),
        })
    }

    /// Makes the memory readable and writable until the guard is dropped.
    ///
    /// # Errors
    ///
    /// Like [`SecretBuf::read`].
    pub fn write(&mut self) -> io::Result<SecretWrite<'_>> {
        self.check_here()?;
        self.protect(sys::MEMFD_GO_ACCESS_READ_WRITE)?;
        let value = self.bytes();
        Ok(SecretWrite {
            secret: self,
            value,
            exclusive: PhantomData,
        })
    }

    /// Returns the address of the first byte.
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
        // SAFETY: the area belongs to `self` and is allocated. Of the struct the call changes only
        // `protection`, which relock() needs not to be NONE.
        result(unsafe { sys::memfd_go_secret_protect(&mut area, access) })?;
        Ok(())
    }

    /// Returns whether this process has the memory. A child of fork(2) has it only if it is shared.
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

    /// Sets the number of read guards to 0. `&mut` proves that none is in use, but some may have
    /// been leaked with mem::forget().
    fn forget_readers(&mut self) {
        *self
            .readers
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner) = 0;
    }
}

impl Drop for SecretBuf {
    fn drop(&mut self) {
        if self.is_here() {
            // With too many mappings (ENOMEM) the area stays allocated and inaccessible. After an
            // underrun (EUCLEAN) it has been freed.
            // SAFETY: the area belongs to `self`, and nothing borrows it any more.
            unsafe { sys::memfd_go_secret_free(&mut self.area) };
        }
    }
}

/// Shows only the kind and the length.
impl fmt::Debug for SecretBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretBuf")
            .field("kind", &self.kind())
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// A read guard of a [`SecretBuf`] or of the value in it.
pub struct SecretRead<'a, T: ?Sized = [u8]> {
    secret: &'a SecretBuf,
    value: NonNull<T>,
}

// SAFETY: the memory is not tied to a thread, and the guard acts as a shared reference.
unsafe impl<T: ?Sized + Sync> Send for SecretRead<'_, T> {}
// SAFETY: the guard acts as a shared reference.
unsafe impl<T: ?Sized + Sync> Sync for SecretRead<'_, T> {}

impl<'a> SecretRead<'a> {
    /// The same guard, for the value that these bytes are.
    ///
    /// # Safety
    ///
    /// `value` returns a pointer to a valid value inside the buffer.
    pub(crate) unsafe fn cast<T: ?Sized>(
        self,
        value: impl FnOnce(NonNull<[u8]>) -> NonNull<T>,
    ) -> SecretRead<'a, T> {
        let value = value(self.value);
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
        // SAFETY: the value is valid, and readable while this guard is counted. It does not
        // change, because writing takes `&mut`; other processes are bound by the contract of
        // allocate_shared().
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
            // After an error (too many mappings) the area stays readable.
            let _ = self.secret.protect(sys::MEMFD_GO_ACCESS_NONE);
        }
    }
}

/// A write guard of a [`SecretBuf`] or of the value in it.
pub struct SecretWrite<'a, T: ?Sized = [u8]> {
    secret: &'a mut SecretBuf,
    value: NonNull<T>,
    exclusive: PhantomData<&'a mut T>, // Not covariant in T, unlike NonNull.
}

// SAFETY: the memory is not tied to a thread, and the guard acts as an exclusive reference.
unsafe impl<T: ?Sized + Send> Send for SecretWrite<'_, T> {}
// SAFETY: a shared reference to the guard gives only a shared reference to the value.
unsafe impl<T: ?Sized + Sync> Sync for SecretWrite<'_, T> {}

impl<'a> SecretWrite<'a> {
    /// The same guard, for the value that these bytes are.
    ///
    /// # Safety
    ///
    /// `value` returns a pointer to a valid value inside the buffer.
    pub(crate) unsafe fn cast<T: ?Sized>(
        self,
        value: impl FnOnce(NonNull<[u8]>) -> NonNull<T>,
    ) -> SecretWrite<'a, T> {
        let value = value(self.value);
        let guard = ManuallyDrop::new(self); // It goes on as the other guard.
        let secret: *const &'a mut SecretBuf = &guard.secret;
        SecretWrite {
            // SAFETY: the original guard is neither used again nor dropped.
            secret: unsafe { ptr::read(secret) },
            value,
            exclusive: PhantomData,
        }
    }
}

impl<T: ?Sized> Deref for SecretWrite<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the value is valid, and readable while this guard exists. Nothing else has
        // access.
        unsafe { self.value.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for SecretWrite<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the value is valid, and writable while this guard exists. Nothing else has
        // access.
        unsafe { self.value.as_mut() }
    }
}

impl<T: ?Sized> Drop for SecretWrite<'_, T> {
    fn drop(&mut self) {
        if self.secret.is_here() {
            self.secret.forget_readers();
            // After an error (too many mappings) the area stays writable.
            let _ = self.secret.protect(sys::MEMFD_GO_ACCESS_NONE);
        }
    }
}

/// Shows only what [`SecretBuf`] shows.
impl<T: ?Sized> fmt::Debug for SecretRead<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SecretRead").field(&self.secret).finish()
    }
}

/// Shows only what [`SecretBuf`] shows.
impl<T: ?Sized> fmt::Debug for SecretWrite<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SecretWrite").field(&self.secret).finish()
    }
}
