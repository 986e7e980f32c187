//! One suite against every implementation of AWS at hand.
//!
//! `TDEV_CONFORMANCE_ENDPOINTS` names them, as `name=url,name=url`; `cargo local test` sets it.
//! The in-memory fake that other crates test with is held to the same suite, always. Each check
//! makes a table (or bucket, queue, secret) of its own, with a random name.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on fails"
)]

mod agents;
mod api_keys;
mod evolutions;
mod fixtures;
mod idempotency;
mod invocations;
mod listings;
mod memory;
mod registrations;
mod run_fixtures;
mod runs;
mod services;
mod settings;
mod stack;
mod tasks;
mod workflows;
