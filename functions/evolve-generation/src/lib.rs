//! Makes generations of agents, and gathers the evidence on the winner.
//!
//! The state machine of evolutions calls it with one of four actions. `generation` makes as many
//! generations as fit into a while; one that does not fit is made by `shard`, some of its children
//! by each, and `merge`. `examine` looks at the winner of a search that is over.
//!
//! # What a lost worker leaves
//!
//! A generation follows from the checkpoint before it. Its lineage and its checkpoint are stored
//! first, under names that follow from it; then, in one transaction, the generation's record and
//! the evolution's, on condition of the revision that was read. Whoever is lost in between has
//! stored what the next one stores again; of two that make the same generation one gets its write
//! through. So a generation is made once, whatever happens.
//!
//! # What may read what
//!
//! Candidates are run by [`tdev_program`], which has no input or output at all. The winner is also
//! run by the sandbox, in a process of its own without environment, as any agent is. The cases that
//! are held out are read in one place, [`examine`](handle), and the function is deployed twice: the
//! role that makes generations cannot read them.

mod config;
mod examine;
mod generations;
mod handler;
mod lab;
mod sandbox;
mod shards;

pub use config::{Config, HeldOut};
pub use handler::{Deps, handle};

/// The argument by which the program is told to be the process that agents run in.
pub const SANDBOX_WORKER: &str = "sandbox-worker";
