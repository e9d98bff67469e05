//! Measures a release build under load: `cargo test --release --locked --test soak -- --ignored
//! --nocapture NAME`. Numbers and a verdict; too long and too dependent on the machine for the
//! ordinary run, which only sees that it builds.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]

#[path = "../it/bombs.rs"]
mod bombs;
mod gauge;
mod hostile;
#[path = "../it/origin.rs"]
mod origin;
mod soak;
#[path = "../it/world.rs"]
mod world;

/// A number from the environment.
fn parameter(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name}")))
}
