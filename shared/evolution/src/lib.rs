//! Search over versions of an agent, and the gate that a winner must pass.
//!
//! An agent's source marks what may change, its block. A [`Scaffold`] is all of the source but the
//! block; a [`Genome`] is the block: functions, as a tree. A [`Problem`](problem) judges a genome
//! by running the agent that scaffold and genome make, and yields a [`Loss`] for every case. The
//! [search](search) keeps populations of genomes on islands and makes, generation by generation,
//! others of them with [operators](Operator). What comes out best is a candidate for promotion;
//! the [gate] says whether it may replace the agent, with every reason.
//!
//! Everything here is pure: it knows neither a clock nor a network nor a file.
//!
//! # Determinism
//!
//! The next generation is a function of the checkpoint of the last one. Child `n` of a generation
//! draws its randomness from a generator keyed by (seed, generation, `n`), see [`Rng`], so the
//! children may be made in any order, on any number of threads, on several machines, or again
//! after a worker was lost: they are the same, and so are the bytes of the checkpoint that follows
//! from them. Nothing here iterates a hash map, and fuel is counted instead of time.
//!
//! # What a candidate can reach
//!
//! A candidate is run by [`tdev_program`], which has no input or output at all: it sees its
//! arguments and nothing else. It is handed inputs, never what is expected of it; its loss is
//! computed from its output, here. What an operator makes is text of unknown origin until it has
//! been parsed as functions of the subset, put between the markers, and found within the limits.

mod genome;
mod loss;
mod operator;
mod rng;
mod settings;

pub mod gate;
pub mod problem;
pub mod search;
pub mod variation;

pub use genome::{Genome, Scaffold, ScaffoldError};
pub use loss::Loss;
pub use operator::{Operator, Scope, Trial};
pub use rng::{Purpose, Rng};
pub use settings::{Budget, IslandSettings, Selection, Settings, SettingsError};
