// SPDX-License-Identifier: MIT

//! Properties of descriptors.

use std::ffi::CStr;
use std::fmt;
use std::io;
use std::mem::{size_of, MaybeUninit};
use std::os::fd::{AsFd, AsRawFd};

use memfd_go_sys as sys;

use crate::error::result;
use crate::Seals;

/// The kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// None of the others.
    Other,
    /// Created by memfd_create(2).
    MemFd,
    /// A file of huge pages.
    HugeTlb,
    /// A regular file on a mounted tmpfs.
    TmpfsFile,
    /// Created by memfd_secret(2).
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

/// The access mode of a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Access {
    /// Neither reading nor writing (`O_PATH`).
    None,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Reading and writing.
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

    /// Returns the flags for open(2).
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

/// The properties of a descriptor and its file, returned by [`inspect`].
#[derive(Clone, Copy)]
pub struct Info(sys::memfd_go_info);

impl Info {
    /// Returns the kind of the file.
    pub fn kind(&self) -> Kind {
        Kind::from_number(self.0.kind)
    }

    /// Returns the seals; none if the file does not support seals.
    pub fn seals(&self) -> Seals {
        Seals::from_bits_retain(self.0.seals)
    }

    /// Returns type and permissions, as in `st_mode`.
    pub fn mode(&self) -> u32 {
        self.0.mode
    }

    /// Returns the size in bytes.
    pub fn size(&self) -> u64 {
        self.0.size
    }

    /// Returns the allocated memory or disk space in bytes; 0 for [`Kind::Secret`].
    pub fn allocated(&self) -> u64 {
        self.0.allocated
    }

    /// Returns the device number, as in `st_dev`.
    pub fn device(&self) -> u64 {
        self.0.device
    }

    /// Returns the inode number, as in `st_ino`.
    pub fn inode(&self) -> u64 {
        self.0.inode
    }

    /// Returns the page size of the file in bytes, if it is [`Kind::HugeTlb`].
    pub fn huge_page(&self) -> Option<u64> {
        Some(self.0.huge_page).filter(|&size| size != 0)
    }

    /// Returns the access mode of the descriptor.
    pub fn access(&self) -> Access {
        Access::from_number(self.0.access)
    }

    /// Returns the name of a memfd; empty for other files, or if /proc is not mounted.
    pub fn name(&self) -> &CStr {
        // SAFETY: the library terminates the name with a NUL.
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

/// Returns the properties of the descriptor `fd` and its file.
///
/// The contents of the file are not read. Other processes may change a file that is not sealed
/// at any time; its kind and the access mode do not change. If /proc is not mounted, a memfd that
/// does not accept seals is [`Kind::Other`].
///
/// # Errors
///
/// * `ENOSYS`: before Linux 4.11.
/// * `EMFILE`, `ENFILE`, `ENOMEM`: no descriptor or memory is free for a comparison that a file
///   in memory that does not accept seals needs.
///
/// Source: statx(2), statfs(2), F_GETFL(2const), proc_pid_fd(5).
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
    // SAFETY: zeros are valid for all members, which are integers.
    let mut info: sys::memfd_go_info = unsafe { MaybeUninit::zeroed().assume_init() };
    let size = size_of::<sys::memfd_go_info>();
    // SAFETY: `info` is writable and has `size` bytes.
    result(unsafe { sys::memfd_go_inspect(fd.as_fd().as_raw_fd(), 0, &mut info, size) })?;
    Ok(Info(info))
}
