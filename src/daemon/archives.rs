//! Archive files: what an output's first document has no room for, for a static host.
//!
//! In: an output with a folder. Out: `NAME.archive-ROW.atom`, `.rss`, `.json` and `.html`, the
//! chain that begins at the first document's link (RFC 5005). An archive is written when it
//! comes into being, and again where what it shows was edited, merged or swept; what it was
//! made from is noted beside it, so that a restart writes nothing. Never here: what an
//! archive holds, which is [`Contents`]' answer.

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    files,
    model::ArticleId,
    publish::{self, Format, Part, archive_name, archive_rows},
    server::Contents,
};

/// The archives of one output in its folder.
pub struct Archives<'a> {
    contents: Contents<'a>,
    folder: &'a Path,
    /// What each was made from, by the row that it ends before.
    notes: BTreeMap<i64, u64>,
    /// What all of them are made from beside articles; asked for once.
    look: Option<u64>,
    written: u32,
}

/// Why a pass ended early; it is in the log.
struct Ended;

impl<'a> Archives<'a> {
    pub fn of(contents: Contents<'a>, folder: &'a Path) -> Self {
        // Notes that are missing or torn cost a comparison of each file, no more.
        let notes = std::fs::read(notes_file(folder, &contents.output.name)).ok();
        let notes = notes.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
        Self { contents, folder, notes, look: None, written: 0 }
    }

    /// Writes the archives that the first document is about to lead to, before it does: the
    /// newest ones, back to one that is there.
    pub async fn go_ahead(&mut self, newest: Option<ArticleId>) {
        let mut next = newest;
        for _ in 0..AHEAD {
            let Some(row) = next else { break };
            if self.notes.contains_key(&row.0) && self.is_there(row) {
                break;
            }
            match self.bring_up_to_date(row).await {
                Ok(older) => next = older,
                Err(Ended) => break,
            }
        }
        self.note();
    }

    /// Brings all of them up to date, and takes away what nothing leads to any more.
    pub async fn keep_up(&mut self, newest: Option<ArticleId>, stop: &CancellationToken) {
        let mut linked = HashSet::new();
        let mut next = newest;
        while let Some(row) = next {
            if stop.is_cancelled() {
                return self.note();
            }
            linked.insert(row);
            match self.bring_up_to_date(row).await {
                Ok(older) => next = older,
                Err(Ended) => return self.note(),
            }
            if linked.len() % NOTED_EACH == 0 {
                self.note();
            }
        }
        files::remove_archives(self.folder, &self.contents.output.name, &linked);
        self.notes.retain(|row, _| linked.contains(&ArticleId(*row)));
        self.note();
    }

    /// The next older archive, once this one is written.
    async fn bring_up_to_date(&mut self, row: ArticleId) -> Result<Option<ArticleId>, Ended> {
        let Contents { store, published, output } = self.contents;
        let unread = |error| warn!("output {}: {error}", output.name);
        let look = self.look().await?;
        let older = self.contents.archive_before(row).await.map_err(unread).map_err(|()| Ended)?;
        // Before its articles are read: what changes meanwhile makes it anew next time.
        let state = store.state_of(archive_rows(row)).await.map_err(unread).map_err(|()| Ended)?;
        let made_from = xxh3_64(format!("{look} {state} {older:?}").as_bytes());
        if self.notes.get(&row.0) == Some(&made_from) && self.is_there(row) {
            return Ok(older);
        }
        let archive = self.contents.archive(row).await.map_err(unread).map_err(|()| Ended)?;
        let Some((articles, archive)) = archive else { return Ok(older) };
        let (published, output) = (Arc::clone(published), output.clone());
        let folder = self.folder.to_owned();
        let written = tokio::task::spawn_blocking(move || {
            let part = Part::Archive(archive);
            let documents = Format::ALL.map(|format| {
                publish::render_part(&output, &published.site, &articles, format, &part)
            });
            files::write(&folder, &archive_name(&output.name, row), &documents)
        });
        match written.await {
            Ok(Ok(_)) => {
                self.notes.insert(row.0, made_from);
                self.written += 1;
                Ok(older)
            }
            Ok(Err(error)) => {
                error!("{error}");
                Err(Ended)
            }
            Err(error) => {
                error!("an archive could not be made: {error}");
                Err(Ended)
            }
        }
    }

    fn is_there(&self, row: ArticleId) -> bool {
        files::are_there(self.folder, &archive_name(&self.contents.output.name, row))
    }

    /// The settings, and what archives say of feeds.
    async fn look(&mut self) -> Result<u64, Ended> {
        if let Some(look) = self.look {
            return Ok(look);
        }
        let Contents { store, published, output } = self.contents;
        let feeds = store.feeds().await.map_err(|error| {
            warn!("output {}: {error}", output.name);
            Ended
        })?;
        let mut text = format!("{RENDERING} {output:?} {:?}", published.site);
        for feed in feeds {
            text += &format!(
                "\n{} {} {:?} {:?} {:?}",
                feed.url, feed.name, feed.title, feed.home_page, feed.tags
            );
        }
        let look = xxh3_64(text.as_bytes());
        self.look = Some(look);
        Ok(look)
    }

    /// Keeps what is known by now for the next time.
    fn note(&mut self) {
        let written = std::mem::take(&mut self.written);
        if written > 0 {
            info!("output {}: {written} archives written", self.contents.output.name);
        }
        if self.notes.is_empty() && !self.folder.exists() {
            return;
        }
        let json = serde_json::to_vec(&self.notes).expect("numbers by numbers serialize");
        let path = notes_file(self.folder, &self.contents.output.name);
        if std::fs::read(&path).is_ok_and(|old| old == json) {
            return;
        }
        if let Err(error) = files::replace(&path, &json) {
            warn!("cannot write {}: {error}", path.display());
        }
    }
}

/// Hidden from web servers by its dot, as what is half written is.
fn notes_file(folder: &Path, output: &str) -> PathBuf {
    folder.join(format!(".{output}.archives.json"))
}

/// Archives that the first document waits for: the newest and the one that has just become
/// whole. Behind them lies what was there before, but when a folder is first filled.
const AHEAD: usize = 3;

/// A first filling may be stopped at any time, and goes on from the last note.
const NOTED_EACH: usize = 20;

/// Grows when archives come to be written otherwise, so that all are compared again.
const RENDERING: u32 = 1;
