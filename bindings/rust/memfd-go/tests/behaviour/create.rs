// SPDX-License-Identifier: MIT

use std::ffi::CStr;
use std::fs;
use std::io::{Read, Seek, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;

use memfd_go::{
    create, create_sealed, probe, Access, CreateFlags, CreateOptions, MemFd, SealedMemFd, Seals,
    NAME_MAX,
};

use crate::common::*;

/// Returns the name after "memfd:", as /proc shows it.
fn name_of(file: &MemFd) -> String {
    let link = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap();
    let link = link.to_str().unwrap();
    let name = link.strip_prefix("/memfd:").unwrap();
    name.strip_suffix(" (deleted)").unwrap().to_owned()
}

fn closes_on_exec(file: &MemFd) -> bool {
    // SAFETY: the function takes no pointers.
    unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETFD) & libc::FD_CLOEXEC != 0 }
}

#[test]
fn defaults() {
    isolated(|| {
        let file = create("plain").unwrap();
        assert!(closes_on_exec(&file));
        assert!(!file.seals().unwrap().contains(Seals::SEAL));
        assert_eq!(mode(&file) & 0o111, 0);
        assert_eq!(file.size().unwrap(), 0);
        assert_eq!(name_of(&file), "plain");
        let file = create_sealed("sealed", b"x", Seals::empty()).unwrap();
        assert_eq!(mode(&file) & 0o111, 0);
    });
}

#[test]
fn options_override_defaults() {
    isolated(|| {
        let options = CreateOptions::new().close_on_exec(false);
        assert!(!closes_on_exec(&options.create("kept").unwrap()));
        let file = CreateOptions::new().sealable(false).create("not").unwrap();
        assert_eq!(errno(file.add_seals(Seals::GROW)), libc::EPERM);
        assert!(file.seals().unwrap().contains(Seals::SEAL));
    });
}

#[test]
fn size_mode_and_seals() {
    isolated(|| {
        let options = CreateOptions::new().size(5000).mode(0o600);
        let file = options.seals(Seals::WRITE).create("all").unwrap();
        assert_eq!(file.size().unwrap(), 5000);
        assert_eq!(mode(&file) & 0o777, 0o600);
        assert!(file.seals().unwrap().contains(Seals::WRITE));
        assert_eq!(errno(options.mode(0o700).create("bad")), libc::EINVAL);
        assert_eq!(errno(options.size(u64::MAX).create("bad")), libc::EINVAL);
        // create_sealed() sets size and seals itself.
        for options in [options, CreateOptions::new().seals(Seals::GROW)] {
            let file = options.create_sealed("bad", b"x", Seals::empty());
            assert_eq!(errno(file), libc::EINVAL);
        }
    });
}

#[test]
fn executable() {
    isolated(|| {
        let not = CreateOptions::new().executable(false);
        match not.strict_noexec(true).create("not") {
            Err(e) if e.raw_os_error() == Some(libc::EOPNOTSUPP) => {
                skip("NOEXEC_SEAL: before Linux 6.3")
            }
            file => assert!(file.unwrap().seals().unwrap().contains(Seals::EXEC)),
        };
        match CreateOptions::new().executable(true).create("is") {
            Err(e) if e.raw_os_error() == Some(libc::EACCES) => {
                skip("executable(true): vm.memfd_noexec is 2")
            }
            file => assert_eq!(mode(&file.unwrap()) & 0o111, 0o111),
        }
    });
}

/// Before Linux 6.3 permissions take the place of the flags.
#[test]
fn emulated_on_old_kernels() {
    if !can_filter() {
        return skip("there is no seccomp(2)");
    }
    isolated(|| {
        if probe().unwrap().noexec_policy > 0 {
            return skip("vm.memfd_noexec is set: no older kernel can be played here");
        }
        let source = create_sealed("source", b"contents", Seals::empty()).unwrap();
        let code = in_child(|| {
            refuse_new_flags();
            let default = CreateOptions::new();
            let files = [
                default.create("empty"),
                default.create_sealed("sealed", b"x", Seals::empty()),
                default.create_copy("copy", &source, 100, Seals::empty()),
            ];
            for file in files {
                let file = file.unwrap();
                let bits = mode(&file) & 0o111;
                if bits != 0 || file.seals().unwrap().contains(Seals::EXEC) {
                    return 1;
                }
            }
            let program = default.executable(true);
            let program = program.create_sealed("program", b"x", Seals::empty());
            if mode(&program.unwrap()) & 0o111 != 0o111 {
                return 2;
            }
            let strict = default.strict_noexec(true);
            let sealed = strict.create_sealed("sealed", b"x", Seals::empty());
            if errno(sealed) != libc::EOPNOTSUPP || errno(strict.create("x")) != libc::EOPNOTSUPP {
                return 3;
            }
            let bad = default.create_sealed("bad", b"x", Seals::from_bits_retain(0x8000));
            match errno(bad) {
                libc::EINVAL => 0,
                _ => 4,
            }
        });
        assert_eq!(code, 0);
    });
}

#[test]
fn copy_of_file() {
    isolated(|| {
        let source = create("source").unwrap();
        source.as_file().write_all(b"contents").unwrap();
        let options = CreateOptions::new();
        let copy = options.create_copy("copy", &source, 8, Seals::empty());
        let copy = SealedMemFd::try_from(copy.unwrap()).unwrap();
        assert_eq!(&copy.map().unwrap()[..], b"contents");
        let copy = SealedMemFd::copy("copy", &source, 8).unwrap();
        assert!(copy.seals().unwrap().contains(Seals::IMMUTABLE));
        let long = SealedMemFd::copy("copy", &source, 7);
        assert_eq!(errno(long), libc::EFBIG);
        let pipe = SealedMemFd::copy("copy", pipe().0, 7);
        assert_eq!(errno(pipe), libc::EINVAL);
    });
}

#[test]
fn huge_page_sizes() {
    let flags = |size| CreateOptions::from_flags(CreateFlags::empty()).huge_page_size(size);
    assert_eq!(flags(0).unwrap().flags(), CreateFlags::HUGETLB);
    let of_2_mib = CreateFlags::HUGETLB | CreateFlags::from_bits_retain(21 << 26);
    assert_eq!(flags(2 << 20).unwrap().flags(), of_2_mib);
    let changed = flags(1 << 30).unwrap().huge_page_size(2 << 20).unwrap();
    assert_eq!(changed.flags(), of_2_mib);
    for size in [1, 3, u64::MAX] {
        assert_eq!(errno(flags(size)), libc::EINVAL);
    }
}

#[test]
fn reopened() {
    isolated(|| {
        let file = create_sealed("read", b"abc", Seals::GROW).unwrap();
        let reader = file.reopen(Access::Read).unwrap();
        assert!(closes_on_exec(&reader));
        assert_eq!(errno(reader.set_size(1)), libc::EINVAL);
        let writer = reader.reopen(Access::ReadWrite).unwrap();
        writer.set_size(1).unwrap();
        let path = writer.reopen(Access::None).unwrap();
        assert_eq!(errno(path.seals()), libc::EBADF);
        assert_eq!(path.size().unwrap(), 1);
    });
}

fn mode(file: &MemFd) -> u32 {
    file.as_file().metadata().unwrap().mode()
}

#[test]
fn names_of_all_lengths() {
    isolated(|| {
        for name in ["", "a/b\nc", "ä", &"x".repeat(NAME_MAX)] {
            assert_eq!(name_of(&create(name).unwrap()), name);
            let file = create_sealed(name, b"", Seals::empty()).unwrap();
            assert_eq!(name_of(&file), name);
        }
    });
}

#[test]
fn invalid_names() {
    isolated(|| {
        for name in ["a\0b", &"x".repeat(NAME_MAX + 1)] {
            assert_eq!(errno(create(name)), libc::EINVAL);
            let sealed = create_sealed(name, b"", Seals::empty());
            assert_eq!(errno(sealed), libc::EINVAL);
        }
        let long = "x".repeat(NAME_MAX + 1) + "\0";
        let long = CStr::from_bytes_with_nul(long.as_bytes()).unwrap();
        let options = CreateOptions::new();
        assert_eq!(errno(options.create(long)), libc::EINVAL);
        let sealed = options.create_sealed(long, b"", Seals::empty());
        assert_eq!(errno(sealed), libc::EINVAL);
    });
}

#[test]
fn names_with_any_bytes() {
    isolated(|| {
        let name = CStr::from_bytes_with_nul(b"\xff\xfe\0").unwrap();
        let options = CreateOptions::new();
        options.create(name).unwrap();
        let file = options.create_sealed(name, b"x", Seals::empty());
        assert_eq!(file.unwrap().size().unwrap(), 1);
    });
}

#[test]
fn invalid_flags() {
    isolated(|| {
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
fn nonexistent_huge_page_size() {
    isolated(|| {
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
    isolated(|| {
        let error = in_child(|| {
            forbid_new_descriptors();
            errno(create("one too many"))
        });
        assert_eq!(error, libc::EMFILE);
        let error = in_child(|| {
            forbid_new_descriptors();
            errno(create_sealed("one too many", b"x", Seals::empty()))
        });
        assert_eq!(error, libc::EMFILE);
    });
}

#[test]
fn sealed_copies() {
    isolated(|| {
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
fn requested_seals() {
    isolated(|| {
        let options = CreateOptions::new().sealable(false);
        let file = options.create_sealed("half", b"x", Seals::GROW).unwrap();
        let seals = file.seals().unwrap();
        assert_eq!(seals & Seals::IMMUTABLE, Seals::GROW | Seals::SEAL);
        let unknown = Seals::GROW | Seals::from_bits_retain(0x8000);
        assert_eq!(errno(create_sealed("bad", b"x", unknown)), libc::EINVAL);
    });
}

#[test]
fn sealed_copy_over_file_size_limit() {
    isolated(|| {
        let error = in_child(|| {
            limit_file_size(10);
            errno(create_sealed("long", &[0; 11], Seals::empty()))
        });
        assert_eq!(error, libc::EFBIG);
    });
}
