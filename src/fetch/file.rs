//! Feeds on disk: a `file:` URL is read like an answer, with its time of change as validator.

use std::{io, os::unix::fs::OpenOptionsExt, path::Path, time::UNIX_EPOCH};

use bytes::Bytes;
use tokio::{
    fs::{File, OpenOptions},
    io::AsyncReadExt,
    time::Instant,
};
use url::Url;

use super::journey::unasked;
use crate::model::{FetchError, FetchLimits, Fetched, Outcome, Validators};

/// Reads the file, unless it is as it was when it gave `validators`.
pub(super) async fn read(url: &Url, validators: &Validators, limits: &FetchLimits) -> Fetched {
    let begun = Instant::now();
    let mut fetched = unasked(url);
    fetched.conditional = *validators != Validators::default();
    let reading = tokio::time::timeout(limits.timeout, attempt(url, validators, limits));
    fetched.outcome = match reading.await {
        Ok(Ok((outcome, given))) => {
            fetched.validators = given;
            outcome
        }
        Ok(Err(error)) => Outcome::Failed(error),
        Err(_) => Outcome::Failed(FetchError::TimedOut { limit: limits.timeout }),
    };
    if let Outcome::Document { body, .. } = &fetched.outcome {
        fetched.bytes = body.len() as u64;
    }
    fetched.elapsed = begun.elapsed();
    fetched
}

async fn attempt(
    url: &Url,
    validators: &Validators,
    limits: &FetchLimits,
) -> Result<(Outcome, Validators), FetchError> {
    let fault = |reason: String| FetchError::File { path: url.path().to_owned(), reason };
    let path = url.to_file_path().map_err(|()| fault("not a path of this machine".to_owned()))?;
    let file = open(&path).await.map_err(|error| fault(plain(&error)))?;
    let about = file.metadata().await.map_err(|error| fault(plain(&error)))?;
    if !about.is_file() {
        return Err(fault("not a regular file".to_owned()));
    }
    let given = version(&about);
    if given == *validators {
        return Ok((Outcome::NotModified, given));
    }
    let limit_bytes = limits.max_body_bytes;
    let mut body = Vec::new();
    let mut limited = file.take(limit_bytes.saturating_add(1));
    limited.read_to_end(&mut body).await.map_err(|error| fault(plain(&error)))?;
    if body.len() as u64 > limit_bytes {
        return Err(FetchError::TooLarge { limit_bytes });
    }
    // A writer at work: what was read belongs to neither version.
    let after = limited.get_ref().metadata().await.map_err(|error| fault(plain(&error)))?;
    let given = if version(&after) == given { given } else { Validators::default() };
    let document = Outcome::Document { body: Bytes::from(body), content_type: None, delta: false };
    Ok((document, given))
}

/// Opens without waiting for the other end of a pipe.
async fn open(path: &Path) -> io::Result<File> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).custom_flags(O_NONBLOCK);
    OpenOptions::from(options).open(path).await
}

/// A tag of change time, length and file: two writes within one tick differ in length or
/// file, as writers that rename into place do.
fn version(about: &std::fs::Metadata) -> Validators {
    use std::os::unix::fs::MetadataExt;
    let changed = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let etag = changed
        .map(|time| format!("\"{:x}-{:x}-{:x}\"", time.as_nanos(), about.len(), about.ino()));
    Validators { etag: etag.map(String::into_bytes), last_modified: None }
}

fn plain(error: &io::Error) -> String {
    error.to_string().split(" (os error").next().unwrap_or_default().to_owned()
}

/// From Linux' `fcntl.h`, the same on all of its architectures but MIPS, PA-RISC and SPARC.
const O_NONBLOCK: i32 = 0o4000;
