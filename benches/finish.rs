//! What finishing costs: an entry whose fields were found becomes plain and harmless.
//!
//! A document of 29 entries with 3 kB of HTML each, beside bare ammonia over the same HTML.
//! Throughput is bytes of HTML.

mod paper;

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use merganser::parse::{finish, read};

fn finishing(criterion: &mut Criterion) {
    let entries = read(&paper::document(1, 0, 29)).expect("a feed").entries;
    let html: Vec<String> = entries
        .iter()
        .map(|entry| entry.content.as_ref().expect("each story has a text").text.clone())
        .collect();
    let now = paper::begin();

    let mut group = criterion.benchmark_group("29 entries");
    group.throughput(Throughput::Bytes(html.iter().map(|html| html.len() as u64).sum()));
    group.bench_function("finish", |b| {
        b.iter_batched(
            || entries.clone(),
            |entries| {
                let mut repairs = Vec::new();
                for entry in entries {
                    black_box(finish(entry, now, &mut repairs));
                }
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function("bare ammonia", |b| {
        let cleaner = ammonia::Builder::default();
        b.iter(|| {
            for html in &html {
                black_box(cleaner.clean(html).to_string());
            }
        });
    });
    group.finish();
}

criterion_group!(benches, finishing);
criterion_main!(benches);
