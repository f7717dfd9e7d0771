// SPDX-License-Identifier: MIT

//! `writer COMMAND [ARGUMENT...]`: creates a sealed file in memory and runs COMMAND twice.
//!
//! The command gets the path /proc/PID/fd/N of the file, then the number N of the inherited
//! descriptor.

use std::env;
use std::error::Error;
use std::ffi::OsString;
use std::os::fd::AsRawFd;
use std::process::{self, Command};

use memfd_go::{CreateFlags, CreateOptions, MapFlags, Seals};
use memfd_go_examples::say;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const TEXT: &str = "hello from Rust";

/// Runs the command with one more argument.
fn run(command: &[OsString], argument: String) -> Result<()> {
    let status = Command::new(&command[0])
        .args(&command[1..])
        .arg(argument)
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{}: {status}", command[0].to_string_lossy()).into())
    }
}

fn main() -> Result<()> {
    let command: Vec<OsString> = env::args_os().skip(1).collect();
    if command.is_empty() {
        return Err("usage: writer COMMAND [ARGUMENT...]".into());
    }
    let pid = process::id();
    let version = memfd_go::version_string();
    say!("writer", "process {pid} uses libmemfd_go {version}");

    // Not close-on-exec, so that the command inherits the descriptor.
    let options = CreateOptions::from_flags(CreateFlags::ALLOW_SEALING);
    let file = options.create("greeting")?;
    let fd = file.as_raw_fd();
    say!("writer", "created \"greeting\": descriptor {fd}");

    file.set_size(TEXT.len() as u64)?;
    say!("writer", "sized it: {} bytes", TEXT.len());

    // SAFETY: no other process has the file yet.
    let mut area = unsafe { file.map_mut(MapFlags::empty())? };
    area.copy_from_slice(TEXT.as_bytes());
    drop(area); // Sealing a mapped file is EBUSY.
    say!("writer", "filled it: \"{TEXT}\"");

    file.add_seals(Seals::IMMUTABLE)?;
    say!("writer", "sealed it: {}", file.seals()?);

    run(&command, format!("/proc/{pid}/fd/{fd}"))?;
    run(&command, fd.to_string())
}
