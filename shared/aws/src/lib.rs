//! Each AWS client wrapped once, by what the platform needs of it.
//!
//! No other crate names an `aws-sdk-*` crate. A function loads one [`SdkConfig`] at start
//! ([`load_config`]) and builds from it what it uses: the [`Table`] of the platform's state, the
//! [`Artifacts`] agents are made of, the [`Objects`] of their runs and the [`DataKeys`] those are
//! encrypted with, a [`Queue`] to send to, the [`Events`] of a bus, a [`StateMachine`] and the [`TaskTokens`] of its executions, the
//! [`Secrets`], another [`Function`] to call. All of them are cheap to clone and share one pool of connections.
//!
//! Every failure is an [`Error`], which says above all whether trying again can help.

mod artifacts;
mod config;
mod data_keys;
mod definitions;
mod error;
mod events;
mod evolution_objects;
mod function;
mod models;
mod objects;
mod queue;
mod secrets;
mod state_machine;
mod table;

pub use artifacts::Artifacts;
pub use aws_config::SdkConfig;
pub use config::load_config;
pub use data_keys::{DataKey, DataKeys, PlainKey};
pub use error::{BoxError, Error, Result};
pub use events::Events;
pub use evolution_objects::ProblemPart;
pub use function::Function;
pub use models::Models;
pub use objects::Objects;
pub use queue::Queue;
pub use secrets::Secrets;
pub use state_machine::{StateMachine, TaskTokens, Told};
pub use table::{
    AgendaTask, Claim, DUE_SHARDS, Due, DueEvolution, DueInvocation, EARLY, EvolutionFilter,
    EvolutionSummary, InvocationFilter, InvocationState, InvocationSummary, InvocationWrites, Page,
    PageRequest, Registered, Rollback, RolledBack, RunFilter, RunSummary, StoredResponse, Table,
    Watermark, Workflow, WorkflowDraft,
};
