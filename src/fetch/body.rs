//! A body read within all its limits: time, bytes on the wire, bytes decoded, and the memory
//! that all bodies share.

use std::sync::Arc;

use bytes::Bytes;
use reqwest::{Response, header::CONTENT_ENCODING};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{codings::Decoder, faults, journey::Stopwatch};
use crate::model::FetchError;

/// How many large bodies may be in memory at once, from the first byte past [`LARGE`] until
/// the last clone of the document is dropped.
#[derive(Debug, Clone)]
pub(super) struct BodyBudget {
    permits: Arc<Semaphore>,
}

impl BodyBudget {
    pub(super) fn new(max_body_bytes: u64) -> Self {
        let permits = (ALL_BODIES / max_body_bytes.max(1)).clamp(FEWEST_PERMITS, MOST_PERMITS);
        Self { permits: Arc::new(Semaphore::new(usize::try_from(permits).unwrap_or(1))) }
    }

    /// Not timed: others' slowness is not this server's.
    async fn take(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed: nobody calls close")
    }
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
    if decoder.is_identity() {
        let length = response.content_length().unwrap_or(0).min(LARGE as u64);
        document.bytes.reserve_exact(usize::try_from(length).unwrap_or(0));
    }
    let mut wire_bytes = 0_u64;
    loop {
        let chunk = watch.time(response.chunk()).await?;
        let Some(chunk) = chunk.map_err(|error| faults::in_body(&error))? else { break };
        wire_bytes = wire_bytes.saturating_add(chunk.len() as u64);
        let mut input: &[u8] = &chunk;
        let mut more = true;
        while more {
            more = decoder.step(&mut input, &mut document.bytes)?;
            *read_bytes = document.bytes.len() as u64;
            if *read_bytes > limit_bytes || wire_bytes > limit_bytes {
                return Err(too_large);
            }
            if document.bytes.len() > LARGE && document.permit.is_none() {
                document.permit = Some(budget.take().await);
            }
        }
    }
    decoder.finish(&mut document.bytes)?;
    *read_bytes = document.bytes.len() as u64;
    if *read_bytes > limit_bytes {
        return Err(too_large);
    }
    Ok(Bytes::from_owner(document))
}

/// The bytes of a document, and its share of the budget for as long as they are held.
struct Document {
    bytes: Vec<u8>,
    permit: Option<OwnedSemaphorePermit>,
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

/// Bodies up to this size are not counted: 64 of them at once are bearable.
const LARGE: usize = 1024 * 1024;

/// What all large bodies together may hold.
const ALL_BODIES: u64 = 48 * 1024 * 1024;

/// One slow giant must not keep every other waiting.
const FEWEST_PERMITS: u64 = 2;
const MOST_PERMITS: u64 = 8;

const DRAIN_BYTES: usize = 64 * 1024;
const DRAIN_TIME: std::time::Duration = std::time::Duration::from_secs(2);
