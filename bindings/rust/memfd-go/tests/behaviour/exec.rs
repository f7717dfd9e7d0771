// SPDX-License-Identifier: MIT

use std::ffi::CStr;
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::fd::AsRawFd;

use memfd_go::{create_sealed, exec, exec_c, CreateOptions, ExecArg, ExecFlags, MemFd, Seals};

use crate::common::*;

/// Creates an executable file with the given contents.
fn program(text: &[u8]) -> Option<MemFd> {
    let options = CreateOptions::new().executable(true);
    match options.create_sealed("program", text, Seals::IMMUTABLE) {
        Err(e) if e.raw_os_error() == Some(libc::EACCES) => {
            skip("programs in memory: vm.memfd_noexec is 2");
            None
        }
        file => Some(file.unwrap()),
    }
}

/// Runs a program in a child, and returns its status and its output.
fn run(exec: impl FnOnce() -> std::io::Error) -> (i32, String) {
    let (reader, writer) = pipe();
    let code = in_child(|| {
        // SAFETY: the function takes no pointers.
        unsafe { libc::dup2(writer.as_raw_fd(), 1) };
        exec().raw_os_error().unwrap_or(255)
    });
    drop(writer);
    let mut text = String::new();
    File::from(reader).read_to_string(&mut text).unwrap();
    (code, text)
}

#[test]
fn script() {
    isolated(|| {
        let text = b"#!/bin/sh\necho \"$0: $1, $GREETING\"\nexit 7\n";
        let Some(script) = program(text) else { return };
        let (code, text) = run(|| {
            let environment = [("GREETING", "hello")];
            exec(&script, ["script", "one"], environment, ExecFlags::KEEP_FD)
        });
        assert_eq!(code, 7, "{text}");
        assert!(text.ends_with(": one, hello\n"), "{text}");
    });
}

#[test]
fn copied_program() {
    isolated(|| {
        let options = CreateOptions::new().executable(true);
        let disk = OpenOptions::new().read(true).open("/bin/sh").unwrap();
        let copy = options.create_copy("sh", &disk, 1 << 26, Seals::IMMUTABLE);
        let Ok(copy) = copy else {
            return skip("programs in memory: vm.memfd_noexec is 2");
        };
        let c = |text: &'static [u8]| CStr::from_bytes_with_nul(text).unwrap();
        let arguments = [
            ExecArg::new(c(b"sh\0")),
            ExecArg::from(c(b"-c\0")),
            ExecArg::new(c(b"echo $A\0")),
            ExecArg::END,
        ];
        let environment = [ExecArg::new(c(b"A=b\0")), ExecArg::END];
        let result = run(|| exec_c(&copy, &arguments, &environment, ExecFlags::empty()));
        if result.0 == libc::ENOEXEC {
            return skip("the kernel cannot execute programs of this architecture");
        }
        assert_eq!(result, (0, String::from("b\n")));
    });
}

#[test]
fn invalid_arguments() {
    isolated(|| {
        let none: [(&str, &str); 0] = [];
        let errno =
            |fd: &MemFd, argument, flags| exec(fd, [argument], none, flags).raw_os_error().unwrap();
        let text = create_sealed("text", b"#!/bin/sh\n", Seals::empty()).unwrap();
        let empty = ExecFlags::empty();
        assert_eq!(errno(&text, "x", empty), libc::EACCES);
        assert_eq!(errno(&text, "x\0y", empty), libc::EINVAL);
        let unknown = ExecFlags::from_bits_retain(1);
        assert_eq!(errno(&text, "x", unknown), libc::EINVAL);
        for (arguments, environment) in [(&[][..], &[ExecArg::END][..]), (&[ExecArg::END], &[])] {
            let error = exec_c(&text, arguments, environment, empty);
            assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
        }
        if let Some(program) = program(b"no program") {
            assert_eq!(errno(&program, "x", empty), libc::ENOEXEC);
        }
        // The interpreter cannot open a close-on-exec descriptor.
        if let Some(script) = program(b"#!/bin/sh\n") {
            assert_eq!(errno(&script, "x", empty), libc::ENOENT);
        }
    });
}
