//! What reading costs, before anything is sanitized.
//!
//! Documents come from the folder in `MERGANSER_FEEDS`, else from the fixtures, each repeated
//! to a fair size in time, not in text. `plain` compares our whole `read` with bare feed-rs over
//! the documents that feed-rs reads for us; `lenient` is the lenient reader over every XML
//! document. Throughput is bytes of the documents.

use std::{hint::black_box, path::PathBuf};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use merganser::{
    model::Document,
    parse::{read, read_leniently},
};

fn documents() -> Vec<Document> {
    let folder = std::env::var_os("MERGANSER_FEEDS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/parse")),
        PathBuf::from,
    );
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|file| file.expect("a file").path())
        .collect();
    files.sort();
    files
        .into_iter()
        .filter(|file| file.extension().is_none_or(|ext| ext != "golden" && ext != "json"))
        .map(|file| Document {
            bytes: std::fs::read(file).expect("a readable file").into(),
            content_type: None,
            base: url::Url::parse("https://feeds.example/feed").ok(),
        })
        .filter(|document| read(document).is_ok())
        .collect()
}

fn is_plain(document: &Document) -> bool {
    let feed = read(document).expect("read before");
    feed.repairs.iter().any(|repair| repair.starts_with("reader: feed-rs"))
}

fn bytes(documents: &[Document]) -> Throughput {
    Throughput::Bytes(documents.iter().map(|document| document.bytes.len() as u64).sum())
}

fn parsing(criterion: &mut Criterion) {
    let all = documents();
    let plain: Vec<Document> = all.iter().filter(|document| is_plain(document)).cloned().collect();

    let mut group = criterion.benchmark_group("plain");
    group.throughput(bytes(&plain));
    group.bench_function("read", |b| {
        b.iter(|| plain.iter().for_each(|document| drop(black_box(read(document)))));
    });
    group.bench_function("bare feed-rs", |b| {
        b.iter(|| {
            for document in &plain {
                let parser = feed_rs::parser::Builder::new().sanitize_content(false).build();
                drop(black_box(parser.parse(document.bytes.as_ref())));
            }
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("lenient");
    group.throughput(bytes(&all));
    group.bench_function("read", |b| {
        b.iter(|| all.iter().for_each(|document| drop(black_box(read_leniently(document)))));
    });
    group.finish();
}

criterion_group!(benches, parsing);
criterion_main!(benches);
