// SPDX-License-Identifier: MIT

//! Functions that are documented as safe in signal handlers do not allocate.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ffi::CStr;
use std::fmt::Write;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;

use memfd_go::{
    exec_c, import_pid, import_pidfd, map_verified, receive_fds, receive_sealed, send_fds, Access,
    CreateOptions, ExecArg, ExecFlags, Map, MapFlags, MapMut, SealStyle, SealedMemFd, Seals,
    SecretBuf, SecretPool,
};

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator, which counts the allocations of this thread.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: all calls are forwarded to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller upholds the contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller upholds the contract.
        unsafe { System.dealloc(ptr, layout) }
    }
}

fn allocations() -> usize {
    ALLOCATIONS.with(Cell::get)
}

#[test]
fn nothing_is_allocated() {
    let before = allocations();
    work().unwrap();
    errors();
    assert_eq!(allocations(), before);
}

#[test]
fn allocations_are_counted() {
    let before = allocations();
    drop(Box::new(1));
    assert_eq!(allocations(), before + 1);
}

fn work() -> io::Result<()> {
    let file = CreateOptions::new().create("file")?;
    file.set_size(4096)?;
    file.reserve(8192)?;
    // SAFETY: no slice of the mapping is created.
    drop(unsafe { MapMut::new(&file, MapFlags::empty(), 0, 4096) }?);
    file.ensure_seals(Seals::IMMUTABLE)?;
    file.check_seals(file.seals()?)?;
    // SAFETY: see above.
    drop(unsafe { Map::new(&file, MapFlags::empty(), 0, 4096) }?);
    drop(SealedMemFd::try_from(file)?.map()?);
    drop(SealedMemFd::new("copy", b"contents")?.map()?);
    let text = CStr::from_bytes_with_nul(b"SHRINK WRITE\0").unwrap();
    let seals = Seals::parse(text)?;
    for style in [SealStyle::Names, SealStyle::Letters, SealStyle::Hex] {
        write!(Nowhere, "{}", seals.display(style)).unwrap();
    }
    memfd_go::version_string();
    memfd_go::errname(1);
    memfd_go::probe()?;
    descriptors()?;
    secrets()
}

fn descriptors() -> io::Result<()> {
    let file = SealedMemFd::new("sent", b"contents")?;
    file.as_memfd().inspect()?.name();
    drop(file.as_memfd().reopen(Access::Read)?);
    drop(SealedMemFd::copy("copy", &file, 100)?);
    drop(map_verified(&file, Seals::empty(), 100)?);
    let (a, b) = UnixStream::pair()?;
    send_fds(&a, &[file.as_fd(); 3], b"data")?;
    let message = receive_fds(&b, &mut [0; 10])?;
    assert_eq!(message.map(|m| m.fds.count()), Some(3));
    send_fds(&a, &[file.as_fd()], b"")?;
    drop(receive_sealed(&b, Seals::empty(), 100)?);
    drop(import_pid(std::process::id(), a.as_raw_fd(), Access::Read));
    drop(import_pidfd(&a, 0));
    Ok(())
}

fn secrets() -> io::Result<()> {
    drop(memfd_go::secret());
    let mut secret = SecretBuf::new(32)?;
    secret.write()?.fill(1);
    drop((secret.read()?, secret.read()?));
    drop(secret);
    drop(SecretBuf::take(&mut [1; 10])?);
    let pool = SecretPool::new(32, 4)?;
    drop((pool.take()?, pool.take()?));
    Ok(())
}

fn errors() {
    let file = memfd_go::create("open").unwrap();
    assert!(memfd_go::create("a\0b").is_err());
    assert!(file.set_size(u64::MAX).is_err());
    assert!(file.check_seals(Seals::WRITE).is_err());
    let list = [
        ExecArg::new(CStr::from_bytes_with_nul(b"x\0").unwrap()),
        ExecArg::END,
    ];
    let error = exec_c(&file, &list, &list, ExecFlags::empty());
    assert!(error.raw_os_error().is_some());
    assert!(receive_fds(&file, &mut []).is_err());
    assert!(SecretBuf::new(0).is_err());
    assert!(io::Error::from(SealedMemFd::try_from(file).unwrap_err())
        .raw_os_error()
        .is_some());
}

/// A writer that discards its input.
struct Nowhere;

impl Write for Nowhere {
    fn write_str(&mut self, _: &str) -> std::fmt::Result {
        Ok(())
    }
}
