// SPDX-License-Identifier: MIT

//! `ring`: a ring buffer between two processes, in memory that is mapped twice in a row.
//! The program starts itself as the producer, with the file as its standard input.
//!
//! Access is safe Rust: the memory is a slice of atomics, and the file is sealed against
//! shrinking. Neither process trusts the other.

use std::env;
use std::error::Error;
use std::fs::File;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, AtomicU8, Ordering};
use std::thread;

use memfd_go::{CreateOptions, MemFd, Seals, Shared, SharedMap};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The first page of the file: the total number of bytes written and read, in different cache
/// lines.
#[repr(C)]
struct Header {
    written: AtomicU64,
    unused: [AtomicU64; 7],
    read: AtomicU64,
}

// SAFETY: it is nine atomic integers, without padding.
unsafe impl Shared for Header {}

struct Ring {
    header: SharedMap<Header>,
    bytes: SharedMap<AtomicU8>,
    len: u64,
}

impl Ring {
    /// Maps a file: a page for the header, and the rest for the bytes.
    fn map(file: &MemFd) -> Result<Ring> {
        let page = memfd_go::probe()?.page_size as u64;
        let len = file.size()?.saturating_sub(page);
        Ok(Ring {
            header: SharedMap::new(file, 0, 1)?,
            bytes: SharedMap::ring(file, page, usize::try_from(len)?)?,
            len,
        })
    }

    /// Returns the number of bytes in the ring. The other process may have written anything.
    fn filled(&self, written: u64, read: u64) -> Result<u64> {
        match written.checked_sub(read) {
            Some(filled) if filled <= self.len => Ok(filled),
            _ => Err("the other process wrote invalid counters".into()),
        }
    }

    /// Writes all of `data`. A part that wraps around the end of the ring is contiguous.
    fn write(&self, mut data: &[u8]) -> Result<()> {
        let header = &self.header[0];
        while !data.is_empty() {
            let written = header.written.load(Ordering::Relaxed);
            let room = self.len - self.filled(written, header.read.load(Ordering::Acquire))?;
            let part = data.len().min(room as usize);
            let at = (written % self.len) as usize;
            self.bytes.write_at(&data[..part], at);
            let written = written.wrapping_add(part as u64);
            header.written.store(written, Ordering::Release);
            data = &data[part..];
            thread::yield_now();
        }
        Ok(())
    }

    /// Reads exactly `data.len()` bytes.
    fn read(&self, mut data: &mut [u8]) -> Result<()> {
        let header = &self.header[0];
        while !data.is_empty() {
            let read = header.read.load(Ordering::Relaxed);
            let filled = self.filled(header.written.load(Ordering::Acquire), read)?;
            let part = data.len().min(filled as usize);
            let at = (read % self.len) as usize;
            self.bytes.read_at(&mut data[..part], at);
            let read = read.wrapping_add(part as u64);
            header.read.store(read, Ordering::Release);
            data = &mut data[part..];
            thread::yield_now();
        }
        Ok(())
    }
}

const MESSAGES: u32 = 10_000;

/// A message is its number, 37 times.
fn message(number: u32) -> Vec<u8> {
    number.to_le_bytes().repeat(37)
}

fn produce() -> Result<()> {
    // Open the standard input again, without taking its descriptor.
    let ring = Ring::map(&MemFd::try_from(
        File::options()
            .read(true)
            .write(true)
            .open("/proc/self/fd/0")?,
    )?)?;
    (0..MESSAGES).try_for_each(|number| ring.write(&message(number)))
}

fn main() -> Result<()> {
    if env::args().nth(1).as_deref() == Some("produce") {
        return produce();
    }
    let page = memfd_go::probe()?.page_size as u64;
    let options = CreateOptions::new().size(2 * page);
    let file = options.seals(Seals::SHRINK | Seals::GROW).create("ring")?;
    let ring = Ring::map(&file)?;
    let mut producer = Command::new(env::current_exe()?)
        .arg("produce")
        .stdin(Stdio::from(File::from(file)))
        .spawn()?;
    let mut received = message(0);
    for number in 0..MESSAGES {
        ring.read(&mut received)?;
        if received != message(number) {
            return Err(format!("message {number} is damaged").into());
        }
    }
    producer.wait()?;
    println!(
        "{MESSAGES} messages of {} bytes came through {page} bytes",
        received.len()
    );
    Ok(())
}
