//! Begins the evolutions that are due.
//!
//! An evolution that was accepted or resumed has to be begun: an execution of the state machine,
//! named after the evolution and the how-manieth time it runs, so that to begin it twice is to
//! begin it once. Whoever accepts it asks for that at once; should that be lost, the schedule finds
//! it, since its record says that it is due. The schedule also finds what is to be followed by
//! another evolution, because it is time or because the agent has become worse. The identifier of
//! that one follows from the one before.

mod config;
mod handler;

pub use config::Config;
pub use handler::{Deps, handle};
