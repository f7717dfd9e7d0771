// SPDX-License-Identifier: MIT

//! Reading seals from any text, compared with a model:
//!
//!     cargo +nightly fuzz run --fuzz-dir fuzz parse_seals
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../../../bindings/rust/memfd-go/tests/seal_text/model.rs"]
mod model;

fuzz_target!(|text: &[u8]| model::check(text));
