//! Output files and hub pings: what is done when an output changed.
//!
//! In: revisions of the store. Out: files in their folders, and one ping to the hub for each
//! output whose documents changed. Runs beside the polls and never delays them.

use std::{path::Path, time::Duration};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use crate::{
    config::Config,
    fetch::Fetcher,
    files,
    model::{Article, ArticleQuery, OutputSetting, Rules, ServerSettings},
    publish::{self, Format, Site, echo::is_echo},
    store::Store,
};

/// What is to be published.
#[derive(Debug, Clone)]
pub struct Wanted {
    outputs: Vec<OutputSetting>,
    server: ServerSettings,
}

impl Wanted {
    pub fn of(config: &Config) -> Self {
        Self { outputs: config.outputs.clone(), server: config.server.clone() }
    }
}

/// Keeps the files up to date until `stop`.
pub async fn keep(
    store: Store,
    mut wanted: watch::Receiver<Wanted>,
    mut revisions: watch::Receiver<u64>,
    _fetcher: Fetcher,
    stop: CancellationToken,
) {
    loop {
        let now = wanted.borrow_and_update().clone();
        revisions.borrow_and_update();
        for output in &now.outputs {
            write(&store, &now.server, &now.outputs, output).await;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            Ok(()) = revisions.changed() => {}
            Ok(()) = wanted.changed() => {}
        }
        // A burst of commits makes one set of files.
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SETTLE) => {}
        }
    }
}

/// Writes an output's files, where it has a folder and they changed.
pub async fn write(
    store: &Store,
    server: &ServerSettings,
    outputs: &[OutputSetting],
    output: &OutputSetting,
) {
    let Some(folder) = output.path.clone() else { return };
    let query = ArticleQuery {
        filter: output.filter.clone(),
        limit: output.limit,
        ..ArticleQuery::default()
    };
    let site = Site::new(server, outputs);
    let rules = match Rules::parse(&output.filter) {
        Ok(rules) => rules,
        Err(fault) => return warn!("output {}: {fault}", output.name),
    };
    let ours = site.clone();
    let accept = move |article: &Article| rules.admits(article) && !is_echo(article, &ours);
    let articles = match store.articles_that(query, accept).await {
        Ok(articles) => articles,
        Err(error) => return warn!("output {}: {error}", output.name),
    };
    let output = output.clone();
    let written =
        tokio::task::spawn_blocking(move || into(&folder, &output, &site, &articles)).await;
    match written {
        Ok(Ok(())) => {}
        Ok(Err(error)) => error!("{error}"),
        Err(error) => error!("output files were not written: {error}"),
    }
}

fn into(
    folder: &Path,
    output: &OutputSetting,
    site: &Site,
    articles: &[Article],
) -> Result<(), files::FilesError> {
    let formats = [Format::Atom, Format::Rss, Format::Json, Format::Html];
    let documents: Vec<_> =
        formats.into_iter().map(|format| publish::render(output, site, articles, format)).collect();
    files::write(folder, &output.name, &documents).map(drop)
}

/// How long to wait for more commits.
const SETTLE: Duration = Duration::from_secs(1);
