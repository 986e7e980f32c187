//! The whole API, in process: real routing, real SDK serialisation, and AWS faked below the SDK.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on shall fail"
)]

mod access;
mod agents;
mod calls;
mod control;
mod documentation;
mod durable;
mod events;
mod evolutions;
mod feedback;
mod idempotency;
mod interchange;
mod invocation;
mod platform;
mod problems;
mod registration;
mod routing;
mod run_control;
mod run_fixtures;
mod runs;
mod settings;
mod support;
mod tasks;
mod watching;
mod workflows;
