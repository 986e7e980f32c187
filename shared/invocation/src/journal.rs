//! The seam to the store.

use std::error::Error as StdError;
use std::future::Future;

use tdev_domain::{Effect, Invocation, InvocationChange, InvocationId, Stored};

/// A service did not answer. What was asked of it may or may not have been done.
#[derive(Debug, thiserror::Error)]
#[error("a service did not answer")]
pub struct Unavailable(#[source] pub Box<dyn StdError + Send + Sync>);

/// Why a commit was not acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A record is not of the expected revision. Nothing was written.
    #[error("a record has changed since it was read")]
    Conflict,
    /// Nobody knows whether it was written.
    #[error("the commit was not acknowledged")]
    Unavailable(#[from] Unavailable),
}

/// Why a snapshot was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// It is gone or damaged, or cannot be decrypted; it is of no use to any worker.
    #[error("{0}")]
    Unreadable(String),
    /// It may be fetched later.
    #[error("the snapshot was not fetched")]
    Unavailable(#[from] Unavailable),
}

/// The store of the invocations of one tenant.
///
/// Inputs, arguments, answers and outputs may each be as large as the sandbox lets them be; an
/// implementation puts large ones beside the items before it commits.
pub trait Journal: Sync {
    /// The record, by a strongly consistent read.
    fn load(
        &self,
        id: &InvocationId,
    ) -> impl Future<Output = Result<Option<Invocation>, Unavailable>> + Send;

    /// The record as it is, or was a moment ago: by a read that need not be consistent. What has
    /// just been stored may be missing.
    fn glance(
        &self,
        id: &InvocationId,
    ) -> impl Future<Output = Result<Option<Invocation>, Unavailable>> + Send;

    /// Writes all the changes or none, each on its condition. There are at most two more than
    /// [`MAX_GATHERED`](crate::limits::MAX_GATHERED).
    ///
    /// If the store is asked again within one call, because an acknowledgement was lost, a write
    /// that was made the first time is not to be taken for a conflict.
    fn commit(
        &self,
        changes: &[InvocationChange],
    ) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// The whole ledger, in order.
    fn ledger(
        &self,
        id: &InvocationId,
    ) -> impl Future<Output = Result<Vec<Effect>, Unavailable>> + Send;

    /// Puts a snapshot where the record can refer to it, under a name of its own: two workers may
    /// keep one for the same effect, and what the one that comes too late keeps must not take the
    /// place of what the record refers to.
    fn keep(
        &self,
        invocation: &Invocation,
        effect: u32,
        snapshot: Vec<u8>,
    ) -> impl Future<Output = Result<Stored, Unavailable>> + Send;

    /// The snapshot that [`Self::keep`] put there for the effect at which `invocation` stands.
    ///
    /// One that is gone because the record refers to another by now is unavailable, not
    /// unreadable: it is a worker that was overtaken who asks for it.
    fn fetch(
        &self,
        invocation: &Invocation,
        stored: &Stored,
    ) -> impl Future<Output = Result<Vec<u8>, FetchError>> + Send;
}
