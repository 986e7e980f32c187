//! The engine of durable invocation.

mod control;
mod drive;
mod error;
mod journal;
pub mod keeper;
pub mod limits;
mod machine;
mod replay;
mod transition;
mod world;

pub use control::{Cancellation, SignalError, cancel, signal};
pub use drive::{Outcome, drive};
pub use error::Error;
pub use journal::{Change, CommitError, Journal, Unavailable};
pub use machine::{Machine, MachineError, Turn};
pub use replay::{Replay, replay};
pub use transition::{Refusal, WakeUp, accept};
pub use world::{Request, World};
