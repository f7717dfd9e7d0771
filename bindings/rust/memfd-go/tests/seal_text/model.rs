// SPDX-License-Identifier: MIT

//! A simple model of the parser of seals. The fuzz target parse_seals uses it, too.

use std::ffi::CString;

use memfd_go::{SealStyle, Seals};

const NAMES: [(&str, u8, Seals); 6] = [
    ("SEAL", b'S', Seals::SEAL),
    ("GROW", b'g', Seals::GROW),
    ("WRITE", b'w', Seals::WRITE),
    ("FUTURE_WRITE", b'W', Seals::FUTURE_WRITE),
    ("SHRINK", b's', Seals::SHRINK),
    ("EXEC", b'x', Seals::EXEC),
];

/// Checks that the library parses any bytes like the model, and parses its own output.
pub fn check(bytes: &[u8]) {
    let text: Vec<u8> = bytes.iter().copied().take_while(|&b| b != 0).collect();
    let expected = text
        .split(|byte| b" ,|+\t\n\x0b\x0c\r".contains(byte))
        .filter(|word| !word.is_empty())
        .try_fold(Seals::empty(), |all, word| Some(all | seals_of(word)?));
    let c_text = CString::new(text).expect("there is no NUL");
    let parsed = Seals::parse(&c_text);
    match &parsed {
        Ok(_) => {}
        Err(error) => assert_eq!(error.raw_os_error(), Some(libc::EINVAL)),
    }
    assert_eq!(parsed.ok(), expected, "{c_text:?}");
    for style in [SealStyle::Names, SealStyle::Letters, SealStyle::Hex] {
        let seals = expected.unwrap_or(Seals::IMMUTABLE);
        let written = seals.display(style).to_string();
        assert_eq!(written.parse::<Seals>().ok(), Some(seals), "{written:?}");
    }
}

fn seals_of(word: &[u8]) -> Option<Seals> {
    let upper = word.to_ascii_uppercase();
    match &upper[..] {
        b"NONE" => return Some(Seals::empty()),
        b"IMMUTABLE" => return Some(Seals::IMMUTABLE),
        [b'0', b'X', digits @ ..] if !digits.is_empty() => return number(digits),
        _ => {}
    }
    let name = upper.strip_prefix(b"F_SEAL_").unwrap_or(&upper);
    if let Some(known) = NAMES.iter().find(|known| known.0.as_bytes() == name) {
        return Some(known.2);
    }
    word.iter().try_fold(Seals::empty(), |all, letter| {
        let known = NAMES.iter().find(|known| known.1 == *letter)?;
        Some(all | known.2)
    })
}

fn number(digits: &[u8]) -> Option<Seals> {
    if digits.len() > 8 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let digits = std::str::from_utf8(digits).ok()?;
    let bits = u32::from_str_radix(digits, 16).ok()?;
    Some(Seals::from_bits_retain(bits))
}
