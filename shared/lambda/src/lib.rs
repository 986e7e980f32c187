//! What every function shares.
//!
//! A function's `main` is one call of [`start`] with what the function does: read its `Config` by
//! way of [`env::Env`], load the AWS configuration, and [`run`] its handler. A handler takes its
//! parsed event and returns a `Result` with [`Error`], whose name is one of the closed set that
//! state machines and queues decide by. A function fed by SQS hands its batch to
//! [`sqs::process`].
//!
//! Logs and metrics are lines on standard output, each written whole before the invocation ends.
//! There is therefore nothing to flush when Lambda shuts an environment down, and no shutdown
//! handler, which would cost a registered extension.

pub mod env;
mod error;
pub mod idempotency;
mod runtime;
pub mod sqs;
pub mod telemetry;

pub use error::Error;
pub use runtime::{record_tenant, run, start};
