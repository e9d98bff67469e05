//! merganser: many feeds in, one river out, each story once.
//!
//! The modules below stand in reading order, from plain words up to the front door. Data
//! takes one road: a clock says which feed is due, `fetch` asks for its document, `parse`
//! makes entries of it, `dedup` tells which entries are one article, `store` keeps all of
//! it in one SQLite file, `publish` renders merged feeds and `server` hands them out.
//!
//! Imports run strictly downward through the floors (`docs/ARCHITECTURE.md`); a test keeps
//! that true.

// Floor 0: words. Plain data that every room speaks in.
pub mod model;

// Floor 1: wishes. What the operator asked for.
pub mod config;

// Floor 2: thought. Pure rooms: no I/O, no clock, no logs.
pub mod dedup;
pub mod opml;
pub mod parse;
pub mod publish;
pub mod schedule;
pub mod websub;

// Floor 3: world. One room for each thing outside the process.
pub mod fetch;
pub mod files;
pub mod metrics;
pub mod store;

// Floor 4: work. Whole tasks made of the rooms below.
pub mod poll;
pub mod server;

// Floor 5: wiring. The running daemon.
pub mod daemon;

// Floor 6: the door. One file a command.
pub mod cli;
