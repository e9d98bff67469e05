//! What an output of 100 articles costs, in each format, and what it is made from: the store's
//! answer.

mod paper;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use merganser::{
    model::{ArticleQuery, OutputFilter, OutputSetting, ServerSettings},
    publish::{Format, Site, render},
};

fn rendering(criterion: &mut Criterion) {
    let output = OutputSetting {
        name: "all".into(),
        title: "Everything".into(),
        description: None,
        limit: 100,
        filter: OutputFilter::default(),
        name_others: false,
        path: None,
    };
    let server = ServerSettings {
        listen: ([127, 0, 0, 1], 8080).into(),
        base_url: "https://river.example/".parse().expect("an address"),
        hub: None,
        images: true,
    };
    let site = Site::new(&server, std::slice::from_ref(&output));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let (store, _) = runtime.block_on(paper::store(&folder.path().join("store.db"), 1_000));
    let query = ArticleQuery {
        filter: output.filter.clone(),
        limit: output.limit,
        ..ArticleQuery::default()
    };
    let ask = || runtime.block_on(store.articles(query.clone())).expect("an answer");
    let articles = ask();
    assert_eq!(articles.len(), 100);

    let mut group = criterion.benchmark_group("100 articles");
    group.bench_function("ask the store", |b| b.iter(|| black_box(ask())));
    for format in Format::ALL {
        group.bench_function(format.extension(), |b| {
            b.iter(|| black_box(render(&output, &site, &articles, format)));
        });
    }
    group.finish();
}

criterion_group!(benches, rendering);
criterion_main!(benches);
