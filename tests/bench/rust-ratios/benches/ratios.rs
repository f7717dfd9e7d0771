//! What this library costs beside libc: `cargo bench`.
//!
//! A machine that does other things too is not the same from one second to the next, so
//! measuring one after the other is no comparison. Here blocks of a few calls alternate, libc
//! ours ours libc, and what is slow is slow for both. The ratio is the median of many such
//! quads, or of creating, which varies more, the ratio of the 10th percentiles. libc against
//! itself tells how far to trust it. It fails if a ratio is over its limit.

use std::ffi::CStr;
use std::hint::black_box;
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use memfd_go::{CreateOptions, Seals};

const LIMITS: [f64; 2] = [1.02, 1.05];
const QUADS: usize = 4000;
const CALLS: usize = 50;
/// How far from 1 libc may be from itself.
const NOISE: f64 = 0.01;

/// What is measured: a function that is called with a sealed file.
type Work = fn(&OwnedFd);

/// A name, the work by libc, and the same by this library.
const ALL: [(&str, Work, Work); 2] = [
    ("create+close", libc_create, our_create),
    ("get_seals", libc_get_seals, our_get_seals),
];

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

const NAME: &[u8] = b"bench\0";

/// memfd_create(2) and close(2) with the flags that are the default here.
fn libc_create(_: &OwnedFd) {
    let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING | libc::MFD_NOEXEC_SEAL;
    // SAFETY: the name ends with a NUL, and the descriptor is nobody else's.
    unsafe {
        let fd = libc::memfd_create(NAME.as_ptr().cast(), flags);
        assert!(fd >= 0);
        libc::close(black_box(fd));
    }
}

fn our_create(_: &OwnedFd) {
    let name = CStr::from_bytes_with_nul(NAME).expect("it ends with a NUL");
    let file = CreateOptions::new().create_c_str(name);
    drop(black_box(file.expect("create")));
}

fn libc_get_seals(fd: &OwnedFd) {
    // SAFETY: it takes plain values.
    let seals = unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GET_SEALS) };
    assert!(black_box(seals) >= 0);
}

fn our_get_seals(fd: &OwnedFd) {
    black_box(memfd_go::get_seals(fd).expect("get_seals"));
}

/// A file for the work that needs one.
fn file() -> OwnedFd {
    let file = memfd_go::create_sealed("bench", b"contents", Seals::IMMUTABLE);
    file.expect("create_sealed").into()
}
