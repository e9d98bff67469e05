//! Documents in memory: each made once for a state of the store, however many ask for it.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
};

use super::{document::Document, problem::Problem};

/// The state that a document was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Of the store.
    pub revision: u64,
    /// Of the settings; they change at a reload.
    pub settings: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub struct Cache {
    slots: Mutex<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    of: HashMap<String, Slot>,
    clock: u64,
}

#[derive(Debug, Default, Clone)]
struct Slot {
    used: u64,
    weight: usize,
    ready: Option<(Version, Arc<Document>)>,
    /// Held by the one who makes the document; the others wait here.
    making: Arc<tokio::sync::Mutex<()>>,
}

impl Cache {
    /// The document of this key in this version; `make` makes it where it is not there yet,
    /// and only for the first of those who ask at one time.
    ///
    /// Where it cannot be made, the one before is better than none.
    pub async fn document<F>(
        &self,
        key: &str,
        version: Version,
        make: impl FnOnce() -> F,
    ) -> Result<Arc<Document>, Problem>
    where
        F: Future<Output = Result<Document, Problem>>,
    {
        let slot = self.slot(key);
        if let Some(document) = slot.of(version) {
            return Ok(document);
        }
        let _turn = slot.making.lock().await;
        let slot = self.slot(key);
        if let Some(document) = slot.of(version) {
            return Ok(document);
        }
        let before = slot.ready.map(|(_, document)| document);
        let document = match (make().await, before) {
            (Ok(made), before) => succeeding(made, before),
            (Err(Problem::Store(error)), Some(before)) => {
                tracing::warn!("{key} stays as it was: {error}");
                return Ok(before);
            }
            (Err(problem), _) => {
                self.forget(key);
                return Err(problem);
            }
        };
        self.put(key, version, &document);
        Ok(document)
    }

    fn slot(&self, key: &str) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.clock += 1;
        let now = slots.clock;
        let slot = slots.of.entry(key.to_owned()).or_default();
        slot.used = now;
        slot.clone()
    }

    fn put(&self, key: &str, version: Version, document: &Arc<Document>) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.of.get_mut(key) {
            slot.weight = document.weight();
            slot.ready = Some((version, Arc::clone(document)));
        }
        slots.make_room();
    }

    fn forget(&self, key: &str) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        // Those who wait for it hold the slot's lock themselves and make a new one.
        slots.of.remove(key);
    }
}

impl Slot {
    fn of(&self, version: Version) -> Option<Arc<Document>> {
        let (ready, document) = self.ready.as_ref()?;
        (*ready == version).then(|| Arc::clone(document))
    }
}

impl Slots {
    /// Drops what was not asked for longest, until the rest fits.
    fn make_room(&mut self) {
        let mut weight: usize = self.of.values().map(|slot| slot.weight).sum();
        if weight <= MAX_WEIGHT && self.of.len() <= MAX_DOCUMENTS {
            return;
        }
        let mut by_use: Vec<(u64, String)> =
            self.of.iter().map(|(key, slot)| (slot.used, key.clone())).collect();
        by_use.sort_unstable();
        // A quarter at once, so that this is not done for each document.
        for (_, key) in by_use {
            if weight <= MAX_WEIGHT / 4 * 3 && self.of.len() <= MAX_DOCUMENTS / 4 * 3 {
                break;
            }
            if let Some(slot) = self.of.remove(&key) {
                weight = weight.saturating_sub(slot.weight);
            }
        }
    }
}

/// The new document in place of the one before.
///
/// The same bytes stay the same document, with the forms it already has. Other bytes have
/// to be told apart by those who know dates alone, and dates have only seconds; a sweep or
/// a new title does not even change the newest change. So the date moves on by a second.
fn succeeding(made: Document, before: Option<Arc<Document>>) -> Arc<Document> {
    let mut made = made;
    if let Some(before) = before {
        if before.etag == made.etag {
            return before;
        }
        if let (Some(old), Some(new)) = (before.last_modified, made.last_modified)
            && new.timestamp() <= old.timestamp()
        {
            made.last_modified = Some(old + chrono::TimeDelta::seconds(1));
        }
    }
    Arc::new(made)
}

/// All documents together. The first documents of a dozen outputs are a few megabytes; the
/// rest is for archives, older pages and searches.
const MAX_WEIGHT: usize = 48 << 20;

/// Small ones have a cost, too.
const MAX_DOCUMENTS: usize = 1_024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::document::Kind;

    fn version(revision: u64) -> Version {
        Version { revision, settings: 0 }
    }

    fn document(text: &str, second: i64) -> Document {
        let time = crate::model::Time::from_timestamp(second, 0);
        Document::text(text.to_owned(), "text/plain", time, Kind::Feed)
    }

    #[tokio::test]
    async fn a_document_is_made_once_for_a_version() {
        let cache = Cache::default();
        for _ in 0..3 {
            let made = cache.document("a", version(1), async || Ok(document("one", 5))).await;
            assert_eq!(made.unwrap().plain, "one");
            let again = cache.document("a", version(1), async || Err(Problem::Busy)).await;
            assert_eq!(again.unwrap().plain, "one");
        }
        let next = cache.document("a", version(2), async || Ok(document("two", 9))).await;
        assert_eq!(next.unwrap().plain, "two");
    }

    #[tokio::test]
    async fn those_who_ask_together_are_served_by_one_making() {
        let cache = Arc::new(Cache::default());
        let made = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let (cache, made) = (Arc::clone(&cache), Arc::clone(&made));
                tokio::spawn(async move {
                    let make = async || {
                        made.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                        tokio::task::yield_now().await;
                        Ok(document("x", 1))
                    };
                    cache.document("a", version(1), make).await.unwrap()
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(made.load(std::sync::atomic::Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn other_bytes_have_a_later_date_and_equal_bytes_the_same() {
        let cache = Cache::default();
        let mut dates = Vec::new();
        for (revision, text) in [(1, "one"), (2, "two"), (3, "two"), (4, "three")] {
            let made = cache.document("a", version(revision), async || Ok(document(text, 5))).await;
            dates.push(made.unwrap().last_modified.unwrap().timestamp());
        }
        assert_eq!(dates, [5, 6, 6, 7]);
    }

    #[tokio::test]
    async fn what_is_not_asked_for_goes_first() {
        let cache = Cache::default();
        for number in 0..MAX_DOCUMENTS + 1 {
            let _ = cache.document("first", version(1), async || Ok(document("f", 1))).await;
            let key = format!("{number}");
            let _ = cache.document(&key, version(1), async || Ok(document("x", 1))).await;
        }
        let slots = cache.slots.lock().unwrap();
        assert!(slots.of.len() <= MAX_DOCUMENTS);
        assert!(slots.of.contains_key("first") && !slots.of.contains_key("0"));
    }
}
