//! Trains the models by which tasks are routed.
//!
//! A message on the `train` queue names a tenant whose model may be out of date. What the model is
//! made of is put together anew each time: the utterances in the manifests of the tenant's active
//! agents, and the newest of what tasks taught. If it is what the present model was made of, there
//! is nothing to do, so a message that comes twice costs a few reads. Else a model is trained,
//! stored, and the pointer moved to it, on condition that it is the pointer that was read: of
//! several writers one wins, and the others start over. A pointer that someone moved back is left
//! alone until it is released.

mod config;
mod examples;
mod handler;

pub use config::Config;
pub use examples::{Examples, MAX_LESSONS};
pub use handler::{Deps, handle};
