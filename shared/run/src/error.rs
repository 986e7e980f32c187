//! Errors.

use tdev_domain::Place;

use crate::{CommitError, Unavailable};

/// Why a run was not brought further. It may be tried again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A service failed.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// Others write the same record all the time.
    #[error("a record is being changed by others all the time")]
    Contended,
    /// A record, or a message, is of a step that the run's plan does not have.
    #[error("the plan has no step {0}")]
    NotInPlan(Place),
}

/// Whether it was written; not, if another writer was first.
pub(crate) fn written(result: Result<(), CommitError>) -> Result<bool, Unavailable> {
    match result {
        Ok(()) => Ok(true),
        Err(CommitError::Conflict) => Ok(false),
        Err(CommitError::Unavailable(error)) => Err(error),
    }
}
