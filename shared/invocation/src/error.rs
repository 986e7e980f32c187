//! What can go wrong around an invocation.

use crate::{CommitError, FetchError, MachineError, Unavailable};

/// Why the engine could not do what it was asked. The same may succeed later.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store, a tool or the interpreter did not answer.
    #[error("the invocation could not go on")]
    Unavailable(#[from] Unavailable),
    /// The record changed each time before it could be written.
    #[error("too many writers at once")]
    Contended,
}

/// Why a worker stops other than by an outcome of its own.
pub(crate) enum Stop {
    /// Another worker has the invocation, or it has been ended.
    Fenced,
    /// The snapshot cannot be read or written, for this reason.
    Snapshot(String),
    /// It cannot go on now.
    Error(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Unavailable> for Stop {
    fn from(error: Unavailable) -> Self {
        Self::Error(error.into())
    }
}

impl From<MachineError> for Stop {
    fn from(error: MachineError) -> Self {
        match error {
            MachineError::Snapshot(message) => Self::Snapshot(message),
            MachineError::Unavailable(error) => error.into(),
        }
    }
}

impl From<FetchError> for Stop {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Unreadable(message) => Self::Snapshot(message),
            FetchError::Unavailable(error) => error.into(),
        }
    }
}

/// Whether a commit was written (`true`), or has to be decided anew (`false`).
pub(crate) fn written(result: Result<(), CommitError>) -> Result<bool, Unavailable> {
    match result {
        Ok(()) => Ok(true),
        Err(CommitError::Conflict) => Ok(false),
        Err(CommitError::Unavailable(error)) => Err(error),
    }
}
