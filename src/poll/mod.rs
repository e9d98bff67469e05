//! One poll of one feed, end to end.

pub mod conclude;
