//! The function as a whole, over a fake AWS and with a worker process of its own.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod events;
mod function;
mod invocations;
mod probes;
