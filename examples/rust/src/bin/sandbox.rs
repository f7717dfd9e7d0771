// SPDX-License-Identifier: MIT

//! `sandbox`: a parent sends a sealed config and a sealed program to a child in a sandbox.
//!
//! One program has three roles, selected by its argument:
//!
//! * The parent creates both files, starts the child, and sends them over a socket.
//! * The child gives up privileges before it receives anything. Then it checks both files. Since
//!   they are sealed, nobody can change them after the check. It executes the program, without a
//!   path.
//! * The worker is that program. The config is its standard input.
//!
//! The sandbox is minimal: no new privileges, some limits, and no writing to file systems if the
//! kernel has Landlock. A real one would also have its own user, namespaces and a seccomp filter.

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::process::{self, Command, Stdio};

use memfd_go::{
    exec, map_verified, receive_fds, reopen, send_fds, Access, CreateOptions, ExecFlags,
    SealedMemFd, Seals,
};
use memfd_go_examples::{name, say};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The largest files that the child accepts.
const LONGEST_CONFIG: u64 = 4096;
const LONGEST_PROGRAM: u64 = 1 << 26;

fn parent() -> Result<()> {
    let config = SealedMemFd::new("config", b"colour = red")?;
    let file = File::open("/proc/self/exe")?;
    let options = CreateOptions::new().executable(true);
    let program = options.create_copy("worker", file, LONGEST_PROGRAM, Seals::IMMUTABLE)?;
    say!("parent", "sealed a config and a program");

    let (ours, theirs) = UnixStream::pair()?;
    let mut child = Command::new(env::current_exe()?)
        .arg("child")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .spawn()?;
    send_fds(&ours, &[config.as_fd(), program.as_fd()], b"")?;
    say!("parent", "sent both to a child");
    let status = child.wait()?;
    if !status.success() {
        return Err(format!("the child failed: {status}").into());
    }
    Ok(())
}

fn child() -> Result<()> {
    give_up_rights()?;
    let mut message = receive_fds(io::stdin(), &mut [])?.ok_or("the parent has closed")?;
    let (Some(config), Some(program), None) =
        (message.fds.next(), message.fds.next(), message.fds.next())
    else {
        return Err("two files were expected".into());
    };

    let text = map_verified(&config, Seals::IMMUTABLE, LONGEST_CONFIG)?;
    say!(
        "child",
        "got a config: \"{}\"",
        String::from_utf8_lossy(&text)
    );
    let program = SealedMemFd::try_from(program).map_err(io::Error::from)?;
    if program.size()? > LONGEST_PROGRAM {
        return Err("the program is too long".into());
    }
    say!("child", "got a program, sealed too");
    match program.as_memfd().as_file().write_at(b"X", 0) {
        Ok(_) => return Err("a sealed program has changed".into()),
        Err(error) => say!("child", "tries to change it: refused, {}", name(&error)),
    }

    // Reopened, because the parent can move the offset of the file description that it sent.
    let input = reopen(&config, Access::Read)?;
    // SAFETY: it takes plain values. The socket is no longer used.
    if unsafe { libc::dup2(input.as_raw_fd(), 0) } < 0 {
        return Err(io::Error::last_os_error().into());
    }
    say!("child", "becomes the program");
    let arguments = ["worker", "worker"];
    Err(exec(program, arguments, env::vars_os(), ExecFlags::empty()).into())
}

fn worker() -> Result<()> {
    let program = fs::read_link("/proc/self/exe")?;
    say!("worker", "runs as {}", program.display());
    let config = SealedMemFd::try_from(io::stdin().as_fd().try_clone_to_owned()?)?;
    let text = config.map()?;
    say!(
        "worker",
        "reads its config: \"{}\"",
        String::from_utf8_lossy(&text)
    );
    let path = env::temp_dir().join(format!("sandbox-{}", process::id()));
    match File::create(&path) {
        Ok(_) => {
            fs::remove_file(path)?;
            say!(
                "worker",
                "creates a file: done, this system has no Landlock"
            );
        }
        Err(error) => say!(
            "worker",
            "tries to create a file: refused, {}",
            name(&error)
        ),
    }
    Ok(())
}

/// Gives up privileges that neither this process nor the program needs, permanently.
fn give_up_rights() -> io::Result<()> {
    // SAFETY: it takes plain values.
    if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } != 0 {
        return Err(io::Error::last_os_error());
    }
    limit(libc::RLIMIT_CORE, 0)?; // Bytes: no core dumps.
    limit(libc::RLIMIT_CPU, 10)?; // Seconds.
    match give_up_writing() {
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EOPNOTSUPP)) => {
            say!("child", "cannot give up writing files: {}", name(&error));
        }
        result => {
            result?;
            say!("child", "gives up writing files");
        }
    }
    Ok(())
}

/// libc's type for a resource depends on the C library.
#[cfg(target_env = "gnu")]
type Resource = libc::__rlimit_resource_t;
#[cfg(not(target_env = "gnu"))]
type Resource = libc::c_int;

fn limit(resource: Resource, most: libc::rlim_t) -> io::Result<()> {
    let limit = libc::rlimit {
        rlim_cur: most,
        rlim_max: most,
    };
    // SAFETY: `limit` is readable.
    match unsafe { libc::setrlimit(resource, &limit) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Denies these rights with Landlock (Linux 5.13), since no rule grants them. Open files stay open.
fn give_up_writing() -> io::Result<()> {
    const WRITE_FILE: u64 = 1 << 1;
    const REMOVE_AND_MAKE: u64 = 0x1ff0; // Bits 4 to 12.
    let rights: u64 = WRITE_FILE | REMOVE_AND_MAKE;
    // SAFETY: the struct is one number of 8 bytes.
    let rules = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, &rights, 8, 0) };
    if rules < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: they take plain values, and the descriptor is ours.
    unsafe {
        let r = libc::syscall(libc::SYS_landlock_restrict_self, rules, 0);
        let error = io::Error::last_os_error();
        libc::close(rules as i32);
        match r {
            0 => Ok(()),
            _ => Err(error),
        }
    }
}

fn main() -> Result<()> {
    match env::args().nth(1).as_deref() {
        None => parent(),
        Some("child") => child(),
        Some("worker") => worker(),
        Some(_) => Err("usage: sandbox".into()),
    }
}
