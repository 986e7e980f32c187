//! Messages between functions that travel by queue.

use serde::{Deserialize, Serialize};

use crate::{InvocationId, Place, RegistrationId, RunId, TaskId, TenantId};

/// The body of a message on the `register` queue: which registration to work on.
///
/// It carries no data of its own, so that delivering it twice, late or out of order is harmless:
/// the registration item says what is still to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterMessage {
    /// The tenant that owns the registration.
    pub tenant: TenantId,
    /// The registration.
    pub registration: RegistrationId,
}

/// The body of a message on the `step` queue: which invocation may be able to go on.
///
/// Like every message it says nothing that the record does not: a worker that takes it reads the
/// record, and does nothing if there is nothing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepMessage {
    /// The tenant that owns the invocation.
    pub tenant: TenantId,
    /// The invocation.
    pub invocation: InvocationId,
}

/// The body of a message on the `step` queue: which run may be able to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunMessage {
    /// The tenant that owns the run.
    pub tenant: TenantId,
    /// The run.
    pub run: RunId,
    /// The step that may be able to go on; all of them, where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// The body of a message on the `step` queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum WakeMessage {
    /// An invocation may be able to go on.
    Invocation(StepMessage),
    /// A run may.
    Run(RunMessage),
}

/// The body of a message on the `task` queue.
///
/// Each is a hint: the worker that takes it reads the records, and does nothing if there is
/// nothing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum TaskMessage {
    /// Permission to take the head of the queue, whichever task that is. It was given for this
    /// one, which may be in the queue before the index of the queue shows it.
    Permit {
        /// The tenant that owns the task.
        tenant: TenantId,
        /// The task.
        task: TaskId,
    },
    /// The time of this waiting task has come.
    Retry {
        /// The tenant that owns the task.
        tenant: TenantId,
        /// The task.
        task: TaskId,
    },
    /// The agent that has this task has ended.
    Ended {
        /// The tenant that owns the task.
        tenant: TenantId,
        /// The task.
        task: TaskId,
    },
}

impl TaskMessage {
    /// The tenant that owns the task.
    #[must_use]
    pub const fn tenant(&self) -> &TenantId {
        match self {
            Self::Permit { tenant, .. }
            | Self::Retry { tenant, .. }
            | Self::Ended { tenant, .. } => tenant,
        }
    }

    /// The task.
    #[must_use]
    pub const fn task(&self) -> &TaskId {
        match self {
            Self::Permit { task, .. } | Self::Retry { task, .. } | Self::Ended { task, .. } => task,
        }
    }
}

/// The body of a message on the `train` queue: whose model may be out of date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainMessage {
    /// The tenant.
    pub tenant: TenantId,
}
