// SPDX-License-Identifier: MIT

//! Programs from memory.

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
    /// How [`exec`] runs a program.
    ///
    /// Bits that this crate does not know are kept.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct ExecFlags: u32 {
        /// The program inherits the descriptor of its file. A script ("#!") needs that,
        /// since its interpreter opens the file anew through /proc.
        const KEEP_FD = sys::MEMFD_GO_OPT_INHERIT_FD;

        const _ = !0;
    }
}

/// Replaces the process by the program in the file `fd`: execveat(2) of the descriptor, or
/// execve(2) of its path in /proc where that is missing. Returns only if that fails.
///
/// Like [`CommandExt::exec`] it ends the other threads, and no destructor runs.
///
/// * `fd`: open for reading or with `O_PATH`. The file must not be open for writing through
///   a descriptor that open(2) or [`reopen`](crate::reopen) gave to anybody; those that
///   created it, and their duplicates, do not count.
/// * `arguments`: the first is the program's name for itself.
/// * `environment`: names and values, such as [`std::env::vars_os`].
///
/// # Errors
///
/// The descriptor is then as it was.
///
/// * `EACCES`: the file has no execute permission, is on a file system mounted noexec, or
///   is no regular file.
/// * `ENOENT`: a script and `fd` is close-on-exec: use [`ExecFlags::KEEP_FD`]; the
///   interpreter is missing; /proc is needed and not mounted.
/// * `ENOEXEC`: not a program that this machine can run.
/// * `ETXTBSY`: the file is open for writing (see `fd`).
/// * `E2BIG`: arguments and environment are too long.
/// * `EINVAL`: a NUL in an argument or in the environment; unknown flags.
/// * others: like execve(2).
///
/// Safe: MT as execve(2) is: the other threads end. It allocates; [`exec_c`] does not.
/// Source: execveat(2), execve(2), fs/exec.c.
///
/// ```
/// use memfd_go::{CreateOptions, ExecFlags, Seals};
/// use std::fs::File;
///
/// # fn main() -> std::io::Result<()> {
/// // A copy of a program, which nobody can change any more.
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

/// A string for [`exec_c`], or the end of a list of them: C's `const char *`.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct ExecArg<'a> {
    text: *const c_char,
    lives: PhantomData<&'a CStr>,
}

impl<'a> ExecArg<'a> {
    /// The end of a list.
    pub const END: ExecArg<'static> = ExecArg {
        text: ptr::null(),
        lives: PhantomData,
    };

    /// A string.
    pub const fn new(text: &'a CStr) -> ExecArg<'a> {
        ExecArg {
            text: text.as_ptr(),
            lives: PhantomData,
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

/// Like [`exec`], with lists as C has them, and without allocating: for the child after
/// fork(2), or [`pre_exec`](std::os::unix::process::CommandExt::pre_exec).
///
/// * `arguments`, `environment`: [`ExecArg::END`] is the last, and elsewhere ends the list
///   too. An entry of the environment is `NAME=VALUE`.
///
/// # Errors
///
/// Like [`exec`], and:
///
/// * `EINVAL`: a list does not end with [`ExecArg::END`].
///
/// Safe: AS fork, and MT as execve(2) is. Source: execveat(2), execve(2), fs/exec.c.
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
    // SAFETY: an ExecArg is a pointer to a string that lives on. Both lists end with null.
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
