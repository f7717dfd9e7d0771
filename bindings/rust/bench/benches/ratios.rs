//! What this library costs beside libc: `cargo bench --bench ratios`.
//!
//! Criterion measures one arm after the other, and a machine that does other things too is
//! not the same from one second to the next. Here blocks of a few calls alternate, libc ours
//! ours libc, so that what is slow is slow for both; the ratio is the median of many such
//! quads, of creating (which varies more) the ratio of the 10th percentiles. libc against
//! itself tells how far to trust it. It fails if a ratio is over its limit.

use std::hint::black_box;
use std::os::fd::OwnedFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use memfd_go_bench::{file, Work, ALL};

const LIMITS: [f64; 2] = [1.02, 1.05];
const QUADS: usize = 4000;
const CALLS: usize = 50;
/// How far from 1 libc may be from itself.
const NOISE: f64 = 0.01;

fn main() -> ExitCode {
    let file = file();
    let mut good = true;
    for ((name, libc, ours), limit) in ALL.into_iter().zip(LIMITS) {
        let ratio_of = if name == "get_seals" { medians } else { low };
        let same = ratio_of(&measure(libc, libc, &file));
        let ratio = ratio_of(&measure(libc, ours, &file));
        let verdict = match () {
            _ if ratio <= limit => "ok",
            _ if (same - 1.0).abs() > NOISE => "not to be told: the machine is too noisy",
            _ => "too slow",
        };
        good &= verdict != "too slow";
        println!("{name}: {ratio:.4} of libc's, at most {limit}; libc against itself {same:.4}: {verdict}");
    }
    match good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// The times of both, of each quad.
fn measure(a: Work, b: Work, file: &OwnedFd) -> Vec<(Duration, Duration)> {
    let quad = || {
        let first = block(a, file);
        let second = block(b, file) + block(b, file);
        (first + block(a, file), second)
    };
    let warm_up = QUADS / 10;
    (0..warm_up + QUADS).map(|_| quad()).skip(warm_up).collect()
}

fn block(work: Work, file: &OwnedFd) -> Duration {
    let work = black_box(work);
    let start = Instant::now();
    (0..CALLS).for_each(|_| work(file));
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
