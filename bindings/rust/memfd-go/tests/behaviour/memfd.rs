// SPDX-License-Identifier: MIT

//! MemFd implements the traits of std::fs::File.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::{AsRawFd, OwnedFd};

use memfd_go::{create, create_sealed, secret, CreateOptions, MemFd, SealedMemFd, Seals};

use crate::common::isolated;

#[test]
fn reads_writes_and_seeks() {
    isolated(|| {
        let mut file = create("notes").unwrap();
        file.write_all(b"one two").unwrap();
        assert_eq!(file.seek(SeekFrom::Start(4)).unwrap(), 4);
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "two");

        // The same through a shared reference, as with std::fs::File.
        let shared = &file;
        (&mut &*shared).seek(SeekFrom::Start(0)).unwrap();
        (&mut &*shared).write_all(b"ONE").unwrap();
        (&mut &*shared).rewind().unwrap();
        let mut bytes = Vec::new();
        (&mut &*shared).read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"ONE two");
    });
}

#[test]
fn clone_shares_the_offset() {
    isolated(|| {
        let mut file = create("shared").unwrap();
        let mut other = file.try_clone().unwrap();
        assert_ne!(file.as_raw_fd(), other.as_raw_fd());
        file.write_all(b"12345").unwrap();
        assert_eq!(other.stream_position().unwrap(), 5);
        // SAFETY: the descriptor is open.
        let flags = unsafe { libc::fcntl(other.as_raw_fd(), libc::F_GETFD) };
        assert_eq!(flags & libc::FD_CLOEXEC, libc::FD_CLOEXEC);
    });
}

#[test]
fn memory_files_are_accepted() {
    isolated(|| {
        let sealable = create("plain").unwrap();
        let unsealable = CreateOptions::new().sealable(false).create("u").unwrap();
        for file in [sealable, unsealable] {
            MemFd::try_from(OwnedFd::from(file)).unwrap();
        }
        if let Ok(fd) = secret() {
            MemFd::try_from(fd).unwrap();
        }
    });
}

#[test]
fn other_files_are_returned() {
    isolated(|| {
        for path in ["/dev/null", "/proc/self/status", "/"] {
            let file = File::open(path).unwrap();
            let number = file.as_raw_fd();
            let refused = MemFd::try_from(file).unwrap_err();
            let error = std::error::Error::source(&refused).unwrap();
            assert!(error.to_string().contains("os error 22"), "{path}: {error}");
            assert_eq!(refused.into_fd().as_raw_fd(), number);
        }
    });
}

#[test]
fn names_of_any_type() {
    isolated(|| {
        let c_string = CString::new("c").unwrap();
        let c_str: &CStr = &c_string;
        let string = String::from("text");
        create(&string).unwrap();
        create(string).unwrap();
        create(c_str).unwrap();
        create(&c_string).unwrap();
        SealedMemFd::new(c_str, b"x").unwrap();
        create_sealed(c_string, b"x", Seals::empty()).unwrap();
    });
}

#[test]
fn sealed_map_iterates_by_reference() {
    isolated(|| {
        let map = SealedMemFd::new("abc", b"abc").unwrap().map().unwrap();
        let mut bytes = Vec::new();
        for byte in &map {
            bytes.push(*byte);
        }
        assert_eq!(bytes, b"abc");
    });
}
