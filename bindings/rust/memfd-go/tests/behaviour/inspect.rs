// SPDX-License-Identifier: MIT

use memfd_go::{
    create, create_sealed, inspect, probe, probe_secret, secret, Access, Features, Kind, Seals,
};

use crate::common::*;

#[test]
fn memory_file() {
    isolated(|| {
        let file = create_sealed("looked at", b"abc", Seals::GROW).unwrap();
        let info = file.inspect().unwrap();
        assert_eq!(info.kind(), Kind::MemFd);
        assert_eq!(info.seals(), file.seals().unwrap());
        assert_eq!(info.mode() & libc::S_IFMT, libc::S_IFREG);
        assert_eq!(info.size(), 3);
        assert_eq!(info.huge_page(), None);
        assert_eq!(info.access(), Access::ReadWrite);
        assert_eq!(info.name().to_bytes(), b"looked at");
        let text = format!("{info:?}");
        assert!(
            text.starts_with("Info { kind: MemFd, seals: Seals("),
            "{text}"
        );
    });
}

#[test]
fn other_descriptors() {
    isolated(|| {
        let (reader, writer) = pipe();
        let info = inspect(&reader).unwrap();
        assert_eq!((info.kind(), info.access()), (Kind::Other, Access::Read));
        assert_eq!(inspect(&writer).unwrap().access(), Access::Write);
        let file = create("path").unwrap();
        let path = path_only(&file);
        assert_eq!(inspect(&path).unwrap().access(), Access::None);
        match secret() {
            Ok(file) => assert_eq!(inspect(&file).unwrap().kind(), Kind::Secret),
            Err(_) => skip("there is no memfd_secret(2)"),
        }
    });
}

#[test]
fn kernel_features() {
    isolated(|| {
        let found = probe().unwrap();
        let expected = Features::CREATE | Features::SEALING | Features::PROCFS;
        assert!(found.features.contains(expected), "{found:?}");
        assert!(!found.features.contains(Features::SECRET));
        assert!(found.page_size.is_power_of_two());
        assert!(found.noexec_policy <= 2);
        let has_secret = probe_secret().unwrap().features.contains(Features::SECRET);
        assert_eq!(has_secret, secret().is_ok());
    });
}

#[test]
fn probe_without_free_descriptor() {
    isolated(|| {
        let error = in_child(|| {
            forbid_new_descriptors();
            errno(probe())
        });
        assert_eq!(error, libc::EMFILE);
    });
}
