//! The function `workflow-step`: the only place where agent code runs.
//!
//! It is invoked directly, by `gateway` to call an agent and by `register` to probe one, and may
//! read artifacts and nothing else. The agent runs in a worker process without environment, so
//! that neither the function's credentials nor its memory are in reach, and an agent that brings
//! the interpreter down brings down no more than that.
//!
//! A failure of the agent is its answer; the function itself fails only when it could not run the
//! agent at all.

mod config;
mod handler;
mod host;
mod probe;

pub use config::Config;
pub use handler::{Deps, handle};

/// The argument that makes the program a worker.
pub const SANDBOX_WORKER: &str = "sandbox-worker";
