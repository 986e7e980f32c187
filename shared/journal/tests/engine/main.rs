//! The engine over this store, and the store over AWS's in-memory fake.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod runs;
mod script;
mod snapshots;
mod stage;
mod wakes;
