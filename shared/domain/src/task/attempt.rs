//! Attempts at a task, and what is left of one that was given up.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::retry::{Failure, GivenUp};
use crate::{AgentName, InvocationId, TaskId, TenantId, VersionNumber};

/// One try at a task. Written out (`task_…/7/1`) it gives the identifier of the run that is
/// started for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptKey {
    /// The task.
    pub task: TaskId,
    /// Its number among the tenant's tasks, which is another one once it is redriven.
    pub turn: u64,
    /// The number of the attempt, from 1.
    pub number: usize,
}

impl fmt::Display for AttemptKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { task, turn, number } = self;
        write!(f, "{task}/{turn}/{number}")
    }
}

/// One agent's try at a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The agent.
    pub agent: AgentName,
    /// Its version.
    pub version: VersionNumber,
    /// Its run.
    pub invocation: InvocationId,
    /// When it was given the task.
    pub started_at: Timestamp,
    /// When it was done with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Why it did not do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<AttemptFailure>,
}

/// Why an attempt came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptFailure {
    /// By whose fault.
    pub failure: Failure,
    /// What happened, for the client.
    pub message: String,
}

impl Attempt {
    /// Whether the agent failed the task.
    #[must_use]
    pub fn is_agents_fault(&self) -> bool {
        let failure = self.failure.as_ref();
        failure.is_some_and(|failure| failure.failure == Failure::Agent)
    }
}

/// A task that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The task, by whose id it is redriven.
    pub task: TaskId,
    /// The owner.
    pub tenant: TenantId,
    /// Why it was given up.
    pub reason: GivenUp,
    /// The last failure.
    pub message: String,
    /// Who tried it.
    pub attempts: Vec<Attempt>,
    /// When it was given up.
    pub at: Timestamp,
}
