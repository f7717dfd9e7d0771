// SPDX-License-Identifier: MIT

use std::ffi::CStr;
use std::io;

use memfd_go::{
    add_seals, check_seals, create, create_sealed, ensure_seals, get_seals, secret, MapFlags,
    MapMut, SealStyle, Seals, SealsError,
};

use crate::common::*;

const UNKNOWN: Seals = Seals::from_bits_retain(0x8000_0000);

/// Returns the missing seals, if that is the error.
fn missing(result: Result<(), SealsError>) -> Option<Seals> {
    match result {
        Err(SealsError::Missing(seals)) => Some(seals),
        _ => None,
    }
}

#[test]
fn add_and_get() {
    isolated(|| {
        let file = create("sealed").unwrap();
        for seal in [Seals::SHRINK, Seals::GROW, Seals::WRITE, Seals::SEAL] {
            assert!(!file.seals().unwrap().contains(seal));
            file.add_seals(seal).unwrap();
            assert!(file.seals().unwrap().contains(seal));
        }
    });
}

#[test]
fn add_is_all_or_nothing() {
    isolated(|| {
        let file = create("unknown").unwrap();
        let before = file.seals().unwrap();
        let error = file.add_seals(Seals::GROW | UNKNOWN);
        assert_eq!(errno(error), libc::EINVAL);
        let error = file.ensure_seals(Seals::GROW | UNKNOWN);
        assert_eq!(errno(error), libc::EINVAL);
        assert_eq!(file.seals().unwrap(), before);
    });
}

#[test]
fn ensure_adds_what_is_missing() {
    isolated(|| {
        let file = create("ensured").unwrap();
        file.ensure_seals(Seals::SHRINK).unwrap();
        file.ensure_seals(Seals::SHRINK | Seals::GROW).unwrap();
        file.check_seals(Seals::SHRINK | Seals::GROW).unwrap();
        file.add_seals(Seals::SEAL).unwrap();
        file.ensure_seals(Seals::SHRINK).unwrap();
        assert_eq!(errno(file.add_seals(Seals::SHRINK)), libc::EPERM);
        assert_eq!(errno(file.ensure_seals(Seals::WRITE)), libc::EPERM);
    });
}

#[test]
fn read_only_descriptor_shows_seals() {
    isolated(|| {
        let file = create_sealed("read", b"x", Seals::IMMUTABLE).unwrap();
        let file = reopen(&file, &read_only());
        assert!(get_seals(&file).unwrap().contains(Seals::IMMUTABLE));
        ensure_seals(&file, Seals::WRITE).unwrap();
        check_seals(&file, Seals::WRITE).unwrap();
        assert_eq!(errno(add_seals(&file, Seals::WRITE)), libc::EPERM);
    });
}

#[test]
fn check_names_missing_seals() {
    isolated(|| {
        let file = create("checked").unwrap();
        file.add_seals(Seals::GROW).unwrap();
        file.check_seals(Seals::empty()).unwrap();
        file.check_seals(Seals::GROW).unwrap();
        let lacks = missing(file.check_seals(Seals::GROW | Seals::WRITE | UNKNOWN));
        assert_eq!(lacks, Some(Seals::WRITE | UNKNOWN));

        let as_io_error = || -> io::Result<()> { Ok(file.check_seals(Seals::WRITE)?) };
        assert_eq!(errno(as_io_error()), libc::EKEYREJECTED);
    });
}

#[test]
fn future_write_is_not_write() {
    isolated(|| {
        let file = create("future").unwrap();
        if file.add_seals(Seals::FUTURE_WRITE).is_err() {
            return skip("FUTURE_WRITE: before Linux 5.1");
        }
        assert_eq!(missing(file.check_seals(Seals::WRITE)), Some(Seals::WRITE));
        let file = create_sealed("write", b"", Seals::WRITE).unwrap();
        let lacks = missing(file.check_seals(Seals::FUTURE_WRITE));
        assert_eq!(lacks, Some(Seals::FUTURE_WRITE));
    });
}

#[test]
fn writable_mapping_prevents_sealing() {
    isolated(|| {
        let file = create("busy").unwrap();
        file.set_size(1).unwrap();
        // SAFETY: no slice of the mapping is created.
        let map = unsafe { MapMut::new(&file, MapFlags::empty(), 0, 1) }.unwrap();
        assert_eq!(errno(file.add_seals(Seals::WRITE)), libc::EBUSY);
        assert_eq!(errno(file.ensure_seals(Seals::WRITE)), libc::EBUSY);
        drop(map);
        file.ensure_seals(Seals::WRITE).unwrap();
    });
}

#[test]
fn descriptors_without_seals() {
    isolated(|| {
        let file = create("path").unwrap();
        no_seals(path_only(&file), libc::EBADF);
        no_seals(pipe().1, libc::EINVAL);
        match secret() {
            Ok(file) => no_seals(file, libc::EINVAL),
            Err(_) => skip("seals of a secret file: there is no memfd_secret(2)"),
        }
    });
}

fn no_seals(fd: impl std::os::fd::AsFd, error: i32) {
    assert_eq!(errno(get_seals(&fd)), error);
    assert_eq!(errno(add_seals(&fd, Seals::GROW)), error);
    assert_eq!(errno(ensure_seals(&fd, Seals::GROW)), error);
    match check_seals(&fd, Seals::GROW) {
        Err(SealsError::Os(e)) => assert_eq!(e.raw_os_error(), Some(error)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn text_in_all_styles() {
    isolated(|| {
        let seals = Seals::from_bits_retain(0x3f);
        let names = "SEAL GROW WRITE FUTURE_WRITE SHRINK EXEC";
        assert_eq!(seals.to_string(), names);
        assert_eq!(seals.display(SealStyle::Names).to_string(), names);
        assert_eq!(seals.display(SealStyle::Hex).to_string(), "0x3f");
        assert_eq!(seals.display(SealStyle::Letters).to_string(), "SgwWsx");
        for (seal, letter) in [
            (Seals::SHRINK, "s"),
            (Seals::GROW, "g"),
            (Seals::WRITE, "w"),
            (Seals::FUTURE_WRITE, "W"),
            (Seals::SEAL, "S"),
            (Seals::EXEC, "x"),
        ] {
            assert_eq!(seal.display(SealStyle::Letters).to_string(), letter);
            assert_eq!(letter.parse::<Seals>().unwrap(), seal);
        }
    });
}

#[test]
fn text_of_unknown_seals() {
    isolated(|| {
        let seals = Seals::WRITE | Seals::from_bits_retain(0x40);
        assert_eq!(seals.to_string(), "WRITE 0x40");
        assert_eq!(seals.display(SealStyle::Letters).to_string(), "w 0x40");
        assert_eq!(Seals::empty().to_string(), "");
        assert_eq!(Seals::empty().display(SealStyle::Hex).to_string(), "0x0");
        assert_eq!(
            format!("{:>6}|{:<6}|", Seals::GROW, Seals::WRITE),
            "  GROW|WRITE |"
        );
    });
}

#[test]
fn text_round_trip() {
    isolated(|| {
        let masks = (0..0x80).chain([0x8000_0000, u32::MAX]);
        for seals in masks.map(Seals::from_bits_retain) {
            for style in [SealStyle::Names, SealStyle::Letters, SealStyle::Hex] {
                let text = seals.display(style).to_string();
                assert_eq!(text.parse::<Seals>().unwrap(), seals, "{text:?}");
            }
        }
    });
}

#[test]
fn valid_text() {
    isolated(|| {
        for (text, seals) in [
            ("", Seals::empty()),
            ("none", Seals::empty()),
            ("immutable", Seals::IMMUTABLE),
            ("F_SEAL_WRITE|F_SEAL_GROW", Seals::WRITE | Seals::GROW),
            (
                " write,\tshrink + 0x20",
                Seals::WRITE | Seals::SHRINK | Seals::EXEC,
            ),
            ("sw", Seals::SHRINK | Seals::WRITE),
        ] {
            assert_eq!(text.parse::<Seals>().unwrap(), seals, "{text:?}");
        }
        let text = CStr::from_bytes_with_nul(b"GROW\0").unwrap();
        assert_eq!(Seals::parse(text).unwrap(), Seals::GROW);
    });
}

#[test]
fn invalid_text() {
    isolated(|| {
        for text in ["q", "WRITE,what", "0x", "0x123456789", "WRITES", "sw\0"] {
            assert_eq!(errno(text.parse::<Seals>()), libc::EINVAL, "{text:?}");
        }
        let text = CStr::from_bytes_with_nul(b"\xff\0").unwrap();
        assert_eq!(errno(Seals::parse(text)), libc::EINVAL);
    });
}
