//! Works off the `register` queue: takes each submitted agent to where it is admitted, held back
//! or refused.
//!
//! A message only names a registration; the registration says what is still to be done. It is
//! analysed here, which means parsed and never run, and probed by `workflow-step`, which runs it.
//! What follows from both is decided by [`decide()`], a pure function; [`handle`] has the effects.
//!
//! Nothing is written before the end but the registration's own state, always on condition of the
//! revision that was read. A message may therefore come twice, late, or to two workers at once,
//! and a worker may die at any point: whoever comes next starts over from the stored state. A
//! failure that passes leaves the registration as it is. When its message has used up its
//! receives and lies in the dead-letter queue, the registration waits where it was, and moving
//! the message back to the `register` queue takes it up again.

mod config;
mod decide;
mod examples;
mod finding;
mod handler;
mod quality;
mod report;
mod schema;

pub use config::Config;
pub use decide::{Decision, Probed, Screening, Subject, decide, screen};
pub use handler::{Deps, handle};
pub use quality::quality;
