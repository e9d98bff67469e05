//! Which stored entry an arriving one is: the same, an edit of it, the same under a renewed
//! guid, or one of its own.
//!
//! In: an arriving entry and what the feed has. Out: [`Identity`]. A guid is the entry's
//! identity (RFC 4287 4.2.6) until the feed shows that it means something else by it: some
//! give one guid to many entries, some a new guid to every entry at every poll.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _};
use sha2::{Digest as _, Sha256};
use url::Url;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::{
    FeedId, Reading,
    error::Fault,
    values::{signed, unsigned, url},
};
use crate::model::{Entry, Html};

/// What an arriving entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Identity {
    /// Nothing to do.
    Unchanged,
    /// The row that it changes.
    Edit(i64),
    /// The row whose guid it renews.
    Renewed(i64),
    /// A new entry; the number tells it from others of its guid (0: there is no other).
    New { variant: i64 },
    /// Retention took it away before: it is not new.
    Swept,
}

/// What tells an entry from another of the same guid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    /// Of the canonical address; `None` where it has none, or a home page, which tells nothing.
    pub url: Option<u64>,
    /// Of the title, or of the text's begin where there is no title.
    pub title: Option<u64>,
    published: Option<i64>,
}

/// Recognises the entries of one document.
#[derive(Debug)]
pub(super) struct Recognizer<'a> {
    connection: &'a Connection,
    feed: FeedId,
    /// How often each guid is in the document.
    in_document: HashMap<&'a str, u32>,
    /// What is not in the document is not in the feed any more.
    whole: bool,
    /// What is stored of each guid that was asked for.
    stored: HashMap<String, Vec<Stored>>,
    /// The feed has no entry and had none: there is nothing to look for.
    nothing_before: bool,
}

#[derive(Debug)]
struct Stored {
    id: i64,
    variant: i64,
    raw_hash: u64,
    marks: Marks,
    /// An entry of this document has taken it.
    taken: bool,
}

impl<'a> Recognizer<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        feed: FeedId,
        reading: &'a Reading,
    ) -> Result<Self, Fault> {
        let mut in_document = HashMap::new();
        for guid in &reading.guids {
            *in_document.entry(guid.as_str()).or_insert(0) += 1;
        }
        let whole = !reading.partial;
        let nothing_before = connection
            .prepare_cached(
                "SELECT NOT EXISTS (SELECT 1 FROM entries WHERE feed_id = ?1)
                    AND NOT EXISTS (SELECT 1 FROM swept_entries WHERE feed_id = ?1)",
            )?
            .query_row([feed.0], |row| row.get(0))?;
        Ok(Self { connection, feed, in_document, whole, stored: HashMap::new(), nothing_before })
    }

    /// Judges one entry; an edit takes its row, so that a second entry of the same guid in
    /// the same document cannot be an edit of that row, too.
    pub(super) fn judge(&mut self, entry: &Entry) -> Result<Identity, Fault> {
        let often = self.in_document.get(entry.guid.as_str()).is_some_and(|times| *times > 1);
        let marks = Marks::of(entry);
        if !self.stored.contains_key(&entry.guid) {
            let rows = if self.nothing_before { Vec::new() } else { self.load(&entry.guid)? };
            self.stored.insert(entry.guid.clone(), rows);
        }
        let Some(rows) = self.stored.get_mut(&entry.guid) else { return Ok(Identity::Unchanged) };
        if let Some(row) = rows.iter_mut().find(|row| row.raw_hash == entry.raw_hash) {
            row.taken = true;
            return Ok(Identity::Unchanged);
        }
        // Where a guid has several entries, one address for all of them tells nothing.
        let several = often || rows.len() > 1;
        let edited = rows.iter_mut().filter(|row| !row.taken).find(|row| {
            if several { marks.same_title(&row.marks) } else { marks.is_edit_of(&row.marks) }
        });
        if let Some(row) = edited {
            row.taken = true;
            row.raw_hash = entry.raw_hash;
            row.marks = marks;
            return Ok(Identity::Edit(row.id));
        }
        if self.nothing_before {
            return Ok(Identity::New { variant: self.variant(entry, marks) });
        }
        if rows.is_empty()
            && self.whole
            && let Some(id) = self.renewed(entry)?
        {
            return Ok(Identity::Renewed(id));
        }
        if self.was_swept(entry, marks)? {
            return Ok(Identity::Swept);
        }
        Ok(Identity::New { variant: self.variant(entry, marks) })
    }

    /// Remembers a row that was made of what [`Self::judge`] called new.
    pub(super) fn stored(&mut self, entry: &Entry, id: i64, variant: i64) {
        let marks = Marks::of(entry);
        let row = Stored { id, variant, raw_hash: entry.raw_hash, marks, taken: true };
        self.stored.entry(entry.guid.clone()).or_default().push(row);
    }

    fn load(&self, guid: &str) -> Result<Vec<Stored>, Fault> {
        let mut rows = self.connection.prepare_cached(
            "SELECT id, variant, raw_hash, url, title, unixepoch(published),
                    iif(title IS NULL, coalesce(content, summary), NULL)
               FROM entries WHERE feed_id = ?1 AND guid = ?2",
        )?;
        let rows = rows.query_map((self.feed.0, guid), |row| {
            let address = url(row.get(3)?);
            let title: Option<String> = row.get(4)?;
            let text: Option<String> = row.get(6)?;
            Ok(Stored {
                id: row.get(0)?,
                variant: row.get(1)?,
                raw_hash: unsigned(row.get(2)?),
                marks: Marks::new(address.as_ref(), title.as_deref(), text.as_deref(), row.get(5)?),
                taken: false,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The entry that says the same under a guid which the document does not have any more.
    fn renewed(&self, entry: &Entry) -> Result<Option<i64>, Fault> {
        if entry.url.is_none() && entry.title.is_none() {
            return Ok(None);
        }
        let mut same = self.connection.prepare_cached(&format!(
            "SELECT id, guid FROM entries WHERE feed_id = ?1 AND said_hash = ?2
              ORDER BY id DESC LIMIT {RENEWALS}",
        ))?;
        let mut rows = same.query((self.feed.0, signed(said_hash(entry))))?;
        while let Some(row) = rows.next()? {
            let guid: String = row.get(1)?;
            if !self.in_document.contains_key(guid.as_str()) {
                return Ok(Some(row.get(0)?));
            }
        }
        Ok(None)
    }

    fn was_swept(&self, entry: &Entry, marks: Marks) -> Result<bool, Fault> {
        let found = self
            .connection
            .prepare_cached(
                "SELECT 1 FROM swept_entries
                  WHERE feed_id = ?1 AND guid_hash = ?2 AND (url_hash = ?3 OR title_hash = ?4)",
            )?
            .query_row(
                (
                    self.feed.0,
                    signed(xxh3_64(entry.guid.as_bytes())),
                    marks.url.map(signed),
                    marks.title.map(signed),
                ),
                |_| Ok(()),
            )
            .optional()?;
        Ok(found.is_some())
    }

    fn variant(&self, entry: &Entry, marks: Marks) -> i64 {
        let rows = self.stored.get(&entry.guid).map_or(&[][..], Vec::as_slice);
        if rows.is_empty() {
            return 0;
        }
        let mut hash = Xxh3::new();
        for mark in [marks.url, marks.title] {
            hash.update(&mark.unwrap_or(0).to_le_bytes());
        }
        let free = |number: &i64| *number != 0 && rows.iter().all(|row| row.variant != *number);
        [hash.digest(), said_hash(entry), entry.raw_hash]
            .map(signed)
            .into_iter()
            .find(free)
            // Equal in all of this is equal: `judge` has found it unchanged before.
            .unwrap_or_else(|| signed(entry.raw_hash).wrapping_add(1))
    }
}

/// Entries of one wording that are looked at for a renewed guid: a feed that says the same
/// thousands of times would make the search as long for each of them.
const RENEWALS: u32 = 16;

/// The hashes of what each of these guids last said in this feed.
pub(super) fn known(
    connection: &Connection,
    feed: FeedId,
    guids: Vec<String>,
) -> Result<HashMap<String, Vec<u64>>, Fault> {
    let mut rows = connection
        .prepare_cached("SELECT raw_hash FROM entries WHERE feed_id = ?1 AND guid = ?2")?;
    let mut known = HashMap::new();
    for guid in guids {
        if known.contains_key(&guid) {
            continue;
        }
        let hashes: Vec<u64> = rows
            .query_map((feed.0, &guid), |row| Ok(unsigned(row.get(0)?)))?
            .collect::<Result<_, _>>()?;
        if !hashes.is_empty() {
            known.insert(guid, hashes);
        }
    }
    Ok(known)
}

impl Marks {
    pub(super) fn of(entry: &Entry) -> Self {
        let text = entry.content.as_ref().or(entry.summary.as_ref()).map(Html::as_str);
        let published = entry.published.map(|time| time.timestamp());
        Self::new(entry.url.as_ref(), entry.title.as_deref(), text, published)
    }

    pub(super) fn new(
        url: Option<&Url>,
        title: Option<&str>,
        text: Option<&str>,
        published: Option<i64>,
    ) -> Self {
        let begin = |text: &str| text.chars().take(TEXT_BEGIN).collect::<String>();
        let title = title.map(str::to_owned).or_else(|| text.map(begin));
        Self {
            url: url.and_then(canonical).map(|address| xxh3_64(address.as_bytes())),
            title: title.map(|title| xxh3_64(title.trim().as_bytes())),
            published,
        }
    }

    fn same_title(&self, other: &Self) -> bool {
        self.title.is_some() && self.title == other.title
    }

    /// One guid, and at least one more thing that stayed.
    fn is_edit_of(&self, old: &Self) -> bool {
        let same = |new: Option<u64>, old: Option<u64>| new.is_some() && new == old;
        let tells_nothing = |new: Option<u64>, old: Option<u64>| new.is_none() && old.is_none();
        same(self.url, old.url)
            || same(self.title, old.title)
            || (self.published.is_some() && self.published == old.published)
            || tells_nothing(self.title, old.title)
    }
}

/// Signs of a text without title that stand for one: enough to tell two notes apart, few
/// enough that an addition at the end is still an edit.
const TEXT_BEGIN: usize = 80;

/// A hash of what an entry says to a reader: address, title, text; not guid or dates.
pub(super) fn said_hash(entry: &Entry) -> u64 {
    let [summary, content] =
        [&entry.summary, &entry.content].map(|html| html.as_ref().map(Html::as_str));
    let texts = [entry.title.as_deref(), summary, content];
    said_hash_of(entry.url.as_ref(), texts)
}

/// The same of its address and of its title, summary and content.
pub(super) fn said_hash_of(address: Option<&Url>, texts: [Option<&str>; 3]) -> u64 {
    let mut hash = Xxh3::new();
    let address = address.and_then(canonical);
    for part in [address.as_deref()].into_iter().chain(texts) {
        let part = part.unwrap_or_default();
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.digest()
}

/// An address as it is compared: without scheme, `www.`, trailing slash, fragment and
/// tracking parameters. `None` for a home page, which is not an entry's address.
pub(super) fn canonical(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    let host = host.strip_prefix("www.").unwrap_or(host).trim_end_matches('.');
    let path = url.path().trim_end_matches('/');
    let query = url.query().unwrap_or_default().split('&');
    let mut query = query.filter(|pair| !pair.is_empty() && !is_tracking(pair)).peekable();
    if path.is_empty() && query.peek().is_none() {
        return None;
    }
    let mut canonical = String::with_capacity(url.as_str().len());
    canonical.push_str(host);
    if let Some(port) = url.port() {
        canonical.push_str(&format!(":{port}"));
    }
    canonical.push_str(path);
    for (number, pair) in query.enumerate() {
        canonical.push(if number == 0 { '?' } else { '&' });
        canonical.push_str(pair);
    }
    Some(canonical)
}

fn is_tracking(pair: &str) -> bool {
    let name = pair.split_once('=').map_or(pair, |(name, _)| name);
    name.starts_with("utm_") || matches!(name, "fbclid" | "gclid" | "mc_cid" | "mc_eid")
}

/// The public id of an article that begins with this entry: the origin's own where it is an
/// IRI (RFC 3987) of a scheme that makes ids, else made from feed and guid.
pub(super) fn public_id(feed: &Url, entry: &Entry, variant: i64, taken: bool) -> String {
    if variant == 0 && !taken && is_id_iri(&entry.guid) {
        return entry.guid.clone();
    }
    let mut hash = Sha256::new();
    for part in [feed.as_str(), &entry.guid, &variant.to_string()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut id: [u8; 16] = [0; 16];
    id.iter_mut().zip(hash.finalize()).for_each(|(byte, hashed)| *byte = hashed);
    // Version 8: made in our own way (RFC 9562 5.8); variant bits as the RFC has them.
    let id = u128::from_be_bytes(id) & !(0xf << 76) & !(0x3 << 62) | (0x8 << 76) | (0x2 << 62);
    let hex = format!("{id:032x}");
    let group = |from, to| hex.get(from..to).unwrap_or_default();
    format!(
        "urn:uuid:{}-{}-{}-{}-{}",
        group(0, 8),
        group(8, 12),
        group(12, 16),
        group(16, 20),
        group(20, 32)
    )
}

/// Longer ids are replaced by one of ours: they go into every output and index.
const LONGEST_ID_BYTES: usize = 1_000;

pub(super) fn is_id_iri(guid: &str) -> bool {
    let Some((scheme, rest)) = guid.split_once(':') else { return false };
    let known = ["http", "https", "tag", "urn", "info", "ni", "at", "doi"]
        .iter()
        .any(|name| scheme.eq_ignore_ascii_case(name));
    let clean = |c: char| !c.is_whitespace() && !c.is_control() && !r#"<>"{}|\^`"#.contains(c);
    let web =
        scheme.len() >= 4 && scheme.get(..4).is_some_and(|it| it.eq_ignore_ascii_case("http"));
    // A home page is nobody's id: feeds give it to every entry.
    let page = || Url::parse(guid).ok().and_then(|url| canonical(&url)).is_some();
    known
        && !rest.is_empty()
        && guid.len() <= LONGEST_ID_BYTES
        && guid.chars().all(clean)
        && (!web || page())
}

/// Sixteen hex digits made from the public id.
pub(super) fn slug(public_id: &str) -> String {
    let hash = Sha256::digest(public_id.as_bytes());
    let first = hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{first:016x}")
}
