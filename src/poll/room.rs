//! What documents may take while they are read and wait for the writer: memory and cores.
//!
//! In: a document that came. Out: a [`Place`], held until its commit. Small documents and
//! large ones have places of their own, so that however many large ones wait, a small one is
//! read at once.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
};

use memchr::memchr2_iter;
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};
use tracing::warn;

use crate::model::{Fetched, Outcome};

/// Memory and cores for documents.
#[derive(Debug)]
pub(super) struct Room {
    /// In KiB.
    small: Semaphore,
    large: Semaphore,
    /// Reading and finishing are CPU work: as many small documents at once as there are cores.
    cores: Semaphore,
    /// The one thread that works on large documents, so that the others have a core left, and
    /// so that what an allocator keeps for a thread is kept once. `None`: there could be none.
    reader: Option<mpsc::Sender<Job>>,
}

type Job = Box<dyn FnOnce() + Send>;

/// A document's share of the room.
#[derive(Debug)]
pub(super) struct Place<'a> {
    room: &'a Room,
    is_large: bool,
    memory: Option<SemaphorePermit<'a>>,
}

impl Default for Room {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            small: Semaphore::new(SMALL_ROOM_KIB as usize),
            large: Semaphore::new(LARGE_ROOM_KIB as usize),
            cores: Semaphore::new(cores),
            reader: start_reader(),
        }
    }
}

fn start_reader() -> Option<mpsc::Sender<Job>> {
    let (jobs, inbox) = mpsc::channel::<Job>();
    let work = move || {
        for job in inbox {
            // Whoever waits for its answer learns of the panic by its absence.
            let _ = catch_unwind(AssertUnwindSafe(job));
        }
    };
    let started = std::thread::Builder::new().name("large-documents".into()).spawn(work);
    started.map(|_| jobs).inspect_err(|error| warn!("no thread for large documents: {error}")).ok()
}

impl Room {
    /// Waits until there is room for the document of this answer. Without a document there is
    /// nothing to wait for.
    pub(super) async fn place_for(&self, fetched: &Fetched) -> Place<'_> {
        let Outcome::Document { body, .. } = &fetched.outcome else {
            return Place { room: self, is_large: false, memory: None };
        };
        let kib = estimated_kib(body);
        let is_large = kib > SMALL_KIB;
        let memory = if is_large {
            self.large.acquire_many(kib.min(LARGE_ROOM_KIB)).await
        } else {
            self.small.acquire_many(kib).await
        };
        let memory = memory.expect("nobody closes the semaphore");
        Place { room: self, is_large, memory: Some(memory) }
    }
}

impl Place<'_> {
    /// The document has been read: from now on so much of it is in memory.
    pub(super) fn shrink(&mut self, bytes: usize) {
        if let Some(memory) = &mut self.memory {
            let spare = memory.num_permits().saturating_sub(bytes / 1024 + 1);
            drop(memory.split(spare));
        }
    }

    /// Runs CPU work on a thread that may block. `None`: it panicked.
    pub(super) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        match &self.room.reader {
            Some(reader) if self.is_large => {
                let (reply, answer) = oneshot::channel();
                let job = Box::new(move || drop(reply.send(work())));
                reader.send(job).ok()?;
                answer.await.ok()
            }
            _ => {
                let _core = self.room.cores.acquire().await.expect("nobody closes the semaphore");
                tokio::task::spawn_blocking(work).await.ok()
            }
        }
    }
}

/// How much memory a document becomes while it is read, roughly and rather too much: its
/// characters a few times over, and a KiB for what may be an entry.
fn estimated_kib(body: &[u8]) -> u32 {
    let begins = |at: &usize| match body.get(*at..) {
        Some([b'<', next, ..]) => next.is_ascii_alphabetic(),
        Some([_, _, ..]) => true,
        _ => false,
    };
    let entries = memchr2_iter(b'<', b'{', body).filter(begins).take(MOST_ENTRIES).count();
    u32::try_from(body.len() / 1024 * COPIES + entries + 1).unwrap_or(u32::MAX)
}

/// The document, its characters, and what was found in them.
const COPIES: usize = 4;

/// As many as a reader keeps.
const MOST_ENTRIES: usize = 20_000;

/// Most feeds are below it.
const SMALL_KIB: u32 = 4 * 1024;

/// What all small documents may take together.
const SMALL_ROOM_KIB: u32 = 12 * 1024;

/// What all large ones may take together; the largest of all has it to itself.
const LARGE_ROOM_KIB: u32 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Validators;

    fn answer(body: &[u8]) -> Fetched {
        let body = bytes::Bytes::copy_from_slice(body);
        Fetched {
            outcome: Outcome::Document { body, content_type: None, delta: false },
            status: Some(200),
            final_url: "https://a.example/".parse().unwrap(),
            permanent_url: None,
            conditional: false,
            validators: Validators::default(),
            freshness: Default::default(),
            retry_after: None,
            hubs: Vec::new(),
            topic: None,
            bytes: 0,
            elapsed: Default::default(),
        }
    }

    #[test]
    fn many_tiny_entries_weigh_more_than_their_characters() {
        let plain = estimated_kib(&[b'x'; 100_000]);
        assert!(estimated_kib(&b"<item/>".repeat(14_000)) > 20 * plain);
        assert_eq!(estimated_kib(b""), 1);
    }

    #[tokio::test]
    async fn the_largest_has_the_large_room_to_itself_and_small_ones_pass_by() {
        let room = Room::default();
        let giant = answer(&b"<item/>".repeat(13 << 17));
        let place = room.place_for(&giant).await;
        assert!(place.is_large);
        assert_eq!(room.large.available_permits(), 0);
        let small = room.place_for(&answer(b"<rss/>")).await;
        assert!(!small.is_large);
        let (told, wait) = mpsc::channel::<()>();
        let (held, passed) = tokio::join!(place.work(move || wait.recv().is_ok()), async move {
            let passed = small.work(|| true).await;
            told.send(()).unwrap();
            passed
        });
        assert_eq!((held, passed), (Some(true), Some(true)));
        assert_eq!(place.work(|| panic!("on purpose")).await, None::<()>);
        assert_eq!(place.work(|| 1).await, Some(1));
        let mut place = place;
        place.shrink(1 << 20);
        assert_eq!(room.large.available_permits(), LARGE_ROOM_KIB as usize - 1025);
        place.shrink(1 << 30);
        drop(place);
        assert_eq!(room.large.available_permits(), LARGE_ROOM_KIB as usize);
    }
}
