//! The sandbox from outside: agents that work, agents that fail, agents that mean harm.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what the tests share may fail as a test does"
)]

mod agent;
mod gather;
mod harness;
mod hostile;
mod round_trip;
mod samples;
mod session;
mod snapshot;
mod tools;
mod worker;

#[global_allocator]
static ALLOCATOR: tdev_sandbox::LimitedAllocator = tdev_sandbox::LimitedAllocator;
