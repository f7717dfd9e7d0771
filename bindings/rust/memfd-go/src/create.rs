//! Creating files.

use std::ffi::CStr;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use bitflags::bitflags;
use memfd_go_sys as sys;

use crate::error::result;
use crate::{MemFd, Seals};

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

/// How to create a file: sealable and close-on-exec, unless told otherwise.
///
/// ```
/// use memfd_go::CreateOptions;
///
/// # fn main() -> std::io::Result<()> {
/// let file = CreateOptions::new().close_on_exec(false).create("for a child")?;
/// assert_eq!(file.size()?, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct CreateOptions {
    flags: CreateFlags,
}

impl CreateOptions {
    /// Sealable and close-on-exec. Whether the file is executable is left to the kernel.
    pub const fn new() -> Self {
        CreateOptions::from_flags(CreateFlags::CLOEXEC.union(CreateFlags::ALLOW_SEALING))
    }

    /// Exactly these flags.
    pub const fn from_flags(flags: CreateFlags) -> Self {
        CreateOptions { flags }
    }

    /// The flags of memfd_create(2) that the options come to.
    pub const fn flags(&self) -> CreateFlags {
        self.flags
    }

    /// Whether the descriptor is closed on execve(2). By default it is.
    pub fn close_on_exec(self, on: bool) -> Self {
        self.with(CreateFlags::CLOEXEC, on)
    }

    /// Whether seals can be added. By default they can.
    pub fn sealable(self, on: bool) -> Self {
        self.with(CreateFlags::ALLOW_SEALING, on)
    }

    /// Whether the file is executable, for good (Linux 6.3; `EINVAL` before).
    ///
    /// By default the kernel decides: it is, unless the sysctl `vm.memfd_noexec` is set.
    /// A file that is not executable is always sealable.
    pub fn executable(self, on: bool) -> Self {
        self.with(CreateFlags::EXEC, on)
            .with(CreateFlags::NOEXEC_SEAL, !on)
    }

    /// Whether the file is backed by huge pages, of the system's default size (Linux
    /// 4.14). By default it is not. [`CreateFlags`] says how to choose their size.
    pub fn huge_pages(self, on: bool) -> Self {
        self.with(CreateFlags::HUGETLB, on)
    }

    fn with(mut self, flag: CreateFlags, on: bool) -> Self {
        self.flags.set(flag, on);
        self
    }

    /// Creates an anonymous file in memory, open for reading and writing.
    ///
    /// The file is empty; [`MemFd::set_size`] or writing makes it grow.
    ///
    /// * `name`: what /proc/PID/fd shows, behind "memfd:"; at most [`NAME_MAX`] bytes, of
    ///   which none is NUL. `/` and newline are accepted too. Names need not differ.
    ///
    /// # Errors
    ///
    /// * `EINVAL`: unknown flags; [`CreateFlags::EXEC`] with [`CreateFlags::NOEXEC_SEAL`];
    ///   a bad name; either of those flags before Linux 6.3.
    /// * `EACCES`: `vm.memfd_noexec` is 2 and [`CreateFlags::EXEC`] was asked for (6.6).
    /// * `EMFILE`: the process has `RLIMIT_NOFILE` descriptors open.
    /// * `ENFILE`: the system-wide limit on open files has been reached.
    /// * `ENODEV`: huge pages of a size that the system does not have.
    /// * `ENOENT`, `ENOSYS`: huge pages on a kernel without hugetlbfs.
    /// * `ENOMEM`: not enough memory.
    ///
    /// Safe: MT AS fork. Source: memfd_create(2), mm/memfd.c.
    pub fn create(&self, name: &str) -> io::Result<MemFd> {
        with_c_str(name, |name| self.create_c_str(name))
    }

    /// Like [`CreateOptions::create`], with a name that may have any bytes but NUL.
    pub fn create_c_str(&self, name: &CStr) -> io::Result<MemFd> {
        // SAFETY: the name ends with a NUL.
        let r = unsafe { sys::memfd_go_create(name.as_ptr(), self.flags.bits()) };
        new_file(r)
    }

    /// Creates a file that holds a copy of `data`, and seals it.
    ///
    /// Once it returns, nobody can change what was promised by `seals`, not even the
    /// caller. The file's offset is 0, and it is sealable whatever the options say.
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
    /// * `EINVAL`: unknown seals.
    /// * `EFBIG`: `data` is longer than `RLIMIT_FSIZE`; SIGXFSZ is sent as well.
    /// * `ENOSPC`: memory for the contents is exhausted (tmpfs).
    /// * `ENOMEM`: the same; with huge pages either of them for too few free ones.
    ///
    /// Safe: MT AS fork. Source: memfd_create(2), F_ADD_SEALS(2const), mm/shmem.c.
    pub fn create_sealed(&self, name: &str, data: &[u8], seals: Seals) -> io::Result<MemFd> {
        with_c_str(name, |name| self.create_sealed_c_str(name, data, seals))
    }

    /// Like [`CreateOptions::create_sealed`], with a name that may have any bytes but NUL.
    pub fn create_sealed_c_str(&self, name: &CStr, data: &[u8], seals: Seals) -> io::Result<MemFd> {
        // SAFETY: the name ends with a NUL, and `data` is as long as is said.
        let r = unsafe {
            sys::memfd_go_create_sealed(
                name.as_ptr(),
                self.flags.bits(),
                seals.bits(),
                data.as_ptr().cast(),
                data.len(),
            )
        };
        new_file(r)
    }
}

impl Default for CreateOptions {
    fn default() -> Self {
        CreateOptions::new()
    }
}

/// Creates a sealable, close-on-exec file: [`CreateOptions::create`] by default.
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
pub fn create(name: &str) -> io::Result<MemFd> {
    CreateOptions::new().create(name)
}

/// Creates a sealed, close-on-exec copy of `data`: [`CreateOptions::create_sealed`] by
/// default.
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
pub fn create_sealed(name: &str, data: &[u8], seals: Seals) -> io::Result<MemFd> {
    CreateOptions::new().create_sealed(name, data, seals)
}

/// Takes the result of a function that makes a descriptor.
fn new_file(r: i32) -> io::Result<MemFd> {
    let fd = result(r)?;
    // SAFETY: the descriptor was just made, and nobody else knows it.
    Ok(MemFd::from(unsafe { OwnedFd::from_raw_fd(fd) }))
}

/// Calls `f` with `name` as a C string. No valid name is too long for the stack.
fn with_c_str<T>(name: &str, f: impl FnOnce(&CStr) -> io::Result<T>) -> io::Result<T> {
    let invalid = || io::Error::from_raw_os_error(libc::EINVAL);
    let mut buf = [0; NAME_MAX + 1];
    let text = buf.get_mut(..name.len() + 1).ok_or_else(invalid)?;
    text[..name.len()].copy_from_slice(name.as_bytes());
    f(CStr::from_bytes_with_nul(text).map_err(|_| invalid())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn c_str(name: &str) -> io::Result<Vec<u8>> {
        with_c_str(name, |name| Ok(name.to_bytes().to_vec()))
    }

    #[test]
    fn names_become_c_strings() {
        for name in ["", "a", "a/b\n", "ä", &"x".repeat(NAME_MAX)] {
            assert_eq!(c_str(name).unwrap(), name.as_bytes());
        }
    }

    #[test]
    fn bad_names_are_refused() {
        for name in ["\0", "a\0b", &"x".repeat(NAME_MAX + 1)] {
            let error = c_str(name).unwrap_err();
            assert_eq!(error.raw_os_error(), Some(libc::EINVAL), "{name:?}");
        }
    }

    #[test]
    fn options_come_to_flags() {
        use CreateFlags as F;
        let default = CreateOptions::default();
        assert_eq!(default.flags(), F::CLOEXEC | F::ALLOW_SEALING);
        assert_eq!(default.close_on_exec(false).flags(), F::ALLOW_SEALING);
        assert_eq!(default.sealable(false).flags(), F::CLOEXEC);
        let plain = default.close_on_exec(false).sealable(false);
        assert_eq!(plain.flags(), F::empty());
        assert_eq!(plain.executable(true).flags(), F::EXEC);
        assert_eq!(plain.executable(false).flags(), F::NOEXEC_SEAL);
        let changed = plain.executable(true).executable(false);
        assert_eq!(changed.flags(), F::NOEXEC_SEAL);
        assert_eq!(plain.huge_pages(true).flags(), F::HUGETLB);
    }
}
