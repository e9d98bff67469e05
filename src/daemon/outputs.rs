//! Outputs as they are now: their files, and what a hub is to hear of them.
//!
//! In: revisions of the store. Out: files in their folders, and the tags of the documents
//! for [`pings`](super::pings). Runs beside the polls and never delays them.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};
use url::Url;

use super::{archives::Archives, pings::Told};
use crate::{
    config::Config,
    fetch::Fetcher,
    files,
    model::{Article, ArticleId, OutputSetting, ServerSettings},
    publish::{self, Format, Older, Part, Site},
    server::{Contents, Published},
    store::Store,
};

/// What is to be published.
#[derive(Debug, Clone)]
pub struct Wanted {
    published: Arc<Published>,
    hub: Option<Url>,
    fetcher: Fetcher,
}

impl Wanted {
    pub fn of(config: &Config, fetcher: &Fetcher) -> Self {
        Self {
            published: Arc::new(Published::new(&config.server, config.outputs.clone(), 0)),
            hub: config.server.hub.clone(),
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
    let mut owed = Owed::default();
    loop {
        let now = wanted.borrow_and_update().clone();
        revisions.borrow_and_update();
        publish(&store, &now, &told).await;
        owed.is_owed = true;
        loop {
            let due = async {
                match owed.due() {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = due => {
                    let begun = Instant::now();
                    keep_archives(&store, &now.published, &stop).await;
                    owed = Owed { is_owed: false, last: Some((Instant::now(), begun.elapsed())) };
                }
                Ok(()) = revisions.changed() => break,
                Ok(()) = wanted.changed() => break,
            }
        }
        // A burst of commits makes one set of files.
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SETTLE) => {}
        }
    }
}

/// A look at all archives costs a moment for each thousand of articles: it takes its share of
/// the time, however large the store and however often it changes.
#[derive(Debug, Default)]
struct Owed {
    /// Something changed since the last look.
    is_owed: bool,
    /// When the last look ended, and how long it took.
    last: Option<(Instant, Duration)>,
}

impl Owed {
    fn due(&self) -> Option<Instant> {
        let begin = self.last.map_or_else(Instant::now, |(ended, took)| ended + took * SHARE);
        self.is_owed.then_some(begin)
    }
}

async fn publish(store: &Store, now: &Wanted, told: &watch::Sender<Told>) {
    let Wanted { published, hub, fetcher } = now;
    let before = told.borrow().clone();
    let mut news =
        Told { hub: hub.clone(), fetcher: Some(fetcher.clone()), tags: Default::default() };
    for output in &published.outputs {
        let tags = match make(Contents { store, published, output }).await {
            Some(made) => made.tags,
            // Not known now: as before, so that the hub hears nothing of our trouble.
            None => topics(&published.site, output)
                .filter_map(|(_, topic)| before.tags.get_key_value(&topic))
                .map(|(topic, tag)| (topic.clone(), tag.clone()))
                .collect(),
        };
        news.tags.extend(tags);
    }
    told.send_replace(news);
}

/// Writes all files of all outputs that have a folder, where they changed. Tells whether that
/// went well; what did not is in the log.
pub async fn write(
    store: &Store,
    server: &ServerSettings,
    outputs: &[OutputSetting],
    stop: &CancellationToken,
) -> bool {
    let published = Arc::new(Published::new(server, outputs.to_vec(), 0));
    let mut all = true;
    for output in published.outputs.iter().filter(|output| output.path.is_some()) {
        all &= make(Contents { store, published: &published, output })
            .await
            .is_some_and(|made| made.is_written);
    }
    keep_archives(store, &published, stop).await;
    all
}

/// Brings the archive files of all outputs up to date.
async fn keep_archives(store: &Store, published: &Arc<Published>, stop: &CancellationToken) {
    for output in &published.outputs {
        let Some(folder) = &output.path else { continue };
        let contents = Contents { store, published, output };
        match contents.first().await {
            Ok((_, older)) => Archives::of(contents, folder).keep_up(older.archive, stop).await,
            Err(error) => warn!("output {}: {error}", output.name),
        }
    }
}

/// What became of an output.
struct Made {
    /// Of what a hub is to hear of.
    tags: Vec<(Url, String)>,
    /// Its files are there, where it has any.
    is_written: bool,
}

/// Makes an output's documents, where somebody wants them: files, and tags for a hub.
async fn make(contents: Contents<'_>) -> Option<Made> {
    let Contents { published, output, .. } = contents;
    if output.path.is_none() && published.site.hub.is_none() {
        return Some(Made { tags: Vec::new(), is_written: true });
    }
    let (articles, older) = match contents.first().await {
        Ok(first) => first,
        Err(error) => {
            warn!("output {}: {error}", output.name);
            return None;
        }
    };
    if let Some(folder) = &output.path {
        Archives::of(contents, folder).go_ahead(older.archive).await;
    }
    let (published, output) = (Arc::clone(published), output.clone());
    let made = tokio::task::spawn_blocking(move || {
        let site = &published.site;
        let mut is_written = true;
        if let Some(folder) = &output.path
            && let Err(error) = into(folder, &output, site, &articles, older.archive)
        {
            error!("{error}");
            is_written = false;
        }
        Made { tags: tags(&output, site, &articles), is_written }
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
    archive: Option<ArticleId>,
) -> Result<(), files::FilesError> {
    // Archives alone lead back: a page by its place is nothing that a file could be called.
    let part = Part::Subscription(Older { archive, page: None });
    let documents =
        Format::ALL.map(|format| publish::render_part(output, site, articles, format, &part));
    files::write(folder, &output.name, &documents).map(drop)
}

/// How long to wait for more commits.
const SETTLE: Duration = Duration::from_secs(1);

/// The pause after a look at all archives, by the time that it took.
const SHARE: u32 = 20;
