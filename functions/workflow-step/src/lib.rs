//! The function `workflow-step`: the only place where agent code runs.
//!
//! It takes messages from the `step` queue, each of which names an invocation, and brings that as
//! far as it goes: to its end, or to where it waits. It is also invoked directly, by `gateway` to
//! do the same at once or to run an invocation again from its ledger, and by `register` to probe
//! an agent.
//!
//! The engine is `tdev_invocation`; here are its seams to the sandbox (`machine`), to what tools
//! reach (`tools`, `http`), and by `tdev_journal` to the store. The agent runs in a worker process
//! without environment, so that neither the function's credentials nor its memory are in reach,
//! and an agent that brings the interpreter down brings down no more than that.
//!
//! A failure of the agent is its outcome; the function itself fails only when it could not run the
//! agent at all.

mod batch;
mod config;
mod handler;
mod http;
mod invocation;
mod machine;
mod probe;
mod run;
mod tools;
mod trial;

pub use config::Config;
pub use handler::{Deps, Event, Response, handle};
pub use http::PrivateAddresses;

/// The argument that makes the program a worker.
pub const SANDBOX_WORKER: &str = "sandbox-worker";
