// SPDX-License-Identifier: MIT

//! `secret`: keeps a key in secret memory, which the kernel removes from its page tables, and
//! shows that system calls that read memory through the kernel's mapping fail.

use std::error::Error;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::process;

use libc::{c_void, iovec, ENOSYS, EPERM};
use memfd_go::{MapFlags, MapMut};
use memfd_go_examples::{name, say};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const AREA_SIZE: usize = 4096;
const KEY_SIZE: usize = 32;

/// Maps secret memory. Returns `None` if the system does not support it.
fn secret_area() -> Result<Option<MapMut>> {
    let file = match memfd_go::secret() {
        Err(error) if matches!(error.raw_os_error(), Some(ENOSYS | EPERM)) => {
            say!(
                "secret",
                "this system has no secret memory: {}",
                name(&error)
            );
            return Ok(None);
        }
        result => result?,
    };
    memfd_go::set_size(&file, AREA_SIZE as u64)?;
    // SAFETY: no other process has the file. The mapping keeps it.
    let area = unsafe { MapMut::new(&file, MapFlags::empty(), 0, AREA_SIZE)? };
    say!("secret", "created a secret area: {AREA_SIZE} bytes");
    Ok(Some(area))
}

/// Reads a random key directly into the area, so that no other copy of it exists.
///
/// The process's own read(2) and write(2) work with secret memory, because they copy through its
/// user mapping.
fn make_key(key: &mut [u8]) -> Result<()> {
    File::open("/dev/urandom")?.read_exact(key)?;
    say!("secret", "read a random key into it: {} bytes", key.len());
    Ok(())
}

// Two ways to read the memory of a process from outside.

fn by_proc_mem(from: &[u8]) -> io::Result<()> {
    let mut copy = [0; KEY_SIZE];
    File::open("/proc/self/mem")?.read_exact_at(&mut copy, from.as_ptr() as u64)
}

fn by_process_vm_readv(from: &[u8]) -> io::Result<()> {
    let mut copy = [0u8; KEY_SIZE];
    let local = iovec {
        iov_base: copy.as_mut_ptr().cast(),
        iov_len: KEY_SIZE,
    };
    let remote = iovec {
        iov_base: from.as_ptr() as *mut c_void,
        iov_len: KEY_SIZE,
    };
    // SAFETY: it writes only to `copy`.
    match unsafe { libc::process_vm_readv(process::id() as i32, &local, 1, &remote, 1, 0) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn try_to_copy(way: &str, copy: fn(&[u8]) -> io::Result<()>, key: &[u8]) -> Result<()> {
    copy(&[0; KEY_SIZE])?;
    say!("secret", "copies ordinary memory by {way}: done");
    match copy(key) {
        Ok(()) => Err(format!("{way} copied the key").into()),
        Err(error) => {
            say!(
                "secret",
                "tries to copy the key by {way}: refused, {}",
                name(&error)
            );
            Ok(())
        }
    }
}

fn main() -> Result<()> {
    let Some(mut area) = secret_area()? else {
        return Ok(());
    };
    make_key(&mut area[..KEY_SIZE])?;
    let key = &area[..KEY_SIZE];
    try_to_copy("/proc/self/mem", by_proc_mem, key)?;
    try_to_copy("process_vm_readv", by_process_vm_readv, key)
}
