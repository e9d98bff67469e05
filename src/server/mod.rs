//! The store over HTTP: outputs, pages, and answers for those who watch.
//!
//! In: requests. Out: documents from memory, made anew only where the store or the settings
//! changed, with validators that let a client ask again for nothing. Never here: SQL, a path
//! from an address to a file, a change of state (GET and HEAD are all there is) but by hubs,
//! whose callbacks are addresses that nobody else knows.
//!
//! [`Server`] is the state, [`router`] the addresses, [`serve`] the connections. [`Contents`]
//! says what an output's documents hold; `outputs` and `pages` ask the store, `publish` renders, `answer` speaks HTTP.

mod answer;
mod assets;
mod cache;
mod coding;
mod contents;
mod document;
mod hubs;
mod outputs;
mod pages;
mod probes;
mod problem;
mod query;
mod river;
mod router;
mod serve;
mod state;
mod subscriptions;

use std::time::Duration;

pub use contents::Contents;
pub use router::router;
pub use serve::serve;
pub use state::{Published, Pulse, Server};

/// For the answer to one request; a page takes milliseconds.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Nothing of ours takes a body.
const BODY_LIMIT_BYTES: usize = 16 * 1024;
