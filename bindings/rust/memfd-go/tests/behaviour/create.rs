use std::ffi::CStr;
use std::fs;
use std::io::{Read, Seek};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;

use memfd_go::{create, create_sealed, CreateFlags, CreateOptions, MemFd, Seals, NAME_MAX};

use crate::common::*;

/// The name behind "memfd:", as /proc shows it.
fn name_of(file: &MemFd) -> String {
    let link = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap();
    let link = link.to_str().unwrap();
    let name = link.strip_prefix("/memfd:").unwrap();
    name.strip_suffix(" (deleted)").unwrap().to_owned()
}

fn closes_on_exec(file: &MemFd) -> bool {
    // SAFETY: it takes plain values.
    unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETFD) & libc::FD_CLOEXEC != 0 }
}

#[test]
fn by_default_sealable_and_close_on_exec() {
    alone(|| {
        let file = create("plain").unwrap();
        assert!(closes_on_exec(&file));
        assert!(!file.seals().unwrap().contains(Seals::SEAL));
        assert_eq!(file.size().unwrap(), 0);
        assert_eq!(name_of(&file), "plain");
    });
}

#[test]
fn options_turn_both_off() {
    alone(|| {
        let options = CreateOptions::new().close_on_exec(false);
        assert!(!closes_on_exec(&options.create("kept").unwrap()));
        let file = CreateOptions::new().sealable(false).create("not").unwrap();
        // The kernel makes every file sealable that is not executable.
        if !file.seals().unwrap().contains(Seals::EXEC) {
            assert_eq!(errno(file.add_seals(Seals::GROW)), libc::EPERM);
        } else {
            skip("sealable(false): vm.memfd_noexec is set");
        }
    });
}

#[test]
fn executable_or_not() {
    alone(|| {
        let options = CreateOptions::new().sealable(false);
        let file = match options.executable(false).create("not") {
            Err(e) if e.raw_os_error() == Some(libc::EINVAL) => {
                return skip("executable(): before Linux 6.3")
            }
            file => file.unwrap(),
        };
        assert!(file.seals().unwrap().contains(Seals::EXEC));
        assert_eq!(mode(&file) & 0o111, 0);
        match options.executable(true).create("is") {
            Err(e) if e.raw_os_error() == Some(libc::EACCES) => {
                skip("executable(true): vm.memfd_noexec is 2")
            }
            file => assert_eq!(mode(&file.unwrap()) & 0o111, 0o111),
        }
    });
}

fn mode(file: &MemFd) -> u32 {
    file.as_file().metadata().unwrap().mode()
}

#[test]
fn names_of_all_lengths() {
    alone(|| {
        for name in ["", "a/b\nc", "ä", &"x".repeat(NAME_MAX)] {
            assert_eq!(name_of(&create(name).unwrap()), name);
            let file = create_sealed(name, b"", Seals::empty()).unwrap();
            assert_eq!(name_of(&file), name);
        }
    });
}

#[test]
fn bad_names() {
    alone(|| {
        for name in ["a\0b", &"x".repeat(NAME_MAX + 1)] {
            assert_eq!(errno(create(name)), libc::EINVAL);
            let sealed = create_sealed(name, b"", Seals::empty());
            assert_eq!(errno(sealed), libc::EINVAL);
        }
        let long = "x".repeat(NAME_MAX + 1) + "\0";
        let long = CStr::from_bytes_with_nul(long.as_bytes()).unwrap();
        let options = CreateOptions::new();
        assert_eq!(errno(options.create_c_str(long)), libc::EINVAL);
        let sealed = options.create_sealed_c_str(long, b"", Seals::empty());
        assert_eq!(errno(sealed), libc::EINVAL);
    });
}

#[test]
fn names_may_have_any_bytes() {
    alone(|| {
        let name = CStr::from_bytes_with_nul(b"\xff\xfe\0").unwrap();
        let options = CreateOptions::new();
        options.create_c_str(name).unwrap();
        let file = options.create_sealed_c_str(name, b"x", Seals::empty());
        assert_eq!(file.unwrap().size().unwrap(), 1);
    });
}

#[test]
fn bad_flags() {
    alone(|| {
        let unknown = CreateFlags::from_bits_retain(0x8000);
        let both = CreateFlags::EXEC | CreateFlags::NOEXEC_SEAL;
        for flags in [unknown, both] {
            let options = CreateOptions::from_flags(flags);
            assert_eq!(errno(options.create("bad")), libc::EINVAL);
            let sealed = options.create_sealed("bad", b"x", Seals::empty());
            assert_eq!(errno(sealed), libc::EINVAL);
        }
    });
}

#[test]
fn huge_pages_of_a_size_that_does_not_exist() {
    alone(|| {
        let flags = CreateFlags::HUGETLB | CreateFlags::from_bits_retain(3 << 26);
        match errno(CreateOptions::from_flags(flags).create("huge")) {
            libc::ENODEV => {}
            libc::ENOENT | libc::ENOSYS => skip("huge pages: this kernel has none"),
            other => panic!("error {other}"),
        }
    });
}

#[test]
fn too_many_descriptors() {
    alone(|| {
        let error = in_child(|| {
            allow_no_descriptor();
            errno(create("one too many"))
        });
        assert_eq!(error, libc::EMFILE);
        let error = in_child(|| {
            allow_no_descriptor();
            errno(create_sealed("one too many", b"x", Seals::empty()))
        });
        assert_eq!(error, libc::EMFILE);
    });
}

#[test]
fn sealed_copies() {
    alone(|| {
        for len in [0, 1, 4096, 100_000] {
            let data: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let file = create_sealed("copy", &data, Seals::empty()).unwrap();
            assert!(closes_on_exec(&file));
            assert!(file.seals().unwrap().contains(Seals::IMMUTABLE));
            assert_eq!(file.as_file().stream_position().unwrap(), 0);
            let mut copy = Vec::new();
            file.as_file().read_to_end(&mut copy).unwrap();
            assert_eq!(copy, data);
        }
    });
}

#[test]
fn sealed_as_asked() {
    alone(|| {
        let options = CreateOptions::new().sealable(false);
        let file = options.create_sealed("half", b"x", Seals::GROW).unwrap();
        let seals = file.seals().unwrap();
        assert_eq!(seals & Seals::IMMUTABLE, Seals::GROW);
        let unknown = Seals::GROW | Seals::from_bits_retain(0x8000);
        assert_eq!(errno(create_sealed("bad", b"x", unknown)), libc::EINVAL);
    });
}

#[test]
fn sealed_copy_over_the_file_size_limit() {
    alone(|| {
        let error = in_child(|| {
            allow_file_size(10);
            errno(create_sealed("long", &[0; 11], Seals::empty()))
        });
        assert_eq!(error, libc::EFBIG);
    });
}
