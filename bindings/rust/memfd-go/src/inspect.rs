// SPDX-License-Identifier: MIT

//! What a descriptor is.

use std::ffi::CStr;
use std::fmt;
use std::io;
use std::mem::{size_of, MaybeUninit};
use std::os::fd::{AsFd, AsRawFd};

use memfd_go_sys as sys;

use crate::error::result;
use crate::Seals;

/// A kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// Anything else.
    Other,
    /// Made by memfd_create(2).
    MemFd,
    /// Of huge pages.
    HugeTlb,
    /// A regular file on a mounted tmpfs.
    TmpfsFile,
    /// Made by memfd_secret(2).
    Secret,
}

impl Kind {
    fn from_number(number: u32) -> Kind {
        match number {
            sys::MEMFD_GO_KIND_MEMFD => Kind::MemFd,
            sys::MEMFD_GO_KIND_HUGETLB => Kind::HugeTlb,
            sys::MEMFD_GO_KIND_TMPFS_FILE => Kind::TmpfsFile,
            sys::MEMFD_GO_KIND_SECRET => Kind::Secret,
            _ => Kind::Other,
        }
    }
}

/// What a descriptor is open for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Access {
    /// Neither reading nor writing (`O_PATH`).
    None,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Both.
    ReadWrite,
}

impl Access {
    fn from_number(number: u32) -> Access {
        match number {
            sys::MEMFD_GO_ACCESS_READ => Access::Read,
            sys::MEMFD_GO_ACCESS_WRITE => Access::Write,
            sys::MEMFD_GO_ACCESS_READ_WRITE => Access::ReadWrite,
            _ => Access::None,
        }
    }

    /// The flags of open(2) that ask for it.
    pub(crate) fn open_flags(self) -> u32 {
        let flags = match self {
            Access::None => libc::O_PATH,
            Access::Read => libc::O_RDONLY,
            Access::Write => libc::O_WRONLY,
            Access::ReadWrite => libc::O_RDWR,
        };
        flags as u32
    }
}

/// What a descriptor is; what [`inspect`] returns.
#[derive(Clone, Copy)]
pub struct Info(sys::memfd_go_info);

impl Info {
    /// What made the file.
    pub fn kind(&self) -> Kind {
        Kind::from_number(self.0.kind)
    }

    /// Its seals; none where there are none to ask for.
    pub fn seals(&self) -> Seals {
        Seals::from_bits_retain(self.0.seals)
    }

    /// Type and permissions, as in `st_mode`.
    pub fn mode(&self) -> u32 {
        self.0.mode
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.0.size
    }

    /// The memory or disk space that it takes, in bytes; 0 for [`Kind::Secret`].
    pub fn allocated(&self) -> u64 {
        self.0.allocated
    }

    /// The number of its device, as in `st_dev`.
    pub fn device(&self) -> u64 {
        self.0.device
    }

    /// The number of its inode, as in `st_ino`.
    pub fn inode(&self) -> u64 {
        self.0.inode
    }

    /// The size of its pages in bytes, if it is [`Kind::HugeTlb`].
    pub fn huge_page(&self) -> Option<u64> {
        Some(self.0.huge_page).filter(|&size| size != 0)
    }

    /// What the descriptor is open for.
    pub fn access(&self) -> Access {
        Access::from_number(self.0.access)
    }

    /// The name that it was made with; empty if it has none, or without /proc.
    pub fn name(&self) -> &CStr {
        // SAFETY: the library ends it with a NUL.
        unsafe { CStr::from_ptr(self.0.name.as_ptr()) }
    }
}

impl fmt::Debug for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Info")
            .field("kind", &self.kind())
            .field("seals", &self.seals())
            .field("mode", &format_args!("{:#o}", self.mode()))
            .field("size", &self.size())
            .field("allocated", &self.allocated())
            .field("huge_page", &self.huge_page())
            .field("device", &self.device())
            .field("inode", &self.inode())
            .field("access", &self.access())
            .field("name", &self.name())
            .finish()
    }
}

/// Tells what the descriptor `fd` is.
///
/// It reads nothing of the file's contents. What it tells of a file that others hold too,
/// and that is not sealed, may be outdated when it returns; kind and access do not change.
///
/// # Errors
///
/// * `EMFILE`, `ENFILE`, `ENOMEM`: no descriptor or memory to compare with (a file on
///   tmpfs that looks like a memfd that is not sealable).
///
/// Safe: MT AS fork. Source: statx(2), statfs(2), F_GETFL(2const), proc_pid_fd(5).
///
/// ```
/// use memfd_go::{inspect, Access, Kind};
///
/// # fn main() -> std::io::Result<()> {
/// let info = inspect(memfd_go::create("looked at")?)?;
/// assert_eq!(info.kind(), Kind::MemFd);
/// assert_eq!(info.access(), Access::ReadWrite);
/// # if std::path::Path::new("/proc/self").exists() {
/// assert_eq!(info.name().to_bytes(), b"looked at");
/// # }
/// # Ok(())
/// # }
/// ```
pub fn inspect(fd: impl AsFd) -> io::Result<Info> {
    // SAFETY: all of its members are numbers.
    let mut info: sys::memfd_go_info = unsafe { MaybeUninit::zeroed().assume_init() };
    let size = size_of::<sys::memfd_go_info>();
    // SAFETY: `info` is writable, and as long as is said.
    result(unsafe { sys::memfd_go_inspect(fd.as_fd().as_raw_fd(), 0, &mut info, size) })?;
    Ok(Info(info))
}
