// SPDX-License-Identifier: MIT

//! Functions of all example programs.

use std::io;

/// Prints a step of a program, with its role: writer, reader or secret.
#[macro_export]
macro_rules! say {
    ($role:literal, $($text:tt)*) => {
        println!("{:7} {:7} {}", "Rust", $role, format_args!($($text)*))
    };
}

/// Returns the name of the error number, such as EPERM.
pub fn name(error: &io::Error) -> &'static str {
    memfd_go::errname(error.raw_os_error().unwrap_or(0))
}
