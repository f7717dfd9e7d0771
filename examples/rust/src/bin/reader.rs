// SPDX-License-Identifier: MIT

//! `reader PATH | NUMBER`: reads a sealed file of another process.
//!
//! It reads from a path such as /proc/PID/fd/N, or through an inherited descriptor. Then it
//! tries to change the file, and fails if that succeeds.

use std::env;
use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::FromRawFd;
use std::os::unix::fs::FileExt;
use std::process;

use memfd_go::{MapFlags, MemFd, SealedMemFd, Seals};
use memfd_go_examples::{name, say};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn open_file(argument: &str) -> Result<File> {
    let pid = process::id();
    if !argument.starts_with('/') {
        say!("reader", "process {pid} inherited descriptor {argument}");
        // SAFETY: the caller has passed us the descriptor.
        return Ok(unsafe { File::from_raw_fd(argument.parse()?) });
    }
    // Open for writing, so that only the seals prevent changes.
    let file = OpenOptions::new().read(true).write(true).open(argument)?;
    say!("reader", "process {pid} opened {argument}");
    Ok(file)
}

fn must_fail<T>(what: &str, change: io::Result<T>) -> Result<()> {
    match change {
        Ok(_) => Err(format!("{what}: a sealed file has changed").into()),
        Err(error) => {
            say!("reader", "tries to {what} it: refused, {}", name(&error));
            Ok(())
        }
    }
}

fn main() -> Result<()> {
    let argument = env::args().nth(1).ok_or("usage: reader PATH | NUMBER")?;
    let file = MemFd::try_from(open_file(&argument)?)?;
    say!("reader", "sees its seals: {}", file.seals()?);

    // With these seals, neither size nor contents can change. SealedMemFd checks that too, which
    // makes reading the mapping safe Rust.
    file.check_seals(Seals::IMMUTABLE)?;
    let file = SealedMemFd::try_from(file)?;
    let area = file.map()?;
    let content = String::from_utf8_lossy(&area);
    say!("reader", "reads its content: \"{content}\"");

    let file = MemFd::from(file);
    let size = file.size()?;
    must_fail("write", file.as_file().write_at(b"X", 0))?;
    must_fail("grow", file.set_size(size + 1))?;
    must_fail("shrink", file.set_size(size - 1))?;
    // SAFETY: the mapping is not used if it is created.
    must_fail("map and write", unsafe { file.map_mut(MapFlags::empty()) })
}
