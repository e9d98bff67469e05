//! What a commit costs, synced, in a store that has 10,000 entries and grows a little meanwhile.
//!
//! `new` documents bring entries that nobody has; `304` brings nothing but its own record. The
//! parsing and fingerprinting before a commit is not in it.

mod paper;

use std::{cell::Cell, time::Duration};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use merganser::store::FeedUpdate;

const STORED: u64 = 10_000;

fn committing(criterion: &mut Criterion) {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let (store, next) = runtime.block_on(paper::store(&folder.path().join("store.db"), STORED));
    let next = Cell::new(next);
    // A story's number is its own; each paper has its turn.
    let fresh = |stories: u64| {
        let first = next.replace(next.get() + stories);
        paper::update(first % paper::FEEDS + 1, first, stories)
    };
    let commit = |update: FeedUpdate| {
        let stories = update.reading.as_ref().map_or(0, |reading| reading.entries.len());
        let committed = runtime.block_on(store.commit(update)).expect("a commit");
        assert_eq!(committed.new_entries as usize, stories);
    };

    let mut group = criterion.benchmark_group(format!("commit to {STORED}"));
    // Few and short: what is measured makes the store grow.
    group.sample_size(10).warm_up_time(Duration::from_millis(300));
    group.measurement_time(Duration::from_secs(1));
    group.bench_function("304", |b| {
        let update = || FeedUpdate { reading: None, ..paper::update(1, 0, 1) };
        b.iter_batched(update, commit, BatchSize::SmallInput);
    });
    group.bench_function("1 new", |b| {
        b.iter_batched(|| fresh(1), commit, BatchSize::SmallInput);
    });
    group.bench_function("30 new", |b| {
        b.iter_batched(|| fresh(30), commit, BatchSize::SmallInput);
    });
    group.finish();
}

criterion_group!(benches, committing);
criterion_main!(benches);
