//! A body read within all its limits: time, bytes on the wire, bytes decoded, and the memory
//! that all bodies share.

use std::sync::Arc;

use bytes::Bytes;
use reqwest::{Response, header::CONTENT_ENCODING};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    codings::{Decoder, STEP_BYTES},
    faults,
    journey::Stopwatch,
};
use crate::model::FetchError;

/// How many large bodies may be in memory at once, from the first byte past [`SMALL`] until
/// the last clone of the document is dropped.
///
/// In two steps, so that a middling body never waits for giants to be read: up to [`MIDDLING`]
/// one of many permits, beyond it one of few, for which a body waits with the first in hand.
/// Nobody with the second waits for the first, so no two wait for each other.
#[derive(Debug, Clone)]
pub(super) struct BodyBudget {
    middling: Arc<Semaphore>,
    giant: Arc<Semaphore>,
}

impl BodyBudget {
    pub(super) fn new(max_body_bytes: u64) -> Self {
        let giant = (ALL_GIANTS / max_body_bytes.max(1)).clamp(FEWEST_GIANTS, MOST_GIANTS);
        Self {
            middling: Arc::new(Semaphore::new(ALL_MIDDLING / MIDDLING)),
            giant: Arc::new(Semaphore::new(usize::try_from(giant).unwrap_or(1))),
        }
    }

    /// The permit that a body of this size needs, if it needs another than it has.
    ///
    /// Not timed: others' slowness is not this server's.
    async fn keep(&self, document: &mut Document) {
        let (size, needed) = match document.bytes.len() {
            0..=SMALL => return,
            length if length <= MIDDLING => (Size::Middling, &self.middling),
            _ => (Size::Giant, &self.giant),
        };
        if document.permit.as_ref().is_none_or(|(held, _)| *held != size) {
            let permit = Arc::clone(needed).acquire_owned().await;
            let permit = permit.expect("the semaphore is never closed: nobody calls close");
            document.permit = Some((size, permit));
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    Middling,
    Giant,
}

/// Reads the whole body and undoes its coding. `read_bytes` counts what was decoded, also
/// where it ends in an error.
pub(super) async fn read(
    mut response: Response,
    limit_bytes: u64,
    budget: &BodyBudget,
    watch: &mut Stopwatch,
    read_bytes: &mut u64,
) -> Result<Bytes, FetchError> {
    let too_large = FetchError::TooLarge { limit_bytes };
    let mut decoder = Decoder::new(&all_codings(&response))?;
    // A length beyond the limit needs no reading; coded or not, it will not get smaller.
    if response.content_length().is_some_and(|length| length > limit_bytes) {
        return Err(too_large);
    }
    let mut document = Document { bytes: Vec::new(), permit: None };
    let coded_to = if decoder.is_identity() { 1 } else { USUAL_CODING };
    let length = response.content_length().unwrap_or(0).saturating_mul(coded_to).min(SMALL as u64);
    document.bytes.reserve_exact(usize::try_from(length).unwrap_or(0));
    let mut wire_bytes = 0_u64;
    loop {
        let chunk = watch.time(response.chunk()).await?;
        let Some(chunk) = chunk.map_err(|error| faults::in_body(&error))? else { break };
        wire_bytes = wire_bytes.saturating_add(chunk.len() as u64);
        let mut input: &[u8] = &chunk;
        let mut more = true;
        while more {
            make_room(&mut document.bytes);
            more = decoder.step(&mut input, &mut document.bytes)?;
            *read_bytes = document.bytes.len() as u64;
            if *read_bytes > limit_bytes || wire_bytes > limit_bytes {
                return Err(too_large);
            }
            budget.keep(&mut document).await;
        }
    }
    decoder.finish(&mut document.bytes)?;
    *read_bytes = document.bytes.len() as u64;
    if *read_bytes > limit_bytes {
        return Err(too_large);
    }
    Ok(Bytes::from_owner(document))
}

/// Room for a step more. A large vector that grows by itself doubles, and a large body would
/// hold up to twice its size.
fn make_room(bytes: &mut Vec<u8>) {
    if bytes.len() > SMALL / 2 && bytes.capacity() - bytes.len() < STEP_BYTES {
        let more = if bytes.len() < MIDDLING { bytes.len() / 4 } else { MIDDLING };
        bytes.reserve_exact(more.max(STEP_BYTES));
    }
}

/// How many times a feed becomes shorter by gzip, rather too much: memory that is not touched
/// costs nothing, and a document that grows is copied.
const USUAL_CODING: u64 = 4;

/// The bytes of a document, and its share of the budget for as long as they are held.
struct Document {
    bytes: Vec<u8>,
    permit: Option<(Size, OwnedSemaphorePermit)>,
}

impl AsRef<[u8]> for Document {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

fn all_codings(response: &Response) -> String {
    let fields: Vec<String> = response
        .headers()
        .get_all(CONTENT_ENCODING)
        .iter()
        .map(|field| String::from_utf8_lossy(field.as_bytes()).into_owned())
        .collect();
    fields.join(", ")
}

/// Reads what is left of a small body that nobody wants, so that the connection can be used
/// again; what of it says why, for the look of a challenge.
pub(super) async fn drain(mut response: Response, watch: &mut Stopwatch) -> Vec<u8> {
    let mut read = Vec::new();
    if response.content_length().is_some_and(|length| length > DRAIN_BYTES as u64) {
        return read;
    }
    while read.len() < DRAIN_BYTES {
        match watch.time_briefly(response.chunk(), DRAIN_TIME).await {
            Some(Ok(Some(chunk))) => read.extend_from_slice(&chunk),
            Some(Ok(None) | Err(_)) | None => break,
        }
    }
    read
}

/// Bodies up to this size are not counted: 64 of them at once are bearable, and most feeds are
/// below it.
const SMALL: usize = 128 * 1024;

/// Nearly all other feeds are below this.
const MIDDLING: usize = 1024 * 1024;

/// What all middling bodies together may hold.
const ALL_MIDDLING: usize = 16 * 1024 * 1024;

/// What all larger ones together may hold.
const ALL_GIANTS: u64 = 20 * 1024 * 1024;

/// One slow giant must not keep every other waiting.
const FEWEST_GIANTS: u64 = 2;
const MOST_GIANTS: u64 = 8;

const DRAIN_BYTES: usize = 64 * 1024;
const DRAIN_TIME: std::time::Duration = std::time::Duration::from_secs(2);
