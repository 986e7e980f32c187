//! Effects: what an agent calls tools for, and what they come to.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::InvocationId;

/// One effect of one invocation. Written out (`inv_…/3`) it is the effect's idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EffectKey {
    /// The invocation.
    pub invocation: InvocationId,
    /// The effect's number, from 1.
    pub number: u32,
}

impl fmt::Display for EffectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.invocation, self.number)
    }
}

/// A tool call, as an agent made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The tool's name in Python.
    pub tool: String,
    /// The arguments by name.
    pub args: Value,
}

/// What may be done with an effect of which it is not known whether it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectClass {
    /// Answered on the spot, touching nothing: the clock, randomness, the log, refusals.
    Recorded,
    /// May be repeated under the same key.
    Idempotent,
    /// Must not be repeated.
    AtMostOnce,
    /// Waits for a point in time.
    Timer,
    /// Waits for a signal.
    Signal,
    /// Waits for another invocation.
    Child,
}

/// Why a tool call has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectErrorKind {
    /// The tool could not do it, or would not.
    Failed,
    /// The arguments make no sense; nothing was done.
    InvalidArguments,
    /// The tenant's policy forbids it; nothing was done.
    NotAllowed,
    /// No model is configured that could answer.
    ModelNotConfigured,
    /// The effect was begun and may or may not have happened; it is not safe to repeat.
    OutcomeUnknown,
    /// A limit on effects, children or depth forbids it; nothing was done.
    LimitExceeded,
    /// No signal came in time.
    TimedOut,
    /// The invocation that was called failed.
    ChildFailed,
    /// It was called off while it was awaited.
    Cancelled,
}

impl EffectErrorKind {
    /// The kind as agents see it, in front of the message: `timed_out`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::InvalidArguments => "invalid_arguments",
            Self::NotAllowed => "not_allowed",
            Self::ModelNotConfigured => "model_not_configured",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::LimitExceeded => "limit_exceeded",
            Self::TimedOut => "timed_out",
            Self::ChildFailed => "child_failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A tool call's failure. The agent may catch it, as a `RuntimeError` whose text is this error's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}: {message}", kind.as_str())]
pub struct EffectError {
    /// In which of the known ways.
    pub kind: EffectErrorKind,
    /// What happened, for the agent's author.
    pub message: String,
}

impl EffectError {
    /// A failure of `kind`.
    pub fn new(kind: EffectErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

/// What a tool call came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// This value.
    Value(Value),
    /// No value, for this reason.
    Error(EffectError),
}

/// An effect that is over: an entry of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Effect {
    /// Its number, from 1 and without gaps.
    pub number: u32,
    /// What was called.
    pub call: Call,
    /// How it was treated.
    pub class: EffectClass,
    /// What it came to.
    pub answer: Answer,
    /// When it was begun.
    pub begun_at: Timestamp,
    /// When it was over.
    pub ended_at: Timestamp,
}
