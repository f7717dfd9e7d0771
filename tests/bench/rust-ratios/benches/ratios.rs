// SPDX-License-Identifier: MIT

//! The crate compared with libc, and a slot of a pool with a Box: `cargo bench`.
//!
//! Short blocks of calls alternate (peer, ours, ours, peer), so that disturbances affect both. The
//! ratio is the median of many such quads; for creating files, which varies more, it is the ratio
//! of the 10th percentiles. The peer is also compared with itself, which shows how precise a ratio
//! is. The program fails if a ratio exceeds its limit.
//!
//! `cargo bench -- --tabs` prints the work, the variant, the minimum and the median in ns, and the
//! ratio instead, and never fails. The environment variable QUADS is the number of quads.

use std::ffi::CStr;
use std::hint::black_box;
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use memfd_go::{CreateOptions, Seals, SecretPool};

const CALLS: usize = 50;
/// How much the peer may differ from itself.
const NOISE: f64 = 0.01;

/// A function to measure.
type Work = fn(&Setting);

struct Setting {
    file: OwnedFd, // sealed
    pool: SecretPool<[u8; 32]>,
}

/// A comparison: a name, the work done by the peer, the same done by this library, the function
/// that computes the ratio from the quads, and its limit.
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
    let tabs = std::env::args().any(|argument| argument == "--tabs");
    let setting = Setting {
        file: file(),
        pool: SecretPool::of(4).expect("a pool"),
    };
    let mut good = true;
    for Comparison(name, peer, ours, ratio_of, limit) in ALL {
        let (with_itself, with_ours) =
            (measure(peer, peer, &setting), measure(peer, ours, &setting));
        let (same, ratio) = (ratio_of(&with_itself), ratio_of(&with_ours));
        if tabs {
            print_row(name, "peer", with_itself.iter().map(|quad| quad.0), 1.0);
            print_row(name, "same", with_itself.iter().map(|quad| quad.1), same);
            print_row(name, "ours", with_ours.iter().map(|quad| quad.1), ratio);
            continue;
        }
        let verdict = match () {
            _ if ratio <= limit => "ok",
            _ if (same - 1.0).abs() > NOISE => "not certain: the machine is too noisy",
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

/// Prints a line for `make bench`.
fn print_row(work: &str, variant: &str, times: impl Iterator<Item = Duration>, ratio: f64) {
    let per_call = |time: Duration| time.as_secs_f64() * 1e9 / (2 * CALLS) as f64;
    let times: Vec<f64> = times.map(per_call).collect();
    let (least, median) = (percentile(times.clone(), 0), percentile(times, 50));
    println!("{work}\t{variant}\t{least:.2}\t{median:.2}\t{ratio:.5}");
}

/// Returns the times of both functions in each quad.
fn measure(a: Work, b: Work, setting: &Setting) -> Vec<(Duration, Duration)> {
    let quad = || {
        let first = block(a, setting);
        let second = block(b, setting) + block(b, setting);
        (first + block(a, setting), second)
    };
    let quads = std::env::var("QUADS").map_or(4000, |text| text.parse().expect("QUADS"));
    let warm_up = quads / 10;
    (0..warm_up + quads).map(|_| quad()).skip(warm_up).collect()
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
    // SAFETY: the name ends with a NUL, and nothing else owns the descriptor.
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

/// Returns a sealed file.
fn file() -> OwnedFd {
    let file = memfd_go::create_sealed("bench", b"contents", Seals::IMMUTABLE);
    file.expect("create_sealed").into()
}
