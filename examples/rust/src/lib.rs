// SPDX-License-Identifier: MIT

//! What the example programs share: how they say what happens.

use std::io;

/// Prints a step of the session: who does it (writer, reader or secret), and what.
#[macro_export]
macro_rules! say {
    ($role:literal, $($text:tt)*) => {
        println!("{:7} {:7} {}", "Rust", $role, format_args!($($text)*))
    };
}

/// The name of the error's number, such as EPERM.
pub fn name(error: &io::Error) -> &'static str {
    memfd_go::errname(error.raw_os_error().unwrap_or(0))
}
