//! The seam to the interpreter.

use std::future::Future;

use serde_json::Value;
use tdev_domain::{AgentFailure, Answer, Call, Invocation, RunReport};

use crate::Unavailable;

/// How far a turn of the interpreter came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// To a tool call that wants an answer, or to several calls of agents that all want one. There
    /// is at least one.
    Called(Vec<Call>),
    /// To the end of the run.
    Ended(Result<Value, AgentFailure>),
}

/// Why the interpreter could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// The snapshot cannot be read by this build, or the run cannot be written as one.
    #[error("{0}")]
    Snapshot(String),
    /// The interpreter itself could not be reached; nothing is known of the agent.
    #[error("the interpreter did not answer")]
    Unavailable(#[from] Unavailable),
}

/// An interpreter with room for one run.
///
/// It is deterministic: the same input and the same answers give the same calls and the same end.
pub trait Machine: Send {
    /// Runs from the input to the first tool call or the end.
    fn start(
        &mut self,
        invocation: &Invocation,
    ) -> impl Future<Output = Result<Turn, MachineError>> + Send;

    /// Puts the run back to the calls at which `snapshot` was taken.
    fn restore(
        &mut self,
        invocation: &Invocation,
        snapshot: Vec<u8>,
    ) -> impl Future<Output = Result<(), MachineError>> + Send;

    /// The run, which stands at one call or several, as bytes.
    fn snapshot(&mut self) -> impl Future<Output = Result<Vec<u8>, MachineError>> + Send;

    /// Answers the calls at which the run stands, each in its place, and goes on to the next or the
    /// end.
    fn answer(
        &mut self,
        answers: &[Answer],
    ) -> impl Future<Output = Result<Turn, MachineError>> + Send;

    /// What the run that has ended left behind. It is kept for people to read; nothing depends
    /// on it.
    fn report(&self) -> RunReport {
        RunReport::default()
    }
}
