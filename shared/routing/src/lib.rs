//! Which agent a task goes to, in which order tasks are taken, and what happens when an agent
//! fails.
//!
//! Pure logic: no clock, no randomness but what is passed in or seeded, no input or output.
//!
//! * [`features`], [`model`], [`calibrate`]: which agent a text is for, or none.
//! * [`select`]: the choice among agents, by rules, filters and score, with its reasons.
//! * [`order`]: the key by which waiting tasks are sorted.
//! * [`breaker`], [`retry`]: what happens when an agent fails.
//!
//! The last three are the domain's, since the records of tasks and agents are made of them.

pub mod calibrate;
mod error;
pub mod features;
pub mod model;
mod sealed;
pub mod select;
mod vocabulary;

pub use error::Error;
pub use tdev_domain::{breaker, order, retry};
