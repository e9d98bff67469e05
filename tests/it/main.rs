//! The program as a whole, and its rooms as their neighbours see them.

// A test that cannot be set up has failed.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

mod archives;
mod bombs;
mod browser;
mod cli;
mod crash;
mod cuts;
mod faults;
mod fetch;
mod fuzz;
mod hostile;
mod looks;
mod origin;
mod readers;
mod river;
mod rules;
mod server;
mod upkeep;
mod websub;
mod world;
