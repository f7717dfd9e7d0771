// SPDX-License-Identifier: MIT

use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::thread;

use memfd_go::{
    inspect, probe, secret, set_size, wipe, Kind, SecretBuf, SecretKind, SecretOptions,
};

use crate::common::*;

/// Returns the permissions of the memory at an address, such as "rw-s".
fn access(address: usize) -> String {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    for line in maps.lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        let (start, end) = range.split_once('-').unwrap();
        let number = |text| usize::from_str_radix(text, 16).unwrap();
        if (number(start)..number(end)).contains(&address) {
            return rest[..2].to_owned();
        }
    }
    panic!("nothing is at {address:#x}");
}

/// Options with and without memfd_secret(2).
fn both() -> [SecretOptions; 2] {
    [SecretOptions::new(), SecretOptions::new().secretmem(false)]
}

#[test]
fn accessible_only_through_guards() {
    isolated(|| {
        for options in both() {
            let mut secret = options.allocate(100).unwrap();
            assert_eq!(secret.len(), 100);
            let address = {
                let mut guard = secret.write().unwrap();
                assert_eq!(&guard[..], [0; 100]);
                guard.fill(7);
                assert_eq!(access(guard.as_ptr() as usize), "rw");
                guard.as_ptr() as usize
            };
            assert_eq!(access(address), "--");
            let one = secret.read().unwrap();
            let two = secret.read().unwrap();
            assert_eq!(access(address), "r-");
            drop(one);
            assert_eq!(&two[..], [7; 100]);
            drop(two);
            assert_eq!(access(address), "--");
        }
    });
}

#[test]
fn leaked_guards_are_harmless() {
    isolated(|| {
        let mut secret = SecretBuf::new(10).unwrap();
        std::mem::forget(secret.read().unwrap());
        std::mem::forget(secret.write().unwrap());
        secret.write().unwrap().fill(1);
        assert_eq!(&secret.read().unwrap()[..], [1; 10]);
        std::mem::forget(secret.read().unwrap());
        let address = secret.read().unwrap().as_ptr() as usize;
        assert_eq!(access(address), "r-");
        drop(secret.write().unwrap());
        assert_eq!(access(address), "--");
        std::mem::forget(secret.read().unwrap());
        secret.relock().unwrap();
        assert_eq!(access(address), "--");
        assert_eq!(secret.read().unwrap()[0], 1);
    });
}

#[test]
fn kinds() {
    isolated(|| {
        let kind = SecretBuf::new(1).unwrap().kind();
        match SecretOptions::new().require_secretmem(true).allocate(1) {
            Ok(secret) => {
                assert_eq!(
                    (secret.kind(), kind),
                    (SecretKind::SecretMem, secret.kind())
                )
            }
            Err(_) => assert_eq!(kind, SecretKind::Locked),
        }
        let options = SecretOptions::new().secretmem(false);
        assert_eq!(options.allocate(1).unwrap().kind(), SecretKind::Locked);
        let code = in_child(|| {
            forbid_locked_memory();
            let refused = errno(options.allocate(1));
            let unlocked = options.allow_unlocked(true).allocate(1).unwrap();
            match (refused, unlocked.kind()) {
                (libc::EPERM | libc::ENOMEM | libc::EAGAIN, SecretKind::Unlocked) => 0,
                _ => 1,
            }
        });
        assert_eq!(code, 0);
    });
}

#[test]
fn invalid_arguments() {
    isolated(|| {
        let default = SecretOptions::new();
        for len in [0, usize::MAX, isize::MAX as usize + 1] {
            assert_eq!(errno(default.allocate(len)), libc::EINVAL);
        }
        // Options that share the memory need the unsafe functions.
        for options in [default.keep_fd(true), default.share_with_children(true)] {
            assert_eq!(errno(options.allocate(1)), libc::EINVAL);
        }
        let contradiction = default.require_secretmem(true).secretmem(false);
        assert_eq!(errno(contradiction.allocate(1)), libc::EINVAL);
        assert_eq!(default.keep_fd(true).keep_fd(false), default);
        // SAFETY: the call fails.
        let attached = unsafe { default.attach(pipe().0, 1 << 20) };
        assert_eq!(errno(attached), libc::EINVAL);
    });
}

#[test]
fn next_to_the_guard_page() {
    isolated(|| {
        let secret = SecretOptions::new().align_end(true).allocate(10).unwrap();
        let guard = secret.read().unwrap();
        let end = guard.as_ptr() as usize + 10;
        assert_eq!(end % 4096, 0);
        assert_eq!(access(end), "--");
        assert_eq!(access(end - 1), "r-");
    });
}

#[test]
fn take_wipes_the_source() {
    isolated(|| {
        let mut source = *b"secret";
        let secret = SecretBuf::take(&mut source).unwrap();
        assert_eq!(source, [0; 6]);
        assert_eq!(&secret.read().unwrap()[..], b"secret");
        assert_eq!(errno(SecretBuf::take(&mut [])), libc::EINVAL);
        wipe(&mut []);
    });
}

#[test]
fn debug_hides_contents() {
    isolated(|| {
        let mut secret = SecretOptions::new().secretmem(false).allocate(4).unwrap();
        secret.write().unwrap().copy_from_slice(b"\x01\x02\x03\x04");
        let text = "SecretBuf { kind: Locked, len: 4, .. }";
        assert_eq!(format!("{secret:?}"), text);
        let guard = format!("{:?}", secret.read().unwrap());
        assert_eq!(guard, format!("SecretRead({text})"));
        let guard = format!("{:?}", secret.write().unwrap());
        assert_eq!(guard, format!("SecretWrite({text})"));
    });
}

#[test]
fn threads_read_at_once() {
    isolated(|| {
        let mut secret = SecretBuf::new(32).unwrap();
        secret.write().unwrap().fill(5);
        let secret = Arc::new(secret);
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let secret = Arc::clone(&secret);
                thread::spawn(move || {
                    for _ in 0..200 {
                        assert_eq!(&secret.read().unwrap()[..], [5; 32]);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// Dropping in the child must not access memory that may be mapped in place of the secret.
#[test]
fn child_does_not_have_the_secret() {
    isolated(|| {
        for options in both() {
            let mut secret = options.allocate(10).unwrap();
            secret.write().unwrap().fill(9);
            let code = in_child(|| {
                let refused = errno(secret.read());
                // SAFETY: the child does not use the copy again; the parent has its own.
                drop(unsafe { std::ptr::read(&secret) });
                if refused != libc::EFAULT {
                    return 1;
                }
                // A secret that the child allocates belongs to the child, not to its children.
                let own = SecretBuf::new(10).unwrap();
                if own.read().is_err() {
                    return 2;
                }
                in_child(|| (errno(own.read()) != libc::EFAULT) as i32)
            });
            assert_eq!(code, 0);
            assert_eq!(&secret.read().unwrap()[..], [9; 10]);
        }
    });
}

#[test]
fn child_shares_the_secret_on_request() {
    isolated(|| {
        for options in both() {
            let options = options.share_with_children(true);
            // SAFETY: the child has exited before the parent reads.
            let mut secret = unsafe { options.allocate_shared(10) }.unwrap();
            let code = in_child(|| {
                secret.write().unwrap().fill(3);
                0
            });
            assert_eq!(code, 0);
            assert_eq!(&secret.read().unwrap()[..], [3; 10]);
        }
    });
}

#[test]
fn other_process_attaches() {
    isolated(|| {
        let options = SecretOptions::new().keep_fd(true);
        // The length of a secret file is a multiple of the page size.
        let page = probe().unwrap().page_size as usize;
        // SAFETY: there is only one guard at a time.
        let mut secret = unsafe { options.allocate_shared(page) }.unwrap();
        let Some(fd) = secret.fd() else {
            return skip("there is no memfd_secret(2)");
        };
        assert_eq!(inspect(fd).unwrap().kind(), Kind::Secret);
        // SAFETY: see above.
        let mut other = unsafe { options.attach(fd, 1 << 20) }.unwrap();
        assert_ne!(other.fd().unwrap().as_raw_fd(), fd.as_raw_fd());
        assert_eq!(other.len(), page);
        other.write().unwrap().fill(8);
        drop(other); // It does not wipe.
        assert_eq!(secret.read().unwrap()[..], vec![8; page]);
        secret.write().unwrap().fill(9);
    });
}

#[test]
fn attached_files_must_have_a_size() {
    isolated(|| {
        let Ok(file) = secret() else {
            return skip("there is no memfd_secret(2)");
        };
        let options = SecretOptions::new();
        // SAFETY: no other process has the file.
        assert_eq!(
            errno(unsafe { options.attach(&file, 1 << 20) }),
            libc::ENODATA
        );
        set_size(&file, 5).unwrap();
        // SAFETY: see above.
        let secret = unsafe { options.attach(&file, 1 << 20) }.unwrap();
        assert_eq!(secret.len(), 5);
        assert!(secret.fd().is_none());
    });
}

#[test]
fn attach_refuses_long_files() {
    isolated(|| {
        let Ok(file) = secret() else { return };
        set_size(&file, 8192).unwrap();
        let options = SecretOptions::new();
        // SAFETY: no other process has the file.
        assert_eq!(errno(unsafe { options.attach(&file, 8191) }), libc::EFBIG);
        // SAFETY: see above.
        assert_eq!(unsafe { options.attach(&file, 8192) }.unwrap().len(), 8192);
    });
}

#[test]
fn secrets_are_compared() {
    isolated(|| {
        let secret = SecretBuf::take(&mut *b"tag".to_owned().as_mut()).unwrap();
        assert!(secret.equals(b"tag").unwrap());
        assert!(!secret.equals(b"tug").unwrap() && !secret.equals(b"tags").unwrap());
    });
}

#[test]
fn child_relocks_a_shared_secret() {
    isolated(|| {
        let options = SecretOptions::new()
            .secretmem(false)
            .share_with_children(true);
        // SAFETY: the processes access the memory one after the other.
        let mut secret = unsafe { options.allocate_shared(32) }.unwrap();
        secret.write().unwrap()[0] = 7;
        let code = in_child(|| {
            let locked = secret.relock().is_ok() && secret.kind() == SecretKind::Locked;
            i32::from(!(locked && secret.read().map_or(false, |bytes| bytes[0] == 7)))
        });
        assert_eq!(code, 0);
    });
}
