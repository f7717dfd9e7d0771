// SPDX-License-Identifier: MIT

//! Tests of the leak check.

use std::mem::forget;

use memfd_go::{create, SealedMemFd};

use crate::common::isolated;

#[test]
#[should_panic(expected = "leaked a resource")]
fn leaked_descriptor_is_detected() {
    isolated(|| forget(create("leaked")));
}

#[test]
#[should_panic(expected = "leaked a resource")]
fn leaked_mapping_is_detected() {
    isolated(|| forget(SealedMemFd::new("leaked", b"x").unwrap().map()));
}
