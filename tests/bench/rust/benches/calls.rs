// SPDX-License-Identifier: MIT

//! The calls of libmemfd_go in Rust, compared with other crates. The name of each benchmark is
//! WORK/VARIANT.

use std::ffi::CStr;
use std::hint::black_box;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

use criterion::{criterion_group, criterion_main, Criterion};

const NAME: &CStr = c"bench";

fn owned(fd: libc::c_int) -> OwnedFd {
    assert!(fd >= 0);
    // SAFETY: the descriptor is new, and nothing else owns it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

fn create(c: &mut Criterion) {
    let mut group = c.benchmark_group("create+close");
    for variant in ["libc", "same"] {
        group.bench_function(variant, |b| {
            // SAFETY: the name is a C string.
            b.iter(|| owned(unsafe { libc::memfd_create(NAME.as_ptr(), libc::MFD_CLOEXEC) }));
        });
    }
    group.bench_function("rustix", |b| {
        b.iter(|| rustix::fs::memfd_create(NAME, rustix::fs::MemfdFlags::CLOEXEC).unwrap());
    });
    group.bench_function("memfd", |b| {
        let options = memfd::MemfdOptions::default();
        b.iter(|| options.create("bench").unwrap());
    });
    group.bench_function("memfd-go-sys", |b| {
        // SAFETY: the name is a C string.
        b.iter(|| {
            owned(unsafe { memfd_go_sys::memfd_go_create(NAME.as_ptr(), libc::MFD_CLOEXEC) })
        });
    });
    group.bench_function("memfd-go", |b| {
        let options = memfd_go::CreateOptions::from_flags(memfd_go::CreateFlags::CLOEXEC);
        b.iter(|| options.create(NAME).unwrap());
    });
    group.finish();
}

fn get_seals(c: &mut Criterion) {
    let fd = rustix::fs::memfd_create(NAME, rustix::fs::MemfdFlags::ALLOW_SEALING).unwrap();
    let raw = fd.as_raw_fd();
    let mut group = c.benchmark_group("get_seals");
    for variant in ["libc", "same"] {
        group.bench_function(variant, |b| {
            // SAFETY: the descriptor stays open.
            b.iter(|| unsafe { libc::fcntl(black_box(raw), libc::F_GET_SEALS) });
        });
    }
    group.bench_function("rustix", |b| {
        b.iter(|| rustix::fs::fcntl_get_seals(&fd).unwrap())
    });
    group.bench_function("memfd-go-sys", |b| {
        // SAFETY: the descriptor stays open.
        b.iter(|| unsafe { memfd_go_sys::memfd_go_get_seals(black_box(raw)) });
    });
    group.bench_function("memfd-go", |b| b.iter(|| memfd_go::get_seals(&fd).unwrap()));
    group.finish();
}

fn secret(c: &mut Criterion) {
    let mut group = c.benchmark_group("secret 32 B");
    for variant in ["memsec, mlock", "same"] {
        group.bench_function(variant, |b| {
            b.iter(|| {
                // SAFETY: it is freed once, and not used afterwards.
                unsafe { memsec::free(memsec::malloc::<[u8; 32]>().unwrap()) }
            });
        });
    }
    group.bench_function("memfd-go-sys", |b| {
        b.iter(|| {
            // SAFETY: zeros are a valid area, which holds nothing.
            let mut area: memfd_go_sys::memfd_go_secret_area = unsafe { std::mem::zeroed() };
            // SAFETY: the area is freed once, and not used afterwards.
            unsafe {
                assert_eq!(memfd_go_sys::memfd_go_secret_alloc(&mut area, 32, 0), 0);
                memfd_go_sys::memfd_go_secret_free(&mut area)
            }
        });
    });
    group.finish();
}

/// Short, because this program runs many times, alternately with the others.
fn brief() -> Criterion {
    Criterion::default()
        .without_plots()
        .warm_up_time(Duration::from_millis(50))
        .measurement_time(Duration::from_millis(150))
        .sample_size(20)
}

criterion_group! {
    name = benches;
    config = brief();
    targets = create, get_seals, secret
}
criterion_main!(benches);
