// SPDX-License-Identifier: MIT

use memfd_go::{errname, version, version_string, Version};

use crate::common::isolated;

#[test]
fn version_matches_the_header() {
    isolated(|| {
        assert_eq!(version(), Version::HEADER);
        assert_eq!(version_string(), Version::HEADER.to_string());
    });
}

#[test]
fn versions_are_in_order() {
    let version = |major, minor, patch| Version {
        major,
        minor,
        patch,
    };
    assert!(version(1, 0, 255) < version(1, 1, 0));
    assert!(version(1, 255, 255) < version(2, 0, 0));
    assert_eq!(version(1, 2, 3).to_string(), "1.2.3");
}

#[test]
fn errname_accepts_both_signs() {
    isolated(|| {
        assert_eq!(errname(libc::EBUSY), "EBUSY");
        assert_eq!(errname(-libc::EBUSY), "EBUSY");
        assert_eq!(errname(libc::EWOULDBLOCK), "EAGAIN");
        for unknown in [0, 4096, -4096, i32::MAX, i32::MIN] {
            assert_eq!(errname(unknown), "E?");
        }
    });
}
