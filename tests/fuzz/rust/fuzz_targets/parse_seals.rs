// SPDX-License-Identifier: MIT

//! Fuzzes the parser of seals, and compares it with a model. In tests/fuzz:
//!
//!     cargo +nightly fuzz run --fuzz-dir rust parse_seals
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../../../bindings/rust/memfd-go/tests/seal_text/model.rs"]
mod model;

fuzz_target!(|text: &[u8]| model::check(text));
