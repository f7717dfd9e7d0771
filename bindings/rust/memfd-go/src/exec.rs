// SPDX-License-Identifier: MIT

//! Executing programs from memory.

use std::ffi::{CStr, CString, OsStr, OsString};
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, AsRawFd};
use std::os::raw::c_char;
use std::os::unix::ffi::OsStringExt;
use std::ptr;

use bitflags::bitflags;
use memfd_go_sys as sys;

bitflags! {
    /// Flags of [`exec`].
    ///
    /// Unknown bits are kept.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct ExecFlags: u32 {
        /// Let the program inherit the descriptor of its file. A script ("#!") needs this,
        /// because its interpreter opens the file through /proc.
        const KEEP_FD = sys::MEMFD_GO_OPT_INHERIT_FD;

        const _ = !0;
    }
}

/// Replaces the process with the program in the file `fd`, and returns only if that fails.
///
/// The function calls execveat(2) or, if the kernel lacks it, execve(2) with a path in /proc.
/// Like with [`CommandExt::exec`], no destructor runs.
///
/// * `fd`: open for reading or with `O_PATH`. No process may have the file open for writing
///   through open(2) or [`reopen`](crate::reopen). The descriptor that created the file, and its
///   duplicates, do not count.
/// * `arguments`: the first is the name of the program.
/// * `environment`: names and values, such as [`std::env::vars_os`].
///
/// # Errors
///
/// * `EACCES`: the file has no execute permission, is on a `noexec` mount, or is not a regular
///   file.
/// * `ENOENT`: a script, and `fd` is close-on-exec: use [`ExecFlags::KEEP_FD`].
/// * `ENOENT`: the interpreter is missing, or /proc is needed and not mounted.
/// * `ENOEXEC`: not a program for this machine.
/// * `ETXTBSY`: the file is open for writing (see `fd`).
/// * `E2BIG`: arguments and environment are too long.
/// * `EINVAL`: a NUL in an argument or in the environment.
/// * `EINVAL`: unknown flags.
/// * others: like execve(2).
///
/// Safe: the other threads end. This function allocates; [`exec_c`] does not.
/// Source: execveat(2), execve(2), fs/exec.c.
///
/// ```
/// use memfd_go::{CreateOptions, ExecFlags, Seals};
/// use std::fs::File;
///
/// # fn main() -> std::io::Result<()> {
/// // A copy of a program that nobody can change.
/// let disk = File::open("/bin/echo")?;
/// let options = CreateOptions::new().executable(true);
/// let echo = options.create_copy("echo", disk, 1 << 24, Seals::IMMUTABLE)?;
/// Err(memfd_go::exec(echo, ["echo", "hello"], std::env::vars_os(), ExecFlags::empty()))
/// # }
/// ```
///
/// [`CommandExt::exec`]: std::os::unix::process::CommandExt::exec
pub fn exec<A, N, V>(
    fd: impl AsFd,
    arguments: impl IntoIterator<Item = A>,
    environment: impl IntoIterator<Item = (N, V)>,
    flags: ExecFlags,
) -> io::Error
where
    A: AsRef<OsStr>,
    N: AsRef<OsStr>,
    V: AsRef<OsStr>,
{
    let arguments = arguments.into_iter().map(|a| a.as_ref().to_owned());
    let environment = environment.into_iter().map(|(name, value)| {
        let mut entry = name.as_ref().to_owned();
        entry.push("=");
        entry.push(value);
        entry
    });
    match (strings(arguments), strings(environment)) {
        (Ok(arguments), Ok(environment)) => {
            exec_c(fd, &pointers(&arguments), &pointers(&environment), flags)
        }
        (Err(error), _) | (_, Err(error)) => error,
    }
}

fn strings(texts: impl Iterator<Item = OsString>) -> io::Result<Vec<CString>> {
    let invalid = |_| io::Error::from_raw_os_error(libc::EINVAL);
    texts
        .map(|text| CString::new(text.into_vec()).map_err(invalid))
        .collect()
}

fn pointers(strings: &[CString]) -> Vec<ExecArg<'_>> {
    let strings = strings.iter().map(|string| ExecArg::new(string));
    strings.chain([ExecArg::END]).collect()
}

/// A string in a list for [`exec_c`], or the end of the list: C's `const char *`.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct ExecArg<'a> {
    text: *const c_char,
    lifetime: PhantomData<&'a CStr>,
}

impl<'a> ExecArg<'a> {
    /// The end of a list.
    pub const END: ExecArg<'static> = ExecArg {
        text: ptr::null(),
        lifetime: PhantomData,
    };

    /// Wraps a string.
    pub const fn new(text: &'a CStr) -> ExecArg<'a> {
        ExecArg {
            text: text.as_ptr(),
            lifetime: PhantomData,
        }
    }

    fn is_end(&self) -> bool {
        self.text.is_null()
    }
}

impl<'a> From<&'a CStr> for ExecArg<'a> {
    fn from(text: &'a CStr) -> Self {
        ExecArg::new(text)
    }
}

/// Replaces the process like [`exec`], without allocating: for the child after fork(2), or for
/// [`pre_exec`](std::os::unix::process::CommandExt::pre_exec).
///
/// * `arguments`, `environment`: lists whose last element is [`ExecArg::END`]. An entry of the
///   environment is `NAME=VALUE`.
///
/// # Errors
///
/// Like [`exec`], and:
///
/// * `EINVAL`: a list does not end with [`ExecArg::END`].
///
/// Safe: the other threads end. Source: execveat(2), execve(2), fs/exec.c.
///
/// ```
/// use memfd_go::{exec_c, ExecArg, ExecFlags};
/// use std::ffi::CStr;
///
/// # fn main() -> std::io::Result<()> {
/// let text = memfd_go::create("not a program")?;
/// let name = CStr::from_bytes_with_nul(b"text\0").unwrap();
/// let arguments = [ExecArg::new(name), ExecArg::END];
/// let refused = exec_c(&text, &arguments, &[ExecArg::END], ExecFlags::empty());
/// assert_eq!(memfd_go::errname(refused.raw_os_error().unwrap()), "EACCES");
/// # Ok(())
/// # }
/// ```
pub fn exec_c(
    fd: impl AsFd,
    arguments: &[ExecArg<'_>],
    environment: &[ExecArg<'_>],
    flags: ExecFlags,
) -> io::Error {
    let ends = |list: &[ExecArg<'_>]| list.last().map_or(false, ExecArg::is_end);
    if !ends(arguments) || !ends(environment) {
        return io::Error::from_raw_os_error(libc::EINVAL);
    }
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: an ExecArg is a pointer to a string that it borrows. Both lists end with null.
    let r = unsafe {
        sys::memfd_go_exec(
            fd,
            arguments.as_ptr().cast(),
            environment.as_ptr().cast(),
            flags.bits(),
        )
    };
    io::Error::from_raw_os_error(-r)
}
