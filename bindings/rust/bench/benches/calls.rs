//! How long calls take, by criterion: `cargo bench --bench calls`.

use criterion::{criterion_group, criterion_main, Criterion};
use memfd_go_bench::{file, ALL};

fn calls(c: &mut Criterion) {
    let file = file();
    for (name, libc, ours) in ALL {
        let mut group = c.benchmark_group(name);
        // libc's twice: their difference is what the machine adds.
        for (arm, work) in [("libc", libc), ("libc again", libc), ("memfd_go", ours)] {
            group.bench_function(arm, |b| b.iter(|| work(&file)));
        }
        group.finish();
    }
}

criterion_group!(benches, calls);
criterion_main!(benches);
