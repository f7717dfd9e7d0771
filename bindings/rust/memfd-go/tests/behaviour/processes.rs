// SPDX-License-Identifier: MIT

use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::process::{id, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use memfd_go::{
    check_seals, create, get_size, map_verified, probe, receive_fds, receive_sealed, send_fds,
    set_size, CreateOptions, Map, MapFlags, MapMut, SealedMemFd, Seals, SecretBuf, SecretPool,
};

use crate::common::{errno, in_child, isolated};

#[test]
fn other_process_opens_the_path() {
    isolated(|| {
        let file = SealedMemFd::new("path", b"contents").unwrap();
        let path = format!("/proc/{}/fd/{}", id(), file.as_raw_fd());
        let output = Command::new("cat").arg(path).output().unwrap();
        assert_eq!(output.stdout, b"contents");
    });
}

#[test]
fn other_program_inherits_the_descriptor() {
    isolated(|| {
        let options = CreateOptions::new().close_on_exec(false);
        let file = options.create_sealed("kept", b"contents", Seals::IMMUTABLE);
        let file = file.unwrap();
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        let output = Command::new("cat").arg(&path).output().unwrap();
        assert_eq!(output.stdout, b"contents");

        let closed = SealedMemFd::new("closed", b"contents").unwrap();
        let path = format!("/proc/self/fd/{}", closed.as_raw_fd());
        let output = Command::new("cat").arg(path).output().unwrap();
        assert!(!output.status.success());
    });
}

#[test]
fn child_shares_mappings() {
    isolated(|| {
        let file = create("shared").unwrap();
        file.set_size(1).unwrap();
        // SAFETY: the child has exited before a slice is created.
        let mut map = unsafe { MapMut::new(&file, MapFlags::empty(), 0, 1) }.unwrap();
        in_child(|| {
            // SAFETY: one byte is mapped, and writable.
            unsafe { map.as_mut_ptr().write_volatile(7) };
            0
        });
        assert_eq!(map[0], 7);
    });
}

/// Calls every function that is documented as safe after fork(2), in a child of a process with a
/// thread that allocates all the time.
#[test]
fn all_functions_work_in_child_of_threaded_process() {
    isolated(|| {
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    drop(vec![0u8; 10_000]);
                }
            });
            let codes: Vec<_> = (0..20).map(|_| in_child(|| errno(everything()))).collect();
            stop.store(true, Ordering::Relaxed);
            assert_eq!(codes, [0; 20]);
        });
    });
}

fn everything() -> std::io::Result<()> {
    let file = create("child")?;
    set_size(&file, 4096)?;
    file.reserve(8192)?;
    // SAFETY: no other process has the file.
    drop(unsafe { Map::new(file.as_fd(), MapFlags::empty(), 0, 4096) }?);
    file.add_seals(Seals::GROW)?;
    file.ensure_seals(Seals::IMMUTABLE)?;
    check_seals(&file, file.seals()?)?;
    let file = SealedMemFd::try_from(file)?;
    check(file.map()?.len() as u64 == get_size(&file)?)?;
    check(SealedMemFd::copy("copy", &file, 8192)?.size()? == 8192)?;
    check(file.as_memfd().inspect()?.size() == 8192)?;
    drop(map_verified(&file, Seals::empty(), 8192)?);
    probe()?;
    let (a, b) = UnixStream::pair()?;
    send_fds(&a, &[file.as_fd()], b"x")?;
    check(receive_fds(&b, &mut [0])?.map(|m| m.len) == Some(1))?;
    send_fds(&a, &[file.as_fd()], b"x")?;
    receive_sealed(&b, Seals::empty(), 8192)?;
    let mut secret = SecretBuf::new(10)?;
    secret.write()?.fill(1);
    check(secret.read()?[0] == 1)?;
    SecretPool::new(10, 2)?.take()?.fill(1);
    Ok(())
}

fn check(holds: bool) -> std::io::Result<()> {
    match holds {
        true => Ok(()),
        false => Err(std::io::Error::from_raw_os_error(libc::EIO)),
    }
}
