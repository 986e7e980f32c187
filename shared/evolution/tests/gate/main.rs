//! The gate, point by point.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod bench;
mod benign;
mod corpus;
mod exploits;
mod points;
mod thresholds;
