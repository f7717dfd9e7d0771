// SPDX-License-Identifier: MIT

//! Creating files.

use std::ffi::CStr;
use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::raw::c_int;

use bitflags::bitflags;
use memfd_go_sys as sys;

use crate::error::result;
use crate::{Access, MemFd, Seals, ToCStr};

/// The longest name that a file can have, in bytes.
pub const NAME_MAX: usize = sys::MEMFD_GO_NAME_MAX as usize;

bitflags! {
    /// Flags of memfd_create(2), for [`CreateOptions::from_flags`].
    ///
    /// Bits that this crate does not know are kept. With [`CreateFlags::HUGETLB`] the
    /// size of the huge page may be chosen by its base-2 logarithm << 26, as in
    /// memfd_create(2): `CreateFlags::from_bits_retain(21 << 26)` is 2 MiB.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct CreateFlags: u32 {
        /// Close the descriptor on execve(2).
        const CLOEXEC = sys::MFD_CLOEXEC;
        /// Let seals be added; else [`Seals::SEAL`] is set.
        const ALLOW_SEALING = sys::MFD_ALLOW_SEALING;
        /// Back the file by huge pages (Linux 4.14).
        const HUGETLB = sys::MFD_HUGETLB;
        /// Not executable, for good; sealable (Linux 6.3).
        const NOEXEC_SEAL = sys::MFD_NOEXEC_SEAL;
        /// Executable, whatever `vm.memfd_noexec=1` says (Linux 6.3).
        const EXEC = sys::MFD_EXEC;

        const _ = !0;
    }
}

/// Where the flags say how big a huge page is: its base-2 logarithm.
const HUGE_SIZE: CreateFlags = CreateFlags::from_bits_retain(0x3f << 26);

/// How to create a file: sealable, close-on-exec and not executable, unless told otherwise.
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
/// Before Linux 6.3, which brought files that are not executable for good, permission bits
/// take the place of [`CreateFlags::NOEXEC_SEAL`], unless with
/// [`CreateOptions::strict_noexec`]. They can be changed again: [`Seals::EXEC`] is then
/// missing.
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

/// Of these only one can be had.
const EXEC_FLAGS: CreateFlags = CreateFlags::EXEC.union(CreateFlags::NOEXEC_SEAL);

impl CreateOptions {
    /// Sealable, close-on-exec and not executable.
    pub const fn new() -> Self {
        CreateOptions::from_flags(
            CreateFlags::CLOEXEC
                .union(CreateFlags::ALLOW_SEALING)
                .union(CreateFlags::NOEXEC_SEAL),
        )
    }

    /// Exactly these flags. With neither [`CreateFlags::EXEC`] nor
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

    /// The flags of memfd_create(2) that the options come to.
    pub const fn flags(&self) -> CreateFlags {
        self.flags
    }

    /// Whether the descriptor is closed on execve(2). By default it is.
    pub fn close_on_exec(self, on: bool) -> Self {
        self.with(CreateFlags::CLOEXEC, on)
    }

    /// Whether seals can be added later. By default they can; if not,
    /// [`Seals::SEAL`] is set.
    pub fn sealable(mut self, on: bool) -> Self {
        self.unsealable = !on;
        self.with(CreateFlags::ALLOW_SEALING, on)
    }

    /// Whether the file is executable, for good. By default it is not.
    pub fn executable(self, on: bool) -> Self {
        self.with(CreateFlags::EXEC, on)
            .with(CreateFlags::NOEXEC_SEAL, !on)
    }

    /// Whether to fail, with `EOPNOTSUPP`, where the kernel cannot make a file that is, or
    /// is not, executable for good (before Linux 6.3). By default permissions have to do.
    pub fn strict_noexec(mut self, on: bool) -> Self {
        self.strict_noexec = on;
        self
    }

    /// Whether the file is backed by huge pages, of the system's default size (Linux
    /// 4.14). By default it is not.
    pub fn huge_pages(mut self, on: bool) -> Self {
        self.flags.remove(HUGE_SIZE);
        self.with(CreateFlags::HUGETLB, on)
    }

    /// Backs the file by huge pages of `page_size` bytes. [`probe`](crate::probe) tells
    /// which the system has.
    ///
    /// # Errors
    ///
    /// * `EINVAL`: `page_size` is neither 0, for the default, nor a power of two more
    ///   than 1.
    ///
    /// Safe: MT AS fork. Source: memfd_create(2), include/uapi/linux/memfd.h.
    pub fn huge_page_size(mut self, page_size: u64) -> io::Result<Self> {
        let mut bits = 0;
        // SAFETY: `bits` is writable.
        result(unsafe { sys::memfd_go_huge_flags(page_size, &mut bits) })?;
        self.flags.remove(HUGE_SIZE);
        self.flags.insert(CreateFlags::from_bits_retain(bits));
        Ok(self)
    }

    /// The size of the file in bytes, 0 to `i64::MAX`. By default it is empty. For
    /// [`CreateOptions::create`] alone.
    pub fn size(mut self, size: u64) -> Self {
        self.size = size;
        self
    }

    /// Permissions, such as 0o600; 0, the default, leaves them to the kernel. For
    /// [`CreateOptions::create`] alone.
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    /// Seals to add when the file has its size and mode. By default none. For
    /// [`CreateOptions::create`] alone.
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
    /// * `name`: what /proc/PID/fd shows after "memfd:"; at most [`NAME_MAX`] bytes, none of
    ///   them NUL. `/` and newline are accepted too. Names need not differ.
    ///
    /// # Errors
    ///
    /// * `EINVAL`: unknown flags or seals; [`CreateFlags::EXEC`] with
    ///   [`CreateFlags::NOEXEC_SEAL`]; a bad name; a mode over 0o777, or with execute
    ///   permission for a file that is not to be executable; a size over `i64::MAX`.
    /// * `EACCES`: `vm.memfd_noexec` is 2 and an executable file was asked for (6.6).
    /// * `EOPNOTSUPP`: [`CreateOptions::strict_noexec`], before Linux 6.3.
    /// * `EMFILE`: the process has `RLIMIT_NOFILE` descriptors open.
    /// * `ENFILE`: the system-wide limit on open files has been reached.
    /// * `ENODEV`: huge pages of a size that the system does not have.
    /// * `ENOENT`, `ENOSYS`: huge pages on a kernel without hugetlbfs.
    /// * `ENOMEM`: not enough memory.
    /// * others: like [`MemFd::set_size`], [`MemFd::add_seals`].
    ///
    /// Safe: MT AS fork. Source: memfd_create(2), fchmod(2), mm/memfd.c.
    pub fn create(&self, name: impl ToCStr) -> io::Result<MemFd> {
        name.with_c_str(|name| self.create_named(name))
    }

    fn create_named(&self, name: &CStr) -> io::Result<MemFd> {
        if *self == CreateOptions::from_flags(self.flags) {
            // The shortest way, where nothing has to be emulated.
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
        // SAFETY: the name ends with a NUL, and `args` is as long as is said.
        new_file(unsafe { sys::memfd_go_create_with(name.as_ptr(), &args, size) })
    }

    /// Creates a file that holds a copy of `data`, and seals it.
    ///
    /// Once it returns, nobody can change what was promised by `seals`, not even the
    /// caller. The file's offset is 0.
    ///
    /// * `name`: like [`CreateOptions::create`].
    /// * `data`: may be empty. With huge pages the file's size is rounded up to whole
    ///   ones; the rest is zero.
    /// * `seals`: empty means [`Seals::IMMUTABLE`].
    ///
    /// # Errors
    ///
    /// Like [`CreateOptions::create`], and:
    ///
    /// * `EINVAL`: unknown seals; the options have a size, a mode, or seals.
    /// * `EFBIG`: `data` is longer than `RLIMIT_FSIZE`; SIGXFSZ is sent as well.
    /// * `ENOSPC`: memory for the contents is exhausted (tmpfs).
    /// * `ENOMEM`: the same; with huge pages either of them for too few free ones.
    ///
    /// Safe: MT AS fork. Source: memfd_create(2), F_ADD_SEALS(2const), mm/shmem.c.
    pub fn create_sealed(&self, name: impl ToCStr, data: &[u8], seals: Seals) -> io::Result<MemFd> {
        name.with_c_str(|name| {
            self.create_filled(seals, |flags, seals| {
                let data_ptr = data.as_ptr().cast();
                // SAFETY: the name ends with a NUL, and `data` is as long as is said.
                unsafe {
                    sys::memfd_go_create_sealed(name.as_ptr(), flags, seals, data_ptr, data.len())
                }
            })
        })
    }

    /// Creates a sealed copy of the regular file `source`, from its first byte to its
    /// last. The offset of `source` is neither used nor moved.
    ///
    /// * `name`, `seals`: like [`CreateOptions::create_sealed`].
    /// * `source`: open for reading.
    /// * `max_len`: the largest size to copy, in bytes.
    ///
    /// A source that is written to meanwhile without changing its size gives a mixture of
    /// old and new.
    ///
    /// # Errors
    ///
    /// Like [`CreateOptions::create_sealed`], and:
    ///
    /// * `EBADF`: `source` is not open for reading.
    /// * `EINVAL`: `source` is not a regular file, or cannot be read at any offset
    ///   (`O_DIRECT`).
    /// * `ESPIPE`: `source` is a secret file.
    /// * `EFBIG`: the file is longer than `max_len`, or than `RLIMIT_FSIZE` (with SIGXFSZ).
    /// * `EAGAIN`: the file's size changed meanwhile.
    /// * `EIO`: the source could not be read, or others that reading it can give.
    ///
    /// Safe: MT AS fork. Source: sendfile(2), pread(2), F_ADD_SEALS(2const).
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

    /// Creates a sealed copy of what can be read from `source`, up to its end: of a pipe, a
    /// socket, or any file from its offset on.
    ///
    /// It may block for as long as the other side keeps the stream open, so it is not for a
    /// descriptor from somebody who is not trusted. What was read is gone from the stream, also
    /// after an error.
    ///
    /// * `name`, `seals`: like [`CreateOptions::create_sealed`].
    /// * `source`: open for reading.
    /// * `max_len`: the most to copy, in bytes.
    ///
    /// # Errors
    ///
    /// Like [`CreateOptions::create_sealed`], and:
    ///
    /// * `EFBIG`: there is more than `max_len`.
    /// * `EINTR`: a signal arrived while the stream had nothing to read.
    /// * `EAGAIN`: `source` is non-blocking and has nothing to read but is not at its end.
    /// * `EBADF`: `source` is not open for reading.
    /// * others that read(2) can give.
    ///
    /// Safe: MT AS fork. Source: read(2), F_ADD_SEALS(2const).
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

    /// Makes a file by a function that emulates what an older kernel lacks, which
    /// [`CreateOptions::strict_noexec`] forbids.
    fn create_filled(&self, seals: Seals, create: impl Fn(u32, u32) -> c_int) -> io::Result<MemFd> {
        if self.size != 0 || self.mode != 0 || !self.seals.is_empty() {
            return Err(io::Error::from_raw_os_error(libc::EINVAL));
        }
        let mut seals = seals;
        if self.unsealable && !seals.is_empty() {
            seals |= Seals::SEAL;
        }
        if self.strict_noexec && self.flags.intersects(EXEC_FLAGS) {
            // Only creating an empty file tells whether the kernel knows the flag.
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

/// Creates a sealable, close-on-exec file that is not executable:
/// [`CreateOptions::create`] by default.
///
/// Parameters, errors, safety and source like there.
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

/// Creates a sealed, close-on-exec copy of `data` that is not executable:
/// [`CreateOptions::create_sealed`] by default.
///
/// Parameters, errors, safety and source like there. To map it by safe code, see
/// [`SealedMemFd::new`](crate::SealedMemFd::new).
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
/// This is no security boundary: whoever holds a read-only descriptor of a file may reopen
/// it for writing, as far as the file's mode and owner allow. Seals are the boundary.
///
/// * `fd`: also one opened with `O_PATH`.
///
/// # Errors
///
/// * `ENOENT`: /proc is not mounted.
/// * `EACCES`: the file's mode forbids it.
/// * `ENXIO`: a secret file, a socket.
/// * `EMFILE`, `ENFILE`, `ENOMEM`, and what else open(2) gives.
///
/// Safe: MT AS fork. Source: open(2), proc_pid_fd(5).
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
    // SAFETY: the function takes plain values.
    new_fd(unsafe { sys::memfd_go_reopen(fd.as_fd().as_raw_fd(), access.open_flags()) })
}

/// Takes the result of a function that makes a file.
fn new_file(r: c_int) -> io::Result<MemFd> {
    new_fd(r).map(MemFd::unchecked)
}

/// Takes the result of a function that makes a descriptor.
pub(crate) fn new_fd(r: c_int) -> io::Result<OwnedFd> {
    let fd = result(r)?;
    // SAFETY: the descriptor was just made, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_come_to_flags() {
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
