//! What went wrong below HTTP, in our words: one kind, one line, no addresses of secrets.

use std::{error::Error, io, time::Duration};

use super::resolver::NameError;
use crate::model::FetchError;

/// Why no head of an answer came.
pub(super) fn before_answer(error: &reqwest::Error, waited: Duration) -> FetchError {
    if let Some(name) = find::<NameError>(error) {
        return match name.clone() {
            NameError::NotResolved { host } => FetchError::NameNotResolved { host },
            NameError::Private { host, address } => {
                FetchError::PrivateAddress { address: format!("{host} ({address})") }
            }
        };
    }
    if error.is_timeout() {
        return FetchError::TimedOut { limit: waited };
    }
    let reason = root_cause(error);
    if is_tls(error) {
        return FetchError::Tls { reason };
    }
    if error.is_connect() {
        return FetchError::CannotConnect { reason };
    }
    if let Some(http) = find::<hyper::Error>(error) {
        if http.is_parse_too_large() {
            return FetchError::Other { reason: "head of the answer is too large".to_owned() };
        }
        if http.is_parse() {
            return FetchError::Other { reason: format!("answer is not HTTP: {reason}") };
        }
        if http.is_incomplete_message() {
            let reason = "connection closed before an answer".to_owned();
            return FetchError::Incomplete { reason };
        }
    }
    if find::<io::Error>(error).is_some() {
        return FetchError::Incomplete { reason };
    }
    FetchError::Other { reason: format!("request failed: {reason}") }
}

/// Why the body stopped.
pub(super) fn in_body(error: &reqwest::Error) -> FetchError {
    let reason = match find::<hyper::Error>(error) {
        Some(http) if http.is_incomplete_message() => {
            "connection closed within the body".to_owned()
        }
        _ => root_cause(error),
    };
    FetchError::Incomplete { reason }
}

/// Whether the connection broke before anything was answered: what happens to a kept
/// connection that the server closed at the same moment.
pub(super) fn is_reset(error: &reqwest::Error) -> bool {
    if error.is_connect() || error.is_timeout() {
        return false;
    }
    let closed = find::<hyper::Error>(error)
        .is_some_and(|http| http.is_incomplete_message() || http.is_closed() || http.is_canceled());
    let broken = find::<io::Error>(error).is_some_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof
        )
    });
    closed || broken
}

/// The innermost text: "Connection refused (os error 111)" rather than "error sending
/// request for url (…)", which names the URL.
pub(super) fn root_cause(error: &(dyn Error + 'static)) -> String {
    let innermost = chain(error).last().map(ToString::to_string).unwrap_or_default();
    let text = innermost.split(" (os error").next().unwrap_or_default();
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_REASON).collect()
}

fn is_tls(error: &reqwest::Error) -> bool {
    // rustls is not ours to name; its errors come inside an io::Error of this kind.
    error.is_connect()
        && chain(error).any(|cause| {
            cause.downcast_ref::<io::Error>().is_some_and(|error| {
                error.kind() == io::ErrorKind::InvalidData
                    || error.get_ref().is_some_and(|inner| {
                        let text = inner.to_string();
                        text.contains("certificate") || text.contains("alert")
                    })
            }) || cause.to_string().contains("certificate")
        })
}

fn find<E: Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    chain(error).find_map(|cause| cause.downcast_ref::<E>())
}

fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn Error + 'static)| {
        let error: &'e (dyn Error + 'static) = *error;
        // An io::Error hides its inner error behind itself.
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
    .take(MAX_CHAIN)
}

const MAX_REASON: usize = 200;
const MAX_CHAIN: usize = 16;
