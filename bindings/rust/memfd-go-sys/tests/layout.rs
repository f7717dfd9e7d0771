// SPDX-License-Identifier: MIT

//! The structs have the layout of the C structs, on 32-bit and 64-bit architectures.

use std::mem::{align_of, size_of};

use memfd_go_sys::*;

const WORD: usize = size_of::<usize>();

/// Returns the offset of a field.
macro_rules! offset_of {
    ($kind:ty, $field:ident) => {{
        let value = std::mem::MaybeUninit::<$kind>::uninit();
        let start = value.as_ptr();
        // SAFETY: nothing is read, and the address is within `value`.
        let field = unsafe { std::ptr::addr_of!((*start).$field) };
        field as usize - start as usize
    }};
}

#[test]
fn sizes() {
    assert_eq!(size_of::<memfd_go_features>(), 32);
    assert_eq!(size_of::<memfd_go_create_args>(), 24);
    assert_eq!(size_of::<memfd_go_info>(), 312);
    assert_eq!(size_of::<memfd_go_secret_area>(), 48 + 4 * WORD);
    assert_eq!(size_of::<memfd_go_secret_pool>(), 80 + 6 * WORD);
}

#[test]
fn last_fields() {
    assert_eq!(offset_of!(memfd_go_features, noexec_policy), 28);
    assert_eq!(offset_of!(memfd_go_create_args, size), 16);
    assert_eq!(offset_of!(memfd_go_info, name), 56);
    assert_eq!(offset_of!(memfd_go_secret_area, reserved), 16 + 4 * WORD);
    assert_eq!(offset_of!(memfd_go_secret_pool, area), 32 + 2 * WORD);
}

#[test]
fn no_padding() {
    // No field has a stricter alignment, so arrays of the structs have no padding.
    assert_eq!(size_of::<memfd_go_secret_area>() % align_of::<u64>(), 0);
}
