// SPDX-License-Identifier: MIT

//! What this library costs beside libc, and a secret slot beside a Box: `cargo bench`.
//!
//! A machine that does other things too is not the same from one second to the next, so
//! measuring one after the other is no comparison. Here blocks of a few calls alternate, peer
//! ours ours peer, and what is slow is slow for both. The ratio is the median of many such
//! quads, or of creating, which varies more, the ratio of the 10th percentiles. The
//! peer against itself tells how far to trust it. It fails if a ratio is over its limit.

use std::ffi::CStr;
use std::hint::black_box;
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use memfd_go::{CreateOptions, Seals, SecretPool};

const QUADS: usize = 4000;
const CALLS: usize = 50;
/// How far from 1 a peer may be from itself.
const NOISE: f64 = 0.01;

/// What is measured: a function that is called with what it needs.
type Work = fn(&Setting);

struct Setting {
    file: OwnedFd, // sealed
    pool: SecretPool<[u8; 32]>,
}

/// A comparison: a name, the work by a peer, the same by this library, how to make one ratio of
/// many, and its limit.
struct Comparison(
    &'static str,
    Work,
    Work,
    fn(&[(Duration, Duration)]) -> f64,
    f64,
);

const ALL: [Comparison; 3] = [
    Comparison("create+close of libc", libc_create, our_create, low, 1.02),
    Comparison(
        "get_seals of libc",
        libc_get_seals,
        our_get_seals,
        medians,
        1.05,
    ),
    Comparison("Box::new+drop, 32 bytes", box_new, our_slot, medians, 3.0),
];

fn main() -> ExitCode {
    let setting = Setting {
        file: file(),
        pool: SecretPool::of(4).expect("a pool"),
    };
    let mut good = true;
    for Comparison(name, peer, ours, ratio_of, limit) in ALL {
        let same = ratio_of(&measure(peer, peer, &setting));
        let ratio = ratio_of(&measure(peer, ours, &setting));
        let verdict = match () {
            _ if ratio <= limit => "ok",
            _ if (same - 1.0).abs() > NOISE => "not to be told: the machine is too noisy",
            _ => "too slow",
        };
        good &= verdict != "too slow";
        println!("{ratio:.4} of {name}, at most {limit}; that against itself {same:.4}: {verdict}");
    }
    match good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// The times of both, of each quad.
fn measure(a: Work, b: Work, setting: &Setting) -> Vec<(Duration, Duration)> {
    let quad = || {
        let first = block(a, setting);
        let second = block(b, setting) + block(b, setting);
        (first + block(a, setting), second)
    };
    let warm_up = QUADS / 10;
    (0..warm_up + QUADS).map(|_| quad()).skip(warm_up).collect()
}

fn block(work: Work, setting: &Setting) -> Duration {
    let work = black_box(work);
    let start = Instant::now();
    (0..CALLS).for_each(|_| work(setting));
    start.elapsed()
}

/// The median of the quads' ratios.
fn medians(quads: &[(Duration, Duration)]) -> f64 {
    let ratios = quads.iter().map(|(a, b)| b.as_secs_f64() / a.as_secs_f64());
    percentile(ratios.collect(), 50)
}

/// The ratio of the low times.
fn low(quads: &[(Duration, Duration)]) -> f64 {
    let (a, b) = quads
        .iter()
        .map(|(a, b)| (a.as_secs_f64(), b.as_secs_f64()))
        .unzip();
    percentile(b, 10) / percentile(a, 10)
}

fn percentile(mut values: Vec<f64>, percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() * percent / 100]
}

const NAME: &[u8] = b"bench\0";

/// memfd_create(2) and close(2) with the flags that are the default here.
fn libc_create(_: &Setting) {
    let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING | libc::MFD_NOEXEC_SEAL;
    // SAFETY: the name ends with a NUL, and the descriptor is nobody else's.
    unsafe {
        let fd = libc::memfd_create(NAME.as_ptr().cast(), flags);
        assert!(fd >= 0);
        libc::close(black_box(fd));
    }
}

fn our_create(_: &Setting) {
    let name = CStr::from_bytes_with_nul(NAME).expect("it ends with a NUL");
    let file = CreateOptions::new().create(name);
    drop(black_box(file.expect("create")));
}

fn libc_get_seals(setting: &Setting) {
    let fd = setting.file.as_raw_fd();
    // SAFETY: it takes plain values.
    let seals = unsafe { libc::fcntl(fd, libc::F_GET_SEALS) };
    assert!(black_box(seals) >= 0);
}

fn our_get_seals(setting: &Setting) {
    black_box(memfd_go::get_seals(&setting.file).expect("get_seals"));
}

fn box_new(_: &Setting) {
    drop(black_box(Box::new(black_box([7_u8; 32]))));
}

fn our_slot(setting: &Setting) {
    let mut slot = setting.pool.take().expect("a slot");
    *slot = black_box([7; 32]);
    drop(black_box(slot));
}

/// A file for the work that needs one.
fn file() -> OwnedFd {
    let file = memfd_go::create_sealed("bench", b"contents", Seals::IMMUTABLE);
    file.expect("create_sealed").into()
}
