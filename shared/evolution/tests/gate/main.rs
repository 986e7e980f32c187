//! The gate, point by point.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod alarms;
mod bench;
mod benign;
mod confinement;
mod corpus;
mod exploits;
mod lineage;
mod points;
mod thresholds;
