//! The closed set of error names, and the error every parser of this crate returns.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The closed set of names under which a function reports failure.
///
/// Step Functions' `ErrorEquals` and the SQS batch handling decide by these names whether to try
/// again; nothing else may be used as a Lambda error type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ErrorName {
    /// Something outside failed in a way that passes: throttling, a time-out, a lost connection.
    Transient,
    /// Another writer was first; reread and decide again.
    Conflict,
    /// The input can never succeed.
    InvalidInput,
    /// The caller, or the function itself, lacks a right.
    Denied,
    /// A budget (effects, dollars, time) is spent.
    BudgetExhausted,
    /// A defect of the platform.
    Internal,
}

impl ErrorName {
    /// Every name, in the order of declaration.
    pub const ALL: [Self; 6] = [
        Self::Transient,
        Self::Conflict,
        Self::InvalidInput,
        Self::Denied,
        Self::BudgetExhausted,
        Self::Internal,
    ];

    /// The name as it stands in a Lambda error and in `ErrorEquals`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "Transient",
            Self::Conflict => "Conflict",
            Self::InvalidInput => "InvalidInput",
            Self::Denied => "Denied",
            Self::BudgetExhausted => "BudgetExhausted",
            Self::Internal => "Internal",
        }
    }

    /// Whether the same request may succeed later without being changed.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::Transient | Self::Conflict)
    }
}

impl fmt::Display for ErrorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A value that a parser of this crate refused: which field, and what was expected of it.
///
/// The refused value itself is not repeated, since it may be large or secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: expected {expected}")]
pub struct Invalid {
    /// The field, as the client wrote it (`name`, `manifest.tools[2]`).
    pub field: Cow<'static, str>,
    /// What a valid value looks like.
    pub expected: Cow<'static, str>,
}

impl Invalid {
    /// An error about `field`, which should have been `expected`.
    pub fn new(
        field: impl Into<Cow<'static, str>>,
        expected: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            field: field.into(),
            expected: expected.into(),
        }
    }

    /// The same error with `prefix.` put before the field, for a value nested in another.
    #[must_use]
    pub fn within(self, prefix: &str) -> Self {
        Self {
            field: format!("{prefix}.{}", self.field).into(),
            expected: self.expected,
        }
    }
}
