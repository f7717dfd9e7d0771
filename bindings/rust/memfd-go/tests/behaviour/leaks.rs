// SPDX-License-Identifier: MIT

//! The check that all tests rely on.

use std::mem::forget;

use memfd_go::{create, SealedMemFd};

use crate::common::alone;

#[test]
#[should_panic(expected = "left something behind")]
fn a_descriptor_left_behind_is_noticed() {
    alone(|| forget(create("left behind")));
}

#[test]
#[should_panic(expected = "left something behind")]
fn a_mapping_left_behind_is_noticed() {
    alone(|| forget(SealedMemFd::new("left behind", b"x").unwrap().map()));
}
