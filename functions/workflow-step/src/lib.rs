//! The function `workflow-step`: the only place where agent code runs.
//!
//! It is invoked directly, by `gateway` to call an agent and by `register` to probe one, and may
//! read artifacts and nothing else. A failure of the agent is its answer; the function itself
//! fails only when it could not run the agent at all.

mod config;
mod handler;
mod host;
mod probe;
mod sandbox_thread;

pub use config::Config;
pub use handler::{Deps, StartError, handle};
