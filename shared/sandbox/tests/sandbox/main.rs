//! The sandbox from outside: agents that work, agents that fail, agents that mean harm.

mod agent;
mod harness;
mod hostile;
mod round_trip;
mod snapshot;
mod worker;

#[global_allocator]
static ALLOCATOR: tdev_sandbox::LimitedAllocator = tdev_sandbox::LimitedAllocator;
