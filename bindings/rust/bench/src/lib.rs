//! The same work by this library and by libc.

use std::ffi::CStr;
use std::hint::black_box;
use std::os::fd::{AsRawFd, OwnedFd};

use memfd_go::{CreateOptions, Seals};

/// What is measured: a function that is called with a sealed file.
pub type Work = fn(&OwnedFd);

/// A name, the work by libc, and by this library.
pub const ALL: [(&str, Work, Work); 2] = [
    ("create+close", libc_create, our_create),
    ("get_seals", libc_get_seals, our_get_seals),
];

const NAME: &[u8] = b"bench\0";

/// memfd_create(2) and close(2) with the flags that are the default here.
fn libc_create(_: &OwnedFd) {
    let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING | libc::MFD_NOEXEC_SEAL;
    // SAFETY: the name ends with a NUL, and the descriptor is nobody else's.
    unsafe {
        let fd = libc::memfd_create(NAME.as_ptr().cast(), flags);
        assert!(fd >= 0);
        libc::close(black_box(fd));
    }
}

fn our_create(_: &OwnedFd) {
    let name = CStr::from_bytes_with_nul(NAME).expect("it ends with a NUL");
    let file = CreateOptions::new().create_c_str(name);
    drop(black_box(file.expect("create")));
}

fn libc_get_seals(fd: &OwnedFd) {
    // SAFETY: it takes plain values.
    let seals = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GET_SEALS) };
    assert!(black_box(seals) >= 0);
}

fn our_get_seals(fd: &OwnedFd) {
    black_box(memfd_go::get_seals(fd).expect("get_seals"));
}

/// A file for the work that needs one.
pub fn file() -> OwnedFd {
    let file = memfd_go::create_sealed("bench", b"contents", Seals::IMMUTABLE);
    file.expect("create_sealed").into()
}
