//! Outputs as they are now: their files, and what a hub is to hear of them.
//!
//! In: revisions of the store. Out: files in their folders, and the tags of the documents
//! for [`pings`](super::pings). Runs beside the polls and never delays them.

use std::{path::Path, time::Duration};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};
use url::Url;

use super::pings::Told;
use crate::{
    config::Config,
    fetch::Fetcher,
    files,
    model::{Article, ArticleQuery, OutputSetting, Rules, ServerSettings},
    publish::{self, Format, Site, echo::takes_in},
    store::Store,
};

/// What is to be published.
#[derive(Debug, Clone)]
pub struct Wanted {
    outputs: Vec<OutputSetting>,
    server: ServerSettings,
    fetcher: Fetcher,
}

impl Wanted {
    pub fn of(config: &Config, fetcher: &Fetcher) -> Self {
        Self {
            outputs: config.outputs.clone(),
            server: config.server.clone(),
            fetcher: fetcher.clone(),
        }
    }
}

/// Keeps the files up to date, and `told`, until `stop`.
pub async fn keep(
    store: Store,
    mut wanted: watch::Receiver<Wanted>,
    mut revisions: watch::Receiver<u64>,
    told: watch::Sender<Told>,
    stop: CancellationToken,
) {
    loop {
        let now = wanted.borrow_and_update().clone();
        revisions.borrow_and_update();
        publish(&store, &now, &told).await;
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

async fn publish(store: &Store, now: &Wanted, told: &watch::Sender<Told>) {
    let Wanted { outputs, server, fetcher } = now;
    let before = told.borrow().clone();
    let mut news =
        Told { hub: server.hub.clone(), fetcher: Some(fetcher.clone()), tags: Default::default() };
    for output in outputs {
        let tags = match make(store, server, outputs, output).await {
            Some(tags) => tags,
            // Not known now: as before, so that the hub hears nothing of our trouble.
            None => topics(&Site::new(server, outputs), output)
                .filter_map(|(_, topic)| before.tags.get_key_value(&topic))
                .map(|(topic, tag)| (topic.clone(), tag.clone()))
                .collect(),
        };
        news.tags.extend(tags);
    }
    told.send_replace(news);
}

/// Writes an output's files, where it has a folder and they changed.
pub async fn write(
    store: &Store,
    server: &ServerSettings,
    outputs: &[OutputSetting],
    output: &OutputSetting,
) {
    if output.path.is_some() {
        make(store, server, outputs, output).await;
    }
}

/// Makes an output's documents, where somebody wants them: files, and tags for a hub.
async fn make(
    store: &Store,
    server: &ServerSettings,
    outputs: &[OutputSetting],
    output: &OutputSetting,
) -> Option<Vec<(Url, String)>> {
    if output.path.is_none() && server.hub.is_none() {
        return Some(Vec::new());
    }
    let site = Site::new(server, outputs);
    let rules = match Rules::parse(&output.filter) {
        Ok(rules) => rules,
        Err(fault) => {
            warn!("output {}: {fault}", output.name);
            return None;
        }
    };
    let ours = site.clone();
    let accept = move |article: &Article| takes_in(article, &rules, &ours);
    let articles = match store.articles_that(ArticleQuery::of(output), accept).await {
        Ok(articles) => articles,
        Err(error) => {
            warn!("output {}: {error}", output.name);
            return None;
        }
    };
    let output = output.clone();
    let made = tokio::task::spawn_blocking(move || {
        if let Some(folder) = &output.path
            && let Err(error) = into(folder, &output, &site, &articles)
        {
            error!("{error}");
        }
        tags(&output, &site, &articles)
    });
    made.await.inspect_err(|error| error!("an output could not be made: {error}")).ok()
}

/// The tags of what a hub is to hear of.
fn tags(output: &OutputSetting, site: &Site, articles: &[Article]) -> Vec<(Url, String)> {
    if site.hub.is_none() {
        return Vec::new();
    }
    topics(site, output)
        .map(|(format, topic)| (topic, publish::render(output, site, articles, format).etag))
        .collect()
}

/// The documents that name a hub.
fn topics(site: &Site, output: &OutputSetting) -> impl Iterator<Item = (Format, Url)> {
    [Format::Atom, Format::Rss, Format::Json]
        .map(|format| (format, site.document(&output.name, format)))
        .into_iter()
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
