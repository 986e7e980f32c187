//! Has the gate decide about an evolution's winner, and promotes it.
//!
//! Nothing of an agent is run here. What is known of the winner is the evidence that
//! `evolve-generation` gathered; what the gate makes of it is a pure function. A winner is promoted
//! by registering its source as the next version of its agent, as any client's source is: it is
//! analysed and probed like one, and it is the registration that moves the pointer.
//!
//! Whatever is asked, the record says what is still to be done, so each action can be repeated:
//! the identifier of the registration follows from that of the evolution, and what the record does
//! not wait for is not done.

mod config;
mod decide;
mod handler;
mod promote;

pub use config::Config;
pub use handler::{Deps, handle};
