// SPDX-License-Identifier: MIT

//! Functions that create files.

use std::ffi::CStr;
use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::raw::c_int;

use bitflags::bitflags;
use memfd_go_sys as sys;

use crate::error::result;
use crate::{Access, MemFd, Seals, ToCStr};

/// The maximum length of a file's name, in bytes.
pub const NAME_MAX: usize = sys::MEMFD_GO_NAME_MAX as usize;

bitflags! {
    /// Flags of memfd_create(2), for [`CreateOptions::from_flags`].
    ///
    /// Unknown bits are kept. With [`CreateFlags::HUGETLB`], the base-2 logarithm of a page size
    /// << 26 selects that size: `CreateFlags::from_bits_retain(21 << 26)` is 2 MiB.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct CreateFlags: u32 {
        /// Close the descriptor on execve(2).
        const CLOEXEC = sys::MFD_CLOEXEC;
        /// Allow seals; otherwise [`Seals::SEAL`] is set.
        const ALLOW_SEALING = sys::MFD_ALLOW_SEALING;
        /// Use huge pages (Linux 4.14).
        const HUGETLB = sys::MFD_HUGETLB;
        /// Permanently not executable; sealable (Linux 6.3).
        const NOEXEC_SEAL = sys::MFD_NOEXEC_SEAL;
        /// Executable, even with `vm.memfd_noexec=1` (Linux 6.3).
        const EXEC = sys::MFD_EXEC;

        const _ = !0;
    }
}

/// The bits for the base-2 logarithm of the size of huge pages.
const HUGE_SIZE: CreateFlags = CreateFlags::from_bits_retain(0x3f << 26);

/// Options for creating a file. By default it is sealable, close-on-exec and not executable.
///
/// ```
/// use memfd_go::{CreateOptions, Seals};
///
/// # fn main() -> std::io::Result<()> {
/// let options = CreateOptions::new().size(4096).seals(Seals::SHRINK | Seals::GROW);
/// let file = options.close_on_exec(false).create("for a child")?;
/// assert_eq!(file.size()?, 4096);
/// assert!(file.set_size(0).is_err());
/// # Ok(())
/// # }
/// ```
///
/// Before Linux 6.3 the permission bits take the place of [`CreateFlags::NOEXEC_SEAL`], unless
/// [`CreateOptions::strict_noexec`] is set. Such a file lacks [`Seals::EXEC`], so its permissions
/// can be changed back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct CreateOptions {
    flags: CreateFlags,
    seals: Seals,
    size: u64,
    mode: u32,
    unsealable: bool,
    strict_noexec: bool,
}

/// At most one of these flags can be set.
const EXEC_FLAGS: CreateFlags = CreateFlags::EXEC.union(CreateFlags::NOEXEC_SEAL);

impl CreateOptions {
    /// Creates the default options: sealable, close-on-exec and not executable.
    pub const fn new() -> Self {
        CreateOptions::from_flags(
            CreateFlags::CLOEXEC
                .union(CreateFlags::ALLOW_SEALING)
                .union(CreateFlags::NOEXEC_SEAL),
        )
    }

    /// Creates options with exactly these flags. With neither [`CreateFlags::EXEC`] nor
    /// [`CreateFlags::NOEXEC_SEAL`] the file is executable, unless the sysctl
    /// `vm.memfd_noexec` is set.
    pub const fn from_flags(flags: CreateFlags) -> Self {
        CreateOptions {
            flags,
            seals: Seals::empty(),
            size: 0,
            mode: 0,
            unsealable: false,
            strict_noexec: false,
        }
    }

    /// Returns the flags for memfd_create(2).
    pub const fn flags(&self) -> CreateFlags {
        self.flags
    }

    /// Sets whether the descriptor is closed on execve(2). By default it is.
    pub fn close_on_exec(self, on: bool) -> Self {
        self.with(CreateFlags::CLOEXEC, on)
    }

    /// Sets whether seals can be added later. By default they can; otherwise [`Seals::SEAL`] is
    /// set.
    pub fn sealable(mut self, on: bool) -> Self {
        self.unsealable = !on;
        self.with(CreateFlags::ALLOW_SEALING, on)
    }

    /// Sets whether the file is permanently executable, or permanently not. By default it is not
    /// executable.
    pub fn executable(self, on: bool) -> Self {
        self.with(CreateFlags::EXEC, on)
            .with(CreateFlags::NOEXEC_SEAL, !on)
    }

    /// Sets whether creating fails with `EOPNOTSUPP` if the kernel lacks
    /// [`CreateFlags::NOEXEC_SEAL`] and [`CreateFlags::EXEC`] (before Linux 6.3). By default the
    /// permissions take their place.
    pub fn strict_noexec(mut self, on: bool) -> Self {
        self.strict_noexec = on;
        self
    }

    /// Sets whether the file has huge pages of the system's default size (Linux 4.14). By default
    /// it does not.
    pub fn huge_pages(mut self, on: bool) -> Self {
        self.flags.remove(HUGE_SIZE);
        self.with(CreateFlags::HUGETLB, on)
    }

    /// Sets the size of huge pages for the file, in bytes; 0 is the system's default.
    /// [`probe`](crate::probe) returns the sizes that the system has.
    ///
    /// # Errors
    ///
    /// * `EINVAL`: `page_size` is neither 0 nor a power of two greater than 1.
    ///
    /// Source: memfd_create(2), include/uapi/linux/memfd.h.
    pub fn huge_page_size(mut self, page_size: u64) -> io::Result<Self> {
        let mut bits = 0;
        // SAFETY: `bits` is writable.
        result(unsafe { sys::memfd_go_huge_flags(page_size, &mut bits) })?;
        self.flags.remove(HUGE_SIZE);
        self.flags.insert(CreateFlags::from_bits_retain(bits));
        Ok(self)
    }

    /// Sets the size of the file in bytes, 0 to `i64::MAX`. By default it is empty. Only
    /// [`CreateOptions::create`] accepts this option.
    pub fn size(mut self, size: u64) -> Self {
        self.size = size;
        self
    }

    /// Sets the permissions, such as 0o600; 0, the default, means the kernel's default. Only
    /// [`CreateOptions::create`] accepts this option.
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    /// Sets the seals to add after size and mode. By default none. Only
    /// [`CreateOptions::create`] accepts this option.
    pub fn seals(mut self, seals: Seals) -> Self {
        self.seals = seals;
        self
    }

    fn with(mut self, flag: CreateFlags, on: bool) -> Self {
        self.flags.set(flag, on);
        self
    }

    /// Creates an anonymous file in memory, open for reading and writing.
    ///
    /// * `name`: shown in /proc/PID/fd after "memfd:"; at most [`NAME_MAX`] bytes without NUL. Any
    ///   other byte is accepted, `/` and newline too. Several files may have the same name.
    ///
    /// # Errors
    ///
    /// * `EINVAL`: unknown flags or seals.
    /// * `EINVAL`: [`CreateFlags::EXEC`] together with [`CreateFlags::NOEXEC_SEAL`].
    /// * `EINVAL`: the name is longer than [`NAME_MAX`], or contains a NUL.
    /// * `EINVAL`: the mode is more than 0o777, or has execute permission together with
    ///   [`CreateFlags::NOEXEC_SEAL`].
    /// * `EINVAL`: the size is more than `i64::MAX`.
    /// * `EACCES`: the file is executable, and `vm.memfd_noexec` is 2 (Linux 6.6).
    /// * `EOPNOTSUPP`: [`CreateOptions::strict_noexec`], before Linux 6.3.
    /// * `EMFILE`: the process has `RLIMIT_NOFILE` open descriptors.
    /// * `ENFILE`: the system-wide limit on open files is reached.
    /// * `ENODEV`: the system has no huge pages of this size.
    /// * `ENOENT`, `ENOSYS`: huge pages on a kernel without hugetlbfs.
    /// * `ENOMEM`: not enough memory.
    /// * others: like [`MemFd::set_size`] and [`MemFd::add_seals`].
    ///
    /// Source: memfd_create(2), fchmod(2), mm/memfd.c.
    pub fn create(&self, name: impl ToCStr) -> io::Result<MemFd> {
        name.with_c_str(|name| self.create_named(name))
    }

    fn create_named(&self, name: &CStr) -> io::Result<MemFd> {
        if *self == CreateOptions::from_flags(self.flags) {
            // One system call, if nothing has to be emulated.
            // SAFETY: the name ends with a NUL.
            let r = unsafe { sys::memfd_go_create(name.as_ptr(), self.flags.bits()) };
            if r != -libc::EINVAL {
                return new_file(r);
            }
        }
        let mut opts = 0;
        if self.unsealable {
            opts |= sys::MEMFD_GO_OPT_UNSEALABLE;
        }
        if self.strict_noexec {
            opts |= sys::MEMFD_GO_OPT_STRICT_NOEXEC;
        }
        let args = sys::memfd_go_create_args {
            flags: self.flags.bits(),
            opts,
            seals: self.seals.bits(),
            size: self.size,
            mode: self.mode,
        };
        let size = size_of::<sys::memfd_go_create_args>();
        // SAFETY: the name ends with a NUL, and `args` has `size` bytes.
        new_file(unsafe { sys::memfd_go_create_with(name.as_ptr(), &args, size) })
    }

    /// Creates a file with a copy of `data`, and seals it. Its offset is 0.
    ///
    /// * `name`: like [`CreateOptions::create`].
    /// * `data`: may be empty. With huge pages the size of the file is rounded up to whole
    ///   pages, and the rest is zero.
    /// * `seals`: empty means [`Seals::IMMUTABLE`].
    ///
    /// # Errors
    ///
    /// Like [`CreateOptions::create`], and:
    ///
    /// * `EINVAL`: the options have a size, a mode, or seals.
    /// * `EFBIG`: `data` is longer than `RLIMIT_FSIZE`; SIGXFSZ is sent as well.
    /// * `ENOSPC`, `ENOMEM`: not enough memory, or too few free huge pages.
    /// * `EBUSY`: the kernel itself used a page during ten attempts of about 0.1 s to seal the
    ///   file: try again.
    /// * `EBUSY`: huge pages, and another thread called fork(2) during the call.
    ///
    /// Source: memfd_create(2), F_ADD_SEALS(2const), mm/shmem.c.
    pub fn create_sealed(&self, name: impl ToCStr, data: &[u8], seals: Seals) -> io::Result<MemFd> {
        name.with_c_str(|name| {
            self.create_filled(seals, |flags, seals| {
                let data_ptr = data.as_ptr().cast();
                // SAFETY: the name ends with a NUL, and `data` is readable.
                unsafe {
                    sys::memfd_go_create_sealed(name.as_ptr(), flags, seals, data_ptr, data.len())
                }
            })
        })
    }

    /// Creates a sealed copy of the whole regular file `source`. The offset of `source` is neither
    /// used nor changed.
    ///
    /// * `name`, `seals`: like [`CreateOptions::create_sealed`].
    /// * `source`: open for reading.
    /// * `max_len`: the largest size to copy, in bytes.
    ///
    /// If `source` is written to meanwhile, the copy may contain both old and new data.
    ///
    /// # Errors
    ///
    /// Like [`CreateOptions::create_sealed`], and:
    ///
    /// * `EBADF`: `source` is not open for reading.
    /// * `EINVAL`: `source` is not a regular file, or cannot be read at any offset
    ///   (`O_DIRECT`).
    /// * `ESPIPE`: `source` is a secret file, or a file without offsets (trace_pipe).
    /// * `EFBIG`: the file is longer than `max_len`.
    /// * `EFBIG`: the file is longer than `RLIMIT_FSIZE`; SIGXFSZ is sent as well.
    /// * `EAGAIN`: the size of the file changed during the copy.
    /// * `EIO`: the source could not be read. Other errors of read(2) are possible.
    /// * `ENOSYS`: before Linux 4.11.
    ///
    /// Source: sendfile(2), pread(2), F_ADD_SEALS(2const).
    ///
    /// ```
    /// use memfd_go::{CreateOptions, Seals};
    /// use std::fs::File;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let program = File::open("/bin/sh")?;
    /// let options = CreateOptions::new().executable(true);
    /// # let options = CreateOptions::new();
    /// let copy = options.create_copy("sh", &program, 1 << 26, Seals::IMMUTABLE)?;
    /// assert_eq!(copy.size()?, program.metadata()?.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_copy(
        &self,
        name: impl ToCStr,
        source: impl AsFd,
        max_len: u64,
        seals: Seals,
    ) -> io::Result<MemFd> {
        let source = source.as_fd().as_raw_fd();
        name.with_c_str(|name| {
            self.create_filled(seals, |flags, seals| {
                // SAFETY: the name ends with a NUL.
                unsafe { sys::memfd_go_clone(name.as_ptr(), flags, seals, source, max_len) }
            })
        })
    }

    /// Creates a sealed copy of everything that can be read from `source`: a pipe, a socket, or a
    /// file, which is read from its offset.
    ///
    /// The call may block as long as the other end keeps the stream open, so do not use it for a
    /// descriptor from an untrusted process. Data that has been read is lost after an error.
    ///
    /// * `name`, `seals`: like [`CreateOptions::create_sealed`].
    /// * `source`: open for reading.
    /// * `max_len`: the largest number of bytes to copy.
    ///
    /// # Errors
    ///
    /// Like [`CreateOptions::create_sealed`], and:
    ///
    /// * `EFBIG`: there are more than `max_len` bytes.
    /// * `EINTR`: a signal arrived while there was nothing to read.
    /// * `EAGAIN`: `source` is non-blocking, and there is nothing to read yet.
    /// * `EBADF`: `source` is not open for reading.
    /// * others: like read(2).
    ///
    /// Source: read(2), F_ADD_SEALS(2const).
    ///
    /// ```
    /// use memfd_go::SealedMemFd;
    /// use std::io::Write;
    /// use std::os::unix::net::UnixStream;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let (mut ours, theirs) = UnixStream::pair()?;
    /// ours.write_all(b"hello")?;
    /// drop(ours);
    /// let copy = SealedMemFd::copy_stream("copy", theirs, 1 << 20)?;
    /// assert_eq!(&copy.map()?[..], b"hello");
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_copy_of_stream(
        &self,
        name: impl ToCStr,
        source: impl AsFd,
        max_len: u64,
        seals: Seals,
    ) -> io::Result<MemFd> {
        let source = source.as_fd().as_raw_fd();
        name.with_c_str(|name| {
            self.create_filled(seals, |flags, seals| {
                // SAFETY: the name ends with a NUL.
                unsafe { sys::memfd_go_clone_stream(name.as_ptr(), flags, seals, source, max_len) }
            })
        })
    }

    /// Creates a file with a function that emulates flags that an older kernel lacks, unless
    /// [`CreateOptions::strict_noexec`] forbids this.
    fn create_filled(&self, seals: Seals, create: impl Fn(u32, u32) -> c_int) -> io::Result<MemFd> {
        if self.size != 0 || self.mode != 0 || !self.seals.is_empty() {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        let mut seals = seals;
        if self.unsealable && !seals.is_empty() {
            seals |= Seals::SEAL;
        }
        if self.strict_noexec && self.flags.intersects(EXEC_FLAGS) {
            // These functions always emulate. Creating an empty file shows whether the kernel
            // knows the flag.
            CreateOptions::from_flags(self.flags)
                .strict_noexec(true)
                .create("")?;
        }
        new_file(create(self.flags.bits(), seals.bits()))
    }
}

impl Default for CreateOptions {
    fn default() -> Self {
        CreateOptions::new()
    }
}

/// Creates a sealable, close-on-exec file that is not executable, like
/// [`CreateOptions::create`] with default options.
///
/// ```
/// use std::io::Write;
///
/// # fn main() -> std::io::Result<()> {
/// let file = memfd_go::create("notes")?;
/// file.as_file().write_all(b"in memory")?;
/// assert_eq!(file.size()?, 9);
/// # Ok(())
/// # }
/// ```
pub fn create(name: impl ToCStr) -> io::Result<MemFd> {
    CreateOptions::new().create(name)
}

/// Creates a sealed, close-on-exec copy of `data` that is not executable, like
/// [`CreateOptions::create_sealed`] with default options.
///
/// [`SealedMemFd::new`](crate::SealedMemFd::new) creates a file that safe code can map.
///
/// ```
/// use memfd_go::Seals;
///
/// # fn main() -> std::io::Result<()> {
/// let file = memfd_go::create_sealed("log", b"first line\n", Seals::SHRINK | Seals::WRITE)?;
/// assert!(file.set_size(0).is_err());
/// assert!(file.set_size(100).is_ok()); // Growing was not sealed.
/// # Ok(())
/// # }
/// ```
pub fn create_sealed(name: impl ToCStr, data: &[u8], seals: Seals) -> io::Result<MemFd> {
    CreateOptions::new().create_sealed(name, data, seals)
}

/// Opens the file of `fd` once more through /proc: a new open file description, with an
/// offset and an access mode of its own. It is close-on-exec.
///
/// This is not a security boundary: the owner of a read-only descriptor can reopen it for
/// writing if the file's mode and owner allow that. Seals are one.
///
/// * `fd`: any descriptor, including one opened with `O_PATH`.
///
/// # Errors
///
/// * `ENOENT`: /proc is not mounted.
/// * `EACCES`: the file's mode forbids it.
/// * `ENXIO`: `fd` is a secret file or a socket.
/// * `EMFILE`, `ENFILE`, `ENOMEM` and others: like open(2).
///
/// Source: open(2), proc_pid_fd(5).
///
/// ```
/// use memfd_go::{Access, MemFd};
/// use std::io::Write;
///
/// # fn main() -> std::io::Result<()> {
/// # if !std::path::Path::new("/proc/self").exists() { return Ok(()) }
/// let file = memfd_go::create("to be read")?;
/// let mut reader = MemFd::try_from(memfd_go::reopen(&file, Access::Read)?)?;
/// assert!(reader.write(b"x").is_err());
/// # Ok(())
/// # }
/// ```
pub fn reopen(fd: impl AsFd, access: Access) -> io::Result<OwnedFd> {
    // SAFETY: the function takes no pointers.
    new_fd(unsafe { sys::memfd_go_reopen(fd.as_fd().as_raw_fd(), access.open_flags()) })
}

/// Converts the result of a function that creates a file.
fn new_file(r: c_int) -> io::Result<MemFd> {
    new_fd(r).map(MemFd::unchecked)
}

/// Converts the result of a function that returns a new descriptor.
pub(crate) fn new_fd(r: c_int) -> io::Result<OwnedFd> {
    let fd = result(r)?;
    // SAFETY: the descriptor is new, so nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_set_flags() {
        use CreateFlags as F;
        let default = CreateOptions::default();
        assert_eq!(
            default.flags(),
            F::CLOEXEC | F::ALLOW_SEALING | F::NOEXEC_SEAL
        );
        let plain = default.close_on_exec(false).sealable(false);
        assert_eq!(plain.flags(), F::NOEXEC_SEAL);
        assert_eq!(
            plain.sealable(true).flags(),
            F::ALLOW_SEALING | F::NOEXEC_SEAL
        );
        assert_eq!(plain.executable(true).flags(), F::EXEC);
        let changed = plain.executable(true).executable(false);
        assert_eq!(changed.flags(), F::NOEXEC_SEAL);
        let none = CreateOptions::from_flags(F::empty());
        assert_eq!(none.huge_pages(true).flags(), F::HUGETLB);
        assert_eq!(none.huge_pages(true).huge_pages(false), none);
    }
}
