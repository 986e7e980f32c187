//! The store of durable invocations and runs, over DynamoDB, S3, KMS and SQS.
//!
//! The engine knows its store as the [`Journal`](tdev_invocation::Journal); this is it. A process
//! builds one [`Journals`] at start. [`Journals::of`] a tenant is the engine's seam, and
//! [`Journals::runs_of`] that of the engine of runs; beside them,
//! `Journals` sends the wake-ups that the engine asks for, finds for the keeper what is due, and
//! reads for the API.
//!
//! # Snapshots
//!
//! A snapshot is sealed under a data key of its tenant. At most 8 KiB of it are kept in the record;
//! a larger one is an object of its own, removed when the record no longer refers to it. That is
//! best effort: a lifecycle rule of the bucket does what a lost worker could not.

mod envelope;
mod journal;
mod journals;
mod key_ring;
mod runs;

pub use journal::TenantJournal;
pub use journals::{Config, Journals};
pub use runs::TenantRuns;
