// SPDX-License-Identifier: MIT

//! Compares the parser of seals with a model, on the fuzzing corpus and on random texts.

mod model;

use std::fs;
use std::path::Path;

/// Parts of random texts: words, parts of words, separators, and invalid text.
const PIECES: [&[u8]; 32] = [
    b"SEAL",
    b"GROW",
    b"WRITE",
    b"FUTURE_",
    b"SHRINK",
    b"EXEC",
    b"F_SEAL_",
    b"f_seal_",
    b"seal",
    b"Write",
    b"immutable",
    b"none",
    b"g",
    b"s",
    b"w",
    b"W",
    b"S",
    b"x",
    b"0x",
    b"0X",
    b"1f",
    b"89abcdeF",
    b"0",
    b" ",
    b",",
    b"|",
    b"+",
    b"\t",
    b"\r\n",
    b"\x80",
    b"q",
    b"\0",
];

#[test]
fn corpus() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/fuzz/rust/corpus/parse_seals");
    match fs::read_dir(folder) {
        Ok(files) => {
            for file in files {
                model::check(&fs::read(file.unwrap().path()).unwrap());
            }
        }
        Err(_) => println!("skipped: the corpus is not in the package"),
    }
}

#[test]
fn every_byte_alone_and_behind_a_word() {
    for byte in 0..=255 {
        model::check(&[byte]);
        model::check(&[b's', byte]);
        model::check(&[b'0', b'x', byte]);
    }
}

#[test]
fn texts_of_words() {
    let mut state = 1u64;
    let mut random = |below: usize| {
        // The linear congruential generator of Knuth's MMIX.
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) as usize % below
    };
    for _ in 0..20_000 {
        let mut text = Vec::new();
        for _ in 0..random(8) {
            text.extend_from_slice(PIECES[random(PIECES.len())]);
        }
        model::check(&text);
    }
}
