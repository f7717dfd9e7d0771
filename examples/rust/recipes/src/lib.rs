// SPDX-License-Identifier: MIT

//! Using files and mappings of memfd-go with other crates.
//!
//! A [`MemFd`] implements `AsFd`, which crates with I/O-safe interfaces accept. A [`SealedMap`]
//! dereferences to bytes that cannot change, are aligned to a page, and live as long as it.

use std::io;
use std::os::fd::AsFd;

use memfd_go::{MemFd, SealedMap, SealedMemFd, Seals};

/// bytes: a buffer that can be sliced and cloned without copying. It is unmapped with the last
/// slice.
pub fn to_bytes(file: &SealedMemFd) -> io::Result<bytes::Bytes> {
    Ok(bytes::Bytes::from_owner(file.map()?))
}

/// memmap2: a mapping for functions that require this type. It is unsafe because a file may change;
/// this one cannot. `Mmap::map` creates a shared mapping, which Linux before 6.7 refuses for a
/// sealed file that is open for writing.
pub fn to_mmap(file: &SealedMemFd) -> io::Result<memmap2::Mmap> {
    // SAFETY: the file is sealed against writing and shrinking.
    unsafe { memmap2::MmapOptions::new().map_copy_read_only(file.as_memfd().as_file()) }
}

/// bytemuck: numbers in native byte order, if the size of the file is a multiple of theirs.
pub fn to_numbers(map: &SealedMap) -> Option<&[u32]> {
    bytemuck::try_cast_slice(map).ok()
}

/// The header of a file format.
#[derive(Debug, PartialEq, zerocopy::FromBytes, zerocopy::Immutable, zerocopy::KnownLayout)]
#[repr(C)]
pub struct Header {
    pub magic: [u8; 4],
    pub len: zerocopy::little_endian::U32,
}

/// zerocopy: a header and the bytes after it, if the file is long enough.
pub fn to_header(map: &SealedMap) -> Option<(&Header, &[u8])> {
    zerocopy::FromBytes::ref_from_prefix(map).ok()
}

/// rustix: its functions accept a `MemFd`, and a descriptor from its memfd_create converts to one.
pub fn from_rustix(name: &str) -> io::Result<MemFd> {
    use rustix::fs::{fcntl_add_seals, memfd_create, MemfdFlags, SealFlags};

    let fd = memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    let file = MemFd::try_from(fd)?;
    fcntl_add_seals(&file, SealFlags::GROW)?;
    assert!(file.seals()?.contains(Seals::GROW));
    Ok(file)
}

/// nix: its functions accept a `MemFd`, and its descriptors convert to one.
pub fn from_nix(file: &MemFd) -> io::Result<MemFd> {
    let size = nix::sys::stat::fstat(file)?.st_size;
    assert_eq!(size as u64, file.size()?);
    Ok(MemFd::try_from(nix::unistd::dup(file.as_fd())?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_cut_without_a_copy() {
        let file = SealedMemFd::new("page", b"head body").unwrap();
        let whole = to_bytes(&file).unwrap();
        let body = whole.slice(5..);
        assert_eq!(body.as_ptr() as usize, whole.as_ptr() as usize + 5);
        drop((file, whole));
        assert_eq!(&body[..], b"body");
    }

    #[test]
    fn memmap2_maps_it() {
        let file = SealedMemFd::new("page", b"hello").unwrap();
        assert_eq!(&to_mmap(&file).unwrap()[..], b"hello");
    }

    #[test]
    fn bytemuck_reads_numbers() {
        let file = SealedMemFd::new("numbers", bytemuck::bytes_of(&[1u32, 2, 3])).unwrap();
        assert_eq!(to_numbers(&file.map().unwrap()), Some(&[1, 2, 3][..]));
        let odd = SealedMemFd::new("odd", b"12345").unwrap();
        assert_eq!(to_numbers(&odd.map().unwrap()), None);
    }

    #[test]
    fn zerocopy_reads_a_header() {
        let file = SealedMemFd::new("message", b"MSG0\x05\0\0\0hello").unwrap();
        let map = file.map().unwrap();
        let (header, rest) = to_header(&map).unwrap();
        assert_eq!((header.magic, header.len.get()), (*b"MSG0", 5));
        assert_eq!(rest, b"hello");
        let short = SealedMemFd::new("short", b"MSG0").unwrap();
        assert!(to_header(&short.map().unwrap()).is_none());
    }

    #[test]
    fn rustix_makes_a_file() {
        assert_eq!(from_rustix("rustix").unwrap().size().unwrap(), 0);
    }

    #[test]
    fn nix_duplicates_a_file() {
        let file = memfd_go::create("nix").unwrap();
        file.set_size(7).unwrap();
        assert_eq!(from_nix(&file).unwrap().size().unwrap(), 7);
    }
}
