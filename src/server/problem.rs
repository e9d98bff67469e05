//! What cannot be answered, and the code that says so.

use axum::http::StatusCode;

use crate::store::StoreError;

/// Why a request gets no document.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error("There is nothing at this address.")]
    NotFound,
    /// Not what the store said: that is for the log.
    #[error("The store cannot be read at the moment.")]
    Store(#[from] StoreError),
    #[error("Too much is being asked at once. Try again in a moment.")]
    Busy,
    #[error("{0}")]
    Unclear(&'static str),
    #[error("This page could not be made.")]
    Broken,
}

impl Problem {
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Store(_) | Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unclear(_) => StatusCode::BAD_REQUEST,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub fn heading(&self) -> &'static str {
        match self {
            Self::NotFound => "Not found",
            Self::Store(_) | Self::Busy => "Not now",
            Self::Unclear(_) => "Not understood",
            Self::Broken => "Something broke",
        }
    }
}
